//! Machines without a GPU, and studies without a grant. Nothing here needs an adapter: it is hidden.

use std::path::Path;
use std::process::{Command, Output};

use super::{project, said, trialbox};

/// Has a call find no adapter.
pub fn hide(command: &mut Command) {
    command.env("VK_DRIVER_FILES", "/nowhere.json").env("VK_ICD_FILENAMES", "/nowhere.json");
}

fn run(folder: &Path, text: &str) -> Output {
    let component = project("guest-examples/digits-gpu/digits-gpu.wasm");
    let data = project("guest-examples/digits/digits.csv");
    let head = format!("name = \"small\"\ncomponent = {component:?}\n[data]\ndigits = {data:?}\n");
    std::fs::write(folder.join("small.toml"), head + text).unwrap();
    let mut command = trialbox(folder, &["run", "small.toml"]);
    hide(&mut command);
    command.output().unwrap()
}

#[test]
fn a_study_on_a_machine_without_a_gpu_is_refused_at_once_with_what_to_install() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), "[gpu]\n[scheduler]\nnum_trials = 2\n");
    let text = said(&output);
    assert_eq!(output.status.code(), Some(70), "{text}");
    assert!(text.contains("has no GPU that a program can compute on"), "{text}");
    assert!(text.contains("mesa-vulkan-drivers") && text.contains("docs/gpu.md"), "{text}");
    assert!(!folder.path().join("small.study").exists(), "nothing was begun");
}

#[test]
fn a_component_that_computes_on_a_gpu_needs_a_grant() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), "[scheduler]\nnum_trials = 2\n");
    let text = said(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("add the line `[gpu]`"), "{text}");
}

#[test]
fn a_grant_of_what_no_adapter_has_names_what_is_wrong_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), "[gpu]\nfeatures = [\"ray-tracing\"]\n[scheduler]\nnum_trials = 2\n");
    let text = said(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("ray-tracing") && text.contains("subgroups"), "{text}");
}
