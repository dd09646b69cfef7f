//! Guests that call every import there is with whatever comes to hand, at every moment at which they run at all. What they do
//! makes no sense; each of them ends with some outcome, the same wherever it is run.

use std::collections::BTreeMap;

use trialbox::sandbox::component::{self, ComponentError};
use trialbox::sandbox::instance::Program;
use trialbox::space::Value;
use trialbox::study::{Limits, Outcome};

use super::support::guest::Guest;
use super::support::imports::{IMPORTS, Import};
use super::support::run::{SANDBOX, Setting, describe, program, run_program};

/// How many guests there are: one for each seed.
const GUESTS: u64 = 3_000;
/// How many calls each of them tries.
const CALLS: u32 = 40;

/// The types in one part of a signature, `param` or `result`.
fn types<'a>(import: &'a Import, part: &str) -> Vec<&'a str> {
    let start = format!("({part} ");
    let Some((_, types)) = import.signature.split_once(&start) else { return Vec::new() };
    types.split_once(')').unwrap().0.split(' ').collect()
}

/// A call of an import with arguments of these texts, by their types; what it gives is remembered or dropped.
fn call(import: &Import, i32: &str, i64: &str) -> String {
    let arguments: Vec<&str> =
        types(import, "param").iter().map(|&kind| if kind == "i32" { i32 } else { i64 }).collect();
    let call = format!("(call {} {})", import.name, arguments.join(" "));
    match types(import, "result")[..] {
        [] => call,
        ["i32"] => format!("(call $keep {call})"),
        _ => format!("(drop {call})"),
    }
}

/// Functions that draw numbers: any at all, and such that get a call past its first check.
const DRAWS: &str = "
    (global $state (mut i64) (i64.const 1))
    (global $kept (mut i32) (i32.const 0))
    (func $keep (param i32) (global.set $kept (local.get 0)))
    (func $draw (result i64)
      (global.set $state (i64.add (global.get $state) (i64.const 0x9e3779b97f4a7c15)))
      (i64.mul (i64.xor (global.get $state) (i64.shr_u (global.get $state) (i64.const 29))) (i64.const 0xbf58476d1ce4e5b9)))
    (func $below (param i64) (result i64) (i64.rem_u (i64.shr_u (call $draw) (i64.const 11)) (local.get 0)))
    (func $bits (result i64) (i64.shl (i64.const 1) (call $below (i64.const 64))))
    (func $i32 (result i32)
      (block $any (block $bit (block $minus (block $address (block $aligned (block $kept_one (block $small
        (br_table $small $small $small $kept_one $kept_one $kept_one $aligned $aligned $address $minus $bit $any
          (i32.wrap_i64 (call $below (i64.const 12)))))
        (return (i32.wrap_i64 (call $below (i64.const 6)))))
        (return (global.get $kept)))
        (return (i32.mul (i32.const 8) (i32.wrap_i64 (call $below (i64.const 700))))))
        (return (i32.wrap_i64 (call $below (i64.const 140000)))))
        (return (i32.sub (i32.const 0) (i32.wrap_i64 (call $below (i64.const 20))))))
        (return (i32.wrap_i64 (call $bits))))
      (i32.wrap_i64 (i64.shr_u (call $draw) (i64.const 20))))
    (func $i64 (result i64)
      (block $any (block $minus (block $bit (block $small
        (br_table $small $small $bit $minus $any (i32.wrap_i64 (call $below (i64.const 5)))))
        (return (call $below (i64.const 100))))
        (return (call $bits)))
        (return (i64.sub (i64.const 0) (call $below (i64.const 20)))))
      (call $draw))";

/// A guest with some data to point to.
fn guest() -> Guest {
    let mut guest = Guest::new();
    guest.text("train");
    guest.attributes(&[("accuracy", Value::Real(0.5)), ("note", Value::from("text")), ("epoch", Value::Integer(3))]);
    guest.place(&[0xff; 40]);
    guest.place(&(0..=255).collect::<Vec<u8>>());
    guest
}

