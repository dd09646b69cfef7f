//! How good the searchers are on public tables of learning curves: `cargo xtask quality`, which is
//! `cargo bench --no-default-features --bench quality`.
//!
//! Each method runs with the seeds 0, 1, 2, … through the simulation, with four trials at a time, until a budget is spent: 100 times what
//! a training to the end takes. Regret is how far the best value seen so far is from the best of the table: 0 is that best, 1 the
//! median configuration trained to its end. Writes the tables and the pictures of docs/quality.md beside the curves of other tools
//! (`peers.json`); nothing in them depends on the machine, but for the seconds.
//!
//! `-- --methods "auto, fifo; random, stopping" --tables digits_s0 --seeds 10 --budget 30` prints a part, and writes nothing.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a bench, no library")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench, no library")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench, no library")]

mod curve;
mod methods;
mod page;
mod peers;
mod picture;
mod tables;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use trialbox::numeric::amount::{Seed, VirtualTime};
use trialbox::numeric::digest::Digest;
use trialbox::simulation;
use trialbox::study::{Capacity, StudySpec};

use curve::Curve;
use tables::Curves;

/// How many trials run at a time.
const WORKERS: u32 = 4;
/// At how many full trainings regret is taken.
const POINTS: [f64; 12] = [1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 50.0, 75.0, 100.0];

/// What one seed gave.
struct Run {
    /// The regret at each point within the budget.
    regrets: Vec<f64>,
    trials: usize,
    configurations: usize,
    seconds: f64,
}

/// What is to be run.
struct Plan {
    tables: Vec<String>,
    methods: Vec<String>,
    seeds: u64,
    /// How many full trainings, where that is said; else each method's own.
    budget: Option<f64>,
    /// Whether that is the whole page.
    is_whole: bool,
}

fn main() {
    let plan = Plan::of(&std::env::args().skip(1).collect::<Vec<_>>());
    let started = Instant::now();
    for name in &plan.tables {
        let curves = tables::load(name);
        let ours: Vec<(String, Curve)> =
            plan.methods.iter().map(|method| (method.clone(), measured(&curves, method, &plan))).collect();
        let peers = peers::of(name);
        println!("{}", page::table(name, &curves.table, &ours, &peers));
        if plan.is_whole {
            page::replace(name, &page::table(name, &curves.table, &ours, &peers));
            picture::write(name, &ours, &peers);
        }
    }
    eprintln!("{:.0} s", started.elapsed().as_secs_f64());
}

impl Plan {
    fn of(arguments: &[String]) -> Self {
        let value = |name: &str| {
            let place = arguments.iter().position(|argument| argument == name)?;
            Some(arguments[place + 1].clone())
        };
        let list = |name: &str, separator: char, all: &[&str]| match value(name) {
            Some(text) => text.split(separator).map(|part| part.trim().to_owned()).collect(),
            None => all.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>(),
        };
        let is_whole = ["--tables", "--methods", "--seeds", "--budget"].iter().all(|name| value(name).is_none());
        Self {
            tables: list("--tables", ',', &tables::NAMES),
            methods: list("--methods", ';', &methods::NAMES),
            seeds: value("--seeds").map_or(20, |seeds| seeds.parse().unwrap()),
            budget: value("--budget").map(|budget| budget.parse().unwrap()),
            is_whole,
        }
    }
}

/// The curve of a method, over all seeds.
fn measured(curves: &Curves, method: &str, plan: &Plan) -> Curve {
    let budget = plan.budget.unwrap_or_else(|| methods::budget(method));
    let next = AtomicU64::new(0);
    let runs = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= plan.seeds {
                        return;
                    }
                    let run = run(curves, method, seed, budget);
                    runs.lock().unwrap().push(run);
                }
            });
        }
    });
    let runs = runs.into_inner().unwrap();
    eprintln!("{} {method}: median of {} seeds", curves.name, plan.seeds);
    Curve::of(&runs, budget)
}

fn run(curves: &Curves, method: &str, seed: u64, budget: f64) -> Run {
    let started = Instant::now();
    let epochs = curves.table.epochs();
    let mut spec = StudySpec::new("quality", curves.space.clone(), Digest::of(b"quality"));
    (spec.scheduler, spec.searcher) = methods::method(method, epochs).unwrap();
    spec.seed = Seed(seed);
    spec.capacity = Capacity { cpus: WORKERS, gpus: 0.0 };
    // An epoch takes a virtual second.
    let seconds = (budget * epochs as f64 / f64::from(WORKERS)).round();
    spec.time_out = Some(VirtualTime::from_seconds(seconds));
    let simulated = simulation::run(spec, &curves.table, |_, _| Ok::<(), std::fmt::Error>(())).unwrap();
    let scale = curves.table.scale().unwrap();
    let at = |point: f64| {
        let until = (point * epochs as f64).round() as u64;
        let best = simulated.improvements.iter().rev().find(|improvement| improvement.epochs <= until);
        best.map_or(f64::NAN, |improvement| scale.regret(improvement.reward))
    };
    let regrets = POINTS.iter().filter(|point| **point <= budget).map(|point| at(*point)).collect();
    let trials = simulated.study.state().trials();
    let configurations: BTreeSet<String> = trials.iter().map(|trial| trial.config.to_string()).collect();
    Run {
        regrets,
        trials: trials.len(),
        configurations: configurations.len(),
        seconds: started.elapsed().as_secs_f64(),
    }
}
