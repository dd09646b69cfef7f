//! What a controller decides of a space: for each parameter one of a few options. A choice and a boolean have their values; an
//! interval is cut into parts, and a value is drawn within the part.
//!
//! Talks to `space`.

use std::collections::BTreeMap;

use crate::space::{Config, Domain, IntegerRange, Parameter, RealRange, Space, Value};

/// Into how many parts an interval is cut: even ones, or even on the logarithm where the interval is drawn so.
const PARTS: u32 = 10;

/// The decisions for the parameters of a space that are no constants, in order of declaration.
#[derive(Debug)]
pub(super) struct Decisions {
    options: Vec<Options>,
    /// The decision for the parameter of that name.
    places: BTreeMap<String, usize>,
}

/// What one decision is between.
#[derive(Debug)]
pub(super) enum Options {
    Values(Vec<Value>),
    Reals(Vec<RealRange>),
    Integers(Vec<IntegerRange>),
}

/// How many options the decision on a parameter has at most.
pub(super) fn options_in(domain: &Domain) -> u64 {
    match domain {
        Domain::Real(_) => u64::from(PARTS),
        Domain::Integer(range) => range.count().min(PARTS.into()),
        Domain::Boolean => 2,
        Domain::Choice(values) => values.len() as u64,
        Domain::Constant(_) => 0,
    }
}

impl Decisions {
    pub(super) fn of(space: &Space) -> Self {
        let searched =
            || space.parameters().iter().filter(|parameter| !matches!(parameter.domain, Domain::Constant(_)));
        let places = searched().enumerate().map(|(place, parameter)| (parameter.name.clone(), place)).collect();
        Self { options: searched().map(|parameter| Options::of(&parameter.domain)).collect(), places }
    }

    /// How many options each decision has.
    pub(super) fn sizes(&self) -> Vec<usize> {
        self.options.iter().map(Options::len).collect()
    }

    /// The decision on the parameter; none on a constant.
    pub(super) fn on(&self, parameter: &Parameter) -> Option<(usize, &Options)> {
        let place = *self.places.get(&parameter.name)?;
        Some((place, self.options.get(place)?))
    }

    /// The decisions that lead to the configuration, each with its option: those on the parameters that are active in it.
    pub(super) fn path(&self, space: &Space, config: &Config) -> Vec<(usize, usize)> {
        let active = space.parameters().iter().filter_map(|parameter| Some((parameter, config.get(&parameter.name)?)));
        active
            .filter_map(|(parameter, value)| {
                let (decision, options) = self.on(parameter)?;
                Some((decision, options.option_of(value)))
            })
            .collect()
    }
}

impl Options {
    fn of(domain: &Domain) -> Self {
        match domain {
            Domain::Real(range) => Self::Reals((0..PARTS).map(|part| part_of(range, part)).collect()),
            Domain::Integer(range) => Self::Integers(parts_of(range)),
            Domain::Boolean => Self::Values(vec![Value::Boolean(false), Value::Boolean(true)]),
            Domain::Choice(values) => Self::Values(values.clone()),
            Domain::Constant(value) => Self::Values(vec![value.clone()]),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Values(values) => values.len(),
            Self::Reals(parts) => parts.len(),
            Self::Integers(parts) => parts.len(),
        }
    }

    /// The value that the option stands for: of a part of an interval, the one at `position`, from 0 to 1.
    pub(super) fn value(&self, option: usize, position: f64) -> Value {
        match self {
            Self::Values(values) => values[option].clone(),
            Self::Reals(parts) => Value::Real(parts[option].at(position)),
            Self::Integers(parts) => Value::Integer(parts[option].at(position)),
        }
    }

    /// The option that stands for the value; the first if none does, which is so for no value of the domain.
    fn option_of(&self, value: &Value) -> usize {
        let option = match (self, value) {
            (Self::Values(values), value) => values.iter().position(|other| other.same(value)),
            (Self::Reals(parts), Value::Real(real)) => parts.iter().rposition(|part| part.lower <= *real),
            (Self::Integers(parts), Value::Integer(integer)) => parts.iter().rposition(|part| part.lower <= *integer),
            _ => None,
        };
        option.unwrap_or(0)
    }
}

