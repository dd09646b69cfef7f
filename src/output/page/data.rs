//! The data of the page: a study as columns of JSON, whole or what has changed since an event. The script of the page reads it.
//!
//! Numbers of configurations and rewards are exact: the shortest decimals that read back to the same bits. A text that a guest wrote is
//! made printable here, and set as text, never as markup, by the script.

use std::collections::BTreeMap;

use serde::Serialize;

use super::encode::gzip;
use super::html::{NAME_MAX, TEXT_MAX};
use super::thinning::{POINTS_MAX, Thinning};
use crate::numeric::amount::{Sequence, TrialId};
use crate::output::best::toml_value;
use crate::output::sanitize::printable;
use crate::output::summary::ending;
use crate::output::trials::status;
use crate::output::{Account, Job, number};
use crate::space::{Config, Domain, Parameter, Value};
use crate::study::{Outcome, TrialRecord};

/// The form of the data. The script refuses another one.
const FORMAT: u32 = 1;
/// How many different texts on how trials ended are told.
const TEXTS_MAX: usize = 2_000;
/// How much is told of a value of a configuration that is a text. It can be copied, so it is hardly ever cut.
const VALUE_MAX: usize = 4_096;

/// A study, or what has changed of it, gzipped.
///
/// With `since` it tells of the trials that an event after that one concerns, and of the study as a whole. What it tells of a
/// trial takes the place of what was told of it before.
#[must_use]
pub fn data(account: &Account, since: Option<Sequence>) -> Vec<u8> {
    gzip(&json(account, since))
}

/// The same as JSON.
fn json(account: &Account, since: Option<Sequence>) -> Vec<u8> {
    // Columns of numbers and texts; nothing in them can fail to be written.
    serde_json::to_vec(&Data::of(account, since)).unwrap_or_default()
}

/// All that the script knows of a study.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    format: u32,
    /// The last event.
    sequence: u64,
    /// Since which event this tells; all of it, if none.
    since: Option<u64>,
    ended: bool,
    state: &'static str,
    name: String,
    /// What is maximised.
    reward: String,
    /// What the curves are of: the reward, unless another attribute was asked for.
    attribute: String,
    /// What counts the resource.
    time: String,
    slots: u32,
    parameters: Vec<ParameterData>,
    best: Option<u64>,
    bests: BestColumns,
    trials: TrialColumns,
    curves: CurveColumns,
    jobs: JobColumns,
}

/// A parameter as an axis and a column.
#[derive(Serialize)]
struct ParameterData {
    /// Its name, printable.
    name: String,
    /// Its name as a key of a study file.
    key: String,
    kind: &'static str,
    lower: Option<f64>,
    upper: Option<f64>,
    log: bool,
    /// The values of a choice as they are shown.
    labels: Vec<String>,
    /// The values of a choice as they stand in a study file.
    values: Vec<String>,
}

/// Since when which trial was the best.
#[derive(Default, Serialize)]
struct BestColumns {
    time: Vec<u64>,
    trial: Vec<u64>,
    reward: Vec<f64>,
}

/// One row for each trial.
#[derive(Default, Serialize)]
struct TrialColumns {
    trial: Vec<u64>,
    /// Places in `statuses`.
    status: Vec<usize>,
    statuses: Vec<&'static str>,
    reward: Vec<Option<f64>>,
    time: Vec<Option<u64>>,
    fuel: Vec<u64>,
    reports: Vec<u64>,
    start: Vec<u64>,
    bracket: Vec<Option<u32>>,
    /// How it ended in a sentence, where its status does not say it all: a place in `texts`.
    detail: Vec<Option<usize>>,
    texts: Vec<String>,
    /// For each parameter what each trial has of it.
    config: Vec<Vec<Cell>>,
}

/// What a trial has of a parameter.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
enum Cell {
    /// Nothing: its condition does not hold.
    Missing,
    /// A real number.
    Real(f64),
    /// An integer.
    Integer(i64),
    /// A place in the list of values.
    Place(usize),
    /// A value that is none of the domain's, which only a log that somebody made by hand has: as it stands in a study file.
    Odd(String),
}

