//! `trialbox inspect`: what a component imports and searches.

use std::path::PathBuf;

use crate::cli::error::CommandError;
use crate::cli::plan::PlaceFlags;
use crate::cli::{exit_code, print, terminal};
use crate::executor::{self, ExecutorError};
use crate::output::sanitize::printable;
use crate::sandbox::component::is_searcher;
use crate::sandbox::{ComponentError, ImportStatus, Inspection, Offer, SearcherInspection};
use crate::space::{Domain, Parameter};
use crate::study::{ComponentId, FloatMode, Limits};

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
    let (component, float_mode) = (&arguments.component, FloatMode::default());
    let failed = |error| {
        let hint = match component.is_dir() {
            true => "name the component's file in it, such as FOLDER/NAME.wasm",
            false => "check the path",
        };
        CommandError::component(error, component, hint)
    };
    let inspected = executor::inspect(component, &Limits::default(), float_mode, &options, &interrupt);
    let (shown, json) = match inspected {
        Err(ExecutorError::Component(ComponentError::NotATrial { exports })) if is_searcher(&exports) => {
            let searcher = executor::inspect_searcher(component, float_mode, &options, &interrupt);
            let searcher = searcher.map_err(failed)?;
            (searcher_text(&searcher), serde_json::to_string_pretty(&Searching { searcher: &searcher }))
        }
        inspected => {
            let inspection = inspected.map_err(failed)?;
            (text(&inspection), serde_json::to_string_pretty(&inspection))
        }
    };
    if arguments.json {
        // A map of texts to plain values; nothing in it can fail to be written.
        print(&(crate::output::sanitize::printable_json(&json.unwrap_or_default()) + "\n"))?;
    } else {
        print(&shown)?;
    }
    Ok(exit_code::DONE)
}

/// What is told of a searcher in JSON: under a name of its own, since there is nothing that it searches by itself.
#[derive(serde::Serialize)]
struct Searching<'a> {
    searcher: &'a SearcherInspection,
}

pub(super) fn text(inspection: &Inspection) -> String {
    let mut text = identity(&inspection.id, inspection.compiled_bytes);
    let Some(description) = &inspection.description else { return command_text(text, inspection) };
    let optional = |value: &Option<String>| value.as_ref().map_or("-".into(), |value| printable(value, 100));
    text.push_str(&format!("reward    {}\n", optional(&description.reward_attr)));
    text.push_str(&format!("resource  {}\n", optional(&description.time_attr)));
    text.push_str(&format!("max_t     {}\n", description.max_t.map_or("-".into(), |max_t| max_t.to_string())));
    text.push_str(&imports(&inspection.imports, "a call ends the trial"));
    text.push_str("space\n");
    for parameter in description.space.parameters() {
        text.push_str(&format!("  {}\n", line(parameter)));
    }
    text
}

fn command_text(mut text: String, inspection: &Inspection) -> String {
    text.push_str("kind      a command: its space, reward_attr and time_attr come from the study file\n");
    text.push_str(&imports(&inspection.imports, "a call ends the trial"));
    text
}

fn searcher_text(inspection: &SearcherInspection) -> String {
    let mut text = identity(&inspection.id, inspection.compiled_bytes);
    text.push_str("kind      a searcher, for [searcher] in a study file\n");
    text.push_str(&imports(&inspection.imports, "a call fails the searcher"));
    text
}

fn identity(id: &ComponentId, compiled_bytes: u64) -> String {
    format!("digest    {}\nsize      {} bytes, {compiled_bytes} compiled\n", id.digest, id.bytes)
}

fn imports(imports: &[ImportStatus], otherwise: &str) -> String {
    let mut text = String::from("imports\n");
    for import in imports {
        let note = match import.offer {
            Offer::Offered => String::new(),
            Offer::Trapped => format!("  (not offered: {otherwise})"),
        };
        text.push_str(&format!("  {}{note}\n", printable(&import.name, 100)));
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
