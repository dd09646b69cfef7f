//! What early trials wrote to their logs and read back from the GPU before the study has started them. Used by the driver.
//!
//! It waits here, so that nothing of a trial that the study never starts reaches the store.

use std::collections::BTreeMap;

use crate::numeric::amount::TrialId;
use crate::numeric::digest::Digest;
use crate::study::LogPiece;

/// Something of an early trial that is to go into the store beside the log.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum EarlyNote {
    /// It wrote to its log.
    Logged(LogPiece),
    /// It read this back from the GPU.
    ReadBack(Digest, Vec<u8>),
}

/// What early trials have said that goes into the store beside the log.
#[derive(Default)]
pub(super) struct EarlyNotes {
    notes: BTreeMap<TrialId, Vec<EarlyNote>>,
    bytes: u64,
}

impl EarlyNotes {
    pub(super) fn keep(&mut self, trial: TrialId, note: EarlyNote) {
        self.bytes = self.bytes.saturating_add(note.bytes());
        self.notes.entry(trial).or_default().push(note);
    }

    /// The trial is early no more: what it said so far.
    pub(super) fn take(&mut self, trial: TrialId) -> Vec<EarlyNote> {
        let notes = self.notes.remove(&trial).unwrap_or_default();
        self.bytes = self.bytes.saturating_sub(notes.iter().map(EarlyNote::bytes).sum());
        notes
    }

    /// About how many bytes are kept.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl EarlyNote {
    /// About how many bytes it takes to keep it.
    fn bytes(&self) -> u64 {
        let content = match self {
            Self::Logged(piece) => piece.text.len(),
            Self::ReadBack(_, content) => content.len(),
        };
        // A small content takes what the allocator gives at least, and a list that grows up to twice its length.
        (2 * size_of::<Self>() + content.max(32)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::amount::Fuel;

    #[test]
    fn what_is_kept_is_counted_until_it_is_taken() {
        let piece = |position, text: &str| {
            EarlyNote::Logged(LogPiece { position, reports: 0, fuel: Fuel(0), text: text.into() })
        };
        let read_back = EarlyNote::ReadBack(Digest::of(&[7; 1000]), vec![7; 1000]);
        let mut notes = EarlyNotes::default();
        notes.keep(TrialId(5), piece(0, "begun"));
        let one = notes.bytes();
        assert!(one > 5);
        notes.keep(TrialId(6), piece(0, "begun"));
        notes.keep(TrialId(6), piece(1, ""));
        notes.keep(TrialId(6), read_back.clone());
        assert!(notes.bytes() > 2 * one + 1000);
        assert_eq!(notes.take(TrialId(6)), [piece(0, "begun"), piece(1, ""), read_back]);
        assert_eq!((notes.bytes(), notes.take(TrialId(7))), (one, Vec::new()));
        notes.take(TrialId(5));
        assert_eq!(notes.bytes(), 0);
    }
}
