//! Trials beside each other in one study: what one of them does changes nothing for the others.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a test, no library")]
#![allow(clippy::needless_pass_by_value, clippy::use_self, reason = "brevity")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "a test, no library")]

#[path = "support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::path::Path;

use support::guest::{Declared, Described, Guest};
use trialbox::Study;
use trialbox::executor::{Isolation, RunOptions, set_worker_program};
use trialbox::numeric::amount::TrialId;
use trialbox::numeric::digest::canonical_bytes;
use trialbox::searcher::{GridSpec, SearcherSpec};
use trialbox::space::{Domain, Parameter, Value};
use trialbox::store::Reader;
use trialbox::study::{Event, Limit, Limits, Outcome, StudyState, TrapKind};

/// How many modes are good ones: the highest, which a grid search starts first.
const GOOD: i64 = 3;

/// What each bad mode does, and how its trial must end.
fn bad_modes() -> Vec<(&'static str, Outcome)> {
    let exceeded = |limit| Outcome::Exceeded { limit };
    vec![
        ("(loop $for_ever (br $for_ever))", exceeded(Limit::FuelMax)),
        ("(loop $more (drop (memory.grow (i32.const 16))) (br $more))", exceeded(Limit::MemoryBytesMax)),
        ("(call $deeper)", Outcome::StackOverflowed),
        ("(loop $flood (call $report REPORT) (br $flood))", exceeded(Limit::ReportsMax)),
        (
            "(call $log (i32.const 65536) (i32.const 65536)) (unreachable)",
            Outcome::Trapped { trap: TrapKind::Unreachable },
        ),
        ("(call $report (i32.const 1024) (i32.const 0x7fffffff))", Outcome::Trapped { trap: TrapKind::BadValue }),
        ("(call $report NAN)", bad_report()),
        ("(nop)", Outcome::NeverRewarded { attribute: "accuracy".into() }),
    ]
}

fn bad_report() -> Outcome {
    let problem = trialbox::study::ReportProblem::NotFinite { attribute: "accuracy".into(), value: "NaN".into() };
    Outcome::BadReport { report: 1, problem }
}

fn modes(count: i64) -> Domain {
    Domain::Choice((0..count).map(Value::Integer).collect())
}

/// A guest that does what its parameter `mode` says: harm, or three reports with some work between them.
fn component() -> Vec<u8> {
    let mut guest = Guest::new();
    let bad = bad_modes();
    let report = guest.attributes(&[("accuracy", Value::Real(0.5)), ("epoch", Value::Integer(1))]).to_string();
    let nan = guest.attributes(&[("accuracy", Value::Real(f64::NAN))]).to_string();
    let mut body = String::from(
        "(local $mode i64) (local $step i32)\n(local.set $mode (i64.load offset=16 (local.get $config)))\n",
    );
    for (mode, (harm, _)) in bad.iter().enumerate() {
        let harm = harm.replace("REPORT", &report).replace("NAN", &nan);
        body.push_str(&format!("(if (i64.eq (local.get $mode) (i64.const {mode})) (then {harm}))\n"));
    }
    let good = format!(
        "(if (i64.ge_s (local.get $mode) (i64.const {})) (then
           (loop $work
             (local.set $step (i32.add (local.get $step) (i32.const 1)))
             (if (i32.eqz (i32.rem_u (local.get $step) (i32.const 1000000))) (then (call $report {report})))
             (br_if $work (i32.lt_u (local.get $step) (i32.const 3000000))))))",
        bad.len()
    );
    body.push_str(&good);
    let described =
        Described { parameters: vec![Declared::new("mode", modes(bad.len() as i64 + GOOD))], ..Described::default() };
    guest.part("(func $deeper (call $deeper) (call $deeper))").described(&described).train(body).component()
}

/// Runs all modes, or only the good ones, and gives each trial's events as bytes and how it ended.
fn run(folder: &Path, isolation: Isolation, with_harm: bool) -> (BTreeMap<TrialId, Vec<Vec<u8>>>, StudyState) {
    let file = folder.join("guest.wasm");
    std::fs::write(&file, component()).unwrap();
    let bad = bad_modes().len() as i64;
    let limits = Limits {
        fuel_max: 200_000_000,
        memory_bytes_max: 32 << 20,
        reports_max: 1_000,
        log_bytes_max: 10_000,
        ..Limits::default()
    };
    let store = folder.join(format!("{isolation:?}-{with_harm}.study"));
    let mut study = Study::builder(&file)
        .searcher(SearcherSpec::Grid(GridSpec { points: 1 }))
        .capacity(trialbox::study::Capacity { cpus: 16, gpus: 0.0 })
        .num_trials(100)
        .limits(limits)
        .options(RunOptions { jobs: 2, isolation, ..RunOptions::default() });
    if !with_harm {
        let domain = Domain::Choice((bad..bad + GOOD).map(Value::Integer).collect());
        study = study.parameter(Parameter::new("mode", domain));
    }
    let result = study.run(&store).unwrap();
    let mut events: BTreeMap<TrialId, Vec<Vec<u8>>> = BTreeMap::new();
    for entry in Reader::open(&store).unwrap().entries() {
        let event: Event = entry.unwrap().event;
        if let Some(trial) = event.trial() {
            events.entry(trial).or_default().push(canonical_bytes(&event));
        }
    }
    (events, result.state)
}

fn check(isolation: Isolation) {
    let folder = tempfile::tempdir().unwrap();
    let (with_harm, state) = run(folder.path(), isolation, true);
    let (without, quiet) = run(folder.path(), isolation, false);
    assert_eq!(quiet.trials().len() as i64, GOOD);
    for trial in quiet.trials() {
        assert_eq!(trial.outcome(), Some(&Outcome::Completed));
        assert_eq!(trial.reports, 3);
        assert_eq!(with_harm[&trial.trial], without[&trial.trial], "trial {}", trial.trial);
    }
    let bad = bad_modes();
    assert_eq!(state.trials().len(), bad.len() + GOOD as usize);
    for (mode, (harm, outcome)) in bad.into_iter().enumerate() {
        let mode = Value::Integer(mode as i64);
        let trial = state.trials().iter().find(|trial| trial.config.get("mode") == Some(&mode)).unwrap();
        assert_eq!(trial.outcome(), Some(&outcome), "{harm}");
    }
}

#[test]
fn a_trial_that_does_harm_in_a_thread_ends_as_its_own_outcome_and_its_neighbours_do_not_notice() {
    check(Isolation::Thread);
}

#[test]
fn a_trial_that_does_harm_in_a_process_ends_as_its_own_outcome_and_its_neighbours_do_not_notice() {
    set_worker_program(env!("CARGO_BIN_EXE_trialbox").into());
    check(Isolation::Process);
}
