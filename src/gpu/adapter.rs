//! The adapter of this machine: found, described, and made to give devices with the limits that a study grants.

use std::future::Future;
use std::task::{Context, Poll, Waker};

use super::message::{DeviceLimits, EngineKind};
use crate::study::{GpuAdapter, GpuFeature, GpuLimits};

/// The release of the library that translates shaders and drives the adapter; a test holds it against the lock file.
const LIBRARY_RELEASE: &str = "30.0.1";

/// There is no adapter that a study could use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
pub enum AdapterError {
    /// None at all.
    #[error("this machine has no GPU that a program can compute on: {0}")]
    None(String),
    /// It lacks something that the study grants.
    #[error("the GPU `{adapter}` lacks {what}")]
    Lacks {
        /// Its name.
        adapter: String,
        /// What it lacks.
        what: String,
    },
    /// Its driver computes wrong results.
    #[error("the GPU `{adapter}` has the driver `{driver}`, which is known to compute wrong results")]
    Unfit {
        /// Its name.
        adapter: String,
        /// The driver.
        driver: String,
    },
}

/// What gives devices.
pub(super) struct Adapter {
    adapter: wgpu::Adapter,
    features: wgpu::Features,
}

/// The versions of what stands between trials and the driver.
#[must_use]
pub fn translator() -> String {
    format!("wgpu {LIBRARY_RELEASE}")
}

impl Adapter {
    /// Finds the adapter, and checks that it has what a study grants.
    ///
    /// # Errors
    /// If there is none, or it lacks something.
    pub(super) fn find(engine: EngineKind, features: &[GpuFeature], limits: &GpuLimits) -> Result<Self, AdapterError> {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        // Neither layers of a debugger nor what the environment of this process says.
        descriptor.flags = wgpu::InstanceFlags::empty();
        descriptor.backends = match engine {
            EngineKind::Adapter => wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12,
            EngineKind::Nothing => {
                descriptor.backend_options.noop.enable = true;
                wgpu::Backends::NOOP
            }
        };
        let instance = wgpu::Instance::new(descriptor);
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..wgpu::RequestAdapterOptions::default()
        };
        let adapter =
            ready(instance.request_adapter(&options)).map_err(|error| AdapterError::None(error.to_string()))?;
        let found = Self { features: wgpu_features(features), adapter };
        found.check(engine, limits)?;
        Ok(found)
    }

    fn check(&self, engine: EngineKind, limits: &GpuLimits) -> Result<(), AdapterError> {
        let GpuAdapter { name: adapter, driver, .. } = self.describe();
        if engine == EngineKind::Adapter && is_known_wrong(&driver) {
            return Err(AdapterError::Unfit { adapter, driver });
        }
        let missing = self.features - self.adapter.features();
        if !missing.is_empty() {
            let names = GpuFeature::ALL.iter().filter(|feature| missing.contains(wgpu_feature(**feature)));
            let what = names.map(|feature| format!("the feature `{}`", feature.name())).collect::<Vec<_>>().join(", ");
            return Err(AdapterError::Lacks { adapter, what });
        }
        let wanted = DeviceLimits::offered(limits).to_wgpu();
        let mut lacking = None;
        wanted.check_limits_with_fail_fn(&self.adapter.limits(), true, |name, wanted, there| {
            lacking = Some(format!("the limit `{name}` of {wanted}; it has {there}"));
        });
        lacking.map_or(Ok(()), |what| Err(AdapterError::Lacks { adapter, what }))
    }

    /// What the study's log says of it.
    pub(super) fn describe(&self) -> GpuAdapter {
        let info = self.adapter.get_info();
        GpuAdapter {
            name: info.name,
            backend: info.backend.to_str().to_owned(),
            driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
            vendor: info.vendor,
            device: info.device,
            is_software: info.device_type == wgpu::DeviceType::Cpu,
            translator: translator(),
        }
    }

    /// Opens a device.
    ///
    /// # Errors
    /// Says why there is none.
    pub(super) fn open(
        &self,
        features: &[GpuFeature],
        limits: DeviceLimits,
    ) -> Result<(wgpu::Device, wgpu::Queue), String> {
        let asked = wgpu_features(features);
        if !self.features.contains(asked) {
            return Err("the study does not grant all of the features that were asked for".into());
        }
        let descriptor = wgpu::DeviceDescriptor {
            label: None,
            required_features: asked,
            required_limits: limits.to_wgpu(),
            experimental_features: wgpu::ExperimentalFeatures::disabled(),
            memory_hints: wgpu::MemoryHints::MemoryUsage,
            trace: wgpu::Trace::Off,
        };
        ready(self.adapter.request_device(&descriptor)).map_err(|error| error.to_string())
    }
}

/// Debian 12's own driver counts at most 65535 rounds of loops, and says nothing.
fn is_known_wrong(driver: &str) -> bool {
    driver.contains("llvmpipe") && driver.contains("Mesa 22.")
}

fn wgpu_features(features: &[GpuFeature]) -> wgpu::Features {
    features.iter().fold(wgpu::Features::empty(), |all, feature| all | wgpu_feature(*feature))
}

fn wgpu_feature(feature: GpuFeature) -> wgpu::Features {
    match feature {
        GpuFeature::ShaderF16 => wgpu::Features::SHADER_F16,
        GpuFeature::Subgroups => wgpu::Features::SUBGROUP,
    }
}

/// The result of a future of the library's, which outside of browsers has one at once.
pub(super) fn ready<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
        std::thread::yield_now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_that_logs_name_is_the_one_that_is_built_in() {
        let lock = include_str!("../../Cargo.lock");
        for library in ["wgpu", "naga"] {
            assert!(lock.contains(&format!("name = \"{library}\"\nversion = \"{LIBRARY_RELEASE}\"")), "{library}");
        }
    }

    #[test]
    fn the_driver_that_computes_wrong_results_is_known_by_its_version() {
        assert!(is_known_wrong("llvmpipe Mesa 22.3.6 (LLVM 15.0.6)"));
        assert!(!is_known_wrong("llvmpipe Mesa 25.0.7-2~bpo12+1 (LLVM 15.0.6)"));
        assert!(!is_known_wrong("NVIDIA 22.3"));
    }

    #[test]
    fn what_an_adapter_lacks_is_named() {
        let limits = GpuLimits { buffer_bytes_max: u64::MAX / 2, ..GpuLimits::default() };
        let found = Adapter::find(EngineKind::Nothing, &[], &limits);
        assert!(matches!(found, Err(AdapterError::Lacks { what, .. }) if what.contains("the limit `max_")));
        assert!(Adapter::find(EngineKind::Nothing, GpuFeature::ALL, &GpuLimits::default()).is_ok());
    }
}
