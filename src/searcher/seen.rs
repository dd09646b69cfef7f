//! Which configurations were suggested: a set of keys, found in one step however many there are.
//!
//! Talks to nobody. The bits of a key are as good as random: they say where it lies, and no hash is needed. Nothing depends on the
//! order in which keys lie.

use crate::space::ConfigKey;

/// A set of configurations, by key.
pub(super) struct Seen {
    /// A power of two of places, never more than half of them taken.
    places: Vec<Option<ConfigKey>>,
    len: usize,
}

impl Seen {
    pub(super) fn new() -> Self {
        Self { places: vec![None; 16], len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn contains(&self, key: &ConfigKey) -> bool {
        self.places[self.place(key)].is_some()
    }

    /// Adds a key; whether it is new.
    pub(super) fn insert(&mut self, key: ConfigKey) -> bool {
        let place = self.place(&key);
        if self.places[place].is_some() {
            return false;
        }
        self.places[place] = Some(key);
        self.len += 1;
        if self.len * 2 > self.places.len() {
            self.grow();
        }
        true
    }

    /// Where the key lies, or where it belongs: the first free place from the one that its bits name.
    fn place(&self, key: &ConfigKey) -> usize {
        let mask = self.places.len() - 1;
        // The highest bits: so keys keep their order when the set grows, and memory is gone through once from end to end.
        let mut place = (key.0.get() >> (u128::BITS - self.places.len().trailing_zeros())) as usize;
        while self.places[place].is_some_and(|other| other != *key) {
            place = (place + 1) & mask;
        }
        place
    }

    fn grow(&mut self) {
        let larger = vec![None; self.places.len() * 2];
        for key in std::mem::replace(&mut self.places, larger).into_iter().flatten() {
            let place = self.place(&key);
            self.places[place] = Some(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU128;

    use super::*;

    #[test]
    fn a_key_is_new_once_also_where_many_belong_into_one_place() {
        let mut seen = Seen::new();
        // All of them belong into the first place, and differ behind the bits that say so.
        let key = |number: u8| ConfigKey(NonZeroU128::MIN.saturating_add(number.into()));
        for number in 0..=u8::MAX {
            assert!(!seen.contains(&key(number)));
            assert!(seen.insert(key(number)));
            assert!(!seen.insert(key(number)));
        }
        assert_eq!(seen.len(), 256);
        assert!((0..=u8::MAX).all(|number| seen.contains(&key(number))));
    }
}
