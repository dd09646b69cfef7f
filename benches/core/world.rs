//! Trials without work: a trial's reward is a number of its own that its epochs come closer to.

use std::collections::VecDeque;

use trialbox::numeric::amount::{Fuel, TrialId};
use trialbox::numeric::digest::Digest;
use trialbox::scheduler::{Decision, NextJob, Progress, Scheduler, SchedulerSpec};
use trialbox::searcher::{RandomSpec, SearcherSpec};
use trialbox::space::{Domain, IntegerRange, Parameter, RealRange, Space, Value};
use trialbox::study::{Action, Attribute, Entry, Event, Input, Outcome, Report, Study, StudySpec};

/// How many trials run at a time.
const SLOTS: u32 = 8;
/// How many reports a trial makes if nobody stops it.
pub const EPOCHS: u64 = 27;
/// Units of fuel of an epoch.
const EPOCH: u64 = 1_000_000_000;

/// What a study has done.
pub struct Ran {
    /// The machine, with all that it holds.
    pub study: Study,
    /// How many reports it decided on.
    pub reports: u64,
    /// How many trials it started.
    pub trials: u64,
}

/// A study of three parameters.
pub fn study(scheduler: SchedulerSpec) -> StudySpec {
    let learning_rate = Domain::Real(RealRange { lower: 1e-4, upper: 1e-1, log: true });
    let units = Domain::Integer(IntegerRange { lower: 8, upper: 512, log: true });
    let activation = Domain::Choice(vec![Value::from("relu"), Value::from("tanh")]);
    let parameters = [("learning_rate", learning_rate), ("units", units), ("activation", activation)];
    let parameters = parameters.map(|(name, domain)| Parameter::new(name, domain));
    let space = Space::new(parameters.into()).unwrap();
    let mut spec = StudySpec::new("bench", space, Digest::of(b"none"));
    spec.capacity.cpus = SLOTS;
    spec.scheduler = scheduler;
    spec.searcher = SearcherSpec::Random(RandomSpec::default());
    spec
}

/// Runs that study with so many jobs. Every trial in a slot has its next report waiting in the machine.
pub fn run(spec: &StudySpec, jobs: u64) -> Ran {
    let mut study = Study::new(StudySpec { num_trials: Some(jobs), ..spec.clone() }).unwrap();
    let mut epochs = Vec::new();
    let mut reports = 0;
    // What comes back with its event is filled anew: whose memory a report takes is the driver's concern, not the machine's.
    let mut spare = Vec::new();
    while let Some(action) = study.poll_action() {
        let trial = match action {
            Action::Launch(job) => job.trial,
            Action::Append(Entry { event: Event::Reported { trial, decision, report, .. }, .. }) => {
                spare.push(report);
                if decision != Decision::Continue {
                    continue;
                }
                trial
            }
            Action::Continue { trial, milestone: None } => trial,
            _ => continue,
        };
        let index = trial.0 as usize;
        if epochs.len() <= index {
            epochs.resize(index + 1, 0_u8);
        }
        let epoch = u64::from(epochs[index]) + 1;
        epochs[index] += 1;
        study.handle(input(trial, epoch, &mut spare)).unwrap();
        reports += u64::from(epoch <= EPOCHS);
    }
    assert!(study.is_finished());
    let trials = study.state().trials().len() as u64;
    Ran { study, reports, trials }
}

/// Has the scheduler alone start so many jobs and decide on their reports; the number of reports, and the scheduler.
pub fn schedule(spec: &SchedulerSpec, jobs: u64) -> (u64, Box<dyn Scheduler>) {
    let mut scheduler = spec.build();
    let mut slots: VecDeque<(TrialId, u64)> = VecDeque::new();
    let (mut started, mut trials, mut reports) = (0, 0, 0);
    loop {
        while started < jobs && slots.len() < SLOTS as usize {
            started += 1;
            slots.push_back(match scheduler.next_job(None) {
                NextJob::Wait => unreachable!("no slot waits in these schedulers"),
                NextJob::Resume { trial, resume_from, .. } => (trial, resume_from),
                NextJob::Start(placement) => {
                    let trial = TrialId(trials);
                    trials += 1;
                    scheduler.on_trial_start(trial, &placement);
                    (trial, 0)
                }
            });
        }
        let Some((trial, before)) = slots.pop_front() else { return (reports, scheduler) };
        let (time, reward) = (before + 1, reward(trial, before + 1));
        let verdict = scheduler.on_report(&Progress { trial, time: Some(time), reward: Some(reward) }).unwrap();
        reports += 1;
        match verdict.decision {
            Decision::Continue => slots.push_back((trial, time)),
            Decision::Pause | Decision::Stop => scheduler.on_job_end(trial),
        }
    }
}

/// What a trial does as that epoch ends, or would end.
pub fn next_input(trial: TrialId, epoch: u64) -> Input {
    input(trial, epoch, &mut Vec::new())
}

/// The same, with the memory of a spare report if there is one.
fn input(trial: TrialId, epoch: u64, spare: &mut Vec<Report>) -> Input {
    if epoch > EPOCHS {
        let fuel = Fuel(EPOCHS * EPOCH);
        return Input::Ended { trial, fuel, outcome: Outcome::Completed, artifacts: Vec::new() };
    }
    report(trial, epoch, Fuel(epoch * EPOCH), spare)
}

/// What a trial reports as that epoch ends.
pub fn report(trial: TrialId, epoch: u64, fuel: Fuel, spare: &mut Vec<Report>) -> Input {
    let mut report = spare.pop().unwrap_or_else(|| {
        let attribute = |name: &str| Attribute { name: name.to_owned(), value: Value::Boolean(false) };
        Report { attributes: vec![attribute("epoch"), attribute("accuracy")] }
    });
    report.attributes[0].value = Value::Integer(epoch as i64);
    report.attributes[1].value = Value::Real(reward(trial, epoch));
    Input::Reported { trial, fuel, report }
}

/// SplitMix64 (Steele, Lea and Flood 2014) of the trial's number gives where it leads.
fn reward(trial: TrialId, epoch: u64) -> f64 {
    let mut bits = trial.0.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let end = ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64;
    end * epoch as f64 / (epoch + 1) as f64
}
