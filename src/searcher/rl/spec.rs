//! The options of the searcher `rl`, with the names and defaults of the original's scheduler (`autogluon.core`).

use serde::{Deserialize, Serialize};

use super::decisions::options_in;
use crate::space::Space;

/// How many options all decisions of a space may have together. The controller's size, and so what an update costs, is in proportion.
pub const CONTROLLER_OPTIONS_MAX: u64 = 10_000;
/// From how many trials at a time may be learnt.
const BATCH_MAX: u32 = 10_000;

/// The options of the searcher `rl`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ControllerSpec {
    /// The learning rate of one trial; that of an update is `batch` times it.
    pub controller_lr: f64,
    /// How much of the baseline each reward leaves.
    pub ema_baseline_decay: f64,
    /// From how many trials at a time is learnt: those whose numbers give the same whole quotient. At least 1.
    pub batch: u32,
}

/// The searcher `rl` cannot work so.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ControllerError {
    /// An option is out of its range.
    #[error("`{option}` is {value}; it must be {range}")]
    Option {
        /// Which.
        option: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
    /// The space is too large.
    #[error(
        "the values to choose from are {options} in all, of all parameters; the searcher `rl` takes at most {CONTROLLER_OPTIONS_MAX}"
    )]
    TooManyOptions {
        /// How many there are.
        options: u64,
    },
}

impl Default for ControllerSpec {
    fn default() -> Self {
        Self { controller_lr: 1e-3, ema_baseline_decay: 0.95, batch: 1 }
    }
}

impl ControllerSpec {
    /// Whether the options make sense for that space.
    ///
    /// # Errors
    /// The first that does not.
    pub fn check(&self, space: &Space) -> Result<(), ControllerError> {
        let Self { controller_lr, ema_baseline_decay, batch } = *self;
        let bad = |option, value, range| Err(ControllerError::Option { option, value, range });
        if !(controller_lr > 0.0 && controller_lr <= 1.0) {
            return bad("controller_lr", controller_lr, "above 0 and at most 1");
        }
        if !(0.0..=1.0).contains(&ema_baseline_decay) {
            return bad("ema_baseline_decay", ema_baseline_decay, "from 0 to 1");
        }
        if !(1..=BATCH_MAX).contains(&batch) {
            return bad("controller_batch_size", f64::from(batch), "from 1 to 10000");
        }
        let options = space.parameters().iter().map(|parameter| options_in(&parameter.domain)).sum();
        if options > CONTROLLER_OPTIONS_MAX {
            return Err(ControllerError::TooManyOptions { options });
        }
        Ok(())
    }
}
