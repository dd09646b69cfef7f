//! The searcher `rl`: what its controller learns, and from what.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a test, no library")]
#![allow(clippy::needless_pass_by_value, clippy::use_self, reason = "brevity")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "a test, no library")]

use trialbox::numeric::amount::{Seed, TrialId, VirtualTime};
use trialbox::numeric::random::{Purpose, Stream};
use trialbox::searcher::{
    ControllerError, ControllerSpec, Observation, ObservationKind, RlSearcher, Searcher, SuggestContext,
};
use trialbox::space::{Condition, Config, Domain, IntegerRange, Parameter, RealRange, Space, Value};

/// So many trials are enough for the toy problem.
const TRIALS: u64 = 400;

fn choice(name: &str, values: &[&str]) -> Parameter {
    Parameter::new(name, Domain::Choice(values.iter().map(|&value| Value::from(value)).collect()))
}

fn real(name: &str, lower: f64, upper: f64, log: bool) -> Parameter {
    Parameter::new(name, Domain::Real(RealRange { lower, upper, log }))
}

fn integer(name: &str, lower: i64, upper: i64) -> Parameter {
    Parameter::new(name, Domain::Integer(IntegerRange { lower, upper, log: false }))
}

/// 24 configurations.
fn toy() -> Space {
    let parameters = vec![
        choice("activation", &["relu", "tanh", "gelu"]),
        Parameter::new("bias", Domain::Boolean),
        choice("optimizer", &["sgd", "adam", "adagrad", "lion"]),
    ];
    Space::new(parameters).unwrap()
}

/// What is right counts by itself, and `adam` only together with `gelu`; the best is 1.
fn toy_reward(config: &Config) -> f64 {
    let is = |name: &str, value: Value| config.get(name) == Some(&value);
    let (gelu, bias, adam) =
        (is("activation", "gelu".into()), is("bias", Value::Boolean(true)), is("optimizer", "adam".into()));
    let part = |right: bool, share: f64| if right { share } else { 0.0 };
    part(gelu, 0.3) + part(bias, 0.3) + part(gelu && adam, 0.4)
}

fn toy_best() -> Config {
    let values = [("activation", "gelu".into()), ("bias", Value::Boolean(true)), ("optimizer", "adam".into())];
    values.into_iter().collect()
}

fn spec(batch: u32) -> ControllerSpec {
    ControllerSpec { batch, ..ControllerSpec::default() }
}

/// A searcher with trials that run in rounds and end backwards.
struct Run {
    searcher: RlSearcher,
    batch: u64,
    trials: u64,
}

impl Run {
    fn new(space: &Space, spec: ControllerSpec, seed: u64) -> Self {
        Self { searcher: RlSearcher::new(space, Seed(seed), spec), batch: spec.batch.into(), trials: 0 }
    }

    fn suggest(&mut self, trial: u64) -> Config {
        self.searcher
            .suggest(&SuggestContext { trial: TrialId(trial), elapsed: VirtualTime(0), milestone: None })
            .unwrap()
    }

    fn tell(&mut self, trial: u64, config: &Config, kind: ObservationKind) {
        self.searcher.observe(&Observation { trial: TrialId(trial), config, kind });
    }

    fn end(&mut self, trial: u64, config: &Config, reward: Option<f64>) {
        if let Some(reward) = reward {
            self.tell(trial, config, ObservationKind::Rewarded { level: None, reward, constraint: None });
        }
        self.tell(trial, config, ObservationKind::JobEnded);
    }

    /// Runs a round; its mean reward.
    fn round(&mut self, reward: impl Fn(&Config) -> f64) -> f64 {
        let trials = self.trials..self.trials + self.batch;
        self.trials = trials.end;
        let configs: Vec<(u64, Config)> = trials.map(|trial| (trial, self.suggest(trial))).collect();
        for (trial, config) in configs.iter().rev() {
            self.end(*trial, config, Some(reward(config)));
        }
        configs.iter().map(|(_, config)| reward(config)).sum::<f64>() / self.batch as f64
    }

    fn run(&mut self, trials: u64, reward: impl Fn(&Config) -> f64) {
        while self.trials < trials {
            self.round(&reward);
        }
    }
}

