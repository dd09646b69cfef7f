//! A trial's device: carries out its orders, keeps its ledger, and turns every failure into an error of the device.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::Write;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::area::{AREA_BYTES, Area};
use super::message::{
    BindEntry, BindingKind, Command, DeviceError, DeviceLimits, ErrorKind, LayoutEntry, MapMode, ObjectId, Order,
    PassCommand, PipelineCost, Reply, ShaderMessage,
};
use super::scopes::Scopes;
use super::shader::{self, Caps, Shader};
use crate::study::{GpuFeature, GpuLimits};

/// A device with its objects.
pub(super) struct Device {
    device: wgpu::Device,
    queue: wgpu::Queue,
    limits: Arc<GpuLimits>,
    caps: Caps,
    objects: BTreeMap<ObjectId, Object>,
    /// How many objects of each kind there are, by [`Object::kind`].
    counts: [u64; KINDS],
    /// The memory of all buffers of the trial, those of its other devices included.
    memory: Memory,
    /// The sources of all shaders, and those of all pipelines: what is made of a source takes many times as much.
    source_bytes: u64,
    scopes: Scopes,
    /// What the library found, until the scopes have it.
    found: Arc<Mutex<Vec<wgpu::Error>>>,
    /// How many submissions there were.
    submitted: u64,
    /// Those that are not known to be done, by their numbers.
    under_way: VecDeque<(u64, wgpu::SubmissionIndex)>,
    /// The number of the last that is done; written by the library while it is polled.
    done: Arc<AtomicU64>,
    /// Objects that the trial has dropped while what was submitted may use them, with the number of the last submission then. To drop a
    /// pipeline that runs takes as long as it runs, which may be for ever.
    dropped: VecDeque<(u64, Object)>,
    /// Buffers that submissions may use, by the number of the last that does.
    in_use: VecDeque<(u64, Vec<Arc<Charge>>)>,
    /// What was written since the last submission: the library keeps it until the next.
    unsubmitted_bytes: u64,
    is_lost: bool,
    /// Whether something did not come to its end in time; whoever asks next is told.
    hangs: bool,
    bulk: Vec<u8>,
}

/// The memory of a trial's buffers, in bytes.
pub(super) type Memory = Arc<AtomicU64>;

/// The memory of a buffer, counted as long as anything holds it: a bind group does, and so does what was recorded.
struct Charge {
    memory: Memory,
    bytes: AtomicU64,
}

impl Charge {
    /// Counts it, if there is room for it.
    fn new(memory: &Memory, bytes: u64, most: u64) -> Result<Arc<Self>, Failure> {
        let all = memory.load(Ordering::Relaxed).saturating_add(bytes);
        if all > most {
            let message = format!("all buffers together would have {all} bytes; `memory_bytes_max` is {most}");
            return Err((ErrorKind::OutOfMemory, message));
        }
        memory.store(all, Ordering::Relaxed);
        Ok(Arc::new(Self { memory: memory.clone(), bytes: AtomicU64::new(bytes) }))
    }

    /// The buffer is no more, whatever names it.
    fn release(&self) {
        self.memory.fetch_sub(self.bytes.swap(0, Ordering::Relaxed), Ordering::Relaxed);
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.release();
    }
}

/// An object. One that could not be made for a reason of ours is not there.
enum Object {
    Buffer { buffer: wgpu::Buffer, charge: Arc<Charge> },
    BindGroupLayout(wgpu::BindGroupLayout),
    PipelineLayout(wgpu::PipelineLayout),
    BindGroup { group: wgpu::BindGroup, charges: Vec<Arc<Charge>> },
    Shader { module: wgpu::ShaderModule, shader: Box<Shader>, source_bytes: u64 },
    Pipeline { pipeline: wgpu::ComputePipeline, source_bytes: u64 },
    CommandBuffer { buffer: wgpu::CommandBuffer, charges: Vec<Arc<Charge>> },
}

