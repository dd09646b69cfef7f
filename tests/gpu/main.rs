//! Studies whose trials compute on a GPU, on whatever adapter the machine has: the software one that `cargo xtask test` sets up, or a real
//! one with `cargo xtask gpu`.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a test, no library")]
#![allow(clippy::needless_pass_by_value, clippy::use_self, clippy::missing_panics_doc, reason = "brevity")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "a test, no library")]
#![cfg(all(feature = "engine", unix))]

mod hostile;
mod studies;
mod without;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder of the project.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The built program, called in a folder.
pub fn trialbox(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trialbox"));
    command.current_dir(folder).args(arguments).env("NO_COLOR", "1");
    command
}

/// What a call says that must go well.
pub fn done(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}\n{}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// All that a call has said.
pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The digest in what a run or a verification says.
pub fn digest(text: &str) -> String {
    let line = text.lines().find_map(|line| line.trim().strip_prefix("digest ")).unwrap_or_else(|| panic!("{text}"));
    line.trim().to_owned()
}
