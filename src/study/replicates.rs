//! Replicates: a trial's configuration under several seeds, and the one report that theirs make. Data and a pure function; who runs
//! them is no concern of this module.

use serde::{Deserialize, Serialize};

use super::spec::{Metrics, StudySpec};
use super::{Attribute, Report, ReportProblem};
use crate::numeric::amount::Seed;
use crate::numeric::random::{Purpose, Stream};
use crate::space::Value;

/// How many replicates a trial may have.
pub const REPLICATES_MAX: u32 = 100;

/// With how many seeds each configuration is tried, and how rewards are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replicates {
    /// How many replicates a trial has, from 1.
    pub count: u32,
    /// The reward of them all.
    pub reward: ReplicateReward,
}

/// What it takes to run the replicates of a trial as one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replication {
    /// How many, and how their rewards are put together.
    pub replicates: Replicates,
    /// The attributes by which trials are compared.
    pub metrics: Metrics,
}

/// The reward, and the constraint, of several replicates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplicateReward {
    /// The mean.
    #[default]
    Mean,
    /// The middle one; of an even number the mean of the two in the middle.
    Median,
    /// The smallest reward, and the largest of what must not be positive.
    Worst,
}

/// What an attribute means for the study.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Reward,
    Constraint,
    Other,
}

impl Default for Replicates {
    fn default() -> Self {
        Self { count: 1, reward: ReplicateReward::default() }
    }
}

impl Replication {
    /// That of a study's trials.
    #[must_use]
    pub fn of(spec: &StudySpec) -> Self {
        Self { replicates: spec.replicates, metrics: spec.metrics.clone() }
    }
}

impl Replicates {
    /// The seed of a replicate, counted from 0, of a trial with that seed. The first has the trial's own.
    #[must_use]
    pub fn seed(trial: Seed, replicate: u32) -> Seed {
        match replicate {
            0 => trial,
            _ => Seed(Stream::new(trial, Purpose::Replicate, replicate.into(), 0).next_u64()),
        }
    }

    /// The report of a trial whose replicates have each made this one of theirs.
    ///
    /// It has the attributes of the first. What counts the resource must be the same in all. The reward and the constraint are put
    /// together as the study says, and left out if a replicate lacks them. Of other numbers it has the mean, if all have one that
    /// differ; all else is the first's.
    ///
    /// # Errors
    /// If they differ in what counts the resource.
    pub fn combine(&self, reports: &[Report], metrics: &Metrics) -> Result<Report, ReportProblem> {
        let Some((first, others)) = reports.split_first() else { return Ok(Report::default()) };
        let time = &metrics.time_attr;
        let is_same = |other: &Report| match (first.get(time), other.get(time)) {
            (None, None) => true,
            (Some(one), Some(two)) => one.same(two),
            _ => false,
        };
        if !metrics.time_is_fuel() && !others.iter().all(is_same) {
            return Err(ReportProblem::ReplicatesDiffer { attribute: time.clone() });
        }
        let attributes = first.attributes.iter().filter_map(|attribute| {
            let role = match &attribute.name {
                name if *name == metrics.reward_attr => Role::Reward,
                name if Some(name) == metrics.constraint_attr.as_ref() => Role::Constraint,
                _ => Role::Other,
            };
            let values: Option<Vec<&Value>> = reports.iter().map(|report| report.get(&attribute.name)).collect();
            let value = match (values, role) {
                (Some(values), _) => self.value(&values, role),
                (None, Role::Other) => attribute.value.clone(),
                (None, _) => return None,
            };
            Some(Attribute { name: attribute.name.clone(), value })
        });
        Ok(Report { attributes: attributes.collect() })
    }

    /// The value for those of all replicates, of which there is at least one.
    fn value(&self, values: &[&Value], role: Role) -> Value {
        let first = values[0];
        if values.iter().all(|value| value.same(first)) {
            return first.clone();
        }
        let is_number = |value: &Value| match value {
            Value::Real(_) | Value::Integer(_) => true,
            Value::Boolean(_) => role != Role::Other,
            Value::Text(_) => false,
        };
        match values.iter().find(|value| !is_number(value)) {
            // What is no number shows, so that it is refused.
            Some(odd) if role != Role::Other => (*odd).clone(),
            Some(_) => first.clone(),
            None => Value::Real(self.number(values.iter().filter_map(|value| value.as_number()).collect(), role)),
        }
    }

