//! The specification of a study: everything that its log is a function of, besides the release of trialbox.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{GpuSpec, GuestSettings, GuestSettingsError, Limits, REPLICATES_MAX, Replicates};
use crate::numeric::amount::{Seed, VirtualTime};
use crate::numeric::digest::Digest;
use crate::scheduler::{ControllerResource, HyperbandError, RlSpec, SchedulerSpec};
use crate::searcher::{
    BayesoptError, ComponentSearcherError, ControllerError, GridSpec, ResourceRange, Searcher, SearcherSpec,
};
use crate::space::{Config, Space, SpaceError};

/// How many slots a study may have.
pub const SLOTS_MAX: u32 = 100_000;
/// How many configurations a study may try first.
pub const POINTS_MAX: usize = 10_000;

/// Everything that a study's log is a function of. Two studies with equal specifications have equal logs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudySpec {
    /// The release of trialbox.
    pub release: String,
    /// The digest of the fuel schedule: engine settings, operator costs and prices.
    pub fuel_schedule: Digest,
    /// The study's name.
    pub name: String,
    /// From which every random draw follows.
    pub seed: Seed,
    /// The component that is trained; none for a study whose trials run elsewhere.
    pub component: Option<ComponentId>,
    /// The data sets by name.
    pub data: BTreeMap<String, DataId>,
    /// What is searched.
    pub space: Space,
    /// By what trials are compared.
    pub metrics: Metrics,
    /// The scheduler with its options.
    pub scheduler: SchedulerSpec,
    /// The searcher with its options.
    pub searcher: SearcherSpec,
    /// How many jobs are started at most: trials, and promotions of paused ones.
    pub num_trials: Option<u64>,
    /// When no more trials are started.
    pub time_out: Option<VirtualTime>,
    /// Whether trials that report after the time-out are stopped.
    pub stop_jobs_after_time_out: bool,
    /// The reward at which no more trials are started.
    pub max_reward: Option<f64>,
    /// Whether a configuration is chosen only when a slot is free for it (the searcher then knows more), or one ahead.
    pub delay_get_config: bool,
    /// Whether reports in the history carry what the searcher says of its model.
    pub training_history_searcher_info: bool,
    /// What one trial occupies.
    pub resource: Resource,
    /// What there is to occupy.
    pub capacity: Capacity,
    /// The bounds on a trial.
    pub limits: Limits,
    /// How NaN is treated by guests' arithmetic.
    pub float_mode: FloatMode,
    /// In which order events are decided on.
    pub clock: Clock,
    /// The configurations that are tried first, in that order, in place of the searcher's first suggestions. Each is whole; of equal
    /// ones all but the first are passed over, unless duplicates are allowed.
    pub points_to_evaluate: Vec<Config>,
    /// Whether a configuration may be suggested more than once.
    pub allow_duplicates: bool,
    /// Whether each trial has a seed of its own.
    pub trial_seeds: TrialSeeds,
    /// With how many seeds each configuration is tried.
    pub replicates: Replicates,
    /// What the guest is given besides configuration, seed and data.
    pub guest: GuestSettings,
    /// What trials may do with a GPU, and with which; none without a grant. A study without one has the digest that it had before there
    /// were grants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<GpuSpec>,
}

/// In which order a study decides on what its trials do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// In the order of virtual time: the same on every machine.
    #[default]
    Virtual,
    /// As things come in: no decision waits for a slower trial, and another run decides otherwise. The log can still be replayed.
    Wall,
}

/// Whether each trial has a seed of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialSeeds {
    /// Each has its own: trials of equal configurations differ by chance.
    #[default]
    PerTrial,
    /// All have the same: trials of equal configurations are equal.
    PerStudy,
}

/// Identifies a component by content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentId {
    /// The digest of the component's bytes.
    pub digest: Digest,
    /// Its size.
    pub bytes: u64,
}

