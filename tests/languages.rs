//! Guests in every language that there is a kit for, built by `trialbox build` from `tests/languages`, all through the same checks; and the examples.
//!
//! The tools are not on every machine: `cargo xtask test` gets them and runs these tests, which name them by variables.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a test, no library")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "a test, no library")]
#![cfg(all(feature = "engine", unix))]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

/// The variables of tools, and of what they keep, which are passed on.
const TOOLS: [&str; 8] = [
    "TRIALBOX_COMPONENTIZE_PY",
    "TRIALBOX_COMPONENTIZE_QJS",
    "TRIALBOX_C_COMPILER",
    "TRIALBOX_GO",
    "GOCACHE",
    "ZIG_GLOBAL_CACHE_DIR",
    "CARGO_HOME",
    "RUSTUP_HOME",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The project of a language with its component, built once.
fn project(language: &'static str) -> PathBuf {
    static PROJECTS: Mutex<BTreeMap<&str, TempDir>> = Mutex::new(BTreeMap::new());
    // A language that did not build has failed once, and fails every test by itself.
    let mut projects = PROJECTS.lock().unwrap_or_else(PoisonError::into_inner);
    projects.entry(language).or_insert_with(|| build(language)).path().join("guest")
}

fn build(language: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("words"), b"some words").unwrap();
    let project = folder.path().join("guest");
    fs::create_dir(&project).unwrap();
    copy_files(&root().join("tests/languages").join(language), &project);
    let study = "component = \"guest.wasm\"\n[data]\nwords = \"../words\"\n[scheduler]\nnum_trials = 1\n";
    fs::write(project.join("study.toml"), study).unwrap();
    let built = trialbox(&project, &["build", "."]);
    assert!(built.status.success(), "{}", text(&built.stderr));
    folder
}

/// Copies the files of a folder, and of the one folder in it that a project may have.
fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        if entry.path().is_file() {
            fs::copy(entry.path(), place).unwrap();
        } else if entry.file_name() == "src" {
            fs::create_dir(&place).unwrap();
            copy_files(&entry.path(), &place);
        }
    }
}

fn trialbox(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trialbox"));
    command.current_dir(folder).env_clear().env("HOME", folder).env("PATH", std::env::var_os("PATH").unwrap());
    command.env("TRIALBOX_CACHE_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled"));
    for tool in TOOLS {
        command.envs(std::env::var_os(tool).map(|value| (tool, value)));
    }
    // By its own name it would also compile these tests.
    command.envs(std::env::var_os("TRIALBOX_GUEST_RUSTC").map(|value| ("RUSTC", value)));
    command.args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Trains once with the parameter `mode`: the exit code, standard output and standard error.
fn trained(language: &'static str, mode: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let mode = format!("mode={mode}");
    let ran = trialbox(&project(language), &[&["train", ".", "--set", &mode], more].concat());
    (ran.status.code(), text(&ran.stdout), text(&ran.stderr))
}

/// Runs a study with this under its study file's component, and gives its digest and its summary.
fn digest(language: &'static str, name: &str, rest: &str, flags: &[&str]) -> (String, String) {
    let project = project(language);
    let file = project.join(format!("{name}.toml"));
    fs::write(&file, format!("component = \"guest.wasm\"\n[data]\nwords = \"../words\"\n{rest}")).unwrap();
    let stores = TempDir::new().unwrap();
    let store = stores.path().join("a.study");
    let arguments = ["run", file.to_str().unwrap(), "--quiet", "--store", store.to_str().unwrap()];
    let ran = trialbox(&project, &[&arguments, flags].concat());
    assert!(ran.status.success(), "{}{}", text(&ran.stdout), text(&ran.stderr));
    let verified = trialbox(&project, &["verify", store.to_str().unwrap()]);
    assert!(verified.status.success(), "{}", text(&verified.stderr));
    let summary = text(&ran.stdout);
    let digest = summary.lines().find_map(|line| line.strip_prefix("digest")).unwrap();
    (digest.trim().to_owned(), summary)
}

const REPORTS_ONLY: &str = "[space]\nmode = \"reports\"\n";

