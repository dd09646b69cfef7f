//! Fuzzing: builds the targets under `fuzz/` with libFuzzer's instrumentation and runs them side by side for a while.
//!
//! Talks to cargo and to the targets, through `process`. What they learn stays below `target/fuzz/`, so that the next run goes on
//! from there; what they begin with is committed under `fuzz/seeds/`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// The targets with the folders, besides their own under `fuzz/seeds/`, that they begin with, and the longest input, in bytes.
const TARGETS: [(&str, &[&str], u32); 5] = [
    ("ask", &[], 4 << 10),
    ("component", &[], 64 << 10),
    ("messages", &[], 16 << 10),
    ("store", &[], 64 << 10),
    ("study_file", &["tests/studies/valid", "tests/studies/invalid"], 8 << 10),
];
/// The program that writes the seeds.
const SEEDS: &str = "seeds";
/// Coverage as libFuzzer wants it. It needs no other compiler than the one that builds everything else.
const INSTRUMENTATION: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "--cfg",
    "fuzzing",
];
/// How long one input may take. With other targets on the same processors a second is soon over.
const INPUT_SECONDS_MAX: u32 = 60;
/// How much memory a target may use.
const MEMORY_MIB_MAX: u32 = 4096;
const MINUTES: u64 = 10;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Order<'a> {
    minutes: u64,
    targets: Vec<&'a str>,
}

impl<'a> Order<'a> {
    /// Reads `[--minutes N] [--target NAME]…`.
    pub(crate) fn parse(words: &[&'a str]) -> Result<Self> {
        let mut order = Self { minutes: MINUTES, targets: Vec::new() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let value = words.next().with_context(|| format!("`{word}` lacks its value"))?;
            match *word {
                "--minutes" => {
                    let minutes = value.parse().ok().filter(|minutes| *minutes > 0);
                    order.minutes = minutes.with_context(|| format!("`{value}` is no number of minutes"))?;
                }
                "--target" if TARGETS.iter().any(|(name, ..)| name == value) => order.targets.push(value),
                "--target" => bail!("`{value}` is no target: there are {}", names().join(", ")),
                _ => bail!("`{word}` is unknown: `cargo xtask fuzz [--minutes N] [--target NAME]…`"),
            }
        }
        if order.targets.is_empty() {
            order.targets = names();
        }
        Ok(order)
    }
}

fn names() -> Vec<&'static str> {
    TARGETS.iter().map(|(name, ..)| *name).collect()
}

pub(crate) fn run(workspace: &Workspace, order: &Order<'_>) -> Result<()> {
    let host = host()?;
    build(workspace, &host, &order.targets)?;
    let fuzzing = Fuzzing { workspace, programs: folder(workspace).join(host).join("release"), minutes: order.minutes };
    println!("fuzzing {} for {} minutes", order.targets.join(", "), order.minutes);
    let chosen = TARGETS.iter().filter(|(name, ..)| order.targets.contains(name));
    let running: Vec<Running> = chosen.map(|target| fuzzing.start(target)).collect::<Result<_>>()?;
    println!("| target | executions | a second | places covered | inputs kept |\n| --- | --- | --- | --- | --- |");
    let found: Vec<String> =
        running.into_iter().filter_map(|target| target.finish().transpose()).collect::<Result<_>>()?;
    if found.is_empty() {
        return Ok(());
    }
    bail!("something was found:\n{}", found.join("\n"))
}

fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target().join("fuzz")
}

/// The platform that the compiler compiles for. Naming it keeps the instrumentation out of build scripts.
fn host() -> Result<String> {
    let said = process::capture(Command::new("rustc").arg("-vV"), "ask the compiler for its platform")?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("the compiler does not say for which platform it compiles")?.to_owned())
}

/// Writes what fuzzing begins with, anew.
pub(crate) fn write_seeds(workspace: &Workspace) -> Result<()> {
    let host = host()?;
    build(workspace, &host, &[SEEDS])?;
    let program = folder(workspace).join(host).join("release").join(SEEDS);
    process::run(&mut Command::new(program), "write the seeds")
}

fn build(workspace: &Workspace, host: &str, programs: &[&str]) -> Result<()> {
    let mut cargo = process::plain_cargo();
    cargo.env("RUSTFLAGS", INSTRUMENTATION.join(" ")).args(["build", "--release", "--locked", "--target", host]);
    cargo.arg("--manifest-path").arg(workspace.root().join("fuzz/Cargo.toml"));
    cargo.arg("--target-dir").arg(folder(workspace));
    for program in programs {
        cargo.args(["--bin", program]);
    }
    process::run(&mut cargo, "build the targets")
}

