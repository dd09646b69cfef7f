//! `trialbox new` and `build`, and what `run` builds: with a tool that is a script, since what is shown is when it is called and what
//! becomes of what it says. `tests/languages.rs` has the real tools.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::world::{Ran, TRIALBOX, World, example};

/// A world with the Python project `line` and a tool in place of componentize-py, which notes each call down in `calls`.
fn with_project(tool: &str) -> World {
    let world = World::new().write("tool", format!("#!/bin/sh\n{tool}\n"));
    fs::set_permissions(world.path("tool"), fs::Permissions::from_mode(0o755)).unwrap();
    world.trialbox("new --lang python line").exits(0).tells("trialbox run .");
    fs::copy(example("toy/toy.wasm"), world.path("toy.wasm")).unwrap();
    world
}

/// A tool that makes the toy component, whatever the source: its last argument is the file.
const TOY: &str = "echo called >> $HOME/calls; for file; do :; done; cp \"$HOME/../here/toy.wasm\" \"$file\"";

fn run(world: &World, arguments: &str) -> Ran {
    let mut command = world.command(TRIALBOX);
    command.env("TRIALBOX_COMPONENTIZE_PY", world.path("tool")).args(arguments.split_whitespace());
    world.ran(command.output().unwrap())
}

/// How often the tool was called.
fn calls(world: &World) -> usize {
    fs::read_to_string(world.path("../home/calls")).map_or(0, |calls| calls.lines().count())
}

