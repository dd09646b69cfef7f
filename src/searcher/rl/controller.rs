//! The controller: a recurrent network that makes one decision after the other, each in view of those before.
//!
//! It is the original's: a row of an embedding for each option, one cell of long short-term memory (Hochreiter and Schmidhuber 1997,
//! with the forget gate of Gers, Schmidhuber and Cummins 2000), and a linear head for each decision, whose softmax gives the
//! probabilities of its options. The input of the first step is zero, that of each further one the row of what was chosen last;
//! decisions that are not made, because their parameter is not active, take no step.
//!
//! Talks to `numeric`.

use std::ops::Range;

use crate::numeric::amount::Seed;
use crate::numeric::cholesky::dot;
use crate::numeric::float::{exp, logistic, tanh};
use crate::numeric::random::{Purpose, Stream};

/// How wide the embedding and the cell are.
const UNITS: usize = 100;
/// The gates of the cell: input, forget, cell, output.
const GATES: usize = 4;
/// Weights begin between this and its negative; biases at 0.
const WEIGHT_MAX: f64 = 0.07;

/// The network.
#[derive(Debug)]
pub(super) struct Controller {
    layout: Layout,
    /// All its parameters.
    weights: Vec<f64>,
}

/// Where the groups of parameters stand in the list of all.
#[derive(Debug)]
struct Layout {
    embedding: Range<usize>,
    input_weights: Range<usize>,
    hidden_weights: Range<usize>,
    input_biases: Range<usize>,
    hidden_biases: Range<usize>,
    heads: Vec<Head>,
    size: usize,
}

/// The layer that gives the weights of one decision's options.
#[derive(Debug)]
struct Head {
    /// The row of the embedding of its first option.
    row: usize,
    weights: Range<usize>,
    biases: Range<usize>,
}

/// The decisions that were made, with what the network went through.
#[derive(Debug, Default)]
pub(super) struct Trace(Vec<Step>);

/// One decision.
#[derive(Debug)]
struct Step {
    decision: usize,
    /// What was chosen; the first option before.
    option: usize,
    /// The row of the embedding that was its input; none in the first step.
    input: Option<Range<usize>>,
    /// What the gates let through.
    gates: Vec<f64>,
    memory: Vec<f64>,
    /// tanh of the memory.
    squashed: Vec<f64>,
    hidden: Vec<f64>,
    probabilities: Vec<f64>,
}

impl Layout {
    fn new(options: &[usize]) -> Self {
        let mut size = 0;
        let mut take = |length: usize| {
            size += length;
            size - length..size
        };
        let embedding = take(options.iter().sum::<usize>() * UNITS);
        let (input_weights, hidden_weights) = (take(GATES * UNITS * UNITS), take(GATES * UNITS * UNITS));
        let (input_biases, hidden_biases) = (take(GATES * UNITS), take(GATES * UNITS));
        let mut row = 0;
        let mut heads = Vec::with_capacity(options.len());
        for &options in options {
            heads.push(Head { row, weights: take(options * UNITS), biases: take(options) });
            row += options;
        }
        Self { embedding, input_weights, hidden_weights, input_biases, hidden_biases, heads, size }
    }

    /// The groups that do not begin at 0.
    fn drawn(&self) -> impl Iterator<Item = Range<usize>> {
        let heads = self.heads.iter().map(|head| head.weights.clone());
        [&self.embedding, &self.input_weights, &self.hidden_weights].into_iter().cloned().chain(heads)
    }

    /// The row of the embedding for that option.
    fn row(&self, decision: usize, option: usize) -> Range<usize> {
        let start = self.embedding.start + (self.heads[decision].row + option) * UNITS;
        start..start + UNITS
    }
}

/// The row of a matrix that begins at `start` and has [`UNITS`] columns.
fn row(start: usize, index: usize) -> Range<usize> {
    start + index * UNITS..start + (index + 1) * UNITS
}

impl Trace {
    /// Says what was chosen in the last step.
    pub(super) fn choose(&mut self, option: usize) {
        if let Some(step) = self.0.last_mut() {
            step.option = option;
        }
    }
}

