//! What early trials wrote to their logs before the study has started them. Used by the driver.
//!
//! It waits here, so that nothing of a trial that the study never starts reaches the store.

use std::collections::BTreeMap;

use crate::numeric::amount::TrialId;
use crate::study::LogPiece;

/// The logs of early trials.
#[derive(Default)]
pub(super) struct EarlyLogs {
    logs: BTreeMap<TrialId, Vec<LogPiece>>,
    bytes: u64,
}

impl EarlyLogs {
    pub(super) fn keep(&mut self, trial: TrialId, piece: LogPiece) {
        self.bytes = self.bytes.saturating_add(bytes(&piece));
        self.logs.entry(trial).or_default().push(piece);
    }

    /// The trial is early no more: its log so far.
    pub(super) fn take(&mut self, trial: TrialId) -> Vec<LogPiece> {
        let log = self.logs.remove(&trial).unwrap_or_default();
        self.bytes = self.bytes.saturating_sub(log.iter().map(bytes).sum());
        log
    }

    /// About how many bytes are kept.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// About how many bytes it takes to keep a piece.
fn bytes(piece: &LogPiece) -> u64 {
    // A small text takes what the allocator gives at least, and a list that grows up to twice its length.
    (2 * size_of::<LogPiece>() + piece.text.len().max(32)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::amount::Fuel;

    #[test]
    fn what_is_kept_is_counted_until_it_is_taken() {
        let piece = |position, text: &str| LogPiece { position, reports: 0, fuel: Fuel(0), text: text.into() };
        let mut logs = EarlyLogs::default();
        logs.keep(TrialId(5), piece(0, "begun"));
        let one = logs.bytes();
        assert!(one > 5);
        logs.keep(TrialId(6), piece(0, "begun"));
        logs.keep(TrialId(6), piece(1, ""));
        assert!(logs.bytes() > 2 * one);
        assert_eq!(logs.take(TrialId(6)), [piece(0, "begun"), piece(1, "")]);
        assert_eq!((logs.bytes(), logs.take(TrialId(7))), (one, Vec::new()));
        logs.take(TrialId(5));
        assert_eq!(logs.bytes(), 0);
    }
}
