//! Single decisions of the machine: when a study ends, how trials end, what is refused.

use trialbox::numeric::amount::{Fuel, TrialId, VirtualTime};
use trialbox::numeric::digest::Digest;
use trialbox::searcher::{BayesoptSpec, GridSpec, RandomSpec, SearcherSpec};
use trialbox::space::Value;
use trialbox::study::{
    Action, ArtifactRecord, Best, EndReason, Entry, Event, Input, Job, Outcome, Report, ReportProblem, StopReason,
    Study, StudyError, StudySpec,
};

use crate::world::{Behaviour, Disorder, Script, anything, report, rewards, run};
use crate::{configs, outcomes, reason, small_space, study_of};

fn in_order(spec: &StudySpec, script: Script<'_>) -> Vec<Entry> {
    run(spec, script, Disorder::of_seed(1))
}

fn starts(log: &[Entry]) -> Vec<u64> {
    log.iter()
        .filter_map(|entry| match entry.event {
            Event::TrialStarted { time, .. } => Some(time.0),
            _ => None,
        })
        .collect()
}

/// A trial that makes these reports, one each 10 units of fuel, and ends after 10 more.
fn reporting(reports: &[Report], outcome: Outcome) -> Behaviour {
    let fuel = (reports.len() as u64 + 1) * 10;
    let reports = (1..).zip(reports).map(|(count, report)| (count * 10, report.clone())).collect();
    Behaviour { reports, read_backs: Vec::new(), fuel, outcome, artifacts: Vec::new() }
}

/// How the only trial of a study ends that makes these reports.
fn outcome_of(spec: &StudySpec, reports: &[Report], outcome: Outcome) -> (Outcome, usize) {
    let log = in_order(spec, &|_: &Job| reporting(reports, outcome.clone()));
    let accepted = log.iter().filter(|entry| matches!(entry.event, Event::Reported { .. })).count();
    (outcomes(&log)[&TrialId(0)].clone(), accepted)
}

/// A study with one slot whose first trial has just been launched.
fn launched(spec: StudySpec) -> Study {
    let mut study = Study::new(spec).unwrap();
    drain(&mut study);
    study
}

fn drain(study: &mut Study) -> Vec<Action> {
    std::iter::from_fn(|| study.poll_action()).collect()
}

fn accuracy(reward: f64) -> Report {
    report(&[("accuracy", Value::Real(reward))])
}

fn reported(trial: u64, fuel: u64, reward: f64) -> Input {
    Input::Reported { trial: TrialId(trial), fuel: Fuel(fuel), report: accuracy(reward) }
}

fn ended(trial: u64, fuel: u64, outcome: Outcome) -> Input {
    Input::Ended { trial: TrialId(trial), fuel: Fuel(fuel), outcome, artifacts: Vec::new() }
}

fn advanced(trial: u64, fuel: u64) -> Input {
    Input::Advanced { trial: TrialId(trial), fuel: Fuel(fuel) }
}

// ---- When a study ends ----

#[test]
fn num_trials_bounds_the_trials_started_failed_ones_included() {
    let log = in_order(&study_of(3, 7), &|job: &Job| anything(2, job));
    assert_eq!((starts(&log).len(), reason(&log)), (7, Some(EndReason::NumTrials)));
}

#[test]
fn no_trial_is_started_at_or_after_the_time_out() {
    let spec = StudySpec { num_trials: None, time_out: Some(VirtualTime(60)), ..study_of(2, 1) };
    let log = in_order(&spec, &|_: &Job| rewards(10, &[0.5]));
    assert_eq!(starts(&log), [0, 0, 20, 20, 40, 40]);
    assert_eq!(reason(&log), Some(EndReason::TimeOut));
}

#[test]
fn a_report_after_the_time_out_is_dropped_and_stops_its_trial() {
    let spec = StudySpec { num_trials: None, time_out: Some(VirtualTime(25)), ..study_of(1, 1) };
    let log = in_order(&spec, &|_: &Job| rewards(10, &[0.1, 0.2, 0.3, 0.4]));
    let last = &log[log.len() - 2].event;
    let stopped = Outcome::Stopped { reason: StopReason::TimeOut };
    let expected = Event::TrialEnded {
        trial: TrialId(0),
        time: VirtualTime(30),
        fuel: Fuel(30),
        outcome: stopped,
        artifacts: Vec::new(),
    };
    assert_eq!(last, &expected);
    assert_eq!(log.iter().filter(|entry| entry.event.kind() == "reported").count(), 2);
}

