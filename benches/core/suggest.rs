//! What one suggestion of `bayesopt`, `constrained_bayesopt` and `auto` costs, by the number of rewards that it rests on.

use std::time::Instant;

use trialbox::numeric::amount::{Seed, TrialId, VirtualTime};
use trialbox::numeric::random::{Purpose, Stream};
use trialbox::searcher::{
    AutoSpec, BayesoptSpec, Observation, ObservationKind, ResourceKernel, ResourceRange, SearcherSpec, SuggestContext,
};
use trialbox::space::{Config, Domain, Parameter, RealRange, Space};

const DIMENSIONS: usize = 8;
/// How many suggestions are timed in a row, each with one reward more.
const SUGGESTIONS: u64 = 20;
/// How many trials are pending at each.
const PENDING: u64 = 3;

/// The levels of the resource that trials report at, where there are any: of each three trials one goes on to the next.
const LEVELS: [u64; 4] = [1, 3, 9, 27];

/// Prints the median and the longest of some suggestions in a row; the first fits the model.
pub fn suggest() {
    println!("| `bayesopt`, {DIMENSIONS} reals, {PENDING} pending | first, ms | median, ms | longest, ms | goal, ms |");
    println!("| --- | --- | --- | --- | --- |");
    for (rewards, goal) in [(50, ""), (100, ""), (150, ""), (200, "≤ 50"), (1_000, "≤ 500"), (5_000, "")] {
        print_row(&format!("{rewards} rewards"), times(rewards, &searcher(None, false), 1), goal);
    }
    let kernels = [("matern52", ResourceKernel::Matern52), ("exp-decay-combined", ResourceKernel::ExpDecayCombined)];
    for (name, kernel) in kernels {
        for (rewards, goal) in [(200, "≤ 50"), (1_000, "≤ 500"), (5_000, "")] {
            let times = times(rewards, &searcher(Some(kernel), false), LEVELS.len());
            print_row(&format!("{rewards} rewards at {} levels, `{name}`", LEVELS.len()), times, goal);
        }
    }
    for rewards in [200, 1_000] {
        print_row(&format!("{rewards} rewards, `constrained_bayesopt`"), times(rewards, &searcher(None, true), 1), "");
    }
    let auto = SearcherSpec::Auto(AutoSpec::default());
    for (rewards, goal) in [(50, ""), (200, "≤ 20"), (100_000, "≤ 20")] {
        print_row(&format!("{rewards} rewards, `auto`"), times(rewards, &auto, 1), goal);
        let levels = format!("{rewards} rewards at {} levels, `auto`", LEVELS.len());
        print_row(&levels, times(rewards, &auto, LEVELS.len()), goal);
    }
}

fn searcher(gp_resource_kernel: Option<ResourceKernel>, is_constrained: bool) -> SearcherSpec {
    let options = BayesoptSpec { gp_resource_kernel, ..BayesoptSpec::default() };
    if is_constrained { SearcherSpec::ConstrainedBayesopt(options) } else { SearcherSpec::Bayesopt(options) }
}

fn print_row(what: &str, mut times: Vec<f64>, goal: &str) {
    let first = times[0];
    times.sort_by(f64::total_cmp);
    let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
    println!("| {what} | {first:.1} | {median:.1} | {longest:.1} | {goal} |");
}

fn times(rewards: u64, spec: &SearcherSpec, levels: usize) -> Vec<f64> {
    let domain = Domain::Real(RealRange { lower: 0.0, upper: 1.0, log: false });
    let space = Space::new((0..DIMENSIONS).map(|index| Parameter::new(format!("x{index}"), domain.clone())).collect());
    let space = space.unwrap();
    let range = (levels > 1).then_some(ResourceRange { first: LEVELS[0], last: LEVELS[levels - 1] });
    let mut searcher = spec.build(&space, Seed(1), range);
    let (mut told, mut trials) = (0, 0);
    while told < rewards {
        let config = space.sample(&mut Stream::new(Seed(2), Purpose::Config, trials, 0));
        for (place, level) in LEVELS[..levels].iter().enumerate() {
            if trials % 3_u64.pow(place as u32) == 0 && told < rewards {
                let kind = rewarded(&config, *level);
                searcher.observe(&Observation { trial: TrialId(trials), config: &config, kind });
                told += 1;
            }
        }
        trials += 1;
    }
    let mut pending: Vec<(TrialId, Config)> = Vec::new();
    let mut times = Vec::new();
    for trial in (trials..trials + PENDING + SUGGESTIONS).map(TrialId) {
        let begin = Instant::now();
        let context = SuggestContext { trial, elapsed: VirtualTime(0), milestone: None };
        let config = searcher.suggest(&context).unwrap();
        times.push(begin.elapsed().as_secs_f64() * 1e3);
        let kind = ObservationKind::Pending { level: Some(1) };
        searcher.observe(&Observation { trial, config: &config, kind });
        pending.push((trial, config));
        if pending.len() as u64 > PENDING {
            let (trial, config) = pending.remove(0);
            searcher.observe(&Observation { trial, config: &config, kind: rewarded(&config, 1) });
        }
    }
    times
}

fn rewarded(config: &Config, level: u64) -> ObservationKind {
    let reward = reward(config) - 0.1 / level as f64;
    ObservationKind::Rewarded { level: Some(level), reward, constraint: Some(reward + 0.5) }
}

/// A hill, with some coordinates of more weight than others.
fn reward(config: &Config) -> f64 {
    let values = config.iter().filter_map(|(_, value)| value.as_number());
    values.enumerate().map(|(index, x)| (0.3 - x) * (x - 0.3) / (index + 1) as f64).sum()
}
