//! Where trials run: the driver loop, and workers as processes or threads behind one message protocol.
//!
//! At the edge: threads, processes, clocks and signals live here. It joins the machine ([`crate::study`]), the sandbox and the
//! store. The process that decides never runs guest code, unless it is asked to with [`Isolation::Thread`].

mod compiling;
mod computing;
mod confinement;
mod driver;
mod early_notes;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod guest;
mod hearing;
mod interrupt;
mod journal;
mod kept;
mod message;
mod pool;
mod results;
mod searching;
mod single;
mod worker;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use computing::gpu_adapter;
pub use confinement::Layer;
pub use driver::run;
pub use interrupt::Interrupt;
pub use journal::{Difference, StoreJournal, VerifyingJournal};
pub use message::LoadError;
pub use pool::{run_as_worker_if_asked, set_worker_program};
pub use results::{ResultCache, ResultCacheError};
pub use searching::ComponentSearcher;
pub use single::{ReadBacks, TrialProgress, TrialResult, inspect, inspect_searcher, run_trial};

use crate::numeric::amount::{Fuel, Seed, TrialId};
use crate::numeric::digest::Digest;
use crate::sandbox::{Artifact, ComponentError};
use crate::searcher::ComponentSearcherSpec;
use crate::space::Space;
use crate::study::{
    ComponentId, DataId, Entry, FloatMode, GpuSpec, GuestSettings, Limits, LogPiece, Replication, StudyError,
};

/// Where guest code runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// In child processes, each of which runs many trials.
    #[default]
    Process,
    /// In child processes, each of which runs one trial and ends with it: trials share no memory, and none can tell by the time that it takes
    /// what another does. As many run as the study has slots.
    ProcessPerTrial,
    /// In threads of this process: faster to start, but a flaw in the engine is a flaw in this process.
    Thread,
}

/// How a study is run. None of it changes the study's log.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// How many workers run at a time; at least 1.
    pub jobs: usize,
    /// Where guest code runs.
    pub isolation: Isolation,
    /// When the run is cut off, on the wall clock. The log is then a prefix of the full one, and the study can be resumed.
    pub wall_time_max: Option<Duration>,
    /// Which trials' artifacts are kept with their content.
    pub keep_artifacts: KeepArtifacts,
    /// The folder of compiled components, if there is one.
    pub cache: Option<PathBuf>,
    /// How much memory paused trials may keep, all workers together, in bytes. One that is dropped for want of it is run again
    /// from its start if it is promoted. Early trials are kept in what the paused ones leave. What trials say ahead of the study's
    /// decisions may take as much again; beyond that there is no speculation.
    pub paused_memory_bytes_max: u64,
    /// Whether processors that would wait are given work that may turn out unneeded.
    pub speculation: Speculation,
    /// Which trials need not run because an equal one has.
    pub reuse: Reuse,
    /// Whether workers must be confined by every layer that there is ([`Layer`]); without it a layer that the system lacks is only told.
    pub require_isolation: bool,
    /// How much memory a worker process may map for writing, in bytes, stacks and what is reserved included. On Linux only.
    pub worker_memory_bytes_max: u64,
    /// How long a worker may be silent, which it is while what it runs uses no fuel, before it is ended. Its trials run again, one at a
    /// time; the one that stalls twice has crashed.
    pub stall_time_max: Duration,
    /// How long a component may be compiled.
    pub compile_time_max: Duration,
    /// How much memory the process that compiles may map for writing, in bytes. On Linux only.
    pub compile_memory_bytes_max: u64,
    /// Hears of a compilation that takes a person's patience: of a component of a mebibyte or more, a few times a second while it goes
    /// on, and at its end.
    pub on_compiling: Option<fn(Compiling)>,
}

/// How a compilation goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compiling {
    /// It began, of so many bytes.
    Began {
        /// The size of the component, in bytes.
        bytes: u64,
    },
    /// It goes on, and has taken so long.
    GoesOn {
        /// The size of the component, in bytes.
        bytes: u64,
        /// The time since it began.
        elapsed: Duration,
    },
    /// It is over, in whatever way.
    Ended,
}

/// Which trials need not run because an equal one has: of the same component, data, limits, configuration and seed.
#[derive(Clone, Debug, Default)]
pub enum Reuse {
    /// Those that are equal to an earlier one of the same run. That can only be where a study allows duplicates and its trials have one
    /// seed.
    #[default]
    OfThisRun,
    /// Those that any study with the same folder has run.
    OfFolder(Arc<ResultCache>),
    /// None: every trial is run.
    Never,
}

