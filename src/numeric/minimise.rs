//! Minimises a smooth function in a box, from its gradient: limited-memory BFGS on the coordinates that are free to move, with
//! steps projected onto the box.
//!
//! Talks to nobody. Directions after Nocedal (1980, "Updating quasi-Newton matrices with limited storage"), the free coordinates
//! after Bertsekas (1982, "Projected Newton methods for optimization problems with simple constraints"). It draws nothing and
//! reads no clock: how long it works is given as numbers of steps.

use super::cholesky::dot;

/// How many earlier steps shape the direction.
const MEMORY: usize = 10;
/// What a step must bring, as a share of what the slope promises (Armijo 1966).
const SUFFICIENT: f64 = 1e-4;
/// How often a step is shortened before its direction is given up.
const SHORTENINGS_MAX: u32 = 20;

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// After so many steps.
    pub iterations: u32,
    /// After so many values of the function.
    pub evaluations: u32,
    /// Once no coordinate's way down the slope, up to the box, is longer than this.
    pub gradient: f64,
    /// Once a step has brought less than this share of the value, or less than this where the value is below 1.
    pub decrease: f64,
}

/// The best point that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Minimum {
    /// The point, in the box.
    pub point: Vec<f64>,
    /// The function there.
    pub value: f64,
}

/// A point with its value and slope.
#[derive(Clone)]
struct Place {
    point: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

/// A step that was taken, and what it changed of the gradient.
struct Step {
    way: Vec<f64>,
    change: Vec<f64>,
}

struct Descent<'a, F> {
    bounds: &'a [(f64, f64)],
    objective: F,
    evaluations_left: u32,
    place: Place,
    steps: Vec<Step>,
}

/// The least value found from `start` on, clipped to `bounds`. `objective` gives the value at a point and writes its gradient;
/// where the value is not finite, nobody goes.
pub fn minimise(
    start: &[f64],
    bounds: &[(f64, f64)],
    limits: &Limits,
    mut objective: impl FnMut(&[f64], &mut [f64]) -> f64,
) -> Minimum {
    let point: Vec<f64> = start.iter().zip(bounds).map(|(x, &(lower, upper))| x.max(lower).min(upper)).collect();
    let mut gradient = vec![0.0; point.len()];
    let value = objective(&point, &mut gradient);
    let place = Place { point, value, gradient };
    let evaluations_left = limits.evaluations.saturating_sub(1);
    let mut descent = Descent { bounds, objective, evaluations_left, place, steps: Vec::new() };
    descent.run(limits);
    Minimum { point: descent.place.point, value: descent.place.value }
}

impl<F: FnMut(&[f64], &mut [f64]) -> f64> Descent<'_, F> {
    fn run(&mut self, limits: &Limits) {
        let mut iteration = 0;
        while iteration < limits.iterations && self.place.value.is_finite() {
            let free = self.free();
            if self.way_down() <= limits.gradient {
                return;
            }
            let direction = self.direction(&free);
            match self.search(&direction) {
                Some(next) => {
                    let before = self.place.value;
                    self.take(next);
                    let scale = before.abs().max(self.place.value.abs()).max(1.0);
                    if before - self.place.value <= limits.decrease * scale {
                        return;
                    }
                    iteration += 1;
                }
                // What was remembered misleads: straight down the slope once more.
                None if !self.steps.is_empty() && self.evaluations_left > 0 => self.steps.clear(),
                None => return,
            }
        }
    }

    /// Which coordinates do not stand at a bound with the slope leading out.
    fn free(&self) -> Vec<bool> {
        let Place { point, gradient, .. } = &self.place;
        let blocked = |((x, slope), (lower, upper)): ((&f64, &f64), &(f64, f64))| {
            (x <= lower && *slope > 0.0) || (x >= upper && *slope < 0.0)
        };
        point.iter().zip(gradient).zip(self.bounds).map(|coordinate| !blocked(coordinate)).collect()
    }

    /// The longest way of a coordinate down the slope, up to the box.
    fn way_down(&self) -> f64 {
        let Place { point, gradient, .. } = &self.place;
        let ways = point.iter().zip(gradient).zip(self.bounds);
        ways.map(|((x, slope), (lower, upper))| ((x - slope).max(*lower).min(*upper) - x).abs()).fold(0.0, f64::max)
    }

    /// The direction of a quasi-Newton step among the free coordinates.
    fn direction(&self, free: &[bool]) -> Vec<f64> {
        let masked = |vector: &[f64]| -> Vec<f64> {
            vector.iter().zip(free).map(|(&entry, &free)| if free { entry } else { 0.0 }).collect()
        };
        let slope = masked(&self.place.gradient);
        let mut direction: Vec<f64> = slope.iter().map(|entry| -entry).collect();
        let steps: Vec<(Vec<f64>, Vec<f64>, f64)> = self
            .steps
            .iter()
            .map(|step| (masked(&step.way), masked(&step.change)))
            .map(|(way, change)| (dot(&way, &change), way, change))
            .filter(|(curvature, ..)| *curvature > 0.0)
            .map(|(curvature, way, change)| (way, change, curvature))
            .collect();
        let Some((_, change, curvature)) = steps.last() else {
            // No scale is known yet: one of length at most 1.
            let length = dot(&slope, &slope).sqrt();
            direction.iter_mut().for_each(|entry| *entry /= length.max(1.0));
            return direction;
        };
        let scale = curvature / dot(change, change);
        two_loops(&steps, scale, &mut direction);
        // Rounding can turn it uphill.
        if dot(&direction, &slope) < 0.0 { direction } else { slope.iter().map(|entry| -entry).collect() }
    }

    /// The first place along the direction, projected onto the box, that is sufficiently lower.
    fn search(&mut self, direction: &[f64]) -> Option<Place> {
        let mut length = 1.0;
        for _ in 0..SHORTENINGS_MAX {
            self.evaluations_left = self.evaluations_left.checked_sub(1)?;
            let place = &self.place;
            let point: Vec<f64> = (place.point.iter().zip(direction).zip(self.bounds))
                .map(|((x, way), &(lower, upper))| (x + length * way).max(lower).min(upper))
                .collect();
            let way: Vec<f64> = point.iter().zip(&place.point).map(|(to, from)| to - from).collect();
            let promised = dot(&way, &place.gradient);
            let mut gradient = vec![0.0; point.len()];
            let value = (self.objective)(&point, &mut gradient);
            if value.is_finite() && value <= place.value + SUFFICIENT * promised && promised < 0.0 {
                return Some(Place { point, value, gradient });
            }
            // The parabola through both values with the slope at the first has its lowest point here.
            let parabola = -0.5 * promised / (value - place.value - promised);
            length *= if parabola.is_finite() { parabola.clamp(0.1, 0.5) } else { 0.1 };
        }
        None
    }

    fn take(&mut self, next: Place) {
        let way: Vec<f64> = next.point.iter().zip(&self.place.point).map(|(to, from)| to - from).collect();
        let change: Vec<f64> = next.gradient.iter().zip(&self.place.gradient).map(|(to, from)| to - from).collect();
        // Without curvature along its way a step would spoil the directions after it.
        if dot(&way, &change) > 1e-10 * dot(&change, &change) {
            if self.steps.len() == MEMORY {
                self.steps.remove(0);
            }
            self.steps.push(Step { way, change });
        }
        self.place = next;
    }
}

