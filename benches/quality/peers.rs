//! The curves of other tools, measured by the same protocol.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::curve::Curve;

#[derive(Deserialize)]
struct Recorded {
    workers: u32,
    seeds: usize,
    points: Vec<f64>,
    lower: Vec<f64>,
    median: Vec<f64>,
    upper: Vec<f64>,
}

/// The tools that were measured on a table, by name.
pub fn of(table: &str) -> Vec<(String, Curve)> {
    let all: BTreeMap<String, BTreeMap<String, Recorded>> = serde_json::from_str(include_str!("peers.json")).unwrap();
    let curve = |(name, recorded): (String, Recorded)| {
        let Recorded { workers, seeds, points, lower, median, upper } = recorded;
        (name, Curve { workers, seeds, points, lower, median, upper, cost: None })
    };
    all.into_iter()
        .find(|(name, _)| name == table)
        .map_or_else(Vec::new, |(_, tools)| tools.into_iter().map(curve).collect())
}
