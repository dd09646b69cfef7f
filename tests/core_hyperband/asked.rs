//! Whole studies again, as a user of `trialbox ask` drives them: every answer in JSON, field by field.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use trialbox::numeric::digest::Digest;
use trialbox::scheduler::SchedulerSpec;
use trialbox::searcher::{RandomSpec, SearcherSpec};
use trialbox::space::{Domain, Parameter, RealRange, Space};
use trialbox::study::{AskTell, StudySpec};

use crate::traces::{TRACES, trace_names};
use crate::{golden, options};

#[test]
fn every_recorded_study_is_answered_in_the_same_way() {
    let names = trace_names();
    assert_eq!(names.len(), TRACES);
    let compared: usize = names.iter().map(|name| replay(name)).sum();
    println!("{compared} answers of {TRACES} studies are equal");
    assert_eq!(compared, 28_131, "a recording is missing, or is read otherwise");
}

fn session(params: &Value) -> AskTell {
    let domain = Domain::Real(RealRange { lower: 0.0, upper: 1.0, log: false });
    let space = Space::new(vec![Parameter::new("x", domain)]).unwrap();
    let mut spec = StudySpec::new("asked", space, Digest::of(b""));
    spec.scheduler = SchedulerSpec::Hyperband(options(params));
    spec.searcher = SearcherSpec::Random(RandomSpec::default());
    spec.num_trials = Some(1_000_000);
    AskTell::new(spec).unwrap()
}

fn answer(session: &mut AskTell, request: Value) -> Value {
    let request = serde_json::from_str(&request.to_string()).unwrap();
    serde_json::to_value(session.handle(request).unwrap()).unwrap()
}

/// Gives the number of answers that were compared.
fn replay(name: &str) -> usize {
    let trace = golden(name);
    let mut session = session(&trace["params"]);
    // The job of each task, and its trial; the configuration of each trial.
    let mut jobs: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    let mut configs: BTreeMap<u64, Value> = BTreeMap::new();
    let events = trace["events"].as_array().unwrap();
    for (index, (event, decision)) in events.iter().zip(trace["decisions"].as_array().unwrap()).enumerate() {
        let place = format!("{name}, event {index}: {event}");
        let task = event["task"].as_u64().unwrap();
        match event["op"].as_str().unwrap() {
            "schedule" => {
                let job = jobs.len() as u64;
                let asked = answer(&mut session, json!({"op": "ask", "bracket": event["bracket"]}));
                let trial = decision["config"].as_u64().unwrap();
                let config = configs.entry(trial).or_insert_with(|| asked["config"].clone());
                let expected = json!({
                    "job": job,
                    "trial": trial,
                    "new": decision["new"],
                    "config": config,
                    "bracket": event["bracket"],
                    "milestone": decision["milestone"],
                    "resume_from": decision["resume_from"],
                    "milestones": decision["milestones"],
                });
                assert_eq!(asked, expected, "{place}");
                jobs.insert(task, (job, trial));
            }
            "report" => {
                let attributes = json!({"epoch": event["t"], "accuracy": event["reward"]});
                let request = json!({"op": "report", "job": jobs[&task].0, "attributes": attributes});
                assert_eq!(answer(&mut session, request), decided(decision, &trace["params"]), "{place}");
            }
            "remove" if event["why"] == "stopped" || task % 2 == 0 => {
                assert_eq!(answer(&mut session, json!({"op": "end", "job": jobs[&task].0})), json!({}), "{place}");
            }
            "remove" => {
                let request = json!({"op": "fail", "job": jobs[&task].0, "error": "early"});
                assert_eq!(answer(&mut session, request), json!({}), "{place}");
            }
            other => panic!("{place}: {other}"),
        }
    }
    let tasks: BTreeMap<u64, u64> = jobs.iter().map(|(task, (_, trial))| (*trial, *task)).collect();
    assert_rungs(&answer(&mut session, json!({"op": "state"})), &trace, &tasks, name);
    events.len() + 1
}

/// The answer to a report that the recorded decision stands for.
fn decided(decision: &Value, params: &Value) -> Value {
    let at_milestone = decision["milestone"].as_bool().unwrap();
    let at_end = at_milestone && decision["next_raw"].is_null() && decision["cutoff"].is_null();
    let words = match (decision["continues"].as_bool().unwrap(), params["type"].as_str().unwrap()) {
        (true, _) => "continue",
        // Whoever has reached the end is done.
        (false, "promotion") if !at_end => "pause",
        (false, _) => "stop",
    };
    json!({
        "decision": words,
        "milestone": at_milestone,
        "next_milestone": if at_milestone { decision["next_raw"].clone() } else { Value::Null },
        "cutoff": decision["cutoff"],
        "ignore_data": decision["ignore_data"].as_bool().unwrap_or(false),
    })
}

