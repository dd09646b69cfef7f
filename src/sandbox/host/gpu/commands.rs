//! Layouts, bind groups, shaders and pipelines; and commands, which are recorded here and told when they are finished.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime::component::Resource;

use super::objects::{Counted, Label, Object, Recording, Shared};
use super::{
    BindGroup, BindGroupLayout, Buffer, CommandBuffer, CommandEncoder, CompilationInfo, CompilationMessage,
    ComputePassEncoder, ComputePipeline, Device, HostState, PipelineLayout, Queue, ShaderModule, port_error,
};
use crate::gpu::cost;
use crate::gpu::message::{
    BindEntry, BindingKind, Command, DeviceError, ErrorKind, LayoutEntry, ObjectId, Order, PassCommand, Reply,
    ShaderMessage,
};
use crate::sandbox::bindings::webgpu::{self, GpuCompilationMessageType, SetBindGroupError, SetBindGroupErrorKind};
use crate::sandbox::costs::PRICES;

/// How many offsets a bind group may be bound with: more than any layout has.
const OFFSETS_MAX: usize = 16;
/// How many entries a layout or a group may have: more than any limit allows for.
const ENTRIES_MAX: usize = 1_000;

fn invalid(message: impl Into<String>) -> DeviceError {
    DeviceError { kind: ErrorKind::Validation, message: message.into() }
}

fn foreign(what: &str) -> DeviceError {
    invalid(format!("the {what} belongs to another device"))
}

impl HostState {
    /// The device's shared part, for a call that costs so much besides.
    fn shared(&mut self, device: &Resource<Device>, fuel: u64) -> wasmtime::Result<Arc<Shared>> {
        Ok(self.gpu_object(device, fuel)?.shared.clone())
    }

    /// Gives an order, or has the device have the error that stands in its way.
    fn order(&mut self, device: &Shared, order: Result<Order, DeviceError>) -> wasmtime::Result<()> {
        let told = match order {
            Ok(order) => device.open.tell(order),
            Err(error) => device.open.fail(error),
        };
        told.map_err(port_error)
    }

    pub(super) fn gpu_create_bind_group_layout(
        &mut self,
        device: &Resource<Device>,
        descriptor: webgpu::GpuBindGroupLayoutDescriptor,
    ) -> wasmtime::Result<Resource<BindGroupLayout>> {
        let price = entries_price(descriptor.entries.len());
        let shared = self.shared(device, price)?;
        let object = Object::new(&shared, descriptor.label);
        let (id, label) = (object.id, object.label.told());
        let entries = layout_entries(descriptor.entries);
        self.order(&shared, entries.map(|entries| Order::CreateBindGroupLayout { id, entries, label }))?;
        self.gpu_push(BindGroupLayout(object))
    }

    pub(super) fn gpu_create_pipeline_layout(
        &mut self,
        device: &Resource<Device>,
        descriptor: webgpu::GpuPipelineLayoutDescriptor,
    ) -> wasmtime::Result<Resource<PipelineLayout>> {
        let shared = self.shared(device, entries_price(descriptor.bind_group_layouts.len()))?;
        let object = Object::new(&shared, descriptor.label);
        let (id, label) = (object.id, object.label.told());
        let mut layouts = Vec::new();
        let mut problem = too_many(descriptor.bind_group_layouts.len());
        for layout in descriptor.bind_group_layouts.into_iter().take(ENTRIES_MAX) {
            let Some(layout) = layout else {
                layouts.push(None);
                continue;
            };
            match self.table.get(&layout)?.0.id_for(&shared) {
                Some(layout) => layouts.push(Some(layout)),
                None => problem = Some(foreign("bind group layout")),
            }
        }
        let order = problem.map_or(Ok(Order::CreatePipelineLayout { id, layouts, label }), Err);
        self.order(&shared, order)?;
        self.gpu_push(PipelineLayout(object))
    }

