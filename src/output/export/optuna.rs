//! A SQLite file as Optuna's storage makes it, so that `optuna.load_study` and `optuna-dashboard` open the study.
//!
//! The tables are those that Optuna 5.0.0 makes (its `storages/_rdb/models.py`; they have been the same since 3.2), in
//! `optuna/schema.sql`. Talks to SQLite. The file is written in one transaction without a journal: it is a draft until it is whole.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, params};
use serde::Serialize;
use serde_json::json;

use super::draft::Draft;
use super::source::{Source, TrialRow};
use super::{ExportError, Written, name};
use crate::output::summary::ending;
use crate::space::{Domain, Parameter, Value};
use crate::study::{OutcomeClass, StudySpec, TrialStatus};

/// The tables, and what Optuna reads the version of the schema from.
const SCHEMA: &str = include_str!("optuna/schema.sql");
/// How a draft is written: nobody else reads it, and what is half is thrown away.
const SETTINGS: &str = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; \
                        PRAGMA cache_size = -65536; PRAGMA foreign_keys = OFF;";
/// How long a parameter's distribution may be: it stands beside each of its values.
const DISTRIBUTION_BYTES_MAX: usize = 64 << 10;
/// How much of an outcome's text is kept.
const OUTCOME_CHARACTERS_MAX: usize = 2_000;
/// The number of the one study in the file.
const STUDY: i64 = 1;

/// What Optuna calls a trial's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    Complete,
    Pruned,
    Fail,
}

/// A parameter as Optuna keeps it.
struct Distribution<'a> {
    parameter: &'a Parameter,
    json: String,
}

/// Writes the file.
pub(super) fn write(source: &Source<'_>, draft: &Draft) -> Result<Written, ExportError> {
    let path = draft.path();
    let failed = |error| ExportError::from_sqlite(path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    // Some of the settings answer with a row.
    connection.execute_batch(SETTINGS).map_err(failed)?;
    connection.pragma_update(None, "application_id", super::draft::APPLICATION_ID).map_err(failed)?;
    let transaction = connection.transaction().map_err(failed)?;
    transaction.execute_batch(SCHEMA).map_err(failed)?;
    let mut writer = Writer { connection: &transaction, path, notes: Vec::new() };
    writer.put_study(source)?;
    let trials = writer.put_trials(source)?;
    let reports = writer.put_reports(source)?;
    let notes = writer.notes;
    transaction.commit().map_err(failed)?;
    connection.close().map_err(|(_, error)| failed(error))?;
    let synced = std::fs::File::open(path).and_then(|file| file.sync_all());
    synced.map_err(|error| ExportError::from_system(path, error))?;
    Ok(Written { trials, reports, notes })
}

struct Writer<'a> {
    connection: &'a Connection,
    path: &'a Path,
    notes: Vec<String>,
}

