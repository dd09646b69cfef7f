//! Schedulers decide which trial a free slot runs next, and whether a trial goes on after a report.
//!
//! Part of the core; uses `numeric` only. A scheduler never sees a study, a searcher or a configuration: it is told plain data,
//! and what it answers is a function of its settings and of what it was told before.

mod fifo;
pub mod hyperband;
mod rl;

use serde::{Deserialize, Serialize};

pub use fifo::FifoScheduler;
pub use hyperband::{HyperbandError, HyperbandKind, HyperbandSpec, SearcherData, SparseRung};
pub use rl::{BATCH_SIZE_MAX, ControllerResource, RlScheduler, RlSpec};

use crate::numeric::amount::TrialId;

/// Which scheduler a study uses, with its options.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SchedulerSpec {
    /// First in, first out: every trial runs to its end.
    #[default]
    Fifo,
    /// Trials are compared at rungs, and the worse ones do not go on.
    Hyperband(HyperbandSpec),
    /// Trials run in rounds, and each round is learnt from before the next.
    Rl(RlSpec),
}

/// What a free slot does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextJob {
    /// It starts a new trial. Tell [`Scheduler::on_trial_start`] its number once it has a configuration.
    Start(Placement),
    /// It goes on with a trial that was paused.
    Resume {
        /// The trial.
        trial: TrialId,
        /// The level at which it was paused.
        resume_from: u64,
        /// Where it goes on.
        placement: Placement,
    },
    /// Nothing now. Ask again when a running job has ended; there is at least one.
    Wait,
}

/// Where a job stands among the rungs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// The bracket that was drawn for it; none where there are no brackets.
    pub bracket: Option<u32>,
    /// The milestone that the job reaches first; none where there are none.
    pub milestone: Option<u64>,
    /// All milestones of the bracket, falling.
    pub milestones: Vec<u64>,
}

/// What becomes of a trial after a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It goes on.
    Continue,
    /// It waits until it is promoted, which may never be.
    Pause,
    /// It ends here.
    Stop,
}

/// What a scheduler needs of a report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// The trial.
    pub trial: TrialId,
    /// The resource spent, if the report says.
    pub time: Option<u64>,
    /// The reward reached, if the report says; finite.
    pub reward: Option<f64>,
}

/// The answer to a report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// What becomes of the trial.
    pub decision: Decision,
    /// The milestone that the report reached, if it did.
    pub milestone: Option<Milestone>,
    /// The milestone after the one reached, if one was: where a trial goes on to, or would have; none at the end of its way.
    pub next_milestone: Option<u64>,
    /// Whether the report repeats what was known before a promotion, so that a searcher should not count it.
    pub ignore_data: bool,
    /// What the trial was compared with, if it was.
    pub comparison: Option<Comparison>,
}

/// A milestone that a report has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Milestone {
    /// The rung of that level.
    Rung(u64),
    /// The end of the resource, `max_t`.
    MaxT,
}

/// By what a decision at a rung was made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Comparison {
    /// Below the cut-off a trial is stopped.
    Cutoff {
        /// How many rewards the rung held before this one.
        entries: u64,
        /// The cut-off of those; none if there were none.
        cutoff: Option<f64>,
    },
    /// The best so many of a rung are promoted.
    Top {
        /// How many rewards the rung holds, this one included.
        entries: u64,
        /// How many it must hold before anything is promoted.
        entries_min: u64,
        /// How many are promoted; 0 while there are too few.
        places: u64,
    },
}

/// A report that cannot be placed among the rungs. The trial fails; nothing else has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlacementProblem {
    /// It does not say how much of the resource was spent.
    #[error("it does not say how much of the resource was spent")]
    NoTime,
    /// It has no reward, at a milestone.
    #[error("it has no reward, but at {level} of the resource the trial is compared with others")]
    NoReward {
        /// The level of the milestone.
        level: u64,
    },
    /// It comes after a milestone at which the trial made no report.
    #[error(
        "it is the first at or after the milestone {level}, but says {time}: a trial must report at each milestone exactly"
    )]
    MilestoneSkipped {
        /// The level of the milestone.
        level: u64,
        /// What the report says.
        time: u64,
    },
    /// Its trial has no job: it has not been started, or was stopped or paused before.
    #[error("its trial is not running")]
    NotRunning,
}

/// The rungs of a system, for people and for searchers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RungSystemState {
    /// The bracket whose system it is; none for a system that all brackets share.
    pub bracket: Option<u32>,
    /// The rungs, the highest first.
    pub rungs: Vec<RungState>,
}

/// A rung with what it holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RungState {
    /// The level of the resource.
    pub level: u64,
    /// The share of its trials that goes on.
    pub promotion_quantile: f64,
    /// Its rewards, in the order in which they came.
    pub entries: Vec<RungEntry>,
    /// By what the next decision is made, for people.
    #[serde(skip)]
    pub comparison: Comparison,
}

