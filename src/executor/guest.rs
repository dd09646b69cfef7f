//! The guest code of a trial as it runs in a worker: one instance, or several replicates in lockstep.
//!
//! Replicates make a trial's report together: each runs until it has made its next report or has ended, and waits there for the others.
//! A round is over when all have come so far. Nothing of it depends on which of them was polled when. Used by the worker; talks to
//! the sandbox.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::numeric::amount::Fuel;
use crate::sandbox::engine::YIELD_INTERVAL;
use crate::sandbox::instance::{EngineFailure, Program};
use crate::sandbox::{Arguments, Artifact, DataSets, Ended, Gate, ReadBack, TrialSink};
use crate::study::{Limits, LogPiece, Outcome, Replicates, Replication, Report, ReportProblem};

/// What an instance is taken to need beside its memory, its stack and its artifacts: the host's state.
const KEPT_BYTES: u64 = 48 << 10;

/// The guest code of a trial.
pub(super) enum Guest {
    One(Instance),
    Several(Lockstep),
}

/// What a trial said.
pub(super) enum Note {
    Reported(Fuel, Report),
    Logged(LogPiece),
    ReadBack(ReadBack),
}

/// How far a trial has come when it was run for a while.
pub(super) enum Step {
    /// It has used at least that much fuel.
    Advanced(Fuel),
    /// It has made a report, and goes on when it is run again.
    Reported,
    /// It has ended.
    Ended(Ended),
}

/// What all trials of a worker are made of.
pub(super) struct Makings {
    pub(super) program: Program,
    pub(super) limits: Arc<Limits>,
    pub(super) data: Arc<DataSets>,
    pub(super) replication: Arc<Replication>,
}

impl Guest {
    /// A trial at its start.
    pub(super) fn new(makings: &Makings, arguments: Arguments) -> Self {
        match makings.replication.replicates.count {
            0 | 1 => Self::One(Instance::new(makings, arguments)),
            count => Self::Several(Lockstep::new(makings, &arguments, count)),
        }
    }

    /// Runs it until its next yield, its next report or its end; what it said goes to `notes`.
    pub(super) fn run(&mut self, notes: &mut Vec<Note>) -> Result<Step, EngineFailure> {
        match self {
            Self::One(instance) => instance.run(notes),
            Self::Several(lockstep) => lockstep.run(notes),
        }
    }

    /// Whether it is inside a report.
    pub(super) fn is_at_report(&self) -> bool {
        match self {
            Self::One(instance) => instance.gate.is_waiting(),
            Self::Several(lockstep) => lockstep.is_round_over(),
        }
    }

    /// Holds it inside its next report, or lets it go on. Whoever lets it go on must run it.
    pub(super) fn hold(&mut self, held: bool) {
        match self {
            Self::One(instance) => instance.gate.set_closed(held),
            // They go on only when they are run.
            Self::Several(_) => {}
        }
    }

    /// About how much memory it takes to keep it while it does not run.
    /// How much memory it has, in bytes: linear memories and tables of all its instances.
    pub(super) fn memory_bytes(&self) -> u64 {
        match self {
            Self::One(instance) => instance.gate.memory_bytes(),
            Self::Several(lockstep) => lockstep.replicates.iter().map(|one| one.instance.gate.memory_bytes()).sum(),
        }
    }

    pub(super) fn kept_bytes(&self) -> u64 {
        match self {
            Self::One(instance) => instance.kept_bytes(),
            Self::Several(lockstep) => lockstep.replicates.iter().map(|one| one.instance.kept_bytes()).sum(),
        }
    }
}

/// An instance that runs.
pub(super) struct Instance {
    future: Pin<Box<dyn Future<Output = Result<Ended, EngineFailure>> + Send>>,
    said: Arc<Said>,
    gate: Arc<Gate>,
    /// A lower bound of its fuel at its next event.
    bound: Fuel,
    /// A lower bound of its fuel when it was last suspended.
    suspended: Fuel,
}

/// What an instance's host functions have noted down since the last time that somebody looked.
#[derive(Default)]
struct Said(Mutex<Vec<Note>>);

struct Sink(Arc<Said>);

impl TrialSink for Sink {
    fn report(&mut self, fuel: Fuel, report: Report) {
        self.0.push(Note::Reported(fuel, report));
    }

