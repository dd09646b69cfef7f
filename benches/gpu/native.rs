//! What a GPU does for a program that uses it directly, through the `wgpu` crate: the measure for what a guest gets of it.
//!
//! Each figure is a thing that is made once and then runs as often as is asked, and says how long that took; `medians` runs
//! several of them in turns.

use std::borrow::Cow;
use std::future::Future;
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::product::{EMPTY_KERNEL, Kernel, bytes, check_product, matrix, numbers, pattern};

/// Runs works in turns, so that what else the machine does hits them alike; the median of each. A first round is not counted.
pub fn medians(rounds: usize, works: &mut [&mut dyn FnMut() -> Duration]) -> Vec<Duration> {
    let mut figures = vec![Vec::new(); works.len()];
    for round in 0..=rounds {
        for (work, figures) in works.iter_mut().zip(&mut figures) {
            let figure = work();
            if round > 0 {
                figures.push(figure);
            }
        }
    }
    let median = |mut figures: Vec<Duration>| {
        figures.sort();
        figures[figures.len() / 2]
    };
    figures.into_iter().map(median).collect()
}

/// The adapter that a program gets if it asks for no particular one, as the engine does.
pub struct Native {
    device: wgpu::Device,
    queue: wgpu::Queue,
    info: wgpu::AdapterInfo,
}

impl Native {
    /// Opens it; none where there is no adapter.
    pub fn open() -> Option<Self> {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.flags = wgpu::InstanceFlags::empty();
        descriptor.backends = wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12;
        let instance = wgpu::Instance::new(descriptor);
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..wgpu::RequestAdapterOptions::default()
        };
        let adapter = ready(instance.request_adapter(&options)).ok()?;
        let (device, queue) = ready(adapter.request_device(&wgpu::DeviceDescriptor::default())).unwrap();
        Some(Self { device, queue, info: adapter.get_info() })
    }

    /// Its name and that of its driver.
    pub fn name(&self) -> String {
        format!("{}, {} {}", self.info.name, self.info.driver, self.info.driver_info)
    }

    /// Whether it is the processor itself.
    pub fn is_software(&self) -> bool {
        self.info.device_type == wgpu::DeviceType::Cpu
    }

    /// Nothing, computed by one work group.
    pub fn empty(&self) -> Empty<'_> {
        let pipeline = self.pipeline(EMPTY_KERNEL);
        Empty { native: self, pipeline }
    }

    /// The product of two matrices of so many rows. It is checked here.
    pub fn product(&self, kernel: Kernel, rows: usize) -> Product<'_> {
        let (left, right) = (matrix(rows, 1), matrix(rows, 2));
        let pipeline = self.pipeline(&kernel.source(rows));
        let storage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC;
        // What isn't computed stays no number.
        let buffers = [&left, &right, &vec![f32::NAN; rows * rows]].map(|numbers| {
            let buffer = self.buffer(numbers.len() * 4, storage);
            self.queue.write_buffer(&buffer, 0, &bytes(numbers));
            buffer
        });
        let entries = [0, 1, 2].map(|binding: u32| wgpu::BindGroupEntry {
            binding,
            resource: buffers[binding as usize].as_entire_binding(),
        });
        let bindings = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        let [.., product] = buffers;
        let work = Product { native: self, pipeline, bindings, product, groups: kernel.groups(rows) };
        work.run(1);
        check_product(rows, &left, &right, &work.read());
        work
    }

    /// Bytes on their way to the device.
    pub fn upload(&self, bytes: usize) -> Upload<'_> {
        let buffer = self.buffer(bytes, wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST);
        Upload { native: self, buffer, data: pattern(bytes) }
    }

    /// Bytes on their way from the device. They are checked here.
    pub fn read_back(&self, bytes: usize) -> ReadBack<'_> {
        let storage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC;
        let from = self.buffer(bytes, storage);
        let data = pattern(bytes);
        self.queue.write_buffer(&from, 0, &data);
        let to = self.buffer(bytes, wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST);
        let work = ReadBack { native: self, from, to };
        assert!(work.read() == data, "other bytes come back than were sent");
        work
    }

    fn buffer(&self, bytes: usize, usage: wgpu::BufferUsages) -> wgpu::Buffer {
        let size = bytes as u64;
        self.device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false })
    }

    fn pipeline(&self, source: &str) -> wgpu::ComputePipeline {
        let source = wgpu::ShaderSource::Wgsl(Cow::Borrowed(source));
        let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor { label: None, source });
        self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: None,
            layout: None,
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        })
    }

    /// Has one dispatch done, and waits for it.
    fn dispatch(&self, pipeline: &wgpu::ComputePipeline, bindings: Option<&wgpu::BindGroup>, groups: u32) {
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(pipeline);
        if let Some(bindings) = bindings {
            pass.set_bind_group(0, bindings, &[]);
        }
        pass.dispatch_workgroups(groups, groups, 1);
        drop(pass);
        self.queue.submit([encoder.finish()]);
        self.wait();
    }

    fn wait(&self) {
        self.device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
    }
}

