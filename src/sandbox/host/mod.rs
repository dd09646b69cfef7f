//! What a guest may import: one file for each interface, and the state behind them.
//!
//! Host functions don't take fuel themselves: they run up a debt, which is taken when the guest gets control back
//! ([`charge_debt`]), so that a price can be known before its size is.

pub(super) mod artifact;
#[cfg(feature = "broken-host")]
mod broken;
pub(super) mod clocks;
pub(super) mod data;
pub(super) mod files;
pub(super) mod given;
pub(super) mod gpu;
pub(super) mod json;
pub(super) mod lines;
mod log;
mod random;
pub(super) mod report;
pub(super) mod stdio;
mod streams;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wasmtime::component::{Linker, ResourceTable};
use wasmtime::{CallHook, StoreContextMut, Trap};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::component::shown;
use super::costs::{PRICES, YIELD_INTERVAL};
use super::fault::Fault;
use super::instance::{Gate, TrialSink};
use super::memory::MemoryBound;
use crate::numeric::amount::{Fuel, Seed};
use crate::study::{Limits, LogPiece, Outcome};
use artifact::Artifacts;
use data::DataSets;
use files::tree::Tree;
use given::Given;
use gpu::TrialGpu;
use lines::ReportLines;
use log::TrialLog;

/// What the host keeps for one instance.
pub(super) struct HostState {
    pub(super) memory: MemoryBound,
    pub(super) limits: Arc<Limits>,
    pub(super) role: Role,
    /// The fuel that the store was given when counting began; none while the instance is being made.
    pub(super) fuel_given: Option<u64>,
    pub(super) pace: Pace,
    /// Fuel that host functions have used and that was not taken yet.
    pub(super) debt: u64,
    pub(super) log: TrialLog,
    table: ResourceTable,
    /// Made when the guest first asks for something of WASI's.
    wasi: Option<WasiCtx>,
    seed: Seed,
    random: random::Streams,
}

/// What an instance is for.
pub(super) enum Role {
    /// It describes itself; so ends its log.
    Describe(String),
    /// It runs a trial.
    Trial(Box<TrialState>),
    /// It searches; so ends its log.
    Search(String),
}

/// How much is kept of the end of a log that is not kept, about.
const LOG_END_BYTES: usize = 1 << 10;

/// What the host keeps for a trial.
pub(super) struct TrialState {
    pub(super) sink: Box<dyn TrialSink>,
    pub(super) gate: Arc<Gate>,
    pub(super) data: Arc<DataSets>,
    pub(super) reports: u64,
    /// How many pieces of its log were passed on.
    pub(super) log_pieces: u64,
    pub(super) artifacts: Arc<Artifacts>,
    pub(super) lines: Arc<ReportLines>,
    pub(super) tree: Tree,
    pub(super) given: Given,
    pub(super) gpu: TrialGpu,
}

impl TrialState {
    /// Passes on what the trial wrote to its log.
    pub(super) fn pass_on(&mut self, fuel: Fuel, text: String) {
        let position = self.log_pieces;
        self.log_pieces += 1;
        self.sink.log(LogPiece { position, reports: self.reports, fuel, text });
    }
}

