//! Adapters and devices: what they have, how one is opened and lost, and its errors.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use wasmtime::component::Resource;

use super::objects::{Label, Shared};
use super::{
    Adapter, AdapterInfo, DEVICES_MAX, Device, DeviceLostInfo, Error, Gpu, HostState, LanguageFeatures, Queue,
    SupportedFeatures, SupportedLimits, port_error,
};
use crate::gpu::cost;
use crate::gpu::message::{DeviceLimits, ErrorKind, Order, Reply};
use crate::sandbox::bindings::webgpu::{
    self, GpuErrorKind, GpuFeatureName, RequestDeviceError, RequestDeviceErrorKind,
};
use crate::sandbox::fault::Fault;
use crate::study::GpuFeature;

/// What every trial is told of its adapter.
const VENDOR: &str = "trialbox";
const DESCRIPTION: &str = "what the study grants of a GPU";
/// The extremes that the standard allows for: which of them it is differs from device to device.
const SUBGROUP_SIZE_MIN: u32 = 4;
const SUBGROUP_SIZE_MAX: u32 = 128;
/// What every adapter has, by its name as a feature.
const CORE: &str = "core-features-and-limits";

impl webgpu::HostGpu for HostState {
    fn request_adapter(
        &mut self,
        _: Resource<Gpu>,
        options: Option<webgpu::GpuRequestAdapterOptions>,
    ) -> wasmtime::Result<Option<Resource<Adapter>>> {
        self.gpu(0)?;
        let is_for_display = options.is_some_and(|options| options.xr_compatible == Some(true));
        if is_for_display { Ok(None) } else { self.gpu_push(Adapter).map(Some) }
    }

    fn wgsl_language_features(&mut self, _: Resource<Gpu>) -> wasmtime::Result<Resource<LanguageFeatures>> {
        self.gpu(0)?;
        self.gpu_push(LanguageFeatures)
    }

    fn drop(&mut self, gpu: Resource<Gpu>) -> wasmtime::Result<()> {
        self.gpu_drop(gpu)
    }
}

impl HostState {
    fn granted(&mut self) -> wasmtime::Result<(Vec<GpuFeature>, DeviceLimits, DeviceLimits)> {
        let port = self.gpu(0)?.port.as_ref().ok_or_else(not_granted)?;
        let (least, most) = (DeviceLimits::default_within(port.limits()), DeviceLimits::offered(port.limits()));
        Ok((port.features().to_vec(), least, most))
    }

    fn open_device(
        &mut self,
        descriptor: Option<webgpu::GpuDeviceDescriptor>,
    ) -> wasmtime::Result<Result<Resource<Device>, RequestDeviceError>> {
        let (granted, default, offered) = self.granted()?;
        let (mut features, mut limits, mut label) = (Vec::new(), default, None);
        if let Some(descriptor) = descriptor {
            label = descriptor.label;
            for name in descriptor.required_features.unwrap_or_default() {
                match feature(name).filter(|feature| granted.contains(feature)) {
                    Some(feature) => features.push(feature),
                    None => {
                        let message =
                            format!("the study does not grant the feature {name:?}; see `features` under [gpu]");
                        return Ok(Err(refused(RequestDeviceErrorKind::TypeError, message)));
                    }
                }
            }
            features.sort_unstable();
            features.dedup();
            if let Some(required) = descriptor.required_limits {
                let entries = self.table.delete(required)?.into_pairs();
                for (name, value) in entries.into_iter().filter_map(|(name, value)| Some((name, value?))) {
                    if let Err(message) = require(&mut limits, &offered, &name, value) {
                        return Ok(Err(refused(RequestDeviceErrorKind::OperationError, message)));
                    }
                }
            }
        }
        let gpu = self.gpu(cost::DEVICE_FUEL)?;
        if gpu.devices.len() >= DEVICES_MAX {
            let message = format!("a trial may open {DEVICES_MAX} devices");
            return Ok(Err(refused(RequestDeviceErrorKind::OperationError, message)));
        }
        let port = gpu.port.clone().ok_or_else(not_granted)?;
        let open = match port.open(gpu.first, features.clone(), limits).map_err(port_error)? {
            Ok(open) => Arc::new(open),
            Err(message) => return Ok(Err(refused(RequestDeviceErrorKind::OperationError, message))),
        };
        gpu.first.get_or_insert(open.id());
        gpu.devices.push(open.clone());
        let (is_lost, commands) = (AtomicBool::new(false), AtomicU64::new(0));
        let shared = Arc::new(Shared { open, limits, features, is_lost, commands });
        self.gpu_push(Device { shared, label: Label::of(label) }).map(Ok)
    }
}

