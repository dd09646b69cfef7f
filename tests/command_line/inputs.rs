//! Study files, components and data that are wrong: what is told, where it is, and that nothing is written.

use crate::world::World;

/// What a run of the study tells, and that it leaves nothing behind.
#[track_caller]
fn refused(world: &World, code: i32) -> String {
    let before = world.names();
    let ran = world.trialbox("run bad").exits(code).prints_nothing();
    assert_eq!(world.names(), before);
    ran.messages()
}

fn component(bytes: impl AsRef<[u8]>) -> World {
    World::new().toy("bad", "num_trials = 1\n").write("bad/component.wasm", bytes)
}

#[test]
fn every_mistake_in_a_study_file_is_shown_with_its_place() {
    let file = "component = \"component.wasm\"\nnum_trails = 5\nsede = 1\n[scheduler]\nnum_trials = \"many\"\n[space]\nlr = { real = [1, 0] }\n";
    let world = World::new().toy("bad", "num_trials = 1\n").write("bad/study.toml", file);
    insta::assert_snapshot!(refused(&world, 3), @r#"
    error: unknown key `num_trails` at the top of the file
     --> bad/study.toml:2:1
      |
    2 | num_trails = 5
      | ^^^^^^^^^^
    hint: did you mean `num_trials`? It belongs in [scheduler].

    error: unknown key `sede` at the top of the file
     --> bad/study.toml:3:1
      |
    3 | sede = 1
      | ^^^^
    hint: did you mean `seed`? Keys here: `name`, `component`, `seed`, `trial_seeds`, `replicates`, `replicate_reward`, `clock`, `wall_time_max`, `data`, `scheduler`, `searcher`, `resource`, `capacity`, `limits`, `gpu`, `sandbox`, `guest`, `hooks`, `space`.

    error: `scheduler.num_trials` must be an integer, not a text
     --> bad/study.toml:5:14
      |
    5 | num_trials = "many"
      |              ^^^^^^ a text

    error: `lr.real` is an empty interval: its first end must be less than its second
     --> bad/study.toml:7:15
      |
    7 | lr = { real = [1, 0] }
      |               ^^^^^^
    hint: exchange the ends.
    "#);
}

#[test]
fn a_study_file_that_does_not_fit_its_component_is_refused() {
    let world = World::new().toy("bad", "num_trials = 1\n[space]\nlearning_rate = 0.1\nepoch = 3\n");
    insta::assert_snapshot!(refused(&world, 3), @r#"
    error: the component has no parameter `learning_rate`
     --> bad/study.toml:5:1
      |
    5 | learning_rate = 0.1
      | ^^^^^^^^^^^^^
    hint: its parameters: `lr`, `wd`, `epochs`.

    error: the component has no parameter `epoch`
     --> bad/study.toml:6:1
      |
    6 | epoch = 3
      | ^^^^^
    hint: did you mean `epochs`? Its parameters: `lr`, `wd`, `epochs`.
    "#);
}

#[test]
fn a_study_without_an_end_is_refused() {
    let world = World::new().toy("bad", "");
    insta::assert_snapshot!(refused(&world, 3), @r#"
    error: the study has neither `num_trials` nor `time_out`, so it would never end
     --> bad/study.toml:2:2
      |
    2 | [scheduler]
      |  ^^^^^^^^^
    hint: give it an end under [scheduler], such as `num_trials = 60` or `time_out = "10m"`.
    "#);
}

#[test]
fn a_missing_study_file_is_told_with_what_is_wanted() {
    let world = World::new().write("empty/file", "");
    let ran = world.trialbox("run nowhere.toml").exits(3).prints_nothing();
    insta::assert_snapshot!(ran.messages(), @r#"
    error: the study file `nowhere.toml` cannot be read: No such file or directory (os error 2)
    hint: name a study file, or a folder with a study.toml; `trialbox run --help` shows a small one
    "#);
    world.trialbox("run empty").exits(3).tells("the study file `empty/study.toml` cannot be read");
    world.trialbox("train nowhere.toml").exits(3).tells("the study file `nowhere.toml` cannot be read");
}

#[test]
fn a_store_or_a_component_in_place_of_a_study_file_is_recognised() {
    let world = World::with_toy_run();
    let ran = world.trialbox("run toy.study").exits(3).prints_nothing();
    insta::assert_snapshot!(ran.messages(), @r#"
    error: `toy.study` is the store of a study, not a study file
    hint: `trialbox show toy.study` shows that study; to go on with it, name its study file and `--resume --store toy.study`
    "#);
    let ran = world.trialbox("run toy/component.wasm").exits(3).prints_nothing();
    insta::assert_snapshot!(ran.messages(), @r#"
    error: `toy/component.wasm` is a WebAssembly file, not a study file
    hint: `trialbox inspect toy/component.wasm` shows what it searches; to run it, name it in a study file (see `trialbox run --help`)
    "#);
    let world = world.write("latin.toml", b"name = \"caf\xe9\"");
    world.trialbox("run latin.toml").exits(3).tells("`latin.toml` is no text in UTF-8, not a study file");
}

#[test]
fn a_missing_component_is_told_with_its_path() {
    let world = component("");
    std::fs::remove_file(world.path("bad/component.wasm")).unwrap();
    insta::assert_snapshot!(refused(&world, 4), @r#"
    error: the component `bad/component.wasm` cannot be read: No such file or directory (os error 2)
    hint: check `component` in the study file; its path is relative to it
    "#);
    std::fs::create_dir(world.path("bad/component.wasm")).unwrap();
    insta::assert_snapshot!(refused(&world, 4), @r#"
    error: the component `bad/component.wasm` cannot be read: Is a directory (os error 21)
    hint: check `component` in the study file; its path is relative to it
    "#);
    let ran = world.trialbox("inspect bad").exits(4).prints_nothing();
    insta::assert_snapshot!(ran.messages(), @r#"
    error: the component `bad` cannot be read: Is a directory (os error 21)
    hint: name the component's file in it, such as FOLDER/NAME.wasm
    "#);
}

#[test]
fn a_core_module_that_is_no_program_is_told_how_to_become_a_component() {
    let world = component(wat::parse_str("(module (func (export \"train\")))").unwrap());
    insta::assert_snapshot!(refused(&world, 4), @r#"
    error: `bad/component.wasm`: it is a core WebAssembly module, but no command of WASI 0.1: it does not export `_start`
    hint: a module as it is can be a trial only if it is a program, built for wasm32-wasip1; make a component of any other, with the guest SDK or by `wasm-tools component new`
    "#);
}

#[test]
fn a_component_of_another_world_is_told_what_it_exports() {
    let text = r#"(component
        (core module $module (func (export "answer") (result i32) i32.const 42))
        (core instance $instance (instantiate $module))
        (func (export "answer") (result u32) (canon lift (core func $instance "answer"))))"#;
    let world = component(wat::parse_str(text).unwrap());
    insta::assert_snapshot!(refused(&world, 4), @r#"
    error: `bad/component.wasm`: the component exports neither `trialbox:trial/train` nor, as a command does, `wasi:cli/run`
    hint: it exports answer; build it for the world `trialbox:trial/trial` of wit/trial.wit, or as a program for wasm32-wasip2
    "#);
}

#[test]
fn a_component_that_imports_what_nobody_offers_is_told_which() {
    let text = r#"(component (import "other:place/teapot@1.0.0" (instance (export "brew" (func)))))"#;
    let world = component(wat::parse_str(text).unwrap());
    let told = refused(&world, 4);
    assert!(told.starts_with("error: `bad/component.wasm`: the component "), "{told}");
}

#[test]
fn the_command_line_can_give_a_study_its_end() {
    let world = World::new().toy("toy", "");
    assert_eq!(world.trialbox("run toy --quiet --num-trials 2").exits(0).line("trials"), "2: 2 completed");
}

#[test]
fn a_component_that_was_cut_off_is_not_valid() {
    let whole = std::fs::read(crate::world::example("toy/toy.wasm")).unwrap();
    for length in [0, 1, 8, 100, whole.len() / 2, whole.len() - 1] {
        let told = refused(&component(&whole[..length]), 4);
        assert!(told.starts_with("error: `bad/component.wasm`: "), "{length}: {told}");
    }
}

/// The toy's component, with every occurrence of a text replaced by one of the same length.
fn toy_with(text: &str, other: &str) -> Vec<u8> {
    assert_eq!(text.len(), other.len());
    let mut bytes = std::fs::read(crate::world::example("toy/toy.wasm")).unwrap();
    for start in 0..bytes.len() - text.len() {
        if bytes[start..].starts_with(text.as_bytes()) {
            bytes[start..start + text.len()].copy_from_slice(other.as_bytes());
        }
    }
    bytes
}

#[test]
fn a_component_for_another_version_of_the_interface_is_told_what_to_do() {
    let told = refused(&component(toy_with("trialbox:trial/report@0.1.0", "trialbox:trial/report@0.2.0")), 4);
    insta::assert_snapshot!(told, @"
    error: `bad/component.wasm`: the component imports `trialbox:trial/report@0.2.0`, which trialbox does not offer
    hint: this release has version 0.1.0 of the interface: build the component with the SDK of this release, or run it with the release that it was built for
    ");
}

#[test]
fn a_component_without_describe_is_told_what_it_lacks() {
    let told = refused(&component(toy_with("describe", "describf")), 4);
    insta::assert_snapshot!(told, @"
    error: `bad/component.wasm`: the component does not fit its world of `trialbox:trial@0.1.0`: `describe` is not exported as a function
    hint: it was built with another form of the interface; build it with the SDK of this release, which has version 0.1.0
    ");
}

#[test]
fn a_text_is_no_component() {
    let told = refused(&component("fn main() {}\n"), 4);
    insta::assert_snapshot!(told, @r#"
    error: `bad/component.wasm`: it is some other kind of file, not a WebAssembly component
    "#);
}

#[test]
fn a_missing_data_file_is_told_with_its_name_and_path() {
    let world = World::new().digits("bad", 1);
    std::fs::remove_file(world.path("bad/digits.csv")).unwrap();
    insta::assert_snapshot!(refused(&world, 4), @r#"
    error: the data set `digits`: `bad/digits.csv` cannot be read: No such file or directory (os error 2)
    hint: check [data] in the study file; its paths are relative to it
    "#);
    // A folder is no data set.
    std::fs::create_dir(world.path("bad/digits.csv")).unwrap();
    refused(&world, 4);
}

#[test]
fn a_component_that_misses_its_data_says_so_in_every_trial() {
    let world = World::new().digits("digits", 3);
    let file = std::fs::read_to_string(world.path("digits/study.toml")).unwrap().replace("digits = ", "numbers = ");
    let world = world.write("digits/study.toml", file);
    let ran = world.trialbox("run digits --quiet").exits(5);
    assert!(ran.stdout.contains("3 trials failed (0, 1, 2): "), "{}", ran.stdout);
    assert!(ran.stdout.contains("digits"), "{}", ran.stdout);
}
