//! `trialbox build`: from sources to a component.

#![expect(clippy::disallowed_methods, reason = "a person is told how long a start takes")]

use std::path::PathBuf;
use std::time::Instant;

use crate::cli::error::CommandError;
use crate::cli::plan::PlaceFlags;
use crate::cli::{exit_code, print, terminal};
use crate::executor;
use crate::project;
use crate::study::{FloatMode, Limits};

/// Build the component of a project: find its language, use its tools, and show what came of it
///
/// `trialbox run FOLDER` does so by itself when a source has changed. Building runs the language's own tools with your
/// rights, on sources that you trust as you would to build anything else; the component is sealed when it runs.
#[derive(clap::Args)]
pub(in crate::cli) struct BuildArguments {
    /// The project's folder
    #[arg(default_value = ".")]
    folder: PathBuf,
    #[command(flatten)]
    flags: PlaceFlags,
}

/// Runs the command.
pub(in crate::cli) fn build(arguments: &BuildArguments) -> Result<u8, CommandError> {
    let built = project::build(&arguments.folder)?;
    let interrupt = terminal::interrupt_on_signal();
    let (component, options) = (&built.component, arguments.flags.options());
    let inspect = || {
        executor::inspect(component, &Limits::default(), FloatMode::default(), &options, &interrupt)
            .map_err(|error| CommandError::component(error, component, "build it again"))
    };
    let inspection = inspect()?;
    // Once more, now that it is compiled: a worker starts, loads the code, makes an instance and has it describe itself.
    let began = Instant::now();
    inspect()?;
    let start_milliseconds = began.elapsed().as_secs_f64() * 1e3;
    print(&format!("built     {}\nlanguage  {}\n", component.display(), built.language.name()))?;
    print(&format!("start     {start_milliseconds:.1} ms, from a new worker to the component's first words\n"))?;
    print(&super::inspect::text(&inspection))?;
    Ok(exit_code::DONE)
}
