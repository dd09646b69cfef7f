//! Fits a matrix by gradient descent on a GPU. Written against plain `wgpu`: nothing here knows of trials, and it runs natively too.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use wgpu::util::DeviceExt;

use crate::problem::Problem;

const KERNELS: &str = include_str!("fit.wgsl");
/// The size of `Shape` there, padded as uniforms are.
const SHAPE_BYTES: u64 = 32;
/// Invocations of a work group of the kernels that are not tiled.
const GROUP: u32 = 64;

/// How to train.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Step size.
    pub(crate) learning_rate: f64,
    /// How much of a step the next one repeats.
    pub(crate) momentum: f64,
    /// Rows and columns of the tiles in which matrices are multiplied.
    pub(crate) tile: u32,
}

/// A training under way; its matrices are on the GPU.
pub(crate) struct Fit {
    device: wgpu::Device,
    queue: wgpu::Queue,
    residual: Product,
    gradient: Product,
    descend: Kernel,
    mean_square: Kernel,
    mean: wgpu::Buffer,
    read_back: wgpu::Buffer,
}

/// A kernel with what it works on.
struct Kernel {
    pipeline: wgpu::ComputePipeline,
    bindings: wgpu::BindGroup,
    groups: [u32; 2],
}

/// A matrix product: the kernel that all of them share, with a shape among those of one buffer.
struct Product {
    kernel: Kernel,
    shape_offset: u32,
}

/// The shape of a matrix product, as the kernel has it.
struct Shape {
    rows: u32,
    inner: u32,
    columns: u32,
    is_transposed: bool,
    subtracts: bool,
    scale: f32,
}

impl Shape {
    fn bytes(&self) -> Vec<u8> {
        let numbers = [
            self.rows,
            self.inner,
            self.columns,
            self.is_transposed.into(),
            self.subtracts.into(),
            self.scale.to_bits(),
        ];
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    fn groups(&self, tile: u32) -> [u32; 2] {
        [self.columns.div_ceil(tile), self.rows.div_ceil(tile)]
    }
}

impl Fit {
    /// Brings a problem to the GPU of an instance; the weights are zero.
    ///
    /// # Errors
    /// If there is no GPU, or it does not take the kernels.
    pub(crate) fn new(instance: &wgpu::Instance, problem: &Problem, options: Options) -> Result<Self, String> {
        let adapter = ready(instance.request_adapter(&wgpu::RequestAdapterOptions::default()))
            .map_err(|error| format!("there is no GPU: {error}"))?;
        let (device, queue) = ready(adapter.request_device(&wgpu::DeviceDescriptor::default()))
            .map_err(|error| format!("the GPU gives no device: {error}"))?;
        let scope = device.push_error_scope(wgpu::ErrorFilter::Validation);
        let fit = Self::on_device(device, queue, problem, options);
        match ready(scope.pop()) {
            Some(error) => Err(format!("the GPU does not take the kernels: {error}")),
            None => Ok(fit),
        }
    }

    fn on_device(device: wgpu::Device, queue: wgpu::Queue, problem: &Problem, options: Options) -> Self {
        let Problem { rows, inputs, outputs, .. } = *problem;
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("fit"),
            source: wgpu::ShaderSource::Wgsl(format!("const TILE: u32 = {}u;\n{KERNELS}", options.tile).into()),
        });
        let input = filled(&device, "input", &problem.input);
        let output = filled(&device, "output", &problem.output);
        let weights = zeros(&device, "weights", inputs * outputs);
        let velocity = zeros(&device, "velocity", inputs * outputs);
        let residual = zeros(&device, "residual", rows * outputs);
        let gradient = zeros(&device, "gradient", inputs * outputs);
        let mean = zeros(&device, "mean", 1);
        let read_back = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("read back"),
            size: 4,
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });

        // residual = input · weights − output; gradient = inputᵀ · residual · 2 / rows.
        let of_residual =
            Shape { rows, inner: inputs, columns: outputs, is_transposed: false, subtracts: true, scale: 1.0 };
        let scale = 2.0 / rows as f32;
        let of_gradient =
            Shape { rows: inputs, inner: rows, columns: outputs, is_transposed: true, subtracts: false, scale };
        let alignment = device.limits().min_uniform_buffer_offset_alignment;
        let shapes = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("shapes"),
            size: u64::from(alignment) + SHAPE_BYTES,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        queue.write_buffer(&shapes, 0, &of_residual.bytes());
        queue.write_buffer(&shapes, u64::from(alignment), &of_gradient.bytes());

        let (layout, multiply) = multiply(&device, &module);
        let product = |shape: &Shape, shape_offset, buffers: [&wgpu::Buffer; 4]| Product {
            kernel: Kernel {
                pipeline: multiply.clone(),
                bindings: product_bindings(&device, &layout, &shapes, buffers),
                groups: shape.groups(options.tile),
            },
            shape_offset,
        };
        let residual_product = product(&of_residual, 0, [&input, &weights, &output, &residual]);
        let gradient_product = product(&of_gradient, alignment, [&input, &residual, &output, &gradient]);
        let constants = [("learning_rate", options.learning_rate), ("momentum", options.momentum)];
        let descend = kernel(
            &device,
            &module,
            "descend",
            &constants,
            &[&gradient, &velocity, &weights],
            (inputs * outputs).div_ceil(GROUP),
        );
        let mean_square = kernel(&device, &module, "mean_square", &[], &[&residual, &mean], 1);
        Self {
            device,
            queue,
            residual: residual_product,
            gradient: gradient_product,
            descend,
            mean_square,
            mean,
            read_back,
        }
    }

    /// Takes steps of gradient descent.
    pub(crate) fn step(&self, count: u32) {
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("steps") });
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            for _ in 0..count {
                self.residual.encode(&mut pass);
                self.gradient.encode(&mut pass);
                self.descend.encode(&mut pass, &[]);
            }
        }
        self.queue.submit([encoder.finish()]);
    }

    /// The mean of the squared residuals.
    ///
    /// # Errors
    /// If the GPU does not give it back.
    pub(crate) fn loss(&self) -> Result<f32, String> {
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("loss") });
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            self.residual.encode(&mut pass);
            self.mean_square.encode(&mut pass, &[]);
        }
        encoder.copy_buffer_to_buffer(&self.mean, 0, &self.read_back, 0, 4);
        self.queue.submit([encoder.finish()]);

        let (sender, receiver) = std::sync::mpsc::channel();
        self.read_back.map_async(wgpu::MapMode::Read, .., move |result| {
            // Nobody waits for it any more if this fails.
            let _ = sender.send(result);
        });
        self.device.poll(wgpu::PollType::wait_indefinitely()).map_err(|error| error.to_string())?;
        receiver.recv().map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        let view = self.read_back.get_mapped_range(..).map_err(|error| error.to_string())?;
        let bytes = view.first_chunk::<4>().copied().ok_or("the GPU gave back too little")?;
        drop(view);
        self.read_back.unmap();
        Ok(f32::from_le_bytes(bytes))
    }
}

