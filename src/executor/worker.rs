//! A worker: runs many trials on one thread, as fibers, always the one that is furthest behind in virtual time.
//!
//! That one is what the others' events wait for. It runs until its next fuel yield; then what has happened is passed on to the
//! driver and the choice is made anew. Early trials run when no other can.

#![expect(clippy::disallowed_methods, reason = "wall time decides when messages are passed on, nothing else")]

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvError, TryRecvError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::guest::{Guest, Makings, Note, Step};
use super::kept::Kept;
use super::message::{FromWorker, Happening, Launch, LoadError, MilestoneAt, Place, SearcherCall, ToWorker};
use super::{Program, SearcherProgram};
use crate::numeric::amount::{Fuel, Slot, TrialId, VirtualTime};
use crate::numeric::digest::Digest;
use crate::sandbox::component::{self, ComponentError};
use crate::sandbox::instance::{self, EngineFailure};
use crate::sandbox::searcher::{self, LiveSearcher};
use crate::sandbox::{CompiledCache, DataSets, Ended, Inspection, Sandbox, SearcherInspection, fuel_schedule};
use crate::study::{ComponentId, FloatMode, Limits, Report};

/// How long what has happened may wait to be passed on with more.
const FLUSH_INTERVAL: Duration = Duration::from_millis(1);
/// How much of it may wait.
const FLUSH_COUNT: usize = 256;
/// About how many bytes of it may wait.
const FLUSH_BYTES: u64 = 1 << 20;

/// Where a worker's messages go. It fails when the driver is gone.
pub(super) type Outbox<'a> = &'a mut dyn FnMut(FromWorker) -> Result<(), DriverGone>;

/// The driver is gone; the worker has nothing left to do.
pub(super) struct DriverGone;

/// A trial that the worker runs, or keeps while it is paused.
struct Fiber {
    trial: TrialId,
    place: Place,
    guest: Guest,
    /// A lower bound of its fuel at its next event.
    bound: Fuel,
    held: bool,
    /// How much of the resource it has reported.
    reached: u64,
    /// Whether it stands at its milestone until it is told to go on.
    waits: bool,
}

impl Fiber {
    /// Whether it makes sense to run it now.
    fn is_runnable(&self) -> bool {
        !(self.waits || self.held && self.guest.is_at_report())
    }

    /// Where it stands on the study's clock.
    fn moment(&self) -> VirtualTime {
        self.place.start.after(Fuel(self.bound.0.saturating_sub(self.place.fuel_before.0)))
    }

    /// Who runs first: of those that the study has started the one that is furthest behind, then early ones by number.
    fn rank(&self) -> (bool, VirtualTime, Slot, TrialId) {
        match self.place.is_early {
            true => (true, VirtualTime(0), Slot(0), self.trial),
            false => (false, self.moment(), self.place.slot, self.trial),
        }
    }

    fn note_report(&mut self, fuel: Fuel, report: &Report) {
        self.bound = fuel;
        if let Some(MilestoneAt::Report { attribute, .. }) = &self.place.milestone {
            self.reached = report.resource(attribute).unwrap_or(self.reached);
        }
    }

    /// Has it wait if it stands at its milestone; tells if it now does and did not before.
    fn stop_at_milestone(&mut self) -> Option<Happening> {
        let milestone = self.place.milestone.as_ref()?;
        let is_there = match milestone {
            MilestoneAt::Fuel(level) => self.bound > *level,
            MilestoneAt::Report { level, .. } => self.reached >= *level,
        };
        let (trial, level) = (self.trial, milestone.level());
        (is_there && !std::mem::replace(&mut self.waits, true)).then_some(Happening::Waiting { trial, level })
    }
}

/// Works until the driver is gone.
pub(super) fn work(inbox: &Receiver<ToWorker>, outbox: Outbox<'_>) {
    let mut worker = Worker {
        loaded: None,
        fibers: Vec::new(),
        happenings: Vec::new(),
        ends: 0,
        flushed: Instant::now(),
        kept: Kept::new(0),
        bytes: 0,
        searcher: None,
    };
    // The driver's going is the only way in which this ends.
    let _ = worker.run(inbox, outbox);
}

