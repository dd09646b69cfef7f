//! The tests and benches of the GPU, on the adapter that is meant: this machine's own, or the one that computes in software.
//!
//! The software adapter comes from `setup` and is the same everywhere, so `test` runs on it, also where there is a GPU.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::setup::adapter;
use crate::workspace::Workspace;

/// Set to `real`, makes `test` take this machine's own adapter.
const CHOICE: &str = "TRIALBOX_GPU";

/// Tells the tests which adapter is meant.
const MEANT: &str = "TRIALBOX_TEST_ADAPTER";

/// An adapter to run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meant {
    /// What Vulkan finds on this machine.
    Real,
    /// What `setup` unpacks.
    Software,
}

/// What to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Tests,
    Benches,
}

/// What the task is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// To run something on an adapter.
    Run(OnAdapter),
    /// To print the variables that name the software adapter.
    Variables,
}

/// Something to run, and the adapter for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OnAdapter {
    what: What,
    meant: Meant,
}

impl Order {
    /// What the words of the command line ask for.
    pub(crate) fn parse(words: &[&str]) -> Result<Self> {
        if words == ["--variables"] {
            return Ok(Self::Variables);
        }
        let mut run = OnAdapter { what: What::Tests, meant: Meant::Real };
        for word in words {
            match *word {
                "--software" => run.meant = Meant::Software,
                "--bench" => run.what = What::Benches,
                _ => bail!("`gpu` knows no `{word}`; `cargo xtask help` shows what it knows"),
            }
        }
        Ok(Self::Run(run))
    }
}

/// The task.
pub(crate) fn run(workspace: &Workspace, order: Order) -> Result<()> {
    match order {
        Order::Variables => print_variables(workspace),
        Order::Run(OnAdapter { what, meant: Meant::Real }) => run_on(workspace, what, None),
        Order::Run(OnAdapter { what, meant: Meant::Software }) => run_on(workspace, what, Some(&software(workspace)?)),
    }
}

/// The step of `test`: the tests on the software adapter, or on this machine's own if that is asked for.
pub(crate) fn test(workspace: &Workspace) -> Result<()> {
    if std::env::var_os(CHOICE).is_some_and(|choice| choice == "real") {
        return run_on(workspace, What::Tests, None);
    }
    let Some(adapter) = adapter::software(workspace)? else {
        println!("left out: there is no software adapter of Vulkan here (Mesa 25 or newer, out of Debian's packages)");
        return Ok(());
    };
    println!("software adapter: Mesa {}", adapter.version);
    run_on(workspace, What::Tests, Some(&adapter))
}

fn software(workspace: &Workspace) -> Result<adapter::Adapter> {
    adapter::software(workspace)?.context(
        "there is no software adapter of Vulkan here\n\
         hint: it is taken out of Debian's packages; elsewhere install Mesa's Vulkan drivers, 25 or newer, and leave out \
         `--software`",
    )
}

/// Runs something on an adapter; without one, on whatever Vulkan finds.
fn run_on(workspace: &Workspace, what: What, software: Option<&adapter::Adapter>) -> Result<()> {
    let mut cargo = process::cargo();
    cargo.current_dir(workspace.root());
    match what {
        What::Tests => cargo.args(["test", "--quiet", "--release", "--test", "gpu", "--", "--ignored"]),
        What::Benches => cargo.args(["bench", "--bench", "gpu"]),
    };
    name_adapter(&mut cargo, software);
    let purpose = match what {
        What::Tests => "pass the tests of the GPU",
        What::Benches => "measure the GPU",
    };
    process::run(&mut cargo, purpose)
}

fn name_adapter(command: &mut Command, software: Option<&adapter::Adapter>) {
    match software {
        Some(adapter) => command.env(MEANT, "software").envs(adapter.variables.iter().cloned()),
        None => command.env(MEANT, "real"),
    };
}

/// For a shell: what follows them runs on the software adapter.
fn print_variables(workspace: &Workspace) -> Result<()> {
    let adapter = software(workspace)?;
    for (name, value) in &adapter.variables {
        println!("export {name}={}", quoted(&value.to_string_lossy()));
    }
    println!("export {MEANT}=software");
    Ok(())
}

/// A value as a shell takes it, whatever it holds.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(what: What, meant: Meant) -> Order {
        Order::Run(OnAdapter { what, meant })
    }

    #[test]
    fn without_words_the_tests_run_on_this_machines_own_adapter() {
        assert_eq!(Order::parse(&[]).unwrap(), on(What::Tests, Meant::Real));
    }

    #[test]
    fn words_choose_the_adapter_and_the_benches_in_any_order() {
        assert_eq!(Order::parse(&["--software"]).unwrap(), on(What::Tests, Meant::Software));
        assert_eq!(Order::parse(&["--bench", "--software"]).unwrap(), on(What::Benches, Meant::Software));
        assert_eq!(Order::parse(&["--software", "--bench"]).unwrap(), on(What::Benches, Meant::Software));
        assert_eq!(Order::parse(&["--variables"]).unwrap(), Order::Variables);
    }

    #[test]
    fn an_unknown_word_is_named() {
        let error = Order::parse(&["--hard"]).unwrap_err().to_string();
        assert!(error.contains("`--hard`"), "{error}");
    }

    #[test]
    fn a_shell_reads_a_value_as_it_is() {
        assert_eq!(quoted("/a b/it's"), "'/a b/it'\\''s'");
    }
}
