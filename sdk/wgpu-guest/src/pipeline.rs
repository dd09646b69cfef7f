//! Compute pipelines.

use wgpu::custom::{ComputePipelineInterface, DispatchBindGroupLayout};

use crate::binding::BindGroupLayout;
use crate::bindings::wasi::webgpu::webgpu::{
    GpuComputePipeline, GpuComputePipelineDescriptor, GpuLayoutMode, GpuProgrammableStage,
    RecordGpuPipelineConstantValue,
};
use crate::errors::Shared;
use crate::foreign::Own;

#[derive(Debug)]
pub(crate) struct ComputePipeline {
    /// The engine's pipeline.
    pub(crate) handle: GpuComputePipeline,
}

impl ComputePipeline {
    // That memory of a work group is zero at the start is not for the program to say: it always is.
    pub(crate) fn new(device: &Shared, desc: &wgpu::ComputePipelineDescriptor<'_>) -> Self {
        let descriptor = GpuComputePipelineDescriptor {
            compute: GpuProgrammableStage {
                module: &desc.module.own().handle,
                entry_point: desc.entry_point.map(str::to_owned),
                constants: constants(desc.compilation_options.constants),
            },
            layout: desc.layout.map_or(GpuLayoutMode::Auto, |layout| GpuLayoutMode::Specific(&layout.own().handle)),
            label: desc.label.map(str::to_owned),
        };
        Self { handle: device.handle.create_compute_pipeline(descriptor) }
    }
}

fn constants(constants: &[(&str, f64)]) -> Option<RecordGpuPipelineConstantValue> {
    if constants.is_empty() {
        return None;
    }
    let record = RecordGpuPipelineConstantValue::new();
    for (name, value) in constants {
        record.add(name, *value);
    }
    Some(record)
}

impl ComputePipelineInterface for ComputePipeline {
    fn get_bind_group_layout(&self, index: u32) -> DispatchBindGroupLayout {
        DispatchBindGroupLayout::custom(BindGroupLayout::of_engine(self.handle.get_bind_group_layout(index)))
    }
}
