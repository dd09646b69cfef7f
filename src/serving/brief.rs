//! What the list of studies tells of one: small, and kept as long as the file does not change.

use super::folder::{Found, StudyName};
use super::problem::Problem;
use super::writer;
use crate::output::Account;
use crate::output::sanitize::printable;
use crate::space::Value;
use crate::study::{EndReason, TrialStatus};

/// How much of a name that a guest or a file gave is shown.
const NAME_MAX: usize = 60;

/// What the list tells of a study.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Brief {
    /// The study's own name, printable.
    pub(super) name: String,
    pub(super) state: State,
    /// The attribute that is maximised with the best value, printable.
    pub(super) best: Option<(String, String)>,
    /// How many jobs are done: trials, and what was promoted of them, up to their ends or pauses.
    pub(super) done_jobs: u64,
    /// How many jobs there will be, if the study says.
    pub(super) num_trials: Option<u64>,
    found: Found,
    is_settled: bool,
}

/// How a study stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// A process writes it.
    Running,
    /// It has not ended, and nobody is seen who writes it.
    NotFinished,
    /// It has ended.
    Ended(EndReason),
}

/// A study in the list.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) name: StudyName,
    pub(super) known: Known,
}

/// What is known of a study in the list.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// It has not been read yet.
    NotYet,
    /// It was read.
    Brief(Brief),
    /// It cannot be read.
    Problem { message: String, hint: Option<String> },
}

impl Brief {
    pub(super) fn of(account: &Account, found: &Found, is_settled: bool) -> Self {
        let (spec, state) = (account.spec(), account.state());
        let attribute = printable(&spec.metrics.reward_attr, NAME_MAX);
        let running = state.trials().iter().filter(|trial| trial.status == TrialStatus::Running).count() as u64;
        Self {
            name: printable(&spec.name, NAME_MAX),
            state: match state.ended() {
                Some(reason) => State::Ended(reason),
                None if writer::is_there(&found.place) => State::Running,
                None => State::NotFinished,
            },
            best: state.best().map(|best| (attribute, rounded(best.reward))),
            done_jobs: state.jobs().saturating_sub(running),
            num_trials: spec.num_trials,
            found: found.clone(),
            is_settled,
        }
    }

    /// Whether it still says how the study stands.
    pub(super) fn holds_for(&self, found: &Found) -> bool {
        self.is_settled && self.found == *found && self.is_running_still()
    }

    /// A writer that was killed changes nothing of the file.
    fn is_running_still(&self) -> bool {
        matches!(self.state, State::Ended(_)) || (self.state == State::Running) == writer::is_there(&self.found.place)
    }

    /// When the study was last written to, in milliseconds since 1970.
    pub(super) fn changed_milliseconds(&self) -> Option<u64> {
        self.found.stamp.changed_milliseconds()
    }
}

impl State {
    /// In words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::NotFinished => "not finished",
            Self::Ended(EndReason::NumTrials) => "ended",
            Self::Ended(EndReason::TimeOut) => "ended by time_out",
            Self::Ended(EndReason::MaxReward) => "ended by max_reward",
            Self::Ended(EndReason::Exhausted) => "ended: all was tried",
            Self::Ended(EndReason::SearcherFailed) => "ended: the searcher failed",
        }
    }
}

impl From<&Problem> for Known {
    fn from(problem: &Problem) -> Self {
        Self::Problem { message: problem.message(), hint: problem.hint() }
    }
}

/// A number with six significant digits, or fewer if it has fewer.
fn rounded(number: f64) -> String {
    Value::Real(format!("{number:.5e}").parse().unwrap_or(number)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reward_is_shown_with_six_digits() {
        for (number, shown) in
            [(0.964_444_444, "0.964444"), (1.0, "1.0"), (-1e308, "-1e308"), (1.234_567_8e-7, "1.23457e-7")]
        {
            assert_eq!(rounded(number), shown);
        }
    }
}
