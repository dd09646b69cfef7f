//! Trials that pause and are promoted: whatever keeps them, drops them or loses them, the study has one digest.

use std::collections::BTreeSet;
use std::path::Path;

use trialbox::Study;
use trialbox::executor::{Interrupt, Isolation, RunOptions, Speculation, set_worker_program};
use trialbox::numeric::digest::Digest;
use trialbox::scheduler::{HyperbandKind, HyperbandSpec, SchedulerSpec};
use trialbox::searcher::{RandomSpec, SearcherSpec};
use trialbox::session::{Plan, begin};
use trialbox::store::Reader;
use trialbox::study::{Clock, Entry, Event, Observer, Outcome, StopReason, StudyState, TrialRecord};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/guest-examples");

fn options(jobs: usize, isolation: Isolation, speculation: Speculation, paused_memory: u64) -> RunOptions {
    set_worker_program(env!("CARGO_BIN_EXE_trialbox").into());
    let cache = Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled"));
    let paused_memory_bytes_max = paused_memory;
    RunOptions { jobs, isolation, cache, speculation, paused_memory_bytes_max, ..RunOptions::default() }
}

fn plan(example: &str, num_trials: u64, hyperband: HyperbandSpec) -> Plan {
    let mut builder = Study::builder(format!("{EXAMPLES}/{example}/{example}.wasm")).num_trials(num_trials);
    if example == "digits" {
        builder = builder.data("digits", format!("{EXAMPLES}/digits/digits.csv"));
    }
    builder = builder.options(options(1, Isolation::Thread, Speculation::Off, 0));
    builder
        .scheduler(SchedulerSpec::Hyperband(hyperband))
        .searcher(SearcherSpec::Random(RandomSpec::default()))
        .plan()
        .unwrap()
}

/// What a run of the study gives, under these options.
fn run(plan: &Plan, options: &RunOptions, observer: &mut dyn Observer) -> (Digest, StudyState) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.study");
    begin(plan, &path, options, &mut [observer], &Interrupt::default()).unwrap();
    let reader = Reader::open(&path).unwrap();
    (reader.digest().unwrap(), reader.state().unwrap())
}

/// Watches nothing.
struct Nobody;

impl Observer for Nobody {
    fn on_event(&mut self, _: &Entry, _: &StudyState) {}
}

/// Every way to run a study that must not show.
fn ways() -> Vec<RunOptions> {
    let mut ways = Vec::new();
    for speculation in [Speculation::Off, Speculation::On] {
        for paused_memory in [0, 3 << 20, u64::MAX] {
            ways.push(options(1, Isolation::Thread, speculation, paused_memory));
            ways.push(options(4, Isolation::Thread, speculation, paused_memory));
            ways.push(options(2, Isolation::Process, speculation, paused_memory));
        }
    }
    ways
}

fn assert_one_digest(plan: &Plan) -> StudyState {
    let (digest, state) = run(plan, &options(1, Isolation::Thread, Speculation::Off, u64::MAX), &mut Nobody);
    for way in ways() {
        assert_eq!(run(plan, &way, &mut Nobody).0, digest, "{way:?}");
    }
    state
}

fn hyperband(kind: HyperbandKind, max_t: u64, brackets: u32) -> HyperbandSpec {
    HyperbandSpec { brackets, ..HyperbandSpec::new(kind, max_t) }
}

#[test]
fn both_variants_have_one_digest_however_they_are_run() {
    for (kind, brackets) in [
        (HyperbandKind::Stopping, 1),
        (HyperbandKind::Stopping, 3),
        (HyperbandKind::Promotion, 1),
        (HyperbandKind::Promotion, 3),
    ] {
        let state = assert_one_digest(&plan("toy", 60, hyperband(kind, 9, brackets)));
        assert_eq!(state.jobs(), 60);
        let promotions: u32 = state.trials().iter().map(|trial| trial.promotions).sum();
        let paused = state.trials().iter().filter(|trial| trial.paused_at().is_some()).count();
        assert_eq!(promotions > 0 && paused > 0, kind == HyperbandKind::Promotion, "{kind:?} {brackets}");
    }
}

#[test]
fn trials_of_very_unequal_cost_have_one_digest_however_they_are_run() {
    let state = assert_one_digest(&plan("digits", 30, hyperband(HyperbandKind::Promotion, 9, 1)));
    assert!(state.trials().iter().any(|trial| trial.promotions > 0));
}

#[test]
fn with_fuel_as_the_resource_trials_are_held_inside_their_epochs() {
    for kind in [HyperbandKind::Stopping, HyperbandKind::Promotion] {
        let levels = vec![10_000_000, 30_000_000, 90_000_000];
        let spec = HyperbandSpec { rung_levels: Some(levels.clone()), ..HyperbandSpec::new(kind, 200_000_000) };
        let mut plan = plan("digits", 30, spec);
        plan.spec.metrics.time_attr = "fuel".into();
        let state = assert_one_digest(&plan);
        let stopped = |trial: &TrialRecord, reason| trial.outcome() == Some(&Outcome::Stopped { reason });
        for trial in state.trials() {
            let held_at = trial.paused_at().is_some() || stopped(trial, StopReason::Scheduler);
            assert!(!held_at || levels.contains(&trial.fuel.0), "{trial:?}");
            assert!(!stopped(trial, StopReason::MaxT) || trial.fuel.0 == 200_000_000, "{trial:?}");
        }
        let fuels: BTreeSet<u64> = state.trials().iter().map(|trial| trial.fuel.0).collect();
        assert!(fuels.contains(&levels[0]), "{fuels:?}");
    }
}

