//! Commands as trials: what they find, how they report, and how they fail.

use std::task::Poll;

use trialbox::Study;
use trialbox::executor::Isolation;
use trialbox::sandbox::component::{self, ComponentError, Entry};
use trialbox::scheduler::{HyperbandKind, HyperbandSpec, SchedulerSpec};
use trialbox::space::{Domain, Parameter, RealRange, Value};
use trialbox::study::{ConfigurationForm, Limit, Outcome, TrapKind};

use super::support::guest::Guest;
use super::support::run::{Ran, SANDBOX, Setting, begin, program, run_program, run_with};
use super::{exceeded, limited, misuse, trapped};

/// Opens a file for reading or writing, or ends the trial.
const OPEN: &str = "(func $open (param i32 i32 i32) (result i32)
    (call $directories (i32.const 64))
    (call $open_at (i32.load (i32.load (i32.const 64))) (i32.const 0) (local.get 0) (local.get 1) (i32.const 0)
      (local.get 2) (i32.const 64))
    (if (i32.load8_u (i32.const 64)) (then (unreachable)))
    (i32.load (i32.const 68)))";

/// How a command writes to its report.
const WAYS: [&str; 3] = [
    "(call $file_write (local.get $file) TEXT (i64.const 0) (i32.const 64))",
    "(call $stream_write (local.get $stream) TEXT (i32.const 64))",
    "(call $stream_write_and_flush (local.get $stream) TEXT (i32.const 64))",
];

/// A command that writes these texts to its report, one after the other.
fn reporting(texts: &[&[u8]], way: &str) -> Vec<u8> {
    let mut guest = Guest::new();
    let path = guest.text("trialbox/report");
    let mut body = format!(
        "(local $file i32) (local $stream i32) (local $i i32)
         (local.set $file (call $open {path} (i32.const 2)))
         (call $file_output (local.get $file) (i64.const 0) (i32.const 64))
         (local.set $stream (i32.load (i32.const 68)))"
    );
    for text in texts {
        let text = guest.place(text);
        body.push_str(&way.replace("TEXT", &text.to_string()));
    }
    guest.part(OPEN).command(&body)
}

fn reported(texts: &[&[u8]]) -> Ran {
    run_with(&reporting(texts, WAYS[0]), &Setting::default())
}

#[test]
fn every_line_is_a_report_however_it_is_written() {
    let texts: [&[u8]; 4] = [
        b"{\"epoch\": 1, \"accuracy\": 0.5}\n{\"epoch\": 2, \"acc",
        b"uracy\": -1e-3, \"kind\": \"a\\u00e4\\n\"",
        b"}",
        b"\r\n{\"epoch\":3,\"accuracy\":NaN,\"done\":true}\n{}\n",
    ];
    for way in WAYS {
        let ran = run_with(&reporting(&texts, way), &Setting::default());
        assert_eq!((&ran.outcome, ran.reports.len()), (&Outcome::Completed, 4), "{way}");
        assert_eq!((ran.value(0, "epoch"), ran.value(0, "accuracy")), (&Value::Integer(1), &Value::Real(0.5)));
        assert_eq!(
            (ran.value(1, "accuracy"), ran.value(1, "kind")),
            (&Value::Real(-0.001), &Value::Text("aä\n".into()))
        );
        assert!(matches!(ran.value(2, "accuracy"), Value::Real(real) if real.is_nan()));
        assert_eq!(ran.value(2, "done"), &Value::Boolean(true));
        assert!(ran.fuels().is_sorted_by(|earlier, later| earlier < later));
    }
}

