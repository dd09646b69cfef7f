//! `trialbox logs`: what a trial wrote for people.

use std::path::PathBuf;

use super::known_trial;
use crate::cli::error::CommandError;
use crate::cli::{exit_code, print};
use crate::numeric::amount::TrialId;
use crate::output::sanitize::printable;
use crate::store::Reader;

/// Show what a trial wrote to its log, standard output and standard error included
#[derive(clap::Args)]
pub(in crate::cli) struct LogsArguments {
    /// The store: the file NAME.study that `trialbox run` made
    study: PathBuf,
    /// The trial's number
    trial: u64,
}

/// Runs the command.
pub(in crate::cli) fn logs(arguments: &LogsArguments) -> Result<u8, CommandError> {
    let reader = Reader::open(&arguments.study)?;
    let trial = TrialId(arguments.trial);
    known_trial(&reader.state()?, trial)?;
    let text: String = reader.log(trial)?.into_iter().map(|piece| piece.text).collect();
    for line in text.lines() {
        print(&(printable(line, usize::MAX) + "\n"))?;
    }
    Ok(exit_code::DONE)
}
