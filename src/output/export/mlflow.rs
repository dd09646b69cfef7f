//! Runs of MLflow's file store: a folder with the experiment, in it a folder for each trial, in that a file for each parameter,
//! metric and tag.
//!
//! The layout is that which MLflow 3.17 writes and reads (its `store/tracking/file_store.py`). Names become names of files, so what
//! guests wrote is reduced to what MLflow and every file system allow.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::appender::Appender;
use super::column::Columns;
use super::draft::Draft;
use super::source::{ReportRow, Source, TrialRow};
use super::tensorboard::left_out;
use super::{ExportError, Written, name};
use crate::numeric::amount::{Sequence, TrialId};
use crate::numeric::digest::Digest;
use crate::study::{OutcomeClass, TrialStatus};

/// How long a name may be: MLflow takes 250 characters, file systems 255 bytes.
const NAME_BYTES_MAX: usize = 200;
/// How long the value of a parameter, or a tag, may be: MLflow takes 6000 and 8000.
const TEXT_CHARACTERS_MAX: usize = 6_000;

/// MLflow's numbers of a run's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Running = 1,
    Scheduled = 2,
    Finished = 3,
    Failed = 4,
    Killed = 5,
}

/// Writes the folders.
pub(super) fn write(source: &Source<'_>, draft: &Draft) -> Result<Written, ExportError> {
    let root = draft.path();
    let experiment = experiment_id(source.first_digest());
    let folder = root.join(&experiment);
    let mut writer = Writer {
        source,
        files: Appender::default(),
        folder,
        experiment,
        parameters: Names::of(source.configs()),
        metrics: Names::of(source.attributes()),
    };
    // MLflow moves here what is deleted.
    make_folder(&root.join(".trash"))?;
    writer.put_experiment()?;
    let mut trials = 0;
    for row in source.trials() {
        trials += 1;
        writer.put_run(&row)?;
    }
    let reports = source.each_report(|row| writer.put_report(row))?;
    writer.files.flush()?;
    Ok(Written { trials, reports, notes: left_out(source) })
}

struct Writer<'a> {
    source: &'a Source<'a>,
    files: Appender,
    folder: PathBuf,
    experiment: String,
    parameters: Names,
    metrics: Names,
}

impl Writer<'_> {
    fn put_experiment(&mut self) -> Result<(), ExportError> {
        make_folder(&self.folder)?;
        let spec = self.source.spec();
        let created = milliseconds(self.source.wall_time(Sequence(0))?);
        let mut text = String::new();
        put_line(&mut text, "artifact_location", &quoted(&format!("./{}", self.experiment)));
        put_line(&mut text, "creation_time", &created);
        put_line(&mut text, "experiment_id", &quoted(&self.experiment));
        put_line(&mut text, "last_update_time", &created);
        put_line(&mut text, "lifecycle_stage", "active");
        put_line(&mut text, "name", &quoted(&name(spec)));
        let folder = self.folder.clone();
        self.files.put(folder.join("meta.yaml"), text.as_bytes())?;
        make_folder(&folder.join("tags"))?;
        let digest = self.source.digest().to_string();
        for (tag, value) in [
            ("trialbox.digest", digest.as_str()),
            ("trialbox.release", &spec.release),
            ("trialbox.study", &spec.name),
            ("trialbox.reward_attr", &spec.metrics.reward_attr),
            ("trialbox.time_attr", &spec.metrics.time_attr),
        ] {
            self.files.put(folder.join("tags").join(tag), cut(value).as_bytes())?;
        }
        Ok(())
    }

    fn put_run(&mut self, row: &TrialRow<'_>) -> Result<(), ExportError> {
        let id = run_id(self.source.first_digest(), row.record.trial);
        let folder = self.folder.join(&id);
        make_folder(&folder)?;
        for part in ["metrics", "params", "tags", "artifacts"] {
            make_folder(&folder.join(part))?;
        }
        self.files.put(folder.join("meta.yaml"), self.run(row, &id)?.as_bytes())?;
        for (place, column) in self.source.configs().all().iter().enumerate() {
            let Some(value) = row.record.config.get(&column.name) else { continue };
            let path = folder.join("params").join(self.parameters.get(place));
            self.files.put(path, cut(&value.to_string()).as_bytes())?;
        }
        for (tag, value) in tags(row) {
            self.files.put(folder.join("tags").join(tag), cut(&value).as_bytes())?;
        }
        Ok(())
    }

    /// The content of a run's `meta.yaml`.
    fn run(&self, row: &TrialRow<'_>, id: &str) -> Result<String, ExportError> {
        let status = Status::of(&row.record.status, self.source.state().ended().is_some());
        let start = milliseconds(self.source.wall_start(row)?);
        let end = match (status, self.source.wall_end(row)?) {
            (Status::Running | Status::Scheduled, _) => "null".to_owned(),
            (_, Some(end)) => milliseconds(Some(end)),
            // A paused trial of a study that has ended.
            (_, None) => start.clone(),
        };
        let mut text = String::new();
        put_line(&mut text, "artifact_uri", &quoted(&format!("./{}/{id}/artifacts", self.experiment)));
        put_line(&mut text, "deleted_time", "null");
        put_line(&mut text, "end_time", &end);
        put_line(&mut text, "entry_point_name", "''");
        put_line(&mut text, "experiment_id", &quoted(&self.experiment));
        put_line(&mut text, "lifecycle_stage", "active");
        put_line(&mut text, "run_id", &quoted(id));
        put_line(&mut text, "run_name", &quoted(&run_name(row)));
        put_line(&mut text, "source_name", "''");
        put_line(&mut text, "source_type", "4");
        put_line(&mut text, "source_version", "''");
        put_line(&mut text, "start_time", &start);
        put_line(&mut text, "status", &(status as i32).to_string());
        put_line(&mut text, "tags", "[]");
        put_line(&mut text, "user_id", "trialbox");
        Ok(text)
    }

    fn put_report(&mut self, row: &ReportRow<'_>) -> Result<(), ExportError> {
        let Ok(step) = i64::try_from(row.resource) else { return Ok(()) };
        let time = milliseconds(self.source.wall_time(row.sequence)?);
        let folder = self.folder.join(run_id(self.source.first_digest(), row.trial.trial)).join("metrics");
        for (name, value) in row.pairs() {
            let (Some(place), Some(number)) = (self.source.attributes().place(name), value.as_number()) else {
                continue;
            };
            // Python reads `NaN`, `inf` and `1e308` as Rust writes them.
            let line = format!("{time} {number:?} {step}\n");
            self.files.put(folder.join(self.metrics.get(place)), line.as_bytes())?;
        }
        Ok(())
    }
}

