//! Searchers that are components: what is said of them, and how a study ends that one has failed.

use crate::world::{World, example};

const SCHEDULER: &str = "[scheduler]\nnum_trials = 20\n";

/// A study of the toy that the example searches for, with these lines under `[searcher]`.
fn world(settings: &str) -> World {
    with_searcher("evolution/evolution.wasm", settings)
}

fn with_searcher(searcher: &str, settings: &str) -> World {
    let searcher = std::fs::read(example(searcher)).unwrap();
    let section = format!("[searcher]\ntype = \"component\"\ncomponent = \"searcher.wasm\"\n{settings}");
    World::new().toy("toy", &format!("num_trials = 20\n{section}")).write("toy/searcher.wasm", searcher)
}

#[test]
fn a_study_is_run_verified_and_looked_at_from_its_store_alone() {
    let world = world("options = { population = 5 }\n");
    world.trialbox("run toy --quiet").exits(0);
    std::fs::remove_file(world.path("toy/searcher.wasm")).unwrap();
    assert!(world.trialbox("verify toy.study --quiet").exits(0).stdout.starts_with("verified: "));
    world.trialbox("why toy.study 3").exits(0);
}

#[test]
fn a_searcher_that_fails_is_told_and_has_an_exit_code() {
    let world = world("options = { speed = 1 }\n");
    let ran = world.trialbox("run toy --quiet").exits(9);
    let said = "searcher failed in its call `begin`: failed: there is no option `speed`";
    assert!(ran.stdout.contains("state    finished: the searcher failed, so no more trials were started\n"), "{ran:?}");
    assert!(ran.stdout.contains(said), "{ran:?}");
    world.trialbox("verify toy.study --quiet").exits(0);
    assert!(world.trialbox("show toy.study").stdout.contains(said));
}

#[test]
fn another_option_is_another_study() {
    let world = world("options = { population = 5 }\n");
    world.trialbox("run toy --quiet").exits(0);
    let section = "[searcher]\ntype = \"component\"\ncomponent = \"searcher.wasm\"\noptions = { population = 6 }\n";
    let world = world.toy("toy", &format!("num_trials = 20\n{section}"));
    let told = world.trialbox("run toy --resume").exits(7).messages();
    assert!(told.contains("its `searcher` differs"), "{told}");
}

#[test]
fn what_is_no_searcher_is_refused_with_a_hint() {
    let told = with_searcher("toy/toy.wasm", "").trialbox("run toy").exits(4).messages();
    assert!(told.contains("searcher.wasm`: the component does not export `trialbox:trial/search`"), "{told}");
    assert!(told.contains("hint: it is a trial, to be trained: name it as `component` at the top"), "{told}");
    let world = World::new().study("wrong", "evolution/evolution.wasm", SCHEDULER);
    let told = world.trialbox("run wrong").exits(4).messages();
    assert!(told.contains("hint: it is a searcher: name it as `component` under [searcher]"), "{told}");
    let world = World::new().toy("toy", "num_trials = 2\n[searcher]\ntype = \"component\"\ncomponent = \"no.wasm\"\n");
    let told = world.trialbox("run toy").exits(4).messages();
    assert!(told.contains("hint: check `component` under [searcher] in the study file"), "{told}");
}

#[test]
fn a_searcher_is_inspected_as_one() {
    let world = World::new();
    let path = example("evolution/evolution.wasm");
    let said = world.trialbox(&format!("inspect {}", path.display())).exits(0).stdout;
    assert!(said.contains("kind      a searcher, for [searcher] in a study file\n"), "{said}");
    let json = world.trialbox(&format!("inspect {} --json", path.display())).exits(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(json["searcher"]["imports"].is_array(), "{json}");
}

#[test]
fn a_searcher_searches_for_tables_too() {
    let study = "\
name = \"curves\"
[space]
x = { choice = [3, 2, 1] }
[searcher]
type = \"component\"
component = \"searcher.wasm\"
options = { population = 2 }
[scheduler]
num_trials = 9
reward_attr = \"score\"
[capacity]
cpus = 1
";
    let searcher = std::fs::read(example("evolution/evolution.wasm")).unwrap();
    let world = World::new().write("study.toml", study).write("searcher.wasm", searcher);
    let world = world.write("curves.csv", "x,e1,e2\n1,0.1,0.2\n2,0.5,0.6\n3,0.2,0.2\n");
    let said = world.trialbox("simulate study.toml --table curves.csv").exits(0).stdout;
    assert!(said.contains("trials   9: 9 completed\n"), "{said}");
}
