//! Bind groups, their layouts, and the layouts of pipelines.

use wgpu::custom::{BindGroupInterface, BindGroupLayoutInterface, PipelineLayoutInterface};

use crate::bindings::wasi::webgpu::webgpu::{
    GpuBindGroup, GpuBindGroupDescriptor, GpuBindGroupEntry, GpuBindGroupLayout, GpuBindGroupLayoutDescriptor,
    GpuBindGroupLayoutEntry, GpuBindingResource, GpuBufferBinding, GpuBufferBindingLayout, GpuBufferBindingType,
    GpuPipelineLayout, GpuPipelineLayoutDescriptor,
};
use crate::buffer::Buffer;
use crate::errors::Shared;
use crate::foreign::Own;
use crate::unsupported::{Missing, unsupported};

#[derive(Debug)]
pub(crate) struct BindGroupLayout {
    handle: GpuBindGroupLayout,
}

impl BindGroupLayout {
    pub(crate) fn new(device: &Shared, desc: &wgpu::BindGroupLayoutDescriptor<'_>) -> Self {
        let descriptor = GpuBindGroupLayoutDescriptor {
            entries: desc.entries.iter().map(layout_entry).collect(),
            label: desc.label.map(str::to_owned),
        };
        Self { handle: device.handle.create_bind_group_layout(&descriptor) }
    }

    pub(crate) fn of_engine(handle: GpuBindGroupLayout) -> Self {
        Self { handle }
    }
}

impl BindGroupLayoutInterface for BindGroupLayout {}

fn layout_entry(entry: &wgpu::BindGroupLayoutEntry) -> GpuBindGroupLayoutEntry {
    if entry.count.is_some() {
        unsupported(Missing::BindingArrays);
    }
    GpuBindGroupLayoutEntry {
        binding: entry.binding,
        visibility: entry.visibility.bits(),
        buffer: Some(buffer_layout(entry.ty)),
        sampler: None,
        texture: None,
        storage_texture: None,
    }
}

fn buffer_layout(ty: wgpu::BindingType) -> GpuBufferBindingLayout {
    match ty {
        wgpu::BindingType::Buffer { ty, has_dynamic_offset, min_binding_size } => GpuBufferBindingLayout {
            type_: Some(match ty {
                wgpu::BufferBindingType::Uniform => GpuBufferBindingType::Uniform,
                wgpu::BufferBindingType::Storage { read_only: false } => GpuBufferBindingType::Storage,
                wgpu::BufferBindingType::Storage { read_only: true } => GpuBufferBindingType::ReadOnlyStorage,
            }),
            has_dynamic_offset: Some(has_dynamic_offset),
            min_binding_size: min_binding_size.map(wgpu::BufferSize::get),
        },
        wgpu::BindingType::Sampler(_) => unsupported(Missing::Samplers),
        wgpu::BindingType::Texture { .. }
        | wgpu::BindingType::StorageTexture { .. }
        | wgpu::BindingType::ExternalTexture => unsupported(Missing::Textures),
        wgpu::BindingType::AccelerationStructure { .. } => unsupported(Missing::RayTracing),
    }
}

#[derive(Debug)]
pub(crate) struct PipelineLayout {
    /// The engine's layout.
    pub(crate) handle: GpuPipelineLayout,
}

impl PipelineLayout {
    pub(crate) fn new(device: &Shared, desc: &wgpu::PipelineLayoutDescriptor<'_>) -> Self {
        if desc.immediate_size > 0 {
            unsupported(Missing::Immediates);
        }
        let layouts = desc.bind_group_layouts.iter();
        let descriptor = GpuPipelineLayoutDescriptor {
            bind_group_layouts: layouts.map(|layout| layout.map(|layout| &layout.own().handle)).collect(),
            label: desc.label.map(str::to_owned),
        };
        Self { handle: device.handle.create_pipeline_layout(&descriptor) }
    }
}

impl PipelineLayoutInterface for PipelineLayout {}

#[derive(Debug)]
pub(crate) struct BindGroup {
    /// The engine's group.
    pub(crate) handle: GpuBindGroup,
}

impl BindGroup {
    pub(crate) fn new(device: &Shared, desc: &wgpu::BindGroupDescriptor<'_>) -> Self {
        let descriptor = GpuBindGroupDescriptor {
            layout: &desc.layout.own().handle,
            entries: desc.entries.iter().map(entry).collect(),
            label: desc.label.map(str::to_owned),
        };
        Self { handle: device.handle.create_bind_group(&descriptor) }
    }
}

impl BindGroupInterface for BindGroup {}

fn entry<'a>(entry: &'a wgpu::BindGroupEntry<'_>) -> GpuBindGroupEntry<'a> {
    let resource = match &entry.resource {
        wgpu::BindingResource::Buffer(binding) => {
            let buffer: &Buffer = binding.buffer.own();
            GpuBindingResource::GpuBufferBinding(GpuBufferBinding {
                buffer: buffer.handle(),
                offset: Some(binding.offset),
                size: binding.size.map(wgpu::BufferSize::get),
            })
        }
        wgpu::BindingResource::Sampler(_) | wgpu::BindingResource::SamplerArray(_) => unsupported(Missing::Samplers),
        wgpu::BindingResource::BufferArray(_) => unsupported(Missing::BindingArrays),
        wgpu::BindingResource::AccelerationStructure(_) | wgpu::BindingResource::AccelerationStructureArray(_) => {
            unsupported(Missing::RayTracing)
        }
        // Of views, and whatever later versions add.
        _ => unsupported(Missing::Textures),
    };
    GpuBindGroupEntry { binding: entry.binding, resource }
}
