//! Guests whose `describe` does not describe anything.

use trialbox::sandbox::component::ComponentError;
use trialbox::space::{Domain, IntegerRange, RealRange, Value};
use trialbox::study::{Limit, Outcome, TrapKind};

use super::support::guest::{Declared, Described, Guest};
use super::support::run::describe;
use super::{exceeded, trapped};

fn real(lower: f64, upper: f64, log: bool) -> Domain {
    Domain::Real(RealRange { lower, upper, log })
}

fn integer(lower: i64, upper: i64, log: bool) -> Domain {
    Domain::Integer(IntegerRange { lower, upper, log })
}

fn with(parameters: Vec<Declared>) -> Result<trialbox::study::Description, ComponentError> {
    describe(&Guest::new().described(&Described { parameters, ..Described::default() }).component())
}

/// What is said of a description that is not well formed.
fn refusal(parameters: Vec<Declared>) -> String {
    match with(parameters) {
        Err(ComponentError::Description(message)) => message,
        other => panic!("{other:?}"),
    }
}

fn outcome(guest: &Guest) -> Outcome {
    match describe(&guest.component()) {
        Err(ComponentError::Describe { outcome, .. }) => outcome,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_part_of_a_description_arrives() {
    let declared = vec![
        Declared { default: Some(Value::Real(0.1)), ..Declared::new("rate", real(1e-4, 1.0, true)) },
        Declared::new("layers", integer(1, 9, false)),
        Declared::new("nesterov", Domain::Boolean),
        Declared::new("kind", Domain::Choice(vec![Value::from("sgd"), Value::from("adam"), Value::Integer(3)])),
        Declared::new("kind.beta", real(0.5, 1.0, false)).under("kind", 1),
        Declared::new("epochs", Domain::Constant(Value::Integer(10))),
    ];
    let described =
        Described { parameters: declared.clone(), reward_attr: Some("score".into()), time_attr: None, max_t: Some(81) };
    let description = describe(&Guest::new().described(&described).component()).unwrap();
    assert_eq!(
        (description.reward_attr.as_deref(), description.time_attr, description.max_t),
        (Some("score"), None, Some(81))
    );
    let parameters = description.space.parameters();
    assert_eq!(parameters.len(), declared.len());
    for (parameter, declared) in parameters.iter().zip(&declared) {
        assert_eq!((&parameter.name, &parameter.domain), (&declared.name, &declared.domain));
        let condition = parameter.condition.as_ref().map(|condition| (condition.parameter.clone(), condition.choice));
        assert_eq!(condition, declared.condition);
    }
    assert_eq!(parameters[0].default, Value::Real(0.1));
}

#[test]
fn a_description_that_never_comes_runs_out_of_fuel() {
    for body in [
        "(loop $for_ever (br $for_ever)) (unreachable)",
        "(loop $for_ever (drop (call $monotonic_now)) (br $for_ever)) (unreachable)",
        "(drop (call $subscribe_duration (i64.const -1))) (unreachable)",
    ] {
        assert_eq!(outcome(&Guest::new().describe(body)), exceeded(Limit::FuelMax), "{body}");
    }
    let begin = "(func $begin (loop $for_ever (br $for_ever))) (start $begin)";
    assert_eq!(outcome(&Guest::new().part(begin)), exceeded(Limit::FuelMax));
}

#[test]
fn what_a_description_that_fails_wrote_last_is_told() {
    let mut guest = Guest::new();
    let log = guest.log("no such optimiser: \u{1b}sgdd");
    let told = describe(&guest.describe(format!("{log} (unreachable)")).component()).unwrap_err().to_string();
    assert!(told.ends_with("; its log ends: no such optimiser: \\u{1b}sgdd"), "{told}");
    let mut guest = Guest::new();
    let log = guest.log(&"flood".repeat(1_000));
    let told =
        describe(&guest.describe(format!("(loop $again {log} (br $again)) (unreachable)")).component()).unwrap_err();
    assert!(told.to_string().len() < 4_000, "{told}");
}

#[test]
fn a_description_that_traps_is_none() {
    assert_eq!(outcome(&Guest::new().describe("(unreachable)")), trapped(TrapKind::Unreachable));
    let guest =
        Guest::new().part("(func $down (result i32) (i32.add (call $down) (i32.const 1)))").describe("(call $down)");
    assert_eq!(outcome(&guest), Outcome::StackOverflowed);
    let guest = Guest::new()
        .describe("(loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (i32.const 0)");
    assert_eq!(outcome(&guest), exceeded(Limit::MemoryBytesMax));
    let guest = Guest::new().describe("(call $exit (i32.const 0)) (i32.const 0)");
    assert!(matches!(outcome(&guest), Outcome::Failed { .. }));
}

#[test]
fn a_description_that_is_not_in_the_memory_is_a_malformed_value() {
    for address in ["-8", "131040", "4", "0x7ffffff8"] {
        assert_eq!(
            outcome(&Guest::new().describe(format!("(i32.const {address})"))),
            trapped(TrapKind::BadValue),
            "{address}"
        );
    }
    // A list of parameters that is not there, and one that is claimed to be huge.
    for (pointer, length) in [("-8", "1"), ("0", "0x7fffffff"), ("0", "-1"), ("4", "1")] {
        let body = format!(
            "(i32.store (i32.const 64) (i32.const {pointer})) (i32.store (i32.const 68) (i32.const {length})) (i32.const 64)"
        );
        assert_eq!(outcome(&Guest::new().describe(body)), trapped(TrapKind::BadValue), "{length} at {pointer}");
    }
}

#[test]
fn a_million_parameters_are_more_than_a_call_may_carry() {
    let guest = Guest::new().memory("(memory (export \"memory\") 1300)").describe(
        "(i32.store (i32.const 64) (i32.const 2048)) (i32.store (i32.const 68) (i32.const 1000000)) (i32.const 64)",
    );
    assert_eq!(outcome(&guest), exceeded(Limit::HostCallBytesMax));
}

#[test]
fn too_many_parameters_are_refused() {
    let declared =
        |count: usize| (0..count).map(|index| Declared::new(&format!("p{index}"), Domain::Boolean)).collect();
    assert_eq!(with(declared(1_000)).unwrap().space.parameters().len(), 1_000);
    assert!(refusal(declared(1_001)).contains("1000"));
}

#[test]
fn describing_may_neither_report_nor_read_nor_leave_anything() {
    let calls = [
        ("report", "(call $report (i32.const 0) (i32.const 0))"),
        ("data.names", "(call $data_names (i32.const 64))"),
        ("data.size", "(call $data_size (i32.const 0) (i32.const 1) (i32.const 64))"),
        ("data.read", "(call $data_read (i32.const 0) (i32.const 1) (i64.const 0) (i32.const 1) (i32.const 64))"),
        ("artifact.append", "(call $artifact_append (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1))"),
        ("artifact.clear", "(call $artifact_clear (i32.const 0) (i32.const 1))"),
    ];
    for (name, call) in calls {
        let said = outcome(&Guest::new().describe(format!("{call} (i32.const 0)")));
        assert_eq!(said, Outcome::Misused { message: format!("`{name}` was called while describing") });
    }
    let mut guest = Guest::new();
    let (log, description) = (guest.log("hello"), guest.description(&Described::default()));
    assert!(describe(&guest.describe(format!("{log} (i32.const {description})")).component()).is_ok());
}

#[test]
fn intervals_that_are_none_are_refused() {
    let nan = f64::NAN;
    let domains = [
        real(1.0, 0.0, false),
        real(1.0, 1.0, false),
        real(nan, 1.0, false),
        real(0.0, nan, false),
        real(nan, nan, true),
        real(f64::NEG_INFINITY, f64::INFINITY, false),
        real(0.0, f64::INFINITY, true),
        real(f64::MIN, f64::MAX, false),
        real(0.0, 1.0, true),
        real(-1.0, 1.0, true),
        integer(1, 0, false),
        integer(1, 1, false),
        integer(i64::MIN, i64::MAX, false),
        integer(i64::MIN, i64::MAX, true),
        integer(i64::MAX, i64::MIN, false),
        integer(i64::MAX - 1, i64::MAX, false),
        integer(0, 10, true),
        integer(-10, 10, true),
    ];
    for domain in domains {
        assert_ne!(refusal(vec![Declared::new("p", domain.clone())]), "", "{domain:?}");
    }
}

#[test]
fn choices_that_are_none_are_refused() {
    let many = (0..10_001).map(Value::Integer).collect();
    let lists = [
        vec![],
        vec![Value::Integer(1), Value::Integer(1)],
        vec![Value::Real(f64::NAN)],
        vec![Value::Real(f64::INFINITY)],
        vec![Value::from("a"), Value::from("b"), Value::from("a")],
        many,
    ];
    for values in lists {
        let count = values.len();
        assert_ne!(refusal(vec![Declared::new("p", Domain::Choice(values))]), "", "{count}");
    }
}

#[test]
fn defaults_outside_the_domain_are_refused() {
    let table = [
        (real(0.0, 1.0, false), Value::Real(2.0)),
        (real(0.0, 1.0, false), Value::Real(f64::NAN)),
        (real(0.0, 1.0, false), Value::Integer(1)),
        (integer(0, 9, false), Value::Integer(10)),
        (integer(0, 9, false), Value::Real(1.0)),
        (Domain::Boolean, Value::from("false")),
        (Domain::Choice(vec![Value::from("a")]), Value::from("b")),
        (Domain::Constant(Value::Integer(1)), Value::Integer(2)),
    ];
    for (domain, default) in table {
        let declared = Declared { default: Some(default.clone()), ..Declared::new("p", domain) };
        assert!(refusal(vec![declared]).contains("default"), "{default}");
    }
}

#[test]
fn conditions_that_cannot_be_met_are_refused() {
    let choice = || Declared::new("a", Domain::Choice(vec![Value::Integer(1), Value::Integer(2)]));
    let on = |name: &str, parameter: &str, index: u32| Declared::new(name, Domain::Boolean).under(parameter, index);
    let kinds = |name: &str| Domain::Choice(vec![Value::from(name)]);
    let lists = [
        // On itself, in a circle, on a later one, on nothing.
        vec![Declared::new("a", kinds("x")).under("a", 0)],
        vec![Declared::new("a", kinds("x")).under("b", 0), Declared::new("b", kinds("x")).under("a", 0)],
        vec![on("b", "a", 0), choice()],
        vec![choice(), on("b", "nobody", 0)],
        vec![choice(), on("b", "", 0)],
        // On what is no choice, or has no such value.
        vec![Declared::new("a", Domain::Boolean), on("b", "a", 0)],
        vec![choice(), on("b", "a", 2)],
        vec![choice(), on("b", "a", u32::MAX)],
    ];
    for parameters in lists {
        assert!(refusal(parameters.clone()).contains("condition"), "{parameters:?}");
    }
}

#[test]
fn names_that_are_none_are_refused() {
    let long = "n".repeat(129);
    for name in ["", ".", "a.", ".a", "a..b", "a\nb", "\0", "a\u{1b}[2J", "a\u{85}", "a\u{2581}b", &long] {
        assert_ne!(refusal(vec![Declared::new(name, Domain::Boolean)]), "", "{name:?}");
    }
    let twice = vec![Declared::new("a", Domain::Boolean), Declared::new("a", real(0.0, 1.0, false))];
    assert!(refusal(twice).contains("twice"));
}

#[test]
fn attributes_that_cannot_be_are_refused() {
    let long = "n".repeat(129);
    for name in ["", "a\nb", "a\u{1b}[2J", &long] {
        let reward = Described { reward_attr: Some(name.into()), ..Described::default() };
        let time = Described { time_attr: Some(name.into()), ..Described::default() };
        for described in [reward, time] {
            let said = describe(&Guest::new().described(&described).component());
            assert!(matches!(said, Err(ComponentError::Description(_))), "{name:?}: {said:?}");
        }
    }
    let never = Described { max_t: Some(0), ..Described::default() };
    assert!(describe(&Guest::new().described(&never).component()).is_err());
}

#[test]
fn a_refusal_is_short_and_in_printable_letters_whatever_it_speaks_of() {
    let huge = "\u{1b}[2J".repeat(100_000);
    let lists = [
        vec![Declared::new(&huge, Domain::Boolean)],
        vec![Declared::new("a", Domain::Choice(vec![Value::from(&*huge), Value::from(&*huge)]))],
        vec![Declared { default: Some(Value::from(&*huge)), ..Declared::new("a", Domain::Boolean) }],
        vec![Declared::new("a", Domain::Boolean).under(&huge, 0)],
    ];
    for parameters in lists {
        let message = refusal(parameters);
        assert!(message.len() < 2_000, "{} bytes", message.len());
        assert!(!message.contains(char::is_control), "{message:?}");
    }
}

#[test]
fn a_name_that_is_no_utf8_is_a_malformed_value() {
    let mut guest = Guest::new();
    let name = guest.place(b"\xff\xfe");
    let mut parameter = [name.pointer.to_le_bytes(), name.length.to_le_bytes()].concat();
    parameter.resize(80, 0);
    let parameter = guest.place(&parameter);
    let mut description = [parameter.pointer.to_le_bytes(), 1_u32.to_le_bytes()].concat();
    description.resize(48, 0);
    let description = guest.place(&description);
    let guest = guest.describe(format!("(i32.const {})", description.pointer));
    assert_eq!(outcome(&guest), trapped(TrapKind::BadValue));
}