/// A reward at a rung.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RungEntry {
    /// Whose it is.
    pub trial: TrialId,
    /// The reward.
    pub reward: f64,
    /// Whether the trial was promoted from here; always false where trials are stopped instead of paused.
    pub promoted: bool,
}

/// What a searcher may look at when it is asked for a configuration.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot {
    /// The running trials of the same rung system, each with the resource at its last report, 0 before the first.
    pub tasks: Vec<(TrialId, u64)>,
    /// The rungs that a new trial of the bracket will see, the highest first.
    pub rungs: Vec<RungState>,
    /// The resource at which every trial ends.
    pub max_resource: u64,
}

/// A scheduling algorithm.
pub trait Scheduler: Send {
    /// What a free slot does next. The study's own bounds (number of jobs, time-out) are not the scheduler's concern. `bracket`
    /// forces the draw of a bracket, for users who ask and tell; one that does not exist counts as the last.
    fn next_job(&mut self, bracket: Option<u32>) -> NextJob;

    /// Takes note of the trial that was started where the last [`NextJob::Start`] said.
    fn on_trial_start(&mut self, _trial: TrialId, _placement: &Placement) {}

    /// Decides on a report. Decisions are made in the order of virtual time.
    ///
    /// # Errors
    /// If the report cannot be placed; the scheduler's state is then unchanged.
    fn on_report(&mut self, progress: &Progress) -> Result<Verdict, PlacementProblem>;

    /// The milestone to which the trial would go on if that report, at a milestone, were decided on now; none if it would not go
    /// on, or if that cannot be told. For those who must act before the decision, which may turn out otherwise. The trial need
    /// not have been started: it is then taken to be of the first bracket.
    fn forecast(&self, _progress: &Progress) -> Option<u64> {
        None
    }

    /// Takes note that a job has ended, however it did, also by a pause.
    fn on_job_end(&mut self, _trial: TrialId) {}

    /// The rungs, one item a system; empty where there are none.
    fn rungs(&self) -> Vec<RungSystemState> {
        Vec::new()
    }

    /// What a searcher may look at for a new trial of that bracket; none unless the study asks for it.
    fn snapshot(&self, _bracket: u32) -> Option<Snapshot> {
        None
    }
}

impl Verdict {
    /// The trial goes on, and nothing was compared.
    pub const CONTINUE: Self = Self {
        decision: Decision::Continue,
        milestone: None,
        next_milestone: None,
        ignore_data: false,
        comparison: None,
    };

    /// The trial was compared at the rung of that level.
    #[must_use]
    pub fn at_rung(level: u64, decision: Decision, next_milestone: Option<u64>, comparison: Comparison) -> Self {
        let (milestone, comparison) = (Some(Milestone::Rung(level)), Some(comparison));
        Self { decision, milestone, next_milestone, ignore_data: false, comparison }
    }

    /// The trial ends, because it has used all of the resource; nothing was compared.
    #[must_use]
    pub fn at_max_t() -> Self {
        Self { decision: Decision::Stop, milestone: Some(Milestone::MaxT), ..Self::CONTINUE }
    }
}

impl SchedulerSpec {
    /// Which rewards the searcher is told; none for schedulers that tell the last of each trial only.
    #[must_use]
    pub fn searcher_data(&self) -> Option<SearcherData> {
        match self {
            Self::Fifo | Self::Rl(_) => None,
            Self::Hyperband(spec) => Some(spec.searcher_data),
        }
    }

    /// Whether trials run in rounds, so that a configuration is of its round only if it is chosen after the round before.
    #[must_use]
    pub fn has_rounds(&self) -> bool {
        matches!(self, Self::Rl(RlSpec { sync: true, .. }))
    }

    /// What is kept of the capacity for the scheduler itself.
    #[must_use]
    pub fn reserved(&self) -> ControllerResource {
        match self {
            Self::Fifo | Self::Hyperband(_) => ControllerResource::default(),
            Self::Rl(spec) => spec.controller_resource,
        }
    }

    /// The lowest level of the resource at which any trial is compared with others; none if none is.
    #[must_use]
    pub fn first_milestone(&self) -> Option<u64> {
        match self {
            Self::Fifo | Self::Rl(_) => None,
            Self::Hyperband(spec) => Some(spec.levels().first().copied().unwrap_or(spec.max_t)),
        }
    }

    /// The level of the resource at which every trial ends; none if there is none.
    #[must_use]
    pub fn max_t(&self) -> Option<u64> {
        match self {
            Self::Fifo | Self::Rl(_) => None,
            Self::Hyperband(spec) => Some(spec.max_t),
        }
    }

    /// The scheduler with these settings, at its start.
    #[must_use]
    pub fn build(&self) -> Box<dyn Scheduler> {
        match self {
            Self::Fifo => Box::new(FifoScheduler),
            Self::Hyperband(spec) => spec.build(),
            Self::Rl(spec) => Box::new(RlScheduler::new(spec)),
        }
    }

    /// The name in study files.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fifo => "fifo",
            Self::Hyperband(_) => "hyperband",
            Self::Rl(_) => "rl",
        }
    }
}
