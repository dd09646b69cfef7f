//! Going on from a log: what is reproduced, what is refused, and how specifications differ.

use trialbox::numeric::amount::{Fuel, Seed, Slot, TrialId, VirtualTime};
use trialbox::numeric::digest::Digest;
use trialbox::scheduler::Decision;
use trialbox::searcher::{RandomSpec, SearcherSpec};
use trialbox::space::Value;
use trialbox::study::{
    Action, Chain, Clock, ComponentId, DataId, Entry, Event, FloatMode, GpuAdapter, GpuGrant, Input, Job, Outcome,
    StopReason, Study, StudyError, StudySpec, StudyState, TrialSeeds,
};

use crate::world::{Disorder, Executor, anything, report, run};
use crate::{assert_same_log, small_space, study_of};

fn script(job: &Job) -> crate::world::Behaviour {
    anything(11, job)
}

/// What the machine says to a whole log.
fn reproduced(spec: &StudySpec, log: &[Entry]) -> Result<Study, StudyError> {
    let mut study = Study::new(spec.clone()).unwrap();
    log.iter().try_for_each(|entry| study.reproduce(entry)).map(|()| study)
}

/// The events as a log of their own, its digests right.
fn chained(events: impl IntoIterator<Item = Event>) -> Vec<Entry> {
    let mut chain = Chain::default();
    events.into_iter().map(|event| chain.push(event)).collect()
}

fn events(log: &[Entry]) -> Vec<Event> {
    log.iter().map(|entry| entry.event.clone()).collect()
}

#[test]
fn a_study_goes_on_from_every_prefix_of_its_log_to_the_same_end() {
    let mut spec = study_of(3, 12);
    spec.time_out = Some(VirtualTime(700));
    let log = run(&spec, &script, Disorder::none());
    for kept in 0..=log.len() {
        let mut executor = Executor::resumed(&spec, &script, &log[..kept], Disorder::of_seed(kept as u64));
        executor.run();
        assert_same_log(&executor.log, &log);
    }
}

#[test]
fn a_whole_log_is_reproduced_with_nothing_left_to_do() {
    let spec = study_of(3, 12);
    let log = run(&spec, &script, Disorder::none());
    let mut study = reproduced(&spec, &log).unwrap();
    study.resume();
    assert_eq!(study.poll_action(), None);
    assert!(study.is_finished());
    assert_eq!(study.chain().head(), log.last().unwrap().digest);
}

#[test]
fn resuming_launches_each_running_trial_once_after_what_was_not_yet_in_the_log() {
    let spec = study_of(3, 12);
    let log = run(&spec, &script, Disorder::none());
    for kept in 0..log.len() {
        let mut study = reproduced(&spec, &log[..kept]).unwrap();
        study.resume();
        let actions: Vec<Action> = std::iter::from_fn(|| study.poll_action()).collect();
        let appended = actions.iter().take_while(|action| matches!(action, Action::Append(_))).count();
        let launched: Vec<Job> = actions[appended..]
            .iter()
            .map(|action| match action {
                Action::Launch(job) => job.clone(),
                other => panic!("{other:?} among the launches"),
            })
            .collect();
        assert_eq!(launched, study.running().cloned().collect::<Vec<_>>());
    }
}

#[test]
fn a_trial_that_crashed_for_good_is_reproduced_from_the_log() {
    let spec = study_of(1, 2);
    let mut study = Study::new(spec.clone()).unwrap();
    study.handle(Input::Advanced { trial: TrialId(0), fuel: Fuel(17) }).unwrap();
    study.handle(Input::Crashed { trial: TrialId(0) }).unwrap();
    let log: Vec<Entry> = std::iter::from_fn(|| study.poll_action())
        .filter_map(|action| if let Action::Append(entry) = action { Some(entry) } else { None })
        .collect();
    assert_eq!(reproduced(&spec, &log).unwrap().chain(), study.chain());
}

#[test]
fn a_trial_that_differs_after_a_resume_is_refused() {
    let spec = study_of(1, 1);
    let first = report(&[("accuracy", Value::Real(0.5))]);
    let mut study = Study::new(spec.clone()).unwrap();
    study.handle(Input::Reported { trial: TrialId(0), fuel: Fuel(10), report: first }).unwrap();
    let log: Vec<Entry> = std::iter::from_fn(|| study.poll_action())
        .filter_map(|action| if let Action::Append(entry) = action { Some(entry) } else { None })
        .collect();
    let mut resumed = reproduced(&spec, &log).unwrap();
    resumed.resume();
    let other = report(&[("accuracy", Value::Real(0.6))]);
    let input = Input::Reported { trial: TrialId(0), fuel: Fuel(10), report: other };
    assert_eq!(resumed.handle(input), Err(StudyError::Diverged { trial: TrialId(0), report: 1 }));
}

