//! A network with one hidden layer, trained by stochastic gradient descent with momentum.
//!
//! Pure functions over arrays: no system, no randomness of its own, no dependency, so that it runs the same natively and
//! in the sandbox. `lib` feeds it the data and reports what it has learnt.
//!
//! # How it is laid out
//!
//! All five products of matrices (two forward, three backward) go through one kernel, [`tile`]: 4 rows by 8 columns of
//! the result stay in registers while it runs along the common dimension, 4 steps at a time. For that every matrix is kept
//! as a list of strips, the left factor in strips of 4 ([`Rows`]), the right one in strips of 8 ([`Lanes`]), each strip
//! along the common dimension. So loops run over whole strips without index checks, and become vector code. Hidden units
//! and classes are filled up to whole strips; the weights of the surplus ones are zero and stay so, as their gradient is.

use crate::math::{exponential, logarithm, tangent};

/// Pixels of an image.
pub const INPUTS: usize = 64;
/// Digits.
pub const CLASSES: usize = 10;

/// A strip's width in the right factor of a product.
pub const LANES: usize = 8;
/// A strip's width in the left factor.
const ROWS: usize = 4;
/// Steps of the kernel at a time; every common dimension is a multiple of it.
const STEPS: usize = 4;
/// The classes, filled up to whole strips.
const OUTPUTS: usize = 16;
const OUTPUT_STRIPS: usize = OUTPUTS / LANES;

/// One step of a strip of a right factor.
pub type Lanes = [f32; LANES];
/// One step of a strip of a left factor.
type Rows = [f32; ROWS];

/// The function of a hidden unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// The positive part.
    Relu,
    /// The hyperbolic tangent.
    Tanh,
}

/// An image and what it shows.
#[derive(Debug, Clone)]
pub struct Example {
    /// Ink from 0 to 1, row by row.
    pub pixels: [f32; INPUTS],
    /// The digit.
    pub label: usize,
}

/// How a step of training changes the weights.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// The share of the gradient that is taken off.
    pub learning_rate: f32,
    /// The share of the step before that is added.
    pub momentum: f32,
    /// The share of the weights that is added to the gradient.
    pub weight_decay: f32,
}

/// How well a network does on some examples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The share of examples whose digit gets the highest probability.
    pub accuracy: f64,
    /// The mean of the negative logarithm of the right digit's probability.
    pub loss: f64,
}

/// A network and the memory of its training.
#[derive(Debug, Clone)]
pub struct Network {
    hidden: usize,
    strips: usize,
    activation: Activation,
    /// All weights: hidden weights, hidden biases, output weights, output biases (see `Parts`).
    weights: Vec<Lanes>,
    velocity: Vec<Lanes>,
    gradient: Vec<Lanes>,
    batch: Batch,
}

/// The parts of the weights, or of anything of their shape.
struct Parts<T> {
    /// For each strip of hidden units, a step an input.
    hidden_weights: T,
    /// A step for each strip.
    hidden_biases: T,
    /// For each strip of outputs, a step a hidden unit.
    output_weights: T,
    /// A step for each strip.
    output_biases: T,
}

impl<'a> Parts<&'a mut [Lanes]> {
    fn of(all: &'a mut [Lanes], strips: usize) -> Self {
        let (hidden_weights, rest) = all.split_at_mut(strips * INPUTS);
        let (hidden_biases, rest) = rest.split_at_mut(strips);
        let (output_weights, output_biases) = rest.split_at_mut(OUTPUT_STRIPS * strips * LANES);
        Self { hidden_weights, hidden_biases, output_weights, output_biases }
    }
}

impl<'a> Parts<&'a [Lanes]> {
    fn of(all: &'a [Lanes], strips: usize) -> Self {
        let (hidden_weights, rest) = all.split_at(strips * INPUTS);
        let (hidden_biases, rest) = rest.split_at(strips);
        let (output_weights, output_biases) = rest.split_at(OUTPUT_STRIPS * strips * LANES);
        Self { hidden_weights, hidden_biases, output_weights, output_biases }
    }
}

/// What is computed from a batch, kept so that no memory is asked for in the loops.
#[derive(Debug, Clone, Default)]
struct Batch {
    /// Examples, a multiple of 4.
    size: usize,
    labels: Vec<usize>,
    /// The pixels in strips of 4 examples, and of 4 inputs.
    inputs_by_example: Vec<Rows>,
    inputs_by_input: Vec<Rows>,
    /// What the hidden units give: in strips of 8 units, of 4 examples, of 4 units.
    active: Vec<Lanes>,
    active_by_example: Vec<Rows>,
    active_by_unit: Vec<Rows>,
    /// The outputs, then the loss's derivative by them: in strips of 8 outputs, of 4 examples.
    outputs: Vec<Lanes>,
    outputs_by_example: Vec<Rows>,
    /// The loss's derivative by the hidden units' sums, in strips of 8 units.
    hidden_gradient: Vec<Lanes>,
    /// The output weights in strips of 8 hidden units, a step an output.
    output_weights: Vec<Lanes>,
}