/// The mean reward of configurations drawn at random.
fn by_chance(space: &Space, reward: impl Fn(&Config) -> f64) -> f64 {
    const DRAWS: u64 = 2_000;
    let config = |draw| space.sample(&mut Stream::new(Seed(9), Purpose::Config, draw, 0));
    (0..DRAWS).map(|draw| reward(&config(draw))).sum::<f64>() / DRAWS as f64
}

#[test]
fn the_best_of_a_toy_problem_becomes_likely() {
    for (batch, seed) in [1, 4].into_iter().flat_map(|batch| (1..=5).map(move |seed| (batch, seed))) {
        let mut run = Run::new(&toy(), spec(batch), seed);
        let before = run.searcher.probability(&toy_best());
        assert!((before - 1.0 / 24.0).abs() < 0.005, "{before}");
        run.run(TRIALS, toy_reward);
        let after = run.searcher.probability(&toy_best());
        println!("batches of {batch}, seed {seed}: {after}");
        assert!(after > 0.9, "batches of {batch}, seed {seed}: {after}");
        assert_eq!(run.searcher.inference(), toy_best());
    }
}

#[test]
fn probabilities_of_all_configurations_add_up_to_1() {
    let mut run = Run::new(&toy(), spec(4), 1);
    run.run(200, toy_reward);
    let Domain::Choice(optimizers) = toy().parameters()[2].domain.clone() else { panic!("a choice") };
    let mut sum = 0.0;
    for activation in ["relu", "tanh", "gelu"] {
        for bias in [false, true] {
            for optimizer in &optimizers {
                let values = [
                    ("activation", activation.into()),
                    ("bias", Value::Boolean(bias)),
                    ("optimizer", optimizer.clone()),
                ];
                sum += run.searcher.probability(&values.into_iter().collect());
            }
        }
    }
    assert!((sum - 1.0).abs() < 1e-12, "{sum}");
}

/// How much of what chance leaves is won after so many trials, as the mean of the last hundred; the best reward is 0.
fn gain(space: &Space, trials: u64, seed: u64, reward: impl Fn(&Config) -> f64 + Copy) -> f64 {
    let mut run = Run::new(space, spec(4), seed);
    run.run(trials - 100, reward);
    let late = (0..25).map(|_| run.round(reward)).sum::<f64>() / 25.0;
    1.0 - late / by_chance(space, reward)
}

#[test]
fn in_intervals_rewards_become_better_than_by_chance() {
    let space =
        Space::new(vec![real("lr", 1e-5, 1.0, true), integer("units", 1, 100), integer("depth", 1, 4)]).unwrap();
    let number = |config: &Config, name: &str| config.get(name).and_then(Value::as_number).unwrap();
    let reward = |config: &Config| {
        let lr = number(config, "lr").log10() + 3.0;
        let (units, depth) = ((number(config, "units") - 70.0) / 30.0, number(config, "depth") - 3.0);
        -(lr * lr + units * units + depth * depth)
    };
    for seed in 1..=3 {
        let gain = gain(&space, 1_500, seed, reward);
        println!("seed {seed}: {gain}");
        assert!(gain > 0.6, "seed {seed}: {gain}");
    }
}

/// A choice, under two of whose values further parameters stand; one of them with further ones below.
fn nested() -> Space {
    let below = |parameter: Parameter, parent: &str, choice| Parameter {
        condition: Some(Condition { parameter: parent.into(), choice }),
        ..parameter
    };
    Space::new(vec![
        choice("model", &["tree", "net", "line"]),
        below(integer("model.leaves", 2, 400), "model", 0),
        below(choice("model.kind", &["wide", "deep"]), "model", 1),
        below(real("model.kind.rate", 0.0, 1.0, false), "model.kind", 1),
        Parameter::new("constant", Domain::Constant(Value::Integer(7))),
        Parameter::new("shuffle", Domain::Boolean),
    ])
    .unwrap()
}

fn nested_reward(config: &Config) -> f64 {
    let rate = config.get("model.kind.rate").and_then(Value::as_number);
    let distance = rate.map_or(1.0, |rate| (rate - 0.8).abs());
    let shuffle = if config.get("shuffle") == Some(&Value::Boolean(true)) { 0.0 } else { 0.5 };
    -(distance + shuffle)
}

