//! The original's numbers, and slopes against differences.

use serde_json::Value as Json;

use super::acquisition::{Acquisition, Constraint, JITTER, Share};
use super::fit::{Data, Effort, StartDraws, fit};
use super::kernel::{Decay, Form, Matern, OfResource, Parameters, Warp};
use super::posterior::{Factor, Posterior};
use super::spec::ResourceKernel;
use crate::numeric::amount::Seed;

fn recorded(part: &str) -> Vec<Json> {
    let file: Json = serde_json::from_str(include_str!("../../../tests/golden/gp_numeric.json")).unwrap();
    file[part].as_array().unwrap().clone()
}

/// A recorded case.
struct Case {
    json: Json,
    form: Form,
    points: Vec<Vec<f64>>,
    targets: Vec<f64>,
    /// Where predictions were asked for.
    asked: Vec<Vec<f64>>,
    parameters: Parameters,
}

impl Case {
    fn number(&self, name: &str) -> f64 {
        self.json[name].as_f64().unwrap()
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        numbers(&self.json[name])
    }

    fn factor(&self) -> Factor {
        Factor::new(self.parameters.clone(), self.points.iter().map(Vec::as_slice)).unwrap()
    }

    fn data(&self) -> Data<'_> {
        Data { form: self.form, points: slices(&self.points), targets: &self.targets }
    }

    fn gradient(&self) -> Vec<f64> {
        vec![0.0; self.parameters.to_internal(&self.form).len()]
    }
}

/// All cases, each as the model of its kernel has it. That of no resource is `matern52`, too: a resource is a coordinate there.
fn cases() -> Vec<Case> {
    let case = |json: Json| {
        let kernel = ResourceKernel::NAMED.into_iter().find(|(name, _)| json["kernel"] == *name).unwrap().1;
        let kernel = Some(kernel).filter(|kernel| *kernel != ResourceKernel::Matern52);
        let (points, targets, asked) = (points(&json["X"]), numbers(&json["y"]), points(&json["Xs"]));
        let dimensions = points[0].len() - usize::from(kernel.is_some());
        let form = Form { dimensions, kernel, gamma_max: 1.0 };
        let parameters = parameters(&json["params"], &form);
        Case { json, form, points, targets, asked, parameters }
    };
    let cases: Vec<Case> = recorded("cases").into_iter().map(case).collect();
    assert_eq!(cases.len(), 7);
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

fn parameters(json: &Json, form: &Form) -> Parameters {
    let number = |name: &str| json[name].as_f64().unwrap();
    let mut parameters = Parameters::initial(form);
    let last = form.dimensions;
    let (part, mean) = match form.kernel {
        None => ("kernel_", "mean_mean_value"),
        Some(ResourceKernel::Matern52ResWarp) => {
            let exponent = |name: &str| number(&format!("kernel_warping_{name}{last}"));
            parameters.resource = OfResource::Warped(Warp { a: exponent("a"), b: exponent("b") });
            ("kernel_", "mean_mean_value")
        }
        Some(kernel) => {
            let delta = match kernel {
                ResourceKernel::ExpDecaySum => 0.0,
                ResourceKernel::ExpDecayDelta1 => 1.0,
                _ => number("kernel_delta"),
            };
            let (alpha, mean_rate) = (number("kernel_alpha"), number("kernel_mean_lam"));
            parameters.resource =
                OfResource::Decaying(Decay { alpha, mean_rate, gamma: number("kernel_gamma"), delta });
            ("kernel_kernelx_", "kernel_meanx_mean_value")
        }
    };
    let dimensions = parameters.matern.weights.len();
    let weight = |index: usize| match dimensions {
        1 => number(&format!("{part}inv_bw")),
        _ => number(&format!("{part}inv_bw{index}")),
    };
    let weights = (0..dimensions).map(weight).collect();
    parameters.matern = Matern { scale: number(&format!("{part}covariance_scale")), weights };
    Parameters { noise: number("noise_variance"), mean: number(mean), ..parameters }
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
        let parameters = &case.parameters;
        let sites: Vec<_> = case.points.iter().map(|point| parameters.site(point)).collect();
        for (site, expected) in sites.iter().zip(points(&case.json["K"])) {
            let covariance = |other: &super::kernel::Site| {
                let base = parameters.matern.covariance(&site.coordinates, &other.coordinates).0;
                parameters.pair(site.resource, other.resource).of(base)
            };
            assert_close("K", &sites.iter().map(covariance).collect::<Vec<f64>>(), &expected);
        }
        let asked: Vec<_> = case.asked.iter().map(|point| parameters.site(point)).collect();
        let diagonal: Vec<f64> = asked.iter().map(|site| parameters.variance_at(site)).collect();
        assert_close("K_diag_Xs", &diagonal, &case.numbers("K_diag_Xs"));
        let means: Vec<f64> = asked.iter().map(|site| parameters.mean_at(site)).collect();
        assert_close("prior_mean_Xs", &means, &case.numbers("prior_mean_Xs"));
    }
}

