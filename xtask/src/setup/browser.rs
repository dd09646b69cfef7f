//! What the tests of pages need: Chromium, and for it to be driven by, packages out of npm's registry beside the tests.
//!
//! Chromium is the system's. On Debian, where this runs as root, its package is installed; nothing else can bring all that it
//! needs.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::debian;
use crate::process;
use crate::workspace::Workspace;

/// The names under which systems have the browser.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The browser's program; none where it cannot be had.
pub(crate) fn chromium() -> Result<Option<PathBuf>> {
    if let Some(program) = installed() {
        return Ok(Some(program));
    }
    if !debian::can_install() {
        return Ok(None);
    }
    debian::install("chromium")?;
    Ok(installed())
}

/// Whether the packages that drive the browser are there, or could be installed, beside the tests in `folder`.
pub(crate) fn drivers(workspace: &Workspace, folder: &Path) -> bool {
    if !process::exists("node") || !process::exists("npm") {
        return false;
    }
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]).current_dir(folder);
    // The browser is the system's; a package need not bring its own.
    npm.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1").env("npm_config_cache", workspace.target().join("npm"));
    match process::run(&mut npm, "install what drives a browser") {
        Ok(()) => true,
        Err(error) => {
            println!("{error:#}");
            false
        }
    }
}

fn installed() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let places = std::env::split_paths(&path).collect::<Vec<_>>();
    NAMES.iter().flat_map(|name| places.iter().map(move |place| place.join(name))).find(|program| program.is_file())
}
