//! Whole studies: every job, report and removal in order, and what the rungs hold at the end.

use std::collections::BTreeMap;

use serde_json::Value;
use trialbox::numeric::amount::TrialId;
use trialbox::scheduler::{HyperbandKind, NextJob, Placement, Scheduler};

use crate::{assert_answers, golden, options, report};

pub const TRACES: usize = 32;

pub fn trace_names() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("trace_")).collect();
    names.sort();
    names
}

#[test]
fn every_recorded_study_is_decided_in_the_same_way() {
    let names = trace_names();
    assert_eq!(names.len(), TRACES);
    let compared: usize = names.iter().map(|name| replay(name)).sum();
    println!("{compared} recorded values of {TRACES} studies are equal");
    assert_eq!(compared, 86_184, "a recording is missing, or is read otherwise");
}

fn replay(name: &str) -> usize {
    let trace = golden(name);
    let spec = options(&trace["params"]);
    spec.check().unwrap();
    let mut scheduler = spec.build();
    // The trial of each job. With `stopping` rungs hold jobs, of which each trial has one.
    let mut trials: BTreeMap<u64, u64> = BTreeMap::new();
    let events = trace["events"].as_array().unwrap();
    let decisions = trace["decisions"].as_array().unwrap();
    assert_eq!(events.len(), decisions.len());
    let mut compared = 0;
    for (index, (event, decision)) in events.iter().zip(decisions).enumerate() {
        let place = format!("{name}, event {index}: {event}");
        let task = event["task"].as_u64().unwrap();
        compared += match event["op"].as_str().unwrap() {
            "schedule" => {
                let trial = schedule(scheduler.as_mut(), event, decision, &place);
                trials.insert(task, trial);
                5
            }
            "report" => {
                let time = event["t"].as_u64().unwrap();
                let verdict = report(scheduler.as_mut(), trials[&task], time, event["reward"].as_f64());
                assert_answers(&verdict.unwrap_or_else(|problem| panic!("{place}: {problem}")), decision, &place)
            }
            "remove" => {
                scheduler.on_job_end(TrialId(trials[&task]));
                0
            }
            other => panic!("{place}: {other}"),
        };
    }
    let tasks = trials.iter().map(|(task, trial)| (*trial, *task)).collect();
    compared + assert_final(scheduler.as_ref(), &trace["final"], spec.kind, &tasks, name)
}

/// Compares what a free slot does next; gives its trial.
fn schedule(scheduler: &mut dyn Scheduler, event: &Value, decision: &Value, place: &str) -> u64 {
    let trial = decision["config"].as_u64().unwrap();
    let (is_new, resume_from, placement) = match scheduler.next_job(Some(event["bracket"].as_u64().unwrap() as u32)) {
        NextJob::Start(placement) => {
            scheduler.on_trial_start(TrialId(trial), &placement);
            (true, None, placement)
        }
        NextJob::Resume { trial: resumed, resume_from, placement } => {
            assert_eq!(resumed.0, trial, "{place}");
            (false, Some(resume_from), placement)
        }
        NextJob::Wait => panic!("{place}: it never waits"),
    };
    let Placement { bracket, milestone, milestones } = placement;
    assert_eq!(is_new, decision["new"].as_bool().unwrap(), "{place}");
    assert_eq!(resume_from, decision["resume_from"].as_u64(), "{place}");
    assert_eq!(bracket.map(u64::from), event["bracket"].as_u64(), "{place}");
    assert_eq!(milestone, decision["milestone"].as_u64(), "{place}");
    assert_eq!(serde_json::json!(milestones), decision["milestones"], "{place}");
    trial
}

fn assert_final(
    scheduler: &dyn Scheduler,
    recorded: &Value,
    kind: HyperbandKind,
    tasks: &BTreeMap<u64, u64>,
    name: &str,
) -> usize {
    let systems = scheduler.rungs();
    let recorded = recorded.as_array().unwrap();
    assert_eq!(systems.len(), recorded.len(), "{name}");
    let mut compared = 0;
    for (system, recorded) in systems.iter().zip(recorded) {
        let recorded = recorded.as_array().unwrap();
        assert_eq!(system.rungs.len(), recorded.len(), "{name}");
        for (rung, recorded) in system.rungs.iter().zip(recorded) {
            assert_eq!(Some(rung.level), recorded["level"].as_u64(), "{name}");
            assert_eq!(Some(rung.promotion_quantile), recorded["prom_quant"].as_f64(), "{name}");
            let entries: Vec<Value> = rung
                .entries
                .iter()
                .map(|entry| match kind {
                    HyperbandKind::Stopping => serde_json::json!([tasks[&entry.trial.0], entry.reward]),
                    HyperbandKind::Promotion => serde_json::json!([entry.trial.0, entry.reward, entry.promoted]),
                })
                .collect();
            let recorded = recorded["data"].as_array().unwrap();
            assert_eq!(&with_reals(&entries), &with_reals(recorded), "{name}, level {}", rung.level);
            compared += recorded.len();
        }
    }
    compared
}

/// Entries with every reward as a real: JSON writes whole ones as integers.
fn with_reals(entries: &[Value]) -> Vec<(u64, f64, Option<bool>)> {
    entries.iter().map(|entry| (entry[0].as_u64().unwrap(), entry[1].as_f64().unwrap(), entry[2].as_bool())).collect()
}
