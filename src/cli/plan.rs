//! From a study file to a plan: reads it, looks at its component, identifies its data.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::CommandError;
use super::{exit_code, paths, terminal};
use crate::config::{ConfigError, StudyFile, bytes};
use crate::executor::{Interrupt, Isolation, RunOptions, Speculation};
use crate::numeric::digest::Digest;
use crate::project::{self, Language};
use crate::sandbox::fuel_schedule;
use crate::session::{self, Examined, Plan, SessionError, SourceError, Sources};
use crate::study::{ComponentId, DataId, Description, Entry, Observer, RunProgress, StudySpec, StudyState};

/// How a run goes, on the command line.
#[derive(clap::Args)]
pub(super) struct RunFlags {
    /// How many workers run at a time [default: the number of processors]. The log is the same for any number
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// How much memory paused trials may keep, such as 512MiB [default: 1GiB]. A promoted trial that was dropped for want of it is
    /// run again from its start; the log is the same for any amount
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    paused_memory_max: Option<u64>,
    /// Whether processors that would wait run on with trials ahead of the study's decisions. The log is the same
    #[arg(long, value_enum, default_value_t)]
    speculation: SpeculationFlag,
    #[command(flatten)]
    place: PlaceFlags,
}

/// Where guest code runs and within what bounds of this machine, on the command line.
#[derive(clap::Args)]
pub(super) struct PlaceFlags {
    /// Where guest code runs
    #[arg(long, value_enum, default_value_t)]
    isolation: IsolationFlag,
    /// Refuse to run guest code where the system lacks a layer that confines it: resource limits, file rules, a system-call filter
    #[arg(long)]
    require_isolation: bool,
    /// How long a trial may use no fuel before its worker is ended, such as 10s [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    stall_time_max: Option<Duration>,
    /// How long a component may be compiled, such as 90s [default: 5m]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    compile_time_max: Option<Duration>,
    /// How much memory compiling a component may take, such as 2GiB [default: 4GiB]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    compile_memory_max: Option<u64>,
    /// How much memory a worker process may take, such as 8GiB [default: the machine's and 4GiB more]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    worker_memory_max: Option<u64>,
}

/// Where guest code runs.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum IsolationFlag {
    /// In child processes, each with many trials
    #[default]
    Process,
    /// In child processes, each with one trial
    ProcessPerTrial,
    /// In threads of this process: for guests that are trusted
    Thread,
}

/// Whether processors that would wait are given work that may turn out unneeded.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum SpeculationFlag {
    /// Likely work is done ahead: trials that will probably go on, and the next ones. What is not needed is discarded
    #[default]
    On,
    /// Nothing is run before it is known to be needed
    Off,
}

/// A time as it is written on the command line.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let (number, factor) = match text.char_indices().find(|(_, letter)| letter.is_ascii_alphabetic()) {
        None => (text, 1.0),
        Some((at, _)) => match &text[at..] {
            "ms" => (&text[..at], 1e-3),
            "s" => (&text[..at], 1.0),
            "m" | "min" => (&text[..at], 60.0),
            "h" => (&text[..at], 3600.0),
            unit => return Err(format!("`{unit}` is no unit of time: use ms, s, m or h")),
        },
    };
    let number: f64 = number.trim().parse().map_err(|_| format!("`{text}` is no time such as 90s, 10m or 2h"))?;
    Duration::try_from_secs_f64(number * factor).map_err(|error| error.to_string())
}

impl RunFlags {
    /// As options of a run, with the user's cache.
    pub(super) fn options(&self) -> RunOptions {
        let mut options = self.place.options();
        options.jobs = self.jobs.map_or(options.jobs, usize::from);
        options.paused_memory_bytes_max = self.paused_memory_max.unwrap_or(options.paused_memory_bytes_max);
        options.speculation = match self.speculation {
            SpeculationFlag::On => Speculation::On,
            SpeculationFlag::Off => Speculation::Off,
        };
        options
    }
}

impl PlaceFlags {
    /// As options of a run, with the user's cache.
    pub(super) fn options(&self) -> RunOptions {
        let isolation = match self.isolation {
            IsolationFlag::Process => Isolation::Process,
            IsolationFlag::ProcessPerTrial => Isolation::ProcessPerTrial,
            IsolationFlag::Thread => Isolation::Thread,
        };
        let defaults = RunOptions::default();
        RunOptions {
            cache: paths::cache(),
            isolation,
            require_isolation: self.require_isolation,
            stall_time_max: self.stall_time_max.unwrap_or(defaults.stall_time_max),
            compile_time_max: self.compile_time_max.unwrap_or(defaults.compile_time_max),
            compile_memory_bytes_max: self.compile_memory_max.unwrap_or(defaults.compile_memory_bytes_max),
            worker_memory_bytes_max: self.worker_memory_max.unwrap_or(defaults.worker_memory_bytes_max),
            on_compiling: Some(terminal::tell_of_compiling),
            ..defaults
        }
    }
}

