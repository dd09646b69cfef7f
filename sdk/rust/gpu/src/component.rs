//! The device inside a component: the interface `wasi:webgpu`, with its errors as results.
//!
//! Errors of the interface go to error scopes. Each function here opens those that it needs around what may fail, and closes them:
//! one round trip for each.

use std::ops::Range;

use crate::bindings::wasi::webgpu::webgpu::{
    GpuAdapter, GpuBindGroup, GpuBindGroupDescriptor, GpuBindGroupEntry, GpuBindingResource, GpuBuffer,
    GpuBufferBinding, GpuBufferDescriptor, GpuCommandEncoder, GpuCompilationMessageType, GpuComputePassEncoder,
    GpuComputePipeline, GpuComputePipelineDescriptor, GpuDevice, GpuDeviceDescriptor, GpuErrorFilter, GpuErrorKind,
    GpuFeatureName, GpuLayoutMode, GpuProgrammableStage, GpuQueue, GpuShaderModule, GpuShaderModuleDescriptor,
    RecordOptionGpuSize64, get_gpu,
};
use crate::error::{ErrorKind, GpuError};
use crate::role::Role;

/// To be mapped for reading (WebGPU, section 5.1.3).
const MAP_READ: u32 = 0x1;

/// The features that a study can grant, with their names in the standard.
const FEATURES: [(GpuFeatureName, &str); 2] =
    [(GpuFeatureName::ShaderF16, "shader-f16"), (GpuFeatureName::Subgroups, "subgroups")];

pub type DeviceBuffer = GpuBuffer;
pub(crate) type DeviceKernel = GpuComputePipeline;
pub(crate) type DeviceBinding = GpuBindGroup;

pub(crate) struct Device {
    device: GpuDevice,
    queue: GpuQueue,
}

/// What is recorded. Dispatches that follow each other share a pass.
pub(crate) struct Encoder {
    // Before the encoder, as it is a part of it and has to go first.
    pass: Option<GpuComputePassEncoder>,
    encoder: GpuCommandEncoder,
}

impl Device {
    pub(crate) fn open() -> Result<Self, GpuError> {
        let absent = |reason: String| GpuError::Absent { reason };
        let adapter =
            get_gpu().request_adapter(None).ok_or_else(|| absent("the study's adapter is not there".to_owned()))?;
        let device = adapter.request_device(Some(everything(&adapter))).map_err(|error| absent(error.message))?;
        let queue = device.queue();
        Ok(Self { device, queue })
    }

    pub(crate) fn buffer(&self, bytes: u64, role: Role) -> Result<DeviceBuffer, GpuError> {
        self.scoped("make a buffer", &[GpuErrorFilter::OutOfMemory, GpuErrorFilter::Validation], || {
            self.device.create_buffer(&GpuBufferDescriptor {
                size: bytes,
                usage: role.usage(),
                mapped_at_creation: None,
                label: None,
            })
        })
    }

    /// The layer above has compared the range with the buffer's, so there is nothing left that a scope would catch.
    pub(crate) fn write(&self, buffer: &DeviceBuffer, offset: usize, bytes: &[u8]) -> Result<(), GpuError> {
        let written = self.queue.write_buffer_with_copy(buffer, offset as u64, bytes, None, None);
        written.map_err(|error| operation("write to a buffer", error.message))
    }

    pub(crate) fn kernel(&self, source: &str, entry_point: &str) -> Result<DeviceKernel, GpuError> {
        let module = self.shader(source)?;
        let pipeline = self.device.create_compute_pipeline_async(GpuComputePipelineDescriptor {
            compute: GpuProgrammableStage {
                module: &module,
                entry_point: Some(entry_point.to_owned()),
                constants: None,
            },
            layout: GpuLayoutMode::Auto,
            label: None,
        });
        pipeline.map_err(|error| GpuError::Device {
            action: "make a pipeline of the kernel",
            kind: ErrorKind::Validation,
            message: error.message,
        })
    }

    fn shader(&self, source: &str) -> Result<GpuShaderModule, GpuError> {
        self.device.push_error_scope(GpuErrorFilter::Validation);
        let module = self.device.create_shader_module(&GpuShaderModuleDescriptor {
            code: source.to_owned(),
            compilation_hints: None,
            label: None,
        });
        let caught = self.pop("compile the kernel");
        let messages = module.get_compilation_info().messages();
        let error = messages.iter().find(|message| message.type_() == GpuCompilationMessageType::Error);
        match (caught, error) {
            (Ok(()), None) => Ok(module),
            (_, Some(message)) => Err(GpuError::Shader {
                line: message.line_num(),
                column: message.line_pos(),
                message: message.message(),
            }),
            (Err(GpuError::Device { message, .. }), None) => Err(GpuError::Shader { line: 0, column: 0, message }),
            (Err(error), None) => Err(error),
        }
    }

    pub(crate) fn bind(&self, kernel: &DeviceKernel, buffers: &[&DeviceBuffer]) -> Result<DeviceBinding, GpuError> {
        self.scoped("bind a kernel to its buffers", &[GpuErrorFilter::Validation], || {
            let layout = kernel.get_bind_group_layout(0);
            let entries = (0..).zip(buffers).map(|(binding, buffer)| GpuBindGroupEntry {
                binding,
                resource: GpuBindingResource::GpuBufferBinding(GpuBufferBinding { buffer, offset: None, size: None }),
            });
            self.device.create_bind_group(&GpuBindGroupDescriptor {
                layout: &layout,
                entries: entries.collect(),
                label: None,
            })
        })
    }

