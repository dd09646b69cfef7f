//! A worker: runs many trials on one thread, as fibers, always the one that is furthest behind in virtual time.
//!
//! That one is what the others' events wait for. It runs until its next fuel yield; then what has happened is passed on to the
//! driver and the choice is made anew. Early trials run when no other can.
//!
//! A worker has one assignment for life. It reads what that takes, is confined, and lets guests in then ([`Confine`]).

#![expect(clippy::disallowed_methods, reason = "wall time decides when messages are passed on, nothing else")]

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::computing::{self, GpuAccess};
use super::confinement::{Layer, Purpose};
use super::guest::{Guest, Makings, Note, Step};
use super::kept::Kept;
use super::message::{
    Assignment, Code, Compiled, FromWorker, Happening, Launch, LoadError, MilestoneAt, Place, SearcherCall,
    SuggestedConfig, ToWorker,
};
use super::{Program, SearcherProgram};
use crate::numeric::amount::{Fuel, Slot, TrialId, VirtualTime};
use crate::numeric::digest::Digest;
use crate::sandbox::component::{self, ComponentError};
use crate::sandbox::instance::{self, EngineFailure};
use crate::sandbox::searcher::{self, LiveSearcher};
use crate::sandbox::{CompiledCache, DataSets, Ended, ReadBack, Sandbox, fuel_schedule};
use crate::study::{ComponentId, FloatMode, Limits, Report};

/// How long what has happened may wait to be passed on with more.
const FLUSH_INTERVAL: Duration = Duration::from_millis(1);
/// How much of it may wait.
const FLUSH_COUNT: usize = 256;
/// About how many bytes of it may wait.
const FLUSH_BYTES: u64 = 1 << 20;

/// How long a worker is silent at most, unless something hangs.
const PULSE: Duration = Duration::from_secs(1);

/// Confines the process for a purpose; gives the layers that the system lacks. None of it for a thread.
pub(super) type Confine<'a> = Option<&'a mut dyn FnMut(Purpose) -> Vec<Layer>>;

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

/// Does what it is assigned, until that is done or the driver is gone.
pub(super) fn work(assignment: Assignment, inbox: &Receiver<ToWorker>, outbox: Outbox<'_>, confine: Confine<'_>) {
    // The driver's going needs no answer.
    let _ = match assignment {
        Assignment::Compile { component, float_mode } => compile(&component, float_mode, outbox, confine),
        Assignment::Inspect { component, limits, float_mode } => {
            inspect(&component, &limits, float_mode, outbox, confine)
        }
        Assignment::InspectSearcher { component, float_mode } => {
            inspect_searcher(&component, float_mode, outbox, confine)
        }
        Assignment::Train { program, code, paused_memory_bytes_max, gpu } => {
            let kept = Kept::new(paused_memory_bytes_max);
            let loaded = load(&program, &code, gpu);
            train(program.float_mode, loaded, kept, inbox, outbox, confine)
        }
        Assignment::Search { program, code } => search(&program, &code, inbox, outbox, confine),
    };
}

/// Has no more than what is needed from here on; says how far that goes.
fn confined(purpose: Purpose, outbox: Outbox<'_>, confine: Confine<'_>) -> Result<(), DriverGone> {
    confine.map_or(Ok(()), |confine| outbox(FromWorker::Confined(confine(purpose))))
}

/// Compiles, and nothing else: what it reads was never checked.
fn compile(bytes: &[u8], float_mode: FloatMode, outbox: Outbox<'_>, confine: Confine<'_>) -> Result<(), DriverGone> {
    confined(Purpose::Compiler, outbox, confine)?;
    let compiled = sandbox(float_mode).and_then(|sandbox| {
        let component = component::compile(&sandbox, bytes)?;
        component.serialize().map_err(|error| ComponentError::Engine(format!("{error:#}")))
    });
    outbox(FromWorker::Compiled(compiled))
}

fn inspect(
    component: &Compiled,
    limits: &Limits,
    float_mode: FloatMode,
    outbox: Outbox<'_>,
    confine: Confine<'_>,
) -> Result<(), DriverGone> {
    let loaded = sandbox(float_mode).and_then(|sandbox| Ok((loaded(&sandbox, component)?, sandbox)));
    confined(Purpose::Guests, outbox, confine)?;
    let inspected = match loaded {
        Ok((code, sandbox)) => {
            let described = component::inspect(&sandbox, &code, component.id.clone(), limits);
            run_to_end(described, outbox)?.map(|(_, inspection)| inspection)
        }
        Err(error) => Err(error),
    };
    outbox(FromWorker::Inspected(inspected))
}

