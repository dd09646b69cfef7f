//! First in, first out: a free slot starts a new trial, and every trial runs to its end.

use super::{NextJob, Placement, PlacementProblem, Progress, Scheduler, Verdict};

/// The scheduler `fifo`. It never stops a trial for its reward.
#[derive(Clone, Copy, Debug, Default)]
pub struct FifoScheduler;

impl Scheduler for FifoScheduler {
    fn next_job(&mut self, _bracket: Option<u32>) -> NextJob {
        NextJob::Start(Placement::default())
    }

    fn on_report(&mut self, _progress: &Progress) -> Result<Verdict, PlacementProblem> {
        Ok(Verdict::CONTINUE)
    }
}
