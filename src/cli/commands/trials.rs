//! `trialbox trials`: the table of trials.

use std::path::PathBuf;

use crate::cli::error::CommandError;
use crate::cli::{exit_code, print, terminal};
use crate::output::{self, TrialsOrder, TrialsView};
use crate::store::Reader;

/// List a study's trials
#[derive(clap::Args)]
pub(in crate::cli) struct TrialsArguments {
    /// The store: the file NAME.study that `trialbox run` made
    study: PathBuf,
    /// In which order
    #[arg(long, value_enum, default_value_t)]
    sort: SortFlag,
    /// At most so many
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum SortFlag {
    /// As they started
    #[default]
    Trial,
    /// The best first
    Reward,
    /// The most expensive first
    Fuel,
}

/// Runs the command.
pub(in crate::cli) fn trials(arguments: &TrialsArguments) -> Result<u8, CommandError> {
    let reader = Reader::open(&arguments.study)?;
    let order = match arguments.sort {
        SortFlag::Trial => TrialsOrder::Trial,
        SortFlag::Reward => TrialsOrder::Reward,
        SortFlag::Fuel => TrialsOrder::Fuel,
    };
    let view = TrialsView { order, limit: arguments.limit, width: terminal::width() };
    print(&output::trials(&reader.spec()?, &reader.state()?, &reader.cached()?, &view))?;
    Ok(exit_code::DONE)
}
