//! The bound on a trial's memory: one total over all its linear memories and tables.
//!
//! The engine's own limits count each memory on its own, and a component may have many. Not counted here: the fiber's stack (bounded
//! by the engine's settings), compiled code, and what the host keeps for the trial (bounded by the other limits).

use std::sync::Arc;

use wasmtime::ResourceLimiter;

use super::fault::Fault;
use super::instance::Gate;
use crate::study::{Limit, Outcome};

/// What a table's element takes.
const ELEMENT_BYTES: usize = 8;

/// Sums a trial's memory and refuses what goes past the limit.
#[derive(Debug)]
pub(super) struct MemoryBound {
    bytes_max: u64,
    bytes: u64,
    /// What the last growth added, until it is known to have failed.
    added: u64,
    instances_max: usize,
    /// Where the total is shown while the trial runs.
    gauge: Option<Arc<Gate>>,
}

impl MemoryBound {
    pub(super) fn new(bytes_max: u64, instances_max: u64, gauge: Option<Arc<Gate>>) -> Self {
        let instances_max = usize::try_from(instances_max).unwrap_or(usize::MAX);
        Self { bytes_max, bytes: 0, added: 0, instances_max, gauge }
    }

    fn show(&self) {
        if let Some(gauge) = &self.gauge {
            gauge.set_memory_bytes(self.bytes);
        }
    }

    /// Grows the total, or ends the trial. Refusing softly would make the guest guess: a trap names the limit.
    fn grow(&mut self, current: usize, desired: usize, unit_bytes: usize) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current).saturating_mul(unit_bytes) as u64;
        let bytes = self.bytes.saturating_add(more);
        if bytes > self.bytes_max {
            return Err(Fault::error(Outcome::Exceeded { limit: Limit::MemoryBytesMax }));
        }
        self.bytes = bytes;
        self.added = more;
        self.show();
        Ok(true)
    }

    /// A growth that the limits allow and the machine cannot give must not reach the guest as −1, which would make its result
    /// depend on the machine. Growth past the engine's own bounds (4 GiB) is the same everywhere, and is −1.
    fn refuse_host_failure(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.bytes -= std::mem::take(&mut self.added);
        self.show();
        match error.downcast_ref::<std::io::Error>() {
            Some(_) => Err(error.context("the machine has no memory left for a growth that the limits allow")),
            None => Ok(()),
        }
    }
}

impl ResourceLimiter for MemoryBound {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            // The guest's own declaration; WebAssembly answers −1.
            self.added = 0;
            return Ok(false);
        }
        self.grow(current, desired, 1)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.refuse_host_failure(error)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            self.added = 0;
            return Ok(false);
        }
        self.grow(current, desired, ELEMENT_BYTES)
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.refuse_host_failure(error)
    }

    fn instances(&self) -> usize {
        self.instances_max
    }

    fn tables(&self) -> usize {
        self.instances_max
    }

    fn memories(&self) -> usize {
        self.instances_max
    }
}
