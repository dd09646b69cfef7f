//! What it costs on many cores to decide in the order of virtual time: a study's machine with a model of workers and a wall clock.
//!
//! Every core has a worker, as in the executor: a trial stays with the worker that ran it first, and a worker runs the trial that
//! is furthest behind in virtual time, or an early one if there is no other. Trials differ in what an epoch takes, up to
//! thirtyfold, and in how long a unit of fuel takes, within a range: that is what lets one slot run ahead of another. A worker
//! tells its fuel every tick of the wall clock, and whatever the machine then decides reaches it at once.

use std::collections::BTreeMap;

use trialbox::numeric::amount::{Fuel, TrialId};
use trialbox::numeric::digest::Digest;
use trialbox::scheduler::{HyperbandKind, HyperbandSpec, SchedulerSpec};
use trialbox::study::{Action, Clock, Event, Input, Job, Outcome, Study, StudySpec};

use super::world;

/// Units of fuel in a second at pace 1.
const SECOND: f64 = 1e9;
/// How often a worker tells its fuel, in seconds.
const TICK: f64 = 0.01;

/// A study on its cores.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub kind: HyperbandKind,
    pub clock: Clock,
    /// How many trials may be early for each slot, if there is speculation.
    pub early_per_slot: Option<u32>,
    pub slots: u32,
    pub cores: usize,
    /// The ratio of the slowest pace to the quickest.
    pub spread: f64,
    pub jobs: u64,
}

/// What came of a study, in seconds of cores.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// Work that counts.
    pub useful: f64,
    /// Work in all.
    pub worked: f64,
    /// What there was until the last trial had ended.
    pub there_was: f64,
}

/// A trial with its worker.
struct Placed {
    job: Job,
    core: usize,
    /// Fuel of an epoch.
    epoch: f64,
    /// Seconds of a unit of fuel, in 10⁻⁹.
    pace: f64,
    fuel: f64,
    reported: u64,
    /// How far it may run before it waits.
    milestone: Option<u64>,
    standing: Standing,
    /// Its fuel at the last report that was accepted.
    accepted: f64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Running,
    Early,
}

impl Placed {
    fn new(job: Job, core: usize, spread: f64, standing: Standing) -> Self {
        let dice = |purpose: &str| {
            let digest = Digest::of_canonical(&(purpose, job.trial));
            f64::from(u32::from_le_bytes([digest.0[0], digest.0[1], digest.0[2], digest.0[3]])) / f64::from(u32::MAX)
        };
        Self {
            core,
            epoch: SECOND * 30_f64.powf(dice("epoch") - 0.5),
            pace: spread.powf(dice("pace") - 0.5),
            fuel: 0.0,
            reported: 0,
            milestone: job.milestone,
            standing,
            accepted: 0.0,
            job,
        }
    }

    fn is_at_milestone(&self) -> bool {
        self.milestone.is_some_and(|milestone| self.reported >= milestone)
    }

    fn is_runnable(&self) -> bool {
        !self.is_at_milestone() && self.reported < world::EPOCHS
    }

    /// Who runs first.
    fn rank(&self) -> (Standing, u64, TrialId) {
        let moment = match self.standing {
            Standing::Running => self.job.moment(Fuel(self.fuel as u64)).0,
            Standing::Early => 0,
        };
        (self.standing, moment, self.job.trial)
    }

    /// Works for up to `left` seconds, to the end of an epoch at most; what is left of them, and what the worker tells.
    fn work(&mut self, left: f64) -> (f64, Vec<Input>) {
        let trial = self.job.trial;
        let next = self.epoch * (self.reported + 1) as f64;
        let takes = (next - self.fuel) / SECOND * self.pace;
        if takes > left {
            self.fuel += left / self.pace * SECOND;
            return (0.0, vec![Input::Advanced { trial, fuel: Fuel(self.fuel as u64) }]);
        }
        self.fuel = next;
        self.reported += 1;
        let mut inputs = vec![world::report(trial, self.reported, Fuel(next as u64), &mut Vec::new())];
        if self.reported == world::EPOCHS {
            let outcome = Outcome::Completed;
            inputs.push(Input::Ended { trial, fuel: Fuel(next as u64), outcome, artifacts: Vec::new() });
        }
        (left - takes, inputs)
    }
}

