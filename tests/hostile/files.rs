//! Guests that misuse files: paths that lead out, writing where nothing is written, sizes without end.

use trialbox::space::Value;
use trialbox::study::{Limit, Outcome, TrapKind};

use super::support::guest::Guest;
use super::support::run::{Ran, Setting, run_with};
use super::{exceeded, limited, trapped};

/// WASI's error codes by number.
const EXIST: i64 = 7;
const BAD_DESCRIPTOR: i64 = 3;
const INVALID: i64 = 12;
const IS_DIRECTORY: i64 = 14;
const NAME_TOO_LONG: i64 = 18;
const NO_ENTRY: i64 = 20;
const NOT_DIRECTORY: i64 = 24;
const NOT_PERMITTED: i64 = 31;
const READ_ONLY: i64 = 33;
/// What a call gives that succeeds, where its result does not matter.
const DONE: i64 = -1;

/// Flags of `open-at`.
const CREATE: u32 = 1;
const DIRECTORY: u32 = 2;
const EXCLUSIVE: u32 = 4;
const TRUNCATE: u32 = 8;
/// Flags of descriptors.
const READ: u32 = 1;
const WRITE: u32 = 2;
const MUTATE: u32 = 32;

fn with_data() -> Setting {
    let mut setting = Setting::default();
    setting.data.insert("train".into(), (0..=255).collect());
    setting.data.insert("empty".into(), Vec::new());
    setting.data.insert("x/y".into(), vec![1]);
    setting
}

/// A guest's code with `$root`, which opens the root, and `(call $say (i64…))`.
fn seeing(mut guest: Guest) -> Guest {
    let list = guest.attributes(&[("n", Value::Integer(0))]);
    guest.part(&format!(
        "(func $say (param i64) (i64.store (i32.const {}) (local.get 0)) (call $report {list}))
         (func $root (result i32) (call $directories (i32.const 64)) (i32.load (i32.load (i32.const 64))))",
        list.pointer + 16
    ))
}

fn command(guest: Guest, body: &str, setting: &Setting) -> Ran {
    run_with(&seeing(guest).command(body), setting)
}

/// Says the error code at 65 or 68 of the result that lies at 64, or −1.
fn code(at: u32) -> String {
    format!(
        "(call $say (if (result i64) (i32.load8_u (i32.const 64))
           (then (i64.extend_i32_u (i32.load8_u (i32.const {at})))) (else (i64.const -1))))"
    )
}

/// What opening gives, in a tree with the artifact `model`.
fn opened(path: &[u8], open: u32, flags: u32) -> Ran {
    let mut guest = Guest::new();
    let (model, path) = (guest.text("trialbox/artifacts/model"), guest.place(path));
    let body = format!(
        "(call $open_at (call $root) (i32.const 0) {model} (i32.const {CREATE}) (i32.const {WRITE}) (i32.const 64))
         (call $open_at (call $root) (i32.const 0) {path} (i32.const {open}) (i32.const {flags}) (i32.const 64)) {}",
        code(68)
    );
    command(guest, &body, &with_data())
}

#[test]
fn no_path_leads_out_and_none_traps() {
    let long = "a".repeat(255);
    let longer = "a".repeat(256);
    let (deep, deeper) = ("./".repeat(2_048), "./".repeat(2_049));
    let up = "../".repeat(1_300);
    for (path, expected) in [
        ("data/train", DONE),
        ("data//./train", DONE),
        ("data/../data/train", DONE),
        ("trialbox/../data/train", DONE),
        ("trialbox/artifacts/model", DONE),
        ("", NO_ENTRY),
        ("/", NOT_PERMITTED),
        ("/data/train", NOT_PERMITTED),
        ("/etc/passwd", NOT_PERMITTED),
        ("..", NOT_PERMITTED),
        ("../", NOT_PERMITTED),
        ("../data/train", NOT_PERMITTED),
        ("data/../../data/train", NOT_PERMITTED),
        (&up, NOT_PERMITTED),
        ("a/../../b", NO_ENTRY),
        ("data/train/", NOT_DIRECTORY),
        ("data/train/..", NOT_DIRECTORY),
        ("data/train/x", NOT_DIRECTORY),
        ("data/x/y", NO_ENTRY),
        ("data/train\0", INVALID),
        ("\0", INVALID),
        (&long, NO_ENTRY),
        (&longer, NAME_TOO_LONG),
        (&deep, DONE),
        (&deeper, NAME_TOO_LONG),
        ("data\\train", NO_ENTRY),
        ("~", NO_ENTRY),
        ("DATA", NO_ENTRY),
    ] {
        let ran = opened(path.as_bytes(), 0, READ);
        assert_eq!((&ran.outcome, ran.numbers()), (&Outcome::Completed, vec![expected]), "{path:?}");
    }
    // Whatever is no text is no path.
    assert_eq!(opened(b"data/\xff", 0, READ).outcome, trapped(TrapKind::BadValue));
}