fn not_granted() -> wasmtime::Error {
    Fault::misuse("the study grants no GPU: it has no table [gpu]")
}

fn refused(kind: RequestDeviceErrorKind, message: String) -> RequestDeviceError {
    RequestDeviceError { kind, message }
}

fn feature(name: GpuFeatureName) -> Option<GpuFeature> {
    match name {
        GpuFeatureName::ShaderF16 => Some(GpuFeature::ShaderF16),
        GpuFeatureName::Subgroups => Some(GpuFeature::Subgroups),
        _ => None,
    }
}

/// A limit as the standard's name has it, in limits of a device. Of two of them, whether the smaller is the better one.
fn limit(limits: &wgpu::Limits, name: &str) -> Option<(u64, bool)> {
    let value = match name {
        "maxTextureDimension1D" => limits.max_texture_dimension_1d.into(),
        "maxTextureDimension2D" => limits.max_texture_dimension_2d.into(),
        "maxTextureDimension3D" => limits.max_texture_dimension_3d.into(),
        "maxTextureArrayLayers" => limits.max_texture_array_layers.into(),
        "maxBindGroups" => limits.max_bind_groups.into(),
        "maxBindGroupsPlusVertexBuffers" => limits.max_bind_groups_plus_vertex_buffers.into(),
        "maxBindingsPerBindGroup" => limits.max_bindings_per_bind_group.into(),
        "maxDynamicUniformBuffersPerPipelineLayout" => limits.max_dynamic_uniform_buffers_per_pipeline_layout.into(),
        "maxDynamicStorageBuffersPerPipelineLayout" => limits.max_dynamic_storage_buffers_per_pipeline_layout.into(),
        "maxSampledTexturesPerShaderStage" => limits.max_sampled_textures_per_shader_stage.into(),
        "maxSamplersPerShaderStage" => limits.max_samplers_per_shader_stage.into(),
        "maxStorageBuffersPerShaderStage" => limits.max_storage_buffers_per_shader_stage.into(),
        "maxStorageTexturesPerShaderStage" => limits.max_storage_textures_per_shader_stage.into(),
        "maxUniformBuffersPerShaderStage" => limits.max_uniform_buffers_per_shader_stage.into(),
        "maxUniformBufferBindingSize" => limits.max_uniform_buffer_binding_size,
        "maxStorageBufferBindingSize" => limits.max_storage_buffer_binding_size,
        "minUniformBufferOffsetAlignment" => return Some((limits.min_uniform_buffer_offset_alignment.into(), true)),
        "minStorageBufferOffsetAlignment" => return Some((limits.min_storage_buffer_offset_alignment.into(), true)),
        "maxVertexBuffers" => limits.max_vertex_buffers.into(),
        "maxBufferSize" => limits.max_buffer_size,
        "maxVertexAttributes" => limits.max_vertex_attributes.into(),
        "maxVertexBufferArrayStride" => limits.max_vertex_buffer_array_stride.into(),
        "maxInterStageShaderVariables" => limits.max_inter_stage_shader_variables.into(),
        "maxColorAttachments" => limits.max_color_attachments.into(),
        "maxColorAttachmentBytesPerSample" => limits.max_color_attachment_bytes_per_sample.into(),
        "maxComputeWorkgroupStorageSize" => limits.max_compute_workgroup_storage_size.into(),
        "maxComputeInvocationsPerWorkgroup" => limits.max_compute_invocations_per_workgroup.into(),
        "maxComputeWorkgroupSizeX" => limits.max_compute_workgroup_size_x.into(),
        "maxComputeWorkgroupSizeY" => limits.max_compute_workgroup_size_y.into(),
        "maxComputeWorkgroupSizeZ" => limits.max_compute_workgroup_size_z.into(),
        "maxComputeWorkgroupsPerDimension" => limits.max_compute_workgroups_per_dimension.into(),
        _ => return None,
    };
    Some((value, false))
}