impl Kernel {
    fn encode(&self, pass: &mut wgpu::ComputePass<'_>, offsets: &[u32]) {
        let [x, y] = self.groups;
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bindings, offsets);
        pass.dispatch_workgroups(x, y, 1);
    }
}

impl Product {
    fn encode(&self, pass: &mut wgpu::ComputePass<'_>) {
        self.kernel.encode(pass, &[self.shape_offset]);
    }
}

/// The kernel of matrix products, whose layout is explicit as the offset of the shape is dynamic.
fn multiply(device: &wgpu::Device, module: &wgpu::ShaderModule) -> (wgpu::BindGroupLayout, wgpu::ComputePipeline) {
    let buffer = |binding, ty, has_dynamic_offset| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset, min_binding_size: None },
        count: None,
    };
    let read = wgpu::BufferBindingType::Storage { read_only: true };
    let write = wgpu::BufferBindingType::Storage { read_only: false };
    let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("product"),
        entries: &[
            buffer(0, wgpu::BufferBindingType::Uniform, true),
            buffer(1, read, false),
            buffer(2, read, false),
            buffer(3, read, false),
            buffer(4, write, false),
        ],
    });
    let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some("product"),
        bind_group_layouts: &[Some(&layout)],
        immediate_size: 0,
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some("product"),
        layout: Some(&pipeline_layout),
        module,
        entry_point: Some("multiply"),
        compilation_options: wgpu::PipelineCompilationOptions::default(),
        cache: None,
    });
    (layout, pipeline)
}

fn product_bindings(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    shapes: &wgpu::Buffer,
    buffers: [&wgpu::Buffer; 4],
) -> wgpu::BindGroup {
    let shape = wgpu::BindGroupEntry {
        binding: 0,
        resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer: shapes,
            offset: 0,
            size: wgpu::BufferSize::new(SHAPE_BYTES),
        }),
    };
    let mut entries = vec![shape];
    entries.extend(whole(1, &buffers));
    device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries: &entries })
}

/// A kernel whose layout follows from the shader.
fn kernel(
    device: &wgpu::Device,
    module: &wgpu::ShaderModule,
    name: &str,
    constants: &[(&str, f64)],
    buffers: &[&wgpu::Buffer],
    groups: u32,
) -> Kernel {
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(name),
        layout: None,
        module,
        entry_point: Some(name),
        compilation_options: wgpu::PipelineCompilationOptions { constants, ..Default::default() },
        cache: None,
    });
    let entries: Vec<_> = whole(0, buffers).collect();
    let layout = pipeline.get_bind_group_layout(0);
    let bindings =
        device.create_bind_group(&wgpu::BindGroupDescriptor { label: Some(name), layout: &layout, entries: &entries });
    Kernel { pipeline, bindings, groups: [groups, 1] }
}

fn whole<'a>(first: u32, buffers: &'a [&wgpu::Buffer]) -> impl Iterator<Item = wgpu::BindGroupEntry<'a>> {
    (first..)
        .zip(buffers)
        .map(|(binding, buffer)| wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() })
}

fn filled(device: &wgpu::Device, label: &str, numbers: &[f32]) -> wgpu::Buffer {
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
        label: Some(label),
        contents: &bytes,
        usage: wgpu::BufferUsages::STORAGE,
    })
}

/// A buffer of numbers; the standard has it begin with zeros.
fn zeros(device: &wgpu::Device, label: &str, count: u32) -> wgpu::Buffer {
    device.create_buffer(&wgpu::BufferDescriptor {
        label: Some(label),
        size: u64::from(count) * 4,
        usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
        mapped_at_creation: false,
    })
}

/// The result of a future of `wgpu`'s, which outside of browsers has one as soon as it is asked.
fn ready<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}
