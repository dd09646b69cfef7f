//! From the model to a configuration: candidates, the choice of one, and its improvement by neighbours.
//!
//! Talks to `surrogate`, `neighbours`, `observations`, `space` and `numeric`. All is looked at as it would do at one level.

use super::neighbours::Neighbourhood;
use super::observations::Levels;
use super::surrogate::{Prediction, Surrogate};
use crate::numeric::amount::Seed;
use crate::numeric::float::ln;
use crate::numeric::normal;
use crate::numeric::random::{Purpose, Stream};
use crate::searcher::{GridSearcher, RandomSearcher};
use crate::space::{Config, Space};

/// How many candidates there are.
const CANDIDATES: u64 = 250;
/// How often what was chosen is improved by neighbours, of how many at a time, and by how many of each.
const ROUNDS: usize = 3;
const IMPROVED: usize = 5;
const STEPS: usize = 8;
/// A space of at most this many configurations is enumerated for candidates once few remain.
const ENUMERATED_MAX: u64 = 1_000;
/// Below this expected improvement its logarithm is not taken, but told from the distance.
const IMPROVEMENT_MIN: f64 = 1e-200;

/// The way from a model to what is tried next.
pub(super) struct Proposal<'a> {
    pub(super) space: &'a Space,
    pub(super) neighbourhood: &'a Neighbourhood,
    pub(super) levels: Levels,
    /// The level at which it is to be good.
    pub(super) level: u64,
    /// Knows what was suggested.
    pub(super) random: &'a RandomSearcher,
    pub(super) surrogate: &'a Surrogate<'a>,
    pub(super) seed: Seed,
    /// The trial.
    pub(super) index: u64,
}

/// A configuration that was not suggested, with its point and how much it is worth: the least is the best.
struct Scored {
    config: Config,
    point: Vec<f64>,
    score: f64,
}

impl Proposal<'_> {
    /// What is tried next, given the points that are known; none if nothing new is found.
    pub(super) fn choose(&self, known: &[&[f64]]) -> Option<Config> {
        let best = self.predict(known).iter().map(|prediction| prediction.mean).min_by(f64::total_cmp)?;
        let start = self.drawn(self.candidates())?;
        self.improved(start, best)
    }

    fn stream(&self, purpose: Purpose, draw: u64) -> Stream {
        Stream::new(self.seed, purpose, self.index, draw)
    }

    fn predict(&self, points: &[&[f64]]) -> Vec<Prediction> {
        let sites: Vec<_> = points.iter().map(|point| self.levels.site(point, self.level)).collect();
        self.surrogate.predict(&sites)
    }

    /// Random configurations; all that remain, where they are few. Neighbours of the best are not among them: many would be nearly
    /// what is known, and a draw would often fall on one.
    fn candidates(&self) -> Vec<Config> {
        let count = self.space.count().filter(|&count| count <= ENUMERATED_MAX);
        let remain = count.map(|count| count.saturating_sub(self.random.suggested() as u64));
        if remain.is_some_and(|remain| remain <= CANDIDATES) {
            return GridSearcher::all(self.space).collect();
        }
        (0..CANDIDATES).map(|draw| self.space.sample(&mut self.stream(Purpose::Candidate, draw))).collect()
    }

    /// Those of the configurations that were not suggested, scored.
    fn scored(&self, configs: Vec<Config>, mut score: impl FnMut(&Prediction) -> f64) -> Vec<Scored> {
        let is_new = |config: &Config| !self.random.is_taken(config);
        let encoded = |config: Config| self.space.encode(&config).ok().map(|point| (config, point));
        let new: Vec<(Config, Vec<f64>)> = configs.into_iter().filter(is_new).filter_map(encoded).collect();
        let points: Vec<&[f64]> = new.iter().map(|(_, point)| point.as_slice()).collect();
        let predictions = self.predict(&points);
        let scored = new.into_iter().zip(&predictions);
        scored.map(|((config, point), prediction)| Scored { config, point, score: score(prediction) }).collect()
    }

    /// The configuration that is best in one draw from the predictions, each on its own (Thompson 1933, "On the likelihood that one
    /// unknown probability exceeds another in view of the evidence of two samples").
    fn drawn(&self, configs: Vec<Config>) -> Option<Config> {
        let mut stream = self.stream(Purpose::Thompson, 0);
        let draw = |prediction: &Prediction| prediction.mean + prediction.variance.sqrt() * normal::draw(&mut stream);
        let scored = self.scored(configs, draw);
        scored.into_iter().min_by(|left, right| left.score.total_cmp(&right.score)).map(|scored| scored.config)
    }

    /// What promises most beyond the best, among the start and neighbours of it and of each other.
    fn improved(&self, start: Config, best: f64) -> Option<Config> {
        let score = |prediction: &Prediction| no_improvement(prediction, best);
        let mut scored = self.scored(vec![start], score);
        let mut stream = self.stream(Purpose::Neighbour, 0);
        for _ in 0..ROUNDS {
            let from = scored.iter().flat_map(|scored| std::iter::repeat_n(&scored.point, STEPS));
            let near = from.filter_map(|point| self.neighbourhood.near(self.space, point, &mut stream)).collect();
            scored.extend(self.scored(near, score));
            scored.sort_by(|left, right| left.score.total_cmp(&right.score));
            scored.truncate(IMPROVED);
        }
        scored.into_iter().next().map(|scored| scored.config)
    }
}

/// The negative logarithm of the expected improvement over the best, s·(u·Φ(u) + φ(u)) with u = (best − mean)/s (Jones, Schonlau
/// and Welch 1998); where that is too small for a number, something as large that grows with the distance.
fn no_improvement(prediction: &Prediction, best: f64) -> f64 {
    let deviation = prediction.variance.sqrt();
    let u = (best - prediction.mean) / deviation;
    let improvement = deviation * (u * normal::probability(u) + normal::density(u));
    if improvement > IMPROVEMENT_MIN { -ln(improvement) } else { -ln(IMPROVEMENT_MIN) + u * u / 2.0 }
}