impl Controller {
    /// A network for decisions with so many options each, at its start.
    pub(super) fn new(options: &[usize], seed: Seed) -> Self {
        let layout = Layout::new(options);
        let mut weights = vec![0.0; layout.size];
        let mut stream = Stream::new(seed, Purpose::Controller, 0, 0);
        for weight in layout.drawn().flatten() {
            weights[weight] = (2.0 * stream.uniform() - 1.0) * WEIGHT_MAX;
        }
        Self { layout, weights }
    }

    /// All parameters, to be changed.
    pub(super) fn weights_mut(&mut self) -> &mut [f64] {
        &mut self.weights
    }

    /// How many parameters there are.
    pub(super) fn size(&self) -> usize {
        self.weights.len()
    }

    /// Takes the step of a decision; the probabilities of its options. [`Trace::choose`] is to follow.
    pub(super) fn decide<'trace>(&self, trace: &'trace mut Trace, decision: usize) -> &'trace [f64] {
        let Self { layout, weights } = self;
        let before = trace.0.last();
        let zeros = [0.0; UNITS];
        let input = before.map(|step| layout.row(step.decision, step.option));
        let input_units = input.clone().map_or(&zeros[..], |row| &weights[row]);
        let (hidden, memory) = before.map_or((&zeros[..], &zeros[..]), |step| (&step.hidden, &step.memory));
        let gates: Vec<f64> = (0..GATES * UNITS)
            .map(|gate| {
                let from_input = dot(&weights[row(layout.input_weights.start, gate)], input_units);
                let from_hidden = dot(&weights[row(layout.hidden_weights.start, gate)], hidden);
                let biases = weights[layout.input_biases.start + gate] + weights[layout.hidden_biases.start + gate];
                let sum = from_input + from_hidden + biases;
                if gate / UNITS == 2 { tanh(sum) } else { logistic(sum) }
            })
            .collect();
        let memory: Vec<f64> =
            (0..UNITS).map(|unit| gates[UNITS + unit] * memory[unit] + gates[unit] * gates[2 * UNITS + unit]).collect();
        let squashed: Vec<f64> = memory.iter().map(|&memory| tanh(memory)).collect();
        let hidden: Vec<f64> =
            squashed.iter().zip(&gates[3 * UNITS..]).map(|(squashed, gate)| squashed * gate).collect();
        let head = &layout.heads[decision];
        let logits = head.biases.clone().enumerate();
        let logits =
            logits.map(|(option, bias)| weights[bias] + dot(&weights[row(head.weights.start, option)], &hidden));
        let probabilities = softmax(logits.collect());
        trace.0.push(Step { decision, option: 0, input, gates, memory, squashed, hidden, probabilities });
        trace.0.last().map_or(&[], |step| &step.probabilities)
    }

    /// The trace of these decisions, each with its option.
    pub(super) fn follow(&self, path: &[(usize, usize)]) -> Trace {
        let mut trace = Trace::default();
        for &(decision, option) in path {
            self.decide(&mut trace, decision);
            trace.choose(option);
        }
        trace
    }

    /// How likely it is that these decisions are made so.
    pub(super) fn probability(&self, path: &[(usize, usize)]) -> f64 {
        self.follow(path).0.iter().map(|step| step.probabilities[step.option]).product()
    }

    /// Adds the gradient of the path's −ln p, `factor` times, by propagation back through the steps (Werbos 1990).
    pub(super) fn add_gradient(&self, path: &[(usize, usize)], factor: f64, gradient: &mut [f64]) {
        let steps = self.follow(path).0;
        // What the loss feels of the cell's state after the step at hand.
        let (mut by_hidden, mut by_memory) = (vec![0.0; UNITS], vec![0.0; UNITS]);
        for (index, step) in steps.iter().enumerate().rev() {
            let before = index.checked_sub(1).map(|index| &steps[index]);
            self.back_through_head(step, factor, &mut by_hidden, gradient);
            let by_gates = back_through_cell(step, before, &by_hidden, &mut by_memory);
            by_hidden = self.back_through_gates(step, before, &by_gates, gradient);
        }
    }

    fn back_through_head(&self, step: &Step, factor: f64, by_hidden: &mut [f64], gradient: &mut [f64]) {
        let head = &self.layout.heads[step.decision];
        for (option, probability) in step.probabilities.iter().enumerate() {
            let is_chosen = if option == step.option { 1.0 } else { 0.0 };
            let slope = factor * (probability - is_chosen);
            let weights = row(head.weights.start, option);
            add(by_hidden, slope, &self.weights[weights.clone()]);
            add(&mut gradient[weights], slope, &step.hidden);
            gradient[head.biases.start + option] += slope;
        }
    }

    /// What the loss feels of the hidden state before the step.
    fn back_through_gates(
        &self,
        step: &Step,
        before: Option<&Step>,
        by_gates: &[f64],
        gradient: &mut [f64],
    ) -> Vec<f64> {
        let Layout { input_weights, hidden_weights, input_biases, hidden_biases, .. } = &self.layout;
        let (mut by_hidden, mut by_input) = (vec![0.0; UNITS], vec![0.0; UNITS]);
        for (gate, &slope) in by_gates.iter().enumerate() {
            gradient[input_biases.start + gate] += slope;
            gradient[hidden_biases.start + gate] += slope;
            // In the first step both are zero, and so is what they bring.
            let (Some(before), Some(input)) = (before, &step.input) else { continue };
            let (of_input, of_hidden) = (row(input_weights.start, gate), row(hidden_weights.start, gate));
            add(&mut by_hidden, slope, &self.weights[of_hidden.clone()]);
            add(&mut gradient[of_hidden], slope, &before.hidden);
            add(&mut by_input, slope, &self.weights[of_input.clone()]);
            add(&mut gradient[of_input], slope, &self.weights[input.clone()]);
        }
        if let Some(input) = &step.input {
            add(&mut gradient[input.clone()], 1.0, &by_input);
        }
        by_hidden
    }
}

