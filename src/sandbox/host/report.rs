//! `trialbox:trial/report`: progress goes out, and the guest waits here when it must.

use std::collections::BTreeSet;

use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use super::{HostState, check_length, fuel_of, fuel_used};
use crate::sandbox::bindings::types;
use crate::sandbox::costs::PRICES;
use crate::sandbox::fault::Fault;
use crate::space::Value;
use crate::study::{Attribute, Limit, Limits, Outcome, Report};

pub(super) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    linker.instance("trialbox:trial/report@0.1.0")?.func_wrap_async(
        "report",
        |mut store: StoreContextMut<'_, HostState>, (attributes,): (Vec<types::Attribute>,)| {
            Box::new(async move { make_report(&mut store, attributes).await })
        },
    )
}

/// Makes a report, and waits until the trial may go on.
pub(super) async fn make_report(
    store: &mut StoreContextMut<'_, HostState>,
    attributes: Vec<types::Attribute>,
) -> wasmtime::Result<()> {
    take_report(store, attributes)?;
    // The guest stays inside the call for as long as the gate is closed; it can't tell.
    let gate = store.data_mut().trial("report")?.gate.clone();
    gate.pass().await;
    Ok(())
}

fn take_report(store: &mut StoreContextMut<'_, HostState>, attributes: Vec<types::Attribute>) -> wasmtime::Result<()> {
    let state = store.data_mut();
    let limits = state.limits.clone();
    let trial = state.trial("report")?;
    if trial.reports >= limits.reports_max {
        return Err(Fault::error(Outcome::Exceeded { limit: Limit::ReportsMax }));
    }
    let bytes: usize = attributes.iter().map(attribute_bytes).sum();
    let report = checked_report(attributes, &limits)?;
    let per_attribute = PRICES.attribute.saturating_mul(report.attributes.len() as u64);
    let price = PRICES.report.saturating_add(per_attribute).saturating_add(PRICES.byte.saturating_mul(bytes as u64));
    state.owe(price);
    if store.data().fuel_given.is_some_and(|given| fuel_used(store) > given) {
        // The report was not paid for, so it was not made.
        return Err(wasmtime::Trap::OutOfFuel.into());
    }
    let fuel = fuel_of(store);
    let trial = store.data_mut().trial("report")?;
    trial.reports += 1;
    trial.sink.report(fuel, report);
    Ok(())
}

fn attribute_bytes(attribute: &types::Attribute) -> usize {
    let value = match &attribute.value {
        types::Value::Text(text) => text.len(),
        _ => 8,
    };
    attribute.name.len() + value
}

fn checked_report(attributes: Vec<types::Attribute>, limits: &Limits) -> wasmtime::Result<Report> {
    check_length(attributes.len(), limits.attributes_max, Limit::AttributesMax)?;
    for attribute in &attributes {
        check_length(attribute.name.len(), limits.attribute_name_bytes_max, Limit::AttributeNameBytesMax)?;
        if let types::Value::Text(text) = &attribute.value {
            check_length(text.len(), limits.attribute_text_bytes_max, Limit::AttributeTextBytesMax)?;
        }
    }
    let mut names = BTreeSet::new();
    if let Some(twice) = attributes.iter().find(|attribute| !names.insert(attribute.name.as_str())) {
        let message = format!("`report` was given the attribute `{}` twice", twice.name.escape_debug());
        return Err(Fault::misuse(message));
    }
    let attributes = attributes
        .into_iter()
        .map(|attribute| Attribute { name: attribute.name, value: value_of(attribute.value) })
        .collect();
    Ok(Report { attributes })
}

/// A guest's value as one of the study's.
pub(in crate::sandbox) fn value_of(value: types::Value) -> Value {
    match value {
        // NaN's bits can differ from machine to machine; one NaN stands for all.
        types::Value::Real(real) if real.is_nan() => Value::Real(f64::NAN),
        types::Value::Real(real) => Value::Real(real),
        types::Value::Integer(integer) => Value::Integer(integer),
        types::Value::Boolean(boolean) => Value::Boolean(boolean),
        types::Value::Text(text) => Value::Text(text),
    }
}

/// A value of the study's for a guest.
pub(in crate::sandbox) fn value_for_guest(value: &Value) -> types::Value {
    match value {
        Value::Real(real) => types::Value::Real(*real),
        Value::Integer(integer) => types::Value::Integer(*integer),
        Value::Boolean(boolean) => types::Value::Boolean(*boolean),
        Value::Text(text) => types::Value::Text(text.clone()),
    }
}
