//! Guests that misuse what they get of WASI: clocks, randomness, streams, handles.

use trialbox::space::Value;
use trialbox::study::{Limit, Outcome, TrapKind};

use super::support::guest::Guest;
use super::support::run::{FUEL, Ran, Setting, program, run, run_program, run_with};
use super::{exceeded, limited, train, trapped};

/// Runs guests' code with `(call $say (i64…))`, which reports a number under `n`.
fn saying(body: &str) -> Guest {
    let mut guest = Guest::new();
    let list = guest.attributes(&[("n", Value::Integer(0))]);
    let say = format!(
        "(func $say (param i64) (i64.store (i32.const {}) (local.get 0)) (call $report {list}))",
        list.pointer + 16
    );
    // The encoder imports what a body calls; this one stands in a part, which counts as well.
    guest.part(&say).train(body)
}

fn numbers(body: &str) -> Vec<i64> {
    let ran = run(&saying(body).component());
    assert_eq!(ran.outcome, Outcome::Completed, "{body}");
    ran.numbers()
}

#[test]
fn the_clock_is_the_fuel_used() {
    let body = "(call $say (call $monotonic_now)) (call $say (call $monotonic_now)) (call $say (call $monotonic_resolution))
        (call $wall_now (i32.const 64)) (call $say (i64.load (i32.const 64))) (call $say (i64.load32_u (i32.const 72)))";
    let component = program(&saying(body).component());
    let ran = run_program(&component, &Setting::default());
    let numbers = ran.numbers();
    assert!((100_000..ran.fuels()[0] as i64).contains(&numbers[0]), "{numbers:?}");
    assert!((ran.fuels()[0] as i64..ran.fuels()[1] as i64).contains(&numbers[1]), "{numbers:?}");
    assert_eq!((numbers[2], numbers[3]), (1, 0));
    assert!((ran.fuels()[2] as i64..ran.fuels()[3] as i64).contains(&numbers[4]), "{numbers:?}");
    assert_eq!(run_program(&component, &Setting::default()), ran);
}

#[test]
fn before_a_trial_has_begun_its_clock_stands_at_its_first_nanosecond() {
    let mut guest = Guest::new();
    let list = guest.attributes(&[("n", Value::Integer(0))]);
    let at = list.pointer + 16;
    let guest = guest
        .part(&format!("(func (export \"_initialize\") (i64.store (i32.const {at}) (call $monotonic_now)))"))
        .train(format!("(call $report {list})"));
    assert_eq!(run(&guest.component()).numbers(), [1]);
}

#[test]
fn whoever_sleeps_is_charged_the_time_at_once() {
    let body = "(call $say (call $monotonic_now))
        (call $pollable_block (call $subscribe_duration (i64.const 5000000)))
        (call $say (call $monotonic_now))
        (call $pollable_block (call $subscribe_instant (i64.const 10000000)))
        (call $say (call $monotonic_now))
        (call $pollable_block (call $subscribe_instant (i64.const 1)))
        (call $say (call $monotonic_now))";
    let numbers = numbers(body);
    assert!((5_000_000..5_100_000).contains(&(numbers[1] - numbers[0])), "{numbers:?}");
    assert!((10_000_000..10_100_000).contains(&numbers[2]), "{numbers:?}");
    assert!(numbers[3] - numbers[2] < 100_000, "{numbers:?}");
}

#[test]
fn whoever_sleeps_for_thirty_years_is_out_of_fuel_at_once() {
    for call in [
        "(drop (call $subscribe_duration (i64.const 1000000000000000000)))",
        "(drop (call $subscribe_duration (i64.const -1)))",
        "(drop (call $subscribe_instant (i64.const -1)))",
        "(drop (call $subscribe_duration (i64.const -1))) (drop (call $subscribe_duration (i64.const -1)))",
    ] {
        let ran = run(&saying(&format!("{call} (call $say (i64.const 1))")).component());
        assert_eq!((ran.outcome, ran.fuel, ran.reports.len()), (exceeded(Limit::FuelMax), FUEL, 0), "{call}");
    }
}

#[test]
fn sleeping_before_the_trial_has_begun_cannot_last() {
    let guest = Guest::new()
        .part("(func (export \"_initialize\") (drop (call $subscribe_duration (i64.const 1000000000000))))");
    assert_eq!(run(&guest.component()).outcome, exceeded(Limit::FuelMax));
}

