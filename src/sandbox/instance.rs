//! One instance's life: instantiation, one call of `describe` or `train`, and what came of it.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::Poll;

use serde::{Deserialize, Serialize};
use wasmtime::component::{Component, InstancePre};
use wasmtime::{AsContextMut, Engine, Store, WasmBacktrace};

use super::bindings::{TrialPre, types};
use super::component::{self, ComponentError, Entry, shown};
use super::costs::{DESCRIBE_FUEL_MAX, INSTANTIATION_FUEL_MAX, PRICES};
use super::description::checked_description;
use super::engine::Sandbox;
use super::entry::Bound;
pub use super::fault::EngineFailure;
use super::fault::outcome_of;
use super::host::artifact::Artifacts;
use super::host::data::DataSets;
use super::host::files::tree::{CommandFiles, Tree};
use super::host::given::{Given, config_file};
use super::host::gpu::{ReadBack, TrialGpu};
use super::host::lines::ReportLines;
use super::host::{HostState, Role, TrialState, begin_counting, charge_debt, fuel_used};
use super::missing;
use super::pool::Pool;
use super::stack;
use crate::gpu::Port;
use crate::numeric::amount::{Fuel, Seed};
use crate::numeric::digest::Digest;
use crate::space::{Config, Parameter, Space};
use crate::study::{ArtifactRecord, Attribute, Description, GuestSettings, Limit, Limits, LogPiece, Outcome, Report};

/// Has a component described by an instance of its own.
async fn describe_in(pre: &TrialPre<HostState>, store: &mut Store<HostState>) -> wasmtime::Result<types::Description> {
    prepare(store)?;
    let trial = pre.instantiate_async(&mut *store).await?;
    begin_counting(store.as_context_mut(), 0)?;
    let polls = store.data().pace.polls.clone();
    counting_polls(polls, trial.trialbox_trial_train().call_describe(store)).await
}

/// Hears what a trial does while it runs. Called from within host functions: it must not block.
pub trait TrialSink: Send {
    /// The trial made its next report, having used `fuel`.
    fn report(&mut self, fuel: Fuel, report: Report);

    /// The trial wrote to its log.
    fn log(&mut self, piece: LogPiece);

    /// The trial read back from the GPU. Whoever grants none hears of none.
    fn read_back(&mut self, _read: ReadBack) {}
}

/// What whoever runs a trial has in hand of it: holds it inside `report` while closed, and shows its memory.
#[derive(Debug, Default)]
pub struct Gate {
    closed: AtomicBool,
    waiting: AtomicBool,
    memory_bytes: AtomicU64,
    artifact_bytes: AtomicU64,
    line_bytes: AtomicU64,
    gpu_bytes: AtomicU64,
    /// Where on its stack the guest was entered; 0 before.
    entered_at: AtomicUsize,
}

impl Gate {
    /// Closes or opens the gate. Whoever opens it must poll the trial again.
    pub fn set_closed(&self, closed: bool) {
        self.closed.store(closed, Ordering::Release);
    }

