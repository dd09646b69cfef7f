//! How a trial ended. A guest's failure is data, never an error of the engine.

use std::cell::Cell;
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Limit, ReportProblem};

/// How a trial ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The training returned without error.
    Completed,
    /// The study ended it.
    Stopped {
        /// Why.
        reason: StopReason,
    },
    /// The training returned an error.
    Failed {
        /// The error's text, cut to `failure_bytes_max`.
        message: String,
    },
    /// The guest did something that WebAssembly forbids, or panicked (`unreachable`).
    Trapped {
        /// What it did.
        trap: TrapKind,
    },
    /// The guest used up its stack. How deep it gets depends on the machine, so this outcome may not repeat elsewhere.
    StackOverflowed,
    /// The guest went past a limit.
    Exceeded {
        /// Which.
        limit: Limit,
    },
    /// The guest called an import in a way that its contract forbids.
    Misused {
        /// The import and what was wrong.
        message: String,
    },
    /// A report said something that the study cannot use.
    BadReport {
        /// The number of the report in its trial, from 1.
        report: u64,
        /// What is wrong with it.
        problem: ReportProblem,
    },
    /// The training ended without ever reporting the attribute that the study compares trials by.
    NeverRewarded {
        /// The attribute's name.
        attribute: String,
    },
    /// The process that ran the trial died of it, more than once.
    Crashed,
    /// The training ended without ever reporting the attribute of the study's constraint along with a reward.
    NeverConstrained {
        /// The attribute's name.
        attribute: String,
    },
    /// A replicate of the trial failed.
    OfReplicate {
        /// Its number, from 1; of several the lowest.
        number: u32,
        /// How it ended.
        #[serde(deserialize_with = "of_one")]
        outcome: Box<Self>,
    },
    /// What the guest had given the GPU, or the translation of a shader, did not end within its time on the wall. How long that takes
    /// depends on the machine, so this outcome may not repeat.
    GpuTimeout,
}

/// The outcome of a replicate, which has no replicates of its own. Outcomes come from workers too, and one that was nested a hundred
/// thousand times would take the reader's stack.
fn of_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<Outcome>, D::Error> {
    thread_local! {
        static IS_INSIDE: Cell<bool> = const { Cell::new(false) };
    }
    if IS_INSIDE.replace(true) {
        return Err(D::Error::custom("the outcome of a replicate is that of a replicate again"));
    }
    let outcome = Outcome::deserialize(deserializer);
    IS_INSIDE.set(false);
    outcome.map(Box::new)
}

/// Why the study ended a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The study's time-out had passed when it reported.
    TimeOut,
    /// The scheduler compared it with others.
    Scheduler,
    /// It had reached `max_t`.
    MaxT,
}

/// What a guest did to be trapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrapKind {
    /// It executed `unreachable`, as a panic does.
    Unreachable,
    /// It accessed memory out of bounds.
    MemoryOutOfBounds,
    /// It accessed a table out of bounds.
    TableOutOfBounds,
    /// It called through an empty or a mistyped table entry.
    BadIndirectCall,
    /// It divided an integer by zero.
    DivisionByZero,
    /// An integer's division or conversion overflowed.
    IntegerOverflow,
    /// It passed the host a value that is not of the declared type: bad UTF-8, a pointer outside its memory, a handle that it does
    /// not own.
    BadValue,
    /// It called a function that this world does not offer.
    MissingImport,
    /// Anything else that WebAssembly traps.
    Other,
}

/// A coarse class of outcomes, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutcomeClass {
    /// The trial ran to its end.
    Completed,
    /// The study ended it.
    Stopped,
    /// Anything else.
    Failed,
}

impl Outcome {
    /// A failure that the guest, or who runs the trial elsewhere, explains; of the text at most so many bytes are kept, cut
    /// between characters.
    #[must_use]
    pub fn failed(message: &str, bytes_max: u64) -> Self {
        let most = usize::try_from(bytes_max).map_or(message.len(), |most| most.min(message.len()));
        let end = (0..=most).rev().find(|&end| message.is_char_boundary(end)).unwrap_or(0);
        Self::Failed { message: message[..end].to_owned() }
    }

