//! A simulated world: trials that do what a pure function says, and an executor that delivers it in any physical order.

use std::collections::{BTreeMap, BTreeSet};

use trialbox::numeric::amount::{Fuel, TrialId};
use trialbox::numeric::digest::Digest;
use trialbox::space::Value;
use trialbox::study::{
    Action, ArtifactRecord, Attribute, Entry, Event, Input, Job, Limit, Outcome, Report, Study, StudySpec, StudyState,
    TrapKind,
};

/// What a trial does from its start to its end.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// Its reports, each with the fuel until then, never less than that of the one before.
    pub reports: Vec<(u64, Report)>,
    /// What it reads back from the GPU, in order.
    pub read_backs: Vec<ReadBack>,
    /// Its fuel in all.
    pub fuel: u64,
    /// How it ends.
    pub outcome: Outcome,
    /// What it leaves behind.
    pub artifacts: Vec<ArtifactRecord>,
}

/// Something that a trial reads back from the GPU.
#[derive(Clone, Debug)]
pub struct ReadBack {
    /// After how many reports.
    pub reports: usize,
    /// The fuel until then.
    pub fuel: u64,
    pub digest: Digest,
    pub bytes: u64,
}

/// Something that a trial says before its end.
pub enum Said<'a> {
    Report(&'a Report),
    ReadBack(&'a ReadBack),
}

impl Behaviour {
    /// What comes after so many reports and so many read-backs, with its fuel; nothing but the end, if none.
    pub fn says(&self, reports: usize, read_backs: usize) -> Option<(u64, Said<'_>)> {
        if let Some(next) = self.read_backs.get(read_backs).filter(|next| next.reports <= reports) {
            return Some((next.fuel, Said::ReadBack(next)));
        }
        self.reports.get(reports).map(|(fuel, report)| (*fuel, Said::Report(report)))
    }
}

/// Says what each trial does.
pub type Script<'a> = &'a dyn Fn(&Job) -> Behaviour;

/// SplitMix64 (Steele, Lea and Flood 2014): small numbers for simulations.
#[derive(Clone, Debug)]
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    pub fn below(&mut self, count: u64) -> u64 {
        self.next() % count
    }

    pub fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

pub fn report(attributes: &[(&str, Value)]) -> Report {
    let attribute = |(name, value): &(&str, Value)| Attribute { name: (*name).to_owned(), value: value.clone() };
    Report { attributes: attributes.iter().map(attribute).collect() }
}

/// A trial that reports these rewards, one each `fuel`, and then completes.
pub fn rewards(fuel: u64, rewards: &[f64]) -> Behaviour {
    let reports = (1..).zip(rewards);
    let reports = reports.map(|(epoch, &reward)| {
        (epoch * fuel, report(&[("epoch", Value::Integer(epoch as i64)), ("accuracy", Value::Real(reward))]))
    });
    let reports: Vec<_> = reports.collect();
    let fuel = (reports.len() as u64 + 1) * fuel;
    Behaviour { reports, read_backs: Vec::new(), fuel, outcome: Outcome::Completed, artifacts: Vec::new() }
}

/// What a trial reads back that reports at these amounts of fuel: before each report and before its end perhaps something.
fn read_backs(mut dice: Dice, fuels: &[u64], end: u64) -> Vec<ReadBack> {
    let (mut read_backs, mut from) = (Vec::new(), 0);
    for (reports, &until) in fuels.iter().chain([&end]).enumerate() {
        for _ in 0..dice.below(3) {
            if until > from {
                from += dice.below(until - from + 1);
            }
            let bytes = dice.below(1000);
            read_backs.push(ReadBack { reports, fuel: from, digest: Digest::of(&bytes.to_le_bytes()), bytes });
        }
        from = until;
    }
    read_backs
}

/// A trial of a world in which anything happens: a function of its configuration, its seed and the world. Few distinct
/// amounts of fuel, so that many events fall on the same moment.
pub fn anything(world: u64, job: &Job) -> Behaviour {
    let digest = Digest::of_canonical(&(world, job.seed, &job.config));
    let mut dice = Dice(digest.0.iter().take(8).fold(0, |bits, &byte| (bits << 8) | u64::from(byte)));
    let mut fuel = 0;
    let mut reports = Vec::new();
    for epoch in 1..=dice.below(6) as i64 {
        fuel += dice.below(4) * 50;
        let mut attributes = Vec::new();
        if !dice.one_in(8) {
            let reward = if dice.one_in(30) { f64::NAN } else { dice.below(10) as f64 / 8.0 };
            attributes.push(("accuracy", Value::Real(reward)));
        }
        if !dice.one_in(6) {
            let epoch = if dice.one_in(40) { 0 } else { epoch };
            attributes.push(("epoch", Value::Integer(epoch)));
        }
        if !dice.one_in(4) {
            attributes.push(("excess", Value::Integer(dice.below(3) as i64 - 1)));
        }
        if dice.one_in(4) {
            attributes.push(("loss", Value::Real(f64::NAN)));
        }
        reports.push((fuel, report(&attributes)));
    }
    fuel += dice.below(4) * 50;
    let outcome = match dice.below(12) {
        0 => Outcome::Failed { message: "no data".into() },
        1 => Outcome::Trapped { trap: TrapKind::Unreachable },
        2 => Outcome::Exceeded { limit: Limit::FuelMax },
        3 => Outcome::StackOverflowed,
        _ => Outcome::Completed,
    };
    let artifact = ArtifactRecord { name: "model".into(), digest: Digest::of(&digest.0), bytes: 32 };
    let artifacts = if dice.one_in(3) { vec![artifact] } else { Vec::new() };
    let fuels: Vec<u64> = reports.iter().map(|(fuel, _)| *fuel).collect();
    // Half of the trials use no GPU.
    let uses_gpu = digest.0[8].is_multiple_of(2);
    let read_backs = if uses_gpu { read_backs(Dice(u64::from(digest.0[9])), &fuels, fuel) } else { Vec::new() };
    Behaviour { reports, read_backs, fuel, outcome, artifacts }
}

/// How the executor is disturbed.
#[derive(Clone, Debug)]
pub struct Disorder {
    pub dice: Dice,
    /// One step in so many loses a worker; never if 0.
    pub restarts: u64,
    /// How often the whole study is killed and gone on with from a prefix of its log.
    pub kills: u64,
    /// Whether what the study wants done is done only now and then, as a driver does that takes in many inputs at a time.
    pub lazy: bool,
    /// One step in so many has a trial run early; never if 0.
    pub early: u64,
    /// Whether the state is compared with the fold of the log after each step.
    pub folds: bool,
}

impl Disorder {
    pub fn none() -> Self {
        Self { dice: Dice(0), restarts: 0, kills: 0, lazy: false, early: 0, folds: false }
    }

    pub fn of_seed(seed: u64) -> Self {
        Self { dice: Dice(seed), restarts: 20, kills: seed % 4, lazy: seed % 8 >= 4, early: seed % 3 * 4, folds: false }
    }
}

/// A trial as the executor runs it.
struct Live {
    job: Job,
    behaviour: Behaviour,
    /// How many reports and read-backs of the present run were delivered.
    delivered: (usize, usize),
    /// A lower bound of the fuel of what comes next, as told to the study.
    told: u64,
    end_delivered: bool,
    restarts: u32,
}

impl Live {
    fn new(job: Job, script: Script<'_>) -> Self {
        let behaviour = script(&job);
        Self { job, behaviour, delivered: (0, 0), told: 0, end_delivered: false, restarts: 0 }
    }

    /// What comes next.
    fn next_input(&mut self) -> Input {
        let trial = self.job.trial;
        match self.behaviour.says(self.delivered.0, self.delivered.1) {
            Some((fuel, Said::Report(report))) => {
                self.delivered.0 += 1;
                return Input::Reported { trial, fuel: Fuel(fuel), report: report.clone() };
            }
            Some((fuel, Said::ReadBack(&ReadBack { digest, bytes, .. }))) => {
                self.delivered.1 += 1;
                return Input::ReadBack { trial, fuel: Fuel(fuel), digest, bytes };
            }
            None => {}
        }
        self.end_delivered = true;
        let Behaviour { fuel, outcome, artifacts, .. } = self.behaviour.clone();
        Input::Ended { trial, fuel: Fuel(fuel), outcome, artifacts }
    }

    fn next_fuel(&self) -> u64 {
        self.behaviour.says(self.delivered.0, self.delivered.1).map_or(self.behaviour.fuel, |(fuel, _)| fuel)
    }
}

/// Runs a study in a simulated world.
pub struct Executor<'a> {
    pub study: Study,
    pub log: Vec<Entry>,
    spec: StudySpec,
    script: Script<'a>,
    live: BTreeMap<TrialId, Live>,
    /// Stopped trials, which still run until the stop has reached them.
    late: Vec<Live>,
    /// Paused trials, which may run ahead of their promotion, and early ones.
    ahead: BTreeMap<TrialId, Live>,
    /// Those that were dropped while they were paused or early.
    dropped: BTreeSet<TrialId>,
    /// Trials whose end was delivered.
    over: BTreeSet<TrialId>,
    ended: BTreeSet<TrialId>,
    fold: StudyState,
    disorder: Disorder,
}

