//! A curve in a line of text: the best reward over the study's time, in blocks of eight heights.

use crate::numeric::amount::VirtualTime;

/// From the lowest to the highest.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The best reward over time.
#[derive(Debug, Default)]
pub(super) struct Sparkline {
    /// Since when the best was how good.
    steps: Vec<(VirtualTime, f64)>,
}

impl Sparkline {
    /// Takes note of the best reward as it is now.
    pub(super) fn note(&mut self, time: VirtualTime, best: f64) {
        if self.steps.last().is_none_or(|(_, earlier)| *earlier != best) {
            self.steps.push((time, best));
        }
    }

    /// The curve from the study's beginning until now in so many columns; empty before there is anything to be compared.
    pub(super) fn draw(&self, now: VirtualTime, columns: usize) -> String {
        let best = self.steps.iter().map(|(_, best)| *best);
        let (Some(lowest), Some(highest)) = (best.clone().reduce(f64::min), best.reduce(f64::max)) else {
            return String::new();
        };
        if self.steps.len() < 2 {
            return String::new();
        }
        let height = |best: f64| {
            // Halves, because the difference of two rewards may be too large to be a number.
            let share = (best / 2.0 - lowest / 2.0) / (highest / 2.0 - lowest / 2.0);
            BLOCKS[((share * 7.0).round().clamp(0.0, 7.0)) as usize]
        };
        let column = |column: usize| {
            let end = now.0 as f64 * (column + 1) as f64 / columns as f64;
            let until = self.steps.partition_point(|(time, _)| time.0 as f64 <= end);
            until.checked_sub(1).map_or(' ', |last| height(self.steps[last].1))
        };
        (0..columns).map(column).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_drawn_over_time() {
        let mut sparkline = Sparkline::default();
        assert_eq!(sparkline.draw(VirtualTime(10), 4), "");
        for (time, best) in [(2, 0.5), (3, 0.5), (6, 0.75), (8, 1.0)] {
            sparkline.note(VirtualTime(time), best);
        }
        assert_eq!(sparkline.draw(VirtualTime(8), 8), " ▁▁▁▁▅▅█");
    }

    #[test]
    fn rewards_of_any_size_are_drawn() {
        let mut sparkline = Sparkline::default();
        for (time, best) in [(0, f64::MIN), (1, 0.0), (2, f64::MAX)] {
            sparkline.note(VirtualTime(time), best);
        }
        assert_eq!(sparkline.draw(VirtualTime(u64::MAX), 2), "██");
        assert_eq!(sparkline.draw(VirtualTime(2), 2), "▅█");
    }
}
