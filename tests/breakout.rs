//! What the process around the sandbox stops: guests that have the host do harm, as if they had broken out of the engine.
//!
//! Needs the feature `broken-host`. Each harm is also shown to be one, in a thread, where nothing stops it.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a test, no library")]
#![allow(clippy::needless_pass_by_value, clippy::use_self, reason = "brevity")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "a test, no library")]
#![cfg(target_os = "linux")]

#[path = "support/mod.rs"]
mod support;

use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::Duration;

use support::guest::{Declared, Described, Guest};
use trialbox::Study;
use trialbox::executor::{Isolation, RunOptions, set_worker_program};
use trialbox::numeric::amount::TrialId;
use trialbox::searcher::{GridSpec, SearcherSpec};
use trialbox::space::{Domain, Value};
use trialbox::store::Reader;
use trialbox::study::{Outcome, StudyState};

/// The numbers of the errors that the system refuses with: "operation not permitted" and "permission denied".
const REFUSED: [&str; 2] = ["refused: 1", "refused: 13"];

/// A guest with the parameter `mode`: for 0 it makes three reports, for 1 it demands that of the broken host first.
fn guest(demand: &str) -> Vec<u8> {
    let mut guest = Guest::new();
    let harm = guest.log(&format!("broken-host: {demand}"));
    let report = guest.report(&[("accuracy", Value::Real(0.5)), ("epoch", Value::Integer(1))]);
    let domain = Domain::Choice(vec![Value::Integer(0), Value::Integer(1)]);
    let description = Described { parameters: vec![Declared::new("mode", domain)], ..Described::default() };
    let mode = "(i64.load offset=16 (local.get $config))";
    let body = format!("(if (i64.eq {mode} (i64.const 1)) (then {harm})) {report} {report} {report}");
    guest.described(&description).train(body).component()
}

struct Shown {
    state: StudyState,
    digest: String,
    log: String,
    _folder: tempfile::TempDir,
}

impl Shown {
    /// The trial that does harm, and the one that does not: a grid begins with the last value.
    fn outcomes(&self) -> (Outcome, Outcome) {
        let outcome = |trial| self.state.trial(TrialId(trial)).unwrap().outcome().unwrap().clone();
        (outcome(0), outcome(1))
    }

    /// What the broken host said.
    fn told(&self) -> &str {
        self.log.lines().find(|line| !line.starts_with("broken-host")).unwrap_or("")
    }
}

fn options(isolation: Isolation) -> RunOptions {
    set_worker_program(env!("CARGO_BIN_EXE_trialbox").into());
    let cache = Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled"));
    RunOptions { jobs: 2, isolation, cache, ..RunOptions::default() }
}

/// Runs two trials, one of which does harm.
fn run(demand: &str, options: RunOptions) -> Shown {
    let folder = tempfile::tempdir().unwrap();
    let component: PathBuf = folder.path().join("guest.wasm");
    std::fs::write(&component, guest(demand)).unwrap();
    let store = folder.path().join("a.study");
    let study = Study::builder(&component).num_trials(2).searcher(SearcherSpec::Grid(GridSpec::default()));
    study.options(options).run(&store).unwrap();
    let reader = Reader::open(&store).unwrap();
    let logs: Vec<String> = reader.log(TrialId(0)).unwrap().into_iter().map(|piece| piece.text).collect();
    let (state, digest) = (reader.state().unwrap(), reader.digest().unwrap().to_string());
    Shown { state, digest, log: logs.concat(), _folder: folder }
}

/// The harm is done in a thread, and refused in a process, where the trial goes on and its neighbour too.
fn assert_refused(demand: &str) {
    let thread = run(demand, options(Isolation::Thread));
    assert_eq!(thread.told(), "done", "{demand}");
    let process = run(demand, options(Isolation::Process));
    assert!(REFUSED.contains(&process.told()), "{demand}: {}", process.log);
    assert_eq!(process.outcomes(), (Outcome::Completed, Outcome::Completed), "{demand}");
}

/// The harm costs the worker its life, twice; then the trial has crashed, and its neighbour is well.
fn assert_deadly(demand: &str) {
    for isolation in [Isolation::Process, Isolation::ProcessPerTrial] {
        let options = RunOptions { stall_time_max: Duration::from_secs(2), ..options(isolation) };
        assert_eq!(run(demand, options).outcomes(), (Outcome::Crashed, Outcome::Completed), "{demand}");
    }
}