/// The kernel: 4 by 8 elements of a product, added to what they start from.
#[inline(always)]
fn tile(start: [Lanes; ROWS], left: &[Rows], right: &[Lanes]) -> [Lanes; ROWS] {
    let mut sums = start;
    let (left, left_rest) = left.as_chunks::<STEPS>();
    let (right, right_rest) = right.as_chunks::<STEPS>();
    debug_assert!(left.len() == right.len() && left_rest.is_empty() && right_rest.is_empty());
    for (left, right) in left.iter().zip(right) {
        for step in 0..STEPS {
            for row in 0..ROWS {
                for lane in 0..LANES {
                    sums[row][lane] += left[step][row] * right[step][lane];
                }
            }
        }
    }
    sums
}

impl Network {
    /// A network with random weights: `normal` gives normal numbers of mean 0 and standard deviation 1.
    pub fn new(hidden: usize, activation: Activation, mut normal: impl FnMut() -> f64) -> Self {
        let strips = hidden.div_ceil(LANES);
        let count = strips * INPUTS + strips + OUTPUT_STRIPS * strips * LANES + OUTPUT_STRIPS;
        let zero = vec![[0.0; LANES]; count];
        let mut network = Self {
            hidden,
            strips,
            activation,
            weights: zero.clone(),
            velocity: zero.clone(),
            gradient: zero,
            batch: Batch::default(),
        };
        // The spread which keeps the size of the sums from layer to layer; half of the units are off under `Relu`.
        let gain = match activation {
            Activation::Relu => 2.0,
            Activation::Tanh => 1.0,
        };
        let hidden_spread = (gain / INPUTS as f64).sqrt();
        let output_spread = (1.0 / hidden as f64).sqrt();
        let parts = Parts::<&mut [Lanes]>::of(&mut network.weights, strips);
        for unit in 0..hidden {
            for input in 0..INPUTS {
                parts.hidden_weights[unit / LANES * INPUTS + input][unit % LANES] = (normal() * hidden_spread) as f32;
            }
            for class in 0..CLASSES {
                parts.output_weights[class / LANES * strips * LANES + unit][class % LANES] =
                    (normal() * output_spread) as f32;
            }
        }
        network
    }