struct Worker {
    loaded: Option<Makings>,
    fibers: Vec<Fiber>,
    /// What was not passed on yet.
    happenings: Vec<Happening>,
    /// How many ends are among it.
    ends: usize,
    flushed: Instant,
    kept: Kept<Fiber>,
    /// About how many bytes of what happened were not passed on yet.
    bytes: u64,
    searcher: Option<LiveSearcher>,
}

impl Worker {
    fn run(&mut self, inbox: &Receiver<ToWorker>, outbox: Outbox<'_>) -> Result<(), DriverGone> {
        loop {
            while let Some(message) = self.receive(inbox, outbox)? {
                self.handle(message, outbox)?;
            }
            if let Some(index) = self.next_to_run() {
                self.advance(index, outbox)?;
                if self.is_flush_due() {
                    self.flush(outbox)?;
                }
            }
        }
    }

    /// Whether to pass on now what has happened. An end can wait, but not for all: while half of the trials run on, the driver
    /// finds new ones for the places of the others.
    fn is_flush_due(&self) -> bool {
        self.ends > self.fibers.len()
            || self.happenings.len() >= FLUSH_COUNT
            || self.bytes >= FLUSH_BYTES
            || self.flushed.elapsed() >= FLUSH_INTERVAL
    }

    /// The next message: waited for if there is nothing else to do.
    fn receive(&mut self, inbox: &Receiver<ToWorker>, outbox: Outbox<'_>) -> Result<Option<ToWorker>, DriverGone> {
        match inbox.try_recv() {
            Ok(message) => return Ok(Some(message)),
            Err(TryRecvError::Disconnected) => return Err(DriverGone),
            Err(TryRecvError::Empty) => {}
        }
        if self.next_to_run().is_some() {
            return Ok(None);
        }
        self.flush(outbox)?;
        inbox.recv().map(Some).map_err(|RecvError| DriverGone)
    }

    fn handle(&mut self, message: ToWorker, outbox: Outbox<'_>) -> Result<(), DriverGone> {
        match message {
            ToWorker::Inspect { component, limits, float_mode, cache } => {
                outbox(FromWorker::Inspected(inspect(&component, &limits, float_mode, cache)))
            }
            ToWorker::Load { program, cache, paused_memory_bytes_max } => {
                self.kept = Kept::new(paused_memory_bytes_max);
                let loaded = load(&program, cache).map(|loaded| self.loaded = Some(loaded));
                outbox(FromWorker::Loaded(loaded.map(|()| fuel_schedule(program.float_mode))))
            }
            ToWorker::InspectSearcher { component, float_mode, cache } => {
                outbox(FromWorker::InspectedSearcher(inspect_searcher(&component, float_mode, cache)))
            }
            ToWorker::LoadSearcher { program, cache } => match load_searcher(&program, cache) {
                Ok(Ok(searcher)) => {
                    self.searcher = Some(searcher);
                    outbox(FromWorker::LoadedSearcher(Ok(fuel_schedule(program.float_mode))))
                }
                Ok(Err(failure)) => outbox(FromWorker::Broken(failure.to_string())),
                Err(error) => outbox(FromWorker::LoadedSearcher(Err(error))),
            },
            ToWorker::Search(call) => self.search(call, outbox),
            ToWorker::Launch(launch) => {
                self.launch(launch);
                Ok(())
            }
            ToWorker::Stop(trial) => {
                self.fibers.retain(|fiber| fiber.trial != trial);
                self.kept.take(trial);
                Ok(())
            }
            ToWorker::Pause(trial) => {
                self.pause(trial);
                Ok(())
            }
            ToWorker::Rest(trial) => {
                self.rest(trial);
                Ok(())
            }
            ToWorker::Continue { trial, place } => {
                self.fibers.extend(self.kept.take(trial));
                // If it is not there, it was dropped, and the driver hears of that.
                if let Some(fiber) = self.fibers.iter_mut().find(|fiber| fiber.trial == trial) {
                    fiber.place = place;
                    fiber.waits = false;
                    let waiting = fiber.stop_at_milestone();
                    self.note(waiting);
                }
                Ok(())
            }
            ToWorker::Hold { trial, held } => {
                let running = self.fibers.iter_mut().find(|fiber| fiber.trial == trial);
                if let Some(fiber) = running.or_else(|| self.kept.get_mut(trial)) {
                    fiber.held = held;
                    fiber.guest.hold(held);
                }
                Ok(())
            }
        }
    }

