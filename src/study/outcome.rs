//! How a trial ended. A guest's failure is data, never an error of the engine.

use std::fmt;

use serde::{Deserialize, Serialize};

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
}

/// Why the study ended a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The study's time-out had passed when it reported.
    TimeOut,
    /// The scheduler compared it with others.
    Scheduler,
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
    /// The coarse class.
    #[must_use]
    pub fn class(&self) -> OutcomeClass {
        match self {
            Self::Completed => OutcomeClass::Completed,
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
        !matches!(self, Self::StackOverflowed | Self::Crashed)
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
        }
    }
}
