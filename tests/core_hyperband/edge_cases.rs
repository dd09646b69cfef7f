//! What the original does with reports that nobody should make. Where it breaks off, the report is refused and nothing changes.

use serde_json::Value;
use trialbox::numeric::amount::TrialId;
use trialbox::scheduler::{NextJob, Placement, PlacementProblem, Scheduler};

use crate::{assert_answers, golden, options, report};

#[test]
fn reports_that_nobody_should_make_are_answered_or_refused_as_by_the_original() {
    let recorded = golden("edge_cases.json");
    let (mut compared, mut refused, mut not_finite) = (0, 0, 0);
    for case in recorded["cases"].as_array().unwrap() {
        if case["ops"].to_string().contains("\"nan\"") || case["ops"].to_string().contains("\"-inf\"") {
            // Such a report is a bad report to the study: it never comes to the scheduler.
            not_finite += 1;
            continue;
        }
        let spec = options(case);
        let mut scheduler = spec.build();
        let operations = case["ops"].as_array().unwrap().iter().zip(case["results"].as_array().unwrap());
        for (operation, result) in operations {
            let place = format!("{}: {operation} {result}", case["name"]);
            let trial = operation[1].as_u64().unwrap();
            match operation[0].as_str().unwrap() {
                "add" => {
                    let bracket = operation[2].as_u64().unwrap_or(0) as u32;
                    let NextJob::Start(placement) = spec.build().next_job(Some(bracket)) else { panic!("{place}") };
                    assert_eq!(serde_json::json!(placement.milestones), result["milestones"], "{place}");
                    scheduler.on_trial_start(TrialId(trial), &placement);
                }
                "report" => {
                    let before = scheduler.rungs();
                    let time = operation[2].as_u64().unwrap();
                    match report(scheduler.as_mut(), trial, time, operation[3].as_f64()) {
                        Ok(verdict) => compared += assert_answers(&verdict, result, &place),
                        Err(problem) => {
                            assert_refused(&problem, result, &place);
                            assert_eq!(scheduler.rungs(), before, "{place}");
                            refused += 1;
                        }
                    }
                }
                "remove" => scheduler.on_job_end(TrialId(trial)),
                "schedule" => assert_next(scheduler.as_mut(), trial as u32, result, &place),
                other => panic!("{place}: {other}"),
            }
        }
    }
    println!("{compared} values are equal, {refused} reports are refused by both, {not_finite} cases are not finite");
    assert!(compared >= 50 && refused >= 5 && not_finite <= 6, "{compared} {refused} {not_finite}");
}

fn assert_refused(problem: &PlacementProblem, result: &Value, place: &str) {
    let theirs = result["error"].as_str().unwrap_or_else(|| panic!("{place}: {problem}"));
    // Who is no key of the original's table is not running here.
    assert_eq!(*problem == PlacementProblem::NotRunning, theirs == "KeyError", "{place}: {problem}");
}

fn assert_next(scheduler: &mut dyn Scheduler, bracket: u32, result: &Value, place: &str) {
    let next = match scheduler.next_job(Some(bracket)) {
        NextJob::Start(placement) => (None, None, placement),
        NextJob::Resume { trial, resume_from, placement } => (Some(trial.0), Some(resume_from), placement),
        NextJob::Wait => panic!("{place}: it never waits"),
    };
    let (trial, resume_from, Placement { milestone, .. }) = next;
    assert_eq!(trial, result["config"].as_u64(), "{place}");
    assert_eq!(resume_from, result["resume_from"].as_u64(), "{place}");
    assert_eq!(milestone, result["milestone"].as_u64(), "{place}");
}
