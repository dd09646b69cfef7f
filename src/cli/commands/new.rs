//! `trialbox new`: a folder to begin with.

use std::path::PathBuf;

use crate::cli::error::CommandError;
use crate::cli::{exit_code, paths, terminal};
use crate::project::{self, Language};

/// Begin a project: a folder with a training function and a study file, which builds and runs at once
#[derive(clap::Args)]
pub(in crate::cli) struct NewArguments {
    /// The language to write in
    #[arg(long, value_enum)]
    lang: LanguageFlag,
    /// The folder to make; its name is that of the study
    name: PathBuf,
}

/// A language.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum LanguageFlag {
    /// Python; building takes componentize-py, by pip
    Python,
    /// JavaScript; building takes componentize-qjs, by npm
    Javascript,
    /// C; building takes the compiler that comes with Zig, by pip
    C,
    /// Go; building takes its compiler, also to be had by pip
    Go,
    /// Rust; building takes cargo, and a target for WebAssembly
    Rust,
}

/// Runs the command.
pub(in crate::cli) fn new(arguments: &NewArguments) -> Result<u8, CommandError> {
    let language = match arguments.lang {
        LanguageFlag::Python => Language::Python,
        LanguageFlag::Javascript => Language::JavaScript,
        LanguageFlag::C => Language::C,
        LanguageFlag::Go => Language::Go,
        LanguageFlag::Rust => Language::Rust,
    };
    project::create(&arguments.name, language)?;
    let folder = paths::quoted(&arguments.name);
    terminal::tell(&format!(
        "{} declares what is searched and trains, {} says how to search\n\nnow run it:\n  cd {folder}\n  trialbox run .\n",
        language.main_file(),
        project::STUDY_FILE
    ));
    Ok(exit_code::DONE)
}
