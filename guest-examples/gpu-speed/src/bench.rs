//! The works, on the interface itself: each is prepared once, run as often as is asked, and checked at the end.

use trialbox_gpu::bindings::wasi::webgpu::webgpu::{
    GpuBindGroup, GpuBindGroupDescriptor, GpuBindGroupEntry, GpuBindingResource, GpuBuffer, GpuBufferBinding,
    GpuBufferDescriptor, GpuComputePipeline, GpuComputePipelineDescriptor, GpuDevice, GpuErrorFilter, GpuLayoutMode,
    GpuProgrammableStage, GpuQueue, GpuShaderModuleDescriptor, get_gpu,
};

use crate::product::{EMPTY_KERNEL, Kernel, bytes, check_product, matrix, numbers, pattern};

/// Usages of buffers (WebGPU, section 5.1.3).
const MAP_READ: u32 = 0x1;
const COPY_SRC: u32 = 0x4;
const COPY_DST: u32 = 0x8;
const STORAGE: u32 = 0x80;
/// To map for reading (WebGPU, section 5.1.4).
const READ: u32 = 1;

/// A device, with what the works have in common.
pub struct Bench {
    device: GpuDevice,
    queue: GpuQueue,
}

impl Bench {
    /// Opens a device, whose errors are kept until [`Self::check`]; or says why there is none.
    pub fn open() -> Result<Self, String> {
        let adapter = get_gpu().request_adapter(None).ok_or("there is no adapter")?;
        let device = adapter.request_device(None).map_err(|error| error.message)?;
        for filter in [GpuErrorFilter::Internal, GpuErrorFilter::OutOfMemory, GpuErrorFilter::Validation] {
            device.push_error_scope(filter);
        }
        let queue = device.queue();
        Ok(Self { device, queue })
    }

    /// Whether nothing went wrong on the device.
    pub fn check(&self) -> Result<(), String> {
        for _ in 0..3 {
            if let Some(error) = self.device.pop_error_scope().map_err(|error| error.message)? {
                return Err(error.message());
            }
        }
        Ok(())
    }

    fn buffer(&self, bytes: usize, usage: u32) -> GpuBuffer {
        let size = bytes as u64;
        self.device.create_buffer(&GpuBufferDescriptor { size, usage, mapped_at_creation: None, label: None })
    }

    /// A buffer for kernels with that content.
    fn filled(&self, content: &[u8]) -> GpuBuffer {
        let buffer = self.buffer(content.len(), STORAGE | COPY_DST | COPY_SRC);
        // What fails is found by `check`.
        let _ = self.queue.write_buffer_with_copy(&buffer, 0, content, None, None);
        buffer
    }

    fn pipeline(&self, source: &str) -> GpuComputePipeline {
        let code = source.to_owned();
        let descriptor = GpuShaderModuleDescriptor { code, compilation_hints: None, label: None };
        let module = self.device.create_shader_module(&descriptor);
        self.device.create_compute_pipeline(GpuComputePipelineDescriptor {
            compute: GpuProgrammableStage { module: &module, entry_point: Some("main".to_owned()), constants: None },
            layout: GpuLayoutMode::Auto,
            label: None,
        })
    }

    /// Has one dispatch done, and waits for it.
    fn dispatch(&self, pipeline: &GpuComputePipeline, bindings: Option<&GpuBindGroup>, groups: u32) {
        let encoder = self.device.create_command_encoder(None);
        let pass = encoder.begin_compute_pass(None);
        pass.set_pipeline(pipeline);
        if let Some(bindings) = bindings {
            // It fails for dynamic offsets only, and there are none.
            let _ = pass.set_bind_group(0, Some(bindings), None, None, None);
        }
        pass.dispatch_workgroups(groups, Some(groups), Some(1));
        pass.end();
        self.queue.submit(&[&encoder.finish(None)]);
        self.queue.on_submitted_work_done();
    }
}

/// A submission of one dispatch that does nothing, and the wait for it.
pub struct Empty<'a> {
    bench: &'a Bench,
    pipeline: GpuComputePipeline,
}

impl<'a> Empty<'a> {
    pub fn new(bench: &'a Bench) -> Self {
        Self { bench, pipeline: bench.pipeline(EMPTY_KERNEL) }
    }

    pub fn run(&self) {
        self.bench.dispatch(&self.pipeline, None, 1);
    }
}

/// A product of matrices that are on the device, and stays there.
pub struct Product<'a> {
    bench: &'a Bench,
    pipeline: GpuComputePipeline,
    bindings: GpuBindGroup,
    product: GpuBuffer,
    groups: u32,
    rows: usize,
}

