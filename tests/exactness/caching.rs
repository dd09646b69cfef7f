//! Results that come from a cache: whatever it holds, the study's log, its trials' logs and its best artifacts are the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use trialbox::Study;
use trialbox::executor::{
    Interrupt, Isolation, KeepArtifacts, ResultCache, Reuse, RunOptions, Speculation, set_worker_program,
};
use trialbox::numeric::amount::TrialId;
use trialbox::numeric::digest::Digest;
use trialbox::scheduler::{HyperbandKind, HyperbandSpec, SchedulerSpec};
use trialbox::searcher::{RandomSpec, SearcherSpec};
use trialbox::session::{Plan, begin, resume, verify};
use trialbox::space::{Domain, Parameter, Value};
use trialbox::store::Reader;
use trialbox::study::{Capacity, Entry, Observer, ReplicateReward, Replicates, RunProgress, StudyState, TrialSeeds};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/guest-examples");

fn options() -> RunOptions {
    set_worker_program(env!("CARGO_BIN_EXE_trialbox").into());
    let cache = Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled"));
    let speculation = Speculation::Off;
    RunOptions {
        jobs: 1,
        isolation: Isolation::Thread,
        cache,
        speculation,
        reuse: Reuse::Never,
        ..RunOptions::default()
    }
}

fn plan(example: &str, num_trials: u64, scheduler: SchedulerSpec) -> Plan {
    let mut builder = Study::builder(format!("{EXAMPLES}/{example}/{example}.wasm")).num_trials(num_trials);
    if example == "digits" {
        builder = builder.data("digits", format!("{EXAMPLES}/digits/digits.csv"));
    }
    builder
        .options(options())
        .scheduler(scheduler)
        .searcher(SearcherSpec::Random(RandomSpec::default()))
        .plan()
        .unwrap()
}

fn hyperband(kind: HyperbandKind) -> SchedulerSpec {
    SchedulerSpec::Hyperband(HyperbandSpec::new(kind, 9))
}

/// All that a study leaves, but for what came from the cache.
#[derive(Debug, PartialEq)]
struct Left {
    digest: Digest,
    /// How many pieces the trials' logs have, and the digest of all.
    logs: (usize, Digest),
    artifacts: Vec<Vec<u8>>,
}

/// Runs a study; gives what it leaves and how many trials came from the cache.
fn run(plan: &Plan, options: &RunOptions) -> (Left, usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.study");
    begin(plan, &path, options, &mut [], &Interrupt::default()).unwrap();
    left(&path)
}

fn left(path: &Path) -> (Left, usize) {
    let reader = Reader::open(path).unwrap();
    let state = reader.state().unwrap();
    let best = state.best_ended().and_then(|best| state.trial(best.trial)).map(|record| record.artifacts.clone());
    let content = |digest| reader.artifact(digest).unwrap().expect("the best trial's artifacts are kept");
    let artifacts = best.unwrap_or_default().iter().map(|record| content(record.digest)).collect();
    let database = rusqlite::Connection::open(path).unwrap();
    let mut rows = database.prepare("SELECT trial, report, text FROM log ORDER BY trial, position").unwrap();
    let texts = rows.query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let logs: Vec<(i64, i64, String)> = texts.map(Result::unwrap).collect();
    let logs = (logs.len(), Digest::of_canonical(&logs));
    (Left { digest: reader.digest().unwrap(), logs, artifacts }, reader.cached().unwrap().len())
}

/// A folder of results, and options with it.
struct Cached {
    folder: tempfile::TempDir,
}

impl Cached {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn with(&self, options: RunOptions) -> RunOptions {
        let cache = ResultCache::open(self.folder.path(), ResultCache::BYTES_MAX).unwrap();
        RunOptions { reuse: Reuse::OfFolder(Arc::new(cache)), ..options }
    }

    fn entries(&self) -> Vec<PathBuf> {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        entries
    }

    /// Damages every third entry in one way, every third in another.
    fn damage(&self) -> usize {
        let entries = self.entries();
        for (number, entry) in entries.iter().enumerate() {
            let mut bytes = fs::read(entry).unwrap();
            match number % 3 {
                0 => {
                    let middle = bytes.len() / 2;
                    bytes[middle] ^= 0x10;
                }
                1 => bytes.truncate(bytes.len() / 2),
                _ => continue,
            }
            fs::write(entry, bytes).unwrap();
        }
        entries.len()
    }
}

