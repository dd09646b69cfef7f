//! When a study starts no more jobs. Talks to the specification and the state; used by the machine and by ask and tell.

use super::event::EndReason;
use super::{StudySpec, StudyState};
use crate::numeric::amount::VirtualTime;

/// Why no job may be started at `time` after so many, if so.
pub(super) fn reason_to_close(spec: &StudySpec, state: &StudyState, time: VirtualTime, jobs: u64) -> Option<EndReason> {
    if spec.num_trials.is_some_and(|num_trials| jobs >= num_trials) {
        return Some(EndReason::NumTrials);
    }
    if spec.time_out.is_some_and(|time_out| time >= time_out) || time >= VirtualTime::LAST {
        return Some(EndReason::TimeOut);
    }
    match (state.best(), spec.max_reward) {
        (Some(best), Some(max_reward)) if best.reward >= max_reward => Some(EndReason::MaxReward),
        _ => None,
    }
}
