//! trialbox runs hyperparameter searches over training code that nobody has to trust.

pub mod numeric;
pub mod scheduler;
pub mod searcher;
pub mod simulation;
pub mod space;
pub mod study;

#[cfg(feature = "engine")]
pub mod cli;
#[cfg(feature = "engine")]
pub mod config;
#[cfg(feature = "engine")]
pub mod executor;
#[cfg(feature = "engine")]
pub mod gpu;
#[cfg(feature = "engine")]
pub mod output;
#[cfg(feature = "engine")]
pub mod project;
#[cfg(feature = "engine")]
pub mod sandbox;
#[cfg(feature = "engine")]
pub mod serving;
#[cfg(feature = "engine")]
pub mod session;
#[cfg(feature = "engine")]
pub mod store;

pub use study::Study;