fn part_of(range: &RealRange, part: u32) -> RealRange {
    let edge = |part: u32| range.at(f64::from(part) / f64::from(PARTS));
    RealRange { lower: edge(part), upper: edge(part + 1), log: range.log }
}

/// One part a value, or about even parts if the values are many. None is empty.
fn parts_of(range: &IntegerRange) -> Vec<IntegerRange> {
    let mut firsts: Vec<i64> = if range.count() <= u64::from(PARTS) {
        (range.lower..=range.upper).collect()
    } else {
        (0..PARTS).map(|part| first_of(range, f64::from(part) / f64::from(PARTS))).collect()
    };
    // On the logarithm several parts may begin at one small number.
    firsts.dedup();
    let lasts = firsts.iter().skip(1).map(|next| next - 1).chain([range.upper]);
    firsts.iter().zip(lasts).map(|(&lower, upper)| IntegerRange { lower, upper, log: range.log }).collect()
}

/// The first integer that stands at that position or behind.
fn first_of(range: &IntegerRange, position: f64) -> i64 {
    let nearest = range.at(position);
    if range.position(nearest) < position { (nearest + 1).min(range.upper) } else { nearest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::amount::Seed;
    use crate::numeric::random::{Purpose, Stream};

    fn integers(lower: i64, upper: i64, log: bool) -> Vec<(i64, i64)> {
        parts_of(&IntegerRange { lower, upper, log }).iter().map(|part| (part.lower, part.upper)).collect()
    }

    #[test]
    fn an_interval_of_integers_is_cut_into_parts_without_gaps() {
        assert_eq!(integers(3, 5, false), [(3, 3), (4, 4), (5, 5)]);
        let linear =
            [(1, 10), (11, 20), (21, 30), (31, 40), (41, 50), (51, 60), (61, 70), (71, 80), (81, 90), (91, 100)];
        assert_eq!(integers(1, 100, false), linear);
        for (lower, upper, log) in [(1, 100, true), (1, 1 << 53, true), (-(1 << 53), 1 << 53, false), (0, 10, false)] {
            let parts = integers(lower, upper, log);
            assert!(parts.len() <= PARTS as usize && parts.len() > 5, "{parts:?}");
            assert_eq!((parts[0].0, parts[parts.len() - 1].1), (lower, upper));
            assert!(parts.iter().all(|(first, last)| first <= last), "{parts:?}");
            assert!(parts.windows(2).all(|pair| pair[0].1 + 1 == pair[1].0), "{parts:?}");
        }
    }

    #[test]
    fn a_value_drawn_for_an_option_is_of_the_domain_and_leads_back_to_it() {
        let real = |lower, upper, log| Domain::Real(RealRange { lower, upper, log });
        let integer = |lower, upper, log| Domain::Integer(IntegerRange { lower, upper, log });
        let domains = [
            real(-1.0, 3.0, false),
            real(1e-8, 1e8, true),
            integer(1, 1000, true),
            integer(-50, 50, false),
            integer(2, 4, true),
            Domain::Boolean,
            Domain::Choice(vec![Value::from("a"), Value::Integer(2)]),
        ];
        let mut stream = Stream::new(Seed(1), Purpose::Policy, 0, 0);
        for domain in domains {
            let options = Options::of(&domain);
            assert!(options.len() as u64 <= options_in(&domain));
            for option in (0..options.len()).cycle().take(500) {
                let value = options.value(option, stream.uniform());
                assert!(domain.contains(&value), "{value} of {domain:?}");
                assert_eq!(options.option_of(&value), option, "{value} of {domain:?}");
            }
        }
    }

    #[test]
    fn parts_of_an_interval_hardly_wider_than_a_number_stay_within_it() {
        let (lower, upper) = (1.0, 1.0 + 2.0 * f64::EPSILON);
        for log in [false, true] {
            let domain = Domain::Real(RealRange { lower, upper, log });
            let options = Options::of(&domain);
            assert!((0..options.len()).all(|option| domain.contains(&options.value(option, 0.5))));
        }
    }
}
