//! Guests that report too much, too often, or nonsense; and trials that are held or given up inside a report.

use std::task::Poll;

use trialbox::space::Value;
use trialbox::study::{Limit, Outcome, TrapKind};

use super::support::guest::{Guest, Placed, reports};
use super::support::run::{Setting, begin, program, run, run_program, run_with};
use super::{exceeded, limited, misuse, trapped};

/// A guest that makes one report of a list that lies there, or is said to.
fn reporting(list: &Placed) -> Guest {
    Guest::new().train(format!("(call $report {list})"))
}

/// A guest that makes one report with an attribute whose name, case and payload are these.
fn attribute(name: &[u8], case: u8, payload: u64) -> Guest {
    let mut guest = Guest::new();
    let name = guest.place(name);
    let mut bytes = [name.pointer.to_le_bytes(), name.length.to_le_bytes()].concat();
    bytes.extend_from_slice(&u64::from(case).to_le_bytes());
    bytes.extend_from_slice(&payload.to_le_bytes());
    let pointer = guest.place(&bytes).pointer;
    guest.train(format!("(call $report (i32.const {pointer}) (i32.const 1))"))
}

#[test]
fn a_flood_of_reports_ends_at_the_limit() {
    let component =
        Guest::new().train("(loop $more (call $report (i32.const 0) (i32.const 0)) (br $more))").component();
    let ran = run_with(&component, &limited(Limit::ReportsMax, 1_000));
    assert_eq!((ran.outcome, ran.reports.len()), (exceeded(Limit::ReportsMax), 1_000));
    let ran = run_with(&component, &limited(Limit::ReportsMax, 0));
    assert_eq!((ran.outcome, ran.reports.len()), (exceeded(Limit::ReportsMax), 0));
}

#[test]
fn a_billion_reports_end_at_the_limit_that_a_study_has_by_default() {
    let body = "(local $i i32)
        (loop $more (call $report (i32.const 0) (i32.const 0))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $more (i32.lt_u (local.get $i) (i32.const 1000000000))))";
    let ran = run_program(&program(&Guest::new().train(body).component()), &limited(Limit::FuelMax, 10_000_000_000));
    assert_eq!((ran.outcome, ran.reports.len()), (exceeded(Limit::ReportsMax), 100_000));
}

#[test]
fn no_two_reports_of_a_flood_come_in_one_step() {
    // Or else they would all have to be kept before anybody can take them.
    let component =
        Guest::new().train("(loop $more (call $report (i32.const 0) (i32.const 0)) (br $more))").component();
    let mut running = begin(&program(&component), &limited(Limit::ReportsMax, 100));
    let mut ended = false;
    while !ended {
        ended = running.step().is_ready();
        let heard = std::mem::take(&mut running.heard.lock().unwrap().reports);
        assert!(heard.len() <= 1, "{} reports in one step", heard.len());
    }
}

#[test]
fn too_many_attributes_end_the_trial() {
    let names: Vec<String> = (0..65).map(|index| format!("a{index}")).collect();
    let outcome = |count: usize| {
        let mut guest = Guest::new();
        let list: Vec<(&str, Value)> = names[..count].iter().map(|name| (name.as_str(), Value::Integer(1))).collect();
        let report = guest.report(&list);
        run(&guest.train(report).component()).outcome
    };
    assert_eq!(outcome(64), Outcome::Completed);
    assert_eq!(outcome(65), exceeded(Limit::AttributesMax));
}

#[test]
fn a_hundred_thousand_attributes_end_the_trial() {
    let list = Placed { pointer: 8_192, length: 100_000 };
    let component = reporting(&list).memory("(memory (export \"memory\") 40)").component();
    let ran = run(&component);
    assert_eq!((ran.outcome, ran.reports.len()), (exceeded(Limit::HostCallBytesMax), 0));
    // Also where a call may carry as many.
    let ran = run_with(&component, &limited(Limit::HostCallBytesMax, 64 << 20));
    assert_eq!((ran.outcome, ran.reports.len()), (exceeded(Limit::AttributesMax), 0));
}

#[test]
fn a_text_of_a_hundred_mebibytes_ends_the_trial_wherever_it_is_given() {
    let huge = Placed { pointer: 4_096, length: 100 << 20 };
    let as_attribute = format!(
        "(i32.store (i32.const 1024) (i32.const 0)) (i32.store (i32.const 1028) (i32.const 0))
         (i32.store8 (i32.const 1032) (i32.const 3))
         (i32.store (i32.const 1040) (i32.const {})) (i32.store (i32.const 1044) (i32.const {}))
         (call $report (i32.const 1024) (i32.const 1))",
        huge.pointer, huge.length
    );
    for (call, byte) in [
        (format!("(call $log {huge})"), 0x61),
        // Neither is it looked at whether it is a text.
        (format!("(call $log {huge})"), 0xff),
        (format!("(call $artifact_clear {huge})"), 0x61),
        (format!("(call $artifact_append (i32.const 0) (i32.const 1) {huge})"), 0x61),
        (format!("(call $data_size {huge} (i32.const 64))"), 0x61),
        (as_attribute, 0x61),
    ] {
        // The rest of the memory holds zeroes, which are a text as well.
        let fill = format!("(memory.fill (i32.const 4096) (i32.const {byte}) (i32.const 1000))");
        let guest = Guest::new().memory("(memory (export \"memory\") 1700)").train(format!("{fill} {call}"));
        let ran = run_with(&guest.component(), &limited(Limit::FuelMax, 10_000_000_000));
        assert_eq!((ran.outcome, ran.reports.len()), (exceeded(Limit::HostCallBytesMax), 0), "{call}");
    }
}