    pub(super) fn gpu_create_bind_group(
        &mut self,
        device: &Resource<Device>,
        descriptor: webgpu::GpuBindGroupDescriptor,
    ) -> wasmtime::Result<Resource<BindGroup>> {
        let shared = self.shared(device, entries_price(descriptor.entries.len()))?;
        let object = Object::new(&shared, descriptor.label);
        let (id, label) = (object.id, object.label.told());
        let mut entries = Vec::new();
        let mut problem = too_many(descriptor.entries.len());
        for entry in descriptor.entries.into_iter().take(ENTRIES_MAX) {
            let binding = match entry.resource {
                webgpu::GpuBindingResource::GpuBufferBinding(binding) => binding,
                webgpu::GpuBindingResource::GpuSampler(_) | webgpu::GpuBindingResource::GpuTextureView(_) => {
                    problem = Some(invalid("only buffers can be bound"));
                    continue;
                }
            };
            let buffer = self.table.get(&binding.buffer)?;
            match buffer.object.id_for(&shared) {
                Some(buffer) => entries.push(BindEntry {
                    binding: entry.binding,
                    buffer,
                    offset: binding.offset.unwrap_or(0),
                    bytes: binding.size,
                }),
                None => problem = Some(foreign("buffer")),
            }
        }
        let layout = self.table.get(&descriptor.layout)?.0.id_for(&shared);
        let order = match (problem, layout) {
            (Some(problem), _) => Err(problem),
            (None, None) => Err(foreign("bind group layout")),
            (None, Some(layout)) => Ok(Order::CreateBindGroup { id, layout, entries, label }),
        };
        self.order(&shared, order)?;
        self.gpu_push(BindGroup(object))
    }

    pub(super) fn gpu_create_shader(
        &mut self,
        device: &Resource<Device>,
        descriptor: webgpu::GpuShaderModuleDescriptor,
    ) -> wasmtime::Result<Resource<ShaderModule>> {
        let webgpu::GpuShaderModuleDescriptor { code, compilation_hints: _, label } = descriptor;
        let bytes = code.len() as u64;
        let shared = self.shared(device, cost::shader(bytes).saturating_add(PRICES.byte.saturating_mul(bytes)))?;
        let object = Object::new(&shared, label);
        let most = shared.open.port().limits().shader_bytes_max;
        if bytes > most {
            // Not even told: it would take as much there.
            let message = format!("the shader has {bytes} bytes; `shader_bytes_max` is {most}");
            shared.open.fail(invalid(message.clone())).map_err(port_error)?;
            let whole = ShaderMessage { message, line: 0, column: 0, offset: 0, length: 0 };
            return self.gpu_push(ShaderModule { object, messages: vec![whole] });
        }
        let order = Order::CreateShader { id: object.id, source: code, label: object.label.told() };
        let answer = shared.open.ask(order).map_err(port_error)?;
        self.gpu_tell_uncaught(&answer.uncaught);
        let messages = match answer.reply {
            Reply::Shader(messages) => messages,
            _ => Vec::new(),
        };
        self.gpu_push(ShaderModule { object, messages })
    }

