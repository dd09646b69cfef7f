//! Matrices of `f32`, and their product.
//!
//! The loops run along rows, so that they become vector code without adding up anything in another order: a product has the same bits
//! natively and in the sandbox.

/// The rows of the right matrix that are added in one go, which saves loading and storing the result.
const ROWS: usize = 4;

/// A matrix, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    pub numbers: Vec<f32>,
    columns: usize,
}

impl Matrix {
    /// A matrix of zeros.
    pub fn new(rows: usize, columns: usize) -> Self {
        Self { numbers: vec![0.0; rows * columns], columns }
    }

    /// A matrix with numbers as they come.
    pub fn filled(rows: usize, columns: usize, mut number: impl FnMut() -> f32) -> Self {
        Self { numbers: (0..rows * columns).map(|_| number()).collect(), columns }
    }

    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.numbers.chunks_exact(self.columns)
    }

    pub fn rows_mut(&mut self) -> impl ExactSizeIterator<Item = &mut [f32]> {
        self.numbers.chunks_exact_mut(self.columns)
    }

    pub fn row(&self, row: usize) -> &[f32] {
        &self.numbers[row * self.columns..][..self.columns]
    }

    pub fn row_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.numbers[row * self.columns..][..self.columns]
    }

    /// The matrix with rows and columns exchanged.
    pub fn transposed(&self) -> Self {
        let mut result = Self::new(self.columns, self.rows().len());
        for (column, target) in result.rows_mut().enumerate() {
            for (number, row) in target.iter_mut().zip(self.rows()) {
                *number = row[column];
            }
        }
        result
    }

    /// Adds a row to every row.
    pub fn add_to_rows(&mut self, addend: &[f32]) {
        for row in self.rows_mut() {
            row.iter_mut().zip(addend).for_each(|(number, addend)| *number += addend);
        }
    }

    /// The sum of all rows, as a matrix of one row.
    pub fn sum_of_rows(&self) -> Self {
        let mut sum = Self::new(1, self.columns);
        for row in self.rows() {
            sum.add_to_rows(row);
        }
        sum
    }

    /// The product with another matrix.
    pub fn times(&self, right: &Self) -> Self {
        let rows = self.rows();
        let mut result = Self::new(rows.len(), right.columns);
        for (factors, sums) in rows.zip(result.rows_mut()) {
            add_product(sums, factors, right);
        }
        result
    }
}

/// Adds the product of a row and a matrix.
fn add_product(sums: &mut [f32], factors: &[f32], right: &Matrix) {
    let (blocks, rest) = factors.as_chunks::<ROWS>();
    let (blocks_of_rows, rest_of_rows) = right.numbers.split_at(blocks.len() * ROWS * right.columns);
    for (factors, rows) in blocks.iter().zip(blocks_of_rows.chunks_exact(ROWS * right.columns)) {
        let (first, rows) = rows.split_at(right.columns);
        let (second, rows) = rows.split_at(right.columns);
        let (third, fourth) = rows.split_at(right.columns);
        let columns = first.iter().zip(second).zip(third.iter().zip(fourth));
        for (sum, ((first, second), (third, fourth))) in sums.iter_mut().zip(columns) {
            *sum += (factors[0] * first + factors[1] * second) + (factors[2] * third + factors[3] * fourth);
        }
    }
    for (factor, row) in rest.iter().zip(rest_of_rows.chunks_exact(right.columns)) {
        sums.iter_mut().zip(row).for_each(|(sum, number)| *sum += factor * number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: usize, columns: usize) -> Matrix {
        let mut number = 0.0;
        Matrix::filled(rows, columns, || {
            number += 1.0;
            number
        })
    }

    #[test]
    fn products_are_sums_of_products() {
        for inner in 1..10 {
            let (left, right) = (matrix(3, inner), matrix(inner, 5));
            let product = left.times(&right);
            for (row, numbers) in product.rows().enumerate() {
                for (column, number) in numbers.iter().enumerate() {
                    let sum: f32 = (0..inner).map(|index| left.row(row)[index] * right.row(index)[column]).sum();
                    assert_eq!(*number, sum, "row {row}, column {column} of {inner}");
                }
            }
        }
    }

    #[test]
    fn rows_and_columns_are_exchanged() {
        let transposed = matrix(2, 3).transposed();
        assert_eq!(transposed.numbers, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        assert_eq!(transposed.transposed(), matrix(2, 3));
    }

    #[test]
    fn rows_are_added() {
        let mut matrix = matrix(2, 2);
        assert_eq!(matrix.sum_of_rows().numbers, [4.0, 6.0]);
        matrix.add_to_rows(&[10.0, 20.0]);
        assert_eq!(matrix.numbers, [11.0, 22.0, 13.0, 24.0]);
    }
}
