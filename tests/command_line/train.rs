//! `trialbox train` and `trialbox inspect`: one trial outside a study, and a look at a component.

use crate::world::World;

#[test]
fn a_study_file_trains_once_with_its_defaults() {
    let world = World::with_toy();
    let ran = world.trialbox("train toy").exits(0);
    assert_eq!(ran.stderr, "training with epochs = 10, lr = 0.0031622777, wd = 0.0055\n");
    let reports: Vec<&str> = ran.stdout.lines().filter(|line| line.starts_with("report ")).collect();
    assert!(reports.len() == 10 && reports[9].starts_with("report 10  epoch = 10, accuracy = 0.99"), "{}", ran.stdout);
    assert!(ran.stdout.lines().last().unwrap().starts_with("completed, fuel "), "{}", ran.stdout);
    assert_eq!(world.names(), ["toy"]);
    assert_eq!(world.trialbox("train toy/study.toml --isolation thread").exits(0).stdout, ran.stdout);
    assert_ne!(world.trialbox("train toy --seed 8").exits(0).stdout, ran.stdout);
}

#[test]
fn a_store_trains_its_best_trial_or_the_one_that_is_named_as_recorded() {
    let world = World::with_toy_run();
    let reports = |output: &str| -> Vec<String> {
        let after = |line: &str| line[line.find("epoch = ")?..].split("  (").next().map(str::to_owned);
        output.lines().filter_map(after).collect()
    };
    let best = world.trialbox("show toy.study").line("best").split("trial ").nth(1).unwrap().to_owned();
    let best = best.split(',').next().unwrap();
    for (flags, trial) in [(String::new(), best), ("--trial 3".to_owned(), "3")] {
        let trained = world.trialbox(&format!("train toy.study {flags}")).exits(0);
        let recorded = world.trialbox(&format!("replay toy.study --trial {trial}")).exits(0);
        let trained = reports(&trained.stdout);
        assert!(trained.len() == 10 && trained == reports(&recorded.stdout), "{flags}");
    }
}

#[test]
fn single_parameters_are_set_by_name() {
    let world = World::with_toy_run();
    let ran = world.trialbox("train toy --set lr=0.002 --set wd=0.003").exits(0);
    assert_eq!(ran.stderr, "training with epochs = 10, lr = 0.002, wd = 0.003\n");
    world.trialbox("train toy.study --trial 3 --set lr=0.002").exits(0).tells(" lr = 0.002,");
    let world = world.digits("digits", 1);
    let ran = world.trialbox("train digits --set activation=tanh --set hidden_units=9 --save saved").exits(0);
    let ran = ran.tells("activation = tanh").tells("hidden_units = 9").tells("saved saved/model.bin");
    assert!(ran.stderr.contains("log: trained on "), "{}", ran.stderr);
    assert!(world.path("saved/model.bin").metadata().unwrap().len() > 100);
}

#[test]
fn a_value_that_does_not_fit_is_refused_with_those_that_do() {
    let world = World::with_toy().digits("digits", 1);
    let told = |command: &str| world.trialbox(command).exits(2).prints_nothing().stderr;
    insta::assert_snapshot!(told("train toy --set lr=3"), @r#"
    error: --set lr: `3` is not among its values: real 0.001 to 0.01, log
    "#);
    insta::assert_snapshot!(told("train toy --set lrr=0.002"), @r#"
    error: --set lrr: there is no such parameter; there are lr, wd, epochs
    "#);
    insta::assert_snapshot!(told("train toy --set epochs=11"), @r#"
    error: --set epochs: `11` is not among its values: always 10
    hint: a study can replace a constant: `epochs` under [space] in its file
    "#);
    insta::assert_snapshot!(told("train digits --set activation=sigmoid"), @r#"
    error: --set activation: `sigmoid` is not among its values: one of relu, tanh
    "#);
    insta::assert_snapshot!(told("train digits --set hidden_units=9.5"), @r#"
    error: --set hidden_units: `9.5` is not among its values: integer 8 to 128, log
    "#);
    assert!(told("train toy --set lr").contains("write NAME=VALUE"));
    assert!(told("train toy --trial 3").contains("--trial takes a trial of a recorded study"));
    for value in ["NaN", "inf", ""] {
        assert!(told(&format!("train toy --set lr={value}")).contains("is not among its values"), "{value}");
    }
}

#[test]
fn a_trial_that_fails_says_why() {
    let world = World::new().toy("hungry", "num_trials = 1\n[limits]\nfuel_max = 200\n");
    world.trialbox("train hungry").exits(8).prints("out of fuel");
}

#[test]
fn a_component_is_inspected_for_people_and_for_programs() {
    let world = World::with_toy();
    let ran = world.trialbox("inspect toy/component.wasm").exits(0).tells_nothing();
    let shown = ran.output();
    let (sizes, rest): (Vec<&str>, Vec<&str>) = shown.lines().partition(|line| line.starts_with("size "));
    assert!(sizes.len() == 1 && sizes[0].contains(" bytes, "), "{shown}");
    insta::assert_snapshot!(rest.join("\n"), @r#"
    digest    [digest]
    reward    accuracy
    resource  epoch
    max_t     10
    imports
      trialbox:trial/types@0.1.0
      trialbox:trial/report@0.1.0
      trialbox:trial/log@0.1.0
    space
      lr: real 0.001 to 0.01, log; default 0.0031622777
      wd: real 0.001 to 0.01; default 0.0055
      epochs: always 10
    "#);
    let json = world.trialbox("inspect toy/component.wasm --json").exits(0).tells_nothing().stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["id"]["digest"], ran.line("digest"));
    assert_eq!(json["description"]["reward_attr"], "accuracy");
    let thread = world.trialbox("inspect toy/component.wasm --isolation thread").exits(0);
    assert_eq!(thread.line("digest"), ran.line("digest"));
}

#[test]
fn a_file_that_is_no_component_is_told_by_its_path() {
    let world = World::with_toy();
    world.trialbox("inspect toy/study.toml").exits(4).prints_nothing().tells("error: `toy/study.toml`: ");
    let ran = world.trialbox("inspect nothing.wasm").exits(4).prints_nothing();
    insta::assert_snapshot!(ran.messages(), @r#"
    error: the component `nothing.wasm` cannot be read: No such file or directory (os error 2)
    hint: check the path
    "#);
}
