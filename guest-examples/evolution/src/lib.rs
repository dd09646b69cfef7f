//! A searcher by regularised evolution: each configuration is a child of the best of a few that were drawn from the latest, with
//! one parameter changed. The oldest die, however good they are, so that luck does not live for ever.
//!
//! After Real, Aggarwal, Huang and Le, "Regularized Evolution for Image Classifier Architecture Search" (AAAI 2019), with one
//! difference: trials end in any order, and a child is born whenever a slot is free for it.

use std::collections::{BTreeMap, VecDeque};

use trialbox_guest::Random;
use trialbox_guest::searcher::{Assignment, Configuration, Observation, Searcher, Space};

/// The searcher.
struct Evolution {
    space: Space,
    random: Random,
    /// How many live at a time, and how many configurations are drawn at random before the first child is born.
    population: usize,
    /// How many a parent is chosen from.
    tournament: usize,
    /// Those that live, the oldest first.
    alive: VecDeque<Individual>,
    /// Trials that have not ended, each with its configuration and what it has reached so far.
    running: BTreeMap<u64, (Configuration, Option<f64>)>,
}

/// A configuration with what it has reached.
struct Individual {
    configuration: Configuration,
    reward: f64,
}

impl Searcher for Evolution {
    fn begin(assignment: Assignment) -> Result<Self, String> {
        let Assignment { space, seed, mut options } = assignment;
        let population = options.take("population", 20)?;
        let tournament = options.take("tournament", 5)?;
        options.finish()?;
        if population == 0 || tournament == 0 {
            return Err("the options `population` and `tournament` must be at least 1".to_owned());
        }
        let (alive, running) = (VecDeque::new(), BTreeMap::new());
        Ok(Self { space, random: Random::named(seed, "evolution"), population, tournament, alive, running })
    }

    fn suggest(&mut self, trial: u64) -> Option<Configuration> {
        let configuration = match (trial, self.parent()) {
            (0, _) => self.space.default_configuration(),
            (_, Some(parent)) => {
                let parent = self.alive[parent].configuration.clone();
                self.space.mutated(&parent, &mut self.random)
            }
            (_, None) => self.space.sample(&mut self.random),
        };
        self.running.insert(trial, (configuration.clone(), None));
        Some(configuration)
    }

    fn observe(&mut self, trial: u64, observation: Observation) {
        match observation {
            Observation::Rewarded { reward, .. } => {
                if let Some((_, reached)) = self.running.get_mut(&trial) {
                    *reached = Some(reward);
                }
            }
            Observation::Failed => {
                self.running.remove(&trial);
            }
            // A paused trial counts by what it has reached; what it reaches after a promotion is not told apart.
            Observation::JobEnded => {
                if let Some((configuration, Some(reward))) = self.running.remove(&trial) {
                    self.join(Individual { configuration, reward });
                }
            }
            Observation::Pending { .. } | Observation::Withdrawn { .. } => {}
        }
    }
}

impl Evolution {
    /// The best of a few that are drawn; none while the population is not complete.
    fn parent(&mut self) -> Option<usize> {
        if self.alive.len() < self.population {
            return None;
        }
        let drawn: Vec<usize> = (0..self.tournament).map(|_| self.random.index(self.alive.len())).collect();
        drawn.into_iter().max_by(|one, two| self.alive[*one].reward.total_cmp(&self.alive[*two].reward))
    }

    fn join(&mut self, individual: Individual) {
        self.alive.push_back(individual);
        if self.alive.len() > self.population {
            self.alive.pop_front();
        }
    }
}

trialbox_guest::searcher!(Evolution);

#[cfg(test)]
mod tests {
    use super::*;
    use trialbox_guest::searcher::Options;
    use trialbox_guest::{Arguments, Value};

    #[derive(Arguments)]
    struct Plane {
        #[real(0.0..=1.0)]
        _x: f64,
        #[real(0.0..=1.0)]
        _y: f64,
    }

    fn evolution(options: Vec<(String, Value)>) -> Result<Evolution, String> {
        let space = Space::new(trialbox_guest::describe::<Plane>());
        Evolution::begin(Assignment { space, seed: 1, options: Options::new(options) })
    }

    fn number(configuration: &Configuration, name: &str) -> f64 {
        match configuration.get(name) {
            Some(Value::Real(real)) => *real,
            other => panic!("{other:?}"),
        }
    }

    /// The mean reward of four hundred trials on a hill.
    fn mean_on_a_hill(mut searcher: Evolution) -> f64 {
        let mut sum = 0.0;
        for trial in 0..400 {
            let point = searcher.suggest(trial).unwrap();
            let (x, y) = (number(&point, "_x") - 0.3, number(&point, "_y") - 0.8);
            let reward = -(x * x + y * y);
            sum += reward;
            searcher.observe(trial, Observation::Rewarded { level: None, reward, constraint: None });
            searcher.observe(trial, Observation::JobEnded);
        }
        sum / 400.0
    }

    /// A tournament of one chooses parents by chance only. A child's one new value is drawn from all of its range, so half of the
    /// distance to the top remains however good the parents are: the expectation is 0.30 by chance and 0.15 at best.
    #[test]
    fn children_of_the_best_do_better_than_children_of_any() {
        let by_chance = vec![("tournament".to_owned(), Value::Integer(1))];
        let by_chance = mean_on_a_hill(evolution(by_chance).unwrap());
        let selected = mean_on_a_hill(evolution(Vec::new()).unwrap());
        assert!(selected > 0.7 * by_chance, "{selected} with selection, {by_chance} without");
    }

    #[test]
    fn those_that_fail_have_no_children_and_the_oldest_die() {
        let mut searcher = evolution(vec![("population".to_owned(), Value::Integer(2))]).unwrap();
        for trial in 0..6 {
            searcher.suggest(trial).unwrap();
            let reward = -(trial as f64);
            searcher.observe(trial, Observation::Rewarded { level: None, reward, constraint: None });
            if trial == 4 {
                searcher.observe(trial, Observation::Failed);
            }
            searcher.observe(trial, Observation::JobEnded);
        }
        let rewards: Vec<f64> = searcher.alive.iter().map(|individual| individual.reward).collect();
        assert_eq!(rewards, [-3.0, -5.0]);
    }

    #[test]
    fn options_that_make_no_sense_are_refused() {
        for (name, value) in
            [("population", Value::Integer(0)), ("tournament", Value::Real(0.5)), ("speed", Value::Integer(1))]
        {
            let message = evolution(vec![(name.to_owned(), value)]).err().unwrap();
            assert!(message.contains(name), "{message}");
        }
    }
}
