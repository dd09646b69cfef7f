//! The device: makes objects, and says what went wrong.

use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;

use wgpu::custom::{
    BoxDeviceLostCallback, DeviceInterface, DispatchBindGroup, DispatchBindGroupLayout, DispatchBlas, DispatchBuffer,
    DispatchCommandEncoder, DispatchComputePipeline, DispatchExternalTexture, DispatchPipelineCache,
    DispatchPipelineLayout, DispatchQuerySet, DispatchRenderBundleEncoder, DispatchRenderPipeline, DispatchSampler,
    DispatchShaderModule, DispatchTexture, DispatchTlas, PopErrorScopeFuture,
};

use crate::binding::{BindGroup, BindGroupLayout, PipelineLayout};
use crate::buffer::Buffer;
use crate::commands::CommandEncoder;
use crate::errors::Shared;
use crate::pipeline::ComputePipeline;
use crate::shader::ShaderModule;
use crate::unsupported::{Missing, unsupported};

#[derive(Debug)]
pub(crate) struct Device {
    shared: Arc<Shared>,
    features: wgpu::Features,
    limits: wgpu::Limits,
    info: wgpu::AdapterInfo,
}

impl Device {
    pub(crate) fn new(
        shared: Arc<Shared>,
        features: wgpu::Features,
        limits: wgpu::Limits,
        info: wgpu::AdapterInfo,
    ) -> Self {
        Self { shared, features, limits, info }
    }
}

impl DeviceInterface for Device {
    fn features(&self) -> wgpu::Features {
        self.features
    }

    fn limits(&self) -> wgpu::Limits {
        self.limits.clone()
    }

    fn adapter_info(&self) -> wgpu::AdapterInfo {
        self.info.clone()
    }

    // The engine checks at run time whatever a program says: `create_shader_module_trusted` is as good, and as slow.
    fn create_shader_module(
        &self,
        desc: wgpu::ShaderModuleDescriptor<'_>,
        _shader_bound_checks: wgpu::ShaderRuntimeChecks,
    ) -> DispatchShaderModule {
        let module = ShaderModule::new(&self.shared, desc);
        self.shared.look();
        DispatchShaderModule::custom(module)
    }

    #[allow(unsafe_code, reason = "the trait has it so; nothing is done")]
    unsafe fn create_shader_module_passthrough(
        &self,
        _desc: &wgpu::ShaderModuleDescriptorPassthrough<'_>,
    ) -> DispatchShaderModule {
        unsupported(Missing::OtherShaders)
    }

    fn create_bind_group_layout(&self, desc: &wgpu::BindGroupLayoutDescriptor<'_>) -> DispatchBindGroupLayout {
        DispatchBindGroupLayout::custom(BindGroupLayout::new(&self.shared, desc))
    }

    fn create_bind_group(&self, desc: &wgpu::BindGroupDescriptor<'_>) -> DispatchBindGroup {
        DispatchBindGroup::custom(BindGroup::new(&self.shared, desc))
    }

    fn create_pipeline_layout(&self, desc: &wgpu::PipelineLayoutDescriptor<'_>) -> DispatchPipelineLayout {
        DispatchPipelineLayout::custom(PipelineLayout::new(&self.shared, desc))
    }

    fn create_render_pipeline(&self, _desc: &wgpu::RenderPipelineDescriptor<'_>) -> DispatchRenderPipeline {
        unsupported(Missing::Rendering)
    }

    fn create_mesh_pipeline(&self, _desc: &wgpu::MeshPipelineDescriptor<'_>) -> DispatchRenderPipeline {
        unsupported(Missing::Rendering)
    }

    fn create_compute_pipeline(&self, desc: &wgpu::ComputePipelineDescriptor<'_>) -> DispatchComputePipeline {
        let pipeline = ComputePipeline::new(&self.shared, desc);
        self.shared.look();
        DispatchComputePipeline::custom(pipeline)
    }

    #[allow(unsafe_code, reason = "the trait has it so; nothing is done")]
    unsafe fn create_pipeline_cache(&self, _desc: &wgpu::PipelineCacheDescriptor<'_>) -> DispatchPipelineCache {
        unsupported(Missing::PipelineCaches)
    }

    fn create_buffer(&self, desc: &wgpu::BufferDescriptor<'_>) -> DispatchBuffer {
        DispatchBuffer::custom(Buffer::new(&self.shared, desc))
    }

    fn create_texture(&self, _desc: &wgpu::TextureDescriptor<'_>) -> DispatchTexture {
        unsupported(Missing::Textures)
    }

    fn create_external_texture(
        &self,
        _desc: &wgpu::ExternalTextureDescriptor<'_>,
        _planes: &[&wgpu::TextureView],
    ) -> DispatchExternalTexture {
        unsupported(Missing::Textures)
    }

    fn create_blas(
        &self,
        _desc: &wgpu::CreateBlasDescriptor<'_>,
        _sizes: wgpu::BlasGeometrySizeDescriptors,
    ) -> (Option<u64>, DispatchBlas) {
        unsupported(Missing::RayTracing)
    }

    fn create_tlas(&self, _desc: &wgpu::CreateTlasDescriptor<'_>) -> DispatchTlas {
        unsupported(Missing::RayTracing)
    }

    fn create_sampler(&self, _desc: &wgpu::SamplerDescriptor<'_>) -> DispatchSampler {
        unsupported(Missing::Samplers)
    }

    fn create_query_set(&self, _desc: &wgpu::QuerySetDescriptor<'_>) -> DispatchQuerySet {
        unsupported(Missing::Queries)
    }

    fn create_command_encoder(&self, desc: &wgpu::CommandEncoderDescriptor<'_>) -> DispatchCommandEncoder {
        DispatchCommandEncoder::custom(CommandEncoder::new(&self.shared, desc))
    }

    fn create_render_bundle_encoder(
        &self,
        _desc: &wgpu::RenderBundleEncoderDescriptor<'_>,
    ) -> DispatchRenderBundleEncoder {
        unsupported(Missing::Rendering)
    }

    fn set_device_lost_callback(&self, device_lost_callback: BoxDeviceLostCallback) {
        self.shared.set_lost_callback(device_lost_callback);
    }

    fn on_uncaptured_error(&self, handler: Arc<dyn wgpu::UncapturedErrorHandler>) {
        self.shared.set_handler(handler);
    }

    fn push_error_scope(&self, filter: wgpu::ErrorFilter) -> u32 {
        self.shared.push(filter)
    }

    fn pop_error_scope(&self, index: u32) -> Pin<Box<dyn PopErrorScopeFuture>> {
        Box::pin(ready(self.shared.pop(index)))
    }

    #[allow(unsafe_code, reason = "the trait has it so; nothing is done")]
    unsafe fn start_graphics_debugger_capture(&self) {}

    #[allow(unsafe_code, reason = "the trait has it so; nothing is done")]
    unsafe fn stop_graphics_debugger_capture(&self) {}

    // Callbacks have run before: there is nothing to be told of. Only a program that waits for the GPU has to be held up.
    fn poll(&self, poll_type: wgpu::wgt::PollType<u64>) -> Result<wgpu::PollStatus, wgpu::PollError> {
        if poll_type.is_wait() {
            self.shared.wait();
        }
        Ok(wgpu::PollStatus::QueueEmpty)
    }

    fn get_internal_counters(&self) -> wgpu::InternalCounters {
        wgpu::InternalCounters::default()
    }

    fn generate_allocator_report(&self) -> Option<wgpu::AllocatorReport> {
        None
    }

    fn destroy(&self) {
        self.shared.destroy();
    }
}
