//! Event files for TensorBoard: a folder for each trial, with a scalar for every numeric attribute and what the HParams plugin wants
//! to know of the trial; and one file beside them that tells the plugin of the space.
//!
//! An event file is a row of records, each a length, its check sum, the bytes of a message and their check sum (TensorFlow,
//! `record_writer.h`).

mod message;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use prost::Message;

use self::message::{
    Content, Dimension, Event, Experiment, HParams, HParamsData, Interval, JsonKind, JsonValue, ListValue, Metadata,
    MetricInfo, MetricName, ParameterDomain, ParameterInfo, ParameterType, PluginData, SessionEnd, SessionStart,
    SessionStatus, Shape, Summary, SummaryValue, Tensor, TensorType, What,
};
use super::appender::Appender;
use super::column::COLUMNS_MAX;
use super::draft::Draft;
use super::source::{ReportRow, Source, TrialRow};
use super::{ExportError, Written, name};
use crate::numeric::amount::TrialId;
use crate::space::{Domain, Parameter, Space, Value};
use crate::study::TrialStatus;

/// The name of every event file. What stands after `tfevents.` is a time in others; this export has none.
const FILE: &str = "events.out.tfevents.0.trialbox";
/// The first event of a file says which form the others have.
const FILE_VERSION: &str = "brain.Event:2";
/// The tags by which the HParams plugin finds what is for it.
const EXPERIMENT: &str = "_hparams_/experiment";
const SESSION_START: &str = "_hparams_/session_start_info";
const SESSION_END: &str = "_hparams_/session_end_info";

/// Writes the folders.
pub(super) fn write(source: &Source<'_>, draft: &Draft) -> Result<Written, ExportError> {
    let mut writer = Writer { source, draft, files: Appender::default(), digits: digits(source) };
    writer.put_experiment()?;
    let mut trials = 0;
    for row in source.trials() {
        trials += 1;
        writer.begin(&row)?;
    }
    let reports = source.each_report(|row| writer.put_report(row))?;
    for row in source.trials() {
        writer.end(&row)?;
    }
    writer.files.flush()?;
    Ok(Written { trials, reports, notes: left_out(source) })
}

/// What is left out, if anything is.
pub(super) fn left_out(source: &Source<'_>) -> Vec<String> {
    let note = || format!("of the attributes only the first {COLUMNS_MAX} names were taken");
    source.attributes().has_others().then(note).into_iter().collect()
}

struct Writer<'a> {
    source: &'a Source<'a>,
    draft: &'a Draft,
    files: Appender,
    /// How many digits the numbers of trials have, so that the names of folders sort as the numbers do.
    digits: usize,
}

