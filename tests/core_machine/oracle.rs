//! The oracle: the same study, one event after the other, with everything known in advance.
//!
//! Written without the machine's parts: at each step it looks at all slots and takes the event that is earliest by time and
//! slot. Only the searcher and the streams are shared.

use trialbox::numeric::amount::{Fuel, Seed, Slot, TrialId, VirtualTime};
use trialbox::numeric::random::{Purpose, Stream};
use trialbox::searcher::{Searcher, SuggestContext};
use trialbox::space::Value;
use trialbox::study::{Chain, EndReason, Entry, Event, Job, Outcome, Report, ReportProblem, StopReason, StudySpec};

use crate::world::{Behaviour, Script};

struct Busy {
    job: Job,
    behaviour: Behaviour,
    taken: usize,
    reward: Option<(f64, bool)>,
}

impl Busy {
    fn next_time(&self) -> u64 {
        let fuel = self.behaviour.reports.get(self.taken).map_or(self.behaviour.fuel, |(fuel, _)| *fuel);
        self.job.start.0 + fuel
    }
}

struct Oracle<'a> {
    spec: &'a StudySpec,
    script: Script<'a>,
    searcher: Box<dyn Searcher>,
    slots: Vec<Option<Busy>>,
    started: u64,
    best: Option<f64>,
    reason: Option<EndReason>,
    chain: Chain,
    log: Vec<Entry>,
}

/// The log of the study in that world.
pub fn sequential(spec: &StudySpec, script: Script<'_>) -> Vec<Entry> {
    let mut oracle = Oracle {
        spec,
        script,
        searcher: spec.searcher.build(&spec.space, spec.seed),
        slots: (0..spec.slots().unwrap()).map(|_| None).collect(),
        started: 0,
        best: None,
        reason: None,
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
        oracle.happen(slot, time);
    }
    let reason = oracle.reason.expect("a study that stands still has a reason to");
    oracle.write(Event::StudyEnded { time: VirtualTime(time), reason });
    oracle.log
}

impl Oracle<'_> {
    fn write(&mut self, event: Event) {
        self.log.push(self.chain.push(event));
    }

    fn earliest(&self) -> Option<(u64, usize)> {
        let busy = self.slots.iter().enumerate();
        busy.filter_map(|(slot, busy)| Some((busy.as_ref()?.next_time(), slot))).min()
    }

    fn start(&mut self, slot: usize, time: u64) {
        let trial = TrialId(self.started);
        let moment = VirtualTime(time);
        if self.reason.is_some() {
            return;
        }
        if self.spec.num_trials == Some(self.started) {
            self.reason = Some(EndReason::NumTrials);
        } else if self.spec.time_out.is_some_and(|time_out| time >= time_out.0) {
            self.reason = Some(EndReason::TimeOut);
        } else if self.spec.max_reward.zip(self.best).is_some_and(|(wanted, best)| best >= wanted) {
            self.reason = Some(EndReason::MaxReward);
        } else if let Some(config) = self.searcher.suggest(&SuggestContext { trial, elapsed: moment }) {
            self.started += 1;
            let seed = Seed(Stream::new(self.spec.seed, Purpose::TrialSeed, trial.0, 0).next_u64());
            let slot_id = Slot(slot as u32);
            self.write(Event::TrialStarted { trial, slot: slot_id, time: moment, seed, config: config.clone() });
            let job = Job { trial, slot: slot_id, start: moment, seed, config };
            let behaviour = (self.script)(&job);
            self.slots[slot] = Some(Busy { job, behaviour, taken: 0, reward: None });
        } else {
            self.reason = Some(EndReason::Exhausted);
        }
    }

    fn happen(&mut self, slot: usize, time: u64) {
        let mut busy = self.slots[slot].take().unwrap();
        let trial = busy.job.trial;
        let fuel = Fuel(time - busy.job.start.0);
        let mut artifacts = Vec::new();
        let outcome = match busy.behaviour.reports.get(busy.taken).cloned() {
            Some(_) if self.spec.stop_jobs_after_time_out && self.spec.time_out.is_some_and(|end| time > end.0) => {
                Some(Outcome::Stopped { reason: StopReason::TimeOut })
            }
            Some((_, report)) => {
                busy.taken += 1;
                match reward_of(&report, self.spec) {
                    Ok(reward) => {
                        busy.reward = reward.or(busy.reward);
                        let time = VirtualTime(time);
                        self.write(Event::Reported { trial, time, fuel, report, searcher_info: Vec::new() });
                        None
                    }
                    Err(problem) => Some(Outcome::BadReport { report: busy.taken as u64, problem }),
                }
            }
            None => {
                artifacts.clone_from(&busy.behaviour.artifacts);
                match busy.behaviour.outcome.clone() {
                    Outcome::Completed if busy.reward.is_none() => {
                        Some(Outcome::NeverRewarded { attribute: self.spec.metrics.reward_attr.clone() })
                    }
                    outcome => Some(outcome),
                }
            }
        };
        let Some(outcome) = outcome else {
            self.slots[slot] = Some(busy);
            return;
        };
        if let Some((reward, true)) = busy.reward {
            self.best = Some(self.best.map_or(reward, |best| best.max(reward)));
        }
        self.write(Event::TrialEnded { trial, time: VirtualTime(time), fuel, outcome, artifacts });
        self.start(slot, time);
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