/// Identifies a data set by content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataId {
    /// The digest of its bytes.
    pub digest: Digest,
    /// Its size.
    pub bytes: u64,
}

/// The attributes by which trials are compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metrics {
    /// The attribute that is maximised.
    pub reward_attr: String,
    /// The attribute that counts the resource spent.
    pub time_attr: String,
    /// An attribute that is feasible where it is not positive, if the study has one.
    pub constraint_attr: Option<String>,
}

/// What one trial occupies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    /// Units of `capacity.cpus`.
    pub num_cpus: u32,
    /// Units of `capacity.gpus`; fractions share one.
    pub num_gpus: f64,
}

/// What there is to occupy: virtual, never read from the machine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Capacity {
    /// Virtual processors.
    pub cpus: u32,
    /// Virtual GPUs.
    pub gpus: f64,
}

/// How NaN is treated by guests' arithmetic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FloatMode {
    /// As the processor does; equal on all machines of one architecture.
    #[default]
    Native,
    /// Every NaN is the same; equal across architectures, up to three times slower in loops over floats.
    Canonical,
}

/// A specification is not well formed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SpecError {
    /// Nothing would end the study.
    #[error("the study has neither `num_trials` nor `time_out`, so it would never end")]
    Endless,
    /// A number that must be positive is 0.
    #[error("`{0}` must be at least 1")]
    Zero(&'static str),
    /// A trial asks for more than there is.
    #[error("a trial takes {asked} of `{what}`, but `capacity` has {there}")]
    TooLarge {
        /// Which part.
        what: &'static str,
        /// How much a trial takes.
        asked: f64,
        /// How much there is.
        there: f64,
    },
    /// There would be more slots than a study may have.
    #[error("the study would have {0} slots; at most {SLOTS_MAX} are allowed")]
    TooManySlots(u64),
    /// A limit is out of its range.
    #[error("the limit `{name}` is {value}; it must be from {least} to {most}")]
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
    /// The metrics' names are empty or equal.
    #[error("`reward_attr` and `time_attr` must be two different names, and none of the metrics may be empty")]
    Metrics,
    /// A number must be finite and not negative.
    #[error("`{0}` must be a finite number, not negative")]
    NotFinite(&'static str),
    /// There are too many configurations to be tried first.
    #[error("`points_to_evaluate` has {0} configurations; at most {POINTS_MAX} are allowed")]
    TooManyPoints(usize),
    /// There are no replicates, or too many.
    #[error("`replicates` is {0}; it must be from 1 to {REPLICATES_MAX}")]
    Replicates(u32),
    /// A configuration that is to be tried first is none of the space.
    #[error("configuration {number} of `points_to_evaluate`: {error}")]
    Point {
        /// Its number, from 1.
        number: usize,
        /// What is wrong with it.
        error: SpaceError,
    },
    /// The searcher suggests nothing twice.
    #[error("`allow_duplicates` makes no sense for the searcher `{0}`, which suggests nothing twice")]
    NoDuplicates(&'static str),
    /// The scheduler's options make no sense.
    #[error(transparent)]
    Hyperband(#[from] HyperbandError),
    /// The searcher's options make no sense.
    #[error(transparent)]
    Bayesopt(#[from] BayesoptError),
    /// The options of the searcher `rl` make no sense.
    #[error(transparent)]
    Controller(#[from] ControllerError),
    /// The scheduler works with certain searchers only.
    #[error("the scheduler `{scheduler}` does not go with the searcher `{searcher}`; it goes with {allowed}")]
    Searcher {
        /// The scheduler.
        scheduler: &'static str,
        /// The searcher.
        searcher: &'static str,
        /// Those with which it does.
        allowed: &'static str,
    },
    /// The searcher `rl` would learn from other batches than those that the scheduler `rl` runs.
    #[error(
        "the scheduler `rl` runs batches of {scheduler}, but the searcher `rl` is to learn from {searcher} at a time"
    )]
    Batch {
        /// How many trials are in a batch of the scheduler.
        scheduler: u32,
        /// From how many the searcher is to learn.
        searcher: u32,
    },
    /// The searcher models a constraint, and the study has none.
    #[error("the searcher `{0}` needs `constraint_attr`, the attribute that is feasible where it is not positive")]
    NoConstraint(&'static str),
    /// The settings of a searcher that is a component make no sense.
    #[error(transparent)]
    ComponentSearcher(#[from] ComponentSearcherError),
    /// What the guest is to be given makes no sense.
    #[error(transparent)]
    Guest(#[from] GuestSettingsError),
    /// The features of a GPU are named twice or out of order.
    #[error("the features of a GPU must be named once each, in the order of the reference")]
    GpuFeatures,
    /// Trials may use a GPU, but occupy none.
    #[error("trials are granted a GPU, but `resource.num_gpus` is 0; it must be greater, such as 1 or 0.5")]
    GpuUnoccupied,
}

/// The first part in which two specifications differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecDifference {
    /// The name of the part.
    pub part: &'static str,
    /// What the one says.
    pub ours: String,
    /// What the other says.
    pub theirs: String,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { reward_attr: "accuracy".into(), time_attr: "epoch".into(), constraint_attr: None }
    }
}

/// Checks that a share of something is a finite number, not negative.
fn check_share(name: &'static str, share: f64) -> Result<(), SpecError> {
    if share.is_finite() && share >= 0.0 { Ok(()) } else { Err(SpecError::NotFinite(name)) }
}

/// The `time_attr` that is not reported: trials are compared at equal computation.
pub const FUEL_ATTRIBUTE: &str = "fuel";

impl Metrics {
    /// Whether the resource is the fuel itself instead of something that trials report.
    #[must_use]
    pub fn time_is_fuel(&self) -> bool {
        self.time_attr == FUEL_ATTRIBUTE
    }
}

impl Default for Resource {
    fn default() -> Self {
        Self { num_cpus: 1, num_gpus: 0.0 }
    }
}

impl Resource {
    /// Whether a trial that may use a GPU occupies one, or a part of one: with a grant `num_gpus` says so.
    ///
    /// # Errors
    /// If it occupies none.
    pub fn check_grant(&self) -> Result<(), SpecError> {
        if self.num_gpus > 0.0 { Ok(()) } else { Err(SpecError::GpuUnoccupied) }
    }
}

impl Default for Capacity {
    fn default() -> Self {
        Self { cpus: 8, gpus: 0.0 }
    }
}

impl StudySpec {
    /// A study of `space` with every option at its default, which has no end yet: set `num_trials` or `time_out`.
    #[must_use]
    pub fn new(name: impl Into<String>, space: Space, fuel_schedule: Digest) -> Self {
        Self {
            release: env!("CARGO_PKG_VERSION").to_owned(),
            fuel_schedule,
            name: name.into(),
            seed: Seed(31_415_927),
            component: None,
            data: BTreeMap::new(),
            space,
            metrics: Metrics::default(),
            scheduler: SchedulerSpec::default(),
            searcher: SearcherSpec::default(),
            num_trials: None,
            time_out: None,
            stop_jobs_after_time_out: true,
            max_reward: None,
            delay_get_config: true,
            training_history_searcher_info: false,
            resource: Resource::default(),
            capacity: Capacity::default(),
            limits: Limits::default(),
            float_mode: FloatMode::default(),
            clock: Clock::default(),
            points_to_evaluate: Vec::new(),
            allow_duplicates: false,
            trial_seeds: TrialSeeds::default(),
            replicates: Replicates::default(),
            guest: GuestSettings::default(),
            gpu: None,
        }
    }

    /// How many trials run at a time: as often as `resource` fits into `capacity`.
    ///
    /// # Errors
    /// If it does not fit once, or too often.
    pub fn slots(&self) -> Result<u32, SpecError> {
        if self.resource.num_cpus == 0 {
            return Err(SpecError::Zero("resource.num_cpus"));
        }
        let Capacity { cpus, gpus: there } = self.unreserved()?;
        let mut slots = u64::from(cpus / self.resource.num_cpus);
        if slots == 0 {
            return Err(SpecError::TooLarge {
                what: "num_cpus",
                asked: f64::from(self.resource.num_cpus),
                there: f64::from(cpus),
            });
        }
        let gpus = self.resource.num_gpus;
        check_share("resource.num_gpus", gpus)?;
        if gpus > 0.0 {
            // A tenth of a GPU fits ten times, whatever the last bit of the quotient.
            let fits = (there / gpus + 1e-9).floor();
            if fits < 1.0 {
                return Err(SpecError::TooLarge { what: "num_gpus", asked: gpus, there });
            }
            slots = slots.min(fits as u64);
        }
        if slots > u64::from(SLOTS_MAX) {
            return Err(SpecError::TooManySlots(slots));
        }
        Ok(slots as u32)
    }

    /// The capacity without what the scheduler keeps for itself.
    fn unreserved(&self) -> Result<Capacity, SpecError> {
        let ControllerResource { num_cpus, num_gpus } = self.scheduler.reserved();
        check_share("scheduler.controller_resource.num_gpus", num_gpus)?;
        check_share("capacity.gpus", self.capacity.gpus)?;
        let cpus = self.capacity.cpus.saturating_sub(num_cpus);
        Ok(Capacity { cpus, gpus: (self.capacity.gpus - num_gpus).max(0.0) })
    }

    /// Checks what the types do not.
    ///
    /// # Errors
    /// Names the first part that is not well formed.
    pub fn check(&self) -> Result<(), SpecError> {
        if self.num_trials.is_none() && self.time_out.is_none() {
            return Err(SpecError::Endless);
        }
        if self.num_trials == Some(0) {
            return Err(SpecError::Zero("num_trials"));
        }
        if self.time_out == Some(VirtualTime(0)) {
            return Err(SpecError::Zero("time_out"));
        }
        if self.searcher == (SearcherSpec::Grid(GridSpec { points: 0 })) {
            return Err(SpecError::Zero("searcher.points"));
        }
        self.check_searcher()?;
        if let SearcherSpec::Component(component) = &self.searcher {
            component.check()?;
        }
        if let SchedulerSpec::Hyperband(hyperband) = &self.scheduler {
            hyperband.check()?;
        }
        self.check_rl()?;
        self.check_points()?;
        if !(1..=REPLICATES_MAX).contains(&self.replicates.count) {
            return Err(SpecError::Replicates(self.replicates.count));
        }
        self.guest.check()?;
        let Metrics { reward_attr, time_attr, constraint_attr } = &self.metrics;
        let empty =
            reward_attr.is_empty() || time_attr.is_empty() || constraint_attr.as_ref().is_some_and(String::is_empty);
        if empty || reward_attr == time_attr {
            return Err(SpecError::Metrics);
        }
        if self.max_reward.is_some_and(|reward| !reward.is_finite()) {
            return Err(SpecError::NotFinite("max_reward"));
        }
        for &limit in super::Limit::ALL {
            let (value, range) = (self.limits.get(limit), limit.range());
            if !range.contains(&value) {
                let (least, most) = range.into_inner();
                return Err(SpecError::Limit { name: limit.name(), value, least, most });
            }
        }
        if let Some(gpu) = &self.gpu {
            gpu.grant.check()?;
            self.resource.check_grant()?;
        }
        self.slots().map(|_| ())
    }

    fn check_points(&self) -> Result<(), SpecError> {
        if self.allow_duplicates && !self.searcher.can_repeat() {
            return Err(SpecError::NoDuplicates(self.searcher.name()));
        }
        if self.points_to_evaluate.len() > POINTS_MAX {
            return Err(SpecError::TooManyPoints(self.points_to_evaluate.len()));
        }
        for (number, point) in (1..).zip(&self.points_to_evaluate) {
            self.space.check(point).map_err(|error| SpecError::Point { number, error })?;
        }
        Ok(())
    }

    /// Checks the scheduler and the searcher `rl`, and that each has the other or one that it goes with.
    fn check_rl(&self) -> Result<(), SpecError> {
        let pair = |allowed| {
            let (scheduler, searcher) = (self.scheduler.name(), self.searcher.name());
            Err(SpecError::Searcher { scheduler, searcher, allowed })
        };
        match (&self.scheduler, &self.searcher) {
            (SchedulerSpec::Rl(rl), SearcherSpec::Rl(controller)) if rl.batch() != controller.batch => {
                return Err(SpecError::Batch { scheduler: rl.batch(), searcher: controller.batch });
            }
            (SchedulerSpec::Rl(RlSpec { controller_batch_size: 0, .. }), _) => {
                return Err(SpecError::Zero("scheduler.controller_batch_size"));
            }
            (SchedulerSpec::Rl(_) | SchedulerSpec::Fifo, SearcherSpec::Rl(_)) => {}
            (SchedulerSpec::Rl(_), _) => return pair("`rl` only"),
            // Rewards of trials that were stopped at different levels have no baseline in common.
            (SchedulerSpec::Hyperband(_), SearcherSpec::Rl(_)) => return pair("every other"),
            _ => {}
        }
        match &self.searcher {
            SearcherSpec::Rl(controller) => Ok(controller.check(&self.space)?),
            _ => Ok(()),
        }
    }

    fn check_searcher(&self) -> Result<(), SpecError> {
        let is_constrained = self.searcher.needs_constraint();
        if let SearcherSpec::Bayesopt(options) | SearcherSpec::ConstrainedBayesopt(options) = &self.searcher {
            options.check(self.scheduler.max_t().is_some(), is_constrained)?;
        }
        match &self.metrics.constraint_attr {
            None if is_constrained => Err(SpecError::NoConstraint(self.searcher.name())),
            _ => Ok(()),
        }
    }

    /// The searcher at its start.
    #[must_use]
    pub fn build_searcher(&self) -> Box<dyn Searcher> {
        let ends = self.scheduler.first_milestone().zip(self.scheduler.max_t());
        let range = ends.map(|(first, last)| ResourceRange { first, last });
        self.searcher.build(&self.space, self.seed, range)
    }

    /// The digest of the specification.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of_canonical(self)
    }

    /// The first part in which this specification differs from another, if it does.
    #[must_use]
    pub fn difference(&self, theirs: &Self) -> Option<SpecDifference> {
        macro_rules! first_difference {
            ($($part:ident),+ $(,)?) => {
                // Names every field, so that a new one cannot be forgotten here.
                let Self { $($part: _),+ } = self;
                $(if Digest::of_canonical(&self.$part) != Digest::of_canonical(&theirs.$part) {
                    return Some(SpecDifference {
                        part: stringify!($part),
                        ours: shown(&self.$part),
                        theirs: shown(&theirs.$part),
                    });
                })+
            };
        }
        first_difference!(
            release,
            fuel_schedule,
            name,
            seed,
            component,
            data,
            space,
            metrics,
            scheduler,
            searcher,
            num_trials,
            time_out,
            stop_jobs_after_time_out,
            max_reward,
            delay_get_config,
            training_history_searcher_info,
            resource,
            capacity,
            limits,
            float_mode,
            clock,
            points_to_evaluate,
            allow_duplicates,
            trial_seeds,
            replicates,
            guest,
            gpu,
        );
        None
    }
}

fn shown<T: fmt::Debug>(part: &T) -> String {
    format!("{part:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn study() -> StudySpec {
        let space = Space::new(Vec::new()).unwrap();
        StudySpec { num_trials: Some(1), ..StudySpec::new("study", space, Digest::of(b"schedule")) }
    }

    #[test]
    fn malformed_specifications_are_refused_by_the_part_that_is_wrong() {
        type Change = fn(&mut StudySpec);
        let not_finite = SpecError::NotFinite;
        let table: [(Change, SpecError); 17] = [
            (|spec| spec.num_trials = None, SpecError::Endless),
            (|spec| spec.num_trials = Some(0), SpecError::Zero("num_trials")),
            (|spec| spec.time_out = Some(VirtualTime(0)), SpecError::Zero("time_out")),
            (|spec| spec.max_reward = Some(f64::NAN), not_finite("max_reward")),
            (|spec| spec.max_reward = Some(f64::INFINITY), not_finite("max_reward")),
            (|spec| spec.resource.num_cpus = 0, SpecError::Zero("resource.num_cpus")),
            (|spec| spec.resource.num_gpus = -1.0, not_finite("resource.num_gpus")),
            (|spec| spec.resource.num_gpus = f64::NAN, not_finite("resource.num_gpus")),
            (|spec| spec.capacity.gpus = f64::INFINITY, not_finite("capacity.gpus")),
            (|spec| spec.capacity.gpus = -1.0, not_finite("capacity.gpus")),
            (|spec| spec.resource.num_cpus = 9, SpecError::TooLarge { what: "num_cpus", asked: 9.0, there: 8.0 }),
            (|spec| spec.capacity.cpus = 0, SpecError::TooLarge { what: "num_cpus", asked: 1.0, there: 0.0 }),
            (|spec| spec.resource.num_gpus = 0.5, SpecError::TooLarge { what: "num_gpus", asked: 0.5, there: 0.0 }),
            (|spec| spec.capacity.cpus = SLOTS_MAX + 1, SpecError::TooManySlots(u64::from(SLOTS_MAX) + 1)),
            (
                |spec| spec.limits.fuel_max = 0,
                SpecError::Limit { name: "fuel_max", value: 0, least: 1, most: 1_000_000_000_000_000 },
            ),
            (
                |spec| spec.limits.attributes_max = 10_001,
                SpecError::Limit { name: "attributes_max", value: 10_001, least: 1, most: 10_000 },
            ),
            (
                |spec| spec.limits.failure_bytes_max = u64::MAX,
                SpecError::Limit { name: "failure_bytes_max", value: u64::MAX, least: 0, most: 1 << 20 },
            ),
        ];
        for (change, error) in table {
            let mut spec = study();
            change(&mut spec);
            assert_eq!(spec.check(), Err(error));
        }
        assert_eq!(study().check(), Ok(()));
    }

    #[test]
    fn there_are_as_many_slots_as_the_resource_fits_into_the_capacity() {
        let table = [
            ((1, 0.0), (8, 0.0), 8),
            ((3, 0.0), (8, 0.0), 2),
            ((1, 0.5), (8, 2.0), 4),
            ((2, 0.25), (8, 2.0), 4),
            ((1, 0.1), (100, 1.0), 10),
            ((1, 0.3), (100, 0.9), 3),
            ((1, 1e-300), (8, 1.0), 8),
            ((1, 0.0), (SLOTS_MAX, 0.0), SLOTS_MAX),
        ];
        for ((num_cpus, num_gpus), (cpus, gpus), slots) in table {
            let mut spec = study();
            spec.resource = Resource { num_cpus, num_gpus };
            spec.capacity = Capacity { cpus, gpus };
            assert_eq!(spec.slots(), Ok(slots), "{num_cpus} and {num_gpus} of {cpus} and {gpus}");
        }
    }

    #[test]
    fn a_specification_survives_json_with_its_digest() {
        let spec = StudySpec { max_reward: Some(0.1 + 0.2), time_out: Some(VirtualTime::LAST), ..study() };
        let read: StudySpec = serde_json::from_str(&serde_json::to_string(&spec).unwrap()).unwrap();
        assert_eq!((spec.difference(&read), spec.digest()), (None, read.digest()));
    }
}