    /// One step of training on a batch, whose length is a multiple of 4. Returns the mean loss before the step.
    pub fn train<'a>(&mut self, examples: impl ExactSizeIterator<Item = &'a Example>, step: Step) -> f64 {
        self.load(examples);
        self.forward();
        let loss = self.backward();
        for ((weights, velocity), gradient) in self.weights.iter_mut().zip(&mut self.velocity).zip(&self.gradient) {
            for lane in 0..LANES {
                let slope = gradient[lane] + step.weight_decay * weights[lane];
                velocity[lane] = step.momentum * velocity[lane] - step.learning_rate * slope;
                weights[lane] += velocity[lane];
            }
        }
        loss
    }

    /// How well the network does on examples.
    pub fn score(&mut self, examples: &[Example]) -> Score {
        let (mut right, mut loss) = (0_usize, 0.0_f64);
        for group in examples.chunks(64) {
            // The last group is filled up to whole strips with its first example, which isn't counted again.
            let filled = group.len().next_multiple_of(STEPS.max(ROWS));
            let fill: Vec<&Example> =
                group.iter().chain(std::iter::repeat_n(&group[0], filled - group.len())).collect();
            self.load(fill.into_iter());
            self.forward();
            for (place, example) in group.iter().enumerate() {
                let outputs = self.batch.outputs_of(place);
                let (_, probability_loss) = softmax(&outputs, example.label);
                loss += f64::from(probability_loss);
                let best =
                    (0..CLASSES).fold(0, |best, class| if outputs[class] > outputs[best] { class } else { best });
                right += usize::from(best == example.label);
            }
        }
        let count = examples.len() as f64;
        Score { accuracy: right as f64 / count, loss: loss / count }
    }

    /// The network as bytes, all little-endian: `TBMLP1` and two zero bytes; as u32 the number of inputs, hidden units and
    /// classes and the activation (0 relu, 1 tanh); then as f32 for each hidden unit its weights and its bias, for
    /// each class its weights and its bias.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = b"TBMLP1\0\0".to_vec();
        let activation: u32 = match self.activation {
            Activation::Relu => 0,
            Activation::Tanh => 1,
        };
        for number in [INPUTS as u32, self.hidden as u32, CLASSES as u32, activation] {
            bytes.extend(number.to_le_bytes());
        }
        let parts = Parts::<&[Lanes]>::of(&self.weights, self.strips);
        for unit in 0..self.hidden {
            let (strip, lane) = (unit / LANES, unit % LANES);
            for input in 0..INPUTS {
                bytes.extend(parts.hidden_weights[strip * INPUTS + input][lane].to_le_bytes());
            }
            bytes.extend(parts.hidden_biases[strip][lane].to_le_bytes());
        }
        for class in 0..CLASSES {
            let (strip, lane) = (class / LANES, class % LANES);
            for unit in 0..self.hidden {
                bytes.extend(parts.output_weights[strip * self.strips * LANES + unit][lane].to_le_bytes());
            }
            bytes.extend(parts.output_biases[strip][lane].to_le_bytes());
        }
        bytes
    }

    /// Puts examples into the strips.
    fn load<'a>(&mut self, examples: impl ExactSizeIterator<Item = &'a Example>) {
        let size = examples.len();
        assert!(size > 0 && size.is_multiple_of(STEPS.max(ROWS)), "a batch is filled up to whole strips");
        let batch = &mut self.batch;
        if batch.size != size {
            batch.resize(size, self.strips);
        }
        for (place, example) in examples.enumerate() {
            batch.labels[place] = example.label;
            let strip = &mut batch.inputs_by_example[place / ROWS * INPUTS..][..INPUTS];
            for (step, pixel) in strip.iter_mut().zip(&example.pixels) {
                step[place % ROWS] = *pixel;
            }
            let (groups, _) = example.pixels.as_chunks::<ROWS>();
            for (strip, group) in batch.inputs_by_input.chunks_exact_mut(size).zip(groups) {
                strip[place] = *group;
            }
        }
    }

    /// From pixels to outputs.
    fn forward(&mut self) {
        let Self { batch, strips, activation, weights, .. } = self;
        let parts = Parts::<&[Lanes]>::of(weights, *strips);
        let units = *strips * LANES;
        for (group, inputs) in batch.inputs_by_example.chunks_exact(INPUTS).enumerate() {
            let by_example = &mut batch.active_by_example[group * units..][..units];
            for strip in 0..*strips {
                let start = [parts.hidden_biases[strip]; ROWS];
                let mut sums = tile(start, inputs, &parts.hidden_weights[strip * INPUTS..][..INPUTS]);
                for sum in sums.as_flattened_mut() {
                    *sum = match activation {
                        Activation::Relu => sum.max(0.0),
                        Activation::Tanh => tangent(*sum),
                    };
                }
                batch.active[strip * batch.size + group * ROWS..][..ROWS].copy_from_slice(&sums);
                for (unit, step) in by_example[strip * LANES..][..LANES].iter_mut().enumerate() {
                    *step = std::array::from_fn(|row| sums[row][unit]);
                }
            }
            for strip in 0..OUTPUT_STRIPS {
                let start = [parts.output_biases[strip]; ROWS];
                let sums = tile(start, by_example, &parts.output_weights[strip * units..][..units]);
                batch.outputs[strip * batch.size + group * ROWS..][..ROWS].copy_from_slice(&sums);
            }
        }
    }

    /// From outputs to the gradient; returns the mean loss.
    fn backward(&mut self) -> f64 {
        let Self { batch, strips, activation, weights, gradient, .. } = self;
        let (size, units) = (batch.size, *strips * LANES);
        let loss = batch.differentiate_outputs();
        batch.transpose_output_weights(Parts::<&[Lanes]>::of(weights, *strips).output_weights, units);

        // The loss's derivative by the hidden units' sums.
        for (group, outputs) in batch.outputs_by_example.chunks_exact(OUTPUTS).enumerate() {
            for strip in 0..*strips {
                let sums = tile([[0.0; LANES]; ROWS], outputs, &batch.output_weights[strip * OUTPUTS..][..OUTPUTS]);
                let place = strip * size + group * ROWS;
                let active = &batch.active[place..][..ROWS];
                for ((target, sums), active) in batch.hidden_gradient[place..][..ROWS].iter_mut().zip(&sums).zip(active)
                {
                    for lane in 0..LANES {
                        target[lane] = match activation {
                            Activation::Relu => {
                                if active[lane] > 0.0 {
                                    sums[lane]
                                } else {
                                    0.0
                                }
                            }
                            Activation::Tanh => sums[lane] * (1.0 - active[lane] * active[lane]),
                        };
                    }
                }
            }
        }
        batch.split_active_by_unit();

        let parts = Parts::<&mut [Lanes]>::of(gradient, *strips);
        for (strip, right) in batch.hidden_gradient.chunks_exact(size).enumerate() {
            let target = &mut parts.hidden_weights[strip * INPUTS..][..INPUTS];
            for (target, left) in target.chunks_exact_mut(ROWS).zip(batch.inputs_by_input.chunks_exact(size)) {
                target.copy_from_slice(&tile([[0.0; LANES]; ROWS], left, right));
            }
            parts.hidden_biases[strip] = total(right);
        }
        for (strip, right) in batch.outputs.chunks_exact(size).enumerate() {
            let target = &mut parts.output_weights[strip * units..][..units];
            for (target, left) in target.chunks_exact_mut(ROWS).zip(batch.active_by_unit.chunks_exact(size)) {
                target.copy_from_slice(&tile([[0.0; LANES]; ROWS], left, right));
            }
            parts.output_biases[strip] = total(right);
        }
        loss
    }
}

