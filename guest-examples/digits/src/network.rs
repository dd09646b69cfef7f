//! A network with one hidden layer, trained by stochastic gradient descent with momentum.
//!
//! Pure functions over arrays: no system, no randomness of its own, no dependency, so that it runs the same natively and
//! in the sandbox. `lib` feeds it the data and reports what it has learnt.
//!
//! # How it is laid out
//!
//! All five products of matrices (two forward, three backward) go through one kernel, [`product`]: 4 rows by 8 columns
//! of the result stay in registers while it runs along the common dimension, two steps at a time. The left factor is kept in
//! blocks of 4 by 4 ([`Block`]), which can be read along either side, so that nothing is transposed but the output
//! weights; the right factor in tiles of 4 steps by 8 columns ([`Tile`]), and so is the result. Loops run over whole blocks
//! and tiles without index checks, and become vector code. Hidden units and classes are filled up to whole tiles; the
//! weights of the surplus ones are zero and stay so, as their gradient is.

use crate::math::{exponential, logarithm, positive_part, tangent};

/// Pixels of an image.
pub const INPUTS: usize = 64;
/// Digits.
pub const CLASSES: usize = 10;

/// Columns of a tile.
pub const LANES: usize = 8;
/// Rows of a tile, and rows and columns of a block.
const ROWS: usize = 4;
/// Blocks beside each other in a group of 4 images.
const INPUT_BLOCKS: usize = INPUTS / ROWS;
/// The classes, filled up to whole tiles.
const OUTPUTS: usize = 16;
const OUTPUT_STRIPS: usize = OUTPUTS / LANES;
const OUTPUT_BLOCKS: usize = OUTPUTS / ROWS;

/// Weights that are changed at a time. There are a few more than are used, so that their number is a multiple of it.
const PARAMETERS: usize = 16;

/// A row of a tile.
pub type Lanes = [f32; LANES];
/// 4 rows by 8 columns of a right factor or of a result.
type Tile = [Lanes; ROWS];
/// 4 rows by 4 columns of a left factor.
type Block = [[f32; ROWS]; ROWS];

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

/// What is computed from a batch, kept so that no memory is asked for in the loops. A group is 4 examples.
#[derive(Debug, Clone, Default)]
struct Batch {
    labels: Vec<usize>,
    /// The pixels: for each group its blocks.
    inputs: Vec<[Block; INPUT_BLOCKS]>,
    /// What the hidden units give: for each group its blocks.
    active: Vec<Block>,
    /// The hidden units' sums, what they give, then the loss's derivative by the sums: for each strip of 8 units a tile a
    /// group.
    hidden: Vec<Tile>,
    /// The outputs, then the loss's derivative by them: for each strip of 8 outputs a tile a group.
    outputs: Vec<Tile>,
    /// That derivative once more: for each group its blocks.
    slopes: Vec<[Block; OUTPUT_BLOCKS]>,
    /// The output weights, transposed: for each strip of 8 hidden units a step an output.
    output_weights: Vec<[Lanes; OUTPUTS]>,
}

/// The way along which a left factor's blocks are read.
#[derive(Clone, Copy)]
enum Along {
    /// The common dimension runs through a block's columns.
    Columns,
    /// The common dimension runs through a block's rows.
    Rows,
}

/// The kernel: a tile of a product, added to what it starts from. The factors end together.
///
/// Several blocks an iteration, as a loop's start is where a guest is metered.
#[inline(always)]
fn product<'a>(start: Tile, mut left: impl Iterator<Item = &'a Block>, right: &[Tile], along: Along) -> Tile {
    let mut sums = start;
    let mut right = right.as_flattened().as_chunks::<2>().0.iter();
    while let Some(block) = left.next()
        && add_steps::<0>(&mut sums, block, right.next(), along)
        && add_steps::<2>(&mut sums, block, right.next(), along)
        && let Some(block) = left.next()
        && add_steps::<0>(&mut sums, block, right.next(), along)
        && add_steps::<2>(&mut sums, block, right.next(), along)
    {}
    sums
}

