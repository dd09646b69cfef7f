//! Guests that do what WebAssembly forbids, and guests that fail on purpose.

use trialbox::study::{Limit, Outcome, TrapKind};

use super::support::guest::{Guest, Placed};
use super::support::run::{Setting, run, run_with};
use super::{train, trapped};

#[test]
fn each_way_to_trap_has_a_name() {
    let table = [
        ("(unreachable)", TrapKind::Unreachable),
        ("(drop (i32.div_s (i32.const 1) (i32.const 0)))", TrapKind::DivisionByZero),
        ("(drop (i64.rem_u (i64.const 1) (i64.const 0)))", TrapKind::DivisionByZero),
        ("(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", TrapKind::IntegerOverflow),
        ("(drop (i32.trunc_f64_s (f64.const 1e300)))", TrapKind::IntegerOverflow),
        ("(drop (i32.trunc_f64_s (f64.const nan)))", TrapKind::IntegerOverflow),
        ("(drop (i32.load (i32.const 0xfffffff0)))", TrapKind::MemoryOutOfBounds),
        ("(i64.store8 offset=0xffffffff (i32.const 0xffffffff) (i64.const 1))", TrapKind::MemoryOutOfBounds),
        ("(memory.fill (i32.const 1) (i32.const 0) (i32.const 131072))", TrapKind::MemoryOutOfBounds),
        ("(memory.copy (i32.const -1) (i32.const 0) (i32.const 2))", TrapKind::MemoryOutOfBounds),
        ("(memory.init $some (i32.const 0) (i32.const 1) (i32.const 9))", TrapKind::MemoryOutOfBounds),
        ("(drop (table.get $calls (i32.const 4)))", TrapKind::TableOutOfBounds),
        ("(table.fill $calls (i32.const 3) (ref.null func) (i32.const 2))", TrapKind::TableOutOfBounds),
        ("(call_indirect $calls (type $nothing) (i32.const 4))", TrapKind::TableOutOfBounds),
        ("(call_indirect $calls (type $nothing) (i32.const 0))", TrapKind::BadIndirectCall),
        ("(call_indirect $calls (type $nothing) (i32.const 1))", TrapKind::BadIndirectCall),
    ];
    for (body, trap) in table {
        let guest = Guest::new()
            .part("(type $nothing (func)) (table $calls 4 funcref) (elem (table $calls) (i32.const 1) func $realloc)")
            .part("(data $some \"some\")")
            .train(body);
        let ran = run(&guest.component());
        assert_eq!(ran.outcome, trapped(trap), "{body}");
        // The log says where.
        assert!(ran.log.contains("wasm backtrace"), "{body}: {}", ran.log);
    }
}

#[test]
fn a_returned_error_is_the_trials_failure() {
    let mut guest = Guest::new();
    let failure = guest.failure("no data");
    assert_eq!(run(&guest.train(failure).component()).outcome, Outcome::Failed { message: "no data".into() });
}

#[test]
fn a_huge_error_is_cut_between_characters() {
    let mut guest = Guest::new();
    let failure = guest.failure(&"ü".repeat(4_000));
    let component = guest.train(failure).component();
    for (bytes_max, characters) in [(4_096, 2_048), (101, 50), (1, 0), (0, 0)] {
        let mut setting = Setting::default();
        setting.limits.failure_bytes_max = bytes_max;
        let outcome = run_with(&component, &setting).outcome;
        assert_eq!(outcome, Outcome::Failed { message: "ü".repeat(characters) });
    }
}

#[test]
fn an_error_that_lies_outside_the_memory_is_a_malformed_value() {
    for text in [
        Placed { pointer: 0xffff_fff0, length: 8 },
        Placed { pointer: 0, length: 0x7fff_ffff },
        Placed { pointer: 131_071, length: 2 },
    ] {
        let mut guest = Guest::new();
        let failure = guest.failure_at(text);
        assert_eq!(run(&guest.train(failure).component()).outcome, trapped(TrapKind::BadValue), "{text:?}");
    }
    for result in ["-4", "0x1fffc", "3"] {
        let ran = train(&format!("(return (i32.const {result}))"));
        assert_eq!(ran.outcome, trapped(TrapKind::BadValue), "{result}");
    }
}

#[test]
fn a_result_of_no_case_is_a_malformed_value() {
    assert_eq!(train("(i32.store8 (i32.const 16) (i32.const 2))").outcome, trapped(TrapKind::BadValue));
}

#[test]
fn a_runaway_recursion_overflows_the_stack_and_nothing_else() {
    let ran = run(&Guest::new()
        .part("(func $down (param i64) (result i64) (i64.add (call $down (i64.add (local.get 0) (i64.const 1))) (i64.const 1)))")
        .train("(drop (call $down (i64.const 0)))")
        .component());
    assert_eq!(ran.outcome, Outcome::StackOverflowed);
}

#[test]
fn a_recursion_that_calls_the_host_at_its_deepest_overflows_the_stack_and_nothing_else() {
    for call in ["(call $log (i32.const 0) (i32.const 1))", "(call $random_bytes (i64.const 64) (i32.const 64))"] {
        let guest = Guest::new()
            .part(&format!("(func $down {call} (call $down) (i32.store (i32.const 0) (i32.const 65)))"))
            .train("(call $down)");
        let ran = run_with(&guest.component(), &super::limited(Limit::FuelMax, 10_000_000_000));
        assert_eq!(ran.outcome, Outcome::StackOverflowed, "{call}");
    }
}

#[test]
fn an_endless_chain_of_tail_calls_needs_no_stack_and_runs_out_of_fuel() {
    let guest = Guest::new().part("(func $on (return_call $on))").train("(call $on)");
    assert_eq!(run(&guest.component()).outcome, super::exceeded(Limit::FuelMax));
}

#[test]
fn what_a_guest_calls_its_functions_does_not_decide_how_it_ended() {
    for name in ["store handle limit exceeded", "fuel allocated for hostcalls has been exhausted", "unknown import"] {
        let ran = run(&Guest::new()
            .part(&format!("(func $evil (@name \"{name}\") (call $log (i32.const -1) (i32.const 1)))"))
            .train("(call $evil)")
            .component());
        assert_eq!(ran.outcome, trapped(TrapKind::BadValue), "{name}");
    }
}