/// Ways to run a study, all of which must leave the same.
fn ways() -> Vec<RunOptions> {
    let mut ways = Vec::new();
    for speculation in [Speculation::Off, Speculation::On] {
        for (jobs, isolation) in [(1, Isolation::Thread), (3, Isolation::Thread), (2, Isolation::Process)] {
            for paused_memory_bytes_max in [0, 1 << 30] {
                ways.push(RunOptions { jobs, isolation, speculation, paused_memory_bytes_max, ..options() });
            }
        }
    }
    ways
}

#[test]
fn with_a_cold_a_warm_a_partly_warm_or_a_damaged_cache_a_study_leaves_the_same() {
    for scheduler in [SchedulerSpec::Fifo, hyperband(HyperbandKind::Stopping), hyperband(HyperbandKind::Promotion)] {
        let (whole, part) = (plan("toy-wasi", 40, scheduler.clone()), plan("toy-wasi", 15, scheduler.clone()));
        let (expected, none) = run(&whole, &options());
        assert_eq!(none, 0);
        assert!(expected.logs.0 > 40);
        for way in ways() {
            let cached = Cached::new();
            let told = |step: &str| format!("{step}: {scheduler:?} {way:?}");
            run(&part, &cached.with(way.clone()));
            let (left, some) = run(&whole, &cached.with(way.clone()));
            assert_eq!(left, expected, "{}", told("partly warm"));
            assert!(some > 0, "{}", told("partly warm"));
            let (left, all) = run(&whole, &cached.with(way.clone()));
            assert_eq!(left, expected, "{}", told("warm"));
            assert!(all > some, "{}: {some} {all}", told("warm"));
            assert!(cached.damage() >= all);
            let (left, few) = run(&whole, &cached.with(way.clone()));
            assert_eq!(left, expected, "{}", told("damaged"));
            assert!(few < all, "{}: {few} {all}", told("damaged"));
            // What was damaged has been put right.
            assert_eq!(run(&whole, &cached.with(way.clone())), (left, all), "{}", told("mended"));
        }
    }
}

/// Keeps what it was last told of the run.
#[derive(Default)]
struct Watcher(RunProgress);

impl Observer for Watcher {
    fn on_event(&mut self, _: &Entry, _: &StudyState) {}

    fn on_tick(&mut self, progress: &RunProgress, _: &StudyState) {
        self.0 = progress.clone();
    }
}

#[test]
fn with_a_warm_cache_nothing_is_run() {
    let plan = plan("digits", 12, hyperband(HyperbandKind::Promotion));
    let cached = Cached::new();
    for is_warm in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut watcher) = (folder.path().join("a.study"), Watcher::default());
        begin(&plan, &path, &cached.with(options()), &mut [&mut watcher], &Interrupt::default()).unwrap();
        let fuel: u64 = Reader::open(&path).unwrap().state().unwrap().trials().iter().map(|trial| trial.fuel.0).sum();
        let Watcher(RunProgress { fuel: run, cached_trials, cached_fuel, .. }) = watcher;
        match is_warm {
            false => assert!(run.0 >= fuel && cached_trials == 0 && cached_fuel.0 == 0),
            true => assert!(run.0 == 0 && cached_trials > 0 && cached_fuel.0 >= fuel, "{run} {cached_fuel} {fuel}"),
        }
    }
}

#[test]
fn what_one_scheduler_needed_serves_another_as_far_as_it_goes() {
    let stopping = plan("digits", 12, hyperband(HyperbandKind::Stopping));
    let promotion = plan("digits", 12, hyperband(HyperbandKind::Promotion));
    let fifo = plan("digits", 12, SchedulerSpec::Fifo);
    let order = [&stopping, &fifo, &promotion];
    let cached = Cached::new();
    for (plan, least) in order.into_iter().zip([0, 0, 1]) {
        let (left, from_cache) = run(plan, &cached.with(options()));
        assert_eq!(left, run(plan, &options()).0);
        assert!(from_cache >= least, "{from_cache} {least}");
    }
}

#[test]
fn with_fuel_as_the_resource_the_cache_shows_in_nothing() {
    for (kind, count) in [(HyperbandKind::Stopping, 1), (HyperbandKind::Promotion, 1), (HyperbandKind::Promotion, 2)] {
        let levels = vec![10_000_000, 30_000_000, 90_000_000];
        let spec = HyperbandSpec { rung_levels: Some(levels), ..HyperbandSpec::new(kind, 200_000_000) };
        let mut plan = plan("digits", 20, SchedulerSpec::Hyperband(spec));
        plan.spec.metrics.time_attr = "fuel".into();
        plan.spec.replicates.count = count;
        let expected = run(&plan, &options()).0;
        let cached = Cached::new();
        for way in [options(), RunOptions { speculation: Speculation::On, jobs: 2, ..options() }, options()] {
            assert_eq!(run(&plan, &cached.with(way)).0, expected);
        }
    }
}

