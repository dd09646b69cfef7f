//! The model between suggestions: which trials it rests on, its parameters and its factor; when it is fitted anew.
//!
//! Talks to `data`, `fit` and `posterior`. Between fits a new reward costs a row of the factor; a changed one costs nothing, since
//! the factor depends on configurations alone.

use super::BayesoptSpec;
use super::data::{Labelled, Scale, Told};
use super::fit::{Data, Effort, fit};
use super::kernel::Parameters;
use super::posterior::Factor;
use crate::numeric::amount::{Seed, TrialId};
use crate::space::Space;

/// How many rewards the parameters are fitted to at most: a fit costs their cube, some tens of times.
const FITTED_MAX: usize = 128;
/// How many rewards a fitted model begins with at most: half of them the best, the others the latest.
const ROWS_MAX: usize = 1_024;
/// Beyond `opt_skip_init_length` a fit waits for this share of new rewards, and for no more than so many.
const GROWTH: usize = 16;
const GROWTH_MAX: usize = 128;
/// How often the objective of a fit is evaluated at most, from each start, for each step allowed.
const EVALUATIONS_A_STEP: u32 = 2;
/// How many steps a fit makes from the last one: it is near.
const STEPS_FROM_LAST: u32 = 8;

/// A model of rewards.
pub(super) struct Model {
    rows: Vec<Row>,
    pub(super) factor: Factor,
    /// What was known at the last fit: the rewards' version and number, and the trial that had got its first reward last.
    version: u64,
    labels: usize,
    /// The same last trial, with the rows that came after the fit.
    sequence: u64,
}

/// A trial that the model rests on.
struct Row {
    trial: TrialId,
    point: Vec<f64>,
}

impl Model {
    /// The model of what was told, made from the one before. None if the rewards give none.
    pub(super) fn updated(
        before: Option<Self>,
        told: &Told,
        space: &Space,
        spec: &BayesoptSpec,
        seed: Seed,
        index: u64,
    ) -> Option<Self> {
        match before {
            Some(model) if !model.is_fit_due(told, spec) => model.caught_up(told, space),
            before => {
                let rows = chosen(told, space);
                let parameters = fitted(before.as_ref(), &rows, told, spec, seed, index)?;
                let factor = Factor::new(parameters, rows.iter().map(|row| row.point.as_slice()))?;
                let sequence = told.labelled().map(|label| label.sequence).max().unwrap_or(0);
                Some(Self { rows, factor, version: told.version(), labels: told.labels(), sequence })
            }
        }
    }

    fn is_fit_due(&self, told: &Told, spec: &BayesoptSpec) -> bool {
        if told.version() == self.version {
            return false;
        }
        let growth = (self.labels / GROWTH).min(GROWTH_MAX).max(spec.opt_skip_period as usize);
        told.labels() <= spec.opt_skip_init_length as usize || told.labels() >= self.labels + growth
    }

    /// The same parameters, with the trials that got a reward since, and without those whose reward was withdrawn.
    fn caught_up(mut self, told: &Told, space: &Space) -> Option<Self> {
        let before = self.rows.len();
        self.rows.retain(|row| told.label_of(row.trial).is_some());
        let mut is_whole = self.rows.len() == before;
        let after = self.sequence;
        for label in told.labelled().filter(|label| label.sequence > after) {
            self.sequence = self.sequence.max(label.sequence);
            // One that was withdrawn and came again counts as new, though its row is still there.
            if self.rows.iter().any(|row| row.trial == label.trial) {
                continue;
            }
            if let Some(row) = row_of(&label, space) {
                is_whole = is_whole && self.factor.push(&row.point);
                self.rows.push(row);
            }
        }
        if !is_whole {
            let points = self.rows.iter().map(|row| row.point.as_slice());
            self.factor = Factor::new(self.factor.parameters.clone(), points)?;
        }
        Some(self)
    }

    /// The targets of the factor's points.
    pub(super) fn targets(&self, told: &Told, scale: &Scale) -> Vec<f64> {
        targets(&self.rows, told, scale)
    }

    /// Forgets the points that were added to the factor for what is pending.
    pub(super) fn forget_pending(&mut self) {
        self.factor.truncate(self.rows.len());
    }
}

fn targets(rows: &[Row], told: &Told, scale: &Scale) -> Vec<f64> {
    // Each row has a reward: that is what makes it one.
    rows.iter().filter_map(|row| told.label_of(row.trial)).map(|label| scale.target(label.reward)).collect()
}

fn row_of(label: &Labelled<'_>, space: &Space) -> Option<Row> {
    // A configuration that was forced upon the study from outside the space says nothing here.
    space.encode(label.config).ok().map(|point| Row { trial: label.trial, point })
}

/// The trials that a fitted model begins with, in their order.
fn chosen(told: &Told, space: &Space) -> Vec<Row> {
    let mut labels: Vec<Labelled<'_>> = told.labelled().collect();
    if labels.len() > ROWS_MAX {
        labels.sort_by(|left, right| right.reward.total_cmp(&left.reward));
        labels[ROWS_MAX / 2..].sort_by_key(|label| std::cmp::Reverse(label.sequence));
        labels.truncate(ROWS_MAX);
        labels.sort_by_key(|label| label.trial);
    }
    labels.iter().filter_map(|label| row_of(label, space)).collect()
}

/// The parameters fitted to these rows; to some of them, evenly spaced by target, where they are many.
fn fitted(
    before: Option<&Model>,
    rows: &[Row],
    told: &Told,
    spec: &BayesoptSpec,
    seed: Seed,
    index: u64,
) -> Option<Parameters> {
    let all = targets(rows, told, &told.scale());
    let mut order: Vec<usize> = (0..all.len()).collect();
    if order.len() > FITTED_MAX {
        order.sort_by(|&left, &right| all[left].total_cmp(&all[right]));
        let last = order.len() - 1;
        order = (0..FITTED_MAX).map(|place| order[place * last / (FITTED_MAX - 1)]).collect();
    }
    let points: Vec<&[f64]> = order.iter().map(|&row| rows[row].point.as_slice()).collect();
    let dimensions = points.first()?.len();
    let targets: Vec<f64> = order.iter().map(|&row| all[row]).collect();
    let last = before.map(|model| model.factor.parameters.clone());
    let is_late = told.labels() > spec.opt_skip_init_length as usize;
    let steps_max = if is_late && last.is_some() { STEPS_FROM_LAST } else { u32::MAX };
    let iterations = spec.opt_maxiter.min(steps_max);
    // With many rewards one start finds what others would.
    let starts = if is_late { 1 } else { spec.opt_nstarts };
    let effort = Effort { starts, iterations, evaluations: EVALUATIONS_A_STEP * iterations };
    let from = last.filter(|_| is_late || spec.opt_warmstart).unwrap_or_else(|| Parameters::initial(dimensions));
    fit(&Data { points, targets: &targets }, &from, &effort, seed, index)
}
