//! Trials that do harm with a GPU beside good ones: each ends as its own outcome, and the good ones do not notice.
//!
//! The guest is `guest-examples/hostile-gpu`, whose modes are described there. Limits are short for what never ends, and far from what
//! good work takes: it is tiny.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use trialbox::Study;
use trialbox::executor::{Isolation, RunOptions, set_worker_program};
use trialbox::numeric::amount::TrialId;
use trialbox::numeric::digest::{Digest, canonical_bytes};
use trialbox::searcher::{GridSpec, SearcherSpec};
use trialbox::space::{Domain, Parameter, Value};
use trialbox::store::Reader;
use trialbox::study::{
    Capacity, Entry, Event, GpuGrant, GpuLimits, Limits, Observer, Resource, RunProgress, StudyState,
};

use super::project;

/// How a mode must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The host answered everything as it should.
    Answered,
    /// The trial was ended with an outcome of this name.
    Ended(&'static str),
    /// One of these: it depends on how fast the adapter and its driver are.
    OneOf(&'static [&'static str]),
}

use End::{Answered, Ended, OneOf};

/// The good modes. A grid search starts the last values first, so they have the same numbers with the others and without.
const GOOD: &[&str] = &["honest", "honest_steps", "commands_few"];

/// All others, in the order of the guest's table.
const HARMFUL: &[(&str, End)] = &[
    ("out_of_bounds_read", Answered),
    ("out_of_bounds_write", Answered),
    ("endless", Ended("gpu timeout")),
    ("long_loop", Ended("out of fuel")),
    ("endless_unawaited", Ended("gpu timeout")),
    ("endless_dropped", Ended("gpu timeout")),
    ("endless_dropped_then_good", Ended("gpu timeout")),
    ("endless_behind_refusal", Ended("gpu timeout")),
    ("endless_destroyed", Ended("gpu timeout")),
    ("endless_many", Ended("gpu timeout")),
    ("divergent_barrier", OneOf(&["completed", "gpu timeout"])),
    ("divergent_exit", OneOf(&["completed", "gpu timeout"])),
    ("dispatch_cubed", OneOf(&["completed", "out of fuel"])),
    ("dispatch_past_dimension", Answered),
    ("spin_read", Ended("misuse")),
    ("buffer_too_large", Answered),
    ("buffers_until_memory", Answered),
    ("buffers_bound_and_dropped", Answered),
    ("buffers_of_many_devices", Answered),
    ("buffers_kept", Ended("limit exceeded")),
    ("buffers_dropped", Answered),
    ("buffers_mapped", Answered),
    ("writes_unsubmitted", Answered),
    ("messages_kept", Answered),
    ("passes_kept", Answered),
    ("errors_kept", Answered),
    ("encoders_kept", Ended("limit exceeded")),
    ("devices_many", Answered),
    ("scopes_million", Answered),
    ("scopes_unbalanced", Answered),
    ("labels_of_megabytes", Answered),
    ("uncaught_errors", Answered),
    ("commands_many", Answered),
    ("read_backs_too_many", Ended("misuse")),
    ("read_back_too_large", Ended("limit exceeded")),
    ("wgsl_too_long", Answered),
    ("wgsl_just_under", OneOf(&["completed", "gpu timeout"])),
    ("wgsl_invalid", Answered),
    ("wgsl_deep", Answered),
    ("wgsl_slow", OneOf(&["completed", "gpu timeout"])),
    ("workgroup_memory", Answered),
    ("entry_point_missing", Answered),
    ("constants_garbage", Answered),
    ("use_after_destroy", Answered),
    ("map_while_mapped", Answered),
    ("map_out_of_range", Answered),
    ("submit_while_mapped", Answered),
    ("unmap_unmapped", Answered),
    ("submit_twice", Answered),
    ("encoder_misuse", Answered),
    ("foreign_device", Answered),
    ("device_destroyed", Answered),
    ("lost_without_destroy", Ended("misuse")),
    ("bind_groups_wrong", Answered),
    ("offsets_garbage", Answered),
    ("copies_garbage", Answered),
    ("layouts_garbage", Answered),
];

