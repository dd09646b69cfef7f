//! A multi-layer perceptron on handwritten digits, from scratch.
//!
//! Reads the data set `digits`, trains `network` on it for 20 epochs, reports the accuracy on the validation rows after each
//! of them, and leaves the trained network as `model.bin`. `network` and `math` know nothing of trials.

mod dataset;
mod math;
mod network;

use trialbox_guest::{Arguments, Choice, Reporter, artifact, data, log, report};

use crate::network::{Activation, Network, Step};

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
    // A study may replace constants only, but a batch that no kernel can take should say so and not trap.
    if arguments.batch_size == 0 || !arguments.batch_size.is_multiple_of(4) {
        return Err(format!("batch_size must be a positive multiple of 4, but is {}", arguments.batch_size));
    }
    let activation = match arguments.activation {
        Unit::Relu => Activation::Relu,
        Unit::Tanh => Activation::Tanh,
    };
    let mut normal = reporter.random("weights");
    let mut network = Network::new(arguments.hidden_units, activation, || normal.normal());
    let step = Step {
        learning_rate: arguments.learning_rate as f32,
        momentum: arguments.momentum as f32,
        weight_decay: arguments.weight_decay as f32,
    };

    let mut random = reporter.random("order");
    let mut order: Vec<usize> = (0..dataset.training.len()).collect();
    for epoch in 1..=arguments.epochs {
        random.shuffle(&mut order);
        let mut training_loss = 0.0;
        // What doesn't fill a batch waits for the next epoch's order.
        let batches = order.chunks_exact(arguments.batch_size);
        let count = batches.len() as f64;
        for batch in batches {
            training_loss += network.train(batch.iter().map(|&row| &dataset.training[row]), step) / count;
        }
        let score = network.score(&dataset.validation);
        report!(reporter, epoch = epoch, accuracy = score.accuracy, loss = score.loss, training_loss = training_loss);
    }
    artifact::save("model.bin", &network.to_bytes());
    log!("trained on {} images, judged by {}", dataset.training.len(), dataset.validation.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use trialbox_guest::Value;

    fn run(training: Training, seed: u64) -> Vec<Vec<(String, Value)>> {
        data::provide("digits", &include_bytes!("../digits.csv")[..]);
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

    fn accuracy(report: &[(String, Value)]) -> f64 {
        match report[1] {
            (ref name, Value::Real(accuracy)) if name == "accuracy" => accuracy,
            ref other => panic!("the second attribute is {other:?}"),
        }
    }

    #[test]
    fn learns_the_digits() {
        let reports = run(default_training(), 1);
        assert_eq!(reports.len(), 20);
        assert_eq!(reports[19][0], ("epoch".to_owned(), Value::Integer(20)));
        assert!(accuracy(&reports[19]) > 0.95, "{}", accuracy(&reports[19]));
        assert!(artifact::saved("model.bin").is_some());
        // To the last bit what the component reports, vector code or not.
        assert_eq!(reports[19][2], ("loss".to_owned(), Value::Real(0.09699662928387978)));
        let tanh = Training { activation: Unit::Tanh, hidden_units: 37, ..default_training() };
        let reports = run(tanh, 2);
        assert!(accuracy(&reports[19]) > 0.95, "{}", accuracy(&reports[19]));
    }

    #[test]
    fn the_largest_network_learns_in_a_moment() {
        let large = Training { hidden_units: 128, batch_size: 16, ..default_training() };
        let start = std::time::Instant::now();
        assert!(accuracy(&run(large, 1)[19]) > 0.95);
        println!("the largest network took {:?}", start.elapsed());
    }

    #[test]
    fn a_bad_configuration_does_worse() {
        let bad =
            Training { learning_rate: 1e-3, momentum: 0.0, hidden_units: 8, batch_size: 64, ..default_training() };
        assert!(accuracy(&run(bad, 1)[19]) < 0.9);
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
