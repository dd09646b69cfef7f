//! The scheduler `fifo`, which has no options.

use super::Kind;
use crate::config::error::Problem;
use crate::config::reader::TableReader;
use crate::scheduler::SchedulerSpec;
use crate::study::StudySpec;

/// The scheduler `fifo`.
#[derive(Debug)]
pub(super) struct Fifo;

impl Kind for Fifo {
    fn name(&self) -> &'static str {
        "fifo"
    }

    fn summary(&self) -> &'static str {
        "runs every trial to its end"
    }

    fn read(&self, _table: &mut TableReader<'_>, spec: &mut StudySpec, _problems: &mut Vec<Problem>) {
        spec.scheduler = SchedulerSpec::Fifo;
    }
}
