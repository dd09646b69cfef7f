//! Rung levels and their quantiles: where on the way to `max_t` trials are compared, and what share of them goes on.
//!
//! Talks to nobody. Levels are exact integers; the original computes their number through logarithms, which may lose or gain a
//! last level equal to `max_t` depending on the platform. Such a level never decides anything.

/// The levels `grace_period` · `reduction_factor`^k up to `max_t`, rising.
///
/// Ends early rather than overflow or repeat itself, so it ends for any input.
pub(super) fn geometric(grace_period: u64, reduction_factor: u64, max_t: u64) -> Vec<u64> {
    let next = |level: &u64| level.checked_mul(reduction_factor).filter(|next| next > level);
    std::iter::successors(Some(grace_period), next).take_while(|level| *level <= max_t).collect()
}

/// For each level its share of the next one, for the last its share of `max_t`: of the trials that reach a rung, that share
/// is to go on, so that every rung costs about the same (Li et al. 2018, arXiv 1810.05934).
pub(super) fn quantiles(levels: &[u64], max_t: u64) -> Vec<f64> {
    let nexts = levels.iter().skip(1).chain(std::iter::once(&max_t));
    levels.iter().zip(nexts).map(|(level, next)| *level as f64 / *next as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_powers_reach_their_last_level() {
        assert_eq!(geometric(1, 10, 1_000), [1, 10, 100, 1_000]);
        assert_eq!(geometric(1, 3, 243), [1, 3, 9, 27, 81, 243]);
        assert_eq!(geometric(2, 3, 17), [2, 6]);
    }

    #[test]
    fn levels_end_for_every_input() {
        assert_eq!(geometric(1, 2, u64::MAX).len(), 64);
        assert_eq!(geometric(u64::MAX, u64::MAX, u64::MAX), [u64::MAX]);
        assert_eq!(geometric(5, 1, u64::MAX), [5]);
        assert_eq!(geometric(0, 3, 9), [0]);
    }
}
