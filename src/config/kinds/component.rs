//! The searcher `component` in a study file: somebody else's, run in the sandbox.

use super::{Kind, Places};
use crate::config::amount;
use crate::config::error::Problem;
use crate::config::reader::{Item, TableReader, items};
use crate::config::reference::Row;
use crate::config::space::scalar;
use crate::numeric::digest::Digest;
use crate::searcher::{ComponentSearcherError, ComponentSearcherSpec, SearcherSpec};
use crate::space::Value;
use crate::study::{SpecError, StudySpec};

const OPTIONS: &[Row] = &[
    (
        "component",
        "path",
        "needed",
        "`component` only: the component that searches, relative to the study file ([wit.md](wit.md#searchers)).",
    ),
    (
        "options",
        "table",
        "empty",
        "`component` only: what the component is given besides the space and a seed: names with numbers, texts or booleans.",
    ),
    (
        "fuel_max",
        "amount from 1 to 10¹⁵",
        "10_000_000_000",
        "`component` only: fuel that each call of the component may use, prices of host calls included.",
    ),
    (
        "memory_bytes_max",
        "amount up to 64 GiB",
        "1_073_741_824",
        "`component` only: linear memory of all of its instances together, and 8 bytes for each element of their tables.",
    ),
    (
        "host_call_bytes_max",
        "amount from 1 KiB to 1 GiB",
        "4_194_304",
        "`component` only: bytes that a call of the component, or one of its calls of the host, may carry.",
    ),
];

/// The searcher `component`.
#[derive(Debug)]
pub(super) struct Component;

impl Kind for Component {
    fn name(&self) -> &'static str {
        "component"
    }

    fn summary(&self) -> &'static str {
        "asks a WebAssembly component of your own"
    }

    fn options(&self) -> &'static [Row] {
        OPTIONS
    }

    fn read(&self, table: &mut TableReader<'_>, spec: &mut StudySpec, problems: &mut Vec<Problem>) {
        // Where the component lies is no part of the study, so the file's reader takes it; here it is no key that is left.
        table.discard(&["component"]);
        let mut settings = ComponentSearcherSpec::new(Digest::of(b""), 0);
        for (name, place, range) in settings.limits_mut() {
            let units = if name.contains("bytes") { amount::BYTES } else { amount::COUNT };
            let value = table.take(name).and_then(|item| item.amount(units, range, problems));
            *place = value.unwrap_or(*place);
        }
        if let Some(options) = table.take("options").and_then(|item| item.table(problems)) {
            for item in items(options, "searcher.options") {
                let value = option(&item, problems);
                settings.options.extend(value.map(|value| (item.key.to_string(), value)));
            }
        }
        spec.searcher = SearcherSpec::Component(settings);
    }

    fn problem(&self, error: &SpecError, places: &Places) -> Option<Problem> {
        match error {
            SpecError::ComponentSearcher(ComponentSearcherError::Options) => {
                Some(Problem::new(places.of_first(&["options"]), error.to_string()))
            }
            SpecError::ComponentSearcher(_) => Some(Problem::new(places.of_first(&[]), error.to_string())),
            _ => None,
        }
    }
}

fn option(item: &Item<'_>, problems: &mut Vec<Problem>) -> Option<Value> {
    let problem = match scalar(item.value) {
        Some(Ok(Value::Real(real))) if !real.is_finite() => item.problem("must be finite"),
        Some(Ok(value)) => return Some(value),
        Some(Err(what)) => item.problem(what),
        None => item.unfit("a number, a text or a boolean"),
    };
    problems.push(problem);
    None
}
