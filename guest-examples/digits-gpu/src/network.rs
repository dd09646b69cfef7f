//! A network with one hidden layer on the GPU, trained by stochastic gradient descent with momentum.
//!
//! The data and the network stay there. An epoch is one submission: for each batch the kernels `activate`, `judge`, `deactivate`
//! and `descend`, then `activate` and `judge` for the validation rows, and `tally`, which leaves four numbers to be read back. Which rows
//! a batch has is not said to the kernels: they note themselves how far they have come in the order.

use trialbox_gpu::{Batch, Binding, Buffer, Gpu, GpuError};

use crate::dataset::Dataset;
use crate::kernels::{ACTIVATE, DEACTIVATE, DESCEND, GROUP, JUDGE, Source, TALLY};
pub use crate::layout::{CLASSES, Example, INPUTS, Sizes};

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

/// What an epoch has come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The share of validation rows whose digit gets the highest probability.
    pub accuracy: f64,
    /// The mean loss on the validation rows: the negative logarithm of the right digit's probability.
    pub loss: f64,
    /// The mean loss on the training rows, each at its turn; 0 if there was no batch.
    pub training_loss: f64,
}

/// A network on the GPU, with the data that it learns from.
#[derive(Debug)]
pub struct Network {
    gpu: Gpu,
    sizes: Sizes,
    /// The numbers of the rows that are trained on, in their order, then of those for validation.
    order: Buffer<u32>,
    /// How far the kernels have come in the order.
    place: Buffer<u32>,
    weights: Buffer<f32>,
    /// The sum of the training rows' losses, and the number of those that were right; then the same of the validation rows.
    totals: Buffer<f32>,
    training: Pass,
    deactivate: Binding,
    descend: Binding,
    validation: Pass,
    tally: Binding,
}

/// From pixels to judgements for some rows.
#[derive(Debug)]
struct Pass {
    activate: Binding,
    judge: Binding,
    rows: usize,
    units: Buffer<f32>,
    slopes: Buffer<f32>,
}

impl Network {
    /// Puts the data and a network with these weights on the GPU.
    ///
    /// # Errors
    ///
    /// If there is no GPU, or the study does not grant enough of it.
    pub fn new(gpu: Gpu, dataset: &Dataset, sizes: Sizes, weights: &[f32], step: Step) -> Result<Self, GpuError> {
        let rows = || dataset.training.iter().chain(&dataset.validation);
        let pixels = gpu.buffer(&rows().flat_map(|row| row.pixels).collect::<Vec<f32>>())?;
        let labels = gpu.buffer(&rows().map(|row| row.label as u32).collect::<Vec<u32>>())?;
        let places = sizes.trained() + sizes.validation;
        let order = gpu.zeros::<u32>(places)?;
        let validation: Vec<u32> = (sizes.training as u32..).take(sizes.validation).collect();
        order.write_at(sizes.trained(), &validation)?;
        let (place, judgements) = (gpu.zeros::<u32>(2)?, gpu.zeros::<f32>(2 * places)?);
        let (weights, velocities) = (gpu.buffer(weights)?, gpu.zeros::<f32>(weights.len())?);
        let totals = gpu.zeros::<f32>(4)?;
        let unit_slopes = gpu.zeros::<f32>(sizes.batch * sizes.hidden)?;
        let step = gpu.uniform(&[step.learning_rate, step.momentum, step.weight_decay])?;

        let kernel = |source: &Source| gpu.kernel(&source.compiled_for(&sizes), source.name);
        let (activate, judge) = (kernel(&ACTIVATE)?, kernel(&JUDGE)?);
        let pass = |rows: usize| {
            let units = gpu.zeros::<f32>(rows * sizes.hidden)?;
            let slopes = gpu.zeros::<f32>(rows * CLASSES)?;
            Ok::<_, GpuError>(Pass {
                activate: activate.bind(&[&order, &place, &pixels, &weights, &units])?,
                judge: judge.bind(&[&order, &place, &labels, &weights, &units, &slopes, &judgements])?,
                rows,
                units,
                slopes,
            })
        };
        let (training, validation) = (pass(sizes.batch)?, pass(sizes.validation)?);
        let Pass { units, slopes, .. } = &training;
        let deactivate = kernel(&DEACTIVATE)?.bind(&[&weights, units, slopes, &unit_slopes, &place])?;
        let descend = kernel(&DESCEND)?.bind(&[
            &step,
            &order,
            &place,
            &pixels,
            units,
            slopes,
            &unit_slopes,
            &weights,
            &velocities,
        ])?;
        let tally = kernel(&TALLY)?.bind(&[&judgements, &totals])?;
        Ok(Self { gpu, sizes, order, place, weights, totals, training, deactivate, descend, validation, tally })
    }

    /// Trains on the rows in this order, and judges the result. What does not fill a batch is left out.
    ///
    /// # Errors
    ///
    /// If the GPU is lost.
    pub fn epoch(&self, order: &[u32]) -> Result<Score, GpuError> {
        let Sizes { batch, hidden, .. } = self.sizes;
        let trained = order.get(..self.sizes.trained()).unwrap_or(order);
        self.order.write(trained)?;
        self.place.write(&[0, 0])?;
        self.gpu.batch(|commands| {
            for _ in 0..self.sizes.batches() {
                self.training.dispatch(commands, hidden);
                commands.dispatch(&self.deactivate, groups(batch * hidden));
                commands.dispatch(&self.descend, groups(self.sizes.weights()));
            }
            // The order has come to the validation rows.
            self.validation.dispatch(commands, hidden);
            commands.dispatch(&self.tally, [2, 1, 1]);
        })?;
        let totals = self.totals.read()?;
        let mean = |index: usize, rows: usize| {
            let total = totals.get(index).copied().unwrap_or_default();
            f64::from(total) / rows.max(1) as f64
        };
        Ok(Score {
            accuracy: mean(3, self.sizes.validation),
            loss: mean(2, self.sizes.validation),
            training_loss: mean(0, self.sizes.trained()),
        })
    }

    /// The network as a file; see [`Sizes::file`].
    ///
    /// # Errors
    ///
    /// If the GPU is lost.
    pub fn file(&self) -> Result<Vec<u8>, GpuError> {
        Ok(self.sizes.file(&self.weights.read()?))
    }
}

impl Pass {
    fn dispatch(&self, commands: &mut Batch, hidden: usize) {
        commands.dispatch(&self.activate, groups(self.rows * hidden));
        commands.dispatch(&self.judge, [self.rows as u32, 1, 1]);
    }
}

/// As many work groups as have an invocation for each of so many numbers.
fn groups(numbers: usize) -> [u32; 3] {
    [u32::try_from(numbers.div_ceil(GROUP)).unwrap_or(u32::MAX), 1, 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_an_invocation() {
        assert_eq!(groups(0), [0, 1, 1]);
        assert_eq!(groups(1), [1, 1, 1]);
        assert_eq!(groups(64), [1, 1, 1]);
        assert_eq!(groups(65), [2, 1, 1]);
        assert_eq!(groups(usize::MAX), [u32::MAX, 1, 1]);
    }
}
