//! JSON lines: `trials.jsonl` and `reports.jsonl`, one object a line, with the types that values have in the store.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::draft::{Draft, OutputFile};
use super::source::{ReportRow, Source, TrialRow};
use super::table::{Cell, Field, report_fields, trial_fields};
use super::{ExportError, Written};
use crate::output::sanitize::printable_json;
use crate::study::Attribute;

/// Writes both files.
pub(super) fn write(source: &Source<'_>, draft: &Draft) -> Result<Written, ExportError> {
    let mut file = draft.file("trials.jsonl")?;
    let mut trials = 0;
    for row in source.trials() {
        trials += 1;
        put_line(&mut file, &TrialLine(&row))?;
    }
    file.close()?;
    let mut file = draft.file("reports.jsonl")?;
    let reports = source.each_report(|row| put_line(&mut file, &ReportLine(row)))?;
    file.close()?;
    Ok(Written { trials, reports, notes: Vec::new() })
}

fn put_line(file: &mut OutputFile, line: &impl Serialize) -> Result<(), ExportError> {
    let json = serde_json::to_string(line).map_err(|error| ExportError::from_system(file.path(), error.into()))?;
    file.put((printable_json(&json) + "\n").as_bytes())
}

struct TrialLine<'a>(&'a TrialRow<'a>);

impl Serialize for TrialLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        put_fields(&mut map, &trial_fields(), self.0)?;
        map.serialize_entry("config", &self.0.record.config)?;
        map.end()
    }
}

struct ReportLine<'a>(&'a ReportRow<'a>);

impl Serialize for ReportLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        put_fields(&mut map, &report_fields(), self.0)?;
        map.serialize_entry("attributes", &Named(self.0.attributes))?;
        if !self.0.searcher_info.is_empty() {
            map.serialize_entry("searcher_info", &Named(self.0.searcher_info))?;
        }
        map.end()
    }
}

/// Attributes as an object, in the guest's order.
struct Named<'a>(&'a [Attribute]);

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|attribute| (&attribute.name, &attribute.value)))
    }
}

fn put_fields<M: SerializeMap, Row>(map: &mut M, fields: &[Field<Row>], row: &Row) -> Result<(), M::Error> {
    for field in fields {
        match (field.cell)(row) {
            Cell::Missing => map.serialize_entry(field.name, &None::<()>)?,
            Cell::Natural(number) => map.serialize_entry(field.name, &number)?,
            Cell::Real(real) => map.serialize_entry(field.name, &real)?,
            Cell::Boolean(boolean) => map.serialize_entry(field.name, &boolean)?,
            Cell::Text(text) => map.serialize_entry(field.name, &text)?,
        }
    }
    Ok(())
}
