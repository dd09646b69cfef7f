//! Hostile searchers: whatever one does, the study ends with what it did, its trials run to their ends, and it can be verified.

use std::time::Duration;

use trialbox::Study;
use trialbox::executor::{Interrupt, Isolation, RunOptions};
use trialbox::numeric::digest::Digest;
use trialbox::sandbox::ComponentError;
use trialbox::sandbox::component;
use trialbox::searcher::{ComponentSearcherSpec, SearcherSpec};
use trialbox::session::{self, SessionError, StudyBuilder};
use trialbox::space::Value;
use trialbox::store::Reader;
use trialbox::study::{Capacity, EndReason, Event, Outcome, OutcomeClass};

use crate::support::guest::{self, Guest, Placed};
use crate::support::run::SANDBOX;

/// Fuel for a call: enough for whatever ends.
const FUEL: u64 = 30_000_000;

/// A searcher that suggests the middle, but for what these do.
struct Hostile {
    guest: Guest,
    begin: String,
    /// What it does at its third suggestion; it leaves nothing.
    third: String,
    observe: String,
}

impl Hostile {
    fn new() -> Self {
        Self { guest: Guest::new(), begin: String::new(), third: String::new(), observe: String::new() }
    }

    fn begin(body: &str) -> Self {
        Self { begin: body.into(), ..Self::new() }
    }

    fn third(body: &str) -> Self {
        Self { third: body.into(), ..Self::new() }
    }

    fn observe(body: &str) -> Self {
        Self { observe: body.into(), ..Self::new() }
    }

    /// One whose third suggestion is this.
    fn suggesting(config: &[(&str, Value)]) -> Self {
        let mut guest = Guest::new();
        let answer = guest.suggestion(config);
        Self { guest, ..Self::third(&format!("(return (i32.const {answer}))")) }
    }

    fn component(mut self) -> Vec<u8> {
        let middle = self.guest.suggestion(&[("x", Value::Real(0.5))]);
        let suggest =
            format!("(if (i64.eq (local.get $trial) (i64.const 2)) (then {})) (i32.const {middle})", self.third);
        self.guest.searcher(&self.begin, &suggest, &self.observe)
    }
}

/// A folder with a trial that reports three times, and a searcher.
struct World(tempfile::TempDir);

impl World {
    fn new(searcher: &[u8]) -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        std::fs::write(world.path("trial.wasm"), guest::reports(3)).unwrap();
        std::fs::write(world.path("searcher.wasm"), searcher).unwrap();
        world
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn builder(&self) -> StudyBuilder<'_> {
        let settings = ComponentSearcherSpec { fuel_max: FUEL, ..ComponentSearcherSpec::new(Digest::of(b""), 0) };
        let none: [(String, Value); 0] = [];
        Study::builder(self.path("trial.wasm"))
            .searcher_component(self.path("searcher.wasm"), none)
            .searcher(SearcherSpec::Component(settings))
            .options(options())
            .capacity(Capacity { cpus: 2, ..Capacity::default() })
            .num_trials(8)
    }
}

fn options() -> RunOptions {
    RunOptions { jobs: 1, isolation: Isolation::Thread, ..RunOptions::default() }
}

/// How the searcher fails in a study; looks that all else is as it must be.
#[track_caller]
fn failure(searcher: &[u8]) -> String {
    let world = World::new(searcher);
    let store = world.path("a.study");
    let result = world.builder().run(&store).unwrap();
    assert_eq!(result.state.ended(), Some(EndReason::SearcherFailed));
    for trial in result.state.trials() {
        assert_eq!(trial.outcome().map(Outcome::class), Some(OutcomeClass::Completed));
        assert_eq!(trial.reports, 3);
    }
    let folder = world.path("inputs");
    std::fs::create_dir(&folder).unwrap();
    let verified = session::verify(&store, &folder, &options(), &mut [], &Interrupt::default()).unwrap();
    assert!(verified.is_whole && verified.digest == result.digest);
    let reader = Reader::open(&store).unwrap();
    assert!(session::reproduced(&reader).unwrap().is_finished(), "what it suggested is in the log");
    result.state.searcher_failure().unwrap().to_owned()
}

