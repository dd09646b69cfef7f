//! The options of `bayesopt` and `constrained_bayesopt`, with the names and defaults of the original (`autogluon.core`).
//!
//! Talks to nobody.

use serde::{Deserialize, Serialize};

/// How the candidates for a trial are put in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InitialScoring {
    /// By a draw from each candidate's own predicted distribution.
    ThompsonIndep,
    /// By what the search around the best maximises: expected improvement, or with a constraint the product of that and the
    /// probability that it holds.
    AcqFunc,
}

/// How the resource enters the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceKernel {
    /// As a further coordinate.
    #[default]
    Matern52,
    /// The same, bent first as the data ask.
    Matern52ResWarp,
    /// Learning curves are what they end at, plus something that decays exponentially and does not depend on that.
    ExpDecaySum,
    /// Between the one before and the next, as the data ask.
    ExpDecayCombined,
    /// Learning curves begin alike, and come to what they end at as something decays exponentially.
    ExpDecayDelta1,
}

/// At which level of the resource candidates are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceAcq {
    /// At the largest with enough rewards, or else at the lowest that has any.
    #[default]
    Bohb,
    /// Where the trial is compared with others first.
    First,
}

/// How a reward becomes what learning curves are of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MapReward {
    /// 1 less the reward.
    #[default]
    #[serde(rename = "1_minus_x")]
    OneMinusX,
    /// 0 less the reward.
    #[serde(rename = "minus_x")]
    MinusX,
}

/// The options of `bayesopt`, and of `constrained_bayesopt`. Those that are none have a default that depends on the study, or make
/// no sense in every study.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BayesoptSpec {
    /// Whether the first suggestion is the default configuration.
    pub first_is_default: bool,
    /// How many configurations are suggested before the model is asked; drawn at random, but for the default. By default 3, and
    /// 10 where trials report at levels of a resource.
    pub num_init_random: Option<u32>,
    /// How many random configurations are scored for each trial.
    pub num_init_candidates: u32,
    /// How often rewards are made up for what is pending.
    pub num_fantasy_samples: u32,
    /// How the candidates are put in order. By default by draws, and by what they promise where there is a constraint, which
    /// allows nothing else.
    pub initial_scoring: Option<InitialScoring>,
    /// From how many starts the model's parameters are fitted.
    pub opt_nstarts: u32,
    /// How many steps are made from each.
    pub opt_maxiter: u32,
    /// Whether the first start is the last fit, not the initial values.
    pub opt_warmstart: bool,
    /// Up to how many rewards the model is fitted whenever there is news. Beyond, it is fitted from the last fit alone, once the
    /// rewards have become a sixteenth more, or 128.
    pub opt_skip_init_length: u32,
    /// Beyond `opt_skip_init_length`, how many new rewards there must be at least.
    pub opt_skip_period: u32,
    /// Beyond `opt_skip_init_length`, whether one of them must be at the end of the resource. Levels only.
    pub opt_skip_num_max_resource: bool,
    /// How the resource enters the model; by default as a coordinate. Levels only.
    pub gp_resource_kernel: Option<ResourceKernel>,
    /// At which level candidates are looked at; by default the largest with enough rewards. Levels only.
    pub resource_acq: Option<ResourceAcq>,
    /// How many rewards are enough for that; by default as many as the encoding of a configuration has entries.
    pub resource_acq_bohb_threshold: Option<u32>,
    /// How a reward becomes what learning curves are of. The model's targets are normalised, so this decides on nothing but, with
    /// `min_reward`, on how high a decaying curve may begin.
    pub map_reward: MapReward,
    /// The smallest reward there may be, by default 0. For kernels that decay only.
    pub min_reward: Option<f64>,
}

/// An option makes no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BayesoptError {
    /// A number is out of its range.
    #[error("`{option}` is {value}; it must be from {least} to {most}")]
    Range {
        /// Which.
        option: &'static str,
        /// Its value.
        value: u32,
        /// The smallest that it may be.
        least: u32,
        /// The largest that it may be.
        most: u32,
    },
    /// An option is about levels, and there are none.
    #[error("`{option}` is about levels of a resource: it needs the scheduler `hyperband`")]
    NoLevels {
        /// Which.
        option: &'static str,
    },
    /// A threshold for a rule that is not in force.
    #[error("`resource_acq_bohb_threshold` needs `resource_acq` to be `bohb`")]
    NoThreshold,
    /// The smallest reward, for a kernel that does not ask.
    #[error(
        "`min_reward` needs `gp_resource_kernel` to be `exp-decay-sum`, `exp-decay-combined` or `exp-decay-delta1`"
    )]
    NoDecay,
    /// Learning curves would have no height.
    #[error("`min_reward` is {value}; with `map_reward` = `{map_reward}` it must be a number below {below}")]
    MinReward {
        /// Its value.
        value: f64,
        /// By its name in study files.
        map_reward: &'static str,
        /// What it must be below.
        below: f64,
    },
    /// Draws know no constraint.
    #[error("`initial_scoring` must be `acq_func` with the searcher `constrained_bayesopt`")]
    OnlyAcqFunc,
}