    /// A pipeline, with the error that it is invalid by.
    pub(super) fn gpu_create_pipeline(
        &mut self,
        shared: &Arc<Shared>,
        descriptor: webgpu::GpuComputePipelineDescriptor,
    ) -> wasmtime::Result<(ComputePipeline, Option<DeviceError>)> {
        let webgpu::GpuComputePipelineDescriptor { compute, layout, label } = descriptor;
        let constants: BTreeMap<String, f64> = match compute.constants {
            Some(constants) => self.table.delete(constants)?.into_pairs().into_iter().collect(),
            None => BTreeMap::new(),
        };
        self.gpu(cost::PIPELINE_FUEL)?;
        let object = Object::new(shared, label);
        let shader = self.table.get(&compute.module)?.object.id_for(shared);
        let layout = match layout {
            webgpu::GpuLayoutMode::Specific(layout) => Some(self.table.get(&layout)?.0.id_for(shared)),
            webgpu::GpuLayoutMode::Auto => None,
        };
        let (Some(shader), Some(layout)) = (shader, layout.map_or(Some(None), |layout| layout.map(Some))) else {
            return Ok((ComputePipeline { object, cost: None }, Some(foreign("shader module or the layout"))));
        };
        let (id, label) = (object.id, object.label.told());
        let entry_point = compute.entry_point;
        let order = Order::CreatePipeline { id, shader, entry_point, constants, layout, label };
        let answer = shared.open.ask(order).map_err(port_error)?;
        self.gpu_tell_uncaught(&answer.uncaught);
        let (cost, error) = match answer.reply {
            Reply::Pipeline(Ok(cost)) => (Some(cost), None),
            Reply::Pipeline(Err(error)) => (None, Some(error)),
            other => (None, Some(invalid(format!("an unexpected answer: {other:?}")))),
        };
        Ok((ComputePipeline { object, cost }, error))
    }

    pub(super) fn gpu_create_encoder(
        &mut self,
        device: &Resource<Device>,
        label: Option<String>,
    ) -> wasmtime::Result<Resource<CommandEncoder>> {
        let shared = self.shared(device, 0)?;
        let counted = Some(Counted::none(&shared));
        let recording =
            Recording { commands: Vec::new(), has_open_pass: false, is_finished: false, error: None, counted };
        let (recording, label) = (Arc::new(Mutex::new(recording)), Label::of(label));
        self.gpu_push(CommandEncoder { device: shared, recording, label })
    }

    pub(super) fn gpu_submit(
        &mut self,
        queue: &Resource<Queue>,
        buffers: &[Resource<CommandBuffer>],
    ) -> wasmtime::Result<()> {
        let price = PRICES.entry.saturating_mul(buffers.len() as u64).saturating_add(cost::SUBMISSION_FUEL);
        let shared = self.gpu_object(queue, price)?.shared.clone();
        let mut ids = Vec::new();
        let mut problem = None;
        for buffer in buffers {
            let buffer = self.table.get_mut(buffer)?;
            buffer.counted = None;
            match buffer.object.id_for(&shared) {
                Some(id) => ids.push(id),
                None => problem = Some(foreign("command buffer")),
            }
        }
        let submitted = match problem {
            None => shared.open.submit(ids),
            Some(problem) => shared.open.fail(problem),
        };
        submitted.map_err(port_error)
    }
}

fn entries_price(count: usize) -> u64 {
    PRICES.entry.saturating_mul(count as u64).saturating_add(cost::OBJECT_FUEL)
}

fn too_many(count: usize) -> Option<DeviceError> {
    (count > ENTRIES_MAX).then(|| invalid(format!("there are {count} entries; no limit allows for as many")))
}

fn layout_entries(entries: Vec<webgpu::GpuBindGroupLayoutEntry>) -> Result<Vec<LayoutEntry>, DeviceError> {
    if let Some(problem) = too_many(entries.len()) {
        return Err(problem);
    }
    let entry = |entry: webgpu::GpuBindGroupLayoutEntry| {
        let has_other = entry.sampler.is_some() || entry.texture.is_some() || entry.storage_texture.is_some();
        let Some(buffer) = entry.buffer.filter(|_| !has_other) else {
            return Err(invalid("only buffers can be bound, one for each entry"));
        };
        let kind = match buffer.type_ {
            None | Some(webgpu::GpuBufferBindingType::Uniform) => BindingKind::Uniform,
            Some(webgpu::GpuBufferBindingType::Storage) => BindingKind::Storage,
            Some(webgpu::GpuBufferBindingType::ReadOnlyStorage) => BindingKind::ReadOnlyStorage,
        };
        Ok(LayoutEntry {
            binding: entry.binding,
            visibility: entry.visibility,
            kind,
            has_dynamic_offset: buffer.has_dynamic_offset.unwrap_or(false),
            bytes_min: buffer.min_binding_size.unwrap_or(0),
        })
    };
    entries.into_iter().map(entry).collect()
}

