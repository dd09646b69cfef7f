//! What a study grants its trials of a GPU, and which GPU that is. Plain data with its own checks; `gpu` enforces it and the sandbox
//! passes it on.
//!
//! A study with such a grant is of class `device`: what its trials compute depends on the adapter and its driver, so both are part
//! of the specification. What they use of it is charged by a pinned model of costs, never by measured time.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::SpecError;

/// The version of the model by which work on a GPU is charged as fuel. A study begun under another cannot be resumed.
pub const GPU_COST_MODEL: u32 = 1;

/// A grant of GPU compute, with the GPU that it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GpuSpec {
    /// The version of the model of costs.
    pub cost_model: u32,
    /// What computes.
    pub adapter: GpuAdapter,
    /// What trials may do with it.
    pub grant: GpuGrant,
}

/// What a study grants its trials of a GPU, whichever that is: what a study file can say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GpuGrant {
    /// What trials may use beyond what every adapter has; each once, in the order of their declaration.
    pub features: Vec<GpuFeature>,
    /// The bounds on what one trial may use.
    pub limits: GpuLimits,
}

impl GpuGrant {
    /// The grant of that adapter, under this release's model of costs.
    #[must_use]
    pub fn of(self, adapter: GpuAdapter) -> GpuSpec {
        GpuSpec { cost_model: GPU_COST_MODEL, adapter, grant: self }
    }

    /// Checks what the types do not.
    ///
    /// # Errors
    /// Names the first limit that is out of its range, or tells that the features are not in order.
    pub fn check(&self) -> Result<(), SpecError> {
        for &limit in GpuLimit::ALL {
            let (value, range) = (self.limits.get(limit), limit.range());
            if !range.contains(&value) {
                let (least, most) = range.into_inner();
                return Err(SpecError::Limit { name: limit.name(), value, least, most });
            }
        }
        match self.features.is_sorted_by(|one, next| one < next) {
            true => Ok(()),
            false => Err(SpecError::GpuFeatures),
        }
    }
}

/// What computes: the device with its driver, and the versions of what translates shaders for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GpuAdapter {
    /// Its name, as the driver has it.
    pub name: String,
    /// Through which interface of the system it is used, such as `vulkan`.
    pub backend: String,
    /// The driver with its version.
    pub driver: String,
    /// The number of who made it.
    pub vendor: u32,
    /// The number of the model.
    pub device: u32,
    /// Whether it is the processor itself.
    pub is_software: bool,
    /// The versions of what stands between trials and the driver.
    pub translator: String,
}

impl fmt::Display for GpuAdapter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, backend, driver, translator, .. } = self;
        write!(formatter, "{name} ({backend}, {driver}, {translator})")
    }
}

/// Something that not every adapter has, as the standard names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GpuFeature {
    /// Numbers of 16 bits in shaders.
    ShaderF16,
    /// Operations across the invocations of a subgroup.
    Subgroups,
}

impl GpuFeature {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::ShaderF16, Self::Subgroups];

    /// The standard's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ShaderF16 => "shader-f16",
            Self::Subgroups => "subgroups",
        }
    }

    /// The feature of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|feature| feature.name() == name)
    }
}

