//! The machine that decides: inputs in, actions out, nothing else.
//!
//! It talks to its searcher and its scheduler; a driver talks to it. The methods of [`Study`] are of four kinds:
//! - it is made by [`Study::new`]; for a study that was begun before, [`Study::reproduce`] is then called with each event of its
//!   log, and [`Study::resume`] once after the last;
//! - [`Study::handle`] takes what has happened to trials;
//! - [`Study::poll_action`] gives what is to be done, until it gives nothing; call it after each of the above, but not between
//!   `reproduce` and `resume`: what is to be done until then has been done;
//! - the others tell of the state and change nothing.

use std::collections::{BTreeMap, VecDeque};

use super::event::{ArtifactRecord, Chain, EndReason, Entry, Event};
use super::order::Frontier;
use super::{Attribute, Outcome, Report, SpecError, StopReason, StudySpec, StudyState};
use crate::numeric::amount::{Fuel, Seed, Slot, TrialId, VirtualTime};
use crate::numeric::digest::canonical_bytes;
use crate::numeric::random::{Purpose, Stream};
use crate::scheduler::{Decision, NextJob, Progress, Scheduler};
use crate::searcher::{Observation, ObservationKind, Searcher, SuggestContext};
use crate::space::{Config, Value};

/// Something that has happened to a running trial. Inputs for a trial that has ended are ignored: it may have run ahead of
/// the decision that ended it.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// It made its next report.
    Reported {
        /// The trial.
        trial: TrialId,
        /// Its fuel until then.
        fuel: Fuel,
        /// What it said.
        report: Report,
    },
    /// It has used at least this much fuel without a report.
    Advanced {
        /// The trial.
        trial: TrialId,
        /// A lower bound of its fuel at its next report or its end.
        fuel: Fuel,
    },
    /// It ended.
    Ended {
        /// The trial.
        trial: TrialId,
        /// Its fuel in all.
        fuel: Fuel,
        /// How.
        outcome: Outcome,
        /// What it left behind, in the order of names.
        artifacts: Vec<ArtifactRecord>,
    },
    /// What ran it was lost, and it is being run again from its start.
    Restarted {
        /// The trial.
        trial: TrialId,
    },
    /// What ran it was lost repeatedly, and it is given up.
    Crashed {
        /// The trial.
        trial: TrialId,
    },
}

/// Something that the driver is to do, in the order given.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Put an event at the end of the log.
    Append(Entry),
    /// Run a trial.
    Launch(Job),
    /// Stop running a trial; its end is already in the log.
    Stop(TrialId),
}

/// A trial to be run.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// The trial.
    pub trial: TrialId,
    /// The slot that it occupies.
    pub slot: Slot,
    /// When it starts.
    pub start: VirtualTime,
    /// The seed that it is given.
    pub seed: Seed,
    /// Its configuration.
    pub config: Config,
}

/// The study cannot go on.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StudyError {
    /// A trial that was run again did something else than before.
    #[error(
        "trial {trial} was run again and differs from its first run at report {report}: a trial must depend on nothing but its \
         arguments, its data and its seed"
    )]
    Diverged {
        /// The trial.
        trial: TrialId,
        /// The number of the report, from 1.
        report: u64,
    },
    /// The log holds another event than this build decides on.
    #[error("the log differs at event {sequence}: it holds {logged}, this build gives {ours}")]
    Replay {
        /// The position.
        sequence: u64,
        /// The log's event, in short.
        logged: String,
        /// The event that the machine gives, in short.
        ours: String,
    },
}

/// A study in progress.
pub struct Study {
    spec: StudySpec,
    searcher: Box<dyn Searcher>,
    scheduler: Box<dyn Scheduler>,
    slots: BTreeMap<Slot, Running>,
    /// The slot of each running trial.
    places: BTreeMap<TrialId, Slot>,
    frontier: Frontier,
    chain: Chain,
    state: StudyState,
    actions: VecDeque<Action>,
    /// A configuration chosen ahead, without `delay_get_config`.
    ahead: Option<Option<Config>>,
    /// Why no more trials are started, once that is so.
    closed: Option<EndReason>,
    /// When and where the last report or end was.
    last: (VirtualTime, Slot),
}

