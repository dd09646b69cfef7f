//! The original's numbers, and slopes against differences.

use serde_json::Value as Json;

use super::acquisition::{JITTER, expected_improvement, objective};
use super::fit::{Data, Effort, fit, prior};
use super::kernel::Parameters;
use super::posterior::{Factor, Posterior};
use crate::numeric::amount::Seed;

fn recorded(part: &str) -> Vec<Json> {
    let file: Json = serde_json::from_str(include_str!("../../../tests/golden/gp_numeric.json")).unwrap();
    file[part].as_array().unwrap().clone()
}

/// Those with the kernel that knows no resource.
fn cases() -> Vec<Json> {
    let cases: Vec<Json> = recorded("cases").into_iter().filter(|case| case["kernel"] == "matern52").collect();
    assert_eq!(cases.len(), 3);
    cases
}

fn numbers(json: &Json) -> Vec<f64> {
    json.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn points(json: &Json) -> Vec<Vec<f64>> {
    json.as_array().unwrap().iter().map(numbers).collect()
}

fn slices(points: &[Vec<f64>]) -> Vec<&[f64]> {
    points.iter().map(Vec::as_slice).collect()
}

fn parameters(json: &Json, dimensions: usize) -> Parameters {
    let number = |name: &str| json[name].as_f64().unwrap();
    let weight = |index: usize| match dimensions {
        1 => number("kernel_inv_bw"),
        _ => number(&format!("kernel_inv_bw{index}")),
    };
    Parameters {
        noise: number("noise_variance"),
        scale: number("kernel_covariance_scale"),
        weights: (0..dimensions).map(weight).collect(),
        mean: number("mean_mean_value"),
    }
}

/// The tolerance of the golden files' README.
fn assert_close(what: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        // Below the smallest normal number there are no such relative differences.
        let allowed = (1e-6 * expected.abs()).max(1e-300);
        assert!((found - expected).abs() <= allowed, "{what}: {found} is not {expected}");
    }
}

#[test]
fn the_covariance_is_the_originals() {
    for case in cases() {
        let inputs = points(&case["X"]);
        let parameters = parameters(&case["params"], inputs[0].len());
        let scaled: Vec<Vec<f64>> = inputs.iter().map(|point| parameters.scaled(point).collect()).collect();
        for (point, expected) in scaled.iter().zip(points(&case["K"])) {
            let row: Vec<f64> = scaled.iter().map(|other| parameters.covariance(point, other).0).collect();
            assert_close("K", &row, &expected);
        }
        assert_close("K_diag_Xs", &[parameters.scale; 5], &numbers(&case["K_diag_Xs"]));
        assert_close("prior_mean_Xs", &[parameters.mean; 5], &numbers(&case["prior_mean_Xs"]));
    }
}

#[test]
fn the_likelihood_and_the_priors_are_the_originals() {
    for case in cases() {
        let (inputs, targets) = (points(&case["X"]), numbers(&case["y"]));
        let parameters = parameters(&case["params"], inputs[0].len());
        let mut gradient = vec![0.0; inputs[0].len() + 3];
        let data = Data { points: slices(&inputs), targets: &targets };
        let likelihood = data.likelihood(&parameters, &mut gradient).unwrap();
        assert_close("likelihood", &[likelihood], &[case["neg_log_marginal_likelihood"].as_f64().unwrap()]);
        let posterior = likelihood + prior(&parameters, &mut gradient);
        assert_close("posterior", &[posterior], &[case["neg_log_posterior"].as_f64().unwrap()]);
    }
}

#[test]
fn a_fit_begins_where_the_originals_does_and_keeps_to_its_bounds() {
    for case in cases() {
        let dimensions = points(&case["X"])[0].len();
        let (given, ours) = (parameters(&case["initial_params"], dimensions), Parameters::initial(dimensions));
        assert_close("initial", &ours.to_internal()[..2 + dimensions], &given.to_internal()[..2 + dimensions]);
        let bounds = Parameters::internal_bounds(dimensions);
        for (name, given) in case["box_constraints_internal"].as_object().unwrap() {
            let ours = match name {
                name if name.contains("noise") => bounds[0],
                name if name.contains("scale") => bounds[1],
                name if name.contains("bandwidth") => bounds[2],
                _ => continue,
            };
            assert_close(name, &[ours.0, ours.1], &numbers(given));
        }
    }
}

#[test]
fn predictions_and_expected_improvement_are_the_originals() {
    for case in cases() {
        let (inputs, targets, asked) = (points(&case["X"]), numbers(&case["y"]), points(&case["Xs"]));
        let parameters = parameters(&case["params"], inputs[0].len());
        let factor = Factor::new(parameters, inputs.iter().map(Vec::as_slice)).unwrap();
        let posterior = Posterior::new(&factor, &targets, &[Vec::new()]);
        let predictions = posterior.predict(&asked);
        let means: Vec<f64> = predictions.iter().map(|prediction| prediction.means[0]).collect();
        let variances: Vec<f64> = predictions.iter().map(|prediction| prediction.variance).collect();
        assert_close("mean", &means, &numbers(&case["posterior_mean"]));
        assert_close("variance", &variances, &numbers(&case["posterior_var"]));
        assert_eq!(case["ei_jitter"].as_f64().unwrap(), JITTER);
        let best = case["current_best"].as_f64().unwrap();
        let improvements: Vec<f64> = predictions.iter().map(|at| -expected_improvement(at, &[best]).0).collect();
        assert_close("expected improvement", &improvements, &numbers(&case["minus_ei"]));
    }
}

