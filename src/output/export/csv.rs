//! CSV: `trials.csv` and `reports.csv`, for people and spreadsheets.
//!
//! A spreadsheet takes a cell that begins with `=` for a formula, and one can read other files and send them away. So no text of a
//! guest begins a cell with such a character: an apostrophe stands before it, which spreadsheets take for "this is text". Texts
//! are on one line and printable, as wherever trialbox shows them.

use std::borrow::Cow;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use super::column::{Columns, Kind};
use super::draft::{self, Draft, OutputFile};
use super::source::Source;
use super::table::{
    ATTRIBUTE, CONFIG, Cell, Field, OTHER_ATTRIBUTES, OTHER_CONFIG, OTHER_SEARCHER_INFO, SEARCHER, report_fields,
    trial_fields,
};
use super::{ExportError, Written};
use crate::output::sanitize::printable;
use crate::space::Value;

/// How long a cell may be: what spreadsheets hold, less what escapes may add at the end.
const CELL_CHARACTERS_MAX: usize = 32_000;
/// How long a heading may be.
const HEADING_CHARACTERS_MAX: usize = 200;

/// Writes both tables.
pub(super) fn write(source: &Source<'_>, draft: &Draft) -> Result<Written, ExportError> {
    let mut table = Table::create(draft.file("trials.csv")?);
    let configs = source.configs();
    table.headings(trial_fields().iter().map(|field| field.name));
    table.named_headings(CONFIG, OTHER_CONFIG, configs);
    table.end_row()?;
    let mut trials = 0;
    for row in source.trials() {
        trials += 1;
        table.fields(&trial_fields(), &row);
        table.values(configs, row.record.config.iter());
        table.end_row()?;
    }
    table.close()?;

    let mut table = Table::create(draft.file("reports.csv")?);
    let (attributes, searcher_info) = (source.attributes(), source.searcher_info());
    table.headings(report_fields().iter().map(|field| field.name));
    table.named_headings(ATTRIBUTE, OTHER_ATTRIBUTES, attributes);
    table.named_headings(SEARCHER, OTHER_SEARCHER_INFO, searcher_info);
    table.end_row()?;
    let reports = source.each_report(|row| {
        table.fields(&report_fields(), row);
        table.values(attributes, row.pairs());
        table.values(searcher_info, row.searcher_pairs());
        table.end_row()
    })?;
    table.close()?;
    Ok(Written { trials, reports, notes: Vec::new() })
}

/// A file of rows.
struct Table {
    path: PathBuf,
    writer: csv::Writer<BufWriter<std::fs::File>>,
    row: csv::StringRecord,
}

impl Table {
    fn create(file: OutputFile) -> Self {
        let (path, writer) = file.into_parts();
        Self { path, writer: csv::Writer::from_writer(writer), row: csv::StringRecord::new() }
    }

    fn headings(&mut self, names: impl Iterator<Item = &'static str>) {
        names.for_each(|name| self.row.push_field(name));
    }

    /// The names of columns behind a prefix, which also keeps them from being formulas.
    fn named_headings(&mut self, prefix: &str, others: &str, columns: &Columns) {
        for column in columns.all() {
            self.row.push_field(&format!("{prefix}{}", printable(&column.name, HEADING_CHARACTERS_MAX)));
        }
        if columns.has_others() {
            self.row.push_field(others);
        }
    }

    fn fields<Row>(&mut self, fields: &[Field<Row>], row: &Row) {
        for field in fields {
            match (field.cell)(row) {
                Cell::Missing => self.row.push_field(""),
                Cell::Natural(number) => self.row.push_field(&number.to_string()),
                Cell::Real(real) => self.row.push_field(&format!("{real:?}")),
                Cell::Boolean(boolean) => self.row.push_field(if boolean { "true" } else { "false" }),
                Cell::Text(text) => self.row.push_field(&harmless(&text)),
            }
        }
    }

    fn values<'a>(&mut self, columns: &Columns, pairs: impl Iterator<Item = (&'a str, &'a Value)>) {
        let (values, others) = columns.spread(pairs);
        for (column, value) in columns.all().iter().zip(values) {
            let text = value.map_or(Cow::Borrowed(""), |value| shown(value, column.kind()));
            self.row.push_field(&text);
        }
        if columns.has_others() {
            self.row.push_field(&others.map_or(String::new(), |json| harmless(&json)));
        }
    }

    fn end_row(&mut self) -> Result<(), ExportError> {
        self.writer.write_record(&self.row).map_err(|error| ExportError::from_csv(&self.path, error))?;
        self.row.clear();
        Ok(())
    }

    fn close(self) -> Result<(), ExportError> {
        let Self { path, writer, .. } = self;
        let mut writer = writer.into_inner().map_err(|error| ExportError::from_system(&path, error.into_error()))?;
        writer.flush().map_err(|error| ExportError::from_system(&path, error))?;
        draft::close(&path, writer)
    }
}

fn shown(value: &Value, kind: Kind) -> Cow<'static, str> {
    match value {
        Value::Real(real) => format!("{real:?}").into(),
        // As the other numbers of the column.
        Value::Integer(integer) if kind == Kind::Real => format!("{:?}", *integer as f64).into(),
        Value::Integer(integer) => integer.to_string().into(),
        Value::Boolean(boolean) => Cow::Borrowed(if *boolean { "true" } else { "false" }),
        Value::Text(text) => harmless(text).into(),
    }
}

/// The text on one line, printable, and no formula to any spreadsheet. An apostrophe at its beginning is doubled, so that taking
/// away one apostrophe gives the text again.
fn harmless(text: &str) -> String {
    let shown = printable(text, CELL_CHARACTERS_MAX);
    // Some spreadsheets take the wide forms of the signs as the signs.
    let begins_formula = shown.starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}', '\'']);
    // Before such a sign spaces may be passed over.
    let hides_formula = shown.starts_with(char::is_whitespace) && harmless(shown.trim_start()) != shown.trim_start();
    // A tabulator or line end came first; its escape is harmless where it is shown, and may be undone elsewhere.
    let begins_with_control = text.starts_with(['\t', '\r', '\n']);
    if begins_formula || hides_formula || begins_with_control { format!("'{shown}") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_a_guest_is_a_formula() {
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\\t=1"),
            ("\r=1", "'\\r=1"),
            ("  =1", "'  =1"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("'quoted'", "''quoted'"),
            ("a=1", "a=1"),
            ("two\nlines", "two\\nlines"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("", ""),
        ] {
            assert_eq!(harmless(text), expected);
        }
    }

    #[test]
    fn numbers_are_left_as_they_are() {
        for (value, kind, expected) in [
            (Value::Real(-1.5), Kind::Real, "-1.5"),
            (Value::Integer(-1), Kind::Integer, "-1"),
            (Value::Integer(-1), Kind::Real, "-1.0"),
            (Value::Real(f64::NAN), Kind::Real, "NaN"),
            (Value::Real(f64::NEG_INFINITY), Kind::Real, "-inf"),
            (Value::Real(1e308), Kind::Real, "1e308"),
            (Value::Boolean(true), Kind::Boolean, "true"),
        ] {
            assert_eq!(shown(&value, kind), expected);
        }
    }
}