/// How many trials run at a time: the good ones, which start first, and some of the others.
const SLOTS: u32 = 8;

fn limits() -> Limits {
    Limits { fuel_max: 20_000_000_000, host_call_bytes_max: 4 << 20, log_bytes_max: 64 << 10, ..Limits::default() }
}

fn grant() -> GpuGrant {
    let limits = GpuLimits {
        memory_bytes_max: 256 << 20,
        buffer_bytes_max: 256 << 20,
        read_backs_max: 2_000,
        recorded_bytes_max: 1 << 20,
        submission_milliseconds_max: 5_000,
        compile_milliseconds_max: 20_000,
        ..GpuLimits::default()
    };
    GpuGrant { limits, ..GpuGrant::default() }
}

/// What a run of some modes came to.
struct Run {
    /// The events of each trial, as bytes.
    events: BTreeMap<TrialId, Vec<Vec<u8>>>,
    state: StudyState,
    digest: Digest,
}

fn run(folder: &Path, name: &str, modes: &[&str], isolation: Isolation, observer: &mut dyn Observer) -> Run {
    set_worker_program(env!("CARGO_BIN_EXE_trialbox").into());
    let store = folder.join(format!("{name}.study"));
    let modes = modes.iter().map(|mode| Value::Text((*mode).into())).collect();
    let result = Study::builder(project("guest-examples/hostile-gpu/hostile-gpu.wasm"))
        .searcher(SearcherSpec::Grid(GridSpec { points: 1 }))
        .capacity(Capacity { cpus: SLOTS, gpus: 1.0 })
        .resource(Resource { num_cpus: 1, num_gpus: 1.0 / f64::from(SLOTS) })
        .num_trials(1_000)
        .limits(limits())
        .gpu(grant())
        .options(RunOptions { jobs: 2, isolation, ..RunOptions::default() })
        .parameter(Parameter::new("mode", Domain::Choice(modes)))
        .observer(observer)
        .run(&store)
        .unwrap();
    let mut events: BTreeMap<TrialId, Vec<Vec<u8>>> = BTreeMap::new();
    for entry in Reader::open(&store).unwrap().entries() {
        let event: Event = entry.unwrap().event;
        if let Some(trial) = event.trial() {
            events.entry(trial).or_default().push(canonical_bytes(&event));
        }
    }
    Run { events, state: result.state, digest: result.digest }
}

/// Notes which processes compute.
#[derive(Default)]
struct Watcher {
    seen: BTreeSet<u32>,
}

impl Watcher {
    /// Waits until none of them is there any more; gives those that stay.
    fn left(&self) -> BTreeSet<u32> {
        /// The system may take its time to end them. One that hangs never ends.
        const PATIENCE: Duration = Duration::from_secs(60);
        const TICK: Duration = Duration::from_millis(100);
        let began = Instant::now();
        loop {
            let left: BTreeSet<u32> = self.seen.iter().copied().filter(|process| computes(*process)).collect();
            if left.is_empty() || began.elapsed() > PATIENCE {
                return left;
            }
            std::thread::sleep(TICK);
        }
    }
}

impl Observer for Watcher {
    fn on_event(&mut self, _: &Entry, _: &StudyState) {}

    fn on_tick(&mut self, _: &RunProgress, _: &StudyState) {
        self.seen.extend(gpu_workers());
    }
}

fn expected(mode: &str) -> End {
    HARMFUL.iter().find(|(name, _)| *name == mode).map_or(Answered, |(_, end)| *end)
}

