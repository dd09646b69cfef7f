//! The settings of a searcher that somebody else has written, as a component, and what stands in for it where it cannot run.
//!
//! The core runs no guest code. Whoever makes a study of such a searcher runs the component, and gives the machine what asks it.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::{Searcher, SearcherFailure, SuggestContext};
use crate::numeric::digest::Digest;
use crate::space::{Config, Value};

/// How many options a searcher may be given.
pub const OPTIONS_MAX: usize = 1_000;
/// How long an option's name may be, in bytes.
pub const OPTION_NAME_BYTES_MAX: usize = 128;
/// How long an option's text may be, in bytes.
pub const OPTION_TEXT_BYTES_MAX: usize = 4 << 10;

/// Which component searches, what it is given, and the bounds on each of its calls. All of it is part of the study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComponentSearcherSpec {
    /// The digest of the component's bytes.
    pub component: Digest,
    /// Its size.
    pub bytes: u64,
    /// What the component is given besides the space and a seed. What it means is the component's business.
    pub options: BTreeMap<String, Value>,
    /// Fuel that a single call may use, prices of host calls included.
    pub fuel_max: u64,
    /// Linear memory of all of its instances together, and 8 bytes for each element of their tables.
    pub memory_bytes_max: u64,
    /// Bytes that a single call may carry between the component and the host: a suggestion among them.
    pub host_call_bytes_max: u64,
}

/// The settings of a component that searches make no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComponentSearcherError {
    /// A bound is out of its range.
    #[error("the searcher's `{name}` is {value}; it must be from {least} to {most}")]
    Limit {
        /// Which.
        name: &'static str,
        /// Its value.
        value: u64,
        /// The smallest that it may be.
        least: u64,
        /// The largest that it may be.
        most: u64,
    },
    /// There are too many options, or one is too long.
    #[error(
        "a searcher takes at most {OPTIONS_MAX} options, with names of 1 to {OPTION_NAME_BYTES_MAX} bytes and texts of at most \
         {OPTION_TEXT_BYTES_MAX}"
    )]
    Options,
    /// The machine was to make the searcher itself.
    #[error("the searcher is a component, which has to be run for the study: use `Study::with_searcher`")]
    NotRun,
}

impl ComponentSearcherSpec {
    /// The component of that digest and size, without options and with the usual bounds.
    #[must_use]
    pub fn new(component: Digest, bytes: u64) -> Self {
        Self {
            component,
            bytes,
            options: BTreeMap::new(),
            fuel_max: 10_000_000_000,
            memory_bytes_max: 1 << 30,
            host_call_bytes_max: 4 << 20,
        }
    }

    /// The bounds by name, each with what it may be.
    pub fn limits_mut(&mut self) -> [(&'static str, &mut u64, RangeInclusive<u64>); 3] {
        [
            ("fuel_max", &mut self.fuel_max, 1..=1_000_000_000_000_000),
            ("memory_bytes_max", &mut self.memory_bytes_max, 0..=64 << 30),
            ("host_call_bytes_max", &mut self.host_call_bytes_max, 1 << 10..=1 << 30),
        ]
    }

    /// Checks what the types do not.
    ///
    /// # Errors
    /// Names the first bound that is out of its range, or says that the options are too large.
    pub fn check(&self) -> Result<(), ComponentSearcherError> {
        for (name, value, range) in self.clone().limits_mut() {
            if !range.contains(value) {
                let (least, most) = range.into_inner();
                return Err(ComponentSearcherError::Limit { name, value: *value, least, most });
            }
        }
        let fits = |(name, value): (&String, &Value)| {
            let text = if let Value::Text(text) = value { text.len() } else { 0 };
            (1..=OPTION_NAME_BYTES_MAX).contains(&name.len()) && text <= OPTION_TEXT_BYTES_MAX
        };
        if self.options.len() > OPTIONS_MAX || !self.options.iter().all(fits) {
            return Err(ComponentSearcherError::Options);
        }
        Ok(())
    }
}

/// Stands where a component should be asked and nobody runs it.
pub(super) struct NotRun(SearcherFailure);

impl NotRun {
    pub(super) fn new() -> Self {
        Self(SearcherFailure::Lost(ComponentSearcherError::NotRun.to_string()))
    }
}

impl Searcher for NotRun {
    fn suggest(&mut self, _: &SuggestContext) -> Option<Config> {
        None
    }

    fn failure(&self) -> Option<&SearcherFailure> {
        Some(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_and_options_out_of_range_are_refused() {
        let usual = || ComponentSearcherSpec::new(Digest::of(b"searcher"), 8);
        assert_eq!(usual().check(), Ok(()));
        let none = ComponentSearcherSpec { fuel_max: 0, ..usual() };
        let expected =
            ComponentSearcherError::Limit { name: "fuel_max", value: 0, least: 1, most: 1_000_000_000_000_000 };
        assert_eq!(none.check(), Err(expected));
        for (name, value) in [
            (String::new(), Value::Boolean(true)),
            ("n".repeat(OPTION_NAME_BYTES_MAX + 1), Value::Boolean(true)),
            ("text".into(), Value::Text("t".repeat(OPTION_TEXT_BYTES_MAX + 1))),
        ] {
            let spec = ComponentSearcherSpec { options: [(name, value)].into(), ..usual() };
            assert_eq!(spec.check(), Err(ComponentSearcherError::Options));
        }
    }
}
