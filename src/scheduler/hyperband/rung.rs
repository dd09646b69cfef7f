//! Ordered data of a rung: rewards split at a rank, with insertion in about constant time.
//!
//! Talks to nobody. Rewards are only ever added, and the split wanders as their number grows, by one place at a time as a
//! rule. Two heaps that meet at the split would be enough. But what crosses the split goes all the way down one heap and all the
//! way up the other, and in a rung of a million every step of that way misses the caches. So the items next to the split are kept
//! apart, sorted: the split wanders among them, and most other items go to the bottom of a heap and stay there.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// How many items are kept sorted next to the split, on each side of it, at most.
const NEAR_MAX: usize = 64;
/// How many there are after some were moved to the heap or from it: as far from too many as from none.
const NEAR_AFTER: usize = NEAR_MAX / 2;

/// Items in two parts: none of the lower part is greater than one of the upper part.
#[derive(Debug)]
pub(super) struct Split<T: Ord> {
    lower: Part<T>,
    upper: Part<Reverse<T>>,
}

/// One side of a split; the greatest item is the next to it.
#[derive(Debug)]
struct Part<T: Ord> {
    /// The greatest items, rising; empty only if there are none at all.
    near: Vec<T>,
    /// All others.
    far: BinaryHeap<T>,
}

impl<T: Ord> Split<T> {
    pub(super) fn new() -> Self {
        Self { lower: Part::new(), upper: Part::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.lower.len() + self.upper.len()
    }

    pub(super) fn greatest_of_lower(&self) -> Option<&T> {
        self.lower.greatest()
    }

    pub(super) fn least_of_upper(&self) -> Option<&T> {
        self.upper.greatest().map(|Reverse(item)| item)
    }

    /// Adds an item and moves the split, so that the lower part has `lower_len` items, or all if there are fewer. Hands `risen`
    /// each item that came from the lower part to the upper one.
    pub(super) fn insert(&mut self, item: T, lower_len: usize, mut risen: impl FnMut(&T)) {
        match self.lower.greatest() {
            Some(greatest) if item < *greatest => self.lower.push(item),
            _ => self.upper.push(Reverse(item)),
        }
        while self.lower.len() > lower_len {
            let Some(item) = self.lower.pop() else { break };
            risen(&item);
            self.upper.push(Reverse(item));
        }
        while self.lower.len() < lower_len {
            let Some(Reverse(item)) = self.upper.pop() else { break };
            self.lower.push(item);
        }
    }
}

impl<T: Ord> Part<T> {
    fn new() -> Self {
        Self { near: Vec::new(), far: BinaryHeap::new() }
    }

    fn len(&self) -> usize {
        self.near.len() + self.far.len()
    }

    fn greatest(&self) -> Option<&T> {
        self.near.last()
    }

    fn push(&mut self, item: T) {
        if self.near.first().is_some_and(|least| item < *least) {
            self.far.push(item);
            return;
        }
        // What crosses the split belongs at the end.
        let place = match self.near.last() {
            Some(greatest) if item < *greatest => self.near.partition_point(|near| *near < item),
            _ => self.near.len(),
        };
        self.near.insert(place, item);
        if self.near.len() > NEAR_MAX {
            self.far.extend(self.near.drain(..NEAR_MAX - NEAR_AFTER));
        }
    }

    /// Takes the greatest item.
    fn pop(&mut self) -> Option<T> {
        let item = self.near.pop()?;
        if self.near.is_empty() {
            self.near.extend(std::iter::from_fn(|| self.far.pop()).take(NEAR_AFTER));
            self.near.reverse();
        }
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_split_is_where_it_is_in_a_sorted_list(
            steps in prop::collection::vec((0..200_u16, 0..1_000_usize, prop::bool::weighted(0.02)), 0..800),
            share in 0..1_000_usize,
        ) {
            let (mut split, mut sorted, mut last_lower_len) = (Split::new(), Vec::<(u16, usize)>::new(), 0);
            for (number, (item, place, jumps)) in steps.into_iter().enumerate() {
                // Now and then it goes anywhere, past the end even; else it wanders.
                let lower_len = (number + 2) * if jumps { place } else { share } / 1_000;
                let item = (item, number);
                let place = sorted.partition_point(|known| *known < item);
                let is_lower = place < last_lower_len;
                sorted.insert(place, item);
                let mut risen = Vec::new();
                split.insert(item, lower_len, |item| risen.push(*item));
                let lower_len = lower_len.min(sorted.len());
                prop_assert_eq!(split.len(), sorted.len());
                prop_assert_eq!(split.greatest_of_lower(), sorted[..lower_len].last());
                prop_assert_eq!(split.least_of_upper(), sorted.get(lower_len));
                let first_above = last_lower_len + usize::from(is_lower);
                risen.reverse();
                prop_assert_eq!(&risen, &sorted[lower_len.min(first_above)..first_above]);
                last_lower_len = lower_len;
            }
        }
    }
}