    fn launch(&mut self, launch: Launch) {
        // The driver loads before it launches.
        let Some(loaded) = &self.loaded else { return };
        let Launch { trial, place, arguments } = launch;
        let guest = Guest::new(loaded, arguments);
        let (bound, held, reached, waits) = (Fuel(0), false, 0, false);
        self.fibers.push(Fiber { trial, place, guest, bound, held, reached, waits });
    }

    /// Calls the searcher.
    fn search(&mut self, call: SearcherCall, outbox: Outbox<'_>) -> Result<(), DriverGone> {
        // The driver loads before it asks.
        let Some(searcher) = &mut self.searcher else { return Ok(()) };
        let answer = match call {
            SearcherCall::Observe(trial, kind) => match run_to_end(searcher.observe(trial, kind)) {
                Ok(()) => return Ok(()),
                Err(failure) => Err(failure),
            },
            SearcherCall::Suggest(trial) => run_to_end(searcher.suggest(trial)),
        };
        match answer {
            Ok(suggestion) => outbox(FromWorker::Suggested(suggestion)),
            Err(failure) => {
                self.searcher = None;
                outbox(FromWorker::Broken(failure.to_string()))
            }
        }
    }

    /// Keeps a trial for later, as far as there is memory.
    fn pause(&mut self, trial: TrialId) {
        let Some((fiber, bytes)) = self.take_off(trial) else { return };
        let gone = self.kept.pause(trial, fiber, bytes);
        self.note(gone.into_iter().map(|trial| Happening::Dropped { trial }));
    }

    /// Keeps an early trial for its start, as far as there is memory that no paused one needs.
    fn rest(&mut self, trial: TrialId) {
        let Some((fiber, bytes)) = self.take_off(trial) else { return };
        let gone = self.kept.rest(trial, fiber, bytes);
        self.note(gone.into_iter().map(|trial| Happening::Dropped { trial }));
    }

    /// Notes down what has happened, to be passed on.
    fn note(&mut self, happenings: impl IntoIterator<Item = Happening>) {
        for happening in happenings {
            self.bytes = self.bytes.saturating_add(happening.bytes());
            self.happenings.push(happening);
        }
    }

    /// Takes a trial off those that run, with the memory that it takes to keep it.
    fn take_off(&mut self, trial: TrialId) -> Option<(Fiber, u64)> {
        let index = self.fibers.iter().position(|fiber| fiber.trial == trial)?;
        let fiber = self.fibers.swap_remove(index);
        let bytes = fiber.guest.kept_bytes();
        Some((fiber, bytes))
    }

    /// The trial that runs next.
    fn next_to_run(&self) -> Option<usize> {
        let runnable = self.fibers.iter().enumerate().filter(|(_, fiber)| fiber.is_runnable());
        runnable.min_by_key(|(_, fiber)| fiber.rank()).map(|(index, _)| index)
    }

    /// Runs a trial until its next yield, its next report or its end.
    fn advance(&mut self, index: usize, outbox: Outbox<'_>) -> Result<(), DriverGone> {
        let fiber = &mut self.fibers[index];
        let trial = fiber.trial;
        let mut notes = Vec::new();
        let step = fiber.guest.run(&mut notes);
        let mut happened = Vec::new();
        for note in notes {
            happened.push(match note {
                Note::Reported(fuel, report) => {
                    fiber.note_report(fuel, &report);
                    Happening::Reported { trial, fuel, report }
                }
                Note::Logged(piece) => Happening::Logged { trial, piece },
            });
        }
        match step {
            Ok(Step::Ended(Ended { fuel, outcome, artifacts })) => {
                happened.push(Happening::Ended { trial, fuel, outcome, artifacts });
                self.end(index, happened);
                Ok(())
            }
            Ok(step) => {
                if let Step::Advanced(fuel) = step {
                    fiber.bound = fuel;
                    happened.push(Happening::Advanced { trial, fuel });
                }
                happened.extend(fiber.stop_at_milestone());
                self.note(happened);
                Ok(())
            }
            Err(failure) => {
                self.end(index, happened);
                self.flush(outbox)?;
                outbox(FromWorker::Broken(failure.to_string()))
            }
        }
    }

