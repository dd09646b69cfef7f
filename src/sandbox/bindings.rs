//! Rust types for `wit/`, generated. Imports are bound by hand in `host/`, where the store can be charged.

wasmtime::component::bindgen!({
    path: "wit/trial.wit",
    world: "trial",
    imports: { default: trappable },
    exports: { default: async },
});

/// The world of searchers, which shares the types.
pub(super) mod searching {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "searcher",
        imports: { default: trappable },
        exports: { default: async },
        with: { "trialbox:trial/types": super::trialbox::trial::types },
    });
}

/// What computes on a GPU. Its resources are the host's own.
pub(super) mod computing {
    wasmtime::component::bindgen!({
        path: "wit/webgpu",
        world: "compute",
        imports: { default: trappable },
        with: {
            "wasi:webgpu/webgpu.gpu": crate::sandbox::host::gpu::Gpu,
            "wasi:webgpu/webgpu.gpu-adapter": crate::sandbox::host::gpu::Adapter,
            "wasi:webgpu/webgpu.gpu-adapter-info": crate::sandbox::host::gpu::AdapterInfo,
            "wasi:webgpu/webgpu.gpu-supported-limits": crate::sandbox::host::gpu::SupportedLimits,
            "wasi:webgpu/webgpu.gpu-supported-features": crate::sandbox::host::gpu::SupportedFeatures,
            "wasi:webgpu/webgpu.wgsl-language-features": crate::sandbox::host::gpu::LanguageFeatures,
            "wasi:webgpu/webgpu.record-option-gpu-size64": crate::sandbox::host::gpu::LimitEntries,
            "wasi:webgpu/webgpu.gpu-device": crate::sandbox::host::gpu::Device,
            "wasi:webgpu/webgpu.gpu-buffer": crate::sandbox::host::gpu::Buffer,
            "wasi:webgpu/webgpu.gpu-buffer-usage": crate::sandbox::host::gpu::Never,
            "wasi:webgpu/webgpu.gpu-map-mode": crate::sandbox::host::gpu::Never,
            "wasi:webgpu/webgpu.gpu-shader-stage": crate::sandbox::host::gpu::Never,
            "wasi:webgpu/webgpu.gpu-texture-view": crate::sandbox::host::gpu::Never,
            "wasi:webgpu/webgpu.gpu-sampler": crate::sandbox::host::gpu::Never,
            "wasi:webgpu/webgpu.gpu-query-set": crate::sandbox::host::gpu::Never,
            "wasi:webgpu/webgpu.gpu-bind-group-layout": crate::sandbox::host::gpu::BindGroupLayout,
            "wasi:webgpu/webgpu.gpu-bind-group": crate::sandbox::host::gpu::BindGroup,
            "wasi:webgpu/webgpu.gpu-pipeline-layout": crate::sandbox::host::gpu::PipelineLayout,
            "wasi:webgpu/webgpu.gpu-shader-module": crate::sandbox::host::gpu::ShaderModule,
            "wasi:webgpu/webgpu.gpu-compilation-message": crate::sandbox::host::gpu::CompilationMessage,
            "wasi:webgpu/webgpu.gpu-compilation-info": crate::sandbox::host::gpu::CompilationInfo,
            "wasi:webgpu/webgpu.record-gpu-pipeline-constant-value": crate::sandbox::host::gpu::ConstantEntries,
            "wasi:webgpu/webgpu.gpu-compute-pipeline": crate::sandbox::host::gpu::ComputePipeline,
            "wasi:webgpu/webgpu.gpu-command-buffer": crate::sandbox::host::gpu::CommandBuffer,
            "wasi:webgpu/webgpu.gpu-command-encoder": crate::sandbox::host::gpu::CommandEncoder,
            "wasi:webgpu/webgpu.gpu-compute-pass-encoder": crate::sandbox::host::gpu::ComputePassEncoder,
            "wasi:webgpu/webgpu.gpu-queue": crate::sandbox::host::gpu::Queue,
            "wasi:webgpu/webgpu.gpu-device-lost-info": crate::sandbox::host::gpu::DeviceLostInfo,
            "wasi:webgpu/webgpu.gpu-error": crate::sandbox::host::gpu::Error,
        },
    });
}

pub(super) use self::computing::wasi::webgpu::webgpu;
pub(super) use self::trialbox::trial::types;