/// The log of the study in that world.
pub fn run(spec: &StudySpec, script: Script<'_>, disorder: Disorder) -> Vec<Entry> {
    let mut executor = Executor::new(spec, script, disorder);
    executor.run();
    executor.log
}

impl<'a> Executor<'a> {
    pub fn new(spec: &StudySpec, script: Script<'a>, disorder: Disorder) -> Self {
        Self::of(Study::new(spec.clone()).unwrap(), script, disorder)
    }

    /// An executor of a study that was just made.
    pub fn of(study: Study, script: Script<'a>, disorder: Disorder) -> Self {
        let spec = study.spec().clone();
        let fold = StudyState::new(spec.metrics.clone());
        let mut executor = Self {
            study,
            log: Vec::new(),
            spec,
            script,
            live: BTreeMap::new(),
            late: Vec::new(),
            ahead: BTreeMap::new(),
            dropped: BTreeSet::new(),
            over: BTreeSet::new(),
            ended: BTreeSet::new(),
            fold,
            disorder,
        };
        executor.act();
        executor
    }

    /// A new executor that goes on from this log.
    pub fn resumed(spec: &StudySpec, script: Script<'a>, log: &[Entry], disorder: Disorder) -> Self {
        Self::resumed_of(Study::new(spec.clone()).unwrap(), script, log, disorder)
    }

