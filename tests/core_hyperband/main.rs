//! The scheduler `hyperband` against the recorded decisions of the original implementation, one file a kind of recording.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a test, no library")]
#![allow(clippy::needless_pass_by_value, clippy::use_self, reason = "brevity")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "a test, no library")]

mod asked;
mod edge_cases;
mod tables;
mod traces;

use std::path::Path;

use serde_json::Value;
use trialbox::numeric::amount::TrialId;
use trialbox::scheduler::{
    Comparison, Decision, HyperbandKind, HyperbandSpec, PlacementProblem, Progress, Scheduler, Verdict,
};

/// A recording by its file's name.
fn golden(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The options that a recording names.
fn options(recorded: &Value) -> HyperbandSpec {
    let kind = match recorded["type"].as_str() {
        Some("promotion") => HyperbandKind::Promotion,
        _ => HyperbandKind::Stopping,
    };
    let mut spec = HyperbandSpec::new(kind, recorded["max_t"].as_u64().unwrap());
    spec.grace_period = recorded["grace_period"].as_u64().unwrap_or(spec.grace_period);
    spec.reduction_factor = recorded["reduction_factor"].as_u64().unwrap_or(spec.reduction_factor);
    spec.rung_levels = recorded["rung_levels"].as_array().map(|levels| numbers(levels));
    spec.brackets = recorded["brackets"].as_u64().unwrap() as u32;
    spec.rung_system_per_bracket = recorded["rung_system_per_bracket"].as_bool().unwrap_or(true);
    spec
}

fn numbers(values: &[Value]) -> Vec<u64> {
    // Some levels are whole reals.
    values.iter().map(|value| value.as_u64().unwrap_or_else(|| value.as_f64().unwrap() as u64)).collect()
}

fn report(
    scheduler: &mut dyn Scheduler,
    trial: u64,
    time: u64,
    reward: Option<f64>,
) -> Result<Verdict, PlacementProblem> {
    scheduler.on_report(&Progress { trial: TrialId(trial), time: Some(time), reward })
}

/// Compares an answer with a recorded one; gives how many values were compared.
fn assert_answers(verdict: &Verdict, recorded: &Value, place: &str) -> usize {
    assert_eq!(verdict.decision == Decision::Continue, recorded["continues"].as_bool().unwrap(), "{place}");
    let at_milestone = recorded["milestone"].as_bool().unwrap();
    assert_eq!(verdict.milestone.is_some(), at_milestone, "{place}");
    let mut compared = 2;
    if at_milestone {
        assert_eq!(verdict.next_milestone, recorded["next_raw"].as_u64(), "{place}");
        compared += 1;
    }
    if let Some(ignored) = recorded["ignore_data"].as_bool() {
        assert_eq!(verdict.ignore_data, ignored, "{place}");
        compared += 1;
    }
    if let Some(recorded) = recorded["cutoff"].as_f64() {
        assert_eq!(cutoff(verdict).map(f64::to_bits), Some(recorded.to_bits()), "{place}");
        compared += 1;
    }
    compared
}

fn cutoff(verdict: &Verdict) -> Option<f64> {
    match verdict.comparison {
        Some(Comparison::Cutoff { cutoff, .. }) => cutoff,
        _ => None,
    }
}
