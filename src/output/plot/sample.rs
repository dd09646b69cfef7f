//! Which trials are drawn where there are too many: those that count, chosen evenly, never by chance.

use crate::numeric::amount::TrialId;
use crate::numeric::float::Rank;
use crate::output::Account;
use crate::study::{TrialRecord, TrialStatus};

/// A trial that has ended, or waits, with a reward.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settled<'a> {
    pub(super) record: &'a TrialRecord,
    pub(super) reward: f64,
}

/// The trials that have ended or wait, and have a reward, in order of start.
pub(super) fn settled(account: &Account) -> impl Iterator<Item = Settled<'_>> {
    account.state().trials().iter().filter(|record| record.status != TrialStatus::Running).filter_map(|record| {
        let reward = record.reward.filter(|reward| reward.is_finite())?;
        Some(Settled { record, reward })
    })
}

/// The best trial, if there is one.
pub(super) fn best(account: &Account) -> Option<TrialId> {
    account.state().best().map(|best| best.trial)
}

/// The `count` best ones, the best first; of equals the first.
pub(super) fn best_of<'a>(trials: &[Settled<'a>], count: usize) -> Vec<Settled<'a>> {
    let mut sorted = trials.to_vec();
    // Those that violate the study's constraint come after all others.
    sorted.sort_by_key(|trial| (std::cmp::Reverse(trial.record.feasible), std::cmp::Reverse(Rank::of(trial.reward))));
    sorted.truncate(count);
    sorted
}

/// At most `count` of the items, evenly spaced, the first and the last among them.
pub(super) fn evenly<T>(items: &[T], count: usize) -> impl Iterator<Item = &T> {
    let (last, steps) = (items.len().saturating_sub(1) as u128, count.saturating_sub(1).max(1) as u128);
    let count = count.min(items.len());
    let is_whole = count == items.len();
    (0..count).filter_map(move |index| {
        let place = if is_whole { index } else { (index as u128 * last / steps) as usize };
        items.get(place)
    })
}

/// A number from 0 to 1 that looks like chance, the same each time: multiples of the golden ratio.
pub(super) fn scattered(trial: TrialId) -> f64 {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    (trial.0.wrapping_add(1).wrapping_mul(GOLDEN) >> 11) as f64 / (1_u64 << 53) as f64
}

/// The quantile of sorted values; 0 of none.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
    sorted.get(place).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_even_and_has_both_ends() {
        let items: Vec<usize> = (0..1000).collect();
        let sample: Vec<usize> = evenly(&items, 5).copied().collect();
        assert_eq!(sample, [0, 249, 499, 749, 999]);
        assert_eq!(evenly(&items[..3], 5).count(), 3);
        assert_eq!(evenly(&items, 0).count(), 0);
        assert_eq!(evenly(&items[..0], 5).count(), 0);
    }

    #[test]
    fn scattered_numbers_fill_their_interval() {
        let mut numbers: Vec<f64> = (0..100).map(|trial| scattered(TrialId(trial))).collect();
        numbers.sort_by(f64::total_cmp);
        assert!(numbers.windows(2).all(|pair| pair[1] - pair[0] < 0.03));
    }
}
