//! The command line: one file a command, each a thin layer over the library.
//!
//! Data goes to standard output, everything else to standard error. [`error`] is the one place where errors become text,
//! hints and exit codes.

mod commands;
mod curves;
mod error;
pub mod exit_code;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod hooks;
mod paths;
mod plan;
mod terminal;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use error::CommandError;

/// Hyperparameter search over training code that nobody has to trust: sealed, exact, fast.
#[derive(Parser)]
#[command(name = "trialbox", version, max_term_width = 100, after_help = exit_codes())]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    New(commands::new::NewArguments),
    Build(commands::build::BuildArguments),
    Run(commands::run::RunArguments),
    Show(commands::show::ShowArguments),
    Trials(commands::trials::TrialsArguments),
    Why(commands::why::WhyArguments),
    Logs(commands::logs::LogsArguments),
    Best(commands::best::BestArguments),
    Plot(commands::plot::PlotArguments),
    Report(commands::report::ReportArguments),
    Compare(commands::compare::CompareArguments),
    Serve(commands::serve::ServeArguments),
    Export(commands::export::ExportArguments),
    Train(commands::train::TrainArguments),
    Inspect(commands::inspect::InspectArguments),
    Verify(commands::verify::VerifyArguments),
    Simulate(commands::simulate::SimulateArguments),
    Replay(commands::replay::ReplayArguments),
    Ask(commands::ask::AskArguments),
    Limits(commands::limits::LimitsArguments),
    Cache(commands::cache::CacheArguments),
}

fn exit_codes() -> String {
    let mut text = String::from(
        "To begin: `trialbox new` makes a project; or write a study file (see `trialbox run --help`). Then\n  \
         trialbox run study.toml      runs the study and records it in NAME.study\n  \
         trialbox best NAME.study     prints the best configuration\n  \
         trialbox verify NAME.study   proves that it can be reproduced\n\nExit codes:\n",
    );
    for (code, meaning) in exit_code::ALL {
        text.push_str(&format!("  {code:>3}  {meaning}\n"));
    }
    text
}

/// Reads the command line, does what it says, and gives the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() { exit_code::USAGE } else { exit_code::DONE };
            // Nobody is left to be told that this cannot be printed.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let done = match arguments.command {
        Command::New(arguments) => commands::new::new(&arguments),
        Command::Build(arguments) => commands::build::build(&arguments),
        Command::Run(arguments) => commands::run::run(&arguments),
        Command::Show(arguments) => commands::show::show(&arguments),
        Command::Trials(arguments) => commands::trials::trials(&arguments),
        Command::Why(arguments) => commands::why::why(&arguments),
        Command::Logs(arguments) => commands::logs::logs(&arguments),
        Command::Best(arguments) => commands::best::best(&arguments),
        Command::Plot(arguments) => commands::plot::plot(&arguments),
        Command::Report(arguments) => commands::report::report(&arguments),
        Command::Compare(arguments) => commands::compare::compare(&arguments),
        Command::Serve(arguments) => commands::serve::serve(&arguments),
        Command::Export(arguments) => commands::export::export(&arguments),
        Command::Train(arguments) => commands::train::train(&arguments),
        Command::Inspect(arguments) => commands::inspect::inspect(&arguments),
        Command::Verify(arguments) => commands::verify::verify(&arguments),
        Command::Simulate(arguments) => commands::simulate::simulate(&arguments),
        Command::Replay(arguments) => commands::replay::replay(&arguments),
        Command::Ask(arguments) => commands::ask::ask(&arguments),
        Command::Limits(arguments) => commands::limits::limits(&arguments),
        Command::Cache(arguments) => commands::cache::cache(&arguments),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            terminal::tell(&error.text());
            ExitCode::from(error.exit_code)
        }
    }
}

/// Prints data. A closed pipe is no error: whoever reads has seen enough.
fn print(text: &str) -> Result<(), CommandError> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CommandError::new(exit_code::FAILURE, format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}
