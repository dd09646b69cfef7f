//! Buffers: made, mapped, read back and written.

use std::sync::Arc;

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};

use super::objects::{BufferMemory, Mapping, Object, Shared};
use super::{Buffer, Device, HostState, INTERFACE, Never, Queue, ReadBack, port_error};
use crate::gpu::cost;
use crate::gpu::message::{DeviceError, ErrorKind, MapMode, Order};
use crate::numeric::digest::Digest;
use crate::sandbox::bindings::webgpu::{
    self, GetMappedRangeError, GetMappedRangeErrorKind, GpuBufferMapState, MapAsyncError, MapAsyncErrorKind,
    UnmapError, WriteBufferError, WriteBufferErrorKind,
};
use crate::sandbox::costs::PRICES;
use crate::sandbox::fault::Fault;
use crate::sandbox::host::{check_length, fuel_of, fuel_used};
use crate::study::Limit;

/// Usages, as the standard numbers them.
const MAP_READ: u32 = 0x1;
const MAP_WRITE: u32 = 0x2;
const COPY_SRC: u32 = 0x4;
const COPY_DST: u32 = 0x8;
const INDEX: u32 = 0x10;
const VERTEX: u32 = 0x20;
const UNIFORM: u32 = 0x40;
const STORAGE: u32 = 0x80;
const INDIRECT: u32 = 0x100;
const QUERY_RESOLVE: u32 = 0x200;
/// Ways to map, as the standard numbers them.
const MODE_READ: u32 = 1;
const MODE_WRITE: u32 = 2;

/// What offsets and sizes of mapped ranges are multiples of.
const MAP_OFFSET_ALIGNMENT: u64 = 8;
const COPY_ALIGNMENT: u64 = 4;

impl HostState {
    pub(super) fn gpu_create_buffer(
        &mut self,
        device: &Resource<Device>,
        descriptor: webgpu::GpuBufferDescriptor,
    ) -> wasmtime::Result<Resource<Buffer>> {
        let webgpu::GpuBufferDescriptor { size: bytes, usage, mapped_at_creation, label } = descriptor;
        let shared = self.gpu_object(device, cost::OBJECT_FUEL)?.shared.clone();
        // One that is past the limit never comes to be, and needs no zeros.
        self.owe(cost::copy(bytes.min(shared.open.port().limits().memory_bytes_max)));
        let object = Object::new(&shared, label);
        let is_mapped = mapped_at_creation.unwrap_or(false);
        let is_odd = is_mapped && !bytes.is_multiple_of(COPY_ALIGNMENT);
        // An object that cannot be is not told of.
        let order = match is_odd {
            true => Order::Fail(invalid("a buffer that is mapped at its creation has a multiple of 4 bytes")),
            false => Order::CreateBuffer { id: object.id, bytes, usage, is_mapped, label: object.label.told() },
        };
        shared.open.tell(order).map_err(port_error)?;
        let mapping = Mapping { mode: MapMode::Write, offset: 0, bytes, is_zero: true };
        let mapping = is_mapped.then_some(mapping);
        // One that is past the limit takes nothing: it never comes to be.
        let is_granted = bytes <= shared.open.port().limits().memory_bytes_max;
        let gate = self.trial(INTERFACE)?.gate.clone();
        let memory = is_granted.then(|| BufferMemory::new(gate, bytes));
        self.gpu_push(Buffer { object, bytes, usage, mapping, is_destroyed: false, memory })
    }
}

fn invalid(message: impl Into<String>) -> DeviceError {
    DeviceError { kind: ErrorKind::Validation, message: message.into() }
}

impl Buffer {
    fn shared(&self) -> &Arc<Shared> {
        &self.object.device
    }

    /// The part that is meant, in bytes from the beginning: what is left out is all the rest.
    fn part(&self, offset: Option<u64>, bytes: Option<u64>) -> (u64, u64) {
        let offset = offset.unwrap_or(0);
        (offset, bytes.unwrap_or(self.bytes.saturating_sub(offset)))
    }

    /// Why the part cannot be mapped so.
    fn check_map(&self, mode: u32, offset: u64, bytes: u64) -> Result<MapMode, String> {
        let (map_mode, usage) = match mode {
            MODE_READ => (MapMode::Read, MAP_READ),
            MODE_WRITE => (MapMode::Write, MAP_WRITE),
            _ => return Err("a buffer is mapped either for reading or for writing".into()),
        };
        if self.is_destroyed {
            return Err("the buffer was destroyed".into());
        }
        if self.mapping.is_some() {
            return Err("the buffer is mapped".into());
        }
        if self.usage & usage == 0 {
            return Err("the buffer's usage does not allow for mapping it so".into());
        }
        check_range(offset, bytes, 0, self.bytes)?;
        Ok(map_mode)
    }