fn hyperband(variant: &str) -> String {
    format!("[scheduler]\ntype = \"hyperband\"\nvariant = \"{variant}\"\nnum_trials = 40\n{REPORTS_ONLY}")
}

macro_rules! conformance {
    ($($language:ident),+) => { $(mod $language {
        use super::*;

        const LANGUAGE: &str = stringify!($language);

        #[test]
        #[ignore = "needs the language's tools; `cargo xtask test` gets them"]
        fn it_describes_its_space() {
            let inspected = trialbox(&project(LANGUAGE), &["inspect", "guest.wasm"]);
            let shown = text(&inspected.stdout);
            let (_, space) = shown.split_once("space\n").unwrap();
            let expected = fs::read_to_string(root().join("tests/languages/space.txt")).unwrap();
            assert_eq!(space, expected);
            for line in ["reward    accuracy", "resource  epoch", "max_t     9"] {
                assert!(shown.contains(line), "`{line}` is missing in\n{shown}");
            }
        }

        #[test]
        #[ignore = "needs the language's tools; `cargo xtask test` gets them"]
        fn it_reports_in_order_and_writes_to_its_log() {
            let (code, said, told) = trained(LANGUAGE, "reports", &["--set", "rate=0.1"]);
            assert_eq!(code, Some(0), "{told}");
            let reports: Vec<&str> = said.lines().filter(|line| line.starts_with("report ")).collect();
            assert_eq!(reports.len(), 9);
            for (number, report) in (1..).zip(reports) {
                assert!(report.starts_with(&format!("report {number}  epoch = {number}, accuracy = ")), "{report}");
            }
            assert!(told.contains("log: mode reports, optimiser"), "{told}");
        }

        #[test]
        #[ignore = "needs the language's tools; `cargo xtask test` gets them"]
        fn a_failure_has_its_words() {
            let (code, said, _) = trained(LANGUAGE, "fails", &[]);
            assert_eq!(code, Some(8));
            assert!(said.contains("failed") && said.contains("no luck with this configuration"), "{said}");
        }

        #[test]
        #[ignore = "needs the language's tools; `cargo xtask test` gets them"]
        fn it_leaves_an_artifact_of_the_data_that_it_read() {
            let folder = TempDir::new().unwrap();
            let (code, _, told) = trained(LANGUAGE, "leaves", &["--save", folder.path().to_str().unwrap()]);
            assert_eq!(code, Some(0), "{told}");
            assert_eq!(fs::read(folder.path().join("model.txt")).unwrap(), b"some words!");
        }

        #[test]
        #[ignore = "needs the language's tools; `cargo xtask test` gets them"]
        fn limits_end_it() {
            for (mode, limit, outcome) in [
                ("loops", "fuel_max = 300_000_000", "out of fuel"),
                ("eats", "memory_bytes_max = \"64 MiB\"", "out of memory"),
            ] {
                let project = project(LANGUAGE);
                let file = project.join(format!("{mode}.toml"));
                let rest = format!("[scheduler]\nnum_trials = 1\n[limits]\n{limit}\n[space]\nmode = \"{mode}\"\n");
                let data = "[data]\nwords = \"../words\"\n";
                fs::write(&file, format!("component = \"guest.wasm\"\n{data}{rest}")).unwrap();
                let ran = trialbox(&project, &["train", file.to_str().unwrap()]);
                assert!(text(&ran.stdout).contains(outcome), "{mode}: {}{}", text(&ran.stdout), text(&ran.stderr));
            }
        }

        #[test]
        #[ignore = "needs the language's tools; `cargo xtask test` gets them"]
        fn trials_stop_and_pause_and_resume_to_one_digest_with_any_number_of_workers() {
            for variant in ["stopping", "promotion"] {
                let rest = hyperband(variant);
                let (one, summary) = digest(LANGUAGE, variant, &rest, &["--jobs", "1"]);
                assert!(summary.contains("stopped") || summary.contains("paused"), "{summary}");
                assert_eq!(digest(LANGUAGE, variant, &rest, &["--jobs", "4"]).0, one);
                assert_eq!(digest(LANGUAGE, variant, &rest, &["--isolation", "thread"]).0, one);
            }
        }

        #[test]
        #[ignore = "needs the language's tools; `cargo xtask test` gets them"]
        fn random_numbers_follow_from_the_seed() {
            let noise = |seed: &str| {
                let (_, said, _) = trained(LANGUAGE, "reports", &["--seed", seed]);
                let end = said.lines().find(|line| line.starts_with("report 9 ")).unwrap().to_owned();
                end.rsplit_once("noise = ").unwrap().1.to_owned()
            };
            assert_eq!(noise("1"), noise("1"));
            assert_ne!(noise("1"), noise("2"));
        }

        #[test]
        #[ignore = "needs the language's tools; `cargo xtask test` gets them"]
        fn a_new_project_builds_and_runs_in_one_go() {
            let folder = TempDir::new().unwrap();
            assert!(trialbox(folder.path(), &["new", "--lang", LANGUAGE, "line"]).status.success());
            let ran = trialbox(&folder.path().join("line"), &["run", "--num-trials", "5"]);
            assert!(ran.status.success(), "{}", text(&ran.stderr));
            assert!(text(&ran.stdout).contains("best     accuracy = 0.9"), "{}", text(&ran.stdout));
        }
    })+ };
}

