//! Configurations as points of the unit cube, for searchers that model the reward.
//!
//! One entry for a real, an integer or a boolean (an integer from 0 to 1); one entry for each value of a choice, 1 at the one
//! taken. Entries follow the order of [`Space::searched`]. An inactive parameter is encoded by its default.

use std::collections::BTreeMap;

use super::{Config, Domain, IntegerRange, Space, SpaceError, Value};
use crate::numeric::float::first_largest;

/// A point does not belong to the space's cube.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the space has {expected} encoded dimensions, not {given}")]
pub struct EncodeError {
    /// How many entries the space's points have.
    pub expected: usize,
    /// How many entries were given.
    pub given: usize,
}

/// How a boolean is encoded.
const BOOLEAN_RANGE: IntegerRange = IntegerRange { lower: 0, upper: 1, log: false };

impl Domain {
    fn encoded_size(&self) -> usize {
        match self {
            Self::Choice(values) => values.len(),
            Self::Constant(_) => 0,
            _ => 1,
        }
    }
}

impl Space {
    /// How many entries a point has.
    #[must_use]
    pub fn encoded_size(&self) -> usize {
        self.searched().map(|parameter| parameter.domain.encoded_size()).sum()
    }

    /// The point of `config`.
    ///
    /// # Errors
    /// If `config` is not of this space.
    pub fn encode(&self, config: &Config) -> Result<Vec<f64>, SpaceError> {
        self.check(config)?;
        let mut point = Vec::with_capacity(self.encoded_size());
        for parameter in self.searched() {
            let value = config.get(&parameter.name).unwrap_or(&parameter.default);
            match (&parameter.domain, value) {
                (Domain::Real(range), Value::Real(real)) => point.push(range.position(*real)),
                (Domain::Integer(range), Value::Integer(integer)) => point.push(range.position(*integer)),
                (Domain::Boolean, Value::Boolean(boolean)) => point.push(BOOLEAN_RANGE.position(i64::from(*boolean))),
                (Domain::Choice(values), value) => {
                    point.extend(values.iter().map(|choice| if choice.same(value) { 1.0 } else { 0.0 }));
                }
                // `check` refused every other pair.
                _ => {}
            }
        }
        Ok(point)
    }

    /// The configuration nearest to `point`: intervals by clipping and rounding, choices by their largest entry, the first
    /// of equals. Parameters that its choices make inactive are left out.
    ///
    /// # Errors
    /// If the number of entries is not the space's.
    pub fn decode(&self, point: &[f64]) -> Result<Config, EncodeError> {
        let expected = self.encoded_size();
        if point.len() != expected {
            return Err(EncodeError { expected, given: point.len() });
        }
        let mut rest = point;
        let mut values = BTreeMap::new();
        for parameter in self.searched() {
            let (entries, others) = rest.split_at(parameter.domain.encoded_size());
            rest = others;
            let value = match &parameter.domain {
                Domain::Real(range) => Value::Real(range.at(entries[0])),
                Domain::Integer(range) => Value::Integer(range.at(entries[0])),
                Domain::Boolean => Value::Boolean(BOOLEAN_RANGE.at(entries[0]) == 1),
                Domain::Choice(choices) => choices[first_largest(entries)].clone(),
                Domain::Constant(value) => value.clone(),
            };
            values.insert(&parameter.name, value);
        }
        Ok(self.config_with(|parameter| values.get(&parameter.name).unwrap_or(&parameter.default).clone()))
    }
}
