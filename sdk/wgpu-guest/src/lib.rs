//! Code written for the crate `wgpu` runs unchanged in a trialbox component.
//!
//! A component reaches the GPU through the interface `wasi:webgpu`; this crate is a backend of `wgpu` over it. The rest of the program
//! sees ordinary `wgpu` types:
//!
//! ```ignore
//! let instance: wgpu::Instance = trialbox_wgpu::instance();
//! let adapter = block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default()))?;
//! let (device, queue) = block_on(adapter.request_device(&wgpu::DeviceDescriptor::default()))?;
//! ```
//!
//! Every future is ready when it is polled first, and every callback runs before the function that takes it returns: the engine holds
//! the component up until the GPU is done. `block_on` may be any that polls.
//!
//! What computes is all there. What draws, samples textures, measures time, or takes the size of a dispatch from a buffer is not: it
//! panics with a text that names it. See the README for the list, and for what differs from a native backend.
//!
//! Outside of components the crate is empty: there `wgpu::Instance::new` gives the machine's own GPU.

#[cfg(target_family = "wasm")]
mod adapter;
#[cfg(target_family = "wasm")]
mod binding;
#[cfg(target_family = "wasm")]
mod bindings;
#[cfg(target_family = "wasm")]
mod buffer;
#[cfg(target_family = "wasm")]
mod commands;
#[cfg(any(test, target_family = "wasm"))]
mod contents;
#[cfg(target_family = "wasm")]
mod device;
#[cfg(target_family = "wasm")]
mod errors;
#[cfg(target_family = "wasm")]
mod foreign;
#[cfg(target_family = "wasm")]
mod instance;
#[cfg(target_family = "wasm")]
mod limits;
#[cfg(target_family = "wasm")]
mod mapping;
#[cfg(target_family = "wasm")]
mod pass;
#[cfg(target_family = "wasm")]
mod pipeline;
#[cfg(target_family = "wasm")]
mod queue;
#[cfg(target_family = "wasm")]
mod shader;
#[cfg(target_family = "wasm")]
mod unsupported;

#[cfg(target_family = "wasm")]
pub use instance::instance;
