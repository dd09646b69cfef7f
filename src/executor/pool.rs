//! Workers as threads or child processes, behind one handle.
//!
//! Whatever a worker says, or that it is gone, arrives at one channel, with the worker's number. Nothing here waits for a worker: what
//! it does not read is kept for it, and its handle tells for how long it has been silent.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::computing::{self, GPU_ARGUMENT};
use super::confinement::{self, Layer, Purpose};
use super::message::{Assignment, FromWorker, Sayable, ToWorker, hear, read_message, write_message};
use super::worker::{DriverGone, work};
use super::{ExecutorError, Isolation, RunOptions};

/// The first argument by which a program is told to be a worker.
const WORKER_ARGUMENT: &str = "__worker";

/// How many messages of workers may wait to be heard. A worker that has more to say waits; it can be told things meanwhile.
const MESSAGES_MAX: usize = 16;

/// How much of a lost worker's last words is kept.
const LAST_WORDS_BYTES_MAX: usize = 4 << 10;

/// How much of a silence counts at most, from one look to the next: a driver that was busy itself has not listened.
const LOOK_MAX: Duration = Duration::from_secs(1);
/// The stack of a compiler's threads: what a stranger has nested deep takes much.
const COMPILER_STACK_BYTES: &str = "67108864";

/// The number of a worker; never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WorkerId(pub(super) u64);

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
    require_isolation: bool,
    worker_memory_bytes_max: u64,
    compile_memory_bytes_max: u64,
    sender: SyncSender<FromPool>,
    receiver: Receiver<FromPool>,
    next: u64,
    /// Whether a fuzzer speaks in the place of all workers.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) is_fuzzed: bool,
}

/// A worker that can be told things. Dropping it ends the worker.
pub(super) struct WorkerHandle {
    pub(super) id: WorkerId,
    line: Line,
    watch: Watch,
}

enum Line {
    Thread(Sender<ToWorker>),
    Process(ProcessLine),
}

/// A child process with what it was told and has not read yet.
struct ProcessLine {
    child: Child,
    stdin: ChildStdin,
    unread: Vec<u8>,
}

impl ProcessLine {
    fn tell(&mut self, message: &ToWorker) {
        // To a list of bytes nothing fails to be written but a message of more than 4 GiB, which nobody makes.
        let _ = write_message(&mut self.unread, message);
        self.pass_on();
    }

    /// Passes on as much as the process takes now. One that is gone takes nothing; that it is gone arrives at the pool.
    fn pass_on(&mut self) {
        let mut passed = 0;
        while passed < self.unread.len() {
            match self.stdin.write(&self.unread[passed..]) {
                Ok(0) => break,
                Ok(length) => passed += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => passed = self.unread.len(),
            }
        }
        self.unread.drain(..passed);
    }
}

/// For how long somebody has been silent, while there was an ear for it. Begins with the first thing that is heard.
struct Watch {
    silence: Duration,
    looked: Option<Instant>,
}

impl Watch {
    fn hear(&mut self, now: Instant) {
        (self.silence, self.looked) = (Duration::ZERO, Some(now));
    }

    fn look(&mut self, now: Instant) -> Duration {
        if let Some(before) = self.looked.replace(now) {
            self.silence = self.silence.saturating_add(now.saturating_duration_since(before).min(LOOK_MAX));
        } else {
            self.looked = None;
        }
        self.silence
    }
}

impl Pool {
    pub(super) fn new(options: &RunOptions) -> Self {
        let (sender, receiver) = mpsc::sync_channel(MESSAGES_MAX);
        Self {
            isolation: options.isolation,
            require_isolation: options.require_isolation,
            worker_memory_bytes_max: options.worker_memory_bytes_max,
            compile_memory_bytes_max: options.compile_memory_bytes_max,
            sender,
            receiver,
            next: 0,
            #[cfg(any(test, feature = "fuzzing"))]
            is_fuzzed: false,
        }
    }

    /// Starts a worker on its assignment.
    pub(super) fn spawn(&mut self, assignment: Assignment) -> Result<WorkerHandle, ExecutorError> {
        let id = WorkerId(self.next);
        self.next += 1;
        #[cfg(any(test, feature = "fuzzing"))]
        if self.is_fuzzed {
            return Ok(WorkerHandle::of_nobody(id));
        }
        let line = match self.isolation {
            Isolation::Thread if self.require_isolation => {
                return Err(ExecutorError::Unconfined { missing: vec![Layer::Bounds, Layer::Files, Layer::Calls] });
            }
            Isolation::Thread => spawn_thread(id, assignment, self.sender.clone()),
            Isolation::Process | Isolation::ProcessPerTrial => self.spawn_process(id, &assignment)?,
        };
        Ok(WorkerHandle { id, line, watch: Watch { silence: Duration::ZERO, looked: None } })
    }

