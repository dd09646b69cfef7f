//! `trialbox export`: a study for other tools.

use std::path::PathBuf;

use crate::cli::error::CommandError;
use crate::cli::{exit_code, paths, terminal};
use crate::output::export::{ExportError, ExportFormat, ExportOptions, Exported, TrialsBound, export as write};
use crate::output::sanitize::printable;
use crate::store::Reader;

/// How much is shown of what the format could not take.
const NOTE_CHARACTERS_MAX: usize = 300;

/// Write a study for other tools: tables, Optuna, TensorBoard, MLflow. Also while it runs
#[derive(clap::Args)]
pub(in crate::cli) struct ExportArguments {
    /// The store: the file NAME.study that `trialbox run` made
    study: PathBuf,
    /// In which form
    #[arg(long, value_enum, value_name = "FORMAT")]
    to: FormatFlag,
    /// The folder, for optuna the file, that is made; beside the store by default: NAME.csv, NAME.optuna.db and so on
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// So many trials, the best first, or `all`; by default all, but 100 for tensorboard and mlflow, which get slow with more
    #[arg(long, value_name = "N|all", value_parser = trials_bound)]
    trials: Option<TrialsBound>,
    /// Replace an earlier export in the same place
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum FormatFlag {
    /// Two tables for people and spreadsheets
    Csv,
    /// Two files of JSON lines, with the types of values
    Jsonl,
    /// Two typed tables for pandas, DuckDB, polars and others
    Parquet,
    /// A SQLite file for Optuna and optuna-dashboard
    Optuna,
    /// Event files for TensorBoard and its HParams
    Tensorboard,
    /// A file store for MLflow
    Mlflow,
}

impl From<FormatFlag> for ExportFormat {
    fn from(flag: FormatFlag) -> Self {
        match flag {
            FormatFlag::Csv => Self::Csv,
            FormatFlag::Jsonl => Self::JsonLines,
            FormatFlag::Parquet => Self::Parquet,
            FormatFlag::Optuna => Self::Optuna,
            FormatFlag::Tensorboard => Self::TensorBoard,
            FormatFlag::Mlflow => Self::Mlflow,
        }
    }
}

fn trials_bound(text: &str) -> Result<TrialsBound, String> {
    match (text, text.parse()) {
        ("all", _) => Ok(TrialsBound::All),
        (_, Ok(count)) if count > 0 => Ok(TrialsBound::Best(count)),
        _ => Err("it is a number from 1, or `all`".into()),
    }
}

/// Runs the command.
pub(in crate::cli) fn export(arguments: &ExportArguments) -> Result<u8, CommandError> {
    let reader = Reader::open(&arguments.study)?;
    let format = ExportFormat::from(arguments.to);
    let path = arguments.output.clone().unwrap_or_else(|| format.default_path(&arguments.study));
    let options = ExportOptions { trials: arguments.trials, replace: arguments.force };
    let exported = write(&reader, format, &path, &options).map_err(failed)?;
    terminal::tell(&told(&exported));
    Ok(exit_code::DONE)
}

fn failed(error: ExportError) -> CommandError {
    let exit_code = match error {
        ExportError::Store(error) => return error.into(),
        ExportError::Exists { .. } | ExportError::NotAnExport { .. } | ExportError::MissingFolder { .. } => {
            exit_code::USAGE
        }
        _ => exit_code::FAILURE,
    };
    let command_error = CommandError::new(exit_code, printable(&error.to_string(), usize::MAX));
    match error.hint() {
        Some(hint) => command_error.hint(hint),
        None => command_error,
    }
}

/// What was written, and how it is opened.
fn told(exported: &Exported) -> String {
    let trials = match (exported.trials, exported.trials_in_all) {
        (some, all) if some < all => format!("{some} of {all} trials, the best first (`--trials all` takes all)"),
        (all, _) => format!("{all} {}", if all == 1 { "trial" } else { "trials" }),
    };
    let path = paths::quoted(&exported.path);
    let megabytes = exported.bytes as f64 / 1e6;
    let mut text = format!("wrote {path}: {trials}, {} reports, {megabytes:.1} MB\n", exported.reports);
    for note in &exported.notes {
        text.push_str(&format!("note: {}\n", printable(note, NOTE_CHARACTERS_MAX)));
    }
    for line in opening(exported.format, &path) {
        text.push_str(&format!("  {line}\n"));
    }
    text
}

/// Commands that open the export at `path`, which can be pasted into a shell.
fn opening(format: ExportFormat, path: &str) -> Vec<String> {
    match format {
        ExportFormat::Csv => vec![format!("open {path}/trials.csv with a spreadsheet")],
        ExportFormat::JsonLines => vec![format!("jq .reward {path}/trials.jsonl")],
        ExportFormat::Parquet => vec![format!("duckdb -c \"FROM '{path}/trials.parquet'\"")],
        ExportFormat::Optuna => vec![format!("optuna-dashboard sqlite:///{path}")],
        ExportFormat::TensorBoard => vec![format!("tensorboard --logdir {path}")],
        ExportFormat::Mlflow => vec![format!("MLFLOW_ALLOW_FILE_STORE=true mlflow server --backend-store-uri {path}")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exported(format: ExportFormat) -> Exported {
        Exported {
            format,
            path: "/tmp/my study.db".into(),
            study: "digits".into(),
            trials: 100,
            trials_in_all: 60_000,
            reports: 7,
            files: 1,
            bytes: 2_345_678,
            notes: vec!["left out: `\u{1b}[2J`".into()],
        }
    }

    #[test]
    fn what_was_written_is_told_with_how_to_open_it() {
        let expected = "\
wrote '/tmp/my study.db': 100 of 60000 trials, the best first (`--trials all` takes all), 7 reports, 2.3 MB
note: left out: `\\u{1b}[2J`
  optuna-dashboard sqlite:///'/tmp/my study.db'
";
        assert_eq!(told(&exported(ExportFormat::Optuna)), expected);
    }

    #[test]
    fn so_many_trials_or_all() {
        assert_eq!(trials_bound("all"), Ok(TrialsBound::All));
        assert_eq!(trials_bound("7"), Ok(TrialsBound::Best(7)));
        assert!(trials_bound("0").is_err() && trials_bound("-1").is_err() && trials_bound("some").is_err());
    }
}
