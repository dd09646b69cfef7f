//! How a controller learns: by the policy gradient with a moving baseline (REINFORCE, Williams 1992), and Adam.
//!
//! Talks to `controller`.

use super::ControllerSpec;
use super::controller::Controller;

/// Rewards differ by whatever a guest says. Beyond this a square would be infinite; the steps do not depend on the size of all
/// differences together, anyway.
const ADVANTAGE_MAX: f64 = 1e100;

/// A controller that learns.
#[derive(Debug)]
pub(super) struct Learner {
    pub(super) controller: Controller,
    spec: ControllerSpec,
    /// What rewards are compared with: their moving average; none before the first.
    pub(super) baseline: Option<f64>,
    /// How many rewards were learnt from.
    pub(super) rewards: u64,
    gradient: Vec<f64>,
    adam: Adam,
}

/// What came of one trial.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lesson {
    /// Its decisions, each with the option that was taken.
    pub(super) path: Vec<(usize, usize)>,
    pub(super) reward: f64,
}

/// Steps of a size of their own for each parameter (Kingma and Ba 2015, algorithm 1 with the reordering at the end of section 2).
#[derive(Debug)]
struct Adam {
    first: Vec<f64>,
    second: Vec<f64>,
    /// The decays to the power of the number of steps.
    decayed: (f64, f64),
}

impl Learner {
    pub(super) fn new(controller: Controller, spec: ControllerSpec) -> Self {
        let size = controller.size();
        let adam = Adam { first: vec![0.0; size], second: vec![0.0; size], decayed: (1.0, 1.0) };
        Self { controller, spec, baseline: None, rewards: 0, gradient: vec![0.0; size], adam }
    }

    /// Learns from the trials of one batch, in their order; those without a reward are not among them. From none nothing is learnt,
    /// and no step is made.
    pub(super) fn learn(&mut self, batch: &[Lesson]) {
        let Some(first) = batch.first() else { return };
        let before = self.baseline.unwrap_or(first.reward);
        self.gradient.fill(0.0);
        let mut baseline = before;
        for Lesson { path, reward } in batch {
            let advantage = (reward - before).clamp(-ADVANTAGE_MAX, ADVANTAGE_MAX);
            self.controller.add_gradient(path, advantage, &mut self.gradient);
            let decay = self.spec.ema_baseline_decay;
            baseline = decay * baseline + (1.0 - decay) * reward;
        }
        self.baseline = Some(baseline);
        self.rewards += batch.len() as u64;
        let batch_size = f64::from(self.spec.batch);
        self.gradient.iter_mut().for_each(|slope| *slope /= batch_size);
        self.adam.step(self.controller.weights_mut(), &self.gradient, self.spec.controller_lr * batch_size);
    }
}

impl Adam {
    const DECAYS: (f64, f64) = (0.9, 0.999);
    const EPSILON: f64 = 1e-8;

    /// Moves the weights down the gradient.
    fn step(&mut self, weights: &mut [f64], gradient: &[f64], rate: f64) {
        let (first_decay, second_decay) = Self::DECAYS;
        self.decayed = (self.decayed.0 * first_decay, self.decayed.1 * second_decay);
        let rate = rate * (1.0 - self.decayed.1).sqrt() / (1.0 - self.decayed.0);
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((weight, slope), (first, second)) in weights.iter_mut().zip(gradient).zip(moments) {
            *first = first_decay * *first + (1.0 - first_decay) * slope;
            *second = second_decay * *second + (1.0 - second_decay) * slope * slope;
            *weight -= rate * *first / (second.sqrt() + Self::EPSILON);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::amount::Seed;

    const RIGHT: [(usize, usize); 2] = [(0, 1), (1, 0)];
    const WRONG: [(usize, usize); 2] = [(0, 0), (1, 1)];

    fn learner(batch: u32) -> Learner {
        Learner::new(Controller::new(&[2, 2], Seed(1)), ControllerSpec { batch, ..ControllerSpec::default() })
    }

    fn lesson(path: [(usize, usize); 2], reward: f64) -> Lesson {
        Lesson { path: path.to_vec(), reward }
    }

    #[test]
    fn adam_makes_the_steps_that_were_computed_by_hand() {
        let mut adam = Adam { first: vec![0.0], second: vec![0.0], decayed: (1.0, 1.0) };
        let mut weights = [1.0];
        adam.step(&mut weights, &[0.5], 0.1);
        // The first step is the rate, but for epsilon: both means are the slope's own.
        assert!((weights[0] - 0.9).abs() < 1e-7, "{weights:?}");
        adam.step(&mut weights, &[-0.25], 0.1);
        // Means 0.9·0.05 − 0.1·0.25 = 0.02 and 0.999·0.00025 + 0.001·0.0625 = 0.00031225, over 0.19 and 0.001999.
        let expected = 0.9 - 0.1 * (0.02 / 0.19) / (0.000_312_25_f64 / 0.001_999).sqrt();
        assert!((weights[0] - expected).abs() < 1e-6, "{weights:?} {expected}");
    }

    #[test]
    fn the_baseline_begins_at_the_first_reward_and_moves_reward_by_reward() {
        let mut learner = learner(3);
        learner.learn(&[lesson(RIGHT, 1.0), lesson(WRONG, 0.0), lesson(RIGHT, 2.0)]);
        let expected = 0.95 * (0.95 * 1.0) + 0.05 * 2.0;
        assert!((learner.baseline.unwrap() - expected).abs() < 1e-15);
        learner.learn(&[lesson(RIGHT, 0.5)]);
        assert!((learner.baseline.unwrap() - (0.95 * expected + 0.05 * 0.5)).abs() < 1e-15);
        assert_eq!(learner.rewards, 4);
    }

    #[test]
    fn the_first_reward_alone_changes_no_weight_and_later_ones_move_towards_what_was_better() {
        let mut learner = learner(1);
        let even = learner.controller.probability(&RIGHT);
        learner.learn(&[lesson(RIGHT, 1.0)]);
        assert_eq!(learner.controller.probability(&RIGHT), even);
        learner.learn(&[lesson(WRONG, 0.0)]);
        let better = learner.controller.probability(&RIGHT);
        assert!(better > even && learner.controller.probability(&WRONG) < even, "{better} {even}");
        learner.learn(&[lesson(RIGHT, 2.0)]);
        assert!(learner.controller.probability(&RIGHT) > better);
    }

    #[test]
    fn from_a_batch_without_a_reward_nothing_is_learnt() {
        let mut learner = learner(2);
        learner.learn(&[lesson(RIGHT, 1.0), lesson(WRONG, 0.0)]);
        let (before, baseline) = (learner.controller.probability(&RIGHT), learner.baseline);
        learner.learn(&[]);
        assert_eq!((learner.controller.probability(&RIGHT), learner.baseline), (before, baseline));
    }

    #[test]
    fn rewards_at_the_ends_of_numbers_leave_probabilities() {
        let mut learner = learner(1);
        for reward in [f64::MAX, f64::MIN, 1e-320, f64::MAX, 0.0, f64::MIN] {
            learner.learn(&[lesson(RIGHT, reward)]);
            let probability = learner.controller.probability(&RIGHT);
            assert!((0.0..=1.0).contains(&probability), "{probability}");
            assert!(learner.baseline.unwrap().is_finite());
        }
    }
}