const KINDS: usize = 7;
/// How much may be written before it is submitted.
const UNSUBMITTED_BYTES_MAX: u64 = 64 << 20;
/// How many of the largest shaders there may be at a time, or pipelines of them. One of 64 KiB takes some 20 MB.
const SOURCES_MAX: u64 = 32;

impl Object {
    fn kind(&self) -> usize {
        match self {
            Self::Buffer { .. } => 0,
            Self::BindGroupLayout(_) => 1,
            Self::PipelineLayout(_) => 2,
            Self::BindGroup { .. } => 3,
            Self::Shader { .. } => 4,
            Self::Pipeline { .. } => 5,
            Self::CommandBuffer { .. } => 6,
        }
    }
}

/// Ends the process: the machine has failed, and no guest is to see that. Its trials run again.
fn give_up(words: &str) -> ! {
    // If nobody hears it, nobody needs to know.
    let _ = writeln!(std::io::stderr(), "{words}");
    std::process::exit(1);
}

/// Why an order came to nothing.
type Failure = (ErrorKind, String);

fn invalid(message: impl Into<String>) -> Failure {
    (ErrorKind::Validation, message.into())
}

impl Device {
    pub(super) fn new(
        (device, queue): (wgpu::Device, wgpu::Queue),
        features: &[GpuFeature],
        granted: DeviceLimits,
        limits: Arc<GpuLimits>,
        memory: Memory,
    ) -> Self {
        let found = Arc::new(Mutex::new(Vec::new()));
        let sink = found.clone();
        device.on_uncaptured_error(Arc::new(move |error| {
            sink.lock().unwrap_or_else(PoisonError::into_inner).push(error);
        }));
        // Called for losses that nobody has asked for.
        device.set_device_lost_callback(|reason, message| {
            if reason == wgpu::DeviceLostReason::Unknown {
                give_up(&format!("the driver has lost the device: {message}"));
            }
        });
        let all = granted.to_wgpu();
        let caps = Caps {
            workgroup_bytes_max: all.max_compute_workgroup_storage_size,
            invocations_max: all.max_compute_invocations_per_workgroup,
            workgroup_size_max: [
                all.max_compute_workgroup_size_x,
                all.max_compute_workgroup_size_y,
                all.max_compute_workgroup_size_z,
            ],
            shader_f16: features.contains(&GpuFeature::ShaderF16),
            subgroups: features.contains(&GpuFeature::Subgroups),
        };
        Self {
            device,
            queue,
            limits,
            caps,
            objects: BTreeMap::new(),
            counts: [0; KINDS],
            memory,
            unsubmitted_bytes: 0,
            in_use: VecDeque::new(),
            source_bytes: 0,
            scopes: Scopes::default(),
            found,
            submitted: 0,
            under_way: VecDeque::new(),
            done: Arc::default(),
            dropped: VecDeque::new(),
            is_lost: false,
            hangs: false,
            bulk: Vec::new(),
        }
    }

    /// Carries out an order; gives a reply if it asks for one.
    pub(super) fn carry_out(&mut self, order: Order, area: &Area) -> Option<Reply> {
        let asks = order.asks();
        let done = self.execute(order, area);
        self.collect_errors();
        if asks && self.hangs {
            return Some(Reply::TimedOut);
        }
        match done {
            Ok(reply) => reply,
            Err((kind, message)) => {
                self.scopes.fail(kind, &message);
                None
            }
        }
    }

    /// The errors that no scope has caught since they were last asked for.
    pub(super) fn take_uncaught(&mut self) -> Vec<DeviceError> {
        self.scopes.take_uncaught()
    }

    /// Is done with everything, as far as that is possible in time; false if not. Nothing of a device that hangs may be dropped.
    pub(super) fn settle(&mut self) -> bool {
        self.wait_for_all()
    }

