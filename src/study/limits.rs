//! The bounds on everything that a guest can grow: name, default, unit and meaning of each, in one table.

use serde::{Deserialize, Serialize};

macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident / $variant:ident = $default:expr, $unit:literal, $least:literal ..= $most:expr;)+) => {
        /// The bounds on what one trial may use. They are part of the study: another limit may be another result.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub struct Limits {
            $($(#[doc = $doc])+ pub $name: u64,)+
        }

        /// Names one of the [`Limits`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Limit {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        impl Limits {
            /// The value of a limit.
            #[must_use]
            pub fn get(&self, limit: Limit) -> u64 {
                match limit { $(Limit::$variant => self.$name,)+ }
            }

            /// Sets the value of a limit.
            pub fn set(&mut self, limit: Limit, value: u64) {
                match limit { $(Limit::$variant => self.$name = value,)+ }
            }
        }

        impl Limit {
            /// All limits, in the order of the reference.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in study files and messages.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($name),)+ }
            }

            /// What is counted.
            #[must_use]
            pub fn unit(self) -> &'static str {
                match self { $(Self::$variant => $unit,)+ }
            }

            /// The smallest and the largest value that a study may set.
            #[must_use]
            pub fn range(self) -> std::ops::RangeInclusive<u64> {
                match self { $(Self::$variant => $least..=$most,)+ }
            }

            /// What is bounded, in a sentence or two.
            #[must_use]
            pub fn meaning(self) -> String {
                let text = match self { $(Self::$variant => concat!($($doc),+),)+ };
                text.trim().to_owned()
            }
        }
    };
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

limits! {
    /// Fuel that a trial may use from its start to its end, prices of host calls included.
    fuel_max / FuelMax = 1_000_000_000_000, "units of fuel", 1 ..= 1_000_000_000_000_000;
    /// Linear memory of all of a trial's instances together, and 8 bytes for each element of their tables.
    memory_bytes_max / MemoryBytesMax = GIB, "bytes", 0 ..= 64 * GIB;
    /// Core instances, memories and tables of a trial, each kind on its own.
    instances_max / InstancesMax = 64, "instances", 1 ..= 1_000;
    /// Handles to host resources that a trial may hold at a time.
    handles_max / HandlesMax = 10_000, "handles", 0 ..= 1_000_000;
    /// Bytes that a single host call may carry from the guest to the host or back.
    host_call_bytes_max / HostCallBytesMax = 4 * MIB, "bytes", 1_024 ..= GIB;
    /// Reports that a trial may make.
    reports_max / ReportsMax = 100_000, "reports", 0 ..= 1_000_000_000;
    /// Attributes of a single report.
    attributes_max / AttributesMax = 64, "attributes", 1 ..= 10_000;
    /// Length of an attribute's name, in UTF-8.
    attribute_name_bytes_max / AttributeNameBytesMax = 128, "bytes", 1 ..= 64 * KIB;
    /// Length of an attribute's value if it is a text, in UTF-8.
    attribute_text_bytes_max / AttributeTextBytesMax = 4 * KIB, "bytes", 0 ..= MIB;
    /// Artifacts that a trial may leave.
    artifacts_max / ArtifactsMax = 16, "artifacts", 0 ..= 10_000;
    /// Size of all of a trial's artifacts together.
    artifact_bytes_max / ArtifactBytesMax = 64 * MIB, "bytes", 0 ..= 16 * GIB;
    /// Text kept of a trial's log; more is dropped and counted, and the trial goes on.
    log_bytes_max / LogBytesMax = MIB, "bytes", 0 ..= GIB;
    /// Text kept of the error with which a trial failed; more is cut off.
    failure_bytes_max / FailureBytesMax = 4 * KIB, "bytes", 0 ..= MIB;
}

impl Limit {
    /// The limit of that name in study files.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|limit| limit.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_within_its_range() {
        for &limit in Limit::ALL {
            assert!(limit.range().contains(&Limits::default().get(limit)), "{}", limit.name());
            assert_eq!(Limit::from_name(limit.name()), Some(limit));
            assert!(limit.meaning().ends_with('.'), "{}", limit.name());
        }
    }
}