#[test]
fn a_report_exactly_at_the_time_out_is_accepted() {
    let spec = StudySpec { num_trials: None, time_out: Some(VirtualTime(30)), ..study_of(1, 1) };
    let log = in_order(&spec, &|_: &Job| rewards(10, &[0.1, 0.2, 0.3]));
    assert_eq!(log.iter().filter(|entry| entry.event.kind() == "reported").count(), 3);
    assert_eq!(outcomes(&log)[&TrialId(0)], Outcome::Completed);
}

#[test]
fn trials_run_to_their_end_after_the_time_out_if_the_study_says_so() {
    let time_out = Some(VirtualTime(25));
    let spec = StudySpec { num_trials: None, time_out, stop_jobs_after_time_out: false, ..study_of(1, 1) };
    let log = in_order(&spec, &|_: &Job| rewards(10, &[0.1, 0.2, 0.3, 0.4]));
    assert_eq!(outcomes(&log)[&TrialId(0)], Outcome::Completed);
    assert_eq!((starts(&log).len(), reason(&log)), (1, Some(EndReason::TimeOut)));
}

#[test]
fn a_trial_that_reaches_max_reward_is_the_last_to_be_started() {
    let spec = StudySpec { max_reward: Some(0.75), ..study_of(2, 10) };
    // Trial 3 ends at 40 with 0.75; trial 2, which ends at the same moment in an earlier slot, is followed by trial 4.
    let log =
        in_order(&spec, &|job: &Job| rewards(10, &[if job.start.0 == 20 && job.slot.0 == 1 { 0.75 } else { 0.5 }]));
    assert_eq!(starts(&log), [0, 0, 20, 20, 40]);
    assert_eq!(reason(&log), Some(EndReason::MaxReward));
}

#[test]
fn an_exhausted_space_ends_the_study_after_its_last_trial() {
    for delay_get_config in [true, false] {
        for searcher in [SearcherSpec::Random(RandomSpec::default()), SearcherSpec::Grid(GridSpec { points: 5 })] {
            let spec = StudySpec { space: small_space(), delay_get_config, searcher, ..study_of(3, 100) };
            let log = in_order(&spec, &|job: &Job| anything(5, job));
            assert_eq!((outcomes(&log).len(), reason(&log)), (8, Some(EndReason::Exhausted)));
        }
    }
}

#[test]
fn a_space_smaller_than_the_slots_leaves_slots_empty() {
    let spec = StudySpec { space: small_space(), ..study_of(20, 100) };
    let log = in_order(&spec, &|_: &Job| rewards(10, &[0.5]));
    assert_eq!((starts(&log), reason(&log)), (vec![0; 8], Some(EndReason::Exhausted)));
}

// ---- How trials end ----

#[test]
fn a_trial_that_completes_without_a_reward_was_never_rewarded() {
    let spec = study_of(1, 1);
    let never = Outcome::NeverRewarded { attribute: "accuracy".into() };
    let loss = report(&[("loss", Value::Real(0.5)), ("epoch", Value::Integer(1))]);
    assert_eq!(outcome_of(&spec, &[], Outcome::Completed), (never.clone(), 0));
    assert_eq!(outcome_of(&spec, &[loss], Outcome::Completed), (never, 1));
}

#[test]
fn a_trial_that_fails_without_a_reward_keeps_its_own_outcome() {
    let failed = Outcome::Failed { message: "no data".into() };
    assert_eq!(outcome_of(&study_of(1, 1), &[], failed.clone()), (failed, 0));
}

#[test]
fn reports_that_the_study_cannot_use_end_their_trial() {
    let mut spec = study_of(1, 1);
    spec.metrics.constraint_attr = Some("excess".into());
    let not_finite = |attribute: &str, value: &str| ReportProblem::NotFinite {
        attribute: attribute.to_owned(),
        value: value.to_owned(),
    };
    let no_resource = |value: &str| ReportProblem::NotAResource { attribute: "epoch".into(), value: value.to_owned() };
    let long = "x".repeat(100);
    let cut = format!("{}…", "x".repeat(40));
    let table: Vec<(&str, Value, ReportProblem)> = vec![
        ("accuracy", Value::Real(f64::NAN), not_finite("accuracy", "NaN")),
        ("accuracy", Value::Real(f64::NEG_INFINITY), not_finite("accuracy", "-inf")),
        ("accuracy", Value::from("high"), not_finite("accuracy", "high")),
        ("accuracy", Value::from(long.as_str()), not_finite("accuracy", &cut)),
        ("excess", Value::Real(f64::INFINITY), not_finite("excess", "inf")),
        ("epoch", Value::Integer(0), no_resource("0")),
        ("epoch", Value::Integer(-3), no_resource("-3")),
        ("epoch", Value::Real(1.5), no_resource("1.5")),
        ("epoch", Value::Real(f64::NAN), no_resource("NaN")),
        ("epoch", Value::Real(1e300), no_resource("1e300")),
        ("epoch", Value::Boolean(true), no_resource("true")),
        ("epoch", Value::from("1"), no_resource("1")),
    ];
    for (name, value, problem) in table {
        let reports = [accuracy(0.5), report(&[(name, value)]), accuracy(0.5)];
        let expected = (Outcome::BadReport { report: 2, problem }, 1);
        assert_eq!(outcome_of(&spec, &reports, Outcome::Completed), expected);
    }
}