    /// The mapped part that is meant, or why there is none.
    fn check_mapped(
        &self,
        offset: Option<u64>,
        bytes: Option<u64>,
    ) -> Result<(Mapping, u64, u64), GetMappedRangeError> {
        let error = |message: &str| GetMappedRangeError {
            kind: GetMappedRangeErrorKind::OperationError,
            message: message.into(),
        };
        let mapping = self.mapping.ok_or_else(|| error("the buffer is not mapped"))?;
        let (offset, bytes) = self.part(offset, bytes);
        let end = mapping.offset.saturating_add(mapping.bytes);
        check_range(offset, bytes, mapping.offset, end).map_err(|message| error(&message))?;
        Ok((mapping, offset, bytes))
    }
}

fn check_range(offset: u64, bytes: u64, least: u64, end: u64) -> Result<(), String> {
    if !offset.is_multiple_of(MAP_OFFSET_ALIGNMENT) || !bytes.is_multiple_of(COPY_ALIGNMENT) {
        return Err("an offset is a multiple of 8 and a size one of 4".into());
    }
    match offset.checked_add(bytes) {
        Some(last) if offset >= least && last <= end => Ok(()),
        _ => Err(format!("the range of {bytes} bytes from {offset} is outside {least} to {end}")),
    }
}

impl webgpu::HostGpuBuffer for HostState {
    fn size(&mut self, buffer: Resource<Buffer>) -> wasmtime::Result<u64> {
        Ok(self.gpu_object(&buffer, 0)?.bytes)
    }

    fn usage(&mut self, buffer: Resource<Buffer>) -> wasmtime::Result<u32> {
        Ok(self.gpu_object(&buffer, 0)?.usage)
    }

    fn map_state(&mut self, buffer: Resource<Buffer>) -> wasmtime::Result<GpuBufferMapState> {
        let is_mapped = self.gpu_object(&buffer, 0)?.mapping.is_some();
        Ok(if is_mapped { GpuBufferMapState::Mapped } else { GpuBufferMapState::Unmapped })
    }

    fn map_async(
        &mut self,
        buffer: Resource<Buffer>,
        mode: u32,
        offset: Option<u64>,
        size: Option<u64>,
    ) -> wasmtime::Result<Result<(), MapAsyncError>> {
        let buffer = self.gpu_object(&buffer, cost::WAIT_FUEL)?;
        let (offset, bytes) = buffer.part(offset, size);
        let refused = |message: String| Ok(Err(MapAsyncError { kind: MapAsyncErrorKind::OperationError, message }));
        let open = buffer.shared().open.clone();
        let mode = match buffer.check_map(mode, offset, bytes) {
            Ok(mode) => mode,
            Err(message) => {
                open.fail(invalid(message.clone())).map_err(port_error)?;
                return refused(message);
            }
        };
        let mapping = Mapping { mode, offset, bytes, is_zero: false };
        if bytes == 0 {
            open.settle().map_err(port_error)?;
            buffer.mapping = Some(mapping);
            return Ok(Ok(()));
        }
        let (mapped, uncaught) = open.map(buffer.object.id, mode, offset, bytes).map_err(port_error)?;
        if mapped.is_ok() {
            buffer.mapping = Some(mapping);
        }
        self.gpu_tell_uncaught(&uncaught);
        match mapped {
            Ok(()) => Ok(Ok(())),
            Err(message) => refused(message),
        }
    }

    fn get_mapped_range_get_with_copy(
        &mut self,
        _: Resource<Buffer>,
        _: Option<u64>,
        _: Option<u64>,
    ) -> wasmtime::Result<Result<Vec<u8>, GetMappedRangeError>> {
        // Bound by `add_reading` instead.
        Err(Fault::misuse("`get-mapped-range-get-with-copy` is bound elsewhere"))
    }

    fn unmap(&mut self, buffer: Resource<Buffer>) -> wasmtime::Result<Result<(), UnmapError>> {
        let buffer = self.gpu_object(&buffer, 0)?;
        if buffer.mapping.take().is_some_and(|mapping| mapping.bytes > 0) && !buffer.is_destroyed {
            let id = buffer.object.id;
            buffer.shared().open.tell(Order::Unmap(id)).map_err(port_error)?;
        }
        Ok(Ok(()))
    }

    fn destroy(&mut self, buffer: Resource<Buffer>) -> wasmtime::Result<()> {
        let buffer = self.gpu_object(&buffer, 0)?;
        (buffer.mapping, buffer.memory) = (None, None);
        if !std::mem::replace(&mut buffer.is_destroyed, true) {
            let id = buffer.object.id;
            buffer.shared().open.tell(Order::Destroy(id)).map_err(port_error)?;
        }
        Ok(())
    }

