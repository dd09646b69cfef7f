//! The study file: one SQLite database that holds a study's event log, its trials' log texts and their artifacts.
//!
//! [`Store`] is the one writer of a study, [`Reader`] any number of readers, also while the study runs. The log is the truth;
//! what people query with `sqlite3` (`trials`, `reports`) are views on it. It talks to `study` for events and their chain;
//! the executor writes through it, the command line and `output` read through it.
//!
//! A study file may come from anyone. Every event is checked against its place in the chain, every artifact against its
//! digest; the text of logs and the wall times are for people and are checked by nothing.

mod connection;
mod error;
mod format;
mod lock;
mod reader;
mod row;
mod writer;

pub use error::{Corruption, StoreError};
pub use format::{FormatProblem, FormatVersion};
pub use reader::{Entries, ReadBack, Reader};
pub use writer::Store;
