//! Cholesky factors of symmetric positive definite matrices: A = L·Lᵀ, solving with L, and one more row at a time.
//!
//! Talks to nobody. Every sum has an order that is written down here: eight partial sums, or one for each of eight right-hand
//! sides. A processor with wide registers may take the eight at once, and the bits are the same.

/// How many sums run side by side.
pub const LANES: usize = 8;

/// The jitter that is tried first where a matrix is not positive definite to the machine's precision, and what it grows by
/// as in the original.
const JITTER_FIRST: f64 = 1e-9;
const JITTER_GROWTH: f64 = 10.0;
/// The last one is 10⁶ times the diagonal: no symmetric matrix of finite numbers that is a covariance needs more.
const JITTERS_MAX: u32 = 16;

/// A factor L. Lower triangles are packed: row after row, the first one entry long.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cholesky {
    rows: Vec<f64>,
    size: usize,
}

/// Where row `index` of a packed triangle begins.
const fn start(index: usize) -> usize {
    index * (index + 1) / 2
}

impl Cholesky {
    /// The factor of the matrix with this packed lower triangle; none if it is not positive definite.
    ///
    /// # Panics
    /// If the last row is not whole.
    #[must_use]
    pub fn factor(triangle: &[f64]) -> Option<Self> {
        let mut factor = Self { rows: Vec::with_capacity(triangle.len()), size: 0 };
        let mut rest = triangle;
        while !rest.is_empty() {
            let (row, others) = rest.split_at(factor.size + 1);
            rest = others;
            if !factor.extend(row) {
                return None;
            }
        }
        Some(factor)
    }

    /// The same with as little as needed added to the diagonal, and how much that was.
    #[must_use]
    pub fn factor_with_jitter(triangle: &[f64]) -> Option<(Self, f64)> {
        if let Some(factor) = Self::factor(triangle) {
            return Some((factor, 0.0));
        }
        let mut jitter = JITTER_FIRST * mean_diagonal(triangle).max(1.0);
        for _ in 0..JITTERS_MAX {
            let mut raised = triangle.to_vec();
            let mut diagonal = 0;
            for row in 1.. {
                let Some(entry) = raised.get_mut(diagonal) else { break };
                *entry += jitter;
                diagonal += row + 1;
            }
            if let Some(factor) = Self::factor(&raised) {
                return Some((factor, jitter));
            }
            jitter *= JITTER_GROWTH;
        }
        None
    }

    /// The factor of the matrix with one more row, given up to its diagonal. False, and nothing has changed, if that matrix is
    /// not positive definite.
    ///
    /// # Panics
    /// If the row has not one entry more than the matrix had rows.
    pub fn extend(&mut self, row: &[f64]) -> bool {
        assert_eq!(row.len(), self.size + 1, "the row must reach to the diagonal");
        let begin = self.rows.len();
        self.rows.extend_from_slice(row);
        let (known, new) = self.rows.split_at_mut(begin);
        solve_lower(known, &mut new[..self.size], 0);
        let rest = new[self.size] - dot(&new[..self.size], &new[..self.size]);
        // Also if it is no number.
        if rest <= 0.0 || !rest.is_finite() {
            self.rows.truncate(begin);
            return false;
        }
        new[self.size] = rest.sqrt();
        self.size += 1;
        true
    }

    /// Forgets the rows from `size` on: what is left is the factor of the matrix without them.
    pub fn truncate(&mut self, size: usize) {
        self.size = self.size.min(size);
        self.rows.truncate(start(self.size));
    }

    /// How many rows there are.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Row `index`, up to the diagonal.
    #[must_use]
    pub fn row(&self, index: usize) -> &[f64] {
        &self.rows[start(index)..start(index + 1)]
    }

    /// Solves L·x = b in place. The entries before `first` are solved already.
    pub fn solve_lower_from(&self, first: usize, b: &mut [f64]) {
        solve_lower(&self.rows, b, first);
    }

    /// Solves L·x = b in place.
    pub fn solve_lower(&self, b: &mut [f64]) {
        solve_lower(&self.rows, b, 0);
    }

