//! Rounds of the scheduler `rl`: when they begin and end, what is learnt from them, and going on from a log amid one.

use std::collections::BTreeSet;

use proptest::prelude::*;
use trialbox::numeric::amount::{TrialId, VirtualTime};
use trialbox::scheduler::{ControllerResource, RlSpec, SchedulerSpec};
use trialbox::space::{Domain, Parameter, Space, Value};
use trialbox::study::{
    Answer, AskTell, EndReason, Entry, Event, Job, Outcome, Report, Request, SpecError, Study, StudySpec,
};

use crate::world::{Behaviour, Disorder, Executor, Script, anything, report, rewards, run};
use crate::{assert_same_log, configs, learn_by, oracle, outcomes, reason, study_of};

fn rl(controller_batch_size: u32, sync: bool) -> RlSpec {
    RlSpec { controller_batch_size, sync, ..RlSpec::default() }
}

/// A study in rounds of that many trials.
fn in_rounds(slots: u32, num_trials: u64, batch: u32) -> StudySpec {
    let mut spec = study_of(slots, num_trials);
    learn_by(&mut spec, rl(batch, true));
    spec
}

/// A trial that takes a while of its own and may fail.
fn uneven(world: u64) -> impl Fn(&Job) -> Behaviour {
    move |job| {
        let mut behaviour = anything(world, job);
        behaviour.fuel += 1;
        behaviour
    }
}

/// How many trials run after each event of the log, and how many were started until then.
fn running(log: &[Entry]) -> Vec<(u64, u64)> {
    let (mut started, mut ended) = (0, 0);
    log.iter()
        .map(|entry| {
            match entry.event {
                Event::TrialStarted { .. } => started += 1,
                Event::TrialEnded { .. } => ended += 1,
                _ => {}
            }
            (started - ended, started)
        })
        .collect()
}

/// After how many trials nothing ran any more.
fn rounds(log: &[Entry]) -> Vec<u64> {
    let idle: BTreeSet<u64> = running(log).iter().filter(|(running, _)| *running == 0).map(|(_, all)| *all).collect();
    idle.into_iter().filter(|&all| all > 0).collect()
}