/// A running trial.
struct Running {
    job: Job,
    /// The earliest moment at which its next input can be.
    bound: VirtualTime,
    /// What has come in and not been consumed, in order.
    waiting: VecDeque<Waiting>,
    /// A print of each report that came in, to compare a second run with.
    prints: Vec<u64>,
    /// How many reports came in from the present run.
    reports_of_run: usize,
    /// Whether its end has come in.
    end_came: bool,
}

struct Waiting {
    time: VirtualTime,
    fuel: Fuel,
    what: Happened,
}

enum Happened {
    Reported(Report),
    Ended(Outcome, Vec<ArtifactRecord>),
}

impl Running {
    fn new(job: Job) -> Self {
        let bound = job.start;
        Self { job, bound, waiting: VecDeque::new(), prints: Vec::new(), reports_of_run: 0, end_came: false }
    }

    /// Where the slot stands in the frontier.
    fn moment(&self) -> VirtualTime {
        self.waiting.front().map_or(self.bound, |waiting| waiting.time)
    }

    fn advance(&mut self, time: VirtualTime) {
        self.bound = self.bound.max(time);
    }

    /// Whether the trial, run again, cannot have come to this end if its first run did what is known of it.
    fn contradicts_end(&self, fuel: Fuel, outcome: &Outcome) -> bool {
        // What the engine had last written down when it broke off may be less than what was known.
        let exact = !matches!(outcome, Outcome::Trapped { .. } | Outcome::Exceeded { .. });
        let too_early = exact && self.job.start.after(fuel) < self.bound;
        outcome.is_reproducible() && (too_early || self.reports_of_run < self.prints.len())
    }
}

fn print_of(fuel: Fuel, report: &Report) -> u64 {
    let hash = blake3::hash(&canonical_bytes(&(fuel, report)));
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hash.as_bytes()[..8]);
    u64::from_le_bytes(bytes)
}

impl Study {
    /// A study at its start; its first actions are waiting.
    ///
    /// # Errors
    /// If the specification is not well formed.
    pub fn new(spec: StudySpec) -> Result<Self, SpecError> {
        spec.check()?;
        let slots = spec.slots()?;
        let mut study = Self {
            searcher: spec.searcher.build(&spec.space, spec.seed),
            scheduler: spec.scheduler.build(),
            slots: BTreeMap::new(),
            places: BTreeMap::new(),
            frontier: Frontier::default(),
            chain: Chain::default(),
            state: StudyState::new(spec.metrics.clone()),
            actions: VecDeque::new(),
            ahead: None,
            closed: None,
            last: (VirtualTime(0), Slot(0)),
            spec,
        };
        study.append(Event::StudyStarted { spec: Box::new(study.spec.clone()) });
        for slot in 0..slots {
            study.fill(Slot(slot), VirtualTime(0));
        }
        study.end_if_idle();
        Ok(study)
    }

    /// Takes in the next event of an earlier run's log instead of running anything.
    ///
    /// # Errors
    /// If this build decides otherwise than the log says.
    pub fn reproduce(&mut self, logged: &Entry) -> Result<(), StudyError> {
        if !self.actions.iter().any(|action| matches!(action, Action::Append(_))) {
            self.consume_logged(&logged.event);
        }
        let ours = loop {
            match self.actions.pop_front() {
                Some(Action::Append(entry)) => break Some(entry),
                // What the log says has been done.
                Some(Action::Launch(_) | Action::Stop(_)) => {}
                None => break None,
            }
        };
        match ours {
            Some(ours) if ours.digest == logged.digest => Ok(()),
            ours => Err(StudyError::Replay {
                sequence: logged.sequence.0,
                logged: in_short(&logged.event),
                ours: ours.map_or("no event".into(), |entry| in_short(&entry.event)),
            }),
        }
    }

    /// Goes on from where the log ended: every trial that has not ended is launched from its start.
    pub fn resume(&mut self) {
        self.actions.retain(|action| matches!(action, Action::Append(_)));
        for running in self.slots.values_mut() {
            running.reports_of_run = 0;
            self.actions.push_back(Action::Launch(running.job.clone()));
        }
    }

