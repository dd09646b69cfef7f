//! Parameters, their conditions, and the space they make up.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Config, Domain, Value};

/// How many parameters a space may have.
pub const PARAMETERS_MAX: usize = 1_000;
/// How many values a choice may have.
pub const CHOICES_MAX: usize = 10_000;
/// How long a parameter's full name may be.
pub const NAME_BYTES_MAX: usize = 128;
/// Integers beyond this are not counted exactly by `f64`.
const INTEGER_MAX: u64 = 1 << 53;

/// One dimension of a search space, or a constant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// The full name, parts joined by `.`.
    pub name: String,
    /// The values it may take.
    pub domain: Domain,
    /// Its value in the default configuration.
    pub default: Value,
    /// When it is part of a configuration; always, if none.
    pub condition: Option<Condition>,
}

/// A parameter is active if another one, a choice, has taken a certain value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// The name of the other parameter, which stands earlier in the space.
    pub parameter: String,
    /// The index of the value that it must have taken.
    pub choice: u32,
}

/// A space is not well formed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("parameter `{parameter}`: {problem}")]
pub struct SpaceError {
    /// The full name of the parameter.
    pub parameter: String,
    /// What is wrong with it.
    pub problem: String,
}

/// A search space: parameters in order of declaration, conditions after what they depend on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Parameter>", into = "Vec<Parameter>")]
pub struct Space {
    parameters: Vec<Parameter>,
    /// Their names, for configurations to share.
    names: Vec<Arc<str>>,
    /// Where no parameter has a condition, what every configuration has in common.
    shape: Option<Box<Shape>>,
    /// Indices into `parameters` without the constants, in the order of the encoding.
    order: Vec<usize>,
}

/// The names of a configuration that has all parameters.
#[derive(Clone, Debug, PartialEq)]
struct Shape {
    /// In ascending order.
    names: Arc<[Arc<str>]>,
    /// Where among them each parameter's is.
    places: Vec<usize>,
}

impl Shape {
    fn of(names: &[Arc<str>]) -> Self {
        let mut sorted = names.to_vec();
        sorted.sort();
        let places = names.iter().map(|name| sorted.partition_point(|other| other < name)).collect();
        Self { names: sorted.into(), places }
    }
}

impl Parameter {
    /// A parameter that is always active, with the domain's own default.
    pub fn new(name: impl Into<String>, domain: Domain) -> Self {
        let default = domain.default_value();
        Self { name: name.into(), domain, default, condition: None }
    }

    /// The name that decides the order of the encoding: the original's flattened name, with its separator U+2581.
    fn order_key(&self) -> String {
        let mut key = self.name.replace('.', "\u{2581}");
        if matches!(self.domain, Domain::Choice(_)) {
            key.push_str("\u{2581}choice");
        }
        key
    }

    fn check(&self) -> Result<(), String> {
        check_name(&self.name)?;
        match &self.domain {
            Domain::Real(range) => {
                if !range.lower.is_finite() || !range.upper.is_finite() {
                    return Err("the ends of its interval must be finite".into());
                }
                if !(range.upper - range.lower).is_finite() {
                    return Err("its interval is wider than a real number can tell".into());
                }
                check_interval(range.lower < range.upper, range.log, range.lower > 0.0)?;
            }
            Domain::Integer(range) => {
                if range.lower.unsigned_abs() > INTEGER_MAX || range.upper.unsigned_abs() > INTEGER_MAX {
                    return Err("the ends of its interval must be within ±2⁵³".into());
                }
                check_interval(range.lower < range.upper, range.log, range.lower > 0)?;
            }
            Domain::Choice(values) => check_choices(values)?,
            Domain::Boolean | Domain::Constant(_) => {}
        }
        if !self.domain.contains(&self.default) {
            return Err(format!("its default {} is not among its values", self.default));
        }
        Ok(())
    }
}

fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return Err(format!("a name has 1 to {NAME_BYTES_MAX} bytes"));
    }
    if name.split('.').any(str::is_empty) {
        return Err("no part of a name may be empty".into());
    }
    if name.chars().any(|letter| letter.is_control() || letter == '\u{2581}') {
        return Err("a name may have no control character and no U+2581".into());
    }
    Ok(())
}

