//! Runs the commands that a study file names for reports, trials and new bests, as an observer of the study.
//!
//! One thread runs them one after the other, so that they come in the order of events. Nothing that they do reaches the study: what
//! comes faster than they can be run is left out, and counted.

#![expect(clippy::disallowed_methods, reason = "commands are waited for on the wall clock")]

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::config::{Hook, Hooks};
use crate::numeric::amount::TrialId;
use crate::output::sanitize::{printable, printable_json};
use crate::study::{Entry, Event, Metrics, Observer, StudyState, TrialStatus};

/// How many calls may wait to be made, and how large they may be together.
const WAITING_MAX: u64 = 1_000;
const WAITING_BYTES_MAX: u64 = 16 << 20;
/// How long one command may take, and all that wait when the study has ended.
const COMMAND_TIME_MAX: Duration = Duration::from_mins(1);
const LAST_COMMANDS_TIME_MAX: Duration = Duration::from_mins(1);
/// How often it is looked whether a command has ended.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// How much is kept of what a command that failed said.
const SAID_BYTES_MAX: u64 = 1_000;

/// Tells commands of a study.
pub(super) struct HookRunner {
    hooks: Hooks,
    study: String,
    store: String,
    /// The study after the events so far. What an observer is given may be ahead of the event.
    state: StudyState,
    calls: Option<Sender<Call>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// A command with what it is given.
struct Call {
    hook: Hook,
    command: Vec<String>,
    input: String,
}

/// What the thread and the observer know of each other.
#[derive(Default)]
struct Shared {
    waiting: AtomicU64,
    waiting_bytes: AtomicU64,
    left_out: AtomicU64,
    failed: AtomicU64,
    /// When all must be over, once the study has ended.
    deadline: Mutex<Option<Instant>>,
    first_failure: Mutex<Option<String>>,
}

impl HookRunner {
    /// For a study with that name and store; commands run in `folder`, that of the study file.
    pub(super) fn new(hooks: &Hooks, folder: &Path, study: &str, store: &Path) -> Self {
        let (sender, receiver) = channel();
        let shared = Arc::new(Shared::default());
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let (folder, known) = (absolute(folder), Arc::clone(&shared));
        Self {
            hooks: hooks.clone(),
            study: study.to_owned(),
            store: absolute(store).to_string_lossy().into_owned(),
            state: StudyState::new(Metrics::default()),
            calls: Some(sender),
            shared,
            thread: Some(std::thread::spawn(move || run_calls(&receiver, &folder, &known))),
        }
    }

    /// Waits for the commands that are to be run yet, though not for ever, and says what went wrong.
    pub(super) fn finish(mut self) -> Option<String> {
        *self.shared.deadline.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Instant::now() + LAST_COMMANDS_TIME_MAX);
        drop(self.calls.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            return Some("the commands of [hooks] could not be run to the end".into());
        }
        let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let (left_out, failed) = (count(&self.shared.left_out), count(&self.shared.failed));
        let first = self.shared.first_failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        let failed = first.map(|first| format!("{failed} commands of [hooks] failed, the first: {first}"));
        let left_out = (left_out > 0)
            .then(|| format!("{left_out} calls of [hooks] were left out, as they came faster than their commands ran"));
        let words: Vec<String> = failed.into_iter().chain(left_out).collect();
        (!words.is_empty()).then(|| words.join("; "))
    }

    fn call(&self, hook: Hook, trial: TrialId, event: &Event) {
        let (Some(command), Some(calls)) = (self.hooks.command(hook), &self.calls) else { return };
        if self.shared.waiting.load(Ordering::Relaxed) >= WAITING_MAX
            || self.shared.waiting_bytes.load(Ordering::Relaxed) >= WAITING_BYTES_MAX
        {
            self.shared.left_out.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let input = self.input(hook, trial, event);
        self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        self.shared.waiting_bytes.fetch_add(input.len() as u64, Ordering::Relaxed);
        // If the thread has gone, `finish` says so.
        let _ = calls.send(Call { hook, command: command.to_vec(), input });
    }

    /// What the command is given: one JSON object on a line.
    fn input(&self, hook: Hook, trial: TrialId, event: &Event) -> String {
        let record = self.state.trial(trial);
        let status = record.map(|record| match &record.status {
            TrialStatus::Running => "running",
            TrialStatus::Paused { .. } => "paused",
            TrialStatus::Ended(outcome) => outcome.name(),
        });
        let object = json!({
            "hook": hook.name(),
            "study": self.study,
            "store": self.store,
            "trial": trial,
            "status": status,
            "reward": record.and_then(|record| record.reward),
            "time": record.and_then(|record| record.time),
            "config": record.map(|record| &record.config),
            "best": self.state.best(),
            "event": event,
        });
        printable_json(&object.to_string()) + "\n"
    }
}

impl Observer for HookRunner {
    fn on_event(&mut self, entry: &Entry, _state: &StudyState) {
        let event = &entry.event;
        let before = self.state.best();
        self.state.apply(event);
        match event {
            Event::Reported { trial, .. } => self.call(Hook::OnReport, *trial, event),
            Event::TrialEnded { trial, .. } => self.call(Hook::OnTrial, *trial, event),
            _ => {}
        }
        if let Some(best) = self.state.best().filter(|best| before != Some(*best)) {
            self.call(Hook::OnBest, best.trial, event);
        }
    }

