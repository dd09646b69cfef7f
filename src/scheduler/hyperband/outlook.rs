//! How many trials a study's rungs can expect, to tell beforehand where there will be too few to compare.
//!
//! Talks to the specification only. Estimates for people; no decision rests on them.

use super::{HyperbandKind, HyperbandSpec};
use crate::numeric::float::round_half_even;

/// A rung at which too few trials are expected for its decisions to mean anything.
#[derive(Clone, Debug, PartialEq)]
pub struct SparseRung {
    /// The bracket whose rung it is; none for one that all brackets share.
    pub bracket: Option<u32>,
    /// Its level.
    pub level: u64,
    /// About how many trials reach it.
    pub expected: f64,
    /// How many it takes for one of them to be told from the others.
    pub needed: u64,
    /// With about so many jobs, enough are expected at every rung.
    pub num_trials: u64,
}

impl HyperbandSpec {
    /// The rung that lacks the most trials if a study starts so many jobs; none if all have enough.
    ///
    /// If q of a rung's trials go on, it takes 1/q to tell one of them; fewer than two cannot be compared at all.
    #[must_use]
    pub fn sparse_rung(&self, num_trials: u64) -> Option<SparseRung> {
        let sparse =
            self.expected_entries(num_trials).into_iter().filter_map(|(bracket, level, quantile, expected)| {
                // A cast from a float saturates.
                let needed = (round_half_even(1.0 / quantile) as u64).max(2);
                let lack = needed as f64 / expected;
                // Only a clear lack counts: more trials may go on than the rule's share.
                (lack > 1.25).then(|| {
                    let num_trials = (num_trials as f64 * lack).ceil() as u64;
                    SparseRung { bracket, level, expected, needed, num_trials }
                })
            });
        sparse.max_by_key(|rung| rung.num_trials)
    }

    /// Bracket, level, quantile and about how many trials, for each rung that decides something.
    fn expected_entries(&self, num_trials: u64) -> Vec<(Option<u32>, u64, f64, f64)> {
        let (levels, quantiles) = (self.levels(), self.quantiles());
        let shares = self.bracket_probabilities();
        // Of one trial that starts in the bracket, the part that reaches each rung from there on.
        let reach = |bracket: usize| {
            let passed = quantiles.iter().skip(bracket).scan(1.0, |reach, quantile| {
                let here = *reach;
                *reach *= quantile;
                Some(here)
            });
            passed.collect::<Vec<f64>>()
        };
        // Where trials are promoted, each rung that a trial reaches takes a job of its own.
        let jobs = |bracket: usize| match self.kind {
            HyperbandKind::Stopping => 1.0,
            HyperbandKind::Promotion => reach(bracket).iter().sum(),
        };
        let start =
            |bracket: usize| num_trials as f64 * shares.get(bracket).copied().unwrap_or_default() / jobs(bracket);
        let mut entries = Vec::new();
        let mut shared = vec![0.0; levels.len()];
        for bracket in 0..shares.len() {
            for (rung, reached) in (bracket..levels.len()).zip(reach(bracket)) {
                let expected = start(bracket) * reached;
                shared[rung] += expected;
                // There are no more brackets than 32 bits count.
                entries.push((Some(bracket as u32), levels[rung], quantiles[rung], expected));
            }
        }
        if !self.rung_system_per_bracket {
            let rungs = levels.iter().zip(&quantiles).zip(&shared);
            entries = rungs.map(|((level, quantile), expected)| (None, *level, *quantile, *expected)).collect();
        }
        entries.retain(|(_, level, ..)| *level < self.max_t);
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rung_is_sparse_where_fewer_trials_are_expected_than_it_takes_to_tell_one() {
        let study = |kind, max_t, brackets| HyperbandSpec { brackets, ..HyperbandSpec::new(kind, max_t) };
        let stopping = study(HyperbandKind::Stopping, 27, 1);
        assert_eq!(stopping.sparse_rung(27), None);
        let sparse = stopping.sparse_rung(9).unwrap();
        assert_eq!((sparse.bracket, sparse.level, sparse.expected, sparse.needed), (Some(0), 9, 1.0, 3));
        assert_eq!(sparse.num_trials, 27);
        // Promotions take jobs, too.
        let promotion = study(HyperbandKind::Promotion, 27, 1);
        assert!(promotion.sparse_rung(27).is_some() && promotion.sparse_rung(60).is_none());
        // Brackets share the trials.
        let brackets = study(HyperbandKind::Stopping, 27, 3);
        let sparse = brackets.sparse_rung(27).unwrap();
        assert_eq!((sparse.bracket, sparse.level), (Some(0), 9));
        assert_eq!(brackets.sparse_rung(sparse.num_trials), None);
        let shared = HyperbandSpec { rung_system_per_bracket: false, ..brackets };
        assert!(shared.sparse_rung(27).is_none_or(|rung| rung.bracket.is_none()));
        assert!(shared.sparse_rung(6).is_some_and(|rung| rung.bracket.is_none() && rung.num_trials > 6));
    }

    #[test]
    fn the_examples_with_few_epochs_have_enough_trials() {
        let toy = HyperbandSpec::new(HyperbandKind::Stopping, 10);
        assert_eq!((toy.sparse_rung(100), toy.sparse_rung(20)), (None, None));
    }
}
