//! What ten thousand trials that do harm leave behind in memory. Reads `/proc`, so on Linux only.

use std::path::Path;

use trialbox::Study;
use trialbox::executor::{Interrupt, Isolation, RunOptions};
use trialbox::searcher::{RandomSpec, SearcherSpec};
use trialbox::session::begin;
use trialbox::study::{Entry, Event, Observer, StudyState};

use crate::support::hostile::{Harmful, limits};

/// How many trials there are, and after how many the first look is taken: by then each place for a trial has had one that filled it.
const TRIALS: u64 = 10_000;
const FIRST: u64 = TRIALS / 2;

/// Resident memory in KiB: now, and at most so far.
#[derive(Clone, Copy, Debug, Default)]
struct Resident {
    now: u64,
    peak: u64,
}

/// That of the driver, and of its workers together.
#[derive(Clone, Copy, Debug, Default)]
struct Memory {
    driver: Resident,
    workers: Resident,
}

impl Memory {
    fn look() -> Self {
        let myself = std::process::id();
        let children = std::fs::read_to_string(format!("/proc/{myself}/task/{myself}/children")).unwrap();
        let add = |sum: Resident, one: Resident| Resident { now: sum.now + one.now, peak: sum.peak + one.peak };
        let workers = children.split_whitespace().map(Resident::of).fold(Resident::default(), add);
        Self { driver: Resident::of(&myself.to_string()), workers }
    }
}

impl Resident {
    fn of(process: &str) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let kibibytes = |label: &str| {
            let text = status.lines().find_map(|line| line.strip_prefix(label)).unwrap();
            text.trim().trim_end_matches(" kB").parse().unwrap()
        };
        Self { now: kibibytes("VmRSS:"), peak: kibibytes("VmHWM:") }
    }
}

/// Looks when so many trials have ended, and at the end.
#[derive(Default)]
struct Looks {
    ended: u64,
    failed: u64,
    first: Memory,
    last: Memory,
}

impl Observer for Looks {
    fn on_event(&mut self, entry: &Entry, _: &StudyState) {
        match &entry.event {
            Event::TrialEnded { outcome, .. } => {
                self.ended += 1;
                self.failed += u64::from(outcome.is_failure());
                if self.ended == FIRST {
                    self.first = Memory::look();
                }
            }
            Event::StudyEnded { .. } => self.last = Memory::look(),
            _ => {}
        }
    }
}

/// Prints what the driver and two workers hold at the end, beside what they held after the first half.
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
    println!("{TRIALS} trials that do harm in {} ways or none: {} failed", harmful.harms.len(), looks.failed);
    let mebibytes = |kibibytes: u64| kibibytes as f64 / 1024.0;
    for (whose, first, last) in [
        ("the driver", looks.first.driver, looks.last.driver),
        ("two workers", looks.first.workers, looks.last.workers),
    ] {
        println!(
            "| memory of {whose} after {TRIALS} trials that do harm | {:.1} MiB, at most {:.1} | {:.1} MiB, at most {:.1}, \
             after {FIRST} | {:.2} | flat |",
            mebibytes(last.now),
            mebibytes(last.peak),
            mebibytes(first.now),
            mebibytes(first.peak),
            last.now as f64 / first.now as f64
        );
    }
}
