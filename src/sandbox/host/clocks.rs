//! `wasi:clocks` in virtual time: a unit of fuel is a nanosecond, and a trial begins at the epoch.
//!
//! A guest that sleeps is charged the time at once; the wall clock does not move for it.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

use super::{HostState, fuel_used};

const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;

/// A moment that has come by the time anybody asks.
struct Reached;

#[wasmtime_wasi::async_trait]
impl Pollable for Reached {
    async fn ready(&mut self) {}
}

pub(super) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    let mut monotonic = linker.instance("wasi:clocks/monotonic-clock@0.2.12")?;
    monotonic.func_wrap("now", |mut store: StoreContextMut<'_, HostState>, (): ()| {
        store.data_mut().owe_call(0);
        // While a component is instantiated no fuel is counted, but some languages take a clock that shows 0 for broken.
        Ok((fuel_used(&store).max(1),))
    })?;
    monotonic.func_wrap("resolution", |mut store: StoreContextMut<'_, HostState>, (): ()| {
        store.data_mut().owe_call(0);
        Ok((1_u64,))
    })?;
    monotonic.func_wrap("subscribe-instant", |mut store: StoreContextMut<'_, HostState>, (when,): (u64,)| {
        let now = fuel_used(&store);
        sleep(store.data_mut(), when.saturating_sub(now))
    })?;
    monotonic.func_wrap("subscribe-duration", |mut store: StoreContextMut<'_, HostState>, (duration,): (u64,)| {
        sleep(store.data_mut(), duration)
    })?;
    let mut wall = linker.instance("wasi:clocks/wall-clock@0.2.12")?;
    wall.func_wrap("now", |mut store: StoreContextMut<'_, HostState>, (): ()| {
        store.data_mut().owe_call(0);
        Ok((datetime(fuel_used(&store)),))
    })?;
    wall.func_wrap("resolution", |mut store: StoreContextMut<'_, HostState>, (): ()| {
        store.data_mut().owe_call(0);
        Ok((datetime(1),))
    })
}

fn datetime(nanoseconds: u64) -> Datetime {
    Datetime {
        seconds: nanoseconds / NANOSECONDS_PER_SECOND,
        // Less than 10⁹, so the cast keeps it.
        nanoseconds: (nanoseconds % NANOSECONDS_PER_SECOND) as u32,
    }
}

fn sleep(state: &mut HostState, nanoseconds: u64) -> wasmtime::Result<(Resource<DynPollable>,)> {
    state.owe_call(0);
    state.owe(nanoseconds);
    let reached = state.table.push(Reached)?;
    Ok((subscribe(&mut state.table, reached)?,))
}
