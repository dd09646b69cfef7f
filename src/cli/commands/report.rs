//! `trialbox report`: a study as one HTML file.

use std::path::PathBuf;

use super::page_file::{self, Place};
use crate::cli::error::CommandError;
use crate::cli::{exit_code, terminal};
use crate::output::page::{self, PageOptions};
use crate::output::{Account, sanitize};
use crate::scheduler::SchedulerSpec;
use crate::session;
use crate::store::Reader;

/// Make a page of a study: one HTML file with its plots and tables, which needs no network. Also while it runs
#[derive(clap::Args)]
pub(in crate::cli) struct ReportArguments {
    /// The store: the file NAME.study that `trialbox run` made
    study: PathBuf,
    /// The file to write, `-` for standard output [default: NAME.html in the current folder]
    #[arg(short = 'o', long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Draw the curves of this attribute of the reports instead of the reward's
    #[arg(long, value_name = "NAME")]
    attribute: Option<String>,
    /// Write over the file whatever it is; by default only a page that trialbox made is replaced
    #[arg(long)]
    force: bool,
}

/// Runs the command.
pub(in crate::cli) fn report(arguments: &ReportArguments) -> Result<u8, CommandError> {
    let reader = Reader::open(&arguments.study)?;
    // Without folders: the page may go to others, whom they do not concern.
    let name = arguments.study.file_name().unwrap_or_default();
    let default = || PathBuf::from(name).with_extension("html");
    let place = Place::of(arguments.output.clone().unwrap_or_else(default), arguments.force)?;
    let account = account(&reader, arguments.attribute.clone())?;
    let options = PageOptions { study_file_name: &name.to_string_lossy(), live: None };
    page_file::write(&place, &page::page(&account, &options))?;
    Ok(exit_code::DONE)
}

/// What there is to show of a study, with the rungs of its scheduler.
fn account(reader: &Reader, attribute: Option<String>) -> Result<Account, CommandError> {
    let account = Account::read(reader, attribute)?;
    super::check_attribute(&account)?;
    if !matches!(account.spec().scheduler, SchedulerSpec::Hyperband(_)) {
        return Ok(account);
    }
    // A log that this release decides otherwise on has no rungs to be told of, but all else.
    match session::reproduced(reader) {
        Ok(study) => Ok(account.with_rungs(study.rungs())),
        Err(error) => {
            let shown = sanitize::printable(&error.to_string(), 1_000);
            terminal::tell(&format!("the page has no rungs, since they cannot be told: {shown}\n"));
            Ok(account)
        }
    }
}
