//! Everything that must pass before a commit, in the order in which mistakes show fastest.
//!
//! Runs the other tasks and cargo. The guests' components are only checked against their sources, not built again: the
//! tests run the committed ones, as every machine does.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{gpu, guests, pages, process, setup, tidy};

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let start = Instant::now();
    step("house rules", || tidy::run(workspace))?;
    step("components against sources", || guests::check(workspace))?;
    step("format", || cargo(workspace, &["fmt", "--all", "--check"], "check the format"))?;
    step("lints", || {
        let lints = ["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"];
        cargo(workspace, &lints, "check the lints")
    })?;
    step("core alone", || {
        let core = ["check", "--quiet", "--lib", "--no-default-features"];
        cargo(workspace, &core, "compile the core without the engine")
    })?;
    step("guest toolchain", || setup::run(workspace))?;
    step("tests", || cargo(workspace, &["test", "--quiet", "--release", "--workspace"], "pass the workspace's tests"))?;
    step("GPU", || gpu::test(workspace))?;
    step("breaking out", || {
        let breakout = ["test", "--quiet", "--release", "--features", "broken-host", "--test", "breakout"];
        cargo(workspace, &breakout, "keep in what breaks out of the engine")
    })?;
    step("older processor", || test_on_older_processor(workspace))?;
    step("pages in a browser", || pages::test(workspace))?;
    step("exports by their readers", || test_exports(workspace))?;
    step("other languages", || test_languages(workspace))?;
    for guest in guests::all(workspace)? {
        step(&format!("guest {}", guest.name()), || test_guest(workspace, &guest))?;
    }
    println!("all checks passed in {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// What the core computes must not depend on what the processor can do beyond its architecture.
fn test_on_older_processor(workspace: &Workspace) -> Result<()> {
    let emulator = if cfg!(target_arch = "x86_64") { setup::emulator(workspace)? } else { None };
    let Some(emulator) = emulator else {
        println!("left out: there is no emulator of x86-64 processors here (`qemu-x86_64`)");
        return Ok(());
    };
    let mut cargo = process::cargo();
    cargo.current_dir(workspace.root()).env("TRIALBOX_EMULATOR", emulator);
    cargo.args(["test", "--quiet", "--release", "--test", "core_bits", "--", "--ignored"]);
    process::run(&mut cargo, "compute the same on an older processor")
}

/// Each export is read by the program that it is for.
fn test_exports(workspace: &Workspace) -> Result<()> {
    let Some(python) = setup::readers::python(workspace)? else {
        println!(
            "left out: the programs that read exports cannot be had here (Python 3.11 or newer, with its packages)"
        );
        return Ok(());
    };
    let mut cargo = process::cargo();
    cargo.current_dir(workspace.root()).env("TRIALBOX_READERS_PYTHON", python);
    cargo.args(["test", "--quiet", "--release", "--test", "exports", "--", "--ignored"]);
    process::run(&mut cargo, "be read by other programs")
}

/// A language that projects are written in.
struct Language {
    /// Its name, also in those of its tests.
    name: &'static str,
    /// How the tests of its SDK are run, in the SDK's folder, if not among the workspace's.
    tests: Option<&'static [&'static str]>,
    /// Gets the tool, if it can be had, and gives the variables that tell of it.
    tool: fn(&Workspace) -> Result<Option<Variables>>,
}