/// What the loss feels of the sums before the gates; `by_memory` is of the memory after the step, and then before it.
fn back_through_cell(step: &Step, before: Option<&Step>, by_hidden: &[f64], by_memory: &mut [f64]) -> Vec<f64> {
    let mut by_gates = vec![0.0; GATES * UNITS];
    for unit in 0..UNITS {
        let [input, forget, cell, output] = [0, 1, 2, 3].map(|gate| step.gates[gate * UNITS + unit]);
        let squashed = step.squashed[unit];
        let by_this = by_memory[unit] + by_hidden[unit] * output * (1.0 - squashed * squashed);
        let earlier = before.map_or(0.0, |before| before.memory[unit]);
        by_gates[unit] = by_this * cell * input * (1.0 - input);
        by_gates[UNITS + unit] = by_this * earlier * forget * (1.0 - forget);
        by_gates[2 * UNITS + unit] = by_this * input * (1.0 - cell * cell);
        by_gates[3 * UNITS + unit] = by_hidden[unit] * squashed * output * (1.0 - output);
        by_memory[unit] = by_this * forget;
    }
    by_gates
}

/// Adds `factor` times the vector.
fn add(sum: &mut [f64], factor: f64, vector: &[f64]) {
    for (sum, entry) in sum.iter_mut().zip(vector) {
        *sum += factor * entry;
    }
}

