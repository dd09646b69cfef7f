//! Buffers, and mapping them.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wgpu::custom::{BufferInterface, BufferMapCallback, DispatchBufferMappedRange};

use crate::bindings::wasi::webgpu::webgpu::{GpuBuffer, GpuBufferDescriptor};
use crate::contents::Contents;
use crate::errors::Shared;
use crate::mapping::{self, Access, Mapped, MappedRange};

/// How much one call to the engine carries. The limit `host_call_bytes_max` of a study is 4 MiB unless it says otherwise; pieces larger
/// than this are no faster.
const PIECE_BYTES: u64 = 1 << 20;

/// A range in pieces that the engine takes, each with its offset and its length.
pub(crate) fn pieces(range: Range<u64>) -> impl Iterator<Item = (u64, u64)> {
    let end = range.end;
    range.step_by(PIECE_BYTES as usize).map(move |offset| (offset, PIECE_BYTES.min(end - offset)))
}

#[derive(Debug)]
pub(crate) struct Buffer {
    inner: Arc<Inner>,
}

/// What a buffer shares with its views.
#[derive(Debug)]
pub(crate) struct Inner {
    /// The engine's buffer.
    pub(crate) handle: GpuBuffer,
    device: Arc<Shared>,
    bytes: u64,
    usage: wgpu::BufferUsages,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    mapped: Mapped,
    /// What was written through views. Nothing else can write to a buffer while it can still be mapped for writing: the standard lets
    /// such a buffer be the destination of no command.
    written: Contents,
}

impl Buffer {
    pub(crate) fn new(device: &Arc<Shared>, desc: &wgpu::BufferDescriptor<'_>) -> Self {
        let handle = device.handle.create_buffer(&GpuBufferDescriptor {
            size: desc.size,
            usage: desc.usage.bits(),
            mapped_at_creation: Some(desc.mapped_at_creation),
            label: desc.label.map(str::to_owned),
        });
        let mapped = if desc.mapped_at_creation { Mapped::Part(Access::Write, 0..desc.size) } else { Mapped::No };
        let state = Mutex::new(State { mapped, written: Contents::default() });
        let inner = Inner { handle, device: device.clone(), bytes: desc.size, usage: desc.usage, state };
        Self { inner: Arc::new(inner) }
    }

    /// The engine's buffer.
    pub(crate) fn handle(&self) -> &GpuBuffer {
        &self.inner.handle
    }

    /// Its size.
    pub(crate) fn bytes(&self) -> u64 {
        self.inner.bytes
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a view's bytes into the buffer.
    pub(crate) fn write_back(&self, start: u64, bytes: Vec<u8>) {
        if !matches!(self.state().mapped, Mapped::Part(Access::Write, _)) {
            return;
        }
        if let Err(message) = mapping::write(self, start, &bytes) {
            self.device.fail(message);
        }
        self.state().written.put(start, bytes);
    }
}

impl BufferInterface for Buffer {
    fn map_async(&self, mode: wgpu::MapMode, range: Range<u64>, callback: BufferMapCallback) {
        let (access, flags) = match mode {
            wgpu::MapMode::Read => (Access::Read, 1),
            wgpu::MapMode::Write => (Access::Write, 2),
        };
        let done = self.inner.handle.map_async(flags, Some(range.start), Some(range.end - range.start));
        let result = done.as_ref().map(|_| ()).map_err(|_| wgpu::BufferAsyncError);
        self.inner.state().mapped = match done {
            Ok(()) => Mapped::Part(access, range),
            Err(error) => Mapped::Refused(error.message),
        };
        self.inner.device.look();
        callback(result);
    }

    fn get_mapped_range(&self, sub_range: Range<u64>) -> Result<DispatchBufferMappedRange, wgpu::MapRangeError> {
        let state = self.inner.state();
        let bytes = match &state.mapped {
            Mapped::Part(access, part) if part.start <= sub_range.start && sub_range.end <= part.end => match access {
                Access::Write => Ok(state.written.show(sub_range.clone())),
                Access::Read => mapping::read(&self.inner, sub_range.clone()),
            },
            Mapped::Refused(reason) => Err(reason.clone()),
            // `wgpu` refuses these itself, with its own error, as soon as it has a view.
            Mapped::No | Mapped::Gone | Mapped::Part(..) => {
                return Ok(DispatchBufferMappedRange::custom(MappedRange::nothing()));
            }
        };
        drop(state);
        match bytes {
            Ok(bytes) => {
                let view = MappedRange::new(self.inner.clone(), sub_range.start, bytes);
                Ok(DispatchBufferMappedRange::custom(view))
            }
            // Nobody outside of `wgpu` can make its error.
            Err(reason) => panic!("the buffer is not mapped, or not so: {reason}"),
        }
    }

    fn unmap(&self) {
        let mut state = self.inner.state();
        state.mapped = Mapped::No;
        if !self.inner.usage.contains(wgpu::BufferUsages::MAP_WRITE) {
            state.written.clear();
        }
        drop(state);
        // Refused only where nothing is mapped, which is no mistake of a program's.
        let _ = self.inner.handle.unmap();
    }

    fn destroy(&self) {
        let mut state = self.inner.state();
        state.mapped = Mapped::Gone;
        state.written.clear();
        drop(state);
        self.inner.handle.destroy();
    }
}
