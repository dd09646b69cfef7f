//! The development tasks of trialbox, run as `cargo xtask TASK`.
//!
//! Each task is a module: `setup` finds or prepares the Rust toolchain for guests, `guests` builds the example guests and
//! checks the committed ones, `tidy` checks the house rules, `book` builds the documentation as a book, `fuzz` fuzzes, `gpu`
//! runs what needs a GPU, `test` runs everything that must pass before a commit. They talk to cargo, rustc and, on Debian,
//! apt through `process`, and to the file system.

mod book;
mod fuzz;
mod gpu;
mod guests;
mod pages;
mod process;
mod record;
mod setup;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::workspace::Workspace;

const USAGE: &str = "\
Usage: cargo xtask TASK

Tasks:
  setup              Find or prepare the Rust toolchain that compiles guests to WebAssembly.
  guests [NAME…]     Build the Rust guests under guest-examples/ to components (all of them, or those named).
  guests --check     Check, without a toolchain, that the committed components match their sources.
  tidy               Check the house rules: file sizes, direction of use, words.
  book               Build the book of docs/ into target/book, and check its links.
  quality            Measure the searchers on public tables; writes the tables and pictures of docs/quality.md.
  fuzz [--minutes N] [--target NAME]…
                     Fuzz what reads others' bytes, all targets or those named, for 10 minutes or N.
  fuzz --seeds       Write the seeds of fuzzing anew, after a format has changed.
  gpu [--software] [--bench]
                     Run the tests of the GPU, or its benches, on this machine's adapter or on one in software.
  gpu --variables    Prepare the software adapter, and print the variables that name it, for a shell.
  test               Run everything that must pass before a commit (setup included).
  help               Show this text.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let workspace = Workspace::locate()?;
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["setup"] => setup::run(&workspace),
        ["guests", "--check"] => guests::check(&workspace),
        ["guests", names @ ..] if names.iter().all(|name| !name.starts_with('-')) => guests::build(&workspace, names),
        ["tidy"] => tidy::run(&workspace),
        ["book"] => book::run(&workspace),
        ["quality"] => quality(&workspace),
        ["fuzz", "--seeds"] => fuzz::write_seeds(&workspace),
        ["fuzz", order @ ..] => fuzz::run(&workspace, &fuzz::Order::parse(order)?),
        ["gpu", order @ ..] => gpu::run(&workspace, gpu::Order::parse(order)?),
        ["test"] => test::run(&workspace),
        [] | ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => bail!("unknown task `{}`; `cargo xtask help` lists the tasks", words.join(" ")),
    }
}

/// The core alone suffices for studies of tables.
fn quality(workspace: &Workspace) -> Result<()> {
    let mut cargo = process::plain_cargo();
    cargo.current_dir(workspace.root()).args(["bench", "--no-default-features", "--bench", "quality"]);
    process::run(&mut cargo, "measure the quality of searchers")
}
