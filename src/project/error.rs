//! Why a project cannot be made or built, and what to do.

use std::io;
use std::path::{Path, PathBuf};

use super::Language;

/// Why a project cannot be made or built.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The folder has no source of any language.
    #[error("`{}` has no training function in a language that is known: {}", folder.display(), known_files())]
    NoSource {
        /// The folder.
        folder: PathBuf,
    },
    /// There is something where a project was to begin.
    #[error("`{}` is there already", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// A tool is not there.
    #[error("{tool} is needed to build {language} and was not found")]
    NoTool {
        /// Its name.
        tool: &'static str,
        /// The language.
        language: &'static str,
        /// The command that installs it.
        install: &'static str,
    },
    /// A tool found something wrong.
    #[error("{tool} could not build the project; it says:\n{said}")]
    Tool {
        /// Its name.
        tool: &'static str,
        /// What it says.
        said: String,
    },
    /// What a tool made is no component.
    #[error("what was compiled does not fit the interface of a trial: {0}")]
    Encoding(String),
    /// The compiler cannot compile for WebAssembly.
    #[error("the Rust compiler has no standard library for `{target}`")]
    NoTarget {
        /// The target.
        target: String,
        /// Whether rustup is there to add it.
        has_rustup: bool,
    },
    /// The manifest of a project in Rust is not that of a trial.
    #[error("`{}` is no manifest of a trial: {reason}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// There is more than any project has.
    #[error("`{}` has more than {files_max} source files, so it is taken for the wrong folder", folder.display())]
    TooManySources {
        /// The folder.
        folder: PathBuf,
        /// How many a project may have.
        files_max: usize,
    },
    /// The study file cannot be read.
    #[error("`{}` does not say what component it is of: {reason}", path.display())]
    StudyFile {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The system failed.
    #[error("failed to {action} `{}`: {source}", path.display())]
    Io {
        /// What was to be done.
        action: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl ProjectError {
    pub(super) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source }
    }

    /// What to do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoSource { .. } => Some("`trialbox new --lang python NAME` makes a project to begin with".into()),
            Self::Occupied { .. } => {
                Some("choose another name, or build what is there: `trialbox build FOLDER`".into())
            }
            Self::NoTool { install, .. } => Some(format!("install it: `{install}`")),
            Self::NoTarget { target, has_rustup: true } => Some(format!("add it: `rustup target add {target}`")),
            Self::NoTarget { .. } => Some(
                "install it by the system's packages, such as Debian's libstd-rust-dev-wasm32, or use rustup".into(),
            ),
            Self::StudyFile { .. } => {
                Some("it needs `component = \"NAME.wasm\"`, with a path inside the folder".into())
            }
            Self::Tool { .. }
            | Self::Encoding(_)
            | Self::Manifest { .. }
            | Self::TooManySources { .. }
            | Self::Io { .. } => None,
        }
    }
}

fn known_files() -> String {
    let files = Language::ALL.map(|language| format!("`{}` for {}", language.known_by(), language.name()));
    files.join(", ")
}
