//! GPU compute for trials, on `wgpu`: everything but the interface that guests see, and without a type of the engine that runs them.
//!
//! Two sides, one protocol ([`message`]). The side of the sandbox holds a [`Port`] to what computes, opens a device for each trial
//! and counts what it uses ([`cost`]). The other side, a [`server`], runs in a process of its own, since what strangers write can make
//! a shader compiler abort, a driver crash and a kernel run for ever, and nothing but the end of a process ends that. It checks shaders
//! before any compiler sees them ([`shader`]), keeps each trial's ledger of memory and objects, and never lets an error become a panic.

pub(crate) mod adapter;
mod area;
pub(crate) mod cost;
mod device;
mod encoding;
pub(crate) mod line;
pub(crate) mod message;
pub(crate) mod port;
mod scopes;
pub(crate) mod server;
mod shader;
#[cfg(test)]
mod tests;

pub use adapter::{AdapterError, translator};
pub(crate) use line::Start;
pub use line::StartError;
pub(crate) use port::{OpenDevice, Port, PortError};
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use shader::fuzzing;
