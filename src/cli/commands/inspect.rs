//! `trialbox inspect`: what a component imports and searches.

use std::path::PathBuf;

use crate::cli::error::CommandError;
use crate::cli::plan::PlaceFlags;
use crate::cli::{exit_code, print, terminal};
use crate::executor;
use crate::output::sanitize::printable;
use crate::sandbox::{Inspection, Offer};
use crate::space::{Domain, Parameter};
use crate::study::{FloatMode, Limits};

/// Show what a component imports, what it searches, and how large it is
#[derive(clap::Args)]
pub(in crate::cli) struct InspectArguments {
    /// The component, a .wasm file
    component: PathBuf,
    #[command(flatten)]
    flags: PlaceFlags,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(in crate::cli) fn inspect(arguments: &InspectArguments) -> Result<u8, CommandError> {
    let interrupt = terminal::interrupt_on_signal();
    let options = arguments.flags.options();
    let inspection = executor::inspect(
        &arguments.component,
        &Limits::default(),
        FloatMode::default(),
        options.isolation,
        options.cache,
        &interrupt,
    )
    .map_err(|error| {
        let hint = match arguments.component.is_dir() {
            true => "name the component's file in it, such as FOLDER/NAME.wasm",
            false => "check the path",
        };
        CommandError::component(error, &arguments.component, hint)
    })?;
    if arguments.json {
        // A map of texts to plain values; nothing in it can fail to be written.
        let json = serde_json::to_string_pretty(&inspection).unwrap_or_default();
        print(&(crate::output::sanitize::printable_json(&json) + "\n"))?;
    } else {
        print(&text(&inspection))?;
    }
    Ok(exit_code::DONE)
}

fn text(inspection: &Inspection) -> String {
    let mut text = format!(
        "digest    {}\nsize      {} bytes, {} compiled\n",
        inspection.id.digest, inspection.id.bytes, inspection.compiled_bytes
    );
    let description = &inspection.description;
    let optional = |value: &Option<String>| value.as_ref().map_or("-".into(), |value| printable(value, 100));
    text.push_str(&format!("reward    {}\n", optional(&description.reward_attr)));
    text.push_str(&format!("resource  {}\n", optional(&description.time_attr)));
    text.push_str(&format!("max_t     {}\n", description.max_t.map_or("-".into(), |max_t| max_t.to_string())));
    text.push_str("imports\n");
    for import in &inspection.imports {
        let note = match import.offer {
            Offer::Offered => "",
            Offer::Trapped => "  (not offered: a call ends the trial)",
        };
        text.push_str(&format!("  {}{note}\n", printable(&import.name, 100)));
    }
    text.push_str("space\n");
    for parameter in description.space.parameters() {
        text.push_str(&format!("  {}\n", line(parameter)));
    }
    text
}

/// The values of a domain, in words.
pub(super) fn values(domain: &Domain) -> String {
    let scale = |log: bool| if log { ", log" } else { "" };
    let values = match domain {
        Domain::Real(range) => format!("real {} to {}{}", range.lower, range.upper, scale(range.log)),
        Domain::Integer(range) => format!("integer {} to {}{}", range.lower, range.upper, scale(range.log)),
        Domain::Boolean => "boolean".into(),
        Domain::Choice(values) => {
            let values: Vec<String> = values.iter().map(|value| printable(&value.to_string(), 40)).collect();
            format!("one of {}", values.join(", "))
        }
        Domain::Constant(value) => format!("always {}", printable(&value.to_string(), 40)),
    };
    printable(&values, 400)
}

fn line(parameter: &Parameter) -> String {
    let default = match &parameter.domain {
        Domain::Constant(_) => String::new(),
        _ => format!("; default {}", printable(&parameter.default.to_string(), 40)),
    };
    let condition = parameter.condition.as_ref().map_or(String::new(), |condition| {
        format!("; if {} is its value {}", printable(&condition.parameter, 100), condition.choice)
    });
    format!("{}: {}{default}{condition}", printable(&parameter.name, 100), values(&parameter.domain))
}
