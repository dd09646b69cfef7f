//! The searcher `grid` in a study file.

use super::Kind;
use crate::config::error::Problem;
use crate::config::reader::TableReader;
use crate::config::reference::Row;
use crate::searcher::{GridSpec, SearcherSpec};
use crate::study::StudySpec;

/// The largest `points`.
const POINTS_MAX: u32 = 1_000_000;

const OPTIONS: &[Row] =
    &[("points", "integer from 1 to 1000000", "5", "`grid` only: how many values of an interval are tried.")];

/// The searcher `grid`.
#[derive(Debug)]
pub(super) struct Grid;

impl Kind for Grid {
    fn name(&self) -> &'static str {
        "grid"
    }

    fn summary(&self) -> &'static str {
        "goes through all combinations"
    }

    fn options(&self) -> &'static [Row] {
        OPTIONS
    }

    fn read(&self, table: &mut TableReader<'_>, spec: &mut StudySpec, problems: &mut Vec<Problem>) {
        let mut options = GridSpec::default();
        let points = table.take("points").and_then(|item| item.integer(1..=u64::from(POINTS_MAX), problems));
        if let Some(points) = points.and_then(|points| u32::try_from(points).ok()) {
            options.points = points;
        }
        spec.searcher = SearcherSpec::Grid(options);
    }
}
