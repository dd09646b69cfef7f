//! The toy guest for a toolchain that expects a system: it uses what WASI gives.
//!
//! Prints to the standard streams, hashes with a random state, reads both clocks, the environment, the arguments and the
//! file system. The reports are those of `toy`, and `elapsed_ns` besides, which the engine's virtual clock makes exact.

#[path = "../../toy/src/curve.rs"]
mod curve;

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use trialbox_guest::{Reporter, report};

use crate::curve::Toy;

#[trialbox_guest::train(reward_attr = "accuracy", time_attr = "epoch", max_t = 10)]
fn train(arguments: Toy, reporter: &Reporter) -> std::io::Result<()> {
    let start = Instant::now();
    println!("begun {} s after 1970", seconds_since_1970());
    println!("{} arguments, {} variables", std::env::args().count(), std::env::vars().count());
    println!("files: {}", files("/"));

    let mut random = reporter.random("accuracy");
    // A hash map of the standard library asks the system for its random state, and iterates in an order that follows it.
    let mut accuracies: HashMap<u64, f64> = HashMap::new();
    for epoch in 0..arguments.epochs {
        let accuracy = curve::accuracy(epoch, &mut random);
        accuracies.insert(epoch, accuracy);
        eprintln!("epoch {} took until {:?}", epoch + 1, start.elapsed());
        let elapsed = i64::try_from(start.elapsed().as_nanos()).unwrap_or(i64::MAX);
        report!(
            reporter,
            epoch = epoch + 1,
            accuracy = accuracy,
            lr = arguments.lr,
            wd = arguments.wd,
            elapsed_ns = elapsed
        );
    }
    let order: Vec<String> = accuracies.keys().map(u64::to_string).collect();
    println!("epochs in the order of the map: {}", order.join(" "));
    std::io::stdout().flush()
}

fn seconds_since_1970() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |duration| duration.as_secs())
}

/// The names in a folder, or why there are none: a study needs not give a guest any files.
fn files(folder: &str) -> String {
    match fs::read_dir(folder) {
        Ok(entries) => {
            let names: Vec<String> =
                entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
            names.join(" ")
        }
        Err(error) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_what_the_toy_guest_reports() {
        let reporter = Reporter::recording(1);
        train(Toy { lr: 0.005, wd: 0.002, epochs: 10 }, &reporter).unwrap();
        let reports = reporter.reports();
        assert_eq!(reports.len(), 10);
        let names: Vec<&str> = reports[9].iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["epoch", "accuracy", "lr", "wd", "elapsed_ns"]);
    }
}
