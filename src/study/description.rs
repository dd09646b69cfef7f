//! What a component says of itself, after it was checked.

use serde::{Deserialize, Serialize};

use super::Metrics;
use super::report::as_resource;
use crate::space::Space;

/// What a component says of itself. All but the space are suggestions that a study may replace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The search space, constants included.
    pub space: Space,
    /// The attribute that is to be maximised.
    pub reward_attr: Option<String>,
    /// The attribute that counts the resource spent.
    pub time_attr: Option<String>,
    /// The largest value of `time_attr` that a trial reports.
    pub max_t: Option<u64>,
}

/// Where trials end by themselves, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InferredMaxT {
    /// The largest value of `time_attr`.
    pub max_t: u64,
    /// The parameter whose default it is; none if it is the component's suggestion.
    pub parameter: Option<&'static str>,
}

impl Description {
    /// Puts the attributes that it suggests into `metrics`. What a study says itself replaces them afterwards.
    pub fn suggest(&self, metrics: &mut Metrics) {
        for (suggestion, attribute) in
            [(&self.reward_attr, &mut metrics.reward_attr), (&self.time_attr, &mut metrics.time_attr)]
        {
            if let Some(suggestion) = suggestion {
                attribute.clone_from(suggestion);
            }
        }
    }
}

impl InferredMaxT {
    /// The end that follows from a study's space, or else from what its component suggests. A component counts its own
    /// `time_attr`, so for a study with another it tells nothing; and fuel is counted by none.
    #[must_use]
    pub fn of(space: &Space, metrics: &Metrics, description: Option<&Description>) -> Option<Self> {
        if metrics.time_is_fuel() {
            return None;
        }
        let counts_the_same = |it: &&Description| it.time_attr.as_ref().is_none_or(|name| *name == metrics.time_attr);
        Self::of_space(space, description.filter(counts_the_same).and_then(|it| it.max_t))
    }

    /// As in the original: the default of the parameter `epochs`, or else of `max_t`, or else `suggestion`, the component's own. A
    /// parameter that not every trial has tells nothing.
    fn of_space(space: &Space, suggestion: Option<u64>) -> Option<Self> {
        let of_parameter = |name: &'static str| {
            let parameter = space.parameter(name).filter(|parameter| parameter.condition.is_none())?;
            Some(Self { max_t: as_resource(&parameter.default)?, parameter: Some(name) })
        };
        let suggested = || Some(Self { max_t: suggestion?, parameter: None });
        of_parameter("epochs").or_else(|| of_parameter("max_t")).or_else(suggested)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Condition, Domain, IntegerRange, Parameter, Value};
    use crate::study::FUEL_ATTRIBUTE;

    #[test]
    fn the_end_of_trials_follows_from_the_default_of_epochs_then_of_max_t_then_from_the_component() {
        let constant = |name: &str, value: Value| Parameter::new(name, Domain::Constant(value));
        let integer =
            |name: &str| Parameter::new(name, Domain::Integer(IntegerRange { lower: 5, upper: 15, log: false }));
        let table = [
            (vec![integer("epochs"), constant("max_t", Value::Integer(3))], Some((10, Some("epochs")))),
            (vec![constant("epochs", Value::Real(4.0))], Some((4, Some("epochs")))),
            (vec![constant("epochs", Value::from("many")), integer("max_t")], Some((10, Some("max_t")))),
            (vec![constant("epochs", Value::Integer(0))], Some((7, None))),
            (vec![], Some((7, None))),
        ];
        for (parameters, expected) in table {
            let inferred = InferredMaxT::of_space(&Space::new(parameters).unwrap(), Some(7));
            assert_eq!(inferred.map(|inferred| (inferred.max_t, inferred.parameter)), expected);
        }
        assert_eq!(InferredMaxT::of_space(&Space::new(Vec::new()).unwrap(), None), None);
        let condition = Some(Condition { parameter: "mode".into(), choice: 0 });
        let mode = Parameter::new("mode", Domain::Choice(vec![Value::from("a"), Value::from("b")]));
        let space = Space::new(vec![mode, Parameter { condition, ..integer("epochs") }]).unwrap();
        assert_eq!(InferredMaxT::of_space(&space, None), None);
    }

    #[test]
    fn a_component_suggests_attributes_and_where_trials_end_by_its_own_count() {
        let space = Space::new(Vec::new()).unwrap();
        let description = Description { space, reward_attr: None, time_attr: Some("step".into()), max_t: Some(7) };
        let mut metrics = Metrics::default();
        description.suggest(&mut metrics);
        assert_eq!((metrics.reward_attr.as_str(), metrics.time_attr.as_str()), ("accuracy", "step"));
        for (time_attr, expected) in [("step", Some(7)), ("epoch", None), (FUEL_ATTRIBUTE, None)] {
            metrics.time_attr = time_attr.into();
            let inferred = InferredMaxT::of(&description.space, &metrics, Some(&description));
            assert_eq!(inferred.map(|inferred| inferred.max_t), expected, "{time_attr}");
        }
    }
}