#[track_caller]
fn assert_fails(hostile: Hostile, expected: &str) {
    let message = failure(&hostile.component());
    assert!(message.contains(expected), "{message}\nis not: {expected}");
    assert!(message.len() < 8 << 10, "{} bytes", message.len());
}

const LOOP: &str = "(loop $again (br $again))";
const GROW: &str = "(loop $again (drop (memory.grow (i32.const 256))) (br $again))";

#[test]
fn one_that_traps_fails_wherever_it_is() {
    assert_fails(Hostile::begin("unreachable"), "failed in its call `begin`: trapped: it executed `unreachable`");
    assert_fails(Hostile::third("unreachable"), "failed in its call `suggest(2)`: trapped");
    assert_fails(Hostile::observe("unreachable"), "failed in its call `observe`: trapped");
    let starting = Guest::new().part("(func $start unreachable) (start $start)");
    assert_fails(Hostile { guest: starting, ..Hostile::new() }, "failed in its call `begin`: trapped");
}

#[test]
fn one_that_never_returns_runs_out_of_fuel() {
    for hostile in [Hostile::begin(LOOP), Hostile::third(LOOP), Hostile::observe(LOOP)] {
        assert_fails(hostile, "out of fuel: went past the limit `fuel_max`");
    }
}

#[test]
fn one_that_eats_memory_goes_past_its_limit() {
    for hostile in [Hostile::begin(GROW), Hostile::third(GROW), Hostile::observe(GROW)] {
        assert_fails(hostile, "out of memory: went past the limit `memory_bytes_max`");
    }
}

#[test]
fn an_error_at_the_beginning_is_told() {
    let mut guest = Guest::new();
    let begin = guest.failure("no such \u{1b}[31moption");
    assert_fails(Hostile { guest, ..Hostile::begin(&begin) }, "failed: no such \u{1b}[31moption");
    let mut guest = Guest::new();
    let begin = guest.failure(&"x".repeat(100_000));
    assert_fails(Hostile { guest, ..Hostile::begin(&begin) }, "failed: xxxx");
}

#[test]
fn the_end_of_its_log_is_told_with_its_failure() {
    let mut guest = Guest::new();
    let log = guest.log("out of ideas");
    assert_fails(Hostile { guest, ..Hostile::third(&format!("{log} unreachable")) }, "; its log ends: out of ideas");
    let mut guest = Guest::new();
    let log = guest.log(&"flood".repeat(1_000));
    let flood = format!("(loop $again {log} (br $again))");
    assert_fails(Hostile { guest, ..Hostile::third(&flood) }, "`fuel_max`; its log ends: ");
}

#[test]
fn a_configuration_outside_of_the_space_is_refused_by_the_name_of_what_is_wrong() {
    let x = |value| ("x", value);
    let cases: [(&[(&str, Value)], &str); 8] = [
        (&[x(Value::Real(2.0))], "parameter `x`: the value 2"),
        (&[x(Value::Real(f64::NAN))], "parameter `x`: the value NaN"),
        (&[x(Value::Real(f64::INFINITY))], "parameter `x`: the value inf"),
        (&[x(Value::Integer(1))], "parameter `x`: the value 1"),
        (&[x(Value::Text("0.5".into()))], "parameter `x`: the value 0.5"),
        (&[x(Value::Real(0.5)), ("y", Value::Real(0.5))], "parameter `y`: the space has no such parameter"),
        (&[], "parameter `x`: the configuration has no value for it"),
        (&[x(Value::Real(0.5)), x(Value::Real(0.6))], "parameter `x`: it is there twice"),
    ];
    for (config, expected) in cases {
        assert_fails(Hostile::suggesting(config), expected);
    }
    let name = "n".repeat(100_000);
    assert_fails(Hostile::suggesting(&[x(Value::Real(0.5)), (&name, Value::Real(0.5))]), "parameter `nnnn");
}

