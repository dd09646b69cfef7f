//! An emulator of x86-64 processors, to run tests as on one that is older than this machine's.
//!
//! Taken from the system if it has one, else out of Debian's packages, unpacked below `target/` by `debian`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::debian;
use crate::process;
use crate::workspace::Workspace;

/// The names under which systems have the program.
const NAMES: [&str; 2] = ["qemu-x86_64", "qemu-x86_64-static"];
/// Debian's package with one that needs no libraries.
const PACKAGE: &str = "qemu-user-static";

/// The emulator's program; none where there is no way to get one.
pub(crate) fn emulator(workspace: &Workspace) -> Result<Option<PathBuf>> {
    let works =
        |program: &PathBuf| Command::new(program).arg("--version").output().is_ok_and(|said| said.status.success());
    if let Some(program) = NAMES.map(PathBuf::from).iter().find(|program| works(program)) {
        return Ok(Some(program.clone()));
    }
    if !debian::is_available() || !process::exists("apt-cache") {
        return Ok(None);
    }
    let folder = workspace.target().join("emulator");
    let program = folder.join("usr/bin").join(NAMES[1]);
    if !works(&program) {
        debian::unpack_package(&folder, PACKAGE).context("failed to get an emulator of older processors")?;
    }
    Ok(Some(program))
}
