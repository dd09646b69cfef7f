//! How much each parameter of a study mattered for its rewards.
//!
//! Reads the state of [`crate::study`] and the encoding of [`crate::space`]; plots and the report page show what comes out.

use std::collections::BTreeMap;

use crate::numeric::float::{Rank, exp};
use crate::numeric::print::Print;
use crate::space::{Config, Domain, Parameter, Value};
use crate::study::{StudySpec, StudyState, TrialStatus};

/// The share of the trials that counts as the best.
const BEST_SHARE: f64 = 0.1;
/// With fewer trials, and for a parameter that fewer trials have, nothing can be said.
const TRIALS_MIN: usize = 10;
/// In how many cells the density over an interval is measured.
const CELLS: usize = 50;
/// The least bandwidth of a kernel in cells: it leaves 90 % of a trial's weight in its own cell.
const BANDWIDTH_CELLS_MIN: f64 = 0.5 / 1.64;

/// How much one parameter mattered.
#[derive(Clone, Debug, PartialEq)]
pub struct Importance {
    /// The parameter's full name, as the component gave it.
    pub name: String,
    /// Its share of the whole, from 0 to 1.
    pub share: f64,
}

/// A trial that counts: its configuration, and its reward as a place in an order.
struct Rated<'a> {
    config: &'a Config,
    reward: Rank,
}

/// The parameters that are searched by how much they mattered, the most important first; shares add up to 1. None where fewer than ten
/// trials have a reward, or where nothing can be told apart.
///
/// By PED-ANOVA (Watanabe, Bansal, Hutter: "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces", IJCAI
/// 2023, with γ′ = 0.1 and γ = 1). For a parameter whose values have the density p among the best tenth of
/// the trials and q among all, the importance is the Pearson divergence
///
/// ```text
/// D(p ‖ q) = Σ (p(x) / q(x) − 1)² · q(x)
/// ```
///
/// over the cells x of the parameter's unit interval (50) or over its choices, divided by the sum of all parameters. Densities are
/// kernel estimates with Scott's bandwidth and one trial's weight spread evenly, as in the paper; of choices they are shares with the same
/// weight. Since only the order of rewards counts, a single huge reward changes nothing.
///
/// Beyond the paper: a parameter with a condition is measured among the trials that have it, and what comes out is multiplied by their
/// share of all. Trials that run are left out, each other counts with its last reward, and those that violate the study's constraint
/// are below all others.
#[must_use]
pub fn importances(spec: &StudySpec, state: &StudyState) -> Option<Vec<Importance>> {
    let rated = rated(state);
    if rated.len() < TRIALS_MIN {
        return None;
    }
    let mut importances: Vec<Importance> = (spec.space.searched())
        .map(|parameter| Importance { name: parameter.name.clone(), share: divergence(parameter, &rated) })
        .collect();
    let sum: f64 = importances.iter().map(|importance| importance.share).sum();
    if !(sum.is_finite() && sum > 0.0) {
        return None;
    }
    importances.iter_mut().for_each(|importance| importance.share /= sum);
    importances.sort_by(|one, other| other.share.total_cmp(&one.share));
    Some(importances)
}

fn rated(state: &StudyState) -> Vec<Rated<'_>> {
    let stopped = state.trials().iter().filter(|trial| trial.status != TrialStatus::Running);
    let rated = stopped.filter_map(|trial| {
        let reward = trial.reward.filter(|reward| reward.is_finite())?;
        let reward = if trial.feasible { reward } else { f64::NEG_INFINITY };
        Some(Rated { config: &trial.config, reward: Rank::of(reward) })
    });
    rated.collect()
}

/// The divergence between the best and all of the trials that have the parameter, weighted by their share.
fn divergence(parameter: &Parameter, rated: &[Rated]) -> f64 {
    let cells = Cells::of(&parameter.domain);
    let placed: Vec<(Rank, usize)> = (rated.iter())
        .filter_map(|trial| Some((trial.reward, cells.place(trial.config.get(&parameter.name)?)?)))
        .collect();
    let Some(bar) = bar(placed.iter().map(|(reward, _)| *reward).collect()) else { return 0.0 };
    let (mut best, mut all) = (vec![0.0; cells.count()], vec![0.0; cells.count()]);
    for (reward, cell) in &placed {
        all[*cell] += 1.0;
        if *reward >= bar {
            best[*cell] += 1.0;
        }
    }
    let (best, all) = (cells.density(&best), cells.density(&all));
    let divergence: f64 = best.iter().zip(&all).map(|(p, q)| (p / q - 1.0) * (p / q - 1.0) * q).sum();
    divergence * placed.len() as f64 / rated.len() as f64
}

