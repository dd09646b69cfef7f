//! What a paused trial takes of its worker's memory. Reads `/proc`, so on Linux only.

use std::path::Path;

use trialbox::Study;
use trialbox::executor::{Interrupt, Isolation, RunOptions, Speculation};
use trialbox::scheduler::{HyperbandKind, HyperbandSpec, SchedulerSpec};
use trialbox::searcher::{RandomSpec, SearcherSpec};
use trialbox::session::begin;
use trialbox::study::{Entry, Event, Observer, StudyState};

/// The sizes of the studies that are compared, in jobs.
const JOBS: [u64; 2] = [1_000, 3_000];

/// Looks at the worker when the study has ended, while it still keeps its trials.
#[derive(Default)]
struct Scale {
    resident_kibibytes: u64,
    paused: usize,
}

impl Observer for Scale {
    fn on_event(&mut self, entry: &Entry, state: &StudyState) {
        if !matches!(entry.event, Event::StudyEnded { .. }) {
            return;
        }
        self.paused = state.trials().iter().filter(|trial| trial.paused_at().is_some()).count();
        let myself = std::process::id();
        let children = std::fs::read_to_string(format!("/proc/{myself}/task/{myself}/children")).unwrap();
        self.resident_kibibytes = children.split_whitespace().map(resident_kibibytes).sum();
    }
}

fn resident_kibibytes(process: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    resident.trim().trim_end_matches(" kB").parse().unwrap()
}

pub(crate) fn memory() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("guest-examples/toy");
    let [few, many] = JOBS.map(|jobs| {
        let scheduler = SchedulerSpec::Hyperband(HyperbandSpec::new(HyperbandKind::Promotion, 9));
        let plan = Study::builder(root.join("toy.wasm"))
            .num_trials(jobs)
            .scheduler(scheduler)
            .searcher(SearcherSpec::Random(RandomSpec::default()))
            .plan()
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let options = RunOptions {
            jobs: 1,
            isolation: Isolation::Process,
            speculation: Speculation::Off,
            paused_memory_bytes_max: u64::MAX,
            cache: Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled")),
            ..RunOptions::default()
        };
        let mut scale = Scale::default();
        begin(&plan, &folder.path().join("a.study"), &options, &mut [&mut scale], &Interrupt::default()).unwrap();
        scale
    });
    let kibibytes = (many.resident_kibibytes - few.resident_kibibytes) as f64 / (many.paused - few.paused) as f64;
    println!(
        "| memory of a paused trial of toy, its linear memory included | {kibibytes:.1} KiB | | | ≤ 64 KiB and its linear memory |"
    );
}
