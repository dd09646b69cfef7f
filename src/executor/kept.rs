//! What is kept of trials that do not run, within a budget of memory. Used by workers.
//!
//! Of paused trials, the one that was paused first goes first. Early trials that rest are kept in what the paused ones leave: they
//! go before any of those, and of them the one that will be started last goes first.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::numeric::amount::TrialId;

/// Trials that do not run, each with what is kept of it.
pub(super) struct Kept<T> {
    trials: BTreeMap<TrialId, Item<T>>,
    /// The trials in the order in which they go.
    order: BTreeMap<Turn, TrialId>,
    bytes: u64,
    bytes_max: u64,
    pauses: u64,
}

struct Item<T> {
    what: T,
    bytes: u64,
    turn: Turn,
}

/// When a trial goes, if memory is short.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Resting(Reverse<TrialId>),
    Paused(u64),
}

impl<T> Kept<T> {
    pub(super) fn new(bytes_max: u64) -> Self {
        Self { trials: BTreeMap::new(), order: BTreeMap::new(), bytes: 0, bytes_max, pauses: 0 }
    }

    /// Keeps a paused trial that takes so many bytes; gives the trials that had to go for it, which may be this one.
    pub(super) fn pause(&mut self, trial: TrialId, what: T, bytes: u64) -> Vec<TrialId> {
        self.pauses += 1;
        self.put(trial, Item { what, bytes, turn: Turn::Paused(self.pauses) })
    }

    /// Keeps an early trial that takes so many bytes; gives the trials that had to go for it, which may be this one.
    pub(super) fn rest(&mut self, trial: TrialId, what: T, bytes: u64) -> Vec<TrialId> {
        self.put(trial, Item { what, bytes, turn: Turn::Resting(Reverse(trial)) })
    }

    fn put(&mut self, trial: TrialId, item: Item<T>) -> Vec<TrialId> {
        self.take(trial);
        self.bytes = self.bytes.saturating_add(item.bytes);
        self.order.insert(item.turn, trial);
        self.trials.insert(trial, item);
        let mut gone = Vec::new();
        while self.bytes > self.bytes_max
            && let Some((_, next)) = self.order.first_key_value()
        {
            let next = *next;
            self.take(next);
            gone.push(next);
        }
        gone
    }

    /// What is kept of a trial, if it is still there.
    pub(super) fn get_mut(&mut self, trial: TrialId) -> Option<&mut T> {
        self.trials.get_mut(&trial).map(|item| &mut item.what)
    }

    /// Takes a trial out, if it is still there.
    pub(super) fn take(&mut self, trial: TrialId) -> Option<T> {
        let item = self.trials.remove(&trial)?;
        self.order.remove(&item.turn);
        self.bytes -= item.bytes;
        Some(item.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [TrialId; 0] = [];

    #[test]
    fn the_trial_that_was_paused_first_goes_first() {
        let mut kept = Kept::new(100);
        assert_eq!(kept.pause(TrialId(1), "one", 40), NONE);
        assert_eq!(kept.pause(TrialId(0), "zero", 40), NONE);
        assert_eq!(kept.pause(TrialId(2), "two", 60), [TrialId(1)]);
        assert_eq!(kept.take(TrialId(1)), None);
        assert_eq!(kept.take(TrialId(0)), Some("zero"));
        assert_eq!(kept.pause(TrialId(3), "three", 40), NONE);
    }

    #[test]
    fn resting_trials_go_before_paused_ones_and_the_last_to_be_started_first() {
        let mut kept = Kept::new(100);
        assert_eq!(kept.rest(TrialId(7), "seven", 30), NONE);
        assert_eq!(kept.rest(TrialId(6), "six", 30), NONE);
        assert_eq!(kept.pause(TrialId(1), "one", 40), NONE);
        assert_eq!(kept.pause(TrialId(2), "two", 30), [TrialId(7)]);
        assert_eq!(kept.rest(TrialId(8), "eight", 30), [TrialId(8)]);
        assert_eq!(kept.pause(TrialId(3), "three", 60), [TrialId(6), TrialId(1)]);
        assert_eq!(
            [1, 2, 3, 6, 7, 8].map(|trial| kept.take(TrialId(trial)).is_some()),
            [false, true, true, false, false, false]
        );
    }

    #[test]
    fn without_a_budget_nothing_is_kept_and_what_is_too_large_takes_all_with_it() {
        assert_eq!(Kept::new(0).pause(TrialId(1), (), 1), [TrialId(1)]);
        let mut kept = Kept::new(100);
        kept.pause(TrialId(1), (), 100);
        assert_eq!(kept.pause(TrialId(2), (), 101), [TrialId(1), TrialId(2)]);
        assert_eq!(kept.pause(TrialId(3), (), 100), NONE);
    }
}
