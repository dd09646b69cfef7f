//! The searcher `bayesopt` in a study file.

use super::{ALLOW_DUPLICATES, FIRST_IS_DEFAULT, Kind, read_allow_duplicates};
use crate::config::error::Problem;
use crate::config::reader::TableReader;
use crate::config::reference::Row;
use crate::searcher::{BayesoptSpec, InitialScoring, SearcherSpec};
use crate::study::StudySpec;

const OPTIONS: &[Row] = &[
    FIRST_IS_DEFAULT,
    ALLOW_DUPLICATES,
    (
        "num_init_random",
        "integer from 1 to 1000000",
        "3",
        "`bayesopt` only: how many configurations are suggested before the model is asked; at random, but for the default.",
    ),
    (
        "num_init_candidates",
        "integer from 5 to 10000",
        "250",
        "`bayesopt` only: how many random configurations are scored for each trial.",
    ),
    (
        "num_fantasy_samples",
        "integer from 1 to 1000",
        "20",
        "`bayesopt` only: how often rewards are made up for what is pending.",
    ),
    (
        "initial_scoring",
        "`\"thompson_indep\"` or `\"acq_func\"`",
        "`\"thompson_indep\"`",
        "`bayesopt` only: how the candidates are put in order: by a draw from each one's predicted distribution, or by expected improvement.",
    ),
    (
        "opt_nstarts",
        "integer from 1 to 100",
        "2",
        "`bayesopt` only: from how many starts the model's parameters are fitted.",
    ),
    ("opt_maxiter", "integer from 1 to 1000", "50", "`bayesopt` only: how many steps a fit makes from each start."),
    ("opt_warmstart", "boolean", "false", "`bayesopt` only: whether a fit's first start is the last fit."),
    (
        "opt_skip_init_length",
        "integer from 0 to 1000000",
        "150",
        "`bayesopt` only: up to how many rewards the model is fitted whenever there is news. Beyond, it is fitted from the last fit, once there \
         are a sixteenth more.",
    ),
    (
        "opt_skip_period",
        "integer from 1 to 1000",
        "1",
        "`bayesopt` only: how many new rewards there must be for that at least.",
    ),
];

/// The searcher `bayesopt`.
#[derive(Debug)]
pub(super) struct Bayesopt;

impl Kind for Bayesopt {
    fn name(&self) -> &'static str {
        "bayesopt"
    }

    fn summary(&self) -> &'static str {
        "models the reward and tries what promises most"
    }

    fn options(&self) -> &'static [Row] {
        OPTIONS
    }

    fn read(&self, table: &mut TableReader<'_>, spec: &mut StudySpec, problems: &mut Vec<Problem>) {
        let mut options = BayesoptSpec::default();
        for (key, place, least, most) in options.numbers() {
            let range = u64::from(least)..=u64::from(most);
            let number = table.take(key).and_then(|item| item.integer(range, problems));
            *place = number.and_then(|number| u32::try_from(number).ok()).unwrap_or(*place);
        }
        for (key, place) in
            [("first_is_default", &mut options.first_is_default), ("opt_warmstart", &mut options.opt_warmstart)]
        {
            *place = table.take(key).and_then(|item| item.boolean(problems)).unwrap_or(*place);
        }
        let scoring = table.take("initial_scoring");
        if scoring.and_then(|item| item.one_of(&["thompson_indep", "acq_func"], problems)) == Some("acq_func") {
            options.initial_scoring = InitialScoring::AcqFunc;
        }
        read_allow_duplicates(table, spec, problems);
        spec.searcher = SearcherSpec::Bayesopt(options);
    }
}