    /// The coarse class.
    #[must_use]
    pub fn class(&self) -> OutcomeClass {
        match self {
            Self::Completed | Self::Stopped { reason: StopReason::MaxT } => OutcomeClass::Completed,
            Self::Stopped { .. } => OutcomeClass::Stopped,
            _ => OutcomeClass::Failed,
        }
    }

    /// Whether the trial failed.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.class() == OutcomeClass::Failed
    }

    /// Whether every machine gives the same outcome.
    #[must_use]
    pub fn is_reproducible(&self) -> bool {
        !matches!(self.cause(), Self::StackOverflowed | Self::Crashed | Self::GpuTimeout)
    }

    /// Whether the trial's fuel at such an end is what it had used. Where the engine broke off, it is what was last written down, which
    /// may be less than what was known.
    #[must_use]
    pub fn has_exact_fuel(&self) -> bool {
        !matches!(self.cause(), Self::Trapped { .. } | Self::Exceeded { .. } | Self::StackOverflowed | Self::GpuTimeout)
    }

    /// What has ended the trial: the outcome of the replicate that failed, or else this one.
    #[must_use]
    pub fn cause(&self) -> &Self {
        match self {
            Self::OfReplicate { outcome, .. } => outcome.cause(),
            outcome => outcome,
        }
    }

    /// A name of one or two words, for tables.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Stopped { .. } => "stopped",
            Self::Failed { .. } => "failed",
            Self::Trapped { .. } => "trapped",
            Self::StackOverflowed => "stack overflow",
            Self::Exceeded { limit: Limit::FuelMax } => "out of fuel",
            Self::Exceeded { limit: Limit::MemoryBytesMax } => "out of memory",
            Self::Exceeded { limit: Limit::ReportsMax } => "too many reports",
            Self::Exceeded { .. } => "limit exceeded",
            Self::Misused { .. } => "misuse",
            Self::BadReport { .. } => "bad report",
            Self::NeverRewarded { .. } => "never rewarded",
            Self::Crashed => "crashed",
            Self::NeverConstrained { .. } => "never constrained",
            Self::OfReplicate { outcome, .. } => outcome.name(),
            Self::GpuTimeout => "gpu timeout",
        }
    }
}