#[test]
fn in_a_nested_space_only_what_is_active_is_decided_and_rewards_become_better_than_by_chance() {
    let space = nested();
    let mut run = Run::new(&space, spec(1), 1);
    let mut lengths = [0; 7];
    for trial in 0..200 {
        let config = run.suggest(trial);
        space.check(&config).unwrap();
        lengths[config.len()] += 1;
        assert!(run.searcher.probability(&config) > 0.0);
    }
    assert!(lengths[3] > 0 && lengths[4] > 0 && lengths[5] > 0, "{lengths:?}");
    for seed in 1..=3 {
        let gain = gain(&space, 1_500, seed, nested_reward);
        println!("seed {seed}: {gain}");
        assert!(gain > 0.6, "seed {seed}: {gain}");
    }
}

#[test]
fn what_is_learnt_from_a_round_does_not_depend_on_the_order_of_its_ends() {
    let learnt = |order: [u64; 6]| {
        let mut run = Run::new(&toy(), spec(3), 5);
        let configs: Vec<Config> = (0..6).map(|trial| run.suggest(trial)).collect();
        for trial in order {
            let config = &configs[trial as usize];
            run.end(trial, config, (trial != 4).then(|| toy_reward(config)));
        }
        (run.searcher.model_parameters(), run.searcher.data_size(), run.suggest(6))
    };
    let in_order = learnt([0, 1, 2, 3, 4, 5]);
    assert_eq!(in_order.1, 5);
    assert_eq!(learnt([2, 0, 1, 5, 4, 3]), in_order);
    // Where trials of a later batch end first, theirs wait for one another, not for the earlier batch.
    assert_eq!(learnt([5, 2, 4, 1, 0, 3]), in_order);
}

#[test]
fn an_incomplete_round_is_not_learnt_from() {
    let mut run = Run::new(&toy(), spec(3), 5);
    let configs: Vec<Config> = (0..3).map(|trial| run.suggest(trial)).collect();
    for trial in 0..2 {
        run.end(trial, &configs[trial as usize], Some(1.0));
    }
    assert_eq!((run.searcher.model_parameters(), run.searcher.data_size()), (Vec::new(), 0));
    run.end(2, &configs[2], None);
    assert_eq!((run.searcher.model_parameters()[0].clone(), run.searcher.data_size()), (("baseline".into(), 1.0), 2));
}

#[test]
fn the_last_reward_of_a_trial_counts() {
    let baseline = |rewards: &[f64]| {
        let mut run = Run::new(&toy(), spec(1), 5);
        let config = run.suggest(0);
        for &reward in rewards {
            run.tell(0, &config, ObservationKind::Rewarded { level: None, reward, constraint: None });
        }
        run.tell(0, &config, ObservationKind::JobEnded);
        run.searcher.model_parameters()[0].1
    };
    assert_eq!(baseline(&[3.0, 1.0, 2.0]), baseline(&[2.0]));
}

#[test]
fn a_space_of_constants_is_suggested_as_it_is() {
    let space = Space::new(vec![Parameter::new("epochs", Domain::Constant(Value::Integer(3)))]).unwrap();
    let mut run = Run::new(&space, spec(2), 1);
    run.run(4, |_| 1.0);
    assert_eq!(run.suggest(4), space.default_config());
    assert_eq!(run.searcher.probability(&space.default_config()), 1.0);
}

#[test]
fn options_out_of_range_and_spaces_that_are_too_large_are_refused() {
    let option = |spec: ControllerSpec| match spec.check(&toy()) {
        Err(ControllerError::Option { option, .. }) => option,
        other => panic!("{other:?}"),
    };
    for controller_lr in [0.0, -1.0, 1.5, f64::NAN, f64::INFINITY] {
        assert_eq!(option(ControllerSpec { controller_lr, ..spec(1) }), "controller_lr");
    }
    for ema_baseline_decay in [-0.1, 1.1, f64::NAN] {
        assert_eq!(option(ControllerSpec { ema_baseline_decay, ..spec(1) }), "ema_baseline_decay");
    }
    for batch in [0, 10_001] {
        assert_eq!(option(spec(batch)), "controller_batch_size");
    }
    let values = |count: i64| Domain::Choice((0..count).map(Value::Integer).collect());
    let space = |count| Space::new(vec![Parameter::new("a", values(count)), Parameter::new("b", Domain::Boolean)]);
    assert_eq!(spec(1).check(&space(9_998).unwrap()), Ok(()));
    let error = spec(1).check(&space(9_999).unwrap());
    assert_eq!(error, Err(ControllerError::TooManyOptions { options: 10_001 }));
}