#[test]
fn a_trial_that_never_reports_the_constraint_along_with_a_reward_has_failed() {
    let mut spec = study_of(1, 1);
    spec.metrics.constraint_attr = Some("excess".into());
    let excess = || report(&[("excess", Value::Real(-1.0))]);
    let both = || report(&[("excess", Value::Real(-1.0)), ("accuracy", Value::Real(0.5))]);
    let never = Outcome::NeverConstrained { attribute: "excess".into() };
    assert_eq!(outcome_of(&spec, &[accuracy(0.5), excess()], Outcome::Completed), (never, 2));
    assert_eq!(outcome_of(&spec, &[accuracy(0.5), both()], Outcome::Completed), (Outcome::Completed, 2));
    let failed = Outcome::Failed { message: "no data".into() };
    assert_eq!(outcome_of(&spec, &[accuracy(0.5)], failed.clone()), (failed, 1));
}

#[test]
fn a_reward_without_the_constraint_ends_its_trial_where_the_searcher_learns_from_both() {
    let mut spec = study_of(1, 1);
    spec.metrics.constraint_attr = Some("excess".into());
    spec.searcher = SearcherSpec::ConstrainedBayesopt(BayesoptSpec::default());
    let without_reward = report(&[("loss", Value::Real(0.5))]);
    let problem = ReportProblem::NoConstraint { attribute: "excess".into() };
    let said =
        "it has a reward without the study's constraint_attr `excess`, and the searcher learns from both together";
    assert_eq!(problem.to_string(), said);
    let expected = (Outcome::BadReport { report: 2, problem }, 1);
    assert_eq!(outcome_of(&spec, &[without_reward, accuracy(0.5)], Outcome::Completed), expected);
}

#[test]
fn whole_reals_integers_and_booleans_are_usable_readings() {
    let table = [
        ("epoch", Value::Real(3.0)),
        ("epoch", Value::Integer(i64::MAX)),
        ("accuracy", Value::Integer(-2)),
        ("accuracy", Value::Boolean(true)),
    ];
    for (name, value) in table {
        let reports = [accuracy(0.5), report(&[(name, value)])];
        assert_eq!(outcome_of(&study_of(1, 1), &reports, Outcome::Completed), (Outcome::Completed, 2));
    }
}

/// The best trial of a study whose trials make these reports.
fn best_of(spec: &StudySpec, trials: &[Vec<Report>]) -> Option<Best> {
    let script = |job: &Job| reporting(&trials[job.start.0 as usize / 20], Outcome::Completed);
    let mut executor = crate::world::Executor::new(spec, &script, Disorder::none());
    executor.run();
    executor.study.state().best()
}

#[test]
fn only_a_trial_whose_last_reward_satisfies_the_constraint_can_be_the_best() {
    let mut spec = study_of(1, 4);
    spec.metrics.constraint_attr = Some("excess".into());
    let constrained =
        |reward: f64, excess: f64| vec![report(&[("accuracy", Value::Real(reward)), ("excess", Value::Real(excess))])];
    let trials = [constrained(0.9, 0.1), constrained(0.5, 0.0), constrained(0.7, -1.0), vec![accuracy(0.8)]];
    assert_eq!(best_of(&spec, &trials), Some(Best { trial: TrialId(2), reward: 0.7 }));
}

#[test]
fn of_equal_rewards_the_trial_that_started_first_is_the_best() {
    // Trial 1 ends first.
    let log_of = |job: &Job| rewards(if job.slot.0 == 0 { 20 } else { 10 }, &[0.5]);
    let mut executor = crate::world::Executor::new(&study_of(2, 2), &log_of, Disorder::none());
    executor.run();
    assert_eq!(executor.study.state().best(), Some(Best { trial: TrialId(0), reward: 0.5 }));
}