impl Writer<'_> {
    fn run(&self, sql: &str, values: impl rusqlite::Params) -> Result<(), ExportError> {
        let run = || self.connection.prepare_cached(sql)?.execute(values);
        run().map(|_| ()).map_err(|error| ExportError::from_sqlite(self.path, error))
    }

    fn put_study(&self, source: &Source<'_>) -> Result<(), ExportError> {
        let (spec, state) = (source.spec(), source.state());
        self.run("INSERT INTO studies VALUES (?1, ?2)", params![STUDY, name(spec)])?;
        self.run("INSERT INTO study_directions VALUES (1, 'MAXIMIZE', ?1, 0)", [STUDY])?;
        let metric = json!([spec.metrics.reward_attr]);
        let sql = "INSERT INTO study_system_attributes (study_id, key, value_json) VALUES (?1, ?2, ?3)";
        self.run(sql, params![STUDY, "study:metric_names", metric.to_string()])?;
        let best = state.best();
        self.put_study_attribute("digest", &source.digest().to_string())?;
        self.put_study_attribute("release", &spec.release)?;
        self.put_study_attribute("state", &ending(state))?;
        self.put_study_attribute("best_trial", &best.map(|best| best.trial))?;
        self.put_study_attribute("best_reward", &best.map(|best| best.reward))?;
        self.put_study_attribute("spec", spec)
    }

    fn put_study_attribute(&self, key: &str, value: &impl Serialize) -> Result<(), ExportError> {
        let sql = "INSERT INTO study_user_attributes (study_id, key, value_json) VALUES (?1, ?2, ?3)";
        self.run(sql, params![STUDY, key, self.json(value)?])
    }

    fn put_trials(&mut self, source: &Source<'_>) -> Result<u64, ExportError> {
        let distributions = self.distributions(source.spec());
        let is_over = source.state().ended().is_some();
        let mut count = 0;
        for row in source.trials() {
            count += 1;
            self.put_trial(source, &row, is_over)?;
            self.put_params(&row, &distributions)?;
            self.put_attributes(&row)?;
        }
        Ok(count)
    }

    fn put_trial(&self, source: &Source<'_>, row: &TrialRow<'_>, is_over: bool) -> Result<(), ExportError> {
        let (id, state) = (id(row), State::of(&row.record.status, is_over));
        let start = source.wall_start(row)?.map(date_time);
        let mut end = source.wall_end(row)?.map(date_time);
        if state == State::Running {
            end = None;
        } else if end.is_none() {
            // A paused trial of a study that has ended; Optuna wants a time for what is over.
            end.clone_from(&start);
        }
        let sql = "INSERT INTO trials VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        self.run(sql, params![id, id - 1, STUDY, state.name(), start, end])?;
        if matches!(state, State::Complete | State::Pruned)
            && let Some(reward) = row.record.reward
        {
            let sql = "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?1, 0, ?2, 'FINITE')";
            self.run(sql, params![id, reward])?;
        }
        Ok(())
    }

    fn put_params(&self, row: &TrialRow<'_>, distributions: &[Distribution<'_>]) -> Result<(), ExportError> {
        let sql =
            "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES (?1, ?2, ?3, ?4)";
        for Distribution { parameter, json } in distributions {
            let value = row.record.config.get(&parameter.name);
            if let Some(value) = value.and_then(|value| internal(&parameter.domain, value)) {
                self.run(sql, params![id(row), parameter.name, value, json])?;
            }
        }
        Ok(())
    }

    fn put_attributes(&self, row: &TrialRow<'_>) -> Result<(), ExportError> {
        let record = row.record;
        let outcome = match &record.status {
            TrialStatus::Running => "running".to_owned(),
            TrialStatus::Paused { level } => format!("paused at {level}"),
            TrialStatus::Ended(outcome) => outcome.to_string().chars().take(OUTCOME_CHARACTERS_MAX).collect(),
        };
        self.put_attribute(row, "outcome", &outcome)?;
        self.put_attribute(row, "fuel", &record.fuel)?;
        self.put_attribute(row, "seed", &record.seed)?;
        self.put_attribute(row, "start_seconds", &record.start.seconds())?;
        if let Some(end) = row.end {
            self.put_attribute(row, "end_seconds", &end.seconds())?;
        }
        if let Some(bracket) = record.bracket {
            self.put_attribute(row, "bracket", &bracket)?;
        }
        if record.promotions > 0 {
            self.put_attribute(row, "promotions", &record.promotions)?;
        }
        if row.is_cached {
            self.put_attribute(row, "cached", &true)?;
        }
        // Optuna takes a trial for feasible where none of these is positive.
        if let Some(constraint) = record.constraint {
            let sql = "INSERT INTO trial_system_attributes (trial_id, key, value_json) VALUES (?1, ?2, ?3)";
            self.run(sql, params![id(row), "constraints", json!([constraint]).to_string()])?;
        }
        Ok(())
    }

    fn put_attribute(&self, row: &TrialRow<'_>, key: &str, value: &impl Serialize) -> Result<(), ExportError> {
        let sql = "INSERT INTO trial_user_attributes (trial_id, key, value_json) VALUES (?1, ?2, ?3)";
        self.run(sql, params![id(row), key, self.json(value)?])
    }

    fn put_reports(&self, source: &Source<'_>) -> Result<u64, ExportError> {
        // Of several reports at one step the last one counts.
        let sql = "INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type) \
                   VALUES (?1, ?2, ?3, 'FINITE') \
                   ON CONFLICT (trial_id, step) DO UPDATE SET intermediate_value = excluded.intermediate_value";
        source.each_report(|report| {
            let (Ok(step), Some(reward)) = (i64::try_from(report.resource), report.reward) else { return Ok(()) };
            self.run(sql, params![report.trial.trial.0.cast_signed() + 1, step, reward])
        })
    }

    /// The parameters that Optuna can take, with a note for each that it cannot.
    fn distributions<'a>(&mut self, spec: &'a StudySpec) -> Vec<Distribution<'a>> {
        let mut distributions = Vec::new();
        for parameter in spec.space.parameters() {
            let Some(json) = distribution(&parameter.domain) else { continue };
            if json.len() > DISTRIBUTION_BYTES_MAX {
                self.notes.push(format!(
                    "the parameter `{}` is left out: its choices take {} bytes, which would stand in every trial",
                    parameter.name,
                    json.len()
                ));
                continue;
            }
            distributions.push(Distribution { parameter, json });
        }
        distributions
    }

    fn json(&self, value: &impl Serialize) -> Result<String, ExportError> {
        serde_json::to_string(value).map_err(|error| ExportError::from_system(self.path, error.into()))
    }
}

impl State {
    /// What the trial is to Optuna. What waits for a promotion runs while the study does, and was pruned once it has ended: of
    /// a trial that is `WAITING` Optuna would think that it was never begun, and begin it.
    fn of(status: &TrialStatus, is_over: bool) -> Self {
        match status {
            TrialStatus::Running => Self::Running,
            TrialStatus::Paused { .. } if !is_over => Self::Running,
            TrialStatus::Paused { .. } => Self::Pruned,
            TrialStatus::Ended(outcome) => match outcome.class() {
                OutcomeClass::Completed => Self::Complete,
                OutcomeClass::Stopped => Self::Pruned,
                OutcomeClass::Failed => Self::Fail,
            },
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Complete => "COMPLETE",
            Self::Pruned => "PRUNED",
            Self::Fail => "FAIL",
        }
    }
}

