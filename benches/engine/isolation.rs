//! What isolation costs: a trial that makes one report, and a report, in threads, in processes, and with a process for each trial.

use trialbox::executor::Isolation;

use super::{Place, REPORTS, ROUNDS, median};

/// How many trials: fewer where each takes a process.
const VARIANTS: [(&str, Isolation, u64); 3] = [
    ("threads", Isolation::Thread, 5_000),
    ("processes", Isolation::Process, 5_000),
    ("a process for each trial", Isolation::ProcessPerTrial, 200),
];

/// Prints a row for each way, beside threads: one worker each, or as many as slots where each trial has its own.
pub fn prices() {
    let (trials, reports) = (
        Place::with(&crate::support::guest::empty_one_report()),
        Place::with(&crate::support::guest::reports(REPORTS)),
    );
    let mut taken = vec![(Vec::new(), Vec::new()); VARIANTS.len()];
    for round in 0..ROUNDS {
        for (index, (_, isolation, count)) in VARIANTS.iter().enumerate() {
            let name = format!("{round}-{index}.study");
            taken[index].0.push(trials.run(&name, *count, 1, *isolation) / *count as f64 * 1e6);
            taken[index].1.push(reports.run(&name, 1, 1, *isolation) / f64::from(REPORTS) * 1e6);
        }
    }
    let figures: Vec<(f64, f64)> =
        taken.into_iter().map(|(trials, reports)| (median(trials), median(reports))).collect();
    let (trial_in_thread, report_in_thread) = figures[0];
    for ((name, ..), (trial, report)) in VARIANTS.iter().zip(figures) {
        println!(
            "| a trial, {name} | {trial:.0} µs | {trial_in_thread:.0} µs in a thread | {:.2} | |",
            trial / trial_in_thread
        );
        println!(
            "| a report with the log on disk, {name} | {report:.2} µs | {report_in_thread:.2} µs in a thread | {:.2} | |",
            report / report_in_thread
        );
    }
}
