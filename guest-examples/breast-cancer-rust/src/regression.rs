//! Logistic regression, trained by gradient descent with momentum.
//!
//! Every sum is written in a fixed order, so that the guests in other languages come to the same numbers. Exponential and logarithm are those of
//! `libm`, which are the same bits on every machine; the platform's own are not.

use crate::dataset::{Example, FEATURES};

/// Above this exponent log(1 + e^x) is x, up to the last bits, and the exponential is better not computed.
const EXPONENT_MAX: f64 = 30.0;

/// How far and in what way the weights change.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    pub learning_rate: f64,
    pub momentum: f64,
    pub weight_decay: f64,
}

/// How good the regression is on some examples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The share of examples whose class it says.
    pub accuracy: f64,
    /// The mean of the negative logarithm of what it gives the right class.
    pub loss: f64,
}

/// A number for each feature, and one besides.
#[derive(Debug, Clone, PartialEq)]
struct Weights {
    features: [f64; FEATURES],
    bias: f64,
}

/// The regression: weights, and how fast they move.
#[derive(Debug, Clone, PartialEq)]
pub struct Regression {
    weights: Weights,
    velocity: Weights,
}

impl Weights {
    const ZERO: Self = Self { features: [0.0; FEATURES], bias: 0.0 };
}

impl Regression {
    /// One that knows nothing.
    pub fn new() -> Self {
        Self { weights: Weights::ZERO, velocity: Weights::ZERO }
    }

    /// Changes the weights by a batch of examples.
    pub fn train<'a>(&mut self, batch: impl ExactSizeIterator<Item = &'a Example>, step: Step) {
        let count = batch.len() as f64;
        let gradient = self.gradient(batch);
        let (weights, velocity) = (&mut self.weights, &mut self.velocity);
        for index in 0..FEATURES {
            let slope = gradient.features[index] / count + step.weight_decay * weights.features[index];
            velocity.features[index] = step.momentum * velocity.features[index] - step.learning_rate * slope;
            weights.features[index] += velocity.features[index];
        }
        velocity.bias = step.momentum * velocity.bias - step.learning_rate * (gradient.bias / count);
        weights.bias += velocity.bias;
    }

    /// The derivative of the loss, summed over the examples.
    fn gradient<'a>(&self, batch: impl Iterator<Item = &'a Example>) -> Weights {
        let mut gradient = Weights::ZERO;
        for example in batch {
            let probability = 1.0 / (1.0 + libm::exp(-self.activation(example)));
            let error = probability - example.class;
            for (slope, feature) in gradient.features.iter_mut().zip(&example.features) {
                *slope += error * feature;
            }
            gradient.bias += error;
        }
        gradient
    }

    /// The logarithm of how much more probable benign is than malignant.
    fn activation(&self, example: &Example) -> f64 {
        let mut sum = self.weights.bias;
        for (weight, feature) in self.weights.features.iter().zip(&example.features) {
            sum += weight * feature;
        }
        sum
    }

    /// How good it is.
    pub fn score(&self, examples: &[Example]) -> Score {
        let (mut right, mut loss) = (0.0, 0.0);
        for example in examples {
            let activation = self.activation(example);
            let benign = example.class == 1.0;
            if (activation > 0.0) == benign {
                right += 1.0;
            }
            loss += softplus(if benign { -activation } else { activation });
        }
        let count = examples.len() as f64;
        Score { accuracy: right / count, loss: loss / count }
    }

    /// A line for each weight and a last one for the bias, each as the shortest decimal that reads back equal.
    pub fn to_text(&self) -> String {
        let numbers = self.weights.features.iter().chain([&self.weights.bias]);
        numbers.map(|number| format!("{number}\n")).collect()
    }
}

/// log(1 + e^x).
fn softplus(x: f64) -> f64 {
    if x > EXPONENT_MAX { x } else { libm::log(1.0 + libm::exp(x)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examples() -> Vec<Example> {
        (0..12_u32)
            .map(|row| Example {
                features: std::array::from_fn(|index| f64::from((row * 7 + index as u32 * 5) % 11) / 11.0 - 0.5),
                class: f64::from(row % 2),
            })
            .collect()
    }

    fn loss_at(regression: &Regression, examples: &[Example], index: usize, shift: f64) -> f64 {
        let mut shifted = regression.clone();
        match shifted.weights.features.get_mut(index) {
            Some(weight) => *weight += shift,
            None => shifted.weights.bias += shift,
        }
        shifted.score(examples).loss * examples.len() as f64
    }

    #[test]
    fn gradient_agrees_with_finite_differences() {
        let mut regression = Regression::new();
        regression.weights.features = std::array::from_fn(|index| (index as f64 - 15.0) / 20.0);
        let (examples, width) = (examples(), 1e-5);
        let gradient = regression.gradient(examples.iter());
        for index in 0..=FEATURES {
            let ours = gradient.features.get(index).copied().unwrap_or(gradient.bias);
            let loss = |shift: f64| loss_at(&regression, &examples, index, shift);
            let slope = (loss(width) - loss(-width)) / (2.0 * width);
            assert!((slope - ours).abs() < 1e-7, "{index}: {slope} against {ours}");
        }
    }

    #[test]
    fn a_regression_that_knows_nothing_says_malignant_and_one_half() {
        let score = Regression::new().score(&examples());
        assert_eq!(score.accuracy, 0.5);
        assert!((score.loss - std::f64::consts::LN_2).abs() < 1e-15);
    }

    #[test]
    fn large_activations_have_a_finite_loss() {
        assert_eq!(softplus(1000.0), 1000.0);
        assert_eq!(softplus(-1000.0), 0.0);
        assert!((softplus(30.0) - softplus(30.000_000_1)).abs() < 1e-6);
    }

    #[test]
    fn text_reads_back_equal() {
        let mut regression = Regression::new();
        let step = Step { learning_rate: 0.1, momentum: 0.5, weight_decay: 1e-3 };
        regression.train(examples().iter(), step);
        let numbers: Vec<f64> = regression.to_text().lines().map(|line| line.parse().unwrap()).collect();
        assert_eq!(numbers[..FEATURES], regression.weights.features);
        assert_eq!(numbers[FEATURES..], [regression.weights.bias]);
    }
}
