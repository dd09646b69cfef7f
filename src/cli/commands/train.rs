//! `trialbox train`: one trial with a given configuration, outside a study.

use std::path::PathBuf;

use super::replay::attributes;
use super::{Scratch, known_trial};
use crate::cli::error::CommandError;
use crate::cli::plan::{LayerWarning, PlaceFlags, ReadFile};
use crate::cli::{exit_code, paths, print, terminal};
use crate::executor::{self, Program, ReadBacks, TrialProgress};
use crate::numeric::amount::{Seed, TrialId};
use crate::output::sanitize::printable;
use crate::sandbox::Arguments;
use crate::session::materialize;
use crate::space::{Config, Domain, Space, Value};
use crate::store::Reader;
use crate::study::{OutcomeClass, StudySpec};

/// Train once with a given configuration, and save what the trial leaves behind
///
/// The configuration is the default one of a study file, or that of a recorded study's best trial (or of --trial N); --set
/// changes single parameters.
#[derive(clap::Args)]
pub(in crate::cli) struct TrainArguments {
    /// A study file, a folder with a study.toml, or a store, the file NAME.study that `trialbox run` made
    source: PathBuf,
    /// The recorded trial whose configuration and seed are taken
    #[arg(long, value_name = "N")]
    trial: Option<u64>,
    /// Another value for a parameter; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// The seed that the trial is given
    #[arg(long)]
    seed: Option<u64>,
    /// Save the artifacts into this folder
    #[arg(long, value_name = "FOLDER")]
    save: Option<PathBuf>,
    #[command(flatten)]
    flags: PlaceFlags,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) => Ok((name.trim().to_owned(), value.trim().to_owned())),
        None => Err("write NAME=VALUE".into()),
    }
}

/// What is trained, and from which configuration it sets out.
struct Source {
    spec: StudySpec,
    program: Program,
    config: Config,
    seed: Seed,
    /// Holds the component and the data of a recorded study.
    _folder: Option<Scratch>,
}

/// Runs the command.
pub(in crate::cli) fn train(arguments: &TrainArguments) -> Result<u8, CommandError> {
    let interrupt = terminal::interrupt_on_signal();
    let options = arguments.flags.options();
    let source = if Reader::open(&arguments.source).is_ok() {
        recorded_source(arguments)?
    } else {
        let (plan, _) = ReadFile::read(&arguments.source, None)?.plan(&options, &interrupt)?;
        if arguments.trial.is_some() {
            return Err(CommandError::new(
                exit_code::USAGE,
                "--trial takes a trial of a recorded study, not of a study file",
            ));
        }
        let config = plan.spec.space.default_config();
        Source { seed: plan.spec.seed, spec: plan.spec, program: plan.program, config, _folder: None }
    };
    let config = changed(&source.spec.space, source.config, &arguments.set)?;
    let seed = arguments.seed.map_or(source.seed, Seed);
    terminal::tell(&format!("training with {}\n", printable(&config.to_string(), 2_000)));
    let given = Arguments::of(&source.spec.space, &config, seed);
    let mut number = 0;
    let (mut log, mut warning) = (terminal::LogLines::default(), LayerWarning::default());
    let result = executor::run_trial(&source.program, given, ReadBacks::Computed, &options, &interrupt, |progress| {
        match progress {
            TrialProgress::Confined(missing) => warning.tell(&missing),
            TrialProgress::Logged(text) => log.tell(&text),
            TrialProgress::ReadBack(..) => {}
            TrialProgress::Reported(_, report) => {
                number += 1;
                // What cannot be printed does not stop the training.
                let _ = print(&format!("report {number}  {}\n", attributes(&report)));
            }
        }
    })?;
    drop(log);
    print(&format!("{}, fuel {}\n", printable(&result.outcome.to_string(), 1_000), result.fuel))?;
    if let Some(folder) = &arguments.save {
        let files = result.artifacts.iter().map(|artifact| (artifact.record.name.as_str(), artifact.bytes.clone()));
        for path in paths::write_files(folder, files)? {
            terminal::tell(&format!("saved {}\n", path.display()));
        }
    }
    match result.outcome.class() {
        OutcomeClass::Failed => Ok(exit_code::TRIAL_FAILED),
        _ => Ok(exit_code::DONE),
    }
}

fn recorded_source(arguments: &TrainArguments) -> Result<Source, CommandError> {
    let reader = Reader::open(&arguments.source)?;
    let (spec, state) = (reader.spec()?, reader.state()?);
    let trial = match (arguments.trial, state.best()) {
        (Some(trial), _) => TrialId(trial),
        (None, Some(best)) => best.trial,
        (None, None) => {
            return Err(CommandError::new(exit_code::NO_REWARD, "no trial of this study has ended with a reward yet")
                .hint("name one with --trial N"));
        }
    };
    let record = known_trial(&state, trial)?;
    let (config, seed) = (record.config.clone(), record.seed);
    let folder = Scratch::new()?;
    let program = materialize(&reader, &spec, folder.path())?;
    Ok(Source { spec, program, config, seed, _folder: Some(folder) })
}

/// The configuration with other values for some parameters; what becomes active by that takes its default.
fn changed(space: &Space, base: Config, changes: &[(String, String)]) -> Result<Config, CommandError> {
    let mut wanted = base;
    for (name, text) in changes {
        let fail = |problem: String| Err(CommandError::new(exit_code::USAGE, format!("--set {name}: {problem}")));
        let Some(parameter) = space.parameter(name) else {
            let names: Vec<&str> = space.parameters().iter().map(|parameter| parameter.name.as_str()).collect();
            return fail(format!("there is no such parameter; there are {}", printable(&names.join(", "), 1_000)));
        };
        let Some(value) = parsed(&parameter.domain, text) else {
            let values = super::inspect::values(&parameter.domain);
            let refused = fail(format!("`{}` is not among its values: {values}", printable(text, 100)));
            return match parameter.domain {
                Domain::Constant(_) => refused.map_err(|error| {
                    error.hint(format!(
                        "a study can replace a constant: `{}` under [space] in its file",
                        printable(name, 100)
                    ))
                }),
                _ => refused,
            };
        };
        wanted.insert(name.clone(), value);
    }
    let config = space.config_with(|parameter| wanted.get(&parameter.name).unwrap_or(&parameter.default).clone());
    let constants = |config: &Config| space.check(config);
    match constants(&config) {
        Ok(()) => Ok(config),
        Err(error) => Err(CommandError::new(exit_code::USAGE, error.to_string())),
    }
}

/// The text as a value of the domain.
fn parsed(domain: &Domain, text: &str) -> Option<Value> {
    let readings = [
        text.parse().ok().map(Value::Integer),
        text.parse().ok().map(Value::Real),
        text.parse().ok().map(Value::Boolean),
        Some(Value::Text(text.to_owned())),
    ];
    readings.into_iter().flatten().find(|value| domain.contains(value))
}