fn inspect_searcher(
    component: &Compiled,
    float_mode: FloatMode,
    outbox: Outbox<'_>,
    confine: Confine<'_>,
) -> Result<(), DriverGone> {
    let loaded = sandbox(float_mode).and_then(|sandbox| Ok((loaded(&sandbox, component)?, sandbox)));
    confined(Purpose::Guests, outbox, confine)?;
    let inspect = |(code, sandbox)| component::inspect_searcher(&sandbox, &code, component.id.clone());
    outbox(FromWorker::InspectedSearcher(loaded.and_then(inspect)))
}

fn train(
    float_mode: FloatMode,
    loaded: Result<Makings, LoadError>,
    kept: Kept<Fiber>,
    inbox: &Receiver<ToWorker>,
    outbox: Outbox<'_>,
    confine: Confine<'_>,
) -> Result<(), DriverGone> {
    let has_gpu = loaded.as_ref().is_ok_and(|makings| makings.program.gpu().is_some());
    confined(if has_gpu { Purpose::GuestsOnGpu } else { Purpose::Guests }, outbox, confine)?;
    let makings = match loaded {
        Ok(makings) => makings,
        Err(LoadError::GpuLost(words)) => return outbox(FromWorker::Broken(words)),
        Err(error) => return outbox(FromWorker::Loaded(Err(error))),
    };
    outbox(FromWorker::Loaded(Ok(fuel_schedule(float_mode))))?;
    let (fibers, happenings, flushed) = (Vec::new(), Vec::new(), Instant::now());
    Worker { makings, fibers, happenings, ends: 0, flushed, kept, bytes: 0 }.run(inbox, outbox)
}

fn search(
    program: &SearcherProgram,
    code: &Code,
    inbox: &Receiver<ToWorker>,
    outbox: Outbox<'_>,
    confine: Confine<'_>,
) -> Result<(), DriverGone> {
    let bound = bind_searcher(program, code);
    confined(Purpose::Guests, outbox, confine)?;
    let bound = match bound {
        Ok(bound) => bound,
        Err(error) => return outbox(FromWorker::Loaded(Err(error))),
    };
    let mut searcher = match run_to_end(bound.begin(&program.space, program.seed, &program.settings), outbox)? {
        Ok(searcher) => searcher,
        Err(failure) => return outbox(FromWorker::Broken(failure.to_string())),
    };
    outbox(FromWorker::Loaded(Ok(fuel_schedule(program.float_mode))))?;
    loop {
        // Whoever has a searcher tells it nothing else.
        let ToWorker::Search(call) = wait(inbox, outbox)? else { continue };
        if let Err(failure) = answer(&mut searcher, call, outbox)? {
            return outbox(FromWorker::Broken(failure.to_string()));
        }
    }
}

/// Makes a call of the searcher, and passes on what it suggests.
fn answer(
    searcher: &mut LiveSearcher,
    call: SearcherCall,
    outbox: Outbox<'_>,
) -> Result<Result<(), EngineFailure>, DriverGone> {
    match call {
        SearcherCall::Observe(trial, kind) => run_to_end(searcher.observe(trial, kind), outbox),
        SearcherCall::Suggest(trial) => match run_to_end(searcher.suggest(trial), outbox)? {
            Ok(suggestion) => {
                let suggestion = suggestion.map(|config| config.map(SuggestedConfig));
                outbox(FromWorker::Suggested(suggestion)).map(Ok)
            }
            Err(failure) => Ok(Err(failure)),
        },
    }
}

/// The next message; until it comes, a sign of life now and then.
fn wait(inbox: &Receiver<ToWorker>, outbox: Outbox<'_>) -> Result<ToWorker, DriverGone> {
    loop {
        match inbox.recv_timeout(PULSE) {
            Ok(message) => return Ok(message),
            Err(RecvTimeoutError::Timeout) => outbox(FromWorker::Alive)?,
            Err(RecvTimeoutError::Disconnected) => return Err(DriverGone),
        }
    }
}

/// A worker that trains.
struct Worker {
    makings: Makings,
    fibers: Vec<Fiber>,
    /// What was not passed on yet.
    happenings: Vec<Happening>,
    /// How many ends are among it.
    ends: usize,
    flushed: Instant,
    kept: Kept<Fiber>,
    /// About how many bytes of what happened were not passed on yet.
    bytes: u64,
}

