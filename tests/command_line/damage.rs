//! Stores that are damaged, no stores at all, or in places where none can be.

use crate::world::World;

#[test]
fn a_changed_event_is_damage_for_every_command() {
    let world = World::with_toy_run();
    let mut bytes = std::fs::read(world.path("toy.study")).unwrap();
    let places: Vec<usize> = (0..bytes.len() - 8).filter(|&at| &bytes[at..at + 8] == b"accuracy").collect();
    assert!(places.len() > 100);
    for place in &places[places.len() / 2..] {
        bytes[place + 7] = b'i';
    }
    let world = world.write("changed.study", bytes);
    for command in ["show", "trials", "best", "verify", "replay --trial 3", "train", "logs"] {
        let trial = if command == "logs" { " 3" } else { "" };
        let ran = world.trialbox(&format!("{command} changed.study{trial}")).exits(6).prints_nothing();
        let expected = "error: the study `[here]/changed.study` is damaged: event ";
        assert!(ran.messages().starts_with(expected), "{command}: {}", ran.stderr);
        assert!(ran.stderr.contains("was changed after it was written"), "{command}: {}", ran.stderr);
    }
    world.trialbox("run toy --resume --store changed.study").exits(6).tells("is damaged");
}

#[test]
fn a_changed_component_in_the_store_is_damage() {
    let world = World::with_toy_run();
    let mut bytes = std::fs::read(world.path("toy.study")).unwrap();
    let component = std::fs::read(world.path("toy/component.wasm")).unwrap();
    // A part that lies on one page of the store and occurs once.
    let part = (0..component.len() - 64)
        .step_by(512)
        .map(|at| &component[at..at + 64])
        .find(|part| bytes.windows(64).filter(|window| window == part).count() == 1)
        .unwrap();
    let place = bytes.windows(64).position(|window| window == part).unwrap();
    bytes[place] ^= 1;
    let world = world.write("changed.study", bytes);
    for command in ["verify changed.study", "replay changed.study --trial 0", "train changed.study"] {
        world.trialbox(command).exits(6).tells("the content of artifact").tells("was changed after it was written");
    }
}

#[test]
fn a_store_that_was_cut_off_is_damaged() {
    let world = World::with_toy_run();
    let bytes = std::fs::read(world.path("toy.study")).unwrap();
    let world = world.write("cut.study", &bytes[..bytes.len() / 2]);
    let ran = world.trialbox("show cut.study").exits(6).prints_nothing();
    assert!(ran.messages().starts_with("error: the study `[here]/cut.study` is damaged: "), "{}", ran.stderr);
    world.trialbox("run toy --resume --store cut.study").exits(6);
}

#[test]
fn other_files_are_no_stores() {
    let world = World::with_toy().write("text.study", "num_trials = 5\n").write("empty.study", "");
    let ran = world.trialbox("show text.study").exits(6).prints_nothing();
    insta::assert_snapshot!(ran.messages(), @r#"
    error: `[here]/text.study` is not a study: it is no SQLite database
    hint: check the path
    "#);
    for command in [
        "show empty.study",
        "verify toy/component.wasm",
        "trials toy/study.toml",
        "run toy --resume --store text.study",
    ] {
        world.trialbox(command).exits(6).tells("is not a study");
    }
    let ran = world.trialbox("show toy").exits(6).prints_nothing();
    insta::assert_snapshot!(ran.messages(), @r#"
    error: `toy` is a directory, not a study file
    hint: name the file in it
    "#);
    let ran = world.trialbox("show nothing.study").exits(6).prints_nothing();
    insta::assert_snapshot!(ran.messages(), @r#"
    error: there is no study at `nothing.study`
    hint: check the path; `trialbox run` makes a new study
    "#);
    assert_eq!(std::fs::read(world.path("text.study")).unwrap(), b"num_trials = 5\n");
}

#[test]
fn a_store_that_cannot_be_made_is_told_before_any_trial_runs() {
    let world = World::with_toy().write("file", "");
    let ran = world.trialbox("run toy --store file/toy.study").exits(6).prints_nothing();
    insta::assert_snapshot!(ran.messages(), @r#"
    error: could not open the lock of `[here]/file/toy.study`: Not a directory (os error 20)
    "#);
    let ran = world.trialbox("run toy --store nowhere/toy.study").exits(6).prints_nothing();
    insta::assert_snapshot!(ran.messages(), @r#"
    error: the folder of `nowhere/toy.study` does not exist
    hint: make the folder first
    "#);
    world.trialbox("run toy --store toy").exits(6);
    assert_eq!(world.names(), ["file", "toy"]);
}
