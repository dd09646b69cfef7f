//! Projects: folders with the source of a trial in some language, which [`create`] begins and [`build`] makes a component of.
//!
//! At the edge: it writes files and runs the language's own tools, with the rights of whoever asks, as any build does. What the
//! tools make is a component like any other, and is trusted no more. The command line calls it.

mod build;
mod c;
mod create;
mod encoding;
mod error;
mod go;
mod javascript;
mod python;
mod rust;
mod sources;
mod tool;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

pub use build::{Built, build, freshen};
pub use create::create;
pub use error::ProjectError;

/// The study file of a project.
pub const STUDY_FILE: &str = "study.toml";
/// Where a project keeps what is made from others: the SDK, the interface, what was built.
const MADE: &str = ".trialbox";
/// What a tool has made, there.
const COMPONENT: &str = "component.wasm";
/// The interface, which every language's tools are given.
const INTERFACE: &str = include_str!("../../wit/trial.wit");
/// The world in it that a trial has.
const WORLD: &str = "trial";

/// A language that projects are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Python, by componentize-py.
    Python,
    /// JavaScript, by componentize-qjs.
    JavaScript,
    /// C, by the compiler that comes with Zig.
    C,
    /// Go, by its compiler.
    Go,
    /// Rust, by cargo.
    Rust,
}

/// What makes a language.
struct Definition {
    /// The name that people know.
    name: &'static str,
    /// The file by which a project is known.
    known_by: &'static str,
    /// The file with the training function.
    main_file: &'static str,
    /// The extensions of files that are sources: when one changes, the component is built anew.
    extensions: &'static [&'static str],
    /// The names of other files that are.
    files: &'static [&'static str],
    /// The one of them that the tool makes where it is missing.
    lock_file: Option<&'static str>,
    /// What a new project begins with besides what all have: names and contents.
    template: &'static [(&'static str, &'static str)],
    /// What its page says of the language.
    notes: &'static str,
    /// Makes the component's bytes from the sources in a folder.
    make: fn(&Path) -> Result<Vec<u8>, ProjectError>,
}

impl Language {
    /// All languages, in the order in which a folder is looked at.
    pub const ALL: [Self; 5] = [Self::Python, Self::JavaScript, Self::C, Self::Go, Self::Rust];

    fn definition(self) -> &'static Definition {
        match self {
            Self::Python => &python::DEFINITION,
            Self::JavaScript => &javascript::DEFINITION,
            Self::C => &c::DEFINITION,
            Self::Go => &go::DEFINITION,
            Self::Rust => &rust::DEFINITION,
        }
    }

    /// The name that people know.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.definition().name
    }

    /// The file by which a project of this language is known.
    #[must_use]
    pub fn known_by(self) -> &'static str {
        self.definition().known_by
    }

    /// The file with a project's training function.
    #[must_use]
    pub fn main_file(self) -> &'static str {
        self.definition().main_file
    }

    /// Whether a file is a source of this language.
    fn is_source(self, path: &Path) -> bool {
        let Definition { extensions, files, .. } = self.definition();
        let has =
            |part: Option<&OsStr>, known: &[&str]| part.is_some_and(|part| known.iter().any(|known| part == *known));
        has(path.extension(), extensions) || has(path.file_name(), files)
    }
}

/// The language of the sources in a folder, if they are of one that is known.
#[must_use]
pub fn language(folder: &Path) -> Option<Language> {
    Language::ALL.into_iter().find(|language| folder.join(language.known_by()).is_file())
}

/// The folder of what is made, with whatever is needed on the way to it; it keeps itself out of version control.
fn made(folder: &Path) -> Result<PathBuf, ProjectError> {
    let made = folder.join(MADE);
    write(&made.join(".gitignore"), b"*\n")?;
    Ok(made)
}

/// Writes files into a folder of their own, and removes what else lies there: what an earlier release had there would be built as well.
fn write_only(folder: &Path, files: &[(&str, &str)]) -> Result<(), ProjectError> {
    // Whoever has put a link there works on the files themselves.
    let mut folders = if folder.is_symlink() { Vec::new() } else { vec![folder.to_owned()] };
    while let Some(inner) = folders.pop() {
        for entry in std::fs::read_dir(&inner).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if !files.iter().any(|(name, _)| folder.join(name) == path) {
                std::fs::remove_file(&path).map_err(|source| ProjectError::io("remove", &path, source))?;
            }
        }
    }
    files.iter().try_for_each(|(name, content)| write(&folder.join(name), content.as_bytes()))
}

/// A path as it is from anywhere: tools run in the project's folder.
fn absolute(path: &Path) -> Result<PathBuf, ProjectError> {
    std::path::absolute(path).map_err(|source| ProjectError::io("find", path, source))
}

/// Writes a file, whole or not at all, and the folders that it lies in, unless it is there as it should be: tools look at the times of
/// files.
fn write(path: &Path, content: &[u8]) -> Result<(), ProjectError> {
    if std::fs::read(path).is_ok_and(|there| there == content) {
        return Ok(());
    }
    let write = || {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        // Two that build at a time have a draft each.
        let mut draft = path.as_os_str().to_owned();
        draft.push(format!(".{}.draft", std::process::id()));
        std::fs::write(&draft, content)?;
        std::fs::rename(&draft, path)
    };
    write().map_err(|source| ProjectError::io("write", path, source))
}
