//! Study files against what is expected of them: `studies/invalid/NAME.toml` with its errors in `NAME.err`, and
//! `studies/valid/NAME.toml` with its specification in `NAME.json`. `UPDATE=1` rewrites the expectations.
//!
//! A file that names a `component` is joined with the description below, any other stands for itself.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a test, no library")]
#![allow(clippy::needless_pass_by_value, clippy::use_self, reason = "brevity")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "a test, no library")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use trialbox::config::{ConfigError, StudyFile};
use trialbox::numeric::amount::{Fuel, Seed, Slot, TrialId, VirtualTime};
use trialbox::numeric::digest::Digest;
use trialbox::output::{ConfigFormat, best};
use trialbox::space::{Condition, Domain, IntegerRange, Parameter, RealRange, Space, Value};
use trialbox::study::{
    Attribute, ComponentId, DataId, Description, Event, GpuAdapter, Metrics, Outcome, Report, StudySpec, StudyState,
};

#[test]
fn invalid_study_files_are_refused_with_their_places_and_hints() {
    let mut mismatches = Vec::new();
    for path in study_files("invalid") {
        let text = fs::read_to_string(&path).unwrap();
        let error = spec(&text).expect_err(&format!("{} is valid", path.display()));
        let rendered = error.render("study.toml", &text, false);
        for problem in error.problems() {
            assert!(problem.span.start <= problem.span.end && problem.span.end <= text.len(), "{}", path.display());
        }
        compare(&path.with_extension("err"), &rendered, &mut mismatches);
    }
    assert!(mismatches.is_empty(), "{}", mismatches.join("\n"));
}

#[test]
fn valid_study_files_give_their_specification() {
    let mut mismatches = Vec::new();
    for path in study_files("valid") {
        let text = fs::read_to_string(&path).unwrap();
        let spec =
            spec(&text).unwrap_or_else(|error| panic!("{}", error.render(&path.to_string_lossy(), &text, false)));
        assert_eq!(spec.check(), Ok(()), "{}", path.display());
        let json = serde_json::to_string_pretty(&spec).unwrap();
        compare(&path.with_extension("json"), &format!("{json}\n"), &mut mismatches);
    }
    assert!(mismatches.is_empty(), "{}", mismatches.join("\n"));
}

#[test]
fn the_study_files_of_the_examples_are_well_formed() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("guest-examples");
    for file in
        ["digits/study.toml", "digits/promotion.toml", "toy/study.toml", "toy/stopping.toml", "toy/stopping-20.toml"]
    {
        let text = fs::read_to_string(examples.join(file)).unwrap();
        let parsed = StudyFile::parse(&text).unwrap_or_else(|error| panic!("{}", error.render(file, &text, false)));
        assert!(parsed.component().is_some() && parsed.name().is_some(), "{file}");
    }
}

#[test]
fn every_key_of_the_reference_is_used_by_a_valid_file() {
    let texts: Vec<String> = study_files("valid").iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let reference = trialbox::config::reference();
    let keys = reference.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    for key in keys.filter(|key| key.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')) {
        let is_used = |line: &str| line.starts_with(&format!("{key} =")) || line.starts_with(&format!("[{key}]"));
        assert!(texts.iter().any(|text| text.lines().any(is_used)), "no file uses `{key}`");
    }
}

#[test]
fn what_is_no_part_of_the_specification_is_given_apart() {
    let text = "wall_time_max = \"1h 30m\"\ncomponent = \"a/b.wasm\"\n[data]\ndigits = \"d.csv\"\n[scheduler]\nnum_trials = 1\n";
    let file = StudyFile::parse(text).unwrap();
    assert_eq!(file.wall_time_max(), Some(std::time::Duration::from_secs(5400)));
    assert_eq!(file.component(), Some(Path::new("a/b.wasm")));
    assert_eq!(file.data()["digits"], Path::new("d.csv"));
    assert_eq!(file.name(), None);
    let digest = Digest::of(b"schedule");
    let component = ComponentId { digest: Digest::of(b"component"), bytes: 9 };
    let data = BTreeMap::from([("digits".to_owned(), DataId { digest: Digest::of(b"data"), bytes: 4 })]);
    let spec = file.spec("folder", Some(&description()), Some(component.clone()), data.clone(), digest).unwrap();
    assert_eq!((spec.name.as_str(), spec.fuel_schedule, &spec.data), ("folder", digest, &data));
    assert_eq!(spec.component, Some(component));
    assert_eq!(spec.metrics.reward_attr, "validation_accuracy");
    assert_eq!(spec.space, description().space);
}

#[test]
fn the_best_configuration_as_toml_fixes_every_parameter() {
    let space = description().space;
    let mut config = space.default_config();
    config.insert("learning_rate", Value::Real(1.25e-4));
    let mut state = StudyState::new(Metrics::default());
    let (trial, time) = (TrialId(0), VirtualTime(1));
    let attributes = vec![Attribute { name: "accuracy".into(), value: Value::Real(0.5) }];
    let report = Report { attributes };
    for event in [
        Event::TrialStarted {
            trial,
            slot: Slot(0),
            time,
            seed: Seed(1),
            config: config.clone(),
            bracket: None,
            milestone: None,
        },
        Event::Reported {
            trial,
            time,
            fuel: Fuel(1),
            report,
            searcher_info: Vec::new(),
            decision: trialbox::scheduler::Decision::Continue,
        },
        Event::TrialEnded { trial, time, fuel: Fuel(1), outcome: Outcome::Completed, artifacts: Vec::new() },
    ] {
        state.apply(&event);
    }
    let toml = best(&state, ConfigFormat::Toml).unwrap();
    let text = format!("component = \"digits.wasm\"\n[scheduler]\nnum_trials = 1\n[space]\n{toml}");
    let fixed = spec(&text).unwrap_or_else(|error| panic!("{}", error.render("study.toml", &text, false))).space;
    assert_eq!(fixed.default_config(), config);
    assert_eq!(fixed.searched().len(), 0);
}