    fn collect_errors(&mut self) {
        let found = std::mem::take(&mut *self.found.lock().unwrap_or_else(PoisonError::into_inner));
        for error in found {
            // A lost device has no more errors.
            if self.is_lost {
                continue;
            }
            match error {
                // What the trial may have was checked before: it is the machine that has no more.
                wgpu::Error::OutOfMemory { source } => give_up(&source.to_string()),
                wgpu::Error::Validation { description, .. } => self.scopes.fail(ErrorKind::Validation, &description),
                wgpu::Error::Internal { description, .. } => self.scopes.fail(ErrorKind::Internal, &description),
            }
        }
    }

    fn execute(&mut self, order: Order, area: &Area) -> Result<Option<Reply>, Failure> {
        match order {
            Order::Fail(error) => return Err((error.kind, error.message)),
            Order::CreateBuffer { id, bytes, usage, is_mapped, label } => {
                self.create_buffer(id, bytes, usage, is_mapped, label.as_deref())?;
            }
            Order::CreateBindGroupLayout { id, entries, label } => {
                self.create_bind_group_layout(id, &entries, label.as_deref())?;
            }
            Order::CreatePipelineLayout { id, layouts, label } => {
                self.create_pipeline_layout(id, &layouts, label.as_deref())?;
            }
            Order::CreateBindGroup { id, layout, entries, label } => {
                self.create_bind_group(id, layout, &entries, label.as_deref())?;
            }
            Order::CreateShader { id, source, label } => {
                return Ok(Some(Reply::Shader(self.create_shader(id, &source, label.as_deref()))));
            }
            Order::CreatePipeline { id, shader, entry_point, constants, layout, label } => {
                let made =
                    self.create_pipeline(id, shader, entry_point.as_deref(), &constants, layout, label.as_deref());
                return Ok(Some(Reply::Pipeline(made)));
            }
            Order::TakeLayout { id, pipeline, index } => self.take_layout(id, pipeline, index)?,
            Order::Finish { id, recording, label } => {
                let commands = recording.map_err(invalid)?;
                self.finish(id, &commands, label.as_deref())?;
            }
            Order::Submit(buffers) => return self.submit(&buffers),
            Order::WriteBuffer { buffer, offset, place, bytes } => {
                self.load(area, place, bytes)?;
                let buffer = self.buffer(buffer)?;
                self.queue.write_buffer(buffer, offset, &self.bulk);
                self.unsubmitted_bytes = self.unsubmitted_bytes.saturating_add(bytes);
                if self.unsubmitted_bytes > UNSUBMITTED_BYTES_MAX {
                    self.submit_all(Vec::new(), Vec::new());
                }
            }
            Order::Map { buffer, mode, offset, bytes } => return Ok(Some(self.map(buffer, mode, offset, bytes))),
            Order::ReadMapped { buffer, offset, place, bytes } => {
                return Ok(Some(self.read_mapped(buffer, offset, bytes, area, place)));
            }
            Order::WriteMapped { buffer, offset, place, bytes } => {
                self.write_mapped(buffer, offset, bytes, area, place)?;
            }
            Order::Unmap(buffer) => self.buffer(buffer)?.unmap(),
            Order::Destroy(buffer) => self.destroy(buffer),
            Order::Drop(id) => self.forget(id),
            Order::PushScope(kind) => self.scopes.push(kind),
            Order::PopScope => return Ok(Some(Reply::Scope(self.scopes.pop()))),
            Order::Wait => {
                return Ok(Some(if self.wait_for_all() { Reply::Done } else { Reply::TimedOut }));
            }
            Order::Sync => return Ok(Some(Reply::Done)),
            Order::DestroyDevice => {
                self.device.destroy();
                self.is_lost = true;
            }
            // They are the server's.
            Order::Open { .. } | Order::Close => {}
        }
        Ok(None)
    }

    /// Puts an object there, if there is room for one more of its kind.
    fn keep(&mut self, id: ObjectId, object: Object) {
        self.counts[object.kind()] += 1;
        self.objects.insert(id, object);
    }