fn lock(recording: &Mutex<Recording>) -> MutexGuard<'_, Recording> {
    // Nothing panics while it holds the lock.
    recording.lock().unwrap_or_else(PoisonError::into_inner)
}

impl webgpu::HostGpuShaderModule for HostState {
    fn get_compilation_info(&mut self, module: Resource<ShaderModule>) -> wasmtime::Result<Resource<CompilationInfo>> {
        let messages = self.gpu_object(&module, 0)?.messages.clone();
        self.owe(messages.iter().map(|message| PRICES.byte.saturating_mul(message.message.len() as u64)).sum());
        self.gpu_push(CompilationInfo(messages))
    }

    fn label(&mut self, module: Resource<ShaderModule>) -> wasmtime::Result<String> {
        self.gpu_label(&module)
    }

    fn set_label(&mut self, module: Resource<ShaderModule>, label: String) -> wasmtime::Result<()> {
        self.gpu_set_label(&module, label)
    }

    fn drop(&mut self, module: Resource<ShaderModule>) -> wasmtime::Result<()> {
        self.gpu_drop(module)
    }
}

impl webgpu::HostGpuCompilationInfo for HostState {
    fn messages(&mut self, info: Resource<CompilationInfo>) -> wasmtime::Result<Vec<Resource<CompilationMessage>>> {
        let messages = self.gpu_object(&info, 0)?.0.clone();
        self.owe(PRICES.entry.saturating_mul(messages.len() as u64));
        messages.into_iter().map(|message| self.gpu_push(CompilationMessage(message))).collect()
    }

    fn drop(&mut self, info: Resource<CompilationInfo>) -> wasmtime::Result<()> {
        self.gpu_drop(info)
    }
}

impl webgpu::HostGpuCompilationMessage for HostState {
    fn message(&mut self, message: Resource<CompilationMessage>) -> wasmtime::Result<String> {
        let text = self.gpu_object(&message, 0)?.0.message.clone();
        self.owe_call(text.len() as u64);
        Ok(text)
    }

    fn type_(&mut self, message: Resource<CompilationMessage>) -> wasmtime::Result<GpuCompilationMessageType> {
        self.gpu_object(&message, 0)?;
        Ok(GpuCompilationMessageType::Error)
    }

    fn line_num(&mut self, message: Resource<CompilationMessage>) -> wasmtime::Result<u64> {
        Ok(self.gpu_object(&message, 0)?.0.line)
    }

    fn line_pos(&mut self, message: Resource<CompilationMessage>) -> wasmtime::Result<u64> {
        Ok(self.gpu_object(&message, 0)?.0.column)
    }

    fn offset(&mut self, message: Resource<CompilationMessage>) -> wasmtime::Result<u64> {
        Ok(self.gpu_object(&message, 0)?.0.offset)
    }

    fn length(&mut self, message: Resource<CompilationMessage>) -> wasmtime::Result<u64> {
        Ok(self.gpu_object(&message, 0)?.0.length)
    }

    fn drop(&mut self, message: Resource<CompilationMessage>) -> wasmtime::Result<()> {
        self.gpu_drop(message)
    }
}

impl webgpu::HostGpuComputePipeline for HostState {
    fn get_bind_group_layout(
        &mut self,
        pipeline: Resource<ComputePipeline>,
        index: u32,
    ) -> wasmtime::Result<Resource<BindGroupLayout>> {
        let pipeline = self.gpu_object(&pipeline, cost::OBJECT_FUEL)?;
        let (shared, pipeline) = (pipeline.object.device.clone(), pipeline.object.id);
        let object = Object::new(&shared, None);
        self.order(&shared, Ok(Order::TakeLayout { id: object.id, pipeline, index }))?;
        self.gpu_push(BindGroupLayout(object))
    }