#[test]
fn a_long_name_ends_the_trial() {
    let outcome = |bytes: usize| run(&attribute(&vec![b'n'; bytes], 1, 1).component()).outcome;
    assert_eq!(outcome(128), Outcome::Completed);
    assert_eq!(outcome(129), exceeded(Limit::AttributeNameBytesMax));
    assert_eq!(outcome(100_000), exceeded(Limit::AttributeNameBytesMax));
}

#[test]
fn a_long_text_ends_the_trial() {
    let outcome = |bytes: usize| {
        let mut guest = Guest::new();
        let report = guest.report(&[("note", Value::Text("t".repeat(bytes)))]);
        run(&guest.train(report).component()).outcome
    };
    assert_eq!(outcome(4_096), Outcome::Completed);
    assert_eq!(outcome(4_097), exceeded(Limit::AttributeTextBytesMax));
}

#[test]
fn a_name_that_occurs_twice_is_a_misuse() {
    let mut guest = Guest::new();
    let report = guest.report(&[("a\nb", 1_i64.into()), ("c", 2_i64.into()), ("a\nb", 3_i64.into())]);
    let ran = run(&guest.train(report).component());
    assert_eq!(misuse(&ran), r"`report` was given the attribute `a\nb` twice");
    assert_eq!(ran.reports, []);
}

#[test]
fn an_empty_report_and_an_empty_name_are_data() {
    let mut guest = Guest::new();
    let (none, unnamed) = (guest.report(&[]), guest.report(&[("", Value::from(""))]));
    let ran = run(&guest.train(none + &unnamed).component());
    assert_eq!((ran.outcome, ran.reports[0].1.attributes.len()), (Outcome::Completed, 0));
    assert_eq!(ran.reports[1].1.attributes[0].value, Value::from(""));
}

#[test]
fn a_list_that_is_not_in_the_memory_is_a_malformed_value() {
    for list in [
        Placed { pointer: 0, length: 0x8000_0000 },
        Placed { pointer: 0, length: 0x7fff_ffff },
        Placed { pointer: 0, length: 0xffff_ffff },
        Placed { pointer: 0xffff_fff8, length: 1 },
        Placed { pointer: 131_072 - 16, length: 1 },
        Placed { pointer: 1_028, length: 1 },
    ] {
        let ran = run(&reporting(&list).component());
        assert_eq!((ran.outcome, ran.reports.len()), (trapped(TrapKind::BadValue), 0), "{list:?}");
    }
}

#[test]
fn a_name_or_a_text_that_is_not_in_the_memory_is_a_malformed_value() {
    for pair in [0xffff_ffff_0000_0000_u64, 0x0000_0001_ffff_ffff, 0x8000_0000_0000_0400] {
        let ran = run(&attribute(b"note", 3, pair).component());
        assert_eq!(ran.outcome, trapped(TrapKind::BadValue), "{pair:x}");
        let mut guest = Guest::new();
        let mut bytes = pair.to_le_bytes().to_vec();
        bytes.extend_from_slice(&[0; 16]);
        let list = Placed { pointer: guest.place(&bytes).pointer, length: 1 };
        let ran = run(&guest.train(format!("(call $report {list})")).component());
        assert_eq!(ran.outcome, trapped(TrapKind::BadValue), "{pair:x}");
    }
}

#[test]
fn a_value_of_no_case_is_a_malformed_value() {
    for case in [4, 255] {
        assert_eq!(run(&attribute(b"n", case, 0).component()).outcome, trapped(TrapKind::BadValue), "{case}");
    }
}

#[test]
fn a_name_or_a_text_that_is_no_utf8_is_a_malformed_value() {
    for name in [&b"\xff"[..], b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80", b"ok\x80"] {
        assert_eq!(run(&attribute(name, 1, 0).component()).outcome, trapped(TrapKind::BadValue), "{name:?}");
        let mut guest = Guest::new();
        let text = guest.place(name);
        let list = guest.attributes(&[("t", Value::Integer(0))]);
        let ran = run(&guest
            .train(format!(
                "(i32.store8 (i32.const {}) (i32.const 3)) (i32.store (i32.const {}) (i32.const {}))
                 (i32.store (i32.const {}) (i32.const {})) (call $report {list})",
                list.pointer + 8,
                list.pointer + 16,
                text.pointer,
                list.pointer + 20,
                text.length
            ))
            .component());
        assert_eq!(ran.outcome, trapped(TrapKind::BadValue), "{name:?}");
    }
}