/// All three interfaces for randomness, each by number and by bytes where it has both.
const DRAWS: &str = "
    (call $say (call $random_u64)) (call $say (call $random_u64))
    (call $say (call $insecure_u64)) (call $say (call $insecure_u64))
    (call $insecure_seed (i32.const 64)) (call $say (i64.load (i32.const 64))) (call $say (i64.load (i32.const 72)))
    (call $random_bytes (i64.const 8) (i32.const 64)) (call $say (i64.load (i32.load (i32.const 64))))
    (call $insecure_bytes (i64.const 8) (i32.const 64)) (call $say (i64.load (i32.load (i32.const 64))))";

#[test]
fn randomness_follows_from_the_seed_and_from_nothing_else() {
    let component = program(&saying(DRAWS).component());
    let of_seed = |seed| run_program(&component, &Setting { seed, ..Setting::default() });
    let ran = of_seed(1);
    assert_eq!(ran, of_seed(1));
    let (one, two) = (ran.numbers(), of_seed(2).numbers());
    assert!(one.iter().zip(&two).all(|(one, two)| one != two), "{one:?} {two:?}");
    let distinct: std::collections::BTreeSet<i64> = one.iter().copied().collect();
    assert_eq!(distinct.len(), 8, "{one:?}");
    // Fuel does not depend on what is drawn.
    assert_eq!(ran.fuels(), of_seed(2).fuels());
}

#[test]
fn the_seed_for_hashes_is_the_same_whenever_it_is_asked_for() {
    let ask = "(call $insecure_seed (i32.const 64)) (call $say (i64.load (i32.const 64)))";
    let numbers = numbers(&[ask, "(drop (call $random_u64)) (drop (call $insecure_u64))", ask].concat());
    assert_eq!(numbers[0], numbers[1]);
}

#[test]
fn more_randomness_than_a_host_call_may_carry_ends_the_trial() {
    for length in ["4194305", "0x100000000", "-1"] {
        for call in ["random_bytes", "insecure_bytes"] {
            let ran = train(&format!("(call ${call} (i64.const {length}) (i32.const 64))"));
            assert_eq!(ran.outcome, exceeded(Limit::HostCallBytesMax), "{call} {length}");
        }
    }
    assert_eq!(train("(call $random_bytes (i64.const 4194304) (i32.const 64))").outcome, Outcome::Completed);
}

#[test]
fn handles_that_are_never_dropped_run_out() {
    for leak in ["(drop (call $subscribe_duration (i64.const 0)))", "(drop (call $stdout))", "(drop (call $stdin))"] {
        let body = format!("(loop $for_ever {leak} (br $for_ever))");
        let component = program(&Guest::new().train(body).component());
        assert_eq!(
            run_program(&component, &limited(Limit::HandlesMax, 100)).outcome,
            exceeded(Limit::HandlesMax),
            "{leak}"
        );
        assert_eq!(run_program(&component, &Setting::default()).outcome, exceeded(Limit::HandlesMax), "{leak}");
        assert_eq!(
            run_program(&component, &limited(Limit::HandlesMax, 0)).outcome,
            exceeded(Limit::HandlesMax),
            "{leak}"
        );
    }
}

#[test]
fn handles_that_are_dropped_do_not_run_out() {
    for take in ["(call $pollable_drop (call $subscribe_duration (i64.const 0)))", "(call $stream_drop (call $stdout))"]
    {
        let body = format!(
            "(local $i i32)
             (loop $next {take}
               (local.set $i (i32.add (local.get $i) (i32.const 1)))
               (br_if $next (i32.lt_u (local.get $i) (i32.const 2000))))"
        );
        let ran = run_with(&Guest::new().train(body).component(), &limited(Limit::HandlesMax, 10));
        assert_eq!(ran.outcome, Outcome::Completed, "{take}");
    }
}

#[test]
fn handles_that_a_guest_does_not_own_are_malformed_values() {
    for body in [
        "(local $handle i32) (local.set $handle (call $subscribe_duration (i64.const 0)))
         (call $pollable_drop (local.get $handle)) (call $pollable_drop (local.get $handle))",
        "(local $handle i32) (local.set $handle (call $subscribe_duration (i64.const 0)))
         (call $pollable_drop (local.get $handle)) (call $pollable_block (local.get $handle))",
        "(local $s i32) (local.set $s (call $stdout)) (call $stream_drop (local.get $s)) (call $stream_drop (local.get $s))",
        "(local $s i32) (local.set $s (call $stdout)) (call $stream_drop (local.get $s))
         (call $stream_check_write (local.get $s) (i32.const 64))",
        "(call $stream_drop (call $stdin))",
        "(call $stream_splice (call $stdout) (call $stdout) (i64.const 1) (i32.const 64))",
        "(call $resolve (call $stdout) (i32.const 0) (i32.const 0) (i32.const 64))",
        "(call $pollable_drop (i32.const 0))",
        "(call $pollable_drop (i32.const -1))",
        "(call $pollable_block (i32.const 12345678))",
        "(drop (call $pollable_ready (call $stdout)))",
        "(call $stream_drop (call $subscribe_duration (i64.const 0)))",
        "(call $stream_check_write (call $stdin) (i32.const 64))",
        "(call $poll (i32.const 0) (i32.const 1) (i32.const 64))",
        "(i32.store (i32.const 64) (call $stdout)) (call $poll (i32.const 64) (i32.const 1) (i32.const 128))",
        "(call $poll (i32.const 64) (i32.const 0) (i32.const 128))",
        // A stream goes before what waits for it.
        "(local $stream i32) (local.set $stream (call $stdout)) (drop (call $stream_subscribe (local.get $stream)))
         (call $stream_drop (local.get $stream))",
    ] {
        assert_eq!(train(body).outcome, trapped(TrapKind::BadValue), "{body}");
    }
}

