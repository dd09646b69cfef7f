//! What one suggestion of `bayesopt` costs, by the number of rewards that it rests on.

use std::time::Instant;

use trialbox::numeric::amount::{Seed, TrialId, VirtualTime};
use trialbox::numeric::random::{Purpose, Stream};
use trialbox::searcher::{BayesoptSpec, Observation, ObservationKind, SearcherSpec, SuggestContext};
use trialbox::space::{Config, Domain, Parameter, RealRange, Space};

const DIMENSIONS: usize = 8;
/// How many suggestions are timed in a row, each with one reward more.
const SUGGESTIONS: u64 = 20;
/// How many trials are pending at each.
const PENDING: u64 = 3;

/// Prints the median and the longest of some suggestions in a row; the first fits the model.
pub fn suggest() {
    println!("| `bayesopt`, {DIMENSIONS} reals, {PENDING} pending | first, ms | median, ms | longest, ms | goal, ms |");
    println!("| --- | --- | --- | --- | --- |");
    for (rewards, goal) in [(50, ""), (100, ""), (150, ""), (200, "≤ 50"), (1_000, "≤ 500"), (5_000, "")] {
        let mut times = times(rewards);
        let first = times[0];
        times.sort_by(f64::total_cmp);
        let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
        println!("| {rewards} rewards | {first:.1} | {median:.1} | {longest:.1} | {goal} |");
    }
}

fn times(rewards: u64) -> Vec<f64> {
    let domain = Domain::Real(RealRange { lower: 0.0, upper: 1.0, log: false });
    let space = Space::new((0..DIMENSIONS).map(|index| Parameter::new(format!("x{index}"), domain.clone())).collect());
    let space = space.unwrap();
    let mut searcher = SearcherSpec::Bayesopt(BayesoptSpec::default()).build(&space, Seed(1));
    for trial in 0..rewards {
        let config = space.sample(&mut Stream::new(Seed(2), Purpose::Config, trial, 0));
        let kind = ObservationKind::Rewarded { level: Some(1), reward: reward(&config) };
        searcher.observe(&Observation { trial: TrialId(trial), config: &config, kind });
    }
    let mut pending: Vec<(TrialId, Config)> = Vec::new();
    let mut times = Vec::new();
    for trial in (rewards..rewards + PENDING + SUGGESTIONS).map(TrialId) {
        let begin = Instant::now();
        let config = searcher.suggest(&SuggestContext { trial, elapsed: VirtualTime(0) }).unwrap();
        times.push(begin.elapsed().as_secs_f64() * 1e3);
        let kind = ObservationKind::Pending { level: None };
        searcher.observe(&Observation { trial, config: &config, kind });
        pending.push((trial, config));
        if pending.len() as u64 > PENDING {
            let (trial, config) = pending.remove(0);
            let kind = ObservationKind::Rewarded { level: Some(1), reward: reward(&config) };
            searcher.observe(&Observation { trial, config: &config, kind });
        }
    }
    times
}

/// A hill, with some coordinates of more weight than others.
fn reward(config: &Config) -> f64 {
    let values = config.iter().filter_map(|(_, value)| value.as_number());
    values.enumerate().map(|(index, x)| (0.3 - x) * (x - 0.3) / (index + 1) as f64).sum()
}