/// The points of curves, one curve after the other.
#[derive(Default, Serialize)]
struct CurveColumns {
    trial: Vec<u64>,
    /// How many points the trial has here.
    count: Vec<usize>,
    resource: Vec<u64>,
    value: Vec<f64>,
    /// When, since the point before or, for the first, since the trial's start.
    time: Vec<u64>,
    /// How many points the study has in all.
    total: usize,
    thinned: bool,
}

/// One row for each job.
#[derive(Default, Serialize)]
struct JobColumns {
    trial: Vec<u64>,
    slot: Vec<u32>,
    start: Vec<u64>,
    /// How long it ran; none while it runs.
    length: Vec<Option<u64>>,
}

impl Data {
    fn of(account: &Account, since: Option<Sequence>) -> Self {
        let (spec, state) = (account.spec(), account.state());
        let has_changed = |trial: TrialId| {
            let curve = usize::try_from(trial.0).ok().and_then(|index| account.curves().get(index));
            since.is_none_or(|since| curve.is_none_or(|curve| curve.changed > since))
        };
        let text = |text: &str| printable(text, NAME_MAX);
        Self {
            format: FORMAT,
            sequence: account.chain().len().saturating_sub(1),
            since: since.map(|since| since.0),
            ended: state.ended().is_some(),
            state: ending(state),
            name: text(&spec.name),
            reward: text(&spec.metrics.reward_attr),
            attribute: text(account.attribute()),
            time: text(&spec.metrics.time_attr),
            slots: spec.slots().unwrap_or(0),
            parameters: spec.space.parameters().iter().map(ParameterData::of).collect(),
            best: state.best().map(|best| best.trial.0),
            bests: BestColumns::of(account),
            trials: TrialColumns::of(account, has_changed),
            curves: CurveColumns::of(account, has_changed),
            jobs: JobColumns::of(account.jobs().iter().filter(|job| has_changed(job.trial))),
        }
    }
}

impl ParameterData {
    fn of(parameter: &Parameter) -> Self {
        let choices: &[Value] = match &parameter.domain {
            Domain::Choice(values) => values,
            Domain::Boolean => &[Value::Boolean(false), Value::Boolean(true)],
            Domain::Constant(value) => std::slice::from_ref(value),
            Domain::Real(_) | Domain::Integer(_) => &[],
        };
        let (kind, lower, upper, log) = match &parameter.domain {
            Domain::Real(range) => ("real", Some(range.lower), Some(range.upper), range.log),
            Domain::Integer(range) => ("integer", Some(range.lower as f64), Some(range.upper as f64), range.log),
            Domain::Boolean | Domain::Choice(_) => ("choice", None, None, false),
            Domain::Constant(_) => ("constant", None, None, false),
        };
        Self {
            name: printable(&parameter.name, NAME_MAX),
            key: crate::output::best::toml_key(&parameter.name),
            kind,
            lower,
            upper,
            log,
            labels: choices.iter().map(number::value).collect(),
            values: choices.iter().map(written).collect(),
        }
    }
}

/// A value as it stands in a study file.
fn written(value: &Value) -> String {
    printable(&toml_value(value), VALUE_MAX)
}

impl BestColumns {
    fn of(account: &Account) -> Self {
        let mut columns = Self::default();
        for since in account.bests() {
            columns.time.push(since.time.0);
            columns.trial.push(since.best.trial.0);
            columns.reward.push(since.best.reward);
        }
        columns
    }
}

