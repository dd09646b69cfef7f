//! Levels, quantiles, brackets and their draws, and cut-offs.

use serde_json::Value;
use trialbox::numeric::amount::TrialId;
use trialbox::scheduler::{HyperbandKind, HyperbandSpec, NextJob, Placement, Scheduler};

use crate::{cutoff, golden, numbers, options, report};

#[test]
fn levels_quantiles_brackets_and_draws_are_those_of_the_original() {
    let tables = golden("rung_tables.json");
    let (mut good, mut refused, mut exact) = (0, 0, 0);
    for case in tables["cases"].as_array().unwrap() {
        let levels = case["in"]["rung_levels"].as_array().into_iter().flatten();
        if levels.filter_map(Value::as_f64).any(|level| level.fract() != 0.0 || level < 0.0) {
            // Such a level has no form in a specification.
            assert!(case["error"].is_string(), "{case}");
            refused += 1;
            continue;
        }
        let mut spec = options(&case["in"]);
        if case["error"].is_string() && case["levels_exact_integer"].as_array().is_none_or(|levels| levels.len() < 2) {
            assert!(spec.check().is_err(), "{case}");
            refused += 1;
            continue;
        }
        spec.check().unwrap_or_else(|error| panic!("{error}: {case}"));
        let exact_levels = case["levels_exact_integer"].as_array().map(|levels| numbers(levels));
        let levels = case["levels"].as_array().map(|levels| numbers(levels));
        if exact_levels.is_some() && exact_levels != levels {
            // The original computes their number through logarithms, which lose a last level equal to `max_t` here.
            assert_eq!(case["float_log_sensitive"], true, "{case}");
            assert_eq!(Some(spec.levels()), exact_levels, "{case}");
            exact += 1;
            continue;
        }
        good += 1;
        assert_eq!(Some(spec.levels()), levels, "{case}");
        assert_eq!(u64::from(spec.num_brackets()), case["num_brackets"].as_u64().unwrap(), "{case}");
        for (ours, theirs) in spec.bracket_probabilities().iter().zip(case["bracket_probs"].as_array().unwrap()) {
            assert!((ours - theirs.as_f64().unwrap()).abs() < 1e-15, "{case}");
        }
        for (per_bracket, name) in [(true, "true"), (false, "false")] {
            spec.rung_system_per_bracket = per_bracket;
            let recorded = case[format!("milestones_per_bracket_system_{name}")].as_array().unwrap();
            assert_eq!(recorded.len(), spec.num_brackets() as usize, "{case}");
            for (bracket, milestones) in (0..).zip(recorded) {
                assert_eq!(serde_json::json!(start(&spec, Some(bracket)).milestones), *milestones, "{case}");
            }
        }
        spec.rung_system_per_bracket = true;
        let systems = spec.build().rungs();
        for (system, recorded) in systems.iter().zip(case["systems_top_down"].as_array().unwrap()) {
            for (rung, recorded) in system.rungs.iter().zip(recorded.as_array().unwrap()) {
                let theirs = (recorded["level"].as_u64().unwrap(), recorded["prom_quant"].as_f64().unwrap());
                assert_eq!((rung.level, rung.promotion_quantile), theirs, "{case}");
            }
        }
        let mut scheduler = spec.build();
        let draws: Vec<u32> = (0..40)
            .map(|_| match scheduler.next_job(None) {
                NextJob::Start(placement) => placement.bracket.unwrap(),
                other => panic!("nothing was paused, but {other:?}"),
            })
            .collect();
        assert_eq!(serde_json::json!(draws), case["draws_seed_31415927"], "{case}");
    }
    println!("{good} tables are equal, {refused} are refused by both, {exact} have one exact level more");
    assert!(good >= 50 && refused >= 8, "{good} {refused}");
}

fn start(spec: &HyperbandSpec, bracket: Option<u32>) -> Placement {
    match spec.build().next_job(bracket) {
        NextJob::Start(placement) => placement,
        other => panic!("nothing was paused, but {other:?}"),
    }
}

#[test]
fn cut_offs_are_those_of_the_original_bit_for_bit() {
    let recorded = golden("unit_cutoff.json");
    let mut compared = 0;
    for case in recorded["cases"].as_array().unwrap() {
        let (level, next) = levels_of(case["prom_quant"].as_f64().unwrap());
        // Of two levels, the lower has the quantile; of a quantile of 1 no cut-off is ever asked for.
        let Some(next) = next else { continue };
        let mut spec = HyperbandSpec::new(HyperbandKind::Stopping, next + 1);
        spec.rung_levels = Some(vec![level, next]);
        let mut scheduler = spec.build();
        let values = case["values"].as_array().unwrap();
        for (trial, value) in (0..).zip(values) {
            begin(scheduler.as_mut(), trial);
            report(scheduler.as_mut(), trial, level, value.as_f64()).unwrap();
        }
        begin(scheduler.as_mut(), values.len() as u64);
        let verdict = report(scheduler.as_mut(), values.len() as u64, level, Some(0.0)).unwrap();
        assert_eq!(cutoff(&verdict).map(f64::to_bits), case["cutoff"].as_f64().map(f64::to_bits), "{case}");
        compared += 1;
    }
    println!("{compared} cut-offs are equal");
    assert!(compared >= 50, "{compared}");
}

fn begin(scheduler: &mut dyn Scheduler, trial: u64) {
    let NextJob::Start(placement) = scheduler.next_job(None) else { panic!("nothing was paused") };
    scheduler.on_trial_start(TrialId(trial), &placement);
}

/// Two levels with that quotient; no second one if it is 1.
fn levels_of(quantile: f64) -> (u64, Option<u64>) {
    if quantile == 1.0 {
        return (1, None);
    }
    let pairs = (2..1_000_u64).flat_map(|next| (1..next).map(move |level| (level, next)));
    let mut found = pairs.filter(|(level, next)| *level as f64 / *next as f64 == quantile);
    let (level, next) = found.next().unwrap_or_else(|| panic!("{quantile} is no quotient of small levels"));
    (level, Some(next))
}
