//! Writes what fuzzing begins with into `seeds/`, one folder a target: `cargo xtask fuzz --seeds`.
//!
//! Study files begin with those of `tests/studies`. To be run again when a format has changed: old seeds are then of no use.

#[path = "../../tests/support/guest.rs"]
#[allow(dead_code, reason = "not every seed needs every part of it")]
mod guest;
#[path = "../../tests/support/imports.rs"]
#[allow(dead_code, reason = "as above")]
mod imports;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use trialbox::executor::fuzzing;
use trialbox::space::Value;
use trialbox::store::Store;
use trialbox::study::{Chain, Event};

// All is compiled to be fuzzed, and does not link without what it then calls.
use libfuzzer_sys as _;

use guest::Guest;
use imports::{IMPORTS, Import};

fn main() {
    write("messages", &numbered("study", fuzzing::seeds()));
    write("store", &stores());
    write("ask", &sessions());
    write("component", &components());
}

fn write(target: &str, seeds: &[(String, Vec<u8>)]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the folder of old seeds can be removed");
    }
    fs::create_dir_all(&folder).expect("the folder of seeds can be made");
    for (name, bytes) in seeds {
        fs::write(folder.join(name), bytes).expect("a seed can be written");
    }
    println!("{} seeds in {}", seeds.len(), folder.display());
}

fn numbered(name: &str, seeds: Vec<Vec<u8>>) -> Vec<(String, Vec<u8>)> {
    seeds.into_iter().enumerate().map(|(number, bytes)| (format!("{name}_{number}"), bytes)).collect()
}

/// The logs of the studies that honest workers bring about, as a forger would write them; and one as it is in its file.
fn stores() -> Vec<(String, Vec<u8>)> {
    let logs: Vec<Vec<Event>> = fuzzing::seeds().iter().map(|said| fuzzing::hear(said)).collect();
    let as_lines = |log: &Vec<Event>| {
        let lines: Vec<String> =
            log.iter().map(|event| serde_json::to_string(event).expect("an event can be written")).collect();
        lines.join("\n").into_bytes()
    };
    let mut seeds = numbered("log", logs.iter().map(as_lines).collect());
    seeds.push(("file".into(), file_of(&logs[0])));
    seeds
}

fn file_of(log: &[Event]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("there is room for temporary files");
    let path: PathBuf = folder.path().join("a.study");
    let mut store = Store::create(&path).expect("there is no store yet");
    let mut chain = Chain::default();
    for event in log {
        store.append(&chain.push(event.clone()), Duration::ZERO).expect("an event can be appended");
    }
    store.close().expect("the store can be closed");
    fs::read(path).expect("the store can be read")
}

const SPACE: &str = r#"
[space]
learning_rate = { real = [0.001, 1.0], log = true }
layers = { integer = [1, 4] }
bias = { boolean = true }
optimiser = { choice = { sgd = { momentum = { real = [0, 0.99] } }, adam = {} } }
"#;

/// Sessions with each scheduler and each searcher.
fn sessions() -> Vec<(String, Vec<u8>)> {
    let schedulers = [
        ("fifo", "[scheduler]\ntype = \"fifo\"\n"),
        ("stopping", "[scheduler]\ntype = \"hyperband\"\nmax_t = 9\nbrackets = 2\n"),
        ("promotion", "[scheduler]\ntype = \"hyperband\"\nvariant = \"promotion\"\nmax_t = 9\n"),
        ("rl", "[scheduler]\ntype = \"rl\"\ncontroller_batch_size = 2\nnum_trials = 6\n"),
    ];
    let searchers = ["auto", "random", "grid", "bayesopt"];
    let mut seeds = Vec::new();
    for (scheduler, text) in schedulers {
        for searcher in searchers.iter().take(if scheduler == "rl" { 1 } else { searchers.len() }) {
            let chosen = if scheduler == "rl" { String::new() } else { format!("[searcher]\ntype = \"{searcher}\"\n") };
            let file = format!("{text}{chosen}{SPACE}");
            seeds.push((format!("{scheduler}_{searcher}"), [file.as_bytes(), b"\0", lines().as_bytes()].concat()));
        }
    }
    seeds
}

fn lines() -> String {
    let mut lines = String::new();
    for job in 0..6 {
        lines.push_str("{\"op\":\"ask\"}\n");
        for epoch in [1, 3, 9] {
            lines.push_str(&format!(
                "{{\"op\":\"report\",\"job\":{job},\"attributes\":{{\"epoch\":{epoch},\"accuracy\":0.{job}{epoch}}}}}\n"
            ));
        }
        lines.push_str(&match job {
            3 => format!("{{\"op\":\"fail\",\"job\":{job},\"error\":\"no luck\"}}\n"),
            _ => format!("{{\"op\":\"end\",\"job\":{job}}}\n"),
        });
    }
    lines.push_str("{\"op\":\"ask\",\"bracket\":0}\n{\"op\":\"best\"}\n{\"op\":\"rungs\"}\nnot JSON\n");
    lines
}

/// A trial for each import, and one each of what else a component can be.
fn components() -> Vec<(String, Vec<u8>)> {
    let mut seeds: Vec<(String, Vec<u8>)> = IMPORTS
        .iter()
        .map(|import| (format!("calls{}", import.name.replace('$', "_")), Guest::new().train(call(import)).component()))
        .collect();
    let mut guest = Guest::new();
    let report = guest.report(&[("accuracy", Value::Real(0.5)), ("note", Value::from("a text"))]);
    seeds.push(("trial".into(), guest::reports(3)));
    seeds.push(("command".into(), guest.command(&report)));
    let mut guest = Guest::new();
    let suggestion = guest.suggestion(&[("x", Value::Real(0.5))]);
    seeds.push(("searcher".into(), guest.searcher("", &format!("(i32.const {suggestion})"), "")));
    seeds.push(("module".into(), wat::parse_str(MODULE).expect("the module is well formed")));
    seeds
}

/// A call of an import with small arguments.
fn call(import: &Import) -> String {
    let types = |part: &str| -> Vec<&str> {
        let Some((_, types)) = import.signature.split_once(&format!("({part} ")) else { return Vec::new() };
        types.split_once(')').map_or(Vec::new(), |(types, _)| types.split(' ').collect())
    };
    let arguments: Vec<String> = types("param").iter().map(|kind| format!("({kind}.const 1)")).collect();
    let call = format!("(call {} {})", import.name, arguments.join(" "));
    if types("result").is_empty() { call } else { format!("(drop {call})") }
}

/// A command of WASI 0.1 that writes a line, and reads a file that is not there.
const MODULE: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "\18\00\00\00\06\00\00\00hello\0a")
  (func (export "_start")
    (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 0)))
    (drop (call $open (i32.const 3) (i32.const 0) (i32.const 24) (i32.const 5) (i32.const 0)
      (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 64)))))"#;
