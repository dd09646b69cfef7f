//! What order costs: a study whose decisions depend on other trials, in the order of virtual time and as things come in.

use std::path::Path;

use trialbox::Study;
use trialbox::executor::{Interrupt, Isolation, RunOptions, Speculation};
use trialbox::scheduler::{HyperbandKind, HyperbandSpec, SchedulerSpec};
use trialbox::searcher::{RandomSpec, SearcherSpec};
use trialbox::session::{Plan, begin};
use trialbox::store::Reader;
use trialbox::study::{Capacity, Clock, Entry, Observer, RunProgress, StudyState};

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
    let mut plan = builder
        .isolation(Isolation::Thread)
        .scheduler(scheduler)
        .searcher(SearcherSpec::Random(RandomSpec::default()))
        .plan()
        .unwrap();
    plan.spec.clock = clock;
    plan
}

/// What a run gave.
struct Pace {
    /// Fuel a second of wall time, of trials whose work counts.
    fuel_per_second: f64,
    /// The share of all fuel that was discarded.
    discarded: f64,
}

/// Hears how much fuel a run has used.
#[derive(Default)]
struct Meter(u64);

impl Observer for Meter {
    fn on_event(&mut self, _: &Entry, _: &StudyState) {}

    fn on_tick(&mut self, progress: &RunProgress, _: &StudyState) {
        self.0 = progress.fuel.0;
    }
}

fn pace(plan: &Plan, speculation: Speculation) -> Pace {
    let folder = tempfile::tempdir().unwrap();
    let cache = Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled"));
    let options = RunOptions { jobs: WORKERS, speculation, cache, ..RunOptions::default() };
    let path = folder.path().join("a.study");
    let mut meter = Meter::default();
    let wall = seconds(|| {
        begin(plan, &path, &options, &mut [&mut meter], &Interrupt::default()).unwrap();
    });
    let state = Reader::open(&path).unwrap().state().unwrap();
    let fuel: u64 = state.trials().iter().map(|trial| trial.fuel.0).sum();
    Pace { fuel_per_second: fuel as f64 / wall, discarded: meter.0.saturating_sub(fuel) as f64 / meter.0 as f64 }
}

pub(crate) fn order() {
    for (name, kind) in [("stopping", HyperbandKind::Stopping), ("promotion", HyperbandKind::Promotion)] {
        let exact = plan(kind, Clock::Virtual);
        let unordered = plan(kind, Clock::Wall);
        for (way, speculation) in [("no speculation", Speculation::Off), ("speculation", Speculation::On)] {
            let (mut ours, mut theirs, mut discarded) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                let exact = pace(&exact, speculation);
                ours.push(exact.fuel_per_second);
                discarded.push(exact.discarded);
                theirs.push(pace(&unordered, speculation).fuel_per_second);
            }
            let (ours, theirs, discarded) = (median(ours) / 1e9, median(theirs) / 1e9, median(discarded));
            println!(
                "| hyperband {name}, {SLOTS} slots, {WORKERS} workers, {way} | {ours:.2} · 10⁹ fuel/s | {theirs:.2} · 10⁹ \
                 fuel/s with `clock = \"wall\"` | {:.2}, {discarded:.3} discarded | ≥ 0.97 |",
                ours / theirs
            );
        }
    }
}