fn check_interval(ascending: bool, log: bool, positive: bool) -> Result<(), String> {
    if !ascending {
        return Err("its lower end must be less than its upper end".into());
    }
    if log && !positive {
        return Err("an interval on the logarithm must begin above 0".into());
    }
    Ok(())
}

fn check_choices(values: &[Value]) -> Result<(), String> {
    if values.is_empty() || values.len() > CHOICES_MAX {
        return Err(format!("a choice has 1 to {CHOICES_MAX} values"));
    }
    let mut seen = std::collections::BTreeSet::new();
    for value in values {
        if matches!(value, Value::Real(real) if !real.is_finite()) {
            return Err("the values of a choice must be finite".into());
        }
        if !seen.insert(crate::numeric::digest::canonical_bytes(value)) {
            return Err(format!("the value {value} occurs twice"));
        }
    }
    Ok(())
}

impl Space {
    /// Checks the parameters and makes a space of them.
    ///
    /// # Errors
    /// Names the first parameter that is not well formed: a bad name, an empty interval, a logarithm of something not
    /// positive, a default outside the domain, equal names, or a condition on something that is no earlier choice.
    pub fn new(parameters: Vec<Parameter>) -> Result<Self, SpaceError> {
        let fail = |parameter: &Parameter, problem: String| SpaceError { parameter: parameter.name.clone(), problem };
        if let Some(parameter) = parameters.get(PARAMETERS_MAX) {
            return Err(fail(parameter, format!("a space has at most {PARAMETERS_MAX} parameters")));
        }
        let mut earlier: BTreeMap<&str, &Parameter> = BTreeMap::new();
        for parameter in &parameters {
            parameter.check().map_err(|problem| fail(parameter, problem))?;
            if let Some(condition) = &parameter.condition {
                match earlier.get(condition.parameter.as_str()).map(|parent| &parent.domain) {
                    Some(Domain::Choice(values)) if (condition.choice as usize) < values.len() => {}
                    Some(Domain::Choice(values)) => {
                        let problem = format!(
                            "its condition names value {} of `{}`, which has {}",
                            condition.choice,
                            condition.parameter,
                            values.len()
                        );
                        return Err(fail(parameter, problem));
                    }
                    _ => {
                        let problem =
                            format!("its condition names `{}`, which is no earlier choice", condition.parameter);
                        return Err(fail(parameter, problem));
                    }
                }
            }
            if earlier.insert(&parameter.name, parameter).is_some() {
                return Err(fail(parameter, "the name occurs twice".into()));
            }
        }
        let mut order: Vec<usize> =
            (0..parameters.len()).filter(|&index| !matches!(parameters[index].domain, Domain::Constant(_))).collect();
        order.sort_by_cached_key(|&index| parameters[index].order_key());
        let names: Vec<Arc<str>> = parameters.iter().map(|parameter| Arc::from(parameter.name.as_str())).collect();
        let has_conditions = parameters.iter().any(|parameter| parameter.condition.is_some());
        let shape = (!has_conditions).then(|| Box::new(Shape::of(&names)));
        Ok(Self { parameters, names, shape, order })
    }

    /// The parameters in order of declaration, constants included.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The parameters that are searched, in the order of the encoding: ascending by the code points of the original's
    /// flattened names.
    pub fn searched(&self) -> impl DoubleEndedIterator<Item = &Parameter> + ExactSizeIterator {
        self.order.iter().map(|&index| &self.parameters[index])
    }

    /// The parameter of that name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// Whether `parameter` is part of a configuration that has the values of `config` for the parameters before it.
    #[must_use]
    pub fn is_active(&self, parameter: &Parameter, config: &Config) -> bool {
        self.is_active_beside(parameter, |name| config.get(name))
    }