    fn get_mapped_range_set_with_copy(
        &mut self,
        buffer: Resource<Buffer>,
        data: Vec<u8>,
        offset: Option<u64>,
        size: Option<u64>,
    ) -> wasmtime::Result<Result<(), GetMappedRangeError>> {
        let length = data.len() as u64;
        let buffer = self.gpu_object(&buffer, PRICES.byte.saturating_mul(length))?;
        let (mapping, offset, bytes) = match buffer.check_mapped(offset, size.or(Some(length))) {
            Ok(mapped) => mapped,
            Err(error) => return Ok(Err(error)),
        };
        let error = |message: &str| {
            let kind = GetMappedRangeErrorKind::OperationError;
            Ok(Err(GetMappedRangeError { kind, message: message.into() }))
        };
        if mapping.mode != MapMode::Write {
            return error("the buffer is mapped for reading");
        }
        if bytes != length {
            return error("the data has another size than the range");
        }
        let id = buffer.object.id;
        if let Some(mapping) = &mut buffer.mapping {
            mapping.is_zero = false;
        }
        buffer.shared().open.write_mapped(id, offset, &data).map_err(port_error)?;
        Ok(Ok(()))
    }

    fn label(&mut self, buffer: Resource<Buffer>) -> wasmtime::Result<String> {
        self.gpu_label(&buffer)
    }

    fn set_label(&mut self, buffer: Resource<Buffer>, label: String) -> wasmtime::Result<()> {
        self.gpu_set_label(&buffer, label)
    }

    fn drop(&mut self, buffer: Resource<Buffer>) -> wasmtime::Result<()> {
        self.gpu_drop(buffer)
    }
}

/// Binds reading from a mapped buffer, which needs the trial's fuel.
pub(super) fn add_reading(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    linker.instance(INTERFACE)?.func_wrap(
        "[method]gpu-buffer.get-mapped-range-get-with-copy",
        |mut store: StoreContextMut<'_, HostState>,
         (buffer, offset, size): (Resource<Buffer>, Option<u64>, Option<u64>)| {
            read_mapped(&mut store, &buffer, offset, size).map(|read| (read,))
        },
    )
}

fn read_mapped(
    store: &mut StoreContextMut<'_, HostState>,
    buffer: &Resource<Buffer>,
    offset: Option<u64>,
    size: Option<u64>,
) -> wasmtime::Result<Result<Vec<u8>, GetMappedRangeError>> {
    let state = store.data_mut();
    let host_call_bytes_max = state.limits.host_call_bytes_max;
    let buffer = state.gpu_object(buffer, 0)?;
    let (mapping, offset, bytes) = match buffer.check_mapped(offset, size) {
        Ok(mapped) => mapped,
        Err(error) => return Ok(Err(error)),
    };
    check_length(usize::try_from(bytes).unwrap_or(usize::MAX), host_call_bytes_max, Limit::HostCallBytesMax)?;
    let (open, id) = (buffer.shared().open.clone(), buffer.object.id);
    state.owe(PRICES.byte.saturating_mul(bytes));
    let error = |message: String| GetMappedRangeError { kind: GetMappedRangeErrorKind::OperationError, message };
    if mapping.mode == MapMode::Write {
        // What lies there is the host's to know: a buffer for writing is only written.
        let zeros = || vec![0; bytes as usize];
        return Ok(mapping
            .is_zero
            .then(zeros)
            .ok_or_else(|| error("a buffer that is mapped for writing was written".into())));
    }
    let limits = open.port().limits();
    let (read_backs_max, recorded_bytes_max) = (limits.read_backs_max, limits.recorded_bytes_max);
    if state.gpu(0)?.read_backs >= read_backs_max {
        return Err(Fault::misuse(format!(
            "the trial has read back {read_backs_max} times, which is `read_backs_max`"
        )));
    }
    if store.data().fuel_given.is_some_and(|given| fuel_used(store) > given) {
        // It was not paid for.
        return Err(wasmtime::Trap::OutOfFuel.into());
    }
    let content = match open.port().is_recorded() {
        true => match open.port().next_recorded() {
            Some(content) if content.len() as u64 == bytes => content,
            _ => return Err(Fault::misuse("what the trial reads back here was not recorded")),
        },
        false if bytes == 0 => Vec::new(),
        false => match open.read_mapped(id, offset, bytes).map_err(port_error)? {
            Ok(content) => content,
            Err(message) => return Ok(Err(error(message))),
        },
    };
    let fuel = fuel_of(store);
    let trial = store.data_mut().trial(INTERFACE)?;
    trial.gpu.read_backs += 1;
    let is_kept = trial.gpu.recorded_bytes.saturating_add(bytes) <= recorded_bytes_max;
    if is_kept {
        trial.gpu.recorded_bytes += bytes;
    }
    let kept = if is_kept { content.clone() } else { Vec::new() };
    trial.sink.read_back(ReadBack { fuel, digest: Digest::of(&content), bytes, content: kept });
    Ok(Ok(content))
}