/// A function `$any` that calls one of the imports.
fn any() -> String {
    let count = IMPORTS.len();
    let calls = IMPORTS.iter().map(|import| call(import, "(call $i32)", "(call $i64)"));
    let cases: String = calls.enumerate().fold(String::new(), |text, (index, call)| {
        text + &format!("(if (i32.eq (local.get $which) (i32.const {index})) (then {call} return))")
    });
    format!(
        "{DRAWS} (func $any (local $which i32) (local.set $which (i32.wrap_i64 (call $below (i64.const {count})))) {cases})"
    )
}

fn setting(seed: u64) -> Setting {
    let limits = Limits { fuel_max: 3_000_000_000, handles_max: 30, memory_bytes_max: 64 << 20, ..Limits::default() };
    let data = BTreeMap::from([("train".to_owned(), vec![7; 1_000])]);
    Setting { limits, seed, data, ..Setting::default() }
}

#[test]
fn whatever_a_guest_calls_and_with_what_it_ends_with_an_outcome() {
    let body = format!(
        "(local $i i32)
         (global.set $state (local.get $seed))
         (drop (call $stdout)) (drop (call $stdin)) (call $keep (call $subscribe_duration (i64.const 0)))
         (loop $next (call $any)
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $next (i32.lt_u (local.get $i) (i32.const {CALLS}))))"
    );
    let bytes = guest().part(&any()).train(body).component();
    let component = component::compile(&SANDBOX, &bytes).unwrap();
    let (one, many) = (program(&bytes), Program::for_many(&SANDBOX, &component, &bytes).unwrap());
    let mut names: BTreeMap<String, u32> = BTreeMap::new();
    for seed in 0..GUESTS {
        let ran = run_program(&many, &setting(seed));
        if seed % 10 == 0 {
            // As text, in which a NaN is equal to itself.
            let again = format!("{:?}", run_program(&one, &setting(seed)));
            assert_eq!(again, format!("{ran:?}"), "{seed}");
        }
        let name = match &ran.outcome {
            Outcome::Trapped { trap } => format!("{trap:?}"),
            Outcome::Exceeded { limit } => format!("{limit:?}"),
            other => other.name().to_owned(),
        };
        *names.entry(name).or_default() += 1;
    }
    // The draws are such that there is some of everything that arguments can bring about.
    for name in ["BadValue", "MissingImport", "FuelMax", "HostCallBytesMax", "misuse", "failed"] {
        assert!(names.contains_key(name), "no `{name}`: {names:?}");
    }
}

/// The imports, each called with nothing but zeroes, with ones, and with addresses.
fn calls() -> impl Iterator<Item = (&'static str, String)> {
    const ARGUMENTS: [(&str, &str); 3] = [
        ("(i32.const 0)", "(i64.const 0)"),
        ("(i32.const -1)", "(i64.const -1)"),
        ("(i32.const 64)", "(i64.const 64)"),
    ];
    IMPORTS.iter().flat_map(|import| ARGUMENTS.iter().map(move |(i32, i64)| (import.name, call(import, i32, i64))))
}

const KEEP: &str = "(func $keep (param i32))";

#[test]
fn whatever_is_called_while_instances_are_made_the_trial_ends_with_an_outcome() {
    for (name, call) in calls() {
        for place in ["(func $begin CALL) (start $begin)", "(func (export \"_initialize\") CALL)"] {
            let part = place.replace("CALL", &call);
            let bytes = guest().part(KEEP).part(&part).component();
            let ran = run_program(&program(&bytes), &setting(1));
            assert_eq!((ran.reports.len(), ran.artifacts.len()), (0, 0), "{name}: {part}");
        }
    }
}

#[test]
fn whatever_is_called_while_describing_there_is_a_description_or_an_outcome() {
    let (mut described, mut ended) = (0, 0);
    for (name, call) in calls() {
        let bytes = guest().part(KEEP).describe(format!("{call} (unreachable)")).component();
        match describe(&bytes) {
            Err(ComponentError::Describe { .. }) => ended += 1,
            Ok(_) => described += 1,
            Err(other) => panic!("{name}: {other}"),
        }
    }
    assert_eq!((described, ended), (0, 3 * IMPORTS.len()));
}
