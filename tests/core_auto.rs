//! The searcher `auto`: what it suggests, and how good that is.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a test, no library")]
#![allow(clippy::needless_pass_by_value, clippy::use_self, reason = "brevity")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "a test, no library")]

#[path = "support/asking.rs"]
mod asking;

use std::collections::BTreeSet;

use asking::Run;
use trialbox::numeric::amount::TrialId;
use trialbox::searcher::{AutoSpec, Observation, ObservationKind, RandomSpec, ResourceRange, SearcherSpec};
use trialbox::space::{Condition, Config, Domain, IntegerRange, Parameter, RealRange, Space, Value};

/// The levels at which trials report, where there are any; of each three trials the best goes on.
const LEVELS: [u64; 3] = [1, 3, 9];
const RANGE: ResourceRange = ResourceRange { first: LEVELS[0], last: LEVELS[2] };

fn real(name: &str, lower: f64, upper: f64) -> Parameter {
    Parameter::new(name, Domain::Real(RealRange { lower, upper, log: false }))
}

fn integer(name: &str, lower: i64, upper: i64) -> Parameter {
    Parameter::new(name, Domain::Integer(IntegerRange { lower, upper, log: false }))
}

fn choice(name: &str, values: &[&str]) -> Parameter {
    Parameter::new(name, Domain::Choice(values.iter().map(|&value| Value::from(value)).collect()))
}

fn below(parameter: Parameter, choice: u32) -> Parameter {
    Parameter { condition: Some(Condition { parameter: "kind".into(), choice }), ..parameter }
}

/// A real, an integer, and a choice on which a boolean and a real depend.
fn mixed() -> Space {
    Space::new(vec![
        real("x", -1.0, 1.0),
        integer("n", 1, 9),
        choice("kind", &["a", "b", "c"]),
        below(Parameter::new("kind.flag", Domain::Boolean), 0),
        below(real("kind.y", 0.0, 2.0), 1),
    ])
    .unwrap()
}

/// Twenty-one configurations.
fn small() -> Space {
    let parameters = vec![choice("kind", &["a", "b"]), below(integer("m", 1, 4), 0), integer("n", 1, 3)];
    let space = Space::new([parameters, vec![below(integer("o", 1, 3), 1)]].concat()).unwrap();
    assert_eq!(space.count(), Some(21));
    space
}

fn cube() -> Space {
    Space::new((0..4).map(|index| real(&format!("x{index}"), 0.0, 1.0)).collect()).unwrap()
}

fn number(config: &Config, name: &str) -> f64 {
    config.get(name).and_then(Value::as_number).unwrap_or(0.0)
}

/// The distance to the best, squared, with coordinates of unlike weight. The best is 0.
fn hill(config: &Config, level: u64) -> f64 {
    let share = |index: usize| {
        let distance = number(config, &format!("x{index}")) - [0.2, 0.7, 0.4, 0.6][index];
        distance * distance / (index + 1) as f64
    };
    let far: f64 = (0..4).map(share).sum();
    // At low levels it is lower, and the more so the farther.
    -far - (0.3 + 0.5 * far) * (1.0 / level as f64 - 1.0 / LEVELS[2] as f64)
}

/// A reward of whatever is in a configuration of `mixed`; the best has the second kind.
fn of_mixed(config: &Config) -> f64 {
    let (x, n) = (number(config, "x"), number(config, "n"));
    let kind = if config.get("kind.y").is_some() { 0.5 } else { 0.0 };
    let y = number(config, "kind.y") - 1.2;
    kind - (x - 0.3) * (x - 0.3) - (n - 6.0) * (n - 6.0) / 50.0 - y * y
}

fn auto() -> SearcherSpec {
    SearcherSpec::Auto(AutoSpec::default())
}

fn random() -> SearcherSpec {
    SearcherSpec::Random(RandomSpec::default())
}

impl Run {
    fn reward(&mut self, trial: usize, level: u64, reward: f64) {
        self.tell(trial, ObservationKind::Rewarded { level: Some(level), reward, constraint: None });
    }

    /// Runs so many trials, one after the other; their rewards.
    fn run(&mut self, trials: usize, reward: impl Fn(&Config) -> f64) -> Vec<f64> {
        let mut rewards = Vec::new();
        while rewards.len() < trials {
            let Some(trial) = self.suggest() else { break };
            rewards.push(reward(&self.configs[trial]));
            self.reward(trial, LEVELS[2], rewards[trial]);
            self.tell(trial, ObservationKind::JobEnded);
        }
        rewards
    }

