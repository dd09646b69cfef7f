//! The driver loop: it carries out what the machine decides, and tells it what the workers say.
//!
//! It owns the clock, the workers and the journal; it decides nothing that reaches the log.

#![expect(clippy::disallowed_methods, reason = "wall time is the driver's to read; none of it reaches the log")]

mod hearing;
mod serving;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use self::serving::Served;
use super::compiling::compiled;
use super::computing::{self, GpuAccess};
use super::confinement::Layer;
use super::early_notes::{EarlyNote, EarlyNotes};
use super::hearing::{Bounds, Heard, Impossible};
use super::message::{Assignment, Code, FromWorker, Launch, LoadError, MilestoneAt, Place, ToWorker};
use super::pool::{FromPool, Pool, WorkerHandle, WorkerId};
use super::results::{Function, Recordings, Shelf};
use super::single::stalled;
use super::{
    EARLY_TRIALS_PER_SLOT, ExecutorError, Interrupt, Interruption, Isolation, Journal, KeepArtifacts, Program, RunEnd,
    RunOptions, Speculation,
};
use crate::numeric::amount::{Fuel, TrialId};
use crate::sandbox::{Arguments, Artifact, ComponentError, fuel_schedule};
use crate::study::{
    Action, ArtifactRecord, Entry, Event, Input, Job, Observer, Outcome, Replication, RunProgress, RunningTrial, Study,
    StudyError, TrialRecord,
};

/// How often the journal is committed and observers are told.
const TICK: Duration = Duration::from_millis(100);
/// How many messages are taken in before actions are carried out.
const MESSAGES_PER_TURN: usize = 256;
/// A trial with more bytes of unconsumed reports than this is held, until it has fewer than the other.
const HOLD_ABOVE_BYTES: u64 = 4 << 20;
const RELEASE_BELOW_BYTES: u64 = 1 << 20;
/// How many workers in a row may be lost before they have loaded the program, once one has.
const LOADS_LOST_MAX: u32 = 3;
/// How many early trials a worker has that it may run when no other can: so many that it has the next one at hand.
const EARLY_TRIALS_AT_HAND: usize = 2;

/// Runs a study until it ends or is cut off.
///
/// # Errors
/// If the journal fails, the component or the data cannot be had, workers cannot be started, or a trial that was run again did
/// something else than before. What was appended until then is committed, if the journal can.
pub fn run(
    study: &mut Study,
    program: &Program,
    journal: &mut dyn Journal,
    observers: &mut [&mut dyn Observer],
    options: &RunOptions,
    interrupt: &Interrupt,
) -> Result<RunEnd, ExecutorError> {
    let mut driver = Driver::new(study, program, journal, observers, options, interrupt)?;
    let end = match driver.run() {
        // It is the asking that was cut off.
        Err(ExecutorError::Study(StudyError::SearcherLost { .. })) if interrupt.is_requested() => {
            Ok(RunEnd::Interrupted(Interruption::Requested))
        }
        end => end,
    };
    if end.is_ok() {
        driver.shelve_all();
    }
    let committed = driver.journal.commit();
    let end = end?;
    committed?;
    Ok(end)
}

struct Driver<'a, 'b> {
    study: &'a mut Study,
    program: &'a Program,
    journal: &'a mut dyn Journal,
    observers: &'a mut [&'b mut dyn Observer],
    options: &'a RunOptions,
    interrupt: &'a Interrupt,
    /// The compiled component; none until it is needed.
    code: Option<Code>,
    pool: Pool,
    workers: BTreeMap<WorkerId, Staffed>,
    /// Where each running trial runs, and how far it is.
    trials: BTreeMap<TrialId, Placed>,
    /// Whether some worker has loaded the program.
    has_loaded: bool,
    /// How many workers in a row were lost before they had loaded it.
    loads_lost: u32,
    /// Trials that were aboard of a lost worker: they run one at a time, on a worker of their own, so that the culprit shows.
    quarantine: VecDeque<TrialId>,
    /// What ended trials left behind, until their end is in the log.
    artifacts: BTreeMap<TrialId, Vec<Artifact>>,
    artifact_bytes: u64,
    held: BTreeSet<TrialId>,
    early_notes: EarlyNotes,
    early_trials_max: u64,
    /// What every trial keeps to, as long as its worker is honest.
    bounds: Bounds,
    /// What this study's trials are a function of.
    function: Function,
    /// Where is what is known of trials.
    shelf: Shelf,
    /// What trials on workers have done, to be put on the shelf.
    recordings: Recordings,
    /// The trials that need not run on.
    served: BTreeMap<TrialId, Served>,
    /// Those of them that wait for nothing.
    to_serve: BTreeSet<TrialId>,
    /// Those of them of which no more is known, and who wait for what is to be consumed.
    all_said: BTreeSet<TrialId>,
    /// The trials that were served in this run, each up to its fuel.
    cached: BTreeMap<TrialId, Fuel>,
    began: Instant,
    progress: RunProgress,
}

