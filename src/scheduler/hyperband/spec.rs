//! The options of `hyperband`, what they must satisfy, and what follows from them: levels, quantiles, brackets.
//!
//! Talks to `level` and `bracket`. A specification is plain data and part of a study's digest.

use serde::{Deserialize, Serialize};

use super::{bracket, level};

/// How many levels `rung_levels` may list. Each bracket may have rungs of its own, so rungs can be many more than levels.
pub const RUNG_LEVELS_MAX: usize = 1_024;
/// The seed of the bracket draws unless another is given.
pub const RANDOM_SEED_DEFAULT: u64 = 31_415_927;

/// What becomes of a trial that is not among the best of a rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HyperbandKind {
    /// It is stopped, once and for all.
    Stopping,
    /// It is paused, and promoted when it is among the best later. Also known as ASHA.
    Promotion,
}

/// Which reports a searcher's model is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearcherData {
    /// Those at milestones.
    Rungs,
    /// All, but for repetitions after a promotion.
    All,
    /// Those at milestones, and the last of each trial.
    RungsAndLast,
}

/// The options of the scheduler `hyperband` (Li et al. 2018, arXiv 1810.05934).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HyperbandSpec {
    /// The variant; `variant` in study files, `type` in the original.
    pub kind: HyperbandKind,
    /// The resource at which every trial ends.
    pub max_t: u64,
    /// The lowest level, unless `rung_levels` are given.
    pub grace_period: u64,
    /// The ratio of a level to the one below, unless `rung_levels` are given.
    pub reduction_factor: u64,
    /// The levels, rising; none to derive them from the two options before.
    pub rung_levels: Option<Vec<u64>>,
    /// How many brackets are asked for. More than there are levels count as that many.
    pub brackets: u32,
    /// Whether each bracket has rungs of its own.
    pub rung_system_per_bracket: bool,
    /// What the searcher is told.
    pub searcher_data: SearcherData,
    /// The seed of the bracket draws, and of nothing else.
    pub random_seed: u64,
    /// Whether searchers may look at the rungs and at the running trials.
    pub do_snapshots: bool,
}

/// Options of `hyperband` that make no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HyperbandError {
    /// A number is too small.
    #[error("`{key}` must be at least {least}, not {value}")]
    TooSmall {
        /// The key in study files.
        key: &'static str,
        /// What it must be at least.
        least: u64,
        /// What it is.
        value: u64,
    },
    /// No trial could be compared before its end.
    #[error("`max_t` ({max_t}) must be greater than `grace_period` ({grace_period})")]
    GracePeriodTooLong {
        /// The end.
        max_t: u64,
        /// The lowest level.
        grace_period: u64,
    },
    /// The derived levels are fewer than two.
    #[error(
        "`grace_period` = {grace_period} and `reduction_factor` = {reduction_factor} give only one rung up to `max_t` = {max_t}; \
         at least two are needed: lower one of the first two, or raise `max_t`"
    )]
    OneRung {
        /// The lowest level.
        grace_period: u64,
        /// The ratio of levels.
        reduction_factor: u64,
        /// The end.
        max_t: u64,
    },
    /// A list of levels is too short or too long.
    #[error("`rung_levels` has {0} levels; it must have from 2 to {RUNG_LEVELS_MAX}")]
    LevelCount(usize),
    /// A level is 0.
    #[error("`rung_levels` must be positive integers")]
    LevelZero,
    /// A level is not greater than the one before.
    #[error("`rung_levels` must rise: {second} comes after {first}")]
    LevelsNotRising {
        /// A level.
        first: u64,
        /// The next.
        second: u64,
    },
    /// The last level is beyond the end.
    #[error("the last of `rung_levels` ({last}) must be at most `max_t` ({max_t})")]
    LevelBeyondEnd {
        /// The last level.
        last: u64,
        /// The end.
        max_t: u64,
    },
    /// The generator of bracket draws takes 32 bits.
    #[error("`random_seed` must be below 2³², not {0}")]
    SeedTooLarge(u64),
    /// Snapshots are made of running trials, which do not wait at rungs.
    #[error("`do_snapshots` needs `variant = \"stopping\"`")]
    SnapshotsOfPromotion,
}

