//! What is kept of paused trials, within a budget of memory: the one that was paused first goes first. Early trials that rest are
//! kept in what the others leave. Used by workers.

use std::collections::BTreeMap;

use crate::numeric::amount::TrialId;

/// Paused trials, each with what is kept of it.
pub(super) struct Paused<T> {
    kept: BTreeMap<TrialId, Kept<T>>,
    /// The trials in the order of their pauses.
    order: BTreeMap<u64, TrialId>,
    bytes: u64,
    bytes_max: u64,
    pauses: u64,
}

struct Kept<T> {
    what: T,
    bytes: u64,
    pause: u64,
}

impl<T> Paused<T> {
    pub(super) fn new(bytes_max: u64) -> Self {
        Self { kept: BTreeMap::new(), order: BTreeMap::new(), bytes: 0, bytes_max, pauses: 0 }
    }

    /// Keeps a trial that takes so many bytes; gives the trials that had to go for it, which may be this one.
    pub(super) fn put(&mut self, trial: TrialId, what: T, bytes: u64) -> Vec<TrialId> {
        self.take(trial);
        self.pauses += 1;
        self.order.insert(self.pauses, trial);
        self.kept.insert(trial, Kept { what, bytes, pause: self.pauses });
        self.bytes = self.bytes.saturating_add(bytes);
        let mut gone = Vec::new();
        while self.bytes > self.bytes_max
            && let Some((_, coldest)) = self.order.first_key_value()
        {
            let coldest = *coldest;
            self.take(coldest);
            gone.push(coldest);
        }
        gone
    }

    /// Keeps a trial that takes so many bytes if there is room for it; whether there was.
    pub(super) fn put_if_room(&mut self, trial: TrialId, what: T, bytes: u64) -> bool {
        let has_room = self.bytes.checked_add(bytes).is_some_and(|bytes| bytes <= self.bytes_max);
        if has_room {
            self.put(trial, what, bytes);
        }
        has_room
    }

    /// Takes a trial out, if it is still there.
    pub(super) fn take(&mut self, trial: TrialId) -> Option<T> {
        let kept = self.kept.remove(&trial)?;
        self.order.remove(&kept.pause);
        self.bytes -= kept.bytes;
        Some(kept.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trial_that_was_paused_first_goes_first() {
        let mut paused = Paused::new(100);
        assert_eq!(paused.put(TrialId(1), "one", 40), []);
        assert_eq!(paused.put(TrialId(0), "zero", 40), []);
        assert_eq!(paused.put(TrialId(2), "two", 60), [TrialId(1)]);
        assert_eq!(paused.take(TrialId(1)), None);
        assert_eq!(paused.take(TrialId(0)), Some("zero"));
        assert_eq!(paused.put(TrialId(3), "three", 40), []);
    }

    #[test]
    fn what_is_kept_only_if_there_is_room_takes_nobodys_place() {
        let mut paused = Paused::new(100);
        assert_eq!(paused.put(TrialId(1), "one", 60), []);
        assert!(!paused.put_if_room(TrialId(2), "two", 41));
        assert!(paused.put_if_room(TrialId(3), "three", 40));
        assert!(!paused.put_if_room(TrialId(4), "four", u64::MAX));
        assert_eq!([1, 2, 3].map(|trial| paused.take(TrialId(trial))), [Some("one"), None, Some("three")]);
    }

    #[test]
    fn without_a_budget_nothing_is_kept_and_what_is_too_large_takes_all_with_it() {
        assert_eq!(Paused::new(0).put(TrialId(1), (), 1), [TrialId(1)]);
        let mut paused = Paused::new(100);
        paused.put(TrialId(1), (), 100);
        assert_eq!(paused.put(TrialId(2), (), 101), [TrialId(1), TrialId(2)]);
        assert_eq!(paused.put(TrialId(3), (), 100), []);
    }
}