    /// The same with a study that was just made.
    pub fn resumed_of(mut study: Study, script: Script<'a>, log: &[Entry], disorder: Disorder) -> Self {
        let spec = study.spec().clone();
        let mut fold = StudyState::new(spec.metrics.clone());
        for entry in log {
            study.reproduce(entry).unwrap();
            fold.apply(&entry.event);
        }
        study.resume();
        let mut executor = Self {
            study,
            log: log.to_vec(),
            spec,
            script,
            live: BTreeMap::new(),
            late: Vec::new(),
            ahead: BTreeMap::new(),
            dropped: BTreeSet::new(),
            over: BTreeSet::new(),
            ended: log.iter().filter_map(|entry| ended(&entry.event)).collect(),
            fold,
            disorder,
        };
        executor.act();
        executor
    }

    pub fn run(&mut self) {
        while !self.study.is_finished() {
            self.step();
        }
        self.act();
    }

    /// Does all that the study wants done.
    fn act(&mut self) {
        while let Some(action) = self.study.poll_action() {
            match action {
                Action::Append(entry) => {
                    assert_eq!(entry.sequence.0, self.log.len() as u64);
                    self.fold.apply(&entry.event);
                    self.ended.extend(ended(&entry.event));
                    self.log.push(entry);
                }
                Action::Launch(job) => {
                    let trial = job.trial;
                    let live = match self.ahead.remove(&trial) {
                        Some(ahead) => Live { job, ..ahead },
                        None => {
                            self.study.handle(Input::Restarted { trial }).unwrap();
                            Live::new(job, self.script)
                        }
                    };
                    let earlier = self.live.insert(trial, live);
                    assert!(earlier.is_none(), "a trial is launched while it runs");
                }
                Action::Pause(trial) => {
                    if let Some(live) = self.take(trial) {
                        self.keep(live);
                    }
                }
                Action::Continue { .. } => {}
                Action::Stop(trial) => {
                    assert!(self.ended.contains(&trial), "a trial is stopped before its end is in the log");
                    let live = self.take(trial);
                    self.late.extend(live);
                }
            }
        }
        self.live.retain(|trial, live| {
            let over = self.ended.contains(trial);
            assert!(!over || live.end_delivered, "trial {trial} runs on after its end");
            !over
        });
        let running: Vec<TrialId> = self.study.running().map(|job| job.trial).collect();
        // One whose end came in before it was paused has nothing left to run.
        let is_launched = |trial: &TrialId| self.live.contains_key(trial) || self.over.contains(trial);
        assert!(running.iter().all(is_launched), "a running trial was not launched");
        if self.disorder.folds {
            assert_eq!(self.study.state(), &self.fold);
        }
    }