#[test]
fn waiting_for_one_moment_many_times_is_paid_for_each_time() {
    // A list of a thousand times the same handle.
    let poll = |count: u32| {
        let body = format!(
            "(local $i i32) (local $handle i32)
             (local.set $handle (call $subscribe_duration (i64.const 0)))
             (loop $next
               (i32.store (i32.add (i32.const 2048) (i32.mul (local.get $i) (i32.const 4))) (local.get $handle))
               (local.set $i (i32.add (local.get $i) (i32.const 1)))
               (br_if $next (i32.lt_u (local.get $i) (i32.const 5000))))
             (call $say (i64.const 0))
             (call $poll (i32.const 2048) (i32.const {count}) (i32.const 64))
             (call $say (i64.extend_i32_u (i32.load (i32.const 68))))"
        );
        let ran = run(&saying(&body).component());
        assert_eq!((&ran.outcome, ran.numbers()[1]), (&Outcome::Completed, i64::from(count)));
        ran.fuels()[1] - ran.fuels()[0]
    };
    assert!(poll(5_000) - poll(1) >= 4_999 * 100, "{} {}", poll(5_000), poll(1));
}

#[test]
fn everything_that_wasi_does_has_a_price() {
    let cost = |body: &str| {
        let ran = run(&saying(&format!(
            "(local $a i32) (local $b i32)
            (local.set $a (call $stdout)) (local.set $b (call $subscribe_duration (i64.const 0)))
            (call $say (i64.const 0)) {body} (call $say (i64.const 0))"
        ))
        .component());
        assert_eq!(ran.outcome, Outcome::Completed, "{body}");
        ran.fuels()[1] - ran.fuels()[0]
    };
    let nothing = cost("");
    for call in [
        "(drop (call $monotonic_now))",
        "(drop (call $monotonic_resolution))",
        "(call $wall_now (i32.const 64))",
        "(drop (call $stdin))",
        "(drop (call $stderr))",
        "(call $environment (i32.const 64))",
        "(call $arguments (i32.const 64))",
        "(call $directories (i32.const 64))",
        "(call $stream_check_write (local.get $a) (i32.const 64))",
        "(call $stream_write (local.get $a) (i32.const 0) (i32.const 0) (i32.const 64))",
        "(call $stream_read (call $stdin) (i64.const 1) (i32.const 64))",
        "(drop (call $stream_subscribe (local.get $a)))",
        "(call $pollable_block (local.get $b))",
        "(drop (call $pollable_ready (local.get $b)))",
        "(call $pollable_drop (local.get $b))",
        "(call $insecure_seed (i32.const 64))",
        "(drop (call $random_u64))",
    ] {
        assert!(cost(call) >= nothing + 500, "{call} costs {}", cost(call) - nothing);
    }
}

/// Writes a text to a stream of WASI's so often.
fn printing(stream: &str, call: &str, text: &[u8], times: u32, setting: &Setting) -> Ran {
    let mut guest = Guest::new();
    let (text, report) = (guest.place(text), guest.report(&[]));
    let body = format!(
        "(local $i i32) (local $stream i32)
         (local.set $stream (call {stream}))
         (loop $next (call {call} (local.get $stream) {text} (i32.const 64))
           (if (i32.load8_u (i32.const 64)) (then (unreachable)))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $next (i32.lt_u (local.get $i) (i32.const {times}))))
         {report}"
    );
    run_with(&guest.train(body).component(), setting)
}