    /// Solves L·x = b in place for several right-hand sides, one a lane, whose entries before `first` are 0.
    pub fn solve_lower_lanes(&self, first: usize, b: &mut [[f64; LANES]]) {
        for index in first..self.size {
            let row = self.row(index);
            let mut sums = b[index];
            for (factor, solved) in row[first..index].iter().zip(&b[first..index]) {
                for (sum, value) in sums.iter_mut().zip(solved) {
                    *sum -= factor * value;
                }
            }
            for sum in &mut sums {
                *sum /= row[index];
            }
            b[index] = sums;
        }
    }

    /// Solves Lᵀ·x = b in place.
    pub fn solve_upper(&self, b: &mut [f64]) {
        for index in (0..self.size).rev() {
            let row = self.row(index);
            let value = b[index] / row[index];
            b[index] = value;
            for (other, factor) in b[..index].iter_mut().zip(row) {
                *other -= factor * value;
            }
        }
    }

    /// Half the logarithm of the determinant of A.
    #[must_use]
    pub fn half_log_determinant(&self) -> f64 {
        (0..self.size).map(|index| super::float::ln(self.row(index)[index])).sum()
    }

    /// The packed lower triangle of A⁻¹.
    #[must_use]
    pub fn inverse(&self) -> Vec<f64> {
        let columns = self.inverse_columns();
        let mut triangle = Vec::with_capacity(self.rows.len());
        for row in 0..self.size {
            for column in 0..=row {
                // A⁻¹ = L⁻ᵀ·L⁻¹, and L⁻¹ is lower triangular.
                triangle.push(dot(&columns[column][row - column..], &columns[row]));
            }
        }
        triangle
    }

    /// The columns of L⁻¹, each from its diagonal on.
    fn inverse_columns(&self) -> Vec<Vec<f64>> {
        let mut columns = Vec::with_capacity(self.size);
        let mut block = vec![[0.0; LANES]; self.size];
        for first in (0..self.size).step_by(LANES) {
            let lanes = LANES.min(self.size - first);
            block[first..].fill([0.0; LANES]);
            for lane in 0..lanes {
                block[first + lane][lane] = 1.0;
            }
            self.solve_lower_lanes(first, &mut block);
            columns.extend((0..lanes).map(|lane| block[first + lane..].iter().map(|sums| sums[lane]).collect()));
        }
        columns
    }
}

fn mean_diagonal(triangle: &[f64]) -> f64 {
    let (mut sum, mut size) = (0.0, 0);
    while let Some(entry) = triangle.get(start(size + 1) - 1) {
        sum += entry;
        size += 1;
    }
    if size == 0 { 0.0 } else { sum / size as f64 }
}

fn solve_lower(rows: &[f64], b: &mut [f64], first: usize) {
    for index in first..b.len() {
        let row = &rows[start(index)..=start(index) + index];
        b[index] = (b[index] - dot(&row[..index], &b[..index])) / row[index];
    }
}