#[test]
fn no_file_is_written_read_listed_or_removed() {
    let folder = tempfile::tempdir().unwrap();
    let (there, new) = (folder.path().join("there"), folder.path().join("new"));
    std::fs::write(&there, "as it was").unwrap();
    let (there_path, new_path) = (there.display(), new.display());
    for demand in [
        format!("read {there_path}"),
        format!("append {there_path}"),
        format!("list {}", folder.path().display()),
        format!("stat {there_path}"),
        "read /etc/passwd".into(),
        "list /proc".into(),
        "read /proc/self/environ".into(),
        "append /dev/null".into(),
    ] {
        assert_refused(&demand);
    }
    let written = run(&format!("write {new_path}"), options(Isolation::Process));
    assert!(REFUSED.contains(&written.told()) && !new.exists(), "{}", written.log);
    let removed = run(&format!("remove {there_path}"), options(Isolation::Process));
    assert!(REFUSED.contains(&removed.told()), "{}", removed.log);
    assert_eq!(std::fs::read_to_string(&there).unwrap(), "as it was");
}

#[test]
fn sockets_end_the_worker() {
    let (listener, receiver) = (TcpListener::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let (tcp, udp) = (listener.local_addr().unwrap(), receiver.local_addr().unwrap());
    assert_eq!(run(&format!("connect {tcp}"), options(Isolation::Thread)).told(), "done");
    listener.set_nonblocking(true).unwrap();
    listener.accept().unwrap();
    for demand in [format!("connect {tcp}"), format!("send {udp}"), "listen 127.0.0.1:0".into()] {
        assert_deadly(&demand);
    }
    assert!(listener.accept().is_err(), "somebody has connected");
    receiver.set_nonblocking(true).unwrap();
    assert!(receiver.recv(&mut [0; 8]).is_err(), "something was sent");
}

#[test]
fn programs_processes_and_looks_into_others_end_the_worker() {
    assert_eq!(run("execute /bin/true", options(Isolation::Thread)).told(), "done");
    let parent = std::process::id();
    let looks = [format!("signal {parent}"), format!("trace {parent}")];
    for demand in ["execute /bin/true", "fork"].into_iter().chain(looks.iter().map(String::as_str)) {
        assert_deadly(demand);
    }
}

#[test]
fn no_thread_is_started_no_code_is_made_and_no_bound_is_raised() {
    for demand in ["thread", "code"] {
        assert_refused(demand);
    }
    let raised = run("raise", options(Isolation::Process));
    assert!(REFUSED.contains(&raised.told()), "{}", raised.log);
}

#[test]
fn nothing_is_inherited() {
    // Open in this process, and not closed when it starts another.
    let file = std::fs::File::open("/proc/self/status").unwrap();
    rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty()).unwrap();
    let in_thread: usize = run("descriptors", options(Isolation::Thread)).told().parse().unwrap();
    assert!(in_thread > 0);
    // The engine keeps some for the initial memories of components, this guest's among them.
    let in_process: usize = run("descriptors", options(Isolation::Process)).told().parse().unwrap();
    assert!(in_process <= 4, "{in_process}");
    assert_eq!(run("environment", options(Isolation::Process)).told(), "0");
}

#[test]
fn memory_past_the_bound_is_refused() {
    let bytes: u64 = 1 << 30;
    let demand = format!("take {bytes}");
    // A pool of stacks alone is reserved with more than a gigabyte.
    let of = |worker_memory_bytes_max| RunOptions { worker_memory_bytes_max, ..options(Isolation::Process) };
    assert_eq!(run(&demand, of(8 << 30)).told(), "done");
    assert_eq!(run(&demand, of(2 << 30)).told(), "refused: 12");
}

#[test]
fn a_worker_that_hangs_is_ended_and_its_neighbours_go_on() {
    for demand in ["hang", "sleep", "die"] {
        assert_deadly(demand);
    }
}

#[test]
fn a_study_with_a_crashed_trial_has_one_digest() {
    let digests = [1, 2, 4].map(|jobs| run("fork", RunOptions { jobs, ..options(Isolation::Process) }).digest);
    assert!(digests.iter().all(|digest| *digest == digests[0]), "{digests:?}");
}
