//! The events of a study, which are its truth: state is a fold over them, and their hash chain is the study's digest.

use serde::{Deserialize, Serialize};

use super::{Attribute, Outcome, Report, StudySpec};
use crate::numeric::amount::{Fuel, Seed, Sequence, Slot, TrialId, VirtualTime};
use crate::numeric::digest::Digest;
use crate::scheduler::Decision;
use crate::space::Config;

/// Something that has happened in a study. No field depends on the machine or the wall clock.
///
/// The order of variants and fields is part of the canonical encoding and so of every digest: add at the end, and raise the
/// format version when anything else changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The study began. Always the first event.
    StudyStarted {
        /// What it is a function of.
        spec: Box<StudySpec>,
    },
    /// A trial began.
    TrialStarted {
        /// Its number.
        trial: TrialId,
        /// The slot that it occupies.
        slot: Slot,
        /// When.
        time: VirtualTime,
        /// The seed that it is given.
        seed: Seed,
        /// Its configuration.
        config: Config,
        /// The bracket that was drawn for it, if the scheduler has brackets.
        bracket: Option<u32>,
        /// The first level of the resource at which it is compared with others, if it is.
        milestone: Option<u64>,
    },
    /// A trial made a report that the study accepted.
    Reported {
        /// The trial.
        trial: TrialId,
        /// When.
        time: VirtualTime,
        /// The trial's fuel until then.
        fuel: Fuel,
        /// What it said.
        report: Report,
        /// What the searcher said of its model, if the study records it.
        searcher_info: Vec<Attribute>,
        /// What became of the trial.
        decision: Decision,
    },
    /// A trial ended.
    TrialEnded {
        /// The trial.
        trial: TrialId,
        /// When.
        time: VirtualTime,
        /// The trial's fuel in all.
        fuel: Fuel,
        /// How.
        outcome: Outcome,
        /// What it left behind, in the order of names.
        artifacts: Vec<ArtifactRecord>,
    },
    /// The study ended. Always the last event; a log without it belongs to a study that was interrupted or is running.
    StudyEnded {
        /// When its last trial ended.
        time: VirtualTime,
        /// Why no more trials were started.
        reason: EndReason,
    },
    /// A trial's fuel reached a milestone, where `time_attr` is `fuel`. It is judged by its latest report.
    Judged {
        /// The trial.
        trial: TrialId,
        /// When.
        time: VirtualTime,
        /// The trial's fuel: the level of the milestone.
        fuel: Fuel,
        /// What became of the trial.
        decision: Decision,
    },
    /// A trial was paused, by the decision on its last report or milestone.
    TrialPaused {
        /// The trial.
        trial: TrialId,
        /// When.
        time: VirtualTime,
        /// The trial's fuel until then.
        fuel: Fuel,
        /// The level of the resource at which it waits.
        level: u64,
    },
    /// A paused trial was promoted and goes on.
    TrialResumed {
        /// The trial.
        trial: TrialId,
        /// The slot that it occupies now.
        slot: Slot,
        /// When.
        time: VirtualTime,
        /// The level of the resource at which it was paused.
        resume_from: u64,
        /// The bracket that was drawn for this job.
        bracket: Option<u32>,
        /// The next level at which it is compared with others.
        milestone: Option<u64>,
    },
    /// The searcher failed. No more jobs are started; those that run go on to their ends.
    SearcherFailed {
        /// When.
        time: VirtualTime,
        /// How.
        message: String,
    },
    /// A trial read something back from the GPU. Nothing is decided at that; what comes after depends on it.
    ReadBack {
        /// The trial.
        trial: TrialId,
        /// When.
        time: VirtualTime,
        /// The trial's fuel until then.
        fuel: Fuel,
        /// The digest of what it read.
        digest: Digest,
        /// How many bytes it read.
        bytes: u64,
    },
}

/// Names an artifact's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactRecord {
    /// The name that the trial gave it.
    pub name: String,
    /// The digest of its bytes.
    pub digest: Digest,
    /// Its size.
    pub bytes: u64,
}

/// Why a study started no more trials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// `num_trials` were started.
    NumTrials,
    /// `time_out` had passed.
    TimeOut,
    /// A trial had reached `max_reward`.
    MaxReward,
    /// Every configuration of the space had been suggested.
    Exhausted,
    /// The searcher had failed.
    SearcherFailed,
}

/// An event in its place in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its position.
    pub sequence: Sequence,
    /// The event.
    pub event: Event,
    /// The digest of the log up to and including it.
    pub digest: Digest,
}

