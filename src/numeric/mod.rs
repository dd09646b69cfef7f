//! Numbers that are the same everywhere: newtypes for ids and amounts, digests, named random streams, float functions, the
//! linear algebra and the minimiser that models need.
//!
//! The lowest layer of the core; it talks to nobody. Everything here gives equal bits on every machine: no platform float
//! function, no entropy, no clock.

pub mod amount;
pub(crate) mod by_trial;
pub mod cholesky;
pub mod digest;
pub mod float;
pub mod minimise;
pub mod normal;
pub(crate) mod print;
pub mod random;