/// The least reward that counts among the best; none where that cannot be told.
fn bar(mut rewards: Vec<Rank>) -> Option<Rank> {
    if rewards.len() < TRIALS_MIN {
        return None;
    }
    rewards.sort_unstable();
    let best = ((rewards.len() as f64 * BEST_SHARE).ceil() as usize).max(1);
    let (least, bar) = (*rewards.first()?, *rewards.get(rewards.len() - best)?);
    // Where the least reward is so common that it is among the best tenth, the best are all that are better than it.
    if bar > least { Some(bar) } else { rewards.iter().find(|reward| **reward > least).copied() }
}

/// The cells in which the values of a parameter are counted.
enum Cells<'a> {
    /// Equal parts of the unit interval, which has an order.
    Interval(&'a Domain),
    /// One for each value; by the print of the value.
    Values(BTreeMap<u128, usize>),
}

impl<'a> Cells<'a> {
    fn of(domain: &'a Domain) -> Self {
        let values = match domain {
            Domain::Real(_) | Domain::Integer(_) => return Self::Interval(domain),
            Domain::Boolean => vec![Value::Boolean(false), Value::Boolean(true)],
            Domain::Choice(values) => values.clone(),
            Domain::Constant(value) => vec![value.clone()],
        };
        Self::Values(values.iter().enumerate().map(|(index, value)| (print(value), index)).collect())
    }

    fn count(&self) -> usize {
        match self {
            Self::Interval(_) => CELLS,
            Self::Values(values) => values.len(),
        }
    }

    /// The cell of the value; none if it is not of the domain.
    fn place(&self, value: &Value) -> Option<usize> {
        let position = match (self, value) {
            (Self::Values(values), value) => return values.get(&print(value)).copied(),
            (Self::Interval(Domain::Real(range)), Value::Real(real)) => range.position(*real),
            (Self::Interval(Domain::Integer(range)), Value::Integer(integer)) => range.position(*integer),
            _ => return None,
        };
        // A position that is no number becomes cell 0.
        Some(((position * CELLS as f64) as usize).min(CELLS - 1))
    }

    /// The density over the cells of trials that were counted in them; it is nowhere 0 and adds up to 1.
    fn density(&self, counts: &[f64]) -> Vec<f64> {
        let (cells, trials) = (counts.len() as f64, counts.iter().sum::<f64>());
        let smooth = match self {
            Self::Values(_) => counts.to_vec(),
            Self::Interval(_) => smoothed(counts, scott_bandwidth(counts)),
        };
        smooth.into_iter().map(|count| (count + 1.0 / cells) / (trials + 1.0)).collect()
    }
}

fn print(value: &Value) -> u128 {
    let mut print = Print::new();
    value.add_to(&mut print);
    print.finish()
}

/// Scott's rule, in cells: 1.059 · min(standard deviation, interquartile range / 1.34) · n^(−1/5).
fn scott_bandwidth(counts: &[f64]) -> f64 {
    let trials: f64 = counts.iter().sum();
    let mean = moment(counts, |cell| cell) / trials;
    let deviation = (moment(counts, |cell| (cell - mean) * (cell - mean)) / (trials - 1.0).max(1.0)).sqrt();
    let range = quantile(counts, 0.75 * trials) - quantile(counts, 0.25 * trials);
    let bandwidth = 1.059 * deviation.min(range / 1.34) / libm::pow(trials, 0.2);
    if bandwidth.is_finite() { bandwidth.max(BANDWIDTH_CELLS_MIN) } else { BANDWIDTH_CELLS_MIN }
}

fn moment(counts: &[f64], of: impl Fn(f64) -> f64) -> f64 {
    counts.iter().enumerate().map(|(cell, count)| count * of(cell as f64)).sum()
}

/// The first cell up to which so many trials were counted.
fn quantile(counts: &[f64], trials: f64) -> f64 {
    let mut sum = 0.0;
    let reached = |count: &f64| {
        sum += count;
        sum >= trials
    };
    counts.iter().position(reached).unwrap_or(0) as f64
}

