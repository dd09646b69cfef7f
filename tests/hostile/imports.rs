//! Guests that misuse the trial's own imports: its log, its data sets, its artifacts.

use trialbox::space::Value;
use trialbox::study::{Limit, Outcome, TrapKind};

use super::support::guest::{Guest, Placed};
use super::support::run::{Ran, Setting, run, run_with};
use super::{exceeded, limited, misuse, trapped};

/// A setting with data sets.
fn with_data() -> Setting {
    let mut setting = Setting::default();
    setting.data.insert("train".into(), (0..=255).collect());
    setting.data.insert("äußere".into(), vec![1; 10_000]);
    setting.data.insert("empty".into(), Vec::new());
    setting
}

/// Reports a number that the body leaves (i64).
fn reporting_number(mut guest: Guest, body: &str) -> Guest {
    let list = guest.attributes(&[("n", Value::Integer(0))]);
    guest.train(format!(
        "(i64.store (i32.const {}) (block (result i64) {body})) (call $report {list})",
        list.pointer + 16
    ))
}

#[test]
fn text_past_the_logs_limit_is_dropped_and_counted_and_the_trial_goes_on() {
    let mut guest = Guest::new();
    let (line, report) = (guest.log(&"0123456789".repeat(10)), guest.report(&[]));
    let body = format!(
        "(local $i i32)
         (loop $next {line}
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $next (i32.lt_u (local.get $i) (i32.const 100))))
         {report}"
    );
    let ran = run_with(&guest.train(body).component(), &limited(Limit::LogBytesMax, 1_000));
    assert_eq!((&ran.outcome, ran.reports.len()), (&Outcome::Completed, 1));
    let (kept, note) = ran.log.split_at(1_000);
    assert_eq!(&kept[..101], &format!("{}\n", "0123456789".repeat(10)));
    assert_eq!(note, "[9100 more bytes of log were dropped: limit `log_bytes_max`]\n");
}

#[test]
fn a_log_of_no_bytes_keeps_nothing_and_the_trial_goes_on() {
    let mut guest = Guest::new();
    let log = guest.log("text");
    let ran = run_with(&guest.train(log).component(), &limited(Limit::LogBytesMax, 0));
    assert_eq!(ran.outcome, Outcome::Completed);
    assert_eq!(ran.log, "[5 more bytes of log were dropped: limit `log_bytes_max`]\n");
}

#[test]
fn the_log_is_cut_between_characters() {
    let mut guest = Guest::new();
    let log = guest.log(&"ü".repeat(100));
    let component = guest.train(log).component();
    for bytes_max in 0..10 {
        let ran = run_with(&component, &limited(Limit::LogBytesMax, bytes_max));
        let characters = usize::try_from(bytes_max / 2).unwrap();
        assert_eq!(ran.log.trim_start_matches('ü').len() + 2 * characters, ran.log.len(), "{bytes_max}: {}", ran.log);
        let note = format!("[{} more bytes of log were dropped: limit `log_bytes_max`]\n", 201 - 2 * characters);
        assert_eq!(ran.log[2 * characters..], note);
        assert_eq!(ran.outcome, Outcome::Completed);
    }
}

#[test]
fn a_text_larger_than_a_host_call_may_carry_ends_the_trial() {
    let list = Placed { pointer: 0, length: (4 << 20) + 1 };
    let guest = Guest::new().memory("(memory (export \"memory\") 100)").train(format!("(call $log {list})"));
    assert_eq!(run(&guest.component()).outcome, exceeded(Limit::HostCallBytesMax));
}

#[test]
fn a_text_that_is_not_in_the_memory_or_no_utf8_is_a_malformed_value() {
    for text in [
        Placed { pointer: 0, length: 0xffff_ffff },
        Placed { pointer: 0xffff_ffff, length: 1 },
        Placed { pointer: 131_072, length: 1 },
    ] {
        for call in ["(call $log TEXT)", "(call $data_size TEXT (i32.const 64))", "(call $artifact_clear TEXT)"] {
            let ran = run(&Guest::new().train(call.replace("TEXT", &text.to_string())).component());
            assert_eq!(ran.outcome, trapped(TrapKind::BadValue), "{call} {text:?}");
        }
    }
    let mut guest = Guest::new();
    let text = guest.place(b"\xf0\x9f");
    assert_eq!(run(&guest.train(format!("(call $log {text})")).component()).outcome, trapped(TrapKind::BadValue));
}

