//! Search spaces: domains, parameters with conditions, configurations, sampling, and the encoding to the unit cube.
//!
//! Part of the core; uses `numeric` only. A space is flat: nested spaces are names joined by `.` and conditions on choices.
//! The behaviour is that of `autogluon.core.space`, with the deviations listed in `docs/autogluon.md`.

mod configuration;
mod domain;
mod encoding;
mod parameter;
mod sampling;
mod value;

pub use configuration::Config;
pub(crate) use configuration::ConfigKey;
pub use domain::{Domain, IntegerRange, RealRange};
pub use encoding::EncodeError;
pub use parameter::{CHOICES_MAX, Condition, NAME_BYTES_MAX, PARAMETERS_MAX, Parameter, Space, SpaceError};
pub use value::Value;