/// Has limits be as good as is asked for, if that is offered.
fn require(limits: &mut DeviceLimits, offered: &DeviceLimits, name: &str, value: u64) -> Result<(), String> {
    let Some((there, is_smaller_better)) = limit(&offered.to_wgpu(), name) else {
        return Err(format!("there is no limit `{}`", crate::sandbox::component::shown(name)));
    };
    let is_too_good = if is_smaller_better { value < there } else { value > there };
    if is_too_good {
        return Err(format!("the limit `{name}` can be {there} at best, and {value} was asked for"));
    }
    match name {
        "maxBufferSize" => limits.buffer_bytes_max = limits.buffer_bytes_max.max(value),
        "maxStorageBufferBindingSize" => {
            limits.storage_binding_bytes_max = limits.storage_binding_bytes_max.max(value);
        }
        _ => {}
    }
    Ok(())
}

impl webgpu::HostGpuAdapter for HostState {
    fn features(&mut self, _: Resource<Adapter>) -> wasmtime::Result<Resource<SupportedFeatures>> {
        let (features, ..) = self.granted()?;
        self.gpu_push(SupportedFeatures(features))
    }

    fn limits(&mut self, _: Resource<Adapter>) -> wasmtime::Result<Resource<SupportedLimits>> {
        let (.., offered) = self.granted()?;
        self.gpu_push(SupportedLimits(offered))
    }

    fn info(&mut self, _: Resource<Adapter>) -> wasmtime::Result<Resource<AdapterInfo>> {
        self.gpu(0)?;
        self.gpu_push(AdapterInfo)
    }

    fn is_fallback_adapter(&mut self, _: Resource<Adapter>) -> wasmtime::Result<bool> {
        self.gpu(0)?;
        Ok(false)
    }

    fn request_device(
        &mut self,
        _: Resource<Adapter>,
        descriptor: Option<webgpu::GpuDeviceDescriptor>,
    ) -> wasmtime::Result<Result<Resource<Device>, RequestDeviceError>> {
        self.open_device(descriptor)
    }

    fn drop(&mut self, adapter: Resource<Adapter>) -> wasmtime::Result<()> {
        self.gpu_drop(adapter)
    }
}

impl webgpu::HostGpuAdapterInfo for HostState {
    fn vendor(&mut self, _: Resource<AdapterInfo>) -> wasmtime::Result<String> {
        self.gpu(0)?;
        Ok(VENDOR.into())
    }

    fn architecture(&mut self, _: Resource<AdapterInfo>) -> wasmtime::Result<String> {
        self.gpu(0)?;
        Ok(String::new())
    }

    fn device(&mut self, _: Resource<AdapterInfo>) -> wasmtime::Result<String> {
        self.gpu(0)?;
        Ok(String::new())
    }

    fn description(&mut self, _: Resource<AdapterInfo>) -> wasmtime::Result<String> {
        self.gpu(0)?;
        Ok(DESCRIPTION.into())
    }

    fn subgroup_min_size(&mut self, _: Resource<AdapterInfo>) -> wasmtime::Result<u32> {
        self.gpu(0)?;
        Ok(SUBGROUP_SIZE_MIN)
    }

    fn subgroup_max_size(&mut self, _: Resource<AdapterInfo>) -> wasmtime::Result<u32> {
        self.gpu(0)?;
        Ok(SUBGROUP_SIZE_MAX)
    }

    fn drop(&mut self, info: Resource<AdapterInfo>) -> wasmtime::Result<()> {
        self.gpu_drop(info)
    }
}

impl webgpu::HostGpuSupportedFeatures for HostState {
    fn has(&mut self, features: Resource<SupportedFeatures>, value: String) -> wasmtime::Result<bool> {
        let SupportedFeatures(features) = self.gpu_object(&features, value.len() as u64)?;
        Ok(value == CORE || features.iter().any(|feature| feature.name() == value))
    }

    fn drop(&mut self, features: Resource<SupportedFeatures>) -> wasmtime::Result<()> {
        self.gpu_drop(features)
    }
}

