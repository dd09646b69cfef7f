//! The studies whose exports are read: usual ones, and those that a guest or a forger would make to break a reader.

use std::path::{Path, PathBuf};
use std::time::Duration;

use trialbox::numeric::amount::{Fuel, Seed, Slot, TrialId, VirtualTime};
use trialbox::numeric::digest::Digest;
use trialbox::scheduler::Decision;
use trialbox::space::{Condition, Config, Domain, IntegerRange, Parameter, RealRange, Space, Value};
use trialbox::store::Store;
use trialbox::study::{Attribute, Chain, EndReason, Event, Limit, Outcome, Report, StopReason, StudySpec, TrapKind};

/// When the first event was recorded; each further one a second later.
const WALL_START: Duration = Duration::from_millis(1_700_000_000_123);
/// What a guest may write to drive a terminal, a page or a spreadsheet.
const HOSTILE: &str = "=HYPERLINK(\"x\")</script><img src=x onerror=alert(1)>\u{1b}[2J\u{202e}学習\n\t\"'&<b>,;";

/// Makes all of the studies in a folder.
pub fn make(folder: &Path) -> Vec<PathBuf> {
    let write = |name: &str, spec: StudySpec, events: Vec<Event>| {
        let path = folder.join(format!("{name}.study"));
        let mut store = Store::create(&path).unwrap();
        let mut chain = Chain::default();
        let started = Event::StudyStarted { spec: Box::new(spec) };
        for (number, event) in std::iter::once(started).chain(events).enumerate() {
            let wall_time = WALL_START + Duration::from_secs(number as u64);
            store.append(&chain.push(event), wall_time).unwrap();
        }
        store.close().unwrap();
        path
    };
    vec![
        write("empty", spec("empty"), Vec::new()),
        write("one", spec("one"), [trial(0, Outcome::Completed, 3), vec![ended(60)]].concat()),
        write("failures", spec("failures"), failures()),
        write("running", spec("running"), running()),
        write("pauses", spec("pauses"), pauses(false)),
        write("ended-pauses", spec("ended-pauses"), pauses(true)),
        write("many", spec("many"), many()),
        write("constrained", constrained_spec(), constrained()),
        write("hostile", hostile_spec(), hostile()),
        write("names", spec("names"), names()),
    ]
}

fn spec(name: &str) -> StudySpec {
    let under = |choice| Some(Condition { parameter: "optimizer".into(), choice });
    let share = Domain::Real(RealRange { lower: 0.0, upper: 0.999, log: false });
    let parameters = vec![
        Parameter::new("learning_rate", Domain::Real(RealRange { lower: 1e-4, upper: 1e-1, log: true })),
        Parameter::new("layers", Domain::Integer(IntegerRange { lower: 1, upper: 5, log: true })),
        Parameter::new("optimizer", Domain::Choice(vec!["sgd".into(), "adam".into()])),
        Parameter { condition: under(0), ..Parameter::new("optimizer.momentum", share.clone()) },
        Parameter { condition: under(1), ..Parameter::new("optimizer.beta", share) },
        Parameter::new("flag", Domain::Boolean),
        Parameter::new("width", Domain::Choice(vec![Value::Integer(16), Value::Integer(32), Value::Real(0.5)])),
        Parameter::new("mixed", Domain::Choice(vec!["a".into(), Value::Integer(1), Value::Boolean(true), "1".into()])),
        Parameter::new("epochs", Domain::Constant(Value::Integer(10))),
    ];
    StudySpec {
        num_trials: Some(1_000),
        ..StudySpec::new(name, Space::new(parameters).unwrap(), Digest::of(b"prices"))
    }
}

