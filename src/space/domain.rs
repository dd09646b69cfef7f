//! The values that one parameter may take.

use serde::{Deserialize, Serialize};

use super::Value;
use crate::numeric::float::{exp, ln, round_half_even, round_to_10_decimals};

/// The values that one parameter may take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Domain {
    /// A real number from an interval.
    Real(RealRange),
    /// An integer from an interval.
    Integer(IntegerRange),
    /// False or true.
    Boolean,
    /// One of a list of distinct values, at least one.
    Choice(Vec<Value>),
    /// Always this value: no dimension of the search.
    Constant(Value),
}

/// An interval of real numbers, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RealRange {
    /// The smallest value; greater than 0 if `log`.
    pub lower: f64,
    /// The largest value.
    pub upper: f64,
    /// Whether values are drawn, and distances measured, on the logarithm.
    pub log: bool,
}

/// An interval of integers, both ends included. Ends are within ±2⁵³, where `f64` counts exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegerRange {
    /// The smallest value; greater than 0 if `log`.
    pub lower: i64,
    /// The largest value.
    pub upper: i64,
    /// Whether values are drawn, and distances measured, on the logarithm.
    pub log: bool,
}

/// How far an integer's interval is widened on both sides, so that rounding gives its ends their full share. Not quite a
/// half: the original's constant.
const INTEGER_MARGIN: f64 = 0.49999;

impl RealRange {
    /// The value at `position` from 0 to 1 of the interval; positions outside are clipped.
    #[must_use]
    pub fn at(&self, position: f64) -> f64 {
        let value = if self.log {
            let (lower, upper) = (ln(self.lower), ln(self.upper));
            exp(position * (upper - lower) + lower)
        } else {
            position * (self.upper - self.lower) + self.lower
        };
        value.clamp(self.lower, self.upper)
    }

    /// Where `value` stands in the interval, from 0 to 1, clipped.
    #[must_use]
    pub fn position(&self, value: f64) -> f64 {
        let position = if self.log {
            (ln(value) - ln(self.lower)) / (ln(self.upper) - ln(self.lower))
        } else {
            (value - self.lower) / (self.upper - self.lower)
        };
        position.clamp(0.0, 1.0)
    }

    /// `value` rounded to 10 decimals as the original does with defaults, unless that leaves the interval.
    #[must_use]
    pub fn rounded(&self, value: f64) -> f64 {
        let rounded = round_to_10_decimals(value);
        if (self.lower..=self.upper).contains(&rounded) { rounded } else { value }
    }

    /// The middle of the interval (of the logarithms if `log`), rounded.
    #[must_use]
    pub fn middle(&self) -> f64 {
        let middle =
            if self.log { exp((ln(self.lower) + ln(self.upper)) / 2.0) } else { self.lower / 2.0 + self.upper / 2.0 };
        // Unlike `clamp` this does not panic if the ends are the wrong way round, which is for `Space::new` to refuse.
        self.rounded(middle.max(self.lower).min(self.upper))
    }
}

impl IntegerRange {
    /// The interval of reals whose rounding gives the integers.
    fn widened(&self) -> RealRange {
        RealRange {
            lower: self.lower as f64 - INTEGER_MARGIN,
            upper: self.upper as f64 + INTEGER_MARGIN,
            log: self.log,
        }
    }

    /// The integer at `position` from 0 to 1 of the widened interval, ties to even.
    #[must_use]
    pub fn at(&self, position: f64) -> i64 {
        // Within ±2⁵³, so the cast is exact.
        (round_half_even(self.widened().at(position)) as i64).clamp(self.lower, self.upper)
    }

    /// Where `value` stands in the widened interval, from 0 to 1.
    #[must_use]
    pub fn position(&self, value: i64) -> f64 {
        self.widened().position(value as f64)
    }

    /// The middle of the interval (of the logarithms if `log`), ties to even.
    #[must_use]
    pub fn middle(&self) -> i64 {
        let (lower, upper) = (self.lower as f64, self.upper as f64);
        let middle = if self.log { exp((ln(lower) + ln(upper)) / 2.0) } else { (lower + upper) / 2.0 };
        // Not `clamp`, as for reals.
        (round_half_even(middle) as i64).max(self.lower).min(self.upper)
    }

    /// How many integers the interval has.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.lower.abs_diff(self.upper) + 1
    }
}

impl Domain {
    /// The default where none is given: the middle of an interval, false, the first choice, or the constant. Of a choice
    /// without values, which no valid space has, an empty text.
    #[must_use]
    pub fn default_value(&self) -> Value {
        match self {
            Self::Real(range) => Value::Real(range.middle()),
            Self::Integer(range) => Value::Integer(range.middle()),
            Self::Boolean => Value::Boolean(false),
            Self::Choice(values) => values.first().cloned().unwrap_or_else(|| Value::from("")),
            Self::Constant(value) => value.clone(),
        }
    }

    /// Whether `value` is of the domain's kind and within it.
    #[must_use]
    pub fn contains(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Real(range), Value::Real(real)) => (range.lower..=range.upper).contains(real),
            (Self::Integer(range), Value::Integer(integer)) => (range.lower..=range.upper).contains(integer),
            (Self::Boolean, Value::Boolean(_)) => true,
            (Self::Choice(values), value) => values.iter().any(|choice| choice.same(value)),
            (Self::Constant(constant), value) => constant.same(value),
            _ => false,
        }
    }

    /// How many values the domain has; none if they cannot be counted.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::Real(_) => None,
            Self::Integer(range) => Some(range.count()),
            Self::Boolean => Some(2),
            Self::Choice(values) => Some(values.len() as u64),
            Self::Constant(_) => Some(1),
        }
    }
}
