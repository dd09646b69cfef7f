//! `trialbox run`: begins a study, or goes on with one.

use crate::study::Observer;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::cli::error::CommandError;
use crate::cli::hooks::HookRunner;
use crate::cli::plan::{LayerWarning, ReadFile, RunFlags, duration};
use crate::cli::{exit_code, paths, print, terminal};
use crate::config::{Hook, bytes};
use crate::executor::{Interruption, KeepArtifacts, ResultCache, Reuse, RunEnd, RunOptions};
use crate::numeric::amount::Seed;
use crate::output::{self, LinesOf, ProgressMode};
use crate::session::{self, Plan};
use crate::store::Reader;

/// Run a study: a search over the configurations of a component
///
/// The log of the study goes into a store, NAME.study in the current folder; if that exists, NAME-2.study and so on. The log is
/// the same on every machine and for any number of workers: its digest is printed at the end.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLE)]
pub(in crate::cli) struct RunArguments {
    /// The study file, or a folder with a study.toml. If that folder has the source of its component, as `trialbox new` makes it, the
    /// component is built first when a source has changed
    #[arg(default_value = ".")]
    file: PathBuf,
    #[command(flatten)]
    flags: RunFlags,
    /// The store to begin, in place of NAME.study, or with --resume to go on with
    #[arg(short, long, value_name = "STUDY")]
    store: Option<PathBuf>,
    /// Go on with the newest store of this study, or begin it if there is none
    #[arg(short, long)]
    resume: bool,
    /// Another seed than the study file's
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
    /// Another number of trials than the study file's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    num_trials: Option<u64>,
    /// Cut the run off after this time, such as 90s, 10m or 2h; it can be resumed
    #[arg(long, value_name = "TIME", value_parser = duration)]
    wall_time_max: Option<Duration>,
    /// Whose artifacts are kept with their content
    #[arg(long, value_enum, default_value_t)]
    keep_artifacts: KeepFlag,
    /// Keep what trials do in this folder, and look there before one is run: a trial that any study has run before costs no time.
    /// The log is the same with it and without
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// How large that folder may become, such as 10GiB [default: 1GiB]. What was used longest ago goes first
    #[arg(long, value_name = "BYTES", value_parser = bytes, requires = "cache")]
    cache_bytes_max: Option<u64>,
    /// Run the commands that the study file names under [hooks]. A study file from somebody else may name any
    #[arg(long)]
    hooks: bool,
    /// Print a JSON object for each event
    #[arg(long, conflicts_with = "quiet")]
    json: bool,
    /// Print lines, as in a pipe, also on a terminal: nothing is drawn anew, so that it can be read out
    #[arg(long, value_enum, value_name = "OF", num_args = 0..=1, default_missing_value = "events", conflicts_with_all = ["json", "quiet"])]
    lines: Option<LinesFlag>,
    /// Print nothing but the result
    #[arg(short, long)]
    quiet: bool,
}

/// The smallest study file.
const EXAMPLE: &str = "\
A study file names a component, and says when the study ends:

  component = \"train.wasm\"

  [data]
  digits = \"digits.csv\"

  [scheduler]
  num_trials = 60

What is searched is what the component declares (`trialbox inspect train.wasm`); the table [space] changes it. Paths are
relative to the study file.";

/// Whose artifacts are kept with their content.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum KeepFlag {
    /// Those of the best trial
    #[default]
    Best,
    /// Those of every trial
    All,
    /// None: running a trial again gives them back
    None,
}

/// What there is a line for.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum LinesFlag {
    /// Each event: starts, reports, pauses, promotions, ends
    Events,
    /// Each trial that ends or is paused
    Trials,
}

impl RunArguments {
    fn options(&self) -> Result<RunOptions, CommandError> {
        let options = self.flags.options();
        Ok(RunOptions {
            wall_time_max: self.wall_time_max,
            keep_artifacts: match self.keep_artifacts {
                KeepFlag::Best => KeepArtifacts::Best,
                KeepFlag::All => KeepArtifacts::All,
                KeepFlag::None => KeepArtifacts::None,
            },
            reuse: self.reuse()?,
            on_compiling: options.on_compiling.filter(|_| !self.quiet),
            ..options
        })
    }

    fn reuse(&self) -> Result<Reuse, CommandError> {
        let Some(folder) = &self.cache else { return Ok(Reuse::default()) };
        let bytes_max = self.cache_bytes_max.unwrap_or(ResultCache::BYTES_MAX);
        match ResultCache::open(folder, bytes_max) {
            Ok(cache) => Ok(Reuse::OfFolder(Arc::new(cache))),
            Err(error) => Err(CommandError::new(exit_code::USAGE, error.to_string())
                .hint("name a folder after --cache; it is made if it is not there")),
        }
    }

    /// The command that goes on with the study in `store`: what changes the study has to be said again.
    fn resume_command(&self, store: &Path) -> String {
        let mut command =
            format!("trialbox run {} --resume --store {}", paths::quoted(&self.file), paths::quoted(store));
        if let Some(seed) = self.seed {
            command.push_str(&format!(" --seed {seed}"));
        }
        if let Some(num_trials) = self.num_trials {
            command.push_str(&format!(" --num-trials {num_trials}"));
        }
        if let Some(folder) = &self.cache {
            command.push_str(&format!(" --cache {}", paths::quoted(folder)));
        }
        if self.hooks {
            command.push_str(" --hooks");
        }
        command
    }