#[test]
fn trials_with_replicates_leave_the_same_however_they_are_run_and_from_a_cache() {
    for kind in [HyperbandKind::Stopping, HyperbandKind::Promotion] {
        let mut plan = plan("toy-wasi", 20, hyperband(kind));
        plan.spec.replicates = Replicates { count: 3, reward: ReplicateReward::Median };
        let expected = run(&plan, &options()).0;
        for way in ways() {
            assert_eq!(run(&plan, &way).0, expected, "{kind:?} {way:?}");
            let cached = Cached::new();
            assert_eq!(run(&plan, &cached.with(way.clone())).0, expected);
            let (left, from_cache) = run(&plan, &cached.with(way));
            assert!(left == expected && from_cache > 0);
        }
        let other = Replicates { count: 2, ..plan.spec.replicates };
        plan.spec.replicates = other;
        assert_ne!(run(&plan, &options()).0.digest, expected.digest);
    }
}

#[test]
fn artifacts_come_from_the_cache_unless_they_were_not_kept_there() {
    let plan = plan("digits", 6, SchedulerSpec::Fifo);
    let cached = Cached::new();
    let none = RunOptions { keep_artifacts: KeepArtifacts::None, ..options() };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.study");
    begin(&plan, &path, &cached.with(none), &mut [], &Interrupt::default()).unwrap();
    // Entries without contents are of no use to who wants them.
    let (expected, from_cache) = run(&plan, &cached.with(options()));
    assert_eq!(from_cache, 0);
    assert_eq!((expected.artifacts.len(), run(&plan, &cached.with(options()))), (1, (expected, 6)));
}

#[test]
fn equal_trials_of_one_study_run_once() {
    let rates = Domain::Choice([0.001, 0.002, 0.004].map(Value::Real).into());
    let builder = Study::builder(format!("{EXAMPLES}/toy/toy.wasm")).num_trials(40).options(options());
    let builder = builder.parameter(Parameter::new("lr", rates));
    let builder = builder.parameter(Parameter::new("wd", Domain::Constant(Value::Real(0.002))));
    let builder = builder.capacity(Capacity { cpus: 2, gpus: 0.0 }).allow_duplicates(true);
    let plan = builder.trial_seeds(TrialSeeds::PerStudy).plan().unwrap();
    let (expected, none) = run(&plan, &options());
    assert_eq!(none, 0);
    for way in ways() {
        let (left, reused) = run(&plan, &RunOptions { reuse: Reuse::OfThisRun, ..way });
        assert_eq!(left, expected);
        // Of each of three configurations one or two run: an equal one may be under way.
        assert!((34..=37).contains(&reused), "{reused}");
    }
    let mut plan = plan;
    plan.spec.trial_seeds = TrialSeeds::PerTrial;
    assert_eq!(run(&plan, &RunOptions { reuse: Reuse::OfThisRun, ..options() }).1, 0);
}

/// With one seed for all trials, the toy's rewards are the same whatever its configuration: every trial ties with every other at each rung.
#[test]
fn trials_that_tie_at_each_rung_cost_nothing_twice_and_are_promoted_by_share_as_others_are() {
    let rates = Domain::Choice([0.001, 0.002, 0.004].map(Value::Real).into());
    for kind in [HyperbandKind::Stopping, HyperbandKind::Promotion] {
        let builder = Study::builder(format!("{EXAMPLES}/toy/toy.wasm")).num_trials(60).options(options());
        let builder = builder.parameter(Parameter::new("lr", rates.clone()));
        let builder = builder.parameter(Parameter::new("wd", Domain::Constant(Value::Real(0.002))));
        let builder = builder.searcher(SearcherSpec::Random(RandomSpec::default())).scheduler(hyperband(kind));
        let builder = builder.capacity(Capacity { cpus: 1, gpus: 0.0 }).allow_duplicates(true);
        let plan = builder.trial_seeds(TrialSeeds::PerStudy).plan().unwrap();
        let expected = run(&plan, &options()).0;

        let folder = tempfile::tempdir().unwrap();
        let (path, mut watcher) = (folder.path().join("a.study"), Watcher::default());
        let reusing = RunOptions { reuse: Reuse::OfThisRun, ..options() };
        begin(&plan, &path, &reusing, &mut [&mut watcher], &Interrupt::default()).unwrap();
        assert_eq!(left(&path).0, expected);

        let state = Reader::open(&path).unwrap().state().unwrap();
        let mut furthest: BTreeMap<String, u64> = BTreeMap::new();
        for trial in state.trials() {
            let fuel = furthest.entry(trial.config.to_string()).or_default();
            *fuel = trial.fuel.0.max(*fuel);
        }
        assert_eq!(furthest.len(), 3);
        // Each configuration ran once, as far as any trial of it went; to find that out costs at most a second beginning of it.
        let (distinct, Watcher(RunProgress { fuel, .. })) = (furthest.values().sum::<u64>(), watcher);
        assert!(fuel.0 <= 2 * distinct, "{kind:?}: {fuel} of {distinct}");

        let past = |level: u64| state.trials().iter().filter(|trial| trial.reports > level).count();
        if kind == HyperbandKind::Promotion {
            assert!(past(1) <= 60 / 3 && past(3) <= past(1) / 3 + 1, "{} {}", past(1), past(3));
        }
    }
}

