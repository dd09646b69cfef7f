//! The Rust toolchain that compiles guests to WebAssembly.
//!
//! A guest needs the standard library for its target. If the active toolchain has it, that is all. Else, on Debian, the
//! `debian` module prepares a private toolchain under `target/guest-toolchain`; it is unpacked, not installed, and touches
//! nothing outside its folder. Elsewhere the task says which command adds the target. `guests` asks for the compiler here.

pub(crate) mod adapter;
mod apt;
pub(crate) mod browser;
mod debian;
mod emulator;
pub(crate) mod javascript;
pub(crate) mod python;
pub(crate) mod readers;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

pub(crate) use emulator::emulator;

use crate::process;
use crate::workspace::Workspace;

/// A target that guests are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// `wasm32-unknown-unknown`: no system at all.
    Unknown,
    /// `wasm32-wasip1`: a system interface, which an adapter turns into WASI 0.2.
    Wasi,
}

impl Target {
    pub(crate) const ALL: [Self; 2] = [Self::Unknown, Self::Wasi];

    /// The name that rustc knows it by.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unknown => "wasm32-unknown-unknown",
            Self::Wasi => "wasm32-wasip1",
        }
    }

    /// The target of that name, if guests can be compiled for it.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.name() == name)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A compiler that can build for a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The active toolchain has the target.
    Active,
    /// The private toolchain; the path is its compiler.
    Private(PathBuf),
}

impl Toolchain {
    /// Makes a cargo command use this compiler.
    pub(crate) fn apply(&self, cargo: &mut Command) {
        if let Self::Private(compiler) = self {
            cargo.env("RUSTC", compiler);
        }
    }

    /// The compiler, if it is not the one that cargo takes by itself.
    pub(crate) fn compiler(self) -> Option<PathBuf> {
        match self {
            Self::Active => None,
            Self::Private(compiler) => Some(compiler),
        }
    }

    /// The compiler's version line.
    pub(crate) fn version(&self) -> Result<String> {
        let program = match self {
            Self::Active => PathBuf::from("rustc"),
            Self::Private(compiler) => compiler.clone(),
        };
        let text = process::capture(Command::new(program).arg("--version"), "ask the compiler for its version")?;
        Ok(text.trim().to_owned())
    }
}

/// The task: prepares every target and says what it found.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    for target in Target::ALL {
        let toolchain = toolchain(workspace, target)?;
        let place = match &toolchain {
            Toolchain::Active => "in the active toolchain".to_owned(),
            Toolchain::Private(compiler) => format!("in {}", workspace.relative(compiler)),
        };
        println!("{target}: {} {place}", toolchain.version()?);
    }
    Ok(())
}

/// A compiler for the target, prepared if need be.
pub(crate) fn toolchain(workspace: &Workspace, target: Target) -> Result<Toolchain> {
    let library = process::capture(
        Command::new("rustc").args(["--print", "target-libdir", "--target", target.name()]),
        "ask the active compiler where its standard library is",
    )?;
    if has_standard_library(Path::new(library.trim())) {
        return Ok(Toolchain::Active);
    }
    if !debian::is_available() {
        bail!(
            "the active Rust toolchain has no standard library for `{target}`\n\
             hint: add it with `rustup target add {target}`, then run this command again"
        );
    }
    let compiler = debian::prepare(&workspace.guest_toolchain(), target)
        .with_context(|| format!("failed to prepare a private toolchain for `{target}`"))?;
    Ok(Toolchain::Private(compiler))
}

/// Whether a folder of compiled libraries holds the standard library.
fn has_standard_library(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    })
}
