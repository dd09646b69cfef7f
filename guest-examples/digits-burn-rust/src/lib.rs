//! A multi-layer perceptron on handwritten digits, by the framework burn.
//!
//! Reads the data set `digits`, trains `network` on it for 20 epochs, reports the accuracy on the validation rows after each
//! of them, and leaves the trained network as `model.bin`. The rows are read as the guest `digits` reads them.

#[path = "../../digits/src/dataset.rs"]
mod dataset;
mod network;

use trialbox_guest::{Arguments, Choice, Reporter, artifact, data, report};

use crate::network::{Activation, Example, Network, Step};

/// What is searched.
#[derive(Arguments)]
struct Training {
    #[real(1e-3..=1.0, log, default = 0.1)]
    learning_rate: f64,
    #[real(1e-6..=1e-2, log, default = 1e-4)]
    weight_decay: f64,
    #[real(0.0..=0.95, default = 0.8)]
    momentum: f64,
    #[integer(8..=128, log, default = 64)]
    hidden_units: usize,
    #[choice(16, 32, 64, default = 32)]
    batch_size: usize,
    #[choice]
    activation: Unit,
    #[constant(20)]
    epochs: u32,
}

/// The function of a hidden unit.
#[derive(Choice)]
enum Unit {
    Relu,
    Tanh,
}

#[trialbox_guest::train(reward_attr = "accuracy", time_attr = "epoch", max_t = 20)]
fn train(arguments: Training, reporter: &Reporter) -> Result<(), String> {
    let dataset = dataset::parse(&data::read_all("digits")?).map_err(|error| error.to_string())?;
    let activation = match arguments.activation {
        Unit::Relu => Activation::Relu,
        Unit::Tanh => Activation::Tanh,
    };
    let step = Step {
        learning_rate: arguments.learning_rate,
        momentum: arguments.momentum,
        weight_decay: arguments.weight_decay,
    };
    let mut network = Network::new(arguments.hidden_units, activation, step, reporter.random("weights").bits());

    let mut random = reporter.random("order");
    let mut order: Vec<usize> = (0..dataset.training.len()).collect();
    for epoch in 1..=arguments.epochs {
        random.shuffle(&mut order);
        let mut training_loss = 0.0;
        // What doesn't fill a batch waits for the next epoch's order.
        let batches = order.chunks_exact(arguments.batch_size);
        let count = batches.len() as f64;
        for batch in batches {
            let batch: Vec<&Example> = batch.iter().map(|&row| &dataset.training[row]).collect();
            let loss;
            (network, loss) = network.train(&batch);
            training_loss += loss / count;
        }
        let score = network.score(&dataset.validation);
        report!(reporter, epoch = epoch, accuracy = score.accuracy, loss = score.loss, training_loss = training_loss);
    }
    artifact::save("model.bin", &network.into_bytes().map_err(|error| error.to_string())?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Mutex, PoisonError};
    use trialbox_guest::Value;

    /// burn's random generator is one for the whole program, so that tests take turns.
    static TURN: Mutex<()> = Mutex::new(());

    fn run(training: Training, seed: u64) -> Vec<Vec<(String, Value)>> {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        data::provide("digits", &include_bytes!("../../digits/digits.csv")[..]);
        let reporter = Reporter::recording(seed);
        train(training, &reporter).unwrap();
        reporter.reports()
    }

    fn default_training() -> Training {
        Training {
            learning_rate: 0.1,
            weight_decay: 1e-4,
            momentum: 0.8,
            hidden_units: 64,
            batch_size: 32,
            activation: Unit::Relu,
            epochs: 20,
        }
    }

    fn real(report: &[(String, Value)], name: &str) -> f64 {
        match report.iter().find(|(attribute, _)| attribute == name) {
            Some((_, Value::Real(number))) => *number,
            other => panic!("`{name}` is {other:?}"),
        }
    }

    #[test]
    fn learns_the_digits() {
        for activation in [Unit::Relu, Unit::Tanh] {
            let reports = run(Training { activation, ..default_training() }, 1);
            assert_eq!(reports.len(), 20);
            assert_eq!(reports[19][0], ("epoch".to_owned(), Value::Integer(20)));
            assert!(real(&reports[19], "accuracy") > 0.95, "{:?}", reports[19]);
            assert!(real(&reports[19], "training_loss") < 0.1 * real(&reports[0], "training_loss"));
        }
    }

    #[test]
    fn leaves_all_weights() {
        let small = Training { hidden_units: 13, epochs: 1, ..default_training() };
        run(small, 1);
        let weights = 13 * (64 + 1) + 10 * (13 + 1);
        assert!(artifact::saved("model.bin").unwrap().len() > 4 * weights);
    }

    #[test]
    fn a_bad_configuration_does_worse() {
        let bad =
            Training { learning_rate: 1e-3, momentum: 0.0, hidden_units: 8, batch_size: 64, ..default_training() };
        assert!(real(&run(bad, 1)[19], "accuracy") < 0.9);
    }

    #[test]
    fn equal_seeds_give_equal_trials() {
        let short = || Training { epochs: 2, ..default_training() };
        assert_eq!(run(short(), 3), run(short(), 3));
        assert_ne!(run(short(), 3), run(short(), 4));
    }

    #[test]
    fn a_missing_data_set_is_an_error() {
        let error = train(default_training(), &Reporter::recording(0)).unwrap_err();
        assert!(error.starts_with("failed to read the data set `digits`"), "{error}");
    }
}