/// Whether processors that would wait are given work that may turn out unneeded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speculation {
    /// Trials that have reached a milestone go on where they would by what is known, and the next trials run early, before the
    /// study has started them. What turns out unneeded is discarded.
    #[default]
    On,
    /// Trials that have reached a milestone wait until they are compared, and none runs before it is started.
    Off,
}

/// How many trials may be early, for each slot of the study: enough that processors have work while the slowest of a slot's
/// trials is waited for (`docs/benchmarks.md`), and few enough that little is lost where a study ends early.
const EARLY_TRIALS_PER_SLOT: u64 = 16;

/// How much memory paused trials may keep if nothing else is said.
pub const PAUSED_MEMORY_BYTES_MAX: u64 = 1 << 30;

/// Which trials' artifacts are kept with their content. Their names and digests are in the log in any case, and running a trial
/// again gives them back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeepArtifacts {
    /// Those of the best trial so far.
    #[default]
    Best,
    /// Those of every trial.
    All,
    /// None.
    None,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            jobs: std::thread::available_parallelism().map_or(1, usize::from),
            isolation: Isolation::default(),
            wall_time_max: None,
            paused_memory_bytes_max: PAUSED_MEMORY_BYTES_MAX,
            speculation: Speculation::default(),
            keep_artifacts: KeepArtifacts::default(),
            cache: None,
            reuse: Reuse::default(),
            require_isolation: false,
            worker_memory_bytes_max: machine_memory_bytes().saturating_add(WORKER_MEMORY_BYTES_BEYOND),
            stall_time_max: STALL_TIME_MAX,
            compile_time_max: COMPILE_TIME_MAX,
            compile_memory_bytes_max: COMPILE_MEMORY_BYTES_MAX,
            on_compiling: None,
        }
    }
}

/// How long a worker may be silent if nothing else is said: the longest that a guest uses no fuel is a copy of all its memory, seconds on
/// a slow machine.
pub const STALL_TIME_MAX: Duration = Duration::from_secs(60);
/// How long a component may be compiled if nothing else is said. A minute is what a whole interpreter takes.
pub const COMPILE_TIME_MAX: Duration = Duration::from_secs(300);
/// How much memory that may take if nothing else is said.
pub const COMPILE_MEMORY_BYTES_MAX: u64 = 4 << 30;
/// How much more than the machine's memory a worker may map: stacks and tables are reserved whole and used in part.
const WORKER_MEMORY_BYTES_BEYOND: u64 = 4 << 30;

/// The machine's memory in bytes; all that there can be, where it is not known.
fn machine_memory_bytes() -> u64 {
    #[cfg(target_os = "linux")]
    {
        let known = rustix::system::sysinfo();
        known.totalram.saturating_mul(u64::from(known.mem_unit))
    }
    #[cfg(not(target_os = "linux"))]
    u64::MAX
}

/// What the trials of a study are made of.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Program {
    /// The file of the component.
    pub component: PathBuf,
    /// What it must contain.
    pub id: ComponentId,
    /// The data sets by name: the file, and what it must contain.
    pub data: BTreeMap<String, (PathBuf, DataId)>,
    /// The bounds on a trial.
    pub limits: Limits,
    /// How NaN is treated.
    pub float_mode: FloatMode,
    /// How often each trial is run, and how that becomes one. In a study it is the specification that says so.
    pub replication: Replication,
    /// What the guest is given besides configuration, seed and data. In a study it is the specification that says so.
    pub guest: GuestSettings,
    /// What the guest may do with a GPU, and with which; none without a grant. In a study it is the specification that says so.
    pub gpu: Option<GpuSpec>,
}

/// What searches for a study, where that is a component.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct SearcherProgram {
    /// The file of the component.
    pub component: PathBuf,
    /// What it must contain, what it is given and how it is bounded.
    pub settings: ComponentSearcherSpec,
    /// What is searched.
    pub space: Space,
    /// The seed that it is given.
    pub seed: Seed,
    /// How NaN is treated.
    pub float_mode: FloatMode,
}

/// How a run came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// The study has ended.
    Finished,
    /// It was cut off and can be resumed.
    Interrupted(Interruption),
}

/// Why a run was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// Somebody asked for it.
    Requested,
    /// `wall_time_max` had passed.
    WallTime,
}