impl Batch {
    fn resize(&mut self, size: usize, strips: usize) {
        let units = strips * LANES;
        self.size = size;
        self.labels = vec![0; size];
        self.inputs_by_example = vec![[0.0; ROWS]; size / ROWS * INPUTS];
        self.inputs_by_input = vec![[0.0; ROWS]; INPUTS / ROWS * size];
        self.active = vec![[0.0; LANES]; strips * size];
        self.active_by_example = vec![[0.0; ROWS]; size / ROWS * units];
        self.active_by_unit = vec![[0.0; ROWS]; units / ROWS * size];
        self.outputs = vec![[0.0; LANES]; OUTPUT_STRIPS * size];
        self.outputs_by_example = vec![[0.0; ROWS]; size / ROWS * OUTPUTS];
        self.hidden_gradient = vec![[0.0; LANES]; strips * size];
        self.output_weights = vec![[0.0; LANES]; strips * OUTPUTS];
    }

    fn outputs_of(&self, place: usize) -> [f32; OUTPUTS] {
        std::array::from_fn(|output| self.outputs[output / LANES * self.size + place][output % LANES])
    }

    /// Puts the loss's derivative by the outputs in their place; returns the mean loss.
    fn differentiate_outputs(&mut self) -> f64 {
        let mut loss = 0.0;
        let share = 1.0 / self.size as f32;
        for place in 0..self.size {
            let label = self.labels[place];
            let (mut slopes, example_loss) = softmax(&self.outputs_of(place), label);
            loss += f64::from(example_loss);
            slopes[label] -= 1.0;
            for (output, slope) in slopes.iter().enumerate() {
                let slope = slope * share;
                self.outputs[output / LANES * self.size + place][output % LANES] = slope;
                self.outputs_by_example[place / ROWS * OUTPUTS + output][place % ROWS] = slope;
            }
        }
        loss / self.size as f64
    }

    fn transpose_output_weights(&mut self, weights: &[Lanes], units: usize) {
        for (output_strip, weights) in weights.chunks_exact(units).enumerate() {
            let (groups, _) = weights.as_chunks::<LANES>();
            for (group, target) in groups.iter().zip(self.output_weights.chunks_exact_mut(OUTPUTS)) {
                for (lane, step) in target[output_strip * LANES..][..LANES].iter_mut().enumerate() {
                    *step = std::array::from_fn(|unit| group[unit][lane]);
                }
            }
        }
    }

    /// From strips of 8 units to strips of 4.
    fn split_active_by_unit(&mut self) {
        let halves = self.active_by_unit.chunks_exact_mut(2 * self.size);
        for (active, halves) in self.active.chunks_exact(self.size).zip(halves) {
            let (low, high) = halves.split_at_mut(self.size);
            for ((active, low), high) in active.iter().zip(low).zip(high) {
                let [a, b, c, d, e, f, g, h] = *active;
                *low = [a, b, c, d];
                *high = [e, f, g, h];
            }
        }
    }
}

