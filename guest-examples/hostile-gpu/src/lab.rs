//! What all modes need: a device with short ways to use it, and a list of what was expected and what was found.
//!
//! It stands on the raw interface, since what is tried here is what the SDK keeps its users from.

use trialbox_gpu::bindings::wasi::webgpu::webgpu::{
    GpuBindGroup, GpuBindGroupDescriptor, GpuBindGroupEntry, GpuBindingResource, GpuBuffer, GpuBufferBinding,
    GpuBufferDescriptor, GpuCommandBuffer, GpuComputePipeline, GpuComputePipelineDescriptor, GpuDevice, GpuErrorFilter,
    GpuErrorKind, GpuLayoutMode, GpuProgrammableStage, GpuQueue, GpuShaderModule, GpuShaderModuleDescriptor, get_gpu,
};
use trialbox_guest::log;

/// Usages of buffers (WebGPU, section 5.1.3).
pub const MAP_READ: u32 = 0x1;
pub const MAP_WRITE: u32 = 0x2;
pub const COPY_SRC: u32 = 0x4;
pub const COPY_DST: u32 = 0x8;
pub const UNIFORM: u32 = 0x40;
pub const STORAGE: u32 = 0x80;
/// What a kernel works on.
pub const WORK: u32 = STORAGE | COPY_SRC | COPY_DST;
/// Ways to map (WebGPU, section 5.1.4).
pub const READ: u32 = 1;
pub const WRITE: u32 = 2;

/// How much of a message is logged.
const LOGGED_CHARACTERS: usize = 200;

/// What was expected of the host, and how often it was so.
#[derive(Default)]
pub struct Findings {
    expected: u32,
    met: u32,
}

impl Findings {
    /// Notes whether something is as it should be.
    pub fn expect(&mut self, what: &str, is_so: bool) {
        self.expected += 1;
        self.met += u32::from(is_so);
        log!("{}: {what}", if is_so { "as it should be" } else { "WRONG" });
    }

    /// Expects an error of a kind, which is logged.
    pub fn expect_error(&mut self, what: &str, kind: ErrorKind, found: Option<Error>) {
        let is_so = found.as_ref().is_some_and(|error| error.kind == kind);
        self.expect(what, is_so);
        self.note(found);
    }

    /// Expects no error.
    pub fn expect_none(&mut self, what: &str, found: Option<Error>) {
        self.expect(what, found.is_none());
        self.note(found);
    }

    fn note(&self, found: Option<Error>) {
        match found {
            Some(error) => log!("  {:?} error: {}", error.kind, shortened(&error.message)),
            None => log!("  no error"),
        }
    }

    /// The share of what was as it should be.
    pub fn reward(&self) -> f64 {
        if self.expected == 0 { 0.0 } else { f64::from(self.met) / f64::from(self.expected) }
    }
}

/// The beginning of a text.
pub fn shortened(text: &str) -> String {
    text.chars().take(LOGGED_CHARACTERS).map(|character| if character == '\n' { ' ' } else { character }).collect()
}

/// The kinds of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    Validation,
    OutOfMemory,
    Internal,
}

/// An error that a scope has caught.
pub struct Error {
    pub kind: ErrorKind,
    pub message: String,
}

/// A device, with short ways to use it.
pub struct Lab {
    pub device: GpuDevice,
    pub queue: GpuQueue,
}

impl Lab {
    /// Opens a device, or says why there is none.
    pub fn open() -> Result<Self, String> {
        let adapter = get_gpu().request_adapter(None).ok_or("there is no adapter")?;
        let device = adapter.request_device(None).map_err(|error| error.message)?;
        let queue = device.queue();
        Ok(Self { device, queue })
    }

    /// Does something; gives the first error that it has led to, of whatever kind.
    pub fn error_of<T>(&self, act: impl FnOnce() -> T) -> (T, Option<Error>) {
        for filter in [GpuErrorFilter::Internal, GpuErrorFilter::OutOfMemory, GpuErrorFilter::Validation] {
            self.device.push_error_scope(filter);
        }
        let made = act();
        let caught: Vec<Error> = (0..3)
            .filter_map(|_| self.device.pop_error_scope().ok().flatten())
            .map(|error| Error {
                kind: match error.kind() {
                    GpuErrorKind::ValidationError => ErrorKind::Validation,
                    GpuErrorKind::OutOfMemoryError => ErrorKind::OutOfMemory,
                    GpuErrorKind::InternalError => ErrorKind::Internal,
                },
                message: error.message(),
            })
            .collect();
        (made, caught.into_iter().next())
    }

