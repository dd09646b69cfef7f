//! Simulation: a study whose trials are rows of a table of learning curves, in virtual time.
//!
//! Uses `study` and what is below it, and does no I/O either: cells come in as texts, entries of the log go out. The machine that
//! decides is the one of every other study; only what a trial does comes from the table.
//!
//! - [`TableReader`] makes a [`Table`] of the lines of a file; it says where a cell makes no sense.
//! - [`run`] runs a study against it, with as many trials at a time as the study has slots.

mod cell;
mod executor;
mod index;
mod table;

pub use executor::{Improvement, Simulated, SimulationError, run, run_study};
pub use table::{Direction, Lookup, ROWS_MAX, Scale, Table, TableError, TableOptions, TableReader};