#[test]
fn a_flood_on_standard_output_is_dropped_and_counted_and_the_trial_goes_on() {
    for stream in ["$stdout", "$stderr"] {
        for call in ["$stream_write", "$stream_write_and_flush"] {
            let ran = printing(stream, call, "aüü".as_bytes(), 1_000, &limited(Limit::LogBytesMax, 12));
            assert_eq!((&ran.outcome, ran.reports.len()), (&Outcome::Completed, 1), "{stream} {call}");
            assert_eq!(ran.log, "aüüaüüa[4989 more bytes of log were dropped: limit `log_bytes_max`]\n");
        }
    }
}

#[test]
fn a_character_that_is_written_in_two_parts_is_whole_in_the_log() {
    let mut guest = Guest::new();
    let text = guest.text("a😀b").pointer;
    let write = |from: u32, length: u32| {
        format!("(call $stream_write (local.get $s) (i32.const {}) (i32.const {length}) (i32.const 64))", text + from)
    };
    let body = format!("(local $s i32) (local.set $s (call $stdout)) {} {} {}", write(0, 2), write(2, 2), write(4, 2));
    assert_eq!(run(&guest.train(body).component()).log, "a😀b");
}

#[test]
fn what_is_no_text_on_standard_output_is_replaced_in_the_log() {
    let ran = printing("$stdout", "$stream_write", b"a\xffb", 1, &Setting::default());
    assert_eq!(ran.log, "a\u{fffd}b");
    // Also at the very end, where no rest can come any more.
    let ran = printing("$stdout", "$stream_write", b"a\xf0\x9f", 1, &Setting::default());
    assert_eq!((ran.outcome, ran.log.as_str()), (Outcome::Completed, "a\u{fffd}"));
}

#[test]
fn writing_more_than_is_allowed_at_once_traps() {
    let guest =
        Guest::new().train("(call $stream_write_zeroes (call $stdout) (i64.const 0x7fffffffffffffff) (i32.const 64))");
    assert_eq!(run(&guest.component()).outcome, trapped(TrapKind::BadValue));
    let ran = printing("$stdout", "$stream_write_and_flush", &[b'a'; 4_097], 1, &Setting::default());
    assert_eq!(ran.outcome, trapped(TrapKind::BadValue));
}

#[test]
fn writing_more_than_a_host_call_may_carry_ends_the_trial() {
    let guest = Guest::new()
        .memory("(memory (export \"memory\") 100)")
        .train("(call $stream_write (call $stdout) (i32.const 0) (i32.const 0x500000) (i32.const 64))");
    assert_eq!(run(&guest.component()).outcome, exceeded(Limit::HostCallBytesMax));
}

#[test]
fn standard_input_is_closed_and_never_keeps_anybody_waiting() {
    for call in ["$stream_read", "$stream_blocking_read"] {
        let body = format!(
            "(call {call} (call $stdin) (i64.const -1) (i32.const 64))
             (call $say (i64.extend_i32_u (i32.load8_u (i32.const 64)))) (call $say (i64.extend_i32_u (i32.load8_u (i32.const 68))))"
        );
        // An error, and of its cases the second: closed.
        assert_eq!(numbers(&body), [1, 1], "{call}");
    }
    let body = "(call $stream_splice (call $stdout) (call $stdin) (i64.const -1) (i32.const 64))
        (call $say (i64.extend_i32_u (i32.load8_u (i32.const 64))))";
    assert_eq!(numbers(body), [1]);
}

#[test]
fn a_guest_is_given_its_name_one_folder_and_nothing_else() {
    for (call, count) in [("$environment", 0), ("$arguments", 1), ("$directories", 1)] {
        let body = format!("(call {call} (i32.const 64)) (call $say (i64.extend_i32_u (i32.load (i32.const 68))))");
        assert_eq!(numbers(&body), [count], "{call}");
    }
}

#[test]
fn a_guest_is_given_the_arguments_and_the_environment_of_the_study_in_order() {
    let mut setting = Setting::default();
    setting.guest.arguments = vec!["ab".into(), "abc".into()];
    for (name, value) in [("B", "22222"), ("A", "1111")] {
        setting.guest.environment.insert(name.into(), value.into());
    }
    let body = "(local $i i32)
        (call $arguments (i32.const 64)) (call $environment (i32.const 72))
        (loop $next
          (call $say (i64.load32_u (i32.add (i32.load (i32.const 64)) (i32.add (local.get $i) (i32.const 4)))))
          (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 24))))
        (local.set $i (i32.const 0))
        (loop $next
          (call $say (i64.load32_u (i32.add (i32.load (i32.const 72)) (i32.add (local.get $i) (i32.const 12)))))
          (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 16))) (i32.const 32))))";
    let ran = run_with(&saying(body).component(), &setting);
    // The lengths of `trial`, `ab`, `abc`, and of the values of `A` and `B`.
    assert_eq!(ran.numbers(), [5, 2, 3, 4, 5]);
}

