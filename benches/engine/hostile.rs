//! What ten thousand trials that do harm leave behind in memory. Reads `/proc`, so on Linux only.

use std::path::Path;

use trialbox::Study;
use trialbox::executor::{Interrupt, Isolation, RunOptions};
use trialbox::searcher::{RandomSpec, SearcherSpec};
use trialbox::session::begin;
use trialbox::study::{Entry, Event, Observer, StudyState};

use crate::support::hostile::{Harmful, limits};

/// How many trials there are, and after how many the first look is taken.
const TRIALS: u64 = 10_000;
const FIRST: u64 = 1_000;

/// The most memory that processes have had resident so far, in KiB, as the system keeps count of it.
#[derive(Clone, Copy, Debug, Default)]
struct Peak {
    driver: u64,
    workers: u64,
}

impl Peak {
    fn now() -> Self {
        let myself = std::process::id();
        let children = std::fs::read_to_string(format!("/proc/{myself}/task/{myself}/children")).unwrap();
        let workers = children.split_whitespace().map(peak_kibibytes).max().unwrap_or(0);
        Self { driver: peak_kibibytes(&myself.to_string()), workers }
    }
}

fn peak_kibibytes(process: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Looks when so many trials have ended, and at the end.
#[derive(Default)]
struct Looks {
    ended: u64,
    failed: u64,
    first: Peak,
    last: Peak,
}

impl Observer for Looks {
    fn on_event(&mut self, entry: &Entry, _: &StudyState) {
        match &entry.event {
            Event::TrialEnded { outcome, .. } => {
                self.ended += 1;
                self.failed += u64::from(outcome.is_failure());
                if self.ended == FIRST {
                    self.first = Peak::now();
                }
            }
            Event::StudyEnded { .. } => self.last = Peak::now(),
            _ => {}
        }
    }
}

/// Prints the peaks of the driver and of the larger of two workers, beside those after the first tenth.
pub(crate) fn memory() {
    let folder = tempfile::tempdir().unwrap();
    let component = folder.path().join("harmful.wasm");
    let harmful = Harmful::with_good_modes(2);
    std::fs::write(&component, &harmful.component).unwrap();
    let plan = Study::builder(&component)
        .num_trials(TRIALS)
        .searcher(SearcherSpec::Random(RandomSpec::default()))
        .allow_duplicates(true)
        .limits(limits())
        .plan()
        .unwrap();
    let options = RunOptions {
        jobs: 2,
        isolation: Isolation::Process,
        cache: Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled")),
        ..RunOptions::default()
    };
    let mut looks = Looks::default();
    begin(&plan, &folder.path().join("a.study"), &options, &mut [&mut looks], &Interrupt::default()).unwrap();
    let what = format!("{TRIALS} trials that do harm in {} ways, {} of them failed", harmful.harms.len(), looks.failed);
    for (whose, first, last) in
        [("the driver", looks.first.driver, looks.last.driver), ("a worker", looks.first.workers, looks.last.workers)]
    {
        let [first_mib, last_mib] = [first, last].map(|kibibytes| kibibytes as f64 / 1024.0);
        println!(
            "| peak memory of {whose} after {what} | {last_mib:.1} MiB | {first_mib:.1} MiB after {FIRST} | {:.2} | |",
            last_mib / first_mib
        );
    }
}