    fn label(&mut self, pipeline: Resource<ComputePipeline>) -> wasmtime::Result<String> {
        self.gpu_label(&pipeline)
    }

    fn set_label(&mut self, pipeline: Resource<ComputePipeline>, label: String) -> wasmtime::Result<()> {
        self.gpu_set_label(&pipeline, label)
    }

    fn drop(&mut self, pipeline: Resource<ComputePipeline>) -> wasmtime::Result<()> {
        self.gpu_drop(pipeline)
    }
}

impl HostState {
    /// Records a command of an encoder, or what is wrong with it.
    fn record(
        &mut self,
        encoder: &Resource<CommandEncoder>,
        fuel: u64,
        command: Result<Command, DeviceError>,
    ) -> wasmtime::Result<()> {
        let encoder = self.gpu_object(encoder, fuel)?;
        let mut recording = lock(&encoder.recording);
        if recording.is_finished {
            let told = encoder.device.open.fail(invalid("the command encoder was finished before"));
            return told.map_err(port_error);
        }
        if recording.has_open_pass {
            recording.spoil("a compute pass is open: end it first");
            return Ok(());
        }
        match command {
            Ok(command) if recording.count() => recording.commands.push(command),
            Ok(_) => {}
            Err(error) => recording.spoil(error.message),
        }
        Ok(())
    }

    /// The number of a buffer that is to be used with an encoder.
    fn buffer_of(
        &mut self,
        encoder: &Resource<CommandEncoder>,
        buffer: &Resource<Buffer>,
    ) -> wasmtime::Result<Result<ObjectId, DeviceError>> {
        let shared = self.gpu_object(encoder, 0)?.device.clone();
        Ok(self.table.get(buffer)?.object.id_for(&shared).ok_or_else(|| foreign("buffer")))
    }
}

impl webgpu::HostGpuCommandEncoder for HostState {
    fn begin_compute_pass(
        &mut self,
        encoder: Resource<CommandEncoder>,
        descriptor: Option<webgpu::GpuComputePassDescriptor>,
    ) -> wasmtime::Result<Resource<ComputePassEncoder>> {
        let encoder = self.gpu_object(&encoder, cost::COMMAND_FUEL)?;
        let (device, recording) = (encoder.device.clone(), encoder.recording.clone());
        let mut open = lock(&recording);
        if descriptor.as_ref().is_some_and(|descriptor| descriptor.timestamp_writes.is_some()) {
            open.spoil("time is not measured here");
        }
        let is_ended = match (open.is_finished, open.has_open_pass) {
            (true, _) => true,
            (false, true) => {
                open.spoil("a compute pass is open: end it first");
                true
            }
            (false, false) => {
                open.has_open_pass = open.count();
                !open.has_open_pass
            }
        };
        drop(open);
        let label = Label::of(descriptor.and_then(|descriptor| descriptor.label));
        self.gpu_push(ComputePassEncoder { device, recording, commands: Vec::new(), cost: None, is_ended, label })
    }

    fn copy_buffer_to_buffer(
        &mut self,
        encoder: Resource<CommandEncoder>,
        source: Resource<Buffer>,
        source_offset: u64,
        destination: Resource<Buffer>,
        destination_offset: u64,
        size: u64,
    ) -> wasmtime::Result<()> {
        // More than there is is not copied.
        let price = cost::copy(size.min(self.table.get(&source)?.bytes));
        let source = self.buffer_of(&encoder, &source)?;
        let destination = self.buffer_of(&encoder, &destination)?;
        let command = source.and_then(|source| {
            let destination = destination?;
            Ok(Command::Copy { source, source_offset, destination, destination_offset, bytes: size })
        });
        self.record(&encoder, price, command)
    }

