//! The study's machine in a simulated world: whatever the physical order, the log is that of a sequential simulation.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a test, no library")]
#![allow(clippy::needless_pass_by_value, clippy::use_self, reason = "brevity")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "a test, no library")]

mod decisions;
mod gpu;
mod oracle;
mod replay;
mod rounds;
mod searchers;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use trialbox::numeric::amount::{Seed, Slot, TrialId, VirtualTime};
use trialbox::numeric::digest::{Digest, canonical_bytes};
use trialbox::numeric::random::{Purpose, Stream};
use trialbox::scheduler::{HyperbandKind, HyperbandSpec, RlSpec, SchedulerSpec};
use trialbox::searcher::{AutoSpec, BayesoptSpec, ControllerSpec, GridSpec, RandomSpec, ResourceKernel, SearcherSpec};
use trialbox::space::{Domain, IntegerRange, Parameter, RealRange, Space, Value};
use trialbox::study::{Chain, Clock, EndReason, Entry, Event, Job, Outcome, Study, StudySpec, TrialSeeds};

use world::{Behaviour, Dice, Disorder, anything, rewards, run};

/// Why no more trials were started; none if the study did not end.
fn reason(log: &[Entry]) -> Option<EndReason> {
    match log.last()?.event {
        Event::StudyEnded { reason, .. } => Some(reason),
        _ => None,
    }
}

/// The configurations of the trials, in the order of their starts.
fn configs(log: &[Entry]) -> Vec<String> {
    log.iter()
        .filter_map(|entry| match &entry.event {
            Event::TrialStarted { config, .. } => Some(config.to_string()),
            _ => None,
        })
        .collect()
}

fn wide_space() -> Space {
    let learning_rate = Domain::Real(RealRange { lower: 1e-4, upper: 1e-1, log: true });
    let activation = Domain::Choice(vec![Value::from("relu"), Value::from("tanh")]);
    Space::new(vec![Parameter::new("lr", learning_rate), Parameter::new("activation", activation)]).unwrap()
}

fn small_space() -> Space {
    let depth = Domain::Integer(IntegerRange { lower: 1, upper: 4, log: false });
    Space::new(vec![Parameter::new("depth", depth), Parameter::new("bias", Domain::Boolean)]).unwrap()
}

/// A study of that many slots and trials at random, everything else as usual.
pub fn study_of(slots: u32, num_trials: u64) -> StudySpec {
    let mut spec = StudySpec::new("simulated", wide_space(), Digest::of(b"fuel schedule of the simulated world"));
    spec.searcher = SearcherSpec::Random(RandomSpec::default());
    spec.capacity.cpus = slots;
    spec.num_trials = Some(num_trials);
    spec
}

/// Any study, by seed.
fn any_study(seed: u64) -> StudySpec {
    let mut dice = Dice(seed);
    let mut spec = study_of(1 + dice.below(6) as u32, 1 + dice.below(25));
    spec.seed.0 = dice.next();
    spec.delay_get_config = dice.one_in(2);
    if dice.one_in(3) {
        spec.space = small_space();
    }
    if dice.one_in(3) {
        spec.searcher = SearcherSpec::Grid(GridSpec { points: 3 });
    }
    if dice.one_in(3) {
        let mut stream = Stream::new(Seed(dice.next()), Purpose::Config, 0, 0);
        spec.points_to_evaluate = (0..dice.below(6)).map(|_| spec.space.sample(&mut stream)).collect();
        spec.allow_duplicates = spec.searcher.can_repeat() && dice.one_in(2);
    }
    if dice.one_in(4) {
        spec.trial_seeds = TrialSeeds::PerStudy;
    }
    if dice.one_in(3) {
        spec.time_out = Some(VirtualTime(1 + dice.below(1_500)));
        spec.stop_jobs_after_time_out = !dice.one_in(3);
        if dice.one_in(2) {
            spec.num_trials = None;
        }
    }
    if dice.one_in(3) {
        spec.max_reward = Some(1.0);
    }
    if dice.one_in(2) {
        let kind = if dice.one_in(2) { HyperbandKind::Stopping } else { HyperbandKind::Promotion };
        let mut hyperband = HyperbandSpec::new(kind, 3 + dice.below(3));
        (hyperband.reduction_factor, hyperband.brackets) = (2, 1 + dice.below(3) as u32);
        hyperband.rung_system_per_bracket = dice.one_in(2);
        if dice.one_in(3) {
            spec.metrics.time_attr = "fuel".into();
            (hyperband.grace_period, hyperband.max_t) = (60, 300);
        }
        spec.scheduler = SchedulerSpec::Hyperband(hyperband);
    }
    if dice.one_in(3) {
        spec.metrics.constraint_attr = Some("excess".into());
    }
    if dice.one_in(6) {
        let controller_batch_size = 1 + dice.below(8) as u32;
        let rl = RlSpec { controller_batch_size, sync: dice.one_in(2), ..RlSpec::default() };
        learn_by(&mut spec, rl);
        // The oracle never chooses ahead, which makes a difference to a searcher that learns.
        spec.delay_get_config |= !rl.sync;
    }
    spec
}

