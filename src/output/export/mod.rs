//! A study for other tools: tables as CSV, JSON lines and Parquet, a study of Optuna's, logs of TensorBoard's, runs of MLflow's.
//!
//! Reads a store and writes files; one module a format. What each format has stands in `docs/exports.md`. An export is a function
//! of the events and of the options: it has the same bytes every time, but for times of the machine where the store has them.

mod appender;
mod column;
mod csv;
mod draft;
mod error;
mod jsonl;
mod mlflow;
mod optuna;
mod parquet;
mod source;
mod table;
mod tensorboard;

use std::path::{Path, PathBuf};

use serde::Serialize;

use self::draft::{Draft, MARK, Shape};
use self::source::Source;
use crate::store::Reader;
use crate::study::StudySpec;

pub use self::error::ExportError;

/// How many trials go into a format that is slow or unreadable with all of them, unless more are asked for.
pub const BEST_TRIALS: u64 = 100;

/// In which form a study is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// A folder with `trials.csv` and `reports.csv`.
    Csv,
    /// A folder with `trials.jsonl` and `reports.jsonl`.
    JsonLines,
    /// A folder with `trials.parquet` and `reports.parquet`.
    Parquet,
    /// A SQLite file, as Optuna's storage makes it.
    Optuna,
    /// A folder of event files, with a folder for each trial.
    TensorBoard,
    /// A folder as MLflow's file store makes it.
    Mlflow,
}

/// Which trials are exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrialsBound {
    /// All.
    All,
    /// So many: the best first, then those that went past the constraint, then those without a reward.
    Best(u64),
}

/// How a study is exported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExportOptions {
    /// Which trials; if not said, [`ExportFormat::default_trials`].
    pub trials: Option<TrialsBound>,
    /// Whether an earlier export in the same place is replaced.
    pub replace: bool,
}

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// In which form.
    pub format: ExportFormat,
    /// The file or the folder: its full path.
    pub path: PathBuf,
    /// The study's name, printable: what it is called in the export.
    pub study: String,
    /// How many trials were exported.
    pub trials: u64,
    /// How many the study has.
    pub trials_in_all: u64,
    /// How many reports were read for them.
    pub reports: u64,
    /// How many files there are.
    pub files: u64,
    /// How large they are together.
    pub bytes: u64,
    /// What the format could not take, for people; in it are texts of guests.
    pub notes: Vec<String>,
}

/// What the writer of a format did.
#[derive(Debug)]
struct Written {
    trials: u64,
    reports: u64,
    notes: Vec<String>,
}

/// What a folder says that it is an export of.
#[derive(Serialize)]
struct Mark<'a> {
    format: &'static str,
    study: &'a str,
    digest: String,
    release: &'a str,
    trials: u64,
    reports: u64,
}

impl ExportFormat {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Csv, Self::JsonLines, Self::Parquet, Self::Optuna, Self::TensorBoard, Self::Mlflow];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
            Self::Parquet => "parquet",
            Self::Optuna => "optuna",
            Self::TensorBoard => "tensorboard",
            Self::Mlflow => "mlflow",
        }
    }

    /// Which trials are exported if nothing else is asked for: all, or for formats with a folder a trial the best.
    #[must_use]
    pub fn default_trials(self) -> TrialsBound {
        match self {
            Self::Csv | Self::JsonLines | Self::Parquet | Self::Optuna => TrialsBound::All,
            Self::TensorBoard | Self::Mlflow => TrialsBound::Best(BEST_TRIALS),
        }
    }

    /// Where the export of a store is put if nothing else is asked for: beside the store, with another ending.
    #[must_use]
    pub fn default_path(self, store: &Path) -> PathBuf {
        store.with_extension(match self {
            Self::Optuna => "optuna.db",
            format => format.name(),
        })
    }

    fn shape(self) -> Shape {
        if self == Self::Optuna { Shape::File } else { Shape::Folder }
    }
}

