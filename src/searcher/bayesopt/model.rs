//! The model between suggestions: which rewards it rests on, its parameters and its factors; when it is fitted anew.
//!
//! Talks to `data`, `fit`, `posterior` and `setup`. Between fits a new reward costs a row of the factor; a changed one costs nothing,
//! since the factor depends on configurations and levels alone.

use super::data::{Labelled, Output, Scale, Told};
use super::fit::{Data, Effort, StartDraws, fit};
use super::kernel::Parameters;
use super::posterior::Factor;
use super::setup::Setup;
use crate::numeric::amount::TrialId;

/// How many rewards the parameters are fitted to at most: a fit costs their cube, some tens of times.
const FITTED_MAX: usize = 128;
/// How many rewards a model begins with at most.
const ROWS_MAX: usize = 1_024;
/// By how many it may grow until they are chosen anew, if it is not fitted before.
const ROWS_LATER_MAX: usize = 1_000;
/// Beyond `opt_skip_init_length` a fit waits for this share of new rewards, and for no more than so many.
const GROWTH: usize = 16;
const GROWTH_MAX: usize = 128;
/// How often the objective of a fit is evaluated at most, from each start, for each step allowed.
const EVALUATIONS_A_STEP: u32 = 2;
/// How many steps a fit makes from the last one: it is near.
const STEPS_FROM_LAST: u32 = 8;

/// A model of rewards, and of a constraint if there is one.
pub(super) struct Model {
    rows: Vec<Row>,
    /// One for each output.
    pub(super) factors: Vec<Factor>,
    fitted: Fitted,
    /// How many rewards had come when rows were added last.
    sequence: usize,
}

/// What was known at the last fit.
#[derive(Clone, Copy)]
struct Fitted {
    version: u64,
    labels: usize,
    labels_at_most: usize,
}

/// A reward that the model rests on.
struct Row {
    trial: TrialId,
    level: u64,
    point: Vec<f64>,
}

impl Model {
    /// The model of what was told, made from the one before, for suggestions at a level. None if the rewards give none.
    pub(super) fn updated(before: Option<Self>, told: &Told, setup: &Setup, level: u64, index: u64) -> Option<Self> {
        let Some(model) = before else { return Self::fitted(None, told, setup, level, index) };
        if model.is_fit_due(told, setup) {
            return Self::fitted(Some(&model), told, setup, level, index);
        }
        if model.rows.len() + told.sequence() - model.sequence <= ROWS_MAX + ROWS_LATER_MAX {
            return model.caught_up(told, setup);
        }
        let parameters = model.factors.into_iter().map(|factor| factor.parameters).collect();
        Self::of(chosen(told, setup, level), parameters, model.fitted, told)
    }

    fn fitted(before: Option<&Self>, told: &Told, setup: &Setup, level: u64, index: u64) -> Option<Self> {
        let rows = chosen(told, setup, level);
        let last = |place: usize| before.map(|model| model.factors[place].parameters.clone());
        let parameters = |(place, output): (usize, &Output)| {
            let draws = StartDraws { seed: setup.seed, index, output: place as u32 };
            fitted(last(place), &rows, told, setup, *output, draws)
        };
        let parameters = setup.outputs.iter().enumerate().map(parameters).collect::<Option<Vec<Parameters>>>()?;
        let fitted = Fitted { version: told.version(), labels: told.labels(), labels_at_most: told.labels_at_most() };
        Self::of(rows, parameters, fitted, told)
    }

    fn of(rows: Vec<Row>, parameters: Vec<Parameters>, fitted: Fitted, told: &Told) -> Option<Self> {
        let factor = |parameters| Factor::new(parameters, rows.iter().map(|row| row.point.as_slice()));
        let factors = parameters.into_iter().map(factor).collect::<Option<Vec<Factor>>>()?;
        Some(Self { rows, factors, fitted, sequence: told.sequence() })
    }

    fn is_fit_due(&self, told: &Told, setup: &Setup) -> bool {
        let Fitted { version, labels, labels_at_most } = self.fitted;
        if told.version() == version {
            return false;
        }
        if told.labels() <= setup.spec.opt_skip_init_length as usize {
            return true;
        }
        let growth = (labels / GROWTH).min(GROWTH_MAX).max(setup.spec.opt_skip_period as usize);
        let is_late_enough = !setup.spec.opt_skip_num_max_resource || told.labels_at_most() > labels_at_most;
        told.labels() >= labels + growth && is_late_enough
    }