    /// A trial has come to its end with that.
    fn end(&mut self, index: usize, happened: Vec<Happening>) {
        self.fibers.swap_remove(index);
        self.ends += 1;
        self.note(happened);
    }

    fn flush(&mut self, outbox: Outbox<'_>) -> Result<(), DriverGone> {
        self.flushed = Instant::now();
        self.ends = 0;
        self.bytes = 0;
        if self.happenings.is_empty() {
            return Ok(());
        }
        outbox(FromWorker::Happened(std::mem::take(&mut self.happenings)))
    }
}

fn load(program: &Program, cache: Option<PathBuf>) -> Result<Makings, LoadError> {
    let sandbox = Sandbox::new(program.float_mode).map_err(|error| LoadError::Sandbox(error.to_string()))?;
    let bytes = read_unchanged(&program.component, program.id.digest)?;
    let component = compiled(&sandbox, program.id.digest, &bytes, cache)?;
    component::check_world(&sandbox, &component)?;
    let data = DataSets::load(&program.data).map_err(|error| LoadError::Data(error.to_string()))?;
    Ok(Makings {
        program: instance::Program::for_many(&sandbox, &component, &bytes)?,
        limits: Arc::new(program.limits.clone()),
        data: Arc::new(data),
        replication: Arc::new(program.replication.clone()),
    })
}

/// Reads a component that must have that digest.
fn read_unchanged(path: &Path, expected: Digest) -> Result<Vec<u8>, ComponentError> {
    let bytes = component::read(path)?;
    let found = Digest::of(&bytes);
    if found != expected {
        return Err(ComponentError::Changed { found: found.to_string(), expected: expected.to_string() });
    }
    Ok(bytes)
}

/// Has a searcher begin, unless the machine fails.
fn load_searcher(
    program: &SearcherProgram,
    cache: Option<PathBuf>,
) -> Result<Result<LiveSearcher, EngineFailure>, LoadError> {
    let sandbox = Sandbox::new(program.float_mode).map_err(|error| LoadError::Sandbox(error.to_string()))?;
    let bytes = read_unchanged(&program.component, program.settings.component)?;
    let component = compiled(&sandbox, program.settings.component, &bytes, cache)?;
    component::check_searcher_world(&sandbox, &component)?;
    let bound = searcher::SearcherProgram::new(&sandbox, &component)?;
    Ok(run_to_end(bound.begin(&program.space, program.seed, &program.settings)))
}

fn compiled(
    sandbox: &Sandbox,
    digest: Digest,
    bytes: &[u8],
    cache: Option<PathBuf>,
) -> Result<wasmtime::component::Component, ComponentError> {
    // A cache that cannot be used costs time, nothing else.
    match cache.and_then(|folder| CompiledCache::open(&folder).ok()) {
        Some(cache) => cache.get_or_compile(sandbox, digest, bytes),
        None => component::compile(sandbox, bytes),
    }
}

fn inspect(
    path: &Path,
    limits: &Limits,
    float_mode: FloatMode,
    cache: Option<PathBuf>,
) -> Result<Inspection, ComponentError> {
    let sandbox = Sandbox::new(float_mode).map_err(|error| ComponentError::Engine(error.to_string()))?;
    let bytes = component::read(path)?;
    let id = ComponentId { digest: Digest::of(&bytes), bytes: bytes.len() as u64 };
    let component = compiled(&sandbox, id.digest, &bytes, cache)?;
    let described = component::inspect(&sandbox, &component, id, limits);
    run_to_end(described).map(|(_, inspection)| inspection)
}

fn inspect_searcher(
    path: &Path,
    float_mode: FloatMode,
    cache: Option<PathBuf>,
) -> Result<SearcherInspection, ComponentError> {
    let sandbox = Sandbox::new(float_mode).map_err(|error| ComponentError::Engine(error.to_string()))?;
    let bytes = component::read(path)?;
    let id = ComponentId { digest: Digest::of(&bytes), bytes: bytes.len() as u64 };
    let component = compiled(&sandbox, id.digest, &bytes, cache)?;
    component::inspect_searcher(&sandbox, &component, id)
}

/// Runs a future whose only reason to be pending is a fuel yield.
pub(super) fn run_to_end<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}
