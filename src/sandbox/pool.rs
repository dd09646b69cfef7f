//! Instances that take over the memory and the stack of earlier ones, instead of having the system map new ones for each.
//!
//! Used by `instance`. Mapping and unmapping cost a short trial more than everything else together. A pool holds a fixed number of
//! trials; those beyond run as they would without. Nothing of it shows in a result:
//! - both ways run the same compiled code, with the same limits; a memory that is taken over is put back to what the component
//!   says it holds at its start;
//! - only components whose tables have a small maximum of their own get a pool, since tables of a pool cannot grow past its size.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use wasmparser::{Parser, Payload};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, PoolingAllocationConfig};

use super::component::Entry;
use super::engine::{Sandbox, config};
use super::entry::Bound;
use super::host;
use super::missing;

/// How many trials a pool holds.
const TRIALS: u32 = 64;
/// What one of them may have, so that there is always room for all.
const CORE_INSTANCES_PER_TRIAL: u32 = 16;
const MEMORIES_PER_TRIAL: u32 = 2;
const TABLES_PER_TRIAL: u32 = 8;
/// A trial has one stack; its last one may wait to be taken back.
const STACKS_PER_TRIAL: u32 = 2;
/// The most elements of a table.
const TABLE_ELEMENTS: usize = 1 << 16;
/// The most that a component and each of its instances may take of the host's own memory.
const INSTANCE_BYTES: usize = 1 << 20;
/// How much of a memory is cleared instead of given back to the system.
const KEPT_BYTES: usize = 256 << 10;
/// Larger compiled components get no pool: their code would be there twice.
const CODE_BYTES_MAX: usize = 16 << 20;

/// A component that can be instantiated in a pool.
#[derive(Clone)]
pub(super) struct Pool {
    pub(super) engine: Engine,
    pub(super) bound: Bound,
    free: Arc<AtomicU32>,
}

/// A place in a pool, until it is dropped. It must outlive the store that was made for it.
pub(super) struct Place(Arc<AtomicU32>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

impl Pool {
    /// A pool for the component, if it is of a kind that a pool makes no difference for. `bytes` are what `component` was made of.
    pub(super) fn new(sandbox: &Sandbox, component: &Component, bytes: &[u8], entry: Entry) -> Option<Self> {
        if !tables_are_small(bytes) {
            return None;
        }
        let code = component.serialize().ok().filter(|code| code.len() <= CODE_BYTES_MAX)?;
        // Whatever fails from here on, the component runs without a pool.
        let mut settings = config(sandbox.float_mode()).ok()?;
        settings.allocation_strategy(allocation());
        let engine = Engine::new(&settings).ok()?;
        // SAFETY: the bytes have just come out of `Component::serialize`. The engine checks that they fit its settings.
        #[expect(unsafe_code, reason = "loading compiled code is trusting it; the proof is above")]
        let component = unsafe { Component::deserialize(&engine, &code) }.ok()?;
        let mut linker = Linker::new(&engine);
        host::add_to_linker(&mut linker).ok()?;
        missing::stub(&mut linker, &engine, &component).ok()?;
        let bound = Bound::new(linker.instantiate_pre(&component).ok()?, entry).ok()?;
        Some(Self { engine, bound, free: Arc::new(AtomicU32::new(TRIALS)) })
    }

    /// A place for one more trial, if there is one.
    pub(super) fn place(&self) -> Option<Place> {
        let take = |free: u32| free.checked_sub(1);
        let taken = self.free.fetch_update(Ordering::AcqRel, Ordering::Acquire, take);
        taken.ok().map(|_| Place(self.free.clone()))
    }
}

fn allocation() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(TRIALS);
    pool.total_core_instances(TRIALS * CORE_INSTANCES_PER_TRIAL);
    pool.total_memories(TRIALS * MEMORIES_PER_TRIAL);
    pool.total_tables(TRIALS * TABLES_PER_TRIAL);
    pool.total_stacks(TRIALS * STACKS_PER_TRIAL);
    pool.max_core_instances_per_component(CORE_INSTANCES_PER_TRIAL);
    pool.max_memories_per_component(MEMORIES_PER_TRIAL);
    pool.max_tables_per_component(TABLES_PER_TRIAL);
    pool.max_memories_per_module(MEMORIES_PER_TRIAL);
    pool.max_tables_per_module(TABLES_PER_TRIAL);
    pool.max_component_instance_size(INSTANCE_BYTES);
    pool.max_core_instance_size(INSTANCE_BYTES);
    pool.table_elements(TABLE_ELEMENTS);
    // All of what WebAssembly can address, as without a pool.
    pool.max_memory_size(1 << 32);
    pool.linear_memory_keep_resident(KEPT_BYTES);
    pool.table_keep_resident(KEPT_BYTES);
    pool
}

/// Whether no table of the component can grow past a pool's.
fn tables_are_small(bytes: &[u8]) -> bool {
    let small = |maximum: Option<u64>| maximum.is_some_and(|maximum| maximum <= TABLE_ELEMENTS as u64);
    Parser::new(0).parse_all(bytes).all(|payload| match payload {
        Ok(Payload::TableSection(tables)) => {
            tables.into_iter().all(|table| table.is_ok_and(|table| small(table.ty.maximum)))
        }
        Ok(_) => true,
        Err(_) => false,
    })
}
