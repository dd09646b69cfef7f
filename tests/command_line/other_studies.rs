//! Resuming a store with another study than it holds: which part differs is told, and nothing is changed.

use trialbox::numeric::digest::Digest;
use trialbox::study::Event;

use crate::world::World;

/// What resuming tells that must be refused, after a look at whether the store is untouched.
#[track_caller]
fn refused(world: &World, command: &str) -> String {
    let (before, names) = (std::fs::read(world.path("toy.study")).unwrap(), world.names());
    let ran = world.trialbox(command).exits(7).prints_nothing();
    assert!(std::fs::read(world.path("toy.study")).unwrap() == before, "the store was changed");
    assert_eq!(world.names(), names);
    ran.messages()
}

#[test]
fn the_setting_that_differs_is_named_with_both_values() {
    let world = World::with_toy_run();
    insta::assert_snapshot!(refused(&world, "run toy --resume --seed 7"), @r#"
    error: the study in `toy.study` is another one: its `seed` differs
      that study has 31415927
      this one has 7
    hint: put the setting back, here or on the command line, to go on with that study; or begin a new one without --resume
    "#);
    let told = refused(&world, "run toy --resume --num-trials 21");
    assert!(told.contains("its `num_trials` differs\n  that study has 20\n  this one has 21\n"), "{told}");
}

#[test]
fn an_edited_study_file_is_told_by_what_was_edited() {
    let world = World::with_toy_run();
    let cases = [
        ("num_trials = 20\n[limits]\nfuel_max = 5000000\n", "`limits`", "fuel_max = 5000000"),
        ("num_trials = 20\n[searcher]\ntype = \"grid\"\n", "`searcher`", "grid"),
        ("num_trials = 20\n[space]\nlr = { real = [0.1, 0.5] }\n", "`space`", "lr.default = 0.3"),
        ("num_trials = 20\nreward_attr = \"lr\"\n", "`metrics`", "reward_attr = \"lr\""),
        ("num_trials = 20\ntime_out = \"1h\"\n", "`time_out`", "3600"),
    ];
    let mut world = world;
    for (settings, part, ours) in cases {
        world = world.toy("toy", settings);
        let told = refused(&world, "run toy --resume");
        assert!(told.contains(&format!("its {part} differs")), "{told}");
        let this = told.lines().find(|line| line.starts_with("  this one has ")).unwrap();
        assert!(this.contains(ours), "{told}");
    }
}

#[test]
fn the_store_of_another_component_is_refused() {
    let world = World::with_toy_run().study(
        "other",
        "toy-wasi/toy-wasi.wasm",
        "name = \"toy\"\n[scheduler]\nnum_trials = 20\n",
    );
    let told = refused(&world, "run other --resume --store toy.study");
    let first = "error: the study in `toy.study` is another one: the component has changed since it was begun\n";
    assert!(told.starts_with(first), "{told}");
    assert!(told.contains("\n  that study has bytes = ") && told.contains("\n  this one has bytes = "), "{told}");
}

#[test]
fn data_that_was_changed_since_the_study_began_is_told() {
    let world = World::new().digits("digits", 2);
    world.trialbox("run digits --wall-time-max 0").exits(130);
    let data = std::fs::read_to_string(world.path("digits/digits.csv")).unwrap();
    let before = world.digest("digits.study");
    let world = world.write("digits/digits.csv", data.replacen('1', "2", 1));
    let ran = world.trialbox("run digits --resume").exits(7).prints_nothing();
    insta::assert_snapshot!(ran.messages(), @r#"
    error: the study in `digits.study` is another one: the data has changed since it was begun
      that study has digits.digest = "[digest]"
      this one has digits.digest = "[digest]"
    hint: put the file back to go on with that study; or begin a new one without --resume
    "#);
    assert_eq!(world.digest("digits.study"), before);
    // Put back, it goes on.
    let world = world.write("digits/digits.csv", data);
    world.trialbox("run digits --resume").exits(0);
}

#[test]
fn a_study_of_a_build_with_another_fuel_schedule_says_why_it_cannot_go_on() {
    let world = World::with_toy_run();
    let mut events = world.events("toy.study");
    events.truncate(100);
    let ours = match &mut events[0] {
        Event::StudyStarted { spec } => std::mem::replace(&mut spec.fuel_schedule, Digest::of(b"another")),
        other => panic!("{other:?}"),
    };
    world.rewrite("toy.study", "old.study", events);
    let before = world.digest("old.study");
    let ran = world.trialbox("run toy --resume --store old.study").exits(7).prints_nothing();
    assert!(ran.stderr.contains(&format!("  this build has {ours}\n")), "{}", ran.stderr);
    insta::assert_snapshot!(ran.messages(), @r#"
    error: the study in `old.study` was begun under another fuel schedule: operator costs, prices or engine settings have changed, so its trials would take other amounts of fuel in this build
      the study has [digest]
      this build has [digest]
    hint: go on with the release of trialbox that began it, or begin a new study
    "#);
    let ran = world.trialbox("verify old.study").exits(7).prints_nothing();
    let ran = ran.tells("the study was begun under the fuel schedule ");
    assert!(ran.stderr.contains(&ours.short()), "{}", ran.stderr);
    assert_eq!(world.digest("old.study"), before);
    // What was recorded can still be read.
    world.trialbox("show old.study").exits(0);
    world.trialbox("trials old.study").exits(0);
}
