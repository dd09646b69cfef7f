//! Studies made by hand for the tests of this module.

use crate::numeric::amount::{Fuel, Seed, Slot, TrialId, VirtualTime};
use crate::numeric::digest::Digest;
use crate::scheduler::Decision;
use crate::space::{Config, Domain, Parameter, RealRange, Space, Value};
use crate::study::{Attribute, Chain, Entry, Event, Limit, Metrics, Outcome, Report, StudySpec, StudyState};
use crate::study::{Observer, RunProgress};

/// A study of a rate and an activation, with a constant.
pub(super) fn spec() -> StudySpec {
    let rate = Domain::Real(RealRange { lower: 1e-4, upper: 1e-1, log: true });
    let activation = Domain::Choice(vec![Value::from("relu"), Value::from("tanh")]);
    let parameters = vec![
        Parameter::new("learning_rate", rate),
        Parameter::new("activation", activation),
        Parameter::new("epochs", Domain::Constant(Value::Integer(10))),
    ];
    let space = Space::new(parameters).unwrap();
    StudySpec { num_trials: Some(8), ..StudySpec::new("digits", space, Digest::of(b"")) }
}

pub(super) fn config(rate: f64, activation: &str) -> Config {
    let values =
        [("learning_rate", Value::Real(rate)), ("activation", Value::from(activation)), ("epochs", Value::Integer(10))];
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Events of one trial, which starts at 0: one report with the reward, if there is one, and its end.
pub(super) fn trial(number: u64, config: Config, reward: Option<f64>, fuel: u64, outcome: Outcome) -> Vec<Event> {
    let (trial, time, fuel) = (TrialId(number), VirtualTime(fuel), Fuel(fuel));
    let mut events = vec![Event::TrialStarted {
        trial,
        slot: Slot(0),
        time: VirtualTime(0),
        seed: Seed(1),
        config,
        bracket: None,
        milestone: None,
    }];
    if let Some(reward) = reward {
        let attribute = |name: &str, value| Attribute { name: name.into(), value };
        let attributes = vec![attribute("epoch", Value::Integer(10)), attribute("accuracy", Value::Real(reward))];
        let (report, searcher_info) = (Report { attributes }, Vec::new());
        events.push(Event::Reported { trial, time, fuel, report, searcher_info, decision: Decision::Continue });
    }
    events.push(Event::TrialEnded { trial, time, fuel, outcome, artifacts: Vec::new() });
    events
}

/// Three trials that have ended, the second the best, and one that runs.
pub(super) fn events() -> Vec<Event> {
    let mut events = vec![Event::StudyStarted { spec: Box::new(spec()) }];
    events.extend(trial(0, config(0.01, "tanh"), Some(0.8), 1_000_000_000, Outcome::Completed));
    events.extend(trial(1, config(0.05, "relu"), Some(0.9644), 2_500_000_000, Outcome::Completed));
    let exceeded = Outcome::Exceeded { limit: Limit::FuelMax };
    events.extend(trial(2, config(0.1, "relu"), None, 1_000_000_000_000, exceeded));
    events.extend(trial(3, config(0.02, "tanh"), Some(0.5), 5, Outcome::Completed).into_iter().take(2));
    events
}

pub(super) fn entries() -> Vec<Entry> {
    let mut chain = Chain::default();
    events().into_iter().map(|event| chain.push(event)).collect()
}

pub(super) fn state(events: &[Event]) -> StudyState {
    let mut state = StudyState::new(Metrics::default());
    events.iter().for_each(|event| state.apply(event));
    state
}

/// The study of [`events`].
pub(super) fn study() -> (StudySpec, StudyState) {
    (spec(), state(&events()))
}

/// A study before its first trial.
pub(super) fn empty() -> (StudySpec, StudyState) {
    (spec(), state(&[]))
}

/// Tells the observer the study from its beginning.
pub(super) fn replay(observer: &mut dyn Observer) {
    let mut state = StudyState::new(Metrics::default());
    for entry in entries() {
        state.apply(&entry.event);
        observer.on_event(&entry, &state);
        observer.on_tick(&RunProgress::default(), &state);
    }
}
