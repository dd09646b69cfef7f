//! The contract between the machine and what drives it: what it is told, what it wants done, and why it may refuse. Types alone.

use crate::numeric::amount::{Fuel, Seed, Slot, TrialId, VirtualTime};
use crate::numeric::digest::Digest;
use crate::scheduler::{Progress, Verdict};
use crate::space::Config;
use crate::study::event::{ArtifactRecord, Entry};
use crate::study::{Outcome, Report};

/// Something that has happened to a trial. Inputs for a trial that has ended are ignored: it may have run ahead of the decision
/// that ended it. Those for a paused trial are kept for its promotion: it may have run ahead of its pause. So are those for an
/// early trial until it is started.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// It made its next report.
    Reported {
        /// The trial.
        trial: TrialId,
        /// Its fuel until then.
        fuel: Fuel,
        /// What it said.
        report: Report,
    },
    /// It has used at least this much fuel without a report.
    Advanced {
        /// The trial.
        trial: TrialId,
        /// A lower bound of its fuel at its next report or its end.
        fuel: Fuel,
    },
    /// It ended.
    Ended {
        /// The trial.
        trial: TrialId,
        /// Its fuel in all.
        fuel: Fuel,
        /// How.
        outcome: Outcome,
        /// What it left behind, in the order of names.
        artifacts: Vec<ArtifactRecord>,
    },
    /// What ran it was lost, and it is being run again from its start.
    Restarted {
        /// The trial.
        trial: TrialId,
    },
    /// What ran it was lost repeatedly, and it is given up.
    Crashed {
        /// The trial.
        trial: TrialId,
    },
    /// It read something back from the GPU.
    ReadBack {
        /// The trial.
        trial: TrialId,
        /// Its fuel until then.
        fuel: Fuel,
        /// The digest of what it read.
        digest: Digest,
        /// How many bytes it read.
        bytes: u64,
    },
}

impl Input {
    /// The trial that it is about.
    #[must_use]
    pub fn trial(&self) -> TrialId {
        match self {
            Self::Reported { trial, .. }
            | Self::Advanced { trial, .. }
            | Self::Ended { trial, .. }
            | Self::Restarted { trial }
            | Self::Crashed { trial }
            | Self::ReadBack { trial, .. } => *trial,
        }
    }
}

/// Something that the driver is to do, in the order given.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Put an event at the end of the log.
    Append(Entry),
    /// Run a trial. If it was paused or is early, it goes on from where it is; if what ran it is gone, it is run again from its
    /// start, with [`Input::Restarted`] first.
    Launch(Job),
    /// A trial goes on past a milestone; for a driver that has it wait there.
    Continue {
        /// The trial.
        trial: TrialId,
        /// Its next milestone.
        milestone: Option<u64>,
    },
    /// A trial is paused; it need not run on. Its pause is already in the log.
    Pause(TrialId),
    /// Stop running a trial; its end is already in the log.
    Stop(TrialId),
}

/// A trial to be run, from its start or from a pause.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// The trial.
    pub trial: TrialId,
    /// The slot that it occupies.
    pub slot: Slot,
    /// When it starts or goes on.
    pub start: VirtualTime,
    /// The fuel that it had used when it was paused; 0 for a new trial.
    pub fuel_before: Fuel,
    /// The next level of the resource at which it is compared with others; none if it is not. Until then no answer to its
    /// reports depends on other trials.
    pub milestone: Option<u64>,
    /// The seed that it is given.
    pub seed: Seed,
    /// Its configuration.
    pub config: Config,
}

impl Job {
    /// When the trial, in this job, has used so much fuel in all.
    #[must_use]
    pub fn moment(&self, fuel: Fuel) -> VirtualTime {
        self.start.after(Fuel(fuel.0.saturating_sub(self.fuel_before.0)))
    }
}

/// What the scheduler said of a trial's progress.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// What it was told.
    pub progress: Progress,
    /// What it answered.
    pub verdict: Verdict,
}

/// The study cannot go on.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StudyError {
    /// A trial that was run again did something else than before.
    #[error(
        "trial {trial} was run again and differs from its first run at report {report}: a trial must depend on nothing but its \
         arguments, its data and its seed"
    )]
    Diverged {
        /// The trial.
        trial: TrialId,
        /// The number of the report, from 1.
        report: u64,
    },
    /// A trial that was run again read something else back from the GPU than before.
    #[error(
        "trial {trial} was run again and read something else back from the GPU than in its first run, at read-back {read_back}: the \
         results of the GPU differed between two runs on this device"
    )]
    GpuDiverged {
        /// The trial.
        trial: TrialId,
        /// The number of the read-back, from 1.
        read_back: u64,
    },
    /// The log holds another event than this build decides on.
    #[error("the log differs at event {sequence}: it holds {logged}, this build gives {ours}")]
    Replay {
        /// The position.
        sequence: u64,
        /// The log's event, in short.
        logged: String,
        /// The event that the machine gives, in short.
        ours: String,
    },
    /// What runs the searcher was lost.
    #[error("{message}")]
    SearcherLost {
        /// How.
        message: String,
    },
}

impl StudyError {
    /// Whether a trial that was run again did something else than before.
    #[must_use]
    pub fn is_divergence(&self) -> bool {
        matches!(self, Self::Diverged { .. } | Self::GpuDiverged { .. })
    }
}
