//! The adapter: what the study grants, under a name that is the same on every machine.

use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;

use wgpu::custom::{AdapterInterface, DispatchDevice, DispatchQueue, DispatchSurface, RequestDeviceFuture};

use crate::bindings::wasi::webgpu::webgpu::{
    GpuAdapter, GpuAdapterInfo, GpuDeviceDescriptor, GpuFeatureName, GpuSupportedFeatures,
};
use crate::device::Device;
use crate::errors::Shared;
use crate::limits;
use crate::queue::Queue;

/// The features of the standard that concern computing, with their names there and in `wgpu`.
const FEATURES: [(&str, GpuFeatureName, wgpu::Features); 2] = [
    ("shader-f16", GpuFeatureName::ShaderF16, wgpu::Features::SHADER_F16),
    ("subgroups", GpuFeatureName::Subgroups, wgpu::Features::SUBGROUP),
];

#[derive(Debug)]
pub(crate) struct Adapter {
    handle: GpuAdapter,
    features: wgpu::Features,
    limits: wgpu::Limits,
    info: wgpu::AdapterInfo,
}

impl Adapter {
    pub(crate) fn new(handle: GpuAdapter) -> Self {
        Self {
            features: features(&handle.features()),
            limits: limits::read(&handle.limits()),
            info: info(&handle.info(), handle.is_fallback_adapter()),
            handle,
        }
    }

    fn open(&self, desc: &wgpu::DeviceDescriptor<'_>) -> Result<(DispatchDevice, DispatchQueue), String> {
        let unknown = desc.required_features - all_features();
        if !unknown.is_empty() {
            return Err(format!("the GPU interface of a trial has no {unknown:?}"));
        }
        let required = FEATURES.iter().filter(|(_, _, feature)| desc.required_features.contains(*feature));
        let descriptor = GpuDeviceDescriptor {
            required_features: Some(required.map(|(_, name, _)| *name).collect()),
            required_limits: limits::ask(&desc.required_limits, &self.limits)?,
            default_queue: None,
            label: desc.label.map(str::to_owned),
        };
        let handle = self.handle.request_device(Some(descriptor)).map_err(|error| error.message)?;
        let (features, limits) = (features(&handle.features()), limits::read(&handle.limits()));
        let shared = Arc::new(Shared::new(handle));
        let device = Device::new(shared.clone(), features, limits, self.info.clone());
        Ok((DispatchDevice::custom(device), DispatchQueue::custom(Queue::new(shared))))
    }
}

fn all_features() -> wgpu::Features {
    FEATURES.iter().fold(wgpu::Features::empty(), |all, (_, _, feature)| all | *feature)
}

fn features(offered: &GpuSupportedFeatures) -> wgpu::Features {
    let there = FEATURES.iter().filter(|(name, _, _)| offered.has(name));
    there.fold(wgpu::Features::empty(), |all, (_, _, feature)| all | *feature)
}

fn info(info: &GpuAdapterInfo, is_fallback: bool) -> wgpu::AdapterInfo {
    let names = [info.description(), info.device(), info.architecture(), info.vendor()];
    wgpu::AdapterInfo {
        name: names.into_iter().find(|name| !name.is_empty()).unwrap_or_default(),
        vendor: 0,
        device: 0,
        device_type: if is_fallback { wgpu::DeviceType::Cpu } else { wgpu::DeviceType::Other },
        device_pci_bus_id: String::new(),
        driver: "wasi:webgpu".into(),
        driver_info: String::new(),
        // The one whose interface is the standard's.
        backend: wgpu::Backend::BrowserWebGpu,
        subgroup_min_size: info.subgroup_min_size(),
        subgroup_max_size: info.subgroup_max_size(),
        transient_saves_memory: None,
        limit_bucket: None,
    }
}

impl AdapterInterface for Adapter {
    fn request_device(&self, desc: &wgpu::DeviceDescriptor<'_>) -> Pin<Box<dyn RequestDeviceFuture>> {
        Box::pin(ready(self.open(desc).map_err(wgpu::RequestDeviceError::from_message)))
    }

    fn is_surface_supported(&self, _surface: &DispatchSurface) -> bool {
        false
    }

    fn features(&self) -> wgpu::Features {
        self.features
    }

    fn limits(&self) -> wgpu::Limits {
        self.limits.clone()
    }

    fn downlevel_capabilities(&self) -> wgpu::DownlevelCapabilities {
        let standard = wgpu::DownlevelCapabilities::default();
        wgpu::DownlevelCapabilities { flags: standard.flags - wgpu::DownlevelFlags::INDIRECT_EXECUTION, ..standard }
    }

    fn get_info(&self) -> wgpu::AdapterInfo {
        self.info.clone()
    }

    fn get_texture_format_features(&self, _format: wgpu::TextureFormat) -> wgpu::TextureFormatFeatures {
        wgpu::TextureFormatFeatures {
            allowed_usages: wgpu::TextureUsages::empty(),
            flags: wgpu::TextureFormatFeatureFlags::empty(),
        }
    }

    fn get_presentation_timestamp(&self) -> wgpu::PresentationTimestamp {
        wgpu::PresentationTimestamp::INVALID_TIMESTAMP
    }

    fn cooperative_matrix_properties(&self) -> Vec<wgpu::CooperativeMatrixProperties> {
        Vec::new()
    }
}