#[test]
fn the_names_of_the_data_sets_come_in_order() {
    let body = "(call $data_names (i32.const 64)) (i64.extend_i32_u (i32.load (i32.const 68)))";
    let guest = reporting_number(Guest::new(), body);
    assert_eq!(run_with(&guest.component(), &with_data()).numbers(), [3]);
    // The first letters: `e`, `t`, and the first byte of `ä`.
    for (index, letter) in [(0, 0x65), (1, 0x74), (2, 0xc3)] {
        let body = format!(
            "(call $data_names (i32.const 64))
             (i64.extend_i32_u (i32.load8_u (i32.load (i32.add (i32.load (i32.const 64)) (i32.const {})))))",
            index * 8
        );
        assert_eq!(run_with(&reporting_number(Guest::new(), &body).component(), &with_data()).numbers(), [letter]);
    }
}

#[test]
fn a_data_set_has_its_size_and_an_unknown_one_has_none() {
    let size = |name: &str| {
        let mut guest = Guest::new();
        let name = guest.text(name);
        let body = format!(
            "(call $data_size {name} (i32.const 64))
             (if (result i64) (i32.load8_u (i32.const 64)) (then (i64.load (i32.const 72))) (else (i64.const -1)))"
        );
        run_with(&reporting_number(guest, &body).component(), &with_data()).numbers()[0]
    };
    assert_eq!(size("train"), 256);
    assert_eq!(size("äußere"), 10_000);
    assert_eq!(size("empty"), 0);
    for unknown in ["", "Train", "train\0", "../train", "äußer"] {
        assert_eq!(size(unknown), -1, "{unknown:?}");
    }
}

/// How many bytes `data.read` gives, or −1 if it fails.
fn read(name: &str, offset: u64, length: u32) -> Ran {
    let mut guest = Guest::new();
    let name = guest.text(name);
    let body = format!(
        "(call $data_read {name} (i64.const {offset}) (i32.const {length}) (i32.const 64))
         (if (result i64) (i32.load8_u (i32.const 64))
           (then (i64.const -1)) (else (i64.extend_i32_u (i32.load (i32.const 72)))))"
    );
    run_with(&reporting_number(guest, &body).component(), &with_data())
}

#[test]
fn a_read_gives_what_there_is() {
    for (offset, length, given) in [
        (0, 256, 256),
        (0, 4 << 20, 256),
        (255, 4 << 20, 1),
        (256, 1, 0),
        (u64::MAX, 4 << 20, 0),
        (u64::MAX - 1, 1, 0),
        (1 << 32, 1, 0),
        (100, 0, 0),
        (100, 7, 7),
    ] {
        assert_eq!(read("train", offset, length).numbers(), [given], "{length} from {offset}");
    }
    assert_eq!(read("empty", 0, 1).numbers(), [0]);
    assert_eq!(read("unknown", 0, 1).numbers(), [-1]);
}

#[test]
fn a_read_of_more_than_a_host_call_may_carry_ends_the_trial() {
    for name in ["train", "unknown"] {
        for length in [(4 << 20) + 1, u32::MAX] {
            assert_eq!(read(name, 0, length).outcome, exceeded(Limit::HostCallBytesMax), "{length} of {name}");
        }
    }
}

/// Appends so many bytes to an artifact, so often.
fn appending(name: &[u8], bytes: u32, times: u32) -> Ran {
    let mut guest = Guest::new();
    let name = guest.place(name);
    let body = format!(
        "(local $i i32)
         (loop $next (call $artifact_append {name} (i32.const 0) (i32.const {bytes}))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $next (i32.lt_u (local.get $i) (i32.const {times}))))"
    );
    let guest = guest.memory("(memory (export \"memory\") 100)").train(body);
    run_with(&guest.component(), &limited(Limit::ArtifactBytesMax, 1 << 20))
}

#[test]
fn artifacts_grow_up_to_the_limit_and_not_a_byte_further() {
    let ran = appending(b"model.bin", 1 << 10, 1 << 10);
    assert_eq!((ran.outcome, ran.artifacts[0].bytes.len()), (Outcome::Completed, 1 << 20));
    assert_eq!(ran.artifacts[0].record.name, "model.bin");
    for (bytes, times) in [(1 << 10, 1 << 20), ((1 << 20) + 1, 1), (4_000_000, 1)] {
        let ran = appending(b"model.bin", bytes, times);
        assert_eq!((ran.outcome, ran.artifacts.len()), (exceeded(Limit::ArtifactBytesMax), 0));
    }
}