struct Model {
    setting: Setting,
    study: Study,
    trials: BTreeMap<TrialId, Placed>,
    paused: BTreeMap<TrialId, Placed>,
    spent: Spent,
}

/// Runs a study.
pub fn run(setting: Setting) -> Spent {
    let scheduler = SchedulerSpec::Hyperband(HyperbandSpec::new(setting.kind, world::EPOCHS));
    let mut spec = StudySpec { num_trials: Some(setting.jobs), clock: setting.clock, ..world::study(scheduler) };
    spec.capacity.cpus = setting.slots;
    let study = Study::new(spec).unwrap();
    let mut model = Model { setting, study, trials: BTreeMap::new(), paused: BTreeMap::new(), spent: Spent::default() };
    let mut ticks = 0_u64;
    model.act();
    while !model.study.is_finished() {
        ticks += 1;
        for core in 0..setting.cores {
            model.tick(core);
        }
    }
    model.spent.there_was = ticks as f64 * TICK * setting.cores as f64;
    model.spent
}

impl Model {
    /// A tick of a core's work.
    fn tick(&mut self, core: usize) {
        let mut left = TICK;
        while left > 0.0 {
            let here = |placed: &&mut Placed| placed.core == core && placed.is_runnable();
            let next = self.trials.values_mut().filter(here).min_by_key(|placed| placed.rank());
            let Some(placed) = next else {
                if self.start_early(core) {
                    continue;
                }
                return;
            };
            let trial = placed.job.trial;
            let (now_left, inputs) = placed.work(left);
            self.spent.worked += left - now_left;
            left = now_left;
            for input in inputs {
                self.study.handle(input).unwrap();
            }
            self.act();
            self.speculate(trial);
        }
    }

    fn start_early(&mut self, core: usize) -> bool {
        let early_max = u64::from(self.setting.early_per_slot.unwrap_or(0) * self.setting.slots);
        let job = (self.study.num_early() < early_max).then(|| self.study.start_early()).flatten();
        let Some(job) = job else { return false };
        self.trials.insert(job.trial, Placed::new(job, core, self.setting.spread, Standing::Early));
        true
    }

    fn speculate(&mut self, trial: TrialId) {
        let is_wanted = self.setting.early_per_slot.is_some();
        let Some(placed) = self.trials.get_mut(&trial).filter(|placed| is_wanted && placed.is_at_milestone()) else {
            return;
        };
        let forecast = placed.milestone.and_then(|reached| self.study.forecast(trial, reached));
        placed.milestone = forecast.or(placed.milestone);
    }

    /// Does what the study wants done.
    fn act(&mut self) {
        while let Some(action) = self.study.poll_action() {
            match action {
                Action::Launch(job) => self.launch(job),
                Action::Continue { trial, milestone } => {
                    if let Some(placed) = self.trials.get_mut(&trial) {
                        placed.milestone = placed.milestone.zip(milestone).map(|(now, next)| now.max(next));
                    }
                }
                Action::Append(entry) => match entry.event {
                    Event::Reported { trial, fuel, .. } => {
                        let Some(placed) = self.trials.get_mut(&trial) else { continue };
                        self.spent.useful += (fuel.0 as f64 - placed.accepted) / SECOND * placed.pace;
                        placed.accepted = fuel.0 as f64;
                    }
                    Event::TrialEnded { trial, .. } => drop(self.trials.remove(&trial)),
                    _ => {}
                },
                Action::Pause(trial) => {
                    if let Some(placed) = self.trials.remove(&trial) {
                        self.paused.insert(trial, placed);
                    }
                }
                Action::Stop(_) => {}
            }
        }
    }

    fn launch(&mut self, job: Job) {
        if let Some(mut placed) = self.trials.remove(&job.trial).or_else(|| self.paused.remove(&job.trial)) {
            placed.standing = Standing::Running;
            placed.milestone = placed.milestone.zip(job.milestone).map(|(now, next)| now.max(next));
            placed.job = job;
            self.trials.insert(placed.job.trial, placed);
            return;
        }
        let running = |core: usize| {
            let here = |placed: &&Placed| placed.core == core && placed.standing == Standing::Running;
            self.trials.values().filter(here).count()
        };
        let least_busy = (0..self.setting.cores).min_by_key(|core| running(*core)).unwrap();
        self.trials.insert(job.trial, Placed::new(job, least_busy, self.setting.spread, Standing::Running));
    }
}
