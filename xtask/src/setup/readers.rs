//! The programs that exports are for, such as Optuna and TensorBoard: packages of Python's at the releases of
//! `tests/exports/requirements.txt`. They lie in an environment of their own below `target/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::Workspace;

/// What is installed, each package with its release.
const REQUIREMENTS: &str = "tests/exports/requirements.txt";

/// The Python that has the packages; none where there is no Python that could install them, or no way to the package index.
pub(crate) fn python(workspace: &Workspace) -> Result<Option<PathBuf>> {
    let folder = workspace.target().join("readers");
    let (python, installed) = (folder.join("bin/python"), folder.join("requirements.installed"));
    let requirements = workspace.root().join(REQUIREMENTS);
    let wanted = fs::read(&requirements).with_context(|| format!("failed to read `{REQUIREMENTS}`"))?;
    // Others are installed in their place when they are asked for.
    if python.exists() && fs::read(&installed).is_ok_and(|there| there == wanted) {
        return Ok(Some(python));
    }
    if !process::exists("python3") {
        return Ok(None);
    }
    if let Err(error) = install(&folder, &requirements) {
        println!("{error:#}");
        return Ok(None);
    }
    fs::write(&installed, wanted).with_context(|| format!("failed to write `{}`", installed.display()))?;
    Ok(python.exists().then_some(python))
}

fn install(folder: &Path, requirements: &Path) -> Result<()> {
    let mut make = Command::new("python3");
    process::run(make.args(["-m", "venv", "--clear"]).arg(folder), "make an environment for the readers of exports")?;
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(requirements);
    process::run(&mut pip, "install the readers of exports")
}
