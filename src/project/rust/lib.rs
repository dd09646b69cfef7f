//! Fits a line to points with noise, by gradient descent: replace it by your own training.

use trialbox_guest::{Arguments, Reporter, log, report};

const POINTS: u32 = 100;

/// What is searched.
#[derive(Arguments)]
struct Training {
    #[real(1e-3..=0.3, log)]
    learning_rate: f64,
    #[integer(1..=32)]
    batch_size: usize,
    #[real(0.0..=0.9)]
    momentum: f64,
    #[constant(20)]
    epochs: u32,
}

struct Point {
    x: f64,
    y: f64,
}

/// A line, or a step from one to another.
#[derive(Default)]
struct Line {
    slope: f64,
    offset: f64,
}

impl Line {
    fn error(&self, point: &Point) -> f64 {
        self.slope * point.x + self.offset - point.y
    }
}

#[trialbox_guest::train(reward_attr = "accuracy", time_attr = "epoch")]
fn train(arguments: Training, reporter: &Reporter) {
    // Random numbers follow from the trial's seed: the same configuration always trains alike.
    let mut random = reporter.random("points");
    let mut points: Vec<Point> = (0..POINTS)
        .map(|index| {
            let x = f64::from(index) / 50.0 - 1.0;
            Point { x, y: 3.0 * x + 0.5 + 0.1 * random.normal() }
        })
        .collect();
    let (mut line, mut step) = (Line::default(), Line::default());
    for epoch in 1..=arguments.epochs {
        random.shuffle(&mut points);
        for batch in points.chunks(arguments.batch_size.max(1)) {
            let rate = arguments.learning_rate / batch.len() as f64;
            let slope: f64 = batch.iter().map(|point| line.error(point) * point.x).sum();
            let offset: f64 = batch.iter().map(|point| line.error(point)).sum();
            step.slope = arguments.momentum * step.slope - rate * slope;
            step.offset = arguments.momentum * step.offset - rate * offset;
            line = Line { slope: line.slope + step.slope, offset: line.offset + step.offset };
        }
        let loss = points.iter().map(|point| line.error(point).powi(2)).sum::<f64>() / f64::from(POINTS);
        report!(reporter, epoch = epoch, accuracy = 1.0 / (1.0 + loss));
    }
    log!("y = {:.3} x + {:.3}", line.slope, line.offset);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_found() {
        let reporter = Reporter::recording(1);
        train(Training { learning_rate: 0.1, batch_size: 8, momentum: 0.5, epochs: 20 }, &reporter);
        assert_eq!(reporter.reports().len(), 20);
    }
}
