//! What the engine costs, each figure beside what it would be without: `cargo bench --bench engine`.
//!
//! Prints the table of `docs/benchmarks.md`, or those of its parts that are named, as in `-- trials report digits start`.
//! All figures are medians; figures of one row were taken in turns, so that what else the machine does hits them alike. The
//! component that does nothing is a text of `tests/support`.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a bench, no library")]
#![allow(clippy::needless_pass_by_value, clippy::use_self, reason = "brevity")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "a bench, no library")]

#[path = "../../tests/support/mod.rs"]
mod support;

#[path = "../../guest-examples/digits/src/dataset.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "the example's own code, of which training alone is measured"
)]
mod dataset;
#[path = "../../guest-examples/digits/src/math.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "the example's own code, of which training alone is measured"
)]
mod math;
#[path = "../../guest-examples/digits/src/network.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "the example's own code, of which training alone is measured"
)]
mod network;

mod adaptive;
mod bare;
mod hostile;
mod isolation;
mod native;
mod paused;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use trialbox::Study;
use trialbox::executor::{Isolation, RunOptions};
use trialbox::numeric::amount::Seed;
use trialbox::numeric::digest::Digest;
use trialbox::sandbox::component;
use trialbox::sandbox::instance::Program;
use trialbox::sandbox::{Arguments, CompiledCache, Sandbox};
use trialbox::searcher::{RandomSpec, SearcherSpec};
use trialbox::space::Value;
use trialbox::study::{Attribute, FloatMode, Limits};

/// How often each figure is taken.
const ROUNDS: usize = 7;
/// Trials of a study that does nothing.
const TRIALS: u64 = 20_000;
/// Reports of a trial that does nothing else.
const REPORTS: u32 = 100_000;

fn main() {
    trialbox::executor::run_as_worker_if_asked();
    println!("| what | figure | beside | ratio | goal |");
    println!("| --- | --- | --- | --- | --- |");
    let parts: [(&str, fn()); 8] = [
        ("trials", trials_per_second),
        ("report", report_round_trip),
        ("isolation", isolation::prices),
        ("digits", training_beside_native),
        ("start", start_from_cache),
        ("order", adaptive::order),
        ("paused", paused::memory),
        ("hostile", hostile::memory),
    ];
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    for (name, part) in parts {
        if asked.is_empty() || asked.iter().any(|asked| asked == name) {
            part();
        }
    }
}

/// The median of what `measure` gives.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn seconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

/// A component in a file, and a folder for stores.
struct Place {
    folder: tempfile::TempDir,
    component: PathBuf,
}

impl Place {
    fn with(component: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("guest.wasm");
        std::fs::write(&path, component).unwrap();
        Self { folder, component: path }
    }

    /// Runs a study in a new store; the wall time of the run itself.
    fn run(&self, name: &str, trials: u64, jobs: usize, isolation: Isolation) -> f64 {
        let store = self.folder.path().join(name);
        let cache = self.folder.path().join("cache");
        let options = RunOptions { jobs, isolation, cache: Some(cache), ..RunOptions::default() };
        let limits = Limits { reports_max: u64::from(REPORTS), ..Limits::default() };
        let builder = || {
            Study::builder(&self.component)
                .num_trials(trials)
                .limits(limits.clone())
                .options(options.clone())
                .searcher(SearcherSpec::Random(RandomSpec::default()))
        };
        // Once for one trial, so that what is measured is trials and not the compiler.
        builder().num_trials(1).run(self.folder.path().join(format!("{name}.warm"))).unwrap();
        seconds(|| {
            builder().run(&store).unwrap();
        })
    }
}

/// (a) Trials per second of a guest that makes one report, through the whole engine with the store.
fn trials_per_second() {
    let guest = support::guest::empty_one_report();
    let place = Place::with(&guest);
    let bare = bare::Bare::new(&guest);
    let variants = [
        ("threads, 1 worker", 1, Isolation::Thread),
        ("threads, 2 workers", 2, Isolation::Thread),
        ("processes, 1 worker", 1, Isolation::Process),
        ("processes, 2 workers", 2, Isolation::Process),
    ];
    let mut alone = Vec::new();
    let mut engine = vec![Vec::new(); variants.len()];
    for round in 0..ROUNDS {
        alone.push(TRIALS as f64 / seconds(|| bare.run(TRIALS)));
        for (index, (_, jobs, isolation)) in variants.iter().enumerate() {
            let name = format!("{round}-{index}.study");
            engine[index].push(TRIALS as f64 / place.run(&name, TRIALS, *jobs, *isolation));
        }
    }
    let alone = median(alone);
    for ((name, _, isolation), figures) in variants.iter().zip(engine) {
        let figure = median(figures);
        let goal = if *isolation == Isolation::Thread { "≥ 0.5" } else { "≥ 0.3" };
        println!(
            "| trials per second, {name} | {figure:.0}/s | {alone:.0}/s bare loop, one thread | {:.2} | {goal} |",
            figure / alone
        );
    }
}

