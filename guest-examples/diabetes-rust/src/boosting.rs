//! Boosting: a sum of small trees, each of which learns what those before it have left over.
//!
//! The trees are smartcore's. After J. Friedman, "Stochastic Gradient Boosting" (2002), for the squared error.

use smartcore::error::Failed;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::tree::decision_tree_regressor::{DecisionTreeRegressor, DecisionTreeRegressorParameters};
use trialbox_guest::Random;

use crate::dataset::{Dataset, Example};

type Tree = DecisionTreeRegressor<f64, f64, DenseMatrix<f64>, Vec<f64>>;

/// What makes one booster different from another.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// How much of what a tree says is added to the sum.
    pub learning_rate: f64,
    /// The questions from the root to a leaf.
    pub max_depth: u16,
    pub min_samples_leaf: usize,
    /// The share of the training rows that a tree sees.
    pub subsample: f64,
}

/// How good the sum is on the validation rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The share of the targets' variance that it explains.
    pub r2: f64,
    /// The root of the mean squared error.
    pub rmse: f64,
}

/// Rows of a data set with what the sum says of them.
struct Rows {
    features: DenseMatrix<f64>,
    targets: Vec<f64>,
    predictions: Vec<f64>,
}

/// The sum, as far as it has grown. It keeps what the trees say of the rows that it is for, not the trees.
pub struct Booster<'a> {
    shape: Shape,
    examples: &'a [Example],
    training: Rows,
    validation: Rows,
    /// The training rows, in an order that is drawn anew for each tree; it sees the first of them.
    order: Vec<usize>,
    random: Random,
}

impl Shape {
    /// What smartcore wants to know of a tree. The seed breaks ties between splits that are equally good.
    fn parameters(&self, seed: u64) -> DecisionTreeRegressorParameters {
        DecisionTreeRegressorParameters {
            // smartcore counts the root, too.
            max_depth: Some(self.max_depth + 1),
            min_samples_leaf: self.min_samples_leaf,
            seed: Some(seed),
            ..DecisionTreeRegressorParameters::default()
        }
    }
}

impl Rows {
    fn new(examples: &[Example], prediction: f64) -> Result<Self, Failed> {
        Ok(Self {
            features: matrix(examples.iter())?,
            targets: examples.iter().map(|example| example.target).collect(),
            predictions: vec![prediction; examples.len()],
        })
    }

    fn add(&mut self, tree: &Tree, learning_rate: f64) -> Result<(), Failed> {
        for (prediction, addend) in self.predictions.iter_mut().zip(tree.predict(&self.features)?) {
            *prediction += learning_rate * addend;
        }
        Ok(())
    }

    fn squared_error(&self) -> f64 {
        self.targets.iter().zip(&self.predictions).map(|(target, prediction)| square(target - prediction)).sum()
    }
}

impl<'a> Booster<'a> {
    /// One without trees, which says the mean of the training rows.
    pub fn new(dataset: &'a Dataset, shape: Shape, random: Random) -> Result<Self, Failed> {
        let mean = mean(dataset.training.iter().map(|example| example.target));
        Ok(Self {
            shape,
            examples: &dataset.training,
            training: Rows::new(&dataset.training, mean)?,
            validation: Rows::new(&dataset.validation, mean)?,
            order: (0..dataset.training.len()).collect(),
            random,
        })
    }

    /// Adds a tree.
    pub fn grow(&mut self) -> Result<(), Failed> {
        self.random.shuffle(&mut self.order);
        let count = (self.order.len() as f64 * self.shape.subsample).round().max(1.0) as usize;
        let rows = &mut self.order[..count.min(self.examples.len())];
        // Sums over rows depend on their order; with all rows it is the same in every round.
        rows.sort_unstable();
        let features = matrix(rows.iter().map(|&row| &self.examples[row]))?;
        let left_over: Vec<f64> =
            rows.iter().map(|&row| self.training.targets[row] - self.training.predictions[row]).collect();
        let tree = Tree::fit(&features, &left_over, self.shape.parameters(self.random.bits()))?;
        self.training.add(&tree, self.shape.learning_rate)?;
        self.validation.add(&tree, self.shape.learning_rate)
    }

    /// How good it is on the validation rows.
    pub fn score(&self) -> Score {
        let targets = &self.validation.targets;
        let mean = mean(targets.iter().copied());
        let variation: f64 = targets.iter().map(|target| square(target - mean)).sum();
        let error = self.validation.squared_error();
        Score { r2: 1.0 - error / variation, rmse: (error / targets.len() as f64).sqrt() }
    }

    /// What it says of the validation rows: a line for each, its target and the prediction.
    pub fn to_text(&self) -> String {
        let rows = self.validation.targets.iter().zip(&self.validation.predictions);
        rows.map(|(target, prediction)| format!("{target},{prediction}\n")).collect()
    }
}

fn matrix<'a>(examples: impl Iterator<Item = &'a Example>) -> Result<DenseMatrix<f64>, Failed> {
    DenseMatrix::from_2d_vec(&examples.map(|example| example.features.to_vec()).collect())
}

fn mean(numbers: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = numbers.len() as f64;
    numbers.sum::<f64>() / count
}

fn square(number: f64) -> f64 {
    number * number
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A target that a tree of depth 1 gets right: 10 for the upper half of the first feature, else 0.
    fn dataset() -> Dataset {
        let example = |row: u32| Example {
            features: std::array::from_fn(|index| f64::from((row * (index as u32 + 1)) % 40)),
            target: if row < 20 { 0.0 } else { 10.0 },
        };
        Dataset { training: (0..40).map(example).collect(), validation: (5..35).map(example).collect() }
    }

    fn shape() -> Shape {
        Shape { learning_rate: 0.5, max_depth: 1, min_samples_leaf: 1, subsample: 1.0 }
    }

    #[test]
    fn without_trees_it_says_the_mean() {
        let dataset = dataset();
        let score = Booster::new(&dataset, shape(), Random::new(1)).unwrap().score();
        assert_eq!(score, Score { r2: 0.0, rmse: 5.0 });
    }

    #[test]
    fn every_tree_takes_away_its_share_of_what_is_left_over() {
        let dataset = dataset();
        let mut booster = Booster::new(&dataset, shape(), Random::new(1)).unwrap();
        for rmse in [2.5, 1.25, 0.625] {
            booster.grow().unwrap();
            assert!((booster.score().rmse - rmse).abs() < 1e-12, "{:?}", booster.score());
        }
        assert!(booster.to_text().starts_with("0,0.625\n"));
    }

    #[test]
    fn a_leaf_holds_as_many_rows_as_are_asked_for() {
        let dataset = dataset();
        let whole = Shape { min_samples_leaf: 21, ..shape() };
        let mut booster = Booster::new(&dataset, whole, Random::new(1)).unwrap();
        booster.grow().unwrap();
        // No split leaves 21 of 40 rows on both sides, so that the tree is its root, which has nothing to add.
        assert_eq!(booster.score().rmse, 5.0);
    }

    #[test]
    fn the_draw_of_rows_depends_on_the_random_generator_only() {
        let dataset = dataset();
        let grown = |shape: Shape, seed: u64| {
            let mut booster = Booster::new(&dataset, shape, Random::new(seed)).unwrap();
            (0..3).for_each(|_| booster.grow().unwrap());
            booster.validation.predictions
        };
        let half = Shape { subsample: 0.3, max_depth: 3, ..shape() };
        assert_eq!(grown(half, 1), grown(half, 1));
        assert_ne!(grown(half, 1), grown(half, 2));
    }
}
