//! From what a component says of itself to a checked [`Description`].

use super::bindings::types;
use super::component::{ComponentError, shown};
use super::host::report::value_of;
use crate::space::{Condition, Domain, IntegerRange, NAME_BYTES_MAX, PARAMETERS_MAX, Parameter, RealRange, Space};
use crate::study::Description;

/// Checks a component's description.
pub(super) fn checked_description(description: types::Description) -> Result<Description, ComponentError> {
    let bad = |message: String| ComponentError::Description(shown(&message));
    if description.parameters.len() > PARAMETERS_MAX {
        return Err(bad(format!("it has more than {PARAMETERS_MAX} parameters")));
    }
    let parameters = description.parameters.into_iter().map(parameter_of).collect();
    let space = Space::new(parameters).map_err(|error| bad(error.to_string()))?;
    for (what, name) in [("reward-attr", &description.reward_attr), ("time-attr", &description.time_attr)] {
        if name.as_ref().is_some_and(|name| name.is_empty() || name.len() > NAME_BYTES_MAX) {
            return Err(bad(format!("its {what} has not 1 to {NAME_BYTES_MAX} bytes")));
        }
        if name.as_ref().is_some_and(|name| name.contains(char::is_control)) {
            return Err(bad(format!("its {what} has a control character")));
        }
    }
    if description.max_t == Some(0) {
        return Err(bad("its max-t is 0".into()));
    }
    let types::Description { reward_attr, time_attr, max_t, .. } = description;
    Ok(Description { space, reward_attr, time_attr, max_t })
}

fn parameter_of(parameter: types::Parameter) -> Parameter {
    let domain = match parameter.domain {
        types::Domain::Real(range) => {
            Domain::Real(RealRange { lower: range.lower, upper: range.upper, log: range.log })
        }
        types::Domain::Integer(range) => {
            Domain::Integer(IntegerRange { lower: range.lower, upper: range.upper, log: range.log })
        }
        types::Domain::Boolean => Domain::Boolean,
        types::Domain::Choice(values) => Domain::Choice(values.into_iter().map(value_of).collect()),
        types::Domain::Constant(value) => Domain::Constant(value_of(value)),
    };
    let condition =
        parameter.condition.map(|condition| Condition { parameter: condition.parameter, choice: condition.choice });
    let default = match parameter.default {
        Some(value) => Some(value_of(value)),
        // An empty choice has none; the space's check refuses it.
        None if matches!(&domain, Domain::Choice(values) if values.is_empty()) => None,
        None => Some(domain.default_value()),
    };
    let default = default.unwrap_or(crate::space::Value::Boolean(false));
    Parameter { name: parameter.name, domain, default, condition }
}