    /// The same parameters, with the rewards that came since, and without those that were withdrawn.
    fn caught_up(mut self, told: &Told, setup: &Setup) -> Option<Self> {
        let before = self.rows.len();
        self.rows.retain(|row| told.label_of(row.trial, row.level).is_some());
        let mut is_whole = self.rows.len() == before;
        for label in told.labelled_since(self.sequence) {
            // One that was withdrawn and came again counts as new, though its row is still there.
            if self.rows.iter().any(|row| (row.trial, row.level) == (label.trial, label.level)) {
                continue;
            }
            if let Some(row) = row_of(&label, setup) {
                is_whole = is_whole && self.factors.iter_mut().all(|factor| factor.push(&row.point));
                self.rows.push(row);
            }
        }
        self.sequence = told.sequence();
        if is_whole {
            return Some(self);
        }
        let parameters = self.factors.into_iter().map(|factor| factor.parameters).collect();
        Self::of(self.rows, parameters, self.fitted, told)
    }

    /// The targets of the factors' points.
    pub(super) fn targets(&self, told: &Told, output: Output, scale: &Scale) -> Vec<f64> {
        targets(&self.rows, told, output, scale)
    }

    /// The levels of the factors' points.
    pub(super) fn levels(&self) -> impl Iterator<Item = u64> {
        self.rows.iter().map(|row| row.level)
    }

    /// Adds points to the factors for what is pending; false if that cannot be.
    pub(super) fn add_pending(&mut self, points: &[Vec<f64>]) -> bool {
        self.factors.iter_mut().all(|factor| points.iter().all(|point| factor.push(point)))
    }

    /// Forgets them.
    pub(super) fn forget_pending(&mut self) {
        self.factors.iter_mut().for_each(|factor| factor.truncate(self.rows.len()));
    }
}

fn targets(rows: &[Row], told: &Told, output: Output, scale: &Scale) -> Vec<f64> {
    // Each row has a reward: that is what makes it one.
    let labels = rows.iter().filter_map(|row| told.label_of(row.trial, row.level));
    labels.map(|label| scale.target(label.value(output))).collect()
}

fn row_of(label: &Labelled<'_>, setup: &Setup) -> Option<Row> {
    let Labelled { trial, level, .. } = *label;
    setup.point(label.config, setup.encoded_level(level)).map(|point| Row { trial, level, point })
}

/// The rewards that a model begins with, in the order of trials and levels: those at the level where suggestions are made and
/// above come first, then those below. Of each there are the best, and as many of the latest, as far as there is room.
fn chosen(told: &Told, setup: &Setup, level: u64) -> Vec<Row> {
    let mut labels: Vec<Labelled<'_>> = told.labelled().collect();
    if labels.len() > ROWS_MAX {
        let (mut above, mut below): (Vec<_>, Vec<_>) = labels.into_iter().partition(|label| label.level >= level);
        keep_best_and_latest(&mut above, ROWS_MAX);
        keep_best_and_latest(&mut below, ROWS_MAX - above.len());
        labels = above;
        labels.extend(below);
        labels.sort_by_key(|label| (label.trial, label.level));
    }
    labels.iter().filter_map(|label| row_of(label, setup)).collect()
}

fn keep_best_and_latest(labels: &mut Vec<Labelled<'_>>, most: usize) {
    if labels.len() <= most {
        return;
    }
    let best = most / 2;
    let rank = |label: &Labelled<'_>| label.value(Output::Reward);
    labels.sort_by(|left, right| rank(right).total_cmp(&rank(left)));
    labels[best..].sort_by_key(|label| std::cmp::Reverse(label.sequence));
    labels.truncate(most);
}

/// The parameters fitted to these rows; to some of them, evenly spaced by level and target, where they are many.
fn fitted(
    last: Option<Parameters>,
    rows: &[Row],
    told: &Told,
    setup: &Setup,
    output: Output,
    draws: StartDraws,
) -> Option<Parameters> {
    let (spec, form) = (&setup.spec, setup.form);
    let all = targets(rows, told, output, &told.scale(output));
    let mut order: Vec<usize> = (0..all.len()).collect();
    if order.len() > FITTED_MAX {
        let by_target = |left: usize, right: usize| all[left].total_cmp(&all[right]);
        order.sort_by(|&left, &right| rows[left].level.cmp(&rows[right].level).then(by_target(left, right)));
        let last = order.len() - 1;
        order = (0..FITTED_MAX).map(|place| order[place * last / (FITTED_MAX - 1)]).collect();
    }
    if order.is_empty() {
        return None;
    }
    let points: Vec<&[f64]> = order.iter().map(|&row| rows[row].point.as_slice()).collect();
    let targets: Vec<f64> = order.iter().map(|&row| all[row]).collect();
    let is_late = told.labels() > spec.opt_skip_init_length as usize;
    let steps_max = if is_late && last.is_some() { STEPS_FROM_LAST } else { u32::MAX };
    let iterations = spec.opt_maxiter.min(steps_max);
    // With many rewards one start finds what others would.
    let starts = if is_late { 1 } else { spec.opt_nstarts };
    let effort = Effort { starts, iterations, evaluations: EVALUATIONS_A_STEP * iterations };
    let from = last.filter(|_| is_late || spec.opt_warmstart).unwrap_or_else(|| Parameters::initial(&form));
    fit(&Data { form, points, targets: &targets }, &from, &effort, draws)
}
