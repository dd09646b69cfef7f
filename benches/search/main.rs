//! What `hyperband` saves where trials cost something: `cargo bench --bench search`.
//!
//! Prints the table of `docs/benchmarks.md`. Nothing in it depends on the machine: fuel and accuracy are those of the study's log.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a bench, no library")]
#![allow(clippy::needless_pass_by_value, clippy::use_self, reason = "brevity")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "a bench, no library")]

use std::path::Path;

use trialbox::Study;
use trialbox::executor::Isolation;
use trialbox::numeric::amount::{Fuel, TrialId, VirtualTime};
use trialbox::scheduler::{HyperbandKind, HyperbandSpec, SchedulerSpec};
use trialbox::searcher::{RandomSpec, SearcherSpec};
use trialbox::space::{Domain, Parameter, Value};
use trialbox::study::{Entry, Event, Observer, StudyState};

const SEEDS: std::ops::RangeInclusive<u64> = 1..=10;
/// Where trials end.
const EPOCHS: u64 = 27;
/// The studies that `promotion` is measured against, by their number of trials.
const TRIALS: [u64; 2] = [60, 120];
/// When `promotion` gives up.
const JOBS_MAX: u64 = 600;
/// The default of study files.
const SLOTS: u64 = 8;

/// A report of a trial.
struct Reported {
    trial: TrialId,
    time: VirtualTime,
    /// The trial's fuel until then.
    fuel: Fuel,
    accuracy: f64,
}

/// Gathers the reports of a study.
#[derive(Default)]
struct Reports(Vec<Reported>);

impl Observer for Reports {
    fn on_event(&mut self, entry: &Entry, _: &StudyState) {
        let Event::Reported { trial, time, fuel, report, .. } = &entry.event else { return };
        let accuracy = report.get("accuracy").and_then(Value::as_number).unwrap();
        self.0.push(Reported { trial: *trial, time: *time, fuel: *fuel, accuracy });
    }
}

fn main() {
    println!("| trials of `fifo` | seed | its best accuracy | its fuel | fuel of `promotion` until the same | ratio |");
    println!("| --- | --- | --- | --- | --- | --- |");
    let logs: Vec<(u64, Vec<Reported>, Vec<Reported>)> = SEEDS
        .map(|seed| {
            let hyperband = HyperbandSpec::new(HyperbandKind::Promotion, EPOCHS);
            let fifo = reports(seed, TRIALS[1], SchedulerSpec::Fifo);
            (seed, fifo, reports(seed, JOBS_MAX, SchedulerSpec::Hyperband(hyperband)))
        })
        .collect();
    for trials in TRIALS {
        let mut ratios = Vec::new();
        for (seed, fifo, promotion) in &logs {
            ratios.push(row(trials, *seed, fifo, promotion));
        }
        ratios.sort_by(f64::total_cmp);
        println!("| {trials} | median | | | | {:.2} |", (ratios[4] + ratios[5]) / 2.0);
    }
}

/// The reports of a study of the digits, in the order of its log.
fn reports(seed: u64, num_trials: u64, scheduler: SchedulerSpec) -> Vec<Reported> {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("guest-examples/digits");
    let folder = tempfile::tempdir().unwrap();
    let mut reports = Reports::default();
    Study::builder(example.join("digits.wasm"))
        .data("digits", example.join("digits.csv"))
        .parameter(Parameter::new("epochs", Domain::Constant(Value::Integer(EPOCHS as i64))))
        .seed(seed)
        .num_trials(num_trials)
        .scheduler(scheduler)
        .searcher(SearcherSpec::Random(RandomSpec::default()))
        .isolation(Isolation::Thread)
        .observer(&mut reports)
        .run(folder.path().join("digits.study"))
        .unwrap();
    reports.0
}

/// Prints how much of the fuel of `fifo` its best accuracy took with `promotion`; infinite if it was never reached.
fn row(trials: u64, seed: u64, fifo: &[Reported], promotion: &[Reported]) -> f64 {
    // A study of fewer trials begins as one of more does.
    let fifo: Vec<&Reported> = fifo.iter().filter(|report| report.trial.0 < trials).collect();
    let best = fifo.iter().map(|report| report.accuracy).max_by(f64::total_cmp).unwrap();
    let fuel: u64 = (0..trials)
        .map(|trial| fifo.iter().rev().find(|report| report.trial.0 == trial).map_or(0, |report| report.fuel.0))
        .sum();
    // All slots are busy until then, also with what has not been reported yet.
    let reached = promotion.iter().find(|report| report.accuracy >= best).map(|report| SLOTS * report.time.0);
    let ratio = reached.map_or(f64::INFINITY, |reached| reached as f64 / fuel as f64);
    let giga = |fuel: u64| format!("{:.1}G", fuel as f64 / 1e9);
    let (reached, shown) = match reached {
        Some(reached) => (giga(reached), format!("{ratio:.2}")),
        None => (format!("not in {JOBS_MAX} jobs"), "-".into()),
    };
    println!("| {trials} | {seed} | {best:.4} | {} | {reached} | {shown} |", giga(fuel));
    ratio
}
