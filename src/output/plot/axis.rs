//! Axes: where a value stands, which ticks there are and how they are written, and how far an axis reaches where a few values lie far out.

use crate::numeric::float::{exp, ln};

/// Ends of a linear axis are kept within this, so that their difference can be told.
const END_MAX: f64 = 4e307;

/// How values are spread over an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    Linear,
    /// All values are above 0.
    Log,
}

/// A stretch of numbers, the lower end below the upper one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    scale: Scale,
    lower: f64,
    upper: f64,
    /// Whether ticks stand at whole numbers only.
    is_whole: bool,
}

/// A tick.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    /// Where it stands, from 0 to 1.
    pub(super) position: f64,
    pub(super) label: String,
}

/// How far values reach but for a few that lie far out, and how many those are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reach {
    pub(super) lower: f64,
    pub(super) upper: f64,
    pub(super) below: usize,
    pub(super) above: usize,
}

impl Reach {
    /// Of the finite ones of the values; none if there are none.
    ///
    /// A value lies far out where its distance from the middle 90 % of the values (50 % where there are fewer than 20) is more than five
    /// times their width (a hundred times where there are fewer than 20).
    pub(super) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.retain(|value| value.is_finite());
        values.sort_unstable_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        let (share, factor) = if values.len() < 20 { (0.25, 100.0) } else { (0.05, 5.0) };
        let low = (share * last as f64).ceil() as usize;
        let (lower, upper) = match (values.get(low), values.get(last.saturating_sub(low))) {
            (Some(lower), Some(upper)) if lower <= upper => (*lower, *upper),
            // Of two, the one that is nearer to 0.
            (Some(upper), Some(lower)) => {
                if lower.abs() < upper.abs() {
                    (*lower, *lower)
                } else {
                    (*upper, *upper)
                }
            }
            _ => return None,
        };
        let width = upper - lower;
        let beyond = if width > 0.0 { factor * width } else { 100.0 * lower.abs().max(1.0) };
        let inside: Vec<f64> =
            values.iter().copied().filter(|value| lower - value <= beyond && value - upper <= beyond).collect();
        let (first, last) = (*inside.first()?, *inside.last()?);
        let below = values.partition_point(|value| *value < first);
        let above = values.len() - values.partition_point(|value| *value <= last);
        Some(Self { lower: first, upper: last, below, above })
    }

    /// What a caption says of the values that lie outside; nothing if none do.
    pub(super) fn note(&self, what: &str) -> Option<String> {
        let outside = self.below + self.above;
        let (verb, plural) = if outside == 1 { ("lies", "") } else { ("lie", "s") };
        (outside > 0)
            .then(|| format!("{} {what}{plural} {verb} beyond the axis, drawn at its edge", grouped(outside as u64)))
    }
}

impl Axis {
    /// From `lower` to `upper`, with a margin of that share on both sides.
    pub(super) fn linear(lower: f64, upper: f64, margin: f64) -> Self {
        let (lower, upper) = (lower.clamp(-END_MAX, END_MAX), upper.clamp(-END_MAX, END_MAX));
        let width = upper - lower;
        // Equal ends, or ends between which there is hardly a number.
        let least = (lower.abs().max(upper.abs()) * 1e-12).max(f64::MIN_POSITIVE * 1e6);
        let margin = if width > least {
            width * margin
        } else if lower == 0.0 && upper == 0.0 {
            1.0
        } else {
            lower.abs().max(upper.abs()) * 0.1
        };
        let (lower, upper) = ((lower - margin).max(-END_MAX), (upper + margin).min(END_MAX));
        Self { scale: Scale::Linear, lower, upper, is_whole: false }
    }

    /// From `lower` to `upper`, both above 0 and different.
    pub(super) fn log(lower: f64, upper: f64) -> Self {
        if lower > 0.0 && upper > lower && upper.is_finite() {
            Self { scale: Scale::Log, lower, upper, is_whole: false }
        } else {
            Self::linear(lower, upper, 0.0)
        }
    }

    /// The same with ticks at whole numbers only.
    pub(super) fn whole(self) -> Self {
        Self { is_whole: true, ..self }
    }

