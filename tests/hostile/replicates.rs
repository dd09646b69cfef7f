//! Replicates whose guests do not agree: what one of them does is the outcome of its trial, and the study goes on.

use trialbox::Study;
use trialbox::executor::Isolation;
use trialbox::numeric::amount::Seed;
use trialbox::store::Reader;
use trialbox::study::{
    Event, Limits, Outcome, ReplicateReward, Replicates, Report, ReportProblem, StudyState, TrapKind, TrialRecord,
};

use super::support::guest::{Described, Guest};

const COUNT: u32 = 3;

/// Runs a study of 16 trials with replicates of a guest that does this, with `EPOCH` and `ACCURACY` for where these lie, and
/// `REPORT` for a report of them. Gives the state and the reports of all trials.
fn run(body: &str, reward: ReplicateReward) -> (StudyState, Vec<Report>) {
    let mut guest = Guest::new();
    let real = trialbox::space::Value::Real(0.0);
    let report = guest.attributes(&[("accuracy", real), ("epoch", trialbox::space::Value::Integer(1))]);
    let body = body
        .replace("REPORT", &format!("(call $report {report})"))
        .replace("ACCURACY", &format!("(i32.const {})", report.pointer + 16))
        .replace("EPOCH", &format!("(i32.const {})", report.pointer + 24 + 16));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("guest.wasm");
    std::fs::write(&file, guest.described(&Described::default()).train(body).component()).unwrap();
    let store = folder.path().join("a.study");
    let builder = Study::builder(&file).num_trials(16).isolation(Isolation::Thread).jobs(2);
    let limits = Limits { fuel_max: 20_000_000, ..Limits::default() };
    let result = builder.limits(limits).replicates(COUNT, reward).run(&store).unwrap();
    let reader = Reader::open(&store).unwrap();
    let reports = reader.entries().filter_map(|entry| match entry.unwrap().event {
        Event::Reported { report, .. } => Some(report),
        _ => None,
    });
    let reports = reports.collect();
    (result.state, reports)
}

fn seeds(trial: &TrialRecord) -> [Seed; COUNT as usize] {
    [0, 1, 2].map(|replicate| Replicates::seed(trial.seed, replicate))
}

fn is_odd(seed: &Seed) -> bool {
    seed.0 % 2 == 1
}

/// Whether a guest of that seed does harm where it asks [`HARM`].
fn does_harm(seed: &Seed) -> bool {
    seed.0.is_multiple_of(4)
}

const HARM: &str = "(i64.eqz (i64.rem_u (local.get $seed) (i64.const 4)))";

/// Checks how the trials end, which follows from their seeds; both kinds are to be among them.
fn check(body: &str, expected: impl Fn(&[Seed]) -> Option<Outcome>) {
    let (state, _) = run(body, ReplicateReward::Mean);
    let mut completed = 0;
    for trial in state.trials() {
        let expected = expected(&seeds(trial)).unwrap_or(Outcome::Completed);
        completed += u32::from(expected == Outcome::Completed);
        assert_eq!(trial.outcome(), Some(&expected), "{trial:?}");
    }
    assert!((1..16).contains(&completed), "{completed}");
}

#[test]
fn the_reward_of_a_trial_is_made_of_those_of_its_seeds() {
    let body = "(f64.store ACCURACY (f64.convert_i64_u (i64.shr_u (local.get $seed) (i64.const 40)))) REPORT";
    for reward in [ReplicateReward::Mean, ReplicateReward::Median, ReplicateReward::Worst] {
        let (state, _) = run(body, reward);
        for trial in state.trials() {
            let mut rewards = seeds(trial).map(|seed| (seed.0 >> 40) as f64);
            let sum: f64 = rewards.iter().sum();
            rewards.sort_by(f64::total_cmp);
            let expected = match reward {
                ReplicateReward::Mean => sum / 3.0,
                ReplicateReward::Median => rewards[1],
                ReplicateReward::Worst => rewards[0],
            };
            assert_eq!(trial.reward, Some(expected));
        }
    }
}

#[test]
fn the_fuel_of_a_trial_is_that_of_all_its_replicates() {
    let work = "(local $step i64) (loop $work (local.set $step (i64.add (local.get $step) (i64.const 1)))
        (br_if $work (i64.lt_u (local.get $step) (i64.const 700000)))) REPORT";
    let (state, reports) = run(work, ReplicateReward::Mean);
    let fuel = state.trials()[0].fuel;
    assert!(state.trials().iter().all(|trial| trial.fuel == fuel));
    // Each loop has several operators.
    assert!(fuel.0 > 3 * 3 * 700_000, "{fuel}");
    assert_eq!(reports.len(), 16);
}

#[test]
fn a_replicate_that_traps_ends_its_trial_by_its_number() {
    let body = format!("(if {HARM} (then (unreachable)) (else REPORT))");
    check(&body, |seeds| {
        let number = seeds.iter().position(does_harm)? as u32 + 1;
        let outcome = Box::new(Outcome::Trapped { trap: TrapKind::Unreachable });
        Some(Outcome::OfReplicate { number, outcome })
    });
}

#[test]
fn a_replicate_that_never_ends_goes_past_its_own_limit() {
    let body = format!("(if {HARM} (then (loop $for_ever (br $for_ever))) (else REPORT))");
    check(&body, |seeds| {
        let number = seeds.iter().position(does_harm)? as u32 + 1;
        let limit = trialbox::study::Limit::FuelMax;
        Some(Outcome::OfReplicate { number, outcome: Box::new(Outcome::Exceeded { limit }) })
    });
}

#[test]
fn replicates_that_report_different_numbers_of_times_end_their_trial() {
    let body = "REPORT (i64.store EPOCH (i64.const 2))
        (if (i64.eqz (i64.rem_u (local.get $seed) (i64.const 2))) (then REPORT))";
    check(body, |seeds| {
        let ended = seeds.iter().position(is_odd)?;
        let all_ended = seeds.iter().all(is_odd);
        let problem = ReportProblem::ReplicateEnded { number: ended as u32 + 1 };
        (!all_ended).then_some(Outcome::BadReport { report: 2, problem })
    });
}

#[test]
fn replicates_that_differ_in_their_epoch_end_their_trial() {
    let body = "(i64.store EPOCH (i64.add (i64.const 1) (i64.rem_u (local.get $seed) (i64.const 2)))) REPORT";
    check(body, |seeds| {
        let problem = ReportProblem::ReplicatesDiffer { attribute: "epoch".into() };
        let differ = seeds.iter().any(is_odd) && !seeds.iter().all(is_odd);
        differ.then_some(Outcome::BadReport { report: 1, problem })
    });
}
