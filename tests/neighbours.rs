//! Trials beside each other in one study: what one of them does changes nothing for the others.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a test, no library")]
#![allow(clippy::needless_pass_by_value, clippy::use_self, reason = "brevity")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "a test, no library")]

#[path = "support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::path::Path;

use support::hostile::{self, Harmful};
use trialbox::Study;
use trialbox::executor::{Isolation, RunOptions, set_worker_program};
use trialbox::numeric::amount::TrialId;
use trialbox::numeric::digest::canonical_bytes;
use trialbox::searcher::{GridSpec, SearcherSpec};
use trialbox::space::{Domain, Parameter};
use trialbox::store::Reader;
use trialbox::study::{Capacity, Event, Outcome, StudyState};

/// How many modes are good ones: the highest, which a grid search starts first.
const GOOD: usize = 3;

/// Runs all modes, or only the good ones, and gives each trial's events as bytes and how it ended.
fn run(
    folder: &Path,
    harmful: &Harmful,
    isolation: Isolation,
    modes: Domain,
) -> (BTreeMap<TrialId, Vec<Vec<u8>>>, StudyState) {
    let file = folder.join("guest.wasm");
    std::fs::write(&file, &harmful.component).unwrap();
    let store = folder.join(format!("{isolation:?}-{}.study", modes == harmful.modes()));
    let result = Study::builder(&file)
        .searcher(SearcherSpec::Grid(GridSpec { points: 1 }))
        .capacity(Capacity { cpus: 64, gpus: 0.0 })
        .num_trials(1_000)
        .limits(hostile::limits())
        .options(RunOptions { jobs: 2, isolation, ..RunOptions::default() })
        .parameter(Parameter::new("mode", modes))
        .run(&store)
        .unwrap();
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
    let harmful = Harmful::with_good_modes(GOOD);
    let (with_harm, state) = run(folder.path(), &harmful, isolation, harmful.modes());
    let (without, quiet) = run(folder.path(), &harmful, isolation, harmful.good_modes());
    assert_eq!(quiet.trials().len(), GOOD);
    for trial in quiet.trials() {
        assert_eq!(trial.outcome(), Some(&Outcome::Completed));
        assert_eq!(trial.reports, hostile::GOOD_REPORTS);
        assert_eq!(with_harm[&trial.trial], without[&trial.trial], "trial {}", trial.trial);
    }
    assert_eq!(state.trials().len(), harmful.harms.len() + GOOD);
    for trial in state.trials() {
        let mode = trial.config.get("mode").unwrap();
        assert_eq!(trial.outcome(), Some(harmful.outcome(mode)), "{}", harmful.what(mode));
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
