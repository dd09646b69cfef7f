//! What a component says of itself, after it was checked.

use serde::{Deserialize, Serialize};

use crate::space::Space;

/// What a component says of itself. All but the space are suggestions that a study may replace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The search space, constants included.
    pub space: Space,
    /// The attribute that is to be maximised.
    pub reward_attr: Option<String>,
    /// The attribute that counts the resource spent.
    pub time_attr: Option<String>,
    /// The largest value of `time_attr` that a trial reports.
    pub max_t: Option<u64>,
}
