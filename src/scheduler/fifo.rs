//! First in, first out: a free slot starts a new trial, and every trial runs to its end.

use super::{Decision, NextJob, Progress, Scheduler};

/// The scheduler `fifo`. It never stops a trial for its reward.
#[derive(Clone, Copy, Debug, Default)]
pub struct FifoScheduler;

impl Scheduler for FifoScheduler {
    fn next_job(&mut self) -> NextJob {
        NextJob::Start
    }

    fn on_report(&mut self, _progress: &Progress) -> Decision {
        Decision::Continue
    }

    fn compares_trials(&self) -> bool {
        false
    }
}
