//! Guests whose reports are well formed and say what no honest training would: the study goes on, and decides the same whoever
//! runs it.

use trialbox::Study;
use trialbox::executor::Isolation;
use trialbox::numeric::digest::Digest;
use trialbox::scheduler::{HyperbandKind, HyperbandSpec, PlacementProblem, SchedulerSpec};
use trialbox::session::StudyBuilder;
use trialbox::space::Value;
use trialbox::study::{Limits, Outcome, ReportProblem, StopReason, StudyState};

use super::support::guest::{Described, Guest};

const TRIALS: u64 = 9;

/// Runs a study of a guest that does this, with `EPOCH` and `ACCURACY` for where these lie, and `REPORT` for a report of them.
/// The study's own options are set last.
pub fn run(body: &str, jobs: usize, options: &dyn Fn(StudyBuilder<'_>) -> StudyBuilder<'_>) -> (StudyState, Digest) {
    let mut guest = Guest::new();
    let report = guest.attributes(&[("accuracy", Value::Real(0.0)), ("epoch", Value::Integer(1))]);
    let body = body
        .replace("REPORT", &format!("(call $report {report})"))
        .replace("ACCURACY", &format!("(i32.const {})", report.pointer + 16))
        .replace("EPOCH", &format!("(i32.const {})", report.pointer + 24 + 16));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("guest.wasm");
    std::fs::write(&file, guest.described(&Described::default()).train(body).component()).unwrap();
    let limits = Limits { fuel_max: 20_000_000, ..Limits::default() };
    let builder = Study::builder(&file).num_trials(TRIALS).isolation(Isolation::Thread).jobs(jobs).limits(limits);
    let result = options(builder).run(folder.path().join("a.study")).unwrap();
    (result.state, result.digest)
}

/// A scheduler that compares at 1, 3 and 9.
pub fn hyperband(kind: HyperbandKind) -> SchedulerSpec {
    SchedulerSpec::Hyperband(HyperbandSpec::new(kind, 9))
}

fn schedulers() -> [SchedulerSpec; 3] {
    [SchedulerSpec::Fifo, hyperband(HyperbandKind::Stopping), hyperband(HyperbandKind::Promotion)]
}

/// The outcomes of a study, which must not depend on how many workers there are. A trial that is paused for good has none.
fn outcomes(body: &str, scheduler: &SchedulerSpec) -> Vec<Outcome> {
    let with_jobs = |jobs| run(body, jobs, &|builder| builder.scheduler(scheduler.clone()));
    let ((state, digest), (_, again)) = (with_jobs(1), with_jobs(3));
    assert_eq!(digest, again, "{body}");
    state.trials().iter().filter_map(|trial| trial.outcome().cloned()).collect()
}

#[test]
fn rewards_at_the_edges_of_the_numbers_are_compared_like_any_other() {
    // Each trial's reward is another of these, by its seed.
    let edges = [-0.0, 0.0, f64::from_bits(1), -f64::from_bits(1), f64::MIN_POSITIVE / 2.0, f64::MAX, f64::MIN, 1.0];
    let choice: String = edges
        .iter()
        .enumerate()
        .map(|(index, reward)| {
            let bits = reward.to_bits();
            format!(
                "(if (i64.eq (i64.rem_u (local.get $seed) (i64.const 8)) (i64.const {index}))
                   (then (i64.store ACCURACY (i64.const {bits}))))"
            )
        })
        .collect();
    let body = format!(
        "{choice} (loop $next REPORT
           (i64.store EPOCH (i64.add (i64.load EPOCH) (i64.const 1)))
           (br_if $next (i64.le_u (i64.load EPOCH) (i64.const 9))))"
    );
    for scheduler in schedulers() {
        for outcome in outcomes(&body, &scheduler) {
            assert!(matches!(outcome, Outcome::Completed | Outcome::Stopped { .. }), "{outcome} with {scheduler:?}");
        }
    }
}

