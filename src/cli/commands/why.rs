//! `trialbox why`: what was decided on a trial, and on what each decision rested.

use std::path::PathBuf;

use super::known_trial;
use crate::cli::error::CommandError;
use crate::cli::{exit_code, print};
use crate::numeric::amount::TrialId;
use crate::output;
use crate::session;
use crate::store::Reader;

/// Tell why a trial went on, was paused, promoted or stopped: its rank, and what it was compared with
///
/// The log is run through the scheduler once more; no trial runs.
#[derive(clap::Args)]
pub(in crate::cli) struct WhyArguments {
    /// The store: the file NAME.study that `trialbox run` made
    study: PathBuf,
    /// The trial's number
    trial: u64,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(in crate::cli) fn why(arguments: &WhyArguments) -> Result<u8, CommandError> {
    let reader = Reader::open(&arguments.study)?;
    let (spec, state, trial) = (reader.spec()?, reader.state()?, TrialId(arguments.trial));
    known_trial(&state, trial)?;
    let explanations = session::explain(&reader, trial)?;
    if arguments.json {
        print(&output::why_json(trial, &explanations))?;
    } else {
        print(&output::why(&spec, &state, trial, &explanations))?;
    }
    Ok(exit_code::DONE)
}