/// Has the study run so, with the searcher that belongs to it.
pub fn learn_by(spec: &mut StudySpec, rl: RlSpec) {
    spec.searcher =
        SearcherSpec::Rl(ControllerSpec { batch: rl.batch(), controller_lr: 0.1, ..ControllerSpec::default() });
    spec.scheduler = SchedulerSpec::Rl(rl);
    if spec.metrics.time_is_fuel() {
        spec.metrics.time_attr = "epoch".into();
    }
}

fn assert_same_log(ours: &[Entry], theirs: &[Entry]) {
    for (one, two) in ours.iter().zip(theirs) {
        assert_eq!(one.digest, two.digest, "event {}:\n{:?}\n{:?}", one.sequence, one.event, two.event);
    }
    assert_eq!(ours.len(), theirs.len());
}

/// How the trials of a log ended.
pub fn outcomes(log: &[Entry]) -> BTreeMap<TrialId, Outcome> {
    let ended = log.iter().filter_map(|entry| match &entry.event {
        Event::TrialEnded { trial, outcome, .. } => Some((*trial, outcome.clone())),
        _ => None,
    });
    ended.collect()
}

/// A world in which anything happens, but no trial is for nothing: a study without `num_trials` would be endless.
fn some_world(job: &Job) -> Behaviour {
    let mut behaviour = anything(7, job);
    behaviour.fuel += 1;
    behaviour
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn the_log_is_that_of_the_sequential_simulation(study: u64, world: u64, disorder: u64) {
        let spec = any_study(study);
        let script = |job: &Job| Behaviour { fuel: anything(world, job).fuel + 1, ..anything(world, job) };
        assert_same_log(&run(&spec, &script, Disorder::of_seed(disorder)), &oracle::sequential(&spec, &script));
    }

    #[test]
    fn the_state_is_the_fold_of_the_log_after_every_step(study: u64, disorder: u64) {
        let disorder = Disorder { folds: true, ..Disorder::of_seed(disorder) };
        run(&any_study(study), &some_world, disorder);
    }

    #[test]
    fn events_come_in_the_order_of_time_and_slot(study: u64, disorder: u64) {
        let spec = any_study(study);
        let log = run(&spec, &some_world, Disorder::of_seed(disorder));
        let mut slots: BTreeMap<TrialId, Slot> = BTreeMap::new();
        let mut free: BTreeSet<Slot> = (0..spec.slots().unwrap()).map(Slot).collect();
        let mut last = (VirtualTime(0), Slot(0));
        for entry in &log {
            match &entry.event {
                Event::TrialStarted { trial, slot, time, .. } | Event::TrialResumed { trial, slot, time, .. } => {
                    // A job follows the event that freed its slot at once, or, if there was nothing to do for the slot then, the
                    // event that made a promotion possible or ended a round; at the beginning all slots are free.
                    assert!(*time == last.0 && free.remove(slot), "{entry:?}");
                    slots.insert(*trial, *slot);
                    last.1 = last.1.min(*slot);
                }
                Event::Reported { trial, time, .. }
                | Event::ReadBack { trial, time, .. }
                | Event::Judged { trial, time, .. }
                | Event::TrialPaused { trial, time, .. }
                | Event::TrialEnded { trial, time, .. } => {
                    assert!((*time, slots[trial]) >= last, "{entry:?} after {last:?}");
                    last = (*time, slots[trial]);
                    if matches!(entry.event, Event::TrialPaused { .. } | Event::TrialEnded { .. }) {
                        free.insert(slots[trial]);
                    }
                }
                Event::StudyStarted { .. } | Event::SearcherFailed { .. } => {}
                Event::StudyEnded { time, .. } => assert_eq!(*time, last.0),
            }
        }
    }

    #[test]
    fn a_slot_runs_one_trial_at_a_time_and_each_trial_ends_once(study: u64, disorder: u64) {
        let spec = any_study(study);
        let mut busy: BTreeMap<Slot, TrialId> = BTreeMap::new();
        let mut started = 0;
        for entry in run(&spec, &some_world, Disorder::of_seed(disorder)) {
            match entry.event {
                Event::TrialStarted { trial, slot, .. } => {
                    assert_eq!(trial.0, started);
                    started += 1;
                    assert!(slot.0 < spec.slots().unwrap());
                    assert_eq!(busy.insert(slot, trial), None);
                }
                Event::TrialResumed { trial, slot, .. } => assert_eq!(busy.insert(slot, trial), None),
                Event::Reported { trial, .. } | Event::ReadBack { trial, .. } | Event::Judged { trial, .. } => {
                    assert!(busy.values().any(|&other| other == trial));
                }
                Event::TrialPaused { trial, .. } | Event::TrialEnded { trial, .. } => {
                    let before = busy.len();
                    busy.retain(|_, other| *other != trial);
                    assert_eq!(busy.len() + 1, before);
                }
                Event::StudyStarted { .. } => assert_eq!(entry.sequence.0, 0),
                Event::StudyEnded { .. } => assert!(busy.is_empty()),
                Event::SearcherFailed { .. } => panic!("no searcher fails here"),
            }
        }
    }

    #[test]
    fn what_was_decided_by_the_wall_clock_is_reproduced_from_the_log(study: u64, disorder: u64) {
        let spec = StudySpec { clock: Clock::Wall, ..any_study(study) };
        let log = run(&spec, &some_world, Disorder::of_seed(disorder));
        let mut study = Study::new(spec).unwrap();
        for entry in &log {
            study.reproduce(entry).unwrap();
        }
        prop_assert!(study.is_finished());
    }

    #[test]
    fn the_digests_of_a_log_are_the_chain_over_its_events(study: u64, disorder: u64) {
        let mut chain = Chain::default();
        for entry in run(&any_study(study), &some_world, Disorder::of_seed(disorder)) {
            assert_eq!(chain.push(entry.event.clone()).digest, entry.digest);
        }
    }

    #[test]
    fn events_survive_json_and_the_canonical_encoding(study: u64) {
        for entry in run(&any_study(study), &some_world, Disorder::none()) {
            let digest = Digest::of_canonical(&entry.event);
            let from_json: Event = serde_json::from_str(&serde_json::to_string(&entry.event).unwrap()).unwrap();
            assert_eq!(Digest::of_canonical(&from_json), digest);
            if let Event::StudyStarted { .. } = entry.event {
                // A specification is read from JSON only: its encoding leaves out what earlier ones did not have.
                continue;
            }
            let from_bytes: Event = postcard::from_bytes(&canonical_bytes(&entry.event)).unwrap();
            assert_eq!(Digest::of_canonical(&from_bytes), digest);
        }
    }
}