#[test]
fn a_log_from_another_seed_is_refused_at_its_first_event() {
    let spec = study_of(2, 4);
    let log = run(&spec, &script, Disorder::none());
    let error = reproduced(&StudySpec { seed: Seed(5), ..spec }, &log).err();
    assert!(matches!(error, Some(StudyError::Replay { sequence: 0, .. })), "{error:?}");
}

/// Where a log that was changed at `position` is refused.
fn refused_at(spec: &StudySpec, log: &[Entry], position: usize, change: impl FnOnce(&mut Event)) -> Option<u64> {
    let mut changed = events(log);
    change(&mut changed[position]);
    match reproduced(spec, &chained(changed)) {
        Err(StudyError::Replay { sequence, .. }) => Some(sequence),
        _ => None,
    }
}

#[test]
fn a_log_with_other_decisions_is_refused_where_they_were_made() {
    let spec = study_of(2, 6);
    let log = run(&spec, &script, Disorder::none());
    let mut changed = 0;
    for (position, entry) in log.iter().enumerate() {
        let refused = match &entry.event {
            Event::TrialStarted { .. } => refused_at(&spec, &log, position, |event| {
                let Event::TrialStarted { seed, .. } = event else { unreachable!() };
                seed.0 ^= 1;
            }),
            Event::StudyEnded { .. } => refused_at(&spec, &log, position, |event| {
                let Event::StudyEnded { time, .. } = event else { unreachable!() };
                time.0 += 1;
            }),
            _ => continue,
        };
        assert_eq!(refused, Some(position as u64));
        changed += 1;
    }
    assert_eq!(changed, 7);
}

#[test]
fn a_log_that_stops_a_trial_for_no_reason_is_refused() {
    let spec = study_of(2, 4);
    let log = run(&spec, &script, Disorder::none());
    let position = log.iter().position(|entry| matches!(entry.event, Event::TrialEnded { .. })).unwrap();
    for reason in [StopReason::Scheduler, StopReason::MaxT, StopReason::TimeOut] {
        let refused = refused_at(&spec, &log, position, |event| {
            let Event::TrialEnded { outcome, .. } = event else { unreachable!() };
            *outcome = Outcome::Stopped { reason };
        });
        assert_eq!(refused, Some(position as u64), "{reason:?}");
    }
}

#[test]
fn a_log_that_accepts_a_report_which_the_study_cannot_use_is_refused() {
    let spec = study_of(2, 6);
    let log = run(&spec, &script, Disorder::none());
    let position = log.iter().position(|entry| entry.event.kind() == "reported").unwrap();
    let refused = refused_at(&spec, &log, position, |event| {
        let Event::Reported { report: said, .. } = event else { unreachable!() };
        *said = report(&[("accuracy", Value::Real(f64::NAN))]);
    });
    assert_eq!(refused, Some(position as u64));
}

#[test]
fn a_log_whose_moments_contradict_its_fuel_is_refused() {
    let spec = study_of(2, 6);
    let log = run(&spec, &script, Disorder::none());
    for kind in ["reported", "trial_ended"] {
        let position = log.iter().position(|entry| entry.event.kind() == kind).unwrap();
        let refused = refused_at(&spec, &log, position, |event| match event {
            Event::Reported { time, .. } | Event::TrialEnded { time, .. } => time.0 += 1,
            _ => unreachable!(),
        });
        assert_eq!(refused, Some(position as u64), "{kind}");
    }
}

#[test]
fn a_log_with_events_out_of_order_is_refused() {
    let spec = study_of(2, 6);
    let log = run(&spec, &script, Disorder::none());
    let mut swapped = 0;
    for position in 1..log.len() {
        let pair = [&log[position - 1].event, &log[position].event];
        if pair.iter().any(|event| event.kind() != "reported") || pair[0].trial() == pair[1].trial() {
            continue;
        }
        let mut changed = events(&log);
        changed.swap(position - 1, position);
        let error = reproduced(&spec, &chained(changed)).err();
        assert!(matches!(error, Some(StudyError::Replay { sequence, .. }) if sequence == position as u64), "{error:?}");
        swapped += 1;
    }
    assert!(swapped > 0);
}

