//! What trials read back from a GPU: where it comes in the log, and what a second run must read again. The properties in `main.rs` have
//! read-backs among all else that happens.

use trialbox::numeric::amount::{Fuel, TrialId, VirtualTime};
use trialbox::numeric::digest::Digest;
use trialbox::scheduler::{HyperbandKind, HyperbandSpec, SchedulerSpec};
use trialbox::space::Value;
use trialbox::study::{Action, Entry, Event, Input, Outcome, StopReason, Study, StudyError, StudySpec};

use crate::study_of;
use crate::world::report;

fn read_back(trial: u64, fuel: u64, content: &[u8]) -> Input {
    let (digest, bytes) = (Digest::of(content), content.len() as u64);
    Input::ReadBack { trial: TrialId(trial), fuel: Fuel(fuel), digest, bytes }
}

fn reported(trial: u64, fuel: u64, epoch: i64) -> Input {
    let report = report(&[("epoch", Value::Integer(epoch)), ("accuracy", Value::Real(0.5))]);
    Input::Reported { trial: TrialId(trial), fuel: Fuel(fuel), report }
}

fn ended(trial: u64, fuel: u64, outcome: Outcome) -> Input {
    Input::Ended { trial: TrialId(trial), fuel: Fuel(fuel), outcome, artifacts: Vec::new() }
}

fn restarted() -> Input {
    Input::Restarted { trial: TrialId(0) }
}

/// The events that the study has decided on since the last look.
fn appended(study: &mut Study) -> Vec<Entry> {
    let actions = std::iter::from_fn(|| study.poll_action());
    actions.filter_map(|action| if let Action::Append(entry) = action { Some(entry) } else { None }).collect()
}

/// The kinds of these events, each with its trial and its time.
fn told(log: &[Entry]) -> Vec<(&str, u64, u64)> {
    let of_trials =
        log.iter().filter_map(|entry| Some((entry.event.kind(), entry.event.trial()?.0, entry.event.time().0)));
    of_trials.collect()
}

/// A study that has begun.
fn begun(spec: StudySpec) -> Study {
    let mut study = Study::new(spec).unwrap();
    appended(&mut study);
    study
}

/// What a study of one trial says to these inputs, the last of which it may refuse.
fn last_of(inputs: impl IntoIterator<Item = Input>) -> Result<(), StudyError> {
    let mut study = begun(study_of(1, 1));
    let inputs: Vec<Input> = inputs.into_iter().collect();
    let (last, others) = inputs.split_last().unwrap();
    others.iter().for_each(|input| study.handle(input.clone()).unwrap());
    study.handle(last.clone())
}

#[test]
fn a_read_back_waits_for_its_turn_as_a_report_does() {
    let mut study = begun(study_of(2, 2));
    study.handle(read_back(1, 20, b"late")).unwrap();
    assert_eq!(appended(&mut study), []);
    assert!(study.bytes_waiting(TrialId(1)) > 0);
    study.handle(read_back(0, 20, b"of the first slot")).unwrap();
    study.handle(reported(0, 30, 1)).unwrap();
    assert_eq!(told(&appended(&mut study)), [("read_back", 0, 20), ("read_back", 1, 20)]);
    assert_eq!(study.bytes_waiting(TrialId(1)), 0);
    study.handle(reported(1, 25, 1)).unwrap();
    assert_eq!(told(&appended(&mut study)), [("reported", 1, 25)]);
}

#[test]
fn the_state_counts_what_a_trial_has_read_back() {
    let mut study = begun(study_of(1, 1));
    for input in [read_back(0, 5, b"1234"), reported(0, 10, 1), read_back(0, 17, b"123")] {
        study.handle(input).unwrap();
    }
    let record = study.state().trial(TrialId(0)).unwrap();
    assert_eq!((record.read_backs, record.read_back_bytes, record.fuel), (2, 7, Fuel(17)));
    assert_eq!(record.reports, 1);
}

#[test]
fn a_second_run_that_reads_back_something_else_is_refused_as_a_difference_of_the_gpu() {
    let first = [read_back(0, 5, b"one"), reported(0, 10, 1), read_back(0, 15, b"two"), restarted()];
    let again =
        |input: Input| last_of(first.iter().cloned().chain([read_back(0, 5, b"one"), reported(0, 10, 1), input]));
    let differs = |read_back| Err(StudyError::GpuDiverged { trial: TrialId(0), read_back });
    assert_eq!(again(read_back(0, 15, b"two")), Ok(()));
    assert_eq!(again(read_back(0, 15, b"TWO")), differs(2));
    assert_eq!(again(read_back(0, 14, b"two")), differs(2));
    assert_eq!(last_of(first.iter().cloned().chain([read_back(0, 5, b"ONE")])), differs(1));
    let message = differs(2).unwrap_err().to_string();
    assert_eq!(
        message,
        "trial 0 was run again and read something else back from the GPU than in its first run, at read-back 2: the results of the \
         GPU differed between two runs on this device"
    );
}

#[test]
fn a_second_run_that_reports_where_the_first_has_read_back_is_refused_with_the_number_of_the_report() {
    let first = [reported(0, 5, 1), read_back(0, 10, b"one"), restarted(), reported(0, 5, 1)];
    let again = |input: Input| last_of(first.iter().cloned().chain([input]));
    assert_eq!(again(reported(0, 10, 2)), Err(StudyError::Diverged { trial: TrialId(0), report: 2 }));
    assert_eq!(
        again(ended(0, 10, Outcome::Completed)),
        Err(StudyError::Diverged { trial: TrialId(0), report: 2 }),
        "its end is too early"
    );
    assert!(StudyError::GpuDiverged { trial: TrialId(0), read_back: 1 }.is_divergence());
}

