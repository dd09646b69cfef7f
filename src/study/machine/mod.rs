//! The machine that decides: inputs in, actions out, nothing else.
//!
//! It puts a search ([`Search`]: searcher and scheduler) under the study's clock; a driver talks to it. The methods of [`Study`] are of four kinds:
//! - it is made by [`Study::new`], or [`Study::with_searcher`] where somebody else runs the searcher; for a study that was begun before, [`Study::reproduce`] is then called with each event of its
//!   log, and [`Study::resume`] once after the last;
//! - [`Study::handle`] takes what has happened to trials;
//! - [`Study::poll_action`] gives what is to be done, until it gives nothing; call it after each of the above, but not between
//!   `reproduce` and `resume`: what is to be done until then has been done;
//! - the others tell of the state and change nothing.

mod actions;
mod contract;
mod open;
mod replay;
mod trial;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub use self::contract::{Action, Input, Job, Judgement, StudyError};

use self::actions::Actions;
use self::open::OpenTrials;
use self::trial::{Happened, Stage, Trial, Waiting};
use super::ending::reason_to_close;
use super::event::{ArtifactRecord, Chain, EndReason, Event};
use super::order::Frontier;
use super::report::Readings;
use super::search::{Assignment, JobEnd, Search, Start};
use super::spec::{Clock, TrialSeeds};
use super::{Attribute, Outcome, Report, ReportProblem, SpecError, StopReason, StudySpec, StudyState};
use crate::numeric::amount::{Fuel, Seed, Slot, TrialId, VirtualTime};
use crate::numeric::random::{Purpose, Stream};
use crate::scheduler::{Decision, Milestone, Placement, PlacementProblem, Progress, RungSystemState, Verdict};
use crate::searcher::{ComponentSearcherError, Searcher, SearcherFailure, SearcherSpec};
use crate::space::{Config, Value};

/// A study in progress.
pub struct Study {
    spec: StudySpec,
    search: Search,
    /// The trial in each busy slot.
    slots: BTreeMap<Slot, TrialId>,
    /// Trials below this number have been started, or are early.
    early_until: u64,
    /// Slots that found nothing to do: all configurations were suggested, and a promotion can fill them yet; or the scheduler waits for
    /// an end.
    idle: BTreeSet<Slot>,
    frontier: Frontier,
    /// With [`Clock::Wall`], the trials of which something came in, in that order.
    arrivals: VecDeque<TrialId>,
    chain: Chain,
    state: StudyState,
    /// The trials that have not ended. Given back after the state: what both hold then goes with its neighbours in memory.
    trials: OpenTrials,
    actions: Actions,
    /// Why no more jobs are started, once that is so.
    closed: Option<EndReason>,
    /// About how many bytes of what came in have not been consumed.
    bytes_waiting: u64,
    /// When and where the last report or end was.
    last: (VirtualTime, Slot),
    judgement: Option<Judgement>,
}

impl Study {
    /// A study at its start; its first actions are waiting.
    ///
    /// # Errors
    /// If the specification is not well formed, or its searcher is a component.
    pub fn new(spec: StudySpec) -> Result<Self, SpecError> {
        if let SearcherSpec::Component(_) = spec.searcher {
            return Err(ComponentSearcherError::NotRun.into());
        }
        let searcher = spec.build_searcher();
        Self::with_searcher(spec, searcher)
    }

    /// The same with a searcher at its start that is the one of the specification.
    ///
    /// # Errors
    /// If the specification is not well formed.
    pub fn with_searcher(spec: StudySpec, searcher: Box<dyn Searcher>) -> Result<Self, SpecError> {
        spec.check()?;
        let slots = spec.slots()?;
        let mut study = Self {
            search: Search::new(&spec, searcher),
            trials: OpenTrials::default(),
            slots: BTreeMap::new(),
            early_until: 0,
            idle: BTreeSet::new(),
            frontier: Frontier::default(),
            arrivals: VecDeque::new(),
            chain: Chain::default(),
            state: StudyState::new(spec.metrics.clone()),
            actions: Actions::default(),
            closed: None,
            bytes_waiting: 0,
            last: (VirtualTime(0), Slot(0)),
            judgement: None,
            spec,
        };
        study.append(Event::StudyStarted { spec: Box::new(study.spec.clone()) });
        for slot in 0..slots {
            study.fill(Slot(slot), VirtualTime(0));
        }
        study.end_if_idle();
        Ok(study)
    }

