//! Compute on a GPU inside a trial.
//!
//! A study that grants its trials a GPU lets their components import `wasi:webgpu`. This crate is a small layer over it: typed
//! buffers, kernels in WGSL, batches of dispatches, and every error as a [`GpuError`] with the words of what has checked it.
//!
//! ```
//! use trialbox_gpu::{Gpu, GpuError};
//!
//! const KERNEL: &str = "
//!     @group(0) @binding(0) var<uniform> factor: vec4<f32>;
//!     @group(0) @binding(1) var<storage, read> numbers: array<f32>;
//!     @group(0) @binding(2) var<storage, read_write> products: array<f32>;
//!
//!     @compute @workgroup_size(64)
//!     fn multiply(@builtin(global_invocation_id) id: vec3<u32>) {
//!         if (id.x < arrayLength(&numbers)) {
//!             products[id.x] = factor.x * numbers[id.x];
//!         }
//!     }
//! ";
//!
//! fn products(numbers: &[f32], factor: f32) -> Result<Vec<f32>, GpuError> {
//!     let gpu = Gpu::open()?;
//!     let kernel = gpu.kernel(KERNEL, "multiply")?;
//!     let factor = gpu.uniform(&[factor, 0.0, 0.0, 0.0])?;
//!     let numbers = gpu.buffer(numbers)?;
//!     let products = gpu.zeros::<f32>(numbers.len())?;
//!     let multiply = kernel.bind(&[&factor, &numbers, &products])?;
//!     let groups = numbers.len().div_ceil(64) as u32;
//!     gpu.batch(|batch| batch.dispatch(&multiply, [groups, 1, 1]))?;
//!     products.read()
//! }
//! # // Natively there is no GPU.
//! # assert!(products(&[1.0, 2.0], 3.0).is_err());
//! ```
//!
//! # What takes time
//!
//! Each call leaves the sandbox, and each answer is waited for. Upload data once and leave it there; bind a kernel to its buffers
//! once; put as many dispatches into one batch as there are; read back little, and seldom. What is submitted runs by itself:
//! [`Buffer::read`] and [`Gpu::wait`] wait until it is done.
//!
//! # What makes a trial the same everywhere
//!
//! Nothing does: a GPU rounds and orders in its own way, and a study with one says so in its log. On one adapter and driver a trial
//! is the same each time if its kernels do not depend on the order in which invocations run: no atomic addition of real numbers, and
//! sums in a fixed order.
//!
//! # Testing without a sandbox
//!
//! The crate compiles natively, too, so that the unit tests of a guest can be compiled and run. [`Gpu::open`] says there that there is
//! no GPU, and nothing else can be called without one.
//!
//! # The whole interface
//!
//! In a component the public module `bindings` has all functions of the interface under the standard's names.

#[cfg(not(target_family = "wasm"))]
mod absent;
mod batch;
#[cfg(target_family = "wasm")]
pub mod bindings;
mod buffer;
#[cfg(target_family = "wasm")]
mod component;
mod error;
mod gpu;
mod kernel;
mod number;
mod piece;
mod role;

#[cfg(not(target_family = "wasm"))]
use crate::absent as device;
#[cfg(target_family = "wasm")]
use crate::component as device;

pub use crate::batch::Batch;
pub use crate::buffer::{AnyBuffer, Buffer};
pub use crate::error::{ErrorKind, GpuError};
pub use crate::gpu::Gpu;
pub use crate::kernel::{Binding, Kernel};
pub use crate::number::Number;
pub use crate::piece::CHUNK_BYTES;
