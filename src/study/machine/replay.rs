//! How a study that was begun before is made again from its log: the machine consumes what the log says came in, and must decide
//! what the log says was decided.

use super::trial::{Happened, Stage, Trial, Waiting};
use super::{Action, Study, StudyError};
use crate::numeric::amount::{Fuel, VirtualTime};
use crate::study::event::{Entry, Event};
use crate::study::spec::Clock;
use crate::study::{Outcome, StopReason};

impl Study {
    /// Takes in the next event of an earlier run's log instead of running anything.
    ///
    /// # Errors
    /// If this build decides otherwise than the log says.
    pub fn reproduce(&mut self, logged: &Entry) -> Result<(), StudyError> {
        if !self.actions.has_event() {
            self.consume_logged(&logged.event);
        }
        self.check_searcher()?;
        // What comes before it has been done: so the log says.
        let ours = self.actions.pop_event();
        match ours {
            Some(ours) if ours.digest == logged.digest => Ok(()),
            ours => Err(StudyError::Replay {
                sequence: logged.sequence.0,
                logged: logged.event.in_short(),
                ours: ours.map_or("no event".into(), |entry| entry.event.in_short()),
            }),
        }
    }

    /// Goes on from where the log ended: every trial that runs is launched from its start.
    pub fn resume(&mut self) {
        self.actions.keep_events();
        for trial in self.trials.values_mut() {
            trial.restart();
        }
        for trial in self.slots.values() {
            if let Some(known) = self.trials.get(trial) {
                self.actions.push(Action::Launch(known.job.clone()));
            }
        }
    }

    /// Whether a report that the log does not hold may have stopped the trial. Other stops follow from what the log holds.
    fn may_stop(&self, reason: StopReason, known: &Trial, time: VirtualTime) -> bool {
        match reason {
            StopReason::TimeOut => self.is_past_time_out(time),
            StopReason::MaxT => known.stage == Stage::Over,
            StopReason::Scheduler => false,
        }
    }

    /// Consumes what the log says came in at its place; when that was and what was decided follows from it.
    fn consume_logged(&mut self, event: &Event) {
        let (trial, fuel, what) = match event {
            Event::Reported { trial, fuel, report, .. } => (*trial, *fuel, Happened::Reported(report.clone())),
            Event::Judged { trial, fuel, .. } => (*trial, *fuel, Happened::AtMilestone),
            Event::ReadBack { trial, fuel, digest, bytes, .. } => (*trial, *fuel, Happened::ReadBack(*digest, *bytes)),
            Event::TrialEnded { trial, fuel, outcome, artifacts, .. } => {
                (*trial, *fuel, Happened::Ended(outcome.clone(), artifacts.clone()))
            }
            _ => return,
        };
        let Some(known) = self.trials.get(&trial).filter(|known| known.has_slot()) else { return };
        let (time, slot) = (known.job.moment(fuel), known.job.slot);
        let is_early = (time, slot) < self.last;
        let milestone = known.job.milestone.filter(|_| self.by_fuel()).map(Fuel);
        let is_misplaced = match what {
            Happened::AtMilestone => milestone != Some(fuel),
            _ => milestone.is_some_and(|milestone| fuel > milestone),
        };
        let is_decided = match &what {
            Happened::Ended(Outcome::Stopped { reason }, _) => !self.may_stop(*reason, known, time),
            _ => false,
        };
        let is_early = self.spec.clock == Clock::Virtual && is_early;
        if is_early || is_misplaced || is_decided || fuel < known.fuel_bound() {
            // No order of inputs has it here.
            return;
        }
        self.with_trial(trial, |known| known.note_logged(fuel, &what));
        self.consume(trial, Waiting { fuel, what });
    }
}
