//! A searcher's life: one instance for a whole study, called again and again.
//!
//! Each call has the same fuel anew, memory is bounded over all of them. Whatever ends a call but a return has failed the
//! searcher: its instance may be in any state then, and is not entered again.

use std::sync::Arc;

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, InstancePre};
use wasmtime::{AsContextMut, Store};

use super::bindings::searching::exports::trialbox::trial::search as contract;
use super::bindings::searching::{Searcher, SearcherPre};
use super::bindings::types;
use super::component::{ComponentError, shown};
use super::costs::{INSTANTIATION_FUEL_MAX, PRICES};
use super::engine::Sandbox;
use super::fault::{EngineFailure, outcome_of};
use super::host::report::{value_for_guest, value_of};
use super::host::{HostState, Role, begin_counting};
use super::instance::{counting_polls, store};
use super::missing;
use crate::numeric::amount::{Seed, TrialId};
use crate::searcher::{ComponentSearcherSpec, ObservationKind};
use crate::space::{Domain, Space, Value};
use crate::study::{Attribute, Limits, Outcome};

/// The interface that a searcher exports.
const SEARCH_EXPORT: &str = "trialbox:trial/search@0.1.0";
/// How much is told of an error that a searcher returned.
const MESSAGE_BYTES_MAX: u64 = 4 << 10;

/// A component that searches, with its imports bound.
#[derive(Clone)]
pub struct SearcherProgram {
    sandbox: Sandbox,
    pre: SearcherPre<HostState>,
}

/// A searcher at work.
pub struct LiveSearcher {
    store: Store<HostState>,
    instance: Option<Searcher>,
    /// How it failed, once it has.
    failure: Option<String>,
}

impl SearcherProgram {
    /// Binds a component's imports. What it imports of WASI and is not offered traps when it is called.
    ///
    /// # Errors
    /// If the component is not of this world.
    pub fn new(sandbox: &Sandbox, component: &Component) -> Result<Self, ComponentError> {
        let mut linker = (*sandbox.linker).clone();
        let refuse = |error: wasmtime::Error| ComponentError::World(shown(&format!("{error:#}")));
        missing::stub(&mut linker, &sandbox.engine, component).map_err(refuse)?;
        let pre = linker.instantiate_pre(component).map_err(refuse)?;
        let pre = SearcherPre::new(pre).map_err(refuse)?;
        check_exports(pre.instance_pre()).map_err(refuse)?;
        Ok(Self { sandbox: sandbox.clone(), pre })
    }

    /// Makes the searcher's instance and has it begin. If that fails, so does the first suggestion.
    ///
    /// # Errors
    /// If the machine fails; the searcher may begin on another.
    pub async fn begin(
        &self,
        space: &Space,
        seed: Seed,
        spec: &ComponentSearcherSpec,
    ) -> Result<LiveSearcher, EngineFailure> {
        let limits = Limits {
            fuel_max: spec.fuel_max,
            memory_bytes_max: spec.memory_bytes_max,
            host_call_bytes_max: spec.host_call_bytes_max,
            // Its end alone is kept.
            log_bytes_max: u64::MAX,
            ..Limits::default()
        };
        let store = store(&self.sandbox.engine, Arc::new(limits), Role::Search(String::new()), seed);
        let mut searcher = LiveSearcher { store, instance: None, failure: None };
        let began = searcher.enter(&self.pre, assignment(space, seed, spec)).await;
        match began {
            Ok(Ok(())) => {}
            Ok(Err(message)) => searcher.fail("begin", &Outcome::failed(&message, MESSAGE_BYTES_MAX)),
            Err(error) => searcher.fail("begin", &outcome_of(&error)?),
        }
        Ok(searcher)
    }
}

impl LiveSearcher {
    /// The configuration that it suggests for a trial, unchecked; none if it has no more. If it fails or has failed, how.
    ///
    /// # Errors
    /// If the machine fails.
    pub async fn suggest(&mut self, trial: TrialId) -> Result<Result<Option<Vec<Attribute>>, String>, EngineFailure> {
        match self.call_suggest(trial).await {
            None => {}
            Some(Ok(suggestion)) => {
                let own = |it: types::Attribute| Attribute { name: it.name, value: value_of(it.value) };
                return Ok(Ok(suggestion.map(|list| list.into_iter().map(own).collect())));
            }
            Some(Err(error)) => self.fail(&format!("suggest({trial})"), &outcome_of(&error)?),
        }
        Ok(Err(self.failure.clone().unwrap_or_default()))
    }

    /// Tells it of a trial. If it fails, so does the next suggestion.
    ///
    /// # Errors
    /// If the machine fails.
    pub async fn observe(&mut self, trial: TrialId, kind: ObservationKind) -> Result<(), EngineFailure> {
        match self.call_observe(trial, kind).await {
            None | Some(Ok(())) => Ok(()),
            Some(Err(error)) => {
                self.fail("observe", &outcome_of(&error)?);
                Ok(())
            }
        }
    }

