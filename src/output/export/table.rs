//! The columns that every table of trials, and every table of reports, has: one definition for CSV, JSON lines and Parquet.

use std::borrow::Cow;

use super::column::Kind;
use super::source::{ReportRow, TrialRow};
use crate::scheduler::Decision;
use crate::study::TrialStatus;

/// A cell of a fixed column.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    Missing,
    Natural(u64),
    Real(f64),
    Boolean(bool),
    Text(Cow<'a, str>),
}

/// A column that every table has.
pub(super) struct Field<Row> {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Whether a cell may be missing.
    pub(super) is_optional: bool,
    pub(super) cell: for<'a> fn(&'a Row) -> Cell<'a>,
}

impl<Row> Field<Row> {
    const fn required(name: &'static str, kind: Kind, cell: for<'a> fn(&'a Row) -> Cell<'a>) -> Self {
        Self { name, kind, is_optional: false, cell }
    }

    const fn optional(name: &'static str, kind: Kind, cell: for<'a> fn(&'a Row) -> Cell<'a>) -> Self {
        Self { name, kind, is_optional: true, cell }
    }
}

/// The columns of a table of trials.
pub(super) fn trial_fields<'r>() -> [Field<TrialRow<'r>>; 17] {
    [
        Field::required("trial", Kind::Natural, |row| Cell::Natural(row.record.trial.0)),
        Field::required("status", Kind::Text, |row| word(status(&row.record.status))),
        Field::optional("outcome", Kind::Text, |row| row.record.outcome().map_or(Cell::Missing, |it| word(it.name()))),
        Field::optional("outcome_detail", Kind::Text, |row| {
            row.record.outcome().map_or(Cell::Missing, |outcome| Cell::Text(outcome.to_string().into()))
        }),
        Field::optional("reward", Kind::Real, |row| row.record.reward.map_or(Cell::Missing, Cell::Real)),
        Field::required("feasible", Kind::Boolean, |row| Cell::Boolean(row.record.feasible)),
        Field::optional("time", Kind::Natural, |row| row.record.time.map_or(Cell::Missing, Cell::Natural)),
        Field::required("fuel", Kind::Natural, |row| Cell::Natural(row.record.fuel.0)),
        Field::required("reports", Kind::Natural, |row| Cell::Natural(row.record.reports)),
        Field::required("slot", Kind::Natural, |row| Cell::Natural(row.record.slot.0.into())),
        Field::required("start_seconds", Kind::Real, |row| Cell::Real(row.record.start.seconds())),
        Field::optional("end_seconds", Kind::Real, |row| {
            row.end.map_or(Cell::Missing, |end| Cell::Real(end.seconds()))
        }),
        Field::required("seed", Kind::Natural, |row| Cell::Natural(row.record.seed.0)),
        Field::optional("bracket", Kind::Natural, |row| {
            row.record.bracket.map_or(Cell::Missing, |bracket| Cell::Natural(bracket.into()))
        }),
        Field::required("promotions", Kind::Natural, |row| Cell::Natural(row.record.promotions.into())),
        Field::optional("paused_at", Kind::Natural, |row| row.record.paused_at().map_or(Cell::Missing, Cell::Natural)),
        Field::required("cached", Kind::Boolean, |row| Cell::Boolean(row.is_cached)),
    ]
}

/// The columns of a table of reports.
pub(super) fn report_fields<'r>() -> [Field<ReportRow<'r>>; 6] {
    [
        Field::required("trial", Kind::Natural, |row| Cell::Natural(row.trial.trial.0)),
        Field::required("report", Kind::Natural, |row| Cell::Natural(row.report)),
        Field::required("seconds", Kind::Real, |row| Cell::Real(row.time.seconds())),
        Field::required("fuel", Kind::Natural, |row| Cell::Natural(row.fuel.0)),
        Field::required("decision", Kind::Text, |row| word(decision(row.decision))),
        Field::optional("bracket", Kind::Natural, |row| {
            row.bracket.map_or(Cell::Missing, |bracket| Cell::Natural(bracket.into()))
        }),
    ]
}

/// What the names of the columns of configurations begin with.
pub(super) const CONFIG: &str = "config_";
/// What the names of the columns of attributes begin with.
pub(super) const ATTRIBUTE: &str = "report_";
/// What the names of the columns of what the searcher said begin with.
pub(super) const SEARCHER: &str = "searcher_";
/// The columns of what has no column of its own.
pub(super) const OTHER_CONFIG: &str = "other_config";
pub(super) const OTHER_ATTRIBUTES: &str = "other_attributes";
pub(super) const OTHER_SEARCHER_INFO: &str = "other_searcher_info";

/// The status of a trial in a word.
pub(super) fn status(status: &TrialStatus) -> &'static str {
    match status {
        TrialStatus::Running => "running",
        TrialStatus::Paused { .. } => "paused",
        TrialStatus::Ended(_) => "ended",
    }
}

fn decision(decision: Decision) -> &'static str {
    match decision {
        Decision::Continue => "continue",
        Decision::Pause => "pause",
        Decision::Stop => "stop",
    }
}

fn word(word: &'static str) -> Cell<'static> {
    Cell::Text(Cow::Borrowed(word))
}