    fn clear_buffer(
        &mut self,
        encoder: Resource<CommandEncoder>,
        buffer: Resource<Buffer>,
        offset: Option<u64>,
        size: Option<u64>,
    ) -> wasmtime::Result<()> {
        let all = self.table.get(&buffer)?.bytes;
        let buffer = self.buffer_of(&encoder, &buffer)?;
        let command = buffer.map(|buffer| Command::Clear { buffer, offset: offset.unwrap_or(0), bytes: size });
        self.record(&encoder, cost::copy(size.unwrap_or(all).min(all)), command)
    }

    fn finish(
        &mut self,
        encoder: Resource<CommandEncoder>,
        descriptor: Option<webgpu::GpuCommandBufferDescriptor>,
    ) -> wasmtime::Result<Resource<CommandBuffer>> {
        let encoder = self.gpu_object(&encoder, cost::OBJECT_FUEL)?;
        let shared = encoder.device.clone();
        let object = Object::new(&shared, descriptor.and_then(|descriptor| descriptor.label));
        let mut open = lock(&encoder.recording);
        if open.has_open_pass {
            open.spoil("a compute pass is open: end it first");
        }
        if std::mem::replace(&mut open.is_finished, true) {
            open.spoil("the command encoder was finished before");
        }
        let commands = std::mem::take(&mut open.commands);
        let recording = open.error.clone().map_or(Ok(commands), Err);
        // What was recorded into a pass that is still open counts as long as the pass is there.
        let counted = if recording.is_ok() { open.counted.take() } else { None };
        drop(open);
        let label = object.label.told();
        self.order(&shared, Ok(Order::Finish { id: object.id, recording, label }))?;
        self.gpu_push(CommandBuffer { object, counted })
    }

    fn label(&mut self, encoder: Resource<CommandEncoder>) -> wasmtime::Result<String> {
        self.gpu_label(&encoder)
    }

    fn set_label(&mut self, encoder: Resource<CommandEncoder>, label: String) -> wasmtime::Result<()> {
        self.gpu_set_label(&encoder, label)
    }

    // Groups and marks are for people who watch; nobody does.
    fn push_debug_group(&mut self, encoder: Resource<CommandEncoder>, label: String) -> wasmtime::Result<()> {
        self.gpu_object(&encoder, label.len() as u64).map(drop)
    }

    fn pop_debug_group(&mut self, encoder: Resource<CommandEncoder>) -> wasmtime::Result<()> {
        self.gpu_object(&encoder, 0).map(drop)
    }

    fn insert_debug_marker(&mut self, encoder: Resource<CommandEncoder>, label: String) -> wasmtime::Result<()> {
        self.gpu_object(&encoder, label.len() as u64).map(drop)
    }

    fn drop(&mut self, encoder: Resource<CommandEncoder>) -> wasmtime::Result<()> {
        self.gpu_drop(encoder)
    }
}

impl ComputePassEncoder {
    /// Records a command, or what is wrong with it.
    fn record(&mut self, command: Result<PassCommand, DeviceError>) -> wasmtime::Result<()> {
        if self.is_ended {
            return self.device.open.fail(invalid("the compute pass was ended before")).map_err(port_error);
        }
        let mut recording = lock(&self.recording);
        match command {
            Ok(command) if recording.count() => self.commands.push(command),
            Ok(_) => {}
            Err(error) => recording.spoil(error.message),
        }
        Ok(())
    }
}

impl webgpu::HostGpuComputePassEncoder for HostState {
    fn set_pipeline(
        &mut self,
        pass: Resource<ComputePassEncoder>,
        pipeline: Resource<ComputePipeline>,
    ) -> wasmtime::Result<()> {
        let shared = self.gpu_object(&pass, cost::COMMAND_FUEL)?.device.clone();
        let pipeline = self.table.get(&pipeline)?;
        let cost = pipeline.cost;
        let command = pipeline.object.id_for(&shared).map(PassCommand::Pipeline).ok_or_else(|| foreign("pipeline"));
        let pass = self.table.get_mut(&pass)?;
        pass.cost = cost;
        pass.record(command)
    }

