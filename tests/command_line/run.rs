//! `trialbox run`: what it prints, which store it writes, what changes the log and what does not.

use crate::world::World;

#[test]
fn a_study_ends_with_its_summary_and_leaves_its_store() {
    let world = World::with_toy();
    let ran = world.trialbox("run toy --lines trials").exits(0);
    insta::assert_snapshot!(ran.output(), @r#"
    study    toy
    state    finished: `num_trials` trials were started
    digest   [digest]
    trials   20: 20 completed
    time     […]
    fuel     […]
    best     accuracy = 0.99996, trial 4, epoch 10
             lr = 0.00152
             wd = 0.00419
    "#);
    assert_eq!(ran.line("digest"), world.digest("toy.study"));
    assert_eq!(ran.stderr.lines().filter(|line| line.starts_with("trial ")).count(), 20);
    assert!(
        ran.stderr.contains("the study is in toy.study; `trialbox verify toy.study` runs it anew"),
        "{}",
        ran.stderr
    );
    // No lock, no write-ahead log.
    assert_eq!(world.names(), ["toy", "toy.study"]);
}

#[test]
fn a_second_run_makes_a_second_store_with_the_same_log() {
    let world = World::with_toy_run();
    world.trialbox("run toy/study.toml").exits(0).tells("the study is in toy-2.study");
    assert_eq!(world.names(), ["toy", "toy-2.study", "toy.study"]);
    assert_eq!(world.digest("toy-2.study"), world.digest("toy.study"));
}

#[test]
fn json_prints_one_object_for_each_event_and_nothing_else() {
    let world = World::with_toy();
    let ran = world.trialbox("run toy --json").exits(0).tells_nothing();
    let lines: Vec<serde_json::Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // The study's two, and for each of 20 trials its start, 10 reports and its end.
    assert_eq!(lines.len(), 2 + 20 * 12);
    assert!(lines.iter().enumerate().all(|(at, line)| line["sequence"] == at as u64));
    assert!(lines[0]["event"]["study_started"].is_object() && lines[241]["event"]["study_ended"].is_object());
    assert_eq!(lines[241]["digest"], world.digest("toy.study"));
}

#[test]
fn quiet_leaves_only_the_result() {
    let world = World::with_toy();
    let quiet = world.trialbox("run toy --quiet").exits(0).tells_nothing();
    assert_eq!(quiet.stdout, world.trialbox("run toy").stdout);
    assert_eq!(quiet.stdout, world.trialbox("show toy.study").exits(0).tells_nothing().stdout);
}

#[test]
fn workers_and_isolation_do_not_change_the_log() {
    let world = World::with_toy_run();
    for flags in ["-j 1", "--jobs 3", "--isolation thread", "--isolation thread -j 1", "--isolation process"] {
        let ran = world.trialbox(&format!("run toy --quiet {flags}")).exits(0);
        assert_eq!(ran.line("digest"), world.digest("toy.study"), "{flags}");
    }
}

#[test]
fn seed_and_number_of_trials_change_the_log() {
    let world = World::with_toy_run();
    let seeded = world.trialbox("run toy -q --seed 7").exits(0);
    assert_ne!(seeded.line("digest"), world.digest("toy.study"));
    assert_eq!(world.trialbox("run toy -q --seed 7 -j 1").line("digest"), seeded.line("digest"));
    assert_eq!(world.trialbox("run toy -q --num-trials 3").exits(0).line("trials"), "3: 3 completed");
}

#[test]
fn a_store_can_be_named_and_is_never_replaced() {
    let world = World::with_toy();
    world.trialbox_with(["run", "toy", "--store", "my own.study"]).exits(0).tells("verify 'my own.study'`");
    let before = std::fs::read(world.path("my own.study")).unwrap();
    let ran = world.trialbox_with(["run", "toy", "--store", "my own.study"]).exits(6).prints_nothing();
    insta::assert_snapshot!(ran.messages(), @r#"
    error: `my own.study` exists already
    hint: choose another file, or go on with this study with --resume
    "#);
    assert_eq!(std::fs::read(world.path("my own.study")).unwrap(), before);
}

#[test]
fn artifacts_of_the_best_trial_are_saved_beside_the_store() {
    let world = World::new().digits("digits", 2);
    world.trialbox("run digits").exits(0).tells("the best trial's artifact is in digits.best/model.bin");
    let saved = std::fs::read(world.path("digits.best/model.bin")).unwrap();
    world.trialbox("best digits.study --save elsewhere").exits(0).tells("saved elsewhere/model.bin");
    assert_eq!(std::fs::read(world.path("elsewhere/model.bin")).unwrap(), saved);
    // Kept or not is no part of the log.
    let digest = world.digest("digits.study");
    assert_eq!(world.trialbox("run digits --keep-artifacts none").exits(0).line("digest"), digest);
    assert!(!world.path("digits-2.best").exists());
    world.trialbox("best digits-2.study --save nothing").exits(0).tells("left no artifacts, or they were not kept");
}

#[test]
fn a_study_whose_trials_all_fail_says_why_once_and_how_to_help() {
    let world = World::new().toy("hungry", "num_trials = 20\n[limits]\nfuel_max = 200\n");
    let ran = world.trialbox("run hungry --quiet").exits(5);
    insta::assert_snapshot!(ran.output(), @r#"
    study    hungry
    state    finished: `num_trials` trials were started
    digest   [digest]
    trials   20: 20 failed
    time     […]
    fuel     […]
    best     none: every trial failed

    20 trials failed (0, 1, 2, …): out of fuel: went past the limit `fuel_max`
      hint: raise `fuel_max` under [limits]; it is 200 units of fuel now.
    "#);
    world
        .trialbox("best hungry.study")
        .exits(5)
        .prints_nothing()
        .tells("`trialbox show hungry.study` tells how they ended");
    world.trialbox("show hungry.study").exits(0);
    world.trialbox("verify hungry.study").exits(0);
}

#[test]
fn a_reward_that_nobody_reports_is_told_with_the_setting() {
    let world = World::new().toy("unrewarded", "num_trials = 4\nreward_attr = \"acuracy\"\n");
    let ran = world.trialbox("run unrewarded --quiet").exits(5);
    assert!(ran.stdout.contains("no report carried the study's reward_attr `acuracy`"), "{}", ran.stdout);
    assert!(ran.stdout.contains("hint: set `reward_attr` under [scheduler]"), "{}", ran.stdout);
}

#[test]
fn ten_thousand_trials_finish_with_processes_and_without() {
    let world = World::new().toy("many", "num_trials = 10000\n[searcher]\ntype = \"random\"\n");
    let with = world.trialbox("run many --quiet").exits(0);
    assert_eq!(with.line("trials"), "10000: 10000 completed");
    let without = world.trialbox("run many --quiet --isolation thread").exits(0);
    assert_eq!(without.line("digest"), with.line("digest"));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let world = World::new().toy("toy", "num_trials = 3000\n[searcher]\ntype = \"random\"\n");
    // The study goes on to its end, although nobody reads of it any more.
    let ran = world.shell("{ \"$TRIALBOX\" run toy --json; echo \"code $?\" >&2; } | head -n 1").exits(0);
    assert_eq!(ran.stderr, "code 0\n");
    assert_eq!(ran.stdout.lines().count(), 1);
    for command in ["trials toy.study", "show toy.study", "limits", "--help", "run --help"] {
        let ran = world.shell(&format!("{{ \"$TRIALBOX\" {command}; echo \"code $?\" >&2; }} | head -n 1")).exits(0);
        assert_eq!(ran.stderr, "code 0\n", "{command}");
    }
    let ended = world.trialbox("show toy.study").exits(0);
    assert_eq!(ended.line("trials"), "3000: 3000 completed");
}

#[test]
fn nothing_is_coloured_where_nobody_looks() {
    let world = World::with_toy().write("bad/study.toml", "component = 1\n");
    for (command, code) in
        [("run toy", 0), ("run bad", 3), ("run", 3), ("show", 2), ("--help", 0), ("trials toy.study", 0)]
    {
        for no_colour in ["", "1"] {
            let mut command_line = world.command(crate::world::TRIALBOX);
            command_line.env("NO_COLOR", no_colour).env("TERM", "xterm-256color").args(command.split_whitespace());
            let ran = world.ran(command_line.output().unwrap()).exits(code);
            assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'), "{command}");
        }
    }
}