impl Status {
    /// What the trial is to MLflow. What waits for a promotion is scheduled while the study runs.
    fn of(status: &TrialStatus, is_over: bool) -> Self {
        match status {
            TrialStatus::Running => Self::Running,
            TrialStatus::Paused { .. } if !is_over => Self::Scheduled,
            TrialStatus::Paused { .. } => Self::Killed,
            TrialStatus::Ended(outcome) => match outcome.class() {
                OutcomeClass::Completed => Self::Finished,
                OutcomeClass::Stopped => Self::Killed,
                OutcomeClass::Failed => Self::Failed,
            },
        }
    }
}

fn tags(row: &TrialRow<'_>) -> Vec<(&'static str, String)> {
    let record = row.record;
    let outcome = match &record.status {
        TrialStatus::Running => "running".to_owned(),
        TrialStatus::Paused { level } => format!("paused at {level}"),
        TrialStatus::Ended(outcome) => outcome.to_string(),
    };
    let mut tags = vec![
        ("mlflow.runName", run_name(row)),
        ("trialbox.trial", record.trial.to_string()),
        ("trialbox.outcome", outcome),
        ("trialbox.fuel", record.fuel.to_string()),
        ("trialbox.seed", record.seed.to_string()),
        ("trialbox.start_seconds", record.start.seconds().to_string()),
    ];
    tags.extend(record.reward.map(|reward| ("trialbox.reward", format!("{reward:?}"))));
    tags.extend(row.end.map(|end| ("trialbox.end_seconds", end.seconds().to_string())));
    tags.extend(record.bracket.map(|bracket| ("trialbox.bracket", bracket.to_string())));
    tags
}

fn run_name(row: &TrialRow<'_>) -> String {
    format!("trial {}", row.record.trial)
}

/// The experiment's number: the same for every export of a study, also while it runs, and another for every other study.
fn experiment_id(first: Digest) -> String {
    /// As many digits as MLflow's own have; it keeps them in 63 bits where it keeps runs in a database.
    const BEYOND: u64 = 1_000_000_000_000_000_000;
    let [a, b, c, d, e, f, g, h, ..] = first.0;
    (u64::from_be_bytes([a, b, c, d, e, f, g, h]) % BEYOND).to_string()
}

