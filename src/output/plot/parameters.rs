//! Where the values of a parameter stand on an axis of its own, and which parameters are shown where there are too many.

use std::collections::BTreeMap;

use super::axis::{Axis, Tick};
use crate::numeric::print::Print;
use crate::output::{Account, importances, number};
use crate::space::{Config, Domain, Parameter, Value};

/// An axis for the values of a parameter.
pub(super) enum ValueAxis {
    /// Of numbers.
    Numbers(Axis),
    /// Of values without an order, by their prints; each has a strip of its own.
    Strips { places: BTreeMap<u128, usize>, labels: Vec<String> },
}

impl ValueAxis {
    pub(super) fn of(domain: &Domain) -> Self {
        match domain {
            Domain::Real(range) if range.log => Self::Numbers(Axis::log(range.lower, range.upper)),
            Domain::Real(range) => Self::Numbers(Axis::linear(range.lower, range.upper, 0.0)),
            Domain::Integer(range) if range.log => Self::Numbers(Axis::log(range.lower as f64, range.upper as f64)),
            Domain::Integer(range) => {
                Self::Numbers(Axis::linear(range.lower as f64 - 0.5, range.upper as f64 + 0.5, 0.0).whole())
            }
            Domain::Boolean => Self::strips(&[Value::Boolean(false), Value::Boolean(true)]),
            Domain::Choice(values) => Self::strips(values),
            Domain::Constant(value) => Self::strips(std::slice::from_ref(value)),
        }
    }

    fn strips(values: &[Value]) -> Self {
        let places = values.iter().enumerate().map(|(place, value)| (print(value), place)).collect();
        Self::Strips { places, labels: values.iter().map(number::value).collect() }
    }

    /// Where the parameter's value stands, from 0 to 1: in the middle of its strip, moved within it by `shift` from −1 to 1. None if the
    /// configuration lacks it.
    pub(super) fn position(&self, parameter: &Parameter, config: &Config, shift: f64) -> Option<f64> {
        let value = config.get(&parameter.name)?;
        match self {
            Self::Numbers(axis) => value.as_number().map(|number| axis.position(number)),
            Self::Strips { places, labels } => {
                let place = *places.get(&print(value))?;
                Some((place as f64 + 0.5 + 0.35 * shift) / labels.len() as f64)
            }
        }
    }

    /// At most about so many ticks; of strips an even sample.
    pub(super) fn ticks(&self, count_max: usize) -> Vec<Tick> {
        match self {
            Self::Numbers(axis) => axis.ticks(count_max),
            Self::Strips { labels, .. } => {
                let places: Vec<usize> = (0..labels.len()).collect();
                let tick = |place: &usize| Tick {
                    position: (*place as f64 + 0.5) / labels.len() as f64,
                    label: labels.get(*place).cloned().unwrap_or_default(),
                };
                super::sample::evenly(&places, count_max.max(1)).map(tick).collect()
            }
        }
    }
}

fn print(value: &Value) -> u128 {
    let mut print = Print::new();
    value.add_to(&mut print);
    print.finish()
}

/// At most `count` of the parameters that are searched: all in order of declaration, or where there are more those that mattered most,
/// with what a caption says of it.
pub(super) fn shown(account: &Account, count: usize) -> (Vec<&Parameter>, Option<String>) {
    let spec = account.spec();
    let searched: Vec<&Parameter> =
        (spec.space.parameters().iter()).filter(|parameter| !matches!(parameter.domain, Domain::Constant(_))).collect();
    if searched.len() <= count {
        return (searched, None);
    }
    let total = searched.len();
    let Some(ranked) = importances(spec, account.state()) else {
        return (searched.into_iter().take(count).collect(), Some(format!("The first {count} of {total} parameters")));
    };
    let names: std::collections::BTreeSet<&str> = ranked.iter().take(count).map(|one| one.name.as_str()).collect();
    let most = searched.into_iter().filter(|parameter| names.contains(parameter.name.as_str())).collect();
    (most, Some(format!("The {count} of {total} parameters that mattered most")))
}