impl Writer<'_> {
    fn put_experiment(&mut self) -> Result<(), ExportError> {
        let (spec, source) = (self.source.spec(), self.source);
        let path = self.draft.path().join(FILE);
        let created = seconds(source.wall_time(crate::numeric::amount::Sequence(0))?);
        let experiment = Experiment {
            description: format!("study of trialbox {}, digest {}", spec.release, source.digest()),
            created_seconds: created,
            parameters: spec.space.parameters().iter().filter_map(parameter_info).collect(),
            metrics: vec![MetricInfo { name: Some(MetricName { tag: spec.metrics.reward_attr.clone() }) }],
            name: name(spec),
        };
        self.put(path.clone(), created, 0, What::FileVersion(FILE_VERSION.to_owned()))?;
        self.put(path, created, 0, for_plugin(EXPERIMENT, HParamsData::Experiment(experiment)))
    }

    fn begin(&mut self, row: &TrialRow<'_>) -> Result<(), ExportError> {
        let folder = self.folder(row.record.trial);
        fs::create_dir(&folder).map_err(|error| ExportError::from_system(&folder, error))?;
        let started = seconds(self.source.wall_start(row)?);
        let start = SessionStart {
            parameters: parameters(&self.source.spec().space, row),
            group: format!("trial {}", row.record.trial),
            seconds: started,
        };
        let path = folder.join(FILE);
        self.put(path.clone(), started, 0, What::FileVersion(FILE_VERSION.to_owned()))?;
        self.put(path, started, 0, for_plugin(SESSION_START, HParamsData::Start(start)))
    }

    fn put_report(&mut self, row: &ReportRow<'_>) -> Result<(), ExportError> {
        let time_attr = &self.source.spec().metrics.time_attr;
        let columns = self.source.attributes();
        // The steps are the resource already.
        let pairs = row.pairs().filter(|(name, _)| name != time_attr && columns.place(name).is_some());
        let values: Vec<SummaryValue> =
            pairs.filter_map(|(name, value)| Some(scalar(name, value.as_number()?))).collect();
        let Ok(step) = i64::try_from(row.resource) else { return Ok(()) };
        if values.is_empty() {
            return Ok(());
        }
        let time = seconds(self.source.wall_time(row.sequence)?);
        let path = self.folder(row.trial.trial).join(FILE);
        self.put(path, time, step, What::Summary(Summary { values }))
    }

    fn end(&mut self, row: &TrialRow<'_>) -> Result<(), ExportError> {
        let TrialStatus::Ended(outcome) = &row.record.status else { return Ok(()) };
        let ended = seconds(self.source.wall_end(row)?);
        let status = if outcome.is_failure() { SessionStatus::Failure } else { SessionStatus::Success };
        let end = SessionEnd { status: status.into(), seconds: ended };
        let path = self.folder(row.record.trial).join(FILE);
        self.put(path, ended, 0, for_plugin(SESSION_END, HParamsData::End(end)))
    }

    fn folder(&self, trial: TrialId) -> PathBuf {
        self.draft.path().join(format!("trial_{:0digits$}", trial.0, digits = self.digits))
    }

    fn put(&mut self, path: PathBuf, wall_time: f64, step: i64, what: What) -> Result<(), ExportError> {
        self.files.put(path, &record(&Event { wall_time, step, what: Some(what) }.encode_to_vec()))
    }
}

fn digits(source: &Source<'_>) -> usize {
    source.state().trials().len().saturating_sub(1).to_string().len()
}

fn seconds(since_1970: Option<Duration>) -> f64 {
    since_1970.unwrap_or_default().as_secs_f64()
}

/// A message as a record of an event file.
fn record(message: &[u8]) -> Vec<u8> {
    let length = (message.len() as u64).to_le_bytes();
    let mut record = Vec::with_capacity(message.len() + 16);
    record.extend_from_slice(&length);
    record.extend_from_slice(&masked_check_sum(&length).to_le_bytes());
    record.extend_from_slice(message);
    record.extend_from_slice(&masked_check_sum(message).to_le_bytes());
    record
}

/// The CRC-32C, rotated and moved, since sums of data that contains sums are weak.
fn masked_check_sum(bytes: &[u8]) -> u32 {
    const MASK: u32 = 0xa282_ead8;
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(MASK)
}

fn scalar(tag: &str, value: f64) -> SummaryValue {
    // TensorBoard's server reads no scalars of 64 bits.
    SummaryValue { tag: tag.to_owned(), content: Some(Content::Scalar(value as f32)), metadata: None }
}

/// What the HParams plugin finds in the metadata of a summary that has no value of its own.
fn for_plugin(tag: &str, data: HParamsData) -> What {
    let nothing = Shape { dimensions: vec![Dimension { size: 0 }] };
    let tensor = Tensor { kind: TensorType::Float.into(), shape: Some(nothing) };
    let content = HParams { data: Some(data) }.encode_to_vec();
    let plugin_data = PluginData { plugin_name: "hparams".to_owned(), content };
    let metadata = Metadata { plugin_data: Some(plugin_data) };
    let value = SummaryValue { tag: tag.to_owned(), content: Some(Content::Tensor(tensor)), metadata: Some(metadata) };
    What::Summary(Summary { values: vec![value] })
}

