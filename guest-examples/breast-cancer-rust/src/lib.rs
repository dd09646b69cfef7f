//! Logistic regression on measurements of breast tumours, from scratch.
//!
//! Reads the data set `breast-cancer`, trains `regression` on it for 20 epochs, reports the accuracy on the validation rows after each
//! of them, and leaves the weights as `model.csv`. Guests in other languages do the same, step by step.

mod dataset;
mod generator;
mod regression;

use trialbox_guest::{Arguments, Reporter, artifact, data, report};

use crate::generator::Generator;
use crate::regression::{Regression, Step};

/// What is searched.
#[derive(Arguments)]
struct Training {
    #[real(1e-3..=1.0, log, default = 0.03)]
    learning_rate: f64,
    #[real(1e-6..=0.1, log, default = 1e-4)]
    weight_decay: f64,
    #[real(0.0..=0.99, default = 0.9)]
    momentum: f64,
    #[integer(4..=128, log, default = 32)]
    batch_size: usize,
    #[constant(20)]
    epochs: u32,
}

#[trialbox_guest::train(reward_attr = "accuracy", time_attr = "epoch", max_t = 20)]
fn train(arguments: Training, reporter: &Reporter) -> Result<(), String> {
    let text = String::from_utf8(data::read_all("breast-cancer")?)
        .map_err(|_| "the data set `breast-cancer` is no text".to_owned())?;
    let mut dataset = dataset::parse(&text).map_err(|error| error.to_string())?;
    dataset.standardise();

    let step = Step {
        learning_rate: arguments.learning_rate,
        momentum: arguments.momentum,
        weight_decay: arguments.weight_decay,
    };
    let mut regression = Regression::new();
    let mut generator = Generator::new(reporter.seed());
    let mut order: Vec<usize> = (0..dataset.training.len()).collect();
    for epoch in 1..=arguments.epochs {
        generator.shuffle(&mut order);
        for batch in order.chunks(arguments.batch_size) {
            regression.train(batch.iter().map(|&row| &dataset.training[row]), step);
        }
        let score = regression.score(&dataset.validation);
        report!(reporter, epoch = epoch, accuracy = score.accuracy, loss = score.loss);
    }
    artifact::save("model.csv", regression.to_text().as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use trialbox_guest::Value;

    fn run(training: Training, seed: u64) -> Vec<Vec<(String, Value)>> {
        data::provide("breast-cancer", &include_bytes!("../../data/breast-cancer.csv")[..]);
        let reporter = Reporter::recording(seed);
        train(training, &reporter).unwrap();
        reporter.reports()
    }

    fn default_training() -> Training {
        Training { learning_rate: 0.03, weight_decay: 1e-4, momentum: 0.9, batch_size: 32, epochs: 20 }
    }

    fn real(report: &[(String, Value)], name: &str) -> f64 {
        match report.iter().find(|(attribute, _)| attribute == name) {
            Some((_, Value::Real(number))) => *number,
            other => panic!("`{name}` is {other:?}"),
        }
    }

    #[test]
    fn learns_to_tell_the_tumours_apart() {
        let reports = run(default_training(), 1);
        assert_eq!(reports.len(), 20);
        assert_eq!(reports[19][0], ("epoch".to_owned(), Value::Integer(20)));
        assert!(real(&reports[19], "accuracy") > 0.95, "{:?}", reports[19]);
        assert!(real(&reports[19], "loss") < real(&reports[0], "loss"));
        // To the last bit what the component reports.
        assert_eq!(real(&reports[19], "loss"), 0.052_246_911_500_309_46);
        let model = String::from_utf8(artifact::saved("model.csv").unwrap()).unwrap();
        assert_eq!(model.lines().count(), 31);
    }

    #[test]
    fn a_bad_configuration_does_worse() {
        let bad =
            Training { learning_rate: 1e-3, momentum: 0.0, batch_size: 128, weight_decay: 0.1, ..default_training() };
        let (bad, good) = (run(bad, 1), run(default_training(), 1));
        assert!(real(&bad[19], "loss") > 2.0 * real(&good[19], "loss"));
    }

    #[test]
    fn equal_seeds_give_equal_trials() {
        assert_eq!(run(default_training(), 3), run(default_training(), 3));
        assert_ne!(run(default_training(), 3), run(default_training(), 4));
    }

    #[test]
    fn a_missing_data_set_is_an_error() {
        let error = train(default_training(), &Reporter::recording(0)).unwrap_err();
        assert!(error.starts_with("failed to read the data set `breast-cancer`"), "{error}");
    }
}