    /// The same for the values that `taken` gives.
    fn is_active_beside<'a>(&self, parameter: &Parameter, taken: impl FnOnce(&str) -> Option<&'a Value>) -> bool {
        let Some(condition) = &parameter.condition else { return true };
        let Some(Domain::Choice(values)) = self.parameter(&condition.parameter).map(|parent| &parent.domain) else {
            return false;
        };
        match (taken(&condition.parameter), values.get(condition.choice as usize)) {
            (Some(taken), Some(wanted)) => taken.same(wanted),
            _ => false,
        }
    }

    /// The configuration that takes, for each active parameter in order of declaration, the value that `choose` gives;
    /// constants keep theirs.
    pub fn config_with(&self, mut choose: impl FnMut(&Parameter) -> Value) -> Config {
        let mut value_of = |parameter: &Parameter| match &parameter.domain {
            Domain::Constant(value) => value.clone(),
            _ => choose(parameter),
        };
        if let Some(shape) = &self.shape {
            let Shape { names, places } = shape.as_ref();
            let mut values = vec![Value::Boolean(false); places.len()];
            for (parameter, place) in self.parameters.iter().zip(places) {
                values[*place] = value_of(parameter);
            }
            return Config::of(Arc::clone(names), values);
        }
        let mut values = BTreeMap::new();
        for (parameter, name) in self.parameters.iter().zip(&self.names) {
            if self.is_active_beside(parameter, |name| values.get(name)) {
                values.insert(Arc::clone(name), value_of(parameter));
            }
        }
        values.into_iter().collect()
    }

    /// The configuration of the defaults.
    #[must_use]
    pub fn default_config(&self) -> Config {
        self.config_with(|parameter| parameter.default.clone())
    }

    /// A partial configuration with the defaults in place of what it leaves out.
    ///
    /// # Errors
    /// Names the first parameter that is outside its domain, unknown or inactive.
    pub fn completed(&self, partial: &Config) -> Result<Config, SpaceError> {
        let mut config =
            self.config_with(|parameter| partial.get(&parameter.name).unwrap_or(&parameter.default).clone());
        // What does not belong goes in all the same, to be named.
        for (name, value) in partial.iter() {
            config.insert(name, value.clone());
        }
        self.check(&config).map(|()| config)
    }

    /// Checks that `config` has a value within the domain for each active parameter and constant, and nothing else.
    ///
    /// # Errors
    /// Names the first parameter that is missing, outside its domain, unknown or inactive.
    pub fn check(&self, config: &Config) -> Result<(), SpaceError> {
        let fail = |name: &str, problem: String| Err(SpaceError { parameter: name.to_owned(), problem });
        for parameter in &self.parameters {
            if !self.is_active(parameter, config) {
                continue;
            }
            match config.get(&parameter.name) {
                None => return fail(&parameter.name, "the configuration has no value for it".into()),
                Some(value) if !parameter.domain.contains(value) => {
                    return fail(&parameter.name, format!("the value {value} is not among its values"));
                }
                Some(_) => {}
            }
        }
        for (name, _) in config.iter() {
            match self.parameter(name) {
                None => return fail(name, "the space has no such parameter".into()),
                Some(parameter) if !self.is_active(parameter, config) => {
                    return fail(name, "it is not active in this configuration".into());
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// How many configurations the space has, if they can be counted: none if an interval of reals can be active, or if
    /// there are more than `u64` counts.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        // The number of configurations of the parameters under one condition is a product over them; a choice is the sum,
        // over its values, of the products of what hangs on each. Children stand after their parents, so one pass from the
        // end has each child counted before its parent.
        let mut below: BTreeMap<(&str, u32), Option<u64>> = BTreeMap::new();
        let mut total = Some(1_u64);
        for parameter in self.parameters.iter().rev() {
            let own = match &parameter.domain {
                Domain::Choice(values) => (0..values.len() as u32).try_fold(0_u64, |sum, choice| {
                    let product = below.get(&(parameter.name.as_str(), choice)).copied().unwrap_or(Some(1));
                    sum.checked_add(product?)
                }),
                domain => domain.count(),
            };
            let product = match &parameter.condition {
                Some(condition) => below.entry((condition.parameter.as_str(), condition.choice)).or_insert(Some(1)),
                None => &mut total,
            };
            *product = product.zip(own).and_then(|(product, own)| product.checked_mul(own));
        }
        total
    }
}

impl TryFrom<Vec<Parameter>> for Space {
    type Error = SpaceError;

    fn try_from(parameters: Vec<Parameter>) -> Result<Self, SpaceError> {
        Self::new(parameters)
    }
}

impl From<Space> for Vec<Parameter> {
    fn from(space: Space) -> Self {
        space.parameters
    }
}