    /// Where the value stands, from 0 to 1; values outside are at the ends.
    pub(super) fn position(&self, value: f64) -> f64 {
        let position = match self.scale {
            Scale::Linear => (value.clamp(-END_MAX, END_MAX) - self.lower) / (self.upper - self.lower),
            Scale::Log => (ln(value) - ln(self.lower)) / (ln(self.upper) - ln(self.lower)),
        };
        if position.is_nan() { 0.0 } else { position.clamp(0.0, 1.0) }
    }

    /// Whether the value lies outside.
    pub(super) fn is_outside(&self, value: f64) -> bool {
        value < self.lower || value > self.upper
    }

    /// The value at a position from 0 to 1.
    pub(super) fn value(&self, position: f64) -> f64 {
        match self.scale {
            Scale::Linear => self.lower + position * (self.upper - self.lower),
            Scale::Log => exp(ln(self.lower) + position * (ln(self.upper) - ln(self.lower))),
        }
    }

    /// At most about so many ticks, in order.
    pub(super) fn ticks(&self, count_max: usize) -> Vec<Tick> {
        let values = match self.scale {
            Scale::Linear => return self.linear_ticks(count_max),
            Scale::Log => self.log_values(count_max),
        };
        if values.len() < 2 {
            return self.linear_ticks(count_max.min(4));
        }
        let tick = |value: f64| Tick { position: self.position(value), label: plain(value) };
        values.into_iter().map(tick).collect()
    }

    fn linear_ticks(&self, count_max: usize) -> Vec<Tick> {
        let mut step = nice_step((self.upper - self.lower) / count_max.max(1) as f64);
        if self.is_whole {
            step = step.max(1.0);
        }
        if !(step.is_finite() && step > 0.0) {
            return Vec::new();
        }
        let (first, last) = ((self.lower / step - 1e-9).ceil(), (self.upper / step + 1e-9).floor());
        let count = (last - first).clamp(0.0, 2.0 * count_max as f64 + 2.0) as usize;
        let largest = (first.abs().max(last.abs())) * step;
        let tick = |index: usize| {
            let value = (first + index as f64) * step;
            Tick { position: self.position(value), label: stepped(value, step, largest) }
        };
        (0..=count).map(tick).filter(|_| first <= last).collect()
    }

    /// Powers of ten, or 1, 2 and 5 of each where there are few.
    fn log_values(&self, count_max: usize) -> Vec<f64> {
        let (first, last) = (libm::floor(libm::log10(self.lower)) as i32, libm::ceil(libm::log10(self.upper)) as i32);
        let within = |value: &f64| *value >= self.lower * (1.0 - 1e-9) && *value <= self.upper * (1.0 + 1e-9);
        let of = |factors: &[f64], stride: i32| -> Vec<f64> {
            let powers = (first..=last).filter(|power| power.rem_euclid(stride) == 0);
            let values =
                powers.flat_map(|power| factors.iter().map(move |factor| factor * libm::pow(10.0, f64::from(power))));
            values.filter(within).collect()
        };
        let powers = of(&[1.0], 1).len();
        for (factors, powers_max) in [(&[1.0, 2.0, 5.0][..], 3), (&[1.0, 3.0][..], 2)] {
            let values = of(factors, 1);
            if powers <= powers_max && (2..=count_max.max(2)).contains(&values.len()) {
                return values;
            }
        }
        let strides = (1..=64).map(|stride| of(&[1.0], stride));
        strides.into_iter().find(|values| values.len() <= count_max.max(2)).unwrap_or_default()
    }
}

/// 1, 2 or 5 times a power of ten, not below `least`.
fn nice_step(least: f64) -> f64 {
    let power = libm::pow(10.0, libm::floor(libm::log10(least)));
    [1.0, 2.0, 5.0, 10.0]
        .iter()
        .map(|factor| factor * power)
        .find(|step| *step >= least * (1.0 - 1e-9))
        .unwrap_or(least)
}

