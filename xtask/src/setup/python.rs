//! What builds guests in Python: componentize-py, out of the package index, in an environment of its own below `target/`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// The package, at the release that projects are told to install.
const PACKAGE: &str = "componentize-py==0.25.1";

/// The program; none where there is no Python that could install it, or no way to the package index.
pub(crate) fn componentize(workspace: &Workspace) -> Result<Option<PathBuf>> {
    let folder = workspace.target().join("python");
    let program = folder.join("bin/componentize-py");
    if process::exists(&program) {
        return Ok(Some(program));
    }
    if !process::exists("python3") {
        return Ok(None);
    }
    let environment = process::run(
        Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder),
        "make an environment for Python's tools",
    );
    let installed = environment.and_then(|()| {
        let mut pip = Command::new(folder.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE]);
        process::run(&mut pip, "install componentize-py")
    });
    if let Err(error) = installed {
        println!("{error:#}");
        return Ok(None);
    }
    Ok(process::exists(&program).then_some(program))
}