    fn log(&mut self, piece: LogPiece) {
        self.0.push(Note::Logged(piece));
    }

    fn read_back(&mut self, read: ReadBack) {
        self.0.push(Note::ReadBack(read));
    }
}

impl Said {
    fn push(&self, note: Note) {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(note);
    }

    fn take(&self) -> Vec<Note> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Instance {
    fn new(makings: &Makings, arguments: Arguments) -> Self {
        let (said, gate) = (Arc::new(Said::default()), Arc::new(Gate::default()));
        let program = makings.program.clone();
        let (limits, data) = (makings.limits.clone(), makings.data.clone());
        let (sink, held_by) = (Box::new(Sink(said.clone())), gate.clone());
        let future = Box::pin(async move { program.train(arguments, limits, data, sink, held_by).await });
        Self { future, said, gate, bound: Fuel(0), suspended: Fuel(0) }
    }

    fn run(&mut self, notes: &mut Vec<Note>) -> Result<Step, EngineFailure> {
        // Yields are wake-ups of our own choosing: the trial is polled again when its turn comes.
        let polled = self.future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        for note in self.said.take() {
            match &note {
                Note::Reported(fuel, _) => (self.bound, self.suspended) = (*fuel, *fuel),
                // The guest was not suspended for it.
                Note::ReadBack(ReadBack { fuel, .. }) => self.bound = *fuel,
                Note::Logged(_) => {}
            }
            notes.push(note);
        }
        match polled {
            Poll::Ready(ended) => ended.map(Step::Ended),
            Poll::Pending if self.gate.is_waiting() => Ok(Step::Reported),
            Poll::Pending => {
                // A yield comes after a whole interval since the guest was last suspended.
                self.suspended = self.suspended.saturating_add(Fuel(YIELD_INTERVAL));
                self.bound = self.bound.max(self.suspended);
                Ok(Step::Advanced(self.bound))
            }
        }
    }

    fn kept_bytes(&self) -> u64 {
        self.gate.kept_bytes().saturating_add(self.gate.stack_bytes()).saturating_add(KEPT_BYTES)
    }
}

/// The replicates of a trial.
pub(super) struct Lockstep {
    replicates: Vec<Replicate>,
    replication: Arc<Replication>,
    /// How many rounds are over, each with a report.
    reports: u64,
    /// How many pieces the trial's log has.
    log_pieces: u64,
}

struct Replicate {
    instance: Instance,
    /// What it wrote to its log in this round.
    log: String,
    /// What it read back in this round.
    read_backs: Vec<ReadBack>,
    /// How the round has ended for it.
    came_to: Option<CameTo>,
}

enum CameTo {
    Report(Report),
    End(Outcome, Vec<Artifact>),
}

impl Lockstep {
    fn new(makings: &Makings, arguments: &Arguments, count: u32) -> Self {
        let replicate = |number| {
            let arguments = Arguments { seed: Replicates::seed(arguments.seed, number), ..arguments.clone() };
            Replicate {
                instance: Instance::new(makings, arguments),
                log: String::new(),
                read_backs: Vec::new(),
                came_to: None,
            }
        };
        let replicates = (0..count).map(replicate).collect();
        Self { replicates, replication: makings.replication.clone(), reports: 0, log_pieces: 0 }
    }

    fn is_round_over(&self) -> bool {
        self.replicates.iter().all(|replicate| replicate.came_to.is_some())
    }

    /// The fuel of all of them.
    fn fuel(&self) -> Fuel {
        self.replicates.iter().fold(Fuel(0), |sum, replicate| sum.saturating_add(replicate.instance.bound))
    }

    fn run(&mut self, notes: &mut Vec<Note>) -> Result<Step, EngineFailure> {
        if self.is_round_over() {
            self.replicates.iter_mut().for_each(|replicate| replicate.came_to = None);
        }
        // The one that is furthest behind: so they come to the round's end with the least memory held for the longest.
        let behind = self.replicates.iter_mut().filter(|replicate| replicate.came_to.is_none());
        if let Some(replicate) = behind.min_by_key(|replicate| replicate.instance.bound) {
            replicate.run()?;
        }
        if self.is_round_over() { Ok(self.end_round(notes)) } else { Ok(Step::Advanced(self.fuel())) }
    }