/// A multiple of `step` beside others up to `largest`: as many decimals as they need, large ones with a decimal prefix.
fn stepped(value: f64, step: f64, largest: f64) -> String {
    const PREFIXES: [(f64, &str); 7] =
        [(1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")];
    if value == 0.0 {
        return "0".into();
    }
    if !(1e-3..1e21).contains(&largest) {
        return exponential(value, step);
    }
    let prefix = PREFIXES.iter().find(|(unit, _)| largest >= *unit * if *unit > 1.0 { 10.0 } else { 1.0 });
    let (unit, prefix) = prefix.copied().unwrap_or((1.0, ""));
    format!("{}{prefix}", minus(&format!("{:.*}", decimals(step / unit), value / unit)))
}

/// How many decimals tell multiples of `step` apart.
fn decimals(step: f64) -> usize {
    (-libm::floor(libm::log10(step) + 1e-9)).clamp(0.0, 12.0) as usize
}

fn exponential(value: f64, step: f64) -> String {
    let power = libm::floor(libm::log10(value.abs()));
    let digits = (power - libm::floor(libm::log10(step) + 1e-9)).clamp(0.0, 6.0) as usize;
    minus(&format!("{value:.digits$e}"))
}

/// A number that stands alone, such as a power of ten.
fn plain(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-3..1e5).contains(&magnitude) {
        let text = format!("{value:.2e}");
        return minus(&match text.split_once('e') {
            Some((digits, power)) if digits.contains('.') => {
                format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.'))
            }
            _ => text,
        });
    }
    let text = format!("{value:.6}");
    minus(text.trim_end_matches('0').trim_end_matches('.'))
}

/// With the sign that is as wide as a digit.
fn minus(text: &str) -> String {
    text.replace('-', "−")
}

/// A reward beside a trial.
pub(super) fn reward(value: f64) -> String {
    minus(&crate::output::number::real(value))
}

/// A count with a comma after each three digits.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: Axis, count: usize) -> Vec<String> {
        axis.ticks(count).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_stand_at_round_numbers_and_are_short() {
        assert_eq!(labels(Axis::linear(0.0, 1.0, 0.0), 5), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(Axis::linear(0.0, 250_000.0, 0.0), 5), ["0", "50k", "100k", "150k", "200k", "250k"]);
        assert_eq!(labels(Axis::linear(1.0, 4.0, 0.0).whole(), 10), ["1", "2", "3", "4"]);
        assert_eq!(labels(Axis::linear(-2e-5, 2e-5, 0.0), 4), ["−2e−5", "−1e−5", "0", "1e−5", "2e−5"]);
        assert_eq!(labels(Axis::log(1e-4, 1.0), 6), ["1e−4", "0.001", "0.01", "0.1", "1"]);
        assert_eq!(labels(Axis::log(16.0, 128.0), 6), ["20", "50", "100"]);
    }

    #[test]
    fn hostile_ends_still_make_an_axis() {
        for (lower, upper) in [(0.0, 0.0), (-1e308, 1e308), (1e308, 1e308), (5e-324, 5e-324), (1.0, 1.0 + f64::EPSILON)]
        {
            let axis = Axis::linear(lower, upper, 0.05);
            let ticks = axis.ticks(6);
            assert!(ticks.len() <= 14, "{lower} {upper}: {ticks:?}");
            assert!((0.0..=1.0).contains(&axis.position(lower)), "{lower} {upper}");
            assert!(axis.position(f64::NAN) == 0.0);
        }
        assert!(Axis::log(1e-308, 1e308).ticks(6).len() <= 14);
        assert!(Axis::log(1.0, 1.0 + 1e-9).ticks(6).len() <= 14);
    }

    #[test]
    fn a_few_values_far_out_do_not_stretch_the_axis() {
        let mut values: Vec<f64> = (0..100).map(|number| f64::from(number) / 100.0).collect();
        values.extend([1e308, -1e308, f64::NAN]);
        assert_eq!(Reach::of(values), Some(Reach { lower: 0.0, upper: 0.99, below: 1, above: 1 }));
        assert_eq!(Reach::of(vec![0.5, 1e308]), Some(Reach { lower: 0.5, upper: 0.5, below: 0, above: 1 }));
        assert_eq!(Reach::of(vec![0.5, 0.1, 0.9]), Some(Reach { lower: 0.1, upper: 0.9, below: 0, above: 0 }));
        assert_eq!(Reach::of(vec![f64::NAN]), None);
    }

    #[test]
    fn counts_are_grouped() {
        assert_eq!([999, 1_000, 1_234_567].map(grouped), ["999", "1,000", "1,234,567"]);
    }
}
