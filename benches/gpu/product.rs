//! What the native half and the guest compute alike: kernels that multiply matrices, the matrices, the check of a product, and bytes
//! to send. It is part of the bench and of the guest `gpu-speed`.

/// A kernel that multiplies square matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// Tiles of 16 by 16 in the memory of a work group.
    Tiled,
    /// Blocks of 4 by 4 in registers.
    Registers,
}

impl Kernel {
    /// Its source for matrices of so many rows, a multiple of 32.
    pub fn source(self, rows: usize) -> String {
        let text = match self {
            Self::Tiled => include_str!("tiled.wgsl"),
            Self::Registers => include_str!("registers.wgsl"),
        };
        format!("const SIZE: u32 = {rows}u;\n{text}")
    }

    /// How many work groups it takes, along each side.
    ///
    /// # Panics
    /// If the rows are no multiple of 32.
    pub fn groups(self, rows: usize) -> u32 {
        let side = match self {
            Self::Tiled => 16,
            Self::Registers => 32,
        };
        assert!(rows.is_multiple_of(32), "{rows} rows are no multiple of 32");
        (rows / side) as u32
    }
}

/// What does nothing.
pub const EMPTY_KERNEL: &str = "@compute @workgroup_size(1) fn main() {}";

/// A square matrix of numbers in -1 ..= 1 that look random, and are the same everywhere.
pub fn matrix(rows: usize, seed: u64) -> Vec<f32> {
    let number = |index: usize| {
        // The steps of SplitMix64 (Steele, Lea and Flood, 2014).
        let mut bits = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(seed);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        (bits >> 40) as f32 / (1_u32 << 23) as f32 - 1.0
    };
    (0..rows * rows).map(number).collect()
}

/// Holds a product against the processor: all of it must be numbers, and a sample right as far as `f32` goes.
///
/// # Panics
/// If it is wrong.
pub fn check_product(rows: usize, left: &[f32], right: &[f32], product: &[f32]) {
    assert_eq!(product.len(), rows * rows);
    let missing = product.iter().filter(|number| !number.is_finite()).count();
    assert_eq!(missing, 0, "{missing} of {} numbers were not computed", product.len());
    // Steps without a common factor with the size come by every row and column.
    let samples = (0..rows * rows).step_by((rows * rows / 4096).max(1) | 1);
    for place in samples.chain([rows * rows - 1]) {
        let (row, column) = (place / rows, place % rows);
        let terms = (0..rows).map(|k| (f64::from(left[row * rows + k]), f64::from(right[k * rows + column])));
        let (sum, size) = terms.fold((0.0, 0.0), |(sum, size), (a, b)| (sum + a * b, size + (a * b).abs()));
        // The bound on the error of a sum of products in any order (Higham, Accuracy and Stability, section 3.1), fused or not.
        let bound = rows as f64 * f64::from(f32::EPSILON) / 2.0 * size * 1.01;
        let error = (f64::from(product[place]) - sum).abs();
        assert!(
            error <= bound,
            "at {row}, {column}: {} instead of {sum}, off by {error:e} of {bound:e}",
            product[place]
        );
    }
}

/// The numbers as a device has them.
pub fn bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// The numbers that a device has so.
pub fn numbers(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect()
}

/// Bytes that differ from their neighbours'.
pub fn pattern(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|index| (index ^ (index >> 8) ^ (index >> 16)) as u8).collect()
}