impl webgpu::HostWgslLanguageFeatures for HostState {
    fn has(&mut self, _: Resource<LanguageFeatures>, value: String) -> wasmtime::Result<bool> {
        self.gpu(value.len() as u64)?;
        Ok(false)
    }

    fn drop(&mut self, features: Resource<LanguageFeatures>) -> wasmtime::Result<()> {
        self.gpu_drop(features)
    }
}

/// The functions of the limits, each of which tells one.
macro_rules! supported_limits {
    ($($name:ident: $type:ty;)+) => {
        impl webgpu::HostGpuSupportedLimits for HostState {
            $(fn $name(&mut self, limits: Resource<SupportedLimits>) -> wasmtime::Result<$type> {
                let SupportedLimits(limits) = self.gpu_object(&limits, 0)?;
                Ok(limits.to_wgpu().$name)
            })+

            fn max_texture_dimension1_d(&mut self, limits: Resource<SupportedLimits>) -> wasmtime::Result<u32> {
                Ok(self.gpu_object(&limits, 0)?.0.to_wgpu().max_texture_dimension_1d)
            }

            fn max_texture_dimension2_d(&mut self, limits: Resource<SupportedLimits>) -> wasmtime::Result<u32> {
                Ok(self.gpu_object(&limits, 0)?.0.to_wgpu().max_texture_dimension_2d)
            }

            fn max_texture_dimension3_d(&mut self, limits: Resource<SupportedLimits>) -> wasmtime::Result<u32> {
                Ok(self.gpu_object(&limits, 0)?.0.to_wgpu().max_texture_dimension_3d)
            }

            fn drop(&mut self, limits: Resource<SupportedLimits>) -> wasmtime::Result<()> {
                self.gpu_drop(limits)
            }
        }
    };
}

supported_limits! {
    max_texture_array_layers: u32;
    max_bind_groups: u32;
    max_bind_groups_plus_vertex_buffers: u32;
    max_bindings_per_bind_group: u32;
    max_dynamic_uniform_buffers_per_pipeline_layout: u32;
    max_dynamic_storage_buffers_per_pipeline_layout: u32;
    max_sampled_textures_per_shader_stage: u32;
    max_samplers_per_shader_stage: u32;
    max_storage_buffers_per_shader_stage: u32;
    max_storage_textures_per_shader_stage: u32;
    max_uniform_buffers_per_shader_stage: u32;
    max_uniform_buffer_binding_size: u64;
    max_storage_buffer_binding_size: u64;
    min_uniform_buffer_offset_alignment: u32;
    min_storage_buffer_offset_alignment: u32;
    max_vertex_buffers: u32;
    max_buffer_size: u64;
    max_vertex_attributes: u32;
    max_vertex_buffer_array_stride: u32;
    max_inter_stage_shader_variables: u32;
    max_color_attachments: u32;
    max_color_attachment_bytes_per_sample: u32;
    max_compute_workgroup_storage_size: u32;
    max_compute_invocations_per_workgroup: u32;
    max_compute_workgroup_size_x: u32;
    max_compute_workgroup_size_y: u32;
    max_compute_workgroup_size_z: u32;
    max_compute_workgroups_per_dimension: u32;
}

impl webgpu::HostGpuDevice for HostState {
    fn features(&mut self, device: Resource<Device>) -> wasmtime::Result<Resource<SupportedFeatures>> {
        let features = self.gpu_object(&device, 0)?.shared.features.clone();
        self.gpu_push(SupportedFeatures(features))
    }

    fn limits(&mut self, device: Resource<Device>) -> wasmtime::Result<Resource<SupportedLimits>> {
        let limits = self.gpu_object(&device, 0)?.shared.limits;
        self.gpu_push(SupportedLimits(limits))
    }

    fn adapter_info(&mut self, device: Resource<Device>) -> wasmtime::Result<Resource<AdapterInfo>> {
        self.gpu_object(&device, 0)?;
        self.gpu_push(AdapterInfo)
    }

    fn queue(&mut self, device: Resource<Device>) -> wasmtime::Result<Resource<Queue>> {
        let shared = self.gpu_object(&device, 0)?.shared.clone();
        self.gpu_push(Queue { shared, label: Label::default() })
    }

