//! A trial that has not ended, as the machine sees it: its present job, what came in from it, and what can come next.

use std::collections::VecDeque;

use super::{Job, StudyError};
use crate::numeric::amount::{Fuel, Slot, VirtualTime};
use crate::numeric::digest::Digest;
use crate::numeric::print::Print;
use crate::study::event::ArtifactRecord;
use crate::study::{Attribute, Outcome, Report};

/// A trial that has not ended.
pub(super) struct Trial {
    /// Its present job; of a paused trial the one that was paused, of an early one that for which it was given.
    pub(super) job: Job,
    pub(super) stage: Stage,
    /// The least fuel at which its next input can be.
    fuel_bound: Fuel,
    /// What has come in and not been consumed, in order.
    waiting: VecDeque<Waiting>,
    bytes_waiting: u64,
    /// A print of each report and each read-back that came in, in order, to compare a second run with.
    prints: Vec<u64>,
    /// How many of both came in from the present run.
    said_of_run: usize,
    /// How many of those were read-backs.
    read_backs_of_run: usize,
    /// Whether its end has come in.
    end_came: bool,
}

/// How far a trial has come that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The study has not started it: what it does is kept until then.
    Early,
    /// It has a slot.
    Running,
    /// It has reached `max_t` and still has its slot: it may finish what it is doing, such as to save its model, but not report again.
    Over,
    /// It left its slot and waits to be promoted, which may never be.
    Paused,
}

/// Something that came in and waits for its turn.
pub(super) struct Waiting {
    pub(super) fuel: Fuel,
    pub(super) what: Happened,
}

impl Waiting {
    /// About how many bytes it takes to keep what the trial said.
    fn bytes(&self) -> u64 {
        match &self.what {
            Happened::Reported(report) => report.bytes(),
            Happened::Ended(outcome, artifacts) => {
                let message = match outcome.cause() {
                    Outcome::Failed { message } => message.len(),
                    _ => 0,
                };
                let records = artifacts.iter().map(|record| size_of::<ArtifactRecord>() + record.name.len());
                (message + records.sum::<usize>()) as u64
            }
            Happened::ReadBack(..) => size_of::<Self>() as u64,
            Happened::AtMilestone => 0,
        }
    }
}

pub(super) enum Happened {
    Reported(Report),
    /// It read something of that digest and size back from the GPU.
    ReadBack(Digest, u64),
    Ended(Outcome, Vec<ArtifactRecord>),
    /// Its fuel reached its milestone, where `time_attr` is `fuel`.
    AtMilestone,
}

/// What a trial does next on the study's clock.
pub(super) struct NextEvent {
    /// The earliest moment at which it can be.
    pub(super) moment: VirtualTime,
    /// Whether it is known.
    pub(super) is_known: bool,
}

/// Room for so many prints is not given back: the system would give as little anew.
const PRINTS_KEPT: usize = 4;

impl Trial {
    pub(super) fn new(job: Job, stage: Stage) -> Self {
        Self {
            job,
            stage,
            fuel_bound: Fuel(0),
            waiting: VecDeque::new(),
            bytes_waiting: 0,
            prints: Vec::new(),
            said_of_run: 0,
            read_backs_of_run: 0,
            end_came: false,
        }
    }

    /// Becomes another trial at its start, with this one's memory.
    pub(super) fn begin(&mut self, job: Job, stage: Stage) {
        let (mut waiting, mut prints) = (std::mem::take(&mut self.waiting), std::mem::take(&mut self.prints));
        waiting.clear();
        prints.clear();
        *self = Self { waiting, prints, ..Self::new(job, stage) };
    }

    /// The study starts it; it may have run before.
    pub(super) fn start(&mut self, job: Job) {
        self.job = job;
        self.stage = Stage::Running;
    }

    /// It goes on in that slot.
    pub(super) fn promote(&mut self, slot: Slot, start: VirtualTime, milestone: Option<u64>) {
        self.job.slot = slot;
        self.job.start = start;
        self.job.milestone = milestone;
        self.stage = Stage::Running;
    }

    /// It may finish, and is compared no more.
    pub(super) fn reach_max_t(&mut self) {
        self.stage = Stage::Over;
        self.job.milestone = None;
    }

    pub(super) fn has_slot(&self) -> bool {
        matches!(self.stage, Stage::Running | Stage::Over)
    }

    /// When the next event is. `by_fuel` says whether milestones are amounts of fuel.
    pub(super) fn next_event(&self, by_fuel: bool) -> NextEvent {
        let known = self.waiting.front().map(|waiting| waiting.fuel);
        let next = known.unwrap_or(self.fuel_bound);
        match self.milestone_of_fuel(by_fuel) {
            // At the milestone exactly there may still be a report, which then comes first.
            Some(milestone) if next > milestone => self.event_at(milestone, true),
            _ => self.event_at(next, known.is_some()),
        }
    }

    /// Takes the next event, if it is known.
    pub(super) fn take_next(&mut self, by_fuel: bool) -> Option<Waiting> {
        if !self.next_event(by_fuel).is_known {
            return None;
        }
        let next = self.waiting.front().map_or(self.fuel_bound, |waiting| waiting.fuel);
        match self.milestone_of_fuel(by_fuel) {
            Some(milestone) if next > milestone => Some(Waiting { fuel: milestone, what: Happened::AtMilestone }),
            _ => self.pop_waiting(),
        }
    }

    fn push_waiting(&mut self, waiting: Waiting) {
        self.bytes_waiting += waiting.bytes();
        self.waiting.push_back(waiting);
    }

    fn pop_waiting(&mut self) -> Option<Waiting> {
        let waiting = self.waiting.pop_front()?;
        self.bytes_waiting -= waiting.bytes();
        Some(waiting)
    }