#[test]
fn the_reward_of_a_trial_is_that_of_its_last_report_that_has_one() {
    let script =
        |_: &Job| reporting(&[accuracy(0.9), accuracy(0.3), report(&[("loss", Value::Real(1.0))])], Outcome::Completed);
    let mut executor = crate::world::Executor::new(&study_of(1, 1), &script, Disorder::none());
    executor.run();
    let record = &executor.study.state().trials()[0];
    assert_eq!((record.reward, record.reports, record.fuel), (Some(0.3), 3, Fuel(40)));
}

#[test]
fn a_trial_whose_worker_is_lost_for_good_has_crashed_after_its_reports() {
    let mut study = launched(study_of(1, 1));
    study.handle(reported(0, 10, 0.5)).unwrap();
    study.handle(advanced(0, 15)).unwrap();
    study.handle(Input::Crashed { trial: TrialId(0) }).unwrap();
    let record = &study.state().trials()[0];
    assert_eq!((record.outcome(), record.reports, record.fuel), (Some(&Outcome::Crashed), 1, Fuel(15)));
    assert!(study.is_finished());
}

#[test]
fn artifacts_come_into_the_log_with_the_end() {
    let artifact = ArtifactRecord { name: "model".into(), digest: Digest::of(b"weights"), bytes: 7 };
    let script = |_: &Job| Behaviour { artifacts: vec![artifact.clone()], ..rewards(10, &[0.5]) };
    let mut executor = crate::world::Executor::new(&study_of(1, 1), &script, Disorder::none());
    executor.run();
    assert_eq!(executor.study.state().trials()[0].artifacts, std::slice::from_ref(&artifact));
}

// ---- Configurations ----

#[test]
fn random_configurations_are_the_same_whether_chosen_ahead_or_not() {
    let delayed = study_of(4, 40);
    let ahead = StudySpec { delay_get_config: false, ..delayed.clone() };
    let script = |job: &Job| anything(9, job);
    assert_eq!(configs(&in_order(&delayed, &script)), configs(&in_order(&ahead, &script)));
}

// ---- Inputs and actions ----

#[test]
fn a_stop_comes_after_the_end_is_in_the_log_and_before_the_next_start() {
    let spec = StudySpec { max_reward: Some(1.0), ..study_of(1, 2) };
    let mut study = launched(spec);
    study.handle(reported(0, 10, f64::NAN)).unwrap();
    let kinds: Vec<String> = drain(&mut study)
        .into_iter()
        .map(|action| match action {
            Action::Append(entry) => entry.event.kind().to_owned(),
            Action::Stop(trial) => format!("stop {trial}"),
            Action::Launch(job) => format!("launch {}", job.trial),
            Action::Pause(trial) => format!("pause {trial}"),
            Action::Continue { trial, .. } => format!("continue {trial}"),
        })
        .collect();
    assert_eq!(kinds, ["trial_ended", "stop 0", "trial_started", "launch 1"]);
}

#[test]
fn a_trial_whose_end_has_come_in_is_not_stopped() {
    let mut study = launched(study_of(2, 2));
    // Slot 0 has not moved, so that slot 1 waits with everything.
    study.handle(reported(1, 10, f64::NAN)).unwrap();
    study.handle(ended(1, 20, Outcome::Completed)).unwrap();
    study.handle(ended(0, 30, Outcome::Completed)).unwrap();
    assert!(!drain(&mut study).iter().any(|action| matches!(action, Action::Stop(_))));
    assert!(matches!(study.state().trials()[1].outcome(), Some(Outcome::BadReport { .. })));
}

#[test]
fn nothing_is_decided_while_an_earlier_event_is_possible() {
    let mut study = launched(study_of(2, 2));
    study.handle(reported(1, 10, 0.5)).unwrap();
    assert_eq!(drain(&mut study), []);
    study.handle(advanced(0, 9)).unwrap();
    assert_eq!(drain(&mut study), []);
    // At the same moment the first slot would still come first.
    study.handle(advanced(0, 10)).unwrap();
    assert_eq!(drain(&mut study), []);
    study.handle(advanced(0, 11)).unwrap();
    assert_eq!(drain(&mut study).len(), 1);
}