    fn dispatch_workgroups(
        &mut self,
        pass: Resource<ComputePassEncoder>,
        x: u32,
        y: Option<u32>,
        z: Option<u32>,
    ) -> wasmtime::Result<()> {
        let groups = [x, y.unwrap_or(1), z.unwrap_or(1)];
        let pass = self.gpu_object(&pass, 0)?;
        let price = pass.cost.map_or(cost::COMMAND_FUEL, |pipeline| cost::dispatch(pipeline, groups));
        pass.record(Ok(PassCommand::Dispatch(groups)))?;
        self.owe(price);
        Ok(())
    }

    fn end(&mut self, pass: Resource<ComputePassEncoder>) -> wasmtime::Result<()> {
        let pass = self.gpu_object(&pass, 0)?;
        if std::mem::replace(&mut pass.is_ended, true) {
            return pass.device.open.fail(invalid("the compute pass was ended before")).map_err(port_error);
        }
        let mut recording = lock(&pass.recording);
        recording.has_open_pass = false;
        recording.commands.push(Command::Pass(std::mem::take(&mut pass.commands)));
        Ok(())
    }

    fn set_bind_group(
        &mut self,
        pass: Resource<ComputePassEncoder>,
        index: u32,
        group: Option<Resource<BindGroup>>,
        offsets: Option<Vec<u32>>,
        offsets_start: Option<u64>,
        offsets_length: Option<u32>,
    ) -> wasmtime::Result<Result<(), SetBindGroupError>> {
        let shared = self.gpu_object(&pass, cost::COMMAND_FUEL)?.device.clone();
        let offsets = offsets.unwrap_or_default();
        self.owe(PRICES.byte.saturating_mul(4 * offsets.len() as u64));
        let start = usize::try_from(offsets_start.unwrap_or(0)).unwrap_or(usize::MAX);
        let rest = offsets.get(start..);
        let offsets = rest.and_then(|rest| rest.get(..offsets_length.map_or(rest.len(), |length| length as usize)));
        let Some(offsets) = offsets else {
            let kind = SetBindGroupErrorKind::RangeError;
            return Ok(Err(SetBindGroupError { kind, message: "there are fewer offsets".into() }));
        };
        let group = match group {
            Some(group) => self.table.get(&group)?.0.id_for(&shared).map(Some).ok_or_else(|| foreign("bind group")),
            None => Ok(None),
        };
        let command = group.and_then(|group| match offsets.len() > OFFSETS_MAX {
            true => Err(invalid("there are more offsets than any layout has")),
            false => Ok(PassCommand::Bind { index, group, offsets: offsets.to_vec() }),
        });
        self.table.get_mut(&pass)?.record(command)?;
        Ok(Ok(()))
    }

    fn label(&mut self, pass: Resource<ComputePassEncoder>) -> wasmtime::Result<String> {
        self.gpu_label(&pass)
    }

    fn set_label(&mut self, pass: Resource<ComputePassEncoder>, label: String) -> wasmtime::Result<()> {
        self.gpu_set_label(&pass, label)
    }

    fn push_debug_group(&mut self, pass: Resource<ComputePassEncoder>, label: String) -> wasmtime::Result<()> {
        self.gpu_object(&pass, label.len() as u64).map(drop)
    }

    fn pop_debug_group(&mut self, pass: Resource<ComputePassEncoder>) -> wasmtime::Result<()> {
        self.gpu_object(&pass, 0).map(drop)
    }

    fn insert_debug_marker(&mut self, pass: Resource<ComputePassEncoder>, label: String) -> wasmtime::Result<()> {
        self.gpu_object(&pass, label.len() as u64).map(drop)
    }

    fn drop(&mut self, pass: Resource<ComputePassEncoder>) -> wasmtime::Result<()> {
        self.gpu_drop(pass)
    }
}