    /// A worker has said which layers its confinement lacks.
    pub(super) fn accept(&self, missing: &[Layer]) -> Result<(), ExecutorError> {
        if missing.is_empty() || !self.require_isolation {
            return Ok(());
        }
        Err(ExecutorError::Unconfined { missing: missing.to_vec() })
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

    fn spawn_process(&self, id: WorkerId, assignment: &Assignment) -> Result<Line, ExecutorError> {
        let program = worker_program()?;
        let failed = |source| ExecutorError::Spawn { program: program.clone(), source };
        let mut command = Command::new(&program);
        // Nothing of this process's environment is a worker's business.
        command.arg(WORKER_ARGUMENT).env_clear();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let memory_bytes_max = match assignment {
            Assignment::Compile { .. } => {
                command.env("RUST_MIN_STACK", COMPILER_STACK_BYTES);
                self.compile_memory_bytes_max
            }
            _ => self.worker_memory_bytes_max,
        };
        let mut child = command.spawn().map_err(failed)?;
        let (Some(mut stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(failed(io::Error::other("the child has no pipes")));
        };
        // It reads this before it does anything that could keep it from reading. If it is gone, that arrives at the pool.
        let _ = write_message(&mut BufWriter::new(&mut stdin), &(assignment, memory_bytes_max));
        rustix::fs::fcntl_setfl(&stdin, rustix::fs::OFlags::NONBLOCK).map_err(|error| failed(error.into()))?;
        let last_words = Arc::new(Mutex::new(Vec::new()));
        let heard = last_words.clone();
        let listener = std::thread::spawn(move || hear_last_words(stderr, &heard));
        let (sender, sayable) = (self.sender.clone(), assignment.sayable());
        std::thread::spawn(move || {
            let last_words = match pass_on(id, stdout, sayable, &sender) {
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
        Ok(Line::Process(ProcessLine { child, stdin, unread: Vec::new() }))
    }
}

impl WorkerHandle {
    /// Of a worker that is told things in vain.
    #[cfg(any(test, feature = "fuzzing"))]
    fn of_nobody(id: WorkerId) -> Self {
        let line = Line::Thread(mpsc::channel().0);
        Self { id, line, watch: Watch { silence: Duration::ZERO, looked: None } }
    }

    /// Tells the worker something. One that is gone hears nothing; that it is gone arrives at the pool.
    pub(super) fn tell(&mut self, message: ToWorker) {
        match &mut self.line {
            Line::Thread(sender) => {
                let _ = sender.send(message);
            }
            Line::Process(line) => line.tell(&message),
        }
    }

    /// The worker was heard.
    pub(super) fn hear(&mut self) {
        self.watch.hear(now());
    }

    /// For how long the worker has been silent. To be asked several times a second: it is also told what it had not read before.
    pub(super) fn silence(&mut self) -> Duration {
        if let Line::Process(line) = &mut self.line {
            line.pass_on();
        }
        self.watch.look(now())
    }

    /// Ends the worker at once, if it is a process.
    pub(super) fn kill(&mut self) {
        if let Line::Process(ProcessLine { child, .. }) = &mut self.line {
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

#[expect(clippy::disallowed_methods, reason = "wall time decides who has been silent for too long, nothing else")]
fn now() -> Instant {
    Instant::now()
}

fn spawn_thread(id: WorkerId, assignment: Assignment, sender: SyncSender<FromPool>) -> Line {
    let (to_worker, inbox) = mpsc::channel();
    std::thread::spawn(move || {
        let mut outbox = |message| sender.send(FromPool::Said(id, message)).map_err(|mpsc::SendError(_)| DriverGone);
        let panicked = catch_unwind(AssertUnwindSafe(|| work(assignment, &inbox, &mut outbox, None))).is_err();
        let last_words = if panicked { "it panicked" } else { "" };
        let _ = sender.send(FromPool::Gone(id, last_words.into()));
    });
    Line::Thread(to_worker)
}

/// The program to start as a worker: this one, if it is trialbox or has said that it can be one.
pub(super) fn worker_program() -> Result<PathBuf, ExecutorError> {
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
    if std::env::args_os().nth(1).is_some_and(|argument| argument == GPU_ARGUMENT) {
        computing::serve();
    }
    if let Ok(program) = std::env::current_exe() {
        set_worker_program(program);
    }
}

/// Works for the driver at the other end of standard input and output.
fn serve() -> ! {
    confinement::close_inherited_descriptors();
    let mut stdin = BufReader::new(io::stdin());
    let Ok(Some((assignment, memory_bytes_max))) = read_message::<(Assignment, u64)>(&mut stdin) else {
        std::process::exit(0);
    };
    let (sender, inbox) = mpsc::channel();
    let mut ear = Some(move || listen(stdin, &sender));
    let mut confine = |purpose: Purpose| {
        let confining = confinement::begin(purpose, memory_bytes_max);
        // It begins confined as this thread is now, and no more threads begin after it.
        if let Some(ear) = ear.take() {
            std::thread::spawn(ear);
        }
        confining.finish()
    };
    let mut stdout = BufWriter::new(io::stdout().lock());
    let mut outbox = |message| write_message(&mut stdout, &message).map_err(|_| DriverGone);
    work(assignment, &inbox, &mut outbox, Some(&mut confine));
    std::process::exit(0);
}

/// Hears the driver, until it is gone.
fn listen(mut stdin: BufReader<io::Stdin>, sender: &Sender<ToWorker>) {
    // The driver is trusted: it reads what guests do, and runs none of it.
    while let Ok(Some(message)) = read_message(&mut stdin) {
        if sender.send(message).is_err() {
            break;
        }
    }
    // A guest may be in the middle of something long; nobody waits for it.
    std::process::exit(0);
}

/// Passes on what a worker says, until it is gone or nobody hears any more.
fn pass_on(id: WorkerId, stdout: ChildStdout, sayable: Sayable, sender: &SyncSender<FromPool>) -> io::Result<()> {
    let mut stdout = BufReader::with_capacity(64 << 10, stdout);
    while let Some(message) = hear(&mut stdout, sayable)? {
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
