//! Grid search: every combination, in the original's order.

use serde::{Deserialize, Serialize};

use super::seen::Seen;
use super::{Searcher, SuggestContext};
use crate::space::{Config, Domain, Parameter, Space, Value};

/// How many values of an interval are tried when the study does not say.
pub const GRID_POINTS_DEFAULT: u32 = 5;

/// The options of the searcher `grid`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GridSpec {
    /// How many values of each interval of reals, and of each interval of more integers than that, are tried.
    pub points: u32,
}

/// Goes through all combinations of the parameters' values.
///
/// The order is the original's: parameters ascending by flattened name, starting with the last value of each, the last
/// parameter varying fastest, downwards. Where a choice makes a parameter inactive, its values are not repeated; there the
/// choice stands before what depends on it. Intervals, which the original refuses, are tried at evenly spaced points.
pub struct GridSearcher {
    combinations: Combinations,
    /// Those that are tried first, and left out here.
    points: Seen,
}

/// All combinations of a space, lazily.
pub(super) struct Combinations {
    space: Space,
    /// The searched parameters with their values, choices before what depends on them.
    axes: Vec<Axis>,
    /// The value of each axis in the next combination; none when all were given.
    next: Option<Vec<usize>>,
}

struct Axis {
    parameter: Parameter,
    values: Vec<Value>,
}

impl Default for GridSpec {
    fn default() -> Self {
        Self { points: GRID_POINTS_DEFAULT }
    }
}

impl GridSearcher {
    /// A searcher at its first combination, with `points` values for each interval (at least 1).
    #[must_use]
    pub fn new(space: &Space, points: u32) -> Self {
        Self { combinations: Combinations::new(space, u64::from(points.max(1))), points: Seen::new() }
    }

    /// All configurations of a space without intervals of reals.
    pub(super) fn all(space: &Space) -> Combinations {
        Combinations::new(space, u64::MAX)
    }
}

impl Searcher for GridSearcher {
    fn is_oblivious(&self) -> bool {
        true
    }

    fn note_point(&mut self, point: &Config) {
        self.points.insert(point.key());
    }

    fn suggest(&mut self, _context: &SuggestContext) -> Option<Config> {
        let Self { combinations, points } = self;
        combinations.find(|config| !points.contains(&config.key()))
    }
}

impl Combinations {
    fn new(space: &Space, points: u64) -> Self {
        let axes: Vec<Axis> = parents_first(space)
            .into_iter()
            .map(|parameter| Axis { values: axis_values(&parameter.domain, points), parameter: parameter.clone() })
            .collect();
        let mut combinations = Self { space: space.clone(), axes, next: None };
        let mut first = vec![0; combinations.axes.len()];
        combinations.reset_after(&mut first, 0);
        combinations.next = Some(first);
        combinations
    }

    /// Sets the axes from `position` on to their last values; inactive ones to their only turn, 0.
    fn reset_after(&self, indices: &mut [usize], position: usize) {
        for axis in position..self.axes.len() {
            indices[axis] = if self.is_active(indices, axis) { self.axes[axis].values.len() - 1 } else { 0 };
        }
    }

    /// Whether the axis is active, given the values of those before it.
    fn is_active(&self, indices: &[usize], axis: usize) -> bool {
        let Some(condition) = &self.axes[axis].parameter.condition else { return true };
        let parent = self.axes[..axis].iter().position(|earlier| earlier.parameter.name == condition.parameter);
        parent.is_some_and(|parent| indices[parent] == condition.choice as usize && self.is_active(indices, parent))
    }

    fn config(&self, indices: &[usize]) -> Config {
        let values: Config = self
            .axes
            .iter()
            .zip(indices)
            .map(|(axis, &index)| (axis.parameter.name.clone(), axis.values[index].clone()))
            .collect();
        self.space.config_with(|parameter| values.get(&parameter.name).unwrap_or(&parameter.default).clone())
    }

    /// The combination after `indices`: the last active axis that can go down does, those after it begin anew.
    fn after(&self, mut indices: Vec<usize>) -> Option<Vec<usize>> {
        let axis = (0..indices.len()).rev().find(|&axis| indices[axis] > 0 && self.is_active(&indices, axis))?;
        indices[axis] -= 1;
        self.reset_after(&mut indices, axis + 1);
        Some(indices)
    }
}

impl Iterator for Combinations {
    type Item = Config;

    fn next(&mut self) -> Option<Config> {
        let indices = self.next.take()?;
        let config = self.config(&indices);
        self.next = self.after(indices);
        Some(config)
    }
}

/// The searched parameters in the order of the encoding, except that a choice goes before what depends on it.
fn parents_first(space: &Space) -> Vec<&Parameter> {
    let mut placed: Vec<&Parameter> = Vec::new();
    let mut waiting: Vec<&Parameter> = space.searched().collect();
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|parameter| {
            let parent = parameter.condition.as_ref().map(|condition| &condition.parameter);
            parent.is_none_or(|parent| placed.iter().any(|earlier| earlier.name == *parent))
        });
        // A valid space has no cycle: conditions name earlier parameters, so some parameter is always ready.
        placed.push(waiting.remove(ready.unwrap_or(0)));
    }
    placed
}

fn axis_values(domain: &Domain, points: u64) -> Vec<Value> {
    // From 0 to 1; a single point stands in the middle.
    let position = |index: u64| if points == 1 { 0.5 } else { index as f64 / (points - 1) as f64 };
    match domain {
        Domain::Real(range) => {
            let mut values: Vec<f64> = (0..points).map(|index| range.at(position(index))).collect();
            values.dedup();
            values.into_iter().map(Value::Real).collect()
        }
        Domain::Integer(range) if range.count() <= points => (range.lower..=range.upper).map(Value::Integer).collect(),
        Domain::Integer(range) => {
            let mut values: Vec<i64> = (0..points).map(|index| range.at(position(index))).collect();
            values.dedup();
            values.into_iter().map(Value::Integer).collect()
        }
        Domain::Boolean => vec![Value::Boolean(false), Value::Boolean(true)],
        Domain::Choice(values) => values.clone(),
        Domain::Constant(value) => vec![value.clone()],
    }
}
