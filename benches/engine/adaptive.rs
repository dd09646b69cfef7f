//! What order costs: a study whose decisions depend on other trials, in the order of virtual time and as things come in.

use std::path::Path;

use trialbox::Study;
use trialbox::executor::{Interrupt, Isolation, RunOptions, Speculation};
use trialbox::scheduler::{HyperbandKind, HyperbandSpec, SchedulerSpec};
use trialbox::session::{Plan, begin};
use trialbox::store::Reader;
use trialbox::study::{Capacity, Clock};

use crate::{ROUNDS, median, seconds};

/// Jobs of a study.
const JOBS: u64 = 150;
/// Its virtual workers.
const SLOTS: u32 = 8;
/// The real ones.
const WORKERS: usize = 2;

/// The study of digits with rungs at 1, 3, 9 and 27 epochs. Its trials differ in cost by far more than ten times.
fn plan(kind: HyperbandKind, clock: Clock) -> Plan {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("guest-examples/digits");
    let builder = Study::builder(root.join("digits.wasm")).data("digits", root.join("digits.csv"));
    let builder = builder.num_trials(JOBS).capacity(Capacity { cpus: SLOTS, ..Capacity::default() });
    let scheduler = SchedulerSpec::Hyperband(HyperbandSpec::new(kind, 27));
    let mut plan = builder.isolation(Isolation::Thread).scheduler(scheduler).plan().unwrap();
    plan.spec.clock = clock;
    plan
}

/// Fuel a second of wall time, of trials whose work counts.
fn pace(plan: &Plan, speculation: Speculation) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let cache = Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled"));
    let options = RunOptions { jobs: WORKERS, speculation, cache, ..RunOptions::default() };
    let path = folder.path().join("a.study");
    let wall = seconds(|| {
        begin(plan, &path, &options, &mut [], &Interrupt::default()).unwrap();
    });
    let state = Reader::open(&path).unwrap().state().unwrap();
    let fuel: u64 = state.trials().iter().map(|trial| trial.fuel.0).sum();
    fuel as f64 / wall
}

pub(crate) fn order() {
    for (name, kind) in [("stopping", HyperbandKind::Stopping), ("promotion", HyperbandKind::Promotion)] {
        let exact = plan(kind, Clock::Virtual);
        let unordered = plan(kind, Clock::Wall);
        for (way, speculation) in [("waiting", Speculation::Off), ("ahead", Speculation::On)] {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                ours.push(pace(&exact, speculation));
                theirs.push(pace(&unordered, speculation));
            }
            let (ours, theirs) = (median(ours) / 1e9, median(theirs) / 1e9);
            println!(
                "| hyperband {name}, {SLOTS} slots, {WORKERS} workers, {way} at rungs | {ours:.2} · 10⁹ fuel/s | {theirs:.2} · 10⁹ \
                 fuel/s with `clock = \"wall\"` | {:.2} | ≥ 0.97 |",
                ours / theirs
            );
        }
    }
}