/// The parameter as the plugin shows it; none for a constant, which is not searched.
fn parameter_info(parameter: &Parameter) -> Option<ParameterInfo> {
    let kind = parameter_type(&parameter.domain)?;
    let domain = match &parameter.domain {
        Domain::Real(range) => ParameterDomain::Interval(Interval { least: range.lower, most: range.upper }),
        Domain::Integer(range) => {
            ParameterDomain::Interval(Interval { least: range.lower as f64, most: range.upper as f64 })
        }
        Domain::Boolean => discrete(&[Value::Boolean(false), Value::Boolean(true)], kind),
        Domain::Choice(values) => discrete(values, kind),
        Domain::Constant(_) => return None,
    };
    Some(ParameterInfo { name: parameter.name.clone(), kind: kind.into(), domain: Some(domain) })
}

fn discrete(values: &[Value], kind: ParameterType) -> ParameterDomain {
    ParameterDomain::Discrete(ListValue { values: values.iter().map(|value| json_value(value, kind)).collect() })
}

/// The one type that all values of the domain have for the plugin; values of several kinds are texts.
fn parameter_type(domain: &Domain) -> Option<ParameterType> {
    match domain {
        Domain::Real(_) | Domain::Integer(_) => Some(ParameterType::Real),
        Domain::Boolean => Some(ParameterType::Boolean),
        Domain::Choice(values) => {
            Some(if values.iter().all(|value| matches!(value, Value::Real(_) | Value::Integer(_))) {
                ParameterType::Real
            } else if values.iter().all(|value| matches!(value, Value::Boolean(_))) {
                ParameterType::Boolean
            } else {
                ParameterType::Text
            })
        }
        Domain::Constant(_) => None,
    }
}

fn json_value(value: &Value, kind: ParameterType) -> JsonValue {
    let kind = match (kind, value) {
        (ParameterType::Boolean, Value::Boolean(boolean)) => JsonKind::Boolean(*boolean),
        (ParameterType::Real, Value::Real(real)) => JsonKind::Real(*real),
        (ParameterType::Real, Value::Integer(integer)) => JsonKind::Real(*integer as f64),
        (_, value) => JsonKind::Text(value.to_string()),
    };
    JsonValue { kind: Some(kind) }
}

/// The trial's values of the parameters that are searched, as far as they are of the domain, as all but those of forged stores are.
fn parameters(space: &Space, row: &TrialRow<'_>) -> BTreeMap<String, JsonValue> {
    let value = |parameter: &Parameter| {
        let kind = parameter_type(&parameter.domain)?;
        let value = row.record.config.get(&parameter.name).filter(|value| parameter.domain.contains(value))?;
        Some((parameter.name.clone(), json_value(value, kind)))
    };
    space.parameters().iter().filter_map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_length_and_masked_check_sums() {
        // What TensorFlow's own writer makes of an event with only the version, at time 0.
        let event =
            Event { wall_time: 0.0, step: 0, what: Some(What::FileVersion(FILE_VERSION.to_owned())) }.encode_to_vec();
        assert_eq!(event, b"\x1a\x0dbrain.Event:2");
        let record = record(&event);
        assert_eq!((record.len(), &record[..8]), (31, &15_u64.to_le_bytes()[..]));
        assert_eq!(&record[12..27], event);
    }

    #[test]
    fn check_sums_are_those_of_the_published_examples() {
        // RFC 3720, appendix B.4: 32 bytes of zeros give 0x8a9136aa.
        let unmasked = masked_check_sum(&[0; 32]).wrapping_sub(0xa282_ead8).rotate_left(15);
        assert_eq!(unmasked, 0x8a91_36aa);
    }

    #[test]
    fn choices_of_several_kinds_are_texts() {
        let choice = |values: &[Value]| parameter_type(&Domain::Choice(values.to_vec()));
        assert_eq!(choice(&[Value::Integer(1), Value::Real(0.5)]), Some(ParameterType::Real));
        assert_eq!(choice(&[Value::Boolean(true)]), Some(ParameterType::Boolean));
        assert_eq!(choice(&[Value::Integer(1), Value::from("a")]), Some(ParameterType::Text));
        let value = json_value(&Value::Integer(1), ParameterType::Text);
        assert_eq!(value.kind, Some(JsonKind::Text("1".into())));
    }
}