impl fmt::Display for TrapKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Unreachable => "it executed `unreachable` (a panic or an abort; see its log)",
            Self::MemoryOutOfBounds => "it accessed memory out of bounds",
            Self::TableOutOfBounds => "it accessed a table out of bounds",
            Self::BadIndirectCall => "it called through an empty or mistyped table entry",
            Self::DivisionByZero => "it divided an integer by zero",
            Self::IntegerOverflow => "an integer operation overflowed",
            Self::BadValue => "it passed the host a malformed value",
            Self::MissingImport => "it called an import that is not offered",
            Self::Other => "it did something that WebAssembly forbids",
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Completed => formatter.write_str("completed"),
            Self::Stopped { reason: StopReason::TimeOut } => {
                formatter.write_str("stopped: the study's time-out had passed")
            }
            Self::Stopped { reason: StopReason::Scheduler } => formatter.write_str("stopped by the scheduler"),
            Self::Stopped { reason: StopReason::MaxT } => formatter.write_str("stopped: it had reached `max_t`"),
            Self::Failed { message } => write!(formatter, "failed: {message}"),
            Self::Trapped { trap } => write!(formatter, "trapped: {trap}"),
            Self::StackOverflowed => formatter.write_str("stack overflow (may not repeat on another machine)"),
            Self::Exceeded { limit } => write!(formatter, "{}: went past the limit `{}`", self.name(), limit.name()),
            Self::Misused { message } => write!(formatter, "misuse of an import: {message}"),
            Self::BadReport { report, problem } => write!(formatter, "bad report {report}: {problem}"),
            Self::NeverRewarded { attribute } => {
                write!(formatter, "never rewarded: no report carried the study's reward_attr `{attribute}`")
            }
            Self::Crashed => formatter.write_str("crashed: the process that ran it died of it repeatedly"),
            Self::NeverConstrained { attribute } => {
                write!(formatter, "never constrained: no report carried the study's constraint_attr `{attribute}`")
            }
            Self::OfReplicate { number, outcome } => write!(formatter, "replicate {number}: {outcome}"),
            Self::GpuTimeout => formatter.write_str(
                "gpu timeout: what it gave the GPU did not end within `submission_milliseconds_max`, or a shader was not translated \
                 within `compile_milliseconds_max`",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Vec<(Outcome, OutcomeClass, &'static str, &'static str)> {
        use OutcomeClass::{Completed, Failed, Stopped};
        let problem = ReportProblem::NotFinite { attribute: "accuracy".into(), value: "NaN".into() };
        let exceeded = |limit| Outcome::Exceeded { limit };
        vec![
            (Outcome::Completed, Completed, "completed", "completed"),
            (
                Outcome::Stopped { reason: StopReason::TimeOut },
                Stopped,
                "stopped",
                "stopped: the study's time-out had passed",
            ),
            (Outcome::Stopped { reason: StopReason::Scheduler }, Stopped, "stopped", "stopped by the scheduler"),
            (Outcome::Failed { message: "no data".into() }, Failed, "failed", "failed: no data"),
            (
                Outcome::Trapped { trap: TrapKind::DivisionByZero },
                Failed,
                "trapped",
                "trapped: it divided an integer by zero",
            ),
            (Outcome::StackOverflowed, Failed, "stack overflow", "stack overflow (may not repeat on another machine)"),
            (exceeded(Limit::FuelMax), Failed, "out of fuel", "out of fuel: went past the limit `fuel_max`"),
            (
                exceeded(Limit::MemoryBytesMax),
                Failed,
                "out of memory",
                "out of memory: went past the limit `memory_bytes_max`",
            ),
            (
                exceeded(Limit::ReportsMax),
                Failed,
                "too many reports",
                "too many reports: went past the limit `reports_max`",
            ),
            (
                exceeded(Limit::HandlesMax),
                Failed,
                "limit exceeded",
                "limit exceeded: went past the limit `handles_max`",
            ),
            (
                Outcome::Misused { message: "`report`: two attributes are called `loss`".into() },
                Failed,
                "misuse",
                "misuse of an import: `report`: two attributes are called `loss`",
            ),
            (
                Outcome::BadReport { report: 3, problem },
                Failed,
                "bad report",
                "bad report 3: `accuracy` is NaN, not a finite number",
            ),
            (
                Outcome::NeverRewarded { attribute: "accuracy".into() },
                Failed,
                "never rewarded",
                "never rewarded: no report carried the study's reward_attr `accuracy`",
            ),
            (Outcome::Crashed, Failed, "crashed", "crashed: the process that ran it died of it repeatedly"),
            (
                Outcome::NeverConstrained { attribute: "excess".into() },
                Failed,
                "never constrained",
                "never constrained: no report carried the study's constraint_attr `excess`",
            ),
            (
                Outcome::OfReplicate { number: 2, outcome: Box::new(exceeded(Limit::FuelMax)) },
                Failed,
                "out of fuel",
                "replicate 2: out of fuel: went past the limit `fuel_max`",
            ),
            (
                Outcome::OfReplicate { number: 1, outcome: Box::new(Outcome::StackOverflowed) },
                Failed,
                "stack overflow",
                "replicate 1: stack overflow (may not repeat on another machine)",
            ),
            (
                Outcome::GpuTimeout,
                Failed,
                "gpu timeout",
                "gpu timeout: what it gave the GPU did not end within `submission_milliseconds_max`, or a shader was not \
                 translated within `compile_milliseconds_max`",
            ),
        ]
    }

    #[test]
    fn outcomes_say_what_happened() {
        for (outcome, class, name, text) in table() {
            assert_eq!((outcome.class(), outcome.name(), outcome.to_string().as_str()), (class, name, text));
        }
    }

    #[test]
    fn only_what_depends_on_the_machine_may_differ_on_another() {
        for (outcome, ..) in table() {
            let depends = matches!(outcome.cause(), Outcome::StackOverflowed | Outcome::Crashed | Outcome::GpuTimeout);
            assert_eq!(outcome.is_reproducible(), !depends, "{outcome}");
        }
    }
}
