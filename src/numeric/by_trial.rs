//! Something for each of some trials, such as those that run, found in one step.
//!
//! Talks to nobody. Trials are numbered in order of start, so a list of places does what a search would; a trial that is not
//! among them costs four bytes.

use super::amount::TrialId;

/// Something for each of some trials.
#[derive(Clone, Debug)]
pub(crate) struct ByTrial<T> {
    /// For each trial up to the last that was ever among them, where it stands in `items`, counted from 1; 0 for nowhere.
    places: Vec<u32>,
    /// In no order that means anything.
    items: Vec<(TrialId, T)>,
}

impl<T> Default for ByTrial<T> {
    fn default() -> Self {
        Self { places: Vec::new(), items: Vec::new() }
    }
}

impl<T> ByTrial<T> {
    pub(crate) fn get(&self, trial: TrialId) -> Option<&T> {
        self.items.get(self.place(trial)?).map(|(_, item)| item)
    }

    pub(crate) fn get_mut(&mut self, trial: TrialId) -> Option<&mut T> {
        let place = self.place(trial)?;
        self.items.get_mut(place).map(|(_, item)| item)
    }

    /// Sets what there is for the trial.
    pub(crate) fn insert(&mut self, trial: TrialId, item: T) {
        if let Some(known) = self.get_mut(trial) {
            *known = item;
            return;
        }
        // A trial that was started has a number that memory can hold a list of.
        let index = trial.0 as usize;
        if self.places.len() <= index {
            self.places.resize(index + 1, 0);
        }
        self.items.push((trial, item));
        self.places[index] = self.items.len() as u32;
    }

    pub(crate) fn remove(&mut self, trial: TrialId) -> Option<T> {
        let place = self.place(trial)?;
        let (_, item) = self.items.swap_remove(place);
        self.places[trial.0 as usize] = 0;
        if let Some((moved, _)) = self.items.get(place) {
            self.places[moved.0 as usize] = place as u32 + 1;
        }
        Some(item)
    }

    /// All of them, in order of trials.
    pub(crate) fn sorted(&self) -> Vec<(TrialId, &T)> {
        let mut items: Vec<_> = self.items.iter().map(|(trial, item)| (*trial, item)).collect();
        items.sort_by_key(|(trial, _)| *trial);
        items
    }

    fn place(&self, trial: TrialId) -> Option<usize> {
        let place = *self.places.get(usize::try_from(trial.0).ok()?)?;
        (place as usize).checked_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_holds_what_a_map_holds(steps in prop::collection::vec((0..12_u64, prop::option::of(0..100_u32)), 0..200)) {
            let (mut table, mut map) = (ByTrial::default(), BTreeMap::new());
            for (trial, item) in steps {
                let trial = TrialId(trial);
                match item {
                    Some(item) => {
                        table.insert(trial, item);
                        map.insert(trial, item);
                    }
                    None => prop_assert_eq!(table.remove(trial), map.remove(&trial)),
                }
                let all: Vec<_> = map.iter().map(|(trial, item)| (*trial, item)).collect();
                prop_assert_eq!(table.sorted(), all);
                prop_assert!((0..14).map(TrialId).all(|trial| table.get(trial) == map.get(&trial)));
            }
        }
    }
}
