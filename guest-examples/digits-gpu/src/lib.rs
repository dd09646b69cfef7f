//! A multi-layer perceptron on handwritten digits, trained on a GPU.
//!
//! The network, its training and its reports are those of the guest `digits`, whose data it reads with the same code; forward, backward and
//! update are kernels in WGSL. After each of 20 epochs it reports the accuracy on the validation rows, and it leaves the trained
//! network as `model.bin`.

#[path = "../../digits/src/dataset.rs"]
mod dataset;
mod kernels;
mod layout;
mod network;

use trialbox_gpu::Gpu;
use trialbox_guest::{Arguments, Choice, Reporter, artifact, data, log, report};

use crate::network::{Network, Sizes, Step};

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
#[derive(Choice, PartialEq)]
enum Unit {
    Relu,
    Tanh,
}

#[trialbox_guest::train(reward_attr = "accuracy", time_attr = "epoch", max_t = 20)]
fn train(arguments: Training, reporter: &Reporter) -> Result<(), String> {
    let dataset = dataset::parse(&data::read_all("digits")?).map_err(|error| error.to_string())?;
    // A study may replace constants.
    if arguments.batch_size == 0 || arguments.hidden_units == 0 {
        return Err("batch_size and hidden_units must be positive".to_owned());
    }
    let sizes = Sizes {
        hidden: arguments.hidden_units,
        is_relu: arguments.activation == Unit::Relu,
        batch: arguments.batch_size,
        training: dataset.training.len(),
        validation: dataset.validation.len(),
    };
    let step = Step {
        learning_rate: arguments.learning_rate as f32,
        momentum: arguments.momentum as f32,
        weight_decay: arguments.weight_decay as f32,
    };
    let mut normal = reporter.random("weights");
    let weights = sizes.first_weights(|| normal.normal());
    let network = Network::new(Gpu::open()?, &dataset, sizes, &weights, step)?;

    let mut random = reporter.random("order");
    let mut order: Vec<u32> = (0..dataset.training.len() as u32).collect();
    for epoch in 1..=arguments.epochs {
        random.shuffle(&mut order);
        let score = network.epoch(&order)?;
        report!(
            reporter,
            epoch = epoch,
            accuracy = score.accuracy,
            loss = score.loss,
            training_loss = score.training_loss
        );
    }
    artifact::save("model.bin", &network.file()?);
    log!("trained on {} images, judged by {}", dataset.training.len(), dataset.validation.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn failure(training: Training) -> String {
        data::provide("digits", &include_bytes!("../../digits/digits.csv")[..]);
        train(training, &Reporter::recording(1)).unwrap_err()
    }

    #[test]
    fn outside_a_trial_there_is_no_gpu() {
        let error = failure(default_training());
        assert_eq!(error, "there is no GPU: only a component that runs as a trial has one");
    }

    #[test]
    fn a_network_without_units_is_refused() {
        let error = failure(Training { hidden_units: 0, ..default_training() });
        assert_eq!(error, "batch_size and hidden_units must be positive");
        let error = failure(Training { batch_size: 0, ..default_training() });
        assert_eq!(error, "batch_size and hidden_units must be positive");
    }
}
