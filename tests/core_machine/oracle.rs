//! The oracle: the same study, one event after the other, with everything known in advance.
//!
//! Written without the machine's parts: at each step it looks at all slots and takes the event that is earliest by time and
//! slot. Only the searcher, the scheduler and the streams are shared.

use std::collections::{BTreeMap, BTreeSet};

use trialbox::numeric::amount::{Fuel, Seed, Slot, TrialId, VirtualTime};
use trialbox::numeric::random::{Purpose, Stream};
use trialbox::scheduler::{Decision, Milestone, NextJob, Placement, Progress, Scheduler, Verdict};
use trialbox::searcher::{Observation, ObservationKind, Searcher, SuggestContext};
use trialbox::space::{Config, Value};
use trialbox::study::{
    Chain, EndReason, Entry, Event, Job, Outcome, Report, ReportProblem, StopReason, StudySpec, TrialSeeds,
};

use crate::world::{Behaviour, ReadBack, Said, Script};

struct Busy {
    job: Job,
    behaviour: Behaviour,
    /// How many reports and read-backs were taken.
    taken: usize,
    read: usize,
    reward: Option<(f64, bool)>,
    /// Whether a report with a reward had the attribute of the constraint.
    constrained: bool,
    over: bool,
}

/// What comes next of a trial.
enum Next {
    Milestone,
    Report(Report),
    ReadBack(ReadBack),
    End,
}

impl Busy {
    fn next(&self, by_fuel: bool) -> (u64, Next) {
        let (fuel, next) = match self.behaviour.says(self.taken, self.read) {
            Some((fuel, Said::Report(report))) => (fuel, Next::Report(report.clone())),
            Some((fuel, Said::ReadBack(read_back))) => (fuel, Next::ReadBack(read_back.clone())),
            None => (self.behaviour.fuel, Next::End),
        };
        match self.job.milestone {
            Some(milestone) if by_fuel && milestone < fuel => (milestone, Next::Milestone),
            _ => (fuel, next),
        }
    }

    fn next_time(&self, by_fuel: bool) -> u64 {
        self.job.start.0 + (self.next(by_fuel).0 - self.job.fuel_before.0)
    }
}

struct Oracle<'a> {
    spec: &'a StudySpec,
    script: Script<'a>,
    /// What is tried first, the next one last.
    points: Vec<Config>,
    searcher: Box<dyn Searcher>,
    scheduler: Box<dyn Scheduler>,
    by_fuel: bool,
    slots: Vec<Option<Busy>>,
    idle: BTreeSet<usize>,
    paused: BTreeMap<TrialId, Busy>,
    started: u64,
    jobs: u64,
    /// The last reward of each trial that does not run.
    rewards: BTreeMap<TrialId, f64>,
    reason: Option<EndReason>,
    exhausted: bool,
    chain: Chain,
    log: Vec<Entry>,
}

/// What the study tries first, the next one last.
fn points(spec: &StudySpec) -> Vec<Config> {
    let mut points: Vec<Config> = Vec::new();
    for point in &spec.points_to_evaluate {
        if spec.allow_duplicates || !points.contains(point) {
            points.push(point.clone());
        }
    }
    points.reverse();
    points
}

fn searcher(spec: &StudySpec) -> Box<dyn Searcher> {
    let mut searcher = spec.build_searcher();
    if spec.allow_duplicates {
        searcher.allow_duplicates();
    }
    spec.points_to_evaluate.iter().for_each(|point| searcher.note_point(point));
    searcher
}

/// The log of the study in that world.
pub fn sequential(spec: &StudySpec, script: Script<'_>) -> Vec<Entry> {
    let mut oracle = Oracle {
        spec,
        script,
        points: points(spec),
        searcher: searcher(spec),
        scheduler: spec.scheduler.build(),
        by_fuel: spec.metrics.time_attr == "fuel",
        slots: (0..spec.slots().unwrap()).map(|_| None).collect(),
        idle: BTreeSet::new(),
        paused: BTreeMap::new(),
        started: 0,
        jobs: 0,
        rewards: BTreeMap::new(),
        reason: None,
        exhausted: false,
        chain: Chain::default(),
        log: Vec::new(),
    };
    oracle.write(Event::StudyStarted { spec: Box::new(spec.clone()) });
    for slot in 0..oracle.slots.len() {
        oracle.start(slot, 0);
    }
    let mut time = 0;
    while let Some((next, slot)) = oracle.earliest() {
        time = next;
        if !oracle.happen(slot, time) {
            continue;
        }
        while let Some(slot) = oracle.idle.pop_first() {
            oracle.start(slot, time);
            if oracle.idle.contains(&slot) {
                break;
            }
        }
    }
    let reason = oracle.reason.unwrap_or(EndReason::Exhausted);
    oracle.write(Event::StudyEnded { time: VirtualTime(time), reason });
    oracle.log
}