impl HostState {
    pub(super) fn new(limits: Arc<Limits>, role: Role, seed: Seed) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(usize::try_from(limits.handles_max).unwrap_or(usize::MAX));
        let gauge = match &role {
            Role::Trial(trial) => Some(trial.gate.clone()),
            Role::Describe(_) | Role::Search(_) => None,
        };
        Self {
            memory: MemoryBound::new(limits.memory_bytes_max, limits.instances_max, gauge),
            log: TrialLog::new(limits.log_bytes_max),
            limits,
            role,
            fuel_given: None,
            pace: Pace::default(),
            debt: 0,
            table,
            wasi: None,
            seed,
            random: random::Streams::default(),
        }
    }

    /// The trial's state, or the fault that something else than a running trial called `import`.
    fn trial(&mut self, import: &str) -> wasmtime::Result<&mut TrialState> {
        match &mut self.role {
            Role::Trial(trial) if self.fuel_given.is_some() => Ok(trial),
            Role::Trial(_) => Err(Fault::misuse(format!("`{import}` was called before the trial began"))),
            Role::Describe(_) => Err(Fault::misuse(format!("`{import}` was called while describing"))),
            Role::Search(_) => Err(Fault::misuse(format!("`{import}` was called by a searcher"))),
        }
    }

    /// A trial is about to be entered; what came before it began ran on another stack.
    fn note_entry(&self) {
        if let (Role::Trial(trial), true) = (&self.role, self.fuel_given.is_some()) {
            trial.gate.note_entry();
        }
    }

    /// Runs up the price of a call that carries `bytes`.
    fn owe_call(&mut self, bytes: u64) {
        self.owe(PRICES.call.saturating_add(PRICES.byte.saturating_mul(bytes)));
    }

    fn owe(&mut self, fuel: u64) {
        self.debt = self.debt.saturating_add(fuel);
    }

    /// Puts text into the log, written when the trial had used that much fuel.
    pub(super) fn write_log(&mut self, fuel: Fuel, bytes: &[u8]) {
        self.log.write(bytes);
        self.flush_log(fuel);
    }

    /// The end of what was written to the log, as an error shows it, after a semicolon; nothing if nothing was. For a guest whose log
    /// is not kept.
    pub(super) fn log_end(&self) -> String {
        let (Role::Describe(end) | Role::Search(end)) = &self.role else { return String::new() };
        let end = shown(end.trim_end());
        if end.is_empty() { end } else { format!("; its log ends: {end}") }
    }

    /// Passes on what the log has gathered.
    pub(super) fn flush_log(&mut self, fuel: Fuel) {
        let role = &mut self.role;
        match (role, self.log.take()) {
            (Role::Trial(trial), Some(text)) => trial.pass_on(fuel, text),
            (Role::Describe(end) | Role::Search(end), Some(text)) => {
                end.push_str(&text);
                let cut = end.ceil_char_boundary(end.len().saturating_sub(LOG_END_BYTES));
                end.drain(..cut);
            }
            _ => {}
        }
    }
}

/// Keeps a guest that calls the host again and again yielding as often as one that does not.
///
/// Taking fuel begins a new interval for the engine. So what is left of the old one is put in its place; for that it must be known
/// when the guest was last suspended, which is told by its being polled once more.
#[derive(Default)]
pub(super) struct Pace {
    /// How often the guest was polled.
    pub(super) polls: Arc<AtomicU64>,
    /// The same when somebody last looked.
    polls_seen: u64,
    /// The fuel used when the guest was last suspended.
    suspended_at: u64,
}

impl Pace {
    /// Whether the guest was suspended since the last time that somebody asked.
    fn was_suspended(&mut self) -> bool {
        let polls = self.polls.load(Ordering::Relaxed);
        std::mem::replace(&mut self.polls_seen, polls) != polls
    }

    /// How much fuel the guest may use until it is suspended again.
    fn rest_of_interval(&self, used: u64) -> u64 {
        YIELD_INTERVAL.saturating_sub(used.saturating_sub(self.suspended_at)).max(1)
    }
}

impl WasiView for HostState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let log = self.log.shared();
        let ctx = self.wasi.get_or_insert_with(|| stdio::context(log));
        WasiCtxView { ctx, table: &mut self.table }
    }
}

/// The fuel that the instance has used since counting began, debts included.
pub(super) fn fuel_used(store: &StoreContextMut<'_, HostState>) -> u64 {
    // Fuel is on in every engine of ours, so there always is an amount.
    let left = store.get_fuel().unwrap_or(0);
    let state = store.data();
    // What an instance costs to make differs from machine to machine, so nobody must see it.
    state.fuel_given.map_or(0, |given| given.saturating_sub(left).saturating_add(state.debt))
}

/// Takes the fuel that host functions have used, when the guest gets control back.
pub(super) fn charge_debt(mut store: StoreContextMut<'_, HostState>, hook: CallHook) -> wasmtime::Result<()> {
    if matches!(hook, CallHook::CallingWasm) {
        store.data().note_entry();
    }
    if !matches!(hook, CallHook::ReturningFromHost) {
        return Ok(());
    }
    let debt = std::mem::take(&mut store.data_mut().debt);
    let suspended = store.data_mut().pace.was_suspended();
    if debt == 0 && !suspended {
        return Ok(());
    }
    let Some(left) = store.get_fuel()?.checked_sub(debt) else {
        store.set_fuel(0)?;
        return Err(Trap::OutOfFuel.into());
    };
    let state = store.data_mut();
    if let Some(given) = state.fuel_given {
        let used = given.saturating_sub(left);
        if suspended {
            state.pace.suspended_at = used;
        }
        let interval = state.pace.rest_of_interval(used);
        store.fuel_async_yield_interval(Some(interval))?;
    }
    store.set_fuel(left)
}