#[test]
fn any_name_in_utf8_is_data() {
    for name in ["\0", "a\u{202e}b", "\u{10ffff}", "../../etc", "'; drop table report; --", "\r\n\u{1b}[2J"] {
        let ran = run(&attribute(name.as_bytes(), 2, 1).component());
        assert_eq!((ran.outcome, ran.reports[0].1.get(name)), (Outcome::Completed, Some(&Value::Boolean(true))));
    }
}

#[test]
fn a_list_that_is_larger_than_a_host_call_may_carry_ends_the_trial() {
    let list = Placed { pointer: 1_024, length: 400_000 };
    let guest = reporting(&list).memory("(memory (export \"memory\") 200)");
    assert_eq!(run(&guest.component()).outcome, exceeded(Limit::HostCallBytesMax));
}

#[test]
fn one_text_given_many_times_cannot_carry_more_than_a_host_call_may() {
    // A list whose elements all point to the same mebibyte.
    let body = "(local $i i32)
        (loop $next
          (i32.store (i32.add (i32.const 1024) (i32.mul (local.get $i) (i32.const 24))) (i32.const 65536))
          (i32.store offset=4 (i32.add (i32.const 1024) (i32.mul (local.get $i) (i32.const 24))) (i32.const 1048576))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get $i) (i32.const 1000))))
        (call $report (i32.const 1024) (i32.const 1000))";
    let guest = Guest::new().memory("(memory (export \"memory\") 32)").train(body);
    assert_eq!(run(&guest.component()).outcome, exceeded(Limit::HostCallBytesMax));
}

#[test]
fn numbers_that_are_none_pass_through_and_there_is_one_nan() {
    let bits = |payload: u64| {
        let ran = run(&attribute(b"loss", 0, payload).component());
        assert_eq!(ran.outcome, Outcome::Completed);
        match ran.value(0, "loss") {
            Value::Real(real) => real.to_bits(),
            other => panic!("{other}"),
        }
    };
    for nan in [0x7ff8_0000_0000_0000, 0xfff8_0000_0000_0000, 0x7ff0_0000_0000_0001, 0xffff_ffff_ffff_ffff] {
        assert_eq!(bits(nan), f64::NAN.to_bits(), "{nan:x}");
    }
    for real in [f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::MIN_POSITIVE / 2.0] {
        assert_eq!(bits(real.to_bits()), real.to_bits());
    }
}

#[test]
fn a_boolean_is_true_for_every_number_but_zero() {
    for (payload, boolean) in [(0, false), (1, true), (2, true), (255, true), (256, false)] {
        let ran = run(&attribute(b"b", 2, payload).component());
        assert_eq!(ran.value(0, "b"), &Value::Boolean(boolean), "{payload}");
    }
}

#[test]
fn a_report_at_a_closed_gate_is_made_and_waits_until_the_gate_is_opened() {
    let component = program(&reports(3));
    let free = run_program(&component, &Setting::default());
    let mut running = begin(&component, &Setting::default());
    running.gate.set_closed(true);
    for report in 1..=3 {
        for _ in 0..10 {
            assert!(running.step().is_pending());
            assert!(running.gate.is_waiting());
            assert_eq!(running.heard.lock().unwrap().reports.len(), report);
        }
        running.gate.set_closed(false);
        if report < 3 {
            // It passes, and is caught at its next report.
            while running.heard.lock().unwrap().reports.len() == report {
                assert!(running.step().is_pending());
            }
            running.gate.set_closed(true);
        }
    }
    let ended = loop {
        if let Poll::Ready(ended) = running.step() {
            break ended;
        }
    };
    // Waiting costs nothing.
    assert_eq!((ended.outcome, ended.fuel.0), (free.outcome, free.fuel));
    assert_eq!(running.heard.lock().unwrap().reports, free.reports);
}

#[test]
fn a_trial_may_be_dropped_at_any_point() {
    let mut guest = Guest::new();
    let report = guest.report(&[("n", Value::Integer(1))]);
    let body = format!(
        "(local $i i32)
         (loop $next
           (memory.fill (i32.const 64) (i32.const 0) (i32.const 130000))
           (drop (call $subscribe_duration (i64.const 1000)))
           (call $random_bytes (i64.const 1000) (i32.const 64))
           {report}
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $next (i32.lt_u (local.get $i) (i32.const 20))))"
    );
    let component = program(&guest.train(body).component());
    let whole = run_program(&component, &Setting::default());
    assert_eq!(whole.outcome, Outcome::Completed);
    for steps in 0.. {
        let mut running = begin(&component, &Setting::default());
        let ended = (0..steps).any(|_| running.step().is_ready());
        let heard = running.heard.clone();
        drop(running);
        let heard = std::mem::take(&mut heard.lock().unwrap().reports);
        assert_eq!(heard, whole.reports[..heard.len()]);
        if ended {
            break;
        }
    }
    assert_eq!(run_program(&component, &Setting::default()), whole);
}
