//! Runs a component as a trial, without a study around it, and gathers what it did.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Poll, Waker};

use trialbox::numeric::amount::{Fuel, Seed};
use trialbox::sandbox::component::{self, ComponentError};
use trialbox::sandbox::instance::{EngineFailure, Program};
use trialbox::sandbox::{Arguments, Artifact, DataSets, Gate, Sandbox, TrialSink};
use trialbox::space::Value;
use trialbox::study::{Attribute, Description, FloatMode, GuestSettings, Limits, LogPiece, Outcome, Report};

/// The engine that tests share.
pub static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| Sandbox::new(FloatMode::Native).unwrap());

/// The fuel of a trial unless a test says otherwise: enough for whatever ends, and soon used up by what does not.
pub const FUEL: u64 = 30_000_000;

/// What a trial is run with.
#[derive(Clone)]
pub struct Setting {
    /// The limits; the defaults but for the fuel.
    pub limits: Limits,
    /// The seed.
    pub seed: u64,
    /// The data sets.
    pub data: BTreeMap<String, Vec<u8>>,
    /// What the study gives its guest besides.
    pub guest: GuestSettings,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            limits: Limits { fuel_max: FUEL, ..Limits::default() },
            seed: 7,
            data: BTreeMap::new(),
            guest: GuestSettings::default(),
        }
    }
}

/// What a trial did.
#[derive(Clone, Debug, PartialEq)]
pub struct Ran {
    /// How it ended.
    pub outcome: Outcome,
    /// Its fuel in all.
    pub fuel: u64,
    /// Its reports, each with the fuel until then.
    pub reports: Vec<(u64, Report)>,
    /// Its log in one piece.
    pub log: String,
    /// What it left behind.
    pub artifacts: Vec<Artifact>,
}

impl Ran {
    /// The fuel at each report.
    #[must_use]
    pub fn fuels(&self) -> Vec<u64> {
        self.reports.iter().map(|(fuel, _)| *fuel).collect()
    }

    /// The value of an attribute of a report, reports counted from 0.
    #[must_use]
    pub fn value(&self, report: usize, name: &str) -> &Value {
        self.reports[report].1.get(name).unwrap_or_else(|| panic!("report {report} has no `{name}`"))
    }

    /// The integer under `n` in each report.
    #[must_use]
    pub fn numbers(&self) -> Vec<i64> {
        (0..self.reports.len())
            .map(|report| match self.value(report, "n") {
                Value::Integer(integer) => *integer,
                other => panic!("`n` is {other}"),
            })
            .collect()
    }
}

/// What the trial's host functions pass on.
#[derive(Default)]
pub struct Heard {
    /// The reports.
    pub reports: Vec<(u64, Report)>,
    /// The log, each piece with the number of reports before it.
    pub log: Vec<(u64, String)>,
}

/// Listens to a trial.
pub struct Listener(pub Arc<Mutex<Heard>>);

impl TrialSink for Listener {
    fn report(&mut self, fuel: Fuel, report: Report) {
        self.0.lock().unwrap().reports.push((fuel.0, report));
    }

    fn log(&mut self, piece: LogPiece) {
        self.0.lock().unwrap().log.push((piece.reports, piece.text));
    }
}

/// A trial that has begun and can be polled.
pub struct Running {
    /// Its future.
    pub future: std::pin::Pin<Box<dyn Future<Output = Result<trialbox::sandbox::Ended, EngineFailure>> + Send>>,
    /// What was heard of it.
    pub heard: Arc<Mutex<Heard>>,
    /// Its gate.
    pub gate: Arc<Gate>,
}

impl Running {
    /// Polls it once: whether it has ended, and how.
    pub fn step(&mut self) -> Poll<trialbox::sandbox::Ended> {
        let polled = self.future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        polled.map(|ended| ended.expect("the machine did not fail"))
    }
}

/// Makes a program of a component that is well formed.
#[must_use]
pub fn program(bytes: &[u8]) -> Program {
    try_program(bytes).unwrap_or_else(|error| panic!("{error}"))
}

/// Makes a program of a component, if it is well formed.
pub fn try_program(bytes: &[u8]) -> Result<Program, ComponentError> {
    let component = component::compile(&SANDBOX, bytes)?;
    component::check_world(&SANDBOX, &component)?;
    Program::new(&SANDBOX, &component)
}

/// Begins a trial.
#[must_use]
pub fn begin(program: &Program, setting: &Setting) -> Running {
    let heard = Arc::new(Mutex::new(Heard::default()));
    let gate = Arc::new(Gate::default());
    let config = vec![Attribute { name: "x".into(), value: Value::Real(0.25) }];
    let arguments = Arguments { config, seed: Seed(setting.seed) };
    let (limits, data) = (Arc::new(setting.limits.clone()), Arc::new(DataSets::from_memory(setting.data.clone())));
    let program = program.clone().given(setting.guest.clone());
    let (sink, held_by) = (Box::new(Listener(heard.clone())), gate.clone());
    let future = Box::pin(async move { program.train(arguments, limits, data, sink, held_by).await });
    Running { future, heard, gate }
}

/// Runs a trial to its end.
#[must_use]
pub fn run_program(program: &Program, setting: &Setting) -> Ran {
    let mut running = begin(program, setting);
    let ended = loop {
        if let Poll::Ready(ended) = running.step() {
            break ended;
        }
    };
    let heard = std::mem::take(&mut *running.heard.lock().unwrap());
    Ran {
        outcome: ended.outcome,
        fuel: ended.fuel.0,
        reports: heard.reports,
        log: heard.log.into_iter().map(|(_, text)| text).collect(),
        artifacts: ended.artifacts,
    }
}

/// Compiles a component and runs it to its end, and again in the memory of earlier trials, which must make no difference.
#[must_use]
pub fn run_with(bytes: &[u8], setting: &Setting) -> Ran {
    let ran = run_program(&program(bytes), setting);
    let component = component::compile(&SANDBOX, bytes).unwrap();
    let many = Program::for_many(&SANDBOX, &component, bytes).unwrap();
    for _ in 0..2 {
        // As text, in which a NaN is equal to itself.
        let again = format!("{:?}", run_program(&many, setting));
        assert_eq!(again, format!("{ran:?}"), "a trial in a pool differs from one of its own");
    }
    ran
}

/// Compiles a component and runs it to its end under the usual limits.
#[must_use]
pub fn run(component: &[u8]) -> Ran {
    run_with(component, &Setting::default())
}

/// Compiles a component and asks it for its description.
pub fn describe(component: &[u8]) -> Result<Description, ComponentError> {
    let program = try_program(component)?;
    let described = run_to_end(program.describe(&Setting::default().limits));
    described.map(|description| description.expect("it is no command"))
}

/// Runs a future whose only reason to be pending is a fuel yield.
pub fn run_to_end<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}