    async fn enter(
        &mut self,
        pre: &SearcherPre<HostState>,
        assignment: contract::Assignment,
    ) -> wasmtime::Result<Result<(), String>> {
        // What instantiation costs can depend on the machine, so it is bounded and not counted.
        self.store.set_fuel(INSTANTIATION_FUEL_MAX)?;
        let instance = pre.instantiate_async(&mut self.store).await?;
        begin_counting(self.store.as_context_mut(), PRICES.start)?;
        let polls = self.store.data().pace.polls.clone();
        let begun = instance.trialbox_trial_search().call_begin(&mut self.store, &assignment);
        let begun = counting_polls(polls, begun).await?;
        self.instance = Some(instance);
        Ok(begun)
    }

    /// None if it has failed before.
    async fn call_suggest(&mut self, trial: TrialId) -> Option<wasmtime::Result<Option<Vec<types::Attribute>>>> {
        let instance = self.instance.as_ref()?;
        if let Err(error) = begin_counting(self.store.as_context_mut(), PRICES.call) {
            return Some(Err(error));
        }
        let polls = self.store.data().pace.polls.clone();
        let suggesting = instance.trialbox_trial_search().call_suggest(&mut self.store, trial.0);
        Some(counting_polls(polls, suggesting).await)
    }

    async fn call_observe(&mut self, trial: TrialId, kind: ObservationKind) -> Option<wasmtime::Result<()>> {
        let instance = self.instance.as_ref()?;
        if let Err(error) = begin_counting(self.store.as_context_mut(), PRICES.call) {
            return Some(Err(error));
        }
        let polls = self.store.data().pace.polls.clone();
        let observation = contract::Observation { trial: trial.0, kind: kind_for_guest(kind) };
        let observing = instance.trialbox_trial_search().call_observe(&mut self.store, observation);
        Some(counting_polls(polls, observing).await)
    }

    fn fail(&mut self, call: &str, outcome: &Outcome) {
        self.instance = None;
        let log = self.store.data().log_end();
        self.failure = Some(format!("failed in its call `{call}`: {outcome}{log}"));
    }
}

fn assignment(space: &Space, seed: Seed, spec: &ComponentSearcherSpec) -> contract::Assignment {
    let attribute =
        |(name, value): (&String, &Value)| types::Attribute { name: name.clone(), value: value_for_guest(value) };
    contract::Assignment {
        parameters: space.parameters().iter().map(parameter_for_guest).collect(),
        seed: seed.0,
        options: spec.options.iter().map(attribute).collect(),
    }
}

fn parameter_for_guest(parameter: &crate::space::Parameter) -> types::Parameter {
    let domain = match &parameter.domain {
        Domain::Real(range) => {
            types::Domain::Real(types::RealRange { lower: range.lower, upper: range.upper, log: range.log })
        }
        Domain::Integer(range) => {
            types::Domain::Integer(types::IntegerRange { lower: range.lower, upper: range.upper, log: range.log })
        }
        Domain::Boolean => types::Domain::Boolean,
        Domain::Choice(values) => types::Domain::Choice(values.iter().map(value_for_guest).collect()),
        Domain::Constant(value) => types::Domain::Constant(value_for_guest(value)),
    };
    let condition = parameter
        .condition
        .as_ref()
        .map(|condition| types::Condition { parameter: condition.parameter.clone(), choice: condition.choice });
    let default = Some(value_for_guest(&parameter.default));
    types::Parameter { name: parameter.name.clone(), domain, default, condition }
}

fn kind_for_guest(kind: ObservationKind) -> contract::ObservationKind {
    match kind {
        ObservationKind::Pending { level } => contract::ObservationKind::Pending(level),
        ObservationKind::Rewarded { level, reward, constraint } => {
            contract::ObservationKind::Rewarded(contract::Rewarded { level, reward, constraint })
        }
        ObservationKind::Withdrawn { level } => contract::ObservationKind::Withdrawn(level),
        ObservationKind::Failed => contract::ObservationKind::Failed,
        ObservationKind::JobEnded => contract::ObservationKind::JobEnded,
    }
}

/// Checks the types of what a component exports, which the engine would only do when it is instantiated.
fn check_exports(pre: &InstancePre<HostState>) -> wasmtime::Result<()> {
    let interface = pre.component().get_export_index(None, SEARCH_EXPORT);
    let function = |name: &str| match pre.component().get_export(interface.as_ref(), name) {
        Some((ComponentItem::ComponentFunc(function), _)) => Ok(function),
        _ => Err(wasmtime::format_err!("`{name}` is not exported as a function")),
    };
    let known = pre.instance_type();
    let begin = function("begin")?;
    begin
        .typecheck::<(&contract::Assignment,), (Result<(), String>,)>(&known)
        .map_err(|error| error.context("`begin`"))?;
    let suggest = function("suggest")?;
    suggest
        .typecheck::<(u64,), (Option<Vec<types::Attribute>>,)>(&known)
        .map_err(|error| error.context("`suggest`"))?;
    let observe = function("observe")?;
    observe.typecheck::<(contract::Observation,), ()>(&known).map_err(|error| error.context("`observe`"))
}
