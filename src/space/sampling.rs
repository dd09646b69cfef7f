//! Drawing configurations, and enumerating those of a finite space.

use super::{Config, Domain, Parameter, Space, Value};
use crate::numeric::random::Stream;

impl Space {
    /// A random configuration: each active parameter is drawn on its own, in order of declaration; inactive ones draw
    /// nothing.
    pub fn sample(&self, stream: &mut Stream) -> Config {
        self.config_with(|parameter| sample_value(parameter, stream))
    }
}

fn sample_value(parameter: &Parameter, stream: &mut Stream) -> Value {
    match &parameter.domain {
        Domain::Real(range) => Value::Real(range.at(stream.uniform())),
        Domain::Integer(range) => Value::Integer(range.at(stream.uniform())),
        Domain::Boolean => Value::Boolean(stream.below(2) == 1),
        // A valid choice has at least one value, so that `below` has something to draw from.
        Domain::Choice(values) => values[stream.below(values.len() as u64) as usize].clone(),
        Domain::Constant(value) => value.clone(),
    }
}
