//! `trialbox simulate`: a study whose trials are rows of a table of learning curves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::cli::curves::CurvesFile;
use crate::cli::error::CommandError;
use crate::cli::plan::ReadFile;
use crate::cli::{exit_code, paths, print, terminal};
use crate::executor::{Interrupt, Journal, JournalError, RunOptions, StoreJournal};
use crate::numeric::amount::Seed;
use crate::numeric::digest::Digest;
use crate::output;
use crate::session;
use crate::simulation::{self, Direction, Lookup, Simulated, SimulationError, Table, TableOptions};
use crate::store::Store;
use crate::study::Study;

/// How many events are written into a store at a time.
const EVENTS_AT_A_TIME: u64 = 10_000;

/// Run a study against a table of learning curves: in virtual time, without a component
///
/// The table is a CSV file, gzipped or not, with a row for each configuration: a column for each parameter of the study's
/// [space], and the columns e1, e2 and so on with what it reaches after each epoch. An epoch takes a virtual second. All else
/// is as in a study that trains: searcher, scheduler, slots, and a log that is the same on every machine.
#[derive(clap::Args)]
pub(in crate::cli) struct SimulateArguments {
    /// The study file, or a folder with a study.toml. A component that it names is not looked at
    file: PathBuf,
    /// The table of learning curves
    #[arg(short, long, value_name = "CURVES")]
    table: PathBuf,
    /// The values are losses: the smaller the better. A reward is the negative of one
    #[arg(long)]
    minimise: bool,
    /// Take the row that is nearest to a configuration, instead of the one that equals it
    #[arg(long)]
    nearest: bool,
    /// The column that says how many virtual seconds all epochs of a row take together
    #[arg(long, value_name = "COLUMN")]
    cost: Option<String>,
    /// What an empty cell counts as, and a value that is worse. Without it, trials fail at empty cells
    #[arg(long, value_name = "VALUE", value_parser = finite, allow_hyphen_values = true)]
    worst: Option<f64>,
    /// Record the study in this store, for `show`, `trials` and `best`
    #[arg(short, long, value_name = "STUDY")]
    store: Option<PathBuf>,
    /// Another seed than the study file's
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
    /// Another number of trials than the study file's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    num_trials: Option<u64>,
    /// Print the result as a JSON object, with every reward that was the best so far
    #[arg(long)]
    json: bool,
}

fn finite(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if f64::is_finite(number) => Ok(number),
        _ => Err("it must be a finite number".into()),
    }
}

impl SimulateArguments {
    fn options(&self) -> TableOptions {
        TableOptions {
            direction: if self.minimise { Direction::Minimise } else { Direction::Maximise },
            lookup: if self.nearest { Lookup::Nearest } else { Lookup::Exact },
            cost: self.cost.clone(),
            worst: self.worst,
        }
    }
}

/// Runs the command.
pub(in crate::cli) fn simulate(arguments: &SimulateArguments) -> Result<u8, CommandError> {
    let mut read = ReadFile::read(&arguments.file, arguments.num_trials)?;
    if let Some(seed) = arguments.seed {
        read.file.set_seed(Seed(seed));
    }
    let options = arguments.options();
    let file = CurvesFile::read(&arguments.table)?;
    let (run_options, interrupt) =
        (RunOptions { cache: paths::cache(), ..RunOptions::default() }, Interrupt::default());
    let data = [("curves".to_owned(), file.id())].into();
    let (spec, warnings) = read.spec_without_component(data, schedule(&options), &run_options, &interrupt)?;
    terminal::tell(&warnings);
    let table = file.table(&spec.space, &options)?;
    let study = session::study(spec, read.searcher().as_deref(), &run_options, &interrupt)?;
    let simulated = match &arguments.store {
        Some(store) => recorded(study, &table, store)?,
        None => simulation::run_study(study, &table, |_, _| Ok::<(), JournalError>(())).map_err(command_error)?,
    };
    match arguments.json {
        true => print(&as_json(&simulated, &table))?,
        false => print(&as_text(&simulated, &table))?,
    }
    if simulated.study.state().searcher_failure().is_some() {
        return Ok(exit_code::SEARCHER_FAILED);
    }
    match simulated.study.state().best() {
        Some(_) => Ok(exit_code::DONE),
        None => Ok(exit_code::NO_REWARD),
    }
}

