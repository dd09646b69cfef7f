//! A searcher in a worker of its own: the machine asks, the worker runs the component.
//!
//! The machine waits for a suggestion, since what it decides next follows from it. What it tells of trials goes to the worker at
//! once and is not answered; if the searcher fails of it, that shows at its next suggestion, which is the same in every run.
//!
//! A worker that is lost is replaced, and every call since the beginning is made again: the searcher is a function of them.

use std::collections::BTreeSet;

use super::compiling::compiled;
use super::message::{Assignment, FromWorker, SearcherCall, SuggestedConfig, Suggestion, ToWorker};
use super::single::Only;
use super::{ExecutorError, Interrupt, RunOptions, SearcherProgram};
use crate::numeric::digest::Digest;
use crate::sandbox::component::shown;
use crate::searcher::{Observation, Searcher, SearcherFailure, SuggestContext};
use crate::space::{Config, Domain, Space};
use crate::study::Attribute;

/// How many workers in a row may be lost over the same call.
const LOSSES_MAX: u32 = 1;

/// A component that searches, for the machine to ask.
pub struct ComponentSearcher {
    program: SearcherProgram,
    options: RunOptions,
    interrupt: Interrupt,
    /// Who runs it, unless that was lost.
    worker: Option<Only>,
    /// Every call so far.
    calls: Vec<SearcherCall>,
    answers: Answers,
    failure: Option<SearcherFailure>,
}

/// What a searcher has answered so far, to be compared when it is asked again.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Answers {
    count: u64,
    digest: Digest,
}

impl Answers {
    fn none() -> Self {
        Self { count: 0, digest: Digest::of(b"trialbox answers of a searcher") }
    }

    fn add(&mut self, answer: &Suggestion) {
        self.count += 1;
        self.digest = Digest::of_behind(&self.digest.0, answer);
    }
}

impl ComponentSearcher {
    /// Starts a worker and has the searcher begin there. A request of `interrupt` cuts off whatever is waited for.
    ///
    /// # Errors
    /// If the component cannot be had or is not fit, or no worker can be started.
    pub fn start(program: SearcherProgram, options: &RunOptions, interrupt: &Interrupt) -> Result<Self, ExecutorError> {
        let (options, interrupt) = (options.clone(), interrupt.clone());
        let (calls, answers) = (Vec::new(), Answers::none());
        let mut searcher = Self { program, options, interrupt, worker: None, calls, answers, failure: None };
        searcher.hire()?;
        Ok(searcher)
    }

    /// Starts a worker that has loaded the component and made no call.
    fn hire(&mut self) -> Result<(), ExecutorError> {
        let Self { program, options, interrupt, .. } = self;
        let code = compiled(&program.component, program.float_mode, options, interrupt)?.code;
        let mut worker = Only::new(options, interrupt, Assignment::Search { program: program.clone(), code })?;
        loop {
            if let FromWorker::Loaded(loaded) = worker.next()? {
                // Workers are this program, so their fuel schedule is this one's.
                loaded.map_err(ExecutorError::Load)?;
                self.worker = Some(worker);
                return Ok(());
            }
        }
    }

    /// Makes a call that is not answered.
    fn tell(&mut self, call: SearcherCall) {
        self.calls.push(call);
        // One that is gone is replaced when something is asked.
        if let Some(only) = &mut self.worker {
            only.worker.tell(ToWorker::Search(call));
        }
    }

    /// Makes a call that is answered, on another worker if one is lost over it.
    fn ask(&mut self, call: SearcherCall) -> Result<Suggestion, ExecutorError> {
        self.tell(call);
        let mut losses = 0;
        let mut answer = self.answer();
        while let Err(ExecutorError::WorkerLost { words }) = answer {
            self.worker = None;
            losses += 1;
            if losses > LOSSES_MAX {
                return Err(ExecutorError::SearcherLost { words });
            }
            answer = self.repeat();
        }
        answer.inspect(|answer| self.answers.add(answer))
    }

    /// The worker's answer to the suggestion that it was last asked for.
    fn answer(&mut self) -> Result<Suggestion, ExecutorError> {
        let lost = || ExecutorError::WorkerLost { words: String::new() };
        let worker = self.worker.as_mut().ok_or_else(lost)?;
        loop {
            if let FromWorker::Suggested(suggestion) = worker.next()? {
                return Ok(suggestion);
            }
        }
    }

