//! What a searcher does with a space: draws configurations from it, and changes them.

use crate::description::{Domain, Parameter};
use crate::random::Random;
use crate::value::Value;

/// A search space: parameters in order, so that a condition is on an earlier one.
#[derive(Debug, Clone, PartialEq)]
pub struct Space {
    parameters: Vec<Parameter>,
}

/// A point of a space: a value for each active parameter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Configuration(Vec<(String, Value)>);

impl Configuration {
    /// The value of the parameter of that name, if it is active.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// Sets the value of a parameter.
    pub fn set(&mut self, name: &str, value: Value) {
        match self.0.iter_mut().find(|(own, _)| own == name) {
            Some((_, place)) => *place = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// All names with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl Space {
    /// The space of these parameters.
    pub fn new(parameters: Vec<Parameter>) -> Self {
        Self { parameters }
    }

    /// All parameters, constants included.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Whether a parameter is part of a configuration that has a value for every earlier one.
    pub fn is_active(&self, parameter: &Parameter, configuration: &Configuration) -> bool {
        let Some(condition) = &parameter.condition else { return true };
        let choice = self.parameters.iter().find(|it| it.name == condition.parameter).map(|it| &it.domain);
        let taken = configuration.get(&condition.parameter);
        match (choice, taken) {
            (Some(Domain::Choice(values)), Some(taken)) => values.get(condition.choice as usize) == Some(taken),
            _ => false,
        }
    }

    /// The configuration whose value for each active parameter is the chosen one; constants have theirs.
    pub fn with(&self, mut choose: impl FnMut(&Parameter) -> Value) -> Configuration {
        let mut configuration = Configuration::default();
        for parameter in &self.parameters {
            if !self.is_active(parameter, &configuration) {
                continue;
            }
            let value = match &parameter.domain {
                Domain::Constant(value) => value.clone(),
                _ => choose(parameter),
            };
            configuration.0.push((parameter.name.clone(), value));
        }
        configuration
    }

    /// The configuration of all defaults. The engine tells a default for every parameter.
    pub fn default_configuration(&self) -> Configuration {
        self.with(|parameter| parameter.default.clone().unwrap_or_else(|| parameter.domain.first()))
    }

    /// A random configuration: each active parameter by its own scale, each choice equally likely.
    pub fn sample(&self, random: &mut Random) -> Configuration {
        self.with(|parameter| parameter.domain.sample(random))
    }

    /// The configuration with another value for one of its active parameters, drawn at random; what becomes active by that is
    /// drawn, too. Where nothing can be changed it is the same.
    pub fn mutated(&self, configuration: &Configuration, random: &mut Random) -> Configuration {
        let can_change =
            |parameter: &&Parameter| self.is_active(parameter, configuration) && parameter.domain.has_several();
        let candidates: Vec<&Parameter> = self.parameters.iter().filter(can_change).collect();
        if candidates.is_empty() {
            return configuration.clone();
        }
        let changed = candidates[random.index(candidates.len())];
        self.with(|parameter| match configuration.get(&parameter.name) {
            Some(value) if parameter.name == changed.name => parameter.domain.another(value, random),
            Some(value) => value.clone(),
            None => parameter.domain.sample(random),
        })
    }
}

impl Domain {
    /// Some value.
    fn first(&self) -> Value {
        match self {
            Self::Real(range) => Value::Real(range.lower),
            Self::Integer(range) => Value::Integer(range.lower),
            Self::Boolean => Value::Boolean(false),
            Self::Choice(values) => values.first().cloned().unwrap_or(Value::Boolean(false)),
            Self::Constant(value) => value.clone(),
        }
    }

    /// Whether there is more than one value.
    fn has_several(&self) -> bool {
        match self {
            Self::Choice(values) => values.len() > 1,
            Self::Constant(_) => false,
            Self::Real(_) | Self::Integer(_) | Self::Boolean => true,
        }
    }

    /// A random value.
    pub fn sample(&self, random: &mut Random) -> Value {
        match self {
            Self::Real(range) => Value::Real(between(range.lower, range.upper, range.log, random)),
            // An integer stands for what rounds to it, so both ends get their halves. Ends are exact in a double.
            Self::Integer(range) if range.log => {
                let real = between(range.lower as f64 - 0.5, range.upper as f64 + 0.5, true, random);
                Value::Integer((real.round() as i64).clamp(range.lower, range.upper))
            }
            Self::Integer(range) => {
                let count = range.upper.abs_diff(range.lower) + 1;
                Value::Integer(range.lower.wrapping_add_unsigned(random.below(count)))
            }
            Self::Boolean => Value::Boolean(random.chance(0.5)),
            Self::Choice(values) if !values.is_empty() => values[random.index(values.len())].clone(),
            Self::Choice(_) | Self::Constant(_) => self.first(),
        }
    }

    /// A random value other than this one, of a domain that has several.
    fn another(&self, value: &Value, random: &mut Random) -> Value {
        loop {
            let other = self.sample(random);
            if other != *value {
                return other;
            }
        }
    }
}

/// A real number between the two, uniformly, or so that its logarithm is.
fn between(lower: f64, upper: f64, log: bool, random: &mut Random) -> f64 {
    let share = random.uniform();
    let real = if log { lower * (upper / lower).powf(share) } else { lower + share * (upper - lower) };
    real.clamp(lower, upper)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::{Condition, IntegerRange, RealRange};

    fn parameter(name: &str, domain: Domain) -> Parameter {
        let default = Some(domain.first());
        Parameter { name: name.into(), domain, default, condition: None }
    }

    fn space() -> Space {
        let texts = |texts: [&str; 2]| Domain::Choice(texts.map(|text| Value::Text(text.into())).to_vec());
        let momentum = Domain::Real(RealRange { lower: 0.0, upper: 0.9, log: false });
        let under = Some(Condition { parameter: "optimiser".into(), choice: 1 });
        Space::new(vec![
            parameter("rate", Domain::Real(RealRange { lower: 1e-4, upper: 1.0, log: true })),
            parameter("units", Domain::Integer(IntegerRange { lower: 8, upper: 64, log: true })),
            parameter("layers", Domain::Integer(IntegerRange { lower: -1, upper: 1, log: false })),
            parameter("optimiser", texts(["adam", "sgd"])),
            Parameter { condition: under, ..parameter("optimiser.sgd.momentum", momentum) },
            parameter("epochs", Domain::Constant(Value::Integer(9))),
        ])
    }

    fn assert_whole(space: &Space, configuration: &Configuration) {
        let is_sgd = configuration.get("optimiser") == Some(&Value::Text("sgd".into()));
        assert_eq!(configuration.get("optimiser.sgd.momentum").is_some(), is_sgd);
        assert_eq!(configuration.iter().count(), if is_sgd { 6 } else { 5 });
        for (name, value) in configuration.iter() {
            let domain = &space.parameters().iter().find(|it| it.name == name).unwrap().domain;
            let fits = match (domain, value) {
                (Domain::Real(range), Value::Real(real)) => (range.lower..=range.upper).contains(real),
                (Domain::Integer(range), Value::Integer(integer)) => (range.lower..=range.upper).contains(integer),
                (Domain::Choice(values), value) => values.contains(value),
                (Domain::Constant(constant), value) => constant == value,
                _ => false,
            };
            assert!(fits, "{name} = {value}");
        }
    }

    #[test]
    fn what_is_drawn_is_of_the_space() {
        let (space, mut random) = (space(), Random::new(1));
        assert_whole(&space, &space.default_configuration());
        let mut low = 0;
        for _ in 0..2_000 {
            let drawn = space.sample(&mut random);
            assert_whole(&space, &drawn);
            low += usize::from(matches!(drawn.get("rate"), Some(Value::Real(rate)) if *rate < 1e-2));
        }
        assert!((900..1_100).contains(&low), "half of the rates are below the middle of the logarithms: {low}");
    }

    #[test]
    fn a_mutation_changes_one_parameter_and_what_hangs_on_it() {
        let (space, mut random) = (space(), Random::new(2));
        let mut parent = space.default_configuration();
        for _ in 0..500 {
            let child = space.mutated(&parent, &mut random);
            assert_whole(&space, &child);
            let changed = child.iter().filter(|(name, value)| parent.get(name) != Some(*value)).count();
            let hangs = usize::from(child.iter().count() > parent.iter().count());
            assert_eq!(changed, 1 + hangs, "{parent:?} to {child:?}");
            parent = child;
        }
    }
}
