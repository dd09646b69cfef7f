//! Trials that need not run, because what they do is known: the machine is told of them what a worker would tell.
//!
//! A trial is served up to its milestone, as a worker would run it, and then waits to be told to go on. Where less is known than is
//! needed, the trial runs on a worker from its start after all.

use super::{Doing, Driver};
use crate::executor::message::MilestoneAt;
use crate::executor::results::{Known, KnownEnd, KnownReadBack, Note};
use crate::executor::{ExecutorError, KeepArtifacts};
use crate::numeric::amount::{Fuel, TrialId};
use crate::numeric::digest::Digest;
use crate::sandbox::Arguments;
use crate::study::{Input, Job, Report};

/// How many trials are served before messages of workers are taken in.
const SERVED_PER_TURN: usize = 256;

/// A trial of which it is known what it does.
pub(super) struct Served {
    name: Digest,
    notes: std::vec::IntoIter<Note>,
    end: Option<KnownEnd>,
    /// The fuel up to which it is known, or that of its end.
    bound: Fuel,
    /// Up to which fuel it was served.
    fuel: Fuel,
    /// How much of the resource it has reported.
    reached: u64,
    /// Where it waits to be told to go on.
    milestone: Option<MilestoneAt>,
}

/// What comes next of a trial that is served.
enum Next {
    Note(Note),
    /// It comes as far, and nothing else is known up to there.
    Advance,
    /// It stands at its milestone.
    Wait,
    End(KnownEnd),
    /// No more is known.
    Unknown,
}

impl Served {
    fn new(name: Digest, known: Known, milestone: Option<MilestoneAt>) -> Self {
        let Known { notes, end, bound } = known;
        Self { name, notes: notes.into_iter(), end, bound, fuel: Fuel(0), reached: 0, milestone }
    }

    fn next(&mut self) -> Next {
        if self.waits() {
            return Next::Wait;
        }
        if let Some(note) = self.notes.next() {
            match &note {
                Note::Reported(fuel, report) => self.note_report(*fuel, report),
                Note::ReadBack(read_back) => self.fuel = read_back.fuel,
                Note::Logged(_) => {}
            }
            return Next::Note(note);
        }
        if self.fuel < self.bound {
            self.fuel = self.bound;
            return Next::Advance;
        }
        self.end.take().map_or(Next::Unknown, Next::End)
    }

    fn waits(&self) -> bool {
        match &self.milestone {
            None => false,
            Some(MilestoneAt::Fuel(level)) => self.fuel > *level,
            Some(MilestoneAt::Report { level, .. }) => self.reached >= *level,
        }
    }

    fn note_report(&mut self, fuel: Fuel, report: &Report) {
        self.fuel = fuel;
        if let Some(MilestoneAt::Report { attribute, .. }) = &self.milestone {
            self.reached = report.resource(attribute).unwrap_or(self.reached);
        }
    }
}

impl Driver<'_, '_> {
    /// Begins to serve the trial, if something is known of what it does; else says no.
    pub(super) fn begin_to_serve(&mut self, job: &Job) -> bool {
        if self.shelf.is_none() {
            return false;
        }
        let name = self.name_of(job);
        let keeps_contents = self.keeps_contents();
        let is_of_use = |known: &Known| known.end.as_ref().is_none_or(|end| end.suffices(keeps_contents));
        let Some(known) = self.shelf.get(name).filter(is_of_use) else { return false };
        let milestone = job.milestone.map(|level| self.milestone_at(level));
        self.served.insert(job.trial, Served::new(name, known, milestone));
        self.to_serve.insert(job.trial);
        true
    }

    /// Whether something seems to be known of what the trial does, or will be soon.
    pub(super) fn seems_known(&self, job: &Job) -> bool {
        if self.shelf.is_none() {
            return false;
        }
        let name = self.name_of(job);
        self.shelf.has(name) || self.recordings.has(name)
    }

    fn name_of(&self, job: &Job) -> Digest {
        self.function.at(&Arguments::of(&self.study.spec().space, &job.config, job.seed))
    }

    pub(super) fn keeps_contents(&self) -> bool {
        self.options.keep_artifacts != KeepArtifacts::None
    }

    /// A trial that is served goes on past a milestone.
    pub(super) fn go_on_serving(&mut self, trial: TrialId) {
        let milestone = self.study.job(trial).and_then(|job| job.milestone);
        let milestone = milestone.map(|level| self.milestone_at(level));
        if let Some(served) = self.served.get_mut(&trial) {
            served.milestone = milestone;
            self.all_said.remove(&trial);
            self.to_serve.insert(trial);
        }
    }

    /// A trial is not served any more: it is paused, or has ended. Says whether it was.
    pub(super) fn stop_serving(&mut self, trial: TrialId) -> bool {
        let was_served = self.served.remove(&trial).is_some();
        if was_served {
            self.to_serve.remove(&trial);
            self.all_said.remove(&trial);
            self.held.remove(&trial);
        }
        was_served
    }