impl BayesoptError {
    /// The option that is wrong.
    #[must_use]
    pub fn option(&self) -> &'static str {
        match self {
            Self::Range { option, .. } | Self::NoLevels { option } => option,
            Self::NoThreshold => "resource_acq_bohb_threshold",
            Self::NoDecay | Self::MinReward { .. } => "min_reward",
            Self::OnlyAcqFunc => "initial_scoring",
        }
    }
}

/// Where a number of the options is.
pub(crate) enum Place<'a> {
    /// It always has a value.
    Always(&'a mut u32),
    /// It has a default that depends on the study.
    Perhaps(&'a mut Option<u32>),
}

impl Place<'_> {
    fn get(&self) -> Option<u32> {
        match self {
            Self::Always(value) => Some(**value),
            Self::Perhaps(value) => **value,
        }
    }

    /// Gives it a value.
    #[cfg(feature = "engine")]
    pub(crate) fn set(self, number: u32) {
        match self {
            Self::Always(value) => *value = number,
            Self::Perhaps(value) => *value = Some(number),
        }
    }
}

impl ResourceKernel {
    /// Each with its name in study files.
    #[cfg(any(feature = "engine", test))]
    pub(crate) const NAMED: [(&'static str, Self); 5] = [
        ("matern52", Self::Matern52),
        ("matern52-res-warp", Self::Matern52ResWarp),
        ("exp-decay-sum", Self::ExpDecaySum),
        ("exp-decay-combined", Self::ExpDecayCombined),
        ("exp-decay-delta1", Self::ExpDecayDelta1),
    ];

    /// Whether targets decay with the resource.
    fn decays(self) -> bool {
        matches!(self, Self::ExpDecaySum | Self::ExpDecayCombined | Self::ExpDecayDelta1)
    }
}

impl MapReward {
    /// The name in study files, and which reward becomes 0.
    fn parts(self) -> (&'static str, f64) {
        match self {
            Self::OneMinusX => ("1_minus_x", 1.0),
            Self::MinusX => ("minus_x", 0.0),
        }
    }
}

impl Default for BayesoptSpec {
    fn default() -> Self {
        Self {
            first_is_default: true,
            num_init_random: None,
            num_init_candidates: 250,
            num_fantasy_samples: 20,
            initial_scoring: None,
            opt_nstarts: 2,
            opt_maxiter: 50,
            opt_warmstart: false,
            opt_skip_init_length: 150,
            opt_skip_period: 1,
            opt_skip_num_max_resource: false,
            gp_resource_kernel: None,
            resource_acq: None,
            resource_acq_bohb_threshold: None,
            map_reward: MapReward::default(),
            min_reward: None,
        }
    }
}

impl BayesoptSpec {
    /// Whether the options make sense, in a study with or without levels of a resource, and with or without a constraint in
    /// the model.
    ///
    /// # Errors
    /// The first that does not. The upper ends of ranges bound what one suggestion costs.
    pub fn check(&self, has_levels: bool, is_constrained: bool) -> Result<(), BayesoptError> {
        let mut copy = *self;
        for (option, place, least, most) in copy.numbers() {
            if let Some(value) = place.get().filter(|value| !(least..=most).contains(value)) {
                return Err(BayesoptError::Range { option, value, least, most });
            }
        }
        if is_constrained && self.initial_scoring == Some(InitialScoring::ThompsonIndep) {
            return Err(BayesoptError::OnlyAcqFunc);
        }
        match self.about_levels() {
            Some(option) if !has_levels => Err(BayesoptError::NoLevels { option }),
            _ => self.check_levels(),
        }
    }

    /// The first option that is given and makes no sense without levels.
    fn about_levels(&self) -> Option<&'static str> {
        let given = [
            ("gp_resource_kernel", self.gp_resource_kernel.is_some()),
            ("resource_acq", self.resource_acq.is_some()),
            ("resource_acq_bohb_threshold", self.resource_acq_bohb_threshold.is_some()),
            ("opt_skip_num_max_resource", self.opt_skip_num_max_resource),
            ("min_reward", self.min_reward.is_some()),
        ];
        given.into_iter().find(|(_, is_given)| *is_given).map(|(option, _)| option)
    }

