//! From a struct to a search space, and from a configuration to the struct.
//!
//! The derive macros implement `Arguments` and `Choice` with what stands here: a `Scope` collects parameters under a name
//! and a condition, a `Config` finds their values again under the same name. All is plain code without bindings, so that
//! it is tested natively.

use std::fmt;

use crate::description::{Condition, Domain, IntegerRange, Parameter, RealRange};
use crate::value::{ParameterValue, Value};

/// A struct of parameters. Derive it: `#[derive(Arguments)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no struct of parameters",
    label = "this type must implement `Arguments`",
    note = "put `#[derive(Arguments)]` on the struct"
)]
pub trait Arguments: Sized {
    /// Adds the parameters to the search space.
    fn describe(scope: &mut Scope<'_>);

    /// Reads their values from a configuration.
    ///
    /// # Errors
    ///
    /// A parameter is missing, or has a value of another type.
    fn decode(config: &Config<'_>) -> Result<Self, DecodeError>;
}

/// An enum of alternatives, each of which may have parameters of its own. Derive it: `#[derive(Choice)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no enum of alternatives",
    label = "this type must implement `Choice`",
    note = "put `#[derive(Choice)]` on the enum, or list the values: `#[choice(32, 64, 128)]`"
)]
pub trait Choice: Sized {
    /// Adds the choice, and the parameters of its alternatives, to the search space.
    fn describe(name: &str, scope: &mut Scope<'_>);

    /// Reads the alternative and its parameters from a configuration.
    ///
    /// # Errors
    ///
    /// A parameter is missing, has a value of another type, or names no alternative.
    fn decode(name: &str, config: &Config<'_>) -> Result<Self, DecodeError>;
}

/// A type for `#[real(…)]`: `f64` or `f32`.
#[diagnostic::on_unimplemented(
    message = "a `#[real(…)]` parameter is `f64` or `f32`, not `{Self}`",
    label = "expected `f64` or `f32`"
)]
pub trait RealParameter: ParameterValue {}
impl RealParameter for f64 {}
impl RealParameter for f32 {}

/// A type for `#[integer(…)]`: any integer type of up to 64 bits.
#[diagnostic::on_unimplemented(
    message = "an `#[integer(…)]` parameter is an integer of up to 64 bits, not `{Self}`",
    label = "expected an integer type"
)]
pub trait IntegerParameter: ParameterValue {}

macro_rules! integer_parameters {
    ($($integer:ty),*) => { $(impl IntegerParameter for $integer {})* };
}
integer_parameters!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

/// A type for `#[boolean]`: `bool`.
#[diagnostic::on_unimplemented(message = "a `#[boolean]` parameter is `bool`, not `{Self}`", label = "expected `bool`")]
pub trait BooleanParameter: ParameterValue {}
impl BooleanParameter for bool {}

/// The search space of a struct of parameters.
pub fn describe<T: Arguments>() -> Vec<Parameter> {
    let mut parameters = Vec::new();
    T::describe(&mut Scope { parameters: &mut parameters, prefix: String::new(), condition: None });
    parameters
}

/// Fills a struct of parameters from a flat configuration.
///
/// # Errors
///
/// A parameter is missing, has a value of another type, or names no alternative of a choice.
pub fn decode<T: Arguments>(config: &[(String, Value)]) -> Result<T, DecodeError> {
    T::decode(&Config { values: config, prefix: String::new() })
}

/// A place in the search space: parameters that are added here get its name in front and its condition.
#[derive(Debug)]
pub struct Scope<'a> {
    parameters: &'a mut Vec<Parameter>,
    prefix: String,
    condition: Option<Condition>,
}

impl Scope<'_> {
    /// Adds a real parameter.
    pub fn real(&mut self, name: &str, lower: f64, upper: f64, log: bool, default: Option<f64>) {
        self.add(name, Domain::Real(RealRange { lower, upper, log }), default.map(Value::Real));
    }

    /// Adds an integer parameter.
    pub fn integer(&mut self, name: &str, lower: i64, upper: i64, log: bool, default: Option<i64>) {
        self.add(name, Domain::Integer(IntegerRange { lower, upper, log }), default.map(Value::Integer));
    }

    /// Adds a boolean parameter.
    pub fn boolean(&mut self, name: &str, default: Option<bool>) {
        self.add(name, Domain::Boolean, default.map(Value::Boolean));
    }

    /// Adds a parameter that takes one of the values.
    pub fn choice(&mut self, name: &str, values: Vec<Value>, default: Option<Value>) {
        self.add(name, Domain::Choice(values), default);
    }

    /// Adds a parameter that always has this value, unless the study replaces it.
    pub fn constant(&mut self, name: &str, value: Value) {
        self.add(name, Domain::Constant(value), None);
    }

    /// The place of the parts of a parameter.
    pub fn nested(&mut self, name: &str) -> Scope<'_> {
        Scope { prefix: joined(&self.prefix, name), parameters: self.parameters, condition: self.condition.clone() }
    }

    /// The place of the parameters that exist only if the choice `name` has taken its value number `index`, whose own name
    /// is `alternative`.
    pub fn alternative(&mut self, name: &str, index: u32, alternative: &str) -> Scope<'_> {
        let parameter = joined(&self.prefix, name);
        Scope {
            prefix: joined(&parameter, alternative),
            condition: Some(Condition { parameter, choice: index }),
            parameters: self.parameters,
        }
    }

    fn add(&mut self, name: &str, domain: Domain, default: Option<Value>) {
        let name = joined(&self.prefix, name);
        self.parameters.push(Parameter { name, domain, default, condition: self.condition.clone() });
    }
}