    /// Takes what has happened to a trial.
    ///
    /// # Errors
    /// If a trial that was run again did something else than before.
    pub fn handle(&mut self, input: Input) -> Result<(), StudyError> {
        match input {
            Input::Reported { trial, fuel, report } => self.take_report(trial, fuel, report)?,
            Input::Advanced { trial, fuel } => self.with_running(trial, |running| {
                running.advance(running.job.start.after(fuel));
            }),
            Input::Ended { trial, fuel, outcome, artifacts } => {
                if let Some(running) = self.running_mut(trial)
                    && !running.end_came
                    && running.contradicts_end(fuel, &outcome)
                {
                    return Err(StudyError::Diverged { trial, report: running.reports_of_run as u64 + 1 });
                }
                self.take_end(trial, fuel, outcome, artifacts);
            }
            Input::Restarted { trial } => self.with_running(trial, |running| running.reports_of_run = 0),
            Input::Crashed { trial } => {
                if let Some(running) = self.running_mut(trial) {
                    let fuel = running.bound.since(running.job.start);
                    self.take_end(trial, fuel, Outcome::Crashed, Vec::new());
                }
            }
        }
        self.consume_ready();
        Ok(())
    }

    /// The next thing to do, if there is one.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
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
        self.slots.values().map(|running| &running.job)
    }

    /// How many of a running trial's reports have come in and not been consumed.
    #[must_use]
    pub fn reports_waiting(&self, trial: TrialId) -> usize {
        let running = self.places.get(&trial).and_then(|slot| self.slots.get(slot));
        running.map_or(0, |running| running.waiting.len() - usize::from(running.end_came))
    }

    fn running_mut(&mut self, trial: TrialId) -> Option<&mut Running> {
        let slot = self.places.get(&trial)?;
        self.slots.get_mut(slot)
    }

    /// Changes a running trial and keeps the frontier in step.
    fn with_running(&mut self, trial: TrialId, change: impl FnOnce(&mut Running)) {
        let Some(running) = self.running_mut(trial) else { return };
        let before = running.moment();
        change(running);
        let (slot, moment) = (running.job.slot, running.moment());
        if moment != before {
            self.frontier.place(slot, Some(before), moment);
        }
    }

    fn take_report(&mut self, trial: TrialId, fuel: Fuel, report: Report) -> Result<(), StudyError> {
        let Some(running) = self.running_mut(trial) else { return Ok(()) };
        if running.end_came {
            return Ok(());
        }
        let print = print_of(fuel, &report);
        running.reports_of_run += 1;
        if let Some(&earlier) = running.prints.get(running.reports_of_run - 1) {
            let report = running.reports_of_run as u64;
            return if earlier == print { Ok(()) } else { Err(StudyError::Diverged { trial, report }) };
        }
        let time = running.job.start.after(fuel);
        if time < running.bound {
            return Err(StudyError::Diverged { trial, report: running.reports_of_run as u64 });
        }
        self.with_running(trial, |running| {
            running.prints.push(print);
            running.advance(time);
            running.waiting.push_back(Waiting { time, fuel, what: Happened::Reported(report) });
        });
        Ok(())
    }

    fn take_end(&mut self, trial: TrialId, fuel: Fuel, outcome: Outcome, artifacts: Vec<ArtifactRecord>) {
        self.with_running(trial, |running| {
            if running.end_came {
                return;
            }
            running.end_came = true;
            // A trap's fuel is what the engine had last written down: never before what is already known.
            let time = running.job.start.after(fuel).max(running.bound);
            let fuel = time.since(running.job.start);
            running.advance(time);
            running.waiting.push_back(Waiting { time, fuel, what: Happened::Ended(outcome, artifacts) });
        });
    }

    /// Consumes events as long as no slot can still bring forth an earlier one.
    fn consume_ready(&mut self) {
        while let Some(slot) = self.frontier.first() {
            let Some(running) = self.slots.get_mut(&slot) else { return };
            let before = running.moment();
            let Some(waiting) = running.waiting.pop_front() else { return };
            let moment = running.moment();
            self.frontier.place(slot, Some(before), moment);
            self.consume(slot, waiting);
        }
    }

    fn consume(&mut self, slot: Slot, waiting: Waiting) {
        let Waiting { time, fuel, what } = waiting;
        self.last = (time, slot);
        match what {
            Happened::Reported(report) => self.consume_report(slot, time, fuel, report),
            Happened::Ended(outcome, artifacts) => self.consume_end(slot, time, fuel, outcome, artifacts),
        }
    }

    fn consume_report(&mut self, slot: Slot, time: VirtualTime, fuel: Fuel, report: Report) {
        let Some(trial) = self.slots.get(&slot).map(|running| running.job.trial) else { return };
        if self.spec.stop_jobs_after_time_out && self.spec.time_out.is_some_and(|time_out| time > time_out) {
            return self.stop(slot, time, fuel, Outcome::Stopped { reason: StopReason::TimeOut });
        }
        let readings = match report.read(&self.spec.metrics) {
            Ok(readings) => readings,
            Err(problem) => {
                let reports = self.state.trial(trial).map_or(0, |record| record.reports);
                return self.stop(slot, time, fuel, Outcome::BadReport { report: reports + 1, problem });
            }
        };
        let searcher_info = self.searcher_info();
        self.append(Event::Reported { trial, time, fuel, report, searcher_info });
        let progress = Progress { trial, time: readings.time, reward: readings.reward };
        match self.scheduler.on_report(&progress) {
            Decision::Continue => {}
            Decision::Stop => self.stop(slot, time, fuel, Outcome::Stopped { reason: StopReason::Scheduler }),
        }
    }

    fn searcher_info(&self) -> Vec<Attribute> {
        if !self.spec.training_history_searcher_info {
            return Vec::new();
        }
        let size = self.searcher.data_size();
        let size = (size > 0).then(|| Attribute {
            name: "searcher_data_size".into(),
            value: Value::Integer(i64::try_from(size).unwrap_or(i64::MAX)),
        });
        let parameters = self
            .searcher
            .model_parameters()
            .into_iter()
            .map(|(name, value)| Attribute { name: format!("searcher_params_{name}"), value: Value::Real(value) });
        size.into_iter().chain(parameters).collect()
    }

    /// Ends a running trial by the study's decision.
    fn stop(&mut self, slot: Slot, time: VirtualTime, fuel: Fuel, outcome: Outcome) {
        self.consume_end(slot, time, fuel, outcome, Vec::new());
    }

    fn consume_end(
        &mut self,
        slot: Slot,
        time: VirtualTime,
        fuel: Fuel,
        outcome: Outcome,
        artifacts: Vec<ArtifactRecord>,
    ) {
        let Some(running) = self.slots.remove(&slot) else { return };
        self.frontier.remove(slot, running.moment());
        let runs_on = !running.end_came;
        let Job { trial, config, .. } = running.job;
        self.places.remove(&trial);
        let reward = self.state.trial(trial).and_then(|record| record.reward);
        let outcome = match outcome {
            Outcome::Completed if reward.is_none() => {
                Outcome::NeverRewarded { attribute: self.spec.metrics.reward_attr.clone() }
            }
            outcome => outcome,
        };
        let failed = outcome.is_failure();
        self.append(Event::TrialEnded { trial, time, fuel, outcome, artifacts });
        if runs_on {
            self.actions.push_back(Action::Stop(trial));
        }
        self.scheduler.on_trial_end(trial);
        if failed {
            self.searcher.observe(&Observation { trial, config: &config, kind: ObservationKind::Failed });
        }
        if let Some(reward) = reward {
            self.searcher.observe(&Observation { trial, config: &config, kind: ObservationKind::Rewarded(reward) });
        }
        self.fill(slot, time);
        self.end_if_idle();
    }

    /// Starts the next trial in a free slot, unless the study starts no more.
    fn fill(&mut self, slot: Slot, time: VirtualTime) {
        self.closed = self.closed.or_else(|| self.reason_to_close(time));
        if self.closed.is_some() {
            return;
        }
        match self.scheduler.next_job() {
            NextJob::Start => {}
        }
        let trial = TrialId(self.state.trials().len() as u64);
        let Some(config) = self.next_config(trial, time) else {
            self.closed = Some(EndReason::Exhausted);
            return;
        };
        self.searcher.observe(&Observation { trial, config: &config, kind: ObservationKind::Pending });
        let seed = Seed(Stream::new(self.spec.seed, Purpose::TrialSeed, trial.0, 0).next_u64());
        let job = Job { trial, slot, start: time, seed, config };
        self.append(Event::TrialStarted { trial, slot, time, seed, config: job.config.clone() });
        self.frontier.place(slot, None, time);
        self.places.insert(trial, slot);
        self.slots.insert(slot, Running::new(job.clone()));
        self.actions.push_back(Action::Launch(job));
        if !self.spec.delay_get_config && self.reason_to_close(time).is_none() {
            let context = SuggestContext { trial: TrialId(trial.0 + 1), elapsed: time };
            self.ahead = Some(self.searcher.suggest(&context));
        }
    }

    fn next_config(&mut self, trial: TrialId, time: VirtualTime) -> Option<Config> {
        match self.ahead.take() {
            Some(suggestion) => suggestion,
            None => self.searcher.suggest(&SuggestContext { trial, elapsed: time }),
        }
    }

    /// Why no trial may be started at `time`, if so.
    fn reason_to_close(&self, time: VirtualTime) -> Option<EndReason> {
        let started = self.state.trials().len() as u64;
        if self.spec.num_trials.is_some_and(|num_trials| started >= num_trials) {
            return Some(EndReason::NumTrials);
        }
        if self.spec.time_out.is_some_and(|time_out| time >= time_out) || time >= VirtualTime::LAST {
            return Some(EndReason::TimeOut);
        }
        let best = self.state.best().map(|best| best.reward);
        match (best, self.spec.max_reward) {
            (Some(best), Some(max_reward)) if best >= max_reward => Some(EndReason::MaxReward),
            _ => None,
        }
    }

    fn end_if_idle(&mut self) {
        if let Some(reason) = self.closed
            && self.frontier.is_empty()
            && !self.is_finished()
        {
            self.append(Event::StudyEnded { time: self.state.time(), reason });
        }
    }

    fn append(&mut self, event: Event) {
        self.state.apply(&event);
        let entry = self.chain.push(event);
        self.actions.push_back(Action::Append(entry));
    }

    /// Consumes what the log says came in at its place; when that was and what was decided follows from it.
    fn consume_logged(&mut self, event: &Event) {
        let (trial, fuel, what) = match event {
            Event::Reported { trial, fuel, report, .. } => (*trial, *fuel, Happened::Reported(report.clone())),
            Event::TrialEnded { trial, fuel, outcome, artifacts, .. } => {
                (*trial, *fuel, Happened::Ended(outcome.clone(), artifacts.clone()))
            }
            _ => return,
        };
        let Some(&slot) = self.places.get(&trial) else { return };
        let Some(running) = self.slots.get(&slot) else { return };
        let time = running.job.start.after(fuel);
        if (time, slot) < self.last || time < running.bound {
            // No order of inputs has it here.
            return;
        }
        self.with_running(trial, |running| {
            if let Happened::Reported(report) = &what {
                running.prints.push(print_of(fuel, report));
            }
            running.advance(time);
        });
        self.consume(slot, Waiting { time, fuel, what });
    }
}

/// An event in a few words, for messages.
pub(crate) fn in_short(event: &Event) -> String {
    const CHARACTERS_MAX: usize = 200;
    let text = match event {
        Event::StudyStarted { spec } => format!("the start of study `{}` ({})", spec.name, spec.digest().short()),
        Event::TrialStarted { trial, slot, time, config, .. } => {
            format!("the start of trial {trial} in slot {slot} at {time} with {config}")
        }
        Event::Reported { trial, time, report, .. } => {
            let attributes: Vec<String> =
                report.attributes.iter().map(|attribute| format!("{} = {}", attribute.name, attribute.value)).collect();
            format!("a report of trial {trial} at {time}: {}", attributes.join(", "))
        }
        Event::TrialEnded { trial, time, outcome, .. } => format!("the end of trial {trial} at {time}: {outcome}"),
        Event::StudyEnded { time, reason } => format!("the end of the study at {time}: {reason:?}"),
    };
    match text.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