/// The hash chain over a log: each link is the digest of the link before and the event's canonical encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    next: Sequence,
    head: Digest,
}

impl Event {
    /// The name of its kind, as in the store and in JSON.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::StudyStarted { .. } => "study_started",
            Self::TrialStarted { .. } => "trial_started",
            Self::Reported { .. } => "reported",
            Self::TrialEnded { .. } => "trial_ended",
            Self::StudyEnded { .. } => "study_ended",
            Self::Judged { .. } => "judged",
            Self::TrialPaused { .. } => "trial_paused",
            Self::TrialResumed { .. } => "trial_resumed",
            Self::SearcherFailed { .. } => "searcher_failed",
            Self::ReadBack { .. } => "read_back",
        }
    }

    /// The trial that it concerns, if one.
    #[must_use]
    pub fn trial(&self) -> Option<TrialId> {
        match self {
            Self::TrialStarted { trial, .. }
            | Self::Reported { trial, .. }
            | Self::TrialEnded { trial, .. }
            | Self::Judged { trial, .. }
            | Self::TrialPaused { trial, .. }
            | Self::TrialResumed { trial, .. }
            | Self::ReadBack { trial, .. } => Some(*trial),
            Self::StudyStarted { .. } | Self::StudyEnded { .. } | Self::SearcherFailed { .. } => None,
        }
    }

    /// When it happened.
    #[must_use]
    pub fn time(&self) -> VirtualTime {
        match self {
            Self::StudyStarted { .. } => VirtualTime(0),
            Self::TrialStarted { time, .. }
            | Self::Reported { time, .. }
            | Self::TrialEnded { time, .. }
            | Self::StudyEnded { time, .. }
            | Self::Judged { time, .. }
            | Self::TrialPaused { time, .. }
            | Self::TrialResumed { time, .. }
            | Self::SearcherFailed { time, .. }
            | Self::ReadBack { time, .. } => *time,
        }
    }

    /// An event in a few words, for messages.
    pub(crate) fn in_short(&self) -> String {
        const CHARACTERS_MAX: usize = 200;
        let text = match self {
            Self::StudyStarted { spec } => format!("the start of study `{}` ({})", spec.name, spec.digest().short()),
            Self::TrialStarted { trial, slot, time, config, .. } => {
                format!("the start of trial {trial} in slot {slot} at {time} with {config}")
            }
            Self::Reported { trial, time, report, decision, .. } => {
                let attributes: Vec<String> = report
                    .attributes
                    .iter()
                    .map(|attribute| format!("{} = {}", attribute.name, attribute.value))
                    .collect();
                format!("a report of trial {trial} at {time}, {decision:?}: {}", attributes.join(", "))
            }
            Self::TrialEnded { trial, time, outcome, .. } => format!("the end of trial {trial} at {time}: {outcome}"),
            Self::Judged { trial, time, fuel, decision } => {
                format!("the milestone {fuel} of trial {trial} at {time}: {decision:?}")
            }
            Self::TrialPaused { trial, time, level, .. } => {
                format!("the pause of trial {trial} at {time}, at level {level}")
            }
            Self::TrialResumed { trial, slot, time, resume_from, .. } => {
                format!("the promotion of trial {trial} from level {resume_from} in slot {slot} at {time}")
            }
            Self::SearcherFailed { time, message } => format!("the failure of the searcher at {time}: {message}"),
            Self::ReadBack { trial, time, digest, bytes, .. } => {
                format!("what trial {trial} read back from the GPU at {time}: {bytes} bytes ({})", digest.short())
            }
            Self::StudyEnded { time, reason } => format!("the end of the study at {time}: {reason:?}"),
        };
        match text.char_indices().nth(CHARACTERS_MAX) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    }
}

impl Default for Chain {
    fn default() -> Self {
        Self { next: Sequence(0), head: Digest::of(b"trialbox event log, format 2") }
    }
}

impl Chain {
    /// The chain up to and including an entry.
    #[must_use]
    pub fn up_to(entry: &Entry) -> Self {
        Self { next: Sequence(entry.sequence.0.saturating_add(1)), head: entry.digest }
    }

    /// The digest of all events so far.
    #[must_use]
    pub fn head(&self) -> Digest {
        self.head
    }

    /// How many events there are so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.next.0
    }

    /// Whether there is no event yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.next.0 == 0
    }

    /// Puts `event` at the end of the chain.
    pub fn push(&mut self, event: Event) -> Entry {
        self.head = Digest::of_behind(&self.head.0, &event);
        let sequence = self.next;
        self.next.0 += 1;
        Entry { sequence, event, digest: self.head }
    }
}
