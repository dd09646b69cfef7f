//! Guests that never end, and what is counted of those that do.

use trialbox::study::{Limit, Outcome, TrapKind};

use super::support::guest::{Guest, reports};
use super::support::run::{FUEL, Setting, program, run, run_program, run_with};
use super::{exceeded, limited, train, trapped};

#[test]
fn an_endless_loop_runs_out_of_fuel() {
    for body in [
        "(loop $for_ever (br $for_ever))",
        "(loop $for_ever (memory.fill (i32.const 0) (i32.const 0) (i32.const 131072)) (br $for_ever))",
        "(loop $for_ever (memory.copy (i32.const 0) (i32.const 1) (i32.const 131071)) (br $for_ever))",
        "(loop $for_ever (drop (memory.grow (i32.const 0))) (br $for_ever))",
        "(loop $for_ever (call $log (i32.const 0) (i32.const 0)) (br $for_ever))",
        "(loop $for_ever (drop (call $monotonic_resolution)) (br $for_ever))",
        "(loop $for_ever (drop (call $monotonic_now)) (br $for_ever))",
        "(loop $for_ever (call $environment (i32.const 64)) (br $for_ever))",
        "(loop $for_ever (drop (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0))) (br $for_ever))",
    ] {
        let ran = train(body);
        assert_eq!((ran.outcome, ran.fuel), (exceeded(Limit::FuelMax), FUEL), "{body}");
    }
}

#[test]
fn filling_all_of_a_large_memory_for_ever_runs_out_of_fuel() {
    let guest = Guest::new()
        .memory("(memory (export \"memory\") 1024)")
        .train("(loop $for_ever (memory.fill (i32.const 32) (i32.const 1) (i32.const 0x3ffff00)) (br $for_ever))");
    let ran = run_with(&guest.component(), &limited(Limit::FuelMax, 1_000_000_000));
    assert_eq!((ran.outcome, ran.fuel), (exceeded(Limit::FuelMax), 1_000_000_000));
}

#[test]
fn a_trial_that_cannot_pay_its_start_does_not_run() {
    let ran = run_with(&reports(1), &limited(Limit::FuelMax, 99_999));
    assert_eq!((ran.outcome, ran.fuel, ran.reports.len()), (exceeded(Limit::FuelMax), 99_999, 0));
    let ran = run_with(&reports(1), &limited(Limit::FuelMax, 100_000));
    assert_eq!((ran.outcome, ran.fuel, ran.reports.len()), (exceeded(Limit::FuelMax), 100_000, 0));
}

#[test]
fn a_report_that_cannot_be_paid_for_is_not_made() {
    let component = program(&reports(2));
    let whole = run_program(&component, &Setting::default());
    assert_eq!(whole.outcome, Outcome::Completed);
    let second = whole.fuels()[1];
    let exact = run_program(&component, &limited(Limit::FuelMax, second));
    assert_eq!((exact.reports.len(), exact.fuel), (2, second));
    let short = run_program(&component, &limited(Limit::FuelMax, second - 1));
    assert_eq!((short.outcome, short.reports.len(), short.fuel), (exceeded(Limit::FuelMax), 1, second - 1));
    assert_eq!(short.reports[0], whole.reports[0]);
}

#[test]
fn a_start_function_that_loops_for_ever_runs_out_of_fuel() {
    let guest = Guest::new().part("(func $begin (loop $for_ever (br $for_ever))) (start $begin)");
    let ran = run(&guest.component());
    assert_eq!((ran.outcome, ran.fuel), (exceeded(Limit::FuelMax), FUEL));
}

#[test]
fn work_in_the_start_function_is_not_counted() {
    let with_start = |work: u32| {
        let mut guest = Guest::new();
        let report = guest.report(&[]);
        let begin = format!(
            "(func $begin (local $i i32)
               (loop $next (local.set $i (i32.add (local.get $i) (i32.const 1)))
                 (br_if $next (i32.lt_u (local.get $i) (i32.const {work})))))
             (start $begin)"
        );
        run(&guest.part(&begin).train(report).component())
    };
    assert_eq!(with_start(1), with_start(1_000_000));
}

#[test]
fn a_start_function_that_traps_ends_the_trial() {
    let ran = run(&Guest::new().part("(func $begin (unreachable)) (start $begin)").component());
    assert_eq!((ran.outcome, ran.fuel), (trapped(TrapKind::Unreachable), 100_000));
}

