//! Progress reports, and the trial's seed.
//!
//! A training function gets a `Reporter`. In a component a report goes to the engine and returns when the trial may go
//! on; natively it is kept, for unit tests.

use std::cell::RefCell;

use crate::random::Random;
use crate::value::{IntoValue, Value};

/// What one report says: names and values.
pub type Attributes = Vec<(String, Value)>;

/// What a training function reports to, and where its randomness comes from.
#[derive(Debug)]
pub struct Reporter {
    seed: u64,
    recorded: Option<RefCell<Vec<Attributes>>>,
}

impl Reporter {
    /// A reporter that keeps the reports instead of sending them: for tests.
    pub fn recording(seed: u64) -> Self {
        Self { seed, recorded: Some(RefCell::new(Vec::new())) }
    }

    /// The reporter of a component.
    #[cfg(target_family = "wasm")]
    pub(crate) fn connected(seed: u64) -> Self {
        Self { seed, recorded: None }
    }

    /// The trial's seed. Equal seed and configuration give equal trials.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// A random generator out of the trial's seed. Each purpose has its own numbers, so that drawing more for one doesn't
    /// change another's.
    pub fn random(&self, purpose: &str) -> Random {
        Random::named(self.seed, purpose)
    }

    /// Begins a report.
    pub fn report(&self) -> Report<'_> {
        Report { reporter: self, attributes: Vec::new() }
    }

    /// The reports that a recording reporter has kept, oldest first.
    pub fn reports(&self) -> Vec<Attributes> {
        self.recorded.as_ref().map(|recorded| recorded.borrow().clone()).unwrap_or_default()
    }

    fn send(&self, attributes: Attributes) {
        match &self.recorded {
            Some(recorded) => recorded.borrow_mut().push(attributes),
            None => send(attributes),
        }
    }
}

/// A report in the making. Nothing is sent before [`Report::send`].
#[derive(Debug)]
#[must_use = "a report is made by `.send()`"]
pub struct Report<'a> {
    reporter: &'a Reporter,
    attributes: Attributes,
}

impl Report<'_> {
    /// Adds an attribute. A name that is there already gets the new value.
    pub fn with(mut self, name: &str, value: impl IntoValue) -> Self {
        let value = value.into_value();
        match self.attributes.iter_mut().find(|(existing, _)| existing == name) {
            Some((_, existing)) => *existing = value,
            None => self.attributes.push((name.to_owned(), value)),
        }
        self
    }

    /// Adds a real number.
    pub fn real(self, name: &str, value: impl Into<f64>) -> Self {
        self.with(name, Value::Real(value.into()))
    }

    /// Adds an integer.
    pub fn integer(self, name: &str, value: impl Into<i64>) -> Self {
        self.with(name, Value::Integer(value.into()))
    }

    /// Adds a truth value.
    pub fn boolean(self, name: &str, value: bool) -> Self {
        self.with(name, Value::Boolean(value))
    }

    /// Adds a text.
    pub fn text(self, name: &str, value: impl Into<String>) -> Self {
        self.with(name, Value::Text(value.into()))
    }

    /// Makes the report. Returns when the trial may go on, which the trial can't notice; a trial that is stopped ends here.
    pub fn send(self) {
        self.reporter.send(self.attributes);
    }
}

#[cfg(target_family = "wasm")]
fn send(attributes: Attributes) {
    let attributes: Vec<_> = attributes.into_iter().map(crate::runtime::attribute).collect();
    crate::bindings::trialbox::trial::report::report(&attributes);
}

#[cfg(not(target_family = "wasm"))]
fn send(_: Vec<(String, Value)>) {
    unreachable!("natively every reporter records");
}