impl HyperbandSpec {
    /// The usual options: levels 1, 3, 9, …, one bracket.
    #[must_use]
    pub fn new(kind: HyperbandKind, max_t: u64) -> Self {
        Self {
            kind,
            max_t,
            grace_period: 1,
            reduction_factor: 3,
            rung_levels: None,
            brackets: 1,
            rung_system_per_bracket: true,
            searcher_data: SearcherData::Rungs,
            random_seed: RANDOM_SEED_DEFAULT,
            do_snapshots: false,
        }
    }

    /// Whether the options make sense.
    ///
    /// # Errors
    /// The first that does not. `grace_period` and `reduction_factor` must be in their ranges even beside `rung_levels`, as in
    /// the original.
    pub fn check(&self) -> Result<(), HyperbandError> {
        at_least("max_t", 1, self.max_t)?;
        at_least("grace_period", 1, self.grace_period)?;
        at_least("reduction_factor", 2, self.reduction_factor)?;
        at_least("brackets", 1, u64::from(self.brackets))?;
        if u32::try_from(self.random_seed).is_err() {
            return Err(HyperbandError::SeedTooLarge(self.random_seed));
        }
        if self.do_snapshots && self.kind == HyperbandKind::Promotion {
            return Err(HyperbandError::SnapshotsOfPromotion);
        }
        match &self.rung_levels {
            Some(levels) => self.check_given(levels),
            None => self.check_derived(),
        }
    }

    fn check_given(&self, levels: &[u64]) -> Result<(), HyperbandError> {
        if !(2..=RUNG_LEVELS_MAX).contains(&levels.len()) {
            return Err(HyperbandError::LevelCount(levels.len()));
        }
        if levels.contains(&0) {
            return Err(HyperbandError::LevelZero);
        }
        if let Some(pair) = levels.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(HyperbandError::LevelsNotRising { first: pair[0], second: pair[1] });
        }
        match levels.last() {
            Some(&last) if last > self.max_t => Err(HyperbandError::LevelBeyondEnd { last, max_t: self.max_t }),
            _ => Ok(()),
        }
    }

    fn check_derived(&self) -> Result<(), HyperbandError> {
        let Self { grace_period, reduction_factor, max_t, .. } = *self;
        if max_t <= grace_period {
            return Err(HyperbandError::GracePeriodTooLong { max_t, grace_period });
        }
        if self.levels().len() < 2 {
            return Err(HyperbandError::OneRung { grace_period, reduction_factor, max_t });
        }
        Ok(())
    }

    /// The levels at which trials are compared, rising. One equal to `max_t` counts as a level and decides nothing.
    #[must_use]
    pub fn levels(&self) -> Vec<u64> {
        match &self.rung_levels {
            Some(levels) => levels.clone(),
            None => level::geometric(self.grace_period, self.reduction_factor, self.max_t),
        }
    }

    /// For each level, the share of its trials that is to go on.
    #[must_use]
    pub fn quantiles(&self) -> Vec<f64> {
        level::quantiles(&self.levels(), self.max_t)
    }

    /// How many brackets there are: as many as asked for, but at most one a level. Bracket s begins at the level of index s.
    #[must_use]
    pub fn num_brackets(&self) -> u32 {
        let levels = u32::try_from(self.levels().len()).unwrap_or(u32::MAX);
        self.brackets.min(levels).max(1)
    }

    /// How likely each bracket is to be drawn for a job. The sum is 1.
    #[must_use]
    pub fn bracket_probabilities(&self) -> Vec<f64> {
        bracket::probabilities(&self.levels(), self.num_brackets() as usize)
    }
}

fn at_least(key: &'static str, least: u64, value: u64) -> Result<(), HyperbandError> {
    if value < least { Err(HyperbandError::TooSmall { key, least, value }) } else { Ok(()) }
}
