//! Reports: what a trial says of its progress, and what the study reads from it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::spec::{Metrics, StudySpec};
use crate::numeric::amount::Fuel;
use crate::scheduler::PlacementProblem;
use crate::space::Value;

/// A named value in a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attribute {
    /// The name.
    pub name: String,
    /// The value.
    pub value: Value,
}

/// One report of a trial: its attributes in the guest's order, names unique.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Report {
    /// The attributes.
    pub attributes: Vec<Attribute>,
}

/// What is wrong with a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportProblem {
    /// An attribute by which trials are compared is no finite number.
    NotFinite {
        /// Its name.
        attribute: String,
        /// What it is.
        value: String,
    },
    /// The attribute that counts the resource is no integer from 1.
    NotAResource {
        /// Its name.
        attribute: String,
        /// What it is.
        value: String,
    },
    /// The scheduler cannot place it among the rungs.
    Unplaceable(PlacementProblem),
    /// It has a reward without the attribute of the constraint, and the searcher learns from both only.
    NoConstraint {
        /// The attribute's name.
        attribute: String,
    },
    /// The replicates of the trial differ in an attribute that must be the same in all.
    ReplicatesDiffer {
        /// Its name.
        attribute: String,
    },
    /// A replicate of the trial had ended, and others made another report.
    ReplicateEnded {
        /// Its number, from 1.
        number: u32,
    },
}

/// What the study reads from a report.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Readings {
    pub(super) reward: Option<f64>,
    pub(super) time: Option<u64>,
    /// By how much the report goes past the study's constraint.
    pub(super) constraint: Option<f64>,
    /// Whether the study has no constraint, or the report satisfies it: it is there and not positive.
    pub(super) feasible: bool,
}

impl Report {
    /// The value of the attribute of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.attributes.iter().find(|attribute| attribute.name == name).map(|attribute| &attribute.value)
    }

    /// About how many bytes it takes to keep the report in memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let attributes = self.attributes.iter().map(|attribute| {
            let text = match &attribute.value {
                Value::Text(text) => text.len(),
                _ => 0,
            };
            size_of::<Attribute>() + attribute.name.len() + text
        });
        (size_of::<Self>() + attributes.sum::<usize>()) as u64
    }

    /// The attribute as an amount of a resource, if it is one: an integer from 1, or a real number without a fraction.
    #[must_use]
    pub fn resource(&self, name: &str) -> Option<u64> {
        as_resource(self.get(name)?)
    }

    /// The attribute as a finite number, if it is there.
    fn finite(&self, name: &str) -> Result<Option<f64>, ReportProblem> {
        let Some(value) = self.get(name) else { return Ok(None) };
        match value.as_number() {
            Some(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(ReportProblem::NotFinite { attribute: name.to_owned(), value: shown(value) }),
        }
    }

    /// What a study of this specification reads from the report, which was made at `fuel`.
    pub(super) fn read_for(&self, spec: &StudySpec, fuel: Fuel) -> Result<Readings, ReportProblem> {
        let readings = self.read(&spec.metrics, fuel)?;
        match &spec.metrics.constraint_attr {
            Some(attribute)
                if spec.searcher.needs_constraint() && readings.reward.is_some() && readings.constraint.is_none() =>
            {
                Err(ReportProblem::NoConstraint { attribute: attribute.clone() })
            }
            _ => Ok(readings),
        }
    }

    /// What by these metrics is to be read from the report, which was made at `fuel`.
    pub(super) fn read(&self, metrics: &Metrics, fuel: Fuel) -> Result<Readings, ReportProblem> {
        let reward = self.finite(&metrics.reward_attr)?;
        let constraint = match &metrics.constraint_attr {
            None => None,
            Some(attribute) => self.finite(attribute)?,
        };
        let feasible = metrics.constraint_attr.is_none() || constraint.is_some_and(|excess| excess <= 0.0);
        let time = match self.get(&metrics.time_attr) {
            _ if metrics.time_is_fuel() => Some(fuel.0),
            None => None,
            Some(value) => Some(as_resource(value).ok_or_else(|| ReportProblem::NotAResource {
                attribute: metrics.time_attr.clone(),
                value: shown(value),
            })?),
        };
        Ok(Readings { reward, time, constraint, feasible })
    }
}

