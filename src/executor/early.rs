//! What early trials said before the study has started them, within a budget of memory. Used by the driver.
//!
//! Reports are kept by the machine, artifacts by the driver; what they take is counted here, and log texts wait here, so that
//! nothing of a trial that the study never starts reaches the store.

use std::collections::BTreeMap;

use super::message::Happening;
use crate::numeric::amount::TrialId;
use crate::study::LogPiece;

/// What is kept of early trials.
pub(super) struct EarlyResults {
    trials: BTreeMap<TrialId, Said>,
    bytes: u64,
    bytes_max: u64,
}

/// What a trial said.
#[derive(Default)]
struct Said {
    bytes: u64,
    log: Vec<LogPiece>,
}

impl EarlyResults {
    pub(super) fn new(bytes_max: u64) -> Self {
        Self { trials: BTreeMap::new(), bytes: 0, bytes_max }
    }

    /// Whether another trial may run early. What those that run already will say is bounded by their limits only.
    pub(super) fn has_room(&self) -> bool {
        self.bytes < self.bytes_max
    }

    /// Counts what an early trial said.
    pub(super) fn count(&mut self, happening: &Happening) {
        let bytes = happening.bytes();
        self.bytes = self.bytes.saturating_add(bytes);
        self.trials.entry(happening.trial()).or_default().bytes += bytes;
    }

    /// Keeps a piece of an early trial's log.
    pub(super) fn keep_log(&mut self, trial: TrialId, piece: LogPiece) {
        self.trials.entry(trial).or_default().log.push(piece);
    }

    /// The trial is early no more: its log so far, which is kept elsewhere from now on.
    pub(super) fn take(&mut self, trial: TrialId) -> Vec<LogPiece> {
        let said = self.trials.remove(&trial).unwrap_or_default();
        self.bytes = self.bytes.saturating_sub(said.bytes);
        said.log
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::amount::Fuel;

    fn piece(text: &str) -> LogPiece {
        LogPiece { position: 0, reports: 0, fuel: Fuel(0), text: text.into() }
    }

    fn logged(trial: u64, text: &str) -> Happening {
        Happening::Logged { trial: TrialId(trial), piece: piece(text) }
    }

    #[test]
    fn there_is_room_until_what_was_said_fills_the_budget_and_again_when_trials_have_started() {
        let mut results = EarlyResults::new(8);
        results.count(&logged(5, "four"));
        assert!(results.has_room());
        results.count(&logged(6, "five!"));
        assert!(!results.has_room());
        results.keep_log(TrialId(6), piece("five!"));
        assert_eq!(results.take(TrialId(6)), [piece("five!")]);
        assert!(results.has_room());
        assert_eq!(results.take(TrialId(6)), []);
        assert!(!EarlyResults::new(0).has_room());
    }
}
