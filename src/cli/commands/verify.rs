//! `trialbox verify`: runs a recorded study anew and compares every event.

use crate::study::Observer;
use std::path::PathBuf;

use crate::cli::error::CommandError;
use crate::cli::plan::{LayerWarning, RunFlags};
use crate::cli::{exit_code, print, terminal};
use crate::output::{self, ProgressMode};
use crate::session::{self, OtherGpu};
use crate::store::Reader;

/// Run a recorded study anew, from the component and data in its store, and compare every event
///
/// The exit code says whether they are equal: 0 if so, 7 if they differ.
#[derive(clap::Args)]
pub(in crate::cli) struct VerifyArguments {
    /// The store: the file NAME.study that `trialbox run` made
    study: PathBuf,
    #[command(flatten)]
    flags: RunFlags,
    /// Print nothing but the result
    #[arg(short, long)]
    quiet: bool,
}

/// Runs the command.
pub(in crate::cli) fn verify(arguments: &VerifyArguments) -> Result<u8, CommandError> {
    let interrupt = terminal::interrupt_on_signal();
    let spec = Reader::open(&arguments.study)?.spec()?;
    let mode = match ProgressMode::detect() {
        live @ ProgressMode::Live { .. } if !arguments.quiet => live,
        _ => ProgressMode::Quiet,
    };
    let folder = super::Scratch::new()?;
    let mut progress = output::progress(mode, &spec, std::io::stderr());
    let mut warning = LayerWarning::default();
    let mut observers: [&mut dyn Observer; 2] = [progress.as_mut(), &mut warning];
    let options = arguments.flags.options();
    if let Some(OtherGpu { theirs, ours }) = session::other_gpu(&spec, &options)? {
        terminal::tell(&format!(
            "the study was run on {theirs}\nthis machine computes on {ours}: its results may differ\n"
        ));
    }
    let verification = session::verify(&arguments.study, folder.path(), &options, &mut observers, &interrupt)?;
    drop(progress);
    if verification.was_interrupted {
        terminal::tell(&format!("interrupted after {} equal events\n", verification.events));
        return Ok(exit_code::INTERRUPTED);
    }
    let whole = if verification.is_whole { "" } else { " (the study was interrupted; so far it is as it must be)" };
    print(&format!("verified: {} events are equal{whole}\ndigest {}\n", verification.events, verification.digest))?;
    Ok(exit_code::DONE)
}