/// A positive integer, also if it came as a real number without a fraction.
pub(super) fn as_resource(value: &Value) -> Option<u64> {
    /// Reals count integers exactly up to here.
    const REAL_MAX: f64 = (1_u64 << 53) as f64;
    match *value {
        Value::Integer(integer) => u64::try_from(integer).ok().filter(|&time| time >= 1),
        Value::Real(real) if (1.0..=REAL_MAX).contains(&real) && real.fract() == 0.0 => Some(real as u64),
        _ => None,
    }
}

/// The value in a message, cut to a bearable length.
fn shown(value: &Value) -> String {
    const SHOWN_CHARACTERS_MAX: usize = 40;
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

impl fmt::Display for ReportProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFinite { attribute, value } => write!(formatter, "`{attribute}` is {value}, not a finite number"),
            Self::NotAResource { attribute, value } => {
                write!(formatter, "`{attribute}` is {value}, not an integer from 1")
            }
            Self::Unplaceable(problem) => problem.fmt(formatter),
            Self::NoConstraint { attribute } => write!(
                formatter,
                "it has a reward without the study's constraint_attr `{attribute}`, and the searcher learns from both together"
            ),
            Self::ReplicatesDiffer { attribute } => {
                write!(formatter, "`{attribute}` is not the same in all replicates of the trial")
            }
            Self::ReplicateEnded { number } => {
                write!(formatter, "replicate {number} of the trial had ended, and others made this report")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(attributes: &[(&str, Value)]) -> Report {
        let attribute = |(name, value): &(&str, Value)| Attribute { name: (*name).to_owned(), value: value.clone() };
        Report { attributes: attributes.iter().map(attribute).collect() }
    }

    fn constrained() -> Metrics {
        Metrics { constraint_attr: Some("excess".into()), ..Metrics::default() }
    }

    #[test]
    fn a_report_without_the_studys_attributes_reads_as_nothing() {
        let said = report(&[("loss", Value::Real(f64::NAN)), ("note", Value::from("warm-up"))]);
        let readings = Readings { reward: None, time: None, constraint: None, feasible: true };
        assert_eq!(said.read(&Metrics::default(), Fuel(0)), Ok(readings));
    }

    #[test]
    fn a_report_is_feasible_where_its_constraint_is_there_and_not_positive() {
        let table = [
            (Some(-1.0), true),
            (Some(0.0), true),
            (Some(-0.0), true),
            (Some(f64::MIN_POSITIVE), false),
            (None, false),
        ];
        for (excess, feasible) in table {
            let attributes: Vec<_> = excess.map(|excess| ("excess", Value::Real(excess))).into_iter().collect();
            let readings = report(&attributes).read(&constrained(), Fuel(0)).unwrap();
            assert_eq!((readings.constraint, readings.feasible), (excess, feasible), "{excess:?}");
        }
    }

    #[test]
    fn a_whole_real_is_a_resource_as_far_as_reals_count_exactly() {
        let time = |real: f64| {
            let readings = report(&[("epoch", Value::Real(real))]).read(&Metrics::default(), Fuel(0));
            readings.ok().and_then(|readings| readings.time)
        };
        assert_eq!(time(1.0), Some(1));
        assert_eq!(time((1_u64 << 53) as f64), Some(1 << 53));
        assert_eq!(time(((1_u64 << 53) + 2) as f64), None);
        assert_eq!(time(0.0), None);
        assert_eq!(time(-1.0), None);
    }

    #[test]
    fn problems_say_which_attribute_is_what() {
        let problem = |name, value| report(&[(name, value)]).read(&constrained(), Fuel(0)).unwrap_err().to_string();
        assert_eq!(problem("accuracy", Value::Real(f64::NAN)), "`accuracy` is NaN, not a finite number");
        assert_eq!(problem("excess", Value::from("high")), "`excess` is high, not a finite number");
        assert_eq!(problem("epoch", Value::Integer(0)), "`epoch` is 0, not an integer from 1");
    }
}