    /// A trial that is to run no more now; one that was dropped need not have been launched again.
    fn take(&mut self, trial: TrialId) -> Option<Live> {
        let live = self.live.remove(&trial).or_else(|| self.ahead.remove(&trial));
        assert!(live.is_some() || self.dropped.contains(&trial), "a trial is paused or stopped that does not run");
        let has_ended = live.as_ref().is_some_and(|live| live.end_delivered);
        assert!(self.disorder.lazy || !has_ended, "a trial is paused or stopped that has ended by itself");
        live
    }

    /// Keeps a trial that waits for its promotion or its start, or drops it.
    fn keep(&mut self, live: Live) {
        let trial = live.job.trial;
        if self.disorder.dice.one_in(3) {
            self.dropped.insert(trial);
        } else {
            self.ahead.insert(trial, live);
        }
    }

    /// Something happens somewhere.
    fn step(&mut self) {
        if !self.live.values().any(|live| !live.end_delivered) {
            self.act();
        }
        let dice = &mut self.disorder.dice;
        if self.disorder.kills > 0 && dice.one_in(50) {
            self.kill();
            return;
        }
        if !self.disorder.lazy && !self.late.is_empty() && dice.one_in(2) {
            self.step_late();
            return;
        }
        if self.disorder.early > 0 && dice.one_in(self.disorder.early) {
            if let Some(job) = self.study.start_early() {
                self.keep(Live::new(job, self.script));
            }
            return;
        }
        if dice.one_in(4)
            && let Some(live) = self.ahead.values_mut().find(|live| !live.end_delivered)
        {
            let input = live.next_input();
            if live.end_delivered {
                self.over.insert(live.job.trial);
            }
            self.study.handle(input).unwrap();
            return;
        }
        let open: Vec<TrialId> =
            self.live.iter().filter(|(_, live)| !live.end_delivered).map(|(&trial, _)| trial).collect();
        assert!(!open.is_empty(), "the study waits for something that will never come");
        // Mostly one trial runs far ahead of the others, as on a machine with few cores.
        let chosen = match dice.below(3) {
            0 => open[0],
            1 => open[open.len() - 1],
            _ => open[dice.below(open.len() as u64) as usize],
        };
        let live = self.live.get_mut(&chosen).unwrap();
        let input = if self.disorder.restarts > 0 && live.restarts < 3 && dice.one_in(self.disorder.restarts) {
            (live.delivered, live.told) = ((0, 0), 0);
            live.restarts += 1;
            Input::Restarted { trial: chosen }
        } else if dice.one_in(3) {
            live.told += dice.below(live.next_fuel() - live.told.min(live.next_fuel()) + 1);
            Input::Advanced { trial: chosen, fuel: Fuel(live.told) }
        } else {
            live.told = live.next_fuel();
            live.next_input()
        };
        if live.end_delivered {
            self.over.insert(chosen);
        }
        self.study.handle(input).unwrap();
        if !self.disorder.lazy || self.disorder.dice.one_in(5) {
            self.act();
        }
    }

    /// A trial that was stopped says something before the stop reaches it.
    fn step_late(&mut self) {
        let mut live = self.late.pop().unwrap();
        let input = match self.disorder.dice.below(6) {
            0 => Input::Advanced { trial: live.job.trial, fuel: Fuel(live.next_fuel()) },
            1 => Input::Restarted { trial: live.job.trial },
            2 => Input::Crashed { trial: live.job.trial },
            _ => live.next_input(),
        };
        self.study.handle(input).unwrap();
        assert_eq!(self.study.poll_action(), None, "what comes from a stopped trial has an effect");
        if !live.end_delivered && !self.disorder.dice.one_in(3) {
            self.late.push(live);
        }
    }

    /// The process dies; what was written of the log remains.
    fn kill(&mut self) {
        let mut disorder = self.disorder.clone();
        disorder.kills -= 1;
        let kept = disorder.dice.below(self.log.len() as u64 + 1) as usize;
        *self = Self::resumed(&self.spec, self.script, &self.log[..kept], disorder);
    }
}

fn ended(event: &Event) -> Option<TrialId> {
    match event {
        Event::TrialEnded { trial, .. } => Some(*trial),
        _ => None,
    }
}