#[test]
fn the_likelihood_and_the_priors_are_the_originals() {
    for case in cases() {
        let mut gradient = case.gradient();
        let likelihood = case.data().likelihood(&case.parameters, &mut gradient).unwrap();
        assert_close("likelihood", &[likelihood], &[case.number("neg_log_marginal_likelihood")]);
        let posterior = likelihood + case.parameters.prior(&mut gradient);
        assert_close("posterior", &[posterior], &[case.number("neg_log_posterior")]);
    }
}

#[test]
fn a_fit_begins_where_the_originals_does_and_keeps_to_its_bounds() {
    for case in cases() {
        let given = parameters(&case.json["initial_params"], &case.form).to_internal(&case.form);
        let ours = Parameters::initial(&case.form).to_internal(&case.form);
        // Logarithms of 1 are next to nothing.
        let close = |(ours, given): (&f64, &f64)| (ours - given).abs() < 1e-12;
        assert!(ours.iter().zip(&given).all(close), "{ours:?} is not {given:?}");
        let bounds = case.form.internal_bounds();
        let of_resource = 2 + Parameters::initial(&case.form).matern.weights.len();
        for (name, given) in case.json["box_constraints_internal"].as_object().unwrap() {
            let place = match name {
                name if name.contains("noise") => 0,
                name if name.contains("scale") => 1,
                name if name.contains("bandwidth") => 2,
                name if name.contains("warping") || name.contains("alpha") => of_resource,
                name if name.contains("mean_lam") => of_resource + 1,
                name if name.contains("gamma") => of_resource + 2,
                name if name.contains("delta") => of_resource + 3,
                name => {
                    assert!(name.contains("mean_value"), "{name}");
                    continue;
                }
            };
            let given = numbers(given);
            assert!((bounds[place].0 - given[0]).abs() < 1e-9 && (bounds[place].1 - given[1]).abs() < 1e-9, "{name}");
        }
    }
}

#[test]
fn parameters_have_the_originals_names() {
    for case in cases() {
        let named: std::collections::BTreeMap<String, f64> = case.parameters.named(&case.form).into_iter().collect();
        let given = case.json["params"].as_object().unwrap();
        assert!(named.keys().eq(given.keys()), "{named:?}");
        assert!(named.iter().all(|(name, value)| given[name].as_f64() == Some(*value)), "{named:?}");
    }
}

#[test]
fn predictions_and_expected_improvement_are_the_originals() {
    for case in cases() {
        let factor = case.factor();
        let predictions = Posterior::new(&factor, &case.targets, &[Vec::new()]).predict(&case.asked);
        let means: Vec<f64> = predictions.iter().map(|prediction| prediction.means[0]).collect();
        let variances: Vec<f64> = predictions.iter().map(|prediction| prediction.variance).collect();
        assert_close("mean", &means, &case.numbers("posterior_mean"));
        assert_close("variance", &variances, &case.numbers("posterior_var"));
        assert_eq!(case.number("ei_jitter"), JITTER);
        let best = case.number("current_best");
        let improvement = |(mean, variance): (&f64, &f64)| -Share::improvement(*mean, variance.sqrt(), best).value;
        let improvements: Vec<f64> = means.iter().zip(&variances).map(improvement).collect();
        assert_close("expected improvement", &improvements, &case.numbers("minus_ei"));
    }
}

