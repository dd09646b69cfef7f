//! The sandbox: components are checked, compiled and run here, on wasmtime.
//!
//! It knows trials, limits and outcomes ([`crate::study`]) and nothing of schedulers, stores or processes. A guest is hostile:
//! everything that comes from one is bounded and checked before use, and no guest can make this module panic.
//!
//! - [`engine`]: the deterministic settings, and their digest, the fuel schedule;
//! - [`component`]: from bytes to a checked and compiled component; [`cache`] keeps compiled ones;
//! - [`instance`]: one run of `describe`, of `train` or of a command, from instantiation to an [`Outcome`](crate::study::Outcome);
//! - [`searcher`]: a searcher's one instance, from its `begin` to its last call;
//! - [`host`]: one file for each interface that a guest may import.

pub mod cache;
pub mod component;
pub mod engine;
pub mod host;
pub mod instance;
pub mod searcher;

mod adapt;
mod bindings;
mod costs;
mod description;
mod entry;
mod fault;
mod memory;
mod missing;
mod pool;
mod stack;

pub use cache::{CacheContent, CompiledCache};
pub use component::{ComponentError, Entry, ImportStatus, Inspection, Offer, SearcherInspection};
pub use engine::{Sandbox, SandboxError, fuel_schedule};
pub use host::artifact::is_name as is_artifact_name;
pub use host::data::DataSets;
pub use host::gpu::ReadBack;
pub use instance::{Arguments, Artifact, Ended, Gate, TrialSink};