    /// The next trial that the study will start unless it ends before; none if that cannot be told. It can be run early, while
    /// those that run wait: what it does is kept until it is started, and an [`Action::Launch`] then says so.
    ///
    /// The job that it is given for that has no slot and no start yet, and its milestone is the lowest at which any trial is
    /// compared. Nothing that is decided depends on this call.
    pub fn start_early(&mut self) -> Option<Job> {
        let early = self.num_early();
        let jobs = self.state.jobs() + early;
        if self.closed.is_some() || self.spec.num_trials.is_some_and(|num_trials| jobs >= num_trials) {
            return None;
        }
        let config = self.search.foresee(early)?;
        let trial = TrialId(self.search.trials() + early);
        self.early_until = trial.0 + 1;
        let (slot, start) = (Slot(0), VirtualTime(0));
        let milestone = self.spec.scheduler.first_milestone();
        let job = Job { trial, slot, start, fuel_before: Fuel(0), milestone, seed: self.seed_of(trial), config };
        self.trials.push_early(job.clone());
        Some(job)
    }

    /// Takes what has happened to a trial.
    ///
    /// # Errors
    /// If a trial that was run again did something else than before.
    pub fn handle(&mut self, input: Input) -> Result<(), StudyError> {
        let trial = input.trial();
        let taken = self.with_trial(trial, |known| match input {
            Input::Reported { fuel, report, .. } => known.take_report(fuel, report),
            Input::ReadBack { fuel, digest, bytes, .. } => known.take_read_back(fuel, digest, bytes),
            Input::Advanced { fuel, .. } => {
                known.advance(fuel);
                Ok(())
            }
            Input::Ended { fuel, outcome, artifacts, .. } => known.take_end(fuel, outcome, artifacts),
            Input::Restarted { .. } => {
                known.restart();
                Ok(())
            }
            Input::Crashed { .. } => known.take_end(known.fuel_bound(), Outcome::Crashed, Vec::new()),
        });
        taken.unwrap_or(Ok(()))?;
        if self.trials.get(&trial).is_some_and(Trial::end_came) {
            // If it came to its end ahead of its pause, nothing is left to run for its promotion.
            self.actions.withdraw_launch(trial);
        }
        if self.spec.clock == Clock::Wall {
            self.arrivals.push_back(trial);
        }
        self.consume_ready();
        Ok(())
    }