#[test]
fn a_line_that_is_no_report_ends_the_trial_with_its_number() {
    for line in [
        "[1]",
        "",
        "null",
        "{",
        "{\"a\": [1]}",
        "{\"a\": {\"b\": 1}}",
        "{\"a\": null}",
        "{\"a\": 1} x",
        "{\"a\": 1,}",
        "{a: 1}",
        "{\"a\": 01}",
        "{\"a\": 1e999}",
        "{\"a\": \"\t\"}",
        "accuracy=1",
    ] {
        let ran = reported(&[b"{\"a\": 1}\n", format!("{line}\n").as_bytes()]);
        assert!(misuse(&ran).starts_with("line 2 of /trialbox/report is no report: "), "{line}: {}", ran.outcome);
        assert_eq!(ran.reports.len(), 1);
    }
    let ran = reported(&[b"{\"a\": \xff}\n"]);
    assert!(misuse(&ran).contains("it is not UTF-8, at byte 6 of"), "{}", ran.outcome);
    // As deep as a line can be: nothing recurs.
    let deep = [b"{\"a\": ".as_slice(), &[b'['; 100_000], b"\n"].concat();
    assert!(misuse(&reported(&[&deep])).contains("no object and no list"));
    let ran = reported(&[b"{\"a\": 1, \"a\": 2}\n"]);
    assert_eq!(misuse(&ran), "`report` was given the attribute `a` twice");
    let ran = reported(&[b"{\"a\": 1}\n{\"a\": 2}"]);
    assert_eq!(
        (misuse(&ran), ran.reports.len()),
        ("line 2 of /trialbox/report has no end of line: `{\\\"a\\\": 2}`", 1)
    );
}

#[test]
fn lines_have_the_limits_of_reports() {
    let run = |text: &[u8], limit, value| run_with(&reporting(&[text], WAYS[0]), &limited(limit, value));
    let three = b"{\"abc\": 1, \"b\": \"1234\", \"c\": 3}\n".as_slice();
    for (limit, enough) in
        [(Limit::AttributesMax, 3), (Limit::AttributeNameBytesMax, 3), (Limit::AttributeTextBytesMax, 4)]
    {
        assert_eq!(run(three, limit, enough).outcome, Outcome::Completed, "{limit:?}");
        assert_eq!(run(three, limit, enough - 1).outcome, exceeded(limit), "{limit:?}");
    }
    let many = format!("{{{}}}\n", vec!["\"a\": 1"; 100_000].join(", "));
    assert_eq!(run(many.as_bytes(), Limit::ReportsMax, 9).outcome, exceeded(Limit::AttributesMax));
    let ran = run(b"{}\n{}\n{}\n", Limit::ReportsMax, 2);
    assert_eq!((ran.outcome, ran.reports.len()), (exceeded(Limit::ReportsMax), 2));
}

#[test]
fn a_line_without_end_is_no_longer_than_a_call() {
    let endless = "(loop $for_ever
        (call $stream_write_zeroes (local.get $stream) (i64.const 1000) (i32.const 64)) (br $for_ever))";
    let ran = run_with(&reporting(&[b""], endless), &limited(Limit::HostCallBytesMax, 65_536));
    assert_eq!(ran.outcome, exceeded(Limit::HostCallBytesMax));
}

#[test]
fn a_flood_of_lines_is_paid_for() {
    let endless =
        "(loop $for_ever (call $file_write (local.get $file) TEXT (i64.const 0) (i32.const 64)) (br $for_ever))";
    let lines = b"{}\n".repeat(1_000);
    let ran = run_with(&reporting(&[&lines], endless), &limited(Limit::FuelMax, 3_000_000));
    assert_eq!(ran.outcome, exceeded(Limit::FuelMax));
    assert!(ran.reports.len() < 3_000, "{}", ran.reports.len());
}

