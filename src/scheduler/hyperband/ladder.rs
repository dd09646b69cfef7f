//! What both variants share: levels, quantiles and brackets, and how brackets lie over rung systems.
//!
//! Talks to `bracket` and to the specification. A rung is named by the index of its level in the full list, in every system.

use super::HyperbandSpec;
use super::bracket::BracketDraws;
use crate::scheduler::{NextJob, Placement};

/// Levels and brackets of a study.
pub(super) struct Ladder {
    /// The levels, rising.
    levels: Vec<u64>,
    /// The share of each level's trials that goes on.
    quantiles: Vec<f64>,
    max_t: u64,
    num_brackets: u32,
    /// Whether each bracket has rungs of its own.
    system_per_bracket: bool,
    draws: BracketDraws,
}

impl Ladder {
    pub(super) fn new(spec: &HyperbandSpec) -> Self {
        // A checked specification has a seed of 32 bits.
        let seed = spec.random_seed as u32;
        Self {
            levels: spec.levels(),
            quantiles: spec.quantiles(),
            max_t: spec.max_t,
            num_brackets: spec.num_brackets(),
            system_per_bracket: spec.rung_system_per_bracket,
            draws: BracketDraws::new(&spec.bracket_probabilities(), seed),
        }
    }

    pub(super) fn max_t(&self) -> u64 {
        self.max_t
    }

    /// The level of a rung; past the last rung, the end.
    pub(super) fn level(&self, rung: usize) -> u64 {
        self.levels.get(rung).copied().unwrap_or(self.max_t)
    }

    /// The level above a rung, if there is one.
    pub(super) fn level_above(&self, rung: usize) -> Option<u64> {
        self.levels.get(rung + 1).copied()
    }

    /// The highest rung whose level is at most `time`.
    pub(super) fn rung_at_or_below(&self, time: u64) -> Option<usize> {
        self.levels.partition_point(|level| *level <= time).checked_sub(1)
    }

    /// The rung whose level is `time`; none at `max_t` and beyond.
    pub(super) fn rung_at(&self, time: u64) -> Option<usize> {
        self.levels.binary_search(&time).ok().filter(|_| time < self.max_t)
    }

    /// How many rung systems there are.
    pub(super) fn num_systems(&self) -> usize {
        if self.system_per_bracket { self.num_brackets as usize } else { 1 }
    }

    /// The rung system of a bracket.
    pub(super) fn system_of(&self, bracket: u32) -> usize {
        if self.system_per_bracket { bracket as usize } else { 0 }
    }

    /// The bracket that a system belongs to; none where all share it.
    pub(super) fn bracket_of(&self, system: usize) -> Option<u32> {
        self.system_per_bracket.then_some(system as u32)
    }

    /// The lowest rung of a system.
    pub(super) fn lowest_rung(&self, system: usize) -> usize {
        // Of its own, a bracket's system is numbered as the bracket is; a shared one is system 0 and holds every level.
        system
    }

    /// Every system with what `make` gives for each of its rungs, the lowest first.
    pub(super) fn systems_of<R>(&self, make: impl Fn(f64) -> R) -> Vec<Vec<R>> {
        let system =
            |system| self.quantiles.iter().skip(self.lowest_rung(system)).map(|quantile| make(*quantile)).collect();
        (0..self.num_systems()).map(system).collect()
    }

    /// A bracket that exists.
    pub(super) fn bracket_within(&self, bracket: Option<u32>) -> u32 {
        bracket.unwrap_or(0).min(self.num_brackets - 1)
    }

    pub(super) fn draw(&mut self, forced: Option<u32>) -> u32 {
        self.draws.next(forced)
    }

    /// Where a new trial of the bracket begins.
    pub(super) fn start(&self, bracket: u32) -> NextJob {
        NextJob::Start(self.placement(bracket, self.level(bracket as usize)))
    }

    /// A job of the bracket that reaches `milestone` first.
    pub(super) fn placement(&self, bracket: u32, milestone: u64) -> Placement {
        let seen = self.levels.get(bracket as usize..).unwrap_or_default();
        let end = seen.last().is_none_or(|top| *top < self.max_t).then_some(self.max_t);
        let milestones = end.into_iter().chain(seen.iter().rev().copied()).collect();
        Placement { bracket: Some(bracket), milestone: Some(milestone), milestones }
    }
}
