//! Imports that nobody offers: calling one ends the trial, importing it does not.
//!
//! Toolchains drag in interfaces that a program never uses. The engine's own stubs cannot be taken: they make a resource of
//! their own for each name, where an interface means one that it uses from another (`wasi:io`'s streams, for example).

use wasmtime::Engine;
use wasmtime::component::types::{ComponentInstance, ComponentItem};
use wasmtime::component::{Component, Linker, ResourceType};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable};

use super::component::is_offered;
use super::fault::Fault;
use super::host::{HostState, gpu};
use crate::study::{Outcome, TrapKind};

/// A resource of an interface that nobody offers. None is ever made.
struct Never;

/// Binds what `component` imports and nobody offers to functions that end the trial.
pub(super) fn stub(linker: &mut Linker<HostState>, engine: &Engine, component: &Component) -> wasmtime::Result<()> {
    for (name, import) in component.component_type().imports(engine) {
        let ComponentItem::ComponentInstance(instance) = import.ty else { continue };
        if name == gpu::INTERFACE {
            stub_rest_of_gpu(linker, engine, &instance)?;
        } else if !is_offered(name) {
            stub_instance(linker, engine, name, &instance)?;
        }
    }
    Ok(())
}

fn stub_instance(
    linker: &mut Linker<HostState>,
    engine: &Engine,
    name: &str,
    instance: &ComponentInstance,
) -> wasmtime::Result<()> {
    let mut stubs = linker.instance(name)?;
    for (export, item) in instance.exports(engine) {
        match item.ty {
            ComponentItem::ComponentFunc(_) => {
                stubs.func_new(export, |_, _, _, _| {
                    Err(Fault::error(Outcome::Trapped { trap: TrapKind::MissingImport }))
                })?;
            }
            ComponentItem::Resource(_) => stubs.resource(export, resource_of(export), |_, _| Ok(()))?,
            _ => {}
        }
    }
    Ok(())
}

/// Has what draws, samples and measures end the trial with its name. What is offered is bound already, and stays.
fn stub_rest_of_gpu(
    linker: &mut Linker<HostState>,
    engine: &Engine,
    instance: &ComponentInstance,
) -> wasmtime::Result<()> {
    let mut stubs = linker.instance(gpu::INTERFACE)?;
    for (export, item) in instance.exports(engine) {
        // Of what is bound the linker takes no second, and says so.
        let _ = match item.ty {
            ComponentItem::ComponentFunc(_) => {
                let message =
                    format!("`{export}` is no part of `{}` that is offered: it is for computing alone", gpu::INTERFACE);
                stubs.func_new(export, move |_, _, _, _| Err(Fault::misuse(message.clone())))
            }
            ComponentItem::Resource(_) => stubs.resource(export, ResourceType::host::<Never>(), |_, _| Ok(())),
            _ => Ok(()),
        };
    }
    Ok(())
}

/// The resource that interfaces of WASI mean by a name.
fn resource_of(name: &str) -> ResourceType {
    match name {
        "pollable" => ResourceType::host::<DynPollable>(),
        "input-stream" => ResourceType::host::<DynInputStream>(),
        "output-stream" => ResourceType::host::<DynOutputStream>(),
        "error" => ResourceType::host::<wasmtime_wasi::p2::bindings::io::error::Error>(),
        _ => ResourceType::host::<Never>(),
    }
}