#[test]
fn a_second_run_may_end_where_the_gpu_takes_too_long() {
    assert_eq!(last_of([read_back(0, 5, b"one"), restarted(), ended(0, 2, Outcome::GpuTimeout)]), Ok(()));
    let mut study = begun(study_of(1, 1));
    for input in [reported(0, 5, 1), restarted(), ended(0, 2, Outcome::GpuTimeout)] {
        study.handle(input).unwrap();
    }
    let record = study.state().trial(TrialId(0)).unwrap();
    assert_eq!((record.outcome(), record.fuel), (Some(&Outcome::GpuTimeout), Fuel(5)));
}

#[test]
fn what_differs_after_a_resume_is_refused() {
    let spec = study_of(1, 1);
    let mut study = Study::new(spec.clone()).unwrap();
    study.handle(read_back(0, 5, b"one")).unwrap();
    let log = appended(&mut study);
    let resumed = || {
        let mut study = Study::new(spec.clone()).unwrap();
        log.iter().for_each(|entry| study.reproduce(entry).unwrap());
        study.resume();
        study
    };
    assert_eq!(resumed().handle(read_back(0, 5, b"one")), Ok(()));
    let differs = StudyError::GpuDiverged { trial: TrialId(0), read_back: 1 };
    assert_eq!(resumed().handle(read_back(0, 5, b"another")), Err(differs));
}

#[test]
fn a_log_with_a_read_back_from_before_what_a_trial_has_passed_is_refused() {
    let spec = study_of(1, 1);
    let mut study = Study::new(spec.clone()).unwrap();
    [reported(0, 10, 1), read_back(0, 12, b"one")].into_iter().for_each(|input| study.handle(input).unwrap());
    let mut log = appended(&mut study);
    let Some(Event::ReadBack { fuel, time, .. }) = log.last_mut().map(|entry| &mut entry.event) else { panic!() };
    (*fuel, *time) = (Fuel(9), VirtualTime(9));
    let mut again = Study::new(spec).unwrap();
    let (last, others) = log.split_last().unwrap();
    others.iter().for_each(|entry| again.reproduce(entry).unwrap());
    assert!(matches!(again.reproduce(last), Err(StudyError::Replay { .. })));
}

#[test]
fn what_an_early_trial_reads_back_is_in_the_log_once_it_is_started() {
    let mut study = begun(study_of(1, 2));
    assert_eq!(study.start_early().unwrap().trial, TrialId(1));
    study.handle(read_back(1, 5, b"early")).unwrap();
    assert!(study.bytes_waiting_in_all() > 0);
    study.handle(reported(0, 10, 1)).unwrap();
    assert_eq!(told(&appended(&mut study)), [("reported", 0, 10)]);
    study.handle(ended(0, 20, Outcome::Completed)).unwrap();
    let log = appended(&mut study);
    assert_eq!(told(&log), [("trial_ended", 0, 20), ("trial_started", 1, 20), ("read_back", 1, 25)]);
}

fn hyperband(kind: HyperbandKind) -> StudySpec {
    let scheduler = SchedulerSpec::Hyperband(HyperbandSpec { reduction_factor: 2, ..HyperbandSpec::new(kind, 2) });
    StudySpec { scheduler, ..study_of(1, 3) }
}

#[test]
fn what_a_paused_trial_reads_back_waits_for_its_promotion() {
    let mut study = begun(hyperband(HyperbandKind::Promotion));
    for input in [reported(0, 10, 1), read_back(0, 15, b"ahead of its promotion")] {
        study.handle(input).unwrap();
    }
    let kinds = |log: &[Entry]| log.iter().map(|entry| entry.event.kind()).collect::<Vec<_>>();
    assert_eq!(kinds(&appended(&mut study)), ["reported", "trial_paused", "trial_started"]);
    study.handle(reported(1, 10, 1)).unwrap();
    let log = appended(&mut study);
    let resumed = log.iter().position(|entry| entry.event.kind() == "trial_resumed").unwrap();
    let (start, after) = (log[resumed].event.time().0, &log[resumed + 1..]);
    // It had used 10 at its pause.
    assert_eq!(told(after), [("read_back", 0, start + 5)]);
}

#[test]
fn a_trial_that_has_reached_max_t_may_read_back_and_finish() {
    let mut study = begun(hyperband(HyperbandKind::Stopping));
    let inputs =
        [reported(0, 10, 1), reported(0, 20, 2), read_back(0, 25, b"its model"), ended(0, 30, Outcome::Completed)];
    inputs.into_iter().for_each(|input| study.handle(input).unwrap());
    let record = study.state().trial(TrialId(0)).unwrap();
    assert_eq!((record.outcome(), record.read_backs, record.fuel), (Some(&Outcome::Completed), 1, Fuel(30)));
}

#[test]
fn reading_back_after_the_time_out_stops_no_trial() {
    let mut spec = study_of(1, 1);
    spec.time_out = Some(VirtualTime(12));
    let mut study = begun(spec);
    [reported(0, 10, 1), read_back(0, 15, b"one")].into_iter().for_each(|input| study.handle(input).unwrap());
    assert_eq!(told(&appended(&mut study)), [("reported", 0, 10), ("read_back", 0, 15)]);
    study.handle(reported(0, 20, 2)).unwrap();
    let stopped = Outcome::Stopped { reason: StopReason::TimeOut };
    assert_eq!(study.state().trial(TrialId(0)).unwrap().outcome(), Some(&stopped));
    study.handle(read_back(0, 25, b"two")).unwrap();
    assert!(appended(&mut study).iter().all(|entry| entry.event.kind() != "read_back"), "it has ended");
}