/// Variables of the environment.
type Variables = Vec<(&'static str, PathBuf)>;

const LANGUAGES: [Language; 5] = [
    Language {
        name: "python",
        tests: Some(&["python3", "-m", "unittest", "discover", "--quiet", "-s", "tests"]),
        tool: |workspace| Ok(one("TRIALBOX_COMPONENTIZE_PY", setup::python::componentize(workspace)?)),
    },
    Language {
        name: "javascript",
        tests: Some(&["node", "--test", "tests"]),
        tool: |workspace| Ok(one("TRIALBOX_COMPONENTIZE_QJS", setup::javascript::componentize(workspace)?)),
    },
    Language { name: "c", tests: Some(&["sh", "tests/run.sh"]), tool: c_compiler },
    Language {
        name: "go",
        tests: Some(&["sh", "-c", "\"$TRIALBOX_GO\" vet ./... && \"$TRIALBOX_GO\" test ./..."]),
        tool: |workspace| {
            let Some(go) = setup::python::go(workspace)? else { return Ok(None) };
            Ok(Some(vec![("TRIALBOX_GO", go), ("GOCACHE", workspace.target().join("go"))]))
        },
    },
    Language {
        name: "rust",
        tests: None,
        tool: |workspace| {
            let home = ("CARGO_HOME", process::cargo_home()?);
            let compiler = setup::toolchain(workspace, setup::Target::Unknown)?.compiler();
            Ok(Some([Some(home), compiler.map(|path| ("TRIALBOX_GUEST_RUSTC", path))].into_iter().flatten().collect()))
        },
    },
];

fn one(variable: &'static str, tool: Option<PathBuf>) -> Option<Variables> {
    tool.map(|tool| vec![(variable, tool)])
}

fn c_compiler(workspace: &Workspace) -> Result<Option<Variables>> {
    let Some(compiler) = setup::python::c_compiler(workspace)? else { return Ok(None) };
    // It compiles the C library once, and keeps it there.
    let cache = workspace.target().join("zig");
    Ok(Some(vec![("TRIALBOX_C_COMPILER", compiler), ("ZIG_GLOBAL_CACHE_DIR", cache)]))
}

/// Each language's SDK by itself, and guests that are built with it.
fn test_languages(workspace: &Workspace) -> Result<()> {
    let mut left_out = 0;
    for language in LANGUAGES {
        match (language.tool)(workspace)? {
            Some(tool) => test_language(workspace, &language, tool)?,
            None => {
                left_out += 1;
                println!("left out: guests in {}, whose tools cannot be had here", language.name);
            }
        }
    }
    println!("{left_out} of {} languages left out", LANGUAGES.len());
    Ok(())
}

fn test_language(workspace: &Workspace, language: &Language, tool: Variables) -> Result<()> {
    if let Some((program, arguments)) = language.tests.and_then(<[_]>::split_first) {
        let mut tests = Command::new(program);
        tests.args(arguments).current_dir(workspace.root().join("sdk").join(language.name));
        // What is compiled on the way is nobody's source.
        tests.envs(tool.iter().cloned()).env("PYTHONDONTWRITEBYTECODE", "1");
        process::run(&mut tests, "pass the tests of an SDK")?;
    }
    let mut cargo = process::cargo();
    cargo.current_dir(workspace.root()).envs(tool);
    cargo.args(["test", "--quiet", "--release", "--test", "languages", "--", "--ignored"]);
    cargo.args([format!("{}::", language.name), format!("in_{}_", language.name)]);
    process::run(&mut cargo, "pass the tests of a language")
}

/// The guests lie outside the workspace, so cargo is called for each.
fn test_guest(workspace: &Workspace, guest: &guests::Guest) -> Result<()> {
    let target = workspace.target().join("guests");
    let command = |arguments: &[&str]| {
        let mut cargo = process::plain_cargo();
        cargo.current_dir(workspace.root()).args(arguments).arg("--manifest-path").arg(guest.manifest());
        cargo
    };
    process::run(&mut command(&["fmt", "--check"]), "check the guest's format")?;
    process::run(
        command(&["test", "--quiet", "--release", "--locked"]).arg("--target-dir").arg(&target),
        "pass the guest's tests",
    )?;
    let mut clippy = command(&["clippy", "--quiet", "--release", "--all-targets", "--locked"]);
    process::run(clippy.arg("--target-dir").arg(&target).args(["--", "-D", "warnings"]), "check the guest's lints")
}

fn step(name: &str, action: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("== {name}");
    let start = Instant::now();
    action()?;
    println!("== {name}: {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

fn cargo(workspace: &Workspace, arguments: &[&str], purpose: &str) -> Result<()> {
    process::run(process::cargo().current_dir(workspace.root()).args(arguments), purpose)
}
