//! Where things are in the working tree.
//!
//! Every task gets a `Workspace` and asks it for folders, so that a path is written down once.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The working tree that the tasks run in.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// Finds the working tree from where this package was compiled.
    pub(crate) fn locate() -> Result<Self> {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = package.parent().with_context(|| {
            format!("failed to find the working tree: `{}` has no parent folder", package.display())
        })?;
        Ok(Self { root: root.to_path_buf() })
    }

    /// The folder of the root `Cargo.toml`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder with one folder for each example guest.
    pub(crate) fn guest_examples(&self) -> PathBuf {
        self.root.join("guest-examples")
    }

    /// Where the private toolchain for guests is kept. It holds for every build folder, so it doesn't follow
    /// `CARGO_TARGET_DIR`; `TRIALBOX_GUEST_TOOLCHAIN` puts it elsewhere, for a cache that outlives the working tree.
    pub(crate) fn guest_toolchain(&self) -> PathBuf {
        match std::env::var_os("TRIALBOX_GUEST_TOOLCHAIN") {
            Some(folder) => PathBuf::from(folder),
            None => self.root.join("target/guest-toolchain"),
        }
    }

    /// The folder that cargo builds into, as cargo itself finds it.
    pub(crate) fn target(&self) -> PathBuf {
        match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => self.root.join(folder),
            None => self.root.join("target"),
        }
    }

    /// The path as people write it: relative to the root, with `/`.
    pub(crate) fn relative(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).to_string_lossy().replace('\\', "/")
    }
}