#[test]
fn a_log_that_goes_on_after_its_end_is_refused() {
    let spec = study_of(2, 6);
    let mut log = run(&spec, &script, Disorder::none());
    let last = log.last().unwrap().event.clone();
    log = chained(events(&log).into_iter().chain([last]));
    let error = reproduced(&spec, &log).err();
    let Some(StudyError::Replay { sequence, ours, .. }) = error else { panic!("{error:?}") };
    assert_eq!((sequence, ours.as_str()), (log.len() as u64 - 1, "no event"));
}

#[test]
fn a_log_that_tells_of_a_trial_which_does_not_run_is_refused() {
    let spec = study_of(1, 2);
    let start = |study: &Study| study.chain().len() as usize;
    let log = run(&spec, &script, Disorder::none());
    let begun = start(&Study::new(spec.clone()).unwrap());
    let ended = Event::TrialEnded {
        trial: TrialId(1),
        time: VirtualTime(1),
        fuel: Fuel(1),
        outcome: Outcome::Completed,
        artifacts: Vec::new(),
    };
    let log = chained(events(&log[..begun]).into_iter().chain([ended]));
    let error = reproduced(&spec, &log).err();
    assert!(matches!(error, Some(StudyError::Replay { sequence, .. }) if sequence == begun as u64), "{error:?}");
}

#[test]
fn messages_of_replay_name_both_events() {
    let spec = study_of(1, 1);
    let log = run(&spec, &script, Disorder::none());
    let mut changed = events(&log[..2]);
    let Event::TrialStarted { config, .. } = &mut changed[1] else { panic!("no start") };
    config.insert("lr", Value::Real(0.5));
    let message = reproduced(&spec, &chained(changed)).err().unwrap().to_string();
    assert_eq!(
        message,
        "the log differs at event 1: it holds the start of trial 0 in slot 0 at 0 with activation = relu, lr = 0.5, this \
         build gives the start of trial 0 in slot 0 at 0 with activation = relu, lr = 0.0031622777"
    );
}

#[test]
fn events_that_contradict_earlier_ones_change_nothing_but_the_time() {
    let spec = study_of(1, 1);
    let mut state = StudyState::new(spec.metrics.clone());
    for entry in run(&spec, &|_: &Job| crate::world::rewards(10, &[0.5]), Disorder::none()) {
        state.apply(&entry.event);
    }
    let time = VirtualTime(100);
    let (fuel, config) = (Fuel(1), spec.space.default_config());
    let said = report(&[("accuracy", Value::Real(0.9))]);
    let outcome = Outcome::Crashed;
    let decision = Decision::Continue;
    let reported = |trial| Event::Reported {
        trial: TrialId(trial),
        time,
        fuel,
        report: said.clone(),
        searcher_info: Vec::new(),
        decision,
    };
    let started = |trial| Event::TrialStarted {
        trial: TrialId(trial),
        slot: Slot(0),
        time,
        seed: Seed(1),
        config: config.clone(),
        bracket: None,
        milestone: None,
    };
    let ended = |trial| Event::TrialEnded {
        trial: TrialId(trial),
        time,
        fuel,
        outcome: outcome.clone(),
        artifacts: Vec::new(),
    };
    let paused = |trial| Event::TrialPaused { trial: TrialId(trial), time, fuel, level: 1 };
    let judged = |trial| Event::Judged { trial: TrialId(trial), time, fuel, decision };
    let resumed = |trial| Event::TrialResumed {
        trial: TrialId(trial),
        slot: Slot(0),
        time,
        resume_from: 1,
        bracket: None,
        milestone: None,
    };
    let read_back = |trial| Event::ReadBack { trial: TrialId(trial), time, fuel, digest: Digest::of(b"one"), bytes: 3 };
    let contradicting = [
        read_back(0),
        read_back(9),
        started(0),
        started(5),
        reported(0),
        reported(9),
        ended(0),
        ended(9),
        paused(0),
        paused(9),
        judged(0),
        judged(9),
        resumed(0),
        resumed(9),
    ];
    let (trials, best) = (state.trials().to_vec(), state.best());
    for event in contradicting {
        state.apply(&event);
        assert_eq!((state.trials(), state.best()), (&trials[..], best), "{event:?}");
    }
    assert_eq!(state.time(), time);
}

fn adapter() -> GpuAdapter {
    GpuAdapter {
        name: "a GPU".into(),
        backend: "vulkan".into(),
        driver: "a driver 1.0".into(),
        vendor: 1,
        device: 2,
        is_software: false,
        translator: "a translator 1.0".into(),
    }
}