/// The probabilities of the classes, zero for the surplus outputs, and the loss.
fn softmax(outputs: &[f32; OUTPUTS], label: usize) -> ([f32; OUTPUTS], f32) {
    let largest = outputs[..CLASSES].iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut weights: [f32; OUTPUTS] = std::array::from_fn(|output| exponential(outputs[output] - largest));
    let sum: f32 = weights[..CLASSES].iter().sum();
    for (output, weight) in weights.iter_mut().enumerate() {
        *weight = if output < CLASSES { *weight / sum } else { 0.0 };
    }
    (weights, logarithm(sum) - (outputs[label] - largest))
}

fn total(steps: &[Lanes]) -> Lanes {
    let mut sums = [0.0; LANES];
    for step in steps {
        for lane in 0..LANES {
            sums[lane] += step[lane];
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use trialbox_guest::Random;

    fn examples(count: usize, random: &mut Random) -> Vec<Example> {
        (0..count)
            .map(|index| Example { pixels: std::array::from_fn(|_| random.uniform() as f32), label: index % CLASSES })
            .collect()
    }

    fn network(activation: Activation) -> (Network, Vec<Example>) {
        let mut random = Random::new(11);
        let network = Network::new(13, activation, || random.normal());
        let mut random = Random::new(12);
        (network, examples(12, &mut random))
    }

    fn loss_at(network: &Network, examples: &[Example], shift: impl Fn(usize, usize) -> f32) -> f64 {
        let mut shifted = network.clone();
        for (index, weights) in shifted.weights.iter_mut().enumerate() {
            for (lane, weight) in weights.iter_mut().enumerate() {
                *weight += shift(index, lane);
            }
        }
        shifted.score(examples).loss
    }

    #[test]
    fn gradient_agrees_with_finite_differences() {
        for activation in [Activation::Relu, Activation::Tanh] {
            let (mut network, examples) = network(activation);
            network.load(examples.iter());
            network.forward();
            let loss = network.backward();
            assert!((loss - network.score(&examples).loss).abs() < 1e-6);

            // The widths are small, as a unit under `Relu` that switches on within them spoils the difference.
            // Along the gradient the loss changes by the gradient's square.
            let gradient = network.gradient.clone();
            let square: f64 = gradient.as_flattened().iter().map(|slope| f64::from(*slope).powi(2)).sum();
            let width = 1e-4;
            let along = |sign: f32| loss_at(&network, &examples, |index, lane| sign * width * gradient[index][lane]);
            let slope = (along(1.0) - along(-1.0)) / f64::from(2.0 * width);
            assert!((slope / square - 1.0).abs() < 5e-3, "{activation:?}: {slope} against {square}");

            // And by each weight, in every part.
            let width = 5e-4;
            for index in (0..gradient.len()).step_by(7).chain(gradient.len() - 30..gradient.len()) {
                let lane = index % LANES;
                let moved =
                    |sign: f32| {
                        loss_at(&network, &examples, |other, other_lane| {
                            if (other, other_lane) == (index, lane) { sign * width } else { 0.0 }
                        })
                    };
                let slope = (moved(1.0) - moved(-1.0)) / f64::from(2.0 * width);
                let ours = f64::from(gradient[index][lane]);
                // A surplus output has no say in the loss, and a surplus unit has no gradient.
                assert!(
                    (slope - ours).abs() < 2e-4 + 0.02 * ours.abs() || ours == 0.0,
                    "{activation:?} {index}: {slope} against {ours}"
                );
            }
        }
    }

    #[test]
    fn surplus_units_stay_zero() {
        let (mut network, examples) = network(Activation::Tanh);
        let step = Step { learning_rate: 0.1, momentum: 0.5, weight_decay: 1e-3 };
        let first = network.train(examples.iter(), step);
        let last = (0..200).map(|_| network.train(examples.iter(), step)).last().unwrap();
        assert!(last < first / 2.0);
        let parts = Parts::<&[Lanes]>::of(&network.weights, network.strips);
        for input in 0..INPUTS {
            assert_eq!(parts.hidden_weights[INPUTS + input][5..], [0.0; 3]);
        }
        assert_eq!(parts.output_weights[13..16], [[0.0; LANES]; 3]);
        assert_eq!(parts.output_biases[1][2..], [0.0; 6]);
    }

    #[test]
    fn bytes_hold_every_weight() {
        let (network, _) = network(Activation::Tanh);
        let bytes = network.to_bytes();
        assert_eq!(bytes.len(), 8 + 4 * 4 + 4 * (13 * (INPUTS + 1) + CLASSES * (13 + 1)));
        assert_eq!(&bytes[..8], b"TBMLP1\0\0");
        assert_eq!(bytes[12..16], 13_u32.to_le_bytes());
        assert_eq!(bytes[24..28], network.weights[0][0].to_le_bytes());
    }
}