/// Tells once which layers of confinement workers lack.
#[derive(Default)]
pub(super) struct LayerWarning {
    was_told: bool,
}

impl Observer for LayerWarning {
    fn on_event(&mut self, _: &Entry, _: &StudyState) {}

    fn on_tick(&mut self, progress: &RunProgress, _: &StudyState) {
        self.tell(&progress.layers_missing);
    }
}

impl LayerWarning {
    /// Tells that these are missing, if any are and it was not told before.
    pub(super) fn tell(&mut self, missing: &[String]) {
        if missing.is_empty() || std::mem::replace(&mut self.was_told, true) {
            return;
        }
        let missing = missing.join(", ");
        terminal::tell(&format!(
            "warning: this system confines workers in part only: without {missing}\n\
             hint: --require-isolation refuses to run guests then; docs/sealing.md says what each layer is for\n"
        ));
    }
}

/// A study file with what it says.
pub(super) struct ReadFile {
    path: PathBuf,
    text: String,
    pub(super) file: StudyFile,
}

impl ReadFile {
    /// Reads a study file, or the file `study.toml` of a folder.
    pub(super) fn read(path: &Path, num_trials: Option<u64>) -> Result<Self, CommandError> {
        Self::read_as(path, |text| StudyFile::parse_with(text, num_trials))
    }

    /// The same for a study that need not say when it ends.
    pub(super) fn read_open(path: &Path, num_trials: Option<u64>) -> Result<Self, CommandError> {
        Self::read_as(path, |text| StudyFile::parse_open(text, num_trials))
    }

    fn read_as(path: &Path, parse: impl FnOnce(&str) -> Result<StudyFile, ConfigError>) -> Result<Self, CommandError> {
        let path = if path.is_dir() { path.join(project::STUDY_FILE) } else { path.to_owned() };
        let bytes = std::fs::read(&path).map_err(|error| {
            let message = format!("the study file `{}` cannot be read: {error}", path.display());
            CommandError::new(exit_code::STUDY_FILE, message)
                .hint("name a study file, or a folder with a study.toml; `trialbox run --help` shows a small one")
        })?;
        let text = String::from_utf8(bytes).map_err(|error| not_a_study_file(&path, error.as_bytes()))?;
        match parse(&text) {
            Ok(file) => Ok(Self { path, text, file }),
            Err(error) => Err(CommandError::study_file(&error, &path, &text, terminal::has_colour())),
        }
    }

    /// Builds the component anew if it is that of a project whose sources have changed.
    fn freshen(&self) -> Result<(), CommandError> {
        let Some(component) = self.component() else { return Ok(()) };
        let tell = |language: Language| {
            terminal::tell(&format!("building the component from {}\n", language.main_file()));
        };
        project::freshen(&self.folder(), &component, tell)?;
        Ok(())
    }

    fn beside(&self, path: &Path) -> PathBuf {
        self.path.parent().map_or_else(|| path.to_owned(), |folder| folder.join(path))
    }

    /// The folder of the study file.
    pub(super) fn folder(&self) -> PathBuf {
        // That of a bare name is empty, which is no folder to the system.
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        folder.unwrap_or(Path::new(".")).to_owned()
    }

    fn component(&self) -> Option<PathBuf> {
        self.file.component().map(|path| self.beside(path))
    }

    /// The file of the component that searches, if one does.
    pub(super) fn searcher(&self) -> Option<PathBuf> {
        self.file.searcher().map(|path| self.beside(path))
    }

    fn searcher_error(&self, error: SourceError) -> CommandError {
        match (error, self.searcher()) {
            (SourceError::Searcher(error), Some(path)) => {
                let hint = "check `component` under [searcher] in the study file; its path is relative to it";
                CommandError::component(error, &path, hint)
            }
            (error, _) => SessionError::from(error).into(),
        }
    }

    /// The plan that the file makes with its component, and what is probably not meant in it, as text.
    pub(super) fn plan(&self, options: &RunOptions, interrupt: &Interrupt) -> Result<(Plan, String), CommandError> {
        let Some(component) = self.component() else {
            return Err(CommandError::new(
                exit_code::STUDY_FILE,
                format!("the study file `{}` names no `component`", self.path.display()),
            )
            .hint("add `component = \"FILE.wasm\"`"));
        };
        self.freshen()?;
        let data = self.file.data().iter().map(|(name, path)| (name.clone(), self.beside(path))).collect();
        let examined = self.examine(component, data, options, interrupt)?;
        let examined = examined.with_gpu(self.file.gpu(), options).map_err(gpu_error)?;
        let (spec, warnings) = self.spec_of(&examined)?;
        Ok((examined.plan(spec), warnings))
    }