/// Writes the study of `reader` in another form to `to`. A study that is running is exported as far as it has come.
///
/// # Errors
/// If the study cannot be read; if `to` is there and is not to be replaced, or is no export; if it cannot be written. Under the name
/// `to` there is then what was there before.
pub fn export(
    reader: &Reader,
    format: ExportFormat,
    to: &Path,
    options: &ExportOptions,
) -> Result<Exported, ExportError> {
    let draft = Draft::begin(to, format.shape(), options.replace)?;
    let source = Source::read(reader, options.trials.unwrap_or_else(|| format.default_trials()))?;
    let mut written = match format {
        ExportFormat::Csv => csv::write(&source, &draft)?,
        ExportFormat::JsonLines => jsonl::write(&source, &draft)?,
        ExportFormat::Parquet => parquet::write(&source, &draft)?,
        ExportFormat::Optuna => optuna::write(&source, &draft)?,
        ExportFormat::TensorBoard => tensorboard::write(&source, &draft)?,
        ExportFormat::Mlflow => mlflow::write(&source, &draft)?,
    };
    if format.shape() == Shape::Folder {
        put_mark(&source, format, &written, &draft)?;
    }
    let (bytes, files) = draft::size(draft.path()).map_err(|error| ExportError::from_system(draft.path(), error))?;
    let path = draft.place().to_owned();
    draft.finish()?;
    let exported = Exported {
        format,
        path,
        study: name(source.spec()),
        trials: written.trials,
        trials_in_all: source.state().trials().len() as u64,
        reports: written.reports,
        files,
        bytes,
        notes: std::mem::take(&mut written.notes),
    };
    Ok(exported)
}

fn put_mark(source: &Source<'_>, format: ExportFormat, written: &Written, draft: &Draft) -> Result<(), ExportError> {
    let spec = source.spec();
    let mark = Mark {
        format: format.name(),
        study: &spec.name,
        digest: source.digest().to_string(),
        release: &spec.release,
        trials: written.trials,
        reports: written.reports,
    };
    let mut file = draft.file(MARK)?;
    let json = serde_json::to_string(&mark).map_err(|error| ExportError::from_system(file.path(), error.into()))?;
    file.put((crate::output::sanitize::printable_json(&json) + "\n").as_bytes())?;
    file.close()
}