#[test]
fn a_verification_runs_every_trial_whatever_the_cache_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.study");
    let plan = plan("toy", 10, SchedulerSpec::Fifo);
    let cached = Cached::new();
    begin(&plan, &path, &cached.with(options()), &mut [], &Interrupt::default()).unwrap();
    let before = cached.entries();
    assert_eq!(before.len(), 10);
    // If it looked there, it would put right what is damaged.
    let damaged: Vec<Vec<u8>> = before
        .iter()
        .map(|entry| {
            fs::write(entry, b"damaged").unwrap();
            fs::read(entry).unwrap()
        })
        .collect();
    let verification = verify(&path, folder.path(), &cached.with(options()), &mut [], &Interrupt::default()).unwrap();
    assert!(verification.is_whole);
    assert_eq!(before.iter().map(|entry| fs::read(entry).unwrap()).collect::<Vec<_>>(), damaged);
}

/// Takes back what a study's log says after a trial's report of that number: what a crash then would have left of it.
fn cut_after_report(path: &Path, trial: i64, report: i64) {
    let database = rusqlite::Connection::open(path).unwrap();
    let of_trial =
        "SELECT sequence FROM event WHERE kind = 'reported' AND trial = ?1 ORDER BY sequence LIMIT 1 OFFSET ?2";
    let last: i64 = database.query_row(of_trial, [trial, report - 1], |row| row.get(0)).unwrap();
    assert!(database.execute("DELETE FROM event WHERE sequence > ?1", [last]).unwrap() > 0);
}

#[test]
fn an_entry_that_contradicts_the_log_of_a_resumed_study_gives_way() {
    let plan_of = |num_trials| {
        let mut plan = plan("digits", num_trials, SchedulerSpec::Fifo);
        plan.spec.capacity.cpus = 1;
        plan
    };
    let whole = plan_of(5);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.study");
    let all = RunOptions { keep_artifacts: KeepArtifacts::All, ..options() };
    begin(&whole, &path, &all, &mut [], &Interrupt::default()).unwrap();
    cut_after_report(&path, 3, 2);
    let state = Reader::open(&path).unwrap().state().unwrap();
    let record = state.trial(TrialId(3)).unwrap();
    assert!(record.outcome().is_none() && record.reports == 2, "{record:?}");
    // The entry of the trial that was running gets the content of another, with a digest that fits: as nobody but a forger does. There
    // is no other entry: of what the log does not hold nobody could tell.
    let cached = Cached::new();
    run(&plan_of(3), &cached.with(options()));
    let others = cached.entries();
    let body = fs::read(&others[0]).unwrap().split_off(32);
    run(&plan_of(4), &cached.with(options()));
    let entry = cached.entries().into_iter().find(|entry| !others.contains(entry)).unwrap();
    let name: Digest = entry.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    fs::write(&entry, [&Digest::of(&[&name.0, body.as_slice()].concat()).0, body.as_slice()].concat()).unwrap();
    others.iter().for_each(|entry| fs::remove_file(entry).unwrap());
    resume(&whole, &path, &cached.with(options()), &mut [], &Interrupt::default()).unwrap();
    assert_eq!(left(&path), (run(&whole, &options()).0, 0));
    // And what it did stands there now: of these four trials the fourth alone was run with the cache.
    assert_eq!(run(&plan_of(4), &cached.with(options())).1, 1);
}