/// Asserts that no trial starts before the round before its own has ended.
fn assert_rounds(log: &[Entry], batch: u64) {
    let mut ended = BTreeSet::new();
    for entry in log {
        match entry.event {
            Event::TrialStarted { trial, .. } => {
                let first_of_round = trial.0 / batch * batch;
                assert!((0..first_of_round).all(|earlier| ended.contains(&TrialId(earlier))), "{entry:?}");
            }
            Event::TrialEnded { trial, .. } => {
                ended.insert(trial);
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn no_trial_starts_before_the_round_before_has_ended(
        slots in 1..6_u32, num_trials in 1..20_u64, batch in 1..9_u32, world: u64, disorder: u64,
    ) {
        let spec = in_rounds(slots, num_trials, batch);
        let script = uneven(world);
        let log = run(&spec, &script, Disorder::of_seed(disorder));
        assert_rounds(&log, batch.into());
        prop_assert_eq!((outcomes(&log).len() as u64, reason(&log)), (num_trials, Some(EndReason::NumTrials)));
        assert_same_log(&log, &oracle::sequential(&spec, &script));
    }

    #[test]
    fn without_rounds_no_more_run_at_a_time_than_the_batch_has(
        slots in 1..6_u32, num_trials in 1..20_u64, batch in 1..9_u32, world: u64, disorder: u64,
    ) {
        let mut spec = study_of(slots, num_trials);
        learn_by(&mut spec, rl(batch, false));
        let script = uneven(world);
        let log = run(&spec, &script, Disorder::of_seed(disorder));
        let most = u64::from(slots.min(batch)).min(num_trials);
        prop_assert_eq!(running(&log).iter().map(|(running, _)| *running).max(), Some(most));
        prop_assert_eq!(outcomes(&log).len() as u64, num_trials);
        assert_same_log(&log, &oracle::sequential(&spec, &script));
    }
}

#[test]
fn seven_trials_in_batches_of_three_are_two_rounds_and_a_rest() {
    for slots in [1, 2, 3, 5] {
        let spec = in_rounds(slots, 7, 3);
        // The later ones of a round end first.
        let script = |job: &Job| rewards(40 - 10 * (job.trial.0 % 3), &[0.5]);
        let log = run(&spec, &script, Disorder::none());
        assert_rounds(&log, 3);
        if slots > 1 {
            assert_eq!(rounds(&log), [3, 6, 7], "{slots} slots");
        }
        assert_eq!((outcomes(&log).len(), reason(&log)), (7, Some(EndReason::NumTrials)));
    }
}

#[test]
fn a_round_takes_as_long_as_its_longest_trial() {
    let spec = in_rounds(4, 6, 3);
    let log = run(&spec, &|job: &Job| rewards(10 * (1 + job.trial.0), &[0.5]), Disorder::none());
    let starts: Vec<(u64, u32)> = log
        .iter()
        .filter_map(|entry| match entry.event {
            Event::TrialStarted { time, slot, .. } => Some((time.0, slot.0)),
            _ => None,
        })
        .collect();
    // The slot in which the round ended is filled first, then the idle ones in their order.
    assert_eq!(starts, [(0, 0), (0, 1), (0, 2), (60, 2), (60, 0), (60, 1)]);
}

/// Trials of a round whose numbers `fails` names report nothing and fail.
fn failing(fails: impl Fn(u64) -> bool) -> impl Fn(&Job) -> Behaviour {
    move |job| {
        if fails(job.trial.0) {
            let outcome = Outcome::Failed { message: "no data".into() };
            return Behaviour { outcome, ..rewards(5, &[]) };
        }
        let is_tanh = job.config.get("activation") == Some(&Value::from("tanh"));
        rewards(10, &[if is_tanh { 1.0 } else { 0.0 }])
    }
}

#[test]
fn a_round_with_failed_trials_ends_and_is_learnt_from() {
    let spec = in_rounds(2, 12, 3);
    let (none, some) = (|_| false, |trial| trial % 3 == 1);
    let log = run(&spec, &failing(some), Disorder::of_seed(2));
    assert_rounds(&log, 3);
    assert_eq!(outcomes(&log).len(), 12);
    let (with, without) = (configs(&log), configs(&run(&spec, &failing(none), Disorder::of_seed(2))));
    assert_eq!(with[..3], without[..3]);
    assert_ne!(with, without);
}

#[test]
fn a_round_of_which_all_fail_changes_nothing_that_is_drawn_later() {
    let spec = in_rounds(2, 9, 3);
    let log = run(&spec, &failing(|_| true), Disorder::of_seed(1));
    assert_rounds(&log, 3);
    assert_eq!((outcomes(&log).len(), reason(&log)), (9, Some(EndReason::NumTrials)));
    // As if nothing had been learnt yet: the first round's policy draws each trial by its number.
    let in_one_round = run(&in_rounds(2, 9, 9), &failing(|_| true), Disorder::none());
    assert_eq!(configs(&log), configs(&in_one_round));
}

#[test]
fn all_trials_of_a_round_are_drawn_from_one_policy_even_one_ahead() {
    let script = failing(|_| false);
    let mut spec = in_rounds(3, 12, 3);
    spec.delay_get_config = true;
    let delayed = configs(&run(&spec, &script, Disorder::none()));
    spec.delay_get_config = false;
    assert_eq!(configs(&run(&spec, &script, Disorder::none())), delayed);
    // Nor does it matter how many of a round run at a time.
    spec.capacity.cpus = 1;
    assert_eq!(configs(&run(&spec, &script, Disorder::none())), delayed);
}

/// A study that puts what the searcher knows into its log.
fn informed(sync: bool) -> StudySpec {
    let mut spec = study_of(2, 8);
    learn_by(&mut spec, rl(3, sync));
    spec.training_history_searcher_info = true;
    spec
}

#[test]
fn a_study_goes_on_from_every_prefix_of_its_log_with_the_same_baseline_and_policy() {
    for sync in [true, false] {
        let spec = informed(sync);
        let script = failing(|trial| trial == 4);
        let log = run(&spec, &script, Disorder::none());
        let has_baseline = |entry: &Entry| match &entry.event {
            Event::Reported { searcher_info, .. } => {
                searcher_info.iter().any(|info| info.name == "searcher_params_baseline")
            }
            _ => false,
        };
        assert!(log.iter().any(has_baseline));
        for kept in 0..=log.len() {
            let mut executor = Executor::resumed(&spec, &script, &log[..kept], Disorder::of_seed(kept as u64));
            executor.run();
            assert_same_log(&executor.log, &log);
        }
    }
}

#[test]
fn a_time_out_amid_a_round_ends_the_study() {
    let spec = StudySpec { num_trials: None, time_out: Some(VirtualTime(50)), ..in_rounds(2, 1, 3) };
    let script: Script<'_> = &|job: &Job| rewards(10 + job.trial.0, &[0.5]);
    // Trials 0 and 1 end at 20 and 22, trial 2 at 44, the next two at 70 and 72 or not at all: they report after the time-out.
    let log = run(&spec, script, Disorder::of_seed(3));
    assert_eq!((outcomes(&log).len(), reason(&log)), (5, Some(EndReason::TimeOut)));
    assert_same_log(&log, &oracle::sequential(&spec, script));
}

#[test]
fn no_more_of_a_round_are_started_once_max_reward_is_reached() {
    let spec = StudySpec { max_reward: Some(0.8), ..in_rounds(2, 20, 8) };
    let log = run(&spec, &|job: &Job| rewards(10, &[0.3 * job.trial.0 as f64]), Disorder::of_seed(3));
    // Trials 2 and 3 end together; the first of them is followed by trial 4 before the second is known.
    assert_eq!((outcomes(&log).len(), reason(&log)), (5, Some(EndReason::MaxReward)));
}

#[test]
fn what_the_controller_keeps_of_the_capacity_is_missing_from_the_slots() {
    let mut spec = study_of(8, 1);
    let reserve = |num_cpus, num_gpus| RlSpec {
        controller_resource: ControllerResource { num_cpus, num_gpus },
        ..RlSpec::default()
    };
    learn_by(&mut spec, reserve(3, 0.0));
    assert_eq!(spec.slots(), Ok(5));
    (spec.resource.num_gpus, spec.capacity.gpus) = (0.5, 2.0);
    learn_by(&mut spec, reserve(3, 1.0));
    assert_eq!(spec.slots(), Ok(2));
    learn_by(&mut spec, reserve(8, 0.0));
    assert_eq!(spec.slots(), Err(SpecError::TooLarge { what: "num_cpus", asked: 1.0, there: 0.0 }));
    learn_by(&mut spec, reserve(1, -1.0));
    assert_eq!(spec.slots(), Err(SpecError::NotFinite("scheduler.controller_resource.num_gpus")));
}

#[test]
fn who_asks_amid_a_round_is_told_to_wait() {
    let space = Space::new(vec![Parameter::new("bias", Domain::Boolean)]).unwrap();
    let mut ask = AskTell::new(StudySpec { space, ..in_rounds(1, 5, 2) }).unwrap();
    let mut say = |request| ask.handle(request).unwrap();
    let asked = || Request::Ask { bracket: None };
    let Answer::Job { job: first, .. } = say(asked()) else { panic!("nothing to do") };
    let Answer::Job { job: second, .. } = say(asked()) else { panic!("nothing to do") };
    assert_eq!(say(asked()), Answer::Wait { wait: true });
    let attributes: Report = report(&[("epoch", Value::Integer(1)), ("accuracy", Value::Real(0.5))]);
    say(Request::Report { job: second, attributes });
    say(Request::End { job: second });
    assert_eq!(say(asked()), Answer::Wait { wait: true });
    say(Request::Fail { job: first, error: String::new() });
    for _ in 0..2 {
        let Answer::Job { job, .. } = say(asked()) else { panic!("nothing to do") };
        say(Request::End { job });
    }
    let Answer::Job { .. } = say(asked()) else { panic!("the rest is a round, too") };
    assert_eq!(say(asked()), Answer::Done { done: true, reason: EndReason::NumTrials });
}

#[test]
fn schedulers_and_searchers_that_do_not_belong_together_are_refused() {
    let spec = study_of(1, 1);
    let alone = StudySpec { scheduler: SchedulerSpec::Rl(rl(1, true)), ..spec.clone() };
    let refused = |scheduler, searcher, allowed| Some(SpecError::Searcher { scheduler, searcher, allowed });
    assert_eq!(Study::new(alone).err(), refused("rl", "random", "`rl` only"));
    let mut other = spec.clone();
    learn_by(&mut other, rl(3, true));
    other.scheduler = SchedulerSpec::Rl(rl(3, false));
    assert_eq!(Study::new(other.clone()).err(), Some(SpecError::Batch { scheduler: 1, searcher: 3 }));
    other.scheduler = SchedulerSpec::Fifo;
    assert_eq!(Study::new(other).err(), None);
}