macro_rules! gpu_limits {
    ($($(#[doc = $doc:literal])+ $name:ident / $variant:ident = $default:expr, $unit:literal, $least:literal ..= $most:expr;)+) => {
        /// The bounds on what one trial may use of a GPU.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub struct GpuLimits {
            $($(#[doc = $doc])+ pub $name: u64,)+
        }

        /// Names one of the [`GpuLimits`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum GpuLimit {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Default for GpuLimits {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        impl GpuLimits {
            /// The value of a limit.
            #[must_use]
            pub fn get(&self, limit: GpuLimit) -> u64 {
                match limit { $(GpuLimit::$variant => self.$name,)+ }
            }

            /// Sets the value of a limit.
            pub fn set(&mut self, limit: GpuLimit, value: u64) {
                match limit { $(GpuLimit::$variant => self.$name = value,)+ }
            }
        }

        impl GpuLimit {
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

gpu_limits! {
    /// Memory of all of a trial's buffers together. Past it the guest is told that there is none, as the standard says.
    memory_bytes_max / MemoryBytesMax = GIB, "bytes", 0 ..= 1024 * GIB;
    /// Size of one buffer; of what a shader sees of one at a time half as much, at most.
    buffer_bytes_max / BufferBytesMax = 256 * MIB, "bytes", 256 ..= 4 * GIB;
    /// Objects of each kind that a trial may have at a time: buffers, shaders, pipelines, layouts, bind groups, encoders.
    objects_max / ObjectsMax = 4_096, "objects", 1 ..= 100_000;
    /// Size of a shader's source.
    shader_bytes_max / ShaderBytesMax = 64 * KIB, "bytes", 1 ..= MIB;
    /// Statements of a shader once its calls are written out in place.
    shader_statements_max / ShaderStatementsMax = 4_000, "statements", 1 ..= 100_000;
    /// Work groups of one dispatch.
    workgroups_max / WorkgroupsMax = 16_777_216, "work groups", 1 ..= 0xffff_ffff;
    /// Commands of one submission: dispatches, copies, bindings.
    commands_max / CommandsMax = 65_536, "commands", 1 ..= 1_000_000;
    /// Submissions that may be under way; a further one waits for the first of them.
    submissions_max / SubmissionsMax = 8, "submissions", 1 ..= 1_000;
    /// Time on the wall that a trial may wait for what it has submitted. Past it the trial ends.
    submission_milliseconds_max / SubmissionMillisecondsMax = 10_000, "milliseconds", 1 ..= 3_600_000;
    /// Time on the wall that translating one shader may take. Past it the trial ends.
    compile_milliseconds_max / CompileMillisecondsMax = 10_000, "milliseconds", 1 ..= 3_600_000;
    /// Times that a trial may read back from the GPU.
    read_backs_max / ReadBacksMax = 10_000, "read-backs", 0 ..= 1_000_000;
    /// Bytes of a trial's read-backs that are kept for `trialbox replay`. Of all of them the digests are.
    recorded_bytes_max / RecordedBytesMax = 64 * MIB, "bytes", 0 ..= 16 * GIB;
}

impl GpuLimit {
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
        for &limit in GpuLimit::ALL {
            assert!(limit.range().contains(&GpuLimits::default().get(limit)), "{}", limit.name());
            assert_eq!(GpuLimit::from_name(limit.name()), Some(limit));
            assert!(limit.meaning().ends_with('.'), "{}", limit.name());
        }
    }

    #[test]
    fn a_grant_names_each_feature_once_in_order_and_keeps_its_limits_in_their_ranges() {
        use GpuFeature::{ShaderF16, Subgroups};
        let check = |features: &[GpuFeature]| GpuGrant { features: features.to_vec(), ..GpuGrant::default() }.check();
        assert_eq!((check(&[]), check(&[Subgroups]), check(&[ShaderF16, Subgroups])), (Ok(()), Ok(()), Ok(())));
        assert_eq!(check(&[Subgroups, ShaderF16]), Err(SpecError::GpuFeatures));
        assert_eq!(check(&[ShaderF16, ShaderF16]), Err(SpecError::GpuFeatures));
        for &limit in GpuLimit::ALL {
            let mut grant = GpuGrant::default();
            let (least, most) = limit.range().into_inner();
            grant.limits.set(limit, most + 1);
            let error = SpecError::Limit { name: limit.name(), value: most + 1, least, most };
            assert_eq!(grant.check(), Err(error));
        }
    }

    #[test]
    fn features_have_the_names_that_are_written_down() {
        for &feature in GpuFeature::ALL {
            assert_eq!(serde_json::to_value(feature).unwrap(), feature.name());
            assert_eq!(GpuFeature::from_name(feature.name()), Some(feature));
        }
    }
}
