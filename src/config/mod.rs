//! Study files: TOML to [`StudySpec`](crate::study::StudySpec), with the place of every mistake and what was probably meant.
//!
//! At the edge, but without effects: it is given a text and what a component says of itself, and reads no file. It knows nothing
//! of the sandbox, the store and the executor.

mod amount;
mod domain;
mod error;
mod file_reader;
mod hooks;
mod kinds;
mod merge;
mod points;
mod reader;
mod reference;
mod space;
mod study_file;
mod suggestion;

pub use amount::bytes;
pub use error::{ConfigError, ConfigWarnings, Problem, Span};
pub use hooks::{Hook, Hooks};
pub use reference::reference;
pub use study_file::StudyFile;