    /// The number for several. One that is no number makes it none.
    fn number(&self, mut numbers: Vec<f64>, role: Role) -> f64 {
        if numbers.iter().any(|number| number.is_nan()) {
            return f64::NAN;
        }
        // The mean of both infinities is no number, and NaN's bits can differ from machine to machine: one NaN stands for all.
        let mean = |numbers: &[f64]| {
            let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
            if mean.is_nan() { f64::NAN } else { mean }
        };
        let how = if role == Role::Other { ReplicateReward::Mean } else { self.reward };
        if how == ReplicateReward::Mean {
            return mean(&numbers);
        }
        numbers.sort_by(f64::total_cmp);
        let last = numbers.len() - 1;
        match (how, role) {
            (ReplicateReward::Worst, Role::Constraint) => numbers[last],
            (ReplicateReward::Worst, _) => numbers[0],
            _ => mean(&numbers[last / 2..=numbers.len() / 2]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(pairs: &[(&str, Value)]) -> Report {
        let attribute = |(name, value): &(&str, Value)| Attribute { name: (*name).to_owned(), value: value.clone() };
        Report { attributes: pairs.iter().map(attribute).collect() }
    }

    fn metrics() -> Metrics {
        Metrics { constraint_attr: Some("excess".into()), ..Metrics::default() }
    }

    fn combine(reward: ReplicateReward, reports: &[Report]) -> Report {
        Replicates { count: reports.len() as u32, reward }.combine(reports, &metrics()).unwrap()
    }

    #[test]
    fn rewards_and_constraints_are_put_together_as_the_study_says() {
        let reports: Vec<Report> = [(0.5, 3.0), (0.1, -1.0), (0.9, 0.0), (0.7, 2.0)]
            .map(|(reward, excess)| report(&[("accuracy", Value::Real(reward)), ("excess", Value::Real(excess))]))
            .into();
        let of = |reward, reports: &[Report]| {
            let combined = combine(reward, reports);
            ["accuracy", "excess"].map(|name| combined.get(name).and_then(Value::as_number).unwrap())
        };
        assert_eq!(of(ReplicateReward::Mean, &reports), [2.2 / 4.0, 1.0]);
        assert_eq!(of(ReplicateReward::Median, &reports), [(0.5 + 0.7) / 2.0, 1.0]);
        assert_eq!(of(ReplicateReward::Median, &reports[..3]), [0.5, 0.0]);
        assert_eq!(of(ReplicateReward::Worst, &reports), [0.1, 3.0]);
        assert_eq!(of(ReplicateReward::Worst, &reports[..1]), [0.5, 3.0]);
    }

    #[test]
    fn other_numbers_have_their_mean_and_all_else_is_the_first_s() {
        let one = [("loss", Value::Real(1.0)), ("layers", Value::Integer(3)), ("note", Value::from("a"))];
        let two = [("loss", Value::Integer(2)), ("layers", Value::Integer(3)), ("note", Value::from("b"))];
        let mut second = report(&two);
        second.attributes.push(Attribute { name: "extra".into(), value: Value::Integer(1) });
        let mut first = report(&one);
        first.attributes.push(Attribute { name: "own".into(), value: Value::Boolean(true) });
        let combined = combine(ReplicateReward::Worst, &[first, second]);
        let expected = [
            ("loss", Value::Real(1.5)),
            ("layers", Value::Integer(3)),
            ("note", Value::from("a")),
            ("own", Value::Boolean(true)),
        ];
        assert_eq!(combined, report(&expected));
    }

    #[test]
    fn a_reward_that_one_lacks_is_left_out_and_one_that_is_no_number_shows() {
        let with = |value: Value| report(&[("accuracy", value)]);
        let combined =
            |other| combine(ReplicateReward::Median, &[with(Value::Real(0.5)), other, with(Value::Real(0.7))]);
        assert_eq!(combined(report(&[])), report(&[]));
        assert_eq!(combined(with(Value::from("good"))), with(Value::from("good")));
        let opposite = [f64::INFINITY, f64::NEG_INFINITY].map(|infinity| with(Value::Real(infinity)));
        let Some(Value::Real(none)) = combine(ReplicateReward::Mean, &opposite).get("accuracy").cloned() else {
            panic!()
        };
        assert_eq!(none.to_bits(), f64::NAN.to_bits());
        let nan = combined(with(Value::Real(f64::NAN)));
        assert!(matches!(nan.get("accuracy"), Some(Value::Real(real)) if real.is_nan()));
    }

    #[test]
    fn replicates_must_agree_on_what_counts_the_resource() {
        let at = |epoch| report(&[("epoch", Value::Integer(epoch))]);
        let replicates = Replicates { count: 2, reward: ReplicateReward::Mean };
        let combine = |reports: &[Report], metrics: &Metrics| replicates.combine(reports, metrics);
        assert_eq!(combine(&[at(3), at(3)], &metrics()), Ok(at(3)));
        let differ = Err(ReportProblem::ReplicatesDiffer { attribute: "epoch".into() });
        assert_eq!(combine(&[at(3), at(4)], &metrics()), differ);
        assert_eq!(combine(&[at(3), report(&[])], &metrics()), differ);
        let by_fuel = Metrics { time_attr: "fuel".into(), ..metrics() };
        assert_eq!(combine(&[at(3), at(4)], &by_fuel), Ok(report(&[("epoch", Value::Real(3.5))])));
    }

    #[test]
    fn the_first_replicate_has_the_trial_s_seed_and_the_others_their_own() {
        let seeds: Vec<Seed> = (0..3).map(|replicate| Replicates::seed(Seed(7), replicate)).collect();
        assert_eq!(seeds[0], Seed(7));
        assert!(seeds[1] != seeds[0] && seeds[2] != seeds[0] && seeds[1] != seeds[2]);
        assert_eq!(seeds[2], Replicates::seed(Seed(7), 2));
    }
}