impl webgpu::HostGpuQueue for HostState {
    fn submit(
        &mut self,
        queue: Resource<Queue>,
        command_buffers: Vec<Resource<super::CommandBuffer>>,
    ) -> wasmtime::Result<()> {
        self.gpu_submit(&queue, &command_buffers)
    }

    fn on_submitted_work_done(&mut self, queue: Resource<Queue>) -> wasmtime::Result<()> {
        let open = self.gpu_object(&queue, cost::WAIT_FUEL)?.shared.open.clone();
        let answer = open.ask(Order::Wait).map_err(port_error)?;
        self.gpu_tell_uncaught(&answer.uncaught);
        Ok(())
    }

    fn write_buffer_with_copy(
        &mut self,
        queue: Resource<Queue>,
        buffer: Resource<Buffer>,
        buffer_offset: u64,
        data: Vec<u8>,
        data_offset: Option<u64>,
        size: Option<u64>,
    ) -> wasmtime::Result<Result<(), WriteBufferError>> {
        let price = PRICES.byte.saturating_mul(data.len() as u64).saturating_add(cost::copy(data.len() as u64));
        let shared = self.gpu_object(&queue, price)?.shared.clone();
        let refused = |message: &str| {
            let kind = WriteBufferErrorKind::OperationError;
            Ok(Err(WriteBufferError { kind, message: message.into() }))
        };
        let start = data_offset.unwrap_or(0).min(usize::MAX as u64) as usize;
        let rest = data.get(start..).unwrap_or_default();
        let wanted = size.unwrap_or(rest.len() as u64);
        let Some(data) = usize::try_from(wanted).ok().and_then(|wanted| rest.get(..wanted)) else {
            return refused("the data has fewer bytes");
        };
        if start > 0 && rest.is_empty() && wanted == 0 && data_offset.is_some_and(|offset| offset > data.len() as u64) {
            return refused("the data has fewer bytes");
        }
        if !wanted.is_multiple_of(COPY_ALIGNMENT) {
            return refused("what is written is a multiple of 4 bytes");
        }
        let buffer = self.gpu_object(&buffer, 0)?;
        let problem = match buffer.object.id_for(&shared) {
            None => Some("the buffer belongs to another device".to_owned()),
            Some(_) if buffer.is_destroyed => Some("the buffer was destroyed".into()),
            Some(_) if buffer.mapping.is_some() => Some("the buffer is mapped".into()),
            Some(_) if buffer.usage & COPY_DST == 0 => {
                Some("the buffer's usage does not allow for copies to it".into())
            }
            Some(_) if !buffer_offset.is_multiple_of(COPY_ALIGNMENT) => Some("an offset is a multiple of 4".into()),
            Some(_) => match buffer_offset.checked_add(wanted) {
                Some(end) if end <= buffer.bytes => None,
                _ => Some(format!("{wanted} bytes from {buffer_offset} do not fit into {} bytes", buffer.bytes)),
            },
        };
        let written = match problem {
            Some(message) => shared.open.fail(invalid(message)),
            None => shared.open.write(buffer.object.id, buffer_offset, data),
        };
        written.map_err(port_error)?;
        Ok(Ok(()))
    }

    fn label(&mut self, queue: Resource<Queue>) -> wasmtime::Result<String> {
        self.gpu_label(&queue)
    }

    fn set_label(&mut self, queue: Resource<Queue>, label: String) -> wasmtime::Result<()> {
        self.gpu_set_label(&queue, label)
    }

    fn drop(&mut self, queue: Resource<Queue>) -> wasmtime::Result<()> {
        self.gpu_drop(queue)
    }
}

/// The functions of a resource that names constants.
macro_rules! constants {
    ($interface:ident: $($name:ident = $value:expr),+ $(,)?) => {
        impl webgpu::$interface for HostState {
            $(fn $name(&mut self) -> wasmtime::Result<u32> {
                self.owe_call(0);
                Ok($value)
            })+

            fn drop(&mut self, object: Resource<Never>) -> wasmtime::Result<()> {
                self.gpu_drop(object)
            }
        }
    };
}

constants!(
    HostGpuBufferUsage: map_read = MAP_READ, map_write = MAP_WRITE, copy_src = COPY_SRC, copy_dst = COPY_DST,
    index = INDEX, vertex = VERTEX, uniform = UNIFORM, storage = STORAGE, indirect = INDIRECT,
    query_resolve = QUERY_RESOLVE
);
constants!(HostGpuMapMode: read = MODE_READ, write = MODE_WRITE);
constants!(HostGpuShaderStage: vertex = 0x1, fragment = 0x2, compute = 0x4);