#[test]
fn files_open_for_what_they_are_for() {
    let table: &[(&str, u32, u32, i64)] = &[
        ("data/train", 0, 0, DONE),
        ("data/train", 0, READ | WRITE, READ_ONLY),
        ("data/train", CREATE, READ, DONE),
        ("data/train", CREATE | EXCLUSIVE, READ, EXIST),
        ("data/train", TRUNCATE, READ, INVALID),
        ("data/train", TRUNCATE, WRITE, READ_ONLY),
        ("data/train", DIRECTORY, READ, NOT_DIRECTORY),
        ("data/train", 0, MUTATE, READ_ONLY),
        ("data/new", CREATE, WRITE, READ_ONLY),
        ("new", CREATE, WRITE, READ_ONLY),
        ("data", 0, READ, DONE),
        ("data", DIRECTORY, READ, DONE),
        ("data", 0, WRITE, IS_DIRECTORY),
        ("data", CREATE, READ, IS_DIRECTORY),
        ("data", DIRECTORY | CREATE, READ, INVALID),
        ("data", DIRECTORY, MUTATE, READ_ONLY),
        ("data", TRUNCATE, WRITE, IS_DIRECTORY),
        ("trialbox/config.json", 0, READ, DONE),
        ("trialbox/config.json", TRUNCATE, WRITE, READ_ONLY),
        ("trialbox/seed", 0, WRITE, READ_ONLY),
        ("trialbox/report", CREATE | TRUNCATE, WRITE, DONE),
        ("trialbox/report", 0, READ | WRITE, DONE),
        ("trialbox/report", CREATE | EXCLUSIVE, WRITE, EXIST),
        ("trialbox/reports", CREATE, WRITE, READ_ONLY),
        ("trialbox/artifacts", DIRECTORY, READ | MUTATE, DONE),
        ("trialbox/artifacts/model", CREATE | TRUNCATE, READ | WRITE, DONE),
        ("trialbox/artifacts/model", CREATE | EXCLUSIVE, WRITE, EXIST),
        ("trialbox/artifacts/new", CREATE | EXCLUSIVE, WRITE, DONE),
        ("trialbox/artifacts/new", 0, WRITE, NO_ENTRY),
        ("trialbox/artifacts/new/", CREATE, WRITE, IS_DIRECTORY),
        ("trialbox/artifacts/new/x", CREATE, WRITE, NO_ENTRY),
        ("trialbox/artifacts/../x", CREATE, WRITE, READ_ONLY),
        ("trialbox/artifacts/../../x", CREATE, WRITE, READ_ONLY),
        ("trialbox/artifacts/../../../x", CREATE, WRITE, NOT_PERMITTED),
        ("trialbox/artifacts/.hidden", CREATE, WRITE, INVALID),
        ("trialbox/artifacts/a b", CREATE, WRITE, INVALID),
        ("trialbox/artifacts/\u{1b}[0m", CREATE, WRITE, INVALID),
    ];
    for (path, open, flags, expected) in table {
        let ran = opened(path.as_bytes(), *open, *flags);
        assert_eq!(ran.numbers(), [*expected], "{path} {open} {flags}: {}", ran.outcome);
    }
    // All combinations of all flags end in something.
    for open in 0..16 {
        for flags in (0..64).step_by(7) {
            for path in ["data/train", "trialbox", "trialbox/artifacts/new"] {
                assert_eq!(opened(path.as_bytes(), open, flags).outcome, Outcome::Completed, "{path} {open} {flags}");
            }
        }
    }
}