#[test]
fn events_at_the_same_moment_come_in_the_order_of_slots() {
    let spec = study_of(3, 6);
    let script = |_: &Job| rewards(10, &[0.5, 0.6]);
    for seed in 0..50 {
        let log = run(&spec, &script, Disorder { kills: 0, ..Disorder::of_seed(seed) });
        let told: Vec<(u64, u64)> = log
            .iter()
            .filter(|entry| matches!(entry.event, Event::Reported { .. } | Event::TrialEnded { .. }))
            .map(|entry| (entry.event.time().0, entry.event.trial().unwrap().0))
            .collect();
        let expected: Vec<(u64, u64)> =
            (1..=6).flat_map(|step: u64| (0..3).map(move |slot| (step * 10, (step - 1) / 3 * 3 + slot))).collect();
        assert_eq!(told, expected);
    }
}

#[test]
fn trials_that_use_no_fuel_at_all_run_one_after_the_other_in_the_first_slot() {
    let spec = study_of(2, 5);
    let script = |_: &Job| rewards(0, &[0.5]);
    for seed in 0..50 {
        let log = run(&spec, &script, Disorder::of_seed(seed));
        assert_same_log(&log, &oracle::sequential(&spec, &script));
        let started = log.iter().filter_map(|entry| match entry.event {
            Event::TrialStarted { slot, .. } => Some(slot.0),
            _ => None,
        });
        assert_eq!(started.collect::<Vec<_>>(), [0, 1, 0, 0, 0]);
    }
}