/// From here on fuel counts, beginning with the price of what came before. For a further call it counts anew, and the clock goes on.
pub(super) fn begin_counting(mut store: StoreContextMut<'_, HostState>, price: u64) -> wasmtime::Result<()> {
    let used = fuel_used(&store);
    let state = store.data_mut();
    let fuel_max = state.limits.fuel_max;
    state.debt = 0;
    state.fuel_given = Some(used.saturating_add(fuel_max));
    state.pace.was_suspended();
    state.pace.suspended_at = used.saturating_add(price);
    store.fuel_async_yield_interval(Some(YIELD_INTERVAL))?;
    match fuel_max.checked_sub(price) {
        Some(left) => store.set_fuel(left),
        None => Err(Trap::OutOfFuel.into()),
    }
}

/// The fuel used, as an amount of the study's.
pub(super) fn fuel_of(store: &StoreContextMut<'_, HostState>) -> Fuel {
    Fuel(fuel_used(store))
}

/// Checks a guest's text against a limit.
fn check_length(length: usize, max: u64, limit: crate::study::Limit) -> wasmtime::Result<()> {
    if length as u64 > max {
        return Err(Fault::error(Outcome::Exceeded { limit }));
    }
    Ok(())
}

/// Binds every interface that a guest may import.
pub(super) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    report::add_to_linker(linker)?;
    data::add_to_linker(linker)?;
    artifact::add_to_linker(linker)?;
    log::add_to_linker(linker)?;
    gpu::add_to_linker(linker)?;
    add_wasi(linker)
}

/// WASI 0.2 as far as it is deterministic. Sockets are there and refuse everything.
fn add_wasi(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    use wasmtime_wasi::cli::{WasiCli, WasiCliCtxView, WasiCliView};
    use wasmtime_wasi::p2::bindings::{cli, sockets};
    use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsCtxView, WasiSocketsView};

    // Asked for at every call, which is how the call gets its price.
    fn priced_cli(state: &mut HostState) -> WasiCliCtxView<'_> {
        state.owe_call(0);
        state.cli()
    }
    fn priced_sockets(state: &mut HostState) -> WasiSocketsCtxView<'_> {
        state.owe_call(0);
        state.sockets()
    }

    clocks::add_to_linker(linker)?;
    random::add_to_linker(linker)?;
    streams::add_to_linker(linker)?;
    files::add_to_linker(linker)?;
    given::add_to_linker(linker)?;
    cli::exit::add_to_linker::<_, WasiCli>(linker, priced_cli)?;
    cli::stdin::add_to_linker::<_, WasiCli>(linker, priced_cli)?;
    cli::stdout::add_to_linker::<_, WasiCli>(linker, priced_cli)?;
    cli::stderr::add_to_linker::<_, WasiCli>(linker, priced_cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(linker, priced_cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(linker, priced_cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(linker, priced_cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(linker, priced_cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(linker, priced_cli)?;
    sockets::network::add_to_linker::<_, WasiSockets>(linker, &Default::default(), priced_sockets)?;
    sockets::instance_network::add_to_linker::<_, WasiSockets>(linker, priced_sockets)?;
    sockets::ip_name_lookup::add_to_linker::<_, WasiSockets>(linker, priced_sockets)?;
    sockets::tcp::add_to_linker::<_, WasiSockets>(linker, priced_sockets)?;
    sockets::tcp_create_socket::add_to_linker::<_, WasiSockets>(linker, priced_sockets)?;
    sockets::udp::add_to_linker::<_, WasiSockets>(linker, priced_sockets)?;
    sockets::udp_create_socket::add_to_linker::<_, WasiSockets>(linker, priced_sockets)?;
    refuse_names_of_hosts(linker)
}

/// The same refusal as the engine's own, which begins with threads and timers that no worker should have.
fn refuse_names_of_hosts(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    use wasmtime::component::Resource;
    use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup::ResolveAddressStream;
    use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode, Network};

    linker.allow_shadowing(true);
    let bound = linker.instance("wasi:sockets/ip-name-lookup@0.2.12")?.func_wrap(
        "resolve-addresses",
        |mut store: StoreContextMut<'_, HostState>, (_, name): (Resource<Network>, String)| {
            store.data_mut().owe_call(name.len() as u64);
            Ok((Err::<Resource<ResolveAddressStream>, ErrorCode>(ErrorCode::AccessDenied),))
        },
    );
    linker.allow_shadowing(false);
    bound
}