/// (b) What a report costs a trial where no decision is needed: a thread, its own bookkeeping, the store.
fn report_round_trip() {
    let place = Place::with(&support::guest::reports(REPORTS));
    let sandbox = Sandbox::new(FloatMode::Native).unwrap();
    let program = program(&sandbox, &support::guest::reports(REPORTS));
    let (mut call, mut engine) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        call.push(train(&program, Vec::new(), Vec::new()).as_secs_f64() / f64::from(REPORTS));
        engine.push(place.run(&format!("{round}.study"), 1, 1, Isolation::Thread) / f64::from(REPORTS));
    }
    let (call, engine) = (median(call) * 1e6, median(engine) * 1e6);
    println!("| report, as the guest sees it | {call:.2} µs | | | ≤ 2 µs |");
    println!("| report, with the study's log on disk | {engine:.2} µs | {call:.2} µs | {:.2} | |", engine / call);
}

/// (c) The digits network in the guest, metered, beside the same code native.
fn training_beside_native() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("guest-examples/digits");
    let data = std::fs::read(root.join("digits.csv")).unwrap();
    let sandbox = Sandbox::new(FloatMode::Native).unwrap();
    let program = program(&sandbox, &std::fs::read(root.join("digits.wasm")).unwrap());
    for (hidden, batch) in [(64, 32), (128, 16), (8, 64)] {
        let config = native::config(hidden, batch);
        let (mut guest, mut native) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            guest.push(train(&program, config.clone(), data.clone()).as_secs_f64());
            native.push(seconds(|| native::train(&data, hidden, batch)));
        }
        let (guest, native) = (median(guest) * 1e3, median(native) * 1e3);
        println!(
            "| digits, {hidden} hidden units, batches of {batch} | {guest:.1} ms | {native:.1} ms native | {:.2} | ≥ 0.7 |",
            native / guest
        );
    }
}

/// (d) From a compiled component on disk to an instance that has begun to train.
fn start_from_cache() {
    let folder = tempfile::tempdir().unwrap();
    let cache = CompiledCache::open(&folder.path().join("cache")).unwrap();
    for name in ["toy", "digits", "toy-wasi"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("guest-examples/{name}/{name}.wasm"));
        let bytes = std::fs::read(path).unwrap();
        let digest = Digest::of(&bytes);
        let sandbox = Sandbox::new(FloatMode::Native).unwrap();
        let compile = seconds(|| drop(cache.get_or_compile(&sandbox, digest, &bytes).unwrap())) * 1e3;
        let start = median(
            (0..ROUNDS)
                .map(|_| {
                    seconds(|| {
                        let component = cache.get_or_compile(&sandbox, digest, &bytes).unwrap();
                        let program = Program::new(&sandbox, &component).unwrap();
                        support::run::run_to_end(program.describe(&Limits::default())).unwrap();
                    })
                })
                .collect(),
        ) * 1e3;
        println!(
            "| start of {name} from the cache, described | {start:.2} ms | {compile:.0} ms compiled anew | {:.3} | ≤ 10 ms |",
            start / compile
        );
    }
}

fn program(sandbox: &Sandbox, bytes: &[u8]) -> Program {
    Program::new(sandbox, &component::compile(sandbox, bytes).unwrap()).unwrap()
}

/// Runs a trial in this thread, with nobody listening.
fn train(program: &Program, config: Vec<Attribute>, data: Vec<u8>) -> Duration {
    use std::sync::Arc;
    use trialbox::sandbox::{DataSets, Gate, TrialSink};

    struct Nobody;
    impl TrialSink for Nobody {
        fn report(&mut self, _: trialbox::numeric::amount::Fuel, _: trialbox::study::Report) {}
        fn log(&mut self, _: trialbox::study::LogPiece) {}
    }
    let start = Instant::now();
    let data = Arc::new(DataSets::from_memory([("digits".to_owned(), data)].into()));
    let arguments = Arguments { config, seed: Seed(1) };
    let limits = Arc::new(Limits { reports_max: u64::from(REPORTS), ..Limits::default() });
    let run = program.train(arguments, limits, data, Box::new(Nobody), Arc::new(Gate::default()));
    let ended = support::run::run_to_end(run).unwrap();
    assert_eq!(ended.outcome, trialbox::study::Outcome::Completed);
    start.elapsed()
}

/// An attribute of a configuration.
fn attribute(name: &str, value: Value) -> Attribute {
    Attribute { name: name.to_owned(), value }
}
