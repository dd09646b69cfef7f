//! Studies from begin to end: their results, that they repeat, and what their logs hold of the GPU.

use std::collections::BTreeSet;
use std::path::Path;

use tempfile::TempDir;
use trialbox::store::Reader;
use trialbox::study::Event;

use super::{digest, done, project, said, trialbox};

/// A small study of an example, in a folder of its own.
fn study(example: &str, body: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let component = project(&format!("guest-examples/{example}/{example}.wasm"));
    let data = project("guest-examples/digits/digits.csv");
    let data = if example.starts_with("digits") { format!("[data]\ndigits = {data:?}\n") } else { String::new() };
    let text = format!("name = \"small\"\ncomponent = {component:?}\n{data}\n{body}");
    std::fs::write(folder.path().join("small.toml"), text).unwrap();
    folder
}

const DIGITS: &str = r#"
[gpu]

[resource]
num_gpus = 0.5

[scheduler]
type = "hyperband"
variant = "promotion"
num_trials = 9
max_t = 3
grace_period = 1
reduction_factor = 3

[space]
epochs = 3
"#;

fn run(folder: &Path, store: &str, flags: &[&str]) -> String {
    let arguments = [&["run", "small.toml", "--store", store], flags].concat();
    digest(&said(&trialbox(folder, &arguments).output().unwrap()))
}

fn events(folder: &Path, store: &str) -> Vec<Event> {
    let reader = Reader::open(&folder.join(store)).unwrap();
    reader.entries().map(|entry| entry.unwrap().event).collect()
}

#[test]
#[ignore = "needs a GPU adapter; `cargo xtask test` has one"]
fn the_digits_are_learned_with_hyperband_and_the_log_names_the_gpu_and_what_was_read_back() {
    let folder = study("digits-gpu", DIGITS);
    run(folder.path(), "one.study", &[]);
    let events = events(folder.path(), "one.study");
    let Event::StudyStarted { spec } = &events[0] else { panic!("{:?}", events[0]) };
    let gpu = spec.gpu.as_ref().unwrap();
    assert!(!gpu.adapter.name.is_empty() && gpu.adapter.translator.starts_with("wgpu "), "{}", gpu.adapter);
    assert_eq!(spec.slots(), Ok(2), "two halves of a GPU");
    let reads = events.iter().filter(|event| matches!(event, Event::ReadBack { .. })).count();
    let reports = events.iter().filter(|event| matches!(event, Event::Reported { .. })).count();
    assert!(reads >= reports && reports >= 9, "{reads} read-backs, {reports} reports");
    let best = done(&mut trialbox(folder.path(), &["best", "one.study"]));
    let reader = Reader::open(&folder.path().join("one.study")).unwrap();
    let state = reader.state().unwrap();
    let reward = state.trials().iter().filter_map(|trial| trial.reward).fold(0.0, f64::max);
    assert!(reward > 0.85, "{reward}: {best}");
}

#[test]
#[ignore = "needs a GPU adapter; `cargo xtask test` has one"]
fn a_study_is_the_same_with_any_number_of_workers_however_isolated_and_is_verified() {
    let folder = study("digits-gpu", DIGITS);
    let runs = [
        ("one.study", ["--jobs", "1"].as_slice()),
        ("two.study", &["--jobs", "2"]),
        ("each.study", &["--jobs", "2", "--isolation", "process-per-trial"]),
        ("threads.study", &["--jobs", "2", "--isolation", "thread"]),
    ];
    let digests: BTreeSet<String> = runs.iter().map(|(store, flags)| run(folder.path(), store, flags)).collect();
    assert_eq!(digests.len(), 1, "{digests:?}");
    let verified = done(&mut trialbox(folder.path(), &["verify", "two.study", "--quiet"]));
    assert_eq!(digest(&verified), *digests.first().unwrap());
}

#[test]
#[ignore = "needs a GPU adapter; `cargo xtask test` has one"]
fn a_trial_is_replayed_from_what_it_read_back_where_there_is_no_gpu() {
    let folder = study("digits-gpu", DIGITS);
    run(folder.path(), "one.study", &[]);
    let replay = |trial: &str| {
        let mut command = trialbox(folder.path(), &["replay", "one.study", "--trial", trial]);
        super::without::hide(&mut command);
        done(&mut command)
    };
    for trial in ["0", "5"] {
        let text = replay(trial);
        assert!(text.contains("as recorded: ") && !text.contains("differs"), "{text}");
    }
}

#[test]
#[ignore = "needs a GPU adapter; `cargo xtask test` has one"]
fn what_is_not_recorded_is_computed_again_and_compared() {
    let body = DIGITS.replace("[gpu]\n", "[gpu]\nrecorded_bytes_max = 0\n");
    let folder = study("digits-gpu", &body);
    run(folder.path(), "one.study", &[]);
    let output = trialbox(folder.path(), &["replay", "one.study", "--trial", "0"]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("it is computed anew"), "{}", said(&output));
}

#[test]
#[ignore = "needs a GPU adapter; `cargo xtask test` has one"]
fn a_program_for_the_wgpu_crate_trains_in_the_box() {
    let body = "[gpu]\n[scheduler]\nnum_trials = 2\n";
    let folder = study("matmul-wgpu", body);
    run(folder.path(), "one.study", &[]);
    let state = Reader::open(&folder.path().join("one.study")).unwrap().state().unwrap();
    for trial in state.trials() {
        assert!(trial.reward.is_some() && !trial.outcome().unwrap().is_failure(), "{:?}", trial.outcome());
    }
}