impl Oracle<'_> {
    fn write(&mut self, event: Event) {
        self.log.push(self.chain.push(event));
    }

    fn earliest(&self) -> Option<(u64, usize)> {
        let busy = self.slots.iter().enumerate();
        busy.filter_map(|(slot, busy)| Some((busy.as_ref()?.next_time(self.by_fuel), slot))).min()
    }

    fn best(&self) -> Option<f64> {
        self.rewards.values().copied().reduce(f64::max)
    }

    fn start(&mut self, slot: usize, time: u64) {
        let moment = VirtualTime(time);
        if self.reason.is_some() {
            return;
        }
        if self.spec.num_trials == Some(self.jobs) {
            self.reason = Some(EndReason::NumTrials);
        } else if self.spec.time_out.is_some_and(|time_out| time >= time_out.0) {
            self.reason = Some(EndReason::TimeOut);
        } else if self.spec.max_reward.zip(self.best()).is_some_and(|(wanted, best)| best >= wanted) {
            self.reason = Some(EndReason::MaxReward);
        }
        if self.reason.is_some() {
            return;
        }
        match self.scheduler.next_job(None) {
            NextJob::Wait => {
                self.idle.insert(slot);
            }
            NextJob::Start(placement) => self.start_new(slot, moment, &placement),
            NextJob::Resume { trial, resume_from, placement } => {
                let mut busy = self.paused.remove(&trial).unwrap();
                let slot_id = Slot(slot as u32);
                (busy.job.slot, busy.job.start, busy.job.milestone) = (slot_id, moment, placement.milestone);
                self.jobs += 1;
                let Placement { bracket, milestone, .. } = placement;
                self.write(Event::TrialResumed { trial, slot: slot_id, time: moment, resume_from, bracket, milestone });
                self.slots[slot] = Some(busy);
            }
        }
    }

    fn start_new(&mut self, slot: usize, time: VirtualTime, placement: &Placement) {
        let trial = TrialId(self.started);
        let suggestion = match self.points.pop() {
            Some(point) => Some(point),
            None if self.exhausted => None,
            None => {
                let context = SuggestContext { trial, elapsed: time, milestone: placement.milestone };
                self.searcher.suggest(&context)
            }
        };
        let Some(config) = suggestion else {
            self.exhausted = true;
            self.idle.insert(slot);
            return;
        };
        self.started += 1;
        self.jobs += 1;
        self.scheduler.on_trial_start(trial, placement);
        let whose = if self.spec.trial_seeds == TrialSeeds::PerStudy { 0 } else { trial.0 };
        let seed = Seed(Stream::new(self.spec.seed, Purpose::TrialSeed, whose, 0).next_u64());
        let slot_id = Slot(slot as u32);
        let (bracket, milestone) = (placement.bracket, placement.milestone);
        let started =
            Event::TrialStarted { trial, slot: slot_id, time, seed, config: config.clone(), bracket, milestone };
        self.write(started);
        let kind = ObservationKind::Pending { level: placement.milestone };
        self.searcher.observe(&Observation { trial, config: &config, kind });
        let job = Job { trial, slot: slot_id, start: time, fuel_before: Fuel(0), milestone, seed, config };
        let behaviour = (self.script)(&job);
        self.slots[slot] =
            Some(Busy { job, behaviour, taken: 0, read: 0, reward: None, constrained: false, over: false });
    }

    /// Takes what comes next in a slot; says whether something is decided at that.
    fn happen(&mut self, slot: usize, time: u64) -> bool {
        let mut busy = self.slots[slot].take().unwrap();
        let trial = busy.job.trial;
        let (fuel, next) = busy.next(self.by_fuel);
        let fuel = Fuel(fuel);
        let moment = VirtualTime(time);
        let is_late = self.spec.stop_jobs_after_time_out && self.spec.time_out.is_some_and(|end| time > end.0);
        let mut artifacts = Vec::new();
        let number = busy.taken as u64 + 1;
        let judged = match next {
            Next::ReadBack(ReadBack { digest, bytes, .. }) => {
                busy.read += 1;
                self.slots[slot] = Some(busy);
                self.write(Event::ReadBack { trial, time: moment, fuel, digest, bytes });
                return false;
            }
            Next::Report(_) if is_late => Err(Outcome::Stopped { reason: StopReason::TimeOut }),
            Next::Report(_) if busy.over => Err(Outcome::Stopped { reason: StopReason::MaxT }),
            Next::Report(report) => self
                .judge_report(&mut busy, &report)
                .map_err(|problem| Outcome::BadReport { report: number, problem })
                .inspect(|verdict| {
                    let (searcher_info, decision) = (Vec::new(), verdict.decision);
                    self.write(Event::Reported { trial, time: moment, fuel, report, searcher_info, decision });
                }),
            Next::Milestone => {
                let reward = busy.reward.map(|(reward, _)| reward);
                let verdict = self.scheduler.on_report(&Progress { trial, time: Some(fuel.0), reward });
                verdict
                    .map_err(|problem| Outcome::BadReport {
                        report: number,
                        problem: ReportProblem::Unplaceable(problem),
                    })
                    .inspect(|verdict| {
                        self.write(Event::Judged { trial, time: moment, fuel, decision: verdict.decision });
                    })
            }
            Next::End => {
                artifacts.clone_from(&busy.behaviour.artifacts);
                Err(match busy.behaviour.outcome.clone() {
                    Outcome::Completed if busy.reward.is_none() => {
                        Outcome::NeverRewarded { attribute: self.spec.metrics.reward_attr.clone() }
                    }
                    Outcome::Completed if !busy.constrained => match &self.spec.metrics.constraint_attr {
                        Some(attribute) => Outcome::NeverConstrained { attribute: attribute.clone() },
                        None => Outcome::Completed,
                    },
                    outcome => outcome,
                })
            }
        };
        let outcome = match judged {
            Err(outcome) => outcome,
            Ok(Verdict { decision: Decision::Stop, milestone: Some(Milestone::MaxT), .. }) if !self.by_fuel => {
                busy.over = true;
                self.slots[slot] = Some(busy);
                return true;
            }
            Ok(Verdict { decision: Decision::Stop, milestone, .. }) => {
                let is_at_end = milestone == Some(Milestone::MaxT);
                Outcome::Stopped { reason: if is_at_end { StopReason::MaxT } else { StopReason::Scheduler } }
            }
            Ok(Verdict { decision: Decision::Continue, milestone, next_milestone, .. }) => {
                if milestone.is_some() {
                    busy.job.milestone = next_milestone;
                }
                self.slots[slot] = Some(busy);
                return true;
            }
            Ok(Verdict { decision: Decision::Pause, milestone, .. }) => {
                let Some(Milestone::Rung(level)) = milestone else { panic!("a pause where there is no rung") };
                self.scheduler.on_job_end(trial);
                busy.job.fuel_before = fuel;
                self.rest(&busy);
                self.paused.insert(trial, busy);
                self.write(Event::TrialPaused { trial, time: moment, fuel, level });
                self.start(slot, time);
                return true;
            }
        };
        self.rest(&busy);
        self.scheduler.on_job_end(trial);
        self.tell_end(&busy, outcome.is_failure());
        self.write(Event::TrialEnded { trial, time: moment, fuel, outcome, artifacts });
        self.start(slot, time);
        true
    }

    fn judge_report(&mut self, busy: &mut Busy, report: &Report) -> Result<Verdict, ReportProblem> {
        let reward = reward_of(report, self.spec)?;
        let time = match report.get(&self.spec.metrics.time_attr) {
            Some(Value::Integer(time)) => Some(*time as u64),
            _ => None,
        };
        let verdict = if self.by_fuel {
            Verdict::CONTINUE
        } else {
            let progress = Progress { trial: busy.job.trial, time, reward: reward.map(|(reward, _)| reward) };
            self.scheduler.on_report(&progress).map_err(ReportProblem::Unplaceable)?
        };
        busy.taken += 1;
        busy.reward = reward.or(busy.reward);
        let constraint = self.spec.metrics.constraint_attr.as_ref().and_then(|name| report.get(name));
        busy.constrained |= reward.is_some() && constraint.is_some();
        Ok(verdict)
    }

    /// Tells the searcher of a trial's end and of its last reward. Nothing that is told of `hyperband`'s trials matters here: no
    /// searcher learns from them in these studies.
    fn tell_end(&mut self, busy: &Busy, has_failed: bool) {
        let rewarded =
            busy.reward.map(|(reward, _)| ObservationKind::Rewarded { level: None, reward, constraint: None });
        let kinds = [has_failed.then_some(ObservationKind::Failed), rewarded, Some(ObservationKind::JobEnded)];
        for kind in kinds.into_iter().flatten() {
            self.searcher.observe(&Observation { trial: busy.job.trial, config: &busy.job.config, kind });
        }
    }

    /// A trial runs no more, for now or for good.
    fn rest(&mut self, busy: &Busy) {
        match busy.reward {
            Some((reward, true)) => self.rewards.insert(busy.job.trial, reward),
            _ => self.rewards.remove(&busy.job.trial),
        };
    }
}

/// The reward with whether it is feasible, for the values that the simulated trials report.
fn reward_of(report: &Report, spec: &StudySpec) -> Result<Option<(f64, bool)>, ReportProblem> {
    let reward = match report.get(&spec.metrics.reward_attr) {
        Some(Value::Real(reward)) if reward.is_nan() => {
            let attribute = spec.metrics.reward_attr.clone();
            return Err(ReportProblem::NotFinite { attribute, value: "NaN".into() });
        }
        Some(Value::Real(reward)) => Some(*reward),
        _ => None,
    };
    let feasible = match spec.metrics.constraint_attr.as_ref().map(|name| report.get(name)) {
        None => true,
        Some(excess) => matches!(excess, Some(Value::Integer(..=0))),
    };
    if report.get(&spec.metrics.time_attr) == Some(&Value::Integer(0)) {
        let attribute = spec.metrics.time_attr.clone();
        return Err(ReportProblem::NotAResource { attribute, value: "0".into() });
    }
    Ok(reward.map(|reward| (reward, feasible)))
}