    /// The study of the file's own space, for trials that nothing trains, with the names and digests of what they follow from,
    /// and what is probably not meant in it, as text. A component that the file names is not looked at.
    pub(super) fn spec_without_component(
        &self,
        data: BTreeMap<String, DataId>,
        fuel_schedule: Digest,
        options: &RunOptions,
        interrupt: &Interrupt,
    ) -> Result<(StudySpec, String), CommandError> {
        let (mut spec, warnings) = self.spec(None, None, data, fuel_schedule)?;
        if let Some(path) = self.searcher() {
            let found = session::examine_searcher(&path, self.file.float_mode(), options, interrupt);
            let found = found.map_err(|error| self.searcher_error(error))?;
            spec.searcher.identify(Some((found.digest, found.bytes)));
        }
        Ok((spec, warnings))
    }

    /// The specification for trials that run elsewhere, and what is probably not meant in it, as text. The component, if the
    /// file names one, is asked what it searches; its data is not needed.
    pub(super) fn spec_for_asking(
        &self,
        options: &RunOptions,
        interrupt: &Interrupt,
    ) -> Result<(StudySpec, String), CommandError> {
        match self.component() {
            None => {
                let schedule = fuel_schedule(self.file.float_mode());
                self.spec_without_component(BTreeMap::new(), schedule, options, interrupt)
            }
            Some(component) => self.spec_of(&self.examine(component, BTreeMap::new(), options, interrupt)?),
        }
    }

    fn examine(
        &self,
        component: PathBuf,
        data: BTreeMap<String, PathBuf>,
        options: &RunOptions,
        interrupt: &Interrupt,
    ) -> Result<Examined, CommandError> {
        let (limits, float_mode) = (self.file.limits().clone(), self.file.float_mode());
        let searcher = self.searcher();
        let sources = Sources { component, data, limits, float_mode, searcher };
        sources.examine(options, interrupt).map_err(|error| match error {
            SourceError::Component(error) => {
                let hint = "check `component` in the study file; its path is relative to it";
                CommandError::component(error, &sources.component, hint)
            }
            SourceError::Searcher(_) => self.searcher_error(error),
            SourceError::Data { .. } => CommandError::new(exit_code::COMPONENT, error.to_string())
                .hint("check [data] in the study file; its paths are relative to it"),
            SourceError::NoGpuGrant { .. } | SourceError::Gpu(_) => gpu_error(error),
        })
    }

    fn spec_of(&self, examined: &Examined) -> Result<(StudySpec, String), CommandError> {
        let (component, data) = (Some(examined.component()), examined.data());
        let (mut spec, warnings) =
            self.spec(examined.description.as_ref(), component, data, examined.fuel_schedule())?;
        spec.searcher.identify(examined.searcher().map(|id| (id.digest, id.bytes)));
        spec.gpu = examined.gpu().cloned();
        Ok((spec, warnings))
    }

    fn spec(
        &self,
        description: Option<&Description>,
        component: Option<ComponentId>,
        data: BTreeMap<String, DataId>,
        fuel_schedule: Digest,
    ) -> Result<(StudySpec, String), CommandError> {
        let spec = self.file.spec(&self.default_name(), description, component, data, fuel_schedule);
        let spec = spec.map_err(|error| self.wrong(&error))?;
        let warnings = self.warnings(&spec, description);
        Ok((spec, warnings))
    }

    fn wrong(&self, error: &ConfigError) -> CommandError {
        CommandError::study_file(error, &self.path, &self.text, terminal::has_colour())
    }

    fn warnings(&self, spec: &StudySpec, description: Option<&Description>) -> String {
        let warnings = self.file.warnings(spec, description);
        warnings.render(&self.path.to_string_lossy(), &self.text, terminal::has_colour())
    }

    /// The name of the folder that the file lies in.
    fn default_name(&self) -> String {
        let folder = std::path::absolute(&self.path).ok();
        let folder = folder.as_deref().and_then(Path::parent).and_then(Path::file_name);
        folder.map_or("study".into(), |name| name.to_string_lossy().into_owned())
    }
}

fn gpu_error(error: SourceError) -> CommandError {
    match error {
        SourceError::NoGpuGrant { .. } => CommandError::new(exit_code::STUDY_FILE, error.to_string())
            .hint("add the line `[gpu]` to the study file to grant them one"),
        error => SessionError::from(error).into(),
    }
}

/// What a file is that was given as a study file and is not even a text.
fn not_a_study_file(path: &Path, bytes: &[u8]) -> CommandError {
    let shown = path.display();
    let (what, hint) = match bytes {
        [b'S', b'Q', b'L', b'i', b't', b'e', ..] => (
            "the store of a study",
            format!(
                "`trialbox show {shown}` shows that study; to go on with it, name its study file and `--resume --store {shown}`"
            ),
        ),
        [0, b'a', b's', b'm', ..] => (
            "a WebAssembly file",
            format!(
                "`trialbox inspect {shown}` shows what it searches; to run it, name it in a study file (see `trialbox run --help`)"
            ),
        ),
        _ => ("no text in UTF-8", "a study file is written in TOML; `trialbox run --help` shows a small one".into()),
    };
    CommandError::new(exit_code::STUDY_FILE, format!("`{shown}` is {what}, not a study file")).hint(hint)
}