    fn check_room(&self, kind: usize) -> Result<(), Failure> {
        match self.counts[kind] < self.limits.objects_max {
            true => Ok(()),
            false => Err((
                ErrorKind::OutOfMemory,
                format!("there are {} objects of that kind, which is `objects_max`", self.limits.objects_max),
            )),
        }
    }

    /// Whether there is room for what is made of one more source.
    fn check_sources(&self, more: u64) -> Result<(), Failure> {
        let most = self.limits.shader_bytes_max.saturating_mul(SOURCES_MAX);
        match self.source_bytes.saturating_add(more) <= most {
            true => Ok(()),
            false => Err((
                ErrorKind::OutOfMemory,
                format!(
                    "the sources of all shaders and pipelines have more than {SOURCES_MAX} times `shader_bytes_max`"
                ),
            )),
        }
    }

    fn forget(&mut self, id: ObjectId) {
        let Some(object) = self.objects.remove(&id) else { return };
        if !self.under_way.is_empty() {
            self.look();
        }
        match self.under_way.is_empty() {
            true => self.give_back(object),
            // Until it is gone it counts.
            false => self.dropped.push_back((self.submitted, object)),
        }
    }

    fn give_back(&mut self, object: Object) {
        self.counts[object.kind()] -= 1;
        if let Object::Shader { source_bytes, .. } | Object::Pipeline { source_bytes, .. } = &object {
            self.source_bytes = self.source_bytes.saturating_sub(*source_bytes);
        }
        drop(object);
    }

    /// Finds out what is done, without waiting, and gives back what nothing uses any more.
    fn look(&mut self) {
        // Whatever the library says of it: what is done is told by the submissions themselves.
        let _ = self.device.poll(wgpu::PollType::Poll);
        self.tidy(self.done.load(Ordering::Acquire));
    }

    fn tidy(&mut self, done: u64) {
        while self.under_way.pop_front_if(|(number, _)| *number <= done).is_some() {}
        while self.in_use.pop_front_if(|(number, _)| *number <= done).is_some() {}
        while let Some((_, object)) = self.dropped.pop_front_if(|(number, _)| *number <= done) {
            self.give_back(object);
        }
    }

    fn destroy(&mut self, id: ObjectId) {
        if let Some(Object::Buffer { buffer, charge }) = self.objects.get(&id) {
            buffer.destroy();
            charge.release();
        }
    }

    fn create_buffer(
        &mut self,
        id: ObjectId,
        bytes: u64,
        usage: u32,
        is_mapped: bool,
        label: Option<&str>,
    ) -> Result<(), Failure> {
        self.check_room(0)?;
        let usage = wgpu::BufferUsages::from_bits(usage).ok_or_else(|| invalid("a usage that does not exist"))?;
        let offered = wgpu::BufferUsages::MAP_READ
            | wgpu::BufferUsages::MAP_WRITE
            | wgpu::BufferUsages::COPY_SRC
            | wgpu::BufferUsages::COPY_DST
            | wgpu::BufferUsages::UNIFORM
            | wgpu::BufferUsages::STORAGE;
        if !offered.contains(usage) {
            return Err(invalid(
                "a buffer can be copied, mapped, and bound as uniform or storage; nothing is drawn here",
            ));
        }
        let charge = Charge::new(&self.memory, bytes, self.limits.memory_bytes_max)?;
        let descriptor = wgpu::BufferDescriptor { label, size: bytes, usage, mapped_at_creation: is_mapped };
        let buffer = self.device.create_buffer(&descriptor);
        self.keep(id, Object::Buffer { buffer, charge });
        Ok(())
    }