#[test]
fn ten_thousand_trials_in_64_slots_give_the_sequential_log() {
    let spec = study_of(64, 10_000);
    let script = |job: &Job| anything(3, job);
    let disorder = Disorder { restarts: 100, ..Disorder::none() };
    let log = run(&spec, &script, disorder);
    assert_eq!(outcomes(&log).len(), 10_000);
    assert_same_log(&log, &oracle::sequential(&spec, &script));
}

/// A study whose searcher has a model of levels, and perhaps of the constraint.
fn modelled(seed: u64) -> StudySpec {
    let mut spec = study_of(3, 30);
    let gp_resource_kernel = Some(ResourceKernel::ExpDecayCombined).filter(|_| seed.is_multiple_of(2));
    let options = BayesoptSpec { num_init_random: Some(4), gp_resource_kernel, ..BayesoptSpec::default() };
    spec.searcher = SearcherSpec::Bayesopt(options);
    if seed.is_multiple_of(3) {
        spec.searcher = SearcherSpec::ConstrainedBayesopt(options);
        spec.metrics.constraint_attr = Some("excess".into());
    }
    if seed >= 6 {
        spec.searcher = SearcherSpec::Auto(AutoSpec::default());
    }
    let kind = if seed % 4 < 2 { HyperbandKind::Promotion } else { HyperbandKind::Stopping };
    spec.scheduler = SchedulerSpec::Hyperband(HyperbandSpec { reduction_factor: 2, ..HyperbandSpec::new(kind, 4) });
    spec
}

#[test]
fn what_a_model_suggests_does_not_depend_on_the_physical_order() {
    for seed in 0..10 {
        let spec = modelled(seed);
        let script = |job: &Job| {
            let x = job.config.get("lr").and_then(Value::as_number).unwrap_or(0.0) * 10.0;
            let report = |epoch: i64| {
                let attributes = [
                    ("epoch", Value::Integer(epoch)),
                    ("accuracy", Value::Real(x * (1.0 - x) - 0.5 / epoch as f64)),
                    ("excess", Value::Real(0.3 - x)),
                ];
                (epoch as u64 * (20 + job.seed.0 % 5 * 10), world::report(&attributes))
            };
            let reports: Vec<_> = (1..=4).map(report).collect();
            let fuel = reports[3].0 + 10;
            Behaviour { reports, read_backs: Vec::new(), fuel, outcome: Outcome::Completed, artifacts: Vec::new() }
        };
        let log = run(&spec, &script, Disorder::none());
        assert_same_log(&run(&spec, &script, Disorder::of_seed(seed + 1)), &log);
        let is_start = |entry: &&Entry| matches!(entry.event, Event::TrialStarted { .. });
        assert!(log.iter().filter(is_start).count() > 8, "the model was asked");
    }
}