    pub(crate) fn encoder(&self) -> Encoder {
        Encoder { pass: None, encoder: self.device.create_command_encoder(None) }
    }

    pub(crate) fn wait(&self) {
        self.queue.on_submitted_work_done();
    }

    pub(crate) fn copy_and_map(
        &self,
        buffer: &DeviceBuffer,
        start: usize,
        staging: &DeviceBuffer,
        bytes: usize,
    ) -> Result<(), GpuError> {
        self.scoped("copy what is read", &[GpuErrorFilter::Validation], || {
            let encoder = self.encoder();
            encoder.encoder.copy_buffer_to_buffer(buffer, start as u64, staging, 0, bytes as u64);
            encoder.finish_on(&self.queue);
        })?;
        let mapped = staging.map_async(MAP_READ, Some(0), Some(bytes as u64));
        mapped.map_err(|error| operation("read from a buffer", error.message))
    }

    pub(crate) fn mapped(&self, staging: &DeviceBuffer, range: Range<usize>) -> Result<Vec<u8>, GpuError> {
        let bytes = staging.get_mapped_range_get_with_copy(Some(range.start as u64), Some(range.len() as u64));
        bytes.map_err(|error| operation("read from a buffer", error.message))
    }

    pub(crate) fn unmap(&self, staging: &DeviceBuffer) -> Result<(), GpuError> {
        staging.unmap().map_err(|error| operation("read from a buffer", error.message))
    }

    /// Does something within error scopes; what they catch is its error.
    fn scoped<T>(
        &self,
        action: &'static str,
        filters: &[GpuErrorFilter],
        act: impl FnOnce() -> T,
    ) -> Result<T, GpuError> {
        for filter in filters {
            self.device.push_error_scope(*filter);
        }
        let made = act();
        let mut caught = Ok(());
        // All of them are closed, even after an error.
        for _ in filters {
            caught = caught.and(self.pop(action));
        }
        caught.map(|()| made)
    }

    fn pop(&self, action: &'static str) -> Result<(), GpuError> {
        let caught = self.device.pop_error_scope().map_err(|error| operation(action, error.message))?;
        let Some(error) = caught else { return Ok(()) };
        let kind = match error.kind() {
            GpuErrorKind::ValidationError => ErrorKind::Validation,
            GpuErrorKind::OutOfMemoryError => ErrorKind::OutOfMemory,
            GpuErrorKind::InternalError => ErrorKind::Internal,
        };
        Err(GpuError::Device { action, kind, message: error.message() })
    }
}

impl Encoder {
    pub(crate) fn dispatch(&mut self, kernel: &DeviceKernel, binding: &DeviceBinding, groups: [u32; 3]) {
        let pass = self.pass.get_or_insert_with(|| self.encoder.begin_compute_pass(None));
        pass.set_pipeline(kernel);
        // It fails for dynamic offsets only, and there are none.
        let _ = pass.set_bind_group(0, Some(binding), None, None, None);
        let [x, y, z] = groups;
        pass.dispatch_workgroups(x, Some(y), Some(z));
    }

    pub(crate) fn copy(&mut self, source: &DeviceBuffer, destination: &DeviceBuffer, bytes: usize) {
        self.end_pass();
        self.encoder.copy_buffer_to_buffer(source, 0, destination, 0, bytes as u64);
    }

    pub(crate) fn clear(&mut self, buffer: &DeviceBuffer, bytes: usize) {
        self.end_pass();
        self.encoder.clear_buffer(buffer, Some(0), Some(bytes as u64));
    }

    pub(crate) fn submit(self, device: &Device) -> Result<(), GpuError> {
        device.scoped("submit a batch", &[GpuErrorFilter::Validation], || self.finish_on(&device.queue))
    }

    fn finish_on(mut self, queue: &GpuQueue) {
        self.end_pass();
        let commands = self.encoder.finish(None);
        queue.submit(&[&commands]);
    }

    fn end_pass(&mut self) {
        if let Some(pass) = self.pass.take() {
            pass.end();
        }
    }
}

fn operation(action: &'static str, message: String) -> GpuError {
    GpuError::Device { action, kind: ErrorKind::Operation, message }
}

/// A device with all that the adapter offers, which is what the study grants.
fn everything(adapter: &GpuAdapter) -> GpuDeviceDescriptor {
    let offered = adapter.features();
    let features = FEATURES.iter().filter(|(_, name)| offered.has(name)).map(|(feature, _)| *feature);
    let (limits, required) = (adapter.limits(), RecordOptionGpuSize64::new());
    required.add("maxBufferSize", Some(limits.max_buffer_size()));
    required.add("maxStorageBufferBindingSize", Some(limits.max_storage_buffer_binding_size()));
    GpuDeviceDescriptor {
        required_features: Some(features.collect()),
        required_limits: Some(required),
        default_queue: None,
        label: None,
    }
}