/// A run's name of 32 hexadecimal digits, by the same rule.
fn run_id(first: Digest, trial: TrialId) -> String {
    let mut bytes = first.0.to_vec();
    bytes.extend_from_slice(&trial.0.to_be_bytes());
    Digest::of(&bytes).to_string().chars().take(32).collect()
}

fn milliseconds(since_1970: Option<Duration>) -> String {
    since_1970.unwrap_or_default().as_millis().to_string()
}

fn make_folder(path: &Path) -> Result<(), ExportError> {
    fs::create_dir(path).map_err(|error| ExportError::from_system(path, error))
}

/// The text as far as MLflow takes it.
fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARACTERS_MAX).collect()
}

fn put_line(text: &mut String, key: &str, value: &str) {
    text.extend([key, ": ", value, "\n"]);
}

/// The text as a quoted scalar of YAML, all in ASCII.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            ' '..='~' => quoted.push(character),
            _ => quoted.push_str(&format!("\\U{:08X}", u32::from(character))),
        }
    }
    quoted.push('"');
    quoted
}

/// The names of files for the names of columns.
struct Names(Vec<String>);

impl Names {
    fn of(columns: &Columns) -> Self {
        // Some file systems do not tell upper from lower case.
        let mut taken = BTreeSet::new();
        Self(columns.all().iter().map(|column| free_name(&file_name(&column.name), &mut taken)).collect())
    }

    fn get(&self, place: usize) -> &str {
        // There is one for each column.
        self.0.get(place).map_or("_", String::as_str)
    }
}

/// The name with a number behind it, if it is taken.
fn free_name(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut free = name.to_owned();
    let mut number = 2;
    while !taken.insert(free.to_lowercase()) {
        free = format!("{name}_{number}");
        number += 1;
    }
    free
}

/// What of a guest's name may be the name of a file: `_` stands for the rest. MLflow takes a `/` for a folder, in which another
/// metric's file could be in the way.
fn file_name(name: &str) -> String {
    let allowed = |letter: char| {
        let is_letter = letter.is_ascii_alphanumeric()
            // Letters that every reader knows for letters.
            || letter.is_alphabetic() && matches!(letter, '\u{c0}'..='\u{2af}' | '\u{370}'..='\u{52f}' | '\u{4e00}'..='\u{9ffc}')
            || matches!(letter, '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{ac00}'..='\u{d7a3}');
        if is_letter || matches!(letter, '_' | '-' | '.' | ' ') { letter } else { '_' }
    };
    let mut file: String = name.chars().map(allowed).collect();
    let end = (0..=NAME_BYTES_MAX.min(file.len())).rev().find(|end| file.is_char_boundary(*end)).unwrap_or(0);
    file.truncate(end);
    // Hidden files, parents of folders, and ends that a system cuts off.
    if file.starts_with(['.', ' ']) || file.ends_with(['.', ' ']) || file.is_empty() {
        file = file.replace(['.', ' '], "_");
        file.push('_');
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Value;

    #[test]
    fn names_of_guests_are_names_of_files_and_all_differ() {
        let mut columns = Columns::default();
        let names = ["loss", "Loss", "a/b", "a:b", "..", "../../etc/passwd", "", "ä 学", "x\0\n", "a.", "\u{202e}"];
        names.iter().for_each(|name| columns.take(name, &Value::Integer(1)));
        let files = Names::of(&columns);
        let expected = ["loss", "Loss_2", "a_b", "a_b_2", "___", "______etc_passwd_", "_", "ä 学", "x__", "a__", "__2"];
        assert_eq!(files.0, expected);
        assert!(file_name(&"学".repeat(1000)).len() <= NAME_BYTES_MAX);
    }

    #[test]
    fn texts_are_quoted_in_ascii() {
        assert_eq!(quoted("a \"b\" \\ \n\u{1b}学"), r#""a \"b\" \\ \U0000000A\U0000001B\U00005B66""#);
    }

    #[test]
    fn runs_have_names_of_their_own() {
        let (one, other) = (Digest::of(b"1"), Digest::of(b"2"));
        assert_eq!(run_id(one, TrialId(1)).len(), 32);
        assert_ne!(run_id(one, TrialId(1)), run_id(one, TrialId(2)));
        assert_ne!(run_id(one, TrialId(1)), run_id(other, TrialId(1)));
        assert_ne!(experiment_id(one), experiment_id(other));
    }

    #[test]
    fn what_is_paused_waits_until_the_study_has_ended() {
        let paused = TrialStatus::Paused { level: 3 };
        assert_eq!((Status::of(&paused, false), Status::of(&paused, true)), (Status::Scheduled, Status::Killed));
    }
}