/// Each count spread by a Gaussian kernel that is cut at the ends of the interval, so that no weight is lost.
fn smoothed(counts: &[f64], bandwidth_cells: f64) -> Vec<f64> {
    let kernel: Vec<f64> = (0..counts.len())
        .map(|distance| {
            let scaled = distance as f64 / bandwidth_cells;
            exp(-0.5 * scaled * scaled)
        })
        .collect();
    let mut smoothed = vec![0.0; counts.len()];
    for (cell, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0.0) {
        let weight = |other: usize| kernel.get(cell.abs_diff(other)).copied().unwrap_or(0.0);
        let whole: f64 = (0..counts.len()).map(weight).sum();
        smoothed.iter_mut().enumerate().for_each(|(other, sum)| *sum += count * weight(other) / whole);
    }
    smoothed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::amount::Seed;
    use crate::numeric::digest::Digest;
    use crate::numeric::random::{Purpose, Stream};
    use crate::output::fixture;
    use crate::space::{Condition, IntegerRange, RealRange, Space};
    use crate::study::{Event, Outcome};

    fn rate() -> Parameter {
        Parameter::new("rate", Domain::Real(RealRange { lower: 1e-4, upper: 1.0, log: true }))
    }

    fn units() -> Parameter {
        Parameter::new("units", Domain::Integer(IntegerRange { lower: 1, upper: 64, log: false }))
    }

    fn kind() -> Parameter {
        Parameter::new("kind", Domain::Choice(["a", "b", "c"].map(Value::from).to_vec()))
    }

    /// A study whose configurations are drawn evenly, with rewards made up.
    fn study(parameters: Vec<Parameter>, trials: u64, reward: impl Fn(u64, &Config) -> f64) -> (StudySpec, StudyState) {
        let space = Space::new(parameters).unwrap();
        let trial = |number| {
            let mut stream = Stream::new(Seed(1), Purpose::Config, number, 0);
            let config = space.config_with(|parameter| match &parameter.domain {
                Domain::Real(range) => Value::Real(range.at(stream.uniform())),
                Domain::Integer(range) => Value::Integer(range.at(stream.uniform())),
                Domain::Choice(values) => values[stream.below(values.len() as u64) as usize].clone(),
                other => other.default_value(),
            });
            let reward = reward(number, &config);
            fixture::trial(number, config, Some(reward), 1, Outcome::Completed)
        };
        let events: Vec<Event> = (0..trials).flat_map(trial).collect();
        (StudySpec::new("made-up", space, Digest::of(b"")), fixture::state(&events))
    }

    fn number(config: &Config, name: &str) -> f64 {
        config.get(name).and_then(Value::as_number).unwrap()
    }

    /// Nearly all of it hangs on the rate, a little on the units.
    fn bowl(config: &Config) -> f64 {
        let rate = libm::log10(number(config, "rate")) + 2.0;
        -rate * rate - 0.001 * number(config, "units")
    }

    fn shares(study: &(StudySpec, StudyState)) -> Vec<(String, f64)> {
        let importances = importances(&study.0, &study.1).unwrap();
        importances.into_iter().map(|importance| (importance.name, importance.share)).collect()
    }

    #[test]
    fn what_the_reward_hangs_on_comes_first_and_shares_add_up() {
        let shares = shares(&study(vec![kind(), units(), rate()], 300, |_, config| bowl(config)));
        assert_eq!(shares[0].0, "rate");
        assert!(shares[0].1 > 0.75, "{shares:?}");
        assert!((shares.iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_choice_can_be_what_matters() {
        let by_kind = |number: u64, config: &Config| {
            let noise = (number * 7919 % 1000) as f64 * 1e-3;
            noise + if config.get("kind") == Some(&Value::from("b")) { 1.0 } else { 0.0 }
        };
        assert_eq!(shares(&study(vec![units(), rate(), kind()], 300, by_kind))[0].0, "kind");
    }

    #[test]
    fn huge_rewards_change_no_more_than_their_order() {
        let rated = |_: u64, config: &Config| bowl(config);
        let hostile = |number: u64, config: &Config| if number == 7 { -1e308 } else { bowl(config) * 1e306 };
        let (plain, hostile) =
            (shares(&study(vec![units(), rate()], 200, rated)), shares(&study(vec![units(), rate()], 200, hostile)));
        assert_eq!(plain[0].0, hostile[0].0);
        assert!((plain[0].1 - hostile[0].1).abs() < 0.05, "{plain:?} {hostile:?}");
    }

    #[test]
    fn a_parameter_with_a_condition_is_measured_where_it_is_active() {
        let condition = Some(Condition { parameter: "kind".into(), choice: 1 });
        let parameters = vec![kind(), Parameter { condition, ..rate() }, units()];
        let reward = |number: u64, config: &Config| match config.get("rate") {
            Some(_) => 10.0 + bowl(config),
            None => (number % 10) as f64 * 0.7,
        };
        let shares = shares(&study(parameters, 600, reward));
        let rate = shares.iter().find(|(name, _)| name == "rate").map_or(0.0, |(_, share)| *share);
        assert!((0.3..0.7).contains(&rate), "{shares:?}");
        assert_eq!(shares[2].0, "units");
    }

    #[test]
    fn nothing_is_said_of_few_trials_or_of_equal_rewards() {
        let few = study(vec![rate(), units()], 9, |_, config| bowl(config));
        assert_eq!(importances(&few.0, &few.1), None);
        let equal = study(vec![rate(), units()], 50, |_, _| 0.5);
        assert_eq!(importances(&equal.0, &equal.1), None);
        let (spec, state) = fixture::empty();
        assert_eq!(importances(&spec, &state), None);
    }

    #[test]
    fn among_mostly_equal_rewards_those_that_stand_out_are_the_best() {
        let reward = |_: u64, config: &Config| if number(config, "rate") > 0.5 { 1.0 } else { 0.0 };
        assert_eq!(shares(&study(vec![units(), rate()], 300, reward))[0].0, "rate");
    }
}