    fn on_recorded(&mut self, entry: &Entry, _state: &StudyState) {
        self.state.apply(&entry.event);
    }
}

fn run_calls(calls: &Receiver<Call>, folder: &Path, shared: &Shared) {
    for call in calls {
        let bytes = call.input.len() as u64;
        let result = match time_left(shared) {
            Some(left) => run_command(&call, folder, shared, left),
            None => {
                shared.left_out.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
        };
        if let Err(failure) = result {
            shared.failed.fetch_add(1, Ordering::Relaxed);
            let failure = format!("`{}` of {}: {failure}", printable(&call.command.join(" "), 200), call.hook.name());
            shared.first_failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
        }
        shared.waiting.fetch_sub(1, Ordering::Relaxed);
        shared.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// How long the next command may take; none if no more are to be run.
fn time_left(shared: &Shared) -> Option<Duration> {
    let deadline = *shared.deadline.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(deadline) = deadline else { return Some(COMMAND_TIME_MAX) };
    Some(deadline.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
}

fn run_command(call: &Call, folder: &Path, shared: &Shared, mut time_max: Duration) -> Result<(), String> {
    let [program, arguments @ ..] = call.command.as_slice() else { return Ok(()) };
    let mut command = Command::new(program_path(program, folder));
    command.args(arguments).current_dir(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    // A group of its own, so that what it starts ends with it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(|error| format!("it cannot be started: {error}"))?;
    let said = attend(&mut child, &call.input);
    let begun = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            // What it said comes at once, unless something that it started still holds the pipe.
            Ok(Some(status)) => {
                let said = said.recv_timeout(Duration::from_millis(200)).unwrap_or_default();
                return Err(if said.is_empty() { status.to_string() } else { format!("{status}: {said}") });
            }
            Ok(None) => {}
            Err(error) => return Err(error.to_string()),
        }
        time_max = time_left(shared).unwrap_or_default().min(time_max);
        if begun.elapsed() > time_max {
            end(&mut child);
            return Err(format!("it was ended after {:.0} s", begun.elapsed().as_secs_f64()));
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Ends a command with all that it has started. What cannot be killed has ended.
fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = rustix::process::Pid::from_raw(child.id().cast_signed()) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Gives a command its input, and gathers the beginning of what it says. Both in threads of their own, which end with the pipes.
fn attend(child: &mut Child, input: &str) -> Receiver<String> {
    let (stdin, stderr, input) = (child.stdin.take(), child.stderr.take(), input.to_owned());
    std::thread::spawn(move || {
        // A command need not read what it is given.
        let _ = stdin.map(|mut stdin| stdin.write_all(input.as_bytes()));
    });
    let (sender, said) = channel();
    std::thread::spawn(move || {
        let Some(mut stderr) = stderr else { return };
        let mut bytes = Vec::new();
        let _ = stderr.by_ref().take(SAID_BYTES_MAX).read_to_end(&mut bytes);
        let _ = sender.send(printable(String::from_utf8_lossy(&bytes).trim(), 400));
        // The rest is taken too, or the command would wait for ever to say it.
        let _ = std::io::copy(&mut stderr, &mut std::io::sink());
    });
    said
}

/// A name with a `/` is relative to the folder; another is looked for as the system does.
fn program_path(program: &str, folder: &Path) -> PathBuf {
    if program.contains('/') { folder.join(program) } else { PathBuf::from(program) }
}