impl TrialColumns {
    fn of(account: &Account, has_changed: impl Fn(TrialId) -> bool) -> Self {
        let parameters = account.spec().space.parameters();
        let mut columns = Self { config: vec![Vec::new(); parameters.len()], ..Self::default() };
        let places: Vec<BTreeMap<Vec<u8>, usize>> = parameters.iter().map(places).collect();
        let (mut statuses, mut texts) = (BTreeMap::new(), BTreeMap::new());
        for trial in account.state().trials().iter().filter(|trial| has_changed(trial.trial)) {
            columns.push(trial);
            let status = status(trial);
            let place = *statuses.entry(status).or_insert_with(|| {
                columns.statuses.push(status);
                columns.statuses.len() - 1
            });
            columns.status.push(place);
            let detail = columns.detail_of(trial, &mut texts);
            columns.detail.push(detail);
            for ((parameter, places), column) in parameters.iter().zip(&places).zip(&mut columns.config) {
                column.push(cell(parameter, places, &trial.config));
            }
        }
        columns
    }

    fn push(&mut self, trial: &TrialRecord) {
        self.trial.push(trial.trial.0);
        self.reward.push(trial.reward);
        self.time.push(trial.time);
        self.fuel.push(trial.fuel.0);
        self.reports.push(trial.reports);
        self.start.push(trial.start.0);
        self.bracket.push(trial.bracket);
    }

    /// The place of the sentence on how the trial ended.
    fn detail_of(&mut self, trial: &TrialRecord, texts: &mut BTreeMap<String, usize>) -> Option<usize> {
        let outcome = trial.outcome().filter(|outcome| **outcome != Outcome::Completed)?;
        let text = printable(&outcome.to_string(), TEXT_MAX);
        if let Some(place) = texts.get(&text) {
            return Some(*place);
        }
        if self.texts.len() >= TEXTS_MAX {
            return None;
        }
        self.texts.push(text.clone());
        texts.insert(text, self.texts.len() - 1);
        Some(self.texts.len() - 1)
    }
}

/// Where each value of a choice stands, by its canonical encoding: 0 and −0 are two values.
fn places(parameter: &Parameter) -> BTreeMap<Vec<u8>, usize> {
    let key = |value: &Value| crate::numeric::digest::canonical_bytes(value);
    match &parameter.domain {
        Domain::Choice(values) => values.iter().map(key).zip(0..).collect(),
        Domain::Boolean => [key(&Value::Boolean(false)), key(&Value::Boolean(true))].into_iter().zip(0..).collect(),
        Domain::Constant(value) => [(key(value), 0)].into(),
        Domain::Real(_) | Domain::Integer(_) => BTreeMap::new(),
    }
}

fn cell(parameter: &Parameter, places: &BTreeMap<Vec<u8>, usize>, config: &Config) -> Cell {
    let Some(value) = config.get(&parameter.name) else { return Cell::Missing };
    match (&parameter.domain, value) {
        (Domain::Real(_), Value::Real(real)) if real.is_finite() => Cell::Real(*real),
        (Domain::Integer(_), Value::Integer(integer)) if integer.unsigned_abs() <= 1 << 53 => Cell::Integer(*integer),
        (Domain::Real(_) | Domain::Integer(_), value) => Cell::Odd(written(value)),
        (_, value) => match places.get(&crate::numeric::digest::canonical_bytes(value)) {
            Some(place) => Cell::Place(*place),
            None => Cell::Odd(written(value)),
        },
    }
}

impl CurveColumns {
    fn of(account: &Account, has_changed: impl Fn(TrialId) -> bool) -> Self {
        let thinning = Thinning::of(account, POINTS_MAX);
        let mut columns = Self { total: thinning.total, thinned: thinning.leaves_out(), ..Self::default() };
        for (trial, curve) in account.state().trials().iter().zip(account.curves()) {
            if curve.points.is_empty() || !has_changed(trial.trial) {
                continue;
            }
            let mut before = trial.start;
            let begun = columns.value.len();
            for point in thinning.points(trial.trial, &curve.points) {
                columns.resource.push(point.resource);
                columns.value.push(point.value);
                columns.time.push(point.time.since(before).0);
                before = point.time;
            }
            columns.trial.push(trial.trial.0);
            columns.count.push(columns.value.len() - begun);
        }
        columns
    }
}

