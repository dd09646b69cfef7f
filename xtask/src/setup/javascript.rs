//! What builds guests in JavaScript: componentize-qjs, out of npm's registry, in a folder of its own below `target/`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// The package, at the release that projects are told to install.
const PACKAGE: &str = "componentize-qjs@0.4.5";

/// The program; none where there is no Node.js that could install it, or no way to the registry.
pub(crate) fn componentize(workspace: &Workspace) -> Result<Option<PathBuf>> {
    let folder = workspace.target().join("javascript");
    let program = folder.join("node_modules/.bin/componentize-qjs");
    if program.exists() {
        return Ok(Some(program));
    }
    if !process::exists("node") || !process::exists("npm") {
        return Ok(None);
    }
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]).arg(&folder).arg(PACKAGE);
    if let Err(error) = process::run(&mut npm, "install componentize-qjs") {
        println!("{error:#}");
        return Ok(None);
    }
    Ok(program.exists().then_some(program))
}