/// Nothing that a file contains may bring the program down, whatever else it does.
#[test]
fn damaged_study_files_are_read_without_a_panic() {
    let mut whole = String::new();
    for path in study_files("valid").iter().chain(&study_files("invalid")) {
        whole.push_str(&fs::read_to_string(path).unwrap());
        whole.push('\n');
    }
    for path in study_files("valid") {
        let text = fs::read_to_string(&path).unwrap();
        for at in (0..text.len()).filter(|&at| text.is_char_boundary(at)) {
            let (head, tail) = text.split_at(at);
            let shortened = tail.chars().next().map_or(tail, |first| &tail[first.len_utf8()..]);
            for damaged in [head.to_owned(), format!("{head}{shortened}"), format!("{head}\u{9b}\"[{tail}")] {
                if let Err(error) = spec(&damaged) {
                    let rendered = error.render("study.toml", &damaged, false);
                    assert!(rendered.starts_with("error: ") && !rendered.contains('\u{9b}'), "{rendered}");
                }
            }
        }
    }
    assert!(spec(&whole).is_err());
    assert!(spec(&"a = 1\n".repeat(1 << 18)).is_err());
    assert!(spec(&format!("[space]\n{}a = 1", "a.".repeat(100_000))).is_err());
    assert!(spec(&format!("[space]\na = {}1{}", "[".repeat(100_000), "]".repeat(100_000))).is_err());
}

fn spec(text: &str) -> Result<StudySpec, ConfigError> {
    let file = StudyFile::parse(text)?;
    let description = file.component().map(|_| description());
    let mut spec = file.spec("digits", description.as_ref(), None, BTreeMap::new(), Digest::of(b""))?;
    spec.gpu = file.gpu().map(|grant| grant.clone().of(adapter()));
    // The same for every release.
    spec.release = "RELEASE".into();
    Ok(spec)
}

/// The GPU of every machine on which study files are read here.
fn adapter() -> GpuAdapter {
    GpuAdapter {
        name: "a GPU".into(),
        backend: "vulkan".into(),
        driver: "a driver 1.0".into(),
        vendor: 1,
        device: 2,
        is_software: false,
        translator: "a translator 1.0".into(),
    }
}

/// The study files of a folder, in the order of names; each must have its expectation, and each expectation its file.
fn study_files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/studies").join(folder);
    let paths = || fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    for path in paths() {
        assert!(path.with_extension("toml").exists(), "{} has no study file", path.display());
    }
    let mut files: Vec<PathBuf> = paths().filter(|path| path.extension().is_some_and(|it| it == "toml")).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files
}

fn compare(path: &Path, actual: &str, mismatches: &mut Vec<String>) {
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, actual).unwrap();
        return;
    }
    match fs::read_to_string(path) {
        Ok(expected) if expected == actual => {}
        Ok(expected) => mismatches.push(format!("{}: expected\n{expected}\nbut got\n{actual}", path.display())),
        Err(_) => mismatches.push(format!("{} is missing; it would be\n{actual}", path.display())),
    }
}

/// A component with a parameter of every kind, conditions below conditions, and constants.
fn description() -> Description {
    let texts = |values: &[&str]| Domain::Choice(values.iter().map(|&value| Value::from(value)).collect());
    let real = |lower, upper, log| Domain::Real(RealRange { lower, upper, log });
    let integer = |lower, upper, log| Domain::Integer(IntegerRange { lower, upper, log });
    let under = |name: &str, domain, parent: &str, choice| Parameter {
        condition: Some(Condition { parameter: parent.into(), choice }),
        ..Parameter::new(name, domain)
    };
    let parameters = vec![
        Parameter { default: Value::Real(0.01), ..Parameter::new("learning_rate", real(1e-4, 1e-1, true)) },
        Parameter::new("hidden", integer(8, 128, true)),
        Parameter::new("shuffle", Domain::Boolean),
        Parameter { default: Value::from("tanh"), ..Parameter::new("activation", texts(&["relu", "tanh", "gelu"])) },
        Parameter::new("optimiser", texts(&["sgd", "adam", "lbfgs"])),
        under("optimiser.sgd.momentum", real(0.0, 0.99, false), "optimiser", 0),
        under("optimiser.sgd.schedule", texts(&["constant", "step"]), "optimiser", 0),
        under("optimiser.sgd.schedule.step.size", integer(1, 10, false), "optimiser.sgd.schedule", 1),
        under("optimiser.adam.beta", real(0.5, 0.999, false), "optimiser", 1),
        Parameter::new("batch", Domain::Choice(vec![Value::Integer(16), Value::Integer(32), Value::Integer(64)])),
        Parameter::new("layers.0", integer(8, 64, false)),
        Parameter::new("layers.1", integer(8, 64, false)),
        Parameter::new("epochs", Domain::Constant(Value::Integer(10))),
        Parameter::new("dropout", Domain::Constant(Value::Real(0.5))),
    ];
    Description {
        space: Space::new(parameters).unwrap(),
        reward_attr: Some("validation_accuracy".into()),
        time_attr: Some("epoch".into()),
        max_t: Some(10),
    }
}