#[test]
fn nothing_is_made_moved_linked_or_removed() {
    let mut guest = Guest::new();
    let paths = ["data/train", "trialbox/artifacts/model", "new", "data", "trialbox/artifacts/sub", ".."];
    let [train, model, new, data, sub, up] = paths.map(|path| guest.text(path));
    let mut body = format!(
        "(call $open_at (call $root) (i32.const 0) {model} (i32.const {CREATE}) (i32.const {WRITE}) (i32.const 64))"
    );
    let mut expected = Vec::new();
    for (call, code) in [
        (format!("$create_directory_at (call $root) {new}"), READ_ONLY),
        (format!("$create_directory_at (call $root) {data}"), EXIST),
        (format!("$create_directory_at (call $root) {sub}"), NOT_PERMITTED),
        (format!("$create_directory_at (call $root) {up}"), NOT_PERMITTED),
        (format!("$remove_directory_at (call $root) {data}"), READ_ONLY),
        (format!("$remove_directory_at (call $root) {new}"), NO_ENTRY),
        (format!("$unlink_at (call $root) {train}"), READ_ONLY),
        (format!("$unlink_at (call $root) {model}"), NOT_PERMITTED),
        (format!("$unlink_at (call $root) {new}"), NO_ENTRY),
        (format!("$rename_at (call $root) {train} (call $root) {sub}"), NOT_PERMITTED),
        (format!("$rename_at (call $root) {train} (call $root) {new}"), READ_ONLY),
        (format!("$rename_at (call $root) {new} (call $root) {sub}"), NO_ENTRY),
        (format!("$symlink_at (call $root) {up} {new}"), READ_ONLY),
        (format!("$symlink_at (call $root) {up} {sub}"), NOT_PERMITTED),
    ] {
        body.push_str(&format!("(call {call} (i32.const 64)) {}", self::code(65)));
        expected.push(code);
    }
    body.push_str(&format!("(call $readlink_at (call $root) {train} (i32.const 64)) {}", code(68)));
    expected.push(INVALID);
    let ran = command(guest, &body, &with_data());
    assert_eq!((&ran.outcome, ran.numbers()), (&Outcome::Completed, expected));
}

/// Parts with `$open`, which opens or ends the trial.
fn opening(guest: Guest) -> Guest {
    seeing(guest).part(
        "(func $open (param i32 i32 i32 i32) (result i32)
           (call $open_at (call $root) (i32.const 0) (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32.const 64))
           (if (i32.load8_u (i32.const 64)) (then (unreachable)))
           (i32.load (i32.const 68)))",
    )
}

/// What a component that exports `train` does with a data set of 256 bytes, open under `$file`.
fn with_file(body: &str, setting: &Setting) -> Ran {
    let mut guest = Guest::new();
    let path = guest.text("data/train");
    let body = format!(
        "(local $file i32) (local $i i32) (local.set $file (call $open {path} (i32.const 0) (i32.const {READ}))) {body}"
    );
    run_with(&opening(guest).train(body).component(), setting)
}

#[test]
fn a_component_that_exports_train_finds_data_and_nothing_of_a_command() {
    let mut guest = Guest::new();
    let path = guest.text("trialbox");
    let body = format!(
        "(call $open_at (call $root) (i32.const 0) {path} (i32.const 0) (i32.const {READ}) (i32.const 64)) {}",
        code(68)
    );
    let ran = run_with(&seeing(guest).train(body).component(), &with_data());
    assert_eq!(ran.numbers(), [NO_ENTRY]);
}

#[test]
fn whatever_is_asked_for_no_more_is_read_than_there_is() {
    let read = |length: i64, offset: i64, setting: &Setting| {
        let body = format!(
            "(call $file_read (local.get $file) (i64.const {length}) (i64.const {offset}) (i32.const 64))
             (call $say (i64.load32_u (i32.const 72))) (call $say (i64.load8_u (i32.const 76)))"
        );
        with_file(&body, setting).numbers()
    };
    for (length, offset, expected) in [
        (-1, 0, [256, 1]),
        (256, 0, [256, 1]),
        (10, 0, [10, 0]),
        (10, 250, [6, 1]),
        (0, 0, [0, 0]),
        (-1, -1, [0, 1]),
        (-1, 256, [0, 1]),
        (1, i64::MAX, [0, 1]),
        (i64::MAX, 255, [1, 1]),
    ] {
        assert_eq!(read(length, offset, &with_data()), expected, "{length} {offset}");
    }
    // No more than a call may carry.
    let mut setting = limited(Limit::HostCallBytesMax, 1_024);
    setting.data.insert("train".into(), vec![7; 5_000]);
    assert_eq!(read(-1, 0, &setting), [1_024, 0]);
    assert_eq!(read(-1, 4_000, &setting), [1_000, 1]);
}

#[test]
fn streams_of_files_begin_anywhere_and_end() {
    for (position, length, expected) in [(0, -1, 256), (250, 100, 6), (256, 1, -1), (-1, -1, -1), (i64::MAX, 1, -1)] {
        let body = format!(
            "(call $file_input (local.get $file) (i64.const {position}) (i32.const 64))
             (call $stream_blocking_read (i32.load (i32.const 68)) (i64.const {length}) (i32.const 64))
             (call $say (if (result i64) (i32.load8_u (i32.const 64))
               (then (i64.const -1)) (else (i64.load32_u (i32.const 72)))))"
        );
        assert_eq!(with_file(&body, &with_data()).numbers(), [expected], "{position} {length}");
    }
}

