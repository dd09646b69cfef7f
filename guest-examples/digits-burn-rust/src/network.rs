//! A multi-layer perceptron with one hidden layer, put together from burn's parts.
//!
//! burn computes on the processor and in one thread. Its random generator is one for the whole program; a new network seeds it.

use burn::backend::ndarray::NdArrayDevice;
use burn::backend::{Autodiff, NdArray};
use burn::module::{AutodiffModule, Module};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::optim::adaptor::OptimizerAdaptor;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, Optimizer, Sgd, SgdConfig};
use burn::record::{BinBytesRecorder, FullPrecisionSettings, Recorder, RecorderError};
use burn::tensor::activation::{relu, tanh};
use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor, TensorData};

/// The pixels of an image.
pub const INPUTS: usize = 64;

/// The digits.
pub const CLASSES: usize = 10;

/// What computes.
type Plain = NdArray<f32>;

/// The same, and it notes down what is needed for gradients.
type Differentiable = Autodiff<Plain>;

/// An image with its digit.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    pub pixels: [f32; INPUTS],
    pub label: usize,
}

/// The function of a hidden unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    Relu,
    Tanh,
}

/// How far and in what way the weights change.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    pub learning_rate: f64,
    pub momentum: f64,
    pub weight_decay: f64,
}

/// How good the network is on some examples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    pub accuracy: f64,
    pub loss: f64,
}

/// The layers.
#[derive(Module, Debug)]
struct Layers<B: Backend> {
    hidden: Linear<B>,
    output: Linear<B>,
}

/// The optimiser of layers.
type Descent = OptimizerAdaptor<Sgd<Plain>, Layers<Differentiable>, Differentiable>;

/// The network.
pub struct Network {
    layers: Layers<Differentiable>,
    activation: Activation,
    descent: Descent,
    learning_rate: f64,
}

impl<B: Backend> Layers<B> {
    /// From pixels to outputs, which are logarithms of probabilities up to a constant.
    fn forward(&self, pixels: Tensor<B, 2>, activation: Activation) -> Tensor<B, 2> {
        let hidden = self.hidden.forward(pixels);
        let active = match activation {
            Activation::Relu => relu(hidden),
            Activation::Tanh => tanh(hidden),
        };
        self.output.forward(active)
    }
}

impl Network {
    /// A network with random weights, which follow from the seed.
    pub fn new(hidden_units: usize, activation: Activation, step: Step, seed: u64) -> Self {
        let device = NdArrayDevice::default();
        Differentiable::seed(&device, seed);
        let layers = Layers {
            hidden: LinearConfig::new(INPUTS, hidden_units).init(&device),
            output: LinearConfig::new(hidden_units, CLASSES).init(&device),
        };
        let momentum = MomentumConfig::new().with_momentum(step.momentum).with_dampening(0.0);
        let weight_decay = WeightDecayConfig::new(step.weight_decay as f32);
        let descent = SgdConfig::new().with_momentum(Some(momentum)).with_weight_decay(Some(weight_decay)).init();
        Self { layers, activation, descent, learning_rate: step.learning_rate }
    }

    /// Changes the weights by a batch of examples. Returns their mean loss before.
    pub fn train(self, batch: &[&Example]) -> (Self, f64) {
        let (pixels, labels) = tensors::<Differentiable>(batch);
        let outputs = self.layers.forward(pixels, self.activation);
        let loss = cross_entropy(outputs, labels);
        let gradients = GradientsParams::from_grads(loss.backward(), &self.layers);
        let Self { layers, activation, mut descent, learning_rate } = self;
        let layers = descent.step(learning_rate, layers, gradients);
        (Self { layers, activation, descent, learning_rate }, f64::from(loss.into_scalar()))
    }

    /// How good it is.
    pub fn score(&self, examples: &[Example]) -> Score {
        let (pixels, labels) = tensors::<Plain>(&examples.iter().collect::<Vec<_>>());
        let outputs = self.layers.valid().forward(pixels, self.activation);
        let right = outputs.clone().argmax(1).squeeze_dim::<1>(1).equal(labels.clone()).int().sum().into_scalar();
        let loss = cross_entropy(outputs, labels).into_scalar();
        Score { accuracy: right as f64 / examples.len() as f64, loss: f64::from(loss) }
    }

    /// The network as bytes, in burn's binary format.
    pub fn into_bytes(self) -> Result<Vec<u8>, RecorderError> {
        BinBytesRecorder::<FullPrecisionSettings>::default().record(self.layers.into_record(), ())
    }
}

/// Examples as burn wants them.
fn tensors<B: Backend>(examples: &[&Example]) -> (Tensor<B, 2>, Tensor<B, 1, Int>) {
    let device = B::Device::default();
    let pixels: Vec<f32> = examples.iter().flat_map(|example| example.pixels).collect();
    let labels: Vec<i64> = examples.iter().map(|example| example.label as i64).collect();
    let pixels = TensorData::new(pixels, [examples.len(), INPUTS]);
    let labels = TensorData::new(labels, [examples.len()]);
    (Tensor::from_data(pixels, &device), Tensor::from_data(labels, &device))
}

/// The mean of the negative logarithm of what the right digits are given.
fn cross_entropy<B: Backend>(outputs: Tensor<B, 2>, labels: Tensor<B, 1, Int>) -> Tensor<B, 1> {
    CrossEntropyLossConfig::new().init(&outputs.device()).forward(outputs, labels)
}
