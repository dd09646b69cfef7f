//! Workers as threads or child processes, behind one handle.
//!
//! Whatever a worker says, or that it is gone, arrives at one channel, with the worker's number.

use std::io::{self, BufReader, BufWriter, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::message::{FromWorker, ToWorker, read_message, write_message};
use super::worker::{DriverGone, work};
use super::{ExecutorError, Isolation};

/// The first argument by which a program is told to be a worker.
const WORKER_ARGUMENT: &str = "__worker";

/// How many messages of workers may wait to be heard. A worker that has more to say waits; it can be told things meanwhile.
const MESSAGES_MAX: usize = 64;

/// How much of a lost worker's last words is kept.
const LAST_WORDS_BYTES_MAX: usize = 4 << 10;

/// The number of a worker; never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WorkerId(u64);

/// What arrives from a worker.
#[derive(Debug)]
pub(super) enum FromPool {
    /// It said something.
    Said(WorkerId, FromWorker),
    /// It is gone, with its last words.
    Gone(WorkerId, String),
}

/// Makes workers and hears them.
pub(super) struct Pool {
    isolation: Isolation,
    sender: SyncSender<FromPool>,
    receiver: Receiver<FromPool>,
    next: u64,
}

/// A worker that can be told things. Dropping it ends the worker.
pub(super) struct WorkerHandle {
    pub(super) id: WorkerId,
    line: Line,
}

enum Line {
    Thread(Sender<ToWorker>),
    Process { child: Child, stdin: BufWriter<ChildStdin> },
}

impl Pool {
    pub(super) fn new(isolation: Isolation) -> Self {
        let (sender, receiver) = mpsc::sync_channel(MESSAGES_MAX);
        Self { isolation, sender, receiver, next: 0 }
    }

    /// Starts a worker.
    pub(super) fn spawn(&mut self) -> Result<WorkerHandle, ExecutorError> {
        let id = WorkerId(self.next);
        self.next += 1;
        let line = match &self.isolation {
            Isolation::Thread => spawn_thread(id, self.sender.clone()),
            Isolation::Process => spawn_process(id, self.sender.clone())?,
        };
        Ok(WorkerHandle { id, line })
    }

    /// What arrives next, if something does before `timeout`.
    pub(super) fn receive(&self, timeout: Duration) -> Option<FromPool> {
        // The pool holds a sender itself, so the channel is never closed.
        self.receiver.recv_timeout(timeout).ok()
    }

    /// What has arrived already.
    pub(super) fn receive_ready(&self) -> Option<FromPool> {
        self.receiver.try_recv().ok()
    }
}

impl WorkerHandle {
    /// Tells the worker something. One that is gone hears nothing; that it is gone arrives at the pool.
    pub(super) fn tell(&mut self, message: ToWorker) {
        match &mut self.line {
            Line::Thread(sender) => {
                let _ = sender.send(message);
            }
            Line::Process { stdin, .. } => {
                let _ = write_message(stdin, &message);
            }
        }
    }

    /// Ends the worker at once, if it is a process.
    pub(super) fn kill(&mut self) {
        if let Line::Process { child, .. } = &mut self.line {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for WorkerHandle {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn_thread(id: WorkerId, sender: SyncSender<FromPool>) -> Line {
    let (to_worker, inbox) = mpsc::channel();
    std::thread::spawn(move || {
        let mut outbox = |message| sender.send(FromPool::Said(id, message)).map_err(|mpsc::SendError(_)| DriverGone);
        let panicked = catch_unwind(AssertUnwindSafe(|| work(&inbox, &mut outbox))).is_err();
        let last_words = if panicked { "it panicked" } else { "" };
        let _ = sender.send(FromPool::Gone(id, last_words.into()));
    });
    Line::Thread(to_worker)
}

fn spawn_process(id: WorkerId, sender: SyncSender<FromPool>) -> Result<Line, ExecutorError> {
    let program = worker_program()?;
    let failed = |source| ExecutorError::Spawn { program: program.clone(), source };
    let mut child = Command::new(&program)
        .arg(WORKER_ARGUMENT)
        // Nothing of this process's environment is a worker's business.
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(failed(std::io::Error::other("the child has no pipes")));
    };
    let last_words = Arc::new(Mutex::new(Vec::new()));
    let heard = last_words.clone();
    let listener = std::thread::spawn(move || hear_last_words(stderr, &heard));
    std::thread::spawn(move || {
        let last_words = match pass_on(id, stdout, &sender) {
            // Its other stream ends with it.
            Ok(()) => {
                let _ = listener.join();
                let words = last_words.lock().unwrap_or_else(PoisonError::into_inner);
                String::from_utf8_lossy(&words).trim().to_owned()
            }
            Err(error) => format!("it said something that is no message: {error}"),
        };
        let _ = sender.send(FromPool::Gone(id, last_words));
    });
    Ok(Line::Process { child, stdin: BufWriter::new(stdin) })
}

/// The program to start as a worker: this one, if it is trialbox or has said that it can be one.
fn worker_program() -> Result<PathBuf, ExecutorError> {
    if let Some(program) = WORKER_PROGRAM.get() {
        return Ok(program.clone());
    }
    Err(ExecutorError::NoWorkerProgram)
}

static WORKER_PROGRAM: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();

/// Names the program to start for [`Isolation::Process`]: it must call [`run_as_worker_if_asked`] first thing in its `main`.
/// The first call in a process counts.
pub fn set_worker_program(program: PathBuf) {
    let _ = WORKER_PROGRAM.set(program);
}

/// To be called first thing in `main` by every program that runs studies with [`Isolation::Process`]: if the program was
/// started as a worker, this works and never returns; else it notes that this program can be started as one.
pub fn run_as_worker_if_asked() {
    if std::env::args_os().nth(1).is_some_and(|argument| argument == WORKER_ARGUMENT) {
        serve();
    }
    if let Ok(program) = std::env::current_exe() {
        set_worker_program(program);
    }
}

/// Works for the driver at the other end of standard input and output.
fn serve() -> ! {
    let (sender, inbox) = mpsc::channel();
    std::thread::spawn(move || {
        let mut stdin = BufReader::new(std::io::stdin().lock());
        while let Ok(Some(message)) = read_message(&mut stdin) {
            if sender.send(message).is_err() {
                break;
            }
        }
        // The driver is gone. A guest may be in the middle of something long; nobody waits for it.
        std::process::exit(0);
    });
    let mut stdout = BufWriter::new(std::io::stdout().lock());
    let mut outbox = |message| write_message(&mut stdout, &message).map_err(|_| DriverGone);
    work(&inbox, &mut outbox);
    std::process::exit(0);
}

/// Passes on what a worker says, until it is gone or nobody hears any more.
fn pass_on(id: WorkerId, stdout: ChildStdout, sender: &SyncSender<FromPool>) -> io::Result<()> {
    let mut stdout = BufReader::with_capacity(64 << 10, stdout);
    while let Some(message) = read_message(&mut stdout)? {
        if sender.send(FromPool::Said(id, message)).is_err() {
            break;
        }
    }
    Ok(())
}

fn hear_last_words(mut stderr: ChildStderr, heard: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 1 << 10];
    while let Ok(length @ 1..) = stderr.read(&mut buffer) {
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.extend_from_slice(&buffer[..length]);
        let excess = heard.len().saturating_sub(LAST_WORDS_BYTES_MAX);
        heard.drain(..excess);
    }
}
