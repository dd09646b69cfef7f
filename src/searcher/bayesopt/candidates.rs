//! From the model to a configuration: candidates, their order, and the search around the best of them, as in the original.
//!
//! Talks to `posterior`, `acquisition`, `space` and `numeric`.

use super::acquisition::{Acquisition, Outcome};
use super::posterior::Factor;
use super::{InitialScoring, Setup};
use crate::numeric::amount::Seed;
use crate::numeric::cholesky::Cholesky;
use crate::numeric::minimise::{Limits, minimise};
use crate::numeric::normal;
use crate::numeric::random::{Purpose, Stream};
use crate::space::{Config, Space};

/// What is added to the diagonal of the covariance of what is pending together, as in the original.
const JOINT_JITTER: f64 = 1e-5;
/// The search around a candidate.
const LIMITS: Limits = Limits { iterations: 50, evaluations: 80, gradient: 1e-5, decrease: 1e-9 };
/// Around how many candidates is searched at most, where what was found was suggested before.
const SEARCHES_MAX: usize = 5;

/// The draws of one suggestion.
#[derive(Clone, Copy)]
pub(super) struct Draws {
    pub(super) seed: Seed,
    /// The trial.
    pub(super) index: u64,
}

impl Draws {
    fn stream(self, purpose: Purpose, draw: u64) -> Stream {
        Stream::new(self.seed, purpose, self.index, draw)
    }

    /// Random configurations.
    pub(super) fn candidates(self, space: &Space, count: u32) -> Vec<Config> {
        (0..count.into()).map(|draw| space.sample(&mut self.stream(Purpose::Candidate, draw))).collect()
    }

    /// Made-up targets of what is pending: `samples` columns with an entry for each point. One empty column if there is none.
    /// `output` is the number of what is modelled.
    pub(super) fn fantasies(
        self,
        output: u32,
        factor: &Factor,
        targets: &[f64],
        pending: &[Vec<f64>],
        samples: u32,
    ) -> Option<Vec<Vec<f64>>> {
        if pending.is_empty() {
            return Some(vec![Vec::new()]);
        }
        let points: Vec<&[f64]> = pending.iter().map(Vec::as_slice).collect();
        let (means, mut rows) = factor.joint(targets, &points);
        if rows.len() > 1 {
            rows.iter_mut().filter_map(|row| row.last_mut()).for_each(|variance| *variance += JOINT_JITTER);
        }
        let (root, _) = Cholesky::factor_with_jitter(&rows.concat())?;
        let mut stream = self.stream(Purpose::Fantasy, output.into());
        let sample = |_| -> Vec<f64> {
            let normals: Vec<f64> = means.iter().map(|_| normal::draw(&mut stream)).collect();
            let spread =
                |row: usize| root.row(row).iter().zip(&normals).map(|(share, normal)| share * normal).sum::<f64>();
            means.iter().enumerate().map(|(row, mean)| mean + spread(row)).collect()
        };
        Some((0..samples).map(sample).collect())
    }

    /// The candidates' scores, the lowest the best.
    fn scores(self, acquisition: &Acquisition<'_>, outcomes: &[Outcome], scoring: InitialScoring) -> Vec<f64> {
        let mut stream = self.stream(Purpose::Thompson, 0);
        let drawn = |Outcome { objective, .. }: &Outcome| {
            let deviation = objective.variance.sqrt();
            let sum: f64 = objective.means.iter().map(|mean| mean + deviation * normal::draw(&mut stream)).sum();
            sum / objective.means.len() as f64
        };
        match scoring {
            InitialScoring::ThompsonIndep => outcomes.iter().map(drawn).collect(),
            InitialScoring::AcqFunc => outcomes.iter().map(|outcome| -acquisition.value_of(outcome)).collect(),
        }
    }
}

/// The best configuration that was not suggested before, starting from the candidates; all are looked at with `resource`, if
/// points have one.
pub(super) fn best(
    acquisition: &Acquisition<'_>,
    setup: &Setup,
    resource: Option<f64>,
    candidates: Vec<Config>,
    draws: Draws,
    is_suggested: impl Fn(&Config) -> bool,
) -> Option<Config> {
    let encoded = |config: Config| setup.point(&config, resource).map(|point| (config, point));
    let (configs, points): (Vec<Config>, Vec<Vec<f64>>) = candidates.into_iter().filter_map(encoded).unzip();
    let outcomes = acquisition.predict(&points);
    let scores = draws.scores(acquisition, &outcomes, setup.initial_scoring());
    let mut order: Vec<usize> = (0..configs.len()).collect();
    order.sort_by(|&left, &right| scores[left].total_cmp(&scores[right]));
    for (rank, &index) in order.iter().enumerate() {
        if rank < SEARCHES_MAX {
            let start = acquisition.value_of(&outcomes[index]);
            let found = searched(acquisition, setup, resource, &points[index], start);
            if let Some(config) = found.filter(|config| !is_suggested(config)) {
                return Some(config);
            }
        }
        if !is_suggested(&configs[index]) {
            return Some(configs[index].clone());
        }
    }
    None
}

/// The configuration where the search from a candidate ends; none if it promises no more than `start`, what the candidate does.
/// What the search wins among the reals, rounding to values can lose. The resource stays as it is.
fn searched(
    acquisition: &Acquisition<'_>,
    setup: &Setup,
    resource: Option<f64>,
    point: &[f64],
    start: f64,
) -> Option<Config> {
    let dimensions = setup.form.dimensions;
    let mut at = point.to_vec();
    let objective = |coordinates: &[f64], gradient: &mut [f64]| {
        at[..dimensions].copy_from_slice(coordinates);
        acquisition.objective(&at, gradient)
    };
    let minimum = minimise(&point[..dimensions], &vec![(0.0, 1.0); dimensions], &LIMITS, objective);
    let config = setup.space.decode(&minimum.point).ok()?;
    let rounded = setup.point(&config, resource)?;
    let found = acquisition.value_of(acquisition.predict(&[rounded]).first()?);
    (found > start).then_some(config)
}