/// The study's name, as Optuna and MLflow take it: printable, since their servers put it into headers, and not too long.
fn name(spec: &StudySpec) -> String {
    /// MLflow takes 500, Optuna 512.
    const NAME_CHARACTERS_MAX: usize = 500;
    let shown = crate::output::sanitize::printable(&spec.name, NAME_CHARACTERS_MAX);
    shown.chars().take(NAME_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::time::Duration;

    use super::*;
    use crate::output::fixture;
    use crate::store::Store;
    use crate::study::{Chain, Event};

    /// A store of these events in a folder of its own.
    fn stored(events: Vec<Event>) -> (tempfile::TempDir, Reader) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("digits.study");
        let mut store = Store::create(&path).unwrap();
        let mut chain = Chain::default();
        for (number, event) in events.into_iter().enumerate() {
            let wall_time = Duration::from_millis(1_700_000_000_000 + number as u64);
            store.append(&chain.push(event), wall_time).unwrap();
        }
        store.close().unwrap();
        let reader = Reader::open(&path).unwrap();
        (folder, reader)
    }

    fn write(reader: &Reader, format: ExportFormat, options: ExportOptions) -> Result<Exported, ExportError> {
        export(reader, format, &format.default_path(reader.path()), &options)
    }

    /// The content of all files below a path, by their paths.
    fn content(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut waiting = vec![path.to_owned()];
        while let Some(path) = waiting.pop() {
            if path.is_dir() {
                waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            } else {
                files.insert(path.clone(), fs::read(path).unwrap());
            }
        }
        files
    }

    #[test]
    fn every_format_takes_a_study_that_runs_and_one_without_trials() {
        for (events, trials) in [(fixture::events(), 4), (fixture::events()[..1].to_vec(), 0)] {
            for format in ExportFormat::ALL {
                let (_folder, reader) = stored(events.clone());
                let exported = write(&reader, format, ExportOptions::default()).unwrap();
                assert_eq!((exported.trials, exported.trials_in_all), (trials, trials), "{}", format.name());
                let files = content(&exported.path);
                let bytes: usize = files.values().map(Vec::len).sum();
                assert_eq!((exported.files, exported.bytes), (files.len() as u64, bytes as u64));
            }
        }
    }

    #[test]
    fn an_export_has_the_same_bytes_every_time() {
        let (_folder, reader) = stored(fixture::events());
        for format in ExportFormat::ALL {
            let first = write(&reader, format, ExportOptions::default()).unwrap();
            let before = content(&first.path);
            let options = ExportOptions { replace: true, ..ExportOptions::default() };
            assert_eq!(write(&reader, format, options).unwrap(), first);
            assert_eq!(content(&first.path), before, "{}", format.name());
        }
    }

    #[test]
    fn tables_say_what_the_store_says() {
        let (_folder, reader) = stored(fixture::events());
        let exported = write(&reader, ExportFormat::Csv, ExportOptions::default()).unwrap();
        let expected = "\
trial,status,outcome,outcome_detail,reward,feasible,time,fuel,reports,slot,start_seconds,end_seconds,seed,bracket,promotions,paused_at,cached,config_learning_rate,config_activation,config_epochs
0,ended,completed,completed,0.8,true,10,1000000000,1,0,0.0,1.0,1,,0,,false,0.01,tanh,10
1,ended,completed,completed,0.9644,true,10,2500000000,1,0,0.0,2.5,1,,0,,false,0.05,relu,10
2,ended,out of fuel,out of fuel: went past the limit `fuel_max`,,true,,1000000000000,0,0,0.0,1000.0,1,,0,,false,0.1,relu,10
3,running,,,0.5,true,10,5,1,0,0.0,,1,,0,,false,0.02,tanh,10
";
        assert_eq!(fs::read_to_string(exported.path.join("trials.csv")).unwrap(), expected);
        let expected = "\
trial,report,seconds,fuel,decision,bracket,report_epoch,report_accuracy
0,1,1.0,1000000000,continue,,10,0.8
1,1,2.5,2500000000,continue,,10,0.9644
3,1,5e-9,5,continue,,10,0.5
";
        assert_eq!(fs::read_to_string(exported.path.join("reports.csv")).unwrap(), expected);
        let exported = write(&reader, ExportFormat::JsonLines, ExportOptions::default()).unwrap();
        let reports = fs::read_to_string(exported.path.join("reports.jsonl")).unwrap();
        let first = r#"{"trial":0,"report":1,"seconds":1.0,"fuel":1000000000,"decision":"continue","bracket":null,"attributes":{"epoch":10,"accuracy":0.8}}"#;
        assert_eq!(reports.lines().next(), Some(first));
    }

    #[test]
    fn the_best_trials_go_first_where_not_all_are_wanted() {
        let (_folder, reader) = stored(fixture::events());
        for (count, expected) in [(0, vec![]), (1, vec!["1"]), (3, vec!["0", "1", "3"]), (9, vec!["0", "1", "2", "3"])]
        {
            let options = ExportOptions { trials: Some(TrialsBound::Best(count)), replace: true };
            let exported = write(&reader, ExportFormat::Csv, options).unwrap();
            assert_eq!((exported.trials, exported.trials_in_all), (expected.len() as u64, 4));
            for (file, numbers) in [("trials.csv", expected.clone()), ("reports.csv", expected)] {
                let text = fs::read_to_string(exported.path.join(file)).unwrap();
                let found: Vec<&str> = text.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
                let has_reports = |number: &&str| file == "trials.csv" || *number != "2";
                assert_eq!(found, numbers.into_iter().filter(has_reports).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn nothing_that_is_there_is_replaced_unasked() {
        let (folder, reader) = stored(fixture::events());
        for format in ExportFormat::ALL {
            let exported = write(&reader, format, ExportOptions::default()).unwrap();
            let before = content(folder.path());
            let again = write(&reader, format, ExportOptions::default());
            assert!(matches!(again, Err(ExportError::Exists { path }) if path == exported.path));
            assert_eq!(content(folder.path()), before);
        }
    }

    #[test]
    fn of_a_damaged_study_there_is_no_export() {
        let (folder, reader) = stored(fixture::events());
        let change = "UPDATE event SET payload = replace(payload, '0.9644', '0.9645')";
        rusqlite::Connection::open(reader.path()).unwrap().execute(change, ()).unwrap();
        for format in ExportFormat::ALL {
            let error = write(&reader, format, ExportOptions::default()).unwrap_err();
            assert!(matches!(error, ExportError::Store(_)), "{error}");
        }
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["digits.study"]);
    }
}
