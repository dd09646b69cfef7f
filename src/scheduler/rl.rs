//! Rounds: so many trials are started, and the next ones only when all of them have ended. Every trial runs to its end.
//!
//! It is the half of the original's `RLScheduler` that decides when; what is tried is the searcher's concern.

use serde::{Deserialize, Serialize};

use super::{NextJob, Placement, PlacementProblem, Progress, Scheduler, Verdict};
use crate::numeric::amount::TrialId;

/// How many jobs a round may have.
pub const BATCH_SIZE_MAX: u32 = 10_000;

/// The options of the scheduler `rl`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RlSpec {
    /// How many jobs a round has or, without `sync`, how many run at a time; at least 1.
    pub controller_batch_size: u32,
    /// Whether jobs run in rounds.
    pub sync: bool,
    /// What is kept of the capacity for the controller while the study runs.
    pub controller_resource: ControllerResource,
}

/// What is kept of the capacity for the controller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ControllerResource {
    /// Units of `capacity.cpus`.
    pub num_cpus: u32,
    /// Units of `capacity.gpus`.
    pub num_gpus: f64,
}

/// The scheduler `rl`. It never stops a trial for its reward.
#[derive(Clone, Copy, Debug)]
pub struct RlScheduler {
    batch_size: u32,
    sync: bool,
    /// How many jobs may be started now.
    room: u32,
    /// How many jobs run.
    running: u32,
}

impl Default for RlSpec {
    fn default() -> Self {
        Self { controller_batch_size: 1, sync: true, controller_resource: ControllerResource::default() }
    }
}

impl RlSpec {
    /// From how many trials at a time is to be learnt: a round, or each by itself where there are no rounds.
    #[must_use]
    pub fn batch(&self) -> u32 {
        if self.sync { self.controller_batch_size } else { 1 }
    }
}

impl RlScheduler {
    /// A scheduler before its first round.
    #[must_use]
    pub fn new(spec: &RlSpec) -> Self {
        let batch_size = spec.controller_batch_size.max(1);
        Self { batch_size, sync: spec.sync, room: batch_size, running: 0 }
    }
}

impl Scheduler for RlScheduler {
    fn next_job(&mut self, _bracket: Option<u32>) -> NextJob {
        if self.room == 0 { NextJob::Wait } else { NextJob::Start(Placement::default()) }
    }

    fn on_trial_start(&mut self, _trial: TrialId, _placement: &Placement) {
        self.room = self.room.saturating_sub(1);
        self.running += 1;
    }

    fn on_report(&mut self, _progress: &Progress) -> Result<Verdict, PlacementProblem> {
        Ok(Verdict::CONTINUE)
    }

    fn on_job_end(&mut self, _trial: TrialId) {
        self.running = self.running.saturating_sub(1);
        if !self.sync {
            self.room += 1;
        } else if self.room == 0 && self.running == 0 {
            self.room = self.batch_size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scheduler(controller_batch_size: u32, sync: bool) -> RlScheduler {
        RlScheduler::new(&RlSpec { controller_batch_size, sync, ..RlSpec::default() })
    }

    /// Starts jobs until it is told to wait; how many.
    fn start_all(scheduler: &mut RlScheduler) -> u32 {
        let mut jobs = 0;
        while let NextJob::Start(placement) = scheduler.next_job(None) {
            scheduler.on_trial_start(TrialId(0), &placement);
            jobs += 1;
        }
        jobs
    }

    #[test]
    fn a_round_begins_when_all_of_the_one_before_have_ended() {
        let mut scheduler = scheduler(3, true);
        assert_eq!(start_all(&mut scheduler), 3);
        for _ in 0..2 {
            scheduler.on_job_end(TrialId(0));
            assert_eq!(scheduler.next_job(None), NextJob::Wait);
        }
        scheduler.on_job_end(TrialId(0));
        assert_eq!(start_all(&mut scheduler), 3);
    }

    #[test]
    fn a_round_that_is_larger_than_there_is_room_for_is_one_round() {
        let mut scheduler = scheduler(3, true);
        for _ in 0..3 {
            let NextJob::Start(placement) = scheduler.next_job(None) else { panic!("the round is not full") };
            scheduler.on_trial_start(TrialId(0), &placement);
            scheduler.on_job_end(TrialId(0));
        }
        assert_eq!(start_all(&mut scheduler), 3);
    }

    #[test]
    fn without_rounds_a_job_follows_each_that_has_ended() {
        let mut scheduler = scheduler(2, false);
        assert_eq!(start_all(&mut scheduler), 2);
        scheduler.on_job_end(TrialId(0));
        assert_eq!(start_all(&mut scheduler), 1);
    }
}