    pub fn buffer(&self, bytes: u64, usage: u32) -> GpuBuffer {
        self.device.create_buffer(&GpuBufferDescriptor { size: bytes, usage, mapped_at_creation: None, label: None })
    }

    /// A buffer that is mapped as soon as it is there.
    pub fn mapped_buffer(&self, bytes: u64, usage: u32) -> GpuBuffer {
        self.device.create_buffer(&GpuBufferDescriptor {
            size: bytes,
            usage,
            mapped_at_creation: Some(true),
            label: None,
        })
    }

    /// A buffer for kernels with these numbers.
    pub fn words(&self, words: &[u32]) -> GpuBuffer {
        let buffer = self.buffer(4 * words.len() as u64, WORK);
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let _ = self.queue.write_buffer_with_copy(&buffer, 0, &bytes, None, None);
        buffer
    }

    pub fn shader(&self, source: &str) -> GpuShaderModule {
        self.device.create_shader_module(&GpuShaderModuleDescriptor {
            code: source.to_owned(),
            compilation_hints: None,
            label: None,
        })
    }

    /// The pipeline of a source's entry point `main`.
    pub fn pipeline(&self, source: &str) -> GpuComputePipeline {
        self.pipeline_of(&self.shader(source), Some("main"))
    }

    pub fn pipeline_of(&self, module: &GpuShaderModule, entry_point: Option<&str>) -> GpuComputePipeline {
        self.device.create_compute_pipeline(GpuComputePipelineDescriptor {
            compute: GpuProgrammableStage { module, entry_point: entry_point.map(str::to_owned), constants: None },
            layout: GpuLayoutMode::Auto,
            label: None,
        })
    }

    /// The first bind group of a pipeline, with buffers from binding 0 on.
    pub fn bind(&self, pipeline: &GpuComputePipeline, buffers: &[&GpuBuffer]) -> GpuBindGroup {
        let layout = pipeline.get_bind_group_layout(0);
        let entries = (0..).zip(buffers).map(|(binding, buffer)| whole(binding, buffer)).collect();
        self.device.create_bind_group(&GpuBindGroupDescriptor { layout: &layout, entries, label: None })
    }

    /// One dispatch.
    pub fn commands(&self, pipeline: &GpuComputePipeline, group: &GpuBindGroup, groups: [u32; 3]) -> GpuCommandBuffer {
        let encoder = self.device.create_command_encoder(None);
        let pass = encoder.begin_compute_pass(None);
        pass.set_pipeline(pipeline);
        let _ = pass.set_bind_group(0, Some(group), None, None, None);
        pass.dispatch_workgroups(groups[0], Some(groups[1]), Some(groups[2]));
        pass.end();
        encoder.finish(None)
    }

    /// Compiles a kernel, has one work group of it run on the buffers, and does not wait for it.
    pub fn run(&self, source: &str, buffers: &[&GpuBuffer]) {
        self.run_groups(source, buffers, [1, 1, 1]);
    }

    pub fn run_groups(&self, source: &str, buffers: &[&GpuBuffer], groups: [u32; 3]) {
        let pipeline = self.pipeline(source);
        let group = self.bind(&pipeline, buffers);
        self.queue.submit(&[&self.commands(&pipeline, &group, groups)]);
    }

    /// Waits until all is done.
    pub fn wait(&self) {
        self.queue.on_submitted_work_done();
    }

    /// The content of a buffer for kernels, of so many numbers.
    pub fn read(&self, buffer: &GpuBuffer, count: usize) -> Result<Vec<u32>, String> {
        let bytes = 4 * count as u64;
        let staging = self.buffer(bytes, MAP_READ | COPY_DST);
        let encoder = self.device.create_command_encoder(None);
        encoder.copy_buffer_to_buffer(buffer, 0, &staging, 0, bytes);
        self.queue.submit(&[&encoder.finish(None)]);
        staging.map_async(READ, None, None).map_err(|error| error.message)?;
        let content = staging.get_mapped_range_get_with_copy(None, None).map_err(|error| error.message)?;
        Ok(content.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect())
    }
}

/// A whole buffer as an entry of a bind group.
pub fn whole(binding: u32, buffer: &GpuBuffer) -> GpuBindGroupEntry<'_> {
    part(binding, buffer, None, None)
}

/// A part of a buffer as an entry of a bind group.
pub fn part(binding: u32, buffer: &GpuBuffer, offset: Option<u64>, size: Option<u64>) -> GpuBindGroupEntry<'_> {
    let resource = GpuBindingResource::GpuBufferBinding(GpuBufferBinding { buffer, offset, size });
    GpuBindGroupEntry { binding, resource }
}