conformance!(python, javascript, c, go, rust);

/// An example guest with the data that several share, in a folder of its own.
fn example(name: &str) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    for part in [name, "data"] {
        let place = folder.path().join(part);
        fs::create_dir(&place).unwrap();
        copy_files(&root().join("guest-examples").join(part), &place);
    }
    let project = folder.path().join(name);
    (folder, project)
}

/// The accuracy of the first epoch is 0 in all trials, so none is stopped there; then some two thirds of them are.
fn assert_history_is_that_of_autogluon(language: &str) {
    let (_folder, project) = example(&format!("autogluon-{language}"));
    let ran = trialbox(&project, &["run"]);
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    let trials = trialbox(&project, &["trials", &format!("autogluon-{language}.study"), "-n", "100"]);
    let stopped = text(&trials.stdout).lines().filter(|line| line.contains("stopped")).count();
    assert!((50..=90).contains(&stopped), "{stopped}\n{}", text(&trials.stdout));
}

/// The same operations in the same order; languages' exponentials and logarithms differ in the last bits.
fn assert_regression_comes_to_the_same_result(language: &str) {
    let (_folder, project) = example(&format!("breast-cancer-{language}"));
    let ran = trialbox(&project, &["train", ".", "--set", "momentum=0.5", "--seed", "7"]);
    let said = text(&ran.stdout);
    let last =
        said.lines().find_map(|line| line.strip_prefix("report 20  epoch = 20, accuracy = 0.986013986013986, loss = "));
    let loss: f64 = last.unwrap_or_else(|| panic!("{said}{}", text(&ran.stderr))).parse().unwrap();
    assert!((loss / 0.083_864_769_387_553_9 - 1.0).abs() < 1e-12, "{loss}");
}

fn assert_a_data_set_that_is_not_there_fails_the_trial(language: &str) {
    let (_folder, project) = example(&format!("breast-cancer-{language}"));
    let study = fs::read_to_string(project.join("study.toml")).unwrap();
    fs::write(project.join("study.toml"), study.replace("breast-cancer = ", "other = ")).unwrap();
    let said = text(&trialbox(&project, &["train", "."]).stdout);
    let last = said.lines().last().unwrap();
    assert!(last.starts_with("failed: ") && last.contains("breast-cancer"), "{said}");
}

macro_rules! examples {
    ($($check:ident: $($test:ident $language:literal),+;)+) => { $($(
        #[test]
        #[ignore = "needs the language's tools; `cargo xtask test` gets them"]
        fn $test() {
            $check($language);
        }
    )+)+ };
}