#[test]
fn the_views_of_the_store_show_pauses_decisions_and_brackets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.study");
    let plan = plan("toy", 60, hyperband(HyperbandKind::Promotion, 9, 3));
    begin(&plan, &path, &ways()[0], &mut [&mut Nobody], &Interrupt::default()).unwrap();
    let state = Reader::open(&path).unwrap().state().unwrap();
    let database = rusqlite::Connection::open(&path).unwrap();
    let mut trials = database.prepare("SELECT paused_at FROM trials ORDER BY trial").unwrap();
    let paused_at: Vec<Option<i64>> = trials.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(
        paused_at,
        state.trials().iter().map(|trial| trial.paused_at().map(|level| level as i64)).collect::<Vec<_>>()
    );
    // Each pause follows the report that was decided on.
    let count = |sql: &str| database.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap();
    let pauses = count("SELECT count(*) FROM event WHERE kind = 'trial_paused'");
    assert_eq!(count("SELECT count(*) FROM reports WHERE decision = 'pause'"), pauses);
    assert_eq!(count("SELECT count(DISTINCT bracket) FROM reports"), 3);
    assert_eq!(count("SELECT count(*) FROM reports WHERE bracket IS NULL"), 0);
}

/// What all trials wrote to their logs: trial, reports before, text.
fn logs(store: &Path) -> Vec<(i64, i64, String)> {
    let database = rusqlite::Connection::open(store).unwrap();
    let mut rows = database.prepare("SELECT trial, report, text FROM log ORDER BY trial, position").unwrap();
    let texts = rows.query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    texts.map(Result::unwrap).collect()
}

#[test]
fn what_trials_did_ahead_of_the_study_leaves_no_trace_in_their_logs() {
    for kind in [HyperbandKind::Stopping, HyperbandKind::Promotion] {
        let plan = plan("toy-wasi", 40, hyperband(kind, 9, 1));
        let folder = tempfile::tempdir().unwrap();
        let logs = |name: &str, options: &RunOptions| {
            let path = folder.path().join(name);
            begin(&plan, &path, options, &mut [&mut Nobody], &Interrupt::default()).unwrap();
            logs(&path)
        };
        let expected = logs("plain.study", &options(1, Isolation::Thread, Speculation::Off, u64::MAX));
        assert!(expected.len() > 40, "{}", expected.len());
        for (index, way) in ways().iter().enumerate() {
            let found = logs(&format!("{index}.study"), way);
            let first_difference = found.iter().zip(&expected).position(|(found, expected)| found != expected);
            assert_eq!((first_difference, found.len()), (None, expected.len()), "{kind:?} {way:?}");
        }
    }
}

#[test]
fn a_trial_that_reaches_max_t_may_save_what_it_has_learned() {
    let (_, state) = run(&plan("digits", 8, hyperband(HyperbandKind::Stopping, 20, 1)), &ways()[1], &mut Nobody);
    let best = state.trial(state.best().unwrap().trial).unwrap();
    assert_eq!((best.time, best.artifacts.len()), (Some(20), 1));
}

#[test]
fn by_the_wall_clock_a_study_runs_to_its_end_and_its_log_is_reproduced() {
    let mut plan = plan("toy", 60, hyperband(HyperbandKind::Promotion, 9, 1));
    plan.spec.clock = Clock::Wall;
    for way in ways() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.study");
        begin(&plan, &path, &way, &mut [&mut Nobody], &Interrupt::default()).unwrap();
        let reader = Reader::open(&path).unwrap();
        let mut study = Study::new(plan.spec.clone()).unwrap();
        for entry in reader.entries() {
            study.reproduce(&entry.unwrap()).unwrap();
        }
        assert!(study.is_finished());
    }
}

/// Kills a worker now and then, from the thread whose children they are.
#[cfg(target_os = "linux")]
struct Killer {
    pauses: u32,
    killed: u32,
}

#[cfg(target_os = "linux")]
impl Observer for Killer {
    fn on_event(&mut self, entry: &Entry, _: &StudyState) {
        let Event::TrialPaused { .. } = entry.event else { return };
        self.pauses += 1;
        if !self.pauses.is_multiple_of(6) || self.killed == 3 {
            return;
        }
        let children = std::fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
        let Some(worker) = children.split_whitespace().next() else { return };
        self.killed += u32::from(std::process::Command::new("kill").args(["-9", worker]).status().unwrap().success());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_worker_that_is_killed_gives_its_paused_trials_back() {
    let plan = plan("digits", 40, hyperband(HyperbandKind::Promotion, 9, 1));
    let (digest, _) = run(&plan, &options(1, Isolation::Thread, Speculation::Off, u64::MAX), &mut Nobody);
    for speculation in [Speculation::Off, Speculation::On] {
        let mut killer = Killer { pauses: 0, killed: 0 };
        let found = run(&plan, &options(2, Isolation::Process, speculation, u64::MAX), &mut killer).0;
        assert_eq!((found, killer.killed), (digest, 3), "{speculation:?}");
    }
}
