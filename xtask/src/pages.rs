//! Pages in a real browser: makes the pages that `tests/browser/README.md` lists with the program, and runs the tests there.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::process;
use crate::setup::browser;
use crate::workspace::Workspace;

/// The studies that the program makes, each with the rest of its command and how that ends. `PAGES` is the folder of pages.
const STUDIES: [(&str, &str, i32); 8] = [
    ("digits", "run guest-examples/digits", 0),
    ("promotion", "run guest-examples/digits/promotion.toml", 0),
    ("stopping", "run guest-examples/toy/stopping.toml", 0),
    ("one", "run guest-examples/toy --num-trials 1", 0),
    // No trial has a reward.
    ("failures", "run tests/browser/studies/failures.toml", 5),
    // It is interrupted at once.
    ("begun", "run guest-examples/toy --wall-time-max 0s", 130),
    ("hostile", "simulate tests/browser/studies/hostile.toml --table PAGES/hostile.csv --nearest", 0),
    ("large", "simulate tests/browser/studies/large.toml --table PAGES/large.csv --nearest", 0),
];
/// Those that are compared on one page.
const COMPARED: [&str; 3] = ["digits", "promotion", "begun"];

/// Runs the tests; says what is left out where there is no browser.
pub(crate) fn test(workspace: &Workspace) -> Result<()> {
    let tests = workspace.root().join("tests/browser");
    let Some(chromium) = browser::chromium()?.filter(|_| browser::drivers(workspace, &tests)) else {
        println!("left out: there is no Chromium here, or no Node.js to drive it");
        return Ok(());
    };
    let program = program(workspace)?;
    let pages = workspace.target().join("pages");
    make(workspace, &program, &pages)?;
    let mut node = Command::new("node");
    // A page that never comes to what a test waits for ends the test instead of the patience of whoever runs it.
    node.args(["--test", "--test-timeout=300000"]).current_dir(&tests);
    node.env("TRIALBOX", program).env("TRIALBOX_PAGES", pages).env("CHROMIUM", chromium);
    process::run(&mut node, "pass the tests in a browser")
}

/// The program, built as its tests build it.
pub(crate) fn program(workspace: &Workspace) -> Result<PathBuf> {
    let mut cargo = process::cargo();
    cargo.current_dir(workspace.root()).args(["build", "--quiet", "--release"]);
    process::run(&mut cargo, "build the program")?;
    let program = workspace.target().join("release").join("trialbox");
    ensure!(program.is_file(), "cargo left no program at `{}`", program.display());
    Ok(program)
}

fn make(workspace: &Workspace, program: &Path, pages: &Path) -> Result<()> {
    if pages.exists() {
        std::fs::remove_dir_all(pages).with_context(|| format!("failed to remove `{}`", pages.display()))?;
    }
    std::fs::create_dir_all(pages).with_context(|| format!("failed to make `{}`", pages.display()))?;
    let mut tables = Command::new("node");
    tables.arg("tests/browser/make-tables.mjs").arg(pages).current_dir(workspace.root());
    process::run(&mut tables, "make tables of learning curves")?;
    let study = |name: &str| pages.join(format!("{name}.study"));
    let trialbox = || {
        let mut command = Command::new(program);
        // What it tells people is of no interest, unless it fails; then its exit code says how.
        command.current_dir(workspace.root()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    for (name, words, code) in STUDIES {
        let mut command = trialbox();
        command.args(words.replace("PAGES", &pages.to_string_lossy()).split(' ')).arg("--store").arg(study(name));
        let status = command.status().with_context(|| format!("failed to start `{}`", program.display()))?;
        ensure!(status.code() == Some(code), "`trialbox {words}` ended with {status} instead of {code}");
        let mut report = trialbox();
        report.arg("report").arg(study(name)).arg("-o").arg(pages.join(format!("{name}.html")));
        process::run(&mut report, "make the page of a study")?;
    }
    let mut compare = trialbox();
    compare.arg("compare").args(COMPARED.map(study)).arg("-o").arg(pages.join("compare.html"));
    process::run(&mut compare, "make the page that compares studies")
}
