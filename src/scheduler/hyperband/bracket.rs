//! Brackets: with which rung a trial begins, how likely each bracket is, and the draws.
//!
//! Talks to nobody. The draws are those of the original, so that a study moved from there draws the same brackets: NumPy's
//! legacy generator (MT19937), one uniform double a draw, looked up among the cumulative probabilities.

use rand_mt::Mt;

/// How likely each bracket is. Bracket s of S levels begins at level r_s; its weight is S / ((S − s) · r_s), which spends about
/// the same resource on every bracket (Li et al. 2018, arXiv 1810.05934).
pub(super) fn probabilities(levels: &[u64], num_brackets: usize) -> Vec<f64> {
    let count = levels.len() as f64;
    let weight = |(index, level): (usize, &u64)| count / ((levels.len() - index) as f64 * *level as f64);
    let weights: Vec<f64> = levels.iter().enumerate().take(num_brackets).map(weight).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

/// Draws a bracket for each job.
pub(super) struct BracketDraws {
    /// The cumulative probabilities; one item a bracket.
    cumulative: Vec<f64>,
    /// None where there is nothing to draw. Boxed, since it is large.
    generator: Option<Box<Mt>>,
}

impl BracketDraws {
    pub(super) fn new(probabilities: &[f64], seed: u32) -> Self {
        let sums = probabilities.iter().scan(0.0, |sum, probability| {
            *sum += probability;
            Some(*sum)
        });
        let mut cumulative: Vec<f64> = sums.collect();
        if let Some(&total) = cumulative.last() {
            cumulative.iter_mut().for_each(|sum| *sum /= total);
        }
        let generator = (cumulative.len() > 1).then(|| Box::new(Mt::new(seed)));
        Self { cumulative, generator }
    }

    /// The bracket that is asked for, or the next draw. One that does not exist counts as the last.
    pub(super) fn next(&mut self, forced: Option<u32>) -> u32 {
        // As many brackets as levels at most, so their number fits.
        let last = self.cumulative.len().saturating_sub(1) as u32;
        match (forced, &mut self.generator) {
            (Some(bracket), _) => bracket.min(last),
            (None, None) => 0,
            (None, Some(generator)) => {
                let uniform = uniform(generator);
                (self.cumulative.partition_point(|sum| *sum <= uniform) as u32).min(last)
            }
        }
    }
}

/// A number from [0, 1) with 53 random bits, as the reference implementation of MT19937 makes it of two words.
fn uniform(generator: &mut Mt) -> f64 {
    let high = f64::from(generator.next_u32() >> 5);
    let low = f64::from(generator.next_u32() >> 6);
    (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
}