impl Worker {
    fn run(&mut self, inbox: &Receiver<ToWorker>, outbox: Outbox<'_>) -> Result<(), DriverGone> {
        loop {
            while let Some(message) = self.receive(inbox, outbox)? {
                self.handle(message);
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
        wait(inbox, outbox).map(Some)
    }

    fn handle(&mut self, message: ToWorker) {
        match message {
            ToWorker::Launch(launch) => self.launch(launch),
            ToWorker::Stop(trial) => {
                self.fibers.retain(|fiber| fiber.trial != trial);
                self.kept.take(trial);
            }
            ToWorker::Pause(trial) => self.pause(trial),
            ToWorker::Rest(trial) => self.rest(trial),
            ToWorker::Continue { trial, place } => {
                self.fibers.extend(self.kept.take(trial));
                // If it is not there, it was dropped, and the driver hears of that.
                if let Some(fiber) = self.fibers.iter_mut().find(|fiber| fiber.trial == trial) {
                    fiber.place = place;
                    fiber.waits = false;
                    let waiting = fiber.stop_at_milestone();
                    self.note(waiting);
                }
            }
            ToWorker::Hold { trial, held } => {
                let running = self.fibers.iter_mut().find(|fiber| fiber.trial == trial);
                if let Some(fiber) = running.or_else(|| self.kept.get_mut(trial)) {
                    fiber.held = held;
                    fiber.guest.hold(held);
                }
            }
            // Whoever trains is not asked to search.
            ToWorker::Search(_) => {}
        }
    }

    fn launch(&mut self, launch: Launch) {
        let Launch { trial, place, arguments } = launch;
        let guest = Guest::new(&self.makings, arguments);
        let (bound, held, reached, waits) = (Fuel(0), false, 0, false);
        self.fibers.push(Fiber { trial, place, guest, bound, held, reached, waits });
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
                Note::ReadBack(ReadBack { fuel, digest, bytes: bytes_read, content }) => {
                    Happening::ReadBack { trial, fuel, digest, bytes_read, content }
                }
            });
        }
        match step {
            Ok(Step::Ended(Ended { fuel, outcome, artifacts })) => {
                happened.push(Happening::Ended { trial, fuel, outcome, artifacts });
                self.end(index, happened);
                self.end_with_gpu(outbox)
            }
            Ok(step) => {
                if let Step::Advanced(fuel) = step {
                    fiber.bound = fuel;
                    let memory_bytes = fiber.guest.memory_bytes();
                    happened.push(Happening::Advanced { trial, fuel, memory_bytes });
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

    /// What computes for a worker hangs or is gone: the worker is of no use any more. Its trials run again, on another.
    fn end_with_gpu(&mut self, outbox: Outbox<'_>) -> Result<(), DriverGone> {
        if !self.makings.program.gpu().is_some_and(|port| port.is_dead()) {
            return Ok(());
        }
        self.flush(outbox)?;
        outbox(FromWorker::Broken("what computes on the GPU was given up".into()))
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

fn load(program: &Program, code: &Code, gpu: Option<GpuAccess>) -> Result<Makings, LoadError> {
    let sandbox = sandbox(program.float_mode)?;
    let bytes = read_unchanged(&program.component, program.id.digest)?;
    let component = loaded(&sandbox, &Compiled { id: program.id.clone(), code: code.clone() })?;
    component::check_world(&sandbox, &component)?;
    let data = DataSets::load(&program.data).map_err(|error| LoadError::Data(error.to_string()))?;
    Ok(Makings {
        program: instance::Program::for_many(&sandbox, &component, &bytes)?
            .given(program.guest.clone())
            .computing(computing::port(program, gpu)?),
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

/// A searcher with its imports bound.
fn bind_searcher(program: &SearcherProgram, code: &Code) -> Result<searcher::SearcherProgram, LoadError> {
    let sandbox = sandbox(program.float_mode)?;
    let bytes = read_unchanged(&program.component, program.settings.component)?;
    let id = ComponentId { digest: program.settings.component, bytes: bytes.len() as u64 };
    let component = loaded(&sandbox, &Compiled { id, code: code.clone() })?;
    component::check_searcher_world(&sandbox, &component)?;
    Ok(searcher::SearcherProgram::new(&sandbox, &component)?)
}

fn sandbox(float_mode: FloatMode) -> Result<Sandbox, ComponentError> {
    Sandbox::new(float_mode).map_err(|error| ComponentError::Engine(error.to_string()))
}

fn loaded(sandbox: &Sandbox, component: &Compiled) -> Result<wasmtime::component::Component, ComponentError> {
    match &component.code {
        Code::Cached { folder, .. } => {
            let cache = CompiledCache::open(folder).map_err(|error| ComponentError::Engine(error.to_string()))?;
            // Somebody has emptied it since the driver looked.
            let gone = || ComponentError::Engine("the compiled component is gone from the cache".into());
            cache.get(sandbox, component.id.digest).ok_or_else(gone)
        }
        Code::Given(code) => component::from_code(sandbox, code),
    }
}

/// Runs a future whose only reason to be pending is a fuel yield; now and then there is a sign of life.
pub(super) fn run_to_end<F: Future>(future: F, outbox: Outbox<'_>) -> Result<F::Output, DriverGone> {
    let mut future = std::pin::pin!(future);
    let mut said = Instant::now();
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return Ok(output);
        }
        if said.elapsed() >= PULSE {
            said = Instant::now();
            outbox(FromWorker::Alive)?;
        }
    }
}
