//! What a guest may import: one file for each interface, and the state behind them.
//!
//! Host functions don't take fuel themselves: they run up a debt, which is taken when the guest gets control back
//! ([`charge_debt`]), so that a price can be known before its size is.

mod artifact;
pub(super) mod clocks;
pub(super) mod data;
mod log;
mod random;
pub(super) mod report;
pub(super) mod stdio;

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmtime::component::{Linker, ResourceTable};
use wasmtime::{CallHook, StoreContextMut, Trap};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::costs::PRICES;
use super::fault::Fault;
use super::instance::{Gate, TrialSink};
use super::memory::MemoryBound;
use crate::numeric::amount::{Fuel, Seed};
use crate::study::{Limits, Outcome};
use data::DataSets;
use log::TrialLog;

/// What the host keeps for one instance.
pub(super) struct HostState {
    pub(super) memory: MemoryBound,
    pub(super) limits: Arc<Limits>,
    pub(super) role: Role,
    /// The fuel that the store was given when counting began.
    pub(super) fuel_given: u64,
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
    /// It describes itself.
    Describe,
    /// It runs a trial.
    Trial(Box<TrialState>),
}

/// What the host keeps for a trial.
pub(super) struct TrialState {
    pub(super) sink: Box<dyn TrialSink>,
    pub(super) gate: Arc<Gate>,
    pub(super) data: Arc<DataSets>,
    pub(super) reports: u64,
    pub(super) artifacts: BTreeMap<String, Vec<u8>>,
    pub(super) artifact_bytes: u64,
}

impl HostState {
    pub(super) fn new(limits: Arc<Limits>, role: Role, seed: Seed) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(usize::try_from(limits.handles_max).unwrap_or(usize::MAX));
        Self {
            memory: MemoryBound::new(limits.memory_bytes_max, limits.instances_max),
            log: TrialLog::new(limits.log_bytes_max),
            limits,
            role,
            fuel_given: 0,
            debt: 0,
            table,
            wasi: None,
            seed,
            random: random::Streams::default(),
        }
    }

    /// The trial's state, or the fault that `describe` called `import`.
    fn trial(&mut self, import: &str) -> wasmtime::Result<&mut TrialState> {
        match &mut self.role {
            Role::Trial(trial) => Ok(trial),
            Role::Describe => Err(Fault::misuse(format!("`{import}` was called while describing"))),
        }
    }

    /// Runs up the price of a call that carries `bytes`.
    fn owe_call(&mut self, bytes: u64) {
        self.owe(PRICES.call.saturating_add(PRICES.byte.saturating_mul(bytes)));
    }

    fn owe(&mut self, fuel: u64) {
        self.debt = self.debt.saturating_add(fuel);
    }

    /// Puts text into the log.
    pub(super) fn write_log(&mut self, bytes: &[u8]) {
        self.log.write(bytes);
        self.flush_log();
    }

    /// Passes on what the log has gathered.
    pub(super) fn flush_log(&mut self) {
        if let Role::Trial(trial) = &mut self.role
            && let Some(text) = self.log.take()
        {
            trial.sink.log(trial.reports, text);
        }
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
    state.fuel_given.saturating_sub(left).saturating_add(state.debt)
}

/// Takes the fuel that host functions have used, when the guest gets control back.
pub(super) fn charge_debt(mut store: StoreContextMut<'_, HostState>, hook: CallHook) -> wasmtime::Result<()> {
    if !matches!(hook, CallHook::ReturningFromHost) {
        return Ok(());
    }
    if store.data().log.has_unpriced() {
        let state = store.data_mut();
        let bytes = state.log.take_unpriced();
        state.owe_call(bytes);
        state.flush_log();
    }
    let debt = std::mem::take(&mut store.data_mut().debt);
    if debt == 0 {
        return Ok(());
    }
    match store.get_fuel()?.checked_sub(debt) {
        Some(left) => store.set_fuel(left),
        None => {
            store.set_fuel(0)?;
            Err(Trap::OutOfFuel.into())
        }
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
    add_wasi(linker)
}

/// WASI 0.2 as far as it is deterministic. Sockets are there and refuse everything; there are no directories.
fn add_wasi(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    use wasmtime_wasi::cli::{WasiCli, WasiCliView};
    use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
    use wasmtime_wasi::p2::bindings::{cli, filesystem, sockets};
    use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView};

    clocks::add_to_linker(linker)?;
    random::add_to_linker(linker)?;
    stdio::add_to_linker(linker)?;
    cli::environment::add_to_linker::<_, WasiCli>(linker, HostState::cli)?;
    cli::exit::add_to_linker::<_, WasiCli>(linker, HostState::cli)?;
    cli::stdin::add_to_linker::<_, WasiCli>(linker, HostState::cli)?;
    cli::stdout::add_to_linker::<_, WasiCli>(linker, HostState::cli)?;
    cli::stderr::add_to_linker::<_, WasiCli>(linker, HostState::cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(linker, HostState::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(linker, HostState::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(linker, HostState::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(linker, HostState::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(linker, HostState::cli)?;
    filesystem::types::add_to_linker::<_, WasiFilesystem>(linker, HostState::filesystem)?;
    filesystem::preopens::add_to_linker::<_, WasiFilesystem>(linker, HostState::filesystem)?;
    sockets::network::add_to_linker::<_, WasiSockets>(linker, &Default::default(), HostState::sockets)?;
    sockets::instance_network::add_to_linker::<_, WasiSockets>(linker, HostState::sockets)?;
    sockets::ip_name_lookup::add_to_linker::<_, WasiSockets>(linker, HostState::sockets)?;
    sockets::tcp::add_to_linker::<_, WasiSockets>(linker, HostState::sockets)?;
    sockets::tcp_create_socket::add_to_linker::<_, WasiSockets>(linker, HostState::sockets)?;
    sockets::udp::add_to_linker::<_, WasiSockets>(linker, HostState::sockets)?;
    sockets::udp_create_socket::add_to_linker::<_, WasiSockets>(linker, HostState::sockets)?;
    Ok(())
}
