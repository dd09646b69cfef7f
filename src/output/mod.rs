//! What people see of a study: progress while it runs, and tables of what came out.
//!
//! At the edge; reads events and the state of [`crate::study`], and changes nothing. Tables are texts for the caller to print. Texts
//! that guests wrote go through [`sanitize`] before they are shown.

pub mod export;
pub mod page;
pub mod plot;
pub mod progress;
pub mod sanitize;
pub mod table;

mod account;
mod best;
mod importance;
mod number;
mod rungs;
mod summary;
mod trials;
mod why;

#[cfg(test)]
mod fixture;

pub use account::{Account, BestSince, Curve, Job, Point};
pub use best::{ConfigFormat, best};
pub use importance::{Importance, importances};
pub use progress::{LinesOf, ProgressMode, progress};
pub use rungs::rungs;
pub use summary::summary;
pub use trials::{TrialsOrder, TrialsView, trials};
pub use why::{why, why_json};
