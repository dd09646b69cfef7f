//! `trialbox verify` and `trialbox replay`: equal, different, unfinished.

use trialbox::numeric::amount::Seed;
use trialbox::space::Value;
use trialbox::study::Event;

use crate::world::World;

/// The events of a study with one report of trial 3 changed: a consistent log of something that never happened.
fn falsified(world: &World) -> Vec<Event> {
    let mut events = world.events("toy.study");
    let report = events.iter_mut().find_map(|event| match event {
        Event::Reported { trial, report, .. } if trial.0 == 3 => Some(report),
        _ => None,
    });
    let accuracy = report.unwrap().attributes.iter_mut().find(|attribute| attribute.name == "accuracy").unwrap();
    accuracy.value = Value::Real(0.125);
    events
}

#[test]
fn a_study_verifies_with_any_workers_and_without_its_files() {
    let world = World::with_toy_run();
    std::fs::remove_dir_all(world.path("toy")).unwrap();
    for flags in ["", "-j 1", "--isolation thread", "--quiet"] {
        let ran = world.trialbox(&format!("verify toy.study {flags}")).exits(0).tells_nothing();
        assert_eq!(ran.stdout, format!("verified: 242 events are equal\ndigest {}\n", world.digest("toy.study")));
    }
    assert_eq!(world.names(), ["toy.study"]);
}

#[test]
fn the_data_is_verified_from_the_store_too() {
    let world = World::new().digits("digits", 2);
    world.trialbox("run digits").exits(0);
    std::fs::remove_dir_all(world.path("digits")).unwrap();
    world.trialbox("verify digits.study").exits(0).prints("events are equal");
    world.trialbox("replay digits.study --trial 1").exits(0);
}

#[test]
fn a_report_that_was_never_made_is_found_and_told() {
    let world = World::with_toy_run();
    world.rewrite("toy.study", "false.study", falsified(&world));
    // Nothing is damaged: only running it again tells.
    world.trialbox("show false.study").exits(0);
    let ran = world.trialbox("verify false.study").exits(7).prints_nothing();
    assert!(ran.stderr.starts_with("error: the runs differ at event "), "{}", ran.stderr);
    assert!(ran.stderr.contains("0.125"), "{}", ran.stderr);
}

#[test]
fn a_study_with_another_seed_than_it_ran_with_is_found() {
    let world = World::with_toy_run();
    let mut events = world.events("toy.study");
    if let Event::StudyStarted { spec } = &mut events[0] {
        spec.seed = Seed(7);
    }
    world.rewrite("toy.study", "false.study", events);
    world.trialbox("verify false.study").exits(7).tells("the runs differ at event 1:");
}

#[test]
fn a_study_that_goes_on_after_its_end_is_found() {
    let world = World::with_toy_run();
    let mut events = world.events("toy.study");
    let last = events.pop().unwrap();
    let reported = events.iter().rev().find(|event| matches!(event, Event::Reported { .. })).unwrap().clone();
    events.extend([reported, last]);
    world.rewrite("toy.study", "false.study", events);
    let ran = world.trialbox("verify false.study");
    assert!([6, 7].contains(&ran.code.unwrap()), "{ran:?}");
}

#[test]
fn an_unfinished_study_verifies_as_far_as_it_goes() {
    let world = World::with_toy();
    world.trialbox("run toy --wall-time-max 0").exits(130);
    let ran = world.trialbox("verify toy.study").exits(0);
    let events = world.events("toy.study").len();
    let expected =
        format!("verified: {events} events are equal (the study was interrupted; so far it is as it must be)\n");
    assert!(ran.stdout.starts_with(&expected), "{}", ran.stdout);
}

#[test]
fn a_trial_is_replayed_with_each_report_compared() {
    let world = World::with_toy_run();
    let ran = world.trialbox("replay toy.study --trial 3").exits(0).tells_nothing();
    assert_eq!(ran.stdout.lines().filter(|line| line.ends_with("(as recorded)")).count(), 10);
    assert!(ran.stdout.ends_with("as recorded: 10 reports and the end\n"), "{}", ran.stdout);
    let thread = world.trialbox("replay toy.study --trial 3 --isolation thread").exits(0);
    assert_eq!(thread.stdout, ran.stdout);
}

#[test]
fn a_replay_that_differs_says_where() {
    let world = World::with_toy_run();
    world.rewrite("toy.study", "false.study", falsified(&world));
    let ran = world
        .trialbox("replay false.study --trial 3")
        .exits(7)
        .tells("error: the trial differs from the log at report 1\n");
    assert!(ran.stdout.lines().next().unwrap().ends_with("(differs from the log)"), "{}", ran.stdout);
    world.trialbox("replay false.study --trial 4").exits(0);
}

#[test]
fn a_trial_that_is_not_there_is_told_with_those_that_are() {
    let world = World::with_toy_run();
    for command in ["replay toy.study --trial 20", "logs toy.study 20", "train toy.study --trial 20"] {
        let ran = world.trialbox(command).exits(2).prints_nothing();
        assert_eq!(ran.stderr, "error: the study has no trial 20; its trials are 0 to 19\n");
    }
    world.trialbox("replay toy.study --trial -1").exits(2);
    world.trialbox("logs toy.study 99999999999999999999999").exits(2);
}
