//! The interface `wasi:webgpu` as generated code, in components only.
//!
//! Generated from `wit/webgpu`. The crate's own types stand on it; so can whatever wants the whole interface, such as another
//! library for GPUs: everything is in `wasi::webgpu::webgpu`, under the names of the standard.
#![allow(missing_docs, unreachable_pub, clippy::all, reason = "generated code")]

wit_bindgen::generate!({
    path: "../../../wit/webgpu",
    world: "compute",
    generate_all,
    default_bindings_module: "trialbox_gpu::bindings",
});
