//! Exports, read by the programs that they are for: pandas, DuckDB, Optuna, TensorBoard and others, at pinned releases.
//!
//! Those are packages of Python's and not on every machine: `cargo xtask test` gets them and runs this test, which names the Python
//! that has them by a variable. What is compared with what stands in the Python files beside this one.
#![allow(missing_docs, unreachable_pub, reason = "a test, no library")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test, no library")]
#![cfg(all(feature = "engine", unix))]

mod studies;

use std::path::Path;
use std::process::Command;

/// The Python that has the packages of `requirements.txt`.
const PYTHON: &str = "TRIALBOX_READERS_PYTHON";

#[test]
#[ignore = "needs packages of Python's; `cargo xtask test` gets them"]
fn every_reader_reads_every_export_of_every_study() {
    let python = std::env::var_os(PYTHON).expect("the variable names the Python that has the readers");
    let folder = tempfile::tempdir().unwrap();
    let checks = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exports/check.py");
    let mut command = Command::new(python);
    command.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(folder.path());
    command.arg(checks).args(["--trialbox", env!("CARGO_BIN_EXE_trialbox")]);
    command.args(studies::make(folder.path()));
    assert!(command.status().unwrap().success(), "what differs stands above");
}