impl<'a> Product<'a> {
    pub fn new(bench: &'a Bench, kernel: Kernel, rows: usize) -> Self {
        let pipeline = bench.pipeline(&kernel.source(rows));
        let [left, right] = factors(rows);
        // What isn't computed stays no number.
        let contents = [left, right, vec![f32::NAN; rows * rows]];
        let buffers = contents.map(|numbers| bench.filled(&bytes(&numbers)));
        let entries = (0..).zip(&buffers).map(|(binding, buffer)| {
            let whole = GpuBufferBinding { buffer, offset: None, size: None };
            GpuBindGroupEntry { binding, resource: GpuBindingResource::GpuBufferBinding(whole) }
        });
        let bindings = bench.device.create_bind_group(&GpuBindGroupDescriptor {
            layout: &pipeline.get_bind_group_layout(0),
            entries: entries.collect(),
            label: None,
        });
        let [_, _, product] = buffers;
        Self { bench, pipeline, bindings, product, groups: kernel.groups(rows), rows }
    }

    pub fn run(&self) {
        self.bench.dispatch(&self.pipeline, Some(&self.bindings), self.groups);
    }

    /// Holds the product against the processor.
    pub fn check(&self) -> Result<(), String> {
        let [left, right] = factors(self.rows);
        check_product(self.rows, &left, &right, &numbers(&read(self.bench, &self.product)?));
        Ok(())
    }
}

/// The same matrices as those of the native half.
fn factors(rows: usize) -> [Vec<f32>; 2] {
    [matrix(rows, 1), matrix(rows, 2)]
}

/// A write to a buffer, and the wait for it.
pub struct Upload<'a> {
    bench: &'a Bench,
    buffer: GpuBuffer,
    data: Vec<u8>,
}

impl<'a> Upload<'a> {
    pub fn new(bench: &'a Bench, bytes: usize) -> Self {
        let buffer = bench.buffer(bytes, STORAGE | COPY_DST | COPY_SRC);
        Self { bench, buffer, data: pattern(bytes) }
    }

    pub fn run(&self) {
        // What fails is found by `check`.
        let _ = self.bench.queue.write_buffer_with_copy(&self.buffer, 0, &self.data, None, None);
        self.bench.queue.submit(&[]);
        self.bench.queue.on_submitted_work_done();
    }

    /// Whether what was sent is there.
    pub fn check(&self) -> Result<(), String> {
        same(&read(self.bench, &self.buffer)?, &self.data)
    }
}

/// A copy to a buffer that is then mapped, and what it holds copied out.
pub struct ReadBack<'a> {
    bench: &'a Bench,
    from: GpuBuffer,
    to: GpuBuffer,
    data: Vec<u8>,
}

impl<'a> ReadBack<'a> {
    pub fn new(bench: &'a Bench, bytes: usize) -> Result<Self, String> {
        let data = pattern(bytes);
        let from = bench.filled(&data);
        let to = bench.buffer(bytes, MAP_READ | COPY_DST);
        let work = Self { bench, from, to, data };
        work.check(&work.read()?)?;
        Ok(work)
    }

    /// What comes back; nothing if that fails.
    pub fn run(&self) -> Vec<u8> {
        self.read().unwrap_or_default()
    }

    fn read(&self) -> Result<Vec<u8>, String> {
        copy_out(self.bench, &self.from, &self.to, self.data.len())
    }

    /// Whether that is what came back.
    pub fn check(&self, read: &[u8]) -> Result<(), String> {
        same(read, &self.data)
    }
}

/// The content of a buffer.
fn read(bench: &Bench, from: &GpuBuffer) -> Result<Vec<u8>, String> {
    let bytes = from.size() as usize;
    copy_out(bench, from, &bench.buffer(bytes, MAP_READ | COPY_DST), bytes)
}

fn copy_out(bench: &Bench, from: &GpuBuffer, to: &GpuBuffer, bytes: usize) -> Result<Vec<u8>, String> {
    let encoder = bench.device.create_command_encoder(None);
    encoder.copy_buffer_to_buffer(from, 0, to, 0, bytes as u64);
    bench.queue.submit(&[&encoder.finish(None)]);
    to.map_async(READ, None, None).map_err(|error| error.message)?;
    let content = to.get_mapped_range_get_with_copy(None, None).map_err(|error| error.message)?;
    to.unmap().map_err(|error| error.message)?;
    Ok(content)
}

fn same(read: &[u8], sent: &[u8]) -> Result<(), String> {
    if read == sent { Ok(()) } else { Err("other bytes come back than were sent".to_owned()) }
}
