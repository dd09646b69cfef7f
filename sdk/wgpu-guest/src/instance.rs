//! The entry point: an instance of `wgpu` whose one adapter is the GPU that the study grants.

use std::future::ready;
use std::pin::Pin;

use wgpu::custom::{DispatchAdapter, DispatchSurface, EnumerateAdapterFuture, InstanceInterface, RequestAdapterFuture};

use crate::adapter::Adapter;
use crate::bindings::wasi::webgpu::webgpu::{self, Gpu, GpuPowerPreference, GpuRequestAdapterOptions};
use crate::unsupported::{Missing, unsupported};

/// The instance of a trial.
///
/// The study must grant a GPU (its table `[gpu]`); a component that imports the interface without a grant is refused before it runs.
/// Instances are cheap, and share nothing.
#[must_use]
pub fn instance() -> wgpu::Instance {
    wgpu::Instance::from_custom(Instance { gpu: webgpu::get_gpu() })
}

#[derive(Debug)]
struct Instance {
    gpu: Gpu,
}

impl Instance {
    fn adapter(&self, options: &GpuRequestAdapterOptions) -> Option<DispatchAdapter> {
        self.gpu.request_adapter(Some(options)).map(|adapter| DispatchAdapter::custom(Adapter::new(adapter)))
    }
}

const NO_OPTIONS: GpuRequestAdapterOptions = GpuRequestAdapterOptions {
    feature_level: None,
    power_preference: None,
    force_fallback_adapter: None,
    xr_compatible: None,
};

impl InstanceInterface for Instance {
    fn new(_desc: wgpu::InstanceDescriptor) -> Self {
        Self { gpu: webgpu::get_gpu() }
    }

    #[allow(unsafe_code, reason = "the trait has it so; nothing is done")]
    unsafe fn create_surface(
        &self,
        _target: wgpu::SurfaceTargetUnsafe,
    ) -> Result<DispatchSurface, wgpu::CreateSurfaceError> {
        unsupported(Missing::Surfaces)
    }

    fn request_adapter(&self, options: &wgpu::RequestAdapterOptions<'_, '_>) -> Pin<Box<dyn RequestAdapterFuture>> {
        if options.compatible_surface.is_some() {
            unsupported(Missing::Surfaces);
        }
        let options = GpuRequestAdapterOptions {
            power_preference: match options.power_preference {
                wgpu::PowerPreference::None => None,
                wgpu::PowerPreference::LowPower => Some(GpuPowerPreference::LowPower),
                wgpu::PowerPreference::HighPerformance => Some(GpuPowerPreference::HighPerformance),
            },
            force_fallback_adapter: Some(options.force_fallback_adapter),
            ..NO_OPTIONS
        };
        let none = wgpu::RequestAdapterError::NotFound {
            active_backends: wgpu::Backends::BROWSER_WEBGPU,
            requested_backends: wgpu::Backends::BROWSER_WEBGPU,
            supported_backends: wgpu::Backends::BROWSER_WEBGPU,
            no_fallback_backends: wgpu::Backends::empty(),
            no_adapter_backends: wgpu::Backends::BROWSER_WEBGPU,
            incompatible_surface_backends: wgpu::Backends::empty(),
        };
        Box::pin(ready(self.adapter(&options).ok_or(none)))
    }

    // Nothing is ever under way that a program could be told of later.
    fn poll_all_devices(&self, _force_wait: bool) -> bool {
        true
    }

    fn wgsl_language_features(&self) -> wgpu::WgslLanguageFeatures {
        let offered = self.gpu.wgsl_language_features();
        let known = [
            (
                "readonly_and_readwrite_storage_textures",
                wgpu::WgslLanguageFeatures::ReadOnlyAndReadWriteStorageTextures,
            ),
            ("packed_4x8_integer_dot_product", wgpu::WgslLanguageFeatures::Packed4x8IntegerDotProduct),
            ("unrestricted_pointer_parameters", wgpu::WgslLanguageFeatures::UnrestrictedPointerParameters),
            ("pointer_composite_access", wgpu::WgslLanguageFeatures::PointerCompositeAccess),
        ];
        known.into_iter().filter(|(name, _)| offered.has(name)).map(|(_, feature)| feature).collect()
    }

    fn enumerate_adapters(&self, _backends: wgpu::Backends) -> Pin<Box<dyn EnumerateAdapterFuture>> {
        Box::pin(ready(self.adapter(&NO_OPTIONS).into_iter().collect::<Vec<_>>()))
    }
}
