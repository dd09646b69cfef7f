//! Gradient-boosted regression trees on the progress of diabetes, with the trees of the crate smartcore.
//!
//! Reads the data set `diabetes`, adds 100 trees by `boosting`, reports how good they are on the validation rows after every ten of them, and leaves what they
//! say of these rows as `predictions.csv`.

mod boosting;
mod dataset;

use trialbox_guest::{Arguments, Reporter, artifact, data, report};

use crate::boosting::{Booster, Shape};

/// The trees from one report to the next.
const ROUNDS_PER_REPORT: u32 = 10;

/// What is searched.
#[derive(Arguments)]
struct Training {
    #[real(0.01..=0.5, log, default = 0.1)]
    learning_rate: f64,
    #[integer(1..=6, default = 3)]
    max_depth: u16,
    #[integer(1..=50, log, default = 10)]
    min_samples_leaf: usize,
    #[real(0.3..=1.0, default = 0.8)]
    subsample: f64,
    #[constant(100)]
    rounds: u32,
}

#[trialbox_guest::train(reward_attr = "r2", time_attr = "round", max_t = 100)]
fn train(arguments: Training, reporter: &Reporter) -> Result<(), String> {
    let text =
        String::from_utf8(data::read_all("diabetes")?).map_err(|_| "the data set `diabetes` is no text".to_owned())?;
    let dataset = dataset::parse(&text).map_err(|error| error.to_string())?;
    let shape = Shape {
        learning_rate: arguments.learning_rate,
        max_depth: arguments.max_depth,
        min_samples_leaf: arguments.min_samples_leaf,
        subsample: arguments.subsample,
    };
    let mut booster = Booster::new(&dataset, shape, reporter.random("trees")).map_err(|error| error.to_string())?;
    for round in 1..=arguments.rounds {
        booster.grow().map_err(|error| error.to_string())?;
        if round % ROUNDS_PER_REPORT == 0 {
            let score = booster.score();
            report!(reporter, round = round, r2 = score.r2, rmse = score.rmse);
        }
    }
    artifact::save("predictions.csv", booster.to_text().as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use trialbox_guest::Value;

    fn run(training: Training, seed: u64) -> Vec<Vec<(String, Value)>> {
        data::provide("diabetes", &include_bytes!("../../data/diabetes.csv")[..]);
        let reporter = Reporter::recording(seed);
        train(training, &reporter).unwrap();
        reporter.reports()
    }

    fn default_training() -> Training {
        Training { learning_rate: 0.1, max_depth: 3, min_samples_leaf: 10, subsample: 0.8, rounds: 100 }
    }

    fn real(report: &[(String, Value)], name: &str) -> f64 {
        match report.iter().find(|(attribute, _)| attribute == name) {
            Some((_, Value::Real(number))) => *number,
            other => panic!("`{name}` is {other:?}"),
        }
    }

    #[test]
    fn reports_after_every_tenth_tree_how_much_it_explains() {
        let reports = run(default_training(), 1);
        let rounds: Vec<Value> = reports.iter().map(|report| report[0].1.clone()).collect();
        assert_eq!(rounds, (1..=10).map(|tens| Value::Integer(10 * tens)).collect::<Vec<_>>());
        assert!(reports.iter().any(|report| real(report, "r2") > 0.4), "{reports:?}");
        // To the last bit what the component reports.
        assert_eq!(real(&reports[9], "rmse"), 65.373_178_272_230_22);
        let predictions = String::from_utf8(artifact::saved("predictions.csv").unwrap()).unwrap();
        assert_eq!(predictions.lines().count(), 111);
    }

    #[test]
    fn trees_that_are_too_large_do_worse() {
        let bad = Training { learning_rate: 0.5, max_depth: 6, min_samples_leaf: 1, ..default_training() };
        assert!(real(&run(bad, 1)[9], "r2") < real(&run(default_training(), 1)[9], "r2") - 0.1);
    }

    #[test]
    fn equal_seeds_give_equal_trials() {
        assert_eq!(run(default_training(), 3), run(default_training(), 3));
        assert_ne!(run(default_training(), 3), run(default_training(), 4));
    }

    #[test]
    fn a_missing_data_set_is_an_error() {
        let error = train(default_training(), &Reporter::recording(0)).unwrap_err();
        assert!(error.starts_with("failed to read the data set `diabetes`"), "{error}");
    }
}