/// The sum of products, in eight partial sums.
#[must_use]
pub fn dot(left: &[f64], right: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (left, right) = (left.chunks_exact(LANES), right.chunks_exact(LANES));
    let mut rest = 0.0;
    for (x, y) in left.remainder().iter().zip(right.remainder()) {
        rest += x * y;
    }
    for (x, y) in left.zip(right) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (c + g)) + ((b + f) + (d + h)) + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The lower triangle of M·Mᵀ + I, for M square of these entries: positive definite and well conditioned.
    fn triangle_of(entries: &[f64], size: usize) -> Vec<f64> {
        let mut triangle = Vec::new();
        for row in 0..size {
            for column in 0..=row {
                let product = (0..size).map(|k| entries[row * size + k] * entries[column * size + k]).sum::<f64>();
                triangle.push(product + if row == column { 1.0 } else { 0.0 });
            }
        }
        triangle
    }

    fn entry(triangle: &[f64], row: usize, column: usize) -> f64 {
        triangle[start(row.max(column)) + row.min(column)]
    }

    fn matrix() -> impl Strategy<Value = (Vec<f64>, Vec<f64>, usize)> {
        (1_usize..30).prop_flat_map(|size| {
            let entries = proptest::collection::vec(-1.0..1.0, size * size);
            (entries, proptest::collection::vec(-1.0..1.0, size))
                .prop_map(move |(m, b)| (triangle_of(&m, size), b, size))
        })
    }

    /// A times x, summed as it stands.
    fn product(triangle: &[f64], x: &[f64]) -> Vec<f64> {
        (0..x.len()).map(|row| x.iter().enumerate().map(|(column, x)| entry(triangle, row, column) * x).sum()).collect()
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-10 * expected.abs().max(1.0), "{found} is not {expected}");
        }
    }

    proptest! {
        #[test]
        fn the_factor_times_its_transpose_is_the_matrix((triangle, _, size) in matrix()) {
            let factor = Cholesky::factor(&triangle).unwrap();
            for row in 0..size {
                for column in 0..=row {
                    let product: f64 = factor.row(row).iter().zip(factor.row(column)).map(|(x, y)| x * y).sum();
                    assert_close(&[product], &[entry(&triangle, row, column)]);
                }
            }
        }

        #[test]
        fn solving_with_both_factors_solves_with_the_matrix((triangle, b, _) in matrix()) {
            let factor = Cholesky::factor(&triangle).unwrap();
            let mut x = b.clone();
            factor.solve_lower(&mut x);
            factor.solve_upper(&mut x);
            assert_close(&product(&triangle, &x), &b);
        }

        #[test]
        fn many_right_hand_sides_give_what_one_gives((triangle, b, _) in matrix()) {
            let factor = Cholesky::factor(&triangle).unwrap();
            let mut lanes: Vec<[f64; LANES]> = b.iter().map(|b| std::array::from_fn(|lane| b * lane as f64)).collect();
            factor.solve_lower_lanes(0, &mut lanes);
            for lane in 0..LANES {
                let mut x: Vec<f64> = b.iter().map(|b| b * lane as f64).collect();
                factor.solve_lower(&mut x);
                assert_close(&lanes.iter().map(|row| row[lane]).collect::<Vec<_>>(), &x);
            }
        }

        #[test]
        fn the_inverse_times_the_matrix_is_one((triangle, _, size) in matrix()) {
            let inverse = Cholesky::factor(&triangle).unwrap().inverse();
            for column in 0..size {
                let x: Vec<f64> = (0..size).map(|row| entry(&inverse, row, column)).collect();
                let mut unit = vec![0.0; size];
                unit[column] = 1.0;
                assert_close(&product(&triangle, &x), &unit);
            }
        }

        #[test]
        fn a_factor_that_lost_rows_and_got_them_back_has_the_same_bits((triangle, _, size) in matrix(), kept: prop::sample::Index) {
            let whole = Cholesky::factor(&triangle).unwrap();
            let kept = kept.index(size);
            let mut factor = whole.clone();
            factor.truncate(kept);
            for row in kept..size {
                prop_assert!(factor.extend(&triangle[start(row)..start(row + 1)]));
            }
            prop_assert_eq!(factor, whole);
        }
    }

    #[test]
    fn half_the_logarithm_of_the_determinant_is_the_diagonals() {
        let factor = Cholesky::factor(&[4.0, 0.0, 9.0]).unwrap();
        assert!((factor.half_log_determinant() - crate::numeric::float::ln(6.0)).abs() < 1e-15);
    }

    #[test]
    fn what_is_not_positive_definite_is_refused_and_leaves_the_factor_as_it_was() {
        let mut factor = Cholesky::factor(&[1.0]).unwrap();
        let before = factor.clone();
        for row in [[1.0, 1.0], [2.0, 1.0], [f64::NAN, 1.0], [0.0, f64::INFINITY]] {
            assert!(!factor.extend(&row));
            assert_eq!(factor, before);
        }
    }

    #[test]
    fn a_singular_matrix_gets_the_least_jitter_that_helps() {
        assert_eq!(Cholesky::factor_with_jitter(&[1.0, 0.5, 1.0]).unwrap().1, 0.0);
        let (factor, jitter) = Cholesky::factor_with_jitter(&[4.0, 4.0, 4.0]).unwrap();
        assert_eq!((factor.size(), jitter), (2, 4e-9));
        assert_eq!(Cholesky::factor_with_jitter(&[f64::NAN]), None);
    }
}
