//! What it costs on many cores to decide in the order of virtual time: a study's machine with a model of cores and a wall clock.
//!
//! Every slot has a core of its own. Trials differ in what an epoch takes, up to thirtyfold, and in how long a unit of fuel takes
//! on their core, within a range: that is what lets one slot run ahead of another. A worker tells its fuel every tick of the
//! wall clock, and whatever the machine then decides reaches the core at once.

use trialbox::numeric::amount::{Fuel, TrialId};
use trialbox::numeric::digest::Digest;
use trialbox::scheduler::{HyperbandKind, HyperbandSpec, SchedulerSpec};
use trialbox::study::{Action, Clock, Event, Input, Job, Outcome, Study, StudySpec};

use super::world;

/// Units of fuel in a second on a core of speed 1.
const SECOND: f64 = 1e9;
/// How often a worker tells its fuel, in seconds.
const TICK: f64 = 0.05;

/// What a trial does that has come to a rung whose decision is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtRung {
    /// It waits.
    Wait,
    /// It runs on; what it did is lost if it is stopped.
    RunOn,
}

/// What came of a study.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// Seconds of cores whose work counts.
    pub useful: f64,
    /// Seconds of cores whose work was discarded.
    pub discarded: f64,
    /// When the last trial had ended, in seconds times the number of cores.
    pub there_were: f64,
}

/// A trial on its core.
struct Running {
    trial: TrialId,
    /// Fuel of an epoch.
    epoch: f64,
    /// Seconds of a unit of fuel, in 10⁻⁹.
    pace: f64,
    /// Its fuel.
    fuel: f64,
    reported: u64,
    milestone: Option<u64>,
    is_over: bool,
    /// Its fuel at the last report that was accepted.
    accepted: f64,
}

impl Running {
    /// `spread` is the ratio of the slowest pace to the quickest.
    fn new(job: &Job, spread: f64) -> Self {
        let dice = |purpose: &str| {
            let digest = Digest::of_canonical(&(purpose, job.trial));
            f64::from(u32::from_le_bytes([digest.0[0], digest.0[1], digest.0[2], digest.0[3]])) / f64::from(u32::MAX)
        };
        Self {
            trial: job.trial,
            epoch: SECOND * 30_f64.powf(dice("epoch") - 0.5),
            pace: spread.powf(dice("pace") - 0.5),
            fuel: 0.0,
            reported: 0,
            milestone: job.milestone,
            is_over: false,
            accepted: 0.0,
        }
    }

    fn is_waiting(&self, at_rung: AtRung) -> bool {
        self.is_over || (at_rung == AtRung::Wait && self.milestone.is_some_and(|milestone| self.reported >= milestone))
    }
}

/// Runs a study of so many jobs on as many cores as it has slots.
pub fn run(clock: Clock, at_rung: AtRung, slots: u32, spread: f64, jobs: u64) -> Spent {
    let scheduler = SchedulerSpec::Hyperband(HyperbandSpec::new(HyperbandKind::Stopping, 27));
    let mut spec = StudySpec { num_trials: Some(jobs), clock, ..world::study(scheduler) };
    spec.capacity.cpus = slots;
    let mut study = Study::new(spec).unwrap();
    let mut cores: Vec<Option<Running>> = (0..slots).map(|_| None).collect();
    let mut spent = Spent::default();
    let mut ticks = 0_u64;
    act(&mut study, &mut cores, &mut spent, spread);
    while !study.is_finished() {
        ticks += 1;
        for core in 0..cores.len() {
            for input in work(&mut cores[core], at_rung) {
                study.handle(input).unwrap();
            }
            act(&mut study, &mut cores, &mut spent, spread);
        }
    }
    spent.there_were = ticks as f64 * TICK * f64::from(slots);
    spent
}

/// A tick of a core's work.
fn work(core: &mut Option<Running>, at_rung: AtRung) -> Vec<Input> {
    let mut inputs = Vec::new();
    let Some(running) = core.as_mut() else { return inputs };
    let trial = running.trial;
    let mut left = TICK;
    while left > 0.0 && !running.is_waiting(at_rung) {
        let next = running.epoch * (running.reported + 1) as f64;
        let takes = (next - running.fuel) / SECOND * running.pace;
        if takes > left {
            running.fuel += left / running.pace * SECOND;
            inputs.push(Input::Advanced { trial, fuel: Fuel(running.fuel as u64) });
            return inputs;
        }
        left -= takes;
        running.fuel = next;
        running.reported += 1;
        let Input::Reported { report, .. } = world::next_input(trial, running.reported) else { return inputs };
        inputs.push(Input::Reported { trial, fuel: Fuel(next as u64), report });
        if running.reported == world::EPOCHS {
            running.is_over = true;
            let outcome = Outcome::Completed;
            inputs.push(Input::Ended { trial, fuel: Fuel(next as u64), outcome, artifacts: Vec::new() });
        }
    }
    inputs
}

/// Does what the study wants done.
fn act(study: &mut Study, cores: &mut [Option<Running>], spent: &mut Spent, spread: f64) {
    while let Some(action) = study.poll_action() {
        match action {
            Action::Launch(job) => cores[job.slot.0 as usize] = Some(Running::new(&job, spread)),
            Action::Continue { trial, milestone } => {
                let running = cores.iter_mut().flatten().find(|running| running.trial == trial);
                running.into_iter().for_each(|running| running.milestone = milestone);
            }
            Action::Append(entry) => match entry.event {
                Event::Reported { trial, fuel, .. } => {
                    let running = cores.iter_mut().flatten().find(|running| running.trial == trial);
                    running.into_iter().for_each(|running| running.accepted = fuel.0 as f64);
                }
                Event::TrialEnded { trial, .. } => {
                    let core = cores.iter_mut().find(|core| core.as_ref().is_some_and(|it| it.trial == trial));
                    if let Some(running) = core.and_then(Option::take) {
                        spent.useful += running.accepted / SECOND * running.pace;
                        spent.discarded += (running.fuel - running.accepted) / SECOND * running.pace;
                    }
                }
                _ => {}
            },
            Action::Pause(_) | Action::Stop(_) => {}
        }
    }
}
