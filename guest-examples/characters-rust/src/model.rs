//! A language model: from the last few characters to the probabilities of the next one.
//!
//! Each character of the context is looked up in a table of embeddings; the embeddings, side by side, go through one hidden layer. After
//! Y. Bengio and others, "A Neural Probabilistic Language Model" (2003). It is trained by Adam, with weight decay that is not scaled (Loshchilov and
//! Hutter, "Decoupled Weight Decay Regularization", 2019).

use trialbox_guest::Random;

use crate::math::{exponential, logarithm, positive_part, tangent};
use crate::matrix::Matrix;

/// How fast Adam forgets slopes, and their squares.
const FORGETTING: [f32; 2] = [0.9, 0.99];

/// What keeps Adam from dividing by zero.
const SMALLEST_SLOPE: f32 = 1e-8;

/// The contexts that are judged in one go.
const CONTEXTS_PER_BATCH: usize = 64;

/// The function of a hidden unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    Relu,
    Tanh,
}

/// What makes one model different from another.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// The characters to choose from.
    pub alphabet_size: usize,
    /// The characters that the next one is told from.
    pub context: usize,
    pub embedding_size: usize,
    pub hidden_units: usize,
    pub activation: Activation,
}

/// How far and in what way the weights change.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    pub learning_rate: f32,
    pub weight_decay: f32,
}

/// How good the model is on a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The bits that a character takes in a code made by the model.
    pub bits_per_character: f64,
    /// The share of characters that it gives the highest probability.
    pub accuracy: f64,
}

/// Weights that are learnt, and what Adam remembers of their slopes.
#[derive(Debug, Clone)]
struct Parameter {
    weights: Matrix,
    slopes: Vec<f32>,
    squares: Vec<f32>,
}

/// The model.
#[derive(Debug, Clone)]
pub struct Model {
    shape: Shape,
    embeddings: Parameter,
    hidden_weights: Parameter,
    hidden_biases: Parameter,
    output_weights: Parameter,
    output_biases: Parameter,
    /// What is missing in Adam's memory, as it began with zeros: the forgetting to the power of the steps made.
    missing: [f32; 2],
}

/// What a batch of contexts becomes on its way through the model.
struct Activations {
    inputs: Matrix,
    hidden: Matrix,
    outputs: Matrix,
}

/// The loss's derivative by every weight.
struct Gradient {
    embeddings: Matrix,
    hidden_weights: Matrix,
    hidden_biases: Matrix,
    output_weights: Matrix,
    output_biases: Matrix,
}

impl Parameter {
    fn new(weights: Matrix) -> Self {
        let count = weights.numbers.len();
        Self { weights, slopes: vec![0.0; count], squares: vec![0.0; count] }
    }

    /// Normal numbers, the smaller the more of them are summed up.
    fn random(rows: usize, columns: usize, random: &mut Random) -> Self {
        let deviation = 1.0 / (rows as f64).sqrt();
        Self::new(Matrix::filled(rows, columns, || (deviation * random.normal()) as f32))
    }

    /// Changes the weights by the gradient.
    fn descend(&mut self, gradient: &Matrix, step: Step, missing: [f32; 2]) {
        let memory = self.slopes.iter_mut().zip(&mut self.squares);
        for ((weight, (slope, square)), new) in self.weights.numbers.iter_mut().zip(memory).zip(&gradient.numbers) {
            *slope = FORGETTING[0] * *slope + (1.0 - FORGETTING[0]) * new;
            *square = FORGETTING[1] * *square + (1.0 - FORGETTING[1]) * (new * new);
            let direction = *slope / (1.0 - missing[0]) / ((*square / (1.0 - missing[1])).sqrt() + SMALLEST_SLOPE);
            *weight -= step.learning_rate * (direction + step.weight_decay * *weight);
        }
    }
}

impl Model {
    /// A model with random weights.
    pub fn new(shape: Shape, random: &mut Random) -> Self {
        let Shape { alphabet_size, context, embedding_size, hidden_units, .. } = shape;
        let embeddings = Matrix::filled(alphabet_size, embedding_size, || random.normal() as f32);
        Self {
            shape,
            embeddings: Parameter::new(embeddings),
            hidden_weights: Parameter::random(context * embedding_size, hidden_units, random),
            hidden_biases: Parameter::new(Matrix::new(1, hidden_units)),
            output_weights: Parameter::random(hidden_units, alphabet_size, random),
            output_biases: Parameter::new(Matrix::new(1, alphabet_size)),
            missing: [1.0; 2],
        }
    }