    fn mode(&self) -> ProgressMode {
        match self.lines {
            _ if self.json => ProgressMode::Json,
            _ if self.quiet => ProgressMode::Quiet,
            Some(LinesFlag::Events) => ProgressMode::Lines(LinesOf::Events),
            Some(LinesFlag::Trials) => ProgressMode::Lines(LinesOf::Trials),
            None => ProgressMode::detect(),
        }
    }

    /// What runs the commands of the study file, if they may be run.
    fn hooks(&self, read: &ReadFile, plan: &Plan, store: &Path) -> Option<HookRunner> {
        let hooks = read.file.hooks();
        let names: Vec<&str> = hooks.named().map(Hook::name).collect();
        if names.is_empty() {
            return None;
        }
        if !self.hooks {
            terminal::tell(&format!(
                "warning: the commands of the study file under [hooks] are not run: {}\nhint: `--hooks` runs them; look at \
                 them first if the file is not yours\n",
                names.join(", ")
            ));
            return None;
        }
        Some(HookRunner::new(hooks, &read.folder(), &plan.spec.name, store))
    }

    /// The store to write, and whether it is there already.
    fn store(&self, plan: &Plan) -> (PathBuf, bool) {
        let (stores, free) = paths::stores(&plan.spec.name);
        match (&self.store, self.resume) {
            (Some(store), resume) => (store.clone(), resume && store.exists()),
            (None, true) => stores.last().map_or((free, false), |newest| (newest.clone(), true)),
            (None, false) => (free, false),
        }
    }
}

/// Runs the command.
pub(in crate::cli) fn run(arguments: &RunArguments) -> Result<u8, CommandError> {
    let interrupt = terminal::interrupt_on_signal();
    let mut read = ReadFile::read(&arguments.file, arguments.num_trials)?;
    let mut options = arguments.options()?;
    options.wall_time_max = options.wall_time_max.or(read.file.wall_time_max());
    if let Some(seed) = arguments.seed {
        read.file.set_seed(Seed(seed));
    }
    let (plan, warnings) = read.plan(&options, &interrupt)?;
    if !arguments.quiet {
        terminal::tell(&warnings);
    }
    let (store, is_there) = arguments.store(&plan);
    let mut progress = progress(arguments.mode(), &plan);
    let mut warning = LayerWarning::default();
    let mut hooks = arguments.hooks(&read, &plan, &store);
    let mut observers: Vec<&mut dyn Observer> = vec![progress.as_mut(), &mut warning];
    observers.extend(hooks.as_mut().map(|hooks| hooks as &mut dyn Observer));
    let end = if is_there {
        session::resume(&plan, &store, &options, &mut observers, &interrupt)
    } else {
        session::begin(&plan, &store, &options, &mut observers, &interrupt)
    };
    drop(observers);
    drop(progress);
    if let Some(trouble) = hooks.and_then(HookRunner::finish) {
        terminal::tell(&format!("warning: {trouble}\n"));
    }
    if let Reuse::OfFolder(cache) = &options.reuse
        && let Some(trouble) = cache.trouble()
    {
        terminal::tell(&format!("warning: not all results could be kept in the cache: {trouble}\n"));
    }
    conclude(arguments, &store, end?)
}

/// JSON goes to standard output, for programs; all else is for people.
fn progress(mode: ProgressMode, plan: &Plan) -> Box<dyn Observer> {
    match mode {
        ProgressMode::Json => output::progress(mode, &plan.spec, std::io::stdout()),
        _ => output::progress(mode, &plan.spec, std::io::stderr()),
    }
}

fn conclude(arguments: &RunArguments, store: &Path, end: RunEnd) -> Result<u8, CommandError> {
    let reader = Reader::open(store)?;
    let (spec, state, digest) = (reader.spec()?, reader.state()?, reader.digest()?);
    let shown = paths::quoted(store);
    if !arguments.json {
        print(&output::summary(&spec, &state, digest, &reader.cached()?, terminal::width()))?;
    }
    if let RunEnd::Interrupted(interruption) = end {
        let why = match interruption {
            Interruption::Requested => "interrupted",
            Interruption::WallTime => "wall_time_max had passed",
        };
        let resume = arguments.resume_command(store);
        terminal::tell(&format!("{why}; the study so far is in {shown}\nhint: `{resume}` goes on with it\n"));
        return Ok(exit_code::INTERRUPTED);
    }
    let saved = super::best::save(&reader, &state, &paths::best_folder(store))?;
    if !arguments.json && !arguments.quiet {
        terminal::tell(&format!("the study is in {shown}; `trialbox verify {shown}` runs it anew and compares\n"));
        for path in saved {
            terminal::tell(&format!("the best trial's artifact is in {}\n", path.display()));
        }
    }
    if state.searcher_failure().is_some() {
        return Ok(exit_code::SEARCHER_FAILED);
    }
    match state.best() {
        Some(_) => Ok(exit_code::DONE),
        None => Ok(exit_code::NO_REWARD),
    }
}
