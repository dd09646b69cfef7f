//! Commands that a study file names for reports, trials and new bests.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::world::World;

const SCHEDULER: &str = "num_trials = 6\n[capacity]\ncpus = 1\n";

/// A study with a script beside it that adds what it is given to a file.
fn world(hooks: &str) -> World {
    let world = World::new().toy("toy", &format!("{SCHEDULER}[hooks]\n{hooks}"));
    let script = "#!/bin/sh\ncat >> \"$1\"\n";
    let world = world.write("toy/note.sh", script);
    fs::set_permissions(world.path("toy/note.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    world
}

fn noted(world: &World, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(world.path(&format!("toy/{name}"))).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const ALL: &str = "on_report = [\"./note.sh\", \"reports\"]\non_trial = [\"./note.sh\", \"trials\"]\non_best = [\"./note.sh\", \"bests\"]\n";

#[test]
fn commands_are_run_in_the_order_of_events_with_what_has_happened() {
    let world = world(ALL);
    world.trialbox("run toy --quiet --hooks").exits(0);
    let trials: Vec<u64> = noted(&world, "trials").iter().map(|call| call["trial"].as_u64().unwrap()).collect();
    assert_eq!(trials, [0, 1, 2, 3, 4, 5]);
    let reports = noted(&world, "reports");
    assert_eq!(reports.len(), 60);
    assert_eq!(
        (&reports[0]["hook"], &reports[0]["study"], &reports[0]["status"]),
        (&"on_report".into(), &"toy".into(), &"running".into())
    );
    assert_eq!(reports[0]["event"]["reported"]["report"][0]["name"], "epoch");
    assert!(reports[0]["config"]["lr"].is_number(), "{}", reports[0]);
    let bests: Vec<f64> = noted(&world, "bests").iter().map(|call| call["best"]["reward"].as_f64().unwrap()).collect();
    assert!(!bests.is_empty() && bests.is_sorted(), "{bests:?}");
    assert_eq!(noted(&world, "bests").last().unwrap()["store"], world.path("toy.study").to_str().unwrap());
}

#[test]
fn nothing_is_run_unless_the_command_line_allows_it() {
    let world = world(ALL);
    let ran = world.trialbox("run toy --quiet").exits(0);
    assert!(ran.stderr.contains("not run: on_report, on_trial, on_best\nhint: `--hooks` runs them"), "{}", ran.stderr);
    assert!(!world.path("toy/trials").exists());
}

#[test]
fn commands_that_fail_are_told_of_and_change_nothing() {
    let digest =
        |ran: &crate::world::Ran| ran.stdout.lines().find(|line| line.starts_with("digest")).unwrap().to_owned();
    let plain = world("").trialbox("run toy --quiet").exits(0);
    let world = world("on_trial = [\"sh\", \"-c\", \"echo no luck >&2; exit 3\"]\non_best = [\"./missing\"]\n");
    let ran = world.trialbox("run toy --quiet --hooks").exits(0);
    assert_eq!(digest(&ran), digest(&plain));
    assert!(ran.stderr.contains("commands of [hooks] failed, the first: `sh -c"), "{}", ran.stderr);
    assert!(ran.stderr.contains("exit status: 3: no luck"), "{}", ran.stderr);
}

#[test]
fn a_hook_without_a_program_is_a_mistake_in_the_study_file() {
    let ran = world("on_best = []\n").trialbox("run toy --quiet");
    assert!(ran.stderr.contains("`on_best` names no program"), "{}", ran.stderr);
}

#[test]
fn commands_run_beside_a_study_file_that_is_named_without_a_folder() {
    let world = World::new().toy("toy", SCHEDULER);
    let hooks = "[hooks]\non_trial = [\"sh\", \"-c\", \"cat >> trials\"]\n";
    let world = world.write("own.toml", format!("component = \"toy/component.wasm\"\n[scheduler]\n{SCHEDULER}{hooks}"));
    world.trialbox("run own.toml --quiet --hooks").exits(0).tells_nothing();
    assert_eq!(fs::read_to_string(world.path("trials")).unwrap().lines().count(), 6);
}
