//! What is fitted: rows of inputs, and what a hidden matrix makes of them, with some noise.

/// Inputs and outputs, row by row.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    /// How many rows there are.
    pub(crate) rows: u32,
    /// Inputs of a row.
    pub(crate) inputs: u32,
    /// Outputs of a row.
    pub(crate) outputs: u32,
    /// The inputs of all rows.
    pub(crate) input: Vec<f32>,
    /// The outputs of all rows.
    pub(crate) output: Vec<f32>,
}

impl Problem {
    /// A problem whose numbers are drawn by `uniform`, from 0 to 1.
    pub(crate) fn new(rows: u32, inputs: u32, outputs: u32, mut uniform: impl FnMut() -> f64) -> Self {
        let mut centred = |count: u32| (0..count).map(|_| uniform() as f32 * 2.0 - 1.0).collect::<Vec<f32>>();
        let hidden = centred(inputs * outputs);
        let input = centred(rows * inputs);
        let noise = centred(rows * outputs);
        let output = input
            .chunks_exact(inputs as usize)
            .zip(noise.chunks_exact(outputs as usize))
            .flat_map(|(row, noise)| {
                let hidden = &hidden;
                noise.iter().enumerate().map(move |(column, noise)| {
                    let weights = hidden.iter().skip(column).step_by(outputs as usize);
                    row.iter().zip(weights).map(|(input, weight)| input * weight).sum::<f32>() + 0.1 * noise
                })
            })
            .collect();
        Self { rows, inputs, outputs, input, output }
    }
}