/// Where the events of a run go, before anything is done about them.
pub trait Journal {
    /// Puts an event at the end.
    ///
    /// # Errors
    /// If it cannot be written, or is not what the journal expects.
    fn append(&mut self, entry: &Entry) -> Result<(), JournalError>;

    /// Puts a piece into a trial's log, unless it is there: a trial that is run again writes its log again.
    ///
    /// # Errors
    /// If it cannot be written.
    fn append_log(&mut self, trial: TrialId, piece: &LogPiece) -> Result<(), JournalError>;

    /// Forgets what a trial logged with more fuel than that: it had run ahead of its end or its pause.
    ///
    /// # Errors
    /// If it cannot be written.
    fn cut_log(&mut self, trial: TrialId, fuel: Fuel) -> Result<(), JournalError>;

    /// Keeps the content of an artifact.
    ///
    /// # Errors
    /// If it cannot be written.
    fn put_artifact(&mut self, trial: TrialId, artifact: &Artifact) -> Result<(), JournalError>;

    /// Drops the content of all other trials' artifacts.
    ///
    /// # Errors
    /// If it cannot be written.
    fn drop_artifacts_except(&mut self, trial: TrialId) -> Result<(), JournalError>;

    /// Keeps the content of what a trial has read back from the GPU.
    ///
    /// # Errors
    /// If it cannot be written.
    fn put_read_back(&mut self, trial: TrialId, digest: Digest, content: &[u8]) -> Result<(), JournalError>;

    /// Drops the contents of read-backs of which no event tells: trials had run ahead of their ends or their pauses.
    ///
    /// # Errors
    /// If it cannot be written.
    fn cut_read_backs(&mut self) -> Result<(), JournalError>;

    /// Takes note that a trial's results came from a cache, up to that fuel; with none that they did not. No event tells it.
    ///
    /// # Errors
    /// If it cannot be written.
    fn mark_cached(&mut self, trial: TrialId, fuel: Option<Fuel>) -> Result<(), JournalError>;

    /// Makes what was written last.
    ///
    /// # Errors
    /// If it cannot be written.
    fn commit(&mut self) -> Result<(), JournalError>;
}

/// What stopped a journal: a store's error, or a difference that a verification found.
pub type JournalError = Box<dyn std::error::Error + Send + Sync>;

/// A study cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// The journal failed.
    #[error("{0}")]
    Journal(JournalError),
    /// The study cannot go on.
    #[error(transparent)]
    Study(#[from] StudyError),
    /// The component is not fit.
    #[error(transparent)]
    Component(#[from] ComponentError),
    /// The component or the data cannot be had.
    #[error(transparent)]
    Load(LoadError),
    /// A worker cannot be started.
    #[error("a worker process cannot be started from `{}`", program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// No program is known that could be started as a worker.
    #[error(
        "no program is known that can be started as a worker: call `trialbox::executor::run_as_worker_if_asked()` first thing in \
         `main`, or use `Isolation::Thread`"
    )]
    NoWorkerProgram,
    /// The system lacks layers of confinement that were required.
    #[error("workers cannot be isolated as required: without {}", missing.iter().map(Layer::to_string).collect::<Vec<_>>().join(", "))]
    Unconfined {
        /// Those that are missing.
        missing: Vec<Layer>,
    },
    /// A worker was lost before it was of any use.
    #[error("a worker was lost while it was loading{}{words}", if words.is_empty() { "" } else { ": " })]
    WorkerLost {
        /// What it said last.
        words: String,
    },
    /// Workers were lost over one call of the searcher, twice in a row.
    #[error(
        "the worker that ran the searcher was lost twice in a row over the same call{}{words}", if words.is_empty() { "" } else { ": " }
    )]
    SearcherLost {
        /// What the second one said last.
        words: String,
    },
    /// A searcher whose calls were made again answered otherwise.
    #[error(
        "the searcher was run again and suggests something else than before: it must depend on nothing but its space, its \
         options, its seed and what it is told"
    )]
    SearcherDiverged,
    /// The study was begun under another fuel schedule.
    #[error(
        "the study was begun under the fuel schedule {}, this build has {}: operator costs, prices or engine settings have \
         changed, so trials would take other amounts of fuel",
        theirs.short(), ours.short()
    )]
    FuelSchedule {
        /// This build's.
        ours: Digest,
        /// The study's.
        theirs: Digest,
    },
    /// The study grants a GPU, and this machine has none that is fit.
    #[error(transparent)]
    Gpu(#[from] crate::gpu::StartError),
    /// Somebody asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl From<JournalError> for ExecutorError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}