/// Multiplies the direction with the inverse Hessian that the steps describe (Nocedal 1980).
fn two_loops(steps: &[(Vec<f64>, Vec<f64>, f64)], scale: f64, direction: &mut [f64]) {
    let add = |to: &mut [f64], share: f64, vector: &[f64]| {
        to.iter_mut().zip(vector).for_each(|(to, entry)| *to += share * entry);
    };
    let mut shares = Vec::with_capacity(steps.len());
    for (way, change, curvature) in steps.iter().rev() {
        let share = dot(way, direction) / curvature;
        add(direction, -share, change);
        shares.push(share);
    }
    direction.iter_mut().for_each(|entry| *entry *= scale);
    for ((way, change, curvature), share) in steps.iter().zip(shares.iter().rev()) {
        add(direction, share - dot(change, direction) / curvature, way);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { iterations: 500, evaluations: 2_000, gradient: 1e-9, decrease: 0.0 };
    const ANYWHERE: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

    /// Rosenbrock's valley (1960), lowest at (1, 1).
    fn valley(x: &[f64], gradient: &mut [f64]) -> f64 {
        let (across, along) = (x[1] - x[0] * x[0], 1.0 - x[0]);
        gradient.copy_from_slice(&[-400.0 * x[0] * across - 2.0 * along, 200.0 * across]);
        100.0 * across * across + along * along
    }

    #[test]
    fn the_end_of_a_bent_valley_is_found() {
        let minimum = minimise(&[-1.2, 1.0], &[ANYWHERE; 2], &LIMITS, valley);
        assert!(minimum.value < 1e-15, "{minimum:?}");
    }

    #[test]
    fn a_minimum_outside_of_the_box_leads_to_its_edge() {
        let minimum = minimise(&[-1.2, 1.0], &[(-2.0, 0.5), (-2.0, 2.0)], &LIMITS, valley);
        assert_eq!(minimum.point[0], 0.5);
        assert!((minimum.point[1] - 0.25).abs() < 1e-6, "{minimum:?}");
    }

    #[test]
    fn a_start_outside_of_the_box_is_clipped_and_nothing_outside_is_asked() {
        let bounds = [(0.0, 1.0), (-1.0, 0.25)];
        minimise(&[7.0, -7.0], &bounds, &LIMITS, |x, gradient| {
            assert!(x.iter().zip(bounds).all(|(x, (lower, upper))| (lower..=upper).contains(x)), "{x:?}");
            valley(x, gradient)
        });
    }

    #[test]
    fn where_there_is_no_number_nobody_goes() {
        let minimum = minimise(&[1.0], &[ANYWHERE], &LIMITS, |x, gradient| {
            gradient[0] = 1.0;
            if x[0] < 0.0 { f64::NAN } else { x[0] }
        });
        assert!((0.0..0.01).contains(&minimum.point[0]), "{minimum:?}");
        let nowhere = minimise(&[1.0], &[ANYWHERE], &LIMITS, |_, _| f64::NAN);
        assert_eq!(nowhere.point, [1.0]);
    }

    #[test]
    fn the_function_is_asked_no_more_often_than_allowed() {
        for evaluations in 1..30 {
            let mut asked = 0;
            minimise(&[-1.2, 1.0], &[ANYWHERE; 2], &Limits { evaluations, ..LIMITS }, |x, gradient| {
                asked += 1;
                valley(x, gradient)
            });
            assert!(asked <= evaluations, "{asked} of {evaluations}");
        }
    }
}