    fn check_levels(&self) -> Result<(), BayesoptError> {
        if self.resource_acq == Some(ResourceAcq::First) && self.resource_acq_bohb_threshold.is_some() {
            return Err(BayesoptError::NoThreshold);
        }
        if !self.gp_resource_kernel.is_some_and(ResourceKernel::decays) {
            return if self.min_reward.is_some() { Err(BayesoptError::NoDecay) } else { Ok(()) };
        }
        let (height, (map_reward, below)) = (self.gamma_max(), self.map_reward.parts());
        if height > 0.0 && height.is_finite() {
            return Ok(());
        }
        Err(BayesoptError::MinReward { value: self.min_reward.unwrap_or(0.0), map_reward, below })
    }

    /// The largest height of a learning curve that decays.
    pub(super) fn gamma_max(&self) -> f64 {
        self.map_reward.parts().1 - self.min_reward.unwrap_or(0.0)
    }

    /// The options that are numbers: name, place, the smallest and the largest that it may be.
    pub(crate) fn numbers(&mut self) -> [(&'static str, Place<'_>, u32, u32); 8] {
        use Place::{Always, Perhaps};
        [
            ("num_init_random", Perhaps(&mut self.num_init_random), 1, 1_000_000),
            ("num_init_candidates", Always(&mut self.num_init_candidates), 5, 10_000),
            ("num_fantasy_samples", Always(&mut self.num_fantasy_samples), 1, 1_000),
            ("opt_nstarts", Always(&mut self.opt_nstarts), 1, 100),
            ("opt_maxiter", Always(&mut self.opt_maxiter), 1, 1_000),
            ("opt_skip_init_length", Always(&mut self.opt_skip_init_length), 0, 1_000_000),
            ("opt_skip_period", Always(&mut self.opt_skip_period), 1, 1_000),
            ("resource_acq_bohb_threshold", Perhaps(&mut self.resource_acq_bohb_threshold), 1, 1_000_000),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_make_no_sense_together_are_named_with_what_they_need() {
        let with = |change: fn(&mut BayesoptSpec)| {
            let mut spec = BayesoptSpec::default();
            change(&mut spec);
            spec
        };
        let decaying = |map_reward, min_reward| BayesoptSpec {
            gp_resource_kernel: Some(ResourceKernel::ExpDecaySum),
            map_reward,
            min_reward,
            ..BayesoptSpec::default()
        };
        let no_height = |value, map_reward, below| Err(BayesoptError::MinReward { value, map_reward, below });
        let no_levels = |option| Err(BayesoptError::NoLevels { option });
        let table = [
            (
                with(|spec| spec.gp_resource_kernel = Some(ResourceKernel::Matern52)),
                false,
                no_levels("gp_resource_kernel"),
            ),
            (with(|spec| spec.resource_acq = Some(ResourceAcq::Bohb)), false, no_levels("resource_acq")),
            (with(|spec| spec.resource_acq_bohb_threshold = Some(3)), false, no_levels("resource_acq_bohb_threshold")),
            (with(|spec| spec.opt_skip_num_max_resource = true), false, no_levels("opt_skip_num_max_resource")),
            (with(|spec| spec.min_reward = Some(0.0)), false, no_levels("min_reward")),
            (with(|spec| spec.min_reward = Some(0.0)), true, Err(BayesoptError::NoDecay)),
            (
                with(|spec| {
                    spec.resource_acq = Some(ResourceAcq::First);
                    spec.resource_acq_bohb_threshold = Some(3);
                }),
                true,
                Err(BayesoptError::NoThreshold),
            ),
            (decaying(MapReward::OneMinusX, None), true, Ok(())),
            (decaying(MapReward::OneMinusX, Some(1.0)), true, no_height(1.0, "1_minus_x", 1.0)),
            (
                decaying(MapReward::OneMinusX, Some(f64::NEG_INFINITY)),
                true,
                no_height(f64::NEG_INFINITY, "1_minus_x", 1.0),
            ),
            (decaying(MapReward::MinusX, None), true, no_height(0.0, "minus_x", 0.0)),
            (decaying(MapReward::MinusX, Some(-2.0)), true, Ok(())),
        ];
        for (spec, has_levels, expected) in table {
            assert_eq!(spec.check(has_levels, false), expected);
        }
        let drawn = with(|spec| spec.initial_scoring = Some(InitialScoring::ThompsonIndep));
        assert_eq!(drawn.check(false, true), Err(BayesoptError::OnlyAcqFunc));
    }

    #[test]
    fn kernels_have_the_same_names_everywhere() {
        for (name, kernel) in ResourceKernel::NAMED {
            assert_eq!(serde_json::to_value(kernel).unwrap(), name);
        }
    }
}
