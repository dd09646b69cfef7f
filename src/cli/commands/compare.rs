//! `trialbox compare`: several studies on one page.

use std::path::PathBuf;

use super::page_file::{self, Place};
use crate::cli::error::CommandError;
use crate::cli::exit_code;
use crate::output::{Account, page};
use crate::store::Reader;

/// Compare studies on one page: what each came to, how fast, and in what they differ. Also while they run
#[derive(clap::Args)]
pub(in crate::cli) struct CompareArguments {
    /// The stores: files NAME.study that `trialbox run` made
    #[arg(required = true, value_name = "STUDY")]
    studies: Vec<PathBuf>,
    /// The file to write, `-` for standard output
    #[arg(short = 'o', long, value_name = "FILE", default_value = "compare.html")]
    output: PathBuf,
    /// Write over the file whatever it is; by default only a page that trialbox made is replaced
    #[arg(long)]
    force: bool,
}

/// Runs the command.
pub(in crate::cli) fn compare(arguments: &CompareArguments) -> Result<u8, CommandError> {
    let place = Place::of(arguments.output.clone(), arguments.force)?;
    let mut accounts = Vec::new();
    for path in &arguments.studies {
        let account = Account::read(&Reader::open(path)?, None)?;
        // Without folders: the page may go to others, whom they do not concern.
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        accounts.push((name, account));
    }
    page_file::write(&place, &page::compare(&accounts))?;
    Ok(exit_code::DONE)
}
