//! Ordered data of a rung: rewards split at a rank, with insertion in logarithmic time.
//!
//! Talks to nobody. Rewards are only ever added, and the split wanders as their number grows, by one place at a time as a
//! rule. Two heaps that meet at the split are then enough, and take no more room than the rewards themselves.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Items in two parts: none of the lower part is greater than one of the upper part.
#[derive(Debug)]
pub(super) struct Split<T: Ord> {
    lower: BinaryHeap<T>,
    upper: BinaryHeap<Reverse<T>>,
}

impl<T: Ord> Split<T> {
    pub(super) fn new() -> Self {
        Self { lower: BinaryHeap::new(), upper: BinaryHeap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.lower.len() + self.upper.len()
    }

    pub(super) fn greatest_of_lower(&self) -> Option<&T> {
        self.lower.peek()
    }

    pub(super) fn least_of_upper(&self) -> Option<&T> {
        self.upper.peek().map(|Reverse(item)| item)
    }

    /// Adds an item and moves the split, so that the lower part has `lower_len` items, or all if there are fewer.
    pub(super) fn insert(&mut self, item: T, lower_len: usize) {
        match self.lower.peek() {
            Some(greatest) if item < *greatest => self.lower.push(item),
            _ => self.upper.push(Reverse(item)),
        }
        while self.lower.len() > lower_len {
            let Some(item) = self.lower.pop() else { break };
            self.upper.push(Reverse(item));
        }
        while self.lower.len() < lower_len {
            let Some(Reverse(item)) = self.upper.pop() else { break };
            self.lower.push(item);
        }
    }
}
