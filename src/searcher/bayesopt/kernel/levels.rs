//! The resources that occur among points: few, however many points there are, so that what two of them make of a covariance is
//! worked out once.
//!
//! Talks to its parent.

use super::{Pair, Parameters};

/// The resource of each point, and what the covariance makes of any two.
#[derive(Default)]
pub(in super::super) struct Levels {
    resources: Vec<f64>,
    /// For each resource, its pairs with the ones up to itself.
    pairs: Vec<Vec<Pair>>,
    /// For each point, which of the resources it has.
    of: Vec<usize>,
}

impl Levels {
    /// Takes one more point.
    pub(in super::super) fn push(&mut self, parameters: &Parameters, resource: f64) {
        let level = self.find(resource).unwrap_or_else(|| {
            self.resources.push(resource);
            let pairs = self.resources.iter().map(|other| parameters.pair(resource, *other)).collect();
            self.pairs.push(pairs);
            self.resources.len() - 1
        });
        self.of.push(level);
    }

    /// Forgets the points after so many.
    pub(in super::super) fn truncate(&mut self, size: usize) {
        self.of.truncate(size);
    }

    /// For each point, the number of its resource.
    pub(in super::super) fn of(&self) -> &[usize] {
        &self.of
    }

    /// The different resources.
    pub(in super::super) fn resources(&self) -> &[f64] {
        &self.resources
    }

    /// What a resource makes of the covariance with a point of each of the different ones.
    pub(in super::super) fn pairs(&self, parameters: &Parameters, resource: f64) -> Vec<Pair> {
        match self.find(resource) {
            Some(level) => (0..self.resources.len()).map(|other| self.pair(level, other)).collect(),
            None => self.resources.iter().map(|other| parameters.pair(resource, *other)).collect(),
        }
    }

    /// The pair of two of the different resources.
    pub(in super::super) fn pair(&self, left: usize, right: usize) -> Pair {
        self.pairs[left.max(right)][left.min(right)]
    }

    fn find(&self, resource: f64) -> Option<usize> {
        self.resources.iter().position(|other| other.to_bits() == resource.to_bits())
    }
}