/// How the trials that did not end as they must have ended.
fn wrong(state: &StudyState) -> Vec<String> {
    let mut wrong = Vec::new();
    for trial in state.trials() {
        let Some(Value::Text(mode)) = trial.config.get("mode") else { panic!("{:?}", trial.config) };
        let name = trial.outcome().map_or("running", |outcome| outcome.name());
        let is_right = match expected(mode) {
            Answered => name == "completed" && (trial.reward == Some(1.0) || mode == "honest_steps"),
            Ended(outcome) => name == outcome,
            OneOf(outcomes) => outcomes.contains(&name),
        };
        if !is_right {
            wrong.push(format!("{mode}: {name}, {:?}", trial.reward));
        }
    }
    wrong
}

/// Studies whose processes are looked at run one after the other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn check(isolation: Isolation) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<&str> = HARMFUL.iter().map(|(mode, _)| *mode).chain(GOOD.iter().copied()).collect();
    let mut watcher = Watcher::default();
    let with_harm = run(folder.path(), "study", &all, isolation, &mut watcher);
    let without = run(folder.path(), "good", GOOD, isolation, &mut Watcher::default());
    assert_eq!(wrong(&with_harm.state), Vec::<String>::new());
    assert_eq!(with_harm.state.trials().len(), all.len());
    assert_eq!(without.events.len(), GOOD.len());
    for (trial, events) in &without.events {
        assert_eq!(with_harm.events.get(trial), Some(events), "trial {trial}");
    }
    assert!(!watcher.seen.is_empty());
    assert_eq!(watcher.left(), BTreeSet::new(), "what computes ends with who has started it");
}

#[test]
#[ignore = "needs a GPU adapter; `cargo xtask test` has one"]
fn a_trial_that_does_harm_with_a_gpu_ends_as_its_own_outcome_and_its_neighbours_do_not_notice() {
    check(Isolation::Process);
}

#[test]
#[ignore = "needs a GPU adapter; `cargo xtask test` has one"]
fn harm_with_a_gpu_is_the_same_in_a_process_for_each_trial() {
    check(Isolation::ProcessPerTrial);
}

/// Whether a process is there and computes on a GPU.
fn computes(process: u32) -> bool {
    let read = |file: &str| std::fs::read_to_string(format!("/proc/{process}/{file}")).unwrap_or_default();
    let is_over = read("status").lines().any(|line| line.starts_with("State:") && line.contains('Z'));
    !is_over && read("cmdline").split('\0').nth(1) == Some("__gpu")
}

fn parent(process: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok())
}

/// The processes that compute for workers of this process. Those of programs that other tests have started are further below it.
fn gpu_workers() -> BTreeSet<u32> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_ours = |process: &u32| parent(*process).and_then(parent) == Some(std::process::id());
    numbers.filter(|process| computes(*process)).filter(is_ours).collect()
}

/// Kills what computes, once something was computed.
#[derive(Default)]
struct Killer {
    reports: u32,
    killed: u32,
}

impl Observer for Killer {
    fn on_event(&mut self, entry: &Entry, _: &StudyState) {
        /// Only once: a trial that loses its worker again when it runs alone has crashed.
        const REPORTS_BEFORE: u32 = 20;
        let Event::Reported { .. } = entry.event else { return };
        self.reports += 1;
        if self.reports != REPORTS_BEFORE {
            return;
        }
        for worker in gpu_workers() {
            let killed = std::process::Command::new("kill").args(["-9", &worker.to_string()]).status();
            self.killed += u32::from(killed.unwrap().success());
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "needs a GPU adapter; `cargo xtask test` has one"]
fn what_computes_may_be_killed_at_any_time_and_the_log_is_the_same() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let quiet = run(folder.path(), "quiet", GOOD, Isolation::Process, &mut Watcher::default());
    let mut killer = Killer::default();
    let disturbed = run(folder.path(), "disturbed", GOOD, Isolation::Process, &mut killer);
    assert!(killer.killed > 0, "nothing was there to be killed");
    assert_eq!(disturbed.digest, quiet.digest);
}