#[test]
fn a_study_is_another_one_on_another_gpu_and_the_same_as_ever_without() {
    let spec = study_of(2, 4);
    let text = serde_json::to_string(&spec).unwrap();
    assert!(!serde_json::to_value(&spec).unwrap().as_object().unwrap().contains_key("gpu"));
    let on = |driver: &str| {
        let gpu = GpuGrant::default().of(GpuAdapter { driver: driver.into(), ..adapter() });
        StudySpec { gpu: Some(gpu), ..spec.clone() }
    };
    assert_ne!(on("a driver 1.0").digest(), on("a driver 1.1").digest());
    let read: StudySpec = serde_json::from_str(&serde_json::to_string(&on("a driver 1.0")).unwrap()).unwrap();
    assert_eq!(read, on("a driver 1.0"));
    // What was written before there were grants is read as a study without one.
    let read: StudySpec = serde_json::from_str(&text).unwrap();
    assert_eq!((read.gpu.clone(), read.digest()), (None, spec.digest()));
}

#[test]
fn a_grant_of_a_gpu_is_checked_with_what_a_trial_occupies() {
    use trialbox::study::{GpuLimit, SpecError};
    let mut spec = study_of(2, 4);
    spec.gpu = Some(GpuGrant::default().of(adapter()));
    assert_eq!(spec.check(), Err(SpecError::GpuUnoccupied));
    (spec.resource.num_gpus, spec.capacity.gpus) = (0.5, 1.0);
    assert_eq!(spec.check(), Ok(()));
    spec.gpu.as_mut().unwrap().grant.limits.set(GpuLimit::ObjectsMax, 0);
    let error = SpecError::Limit { name: "objects_max", value: 0, least: 1, most: 100_000 };
    assert_eq!(spec.check(), Err(error));
}

#[test]
fn the_difference_of_two_specifications_names_the_part() {
    let spec = study_of(2, 4);
    assert_eq!(spec.difference(&spec), None);
    let mut named = 0;
    let mut other = |part: &str, change: &dyn Fn(&mut StudySpec)| {
        let mut theirs = spec.clone();
        change(&mut theirs);
        let difference = spec.difference(&theirs).unwrap_or_else(|| panic!("no difference in {part}"));
        assert_eq!(difference.part, part);
        assert_ne!(difference.ours, difference.theirs, "{part}");
        assert_ne!(spec.digest(), theirs.digest(), "{part}");
        named += 1;
    };
    other("release", &|spec| spec.release = "0.0.0".into());
    other("fuel_schedule", &|spec| spec.fuel_schedule = Digest::of(b"another"));
    other("name", &|spec| spec.name = "another".into());
    other("seed", &|spec| spec.seed = Seed(1));
    other("component", &|spec| spec.component = Some(ComponentId { digest: Digest::of(b""), bytes: 0 }));
    other("data", &|spec| {
        spec.data.insert("digits".into(), DataId { digest: Digest::of(b""), bytes: 0 });
    });
    other("space", &|spec| spec.space = small_space());
    other("metrics", &|spec| spec.metrics.reward_attr = "reward".into());
    other("searcher", &|spec| spec.searcher = SearcherSpec::Random(RandomSpec { first_is_default: false }));
    other("num_trials", &|spec| spec.num_trials = Some(5));
    other("time_out", &|spec| spec.time_out = Some(VirtualTime(5)));
    other("stop_jobs_after_time_out", &|spec| spec.stop_jobs_after_time_out = false);
    other("max_reward", &|spec| spec.max_reward = Some(0.5));
    other("delay_get_config", &|spec| spec.delay_get_config = false);
    other("training_history_searcher_info", &|spec| spec.training_history_searcher_info = true);
    other("resource", &|spec| spec.resource.num_cpus = 2);
    other("capacity", &|spec| spec.capacity.gpus = 1.0);
    other("limits", &|spec| spec.limits.fuel_max += 1);
    other("float_mode", &|spec| spec.float_mode = FloatMode::Canonical);
    other("clock", &|spec| spec.clock = Clock::Wall);
    other("points_to_evaluate", &|spec| spec.points_to_evaluate.push(small_space().default_config()));
    other("allow_duplicates", &|spec| spec.allow_duplicates = true);
    other("trial_seeds", &|spec| spec.trial_seeds = TrialSeeds::PerStudy);
    other("replicates", &|spec| spec.replicates.count = 2);
    other("guest", &|spec| spec.guest.arguments.push("--fast".into()));
    other("gpu", &|spec| spec.gpu = Some(GpuGrant::default().of(adapter())));
    // All but `scheduler`, of which there is only one as yet. Where no GPU is granted, nothing is said of it.
    assert_eq!(named, serde_json::to_value(&spec).unwrap().as_object().unwrap().len());
}