    /// All have made their next report, or have ended.
    fn end_round(&mut self, notes: &mut Vec<Note>) -> Step {
        let fuel = self.fuel();
        self.pass_logs_on(fuel, notes);
        // Those of one replicate after those of another, at the moment at which all have come so far.
        let read_backs = self.replicates.iter_mut().flat_map(|replicate| std::mem::take(&mut replicate.read_backs));
        notes.extend(read_backs.map(|read| Note::ReadBack(ReadBack { fuel, ..read })));
        let mut ended = Vec::new();
        let mut reports = Vec::new();
        for (number, replicate) in (1..).zip(&mut self.replicates) {
            match &mut replicate.came_to {
                Some(CameTo::Report(report)) => reports.push(std::mem::take(report)),
                Some(CameTo::End(outcome, artifacts)) => {
                    ended.push((number, outcome.clone(), std::mem::take(artifacts)));
                }
                None => {}
            }
        }
        let (outcome, artifacts) = match self.outcome(&ended, &reports) {
            Ok(report) => {
                self.reports += 1;
                notes.push(Note::Reported(fuel, report));
                return Step::Reported;
            }
            Err(Outcome::Completed) => {
                (Outcome::Completed, ended.into_iter().next().map(|(_, _, artifacts)| artifacts))
            }
            Err(outcome) => (outcome, None),
        };
        Step::Ended(Ended { fuel, outcome, artifacts: artifacts.unwrap_or_default() })
    }

    /// The report that the round gives, or the outcome of the trial.
    fn outcome(&self, ended: &[(u32, Outcome, Vec<Artifact>)], reports: &[Report]) -> Result<Report, Outcome> {
        if let Some((number, outcome, _)) = ended.iter().find(|(_, outcome, _)| *outcome != Outcome::Completed) {
            return Err(Outcome::OfReplicate { number: *number, outcome: Box::new(outcome.clone()) });
        }
        let problem = match (ended.first(), reports) {
            (Some(_), []) => return Err(Outcome::Completed),
            (Some((number, ..)), _) => ReportProblem::ReplicateEnded { number: *number },
            (None, reports) => match self.replication.replicates.combine(reports, &self.replication.metrics) {
                Ok(report) => return Ok(report),
                Err(problem) => problem,
            },
        };
        Err(Outcome::BadReport { report: self.reports + 1, problem })
    }

    /// Passes on what the replicates wrote in this round, one after the other, each line with the number of who wrote it.
    fn pass_logs_on(&mut self, fuel: Fuel, notes: &mut Vec<Note>) {
        for (number, replicate) in (1..).zip(&mut self.replicates) {
            let text = numbered(number, &std::mem::take(&mut replicate.log));
            if text.is_empty() {
                continue;
            }
            notes.push(Note::Logged(LogPiece { position: self.log_pieces, reports: self.reports, fuel, text }));
            self.log_pieces += 1;
        }
    }
}

impl Replicate {
    fn run(&mut self) -> Result<(), EngineFailure> {
        let mut notes = Vec::new();
        let step = self.instance.run(&mut notes)?;
        let mut reported = None;
        for note in notes {
            match note {
                Note::Logged(piece) => self.log.push_str(&piece.text),
                Note::Reported(_, report) => reported = Some(report),
                Note::ReadBack(read) => self.read_backs.push(read),
            }
        }
        self.came_to = match step {
            Step::Advanced(_) => None,
            Step::Reported => reported.map(CameTo::Report),
            Step::Ended(Ended { fuel, outcome, artifacts }) => {
                // A trap's fuel may be less than what was known.
                self.instance.bound = self.instance.bound.max(fuel);
                Some(CameTo::End(outcome, artifacts))
            }
        };
        Ok(())
    }
}

/// The text with a number before each line, and whole lines only.
fn numbered(number: u32, text: &str) -> String {
    text.lines().map(|line| format!("[{number}] {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_a_replicate_has_its_number() {
        assert_eq!(numbered(2, "one\ntwo"), "[2] one\n[2] two\n");
        assert_eq!(numbered(1, ""), "");
        assert_eq!(numbered(10, "\n"), "[10] \n");
    }
}