    /// Makes every call again, on a new worker; gives the answer to the last, whose predecessors' must be the known ones.
    fn repeat(&mut self) -> Result<Suggestion, ExecutorError> {
        self.hire()?;
        let mut answers = Answers::none();
        for index in 0..self.calls.len() {
            let call = self.calls[index];
            if let Some(only) = &mut self.worker {
                only.worker.tell(ToWorker::Search(call));
            }
            if let SearcherCall::Observe(..) = call {
                continue;
            }
            let answer = self.answer()?;
            if answers.count == self.answers.count {
                return if answers == self.answers { Ok(answer) } else { Err(ExecutorError::SearcherDiverged) };
            }
            answers.add(&answer);
        }
        Err(ExecutorError::SearcherDiverged)
    }
}

impl Searcher for ComponentSearcher {
    fn suggest(&mut self, context: &SuggestContext) -> Option<Config> {
        if self.failure.is_some() {
            return None;
        }
        let suggestion = match self.ask(SearcherCall::Suggest(context.trial)) {
            Ok(Ok(None)) => return None,
            Ok(Ok(Some(SuggestedConfig(attributes)))) => checked(&self.program.space, attributes).map_err(|problem| {
                format!("suggested a configuration for trial {} that cannot be: {problem}", context.trial)
            }),
            Ok(Err(message)) => Err(message),
            Err(error) => {
                self.failure = Some(SearcherFailure::Lost(error.to_string()));
                return None;
            }
        };
        suggestion.map_err(|message| self.failure = Some(SearcherFailure::Fault(message))).ok()
    }

    fn observe(&mut self, observation: &Observation<'_>) {
        if self.failure.is_none() {
            self.tell(SearcherCall::Observe(observation.trial, observation.kind));
        }
    }

    fn failure(&self) -> Option<&SearcherFailure> {
        self.failure.as_ref()
    }
}

/// The configuration that a searcher has given, with the constants that it left out; or what is wrong with it.
fn checked(space: &Space, attributes: Vec<Attribute>) -> Result<Config, String> {
    let mut names = BTreeSet::new();
    if let Some(twice) = attributes.iter().find(|attribute| !names.insert(attribute.name.as_str())) {
        return Err(shown(&format!("parameter `{}`: it is there twice", twice.name)));
    }
    let mut config: Config = attributes.into_iter().map(|attribute| (attribute.name, attribute.value)).collect();
    // In order, since a condition is on an earlier parameter.
    for parameter in space.parameters() {
        let is_left_out = config.get(&parameter.name).is_none() && space.is_active(parameter, &config);
        if let (true, Domain::Constant(value)) = (is_left_out, &parameter.domain) {
            config.insert(parameter.name.clone(), value.clone());
        }
    }
    match space.check(&config) {
        Ok(()) => Ok(config),
        Err(error) => Err(shown(&error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Condition, Parameter, Value};

    #[test]
    fn constants_may_be_left_out_where_they_are_active() {
        let text = |text: &str| Value::Text(text.into());
        let choice = Parameter::new("kind", Domain::Choice(vec![text("plain"), text("deep")]));
        let layers = Parameter::new("layers", Domain::Constant(Value::Integer(3)));
        let layers = Parameter { condition: Some(Condition { parameter: "kind".into(), choice: 1 }), ..layers };
        let epochs = Parameter::new("epochs", Domain::Constant(Value::Integer(9)));
        let space = Space::new(vec![choice, layers, epochs]).unwrap();
        let given = |pairs: &[(&str, Value)]| {
            let attribute = |(name, value): &(&str, Value)| Attribute { name: (*name).into(), value: value.clone() };
            checked(&space, pairs.iter().map(attribute).collect()).map(|config| config.to_string())
        };
        assert_eq!(given(&[("kind", text("plain"))]).unwrap(), "epochs = 9, kind = plain");
        assert_eq!(given(&[("kind", text("deep"))]).unwrap(), "epochs = 9, kind = deep, layers = 3");
        let inactive = given(&[("kind", text("plain")), ("layers", Value::Integer(3))]);
        assert_eq!(inactive.unwrap_err(), "parameter `layers`: it is not active in this configuration");
        let other = given(&[("kind", text("deep")), ("epochs", Value::Integer(8))]);
        assert_eq!(other.unwrap_err(), "parameter `epochs`: the value 8 is not among its values");
    }
}
