//! `trialbox best`: the best configuration, and the artifacts of its trial.

use std::path::{Path, PathBuf};

use crate::cli::error::CommandError;
use crate::cli::{exit_code, paths, print, terminal};
use crate::output::{self, ConfigFormat};
use crate::store::Reader;
use crate::study::StudyState;

/// Print a study's best configuration, or save what its trial left behind
#[derive(clap::Args)]
pub(in crate::cli) struct BestArguments {
    /// The store: the file NAME.study that `trialbox run` made
    study: PathBuf,
    /// How the configuration is written
    #[arg(long, value_enum, default_value_t)]
    format: FormatFlag,
    /// Save the trial's artifacts into this folder
    #[arg(long, value_name = "FOLDER")]
    save: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum FormatFlag {
    /// For people
    #[default]
    Text,
    /// For the table [space] of a study file
    Toml,
    /// For programs
    Json,
}

/// Runs the command.
pub(in crate::cli) fn best(arguments: &BestArguments) -> Result<u8, CommandError> {
    let reader = Reader::open(&arguments.study)?;
    let state = reader.state()?;
    let format = match arguments.format {
        FormatFlag::Text => ConfigFormat::Text,
        FormatFlag::Toml => ConfigFormat::Toml,
        FormatFlag::Json => ConfigFormat::Json,
    };
    let Some(config) = output::best(&state, format) else {
        let error = CommandError::new(exit_code::NO_REWARD, "no trial of this study has ended with a reward yet");
        return Err(error.hint(format!("`trialbox show {}` tells how they ended", arguments.study.display())));
    };
    print(&config)?;
    if let Some(folder) = &arguments.save {
        let saved = save(&reader, &state, folder)?;
        if saved.is_empty() {
            terminal::tell("the best trial left no artifacts, or they were not kept (`--keep-artifacts`)\n");
        }
        for path in saved {
            terminal::tell(&format!("saved {}\n", path.display()));
        }
    }
    Ok(exit_code::DONE)
}

/// Saves the best trial's artifacts into a folder, as far as they were kept.
pub(super) fn save(reader: &Reader, state: &StudyState, folder: &Path) -> Result<Vec<PathBuf>, CommandError> {
    let Some(record) = state.best().and_then(|best| state.trial(best.trial)) else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    for artifact in &record.artifacts {
        if let Some(bytes) = reader.artifact(artifact.digest)? {
            files.push((artifact.name.as_str(), bytes));
        }
    }
    if files.is_empty() {
        return Ok(Vec::new());
    }
    paths::write_files(folder, files)
}