#[test]
fn what_was_cleared_counts_no_more() {
    let mut guest = Guest::new();
    let (name, other) = (guest.text("model"), guest.text("other"));
    let body = format!(
        "(local $i i32)
         (loop $next
           (call $artifact_append {name} (i32.const 0) (i32.const 100000))
           (call $artifact_clear {name})
           (call $artifact_clear {other})
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $next (i32.lt_u (local.get $i) (i32.const 100))))
         (call $artifact_append {name} (i32.const 0) (i32.const 3))"
    );
    let ran = run_with(&guest.train(body).component(), &limited(Limit::ArtifactBytesMax, 100_000));
    assert_eq!((ran.outcome, ran.artifacts.len()), (Outcome::Completed, 1));
    assert_eq!(ran.artifacts[0].bytes.len(), 3);
}

#[test]
fn too_many_artifacts_end_the_trial() {
    let outcome = |count: usize| {
        let mut guest = Guest::new();
        let calls: String = (0..count)
            .map(|index| {
                format!("(call $artifact_append {} (i32.const 0) (i32.const 0))", guest.text(&format!("a{index}")))
            })
            .collect();
        run(&guest.train(calls).component()).outcome
    };
    assert_eq!(outcome(16), Outcome::Completed);
    assert_eq!(outcome(17), exceeded(Limit::ArtifactsMax));
}

#[test]
fn an_artifacts_name_can_lead_nowhere_else() {
    let long = [b'a'; 65];
    let names: [&[u8]; 13] =
        [b"", b".", b"..", b"../x", b"/x", b"x/y", b"x\\y", b".hidden", b"x\0", b"x\n", "ü".as_bytes(), b"C:x", &long];
    for name in names {
        let ran = appending(name, 1, 1);
        assert!(misuse(&ran).contains("is no name for an artifact"), "{}", ran.outcome);
        assert!(!misuse(&ran).contains(char::is_control), "{}", ran.outcome);
        let mut guest = Guest::new();
        let name = guest.place(name);
        let ran = run(&guest.train(format!("(call $artifact_clear {name})")).component());
        assert!(misuse(&ran).contains("is no name for an artifact"), "{}", ran.outcome);
    }
    for name in [&long[..64], b"a", b"A-z_0.9", b"x.."] {
        assert_eq!(appending(name, 1, 1).outcome, Outcome::Completed);
    }
}

#[test]
fn a_huge_name_for_an_artifact_is_not_repeated_in_full() {
    let guest = Guest::new()
        .memory("(memory (export \"memory\") 100)")
        .train("(memory.fill (i32.const 0) (i32.const 7) (i32.const 1000000)) (call $artifact_clear (i32.const 0) (i32.const 1000000))");
    assert!(misuse(&run(&guest.component())).len() < 1_000);
}

#[test]
fn a_trial_that_fails_leaves_no_artifacts() {
    let mut guest = Guest::new();
    let name = guest.text("model");
    let body = format!("(call $artifact_append {name} (i32.const 0) (i32.const 9)) (unreachable)");
    let ran = run(&guest.train(body).component());
    assert_eq!((ran.outcome, ran.artifacts.len()), (trapped(TrapKind::Unreachable), 0));
}

#[test]
fn before_a_trial_has_begun_it_can_neither_report_nor_read_nor_leave_anything() {
    let calls = [
        ("report", "(call $report (i32.const 0) (i32.const 0))"),
        ("data.names", "(call $data_names (i32.const 64))"),
        ("data.size", "(call $data_size (i32.const 0) (i32.const 1) (i32.const 64))"),
        ("data.read", "(call $data_read (i32.const 0) (i32.const 1) (i64.const 0) (i32.const 1) (i32.const 64))"),
        ("artifact.append", "(call $artifact_append (i32.const 1024) (i32.const 1) (i32.const 0) (i32.const 1))"),
        ("artifact.clear", "(call $artifact_clear (i32.const 1024) (i32.const 1))"),
    ];
    for (name, call) in calls {
        let ran = run(&Guest::new().part(&format!("(func (export \"_initialize\") {call})")).component());
        assert_eq!(misuse(&ran), format!("`{name}` was called before the trial began"));
        assert_eq!((ran.fuel, ran.reports.len()), (100_000, 0), "{name}");
    }
}

#[test]
fn a_log_that_is_written_before_the_trial_has_begun_is_kept() {
    let mut guest = Guest::new();
    let log = guest.log("early");
    let ran = run(&guest.part(&format!("(func (export \"_initialize\") {log})")).component());
    assert_eq!((ran.outcome, ran.log.as_str(), ran.fuel > 100_000), (Outcome::Completed, "early\n", true));
}