struct Fuzzing<'a> {
    workspace: &'a Workspace,
    programs: PathBuf,
    minutes: u64,
}

/// A target that runs.
struct Running {
    name: &'static str,
    child: Child,
    /// What it says.
    said: PathBuf,
    /// Where what it finds begins with.
    finding: PathBuf,
    program: PathBuf,
}

impl Fuzzing<'_> {
    fn start(&self, (name, seeds, bytes_max): &(&'static str, &[&str], u32)) -> Result<Running> {
        let folder = folder(self.workspace);
        let (corpus, findings) = (folder.join("corpus").join(name), folder.join("findings"));
        for folder in [&corpus, &findings] {
            fs::create_dir_all(folder).with_context(|| format!("failed to make `{}`", folder.display()))?;
        }
        let said = folder.join(format!("{name}.log"));
        let log = File::create(&said).with_context(|| format!("failed to make `{}`", said.display()))?;
        let finding = findings.join(format!("{name}-"));
        let program = self.programs.join(name);
        let mut command = Command::new(&program);
        command.arg(corpus);
        let own = format!("fuzz/seeds/{name}");
        let seeds = seeds.iter().copied().chain([own.as_str()]).map(|seeds| self.workspace.root().join(seeds));
        command.args(seeds.filter(|seeds| seeds.exists()));
        command.arg(format!("-max_total_time={}", Duration::from_secs(self.minutes * 60).as_secs()));
        command.arg(format!("-max_len={bytes_max}"));
        command.arg(format!("-timeout={INPUT_SECONDS_MAX}"));
        command.arg(format!("-rss_limit_mb={MEMORY_MIB_MAX}"));
        command.arg(format!("-artifact_prefix={}", finding.display()));
        command.args(["-print_final_stats=1", "-reload=0"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().with_context(|| format!("failed to start `{}`", program.display()))?;
        Ok(Running { name, child, said, finding, program })
    }
}

impl Running {
    /// Waits for its end, says what it did, and gives what it found.
    fn finish(mut self) -> Result<Option<String>> {
        let status = self.child.wait().with_context(|| format!("failed to wait for the target `{}`", self.name))?;
        let said = String::from_utf8_lossy(&fs::read(&self.said).unwrap_or_default()).into_owned();
        println!("{}", row(self.name, &said));
        if status.success() {
            return Ok(None);
        }
        let found = said.rsplit_once("Test unit written to ").map(|(_, path)| path.lines().next().unwrap_or(path));
        Ok(Some(match found {
            Some(path) => format!("  {} {}\n  said in {}", shown(&self.program), path, self.said.display()),
            None => format!(
                "  the target `{}` ended with {status}; it said why in {}, and left what it ran under {}*",
                self.name,
                self.said.display(),
                self.finding.display()
            ),
        }))
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// A line of the table, from what libFuzzer says at its end: `stat::…: N`, and `cov: N` and `corp: N` in its last report.
fn row(name: &str, said: &str) -> String {
    let after = |label: &str| {
        let (_, rest) = said.rsplit_once(label)?;
        let number: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
        (!number.is_empty()).then_some(number)
    };
    let or_unknown = |number: Option<String>| number.unwrap_or_else(|| "unknown".into());
    let executions = after("stat::number_of_executed_units:");
    let rate = after("stat::average_exec_per_sec:");
    format!(
        "| {name} | {} | {} | {} | {} |",
        or_unknown(executions),
        or_unknown(rate),
        or_unknown(after(" cov:")),
        or_unknown(after(" corp:"))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_names_minutes_and_targets() {
        assert_eq!(Order::parse(&[]).unwrap(), Order { minutes: MINUTES, targets: names() });
        let order = Order::parse(&["--target", "store", "--minutes", "60", "--target", "ask"]).unwrap();
        assert_eq!(order, Order { minutes: 60, targets: vec!["store", "ask"] });
        for wrong in [&["--minutes"][..], &["--minutes", "0"], &["--minutes", "x"], &["--target", "y"], &["z", "1"]] {
            assert!(Order::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_row_has_the_last_of_what_was_said() {
        let said = "#2\tINITED cov: 50 ft: 60 corp: 1/1b\n#900\tDONE   cov: 78 ft: 99 corp: 12/3Kb exec/s: 7\n\
                    stat::number_of_executed_units: 900\nstat::average_exec_per_sec:     7\n";
        assert_eq!(row("ask", said), "| ask | 900 | 7 | 78 | 12 |");
        assert_eq!(row("ask", ""), "| ask | unknown | unknown | unknown | unknown |");
    }
}
