//! What one suggestion and one update of `rl` cost, by the number of decisions, and how many trials a toy problem takes.

use std::time::Instant;

use trialbox::numeric::amount::{Seed, TrialId, VirtualTime};
use trialbox::searcher::{ControllerSpec, Observation, ObservationKind, RlSearcher, Searcher, SuggestContext};
use trialbox::space::{Config, Domain, Parameter, Space, Value};

/// How many options each decision has.
const OPTIONS: i64 = 5;
/// How many updates are timed.
const UPDATES: usize = 31;
/// How likely the best configuration is to be.
const LIKELY: f64 = 0.9;
/// When the toy problem is given up.
const TRIALS_MAX: u64 = 20_000;

/// Prints both tables.
pub fn controller() {
    println!("| `rl`, decisions between {OPTIONS} options, trials a batch | suggestion, ms | update, ms |");
    println!("| --- | --- | --- |");
    for (decisions, batch) in [(3, 1), (3, 8), (10, 1), (10, 8), (100, 1)] {
        let (suggestion, update) = times(decisions, batch);
        println!("| {decisions} decisions, {batch} trials | {suggestion:.2} | {update:.2} |");
    }
    println!();
    println!("| trials until the best of 24 has probability {LIKELY}, by trials a batch | seeds 1 to 9, rising |");
    println!("| --- | --- |");
    for batch in [1, 4, 8] {
        let mut trials: Vec<u64> = (1..=9).map(|seed| trials_until_likely(batch, seed)).collect();
        trials.sort_unstable();
        println!("| {batch} | {} |", trials.iter().map(u64::to_string).collect::<Vec<_>>().join(", "));
    }
}

struct Run {
    searcher: RlSearcher,
    batch: u64,
    trials: u64,
}

impl Run {
    fn new(space: &Space, batch: u32, seed: u64) -> Self {
        let spec = ControllerSpec { batch, ..ControllerSpec::default() };
        Self { searcher: RlSearcher::new(space, Seed(seed), spec), batch: batch.into(), trials: 0 }
    }

    /// Runs a batch; milliseconds of a suggestion, and of the update.
    fn batch(&mut self, reward: impl Fn(&Config) -> f64) -> (f64, f64) {
        let trials = self.trials..self.trials + self.batch;
        self.trials = trials.end;
        let begin = Instant::now();
        let suggest = |trial| {
            let config = self.searcher.suggest(&SuggestContext { trial, elapsed: VirtualTime(0), milestone: None });
            (trial, config.unwrap())
        };
        let configs: Vec<(TrialId, Config)> = trials.map(TrialId).map(suggest).collect();
        let suggestion = begin.elapsed().as_secs_f64() * 1e3 / self.batch as f64;
        let begin = Instant::now();
        for (trial, config) in &configs {
            let rewarded = ObservationKind::Rewarded { level: None, reward: reward(config), constraint: None };
            for kind in [rewarded, ObservationKind::JobEnded] {
                self.searcher.observe(&Observation { trial: *trial, config, kind });
            }
        }
        (suggestion, begin.elapsed().as_secs_f64() * 1e3)
    }
}

fn times(decisions: usize, batch: u32) -> (f64, f64) {
    let domain = Domain::Choice((0..OPTIONS).map(Value::Integer).collect());
    let parameters = (0..decisions).map(|index| Parameter::new(format!("x{index}"), domain.clone()));
    let mut run = Run::new(&Space::new(parameters.collect()).unwrap(), batch, 1);
    let reward = |config: &Config| config.iter().filter_map(|(_, value)| value.as_number()).sum();
    let (suggestions, updates) = (0..UPDATES).map(|_| run.batch(reward)).unzip();
    let median = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[UPDATES / 2]
    };
    (median(suggestions), median(updates))
}

/// A choice among three, a boolean, and a choice among four that counts only together with the first.
fn trials_until_likely(batch: u32, seed: u64) -> u64 {
    let values = |count: i64| Domain::Choice((0..count).map(Value::Integer).collect());
    let parameters = [("a", values(3)), ("b", Domain::Boolean), ("c", values(4))];
    let parameters = parameters.map(|(name, domain)| Parameter::new(name, domain));
    let mut run = Run::new(&Space::new(parameters.into()).unwrap(), batch, seed);
    let wanted = [("a", Value::Integer(2)), ("b", Value::Boolean(true)), ("c", Value::Integer(1))];
    let best: Config = wanted.into_iter().collect();
    let reward = |config: &Config| {
        let [a, b, c] = ["a", "b", "c"].map(|name| config.get(name) == best.get(name));
        let part = |right: bool, share: f64| if right { share } else { 0.0 };
        part(a, 0.3) + part(b, 0.3) + part(a && c, 0.4)
    };
    while run.searcher.probability(&best) < LIKELY && run.trials < TRIALS_MAX {
        run.batch(reward);
    }
    run.trials
}