    /// Changes the weights by what comes after some contexts: the places of the characters to be told in the text.
    pub fn train(&mut self, text: &[usize], places: &[usize], step: Step) {
        let gradient = self.gradient(text, places);
        for (missing, forgetting) in self.missing.iter_mut().zip(FORGETTING) {
            *missing *= forgetting;
        }
        let parts = [
            (&mut self.embeddings, &gradient.embeddings),
            (&mut self.hidden_weights, &gradient.hidden_weights),
            (&mut self.hidden_biases, &gradient.hidden_biases),
            (&mut self.output_weights, &gradient.output_weights),
            (&mut self.output_biases, &gradient.output_biases),
        ];
        for (parameter, gradient) in parts {
            parameter.descend(gradient, step, self.missing);
        }
    }

    /// From contexts to outputs, which are logarithms of probabilities up to a constant.
    fn forward<'a>(&self, contexts: impl ExactSizeIterator<Item = &'a [usize]>) -> Activations {
        let size = self.shape.embedding_size;
        let mut inputs = Matrix::new(contexts.len(), self.shape.context * size);
        for (context, row) in contexts.zip(inputs.rows_mut()) {
            for (&character, embedding) in context.iter().zip(row.chunks_exact_mut(size)) {
                embedding.copy_from_slice(self.embeddings.weights.row(character));
            }
        }
        let mut hidden = inputs.times(&self.hidden_weights.weights);
        hidden.add_to_rows(&self.hidden_biases.weights.numbers);
        match self.shape.activation {
            Activation::Relu => hidden.numbers.iter_mut().for_each(|number| *number = positive_part(*number)),
            Activation::Tanh => hidden.numbers.iter_mut().for_each(|number| *number = tangent(*number)),
        }
        let mut outputs = hidden.times(&self.output_weights.weights);
        outputs.add_to_rows(&self.output_biases.weights.numbers);
        Activations { inputs, hidden, outputs }
    }

    /// The derivative of the mean loss.
    fn gradient(&self, text: &[usize], places: &[usize]) -> Gradient {
        let context = self.shape.context;
        let Activations { inputs, hidden, mut outputs } =
            self.forward(places.iter().map(|&place| &text[place - context..place]));
        let share = 1.0 / places.len() as f32;
        for (row, &place) in outputs.rows_mut().zip(places) {
            softmax(row);
            row[text[place]] -= 1.0;
            row.iter_mut().for_each(|slope| *slope *= share);
        }

        let mut slopes = outputs.times(&self.output_weights.weights.transposed());
        let pairs = slopes.numbers.iter_mut().zip(&hidden.numbers);
        match self.shape.activation {
            Activation::Relu => pairs.for_each(|(slope, active)| *slope = if *active > 0.0 { *slope } else { 0.0 }),
            Activation::Tanh => pairs.for_each(|(slope, active)| *slope *= 1.0 - active * active),
        }
        let input_slopes = slopes.times(&self.hidden_weights.weights.transposed());
        let mut embeddings = Matrix::new(self.shape.alphabet_size, self.shape.embedding_size);
        for (&place, row) in places.iter().zip(input_slopes.rows()) {
            let slopes = row.chunks_exact(self.shape.embedding_size);
            for (&character, slopes) in text[place - context..place].iter().zip(slopes) {
                let sums = embeddings.row_mut(character).iter_mut();
                sums.zip(slopes).for_each(|(sum, slope)| *sum += slope);
            }
        }
        Gradient {
            embeddings,
            hidden_weights: inputs.transposed().times(&slopes),
            hidden_biases: slopes.sum_of_rows(),
            output_weights: hidden.transposed().times(&outputs),
            output_biases: outputs.sum_of_rows(),
        }
    }

    /// How well it tells every character of a text, from the first one that has a whole context.
    pub fn score(&self, text: &[usize]) -> Score {
        let context = self.shape.context;
        let (mut loss, mut right) = (0.0, 0);
        let places: Vec<usize> = (context..text.len()).collect();
        for places in places.chunks(CONTEXTS_PER_BATCH) {
            let outputs = self.forward(places.iter().map(|&place| &text[place - context..place])).outputs;
            for (row, &place) in outputs.rows().zip(places) {
                let output = row[text[place]];
                right += usize::from(row.iter().all(|other| *other <= output));
                let largest = largest(row);
                let sum: f32 = row.iter().map(|other| exponential(other - largest)).sum();
                loss += f64::from(logarithm(sum) - (output - largest));
            }
        }
        let count = places.len() as f64;
        Score { bits_per_character: loss / count / std::f64::consts::LN_2, accuracy: right as f64 / count }
    }

    /// Goes on with a text, character by character, each drawn by its probability. A temperature below 1 prefers those that are probable.
    pub fn write(&self, beginning: &[usize], characters: usize, temperature: f32, random: &mut Random) -> Vec<usize> {
        let mut text = beginning.to_vec();
        for _ in 0..characters {
            let context = &text[text.len() - self.shape.context..];
            let mut outputs = self.forward([context].into_iter()).outputs.numbers;
            outputs.iter_mut().for_each(|output| *output /= temperature);
            softmax(&mut outputs);
            text.push(drawn(&outputs, random));
        }
        text.split_off(beginning.len())
    }
}