#[test]
fn a_fit_is_as_good_as_the_originals() {
    let fits = recorded("fits");
    assert_eq!(fits.len(), 3);
    for case in fits {
        let (inputs, targets) = (points(&case["X"]), numbers(&case["y"]));
        let data = Data { points: slices(&inputs), targets: &targets };
        let effort = Effort { starts: 2, iterations: 50, evaluations: 200 };
        let fitted = fit(&data, &Parameters::initial(inputs[0].len()), &effort, Seed(0), 0).unwrap();
        let mut gradient = vec![0.0; inputs[0].len() + 3];
        let value = data.objective(&fitted.to_internal(), &mut gradient);
        let theirs = case["neg_log_posterior_at_fit"].as_f64().unwrap();
        assert!(value <= theirs + 0.05, "{value} is more than {theirs}");
        let given = parameters(&case["fitted_params"], inputs[0].len());
        let again = data.objective(&given.to_internal(), &mut gradient);
        assert_close("objective at their parameters", &[again], &[theirs]);
    }
}

/// The gradient of `function` at a point by central differences.
fn differences(point: &[f64], mut function: impl FnMut(&[f64]) -> f64) -> Vec<f64> {
    let step = 1e-5;
    let mut at = |index: usize, by: f64| {
        let mut moved = point.to_vec();
        moved[index] += by;
        function(&moved)
    };
    (0..point.len()).map(|index| (at(index, step) - at(index, -step)) / (2.0 * step)).collect()
}

fn assert_slopes(found: &[f64], expected: &[f64]) {
    let length = expected.iter().fold(1e-3, |length: f64, slope| length.max(slope.abs()));
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-5 * length, "{found} is not {expected}");
    }
}

#[test]
fn the_gradient_of_the_fit_is_that_of_differences() {
    for case in cases() {
        let (inputs, targets) = (points(&case["X"]), numbers(&case["y"]));
        let data = Data { points: slices(&inputs), targets: &targets };
        let internal = parameters(&case["params"], inputs[0].len()).to_internal();
        let mut gradient = vec![0.0; internal.len()];
        data.objective(&internal, &mut gradient);
        let mut scratch = gradient.clone();
        assert_slopes(&gradient, &differences(&internal, |at| data.objective(at, &mut scratch)));
    }
}

#[test]
fn the_gradient_of_expected_improvement_is_that_of_differences() {
    for case in cases() {
        let (inputs, targets, asked) = (points(&case["X"]), numbers(&case["y"]), points(&case["Xs"]));
        let parameters = parameters(&case["params"], inputs[0].len());
        // The last two points are pending, with three columns of targets.
        let factor = Factor::new(parameters, inputs.iter().map(Vec::as_slice)).unwrap();
        let columns = [vec![0.3, -0.2], vec![-0.5, 0.4], vec![0.1, 0.1]];
        let posterior = Posterior::new(&factor, &targets[..7], &columns);
        let incumbents = posterior.incumbents();
        for point in asked {
            let mut gradient = vec![0.0; point.len()];
            let value = objective(&posterior, &incumbents, &point, &mut gradient);
            // Farther out the density has too few digits for differences.
            if value < 50.0 {
                let mut scratch = gradient.clone();
                let expected = differences(&point, |at| objective(&posterior, &incumbents, at, &mut scratch));
                assert_slopes(&gradient, &expected);
            }
        }
    }
}

#[test]
fn the_least_mean_at_the_data_is_what_predictions_there_say() {
    for case in cases() {
        let (inputs, targets) = (points(&case["X"]), numbers(&case["y"]));
        let parameters = parameters(&case["params"], inputs[0].len());
        let factor = Factor::new(parameters, inputs.iter().map(Vec::as_slice)).unwrap();
        let posterior = Posterior::new(&factor, &targets[..8], &[vec![0.5], vec![-3.0]]);
        let predictions = posterior.predict(&inputs);
        for (column, incumbent) in posterior.incumbents().into_iter().enumerate() {
            let least = predictions.iter().map(|at| at.means[column]).fold(f64::INFINITY, f64::min);
            assert!((incumbent - least).abs() < 1e-9, "{incumbent} is not {least}");
        }
    }
}

#[test]
fn a_factor_that_grew_predicts_as_one_made_at_once() {
    let case = &cases()[1];
    let (inputs, targets, asked) = (points(&case["X"]), numbers(&case["y"]), points(&case["Xs"]));
    let parameters = parameters(&case["params"], inputs[0].len());
    let whole = Factor::new(parameters.clone(), inputs.iter().map(Vec::as_slice)).unwrap();
    let mut grown = Factor::new(parameters, inputs[..4].iter().map(Vec::as_slice)).unwrap();
    assert!(inputs[4..].iter().all(|point| grown.push(point)));
    let predict = |factor: &Factor| Posterior::new(factor, &targets, &[Vec::new()]).predict(&asked);
    assert_eq!(predict(&grown), predict(&whole));
}