    fn destroy(&mut self, device: Resource<Device>) -> wasmtime::Result<()> {
        let shared = self.gpu_object(&device, cost::WAIT_FUEL)?.shared.clone();
        if !shared.is_lost.swap(true, Ordering::Relaxed) {
            // What runs is waited for, so that nothing of it is left.
            shared.open.settle().map_err(port_error)?;
            shared.open.tell(Order::DestroyDevice).map_err(port_error)?;
        }
        Ok(())
    }

    fn create_buffer(
        &mut self,
        device: Resource<Device>,
        descriptor: webgpu::GpuBufferDescriptor,
    ) -> wasmtime::Result<Resource<super::Buffer>> {
        self.gpu_create_buffer(&device, descriptor)
    }

    fn create_bind_group_layout(
        &mut self,
        device: Resource<Device>,
        descriptor: webgpu::GpuBindGroupLayoutDescriptor,
    ) -> wasmtime::Result<Resource<super::BindGroupLayout>> {
        self.gpu_create_bind_group_layout(&device, descriptor)
    }

    fn create_pipeline_layout(
        &mut self,
        device: Resource<Device>,
        descriptor: webgpu::GpuPipelineLayoutDescriptor,
    ) -> wasmtime::Result<Resource<super::PipelineLayout>> {
        self.gpu_create_pipeline_layout(&device, descriptor)
    }

    fn create_bind_group(
        &mut self,
        device: Resource<Device>,
        descriptor: webgpu::GpuBindGroupDescriptor,
    ) -> wasmtime::Result<Resource<super::BindGroup>> {
        self.gpu_create_bind_group(&device, descriptor)
    }

    fn create_shader_module(
        &mut self,
        device: Resource<Device>,
        descriptor: webgpu::GpuShaderModuleDescriptor,
    ) -> wasmtime::Result<Resource<super::ShaderModule>> {
        self.gpu_create_shader(&device, descriptor)
    }

    fn create_compute_pipeline(
        &mut self,
        device: Resource<Device>,
        descriptor: webgpu::GpuComputePipelineDescriptor,
    ) -> wasmtime::Result<Resource<super::ComputePipeline>> {
        let shared = self.gpu_object(&device, 0)?.shared.clone();
        let (pipeline, error) = self.gpu_create_pipeline(&shared, descriptor)?;
        if let Some(error) = error {
            shared.open.fail(error).map_err(port_error)?;
        }
        self.gpu_push(pipeline)
    }

    fn create_compute_pipeline_async(
        &mut self,
        device: Resource<Device>,
        descriptor: webgpu::GpuComputePipelineDescriptor,
    ) -> wasmtime::Result<Result<Resource<super::ComputePipeline>, webgpu::CreatePipelineError>> {
        let shared = self.gpu_object(&device, 0)?.shared.clone();
        match self.gpu_create_pipeline(&shared, descriptor)? {
            (pipeline, None) => self.gpu_push(pipeline).map(Ok),
            (_, Some(error)) => {
                let reason = match error.kind {
                    ErrorKind::Validation => webgpu::GpuPipelineErrorReason::Validation,
                    ErrorKind::OutOfMemory | ErrorKind::Internal => webgpu::GpuPipelineErrorReason::Internal,
                };
                let kind = webgpu::CreatePipelineErrorKind::GpuPipelineError(reason);
                Ok(Err(webgpu::CreatePipelineError { kind, message: error.message }))
            }
        }
    }

    fn create_command_encoder(
        &mut self,
        device: Resource<Device>,
        descriptor: Option<webgpu::GpuCommandEncoderDescriptor>,
    ) -> wasmtime::Result<Resource<super::CommandEncoder>> {
        self.gpu_create_encoder(&device, descriptor.and_then(|descriptor| descriptor.label))
    }

    fn lost(&mut self, device: Resource<Device>) -> wasmtime::Result<Resource<DeviceLostInfo>> {
        if !self.gpu_object(&device, 0)?.shared.is_lost.load(Ordering::Relaxed) {
            // The call returns when the device is lost, and nothing but the caller could bring that about.
            return Err(Fault::misuse("`gpu-device.lost` would wait for ever: the device is not lost"));
        }
        self.gpu_push(DeviceLostInfo)
    }