/// A worker with what it is used for.
struct Staffed {
    handle: WorkerHandle,
    /// How many running trials it has.
    trials: usize,
    /// How many early ones it has that do not rest.
    early: usize,
    /// Whether it is for the quarantine.
    quarantine: bool,
    loaded: bool,
}

struct Placed {
    worker: WorkerId,
    /// What it has said since its launch.
    heard: Heard,
    doing: Doing,
    /// Whether it was paused or at rest in this run, so that its worker may have dropped it.
    may_be_dropped: bool,
    /// How far it may run before it waits to be told to go on; no bound, if none.
    milestone: Option<u64>,
}

/// What a trial does on its worker.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Doing {
    /// It runs, in a slot.
    Running,
    /// It is paused, and may have been dropped.
    Paused,
    /// It runs early.
    Early,
    /// It ran early as far as it should, and may have been dropped.
    Resting,
}

impl<'a, 'b> Driver<'a, 'b> {
    fn new(
        study: &'a mut Study,
        program: &'a Program,
        journal: &'a mut dyn Journal,
        observers: &'a mut [&'b mut dyn Observer],
        options: &'a RunOptions,
        interrupt: &'a Interrupt,
    ) -> Result<Self, ExecutorError> {
        let ours = fuel_schedule(program.float_mode);
        if study.spec().fuel_schedule != ours {
            return Err(ExecutorError::FuelSchedule { ours, theirs: study.spec().fuel_schedule });
        }
        let slots = study.spec().slots().map_or(1, u64::from);
        Ok(Self {
            bounds: Bounds::new(&study.spec().limits, &study.spec().replicates, study.spec().gpu.as_ref()),
            function: Function::of(study.spec()),
            shelf: Shelf::of(study.spec(), &options.reuse),
            recordings: Recordings::default(),
            served: BTreeMap::new(),
            to_serve: BTreeSet::new(),
            all_said: BTreeSet::new(),
            cached: BTreeMap::new(),
            early_notes: EarlyNotes::default(),
            artifact_bytes: 0,
            early_trials_max: match (options.speculation, options.isolation) {
                // A worker that keeps to one trial has none to spare.
                (Speculation::Off, _) | (_, Isolation::ProcessPerTrial) => 0,
                (Speculation::On, _) => slots.saturating_mul(EARLY_TRIALS_PER_SLOT),
            },
            study,
            program,
            journal,
            observers,
            options,
            interrupt,
            code: None,
            pool: Pool::new(options),
            workers: BTreeMap::new(),
            trials: BTreeMap::new(),
            has_loaded: false,
            loads_lost: 0,
            quarantine: VecDeque::new(),
            artifacts: BTreeMap::new(),
            held: BTreeSet::new(),
            began: Instant::now(),
            progress: RunProgress::default(),
        })
    }

    fn run(&mut self) -> Result<RunEnd, ExecutorError> {
        if !self.study.is_finished() && !self.is_one_trial_each() {
            // One worker first: if it cannot load the program, no other can.
            self.hire(false)?;
            self.wait_until_loaded()?;
            for _ in 1..self.options.jobs.max(1) {
                self.hire(false)?;
            }
        }
        // The start of the study is safe before anything else is written.
        self.carry_out()?;
        self.journal.commit()?;
        let mut next_tick = self.began + TICK;
        loop {
            self.carry_out()?;
            if self.study.is_finished() {
                self.tick()?;
                return Ok(RunEnd::Finished);
            }
            let was_serving = self.serve()?;
            self.start_early();
            self.take_in(if was_serving { self.began } else { next_tick })?;
            let now = Instant::now();
            if now >= next_tick {
                self.tick()?;
                next_tick = now + TICK;
            }
            if self.interrupt.is_requested() {
                return Ok(RunEnd::Interrupted(Interruption::Requested));
            }
            if self.options.wall_time_max.is_some_and(|most| now.duration_since(self.began) >= most) {
                return Ok(RunEnd::Interrupted(Interruption::WallTime));
            }
        }
    }

    /// Starts a worker and has it load the program.
    fn hire(&mut self, quarantine: bool) -> Result<WorkerId, ExecutorError> {
        let code = self.code()?;
        let paused_memory_bytes_max = self.options.paused_memory_bytes_max / self.options.jobs.max(1) as u64;
        let spec = self.study.spec();
        let (replication, guest, gpu) = (Replication::of(spec), spec.guest.clone(), spec.gpu.clone());
        let program = Box::new(Program { replication, guest, gpu, ..self.program.clone() });
        let gpu = GpuAccess::of(&program, self.options);
        let handle = self.pool.spawn(Assignment::Train { program, code, paused_memory_bytes_max, gpu })?;
        let id = handle.id;
        self.workers.insert(id, Staffed { handle, trials: 0, early: 0, quarantine, loaded: false });
        Ok(id)
    }

    /// The compiled component. Compiled once, unless it has gone from the cache since.
    fn code(&mut self) -> Result<Code, ExecutorError> {
        if let Some(code) = self.code.as_ref().filter(|code| code.is_there()) {
            return Ok(code.clone());
        }
        let Program { component, id, float_mode, .. } = self.program;
        let compiled = compiled(component, *float_mode, self.options, self.interrupt)?;
        if compiled.id.digest != id.digest {
            let (found, expected) = (compiled.id.digest.to_string(), id.digest.to_string());
            return Err(ComponentError::Changed { found, expected }.into());
        }
        self.code = Some(compiled.code.clone());
        Ok(compiled.code)
    }

    /// Whether each trial has a worker of its own, which ends with it.
    fn is_one_trial_each(&self) -> bool {
        self.options.isolation == Isolation::ProcessPerTrial
    }

    fn wait_until_loaded(&mut self) -> Result<(), ExecutorError> {
        while self.workers.values().any(|worker| !worker.loaded) {
            if let Some(message) = self.pool.receive(TICK) {
                self.take_message(message)?;
            }
        }
        Ok(())
    }

    /// Carries out what the machine decided.
    fn carry_out(&mut self) -> Result<(), ExecutorError> {
        while let Some(action) = self.study.poll_action() {
            match action {
                Action::Append(entry) => self.append(&entry)?,
                Action::Launch(job) if self.trials.contains_key(&job.trial) => self.go_on(&job),
                Action::Launch(job) => self.relaunch(&job)?,
                Action::Continue { trial, .. } if self.served.contains_key(&trial) => self.go_on_serving(trial),
                Action::Continue { trial, .. } => {
                    let job = self.study.job(trial).cloned();
                    job.iter().for_each(|job| self.go_on(job));
                }
                Action::Pause(trial) => {
                    self.shelve(trial);
                    self.pause(trial)?;
                }
                Action::Stop(trial) => {
                    self.stop_serving(trial);
                    self.shelve(trial);
                    self.recordings.forget(trial);
                    if let Some(placed) = self.trials.remove(&trial) {
                        self.tell(placed.worker, ToWorker::Stop(trial));
                        self.release_place(&placed)?;
                    }
                }
            }
        }
        self.release_held();
        Ok(self.study.check_searcher()?)
    }

    fn append(&mut self, entry: &Entry) -> Result<(), ExecutorError> {
        self.journal.append(entry)?;
        match &entry.event {
            Event::TrialEnded { trial, outcome, artifacts, .. } => {
                self.held.remove(trial);
                // A suspect can end while it waits for its turn, by a report of its first run.
                self.quarantine.retain(|suspect| suspect != trial);
                if matches!(outcome, Outcome::Stopped { .. } | Outcome::BadReport { .. }) {
                    self.cut_log(*trial)?;
                }
                self.keep_artifacts(*trial, artifacts)?;
            }
            Event::TrialStarted { trial, .. } => {
                for note in self.early_notes.take(*trial) {
                    match note {
                        EarlyNote::Logged(piece) => self.journal.append_log(*trial, &piece)?,
                        EarlyNote::ReadBack(digest, content) => self.put_read_back(*trial, digest, &content)?,
                    }
                }
            }
            Event::TrialPaused { trial, .. } => self.quarantine.retain(|suspect| suspect != trial),
            Event::StudyEnded { .. } => {
                // What paused trials did ahead of a promotion that never came is nobody's business.
                let is_paused = |record: &&TrialRecord| record.paused_at().is_some();
                let paused: Vec<TrialId> =
                    self.study.state().trials().iter().filter(is_paused).map(|record| record.trial).collect();
                for trial in paused {
                    self.cut_log(trial)?;
                }
                if self.study.spec().gpu.is_some() {
                    self.journal.cut_read_backs()?;
                }
            }
            _ => {}
        }
        for observer in self.observers.iter_mut() {
            observer.on_event(entry, self.study.state());
        }
        Ok(())
    }

    /// Forgets what a trial logged ahead of its end or its pause.
    fn cut_log(&mut self, trial: TrialId) -> Result<(), ExecutorError> {
        let fuel = self.study.state().trial(trial).map_or(Fuel(0), |record| record.fuel);
        Ok(self.journal.cut_log(trial, fuel)?)
    }

    fn keep_artifacts(&mut self, trial: TrialId, recorded: &[ArtifactRecord]) -> Result<(), ExecutorError> {
        let Some(mut artifacts) = self.artifacts.remove(&trial) else { return Ok(()) };
        self.artifact_bytes = self.artifact_bytes.saturating_sub(bytes_of(&artifacts));
        // The study may have ended the trial before its own end; then it left nothing.
        artifacts.retain(|artifact| recorded.contains(&artifact.record));
        // One that is paused has left nothing yet, however good it is.
        let is_best = self.study.state().best_ended().is_some_and(|best| best.trial == trial);
        let keep = match self.options.keep_artifacts {
            KeepArtifacts::None => false,
            KeepArtifacts::Best => is_best,
            KeepArtifacts::All => true,
        };
        if !keep {
            return Ok(());
        }
        for artifact in &artifacts {
            self.journal.put_artifact(trial, artifact)?;
        }
        if self.options.keep_artifacts == KeepArtifacts::Best {
            self.journal.drop_artifacts_except(trial)?;
        }
        Ok(())
    }

    /// Who runs the next trial: a new worker, where each has its own; else the one with the fewest.
    fn next_worker(&mut self) -> Result<Option<WorkerId>, ExecutorError> {
        if self.is_one_trial_each() { self.hire(false).map(Some) } else { Ok(self.least_busy()) }
    }

    /// The worker with the fewest trials, the quarantine's apart.
    fn least_busy(&self) -> Option<WorkerId> {
        let open = self.workers.iter().filter(|(_, worker)| !worker.quarantine);
        open.min_by_key(|(_, worker)| worker.trials).map(|(id, _)| *id)
    }

    /// Whether trials may go ahead of the study: what they say is kept here until it decides.
    fn has_room(&self) -> bool {
        let said = self.study.bytes_waiting_in_all().saturating_add(self.early_notes.bytes());
        said.saturating_add(self.artifact_bytes) < self.options.paused_memory_bytes_max
    }

    /// Gives workers trials to run early, when no other can run.
    fn start_early(&mut self) {
        if self.progress.workers_lost > 0 {
            // Whose fault it was shows soonest if only those run that must.
            return;
        }
        let wants_more = |worker: &Staffed| worker.loaded && !worker.quarantine && worker.early < EARLY_TRIALS_AT_HAND;
        while self.study.num_early() < self.early_trials_max && self.has_room() {
            let wanting = self.workers.iter().filter(|(_, worker)| wants_more(worker));
            let Some(worker) = wanting.min_by_key(|(_, worker)| worker.early).map(|(id, _)| *id) else { return };
            let Some(job) = self.study.start_early() else { return };
            if self.seems_known(&job) {
                // It takes no time when its turn comes.
                continue;
            }
            self.launch(Some(worker), &job, Doing::Early);
        }
    }

    fn launch(&mut self, worker: Option<WorkerId>, job: &Job, doing: Doing) {
        let Some(worker) = worker else { return };
        let trial = job.trial;
        let arguments = Arguments::of(&self.study.spec().space, &job.config, job.seed);
        if !self.shelf.is_none() {
            self.recordings.begin(trial, self.function.at(&arguments), Fuel(0));
        }
        let milestone = job.milestone.filter(|_| !self.is_quarantine(worker));
        let placed = Placed { worker, heard: Heard::default(), doing, may_be_dropped: false, milestone };
        let place = self.place(job, &placed);
        self.occupy_place(&placed);
        self.tell(worker, ToWorker::Launch(Launch { trial, place, arguments }));
        self.trials.insert(trial, placed);
    }

    fn place(&self, job: &Job, placed: &Placed) -> Place {
        let milestone = placed.milestone.map(|level| self.milestone_at(level));
        let is_early = placed.doing == Doing::Early;
        Place { slot: job.slot, start: job.start, fuel_before: job.fuel_before, milestone, is_early }
    }

    fn milestone_at(&self, level: u64) -> MilestoneAt {
        let metrics = &self.study.spec().metrics;
        match metrics.time_is_fuel() {
            true => MilestoneAt::Fuel(Fuel(level)),
            false => MilestoneAt::Report { attribute: metrics.time_attr.clone(), level },
        }
    }

    /// A trial goes on where it is: past a milestone, from a pause, or as one that was early.
    fn go_on(&mut self, job: &Job) {
        let Some(mut placed) = self.trials.remove(&job.trial) else { return };
        self.leave_place(&placed);
        placed.doing = Doing::Running;
        // It may have been told to run further, by a forecast.
        placed.milestone = placed.milestone.zip(job.milestone).map(|(before, next)| before.max(next));
        self.move_on(job, placed);
    }

    /// A trial stands at a milestone and waits: by what is known it may go on, or rest until it is started.
    fn speculate(&mut self, trial: TrialId, level: u64) {
        // It may have been told to go on in the meantime.
        let Some(placed) = self.trials.get(&trial).filter(|placed| placed.milestone == Some(level)) else { return };
        let doing = placed.doing;
        let is_wanted = self.options.speculation == Speculation::On && self.has_room();
        let forecast = if is_wanted { self.study.forecast(trial, level) } else { None };
        let job = match doing {
            Doing::Running => self.study.job(trial),
            Doing::Early => self.study.early_job(trial),
            Doing::Paused | Doing::Resting => None,
        };
        match (forecast, job.cloned(), doing) {
            (Some(next), Some(job), _) => {
                let Some(placed) = self.trials.remove(&trial) else { return };
                self.leave_place(&placed);
                self.move_on(&job, Placed { milestone: Some(next), ..placed });
            }
            (None, _, Doing::Early) => self.rest(trial),
            _ => {}
        }
    }

    /// An early trial does no more until it is started.
    fn rest(&mut self, trial: TrialId) {
        let Some(mut placed) = self.trials.remove(&trial) else { return };
        self.leave_place(&placed);
        (placed.doing, placed.may_be_dropped) = (Doing::Resting, true);
        self.tell(placed.worker, ToWorker::Rest(trial));
        self.trials.insert(trial, placed);
    }

    /// An early trial rests wherever it is when there is no room for what it says.
    fn rest_if_full(&mut self, trial: TrialId) {
        let is_early = self.trials.get(&trial).is_some_and(|placed| placed.doing == Doing::Early);
        if is_early && !self.has_room() {
            self.rest(trial);
        }
    }

    fn move_on(&mut self, job: &Job, placed: Placed) {
        let trial = job.trial;
        let place = self.place(job, &placed);
        self.occupy_place(&placed);
        self.tell(placed.worker, ToWorker::Continue { trial, place });
        self.trials.insert(trial, placed);
    }

    fn pause(&mut self, trial: TrialId) -> Result<(), ExecutorError> {
        if self.stop_serving(trial) {
            return Ok(());
        }
        let Some(mut placed) = self.trials.remove(&trial) else { return Ok(()) };
        let worker = placed.worker;
        if self.is_quarantine(worker) || self.is_one_trial_each() {
            // In quarantine it would be promoted beside another suspect, and then nobody knew which of them is the culprit. And a process
            // for each paused trial would soon be too many.
            self.tell(worker, ToWorker::Stop(trial));
            return self.release_place(&placed);
        }
        self.leave_place(&placed);
        (placed.doing, placed.may_be_dropped) = (Doing::Paused, true);
        self.trials.insert(trial, placed);
        self.tell(worker, ToWorker::Pause(trial));
        Ok(())
    }

    /// Whether the worker runs suspects one at a time. One of them must wait for nobody: who it waits for may wait for its turn.
    fn is_quarantine(&self, worker: WorkerId) -> bool {
        self.workers.get(&worker).is_some_and(|staffed| staffed.quarantine)
    }

    fn tell(&mut self, worker: WorkerId, message: ToWorker) {
        if let Some(staffed) = self.workers.get_mut(&worker) {
            staffed.handle.tell(message);
        }
    }

    /// A trial takes up a worker's time.
    fn occupy_place(&mut self, placed: &Placed) {
        let Some(staffed) = self.workers.get_mut(&placed.worker) else { return };
        match placed.doing {
            Doing::Running => staffed.trials += 1,
            Doing::Early => staffed.early += 1,
            Doing::Paused | Doing::Resting => {}
        }
    }

    /// A trial takes up a worker's time no more.
    fn leave_place(&mut self, placed: &Placed) {
        let Some(staffed) = self.workers.get_mut(&placed.worker) else { return };
        match placed.doing {
            Doing::Running => staffed.trials = staffed.trials.saturating_sub(1),
            Doing::Early => staffed.early = staffed.early.saturating_sub(1),
            Doing::Paused | Doing::Resting => {}
        }
    }

    /// A trial has left a worker; the quarantine goes on with its next.
    fn release_place(&mut self, placed: &Placed) -> Result<(), ExecutorError> {
        self.leave_place(placed);
        if self.is_quarantine(placed.worker) {
            return self.advance_quarantine();
        }
        if self.is_one_trial_each() {
            self.workers.remove(&placed.worker);
        }
        Ok(())
    }

    /// Lets the next suspect run if none is running.
    fn advance_quarantine(&mut self) -> Result<(), ExecutorError> {
        let place = self.workers.iter().find(|(_, worker)| worker.quarantine).map(|(id, worker)| (*id, worker.trials));
        match (place, self.quarantine.is_empty()) {
            (Some((_, 1..)), _) => {}
            (Some((id, 0)), true) => {
                // Dropping the handle ends the worker; its going is then no loss.
                self.workers.remove(&id);
            }
            (None, true) => {}
            (place, false) => {
                let worker = match place {
                    Some((id, _)) => Some(id),
                    None => Some(self.hire(true)?),
                };
                // One may have been paused or ended in the meantime, by a report of its first run.
                let jobs = std::iter::from_fn(|| self.quarantine.pop_front());
                let job = jobs.filter_map(|trial| self.study.job(trial)).next().cloned();
                job.iter().for_each(|job| self.launch(worker, job, Doing::Running));
            }
        }
        Ok(())
    }

    /// Waits for a message, at most until `deadline`, and takes in what else has arrived.
    fn take_in(&mut self, deadline: Instant) -> Result<(), ExecutorError> {
        let wait = deadline.saturating_duration_since(Instant::now());
        let Some(message) = self.pool.receive(wait) else { return Ok(()) };
        self.take_message(message)?;
        for _ in 1..MESSAGES_PER_TURN {
            let Some(message) = self.pool.receive_ready() else { break };
            self.take_message(message)?;
        }
        Ok(())
    }

    fn take_message(&mut self, message: FromPool) -> Result<(), ExecutorError> {
        if let FromPool::Said(worker, said) = &message {
            // One that was lost is of no interest any more.
            let Some(staffed) = self.workers.get_mut(worker) else { return Ok(()) };
            staffed.handle.hear();
            let is_of_the_beginning = match said {
                FromWorker::Confined(missing) if missing.len() > Layer::COUNT => true,
                FromWorker::Confined(_) | FromWorker::Loaded(_) => staffed.loaded,
                _ => false,
            };
            if is_of_the_beginning {
                return self.lose_worker(*worker, Impossible::OutOfPlace.to_string());
            }
        }
        match message {
            FromPool::Said(_, FromWorker::Confined(missing)) => {
                self.progress.layers_missing = missing.iter().map(Layer::to_string).collect();
                self.pool.accept(&missing)
            }
            FromPool::Said(worker, FromWorker::Happened(happenings)) => self.take_happenings(worker, happenings),
            FromPool::Said(worker, FromWorker::Loaded(loaded)) => {
                let theirs = loaded.map_err(|error: LoadError| ExecutorError::Load(error))?;
                let ours = self.study.spec().fuel_schedule;
                if theirs != ours {
                    return Err(ExecutorError::FuelSchedule { ours: theirs, theirs: ours });
                }
                if let Some(staffed) = self.workers.get_mut(&worker) {
                    staffed.loaded = true;
                }
                (self.has_loaded, self.loads_lost) = (true, 0);
                Ok(())
            }
            FromPool::Said(worker, FromWorker::Broken(words)) | FromPool::Gone(worker, words) => {
                self.lose_worker(worker, words)
            }
            // No worker of the driver's own is asked for anything else.
            FromPool::Said(..) => Ok(()),
        }
    }

    /// A trial that was paused or rested was dropped. If it was promoted or started in the meantime, it is run again at once.
    fn relaunch_dropped(&mut self, trial: TrialId) -> Result<(), ExecutorError> {
        let Some(placed) = self.trials.remove(&trial) else { return Ok(()) };
        self.held.remove(&trial);
        self.recordings.forget(trial);
        self.release_place(&placed)?;
        let Some(job) = self.study.job(trial).cloned() else { return Ok(()) };
        self.relaunch(&job)
    }

    /// Runs a trial from its start, or again from there, unless it is known what it does.
    fn relaunch(&mut self, job: &Job) -> Result<(), ExecutorError> {
        self.study.handle(Input::Restarted { trial: job.trial })?;
        if self.begin_to_serve(job) {
            return Ok(());
        }
        self.journal.mark_cached(job.trial, None)?;
        let worker = self.next_worker()?;
        self.launch(worker, job, Doing::Running);
        Ok(())
    }

    /// A trial whose reports pile up waits inside its next one.
    fn hold_if_ahead(&mut self, trial: TrialId) {
        if !self.is_ahead(trial) || self.held.contains(&trial) {
            return;
        }
        let Some(worker) = self.trials.get(&trial).map(|placed| placed.worker) else { return };
        if self.is_quarantine(worker) {
            return;
        }
        self.held.insert(trial);
        self.tell(worker, ToWorker::Hold { trial, held: true });
    }

    /// Whether the trial's reports pile up.
    fn is_ahead(&self, trial: TrialId) -> bool {
        self.study.bytes_waiting(trial) > HOLD_ABOVE_BYTES
    }

    fn release_held(&mut self) {
        let behind: Vec<TrialId> =
            self.held.iter().copied().filter(|trial| self.study.bytes_waiting(*trial) < RELEASE_BELOW_BYTES).collect();
        for trial in behind {
            self.held.remove(&trial);
            if self.served.contains_key(&trial) {
                self.to_serve.insert(trial);
            } else if let Some(worker) = self.trials.get(&trial).map(|placed| placed.worker) {
                self.tell(worker, ToWorker::Hold { trial, held: false });
            }
        }
    }

    /// Replaces a lost worker and has its trials run again.
    fn lose_worker(&mut self, worker: WorkerId, words: String) -> Result<(), ExecutorError> {
        let Some(mut lost) = self.workers.remove(&worker) else { return Ok(()) };
        lost.handle.kill();
        if !lost.loaded {
            self.loads_lost += 1;
            if self.loads_lost > LOADS_LOST_MAX || !self.has_loaded {
                return Err(ExecutorError::WorkerLost { words });
            }
        }
        self.progress.workers_lost += 1;
        if !lost.quarantine && !self.is_one_trial_each() {
            self.hire(false)?;
        }
        let aboard: Vec<(TrialId, Doing)> = self
            .trials
            .iter()
            .filter(|(_, placed)| placed.worker == worker)
            .map(|(trial, placed)| (*trial, placed.doing))
            .collect();
        for (trial, doing) in aboard {
            self.trials.remove(&trial);
            self.held.remove(&trial);
            self.recordings.forget(trial);
            if doing != Doing::Running {
                // It is run again if it is promoted or started. An early one may be the culprit; then it will show itself.
                continue;
            }
            if lost.quarantine {
                // It was alone, and has lost its second worker.
                self.study.handle(Input::Crashed { trial })?;
                continue;
            }
            self.study.handle(Input::Restarted { trial })?;
            self.quarantine.push_back(trial);
        }
        self.advance_quarantine()
    }

    /// Ends workers in which something hangs. A guest cannot do without fuel for long; a flaw of the engine or of the host could.
    fn end_stalled(&mut self) -> Result<(), ExecutorError> {
        let silence_max = self.options.stall_time_max + computing::patience(self.program);
        let silent = |(id, staffed): (&WorkerId, &mut Staffed)| (staffed.handle.silence() > silence_max).then_some(*id);
        let stalled_workers: Vec<WorkerId> = self.workers.iter_mut().filter_map(silent).collect();
        stalled_workers.into_iter().try_for_each(|id| self.lose_worker(id, stalled(silence_max)))
    }

    fn tick(&mut self) -> Result<(), ExecutorError> {
        self.end_stalled()?;
        self.journal.commit()?;
        self.progress.wall_time = self.began.elapsed();
        let running = self.trials.iter().filter(|(_, placed)| placed.doing == Doing::Running);
        let runs = |(trial, placed): (&TrialId, &Placed)| RunningTrial {
            trial: *trial,
            fuel: placed.heard.fuel(),
            memory_bytes: placed.heard.memory_bytes(),
        };
        self.progress.running = running.map(runs).collect();
        for observer in self.observers.iter_mut() {
            observer.on_tick(&self.progress, self.study.state());
        }
        Ok(())
    }
}