#[test]
fn a_new_project_is_a_folder_of_four_files_and_takes_nobodys_place() {
    let world = World::new();
    world.trialbox("new --lang python some-trial").exits(0).prints_nothing();
    let mut names: Vec<String> = fs::read_dir(world.path("some-trial"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, [".gitignore", "README.md", "study.toml", "train.py"]);
    for name in &names {
        assert!(!fs::read_to_string(world.path("some-trial").join(name)).unwrap().contains("{name}"), "{name}");
    }
    world.trialbox("new --lang python some-trial").exits(4).tells("`some-trial` is there already");
    world.trialbox("new --lang cobol other").exits(2).tells("[possible values: python");
    // A name that would look like a flag in a command.
    world.trialbox_with(["new", "--lang", "c", "--", "-x"]).exits(0);
    assert!(fs::read_to_string(world.path("-x/README.md")).unwrap().contains("trialbox best x.study"));
    // A name that would break the study file's text does not.
    world.trialbox_with(["new", "--lang", "python", "a \"b\\"]).exits(0);
    assert!(fs::read_to_string(world.path("a \"b\\/study.toml")).unwrap().contains("name = \"a--b-\""));
}

#[test]
fn a_tool_that_is_missing_is_named_with_the_command_that_installs_it() {
    let world = World::new();
    world.trialbox("new --lang python line").exits(0);
    let missing = |ran: Ran| {
        ran.exits(4)
            .tells("error: componentize-py is needed to build Python and was not found")
            .tells("hint: install it: `pip install componentize-py==")
    };
    missing(world.trialbox("build line"));
    missing(world.trialbox("run line"));
}

#[test]
fn a_component_is_built_when_a_source_has_changed_and_only_then() {
    let world = with_project(TOY);
    run(&world, "run line --quiet --num-trials 3 --store a.study")
        .exits(0)
        .tells("building the component from train.py");
    assert_eq!(calls(&world), 1);
    run(&world, "run line --quiet --num-trials 3 --store b.study").exits(0).tells_nothing();
    assert_eq!(calls(&world), 1, "nothing has changed");
    let world = world.write("line/notes.txt", "no source").write("line/.hidden/x.py", "");
    run(&world, "train line").exits(0);
    assert_eq!(calls(&world), 1, "no source has changed");
    let world = world.write("line/lib/more.py", "");
    run(&world, "train line").exits(0);
    assert_eq!(calls(&world), 2, "a source came along");
    fs::remove_file(world.path("line/line.wasm")).unwrap();
    run(&world, "train line").exits(0);
    assert_eq!(calls(&world), 3, "the component was gone");
    fs::remove_file(world.path("line/.trialbox/built.json")).unwrap();
    run(&world, "train line").exits(0);
    assert_eq!(calls(&world), 4, "a build had ended before its record was there");
    std::os::unix::fs::symlink(world.path("toy.wasm"), world.path("line/linked.py")).unwrap();
    run(&world, "train line").exits(0);
    assert_eq!(calls(&world), 5, "a source came along as a link");
    run(&world, "build line").exits(0).prints("language  Python").prints("trialbox:trial/report@0.1.0");
    assert_eq!(calls(&world), 6, "it was asked for");
}

#[test]
fn another_study_file_of_the_project_builds_too() {
    let world = with_project(TOY).write("line/more.toml", "component = \"./line.wasm\"\n[scheduler]\nnum_trials = 2\n");
    run(&world, "run line/more.toml --quiet").exits(0);
    assert_eq!(calls(&world), 1);
    let world = world.write("line/train.py", "# changed");
    run(&world, "train line/more.toml").exits(0);
    assert_eq!(calls(&world), 2);
}

#[test]
fn what_an_earlier_release_left_beside_the_sources_is_not_built() {
    let world =
        with_project(TOY).write("line/.trialbox/sdk/trialbox/gone.py", "").write("line/.trialbox/packages/six.py", "");
    run(&world, "build line").exits(0);
    assert!(!world.path("line/.trialbox/sdk/trialbox/gone.py").exists());
    assert!(world.path("line/.trialbox/sdk/trialbox/space.py").exists());
    assert!(!world.path("line/.trialbox/packages").exists());
}

#[test]
fn a_component_that_came_from_elsewhere_is_left_as_it_is() {
    let world = with_project(TOY);
    fs::copy(world.path("toy.wasm"), world.path("line/line.wasm")).unwrap();
    run(&world, "train line").exits(0);
    assert_eq!(calls(&world), 0);
}

#[test]
fn a_study_of_a_component_that_lies_elsewhere_runs_beside_a_training_function() {
    let world = with_project(TOY);
    let world = world.write("line/study.toml", "component = \"../toy.wasm\"\n[scheduler]\nnum_trials = 2\n");
    run(&world, "run line --quiet").exits(0);
    assert_eq!(calls(&world), 0);
}

#[test]
fn what_a_tool_says_of_a_mistake_is_shown_harmlessly_and_the_old_component_stays() {
    let world = with_project(TOY);
    run(&world, "build line").exits(0);
    let before = fs::read(world.path("line/line.wasm")).unwrap();
    let world =
        world.write("tool", "#!/bin/sh\nprintf 'SyntaxError: \\033[2Jno such word\\nin line 3\\n' >&2; exit 1\n");
    run(&world, "build line")
        .exits(4)
        .tells("error: componentize-py could not build the project; it says:\n  SyntaxError: \\u{1b}[2Jno such word\n  in line 3\n");
    assert_eq!(fs::read(world.path("line/line.wasm")).unwrap(), before);
}

#[test]
fn what_a_tool_made_is_looked_at_like_any_component() {
    let world = with_project("for file; do :; done; echo nonsense > \"$file\"");
    run(&world, "build line").exits(4).tells("not a WebAssembly component");
}

#[test]
fn folders_that_are_no_projects_are_told_so() {
    let world = World::new().write("empty/study.toml", "component = \"a.wasm\"\n");
    world
        .trialbox("build empty")
        .exits(4)
        .tells("has no training function in a language that is known: `train.py` for Python");
    let world = world.write("empty/train.py", "");
    for (text, words) in [
        ("", "it has no `component`"),
        ("component = 3", "it has no `component`"),
        ("component = \"../a.wasm\"", "`../a.wasm` lies outside the folder"),
        ("component = \"/a.wasm\"", "`/a.wasm` lies outside the folder"),
        ("component = \"train.py\"", "`train.py` does not end in `.wasm`"),
        ("name = 1\ncomponent = [", "does not say what component it is of: line 2: "),
    ] {
        let world = World::new().write("p/train.py", "").write("p/study.toml", text);
        world.trialbox("build p").exits(4).tells(words);
    }
    drop(world);
}
