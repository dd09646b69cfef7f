//! A plain program that is tuned as it is: it fits a line with a bend to points, by gradient descent with momentum.
//!
//! It knows nothing of trialbox. Its configuration comes as arguments, `--NAME VALUE`; it reads the file that `--data` names, writes a line to
//! `/trialbox/report` after each epoch, and leaves its model below `/trialbox/artifacts`. See docs/commands.md.

use std::error::Error;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::Write;
use std::str::FromStr;

const EPOCHS: u32 = 27;

/// What one run is made of.
struct Configuration {
    data: String,
    learning_rate: f64,
    momentum: f64,
    /// Whether the gradient is taken point by point.
    stochastic: bool,
    /// Where the line bends.
    knee: f64,
}

/// What is fitted: an offset, a slope, and by how much the slope changes at the knee.
#[derive(Clone, Copy, Default)]
struct Model {
    weights: [f64; 3],
    velocity: [f64; 3],
}

fn main() -> Result<(), Box<dyn Error>> {
    let configuration = Configuration::from_arguments()?;
    let points = points(&fs::read_to_string(&configuration.data)?)?;
    let mut report = File::create("/trialbox/report")?;
    let mut model = Model::default();
    for epoch in 1..=EPOCHS {
        model.train(&points, &configuration);
        let fit = model.fit(&points, configuration.knee);
        if !fit.is_finite() {
            return Err("the fit has diverged".into());
        }
        // One write is one report: the program waits here until it may go on, and cannot tell.
        report.write_all(format!("{{\"epoch\": {epoch}, \"fit\": {fit:?}}}\n").as_bytes())?;
    }
    println!("{} points, {EPOCHS} epochs", points.len());
    let [offset, slope, bend] = model.weights;
    fs::write(
        "/trialbox/artifacts/model.txt",
        format!("offset {offset}\nslope {slope}\nbend {bend} at {}\n", configuration.knee),
    )?;
    Ok(())
}

impl Configuration {
    fn from_arguments() -> Result<Self, Box<dyn Error>> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        Ok(Self {
            data: value_of(&arguments, "--data")?,
            learning_rate: value_of(&arguments, "--learning_rate")?,
            momentum: value_of(&arguments, "--momentum")?,
            stochastic: value_of(&arguments, "--stochastic")?,
            knee: value_of(&arguments, "--knee")?,
        })
    }
}

/// What stands after a name among the arguments.
fn value_of<T: FromStr<Err: Display>>(arguments: &[String], name: &str) -> Result<T, Box<dyn Error>> {
    let place = arguments.iter().position(|argument| argument == name).ok_or_else(|| format!("{name} is missing"))?;
    let text = arguments.get(place + 1).ok_or_else(|| format!("{name} has no value"))?;
    text.parse().map_err(|error| format!("{name} {text}: {error}").into())
}

/// The points of a file with two numbers a line.
fn points(text: &str) -> Result<Vec<(f64, f64)>, Box<dyn Error>> {
    let point = |line: &str| {
        let (x, y) = line.split_once(',').ok_or_else(|| format!("no point: {line}"))?;
        Ok((x.trim().parse()?, y.trim().parse()?))
    };
    text.lines().map(point).collect()
}

impl Model {
    fn features(x: f64, knee: f64) -> [f64; 3] {
        [1.0, x, (x - knee).max(0.0)]
    }

    fn error(&self, (x, y): (f64, f64), knee: f64) -> f64 {
        let features = Self::features(x, knee);
        self.weights.iter().zip(features).map(|(weight, feature)| weight * feature).sum::<f64>() - y
    }

    /// One epoch.
    fn train(&mut self, points: &[(f64, f64)], configuration: &Configuration) {
        let batch = if configuration.stochastic { 1 } else { points.len().max(1) };
        for points in points.chunks(batch) {
            let mut gradient = [0.0; 3];
            for point in points {
                let error = self.error(*point, configuration.knee);
                for (sum, feature) in gradient.iter_mut().zip(Self::features(point.0, configuration.knee)) {
                    *sum += error * feature / points.len() as f64;
                }
            }
            for (index, slope) in gradient.into_iter().enumerate() {
                self.velocity[index] =
                    configuration.momentum * self.velocity[index] - configuration.learning_rate * slope;
                self.weights[index] += self.velocity[index];
            }
        }
    }

    /// One for a perfect fit, towards none for one that is far off.
    fn fit(&self, points: &[(f64, f64)], knee: f64) -> f64 {
        let squares: f64 = points.iter().map(|point| self.error(*point, knee)).map(|error| error * error).sum();
        1.0 / (1.0 + squares / points.len() as f64)
    }
}
