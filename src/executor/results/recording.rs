//! What trials on workers have done so far, until it is put on the shelf. Used by the driver.

use std::collections::{BTreeMap, BTreeSet};

use super::known::{Known, KnownEnd, KnownReadBack, Note};
use crate::executor::message::Happening;
use crate::numeric::amount::{Fuel, TrialId};
use crate::numeric::digest::Digest;

/// About how many bytes of recordings are kept, all together. A trial that goes past them is not recorded.
const BYTES_MAX: u64 = 256 << 20;

/// What trials on workers have done so far.
#[derive(Default)]
pub(in crate::executor) struct Recordings {
    trials: BTreeMap<TrialId, Recording>,
    /// What they are called. Of equal trials the first to go takes the name with it.
    names: BTreeSet<Digest>,
    bytes: u64,
}

struct Recording {
    name: Digest,
    known: Known,
    /// Up to which fuel the shelf has it.
    shelved: Fuel,
    bytes: u64,
}

impl Recordings {
    /// A trial runs from its start; the shelf has it up to some fuel.
    pub(in crate::executor) fn begin(&mut self, trial: TrialId, name: Digest, shelved: Fuel) {
        self.forget(trial);
        self.names.insert(name);
        self.trials.insert(trial, Recording { name, known: Known::default(), shelved, bytes: 0 });
    }

    /// Takes note of what a trial has done. Gives the whole of it with its name if that was its end, and one that every machine gives.
    pub(in crate::executor) fn note(&mut self, happening: &Happening, keeps_contents: bool) -> Option<(Digest, Known)> {
        let trial = happening.trial();
        let recording = self.trials.get_mut(&trial)?;
        match happening {
            Happening::Reported { fuel, report, .. } => {
                recording.known.bound = *fuel;
                recording.known.notes.push(Note::Reported(*fuel, report.clone()));
            }
            Happening::ReadBack { fuel, digest, bytes_read: bytes, content, .. } => {
                recording.known.bound = *fuel;
                let (fuel, digest, bytes, content) = (*fuel, *digest, *bytes, content.clone());
                recording.known.notes.push(Note::ReadBack(KnownReadBack { fuel, digest, bytes, content }));
            }
            Happening::Logged { piece, .. } => recording.known.notes.push(Note::Logged(piece.clone())),
            // What a trap tells of its fuel may be less than what was known.
            Happening::Advanced { fuel, .. } => recording.known.bound = recording.known.bound.max(*fuel),
            Happening::Ended { fuel, outcome, artifacts, .. } => {
                let Recording { name, mut known, .. } = self.take(trial)?;
                known.bound = known.bound.max(*fuel);
                known.end = Some(KnownEnd::of(outcome, artifacts, keeps_contents));
                return outcome.is_reproducible().then_some((name, known));
            }
            Happening::Waiting { .. } | Happening::Dropped { .. } => return None,
        }
        let more = match happening {
            Happening::Advanced { .. } => 0,
            _ => happening.bytes(),
        };
        recording.bytes += more;
        self.bytes += more;
        if self.bytes > BYTES_MAX {
            self.forget(trial);
        }
        None
    }

    /// What is known of a trial with its name, if the shelf has less.
    pub(in crate::executor) fn news(&mut self, trial: TrialId) -> Option<(Digest, &Known)> {
        let recording = self.trials.get_mut(&trial)?;
        if recording.known.bound <= recording.shelved {
            return None;
        }
        recording.shelved = recording.known.bound;
        Some((recording.name, &recording.known))
    }

    pub(in crate::executor) fn forget(&mut self, trial: TrialId) {
        self.take(trial);
    }

    fn take(&mut self, trial: TrialId) -> Option<Recording> {
        let recording = self.trials.remove(&trial)?;
        self.names.remove(&recording.name);
        self.bytes -= recording.bytes;
        Some(recording)
    }

    /// Whether a trial of that name is recorded.
    pub(in crate::executor) fn has(&self, name: Digest) -> bool {
        self.names.contains(&name)
    }

    /// The trials that are recorded.
    pub(in crate::executor) fn trials(&self) -> Vec<TrialId> {
        self.trials.keys().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{Outcome, Report, TrapKind};

    const TRIAL: TrialId = TrialId(3);

    fn reported(fuel: u64) -> Happening {
        Happening::Reported { trial: TRIAL, fuel: Fuel(fuel), report: Report::default() }
    }

    fn ended(fuel: u64, outcome: Outcome) -> Happening {
        Happening::Ended { trial: TRIAL, fuel: Fuel(fuel), outcome, artifacts: Vec::new() }
    }

    fn begun() -> Recordings {
        let mut recordings = Recordings::default();
        recordings.begin(TRIAL, Digest::of(b"name"), Fuel(0));
        recordings
    }

    #[test]
    fn the_end_of_a_trap_is_never_before_what_was_known() {
        let mut recordings = begun();
        recordings.note(&Happening::Advanced { trial: TRIAL, fuel: Fuel(5), memory_bytes: 0 }, true);
        let trap = Outcome::Trapped { trap: TrapKind::Unreachable };
        let (_, known) = recordings.note(&ended(2, trap), true).unwrap();
        assert_eq!(known.bound, Fuel(5));
        assert_eq!((recordings.trials(), recordings.bytes), (vec![], 0));
    }

    #[test]
    fn an_end_that_depends_on_the_machine_is_not_kept() {
        for outcome in [Outcome::StackOverflowed, Outcome::Crashed, Outcome::GpuTimeout] {
            assert_eq!(begun().note(&ended(2, outcome), true), None);
        }
    }

    #[test]
    fn only_what_the_shelf_does_not_have_is_news() {
        let mut recordings = begun();
        assert!(recordings.news(TRIAL).is_none());
        recordings.note(&reported(4), true);
        assert_eq!(recordings.news(TRIAL).map(|(_, known)| known.bound), Some(Fuel(4)));
        assert!(recordings.news(TRIAL).is_none());
        recordings.begin(TRIAL, Digest::of(b"name"), Fuel(4));
        recordings.note(&reported(4), true);
        assert!(recordings.news(TRIAL).is_none());
        recordings.note(&reported(6), true);
        assert!(recordings.news(TRIAL).is_some());
    }

    #[test]
    fn recordings_that_are_forgotten_take_no_room() {
        let mut recordings = begun();
        recordings.note(&reported(4), true);
        assert!(recordings.bytes > 0);
        recordings.forget(TRIAL);
        assert_eq!(recordings.bytes, 0);
        assert!(recordings.note(&reported(5), true).is_none());
    }
}
