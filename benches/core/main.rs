//! What the core costs: `cargo bench --bench core`, or a part of it with `-- rates`, `-- cores`,
//! `-- suggest` or `-- controller`.
//!
//! Prints the table of `docs/benchmarks.md`. No store, no sandbox and no other thread: trials are numbers that a hash gives, and
//! what is measured is the schedulers alone, then the machine with searcher, scheduler, state and the chain of digests. Sizes of
//! one row are taken in turns, so that what else the computer does hits them alike.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a bench, no library")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "a bench, no library")]

mod controller;
mod cores;
mod memory;
mod suggest;
mod world;

use std::time::Instant;

use trialbox::scheduler::{HyperbandKind, HyperbandSpec, SchedulerSpec};
use trialbox::study::Clock;

use cores::{Setting, Spent};

/// How often each figure is taken; the median counts.
const ROUNDS: usize = 3;
/// How many trials the studies have.
const SIZES: [u64; 3] = [1_000, 100_000, 1_000_000];

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let is_asked = |part: &str| asked.is_empty() || asked.iter().any(|name| name == part);
    if is_asked("rates") {
        all_rates();
    }
    if is_asked("cores") {
        efficiency();
    }
    if is_asked("suggest") {
        suggest::suggest();
    }
    if is_asked("controller") {
        controller::controller();
    }
}

/// Prints the first table: rates and bytes.
fn all_rates() {
    println!("| what | 10³ trials | 10⁵ trials | 10⁶ trials | slowest / fastest | goal |");
    println!("| --- | --- | --- | --- | --- | --- |");
    let variants = [("stopping", HyperbandKind::Stopping), ("promotion", HyperbandKind::Promotion)];
    for (name, kind) in variants {
        let scheduler = scheduler(kind);
        rates(&format!("`{name}` alone"), "≤ 2", |trials| world::schedule(&scheduler, trials));
    }
    for (name, kind) in variants {
        let spec = world::study(scheduler(kind));
        let goal = "≥ 1,000,000/s at 10⁵; ≤ 2";
        rates(&format!("`{name}` in the machine"), goal, |trials| reports_of(world::run(&spec, trials)));
    }
    let spec = world::study(SchedulerSpec::Fifo);
    rates("`fifo` in the machine, 27 reports a trial", "", |trials| reports_of(world::run(&spec, trials)));
    for (name, kind) in variants {
        bytes(name, &scheduler(kind));
    }
}

fn reports_of(ran: world::Ran) -> (u64, world::Ran) {
    (ran.reports, ran)
}

/// Levels 1, 3 and 9, and the end at 27.
fn scheduler(kind: HyperbandKind) -> SchedulerSpec {
    SchedulerSpec::Hyperband(HyperbandSpec::new(kind, 27))
}

/// Prints how many reports a second `work` decides on; it gives their number, and what is then freed outside of the time taken:
/// a study comes to its end once.
fn rates<T>(what: &str, goal: &str, work: impl Fn(u64) -> (u64, T)) {
    let mut figures = SIZES.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        for (figures, size) in figures.iter_mut().zip(SIZES) {
            // So often that every size makes about as many reports as the second largest.
            let repetitions = (SIZES[1] / size).max(1);
            let (mut reports, mut seconds) = (0, 0.0);
            for _ in 0..repetitions {
                let start = Instant::now();
                let (decided, left) = work(size);
                seconds += start.elapsed().as_secs_f64();
                reports += decided;
                drop(left);
            }
            figures.push(reports as f64 / seconds);
        }
    }
    let [small, middle, large] = figures.map(median);
    let (slowest, fastest) = (small.min(middle).min(large), small.max(middle).max(large));
    let spread = fastest / slowest;
    println!(
        "| reports per second, {what} | {} | {} | {} | {spread:.2} | {goal} |",
        rate(small),
        rate(middle),
        rate(large)
    );
}

/// Prints how many bytes the machine holds a trial when the study has ended.
fn bytes(name: &str, scheduler: &SchedulerSpec) {
    let spec = world::study(scheduler.clone());
    let held = SIZES.map(|size| {
        let before = memory::held();
        let ran = world::run(&spec, size);
        (memory::held() - before) as f64 / ran.trials as f64
    });
    let goal = if name == "stopping" { "≤ 1,024" } else { "" };
    println!(
        "| bytes a trial, `{name}` in the machine | {:.0} | {:.0} | {:.0} | | {goal} |",
        held[0], held[1], held[2]
    );
}

/// Prints how much of the cores' time counts, beside that of a study that decides as things come in.
fn efficiency() {
    println!(
        "| slots, cores | slowest pace / quickest | `wall` | waiting | ahead, 4 early a slot | ahead, 16 early a slot | \
         discarded with 16 |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for kind in [HyperbandKind::Stopping, HyperbandKind::Promotion] {
        for (slots, cores, jobs) in [(8, 2, 1_000), (8, 8, 3_000), (64, 64, 12_000)] {
            for spread in [1.0, 2.0, 4.0] {
                let wall = Setting { kind, clock: Clock::Wall, early_per_slot: None, slots, cores, spread, jobs };
                let exact = |early_per_slot| cores::run(Setting { clock: Clock::Virtual, early_per_slot, ..wall });
                let share = |spent: Spent| spent.useful / spent.there_was;
                let wall = share(cores::run(wall));
                let relative = |spent| format!("{:.2}, {:.2} of `wall`", share(spent), share(spent) / wall);
                let ahead = exact(Some(16));
                let discarded = (ahead.worked - ahead.useful) / ahead.worked;
                println!(
                    "| {kind:?}, {slots}, {cores} | {spread} | {wall:.2} | {} | {} | {} | {discarded:.3} |",
                    relative(exact(None)),
                    relative(exact(Some(4))),
                    relative(ahead)
                );
            }
        }
    }
}

fn rate(figure: f64) -> String {
    format!("{:.2} M/s", figure / 1e6)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
