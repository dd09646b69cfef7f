//! The searcher `constrained_bayesopt` in a study file. Its options are those of `bayesopt`.

use super::{Kind, Places, bayesopt, read_allow_duplicates};
use crate::config::error::Problem;
use crate::config::reader::TableReader;
use crate::config::reference::Row;
use crate::searcher::SearcherSpec;
use crate::study::{SpecError, StudySpec};

/// The searcher `constrained_bayesopt`.
#[derive(Debug)]
pub(super) struct ConstrainedBayesopt;

impl Kind for ConstrainedBayesopt {
    fn name(&self) -> &'static str {
        "constrained_bayesopt"
    }

    fn summary(&self) -> &'static str {
        "models the constraint, too, and tries what promises most where that probably holds"
    }

    fn options(&self) -> &'static [Row] {
        bayesopt::OPTIONS
    }

    fn read(&self, table: &mut TableReader<'_>, spec: &mut StudySpec, problems: &mut Vec<Problem>) {
        read_allow_duplicates(table, spec, problems);
        spec.searcher = SearcherSpec::ConstrainedBayesopt(bayesopt::read(table, problems));
    }

    fn problem(&self, error: &SpecError, places: &Places) -> Option<Problem> {
        match error {
            SpecError::NoConstraint(_) => {
                let problem = Problem::new(places.section.clone(), error.to_string());
                Some(problem.hint(
                    "add it under [scheduler], such as `constraint_attr = \"excess\"`, or write `type = \"bayesopt\"`.",
                ))
            }
            _ => bayesopt::problem(error, places),
        }
    }
}
