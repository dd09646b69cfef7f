//! The study: its specification, its log of events, and the machine that decides.
//!
//! The heart of the core; uses `searcher`, `scheduler`, `space` and `numeric`. A decision is a function of (specification, seed,
//! earlier events) and of nothing else. The machine does no I/O: inputs go in, actions come out ([`Study`]).

mod ask;
mod best;
#[cfg(feature = "engine")]
mod brackets;
mod description;
mod ending;
mod event;
mod explanation;
mod gpu;
mod guest_settings;
mod limits;
mod machine;
mod observer;
mod order;
mod outcome;
mod paused_rewards;
mod replicates;
mod report;
mod search;
mod spec;
mod state;
mod trial_log;

pub use ask::{Answer, AskError, AskTell, JobOver, Request, RungAnswer};
pub use best::Best;
#[cfg(feature = "engine")]
pub(crate) use brackets::JobBrackets;
pub use description::{Description, InferredMaxT};
pub use event::{ArtifactRecord, Chain, EndReason, Entry, Event};
pub use explanation::{Explainer, Explanation, Rule, Standing, Step};
pub use gpu::{GPU_COST_MODEL, GpuAdapter, GpuFeature, GpuGrant, GpuLimit, GpuLimits, GpuSpec};
pub use guest_settings::{ConfigurationForm, GUEST_BYTES_MAX, GUEST_ENTRIES_MAX, GuestSettings, GuestSettingsError};
pub use limits::{Limit, Limits};
pub use machine::{Action, Input, Job, Judgement, Study, StudyError};
pub use observer::{Observer, RunProgress, RunningTrial};
pub use outcome::{Outcome, OutcomeClass, StopReason, TrapKind};
pub use replicates::{REPLICATES_MAX, ReplicateReward, Replicates, Replication};
pub use report::{Attribute, Report, ReportProblem};
pub use spec::{
    Capacity, Clock, ComponentId, DataId, FUEL_ATTRIBUTE, FloatMode, Metrics, POINTS_MAX, Resource, SLOTS_MAX,
    SpecDifference, SpecError, StudySpec, TrialSeeds,
};
pub use state::{StudyState, TrialRecord, TrialStatus};
pub use trial_log::LogPiece;
