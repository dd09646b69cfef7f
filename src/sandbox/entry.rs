//! How a trial's component is entered: by `train`, which is given its configuration, or as a command, by `run`, which finds it in
//! arguments and files.

use wasmtime::component::InstancePre;
use wasmtime::component::types::ComponentItem;
use wasmtime::{AsContextMut, Store};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::p2::bindings::CommandPre;

use super::bindings::{TrialPre, types};
use super::component::Entry;
use super::costs::PRICES;
use super::host::report::value_for_guest;
use super::host::{HostState, begin_counting};
use super::instance::{Arguments, counting_polls, prepare};

/// The interface that a trial exports.
const TRAIN_EXPORT: &str = "trialbox:trial/train@0.1.0";
/// The interface that a command exports.
const RUN_EXPORT: &str = "wasi:cli/run@0.2.12";

/// A component with its imports bound.
#[derive(Clone)]
pub(super) enum Bound {
    Train(TrialPre<HostState>),
    Command(CommandPre<HostState>),
}

impl Bound {
    /// Finds what is to be called, and checks its type, which the engine would only do for each instance anew.
    pub(super) fn new(pre: InstancePre<HostState>, entry: Entry) -> wasmtime::Result<Self> {
        match entry {
            Entry::Train => {
                check_train(&pre)?;
                Ok(Self::Train(TrialPre::new(pre)?))
            }
            Entry::Run => {
                check_run(&pre)?;
                Ok(Self::Command(CommandPre::new(pre)?))
            }
        }
    }

    pub(super) fn entry(&self) -> Entry {
        match self {
            Self::Train(_) => Entry::Train,
            Self::Command(_) => Entry::Run,
        }
    }

    /// Makes an instance and runs the trial. The inner result is the guest's own verdict.
    pub(super) async fn enter(
        &self,
        store: &mut Store<HostState>,
        arguments: &Arguments,
    ) -> wasmtime::Result<Result<(), String>> {
        prepare(store)?;
        match self {
            Self::Train(pre) => {
                let trial = pre.instantiate_async(&mut *store).await?;
                begin_counting(store.as_context_mut(), PRICES.start)?;
                let polls = store.data().pace.polls.clone();
                let arguments = arguments_for_guest(arguments);
                counting_polls(polls, trial.trialbox_trial_train().call_train(store, &arguments)).await
            }
            Self::Command(pre) => {
                let command = pre.instantiate_async(&mut *store).await?;
                begin_counting(store.as_context_mut(), PRICES.start)?;
                let polls = store.data().pace.polls.clone();
                let ran = counting_polls(polls, command.wasi_cli_run().call_run(store)).await;
                command_verdict(ran)
            }
        }
    }
}

/// What a command's end says: it may return or exit.
fn command_verdict(ran: wasmtime::Result<Result<(), ()>>) -> wasmtime::Result<Result<(), String>> {
    match ran {
        Ok(Ok(())) => Ok(Ok(())),
        Ok(Err(())) => Ok(Err("the command returned an error".into())),
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(I32Exit(0)) => Ok(Ok(())),
            Some(I32Exit(status)) => Ok(Err(format!("the command exited with status {status}"))),
            None => Err(error),
        },
    }
}

fn arguments_for_guest(arguments: &Arguments) -> types::Arguments {
    let attribute = |attribute: &crate::study::Attribute| types::Attribute {
        name: attribute.name.clone(),
        value: value_for_guest(&attribute.value),
    };
    types::Arguments { config: arguments.config.iter().map(attribute).collect(), seed: arguments.seed.0 }
}

fn check_train(pre: &InstancePre<HostState>) -> wasmtime::Result<()> {
    let interface = pre.component().get_export_index(None, TRAIN_EXPORT);
    let function = |name: &str| match pre.component().get_export(interface.as_ref(), name) {
        Some((ComponentItem::ComponentFunc(function), _)) => Ok(function),
        _ => Err(wasmtime::format_err!("`{name}` is not exported as a function")),
    };
    let known = pre.instance_type();
    let (describe, train) = (function("describe")?, function("train")?);
    describe.typecheck::<(), (types::Description,)>(&known).map_err(|error| error.context("`describe`"))?;
    train.typecheck::<(&types::Arguments,), (Result<(), String>,)>(&known).map_err(|error| error.context("`train`"))
}

fn check_run(pre: &InstancePre<HostState>) -> wasmtime::Result<()> {
    let interface = pre.component().get_export_index(None, RUN_EXPORT);
    match pre.component().get_export(interface.as_ref(), "run") {
        Some((ComponentItem::ComponentFunc(run), _)) => {
            run.typecheck::<(), (Result<(), ()>,)>(&pre.instance_type()).map_err(|error| error.context("`run`"))
        }
        _ => Err(wasmtime::format_err!("`run` is not exported as a function")),
    }
}