fn bytes_of(artifacts: &[Artifact]) -> u64 {
    artifacts.iter().map(|artifact| artifact.record.bytes).sum()
}

/// Runs a study whose workers say these things, each with the number of the worker, until it ends or fails.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn hear_anything(
    study: &mut Study,
    program: &Program,
    journal: &mut dyn Journal,
    options: &RunOptions,
    said: impl Iterator<Item = (u64, FromWorker)>,
) {
    let interrupt = Interrupt::default();
    let Ok(mut driver) = Driver::new(study, program, journal, &mut [], options, &interrupt) else { return };
    driver.pool.is_fuzzed = true;
    driver.code = Some(Code::Given(Vec::new()));
    let turn = |driver: &mut Driver<'_, '_>, (worker, said): (u64, FromWorker)| -> Result<(), ExecutorError> {
        driver.take_message(FromPool::Said(WorkerId(worker), said))?;
        driver.carry_out()?;
        driver.start_early();
        Ok(())
    };
    let begun = (0..options.jobs).try_for_each(|_| driver.hire(false).map(|_| ())).and_then(|()| driver.carry_out());
    if begun.is_ok() {
        for said in said {
            // An error ends the run, and says what was wrong; that is all that a worker can bring about.
            if driver.study.is_finished() || turn(&mut driver, said).is_err() {
                break;
            }
        }
    }
}
