//! How a network lies in memory: the sizes of its parts, its first weights, and the file that it is saved as.
//!
//! The weights are one list, in the order of the file: for each hidden unit its weights and its bias, then for each digit its weights
//! and its bias. The kernels compute with the same places.

/// Pixels of an image.
pub const INPUTS: usize = 64;
/// Digits.
pub const CLASSES: usize = 10;

/// An image and what it shows.
#[derive(Debug, Clone)]
pub struct Example {
    /// Ink from 0 to 1, row by row.
    pub pixels: [f32; INPUTS],
    /// The digit.
    pub label: usize,
}

/// What the sizes of everything follow from.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Hidden units.
    pub hidden: usize,
    /// Whether a hidden unit gives the positive part, and not the hyperbolic tangent.
    pub is_relu: bool,
    /// Rows that the weights are changed by at a time.
    pub batch: usize,
    /// Rows to learn from.
    pub training: usize,
    /// Rows to be judged by.
    pub validation: usize,
}

impl Sizes {
    /// Batches of an epoch.
    pub fn batches(&self) -> usize {
        self.training / self.batch
    }

    /// Rows that an epoch learns from: what doesn't fill a batch waits for the next epoch's order.
    pub fn trained(&self) -> usize {
        self.batches() * self.batch
    }

    /// Where the weights of the outputs begin.
    pub fn output_weights(&self) -> usize {
        self.hidden * (INPUTS + 1)
    }

    /// How many weights there are.
    pub fn weights(&self) -> usize {
        self.output_weights() + CLASSES * (self.hidden + 1)
    }

    /// Random weights: `normal` gives normal numbers of mean 0 and standard deviation 1, which are drawn in the order in which the
    /// guest `digits` does.
    pub fn first_weights(&self, mut normal: impl FnMut() -> f64) -> Vec<f32> {
        // The spread which keeps the size of the sums from layer to layer; half of the units are off where they give the positive part.
        let gain = if self.is_relu { 2.0 } else { 1.0 };
        let hidden_spread = (gain / INPUTS as f64).sqrt();
        let output_spread = (1.0 / self.hidden as f64).sqrt();
        let mut weights = vec![0.0; self.weights()];
        for unit in 0..self.hidden {
            for input in 0..INPUTS {
                weights[unit * (INPUTS + 1) + input] = (normal() * hidden_spread) as f32;
            }
            for class in 0..CLASSES {
                weights[self.output_weights() + class * (self.hidden + 1) + unit] = (normal() * output_spread) as f32;
            }
        }
        weights
    }

    /// The network as a file, all little-endian: `TBMLP1` and two zero bytes; as u32 the number of inputs, hidden units and
    /// classes and the activation (0 relu, 1 tanh); then the weights as f32.
    pub fn file(&self, weights: &[f32]) -> Vec<u8> {
        let mut bytes = b"TBMLP1\0\0".to_vec();
        for number in [INPUTS as u32, self.hidden as u32, CLASSES as u32, u32::from(!self.is_relu)] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(weights.iter().flat_map(|weight| weight.to_le_bytes()));
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trialbox_guest::Random;

    const SIZES: Sizes = Sizes { hidden: 13, is_relu: false, batch: 32, training: 1347, validation: 450 };

    #[test]
    fn an_epoch_has_whole_batches_only() {
        assert_eq!((SIZES.batches(), SIZES.trained()), (42, 1344));
        let large = Sizes { batch: 2000, ..SIZES };
        assert_eq!((large.batches(), large.trained()), (0, 0));
    }

    #[test]
    fn weights_are_drawn_unit_by_unit_and_biases_are_zero() {
        let mut drawn = 0.0;
        let weights = SIZES.first_weights(|| {
            drawn += 1.0;
            drawn
        });
        assert_eq!(weights.len(), 13 * 65 + 10 * 14);
        assert_eq!((weights[0], weights[63], weights[64]), (0.125, 8.0, 0.0));
        let spread = (1.0 / 13.0_f64).sqrt();
        assert_eq!(weights[845], (65.0 * spread) as f32);
        // The second digit's weight of the first unit, and the second unit's weight of the first digit.
        assert_eq!(weights[845 + 14], (66.0 * spread) as f32);
        assert_eq!((weights[65], weights[845 + 1]), (75.0 * 0.125, (139.0 * spread) as f32));
        assert_eq!((weights[845 + 13], weights[845 + 139]), (0.0, 0.0));
    }

    #[test]
    fn half_the_units_are_off_so_their_weights_are_larger() {
        let square = |is_relu| {
            let mut random = Random::new(1);
            let sizes = Sizes { hidden: 100, is_relu, ..SIZES };
            let weights = sizes.first_weights(|| random.normal());
            weights[..sizes.output_weights()].iter().map(|weight| weight * weight).sum::<f32>() / 6400.0
        };
        assert!((square(true) * 64.0 - 2.0).abs() < 0.1 && (square(false) * 64.0 - 1.0).abs() < 0.05);
    }

    #[test]
    fn the_file_holds_every_weight() {
        let weights = SIZES.first_weights(|| 1.0);
        let file = SIZES.file(&weights);
        assert_eq!(file.len(), 8 + 4 * 4 + 4 * weights.len());
        assert_eq!(&file[..8], b"TBMLP1\0\0");
        assert_eq!(file[12..16], 13_u32.to_le_bytes());
        assert_eq!(file[20..24], 1_u32.to_le_bytes());
        assert_eq!(file[24..28], weights[0].to_le_bytes());
    }
}