#[test]
fn an_answer_that_is_too_large_or_lies_nowhere_fails() {
    let answer = |pages: &str, list: Placed| {
        let mut guest = Guest::new().memory(&format!("(memory (export \"memory\") {pages})"));
        let answer = guest.suggestion_at(list);
        Hostile { guest, ..Hostile::third(&format!("(return (i32.const {answer}))")) }
    };
    assert_fails(answer("2", Placed { pointer: 1 << 20, length: 1 }), "failed in its call `suggest(2)`: trapped");
    assert_fails(answer("2", Placed { pointer: 0, length: u32::MAX }), "failed in its call `suggest(2)`: trapped");
    // Attributes of 24 bytes, all zero: names of no bytes.
    assert_fails(answer("200", Placed { pointer: 1 << 20, length: 300_000 }), "`host_call_bytes_max`");
}

#[test]
fn what_is_for_trials_only_is_a_misuse() {
    let mut guest = Guest::new();
    let report = guest.report(&[("accuracy", Value::Real(1.0))]);
    assert_fails(
        Hostile { guest, ..Hostile::third(&report) },
        "misuse of an import: `report` was called by a searcher",
    );
}

#[test]
fn state_lives_between_calls_and_fuel_is_counted_for_each() {
    // Some two thirds of a call's fuel, and a counter that says that 8 trials are enough.
    let work = FUEL / 10;
    let guest = Guest::new().part("(global $count (mut i32) (i32.const 0))");
    let suggest = format!(
        "(local $turns i32)
         (loop $again
           (local.set $turns (i32.add (local.get $turns) (i32.const 1)))
           (br_if $again (i32.lt_u (local.get $turns) (i32.const {work}))))
         (global.set $count (i32.add (global.get $count) (i32.const 1)))"
    );
    let mut guest = guest;
    let (middle, none) = (guest.suggestion(&[("x", Value::Real(0.5))]), guest.place(&[0; 16]).pointer);
    let suggest = format!(
        "{suggest} (select (i32.const {middle}) (i32.const {none}) (i32.le_u (global.get $count) (i32.const 5)))"
    );
    let world = World::new(&guest.searcher("", &suggest, ""));
    let result = world.builder().run(world.path("a.study")).unwrap();
    assert_eq!((result.state.trials().len(), result.state.ended()), (5, Some(EndReason::Exhausted)));
}

#[test]
fn a_study_whose_searcher_fails_goes_on_from_every_prefix_to_the_same_end() {
    let world = World::new(&Hostile::third("unreachable").component());
    let whole = world.path("whole.study");
    let result = world.builder().run(&whole).unwrap();
    let entries: Vec<_> = Reader::open(&whole).unwrap().entries().map(Result::unwrap).collect();
    assert!(entries.iter().any(|entry| matches!(entry.event, Event::SearcherFailed { .. })));
    for kept in [1, 3, entries.len() / 2, entries.len() - 1] {
        let path = world.path(&format!("{kept}.study"));
        let mut store = trialbox::store::Store::create(&path).unwrap();
        entries[..kept].iter().for_each(|entry| store.append(entry, Duration::ZERO).unwrap());
        store.close().unwrap();
        assert_eq!(world.builder().resume(&path).unwrap().digest, result.digest, "from {kept}");
    }
}

#[test]
fn a_trial_is_no_searcher_and_a_searcher_no_trial() {
    let (trial, searcher) = (guest::reports(1), Hostile::new().component());
    let compiled = |bytes: &[u8]| component::compile(&SANDBOX, bytes).unwrap();
    let refused = component::check_searcher_world(&SANDBOX, &compiled(&trial)).unwrap_err();
    let ComponentError::NotASearcher { exports } = refused else { panic!("{refused}") };
    assert!(component::is_trial(&exports) && !component::is_searcher(&exports));
    let refused = component::check_world(&SANDBOX, &compiled(&searcher)).unwrap_err();
    let ComponentError::NotATrial { exports } = refused else { panic!("{refused}") };
    assert!(component::is_searcher(&exports) && !component::is_trial(&exports));
    let world = World::new(&trial);
    let refused = world.builder().run(world.path("a.study")).unwrap_err();
    assert!(matches!(refused, SessionError::Executor(_)), "{refused}");
    assert!(!world.path("a.study").exists());
}
