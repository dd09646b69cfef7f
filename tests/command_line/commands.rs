//! A plain program as a trial: it is looked at, trained, run, replayed and verified like any other.

use crate::world::{World, example};

/// The example, with another study file than its own.
fn world(rest: &str) -> World {
    let world = World::new().study("command", "command/command.wasm", rest);
    std::fs::copy(example("command/points.csv"), world.path("command/points.csv")).unwrap();
    world
}

const GIVEN: &str = "[data]\npoints = \"points.csv\"\n[guest]\narguments = [\"--data\", \"/data/points\"]\n";
const SPACE: &str = "[space]\nlearning_rate = { real = [1e-3, 0.5], log = true }\nmomentum = { real = [0, 0.9], default = 0.5 }\n\
    stochastic = { boolean = [false, true] }\nknee = 0.25\n";

fn whole() -> World {
    world(&format!("{GIVEN}[scheduler]\nnum_trials = 6\nreward_attr = \"fit\"\n{SPACE}"))
}

#[test]
fn a_command_is_told_from_a_component_that_describes_itself() {
    let ran = whole().trialbox("inspect command/component.wasm").exits(0);
    assert!(
        ran.stdout.contains("kind      a command: its space, reward_attr and time_attr come from the study file\n")
    );
    let json = whole().trialbox("inspect command/component.wasm --json").exits(0).stdout;
    assert!(json.contains("\"description\": null") && json.contains("wasi:filesystem/types@0.2"), "{json}");
}

#[test]
fn a_command_trains_with_the_configuration_that_it_is_given() {
    let world = whole();
    let ran = world.trialbox("train command --set momentum=0.9 --set stochastic=true --save saved").exits(0);
    assert!(ran.stderr.starts_with("training with knee = "), "{}", ran.stderr);
    assert!(ran.stderr.contains("log: 64 points, 27 epochs\n"), "{}", ran.stderr);
    assert_eq!(ran.stdout.lines().filter(|line| line.starts_with("report ")).count(), 27);
    let model = std::fs::read_to_string(world.path("saved/model.txt")).unwrap();
    assert!(model.starts_with("offset ") && model.ends_with(" at 0.25\n"), "{model}");
}

#[test]
fn a_study_of_a_command_runs_replays_and_verifies() {
    let world = whole();
    world.trialbox("run command --quiet").exits(0);
    world.trialbox("replay command.study --trial 3").exits(0);
    world.trialbox("verify command.study").exits(0);
    let trained = world.trialbox("train command.study").exits(0).stdout;
    assert!(trained.lines().last().unwrap().starts_with("completed, fuel "), "{trained}");
}

#[test]
fn a_command_that_exits_with_another_status_has_failed() {
    // It asks for a configuration as arguments.
    let file = GIVEN.replace("[guest]\n", "[guest]\nconfiguration = \"file\"\n");
    let world = world(&format!("{file}[scheduler]\nnum_trials = 1\nreward_attr = \"fit\"\n{SPACE}"));
    let ran = world.trialbox("train command");
    assert!(ran.stdout.starts_with("failed: the command exited with status 1"), "{}", ran.stdout);
    assert!(ran.stderr.contains("log: Error: \"--learning_rate is missing\"\n"), "{}", ran.stderr);
}

#[test]
fn a_command_without_a_space_is_told_where_to_write_it() {
    let ran = world("[scheduler]\nnum_trials = 1\n").trialbox("run command").exits(3).prints_nothing();
    assert!(ran.stderr.contains("the study has nothing to search"), "{}", ran.stderr);
    assert!(ran.stderr.contains("the component is a command"), "{}", ran.stderr);
}