/// Adds two steps of a product to a tile, if the right factor has not ended.
///
/// This condition divides the code: from more steps at once the sandbox's compiler makes code that needs more registers
/// than there are.
#[inline(always)]
fn add_steps<const FIRST: usize>(sums: &mut Tile, left: &Block, right: Option<&[Lanes; 2]>, along: Along) -> bool {
    let Some(right) = right else { return false };
    for step in 0..2 {
        for row in 0..ROWS {
            let factor = match along {
                Along::Columns => left[row][FIRST + step],
                Along::Rows => left[FIRST + step][row],
            };
            for lane in 0..LANES {
                sums[row][lane] += factor * right[step][lane];
            }
        }
    }
    true
}

/// A strip of a product: for each row of `width` blocks in `left` a tile.
///
/// A function of its own, as the compiler makes the best of it alone.
#[inline(never)]
fn multiply(left: &[Block], width: usize, right: &[Tile], start: Lanes, target: &mut [Tile]) {
    for (left, target) in left.chunks_exact(width).zip(target) {
        *target = product([start; ROWS], left.iter(), right, Along::Columns);
    }
}

/// A strip of a product with the left factor transposed: for each of its `width` columns of blocks a tile.
#[inline(never)]
fn multiply_transposed(left: &[Block], width: usize, right: &[Tile], target: &mut [Tile]) {
    for (column, target) in target.iter_mut().enumerate().take(width) {
        *target = product([[0.0; LANES]; ROWS], left[column..].iter().step_by(width), right, Along::Rows);
    }
}

/// What the hidden units of a strip give by their sums.
fn activate(sums: &mut [Tile], active: &mut [Block], width: usize, strip: usize, function: impl Fn(f32) -> f32) {
    for (sums, blocks) in sums.iter_mut().zip(active.chunks_exact_mut(width)) {
        let old = *sums;
        *sums = std::array::from_fn(|row| std::array::from_fn(|lane| function(old[row][lane])));
        let [left, right] = &mut blocks.as_chunks_mut::<2>().0[strip];
        for row in 0..ROWS {
            left[row].copy_from_slice(&sums[row][..ROWS]);
            right[row].copy_from_slice(&sums[row][ROWS..]);
        }
    }
}

/// The loss's derivative by the sums of a strip, from that by what the units give.
fn deactivate(slopes: &mut [Tile], active: &[Block], width: usize, strip: usize, slope: impl Fn(f32, f32) -> f32) {
    for (slopes, blocks) in slopes.iter_mut().zip(active.chunks_exact(width)) {
        let [left, right] = &blocks.as_chunks::<2>().0[strip];
        let old = *slopes;
        *slopes = std::array::from_fn(|row| {
            std::array::from_fn(|lane| {
                let active = if lane < ROWS { left[row][lane] } else { right[row][lane - ROWS] };
                slope(old[row][lane], active)
            })
        });
    }
}

impl Network {
    /// A network with random weights: `normal` gives normal numbers of mean 0 and standard deviation 1.
    pub fn new(hidden: usize, activation: Activation, mut normal: impl FnMut() -> f64) -> Self {
        let strips = hidden.div_ceil(LANES);
        let count = strips * INPUTS + strips + OUTPUT_STRIPS * strips * LANES + OUTPUT_STRIPS;
        let count = count.next_multiple_of(PARAMETERS / LANES);
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
        descend(&mut self.weights, &mut self.velocity, &self.gradient, step);
        loss
    }

