//! Studies that are cut off, by a time, a signal or a full disk, and resumed.

use std::path::Path;
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};
use trialbox::store::{Reader, Store};
use trialbox::study::Event;

use crate::world::{TRIALBOX, World};

#[test]
fn a_study_cut_by_time_is_resumed_to_the_log_of_an_uninterrupted_one() {
    let world = World::with_toy_run();
    let cut = world.trialbox("run toy --lines trials --wall-time-max 0s --store cut.study").exits(130);
    insta::assert_snapshot!(cut.messages(), @r#"
    wall_time_max had passed; the study so far is in cut.study
    hint: `trialbox run toy --resume --store cut.study` goes on with it
    "#);
    assert_eq!(cut.line("state"), "not finished");
    assert_ne!(cut.line("digest"), world.digest("toy.study"));
    let resumed = world.trialbox("run toy --resume --store cut.study").exits(0);
    assert_eq!(resumed.line("digest"), world.digest("toy.study"));
}

#[test]
fn the_command_that_is_hinted_at_goes_on_with_the_study_as_it_was_begun() {
    let world = World::new().toy("my toy's", "num_trials = 20\n");
    let begin = ["run", "my toy's", "--seed", "7", "--num-trials", "30"];
    let whole = world.trialbox_with(begin.into_iter().chain(["--store", "whole.study"])).exits(0);
    let cut =
        world.trialbox_with(begin.into_iter().chain(["--store", "a cut.study", "--wall-time-max", "0"])).exits(130);
    let hint = cut.stderr.split('`').nth(1).unwrap();
    let resumed = world.shell(&hint.replacen("trialbox", "\"$TRIALBOX\"", 1)).exits(0);
    assert_eq!(resumed.line("digest"), whole.line("digest"));
}

#[test]
fn a_study_can_be_cut_off_over_and_over() {
    let world = World::with_toy_run();
    for _ in 0..3 {
        world.trialbox("run toy --resume --store cut.study --wall-time-max 0").exits(130);
    }
    let resumed = world.trialbox("run toy --resume --store cut.study").exits(0);
    assert_eq!(resumed.line("digest"), world.digest("toy.study"));
}

#[test]
fn wall_time_max_in_the_study_file_cuts_too_and_the_command_line_goes_before_it() {
    let world =
        World::with_toy_run().study("toy", "toy/toy.wasm", "wall_time_max = \"1ms\"\n[scheduler]\nnum_trials = 20\n");
    let ran = world.trialbox("run toy --wall-time-max 1h").exits(0);
    assert_eq!(ran.line("digest"), world.digest("toy.study"));
}

#[test]
fn resuming_a_finished_study_changes_nothing() {
    let world = World::with_toy_run();
    let digest = world.digest("toy.study");
    let ran = world.trialbox("run toy --resume").exits(0).tells("the study is in toy.study");
    assert_eq!(ran.line("digest"), digest);
    assert_eq!((world.digest("toy.study"), world.names()), (digest, vec!["toy".to_owned(), "toy.study".to_owned()]));
}

#[test]
fn resume_takes_the_newest_store_and_begins_one_if_there_is_none() {
    let world = World::with_toy();
    world.trialbox("run toy --resume").exits(0).tells("the study is in toy.study");
    world.trialbox("run toy --wall-time-max 0").exits(130).tells("--resume --store toy-2.study");
    world.trialbox("run toy --resume").exits(0).tells("the study is in toy-2.study");
    assert_eq!(world.digest("toy-2.study"), world.digest("toy.study"));
}

#[test]
fn an_interrupted_study_tells_how_to_go_on_and_reaches_the_same_log() {
    let world = World::new().digits("digits", 60);
    let mut child = world.command(TRIALBOX).args(["run", "digits"]).spawn().unwrap();
    wait_for_a_trial(&mut child, &world.path("digits.study"));
    signal(&child, Signal::INT);
    let ran = world.ran(child.wait_with_output().unwrap()).exits(130);
    let hint =
        "interrupted; the study so far is in digits.study\nhint: `trialbox run digits --resume --store digits.study`";
    let ran = ran.tells("stopping; once more to stop at once").tells(hint);
    assert_eq!(ran.line("state"), "not finished");
    world.trialbox("verify digits.study").exits(0).prints("so far it is as it must be");
    let resumed = world.trialbox("run digits --resume --quiet").exits(0);
    let whole = world.trialbox("run digits --quiet --store whole.study").exits(0);
    assert_eq!(resumed.line("digest"), whole.line("digest"));
}

#[test]
fn a_killed_study_is_resumed_to_the_same_log() {
    let world = World::new().digits("digits", 30);
    let mut child = world.command(TRIALBOX).args(["run", "digits"]).spawn().unwrap();
    wait_for_a_trial(&mut child, &world.path("digits.study"));
    signal(&child, Signal::KILL);
    child.wait().unwrap();
    let resumed = world.trialbox("run digits --resume --quiet").exits(0);
    let whole = world.trialbox("run digits --quiet --store whole.study").exits(0);
    assert_eq!(resumed.line("digest"), whole.line("digest"));
}

#[test]
fn a_store_that_is_being_written_is_refused_and_can_be_read() {
    let world = World::with_toy();
    world.trialbox("run toy --wall-time-max 0").exits(130);
    let before = world.digest("toy.study");
    let writer = Store::open(&world.path("toy.study")).unwrap();
    let ran = world.trialbox("run toy --resume").exits(6).prints_nothing();
    let messages = ran.messages().replace(&format!("process {}", std::process::id()), "process […]");
    insta::assert_snapshot!(messages, @r#"
    error: the study `[here]/toy.study` is being run by another trialbox (process […])
    hint: wait until it has ended, or end it; a study can be read while it runs
    "#);
    assert_eq!(world.trialbox("show toy.study").exits(0).line("digest"), before);
    writer.close().unwrap();
    world.trialbox("run toy --resume").exits(0);
}

#[test]
fn a_full_disk_is_told_and_the_study_can_be_resumed_when_there_is_space() {
    let world = World::new().toy("toy", "num_trials = 1000\n");
    let whole = world.trialbox("run toy --quiet --store whole.study").exits(0);
    // Files may grow to at most half a megabyte, or a whole one where the shell counts in larger blocks; the study takes more.
    let limited = "trap '' XFSZ; ulimit -f 1000; exec \"$TRIALBOX\" run toy";
    let ran = world
        .shell(limited)
        .exits(6)
        .tells("there is no space left to write")
        .tells("hint: free space, then run again with --resume");
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    let begun = world.events("toy.study").len();
    assert!(begun > 0 && begun < world.events("whole.study").len());
    assert!(matches!(world.events("toy.study")[0], Event::StudyStarted { .. }));
    let resumed = world.trialbox("run toy --resume --quiet").exits(0);
    assert_eq!(resumed.line("digest"), whole.line("digest"));
}

/// Waits until the log of a running study holds the start of a trial.
fn wait_for_a_trial(child: &mut Child, store: &Path) {
    loop {
        assert_eq!(child.try_wait().unwrap(), None, "the study ended before it was interrupted");
        let state = Reader::open(store).and_then(|reader| reader.state());
        if state.is_ok_and(|state| !state.trials().is_empty()) {
            return;
        }
        std::thread::yield_now();
    }
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}
