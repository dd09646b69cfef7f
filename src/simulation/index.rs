//! Which row of a table belongs to a configuration.

use std::collections::BTreeMap;

use super::table::Lookup;
use crate::space::{Config, ConfigKey, Space};

/// The rows, by their configurations. Of rows that are alike, the first counts.
pub(super) enum Index {
    /// By the configuration itself.
    Exact(BTreeMap<ConfigKey, u32>),
    /// By points of the unit cube, one row after the other.
    Nearest { size: usize, points: Vec<f64> },
}

impl Index {
    pub(super) fn new(lookup: Lookup, space: &Space) -> Self {
        match lookup {
            Lookup::Exact => Self::Exact(BTreeMap::new()),
            Lookup::Nearest => Self::Nearest { size: space.encoded_size(), points: Vec::new() },
        }
    }

    /// Adds the row of that number; its configuration is one of the space.
    pub(super) fn push(&mut self, row: u32, config: &Config, space: &Space) {
        match self {
            Self::Exact(rows) => {
                rows.entry(config.key()).or_insert(row);
            }
            Self::Nearest { points, .. } => points.extend(space.encode(config).unwrap_or_default()),
        }
    }

    /// The row of a configuration, if the table has one.
    pub(super) fn row(&self, config: &Config, space: &Space) -> Option<u32> {
        match self {
            Self::Exact(rows) => rows.get(&config.key()).copied(),
            // Every point is as near as any other.
            Self::Nearest { size: 0, .. } => Some(0),
            Self::Nearest { size, points } => nearest(&space.encode(config).ok()?, points.chunks_exact(*size)),
        }
    }
}

/// The first of the points with the least Euclidean distance.
fn nearest<'a>(from: &[f64], points: impl Iterator<Item = &'a [f64]>) -> Option<u32> {
    let mut best = None;
    let mut least = f64::INFINITY;
    for (row, point) in (0..).zip(points) {
        let mut distance = 0.0;
        for (one, two) in from.iter().zip(point) {
            distance += (one - two) * (one - two);
            if distance >= least {
                break;
            }
        }
        if distance < least {
            (best, least) = (Some(row), distance);
        }
    }
    best
}
