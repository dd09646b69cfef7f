//! What the `train` macro expands to calls: from the component's exports to the training function.
//!
//! Converts between the bindings and this crate's own types, and sees to it that a panic's reason reaches the trial's log.

use std::fmt::Display;

/// What a training function may return: nothing, or a result whose error can be shown.
#[diagnostic::on_unimplemented(
    message = "a training function can't return `{Self}`",
    note = "it returns `()` or `Result<(), E>`, where `E` implements `Display`"
)]
pub trait Outcome {
    /// The result as the contract has it.
    ///
    /// # Errors
    ///
    /// The training function's own error, as text.
    fn into_result(self) -> Result<(), String>;
}

impl Outcome for () {
    fn into_result(self) -> Result<(), String> {
        Ok(())
    }
}

impl<E: Display> Outcome for Result<(), E> {
    fn into_result(self) -> Result<(), String> {
        self.map_err(|error| error.to_string())
    }
}

/// What the component says of itself besides its search space.
#[derive(Debug, Clone, Copy, Default)]
pub struct Suggestions {
    /// The attribute of a report that is to be maximised.
    pub reward_attr: Option<&'static str>,
    /// The attribute of a report that counts the resource spent.
    pub time_attr: Option<&'static str>,
    /// The largest value of `time_attr` that a trial reports.
    pub max_t: Option<u64>,
}

#[cfg(target_family = "wasm")]
pub use component::{attribute, describe, train};
#[cfg(target_family = "wasm")]
pub(crate) use component::{own, own_parameter, show_panics};

#[cfg(target_family = "wasm")]
mod component {
    use std::sync::Once;

    use crate::arguments::Arguments;
    use crate::bindings::trialbox::trial::types;
    use crate::description::{Condition, Domain, IntegerRange, Parameter, RealRange};
    use crate::reporter::Reporter;
    use crate::runtime::{Outcome, Suggestions};
    use crate::value::Value;

    /// The export `describe`.
    pub fn describe<T: Arguments>(suggestions: Suggestions) -> types::Description {
        show_panics();
        types::Description {
            parameters: crate::arguments::describe::<T>().into_iter().map(parameter).collect(),
            reward_attr: suggestions.reward_attr.map(str::to_owned),
            time_attr: suggestions.time_attr.map(str::to_owned),
            max_t: suggestions.max_t,
        }
    }

    /// The export `train`.
    pub fn train<T: Arguments, O: Outcome>(
        arguments: types::Arguments,
        function: fn(T, &Reporter) -> O,
    ) -> Result<(), String> {
        show_panics();
        let config: Vec<(String, Value)> =
            arguments.config.into_iter().map(|attribute| (attribute.name, own(attribute.value))).collect();
        let decoded = crate::arguments::decode(&config).map_err(|error| error.to_string())?;
        function(decoded, &Reporter::connected(arguments.seed)).into_result()
    }

    /// An attribute as the contract has it.
    pub fn attribute((name, value): (String, Value)) -> types::Attribute {
        types::Attribute { name, value: contract(value) }
    }

    /// A panic is a trap without a word; its message and place go to the trial's log before.
    pub(crate) fn show_panics() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            std::panic::set_hook(Box::new(|panic| crate::log::write(&format!("{panic}\n"))));
        });
    }

    fn parameter(parameter: Parameter) -> types::Parameter {
        types::Parameter {
            name: parameter.name,
            domain: match parameter.domain {
                Domain::Real(range) => {
                    types::Domain::Real(types::RealRange { lower: range.lower, upper: range.upper, log: range.log })
                }
                Domain::Integer(range) => types::Domain::Integer(types::IntegerRange {
                    lower: range.lower,
                    upper: range.upper,
                    log: range.log,
                }),
                Domain::Boolean => types::Domain::Boolean,
                Domain::Choice(values) => types::Domain::Choice(values.into_iter().map(contract).collect()),
                Domain::Constant(value) => types::Domain::Constant(contract(value)),
            },
            default: parameter.default.map(contract),
            condition: parameter
                .condition
                .map(|condition| types::Condition { parameter: condition.parameter, choice: condition.choice }),
        }
    }

    /// A parameter of the contract as this crate's own.
    pub(crate) fn own_parameter(parameter: types::Parameter) -> Parameter {
        Parameter {
            name: parameter.name,
            domain: match parameter.domain {
                types::Domain::Real(range) => {
                    Domain::Real(RealRange { lower: range.lower, upper: range.upper, log: range.log })
                }
                types::Domain::Integer(range) => {
                    Domain::Integer(IntegerRange { lower: range.lower, upper: range.upper, log: range.log })
                }
                types::Domain::Boolean => Domain::Boolean,
                types::Domain::Choice(values) => Domain::Choice(values.into_iter().map(own).collect()),
                types::Domain::Constant(value) => Domain::Constant(own(value)),
            },
            default: parameter.default.map(own),
            condition: parameter
                .condition
                .map(|condition| Condition { parameter: condition.parameter, choice: condition.choice }),
        }
    }

    fn contract(value: Value) -> types::Value {
        match value {
            Value::Real(value) => types::Value::Real(value),
            Value::Integer(value) => types::Value::Integer(value),
            Value::Boolean(value) => types::Value::Boolean(value),
            Value::Text(value) => types::Value::Text(value),
        }
    }

    pub(crate) fn own(value: types::Value) -> Value {
        match value {
            types::Value::Real(value) => Value::Real(value),
            types::Value::Integer(value) => Value::Integer(value),
            types::Value::Boolean(value) => Value::Boolean(value),
            types::Value::Text(value) => Value::Text(value),
        }
    }
}
