//! The searcher `auto` in a study file.

use super::{ALLOW_DUPLICATES, FIRST_IS_DEFAULT, Kind, read_allow_duplicates};
use crate::config::error::Problem;
use crate::config::reader::TableReader;
use crate::config::reference::Row;
use crate::searcher::{AutoSpec, SearcherSpec};
use crate::study::StudySpec;

const OPTIONS: &[Row] = &[FIRST_IS_DEFAULT, ALLOW_DUPLICATES];

/// The searcher `auto`.
#[derive(Debug)]
pub(super) struct Auto;

impl Kind for Auto {
    fn name(&self) -> &'static str {
        "auto"
    }

    fn summary(&self) -> &'static str {
        "models the reward at all levels and sets itself up"
    }

    fn options(&self) -> &'static [Row] {
        OPTIONS
    }

    fn read(&self, table: &mut TableReader<'_>, spec: &mut StudySpec, problems: &mut Vec<Problem>) {
        let mut options = AutoSpec::default();
        if let Some(first) = table.take("first_is_default").and_then(|item| item.boolean(problems)) {
            options.first_is_default = first;
        }
        read_allow_duplicates(table, spec, problems);
        spec.searcher = SearcherSpec::Auto(options);
    }
}