    /// The next thing to do, if there is one. Where what runs the searcher was lost, there is none, since nobody can tell.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.check_searcher().ok()?;
        self.actions.pop()
    }

    /// Whether the study can go on as far as its searcher goes.
    ///
    /// # Errors
    /// If what runs the searcher was lost. The machine is of no use then; a study that was begun can be resumed by another.
    pub fn check_searcher(&self) -> Result<(), StudyError> {
        match self.search.searcher().failure() {
            Some(SearcherFailure::Lost(message)) => Err(StudyError::SearcherLost { message: message.clone() }),
            Some(SearcherFailure::Fault(_)) | None => Ok(()),
        }
    }

    /// The specification.
    #[must_use]
    pub fn spec(&self) -> &StudySpec {
        &self.spec
    }

    /// The state after all events so far.
    #[must_use]
    pub fn state(&self) -> &StudyState {
        &self.state
    }

    /// The chain over all events so far.
    #[must_use]
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Whether the study has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.state.ended().is_some()
    }

    /// The jobs that are running, in order of slots.
    pub fn running(&self) -> impl Iterator<Item = &Job> {
        self.slots.values().filter_map(|trial| self.trials.get(trial)).map(|trial| &trial.job)
    }

    /// The job of a running trial.
    #[must_use]
    pub fn job(&self, trial: TrialId) -> Option<&Job> {
        self.trials.get(&trial).filter(|known| known.has_slot()).map(|known| &known.job)
    }

    /// The job for which an early trial was given.
    #[must_use]
    pub fn early_job(&self, trial: TrialId) -> Option<&Job> {
        self.trials.get(&trial).filter(|known| known.stage == Stage::Early).map(|known| &known.job)
    }

    /// About how many bytes of what came in of all trials have not been consumed: reports, records of read-backs, messages, names.
    #[must_use]
    pub fn bytes_waiting_in_all(&self) -> u64 {
        self.bytes_waiting
    }

    /// About how many bytes of what came in of a trial have not been consumed.
    #[must_use]
    pub fn bytes_waiting(&self, trial: TrialId) -> u64 {
        self.trials.get(&trial).map_or(0, Trial::bytes_waiting)
    }

    /// The milestone to which a trial that has come to one, `reached`, would go on if that were decided now; none if it would not go
    /// on, if it was decided already or if it cannot be told. It may turn out otherwise.
    #[must_use]
    pub fn forecast(&self, trial: TrialId, reached: u64) -> Option<u64> {
        let known = self.trials.get(&trial)?;
        known.job.milestone.filter(|next| *next <= reached)?;
        let until = if self.by_fuel() { Fuel(reached) } else { Fuel(u64::MAX) };
        let reward = match known.last_waiting_report(until) {
            Some((fuel, report)) => report.read_for(&self.spec, fuel).ok()?.reward,
            None => self.state.trial(trial)?.reward,
        };
        self.search.forecast(&Progress { trial, time: Some(reached), reward })
    }

    /// How many trials are early: [`Study::start_early`] gave them, and they have not been started.
    #[must_use]
    pub fn num_early(&self) -> u64 {
        self.early_until.saturating_sub(self.search.trials())
    }

    /// The rungs, one item a system; empty for schedulers without.
    #[must_use]
    pub fn rungs(&self) -> Vec<RungSystemState> {
        self.search.rungs()
    }

    /// What the scheduler last said of a report or a milestone; none before the first.
    #[must_use]
    pub fn last_judgement(&self) -> Option<&Judgement> {
        self.judgement.as_ref()
    }

    fn seed_of(&self, trial: TrialId) -> Seed {
        let index = match self.spec.trial_seeds {
            TrialSeeds::PerTrial => trial.0,
            TrialSeeds::PerStudy => 0,
        };
        Seed(Stream::new(self.spec.seed, Purpose::TrialSeed, index, 0).next_u64())
    }

    fn by_fuel(&self) -> bool {
        self.spec.metrics.time_is_fuel()
    }

    /// Changes a trial, if it has not ended, and keeps the frontier in step.
    fn with_trial<R>(&mut self, trial: TrialId, change: impl FnOnce(&mut Trial) -> R) -> Option<R> {
        let by_fuel = self.by_fuel();
        let known = self.trials.get_mut(&trial)?;
        let (before, bytes_before) = (known.next_event(by_fuel).moment, known.bytes_waiting());
        let changed = change(known);
        let after = known.next_event(by_fuel).moment;
        self.bytes_waiting = self.bytes_waiting + known.bytes_waiting() - bytes_before;
        if after != before && known.has_slot() {
            self.frontier.place(known.job.slot, after);
        }
        Some(changed)
    }

    /// Consumes events as long as no slot can still bring forth an earlier one.
    fn consume_ready(&mut self) {
        while let Some(trial) = self.next_ready() {
            let by_fuel = self.by_fuel();
            if let Some(waiting) = self.with_trial(trial, |known| known.take_next(by_fuel)).flatten() {
                self.consume(trial, waiting);
            }
        }
    }

    /// The trial whose next event is to be consumed, if one is known.
    fn next_ready(&mut self) -> Option<TrialId> {
        let by_fuel = self.by_fuel();
        let is_ready = |known: &&Trial| known.has_slot() && known.next_event(by_fuel).is_known;
        match self.spec.clock {
            Clock::Virtual => {
                let trial = *self.slots.get(&self.frontier.first()?)?;
                self.trials.get(&trial).filter(is_ready).map(|_| trial)
            }
            Clock::Wall => loop {
                let trial = *self.arrivals.front()?;
                if self.trials.get(&trial).filter(is_ready).is_some() {
                    return Some(trial);
                }
                self.arrivals.pop_front();
            },
        }
    }

    fn consume(&mut self, trial: TrialId, waiting: Waiting) {
        let Some(known) = self.trials.get(&trial) else { return };
        let Waiting { fuel, what } = waiting;
        let moment = Moment { trial, slot: known.job.slot, time: known.job.moment(fuel), fuel };
        self.last = (moment.time, moment.slot);
        match what {
            Happened::Reported(report) => self.consume_report(moment, report),
            Happened::ReadBack(digest, bytes) => {
                let Moment { trial, time, fuel, .. } = moment;
                self.append(Event::ReadBack { trial, time, fuel, digest, bytes });
                // Nothing is decided at that, so there is nothing new for slots that found nothing to do.
                return;
            }
            Happened::Ended(outcome, artifacts) => self.consume_end(moment, outcome, artifacts),
            Happened::AtMilestone => self.consume_milestone(moment),
        }
        self.fill_idle(moment.time);
        self.end_if_idle();
    }

    fn consume_report(&mut self, moment: Moment, report: Report) {
        let Moment { trial, time, fuel, .. } = moment;
        if self.is_past_time_out(time) {
            return self.stop(moment, StopReason::TimeOut);
        }
        if self.trials.get(&trial).is_some_and(|known| known.stage == Stage::Over) {
            return self.stop(moment, StopReason::MaxT);
        }
        let readings = match report.read_for(&self.spec, fuel) {
            Ok(readings) => readings,
            Err(problem) => return self.refuse_report(moment, problem),
        };
        let searcher_info = self.searcher_info();
        let progress = Progress { trial, time: readings.time, reward: readings.reward };
        // Where fuel is the resource, milestones come between the reports.
        let by_fuel = self.by_fuel();
        let verdict = if by_fuel { Ok(Verdict::CONTINUE) } else { self.judge(&progress, readings.constraint) };
        let verdict = match verdict {
            Ok(verdict) => verdict,
            Err(problem) => return self.refuse_report(moment, ReportProblem::Unplaceable(problem)),
        };
        let event = Event::Reported { trial, time, fuel, report, searcher_info, decision: verdict.decision };
        self.append_read(event, readings);
        if verdict.milestone == Some(Milestone::MaxT) && verdict.decision == Decision::Stop {
            if let Some(known) = self.trials.get_mut(&trial) {
                known.reach_max_t();
            }
            self.actions.push(Action::Continue { trial, milestone: None });
            return;
        }
        self.follow(moment, &verdict);
    }

    /// The trial's fuel has reached its milestone: it is judged by what it last reported.
    fn consume_milestone(&mut self, moment: Moment) {
        let Moment { trial, time, fuel, .. } = moment;
        let (reward, constraint) =
            self.state.trial(trial).map(|record| (record.reward, record.constraint)).unwrap_or_default();
        let verdict = match self.judge(&Progress { trial, time: Some(fuel.0), reward }, constraint) {
            Ok(verdict) => verdict,
            Err(problem) => return self.refuse_report(moment, ReportProblem::Unplaceable(problem)),
        };
        self.append(Event::Judged { trial, time, fuel, decision: verdict.decision });
        if verdict.milestone == Some(Milestone::MaxT) && verdict.decision == Decision::Stop {
            return self.stop(moment, StopReason::MaxT);
        }
        self.follow(moment, &verdict);
    }

    /// Whether a report at `time` comes too late.
    fn is_past_time_out(&self, time: VirtualTime) -> bool {
        self.spec.stop_jobs_after_time_out && self.spec.time_out.is_some_and(|time_out| time > time_out)
    }

    fn judge(&mut self, progress: &Progress, constraint: Option<f64>) -> Result<Verdict, PlacementProblem> {
        let verdict = self.search.on_report(progress, constraint)?;
        self.judgement = Some(Judgement { progress: *progress, verdict });
        Ok(verdict)
    }

    /// Does what was decided.
    fn follow(&mut self, moment: Moment, verdict: &Verdict) {
        match verdict.decision {
            Decision::Stop => self.stop(moment, StopReason::Scheduler),
            Decision::Pause => self.pause(moment, verdict),
            Decision::Continue if verdict.milestone.is_some() => {
                let (trial, milestone) = (moment.trial, verdict.next_milestone);
                self.with_trial(trial, |known| known.job.milestone = milestone);
                self.actions.push(Action::Continue { trial, milestone });
            }
            Decision::Continue => {}
        }
    }

    fn searcher_info(&self) -> Vec<Attribute> {
        if !self.spec.training_history_searcher_info {
            return Vec::new();
        }
        let searcher = self.search.searcher();
        let size = searcher.data_size();
        let size = (size > 0).then(|| Attribute {
            name: "searcher_data_size".into(),
            value: Value::Integer(i64::try_from(size).unwrap_or(i64::MAX)),
        });
        let parameters = searcher
            .model_parameters()
            .into_iter()
            .map(|(name, value)| Attribute { name: format!("searcher_params_{name}"), value: Value::Real(value) });
        size.into_iter().chain(parameters).collect()
    }

    fn refuse_report(&mut self, moment: Moment, problem: ReportProblem) {
        let reports = self.state.trial(moment.trial).map_or(0, |record| record.reports);
        self.consume_end(moment, Outcome::BadReport { report: reports + 1, problem }, Vec::new());
    }

    /// Ends a running trial by the study's decision.
    fn stop(&mut self, moment: Moment, reason: StopReason) {
        self.consume_end(moment, Outcome::Stopped { reason }, Vec::new());
    }

    fn pause(&mut self, moment: Moment, verdict: &Verdict) {
        let Moment { trial, slot, time, fuel } = moment;
        let level = match verdict.milestone {
            Some(Milestone::Rung(level)) => level,
            _ => 0,
        };
        self.leave_slot(trial);
        let Some(known) = self.trials.get_mut(&trial) else { return };
        known.pause(fuel);
        let runs_on = !known.end_came();
        self.actions.withdraw_launch(trial);
        self.search.on_job_end(trial, JobEnd::Paused);
        self.append(Event::TrialPaused { trial, time, fuel, level });
        if runs_on {
            self.actions.push(Action::Pause(trial));
        }
        self.fill(slot, time);
    }

    fn consume_end(&mut self, moment: Moment, outcome: Outcome, artifacts: Vec<ArtifactRecord>) {
        let Moment { trial, slot, time, fuel } = moment;
        self.leave_slot(trial);
        self.actions.withdraw_launch(trial);
        let Some(known) = self.trials.remove(&trial) else { return };
        self.bytes_waiting -= known.bytes_waiting();
        let outcome = match outcome {
            Outcome::Completed => self.state.outcome_at_end(trial),
            outcome => outcome,
        };
        let end = if outcome.is_failure() { JobEnd::Failed } else { JobEnd::Ended };
        self.append(Event::TrialEnded { trial, time, fuel, outcome, artifacts });
        if !known.end_came() {
            self.actions.push(Action::Stop(trial));
        }
        self.search.on_job_end(trial, end);
        self.trials.reuse(known);
        self.fill(slot, time);
    }

    /// Frees the slot of a trial.
    fn leave_slot(&mut self, trial: TrialId) {
        let Some(known) = self.trials.get(&trial) else { return };
        self.slots.remove(&known.job.slot);
        self.frontier.remove(known.job.slot);
    }

    /// Starts the next job in a free slot, unless the study starts no more.
    fn fill(&mut self, slot: Slot, time: VirtualTime) {
        self.note_searcher_failure(time);
        let (spec, state) = (&self.spec, &self.state);
        self.closed = self.closed.or_else(|| reason_to_close(spec, state, time, state.jobs()));
        if self.closed.is_some() {
            return;
        }
        let more = |jobs| reason_to_close(spec, state, time, jobs).is_none();
        let assignment = self.search.next_job(time, None, more);
        let Some(Assignment { trial, start, placement, .. }) = assignment else {
            self.idle.insert(slot);
            self.note_searcher_failure(time);
            return;
        };
        match start {
            Start::New(config) => self.start(trial, slot, time, config, &placement),
            Start::Promoted { resume_from } => self.promote(trial, slot, time, resume_from, &placement),
        }
        self.occupy(trial, slot);
    }

    /// Puts it into the log that the searcher has failed, once. No more jobs are started then.
    fn note_searcher_failure(&mut self, time: VirtualTime) {
        if self.state.searcher_failure().is_some() {
            return;
        }
        let Some(SearcherFailure::Fault(message)) = self.search.searcher().failure() else { return };
        let message = message.clone();
        self.closed = Some(EndReason::SearcherFailed);
        self.append(Event::SearcherFailed { time, message });
    }

    fn start(&mut self, trial: TrialId, slot: Slot, time: VirtualTime, config: Config, placement: &Placement) {
        let seed = self.seed_of(trial);
        let (bracket, milestone) = (placement.bracket, placement.milestone);
        let job = Job { trial, slot, start: time, fuel_before: Fuel(0), milestone, seed, config: config.clone() };
        self.append(Event::TrialStarted { trial, slot, time, seed, config, bracket, milestone });
        match self.trials.get_mut(&trial) {
            Some(early) => early.start(job),
            None => self.trials.push(job),
        }
    }

    fn promote(&mut self, trial: TrialId, slot: Slot, time: VirtualTime, resume_from: u64, placement: &Placement) {
        let (bracket, milestone) = (placement.bracket, placement.milestone);
        if let Some(known) = self.trials.get_mut(&trial) {
            known.promote(slot, time, milestone);
            self.append(Event::TrialResumed { trial, slot, time, resume_from, bracket, milestone });
        }
    }

    /// A trial goes to work in its slot.
    fn occupy(&mut self, trial: TrialId, slot: Slot) {
        let by_fuel = self.by_fuel();
        let Some(known) = self.trials.get_mut(&trial) else { return };
        self.frontier.place(slot, known.next_event(by_fuel).moment);
        self.slots.insert(slot, trial);
        if !known.end_came() {
            self.actions.push(Action::Launch(known.job.clone()));
        }
        if self.spec.clock == Clock::Wall {
            // It may have run ahead of its pause.
            self.arrivals.push_back(trial);
        }
    }

    /// Lets slots that found nothing to do look again: what was just consumed may have made a promotion possible, or ended a round.
    fn fill_idle(&mut self, time: VirtualTime) {
        while let Some(slot) = self.idle.pop_first() {
            self.fill(slot, time);
            if self.idle.contains(&slot) {
                // What one slot did not find, the next will not either.
                return;
            }
            // An earlier slot can come now at the same moment.
            self.last.1 = self.last.1.min(slot);
        }
    }

    fn end_if_idle(&mut self) {
        if !self.slots.is_empty() || self.is_finished() {
            return;
        }
        let exhausted = self.search.is_exhausted().then_some(EndReason::Exhausted);
        if let Some(reason) = self.closed.or(exhausted) {
            self.append(Event::StudyEnded { time: self.state.time(), reason });
        }
    }

    fn append(&mut self, event: Event) {
        self.append_read(event, Readings::default());
    }

    /// Appends an event, with what is read from its report if it has one.
    fn append_read(&mut self, event: Event, readings: Readings) {
        self.state.apply_read(&event, readings);
        let entry = self.chain.push(event);
        self.actions.push(Action::Append(entry));
    }
}

/// Where and when something happened.
#[derive(Clone, Copy)]
struct Moment {
    trial: TrialId,
    slot: Slot,
    time: VirtualTime,
    fuel: Fuel,
}
