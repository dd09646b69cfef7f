//! The commands, one file each. The doc comment of a command's arguments is its help.

pub(super) mod ask;
pub(super) mod best;
pub(super) mod build;
pub(super) mod cache;
pub(super) mod compare;
pub(super) mod export;
pub(super) mod inspect;
pub(super) mod limits;
pub(super) mod logs;
pub(super) mod new;
pub(super) mod plot;
pub(super) mod replay;
pub(super) mod report;
pub(super) mod run;
pub(super) mod serve;
pub(super) mod show;
pub(super) mod simulate;
pub(super) mod train;
pub(super) mod trials;
pub(super) mod verify;
pub(super) mod why;

mod page_file;

use std::path::{Path, PathBuf};

use super::error::CommandError;
use super::exit_code;
use crate::numeric::amount::TrialId;
use crate::output::Account;
use crate::output::sanitize::printable;
use crate::study::{StudyState, TrialRecord};

/// The trial of that number, or an error that says which there are.
fn known_trial(state: &StudyState, trial: TrialId) -> Result<&TrialRecord, CommandError> {
    state.trial(trial).ok_or_else(|| {
        let there = match state.trials().len() {
            0 => "it has none yet".into(),
            count => format!("its trials are 0 to {}", count - 1),
        };
        CommandError::new(exit_code::USAGE, format!("the study has no trial {trial}; {there}"))
    })
}

/// Refuses an attribute that no report has: probably another one is meant.
fn check_attribute(account: &Account) -> Result<(), CommandError> {
    let has_reports = account.state().trials().iter().any(|trial| trial.reports > 0);
    let is_reward = account.attribute() == account.spec().metrics.reward_attr;
    if is_reward || !has_reports || account.curves().iter().any(|curve| !curve.points.is_empty()) {
        return Ok(());
    }
    let message = format!("no trial has reported `{}` as a number", printable(account.attribute(), 100));
    Err(CommandError::new(exit_code::USAGE, message)
        .hint("`trialbox export STUDY --to csv` writes a table with a column for each attribute"))
}

/// A folder for the inputs of a recorded study, removed when it is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, CommandError> {
        let failed = |error: &dyn std::fmt::Display| {
            CommandError::new(exit_code::FAILURE, format!("no folder can be made: {error}"))
        };
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| failed(&error))?;
        let path = std::env::temp_dir().join(format!("trialbox-{:016x}", u64::from_le_bytes(random)));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).map_err(|error| failed(&error))?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left behind in the folder for temporary files does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
