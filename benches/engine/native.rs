//! The digits example without a sandbox: the same network on the same data, natively compiled.

use trialbox::space::Value;
use trialbox::study::Attribute;
use trialbox_guest::Reporter;

use crate::attribute;
use crate::dataset;
use crate::network::{Activation, Network, Step};

const EPOCHS: i64 = 20;

/// The configuration that the guest is given.
pub(super) fn config(hidden: usize, batch: usize) -> Vec<Attribute> {
    vec![
        attribute("learning_rate", Value::Real(0.1)),
        attribute("weight_decay", Value::Real(1e-4)),
        attribute("momentum", Value::Real(0.8)),
        attribute("hidden_units", Value::Integer(hidden as i64)),
        attribute("batch_size", Value::Integer(batch as i64)),
        attribute("activation", Value::Text("relu".into())),
        attribute("epochs", Value::Integer(EPOCHS)),
    ]
}

/// Trains as the guest does with that configuration.
pub(super) fn train(data: &[u8], hidden: usize, batch: usize) {
    let dataset = dataset::parse(data).unwrap();
    let reporter = Reporter::recording(1);
    let mut normal = reporter.random("weights");
    let mut network = Network::new(hidden, Activation::Relu, || normal.normal());
    let step = Step { learning_rate: 0.1, momentum: 0.8, weight_decay: 1e-4 };
    let mut random = reporter.random("order");
    let mut order: Vec<usize> = (0..dataset.training.len()).collect();
    let mut accuracy = 0.0;
    for _ in 0..EPOCHS {
        random.shuffle(&mut order);
        for rows in order.chunks_exact(batch) {
            network.train(rows.iter().map(|&row| &dataset.training[row]), step);
        }
        accuracy = network.score(&dataset.validation).accuracy;
    }
    assert!(accuracy > 0.5);
}
