//! What is read from a store: `show`, `trials`, `logs`, `best`; and that nothing in it drives a terminal.

use trialbox::numeric::amount::{Fuel, Seed, Slot, TrialId, VirtualTime};
use trialbox::numeric::digest::Digest;
use trialbox::space::{Domain, Parameter, RealRange, Space, Value};
use trialbox::store::Store;
use trialbox::study::{Attribute, Chain, Event, LogPiece, Outcome, Report, StudySpec};

use crate::world::World;

/// The cells of a column of the table of trials.
fn column(table: &str, name: &str) -> Vec<String> {
    let mut lines = table.lines();
    let heads: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    let at = heads.iter().position(|head| *head == name).unwrap();
    let rows = lines.take_while(|line| !line.is_empty());
    rows.map(|row| row.split_whitespace().filter(|cell| *cell != "best").nth(at).unwrap().to_owned()).collect()
}

#[test]
fn trials_are_listed_in_the_order_and_number_that_is_asked_for() {
    let world = World::with_toy_run();
    let all = world.trialbox("trials toy.study").exits(0).tells_nothing().stdout;
    assert_eq!(column(&all, "trial"), (0..20).map(|trial| trial.to_string()).collect::<Vec<_>>());
    let table = world.trialbox("trials toy.study --sort reward").exits(0).stdout;
    let rewards: Vec<f64> = column(&table, "accuracy").iter().map(|cell| cell.parse().unwrap()).collect();
    assert!(rewards.len() == 20 && rewards.is_sorted_by(|one, two| one >= two) && rewards[0] > rewards[19], "{table}");
    assert!(table.lines().nth(1).unwrap().contains("best"), "{table}");
    assert_eq!(column(&world.trialbox("trials toy.study --sort fuel").exits(0).stdout, "trial").len(), 20);
    let few = world.trialbox("trials toy.study -n 3").exits(0).stdout;
    assert!(few.ends_with("\n3 of 20 trials\n"), "{few}");
    assert_eq!(column(&few, "trial"), ["0", "1", "2"]);
    assert_eq!(world.trialbox("trials toy.study --limit 100").exits(0).stdout, all);
    world.trialbox("trials toy.study -n 0").exits(0);
    world.trialbox("trials toy.study --sort speed").exits(2).tells("[possible values: trial, reward, fuel]");
}

#[test]
fn the_best_configuration_is_printed_for_people_study_files_and_programs() {
    let world = World::with_toy_run();
    let text = world.trialbox("best toy.study").exits(0).tells_nothing().stdout;
    let json = world.trialbox("best toy.study --format json").exits(0).stdout;
    let config: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(config.keys().collect::<Vec<_>>(), ["epochs", "lr", "wd"]);
    for (name, value) in &config {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert!(text.lines().any(|line| words(line) == [name.clone(), value.to_string()]), "{text}");
    }
    // As a study file: one trial, the same configuration, and so the same reward.
    let space = world.trialbox("best toy.study --format toml").exits(0).stdout;
    let world = world.toy("again", &format!("num_trials = 1\n[space]\n{space}"));
    let again = world.trialbox("run again --quiet").exits(0);
    let trained = world.trialbox("best again.study --format json").exits(0).stdout;
    assert_eq!((again.line("trials"), trained), ("1: 1 completed", json));
}

#[test]
fn logs_print_what_a_trial_wrote_and_nothing_for_one_that_wrote_nothing() {
    let world = World::with_toy_run().study("wasi", "toy-wasi/toy-wasi.wasm", "[scheduler]\nnum_trials = 2\n");
    world.trialbox("run wasi --quiet").exits(0);
    let log = world.trialbox("logs wasi.study 1").exits(0).tells_nothing().stdout;
    assert!(log.contains("1 arguments, 0 variables\n") && log.contains("epoch 10 took until "), "{log}");
    world.trialbox("logs toy.study 0").exits(0).prints_nothing();
}