#[test]
fn what_a_trap_in_the_start_function_costs_does_not_depend_on_the_work_before_it() {
    let begin = "(func $count (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
         (func $begin (local $i i32)
           (loop $next (local.set $i (call $count (local.get $i)))
             (br_if $next (i32.lt_u (local.get $i) (i32.const 1000000))))
           (unreachable))
         (start $begin)";
    let ran = run(&Guest::new().part(begin).component());
    assert_eq!((ran.outcome, ran.fuel), (trapped(TrapKind::Unreachable), 100_000));
}

#[test]
fn the_clean_up_after_the_return_is_metered_and_may_trap() {
    let after = |body: &str| {
        let part = format!("(func (export \"cabi_post_trialbox:trial/train@0.1.0#train\") (param i32) {body})");
        run(&Guest::new().part(&part).component()).outcome
    };
    assert_eq!(after(""), Outcome::Completed);
    assert_eq!(after("(loop $for_ever (br $for_ever))"), exceeded(Limit::FuelMax));
    assert_eq!(after("(unreachable)"), trapped(TrapKind::Unreachable));
}

#[test]
fn a_reallocation_that_loops_for_ever_runs_out_of_fuel() {
    // The host calls it to hand over the arguments.
    let ran = run(&Guest::new().realloc("(loop $for_ever (br $for_ever)) (unreachable)").component());
    assert_eq!(ran.outcome, exceeded(Limit::FuelMax));
}

#[test]
fn a_reallocation_that_answers_nonsense_is_a_malformed_value() {
    for body in ["(i32.const 0xfffffff0)", "(i32.const 0x1ffff)", "(i32.const 3)"] {
        let ran = run(&Guest::new().realloc(body).component());
        assert_eq!(ran.outcome, trapped(TrapKind::BadValue), "{body}");
    }
}

#[test]
fn a_reallocation_may_not_call_the_host() {
    let mut guest = Guest::new();
    let report = guest.report(&[]);
    let ran = run(&guest.realloc(&format!("{report} (i32.const 1024)")).component());
    assert!(matches!(ran.outcome, Outcome::Trapped { .. }), "{}", ran.outcome);
    assert_eq!(ran.reports, []);
}

/// If this fails, virtual time has changed: studies that were begun before are refused, so the release notes must say so.
#[test]
fn the_fuel_of_a_fixed_guest_is_what_it_always_was() {
    let ran = run(&reports(5));
    assert_eq!((ran.fuels(), ran.fuel), (vec![101_314, 102_564, 103_814, 105_064, 106_314], 106_317));
}

/// A little of everything that has a cost of its own.
#[test]
fn the_fuel_of_a_guest_that_does_a_little_of_everything_is_what_it_always_was() {
    let mut guest = Guest::new();
    let report = guest.report(&[("note", "a text".into())]);
    let log = guest.log("a line");
    let steps = [
        "(drop (i32.div_u (i32.load (i32.const 64)) (i32.const 7)))",
        "(drop (f64.sqrt (f64.load (i32.const 64))))",
        "(drop (f64x2.extract_lane 0 (f64x2.sqrt (f64x2.splat (f64.load (i32.const 64))))))",
        "(memory.fill (i32.const 64) (i32.const 0) (i32.const 100))",
        "(memory.copy (i32.const 64) (i32.const 164) (i32.const 100))",
        "(drop (memory.grow (i32.const 1)))",
        "(call $nothing)",
        "(call_indirect $calls (type $nothing) (i32.const 0))",
        "(drop (table.grow $calls (ref.null func) (i32.const 10)))",
        "(block $out (br_table $out $out (i32.load (i32.const 64))))",
        &log,
        "(drop (call $monotonic_now))",
        "(call $random_bytes (i64.const 10) (i32.const 64))",
        "(call $artifact_append (i32.const 1024) (i32.const 4) (i32.const 0) (i32.const 100))",
        "(call $data_read (i32.const 1024) (i32.const 4) (i64.const 0) (i32.const 10) (i32.const 64))",
    ];
    let body: String = steps.iter().flat_map(|step| [*step, report.as_str()]).collect();
    let guest = guest
        .part("(type $nothing (func)) (func $nothing) (table $calls 1 funcref) (elem (i32.const 0) func $nothing)")
        .train(body);
    let mut setting = Setting::default();
    setting.data.insert("note".into(), vec![7; 100]);
    let ran = run_with(&guest.component(), &setting);
    assert_eq!(ran.outcome, Outcome::Completed);
    let mut before = 0;
    let steps: Vec<u64> = ran.fuels().into_iter().map(|fuel| fuel - std::mem::replace(&mut before, fuel)).collect();
    assert_eq!(
        steps,
        [101_193, 1_124, 1_128, 1_237, 1_237, 1_567, 1_120, 1_122, 1_328, 1_122, 1_630, 1_619, 1_666, 1_724, 1_666]
    );
}