fn config(trial: u64) -> Config {
    let share = |salt: u64| ((trial * 7_919 + salt * 104_729) % 1_000) as f64 / 1_001.0;
    let is_sgd = trial.is_multiple_of(2);
    let of = |values: &[Value]| values[trial as usize % values.len()].clone();
    let branch = if is_sgd { "optimizer.momentum" } else { "optimizer.beta" };
    [
        ("learning_rate", Value::Real(1e-4 + share(1) * 0.09)),
        ("layers", Value::Integer(1 + trial as i64 % 5)),
        ("optimizer", if is_sgd { "sgd".into() } else { "adam".into() }),
        (branch, Value::Real(share(2))),
        ("flag", Value::Boolean(trial.is_multiple_of(3))),
        ("width", of(&[Value::Integer(16), Value::Integer(32), Value::Real(0.5)])),
        ("mixed", of(&["a".into(), Value::Integer(1), Value::Boolean(true), "1".into()])),
        ("epochs", Value::Integer(10)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

fn attribute(name: &str, value: impl Into<Value>) -> Attribute {
    Attribute { name: name.into(), value: value.into() }
}

fn started_as(trial: u64, config: Config) -> Event {
    Event::TrialStarted {
        trial: TrialId(trial),
        slot: Slot(trial as u32 % 4),
        time: VirtualTime(trial * 1_000_000_000),
        seed: Seed(u64::MAX - trial),
        config,
        bracket: Some(trial as u32 % 3),
        milestone: None,
    }
}

fn started(trial: u64) -> Event {
    started_as(trial, config(trial))
}

fn reported(trial: u64, fuel: u64, attributes: Vec<Attribute>) -> Event {
    Event::Reported {
        trial: TrialId(trial),
        time: VirtualTime(trial * 1_000_000_000 + fuel),
        fuel: Fuel(fuel),
        report: Report { attributes },
        searcher_info: Vec::new(),
        decision: Decision::Continue,
    }
}

fn over(trial: u64, fuel: u64, outcome: Outcome) -> Event {
    let time = VirtualTime(trial * 1_000_000_000 + fuel);
    Event::TrialEnded { trial: TrialId(trial), time, fuel: Fuel(fuel), outcome, artifacts: Vec::new() }
}

fn ended(seconds: u64) -> Event {
    Event::StudyEnded { time: VirtualTime(seconds * 1_000_000_000), reason: EndReason::NumTrials }
}

/// A trial that reports so many epochs.
fn trial(number: u64, outcome: Outcome, epochs: u64) -> Vec<Event> {
    let mut events = vec![started(number)];
    events.extend((1..=epochs).map(|epoch| epoch_of(number, epoch)));
    events.push(over(number, epochs * 1_000 + 1, outcome));
    events
}

fn epoch_of(trial: u64, epoch: u64) -> Event {
    let accuracy = 1.0 - 1.0 / ((trial * 31 % 17 + epoch + 1) as f64);
    let attributes = vec![
        attribute("epoch", Value::Integer(epoch as i64)),
        attribute("accuracy", accuracy),
        attribute("loss", 1.0 / epoch as f64),
        attribute("improved", Value::Boolean(epoch.is_multiple_of(2))),
    ];
    reported(trial, epoch * 1_000, attributes)
}

fn failures() -> Vec<Event> {
    let outcomes = [
        Outcome::Failed { message: HOSTILE.into() },
        Outcome::Trapped { trap: TrapKind::Unreachable },
        Outcome::Exceeded { limit: Limit::FuelMax },
        Outcome::NeverRewarded { attribute: HOSTILE.into() },
        Outcome::OfReplicate { number: 2, outcome: Box::new(Outcome::StackOverflowed) },
        Outcome::Crashed,
        Outcome::GpuTimeout,
    ];
    let trials = outcomes.into_iter().enumerate().flat_map(|(number, outcome)| trial(number as u64, outcome, 0));
    trials.chain([ended(10)]).collect()
}

fn running() -> Vec<Event> {
    let mut events = trial(0, Outcome::Completed, 3);
    // One that has reported, one that has not.
    events.extend([started(1), epoch_of(1, 1), started(2)]);
    events
}

/// One that was promoted and has ended, and two that wait.
fn pauses(is_over: bool) -> Vec<Event> {
    let paused = |trial: u64| Event::TrialPaused {
        trial: TrialId(trial),
        time: VirtualTime(trial * 1_000_000_000 + 1_000),
        fuel: Fuel(1_000),
        level: 1,
    };
    let mut events: Vec<Event> =
        (0..3).flat_map(|number| [started(number), epoch_of(number, 1), paused(number)]).collect();
    events.extend([
        Event::TrialResumed {
            trial: TrialId(1),
            slot: Slot(3),
            time: VirtualTime(3_000_000_000),
            resume_from: 1,
            bracket: Some(1),
            milestone: Some(3),
        },
        epoch_of(1, 2),
        over(1, 3_000, Outcome::Stopped { reason: StopReason::MaxT }),
    ]);
    if is_over {
        events.push(ended(10));
    }
    events
}

/// More trials than go into formats with a folder a trial; some were stopped.
fn many() -> Vec<Event> {
    let trials = (0..150).flat_map(|number| {
        let outcome = match number % 5 {
            0 => Outcome::Stopped { reason: StopReason::Scheduler },
            1 => Outcome::Stopped { reason: StopReason::MaxT },
            2 => Outcome::Failed { message: "no data".into() },
            _ => Outcome::Completed,
        };
        trial(number, outcome, number % 7)
    });
    trials.chain([ended(200)]).collect()
}

fn constrained_spec() -> StudySpec {
    let mut spec = spec("constrained");
    spec.metrics.constraint_attr = Some("excess".into());
    spec
}

/// The largest reward goes past the constraint.
fn constrained() -> Vec<Event> {
    [(0.5, -1.0), (0.9, 0.25), (0.7, 0.0)]
        .into_iter()
        .enumerate()
        .flat_map(|(number, (accuracy, excess))| {
            let number = number as u64;
            let attributes = vec![attribute("accuracy", accuracy), attribute("excess", excess)];
            [started(number), reported(number, 5, attributes), over(number, 6, Outcome::Completed)]
        })
        .collect()
}

fn hostile_spec() -> StudySpec {
    let choice = Domain::Choice(vec![HOSTILE.into(), "=1+1".into(), "".into(), "'".into()]);
    // A parameter's name has no control character.
    let name = "=cmd|' /C calc'!A0</script>\u{202e}学習/x";
    let parameters = vec![
        Parameter::new(name, choice),
        Parameter::new("wide", Domain::Real(RealRange { lower: -8e307, upper: 8e307, log: false })),
        Parameter::new("long", Domain::Integer(IntegerRange { lower: -(1 << 53), upper: 1 << 53, log: false })),
        Parameter::new("Loss", Domain::Choice(vec![Value::Integer(i64::MIN), Value::Integer(i64::MAX)])),
        Parameter::new("never", Domain::Constant(Value::Real(f64::NAN))),
    ];
    let mut spec = StudySpec::new(HOSTILE, Space::new(parameters).unwrap(), Digest::of(b"prices"));
    spec.num_trials = Some(1_000);
    spec.metrics.reward_attr = HOSTILE.into();
    spec.metrics.time_attr = "+".into();
    spec
}

/// Every kind of value that a report may have, under every kind of name.
fn hostile() -> Vec<Event> {
    let choices = [HOSTILE, "=1+1", "", "'"];
    let name = "=cmd|' /C calc'!A0</script>\u{202e}学習/x";
    let rewards = [1e308, -1e308, 5e-324, -0.0];
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.1];
    let mut events = Vec::new();
    for number in 0..4_u64 {
        let at = number as usize;
        let config: Config = [
            (name, Value::from(choices[at])),
            ("wide", Value::Real([-8e307, 8e307, 0.0, 5e-324][at])),
            ("long", Value::Integer([-(1 << 53), 1 << 53, 0, -1][at])),
            ("Loss", Value::Integer([i64::MIN, i64::MAX][at % 2])),
            ("never", Value::Real(f64::NAN)),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        events.push(started_as(number, config));
        // Twice at one step, and once without.
        for step in [Some(1), Some(1), Some(i64::MAX), None] {
            let mut attributes = vec![
                attribute(HOSTILE, rewards[at]),
                attribute("loss", odd[at]),
                attribute("Loss", odd[3 - at]),
                attribute("", "="),
                attribute("..", "\0"),
                attribute("a/b", Value::Integer(i64::MIN)),
                attribute("a", Value::Integer(i64::MAX)),
                attribute(
                    "several",
                    [0.5.into(), Value::Integer(i64::MAX), Value::Boolean(true), "-".into()][at].clone(),
                ),
                attribute("whole", if number == 0 { Value::Integer(3) } else { Value::Real(0.5) }),
            ];
            attributes.extend(step.map(|step| attribute("+", Value::Integer(step))));
            events.push(reported(number, 7, attributes));
        }
        events.push(over(number, 8, Outcome::Completed));
    }
    events
}

/// More names than become columns.
fn names() -> Vec<Event> {
    let mut events = vec![started(0)];
    for report in 0..130_u64 {
        let mut attributes = vec![attribute("epoch", Value::Integer(1 + report as i64)), attribute("accuracy", 0.5)];
        attributes.extend((0..10).map(|number| attribute(&format!("name {report} {number}"), number as f64)));
        events.push(reported(0, report, attributes));
    }
    events.push(over(0, 1_000, Outcome::Completed));
    events
}
