//! How good the searchers are on public tables of learning curves: `cargo xtask quality`, which runs `cargo bench --bench quality`.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a bench, no library")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr, reason = "a bench, no library")]

mod methods;
mod tables;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use trialbox::numeric::amount::{Seed, VirtualTime};
use trialbox::numeric::digest::Digest;
use trialbox::simulation;
use trialbox::study::{Capacity, StudySpec};

use tables::Curves;

const WORKERS: u32 = 4;
const POINTS: [f64; 12] = [1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 50.0, 75.0, 100.0];

struct Run {
    regrets: Vec<f64>,
    trials: usize,
    seconds: f64,
}

fn run(curves: &Curves, method: &str, seed: u64, budget: f64) -> Run {
    let started = Instant::now();
    let epochs = curves.table.epochs();
    let mut spec = StudySpec::new("quality", curves.space.clone(), Digest::of(b"quality"));
    (spec.scheduler, spec.searcher) = methods::method(method, epochs);
    spec.seed = Seed(seed);
    spec.capacity = Capacity { cpus: WORKERS, gpus: 0.0 };
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
    let trials = simulated.study.state().trials().len();
    Run { regrets, trials, seconds: started.elapsed().as_secs_f64() }
}

fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = share * (values.len() - 1) as f64;
    let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
    below + (above - below) * (place - place.floor())
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let get = |name: &str, default: &str| {
        let place = arguments.iter().position(|argument| argument == name);
        place.map_or(default.to_owned(), |place| arguments[place + 1].clone())
    };
    let names = get("--tables", "lcbench_7593,taskset_gru64,digits_s0");
    let all = get("--methods", "random/stopping,bayesopt/fifo");
    let budget: f64 = get("--budget", "100").parse().unwrap();
    let seeds: u64 = get("--seeds", "10").parse().unwrap();
    let from: u64 = get("--from", "0").parse().unwrap();
    let threads: usize = get("--threads", "2").parse().unwrap();
    for name in names.split(',') {
        let curves = tables::load(name);
        for method in all.split(',') {
            let next = AtomicUsize::new(0);
            let runs = Mutex::new(Vec::new());
            std::thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed) as u64;
                        if seed >= seeds {
                            return;
                        }
                        let run = run(&curves, method, from + seed, budget);
                        runs.lock().unwrap().push(run);
                    });
                }
            });
            let runs = runs.into_inner().unwrap();
            let points = POINTS.iter().filter(|point| **point <= budget);
            let shown: Vec<String> = points.enumerate().filter(|(_, point)| [3.0, 5.0, 10.0, 20.0, 30.0, 50.0, 100.0].contains(*point)).map(|(index, point)| {
                let values: Vec<f64> = runs.iter().map(|run| run.regrets[index]).collect();
                let at = |share| quantile(values.clone(), share);
                format!("@{point} {:.3} [{:.3} {:.3}]", at(0.5), at(0.25), at(0.75))
            }).collect();
            let trials = quantile(runs.iter().map(|run| run.trials as f64).collect(), 0.5);
            let seconds = quantile(runs.iter().map(|run| run.seconds).collect(), 0.5);
            println!("{name:14} {method:24} {} | {trials} trials {seconds:.1} s", shown.join("  "));
        }
    }
}
