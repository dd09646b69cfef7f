//! `trialbox show`: what there is to say of a study on a screen.

use std::path::PathBuf;

use crate::cli::error::CommandError;
use crate::cli::{exit_code, print, terminal};
use crate::output;
use crate::session;
use crate::store::Reader;

/// Show a study: its best trial, its outcomes, its failures with reasons. Also while it runs
#[derive(clap::Args)]
pub(in crate::cli) struct ShowArguments {
    /// The store: the file NAME.study that `trialbox run` made
    study: PathBuf,
    /// Show the rungs of `hyperband` instead: how many trials reached each, and by what the next one is decided on
    #[arg(long)]
    rungs: bool,
}

/// Runs the command.
pub(in crate::cli) fn show(arguments: &ShowArguments) -> Result<u8, CommandError> {
    let reader = Reader::open(&arguments.study)?;
    if arguments.rungs {
        let study = session::reproduced(&reader)?;
        print(&output::rungs(study.spec(), &study.rungs(), terminal::width()))?;
        return Ok(exit_code::DONE);
    }
    let (state, chain) = reader.state_and_head()?;
    print(&output::summary(&reader.spec()?, &state, chain.head(), &reader.cached()?, terminal::width()))?;
    Ok(exit_code::DONE)
}