/// A submission of one dispatch that does nothing, and the wait for it.
pub struct Empty<'a> {
    native: &'a Native,
    pipeline: wgpu::ComputePipeline,
}

impl Empty<'_> {
    pub fn run(&self, times: usize) -> Duration {
        timed(times, || self.native.dispatch(&self.pipeline, None, 1))
    }
}

/// A product of matrices that are on the device, and stays there.
pub struct Product<'a> {
    native: &'a Native,
    pipeline: wgpu::ComputePipeline,
    bindings: wgpu::BindGroup,
    product: wgpu::Buffer,
    groups: u32,
}

impl Product<'_> {
    pub fn run(&self, times: usize) -> Duration {
        timed(times, || self.native.dispatch(&self.pipeline, Some(&self.bindings), self.groups))
    }

    /// The result.
    fn read(&self) -> Vec<f32> {
        let size = self.product.size() as usize;
        let to = self.native.buffer(size, wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST);
        let read = ReadBack { native: self.native, from: self.product.clone(), to };
        numbers(&read.read())
    }
}

/// A write to a buffer, and the wait for it.
pub struct Upload<'a> {
    native: &'a Native,
    buffer: wgpu::Buffer,
    data: Vec<u8>,
}

impl Upload<'_> {
    pub fn run(&self, times: usize) -> Duration {
        timed(times, || {
            self.native.queue.write_buffer(&self.buffer, 0, &self.data);
            self.native.queue.submit([]);
            self.native.wait();
        })
    }
}

/// A copy to a buffer that is then mapped, and what it holds copied out.
pub struct ReadBack<'a> {
    native: &'a Native,
    from: wgpu::Buffer,
    to: wgpu::Buffer,
}

impl ReadBack<'_> {
    pub fn run(&self, times: usize) -> Duration {
        timed(times, || {
            std::hint::black_box(self.read());
        })
    }

    fn read(&self) -> Vec<u8> {
        let mut encoder = self.native.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_buffer_to_buffer(&self.from, 0, &self.to, 0, self.to.size());
        self.native.queue.submit([encoder.finish()]);
        let (sender, mapped) = mpsc::channel();
        self.to.slice(..).map_async(wgpu::MapMode::Read, move |result| sender.send(result).unwrap());
        self.native.wait();
        mapped.recv().unwrap().unwrap();
        let bytes = self.to.slice(..).get_mapped_range().unwrap().to_vec();
        self.to.unmap();
        bytes
    }
}

/// How long each of so many runs took.
fn timed(times: usize, mut work: impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..times {
        work();
    }
    start.elapsed() / times as u32
}

/// The result of a future of the library's, which outside of browsers has one at once.
fn ready<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
        std::thread::yield_now();
    }
}