    /// Whether the trial is inside `report`: its future is pending for this and not for a fuel yield. It is once at every report,
    /// and stays so for as long as the gate is closed.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Acquire)
    }

    /// What the trial keeps, in bytes: linear memories, tables, artifacts, buffers on a GPU, and reports that it has
    /// written and not made yet.
    #[must_use]
    pub fn kept_bytes(&self) -> u64 {
        let parts = [&self.memory_bytes, &self.artifact_bytes, &self.line_bytes, &self.gpu_bytes];
        parts.into_iter().fold(0, |sum, part| sum.saturating_add(part.load(Ordering::Relaxed)))
    }

    /// How much linear memory and how large tables the trial has, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        self.memory_bytes.load(Ordering::Relaxed)
    }

    /// About how much of the suspended trial's stack is in memory, in bytes.
    #[must_use]
    pub fn stack_bytes(&self) -> u64 {
        stack::resident_bytes(self.entered_at.load(Ordering::Relaxed))
    }

    /// The guest is about to be entered, from the stack of whoever calls; only the first time counts.
    pub(super) fn note_entry(&self) {
        if self.entered_at.load(Ordering::Relaxed) == 0 {
            self.entered_at.store(stack::address_here(), Ordering::Relaxed);
        }
    }

    pub(super) fn set_artifact_bytes(&self, bytes: u64) {
        self.artifact_bytes.store(bytes, Ordering::Relaxed);
    }

    pub(super) fn set_line_bytes(&self, bytes: u64) {
        self.line_bytes.store(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_gpu_bytes(&self, bytes: u64) {
        self.gpu_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn take_gpu_bytes(&self, bytes: u64) {
        self.gpu_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(super) fn set_memory_bytes(&self, bytes: u64) {
        self.memory_bytes.store(bytes, Ordering::Relaxed);
    }

    pub(super) async fn pass(&self) {
        // Once in any case: whoever polls takes the report before the next is made, so that no flood of them piles up.
        let mut was_seen = false;
        poll_fn(|_| {
            let stays = self.closed.load(Ordering::Acquire) || !std::mem::replace(&mut was_seen, true);
            self.waiting.store(stays, Ordering::Release);
            if stays { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }
}

/// A component that is ready to be instantiated, with its imports bound.
#[derive(Clone)]
pub struct Program {
    sandbox: Sandbox,
    bound: Bound,
    pool: Option<Pool>,
    settings: Arc<GuestSettings>,
    gpu: Option<Arc<Port>>,
}

/// The input of one trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arguments {
    /// The configuration, in the order of the space's declaration.
    pub config: Vec<Attribute>,
    /// The seed of the trial.
    pub seed: Seed,
}

impl Arguments {
    /// What a trial of a study of `space` is given for a configuration.
    #[must_use]
    pub fn of(space: &Space, config: &Config, seed: Seed) -> Self {
        let attribute = |parameter: &Parameter| {
            let value = config.get(&parameter.name)?.clone();
            Some(Attribute { name: parameter.name.clone(), value })
        };
        Self { config: space.parameters().iter().filter_map(attribute).collect(), seed }
    }
}

/// A file that a trial left behind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Artifact {
    /// Its name, digest and size.
    pub record: ArtifactRecord,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// How a run of a trial ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// The fuel that it used, debts included; at a trap, what the engine had written down.
    pub fuel: Fuel,
    /// The outcome.
    pub outcome: Outcome,
    /// What a completed trial left behind, in the order of names.
    pub artifacts: Vec<Artifact>,
}

impl Program {
    /// Binds a component's imports. What it imports of WASI and is not offered traps when it is called.
    ///
    /// # Errors
    /// If the component is not of this world.
    pub fn new(sandbox: &Sandbox, component: &Component) -> Result<Self, ComponentError> {
        let mut linker = (*sandbox.linker).clone();
        let refuse = |error: wasmtime::Error| ComponentError::World(shown(&format!("{error:#}")));
        missing::stub(&mut linker, &sandbox.engine, component).map_err(refuse)?;
        let pre: InstancePre<HostState> = linker.instantiate_pre(component).map_err(refuse)?;
        let entry = component::entry(sandbox, component)?;
        let bound = Bound::new(pre, entry).map_err(refuse)?;
        Ok(Self { sandbox: sandbox.clone(), bound, pool: None, settings: Arc::default(), gpu: None })
    }

    /// The same, made for many short trials: they take over the memory of earlier ones, if the component allows for it. `bytes` are
    /// what `component` was made of.
    ///
    /// # Errors
    /// As [`Program::new`].
    pub fn for_many(sandbox: &Sandbox, component: &Component, bytes: &[u8]) -> Result<Self, ComponentError> {
        let program = Self::new(sandbox, component)?;
        let pool = Pool::new(sandbox, component, bytes, program.entry());
        Ok(Self { pool, ..program })
    }

    /// The same with what the study gives its guest besides configuration, seed and data.
    #[must_use]
    pub fn given(self, settings: GuestSettings) -> Self {
        Self { settings: Arc::new(settings), ..self }
    }

    /// The same with a way to a GPU.
    #[must_use]
    pub(crate) fn computing(self, gpu: Option<Arc<Port>>) -> Self {
        Self { gpu, ..self }
    }

    /// The way to a GPU, if there is one.
    pub(crate) fn gpu(&self) -> Option<&Arc<Port>> {
        self.gpu.as_ref()
    }

    /// How the component is entered.
    #[must_use]
    pub fn entry(&self) -> Entry {
        self.bound.entry()
    }

    /// Asks the component for its description, and checks it. A command has none.
    ///
    /// # Errors
    /// If the component fails to describe itself, or describes no well-formed space.
    pub async fn describe(&self, limits: &Limits) -> Result<Option<Description>, ComponentError> {
        let Bound::Train(pre) = &self.bound else { return Ok(None) };
        let mut limits = limits.clone();
        limits.fuel_max = DESCRIBE_FUEL_MAX;
        let mut store = store(&self.sandbox.engine, Arc::new(limits), Role::Describe(String::new()), Seed(0));
        let described = describe_in(pre, &mut store).await;
        let description = described.map_err(|error| match outcome_of(&error) {
            Ok(outcome) => {
                store.data_mut().flush_log(Fuel(0));
                ComponentError::Describe { outcome, log_end: store.data().log_end() }
            }
            Err(failure) => ComponentError::Engine(failure.to_string()),
        })?;
        checked_description(description).map(Some)
    }

    /// Runs one trial to its end. The future is pending at every fuel yield, once at every report, and while `gate` holds it;
    /// dropping it stops the trial.
    ///
    /// # Errors
    /// If the machine fails; the trial then has no outcome and can be run again.
    pub async fn train(
        &self,
        arguments: Arguments,
        limits: Arc<Limits>,
        data: Arc<DataSets>,
        sink: Box<dyn TrialSink>,
        gate: Arc<Gate>,
    ) -> Result<Ended, EngineFailure> {
        let state = self.trial_state(&arguments, &limits, data, sink, gate);
        let lines = state.lines.clone();
        let artifacts = state.artifacts.clone();
        let fuel_max = limits.fuel_max;
        let failure_bytes_max = limits.failure_bytes_max;
        let role = Role::Trial(Box::new(state));
        // Declared before the store, so that it is given back after it.
        let place = self.pool.as_ref().and_then(|pool| Some((pool, pool.place()?)));
        let (engine, bound) = match &place {
            Some((pool, _)) => (&pool.engine, &pool.bound),
            None => (&self.sandbox.engine, &self.bound),
        };
        let mut store = store(engine, limits, role, arguments.seed);
        let result = bound.enter(&mut store, &arguments).await;
        // Whatever it has come to, what it left running is a matter of its own.
        let settled = match &store.data().role {
            Role::Trial(trial) => trial.gpu.settle(),
            Role::Describe(_) | Role::Search(_) => Ok(()),
        };
        store.data_mut().gpu_tell_rest();
        let result = match (result, settled) {
            (Ok(_), Err(error)) => Err(error),
            (result, _) => result,
        };
        let outcome = match &result {
            Ok(Ok(())) => lines.unfinished().unwrap_or(Outcome::Completed),
            Ok(Err(message)) => Outcome::failed(message, failure_bytes_max),
            Err(error) => outcome_of(error)?,
        };
        let fuel = Fuel(match outcome {
            Outcome::Exceeded { limit: Limit::FuelMax } => fuel_max,
            _ => fuel_used(&store.as_context_mut()).min(fuel_max).max(PRICES.start.min(fuel_max)),
        });
        if let Err(error) = &result
            && let Some(backtrace) = error.downcast_ref::<WasmBacktrace>()
        {
            store.data_mut().write_log(fuel, format!("{outcome}\n{backtrace}\n").as_bytes());
        }
        close_log(store.data_mut(), fuel);
        let artifacts = if outcome == Outcome::Completed { artifacts.take() } else { Default::default() };
        let artifacts = artifacts
            .into_iter()
            .map(|(name, bytes)| {
                let (digest, length) = (Digest::of(&bytes), bytes.len() as u64);
                Artifact { record: ArtifactRecord { name: name.to_string(), digest, bytes: length }, bytes }
            })
            .collect();
        Ok(Ended { fuel, outcome, artifacts })
    }

    /// What the host keeps for a trial, at its start.
    fn trial_state(
        &self,
        arguments: &Arguments,
        limits: &Arc<Limits>,
        data: Arc<DataSets>,
        sink: Box<dyn TrialSink>,
        gate: Arc<Gate>,
    ) -> TrialState {
        let settings = self.settings.clone();
        let artifacts = Arc::new(Artifacts::new(limits.clone(), gate.clone()));
        let (command, given) = match self.entry() {
            Entry::Train => (None, Given::to_train(settings)),
            Entry::Run => {
                let config = config_file(&settings, arguments);
                let seed = Arc::new(format!("{}\n", arguments.seed.0).into_bytes());
                let files = CommandFiles { config, seed, artifacts: artifacts.clone() };
                (Some(files), Given::to_command(settings, arguments))
            }
        };
        TrialState {
            sink,
            lines: Arc::new(ReportLines::new(limits, gate.clone())),
            gate,
            tree: Tree::new(data.clone(), command),
            data,
            reports: 0,
            log_pieces: 0,
            artifacts,
            given,
            gpu: TrialGpu::new(self.gpu.clone()),
        }
    }
}

pub(super) fn store(engine: &Engine, limits: Arc<Limits>, role: Role, seed: Seed) -> Store<HostState> {
    let host_call_bytes_max = usize::try_from(limits.host_call_bytes_max).unwrap_or(usize::MAX);
    let handles_max = usize::try_from(limits.handles_max).unwrap_or(usize::MAX);
    let mut store = Store::new(engine, HostState::new(limits, role, seed));
    store.limiter(|state| &mut state.memory);
    store.set_hostcall_fuel(host_call_bytes_max);
    store.set_max_component_handles(handles_max);
    store.call_hook(charge_debt);
    store
}

/// Gets a store ready for an instance to be made. That happens without yielding: what it costs can depend on the machine, so it is
/// bounded and not counted.
pub(super) fn prepare(store: &mut Store<HostState>) -> wasmtime::Result<()> {
    store.set_fuel(INSTANTIATION_FUEL_MAX)
}

/// The future, with its polls counted.
pub(super) async fn counting_polls<F: Future>(polls: Arc<AtomicU64>, future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    poll_fn(|context| {
        polls.fetch_add(1, Ordering::Relaxed);
        future.as_mut().poll(context)
    })
    .await
}

fn close_log(state: &mut HostState, fuel: Fuel) {
    state.flush_log(fuel);
    let (mut rest, dropped) = state.log.close();
    if dropped > 0 {
        rest = format!("[{dropped} more bytes of log were dropped: limit `log_bytes_max`]\n");
    }
    if let (Role::Trial(trial), false) = (&mut state.role, rest.is_empty()) {
        trial.pass_on(fuel, rest);
    }
}