#[test]
fn a_command_waits_at_a_closed_gate_line_by_line() {
    for way in WAYS {
        let component = program(&reporting(&[b"{\"n\": 1}\n{\"n\": 2}\n{\"n\": 3}\n"], way));
        let free = run_program(&component, &Setting::default());
        let mut running = begin(&component, &Setting::default());
        running.gate.set_closed(true);
        for report in 1..=3 {
            for _ in 0..10 {
                assert!(running.step().is_pending() && running.gate.is_waiting());
                assert_eq!(running.heard.lock().unwrap().reports.len(), report);
            }
            running.gate.set_closed(false);
            if report < 3 {
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
        assert_eq!((ended.outcome, ended.fuel.0), (free.outcome, free.fuel));
        assert_eq!(running.heard.lock().unwrap().reports, free.reports);
    }
}

#[test]
fn a_command_ends_as_its_status_says() {
    let failed = |message: &str| Outcome::failed(message, 1_000);
    for (body, outcome) in [
        ("", Outcome::Completed),
        ("(call $exit (i32.const 0))", Outcome::Completed),
        ("(call $exit (i32.const 1))", failed("the command exited with status 1")),
        ("(return (i32.const 1))", failed("the command returned an error")),
    ] {
        assert_eq!(run_with(&Guest::new().command(body), &Setting::default()).outcome, outcome, "{body}");
    }
}

#[test]
fn a_command_finds_its_configuration_and_its_seed() {
    let shown = |path: &str, setting: &Setting| {
        let mut guest = Guest::new();
        let path = guest.text(path);
        let body = format!(
            "(call $file_input (call $open {path} (i32.const 1)) (i64.const 0) (i32.const 64))
             (call $stream_splice (call $stdout) (i32.load (i32.const 68)) (i64.const -1) (i32.const 64))"
        );
        run_with(&guest.part(OPEN).command(&body), setting)
    };
    let setting = Setting { seed: u64::MAX, ..Setting::default() };
    assert_eq!(shown("trialbox/config.json", &setting).log, "{\n  \"x\": 0.25\n}\n");
    assert_eq!(shown("trialbox/seed", &setting).log, "18446744073709551615\n");
    let mut without = Setting::default();
    without.guest.configuration = ConfigurationForm::Arguments;
    assert!(matches!(shown("trialbox/config.json", &without).outcome, Outcome::Trapped { .. }));
    assert_eq!(shown("trialbox/seed", &without).log, "7\n");
}

#[test]
fn a_command_is_one_and_describes_nothing() {
    let bytes = Guest::new().command("");
    let program = program(&bytes);
    assert_eq!(program.entry(), Entry::Run);
    let described = super::support::run::run_to_end(program.describe(&Setting::default().limits));
    assert_eq!(described, Ok(None));
}

/// A program of WASI 0.1, as compilers make them: reads its seed, and reports nine epochs with an accuracy that begins with its digits.
const MODULE: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open"
      (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 2)
    (data (i32.const 1024) "trialbox/report")
    (data (i32.const 1056) "trialbox/seed")
    (data (i32.const 1088) "{\"epoch\": 0, \"accuracy\": 0.0000, \"arguments\": 0}\n")
    (data (i32.const 1152) "done\n")
    (func $must (param i32) (if (local.get 0) (then (call $exit (local.get 0)))))
    (func $opened (param $path i32) (param $length i32) (param $rights i64) (result i32)
      (call $must (call $open (i32.const 3) (i32.const 0) (local.get $path) (local.get $length) (i32.const 0)
        (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 64)))
      (i32.load (i32.const 64)))
    (func $put (param $file i32) (param $text i32) (param $length i32)
      (i32.store (i32.const 72) (local.get $text)) (i32.store (i32.const 76) (local.get $length))
      (call $must (call $write (local.get $file) (i32.const 72) (i32.const 1) (i32.const 80))))
    (func (export "_start")
      (local $report i32) (local $epoch i32)
      (i32.store (i32.const 72) (i32.const 128)) (i32.store (i32.const 76) (i32.const 64))
      (call $must (call $read (call $opened (i32.const 1056) (i32.const 13) (i64.const 2))
        (i32.const 72) (i32.const 1) (i32.const 80)))
      (i32.store (i32.const 1115) (i32.load (i32.const 128)))
      (call $must (call $sizes (i32.const 84) (i32.const 88)))
      (i32.store8 (i32.const 1134) (i32.add (i32.const 48) (i32.load (i32.const 84))))
      (local.set $report (call $opened (i32.const 1024) (i32.const 15) (i64.const 64)))
      (loop $next
        (local.set $epoch (i32.add (local.get $epoch) (i32.const 1)))
        (i32.store8 (i32.const 1098) (i32.add (i32.const 48) (local.get $epoch)))
        (call $put (local.get $report) (i32.const 1088) (i32.const 49))
        (br_if $next (i32.lt_u (local.get $epoch) (i32.const 9))))
      (call $put (i32.const 1) (i32.const 1152) (i32.const 5))))"#;

fn module() -> Vec<u8> {
    wat::parse_str(MODULE).unwrap()
}

#[test]
fn a_program_of_wasi_0_1_is_a_trial_as_it_is() {
    let setting = Setting { seed: 123_456, ..Setting::default() };
    let ran = run_with(&module(), &setting);
    assert_eq!((&ran.outcome, ran.log.as_str(), ran.reports.len()), (&Outcome::Completed, "done\n", 9));
    assert_eq!((ran.value(8, "epoch"), ran.value(8, "accuracy")), (&Value::Integer(9), &Value::Real(0.1234)));
    // Its name, and `--x 0.25`.
    assert_eq!(ran.value(0, "arguments"), &Value::Integer(3));
    assert_eq!(program(&module()).entry(), Entry::Run);
}

#[test]
fn a_path_of_wasi_0_1_that_is_no_text_is_a_malformed_value() {
    let module = MODULE.replace("trialbox/seed", "trialbox/see\\ff");
    let ran = run_with(&wat::parse_str(&module).unwrap(), &Setting::default());
    assert_eq!(ran.outcome, trapped(TrapKind::BadValue));
    // One that leads nowhere gives WASI's error, with which this program exits; the adapter makes 1 of all.
    let module = MODULE.replace("trialbox/seed", "trialbox/nope");
    let ran = run_with(&wat::parse_str(&module).unwrap(), &Setting::default());
    assert_eq!(ran.outcome, Outcome::failed("the command exited with status 1", 1_000));
}

#[test]
fn nothing_is_written_before_a_trial_has_begun() {
    let mut guest = Guest::new();
    let path = guest.text("trialbox/artifacts/model");
    let initialize = format!(
        "(func (export \"_initialize\")
           (call $directories (i32.const 64))
           (call $open_at (i32.load (i32.load (i32.const 64))) (i32.const 0) {path} (i32.const 1) (i32.const 2)
             (i32.const 64)))"
    );
    let ran = run_with(&guest.part(&initialize).command(""), &Setting::default());
    assert_eq!(misuse(&ran), "`descriptor.open-at` was called before the trial began");
}