#[test]
fn a_file_says_what_it_is_and_nothing_of_when() {
    // The type, the size, and whether anything of the times is not 0, from the first of the three to the last.
    let body = "(call $file_stat (local.get $file) (i32.const 64))
        (call $say (i64.load8_u (i32.const 72))) (call $say (i64.load (i32.const 88)))
        (local.set $i (i32.const 96))
        (loop $next
          (call $say (i64.or (i64.load (i32.add (local.get $i) (i32.const 8)))
                             (i64.load32_u (i32.add (local.get $i) (i32.const 16)))))
          (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 24))) (i32.const 168))))";
    assert_eq!(with_file(body, &with_data()).numbers(), [6, 256, 0, 0, 0]);
}

#[test]
fn a_folder_lists_in_order_what_can_be_opened() {
    let mut guest = Guest::new();
    let data = guest.text("data");
    let body = format!(
        "(local $listing i32)
         (call $read_directory (call $open {data} (i32.const 0) (i32.const {READ})) (i32.const 64))
         (local.set $listing (i32.load (i32.const 68)))
         (loop $next
           (call $next_entry (local.get $listing) (i32.const 64))
           (if (i32.load8_u (i32.const 68)) (then
             (call $say (i64.load8_u (i32.load (i32.const 76))))
             (br $next))))
         (call $next_entry (local.get $listing) (i32.const 64))
         (call $say (i64.load8_u (i32.const 68)))"
    );
    let ran = run_with(&opening(guest).train(body).component(), &with_data());
    assert_eq!(ran.numbers(), [i64::from(b'e'), i64::from(b't'), 0]);
}

#[test]
fn handles_to_files_and_folders_run_out() {
    let mut guest = Guest::new();
    let path = guest.text("data/train");
    let file = format!("(call $open {path} (i32.const 0) (i32.const {READ}))");
    for leak in [
        format!("(drop {file})"),
        "(drop (call $root))".to_owned(),
        "(call $read_directory (local.get $folder) (i32.const 64))".to_owned(),
        "(call $file_input (local.get $file) (i64.const 0) (i32.const 64))".to_owned(),
    ] {
        let body = format!(
            "(local $folder i32) (local $file i32)
             (local.set $folder (call $root)) (local.set $file {file})
             (loop $for_ever {leak} (br $for_ever))"
        );
        let component = opening(guest.clone()).train(body).component();
        assert_eq!(run_with(&component, &with_data()).outcome, exceeded(Limit::HandlesMax), "{leak}");
    }
    // Those that are dropped do not.
    let body = format!(
        "(local $i i32) (local $folder i32) (local $file i32)
         (loop $next
           (local.set $folder (call $root))
           (call $open_at (local.get $folder) (i32.const 0) {path} (i32.const 0) (i32.const {READ}) (i32.const 64))
           (local.set $file (i32.load (i32.const 68)))
           (call $file_input (local.get $file) (i64.const 0) (i32.const 64))
           (call $descriptor_drop (local.get $file)) (call $descriptor_drop (local.get $folder))
           (call $input_drop (i32.load (i32.const 68)))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $next (i32.lt_u (local.get $i) (i32.const 1000))))"
    );
    let setting = Setting { data: with_data().data, ..limited(Limit::HandlesMax, 10) };
    let ran = run_with(&opening(guest).train(body).component(), &setting);
    assert_eq!(ran.outcome, Outcome::Completed);
}

#[test]
fn every_byte_that_is_read_has_a_price() {
    let cost = |length: u32| {
        let body = format!(
            "(call $say (i64.const 0))
             (call $file_read (local.get $file) (i64.const {length}) (i64.const 0) (i32.const 64))
             (call $say (i64.const 0))"
        );
        let fuels = with_file(&body, &with_data()).fuels();
        fuels[1] - fuels[0]
    };
    assert!(cost(200) >= cost(0) + 200, "{} {}", cost(200), cost(0));
}