    /// How well the network does on examples.
    pub fn score(&mut self, examples: &[Example]) -> Score {
        let (mut right, mut loss) = (0_usize, 0.0_f64);
        for group in examples.chunks(64) {
            // The last group is filled up to whole blocks with its first example, which isn't counted again.
            let filled = group.len().next_multiple_of(ROWS);
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

    /// Puts examples into the blocks.
    fn load<'a>(&mut self, examples: impl ExactSizeIterator<Item = &'a Example>) {
        let size = examples.len();
        assert!(size > 0 && size.is_multiple_of(ROWS), "a batch is filled up to whole blocks");
        let batch = &mut self.batch;
        if batch.labels.len() != size {
            batch.resize(size, self.strips);
        }
        for (place, (example, label)) in examples.zip(&mut batch.labels).enumerate() {
            *label = example.label;
            let (pixels, _) = example.pixels.as_chunks::<ROWS>();
            for (block, pixels) in batch.inputs[place / ROWS].iter_mut().zip(pixels) {
                block[place % ROWS] = *pixels;
            }
        }
    }

    /// From pixels to outputs.
    fn forward(&mut self) {
        let Self { batch, strips, activation, weights, .. } = self;
        let parts = Parts::<&[Lanes]>::of(weights, *strips);
        let (groups, width) = (batch.inputs.len(), *strips * LANES / ROWS);
        let inputs = batch.inputs.as_flattened();
        let strips_of_weights = parts.hidden_weights.chunks_exact(INPUTS).zip(parts.hidden_biases);
        for (strip, (hidden, (weights, biases))) in
            batch.hidden.chunks_exact_mut(groups).zip(strips_of_weights).enumerate()
        {
            multiply(inputs, INPUT_BLOCKS, weights.as_chunks().0, *biases, hidden);
            match activation {
                Activation::Relu => activate(hidden, &mut batch.active, width, strip, positive_part),
                Activation::Tanh => activate(hidden, &mut batch.active, width, strip, tangent),
            }
        }
        let strips_of_weights = parts.output_weights.chunks_exact(*strips * LANES).zip(parts.output_biases);
        for (outputs, (weights, biases)) in batch.outputs.chunks_exact_mut(groups).zip(strips_of_weights) {
            multiply(&batch.active, width, weights.as_chunks().0, *biases, outputs);
        }
    }

    /// From outputs to the gradient; returns the mean loss.
    fn backward(&mut self) -> f64 {
        let Self { batch, strips, activation, weights, gradient, .. } = self;
        let (groups, width) = (batch.inputs.len(), *strips * LANES / ROWS);
        let loss = batch.differentiate_outputs();
        batch.transpose_output_weights(Parts::<&[Lanes]>::of(weights, *strips).output_weights, *strips * LANES);

        let parts = Parts::<&mut [Lanes]>::of(gradient, *strips);
        let strips_of_gradient = parts.hidden_weights.chunks_exact_mut(INPUTS).zip(parts.hidden_biases);
        for (strip, (hidden, (weights, biases))) in
            batch.hidden.chunks_exact_mut(groups).zip(strips_of_gradient).enumerate()
        {
            let output_weights = batch.output_weights[strip].as_chunks().0;
            multiply(batch.slopes.as_flattened(), OUTPUT_BLOCKS, output_weights, [0.0; LANES], hidden);
            match activation {
                Activation::Relu => {
                    deactivate(
                        hidden,
                        &batch.active,
                        width,
                        strip,
                        |slope, active| if active > 0.0 { slope } else { 0.0 },
                    );
                }
                Activation::Tanh => {
                    deactivate(hidden, &batch.active, width, strip, |slope, active| slope * (1.0 - active * active));
                }
            }
            multiply_transposed(batch.inputs.as_flattened(), INPUT_BLOCKS, hidden, weights.as_chunks_mut().0);
            *biases = total(hidden);
        }
        let strips_of_gradient = parts.output_weights.chunks_exact_mut(*strips * LANES).zip(parts.output_biases);
        for (outputs, (weights, biases)) in batch.outputs.chunks_exact(groups).zip(strips_of_gradient) {
            multiply_transposed(&batch.active, width, outputs, weights.as_chunks_mut().0);
            *biases = total(outputs);
        }
        loss
    }
}

impl Batch {
    fn resize(&mut self, size: usize, strips: usize) {
        let groups = size / ROWS;
        let block = [[0.0; ROWS]; ROWS];
        let tile = [[0.0; LANES]; ROWS];
        self.labels = vec![0; size];
        self.inputs = vec![[block; INPUT_BLOCKS]; groups];
        self.active = vec![block; groups * strips * (LANES / ROWS)];
        self.hidden = vec![tile; strips * groups];
        self.outputs = vec![tile; OUTPUT_STRIPS * groups];
        self.slopes = vec![[block; OUTPUT_BLOCKS]; groups];
        self.output_weights = vec![[[0.0; LANES]; OUTPUTS]; strips];
    }