    fn milestone_of_fuel(&self, by_fuel: bool) -> Option<Fuel> {
        self.job.milestone.filter(|_| by_fuel).map(Fuel)
    }

    fn event_at(&self, fuel: Fuel, is_known: bool) -> NextEvent {
        NextEvent { moment: self.job.moment(fuel), is_known }
    }

    /// Whether its end has come in.
    pub(super) fn end_came(&self) -> bool {
        self.end_came
    }

    /// The least fuel at which its next input can be.
    pub(super) fn fuel_bound(&self) -> Fuel {
        self.fuel_bound
    }

    /// The last report until `until` that has come in and not been consumed, with its fuel.
    pub(super) fn last_waiting_report(&self, until: Fuel) -> Option<(Fuel, &Report)> {
        self.waiting.iter().rev().find_map(|waiting| match &waiting.what {
            Happened::Reported(report) if waiting.fuel <= until => Some((waiting.fuel, report)),
            _ => None,
        })
    }

    /// About how many bytes of what came in have not been consumed.
    pub(super) fn bytes_waiting(&self) -> u64 {
        self.bytes_waiting
    }

    pub(super) fn advance(&mut self, fuel: Fuel) {
        self.fuel_bound = self.fuel_bound.max(fuel);
    }

    /// It leaves its slot with that fuel. Of thousands that are paused, few have anything waiting.
    pub(super) fn pause(&mut self, fuel: Fuel) {
        self.stage = Stage::Paused;
        self.job.fuel_before = fuel;
        self.waiting.shrink_to_fit();
        self.prints.shrink_to(PRINTS_KEPT);
    }

    /// What ran it is gone; it is run again from its start.
    pub(super) fn restart(&mut self) {
        (self.said_of_run, self.read_backs_of_run) = (0, 0);
    }

    pub(super) fn take_report(&mut self, fuel: Fuel, report: Report) -> Result<(), StudyError> {
        self.take_said(fuel, Happened::Reported(report))
    }

    pub(super) fn take_read_back(&mut self, fuel: Fuel, digest: Digest, bytes: u64) -> Result<(), StudyError> {
        self.take_said(fuel, Happened::ReadBack(digest, bytes))
    }

    /// Takes a report or a read-back. What a second run says must be what the first did.
    fn take_said(&mut self, fuel: Fuel, what: Happened) -> Result<(), StudyError> {
        if self.end_came {
            return Ok(());
        }
        let place = self.said_of_run;
        self.said_of_run += 1;
        let diverged = match what {
            Happened::ReadBack(..) => {
                self.read_backs_of_run += 1;
                StudyError::GpuDiverged { trial: self.job.trial, read_back: self.read_backs_of_run as u64 }
            }
            _ => StudyError::Diverged { trial: self.job.trial, report: self.reports_of_run() },
        };
        let print = print_of(fuel, &what);
        if let Some(&earlier) = self.prints.get(place) {
            return if earlier == print { Ok(()) } else { Err(diverged) };
        }
        if fuel < self.fuel_bound {
            return Err(diverged);
        }
        self.prints.push(print);
        self.advance(fuel);
        self.push_waiting(Waiting { fuel, what });
        Ok(())
    }

    /// How many reports came in from the present run.
    fn reports_of_run(&self) -> u64 {
        (self.said_of_run - self.read_backs_of_run) as u64
    }

    pub(super) fn take_end(
        &mut self,
        fuel: Fuel,
        outcome: Outcome,
        artifacts: Vec<ArtifactRecord>,
    ) -> Result<(), StudyError> {
        if self.end_came {
            return Ok(());
        }
        if self.contradicts_end(fuel, &outcome) {
            return Err(StudyError::Diverged { trial: self.job.trial, report: self.reports_of_run() + 1 });
        }
        self.end_came = true;
        // A trap's fuel is what the engine had last written down: never before what is already known.
        self.advance(fuel);
        self.push_waiting(Waiting { fuel: self.fuel_bound, what: Happened::Ended(outcome, artifacts) });
        Ok(())
    }

    /// Takes note of what an earlier run's log says; it is consumed at once.
    pub(super) fn note_logged(&mut self, fuel: Fuel, what: &Happened) {
        if let Happened::Reported(_) | Happened::ReadBack(..) = what {
            self.prints.push(print_of(fuel, what));
        }
        self.advance(fuel);
    }

    /// Whether the trial, run again, cannot have come to this end if its first run did what is known of it.
    fn contradicts_end(&self, fuel: Fuel, outcome: &Outcome) -> bool {
        let too_early = outcome.has_exact_fuel() && fuel < self.fuel_bound;
        outcome.is_reproducible() && (too_early || self.said_of_run < self.prints.len())
    }
}

/// Where a read-back has this word, a report has the length of its first attribute's name, or none.
const READ_BACK: u64 = u64::MAX;

/// It lives no longer than the machine, so a print does that another release may compute otherwise.
fn print_of(fuel: Fuel, what: &Happened) -> u64 {
    let mut print = Print::new();
    print.word(fuel.0);
    match what {
        Happened::Reported(report) => {
            for Attribute { name, value } in &report.attributes {
                print.bytes(name.as_bytes());
                value.add_to(&mut print);
            }
        }
        Happened::ReadBack(digest, bytes) => {
            print.word(READ_BACK);
            print.bytes(&digest.0);
            print.word(*bytes);
        }
        // Ends are compared otherwise, and milestones are the machine's.
        Happened::Ended(..) | Happened::AtMilestone => {}
    }
    // Half of its bits: what one trial says is compared one by one.
    print.finish() as u64
}