fn assert_rungs(state: &Value, trace: &Value, tasks: &BTreeMap<u64, u64>, name: &str) {
    let rungs = state["rungs"].as_array().unwrap();
    let is_stopping = trace["params"]["type"] == "stopping";
    let per_bracket = trace["params"]["rung_system_per_bracket"].as_bool().unwrap();
    let systems = trace["final"].as_array().unwrap().iter().enumerate();
    let recorded: Vec<(usize, &Value)> = systems
        .flat_map(|(bracket, system)| system.as_array().unwrap().iter().map(move |rung| (bracket, rung)))
        .collect();
    assert_eq!(rungs.len(), recorded.len(), "{name}");
    for (rung, (bracket, recorded)) in rungs.iter().zip(recorded) {
        assert_eq!(rung["bracket"], if per_bracket { json!(bracket) } else { Value::Null }, "{name}");
        assert_eq!(rung["level"], recorded["level"], "{name}");
        assert_eq!(rung["promotion_quantile"].as_f64(), recorded["prom_quant"].as_f64(), "{name}");
        let ours = rung["entries"].as_array().unwrap().iter().map(|entry| {
            let trial = entry["trial"].as_u64().unwrap();
            let who = if is_stopping { tasks[&trial] } else { trial };
            (who, entry["reward"].as_f64(), entry["promoted"].as_bool().unwrap())
        });
        let theirs = recorded["data"].as_array().unwrap().iter();
        let theirs =
            theirs.map(|entry| (entry[0].as_u64().unwrap(), entry[1].as_f64(), entry[2].as_bool().unwrap_or(false)));
        assert!(ours.eq(theirs), "{name}, level {}", rung["level"]);
    }
}

/// With `stopping` every job is a new trial, so that the edge cases can be asked for. What is not finite is refused here.
#[test]
fn the_edge_cases_of_stopping_are_answered_or_refused_in_the_same_way() {
    let recorded = golden("edge_cases.json");
    let (mut answered, mut refused) = (0, 0);
    for case in recorded["cases"].as_array().unwrap() {
        let text = case["ops"].to_string();
        if case["type"] != "stopping" || text.contains("\"nan\"") || text.contains("\"-inf\"") {
            continue;
        }
        let mut session = session(case);
        let mut jobs: BTreeMap<u64, u64> = BTreeMap::new();
        for (operation, result) in case["ops"].as_array().unwrap().iter().zip(case["results"].as_array().unwrap()) {
            let place = format!("{}: {operation} {result}", case["name"]);
            let task = operation[1].as_u64().unwrap();
            let job = jobs.get(&task).copied().unwrap_or(999);
            match operation[0].as_str().unwrap() {
                "add" => {
                    let bracket = operation[2].as_u64().unwrap_or(0);
                    let asked = answer(&mut session, json!({"op": "ask", "bracket": bracket}));
                    assert_eq!(asked["milestones"], result["milestones"], "{place}");
                    jobs.insert(task, asked["job"].as_u64().unwrap());
                }
                "report" => {
                    let attributes = json!({"epoch": operation[2], "accuracy": operation[3]});
                    let request = json!({"op": "report", "job": job, "attributes": attributes}).to_string();
                    let before = answer(&mut session, json!({"op": "state"}));
                    match session.handle(serde_json::from_str(&request).unwrap()) {
                        Ok(told) => {
                            let told = serde_json::to_value(told).unwrap();
                            let expected = decided(result, case);
                            for field in ["decision", "milestone", "next_milestone", "ignore_data"] {
                                assert_eq!(told[field], expected[field], "{place}");
                            }
                            answered += 1;
                        }
                        Err(error) => {
                            assert!(result["error"].is_string(), "{place}: {error}");
                            assert_eq!(answer(&mut session, json!({"op": "state"})), before, "{place}");
                            refused += 1;
                        }
                    }
                }
                "remove" => assert_eq!(answer(&mut session, json!({"op": "end", "job": job})), json!({}), "{place}"),
                other => panic!("{place}: {other}"),
            }
        }
    }
    println!("{answered} reports are answered, {refused} refused as by the original");
    assert!(answered >= 15 && refused >= 4, "{answered} {refused}");
}
