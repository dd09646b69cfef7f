//! Regret over the budget, as medians and quartiles over seeds.

use crate::{POINTS, Run};

/// Regret over the budget.
pub struct Curve {
    pub workers: u32,
    pub seeds: usize,
    /// The budgets, in full trainings.
    pub points: Vec<f64>,
    pub lower: Vec<f64>,
    pub median: Vec<f64>,
    pub upper: Vec<f64>,
    pub cost: Option<Cost>,
}

/// What a method did and took, as medians over seeds.
pub struct Cost {
    pub trials: f64,
    /// How many of the trials had a configuration that none had before, in the worst run: the difference.
    pub repeated: usize,
    pub seconds: f64,
}

impl Curve {
    pub fn of(runs: &[Run], budget: f64) -> Self {
        let points: Vec<f64> = POINTS.into_iter().filter(|point| *point <= budget).collect();
        let at = |share: f64| -> Vec<f64> {
            let column = |index: usize| runs.iter().map(|run| run.regrets[index]).collect();
            (0..points.len()).map(|index| quantile(column(index), share)).collect()
        };
        let cost = Cost {
            trials: quantile(runs.iter().map(|run| run.trials as f64).collect(), 0.5),
            repeated: runs.iter().map(|run| run.trials - run.configurations).max().unwrap_or(0),
            seconds: quantile(runs.iter().map(|run| run.seconds).collect(), 0.5),
        };
        Self {
            workers: crate::WORKERS,
            seeds: runs.len(),
            lower: at(0.25),
            median: at(0.5),
            upper: at(0.75),
            points,
            cost: Some(cost),
        }
    }

    /// Median and quartiles at a budget, if the curve goes so far.
    pub fn at(&self, point: f64) -> Option<(f64, f64, f64)> {
        let index = self.points.iter().position(|other| *other == point)?;
        Some((self.median[index], self.lower[index], self.upper[index]))
    }
}

/// A quantile with interpolation; where no regret is known yet, it counts as the worst.
fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = share * (values.len() - 1) as f64;
    let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
    below + (above - below) * place.fract()
}