/// The trial's key in the file, from 1.
fn id(row: &TrialRow<'_>) -> i64 {
    row.record.trial.0.cast_signed() + 1
}

/// The domain as Optuna writes it; none for a constant, which is not searched.
fn distribution(domain: &Domain) -> Option<String> {
    let (name, attributes) = match domain {
        Domain::Real(range) => {
            ("FloatDistribution", json!({ "step": null, "low": range.lower, "high": range.upper, "log": range.log }))
        }
        Domain::Integer(range) => {
            ("IntDistribution", json!({ "log": range.log, "step": 1, "low": range.lower, "high": range.upper }))
        }
        Domain::Boolean => ("CategoricalDistribution", json!({ "choices": [false, true] })),
        Domain::Choice(values) => ("CategoricalDistribution", json!({ "choices": values })),
        Domain::Constant(_) => return None,
    };
    Some(json!({ "name": name, "attributes": attributes }).to_string())
}

/// The value as Optuna keeps it: a number, of a choice its index. None if it is not of the domain, as only in a forged store.
fn internal(domain: &Domain, value: &Value) -> Option<f64> {
    if !domain.contains(value) {
        return None;
    }
    match domain {
        Domain::Choice(values) => values.iter().position(|choice| choice.same(value)).map(|index| index as f64),
        _ => value.as_number(),
    }
}

/// A moment as SQLAlchemy keeps it: in UTC, to the microsecond.
fn date_time(since_1970: Duration) -> String {
    let seconds = since_1970.as_secs();
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{:06}", since_1970.subsec_micros())
}

/// The date of a day since 1970: Howard Hinnant, chrono-Compatible Low-Level Date Algorithms, `civil_from_days`.
fn date(days: u64) -> (u64, u64, u64) {
    const DAYS_TO_1970: u64 = 719_468;
    const DAYS_OF_ERA: u64 = 146_097;
    let days = days + DAYS_TO_1970;
    let (era, day_of_era) = (days / DAYS_OF_ERA, days % DAYS_OF_ERA);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    // Years begin in March here, so that the leap day is the last of one.
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{IntegerRange, RealRange};
    use crate::study::{Outcome, StopReason};

    #[test]
    fn moments_are_dates_in_utc() {
        for (milliseconds, expected) in [
            (0, "1970-01-01 00:00:00.000000"),
            (951_782_399_999, "2000-02-28 23:59:59.999000"),
            (951_782_400_000, "2000-02-29 00:00:00.000000"),
            (4_107_542_400_000, "2100-03-01 00:00:00.000000"),
            (253_370_764_799_000, "9998-12-31 23:59:59.000000"),
        ] {
            assert_eq!(date_time(Duration::from_millis(milliseconds)), expected);
        }
    }

    #[test]
    fn domains_are_written_as_optuna_writes_them() {
        let real = Domain::Real(RealRange { lower: 1e-3, upper: 1.0, log: true });
        let integer = Domain::Integer(IntegerRange { lower: 1, upper: 5, log: false });
        let choice = Domain::Choice(vec![Value::from("x"), Value::Integer(1), Value::Boolean(true), Value::Real(1.0)]);
        let read =
            |domain: &Domain| -> serde_json::Value { serde_json::from_str(&distribution(domain).unwrap()).unwrap() };
        assert_eq!(
            read(&real),
            json!({"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1.0, "log": true}})
        );
        assert_eq!(
            read(&integer),
            json!({"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 1, "high": 5}})
        );
        assert_eq!(
            read(&choice),
            json!({"name": "CategoricalDistribution", "attributes": {"choices": ["x", 1, true, 1.0]}})
        );
        assert_eq!(distribution(&Domain::Constant(Value::Integer(1))), None);
        assert_eq!(internal(&choice, &Value::Real(1.0)), Some(3.0));
        assert_eq!(internal(&integer, &Value::Integer(9)), None);
    }

    #[test]
    fn what_is_paused_runs_until_the_study_has_ended() {
        let paused = TrialStatus::Paused { level: 3 };
        assert_eq!((State::of(&paused, false), State::of(&paused, true)), (State::Running, State::Pruned));
        for (reason, expected) in [
            (StopReason::MaxT, State::Complete),
            (StopReason::Scheduler, State::Pruned),
            (StopReason::TimeOut, State::Pruned),
        ] {
            assert_eq!(State::of(&TrialStatus::Ended(Outcome::Stopped { reason }), true), expected);
        }
        assert_eq!(State::of(&TrialStatus::Ended(Outcome::Crashed), true), State::Fail);
    }
}