    fn create_bind_group_layout(
        &mut self,
        id: ObjectId,
        entries: &[LayoutEntry],
        label: Option<&str>,
    ) -> Result<(), Failure> {
        self.check_room(1)?;
        let entry = |entry: &LayoutEntry| {
            let visibility = wgpu::ShaderStages::from_bits(entry.visibility);
            let buffer = match entry.kind {
                BindingKind::Uniform => wgpu::BufferBindingType::Uniform,
                BindingKind::Storage => wgpu::BufferBindingType::Storage { read_only: false },
                BindingKind::ReadOnlyStorage => wgpu::BufferBindingType::Storage { read_only: true },
            };
            Ok(wgpu::BindGroupLayoutEntry {
                binding: entry.binding,
                visibility: visibility.ok_or_else(|| invalid("a stage that does not exist"))?,
                ty: wgpu::BindingType::Buffer {
                    ty: buffer,
                    has_dynamic_offset: entry.has_dynamic_offset,
                    min_binding_size: NonZeroU64::new(entry.bytes_min),
                },
                count: None,
            })
        };
        let entries = entries.iter().map(entry).collect::<Result<Vec<_>, Failure>>()?;
        let layout =
            self.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label, entries: &entries });
        self.keep(id, Object::BindGroupLayout(layout));
        Ok(())
    }

    fn create_pipeline_layout(
        &mut self,
        id: ObjectId,
        layouts: &[Option<ObjectId>],
        label: Option<&str>,
    ) -> Result<(), Failure> {
        self.check_room(2)?;
        let layout = |id: &Option<ObjectId>| id.map(|id| self.bind_group_layout(id)).transpose();
        let layouts = layouts.iter().map(layout).collect::<Result<Vec<_>, Failure>>()?;
        let descriptor = wgpu::PipelineLayoutDescriptor { label, bind_group_layouts: &layouts, immediate_size: 0 };
        let layout = self.device.create_pipeline_layout(&descriptor);
        self.keep(id, Object::PipelineLayout(layout));
        Ok(())
    }

    fn create_bind_group(
        &mut self,
        id: ObjectId,
        layout: ObjectId,
        listed: &[BindEntry],
        label: Option<&str>,
    ) -> Result<(), Failure> {
        self.check_room(3)?;
        let entry = |entry: &BindEntry| {
            let size = entry.bytes.map(|bytes| NonZeroU64::new(bytes).ok_or_else(|| invalid("a binding of no bytes")));
            let buffer = self.buffer(entry.buffer)?;
            let binding = wgpu::BufferBinding { buffer, offset: entry.offset, size: size.transpose()? };
            Ok(wgpu::BindGroupEntry { binding: entry.binding, resource: wgpu::BindingResource::Buffer(binding) })
        };
        let entries = listed.iter().map(entry).collect::<Result<Vec<_>, Failure>>()?;
        let charges = self.charges(listed.iter().map(|entry| entry.buffer));
        let layout = self.bind_group_layout(layout)?;
        let group = self.device.create_bind_group(&wgpu::BindGroupDescriptor { label, layout, entries: &entries });
        self.keep(id, Object::BindGroup { group, charges });
        Ok(())
    }

    fn create_shader(&mut self, id: ObjectId, source: &str, label: Option<&str>) -> Vec<ShaderMessage> {
        let source_bytes = source.len() as u64;
        if let Err((kind, message)) = self.check_room(4).and_then(|()| self.check_sources(source_bytes)) {
            self.scopes.fail(kind, &message);
            return Vec::new();
        }
        let shader = match shader::check(source, &self.limits, &self.caps) {
            Ok(shader) => shader,
            Err(error) => {
                self.scopes.fail(ErrorKind::Validation, &error.to_string());
                return error.messages();
            }
        };
        let source = wgpu::ShaderSource::Naga(std::borrow::Cow::Owned(shader.module().clone()));
        let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor { label, source });
        self.source_bytes += source_bytes;
        self.keep(id, Object::Shader { module, shader: Box::new(shader), source_bytes });
        Vec::new()
    }

    fn create_pipeline(
        &mut self,
        id: ObjectId,
        shader: ObjectId,
        entry_point: Option<&str>,
        constants: &BTreeMap<String, f64>,
        layout: Option<ObjectId>,
        label: Option<&str>,
    ) -> Result<PipelineCost, DeviceError> {
        let failed = |(kind, message): Failure| DeviceError { kind, message };
        self.check_room(5).map_err(failed)?;
        let Some(Object::Shader { module, shader, source_bytes }) = self.objects.get(&shader) else {
            return Err(failed(invalid("the shader module is invalid")));
        };
        let source_bytes = *source_bytes;
        self.check_sources(source_bytes).map_err(failed)?;
        let found = shader.entry_point(entry_point, constants).map_err(|error| failed(invalid(error.to_string())))?;
        let layout = layout.map(|layout| self.pipeline_layout(layout)).transpose().map_err(failed)?;
        let constants: Vec<(&str, f64)> = constants.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let descriptor = wgpu::ComputePipelineDescriptor {
            label,
            layout,
            module,
            entry_point,
            compilation_options: wgpu::PipelineCompilationOptions {
                constants: &constants,
                ..wgpu::PipelineCompilationOptions::default()
            },
            cache: None,
        };
        let pipeline = self.device.create_compute_pipeline(&descriptor);
        // What the library finds is this pipeline's: the asking side has it become an error of the device or of the guest.
        let mut found_by_library = std::mem::take(&mut *self.found.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(error) = found_by_library.drain(..).next() {
            let kind = match &error {
                wgpu::Error::OutOfMemory { source } => give_up(&source.to_string()),
                wgpu::Error::Validation { .. } => ErrorKind::Validation,
                wgpu::Error::Internal { .. } => ErrorKind::Internal,
            };
            return Err(failed((kind, error.to_string())));
        }
        let operations_per_group = found.operations([1, 1, 1]);
        self.source_bytes += source_bytes;
        self.keep(id, Object::Pipeline { pipeline, source_bytes });
        Ok(PipelineCost { operations_per_group })
    }

    fn take_layout(&mut self, id: ObjectId, pipeline: ObjectId, index: u32) -> Result<(), Failure> {
        self.check_room(1)?;
        let Some(Object::Pipeline { pipeline, .. }) = self.objects.get(&pipeline) else {
            return Err(invalid("the pipeline is invalid"));
        };
        let layout = pipeline.get_bind_group_layout(index);
        self.keep(id, Object::BindGroupLayout(layout));
        Ok(())
    }

    fn finish(&mut self, id: ObjectId, commands: &[Command], label: Option<&str>) -> Result<(), Failure> {
        self.check_room(6)?;
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label });
        for command in commands {
            match command {
                Command::Copy { source, source_offset, destination, destination_offset, bytes } => {
                    let (source, destination) = (self.buffer(*source)?, self.buffer(*destination)?);
                    encoder.copy_buffer_to_buffer(source, *source_offset, destination, *destination_offset, *bytes);
                }
                Command::Clear { buffer, offset, bytes } => {
                    encoder.clear_buffer(self.buffer(*buffer)?, *offset, *bytes);
                }
                Command::Pass(commands) => {
                    let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
                    for command in commands {
                        self.encode(&mut pass, command)?;
                    }
                }
            }
        }
        let buffer = encoder.finish();
        let charges = self.charges_of(commands);
        self.keep(id, Object::CommandBuffer { buffer, charges });
        Ok(())
    }

    fn encode(&self, pass: &mut wgpu::ComputePass<'_>, command: &PassCommand) -> Result<(), Failure> {
        match command {
            PassCommand::Pipeline(id) => match self.objects.get(id) {
                Some(Object::Pipeline { pipeline, .. }) => pass.set_pipeline(pipeline),
                _ => return Err(invalid("the pipeline is invalid")),
            },
            PassCommand::Bind { index, group: None, .. } => pass.set_bind_group(*index, None, &[]),
            PassCommand::Bind { index, group: Some(id), offsets } => match self.objects.get(id) {
                Some(Object::BindGroup { group, .. }) => pass.set_bind_group(*index, group, offsets),
                _ => return Err(invalid("the bind group is invalid")),
            },
            PassCommand::Dispatch([x, y, z]) => {
                // Beyond 2³² drivers run some of them, and say nothing.
                let groups = [x, y, z].into_iter().fold(1_u128, |product, count| product * u128::from(*count));
                if groups > u128::from(self.limits.workgroups_max) {
                    let limit = self.limits.workgroups_max;
                    return Err(invalid(format!(
                        "a dispatch of {x} × {y} × {z} work groups is past `workgroups_max`, which is {limit}"
                    )));
                }
                pass.dispatch_workgroups(*x, *y, *z);
            }
        }
        Ok(())
    }

    fn submit(&mut self, ids: &[ObjectId]) -> Result<Option<Reply>, Failure> {
        let (mut buffers, mut used) = (Vec::new(), Vec::new());
        for id in ids {
            match self.objects.remove(id) {
                Some(Object::CommandBuffer { buffer, charges }) => {
                    self.counts[6] -= 1;
                    buffers.push(buffer);
                    used.extend(charges);
                }
                _ => return Err(invalid("the command buffer is invalid, or was submitted before")),
            }
        }
        self.submit_all(buffers, used);
        Ok(None)
    }

    /// Submits what was recorded and everything that was written, after waiting until there are few enough under way.
    fn submit_all(&mut self, buffers: Vec<wgpu::CommandBuffer>, used: Vec<Arc<Charge>>) {
        self.look();
        while self.under_way.len() as u64 >= self.limits.submissions_max {
            let Some((number, first)) = self.under_way.front().cloned() else { break };
            if !self.wait(Some(first)) {
                self.hangs = true;
                return;
            }
            self.tidy(number);
        }
        self.submitted += 1;
        self.unsubmitted_bytes = 0;
        let (number, done) = (self.submitted, self.done.clone());
        self.under_way.push_back((number, self.queue.submit(buffers)));
        self.queue.on_submitted_work_done(move || {
            done.fetch_max(number, Ordering::AcqRel);
        });
        if !used.is_empty() {
            self.in_use.push_back((number, used));
        }
    }

    /// What counts the memory of these buffers.
    fn charges(&self, buffers: impl Iterator<Item = ObjectId>) -> Vec<Arc<Charge>> {
        let charge = |id| match self.objects.get(&id) {
            Some(Object::Buffer { charge, .. }) => Some(charge.clone()),
            _ => None,
        };
        buffers.filter_map(charge).collect()
    }

    /// The same for all that commands use, each once.
    fn charges_of(&self, commands: &[Command]) -> Vec<Arc<Charge>> {
        let (mut buffers, mut groups) = (BTreeSet::new(), BTreeSet::new());
        for command in commands {
            match command {
                Command::Copy { source, destination, .. } => buffers.extend([*source, *destination]),
                Command::Clear { buffer, .. } => buffers.extend([*buffer]),
                Command::Pass(commands) => groups.extend(commands.iter().filter_map(|command| match command {
                    PassCommand::Bind { group, .. } => *group,
                    PassCommand::Pipeline(_) | PassCommand::Dispatch(_) => None,
                })),
            }
        }
        let mut charges = self.charges(buffers.into_iter());
        for id in groups {
            if let Some(Object::BindGroup { charges: bound, .. }) = self.objects.get(&id) {
                charges.extend(bound.iter().cloned());
            }
        }
        charges
    }

    fn wait_for_all(&mut self) -> bool {
        if self.is_lost {
            return true;
        }
        let is_done = self.wait(None);
        if is_done {
            self.tidy(self.submitted);
        }
        is_done
    }

    fn wait(&self, submission_index: Option<wgpu::SubmissionIndex>) -> bool {
        let timeout = Some(Duration::from_millis(self.limits.submission_milliseconds_max));
        let polled = self.device.poll(wgpu::PollType::Wait { submission_index, timeout });
        !matches!(polled, Err(wgpu::PollError::Timeout))
    }

    fn map(&mut self, id: ObjectId, mode: MapMode, offset: u64, bytes: u64) -> Reply {
        let buffer = match self.part_of_buffer(id, offset, bytes) {
            Ok(buffer) => buffer.clone(),
            // Whoever maps waits for what was submitted, also where there is nothing to map.
            Err((_, message)) => {
                return if self.wait_for_all() { Reply::Refused(message) } else { Reply::TimedOut };
            }
        };
        let mode = match mode {
            MapMode::Read => wgpu::MapMode::Read,
            MapMode::Write => wgpu::MapMode::Write,
        };
        let mapped = Arc::new(Mutex::new(None));
        let told = mapped.clone();
        buffer.map_async(mode, offset..offset + bytes, move |result| {
            *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(result.is_ok());
        });
        if !self.wait_for_all() {
            return Reply::TimedOut;
        }
        match *mapped.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(true) => Reply::Done,
            Some(false) | None => Reply::Refused("the buffer cannot be mapped so".into()),
        }
    }

    fn read_mapped(&mut self, id: ObjectId, offset: u64, bytes: u64, area: &Area, place: u64) -> Reply {
        let read = self.part_of_buffer(id, offset, bytes).and_then(|buffer| {
            let view = buffer.get_mapped_range(offset..offset + bytes).map_err(|error| invalid(error.to_string()))?;
            area.write(place, &view).map_err(|error| invalid(error.to_string()))
        });
        match read {
            Ok(()) => Reply::Done,
            Err((_, message)) => Reply::Refused(message),
        }
    }

    fn write_mapped(&mut self, id: ObjectId, offset: u64, bytes: u64, area: &Area, place: u64) -> Result<(), Failure> {
        self.load(area, place, bytes)?;
        let buffer = self.part_of_buffer(id, offset, bytes)?;
        let view = buffer.get_mapped_range_mut(offset..offset + bytes);
        view.map_err(|error| invalid(error.to_string()))?.copy_from_slice(&self.bulk);
        Ok(())
    }

    /// Gets what lies in the area.
    fn load(&mut self, area: &Area, place: u64, bytes: u64) -> Result<(), Failure> {
        if bytes > AREA_BYTES {
            return Err(invalid("more than the area holds"));
        }
        self.bulk.resize(bytes as usize, 0);
        area.read(place, &mut self.bulk).map_err(|error| (ErrorKind::Internal, error.to_string()))
    }

    fn buffer(&self, id: ObjectId) -> Result<&wgpu::Buffer, Failure> {
        match self.objects.get(&id) {
            Some(Object::Buffer { buffer, .. }) => Ok(buffer),
            _ => Err(invalid("the buffer is invalid")),
        }
    }

    /// A buffer that has such a part: the library panics if it has not.
    fn part_of_buffer(&self, id: ObjectId, offset: u64, bytes: u64) -> Result<&wgpu::Buffer, Failure> {
        let buffer = self.buffer(id)?;
        let fits = offset.checked_add(bytes).is_some_and(|end| end <= buffer.size());
        if fits && bytes > 0 { Ok(buffer) } else { Err(invalid("a range outside the buffer, or of no bytes")) }
    }

    fn bind_group_layout(&self, id: ObjectId) -> Result<&wgpu::BindGroupLayout, Failure> {
        match self.objects.get(&id) {
            Some(Object::BindGroupLayout(layout)) => Ok(layout),
            _ => Err(invalid("the bind group layout is invalid")),
        }
    }

    fn pipeline_layout(&self, id: ObjectId) -> Result<&wgpu::PipelineLayout, Failure> {
        match self.objects.get(&id) {
            Some(Object::PipelineLayout(layout)) => Ok(layout),
            _ => Err(invalid("the pipeline layout is invalid")),
        }
    }
}