/// A configuration, seen from a place in it.
#[derive(Debug, Clone)]
pub struct Config<'a> {
    values: &'a [(String, Value)],
    prefix: String,
}

impl Config<'_> {
    /// The value of the parameter of that name, here.
    ///
    /// # Errors
    ///
    /// It is missing, or of another type.
    pub fn get<T: ParameterValue>(&self, name: &str) -> Result<T, DecodeError> {
        let value = self.find(name)?;
        T::from_value(value).ok_or_else(|| DecodeError {
            parameter: joined(&self.prefix, name),
            kind: DecodeErrorKind::Mismatch { expected: T::KIND, found: value.clone() },
        })
    }

    /// The text that says which alternative of a choice was taken.
    ///
    /// # Errors
    ///
    /// It is missing, or no text.
    pub fn alternative_name(&self, name: &str) -> Result<String, DecodeError> {
        self.get(name)
    }

    /// The parts of a parameter.
    pub fn nested(&self, name: &str) -> Config<'_> {
        Config { values: self.values, prefix: joined(&self.prefix, name) }
    }

    /// The parameters of an alternative of a choice.
    pub fn alternative(&self, name: &str, alternative: &str) -> Config<'_> {
        self.nested(&joined(name, alternative))
    }

    /// The error that a choice has taken none of its alternatives.
    pub fn unknown_alternative(&self, name: &str, found: &str, known: &'static [&'static str]) -> DecodeError {
        DecodeError {
            parameter: joined(&self.prefix, name),
            kind: DecodeErrorKind::UnknownAlternative { found: found.to_owned(), known },
        }
    }

    fn find(&self, name: &str) -> Result<&Value, DecodeError> {
        let name = joined(&self.prefix, name);
        match self.values.iter().find(|(candidate, _)| *candidate == name) {
            Some((_, value)) => Ok(value),
            None => Err(DecodeError { parameter: name, kind: DecodeErrorKind::Missing }),
        }
    }
}

/// Why a configuration doesn't fill a struct of parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct DecodeError {
    parameter: String,
    kind: DecodeErrorKind,
}

#[derive(Debug, Clone, PartialEq)]
enum DecodeErrorKind {
    Missing,
    Mismatch { expected: &'static str, found: Value },
    UnknownAlternative { found: String, known: &'static [&'static str] },
}

impl DecodeError {
    /// The full name of the parameter.
    pub fn parameter(&self) -> &str {
        &self.parameter
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the configuration's parameter `{}` ", self.parameter)?;
        match &self.kind {
            DecodeErrorKind::Missing => formatter.write_str("is missing"),
            DecodeErrorKind::Mismatch { expected, found } => write!(formatter, "must be {expected}, but is {found}"),
            DecodeErrorKind::UnknownAlternative { found, known } => {
                write!(formatter, "must be one of `{}`, but is `{found}`", known.join("`, `"))
            }
        }
    }
}

impl std::error::Error for DecodeError {}

/// A list of equal parts: `layers.0`, `layers.1`, ….
impl<T: Arguments, const COUNT: usize> Arguments for [T; COUNT] {
    fn describe(scope: &mut Scope<'_>) {
        for index in 0..COUNT {
            T::describe(&mut scope.nested(&index.to_string()));
        }
    }

    fn decode(config: &Config<'_>) -> Result<Self, DecodeError> {
        let mut parts = Vec::with_capacity(COUNT);
        for index in 0..COUNT {
            parts.push(T::decode(&config.nested(&index.to_string()))?);
        }
        match Self::try_from(parts) {
            Ok(parts) => Ok(parts),
            // The loop above pushes exactly COUNT parts.
            Err(_) => unreachable!("a list has as many parts as it was read with"),
        }
    }
}

impl<T: Arguments> Arguments for Box<T> {
    fn describe(scope: &mut Scope<'_>) {
        T::describe(scope);
    }

    fn decode(config: &Config<'_>) -> Result<Self, DecodeError> {
        T::decode(config).map(Box::new)
    }
}

fn joined(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}