fn largest(outputs: &[f32]) -> f32 {
    outputs.iter().fold(f32::NEG_INFINITY, |largest, output| if *output > largest { *output } else { largest })
}

/// Makes outputs probabilities.
fn softmax(outputs: &mut [f32]) {
    let largest = largest(outputs);
    outputs.iter_mut().for_each(|output| *output = exponential(*output - largest));
    let sum: f32 = outputs.iter().sum();
    outputs.iter_mut().for_each(|weight| *weight /= sum);
}

/// A number, drawn by its probability.
fn drawn(probabilities: &[f32], random: &mut Random) -> usize {
    let mut left = random.uniform();
    for (number, probability) in probabilities.iter().enumerate() {
        left -= f64::from(*probability);
        if left < 0.0 {
            return number;
        }
    }
    // The probabilities sum up to 1 but for rounding.
    probabilities.len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: [usize; 12] = [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1];

    fn model(activation: Activation) -> Model {
        let shape = Shape { alphabet_size: 5, context: 3, embedding_size: 2, hidden_units: 7, activation };
        Model::new(shape, &mut Random::new(5))
    }

    fn loss(model: &Model) -> f64 {
        model.score(&TEXT).bits_per_character * std::f64::consts::LN_2
    }

    #[test]
    fn gradient_agrees_with_finite_differences() {
        type Part = (fn(&mut Model) -> &mut Parameter, fn(&Gradient) -> &Matrix);
        let parts: [Part; 5] = [
            (|model| &mut model.embeddings, |gradient| &gradient.embeddings),
            (|model| &mut model.hidden_weights, |gradient| &gradient.hidden_weights),
            (|model| &mut model.hidden_biases, |gradient| &gradient.hidden_biases),
            (|model| &mut model.output_weights, |gradient| &gradient.output_weights),
            (|model| &mut model.output_biases, |gradient| &gradient.output_biases),
        ];
        let places: Vec<usize> = (3..TEXT.len()).collect();
        for activation in [Activation::Relu, Activation::Tanh] {
            let mut model = model(activation);
            let gradient = model.gradient(&TEXT, &places);
            for (number, (parameter, slopes)) in parts.into_iter().enumerate() {
                for (index, ours) in slopes(&gradient).numbers.iter().enumerate() {
                    let width = 1e-3_f32;
                    let mut moved = |distance: f32| {
                        parameter(&mut model).weights.numbers[index] += distance;
                        loss(&model)
                    };
                    let (right, left) = (moved(width), moved(-2.0 * width));
                    moved(width);
                    let slope = (right - left) / f64::from(2.0 * width);
                    let difference = (slope - f64::from(*ours)).abs();
                    assert!(difference < 1e-3, "{activation:?} {number} {index}: {slope} against {ours}");
                }
            }
        }
    }

    #[test]
    fn a_text_that_repeats_is_learnt_and_written() {
        for activation in [Activation::Relu, Activation::Tanh] {
            let mut model = model(activation);
            let places: Vec<usize> = (3..TEXT.len()).collect();
            for _ in 0..300 {
                model.train(&TEXT, &places, Step { learning_rate: 0.01, weight_decay: 0.0 });
            }
            let score = model.score(&TEXT);
            assert!(score.bits_per_character < 0.05 && score.accuracy == 1.0, "{activation:?}: {score:?}");
            let written = model.write(&[2, 3, 4], 7, 0.1, &mut Random::new(1));
            assert_eq!(written, [0, 1, 2, 3, 4, 0, 1]);
        }
    }

    #[test]
    fn weight_decay_makes_weights_smaller() {
        let length = |weight_decay: f32| {
            let mut model = model(Activation::Tanh);
            for _ in 0..50 {
                model.train(&TEXT, &[3, 4, 5], Step { learning_rate: 0.01, weight_decay });
            }
            model.hidden_weights.weights.numbers.iter().map(|weight| weight * weight).sum::<f32>()
        };
        assert!(length(1.0) < 0.8 * length(0.0));
    }

    #[test]
    fn characters_are_drawn_by_their_probabilities() {
        let mut random = Random::new(3);
        let mut counts = [0; 3];
        for _ in 0..10_000 {
            counts[drawn(&[0.5, 0.0, 0.5], &mut random)] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((4_700..5_300).contains(&counts[0]), "{counts:?}");
    }
}