    fn push_error_scope(&mut self, device: Resource<Device>, filter: webgpu::GpuErrorFilter) -> wasmtime::Result<()> {
        let kind = match filter {
            webgpu::GpuErrorFilter::Validation => ErrorKind::Validation,
            webgpu::GpuErrorFilter::OutOfMemory => ErrorKind::OutOfMemory,
            webgpu::GpuErrorFilter::Internal => ErrorKind::Internal,
        };
        self.gpu_object(&device, 0)?.shared.open.tell(Order::PushScope(kind)).map_err(port_error)
    }

    fn pop_error_scope(
        &mut self,
        device: Resource<Device>,
    ) -> wasmtime::Result<Result<Option<Resource<Error>>, webgpu::PopErrorScopeError>> {
        let open = self.gpu_object(&device, cost::OBJECT_FUEL)?.shared.open.clone();
        let answer = open.ask(Order::PopScope).map_err(port_error)?;
        self.gpu_tell_uncaught(&answer.uncaught);
        match answer.reply {
            Reply::Scope(Some(caught)) => Ok(Ok(caught.map(|error| self.gpu_push(Error(error))).transpose()?)),
            _ => {
                let kind = webgpu::PopErrorScopeErrorKind::OperationError;
                Ok(Err(webgpu::PopErrorScopeError { kind, message: "no error scope is open".into() }))
            }
        }
    }

    fn label(&mut self, device: Resource<Device>) -> wasmtime::Result<String> {
        self.gpu_label(&device)
    }

    fn set_label(&mut self, device: Resource<Device>, label: String) -> wasmtime::Result<()> {
        self.gpu_set_label(&device, label)
    }

    fn drop(&mut self, device: Resource<Device>) -> wasmtime::Result<()> {
        self.gpu_drop(device)
    }
}

impl webgpu::HostGpuDeviceLostInfo for HostState {
    fn reason(&mut self, _: Resource<DeviceLostInfo>) -> wasmtime::Result<webgpu::GpuDeviceLostReason> {
        self.gpu(0)?;
        Ok(webgpu::GpuDeviceLostReason::Destroyed)
    }

    fn message(&mut self, _: Resource<DeviceLostInfo>) -> wasmtime::Result<String> {
        self.gpu(0)?;
        Ok("the guest has destroyed it".into())
    }

    fn drop(&mut self, info: Resource<DeviceLostInfo>) -> wasmtime::Result<()> {
        self.gpu_drop(info)
    }
}

impl webgpu::HostGpuError for HostState {
    fn message(&mut self, error: Resource<Error>) -> wasmtime::Result<String> {
        let message = self.gpu_object(&error, 0)?.0.message.clone();
        self.owe_call(message.len() as u64);
        Ok(message)
    }

    fn kind(&mut self, error: Resource<Error>) -> wasmtime::Result<GpuErrorKind> {
        Ok(match self.gpu_object(&error, 0)?.0.kind {
            ErrorKind::Validation => GpuErrorKind::ValidationError,
            ErrorKind::OutOfMemory => GpuErrorKind::OutOfMemoryError,
            ErrorKind::Internal => GpuErrorKind::InternalError,
        })
    }

    fn drop(&mut self, error: Resource<Error>) -> wasmtime::Result<()> {
        self.gpu_drop(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::GpuLimits;

    #[test]
    fn a_device_has_the_limits_that_were_asked_for_as_far_as_the_study_grants_them() {
        let grant = GpuLimits { buffer_bytes_max: 1 << 30, ..GpuLimits::default() };
        let offered = DeviceLimits::offered(&grant);
        let mut limits = DeviceLimits::default_within(&grant);
        assert_eq!(limits.buffer_bytes_max, 256 << 20);
        assert_eq!(require(&mut limits, &offered, "maxBufferSize", 1 << 30), Ok(()));
        assert_eq!(limits.buffer_bytes_max, 1 << 30);
        assert!(require(&mut limits, &offered, "maxBufferSize", (1 << 30) + 1).unwrap_err().contains("at best"));
        assert_eq!(require(&mut limits, &offered, "minStorageBufferOffsetAlignment", 256), Ok(()));
        assert!(require(&mut limits, &offered, "minStorageBufferOffsetAlignment", 4).is_err());
        assert!(require(&mut limits, &offered, "maxWishes", 3).unwrap_err().contains("no limit `maxWishes`"));
    }
}