#[test]
fn a_module_that_is_no_program_is_refused_before_it_is_compiled() {
    let refused = |text: &str| component::compile(&SANDBOX, &wat::parse_str(text).unwrap()).err();
    assert!(matches!(refused("(module)"), Some(ComponentError::NotACommand { .. })));
    let foreign = "(module (import \"env\" \"f\" (func)) (memory (export \"memory\") 1) (func (export \"_start\")))";
    assert_eq!(refused(foreign), Some(ComponentError::Import("env.f".into())));
}

#[test]
fn a_study_of_a_command_has_one_log_for_any_number_of_workers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("command.wasm");
    std::fs::write(&file, module()).unwrap();
    for kind in [HyperbandKind::Stopping, HyperbandKind::Promotion] {
        let digest = |jobs: usize| {
            let unit = Domain::Real(RealRange { lower: 0.0, upper: 1.0, log: false });
            let parameter =
                Parameter { name: "x".into(), default: unit.default_value(), domain: unit, condition: None };
            let builder =
                Study::builder(&file).num_trials(30).isolation(Isolation::Thread).jobs(jobs).parameter(parameter);
            let builder = builder.reward_attr("accuracy").time_attr("epoch");
            let scheduler = SchedulerSpec::Hyperband(HyperbandSpec::new(kind, 9));
            let result =
                builder.scheduler(scheduler).run(folder.path().join(format!("{kind:?}-{jobs}.study"))).unwrap();
            let ends: Vec<_> = result.state.trials().iter().filter_map(|trial| trial.time).collect();
            assert!(ends.contains(&9) && ends.iter().any(|epochs| *epochs < 9), "{ends:?}");
            result.digest
        };
        assert_eq!(digest(1), digest(4), "{kind:?}");
    }
}