#[test]
fn a_guest_that_exits_has_failed() {
    for (status, code) in [(0, 0), (1, 1)] {
        let ran = train(&format!("(call $exit (i32.const {status}))"));
        let message = format!("the guest exited with status {code} instead of returning");
        assert_eq!(ran.outcome, Outcome::Failed { message });
    }
}

#[test]
fn sockets_and_names_of_hosts_are_refused() {
    let denied = "(call $say (i64.extend_i32_u (i32.load8_u (i32.const 64))))
        (call $say (i64.extend_i32_u (i32.load8_u (i32.const 68))))";
    for family in [0, 1] {
        let body = format!("(call $tcp_socket (i32.const {family}) (i32.const 64)) {denied}");
        // An error, and of its cases the second; each is one byte here, and an own handle has four.
        assert_eq!(numbers(&body), [1, 1], "{family}");
    }
    for name in ["localhost", "127.0.0.1", "", "no such host"] {
        let mut guest = Guest::new();
        let (name, list) = (guest.text(name), guest.attributes(&[("n", Value::Integer(0))]));
        let body = format!(
            "(call $resolve (call $network) {name} (i32.const 64))
             (i64.store (i32.const {}) (i64.extend_i32_u (i32.load8_u (i32.const 64)))) (call $report {list})",
            list.pointer + 16
        );
        let ran = run(&guest.train(body).component());
        assert_eq!((&ran.outcome, ran.numbers()), (&Outcome::Completed, vec![1]));
    }
}

#[test]
fn a_guest_may_import_what_is_not_offered_and_is_ended_when_it_uses_it() {
    // It shares resources with what is offered.
    let part = "(func $wait (call $http_wait (call $subscribe_duration (i64.const 0))))";
    let ran = run(&Guest::new()
        .part(part)
        .train("(call $pollable_block (call $subscribe_duration (i64.const 0)))")
        .component());
    assert_eq!(ran.outcome, Outcome::Completed);
    let ran = run(&Guest::new().part(part).train("(call $wait)").component());
    assert_eq!(ran.outcome, trapped(TrapKind::MissingImport));
}

/// How much fuel a trial may use between two steps.
#[test]
fn a_guest_that_keeps_calling_the_host_still_lets_others_run() {
    for call in [
        "(drop (call $monotonic_now))",
        "(drop (call $random_u64))",
        "(call $log (i32.const 0) (i32.const 0))",
        "(call $pollable_drop (call $subscribe_duration (i64.const 0)))",
        "(call $pollable_drop (call $subscribe_duration (i64.const 900000)))",
        "(call $data_names (i32.const 64))",
    ] {
        let component = Guest::new().train(format!("(loop $for_ever {call} (br $for_ever))")).component();
        let mut running = super::support::run::begin(&program(&component), &Setting::default());
        let mut steps = 0;
        while running.step().is_pending() {
            steps += 1;
        }
        // As often as a guest that calls nobody, but for the last interval.
        assert!((15..=29).contains(&steps), "{call}: {steps}");
    }
}

#[test]
fn yields_are_never_closer_than_the_interval_that_schedulers_count_on() {
    // A mix of everything that moves fuel, with a report now and then, which says how much was used.
    let body = "(local $i i32)
        (loop $next
          (memory.fill (i32.const 64) (i32.const 0) (i32.const 60000))
          (drop (call $random_u64))
          (if (i32.eqz (i32.rem_u (local.get $i) (i32.const 7)))
            (then (call $pollable_drop (call $subscribe_duration (i64.const 300000)))))
          (if (i32.eqz (i32.rem_u (local.get $i) (i32.const 41))) (then (call $say (i64.const 0))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get $i) (i32.const 200))))";
    let mut running = super::support::run::begin(&program(&saying(body).component()), &Setting::default());
    // What whoever schedules trials takes for certain to have been used; it must never be more than was.
    let mut bound = 0;
    loop {
        let polled = running.step();
        let heard = std::mem::take(&mut running.heard.lock().unwrap().reports);
        for (fuel, _) in heard {
            assert!(bound <= fuel, "{bound} {fuel}");
            bound = fuel;
        }
        match polled {
            std::task::Poll::Pending if running.gate.is_waiting() => {}
            std::task::Poll::Pending => bound += 1_000_000,
            std::task::Poll::Ready(ended) => {
                assert_eq!(ended.outcome, Outcome::Completed);
                assert!(bound <= ended.fuel.0 && bound + 2_000_000 > ended.fuel.0, "{bound} {}", ended.fuel.0);
                break;
            }
        }
    }
}
