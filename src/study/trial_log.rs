//! What trials write to their logs: text for people. Data only; no decision rests on it.

use serde::{Deserialize, Serialize};

use crate::numeric::amount::Fuel;

/// A piece of a trial's log, written at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPiece {
    /// Its place in the trial's log, from 0. A trial that is run again writes the same pieces again.
    pub position: u64,
    /// How many reports the trial had made before.
    pub reports: u64,
    /// Its fuel until then.
    pub fuel: Fuel,
    /// The text.
    pub text: String,
}