#[test]
fn rewards_that_are_no_finite_numbers_are_bad_reports() {
    for bits in [f64::NAN.to_bits(), f64::INFINITY.to_bits(), f64::NEG_INFINITY.to_bits(), 0x7ff0_0000_0000_0001] {
        let body = format!("REPORT (i64.store EPOCH (i64.const 2)) (i64.store ACCURACY (i64.const {bits})) REPORT");
        for outcome in outcomes(&body, &SchedulerSpec::Fifo) {
            let Outcome::BadReport { report: 2, problem: ReportProblem::NotFinite { attribute, .. } } = outcome else {
                panic!("{outcome}")
            };
            assert_eq!(attribute, "accuracy");
        }
    }
}

#[test]
fn an_epoch_that_is_zero_or_negative_is_a_bad_report() {
    for epoch in [0, -1, i64::MIN] {
        let body = format!("REPORT (i64.store EPOCH (i64.const {epoch})) REPORT");
        for scheduler in schedulers() {
            for outcome in outcomes(&body, &scheduler) {
                let bad =
                    matches!(outcome, Outcome::BadReport { report: 2, problem: ReportProblem::NotAResource { .. } });
                // A trial that is stopped at its first report makes no second one.
                let stopped = matches!(outcome, Outcome::Stopped { reason: StopReason::Scheduler });
                assert!(bad || stopped, "{epoch}: {outcome}");
            }
        }
    }
}

#[test]
fn an_epoch_that_leaps_past_a_milestone_is_a_bad_report_and_one_past_the_end_is_the_end() {
    for epoch in [i64::MAX, 1 << 53, 10, 9, 8, 4] {
        let body = format!("REPORT (i64.store EPOCH (i64.const {epoch})) REPORT");
        for outcome in outcomes(&body, &SchedulerSpec::Fifo) {
            assert_eq!(outcome, Outcome::Completed, "{epoch}");
        }
        for outcome in outcomes(&body, &hyperband(HyperbandKind::Stopping)) {
            let is_expected = match outcome {
                Outcome::Stopped { reason: StopReason::Scheduler } => true,
                Outcome::Completed | Outcome::Stopped { reason: StopReason::MaxT } => epoch >= 9,
                Outcome::BadReport { report: 2, problem: ReportProblem::Unplaceable(ref problem) } => {
                    epoch < 9 && *problem == PlacementProblem::MilestoneSkipped { level: 3, time: epoch as u64 }
                }
                _ => false,
            };
            assert!(is_expected, "{epoch}: {outcome}");
        }
    }
}

#[test]
fn an_epoch_that_runs_backwards_or_stands_still_harms_nobody() {
    for step in ["-1", "0"] {
        let body = format!(
            "(local $i i32) (i64.store EPOCH (i64.const 8))
             (loop $next REPORT
               (i64.store EPOCH (i64.add (i64.load EPOCH) (i64.const {step})))
               (local.set $i (i32.add (local.get $i) (i32.const 1)))
               (br_if $next (i32.lt_u (local.get $i) (i32.const 7))))"
        );
        for scheduler in schedulers() {
            for outcome in outcomes(&body, &scheduler) {
                if scheduler == SchedulerSpec::Fifo {
                    assert_eq!(outcome, Outcome::Completed, "{step}");
                } else {
                    // Its first report says 8, past milestones that it never reported at.
                    assert!(matches!(outcome, Outcome::BadReport { report: 1, .. }), "{step}: {outcome}");
                }
            }
        }
    }
    // One that has been at a milestone and goes back before it.
    let body = "REPORT (i64.store EPOCH (i64.const 2)) REPORT (i64.store EPOCH (i64.const 1)) REPORT
        (i64.store EPOCH (i64.const 3)) REPORT";
    for scheduler in schedulers() {
        for outcome in outcomes(body, &scheduler) {
            assert!(
                matches!(outcome, Outcome::Completed | Outcome::Stopped { .. } | Outcome::BadReport { .. }),
                "{outcome}"
            );
        }
    }
}
