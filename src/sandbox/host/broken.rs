//! A host function that is broken on purpose, in test builds only (feature `broken-host`): a guest that writes `broken-host: …` to its log has the
//! host do what follows, as a guest could that has broken out of the engine's sandbox. What came of it is written to the log.
//!
//! `tests/breakout.rs` shows with it what the process around the sandbox stops. No program that is given to anybody has this feature.

#![expect(unsafe_code, clippy::disallowed_methods, reason = "this is the harm that the process layer has to stop")]

use std::fmt::Debug;
use std::io;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::Command;

/// What marks a text as a command.
const MARK: &str = "broken-host: ";

/// Does what a text demands, if it demands something; says what came of it.
pub(super) fn act(text: &str) -> Option<String> {
    let demand = text.strip_prefix(MARK)?;
    let (verb, object) = demand.split_once(' ').unwrap_or((demand, ""));
    Some(match verb {
        "write" => told(std::fs::write(object, "harm")),
        "append" => told(std::fs::OpenOptions::new().append(true).open(object)),
        "read" => told(std::fs::read(object).map(|bytes| bytes.len())),
        "list" => told(std::fs::read_dir(object).map(Iterator::count)),
        "stat" => told(std::fs::metadata(object).map(|metadata| metadata.len())),
        "remove" => told(std::fs::remove_file(object)),
        "connect" => told(TcpStream::connect(object)),
        "listen" => told(TcpListener::bind(object)),
        "send" => told(UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.send_to(b"harm", object))),
        "execute" => told(Command::new(object).status()),
        "thread" => told(std::thread::Builder::new().spawn(|| ()).map(|_| ())),
        // SAFETY: the child does nothing but end.
        "fork" => told(result(unsafe {
            let child = libc::fork();
            if child == 0 {
                libc::_exit(0);
            }
            child.into()
        })),
        // SAFETY: signal 0 only asks whether there is such a process.
        "signal" => told(result(unsafe { libc::kill(object.parse().unwrap_or(1), 0) }.into())),
        // SAFETY: it attaches to another process and touches no memory of this one.
        "trace" => told(result(unsafe { libc::ptrace(libc::PTRACE_ATTACH, object.parse().unwrap_or(1), 0, 0) })),
        "code" => told(new_code()),
        "raise" => told(raised_limit()),
        "environment" => std::env::vars_os().count().to_string(),
        "descriptors" => open_descriptors().to_string(),
        "take" => told(taken(object.parse().unwrap_or(0))),
        "hang" => loop {
            std::hint::spin_loop();
        },
        "sleep" => loop {
            std::thread::sleep(std::time::Duration::from_secs(3600));
        },
        "die" => std::process::abort(),
        verb => format!("unknown: {verb}"),
    })
}

fn told<T: Debug>(result: io::Result<T>) -> String {
    match result {
        Ok(_) => "done".into(),
        Err(error) => format!("refused: {}", error.raw_os_error().map_or("-".into(), |code| code.to_string())),
    }
}

fn result(returned: libc::c_long) -> io::Result<()> {
    if returned < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Memory that can be written and run.
fn new_code() -> io::Result<()> {
    let protection = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
    // SAFETY: a new mapping where the kernel likes it; nobody uses it.
    let place =
        unsafe { libc::mmap(std::ptr::null_mut(), 4096, protection, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0) };
    if place == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Takes the bounds off.
fn raised_limit() -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: the structure is whole and outlives the call.
    result(unsafe { libc::setrlimit(libc::RLIMIT_DATA, &raw const limit) }.into())
}

/// How many descriptors are open beside the standard streams.
fn open_descriptors() -> usize {
    // SAFETY: asks for a descriptor's flags; one that is not open fails.
    (3..1024).filter(|descriptor| unsafe { libc::fcntl(*descriptor, libc::F_GETFD) } >= 0).count()
}

/// So much memory, written to.
fn taken(bytes: usize) -> io::Result<usize> {
    let mut memory: Vec<u8> = Vec::new();
    memory.try_reserve_exact(bytes).map_err(|_| io::Error::from_raw_os_error(libc::ENOMEM))?;
    memory.resize(bytes, 1);
    Ok(std::hint::black_box(memory).len())
}