    /// Serves trials that can go on; says whether there were any.
    pub(super) fn serve(&mut self) -> Result<bool, ExecutorError> {
        let study = &self.study;
        let consumed: Vec<TrialId> = self.all_said.extract_if(.., |trial| study.bytes_waiting(*trial) == 0).collect();
        self.to_serve.extend(consumed);
        for turn in 0..SERVED_PER_TURN {
            let Some(trial) = self.to_serve.pop_first() else { return Ok(turn > 0) };
            self.serve_trial(trial)?;
        }
        Ok(true)
    }

    fn serve_trial(&mut self, trial: TrialId) -> Result<(), ExecutorError> {
        while let Some(served) = self.served.get_mut(&trial) {
            let next = served.next();
            let fuel = served.fuel;
            let told = match next {
                Next::Wait => return self.mark_cached(trial, fuel),
                Next::Unknown if self.study.bytes_waiting(trial) > 0 => {
                    // What it has said may be enough to end it, once that is consumed.
                    self.all_said.insert(trial);
                    return self.mark_cached(trial, fuel);
                }
                Next::Unknown => return self.run_after_all(trial, fuel),
                Next::Note(Note::Logged(piece)) => {
                    self.journal.append_log(trial, &piece)?;
                    continue;
                }
                Next::Note(Note::Reported(fuel, report)) => self.study.handle(Input::Reported { trial, fuel, report }),
                Next::Note(Note::ReadBack(KnownReadBack { fuel, digest, bytes, content })) => {
                    self.put_read_back(trial, digest, &content)?;
                    self.study.handle(Input::ReadBack { trial, fuel, digest, bytes })
                }
                Next::Advance => self.study.handle(Input::Advanced { trial, fuel }),
                Next::End(end) => {
                    self.mark_cached(trial, fuel)?;
                    return self.serve_end(trial, fuel, end);
                }
            };
            match told {
                Ok(()) => {}
                // The log says otherwise than the entry, and is right.
                Err(error) if error.is_divergence() => return self.run_after_all(trial, Fuel(0)),
                Err(error) => return Err(error.into()),
            }
            if self.is_ahead(trial) {
                self.held.insert(trial);
                return self.mark_cached(trial, fuel);
            }
        }
        Ok(())
    }

    fn serve_end(&mut self, trial: TrialId, fuel: Fuel, end: KnownEnd) -> Result<(), ExecutorError> {
        let (outcome, records) = (end.outcome.clone(), end.artifacts.clone());
        self.put_aside(trial, end.contents());
        match self.study.handle(Input::Ended { trial, fuel, outcome, artifacts: records }) {
            Ok(()) => {
                self.stop_serving(trial);
                Ok(())
            }
            Err(error) if error.is_divergence() => self.run_after_all(trial, Fuel(0)),
            Err(error) => Err(error.into()),
        }
    }

    /// What is known of a trial does not do: it runs from its start. `shelved` is up to where the shelf has it.
    fn run_after_all(&mut self, trial: TrialId, shelved: Fuel) -> Result<(), ExecutorError> {
        let Some(Served { name, fuel, .. }) = self.served.remove(&trial) else { return Ok(()) };
        let Some(job) = self.study.job(trial).cloned() else {
            // Enough was known to end it or to pause it.
            return self.mark_cached(trial, fuel);
        };
        self.unmark_cached(trial)?;
        self.study.handle(Input::Restarted { trial })?;
        let worker = self.least_busy();
        self.launch(worker, &job, Doing::Running);
        self.recordings.begin(trial, name, shelved);
        Ok(())
    }

    /// Tells that a trial's results came from the shelf, up to that fuel.
    fn mark_cached(&mut self, trial: TrialId, fuel: Fuel) -> Result<(), ExecutorError> {
        let before = self.cached.insert(trial, fuel);
        self.progress.cached_trials = self.cached.len() as u64;
        let more = Fuel(fuel.0.saturating_sub(before.map_or(0, |fuel| fuel.0)));
        self.progress.cached_fuel = self.progress.cached_fuel.saturating_add(more);
        self.journal.mark_cached(trial, Some(fuel))?;
        for observer in self.observers.iter_mut() {
            observer.on_cached(trial);
        }
        Ok(())
    }

    fn unmark_cached(&mut self, trial: TrialId) -> Result<(), ExecutorError> {
        let before = self.cached.remove(&trial).unwrap_or_default();
        self.progress.cached_trials = self.cached.len() as u64;
        self.progress.cached_fuel = Fuel(self.progress.cached_fuel.0.saturating_sub(before.0));
        Ok(self.journal.mark_cached(trial, None)?)
    }

    /// Puts what is known of a trial on a worker on the shelf, unless that has as much.
    pub(super) fn shelve(&mut self, trial: TrialId) {
        if let Some((name, known)) = self.recordings.news(trial) {
            self.shelf.put(name, known);
        }
    }

    /// The same for all of them.
    pub(super) fn shelve_all(&mut self) {
        for trial in self.recordings.trials() {
            self.shelve(trial);
        }
    }
}