    /// Runs rounds of nine trials at the first level, of which the best three go on to the next and the best of all to the last;
    /// the best there.
    fn run_rounds(&mut self, rounds: usize) -> f64 {
        let mut best = f64::NEG_INFINITY;
        for _ in 0..rounds {
            let mut trials: Vec<usize> = (0..9).map(|_| self.suggest().unwrap()).collect();
            for (level, left) in LEVELS.into_iter().zip([3, 1, 0]) {
                let reached = |run: &Self, trial: usize| hill(&run.configs[trial], level);
                trials.iter().for_each(|&trial| self.reward(trial, level, reached(self, trial)));
                trials.sort_by(|&left, &right| reached(self, right).total_cmp(&reached(self, left)));
                best = if left == 0 { best.max(reached(self, trials[0])) } else { best };
                trials.truncate(left.max(1));
            }
        }
        best
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn texts(configs: &[Config]) -> Vec<String> {
    configs.iter().map(ToString::to_string).collect()
}

#[test]
fn it_begins_with_the_default_and_goes_on_with_the_same_draws_as_random_search() {
    let (mut run, mut other) = (Run::new(&auto(), &mixed(), 3, None), Run::new(&random(), &mixed(), 3, None));
    run.run(5, of_mixed);
    other.run(5, of_mixed);
    assert_eq!(run.configs[0], mixed().default_config());
    assert_eq!(texts(&run.configs[..4]), texts(&other.configs[..4]));
    assert_ne!(run.configs[4], other.configs[4]);
    let spec = SearcherSpec::Auto(AutoSpec { first_is_default: false });
    let mut run = Run::new(&spec, &mixed(), 3, None);
    run.suggest();
    assert_ne!(run.configs[0], mixed().default_config());
}

#[test]
fn what_it_suggests_follows_from_seed_and_observations_and_not_from_their_order() {
    let suggested = |seed: u64, is_reversed: bool| {
        let mut run = Run::new(&auto(), &mixed(), seed, Some(RANGE));
        for _ in 0..8 {
            let mut trials: Vec<usize> = (0..4).map(|_| run.suggest().unwrap()).collect();
            if is_reversed {
                trials.reverse();
            }
            for trial in trials {
                let reward = of_mixed(&run.configs[trial]);
                run.reward(trial, LEVELS[trial % 3], reward);
                run.tell(trial, ObservationKind::JobEnded);
            }
        }
        texts(&run.configs)
    };
    assert_eq!(suggested(1, false), suggested(1, false));
    assert_eq!(suggested(1, false), suggested(1, true));
    assert_ne!(suggested(1, false), suggested(2, false));
}

#[test]
fn nothing_is_suggested_twice_and_all_is_of_the_space() {
    for range in [None, Some(RANGE)] {
        let mut run = Run::new(&auto(), &mixed(), 5, range);
        run.run(80, of_mixed);
        assert!(run.configs.iter().all(|config| mixed().check(config).is_ok()));
        assert_eq!(texts(&run.configs).into_iter().collect::<BTreeSet<_>>().len(), 80);
    }
}

#[test]
fn what_others_tried_is_not_suggested() {
    let space = small();
    let mut run = Run::new(&auto(), &space, 5, None);
    let config = space.default_config();
    let kind = ObservationKind::Rewarded { level: None, reward: 1.0, constraint: None };
    run.searcher.observe(&Observation { trial: TrialId(99), config: &config, kind });
    assert_eq!(run.run(30, |config| number(config, "n")).len(), 20);
    assert!(!run.configs.contains(&config));
}

#[test]
fn a_finite_space_is_exhausted_to_the_last_configuration() {
    for (seed, range) in [(1, None), (2, Some(RANGE)), (3, None)] {
        let mut run = Run::new(&auto(), &small(), seed, range);
        assert_eq!(run.run(30, |config| number(config, "n")).len(), 21, "seed {seed}");
        assert_eq!(texts(&run.configs).into_iter().collect::<BTreeSet<_>>().len(), 21);
    }
}

#[test]
fn it_comes_much_closer_to_the_top_of_a_hill_than_random_search() {
    let far = |spec: &SearcherSpec| {
        let best = |seed| Run::new(spec, &cube(), seed, None).run(40, |config| hill(config, LEVELS[2]));
        median((0..9).map(|seed| -best(seed).into_iter().fold(f64::NEG_INFINITY, f64::max)).collect())
    };
    let (ours, at_random) = (far(&auto()), far(&random()));
    println!("{ours}, at random {at_random}");
    assert!(ours < 0.1 * at_random, "{ours}, at random {at_random}");
}

#[test]
fn it_comes_much_closer_to_the_top_of_a_hill_at_levels_than_random_search() {
    let far = |spec: &SearcherSpec| {
        median((0..9).map(|seed| -Run::new(spec, &cube(), seed, Some(RANGE)).run_rounds(8)).collect())
    };
    let (ours, at_random) = (far(&auto()), far(&random()));
    println!("{ours}, at random {at_random}");
    assert!(ours < 0.1 * at_random, "{ours}, at random {at_random}");
}

#[test]
fn of_a_conditional_space_it_finds_the_branch_with_the_best() {
    let far = |spec: &SearcherSpec| {
        let best = |seed| Run::new(spec, &mixed(), seed, None).run(40, of_mixed);
        median((0..9).map(|seed| 0.5 - best(seed).into_iter().fold(f64::NEG_INFINITY, f64::max)).collect())
    };
    let (ours, at_random) = (far(&auto()), far(&random()));
    println!("{ours}, at random {at_random}");
    assert!(ours < 0.2 * at_random, "{ours}, at random {at_random}");
}

#[test]
fn trials_that_run_are_believed_so_that_others_differ() {
    let mut run = Run::new(&auto(), &cube(), 4, None);
    run.run(20, |config| hill(config, LEVELS[2]));
    let first = run.configs.len();
    for _ in 0..70 {
        run.suggest().unwrap();
    }
    let spread = |index: usize| {
        let values: Vec<f64> = run.configs[first..].iter().map(|config| number(config, &format!("x{index}"))).collect();
        let bounds = values.iter().fold((1.0_f64, 0.0_f64), |(low, high), &x| (low.min(x), high.max(x)));
        bounds.1 - bounds.0
    };
    assert!((0..4).all(|index| spread(index) > 0.1), "{:?}", (0..4).map(spread).collect::<Vec<_>>());
}

#[test]
fn whatever_trials_say_and_in_whatever_order_it_goes_on() {
    let rewards = [f64::NAN, f64::INFINITY, -1e308, 1e308, 0.0, -0.0, 5e-324, f64::MIN, 1.0];
    let rewarded = |level, reward| ObservationKind::Rewarded { level, reward, constraint: Some(f64::NAN) };
    for range in
        [None, Some(RANGE), Some(ResourceRange { first: 5, last: 1 }), Some(ResourceRange { first: 1, last: u64::MAX })]
    {
        let mut run = Run::new(&auto(), &mixed(), 6, range);
        for step in 0..60 {
            let trial = run.suggest().unwrap();
            run.tell(trial, ObservationKind::Withdrawn { level: 3 });
            run.tell(trial, ObservationKind::JobEnded);
            let level = [None, Some(0), Some(3), Some(u64::MAX)][step % 4];
            run.tell(trial, rewarded(level, rewards[step % rewards.len()]));
            run.tell(trial / 2, ObservationKind::Withdrawn { level: 3 });
            run.tell(trial, ObservationKind::Failed);
            run.tell(trial / 3, ObservationKind::Pending { level });
        }
        let finite = |(name, value): (String, f64)| (!value.is_finite()).then_some(name);
        assert_eq!(run.searcher.model_parameters().into_iter().find_map(finite), None);
    }
}

#[test]
fn equal_rewards_leave_it_searching() {
    let mut run = Run::new(&auto(), &mixed(), 7, None);
    assert_eq!(run.run(40, |_| -1e308).len(), 40);
}

#[test]
fn a_space_without_dimensions_has_one_configuration_and_one_with_too_many_is_searched_at_random() {
    let mut run = Run::new(&auto(), &Space::new(Vec::new()).unwrap(), 1, None);
    assert_eq!(run.run(5, |_| 1.0).len(), 1);
    let wide = Space::new((0..201).map(|index| integer(&format!("n{index}"), 1, 9)).collect()).unwrap();
    let (mut run, mut other) = (Run::new(&auto(), &wide, 1, None), Run::new(&random(), &wide, 1, None));
    run.run(8, |config| number(config, "n0"));
    other.run(8, |config| number(config, "n0"));
    assert_eq!((texts(&run.configs), run.searcher.data_size()), (texts(&other.configs), 0));
}

#[test]
fn it_tells_what_its_model_rests_on_and_its_parameters_by_name() {
    let mut run = Run::new(&auto(), &small(), 1, Some(RANGE));
    assert_eq!((run.searcher.data_size(), run.searcher.model_parameters()), (0, Vec::new()));
    run.run(8, |config| number(config, "n"));
    let names: Vec<String> = run.searcher.model_parameters().into_iter().map(|(name, _)| name).collect();
    let weights = ["m", "n", "o", "kind", "level"].map(|name| format!("kernel_inv_bw_{name}"));
    assert_eq!(run.searcher.data_size(), 8);
    assert_eq!(names[..4], ["noise_variance", "kernel_scale", "kernel_scale_late", "kernel_scale_early"]);
    assert_eq!(names[4..].iter().collect::<BTreeSet<_>>(), weights.iter().collect::<BTreeSet<_>>());
}
