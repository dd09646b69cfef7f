//! Command encoders, and the command buffers that they become.

use wgpu::custom::{
    CommandBufferInterface, CommandEncoderInterface, DispatchBuffer, DispatchCommandBuffer, DispatchComputePass,
    DispatchQuerySet, DispatchRenderPass, DispatchTexture,
};
use wgpu::wgt;

use crate::bindings::wasi::webgpu::webgpu::{
    GpuCommandBuffer, GpuCommandEncoder, GpuCommandEncoderDescriptor, GpuComputePassDescriptor,
};
use crate::errors::Shared;
use crate::foreign::Own;
use crate::pass::ComputePass;
use crate::unsupported::{Missing, unsupported};

#[derive(Debug)]
pub(crate) struct CommandEncoder {
    handle: GpuCommandEncoder,
}

impl CommandEncoder {
    pub(crate) fn new(device: &Shared, desc: &wgpu::CommandEncoderDescriptor<'_>) -> Self {
        let descriptor = GpuCommandEncoderDescriptor { label: desc.label.map(str::to_owned) };
        Self { handle: device.handle.create_command_encoder(Some(&descriptor)) }
    }
}

#[derive(Debug)]
pub(crate) struct CommandBuffer {
    /// The engine's command buffer.
    pub(crate) handle: GpuCommandBuffer,
}

impl CommandBufferInterface for CommandBuffer {}

impl CommandEncoderInterface for CommandEncoder {
    fn copy_buffer_to_buffer(
        &self,
        source: &DispatchBuffer,
        source_offset: u64,
        destination: &DispatchBuffer,
        destination_offset: u64,
        copy_size: Option<u64>,
    ) {
        let (source, destination) = (source.own(), destination.own());
        let bytes = copy_size.unwrap_or(source.bytes().saturating_sub(source_offset));
        self.handle.copy_buffer_to_buffer(
            source.handle(),
            source_offset,
            destination.handle(),
            destination_offset,
            bytes,
        );
    }

    fn copy_buffer_to_texture(
        &self,
        _source: wgpu::TexelCopyBufferInfo<'_>,
        _destination: wgpu::TexelCopyTextureInfo<'_>,
        _copy_size: wgpu::Extent3d,
    ) {
        unsupported(Missing::Textures)
    }

    fn copy_texture_to_buffer(
        &self,
        _source: wgpu::TexelCopyTextureInfo<'_>,
        _destination: wgpu::TexelCopyBufferInfo<'_>,
        _copy_size: wgpu::Extent3d,
    ) {
        unsupported(Missing::Textures)
    }

    fn copy_texture_to_texture(
        &self,
        _source: wgpu::TexelCopyTextureInfo<'_>,
        _destination: wgpu::TexelCopyTextureInfo<'_>,
        _copy_size: wgpu::Extent3d,
    ) {
        unsupported(Missing::Textures)
    }

    fn begin_compute_pass(&self, desc: &wgpu::ComputePassDescriptor<'_>) -> DispatchComputePass {
        if desc.timestamp_writes.is_some() {
            unsupported(Missing::Queries);
        }
        let descriptor = GpuComputePassDescriptor { timestamp_writes: None, label: desc.label.map(str::to_owned) };
        DispatchComputePass::custom(ComputePass::new(self.handle.begin_compute_pass(Some(&descriptor))))
    }

    fn begin_render_pass(&self, _desc: &wgpu::RenderPassDescriptor<'_>) -> DispatchRenderPass {
        unsupported(Missing::Rendering)
    }

    fn finish(&mut self) -> DispatchCommandBuffer {
        DispatchCommandBuffer::custom(CommandBuffer { handle: self.handle.finish(None) })
    }

    fn clear_texture(&self, _texture: &DispatchTexture, _subresource_range: &wgpu::ImageSubresourceRange) {
        unsupported(Missing::Textures)
    }

    fn clear_buffer(&self, buffer: &DispatchBuffer, offset: u64, size: Option<u64>) {
        self.handle.clear_buffer(buffer.own().handle(), Some(offset), size);
    }

    fn insert_debug_marker(&self, label: &str) {
        self.handle.insert_debug_marker(label);
    }

    fn push_debug_group(&self, label: &str) {
        self.handle.push_debug_group(label);
    }

    fn pop_debug_group(&self) {
        self.handle.pop_debug_group();
    }

    fn write_timestamp(&self, _query_set: &DispatchQuerySet, _query_index: u32) {
        unsupported(Missing::Queries)
    }

    fn resolve_query_set(
        &self,
        _query_set: &DispatchQuerySet,
        _first_query: u32,
        _query_count: u32,
        _destination: &DispatchBuffer,
        _destination_offset: u64,
    ) {
        unsupported(Missing::Queries)
    }

    fn mark_acceleration_structures_built<'a>(
        &self,
        _blas: &mut dyn Iterator<Item = &'a wgpu::Blas>,
        _tlas: &mut dyn Iterator<Item = &'a wgpu::Tlas>,
    ) {
        unsupported(Missing::RayTracing)
    }

    fn build_acceleration_structures<'a>(
        &self,
        _blas: &mut dyn Iterator<Item = &'a wgpu::BlasBuildEntry<'a>>,
        _tlas: &mut dyn Iterator<Item = &'a wgpu::Tlas>,
    ) {
        unsupported(Missing::RayTracing)
    }

    // A hint for native programs; the engine finds out by itself.
    fn transition_resources<'a>(
        &mut self,
        _buffer_transitions: &mut dyn Iterator<Item = wgt::BufferTransition<&'a DispatchBuffer>>,
        _texture_transitions: &mut dyn Iterator<Item = wgt::TextureTransition<&'a DispatchTexture>>,
    ) {
    }
}