#[test]
fn a_file_that_was_not_opened_for_it_is_not_read_or_written() {
    let mut guest = Guest::new();
    let (path, text) = (guest.text("data/train"), guest.text("text"));
    let body = format!(
        "(local $file i32) (local.set $file (call $open {path} (i32.const 0) (i32.const 0)))
         (call $file_read (local.get $file) (i64.const 1) (i64.const 0) (i32.const 64)) {}
         (call $file_write (local.get $file) {text} (i64.const 0) (i32.const 64)) {}
         (call $file_read (call $root) (i64.const 1) (i64.const 0) (i32.const 64)) {}",
        code(68),
        code(72),
        code(68)
    );
    let ran = run_with(&opening(guest).train(body).component(), &with_data());
    assert_eq!(ran.numbers(), [BAD_DESCRIPTOR, BAD_DESCRIPTOR, IS_DIRECTORY]);
}

#[test]
fn files_are_there_only_while_a_trial_runs() {
    // Before it has begun, and while it describes itself.
    let initialize = "(func (export \"_initialize\") (call $directories (i32.const 64)))";
    let ran = run_with(&Guest::new().part(initialize).component(), &with_data());
    assert_eq!(ran.outcome, Outcome::Completed);
}

/// What a command does with an artifact that is open under `$file`.
fn with_artifact(body: &str, setting: &Setting) -> Ran {
    let mut guest = Guest::new();
    let (path, text) = (guest.text("trialbox/artifacts/model"), guest.text("0123456789"));
    let flags = READ | WRITE;
    let body = format!(
        "(local $file i32) (local.set $file (call $open {path} (i32.const {CREATE}) (i32.const {flags}))) {}",
        body.replace("TEXT", &text.to_string())
    );
    run_with(&opening(guest).command(&body), setting)
}

#[test]
fn what_a_command_writes_below_artifacts_is_an_artifact() {
    let write = |at: u32| format!("(call $file_write (local.get $file) TEXT (i64.const {at}) (i32.const 64))");
    let stream = |call: &str| {
        format!(
            "(call {call} (i32.const 64))
             (call $stream_write_and_flush (i32.load (i32.const 68)) TEXT (i32.const 64))"
        )
    };
    let zeros = "0123456789\0\x000123456789";
    for (body, content) in [
        (write(0), "0123456789"),
        ([write(0), write(5)].concat(), "012340123456789"),
        ([write(0), write(12)].concat(), zeros),
        ([write(0), stream("$file_appending (local.get $file)")].concat(), "01234567890123456789"),
        (stream("$file_output (local.get $file) (i64.const 2)"), "\0\x000123456789"),
        ([write(0), "(call $set_size (local.get $file) (i64.const 3) (i32.const 64))".into()].concat(), "012"),
        (String::new(), ""),
    ] {
        let ran = with_artifact(&body, &Setting::default());
        let left = ran.artifacts.iter().map(|artifact| (artifact.record.name.as_str(), artifact.bytes.as_slice()));
        assert_eq!(ran.outcome, Outcome::Completed, "{body}");
        assert_eq!(left.collect::<Vec<_>>(), [("model", content.as_bytes())], "{body}");
    }
}

#[test]
fn artifacts_of_files_have_the_limits_of_all_artifacts() {
    let setting = limited(Limit::ArtifactBytesMax, 100);
    for body in [
        "(call $set_size (local.get $file) (i64.const 101) (i32.const 64))",
        "(call $set_size (local.get $file) (i64.const -1) (i32.const 64))",
        "(call $file_write (local.get $file) TEXT (i64.const 91) (i32.const 64))",
        "(call $file_write (local.get $file) TEXT (i64.const -1) (i32.const 64))",
        "(call $file_output (local.get $file) (i64.const -2) (i32.const 64))
         (call $stream_write (i32.load (i32.const 68)) TEXT (i32.const 64))",
        "(loop $for_ever
           (call $file_appending (local.get $file) (i32.const 64))
           (call $stream_write_zeroes (i32.load (i32.const 68)) (i64.const 60) (i32.const 64))
           (br $for_ever))",
    ] {
        assert_eq!(with_artifact(body, &setting).outcome, exceeded(Limit::ArtifactBytesMax), "{body}");
    }
    assert_eq!(with_artifact("", &limited(Limit::ArtifactsMax, 0)).outcome, exceeded(Limit::ArtifactsMax));
    // Zeros that nobody wrote are paid for as well.
    let cost = |size: u32| {
        let body = format!(
            "(drop (call $monotonic_now)) (call $set_size (local.get $file) (i64.const {size}) (i32.const 64))"
        );
        with_artifact(&body, &Setting::default()).fuel
    };
    assert!(cost(1_000_000) >= cost(0) + 1_000_000, "{} {}", cost(1_000_000), cost(0));
}