#[test]
fn a_fit_is_as_good_as_the_originals() {
    let fits = recorded("fits");
    assert_eq!(fits.len(), 3);
    for case in fits {
        let (inputs, targets) = (points(&case["X"]), numbers(&case["y"]));
        let form = Form { dimensions: inputs[0].len(), kernel: None, gamma_max: 1.0 };
        let data = Data { form, points: slices(&inputs), targets: &targets };
        let effort = Effort { starts: 2, iterations: 50, evaluations: 200 };
        let fitted = fit(&data, &Parameters::initial(&form), &effort, DRAWS).unwrap();
        let mut gradient = vec![0.0; inputs[0].len() + 3];
        let value = data.objective(&fitted.to_internal(&form), &mut gradient);
        let theirs = case["neg_log_posterior_at_fit"].as_f64().unwrap();
        assert!(value <= theirs + 0.05, "{value} is more than {theirs}");
        let given = parameters(&case["fitted_params"], &form);
        let again = data.objective(&given.to_internal(&form), &mut gradient);
        assert_close("objective at their parameters", &[again], &[theirs]);
    }
}

const DRAWS: StartDraws = StartDraws { seed: Seed(0), index: 0, output: 0 };

#[test]
fn a_fit_makes_the_recorded_parameters_better_whatever_the_kernel() {
    for case in cases() {
        let data = case.data();
        let effort = Effort { starts: 1, iterations: 50, evaluations: 200 };
        let fitted = fit(&data, &case.parameters, &effort, DRAWS).unwrap();
        let mut gradient = case.gradient();
        let mut value = |parameters: &Parameters| data.objective(&parameters.to_internal(&case.form), &mut gradient);
        assert!(value(&fitted) < value(&case.parameters) - 1.0);
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
        let data = case.data();
        let internal = case.parameters.to_internal(&case.form);
        let mut gradient = case.gradient();
        data.objective(&internal, &mut gradient);
        let mut scratch = gradient.clone();
        assert_slopes(&gradient, &differences(&internal, |at| data.objective(at, &mut scratch)));
    }
}

#[test]
fn what_points_promise_has_the_gradient_of_differences() {
    for case in cases() {
        // The last two points are pending, with three columns of targets.
        let columns = [vec![0.3, -0.2], vec![-0.5, 0.4], vec![0.1, 0.1]];
        let factor = case.factor();
        let posterior = || Posterior::new(&factor, &case.targets[..7], &columns);
        let reversed: Vec<f64> = case.targets[..7].iter().rev().copied().collect();
        let constraint = |threshold| Constraint { posterior: Posterior::new(&factor, &reversed, &columns), threshold };
        let everywhere: Vec<usize> = (0..9).collect();
        for acquisition in [
            Acquisition::new(posterior(), None, &everywhere),
            Acquisition::new(posterior(), Some(constraint(0.1)), &everywhere),
            // Nothing is allowed: the probability alone counts.
            Acquisition::new(posterior(), Some(constraint(-9.0)), &everywhere),
        ] {
            let slopes = |point: &[f64]| {
                let mut gradient = vec![0.0; case.form.dimensions];
                let value = acquisition.objective(point, &mut gradient);
                // Farther out the density has too few digits for differences.
                if value < 50.0 {
                    let (coordinates, resource) = point.split_at(case.form.dimensions);
                    let mut scratch = gradient.clone();
                    let at =
                        |coordinates: &[f64]| acquisition.objective(&[coordinates, resource].concat(), &mut scratch);
                    assert_slopes(&gradient, &differences(coordinates, at));
                }
            };
            case.asked.iter().for_each(|point| slopes(point));
        }
    }
}

#[test]
fn means_at_the_data_are_what_predictions_there_say() {
    for case in cases() {
        let factor = case.factor();
        let posterior = Posterior::new(&factor, &case.targets[..8], &[vec![0.5], vec![-3.0]]);
        let predictions = posterior.predict(&case.points);
        let rows = [0, 3, 8];
        for (column, means) in posterior.means_at(&rows).into_iter().enumerate() {
            let expected: Vec<f64> = rows.iter().map(|row| predictions[*row].means[column]).collect();
            assert!(means.iter().zip(&expected).all(|(mean, expected)| (mean - expected).abs() < 1e-9), "{means:?}");
        }
    }
}

#[test]
fn a_factor_that_grew_predicts_as_one_made_at_once() {
    for case in cases() {
        let whole = case.factor();
        let first = case.points[..4].iter().map(Vec::as_slice);
        let mut grown = Factor::new(case.parameters.clone(), first).unwrap();
        assert!(case.points[4..].iter().all(|point| grown.push(point)));
        let predict = |factor: &Factor| Posterior::new(factor, &case.targets, &[Vec::new()]).predict(&case.asked);
        assert_eq!(predict(&grown), predict(&whole));
    }
}
