//! Configurations near to another: one parameter moved, and now and then further ones.
//!
//! Talks to `space` and `numeric`.

use crate::numeric::normal;
use crate::numeric::random::Stream;
use crate::space::{Config, Domain, IntegerRange, Space};

/// How far reals and long integers are moved, as standard deviations of their range: near and wide, each half of the time.
const NEAR: f64 = 0.05;
const WIDE: f64 = 0.2;
/// An integer with so many values at most is moved by whole steps.
const STEPPED_MAX: u64 = 20;
/// One such step in so many is of two.
const DOUBLE_STEP: u64 = 4;

/// How one parameter is moved.
enum Move {
    /// By one or two values.
    Step(IntegerRange),
    /// By a normal step.
    Wander,
    /// To its other value.
    Flip,
    /// To any of so many values.
    Redraw(usize),
}

/// The moves of all parameters of a space, in the order of the encoding.
pub(super) struct Neighbourhood(Vec<Move>);

impl Move {
    fn of(domain: &Domain) -> Self {
        match domain {
            Domain::Integer(range) if range.count() <= STEPPED_MAX => Self::Step(*range),
            Domain::Boolean => Self::Flip,
            Domain::Choice(values) => Self::Redraw(values.len()),
            // There is no constant among the parameters that are searched.
            Domain::Integer(_) | Domain::Real(_) | Domain::Constant(_) => Self::Wander,
        }
    }

    /// How many entries of a point the parameter has.
    fn size(&self) -> usize {
        match self {
            Self::Redraw(size) => *size,
            Self::Step(_) | Self::Wander | Self::Flip => 1,
        }
    }

    fn apply(&self, entries: &mut [f64], deviation: f64, stream: &mut Stream) {
        match self {
            Self::Step(range) => {
                let is_up = stream.below(2) == 0;
                let step = if stream.below(DOUBLE_STEP) == 0 { 2 } else { 1 };
                entries[0] = range.position(stepped(range, range.at(entries[0]), if is_up { step } else { -step }));
            }
            Self::Wander => entries[0] = reflected(entries[0], deviation * normal::draw(stream)),
            Self::Flip => entries[0] = if entries[0] < 0.5 { 1.0 } else { 0.0 },
            Self::Redraw(size) => {
                let chosen = stream.below(*size as u64) as usize;
                entries.fill(0.0);
                entries[chosen] = 1.0;
            }
        }
    }
}

/// The value a step further, or back where that is outside.
fn stepped(range: &IntegerRange, value: i64, step: i64) -> i64 {
    let further = value + step;
    let inside = if (range.lower..=range.upper).contains(&further) { further } else { value - step };
    inside.clamp(range.lower, range.upper)
}

/// The position a step further, or back where that is outside.
fn reflected(position: f64, step: f64) -> f64 {
    let further = position + step;
    let inside = if (0.0..=1.0).contains(&further) { further } else { position - step };
    inside.clamp(0.0, 1.0)
}

impl Neighbourhood {
    pub(super) fn of(space: &Space) -> Self {
        Self(space.searched().map(|parameter| Move::of(&parameter.domain)).collect())
    }

    /// How many entries of a point each parameter has.
    pub(super) fn sizes(&self) -> impl Iterator<Item = usize> {
        self.0.iter().map(Move::size)
    }

    /// A configuration near to the one at a point: one parameter is moved for sure, and of n parameters each other one with
    /// probability 1/n. Moves of those that are not active come to nothing.
    pub(super) fn near(&self, space: &Space, point: &[f64], stream: &mut Stream) -> Option<Config> {
        let mut moved = point.to_vec();
        let count = self.0.len();
        let forced = stream.below(count as u64) as usize;
        let deviation = if stream.uniform() < 0.5 { WIDE } else { NEAR };
        let mut rest = moved.as_mut_slice();
        for (index, parameter) in self.0.iter().enumerate() {
            let (entries, others) = std::mem::take(&mut rest).split_at_mut(parameter.size());
            rest = others;
            if index == forced || stream.uniform() < 1.0 / count as f64 {
                parameter.apply(entries, deviation, stream);
            }
        }
        space.decode(&moved).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::numeric::amount::Seed;
    use crate::numeric::random::Purpose;
    use crate::space::{Parameter, RealRange, Value};

    /// What 300 moves make of the default of a parameter.
    fn reached(domain: Domain, default: Value) -> Vec<Value> {
        let parameter = Parameter { default, ..Parameter::new("p", domain) };
        let space = Space::new(vec![parameter]).unwrap();
        let point = space.encode(&space.default_config()).unwrap();
        let mut stream = Stream::new(Seed(1), Purpose::Neighbour, 0, 0);
        let neighbourhood = Neighbourhood::of(&space);
        let near = |_| neighbourhood.near(&space, &point, &mut stream).unwrap().get("p").unwrap().clone();
        (0..300).map(near).collect()
    }

    fn integers(lower: i64, upper: i64, log: bool, default: i64) -> BTreeSet<i64> {
        let domain = Domain::Integer(IntegerRange { lower, upper, log });
        let integer = |value| match value {
            Value::Integer(integer) => integer,
            other => panic!("{other} is no integer"),
        };
        reached(domain, Value::Integer(default)).into_iter().map(integer).collect()
    }

    #[test]
    fn an_integer_with_few_values_moves_by_one_or_two_and_back_at_its_ends() {
        for log in [false, true] {
            assert_eq!(integers(1, 9, log, 5), [3, 4, 6, 7].into(), "log: {log}");
            assert_eq!(integers(1, 9, log, 9), [7, 8].into(), "log: {log}");
            assert_eq!(integers(1, 9, log, 2), [1, 3, 4].into(), "log: {log}");
        }
        assert_eq!(integers(0, 1, false, 0), [0, 1].into());
    }

    #[test]
    fn a_real_wanders_within_its_range() {
        let range = RealRange { lower: 0.0, upper: 1.0, log: false };
        let moved: Vec<f64> =
            reached(Domain::Real(range), Value::Real(0.0)).iter().filter_map(Value::as_number).collect();
        assert!(moved.iter().all(|x| (0.0..=1.0).contains(x)));
        assert!(moved.iter().any(|&x| x > 0.3) && moved.iter().filter(|&&x| x < 0.1).count() > 100);
    }

    #[test]
    fn a_boolean_flips_and_a_choice_takes_any_value() {
        assert!(reached(Domain::Boolean, Value::Boolean(false)).iter().all(|value| value.same(&Value::Boolean(true))));
        let values: Vec<Value> = ["a", "b", "c"].map(Value::from).to_vec();
        let taken = reached(Domain::Choice(values.clone()), values[0].clone());
        assert!(values.iter().all(|value| taken.iter().any(|taken| taken.same(value))));
    }
}