examples! {
    assert_history_is_that_of_autogluon:
        in_python_the_example_of_autogluon_has_the_same_kind_of_history "python",
        in_javascript_the_example_of_autogluon_has_the_same_kind_of_history "javascript",
        in_c_the_example_of_autogluon_has_the_same_kind_of_history "c",
        in_go_the_example_of_autogluon_has_the_same_kind_of_history "go";
    assert_regression_comes_to_the_same_result:
        in_python_regression_comes_to_the_same_result "python",
        in_javascript_regression_comes_to_the_same_result "javascript",
        in_c_regression_comes_to_the_same_result "c",
        in_go_regression_comes_to_the_same_result "go",
        in_rust_regression_comes_to_the_same_result "rust";
    assert_a_data_set_that_is_not_there_fails_the_trial:
        in_python_a_data_set_that_is_not_there_fails_the_trial "python",
        in_javascript_a_data_set_that_is_not_there_fails_the_trial "javascript",
        in_c_a_data_set_that_is_not_there_fails_the_trial "c",
        in_go_a_data_set_that_is_not_there_fails_the_trial "go",
        in_rust_a_data_set_that_is_not_there_fails_the_trial "rust";
}

#[test]
#[ignore = "needs the language's tools; `cargo xtask test` gets them"]
fn in_python_a_mistake_in_the_source_is_shown_with_its_line() {
    let folder = TempDir::new().unwrap();
    assert!(trialbox(folder.path(), &["new", "--lang", "python", "line"]).status.success());
    fs::write(folder.path().join("line/train.py"), "import trialbox as ag\n\ndf train(args):\n").unwrap();
    let built = trialbox(folder.path(), &["build", "line"]);
    let told = text(&built.stderr);
    assert_eq!(built.status.code(), Some(4), "{told}");
    assert!(told.contains("File \"train.py\", line 3") && told.contains("SyntaxError"), "{told}");
    assert!(!told.contains("anyhow"), "{told}");
}

/// Two builds of a language whose tools make equal components of equal sources, wherever they lie.
fn assert_builds_are_equal(language: &'static str) {
    let other = build(language);
    let component = |folder: &Path| fs::read(folder.join("guest.wasm")).unwrap();
    assert!(component(&other.path().join("guest")) == component(&project(language)));
}

#[test]
#[ignore = "needs the language's tools; `cargo xtask test` gets them"]
fn in_c_equal_sources_give_equal_components_in_any_folder() {
    assert_builds_are_equal("c");
}

#[test]
#[ignore = "needs the language's tools; `cargo xtask test` gets them"]
fn in_go_equal_sources_give_equal_components_in_any_folder() {
    assert_builds_are_equal("go");
}

#[test]
#[ignore = "needs the language's tools; `cargo xtask test` gets them"]
fn in_rust_equal_sources_give_equal_components_in_any_folder() {
    assert_builds_are_equal("rust");
}

#[test]
#[ignore = "needs the language's tools; `cargo xtask test` gets them"]
fn in_c_a_mistake_in_the_source_is_shown_with_its_line() {
    let folder = TempDir::new().unwrap();
    assert!(trialbox(folder.path(), &["new", "--lang", "c", "line"]).status.success());
    let told = |source: &str| {
        fs::write(folder.path().join("line/train.c"), source).unwrap();
        let built = trialbox(folder.path(), &["build", "line"]);
        assert_eq!(built.status.code(), Some(4), "{}", text(&built.stderr));
        text(&built.stderr)
    };
    let told_of_a_word = told("#include \"trialbox.h\"\nvoid trialbox_describe(trialbox_space *space) { spice; }\n");
    assert!(told_of_a_word.contains("train.c:2") && told_of_a_word.contains("spice"), "{told_of_a_word}");
    let told_of_no_training =
        told("#include \"trialbox.h\"\nvoid trialbox_describe(trialbox_space *space) { (void)space; }\n");
    assert!(told_of_no_training.contains("trialbox_train"), "{told_of_no_training}");
}

#[test]
#[ignore = "needs the language's tools; `cargo xtask test` gets them"]
fn in_javascript_a_mistake_in_the_source_is_shown() {
    let folder = TempDir::new().unwrap();
    assert!(trialbox(folder.path(), &["new", "--lang", "javascript", "line"]).status.success());
    fs::write(folder.path().join("line/train.js"), "import { args } from \"trialbox\";\nlet x = ;\n").unwrap();
    let built = trialbox(folder.path(), &["build", "line"]);
    let told = text(&built.stderr);
    assert_eq!(built.status.code(), Some(4), "{told}");
    assert!(told.contains("train.js:2") && told.contains("SyntaxError"), "{told}");
}