#[test]
fn only_reports_that_were_not_consumed_take_memory() {
    let mut study = launched(study_of(2, 2));
    study.handle(reported(1, 10, 0.5)).unwrap();
    let one = study.bytes_waiting(TrialId(1));
    study.handle(ended(1, 20, Outcome::Completed)).unwrap();
    assert_eq!((study.bytes_waiting(TrialId(0)), study.bytes_waiting(TrialId(1))), (0, one));
    assert!(one > 0);
    study.handle(ended(0, 30, Outcome::Completed)).unwrap();
    assert_eq!(study.bytes_waiting(TrialId(1)), 0);
}

#[test]
fn the_message_of_an_end_that_was_not_consumed_takes_memory() {
    let mut study = launched(study_of(2, 2));
    study.handle(ended(1, 20, Outcome::Failed { message: "no data".repeat(100) })).unwrap();
    assert!(study.bytes_waiting(TrialId(1)) >= 700);
    assert_eq!(study.bytes_waiting_in_all(), study.bytes_waiting(TrialId(1)));
    study.handle(ended(0, 30, Outcome::Completed)).unwrap();
    assert_eq!(study.bytes_waiting_in_all(), 0);
}

#[test]
fn a_trial_whose_end_has_come_in_has_nothing_to_add() {
    let mut study = launched(study_of(2, 2));
    study.handle(reported(1, 10, 0.5)).unwrap();
    study.handle(ended(1, 20, Outcome::Completed)).unwrap();
    study.handle(reported(1, 30, 0.9)).unwrap();
    study.handle(Input::Restarted { trial: TrialId(1) }).unwrap();
    study.handle(reported(1, 10, 0.9)).unwrap();
    study.handle(ended(1, 20, Outcome::Completed)).unwrap();
    study.handle(Input::Crashed { trial: TrialId(1) }).unwrap();
    study.handle(ended(0, 30, Outcome::Completed)).unwrap();
    let record = &study.state().trials()[1];
    assert_eq!((record.outcome(), record.reports, record.reward), (Some(&Outcome::Completed), 1, Some(0.5)));
}

#[test]
fn a_second_run_that_differs_is_refused_with_the_trial_and_the_report() {
    let failed = Outcome::Failed { message: "again".into() };
    let table: [(&[Input], u64); 8] = [
        (&[reported(1, 10, 0.6)], 1),
        (&[reported(1, 11, 0.5)], 1),
        (&[ended(1, 10, Outcome::Completed)], 1),
        (&[reported(1, 10, 0.5), reported(1, 20, 0.7)], 2),
        (&[reported(1, 10, 0.5), ended(1, 15, failed.clone())], 2),
        // The first run was known to have gone on until 50 without a third report or an end.
        (&[reported(1, 10, 0.5), reported(1, 20, 0.6), reported(1, 30, 0.7)], 3),
        (&[reported(1, 10, 0.5), reported(1, 20, 0.6), ended(1, 30, Outcome::Completed)], 3),
        (&[reported(1, 10, 0.5), reported(1, 20, 0.6), ended(1, 49, failed)], 3),
    ];
    for (second_run, report) in table {
        let mut study = launched(study_of(2, 2));
        for input in [reported(1, 10, 0.5), reported(1, 20, 0.6), advanced(1, 50)] {
            study.handle(input).unwrap();
        }
        study.handle(Input::Restarted { trial: TrialId(1) }).unwrap();
        let (last, before) = second_run.split_last().unwrap();
        for input in before {
            study.handle(input.clone()).unwrap();
        }
        assert_eq!(study.handle(last.clone()), Err(StudyError::Diverged { trial: TrialId(1), report }), "{last:?}");
    }
}

#[test]
fn a_second_run_may_end_by_what_depends_on_the_machine() {
    for outcome in [Outcome::StackOverflowed, Outcome::Crashed] {
        let mut study = launched(study_of(1, 1));
        study.handle(reported(0, 10, 0.5)).unwrap();
        study.handle(advanced(0, 15)).unwrap();
        study.handle(Input::Restarted { trial: TrialId(0) }).unwrap();
        study.handle(ended(0, 5, outcome.clone())).unwrap();
        let record = &study.state().trials()[0];
        // Its end is no earlier than what was already decided.
        assert_eq!((record.outcome(), record.fuel), (Some(&outcome), Fuel(15)));
    }
}

/// A trial that has reported cannot go back in time; no order of the log would be right.
#[test]
fn a_report_from_before_what_a_trial_has_passed_is_refused() {
    let mut study = launched(study_of(1, 1));
    study.handle(reported(0, 10, 0.5)).unwrap();
    assert_eq!(study.handle(reported(0, 9, 0.5)), Err(StudyError::Diverged { trial: TrialId(0), report: 2 }));
}