#[test]
fn a_study_in_progress_is_shown_as_such() {
    let world = World::with_toy();
    world.trialbox("run toy --wall-time-max 0").exits(130);
    let ran = world.trialbox("show toy.study").exits(0).tells_nothing();
    assert_eq!((ran.line("state"), ran.line("best")), ("not finished", "none: no trial has ended"));
    let ran = world.trialbox("best toy.study").exits(5).prints_nothing();
    insta::assert_snapshot!(ran.messages(), @r#"
    error: no trial of this study has ended with a reward yet
    hint: `trialbox show toy.study` tells how they ended
    "#);
    world.trialbox("train toy.study").exits(5).tells("name one with --trial N");
}

#[test]
fn what_a_component_wrote_drives_no_terminal() {
    // The names of parameters are checked when a component is; of what is left, this turns the writing round.
    let name = "x\u{202e}y";
    let hostile = "x\u{1b}[2J\u{9b}31m\r\n\u{202e}\u{7}y";
    let world = World::new();
    let range = RealRange { lower: 0.0, upper: 1.0, log: false };
    let space = Space::new(vec![Parameter::new(name, Domain::Real(range))]).unwrap();
    let mut spec = StudySpec::new(hostile, space, Digest::of(b"schedule"));
    spec.num_trials = Some(2);
    spec.metrics.reward_attr = format!("reward {hostile}");
    let mut events = vec![Event::StudyStarted { spec: Box::new(spec.clone()) }];
    let outcomes = [Outcome::Completed, Outcome::Failed { message: hostile.into() }];
    for (number, outcome) in outcomes.into_iter().enumerate() {
        let (trial, time, fuel) = (TrialId(number as u64), VirtualTime(9), Fuel(9));
        let config = [(name.to_owned(), Value::Real(0.5))].into_iter().collect();
        let attribute = |name: &str, value| Attribute { name: name.into(), value };
        let attributes = vec![
            attribute(&spec.metrics.reward_attr, Value::Real(1.0)),
            attribute(&spec.metrics.time_attr, Value::Integer(1)),
            attribute(hostile, Value::Text(hostile.into())),
        ];
        events.push(Event::TrialStarted {
            trial,
            slot: Slot(0),
            time: VirtualTime(0),
            seed: Seed(1),
            config,
            bracket: None,
            milestone: None,
        });
        events.push(Event::Reported {
            trial,
            time,
            fuel,
            report: Report { attributes },
            searcher_info: Vec::new(),
            decision: trialbox::scheduler::Decision::Continue,
        });
        events.push(Event::TrialEnded { trial, time, fuel, outcome, artifacts: Vec::new() });
    }
    let mut store = Store::create(&world.path("hostile.study")).unwrap();
    let mut chain = Chain::default();
    for event in events {
        store.append(&chain.push(event), std::time::Duration::ZERO).unwrap();
    }
    let piece = LogPiece { position: 0, reports: 1, fuel: Fuel(0), text: hostile.into() };
    store.append_log(TrialId(0), &piece).unwrap();
    store.commit().unwrap();
    store.close().unwrap();
    for (command, code) in [
        ("show hostile.study", 0),
        ("trials hostile.study", 0),
        ("logs hostile.study 0", 0),
        ("best hostile.study", 0),
        ("best hostile.study --format toml", 0),
        ("best hostile.study --format json", 0),
        ("verify hostile.study", 4),
        ("train hostile.study", 4),
    ] {
        let ran = world.trialbox(command).exits(code);
        let is_harmless = |letter: char| letter == '\n' || (' '..='~').contains(&letter) || letter == '…';
        assert!(ran.stdout.chars().chain(ran.stderr.chars()).all(is_harmless), "{command}: {ran:?}");
        let shows = |escape| ran.stdout.to_lowercase().contains(escape);
        assert!(code == 4 || shows("202e"), "{command} does not show what it escapes: {ran:?}");
    }
}