/// Probabilities in proportion to the exponentials.
fn softmax(mut logits: Vec<f64>) -> Vec<f64> {
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    logits.iter_mut().for_each(|logit| *logit = exp(*logit - most));
    let sum: f64 = logits.iter().sum();
    logits.iter_mut().for_each(|part| *part /= sum);
    logits
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: [usize; 4] = [3, 2, 4, 2];
    /// The third decision is not made.
    const PATH: [(usize, usize); 3] = [(0, 2), (1, 0), (3, 1)];

    /// A controller that is not at its start, where many gradients are 0.
    fn controller() -> Controller {
        let mut controller = Controller::new(&OPTIONS, Seed(3));
        let mut stream = Stream::new(Seed(4), Purpose::Controller, 0, 0);
        controller.weights.iter_mut().for_each(|weight| *weight += 0.4 * (stream.uniform() - 0.5));
        controller
    }

    fn loss(controller: &Controller, factor: f64) -> f64 {
        -factor * crate::numeric::float::ln(controller.probability(&PATH))
    }

    #[test]
    fn the_gradient_is_that_of_finite_differences_in_every_group_of_parameters() {
        let (mut controller, factor) = (controller(), -0.7);
        let mut gradient = vec![0.0; controller.size()];
        controller.add_gradient(&PATH, factor, &mut gradient);
        let layout = Layout::new(&OPTIONS);
        let mut groups = vec![
            (layout.row(0, 2), 1.0),
            (layout.row(1, 0), 1.0),
            (layout.row(0, 0), 0.0),
            (layout.row(3, 1), 0.0),
            (layout.input_weights.clone(), 1.0),
            (layout.hidden_weights.clone(), 1.0),
            (layout.input_biases.clone(), 1.0),
            (layout.hidden_biases.clone(), 1.0),
        ];
        for (decision, head) in layout.heads.iter().enumerate() {
            let is_made = if decision == 2 { 0.0 } else { 1.0 };
            groups.extend([(head.weights.clone(), is_made), (head.biases.clone(), is_made)]);
        }
        let step = 1e-5;
        for (group, matters) in groups {
            let mut largest = 0.0_f64;
            // Of the large matrices a part; their four gates are all in it.
            for index in group.clone().step_by((group.len() / 97).max(1)) {
                let weight = controller.weights[index];
                let mut at = |weight| {
                    controller.weights[index] = weight;
                    loss(&controller, factor)
                };
                let difference = (at(weight + step) - at(weight - step)) / (2.0 * step);
                at(weight);
                let error = (gradient[index] - difference).abs();
                assert!(error < 1e-9, "parameter {index} of {group:?}: {} and {difference}", gradient[index]);
                largest = largest.max(difference.abs());
            }
            assert_eq!(f64::from(u8::from(largest > 1e-5)), matters, "{group:?}: {largest}");
        }
    }

    #[test]
    fn gradients_of_several_paths_add_up() {
        let controller = controller();
        let of = |paths: &[&[(usize, usize)]]| {
            let mut gradient = vec![0.0; controller.size()];
            paths.iter().for_each(|path| controller.add_gradient(path, 0.5, &mut gradient));
            gradient
        };
        let other = [(2, 1), (3, 0)];
        let sum: Vec<f64> = of(&[&PATH]).iter().zip(of(&[&other])).map(|(one, two)| one + two).collect();
        let both = of(&[&PATH, &other]);
        assert!(sum.iter().zip(&both).all(|(sum, both)| (sum - both).abs() < 1e-12));
    }

    #[test]
    fn weights_begin_in_the_original_s_interval_and_biases_at_0() {
        let controller = Controller::new(&OPTIONS, Seed(1));
        let Layout { embedding, input_weights, hidden_weights, input_biases, hidden_biases, heads, size } =
            Layout::new(&OPTIONS);
        assert_eq!((embedding.len(), input_weights.len(), hidden_weights.len()), (11 * 100, 400 * 100, 400 * 100));
        assert_eq!((input_biases.len(), hidden_biases.len(), heads[2].weights.len()), (400, 400, 4 * 100));
        let parameters = 11 * 100 + 2 * 400 * 100 + 2 * 400 + 11 * 100 + 11;
        assert_eq!((size, controller.size()), (parameters, parameters));
        let weights = |group: &Range<usize>| controller.weights[group.clone()].to_vec();
        for group in [&embedding, &input_weights, &hidden_weights, &heads[0].weights, &heads[3].weights] {
            let (low, high) =
                weights(group).iter().fold((0.0_f64, 0.0_f64), |(low, high), &w| (low.min(w), high.max(w)));
            assert!((-0.07..-0.06).contains(&low) && (0.06..0.07).contains(&high), "{low} {high}");
        }
        for group in [&input_biases, &hidden_biases, &heads[0].biases] {
            assert!(weights(group).iter().all(|bias| *bias == 0.0));
        }
    }

    #[test]
    fn before_anything_is_learnt_the_first_decision_is_even_and_the_others_nearly() {
        let controller = Controller::new(&OPTIONS, Seed(1));
        let mut trace = Trace::default();
        let thirds = controller.decide(&mut trace, 0).to_vec();
        assert!(thirds.iter().all(|p| (p - 1.0 / 3.0).abs() < 1e-15));
        let halves = controller.decide(&mut trace, 1).to_vec();
        assert!(halves.iter().all(|p| (p - 0.5).abs() < 0.01) && halves[0] != 0.5);
        assert!((halves.iter().sum::<f64>() - 1.0).abs() < 1e-15);
    }
}