    fn outputs_of(&self, place: usize) -> [f32; OUTPUTS] {
        let (low, high) = self.outputs.split_at(self.inputs.len());
        let (low, high) = (low[place / ROWS][place % ROWS], high[place / ROWS][place % ROWS]);
        std::array::from_fn(|output| if output < LANES { low[output] } else { high[output - LANES] })
    }

    /// Puts the loss's derivative by the outputs in their place; returns the mean loss.
    fn differentiate_outputs(&mut self) -> f64 {
        let mut loss = 0.0;
        let share = 1.0 / self.labels.len() as f32;
        let (low, high) = self.outputs.split_at_mut(self.inputs.len());
        let groups = low.iter_mut().zip(high).zip(&mut self.slopes).zip(self.labels.as_chunks::<ROWS>().0);
        for (((low, high), blocks), labels) in groups {
            for row in 0..ROWS {
                let outputs =
                    std::array::from_fn(
                        |output| {
                            if output < LANES { low[row][output] } else { high[row][output - LANES] }
                        },
                    );
                let (mut slopes, example_loss) = softmax(&outputs, labels[row]);
                loss += f64::from(example_loss);
                slopes[labels[row]] -= 1.0;
                let slopes = slopes.map(|slope| slope * share);
                low[row].copy_from_slice(&slopes[..LANES]);
                high[row].copy_from_slice(&slopes[LANES..]);
                for (block, slopes) in blocks.iter_mut().zip(slopes.as_chunks().0) {
                    block[row] = *slopes;
                }
            }
        }
        loss / self.labels.len() as f64
    }

    fn transpose_output_weights(&mut self, weights: &[Lanes], units: usize) {
        for (output_strip, weights) in weights.chunks_exact(units).enumerate() {
            for (group, target) in weights.as_chunks::<LANES>().0.iter().zip(&mut self.output_weights) {
                for (lane, step) in target[output_strip * LANES..][..LANES].iter_mut().enumerate() {
                    *step = std::array::from_fn(|unit| group[unit][lane]);
                }
            }
        }
    }
}

/// The probabilities of the classes, zero for the surplus outputs, and the loss.
fn softmax(outputs: &[f32; OUTPUTS], label: usize) -> ([f32; OUTPUTS], f32) {
    let largest = outputs[..CLASSES]
        .iter()
        .fold(f32::NEG_INFINITY, |largest, output| if *output > largest { *output } else { largest });
    let mut weights = outputs.map(|output| exponential(output - largest));
    weights[CLASSES..].fill(0.0);
    let sum: f32 = weights[..CLASSES].iter().sum();
    (weights.map(|weight| weight / sum), logarithm(sum) - (outputs[label] - largest))
}

/// Changes the weights by the gradient.
fn descend(weights: &mut [Lanes], velocity: &mut [Lanes], gradient: &[Lanes], step: Step) {
    let (weights, _) = weights.as_flattened_mut().as_chunks_mut::<PARAMETERS>();
    let (velocity, _) = velocity.as_flattened_mut().as_chunks_mut::<PARAMETERS>();
    let (gradient, _) = gradient.as_flattened().as_chunks::<PARAMETERS>();
    for ((weights, velocity), gradient) in weights.iter_mut().zip(velocity).zip(gradient) {
        let (old_weights, old_velocity) = (*weights, *velocity);
        *velocity = std::array::from_fn(|index| {
            let slope = gradient[index] + step.weight_decay * old_weights[index];
            step.momentum * old_velocity[index] - step.learning_rate * slope
        });
        *weights = std::array::from_fn(|index| old_weights[index] + velocity[index]);
    }
}

/// The sum of all rows.
fn total(tiles: &[Tile]) -> Lanes {
    let mut sums = [[0.0; LANES]; ROWS];
    for tile in tiles {
        for row in 0..ROWS {
            for lane in 0..LANES {
                sums[row][lane] += tile[row][lane];
            }
        }
    }
    std::array::from_fn(|lane| (sums[0][lane] + sums[1][lane]) + (sums[2][lane] + sums[3][lane]))
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