/// Stands in for a schedule of fuel: what a trial's fuel and its reports follow from, besides the table.
fn schedule(options: &TableOptions) -> Digest {
    let (minimise, nearest) = (options.direction == Direction::Minimise, options.lookup == Lookup::Nearest);
    Digest::of_canonical(&("trialbox simulation 1", minimise, nearest, &options.cost, options.worst))
}

fn recorded(study: Study, table: &Table, path: &Path) -> Result<Simulated, CommandError> {
    let mut store = Store::create(path)?;
    let mut journal = StoreJournal::new(&mut store);
    let simulated = simulation::run_study(study, table, |entry, _| {
        journal.append(entry)?;
        if (entry.sequence.0 + 1).is_multiple_of(EVENTS_AT_A_TIME) { journal.commit() } else { Ok(()) }
    });
    let simulated = simulated.map_err(command_error)?;
    store.close()?;
    terminal::tell(&format!("the study is in {}\n", paths::quoted(path)));
    Ok(simulated)
}

fn command_error(error: SimulationError<JournalError>) -> CommandError {
    match error {
        SimulationError::Log(error) => crate::executor::ExecutorError::Journal(error).into(),
        SimulationError::Spec(_) => CommandError::new(exit_code::STUDY_FILE, error.to_string()),
        SimulationError::Replicates => {
            CommandError::new(exit_code::STUDY_FILE, error.to_string()).hint("set `replicates = 1`, or leave it out")
        }
        SimulationError::Constraint(_) => CommandError::new(exit_code::STUDY_FILE, error.to_string())
            .hint("leave `constraint_attr` out of the study file"),
        SimulationError::NoRow { .. } => {
            let message = output::sanitize::printable(&error.to_string(), 2_000);
            CommandError::new(exit_code::COMPONENT, message).hint(
                "`--nearest` takes the nearest row; a table that is a grid needs its values as choices in [space]",
            )
        }
        SimulationError::Study(_) => CommandError::new(exit_code::FAILURE, error.to_string()),
    }
}

fn as_text(simulated: &Simulated, table: &Table) -> String {
    let study = &simulated.study;
    let mut text =
        output::summary(study.spec(), study.state(), study.chain().head(), &BTreeMap::new(), terminal::width());
    let (rows, epochs) = (table.rows(), table.epochs());
    text.push_str(&format!("table    {rows} rows of {epochs} epochs; {} epochs were trained\n", simulated.epochs));
    if let Some((reward, scale)) = simulated.best_seen.zip(table.scale()) {
        let meaning = "0 is the best value of the table, 1 that of the median row at its end";
        text.push_str(&format!("regret   {:.4}: {meaning}\n", scale.regret(reward)));
    }
    text
}

fn as_json(simulated: &Simulated, table: &Table) -> String {
    let (spec, state) = (simulated.study.spec(), simulated.study.state());
    let best = state.best().and_then(|best| {
        let record = state.trial(best.trial)?;
        Some(json!({ "trial": best.trial, "reward": best.reward, "config": record.config }))
    });
    let scale = table.scale();
    let regret = |reward| scale.map(|scale| scale.regret(reward));
    let improvements: Vec<_> = simulated
        .improvements
        .iter()
        .map(|at| {
            json!({
                "trial": at.trial,
                "epochs": at.epochs,
                "virtual_seconds": at.seconds,
                "reward": at.reward,
                "regret": regret(at.reward),
            })
        })
        .collect();
    let object = json!({
        "study": spec.name,
        "seed": spec.seed,
        "digest": simulated.study.chain().head().to_string(),
        "trials": state.trials().len(),
        "jobs": state.jobs(),
        "epochs": simulated.epochs,
        "virtual_seconds": state.time().seconds(),
        "best": best,
        "best_seen": simulated.best_seen,
        "regret": simulated.best_seen.and_then(regret),
        "improvements": improvements,
    });
    format!("{object}\n")
}
