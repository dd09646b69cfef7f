//! The searcher `bayesopt` in a study file, and the options that `constrained_bayesopt` shares with it.

use super::{ALLOW_DUPLICATES, FIRST_IS_DEFAULT, Kind, Places, read_allow_duplicates};
use crate::config::error::Problem;
use crate::config::reader::TableReader;
use crate::config::reference::Row;
use crate::searcher::{
    BayesoptError, BayesoptSpec, InitialScoring, MapReward, ResourceAcq, ResourceKernel, SearcherSpec,
};
use crate::study::{SpecError, StudySpec};

pub(super) const OPTIONS: &[Row] = &[
    FIRST_IS_DEFAULT,
    ALLOW_DUPLICATES,
    (
        "num_init_random",
        "integer from 1 to 1000000",
        "3; 10 with `hyperband`",
        "`bayesopt` and `constrained_bayesopt`: how many configurations are suggested before the model is asked; at random, but for the \
         default.",
    ),
    (
        "num_init_candidates",
        "integer from 5 to 10000",
        "250",
        "`bayesopt` and `constrained_bayesopt`: how many random configurations are scored for each trial.",
    ),
    (
        "num_fantasy_samples",
        "integer from 1 to 1000",
        "20",
        "`bayesopt` and `constrained_bayesopt`: how often rewards are made up for what is pending.",
    ),
    (
        "initial_scoring",
        "`\"thompson_indep\"` or `\"acq_func\"`",
        "`\"thompson_indep\"`; `\"acq_func\"` for `constrained_bayesopt`, which allows nothing else",
        "`bayesopt` and `constrained_bayesopt`: how the candidates are put in order: by a draw from each one's predicted distribution, or \
         by expected improvement.",
    ),
    (
        "opt_nstarts",
        "integer from 1 to 100",
        "2",
        "`bayesopt` and `constrained_bayesopt`: from how many starts the model's parameters are fitted.",
    ),
    (
        "opt_maxiter",
        "integer from 1 to 1000",
        "50",
        "`bayesopt` and `constrained_bayesopt`: how many steps a fit makes from each start.",
    ),
    (
        "opt_warmstart",
        "boolean",
        "false",
        "`bayesopt` and `constrained_bayesopt`: whether a fit's first start is the last fit.",
    ),
    (
        "opt_skip_init_length",
        "integer from 0 to 1000000",
        "150",
        "`bayesopt` and `constrained_bayesopt`: up to how many rewards the model is fitted whenever there is news. Beyond, it is fitted \
         from the last fit, once there are a sixteenth more.",
    ),
    (
        "opt_skip_period",
        "integer from 1 to 1000",
        "1",
        "`bayesopt` and `constrained_bayesopt`: how many new rewards there must be for that at least.",
    ),
    (
        "opt_skip_num_max_resource",
        "boolean",
        "false",
        "`bayesopt` and `constrained_bayesopt` with `hyperband`: whether one of them must be at `max_t`.",
    ),
    (
        "gp_resource_kernel",
        "`\"matern52\"`, `\"matern52-res-warp\"`, `\"exp-decay-sum\"`, `\"exp-decay-combined\"` or `\"exp-decay-delta1\"`",
        "`\"matern52\"`",
        "`bayesopt` and `constrained_bayesopt` with `hyperband`: how the level enters the model: as a further parameter, as one that is \
         bent first, or by learning curves that decay exponentially.",
    ),
    (
        "resource_acq",
        "`\"bohb\"` or `\"first\"`",
        "`\"bohb\"`",
        "`bayesopt` and `constrained_bayesopt` with `hyperband`: at which level candidates are compared: the largest with enough rewards \
         or else the lowest, or where the trial will be compared first.",
    ),
    (
        "resource_acq_bohb_threshold",
        "integer from 1 to 1000000",
        "the dimensions of the space's encoding",
        "`bayesopt` and `constrained_bayesopt` with `hyperband` and `resource_acq = \"bohb\"`: how many rewards are enough.",
    ),
    (
        "map_reward",
        "`\"1_minus_x\"` or `\"minus_x\"`",
        "`\"1_minus_x\"`",
        "`bayesopt` and `constrained_bayesopt`: what learning curves are of, for `min_reward`. All else does not depend on it.",
    ),
    (
        "min_reward",
        "real below 1, or below 0 with `map_reward = \"minus_x\"`",
        "0",
        "`bayesopt` and `constrained_bayesopt` with an exponential `gp_resource_kernel`: the smallest reward, which bounds how high \
         learning curves begin.",
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
        read_allow_duplicates(table, spec, problems);
        spec.searcher = SearcherSpec::Bayesopt(read(table, problems));
    }

    fn problem(&self, error: &SpecError, places: &Places) -> Option<Problem> {
        problem(error, places)
    }
}

/// Takes the options out of the section.
pub(super) fn read(table: &mut TableReader<'_>, problems: &mut Vec<Problem>) -> BayesoptSpec {
    let mut options = BayesoptSpec::default();
    for (key, place, least, most) in options.numbers() {
        let range = u64::from(least)..=u64::from(most);
        let number = table.take(key).and_then(|item| item.integer(range, problems));
        if let Some(number) = number.and_then(|number| u32::try_from(number).ok()) {
            place.set(number);
        }
    }
    for (key, place) in [
        ("first_is_default", &mut options.first_is_default),
        ("opt_warmstart", &mut options.opt_warmstart),
        ("opt_skip_num_max_resource", &mut options.opt_skip_num_max_resource),
    ] {
        *place = table.take(key).and_then(|item| item.boolean(problems)).unwrap_or(*place);
    }
    options.min_reward = table.take("min_reward").and_then(|item| item.real(problems));
    let scorings = [("thompson_indep", InitialScoring::ThompsonIndep), ("acq_func", InitialScoring::AcqFunc)];
    options.initial_scoring = named("initial_scoring", &scorings, table, problems);
    options.gp_resource_kernel = named("gp_resource_kernel", &ResourceKernel::NAMED, table, problems);
    let rules = [("bohb", ResourceAcq::Bohb), ("first", ResourceAcq::First)];
    options.resource_acq = named("resource_acq", &rules, table, problems);
    let maps = [("1_minus_x", MapReward::OneMinusX), ("minus_x", MapReward::MinusX)];
    options.map_reward = named("map_reward", &maps, table, problems).unwrap_or_default();
    options
}

/// The option that has one of these names, if it is given.
fn named<T: Copy>(
    key: &str,
    values: &[(&'static str, T)],
    table: &mut TableReader<'_>,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let names: Vec<&'static str> = values.iter().map(|(name, _)| *name).collect();
    let given = table.take(key)?.one_of(&names, problems)?;
    values.iter().find(|(name, _)| *name == given).map(|(_, value)| *value)
}

/// The error with the place of the option that it is about.
pub(super) fn problem(error: &SpecError, places: &Places) -> Option<Problem> {
    let SpecError::Bayesopt(error) = error else { return None };
    let problem = Problem::new(places.of_first(&[error.option()]), error.to_string());
    Some(match error {
        BayesoptError::NoLevels { .. } => {
            problem.hint("leave it out, or write `type = \"hyperband\"` under [scheduler].")
        }
        BayesoptError::NoThreshold | BayesoptError::NoDecay => problem.hint("leave one of the two out."),
        BayesoptError::OnlyAcqFunc => problem.hint("leave it out."),
        BayesoptError::Range { .. } | BayesoptError::MinReward { .. } => problem,
    })
}
