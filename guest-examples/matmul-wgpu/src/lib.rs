//! A linear map, fitted by gradient descent on a GPU through plain `wgpu`.
//!
//! Searches the step size and the momentum, which decide how far it comes, and the size of the tiles in which matrices are multiplied,
//! which decides how much work that is. `fit` is ordinary code for `wgpu`; only [`instance`] knows whether it runs in a trial.

mod fit;
mod problem;

use trialbox_guest::{Arguments, Reporter, log, report};

use crate::fit::{Fit, Options};
use crate::problem::Problem;

/// What is searched.
#[derive(Arguments)]
struct Training {
    #[real(1e-3..=3.0, log, default = 0.1)]
    learning_rate: f64,
    #[real(0.0..=0.95, default = 0.5)]
    momentum: f64,
    #[choice(4, 8, 16, default = 8)]
    tile: u32,
    /// Steps of gradient descent between two reports.
    #[constant(5)]
    steps_per_report: u32,
    #[constant(16)]
    reports: u32,
}

/// In a trial, what the engine grants.
#[cfg(target_family = "wasm")]
fn instance() -> wgpu::Instance {
    trialbox_wgpu::instance()
}

/// Natively, what the machine has.
#[cfg(not(target_family = "wasm"))]
fn instance() -> wgpu::Instance {
    wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle())
}

#[trialbox_guest::train(reward_attr = "reward", time_attr = "step", max_t = 80)]
fn train(arguments: Training, reporter: &Reporter) -> Result<(), String> {
    // The same problem for every trial, so that they can be compared.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let problem = Problem::new(512, 48, 24, || uniform(&mut state));
    let options =
        Options { learning_rate: arguments.learning_rate, momentum: arguments.momentum, tile: arguments.tile };
    let fit = Fit::new(&instance(), &problem, options)?;
    for number in 1..=arguments.reports {
        fit.step(arguments.steps_per_report);
        let loss = f64::from(fit.loss()?);
        // A step size that is too large has no end; the worst finite value is one that can be compared.
        let loss = if loss.is_finite() { loss } else { f64::MAX };
        report!(reporter, step = number * arguments.steps_per_report, reward = -loss);
    }
    log!("fitted {} weights to {} rows", problem.inputs * problem.outputs, problem.rows);
    Ok(())
}

/// A number from 0 to 1, by a generator of Marsaglia's (Xorshift RNGs, Journal of Statistical Software 8(14), 2003).
fn uniform(state: &mut u64) -> f64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use trialbox_guest::Value;

    fn default_training() -> Training {
        Training { learning_rate: 0.1, momentum: 0.5, tile: 8, steps_per_report: 5, reports: 16 }
    }

    fn rewards(training: Training) -> Vec<f64> {
        let reporter = Reporter::recording(1);
        train(training, &reporter).unwrap();
        let reward = |report: &Vec<(String, Value)>| match report[1] {
            (ref name, Value::Real(reward)) if name == "reward" => reward,
            ref other => panic!("the second attribute is {other:?}"),
        };
        reporter.reports().iter().map(reward).collect()
    }

    /// The same descent by the processor, in double precision.
    fn losses(problem: &Problem, options: Options, reports: u32, steps: u32) -> Vec<f64> {
        let (inputs, outputs) = (problem.inputs as usize, problem.outputs as usize);
        let (mut weights, mut velocity) = (vec![0.0; inputs * outputs], vec![0.0; inputs * outputs]);
        let residual = |weights: &[f64]| -> Vec<f64> {
            let rows = problem.input.chunks_exact(inputs).zip(problem.output.chunks_exact(outputs));
            rows.flat_map(|(input, output)| {
                (0..outputs).map(move |column| {
                    let product = |(row, input): (usize, &f32)| f64::from(*input) * weights[row * outputs + column];
                    input.iter().enumerate().map(product).sum::<f64>() - f64::from(output[column])
                })
            })
            .collect()
        };
        let mut losses = Vec::new();
        for _ in 0..reports {
            for _ in 0..steps {
                let residual = residual(&weights);
                for row in 0..inputs {
                    for column in 0..outputs {
                        let product =
                            |at: usize| f64::from(problem.input[at * inputs + row]) * residual[at * outputs + column];
                        let gradient =
                            (0..problem.rows as usize).map(product).sum::<f64>() * 2.0 / f64::from(problem.rows);
                        let place = row * outputs + column;
                        velocity[place] = options.momentum * velocity[place] + gradient;
                        weights[place] -= options.learning_rate * velocity[place];
                    }
                }
            }
            let residual = residual(&weights);
            losses.push(residual.iter().map(|residual| residual * residual).sum::<f64>() / residual.len() as f64);
        }
        losses
    }

    #[test]
    #[ignore = "needs a GPU, or Mesa's software Vulkan 25: cargo test -- --ignored"]
    fn the_gpu_descends_as_the_processor_does_whatever_the_tiles() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let problem = Problem::new(512, 48, 24, || uniform(&mut state));
        let options = Options { learning_rate: 0.1, momentum: 0.5, tile: 8 };
        let expected = losses(&problem, options, 16, 5);
        assert!(expected[15] < 0.01 * expected[0], "{expected:?}");
        for tile in [4, 8, 16] {
            let rewards = rewards(Training { tile, ..default_training() });
            for (reward, loss) in rewards.iter().zip(&expected) {
                assert!((-reward - loss).abs() < 1e-4 * loss, "{reward} is not that of {loss}");
            }
        }
    }

    #[test]
    #[ignore = "needs a GPU, or Mesa's software Vulkan 25: cargo test -- --ignored"]
    fn a_step_size_that_is_too_large_is_the_worst_of_all_and_no_error() {
        let rewards = rewards(Training { learning_rate: 3.0, momentum: 0.0, ..default_training() });
        assert!(rewards[15] < -1e6 && rewards[15].is_finite(), "{rewards:?}");
    }

    #[test]
    #[ignore = "needs a GPU, or Mesa's software Vulkan 25: cargo test -- --ignored"]
    fn a_tile_that_the_gpu_does_not_take_is_an_error_with_its_reason() {
        let error = train(Training { tile: 64, ..default_training() }, &Reporter::recording(1)).unwrap_err();
        assert!(error.starts_with("the GPU does not take the kernels"), "{error}");
    }
}