impl JobColumns {
    fn of<'a>(jobs: impl Iterator<Item = &'a Job>) -> Self {
        let mut columns = Self::default();
        for job in jobs {
            columns.trial.push(job.trial.0);
            columns.slot.push(job.slot.0);
            columns.start.push(job.start.0);
            columns.length.push(job.end.map(|end| end.since(job.start).0));
        }
        columns
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use serde_json::{Value as Json, json};

    use super::*;
    use crate::output::fixture;
    use crate::space::RealRange;

    fn account() -> Account {
        let mut account = Account::new(fixture::spec(), None);
        fixture::entries().iter().for_each(|entry| account.follow(entry));
        account
    }

    fn read(zipped: &[u8]) -> Json {
        let mut text = String::new();
        flate2::read::GzDecoder::new(zipped).read_to_string(&mut text).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_study_is_told_in_columns() {
        let data = read(&data(&account(), None));
        assert_eq!((&data["sequence"], &data["ended"], &data["best"]), (&json!(10), &json!(false), &json!(1)));
        assert_eq!(data["trials"]["reward"], json!([0.8, 0.9644, null, 0.5]));
        assert_eq!(data["trials"]["statuses"], json!(["completed", "out of fuel", "unfinished"]));
        assert_eq!(data["trials"]["status"], json!([0, 0, 1, 2]));
        assert_eq!(data["trials"]["texts"], json!(["out of fuel: went past the limit `fuel_max`"]));
        assert_eq!(data["trials"]["config"], json!([[0.01, 0.05, 0.1, 0.02], [1, 0, 0, 1], [0, 0, 0, 0]]));
        assert_eq!(data["curves"]["trial"], json!([0, 1, 3]));
        assert_eq!(data["jobs"]["length"], json!([1_000_000_000, 2_500_000_000_u64, 1_000_000_000_000_u64, null]));
    }

    #[test]
    fn what_has_changed_since_an_event_is_told_alone() {
        let data = read(&data(&account(), Some(Sequence(6))));
        assert_eq!((&data["since"], &data["trials"]["trial"]), (&json!(6), &json!([2, 3])));
        assert_eq!((&data["curves"]["trial"], &data["jobs"]["trial"]), (&json!([3]), &json!([2, 3])));
        assert_eq!(data["bests"]["trial"], json!([0, 1]), "the study as a whole is told in any case");
        assert_eq!(read(&super::data(&account(), Some(Sequence(99))))["trials"]["trial"], json!([]));
    }

    #[test]
    fn the_same_study_gives_the_same_bytes() {
        assert_eq!(data(&account(), None), data(&account(), None));
    }

    #[test]
    fn values_that_json_cannot_write_or_the_domain_lacks_are_told_as_texts() {
        let cell_of = |domain: Domain, value: Option<Value>| {
            let parameter = Parameter::new("it", domain);
            let config = value.map(|value| ("it", value)).into_iter().collect();
            cell(&parameter, &places(&parameter), &config)
        };
        let real = || Domain::Real(RealRange { lower: 0.0, upper: 1.0, log: false });
        assert_eq!(cell_of(real(), None), Cell::Missing);
        assert_eq!(cell_of(real(), Some(Value::Real(0.1 + 0.2))), Cell::Real(0.1 + 0.2));
        assert_eq!(cell_of(real(), Some(Value::Real(f64::NEG_INFINITY))), Cell::Odd("-inf".into()));
        assert_eq!(cell_of(real(), Some(Value::from("</script>"))), Cell::Odd("\"</script>\"".into()));
        let zeros = || Domain::Choice(vec![Value::Real(0.0), Value::Real(-0.0)]);
        assert_eq!(cell_of(zeros(), Some(Value::Real(-0.0))), Cell::Place(1));
        assert_eq!(cell_of(zeros(), Some(Value::Integer(0))), Cell::Odd("0".into()));
    }
}
