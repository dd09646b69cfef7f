//! The table of trials.

use std::collections::BTreeMap;

use super::number;
use super::sanitize::{fit, printable};
use super::table::{Align, Column, fitting, render};
use crate::numeric::amount::{Fuel, TrialId};
use crate::scheduler::SchedulerSpec;
use crate::space::Domain;
use crate::study::{StudySpec, StudyState, TrialRecord, TrialStatus};

/// In which order trials are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrialsOrder {
    /// As they started.
    #[default]
    Trial,
    /// The best first; those without a reward last.
    Reward,
    /// The most expensive first.
    Fuel,
}

/// What is listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrialsView {
    /// In which order.
    pub order: TrialsOrder,
    /// How many at most, from the first in that order.
    pub limit: Option<usize>,
    /// How many columns the terminal has; without a terminal every parameter is shown.
    pub width: Option<usize>,
}

/// How wide a parameter's column may be.
const PARAMETER_WIDTH_MAX: usize = 24;
/// How wide the column of rewards may be.
const REWARD_WIDTH_MAX: usize = 20;

/// The table of trials: number, status, reward, resource, fuel, and as many parameters as fit. `cached` has those whose results came
/// from a cache.
#[must_use]
pub fn trials(spec: &StudySpec, state: &StudyState, cached: &BTreeMap<TrialId, Fuel>, view: &TrialsView) -> String {
    let all = sorted(state, view.order);
    let shown = &all[..view.limit.unwrap_or(all.len()).min(all.len())];
    if all.is_empty() {
        return "no trial was started\n".into();
    }
    let mut table = fixed_columns(spec, state, cached, shown);
    let fixed = table.len();
    table.extend(parameter_columns(spec, shown));
    let fitting = fitting(&table, view.width);
    let mut text = render(&table[..fitting]);
    text.push_str(&footer(spec, shown.len(), all.len(), fitting.saturating_sub(fixed), view.width));
    text
}

fn sorted(state: &StudyState, order: TrialsOrder) -> Vec<&TrialRecord> {
    let mut trials: Vec<&TrialRecord> = state.trials().iter().collect();
    match order {
        TrialsOrder::Trial => {}
        TrialsOrder::Reward => trials.sort_by(|one, two| {
            let key = |trial: &TrialRecord| trial.reward.unwrap_or(f64::NEG_INFINITY);
            two.reward.is_some().cmp(&one.reward.is_some()).then(key(two).total_cmp(&key(one)))
        }),
        TrialsOrder::Fuel => trials.sort_by_key(|trial| std::cmp::Reverse(trial.fuel)),
    }
    trials
}

fn fixed_columns(
    spec: &StudySpec,
    state: &StudyState,
    cached: &BTreeMap<TrialId, Fuel>,
    trials: &[&TrialRecord],
) -> Vec<Column> {
    let best = state.best().map(|best| best.trial);
    let column = |heading: &str, align, width, cell: &dyn Fn(&TrialRecord) -> String| {
        Column::new(heading, align, width, trials.iter().map(|trial| cell(trial)))
    };
    let optional = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    let reward = printable(&spec.metrics.reward_attr, REWARD_WIDTH_MAX);
    let time = printable(&spec.metrics.time_attr, REWARD_WIDTH_MAX);
    let mut columns = vec![
        column("trial", Align::Right, 20, &|trial| trial.trial.to_string()),
        // Beside the number, so that it is the last to be lost on a narrow terminal.
        column("", Align::Left, 4, &|trial| if best == Some(trial.trial) { "best".into() } else { String::new() }),
        column(&reward, Align::Right, REWARD_WIDTH_MAX, &|trial| optional(trial.reward.map(number::real))),
        column("status", Align::Left, 30, &|trial| status(trial).into()),
        column(&time, Align::Right, REWARD_WIDTH_MAX, &|trial| optional(trial.time.map(|time| time.to_string()))),
        column("fuel", Align::Right, 8, &|trial| number::count(trial.fuel.0)),
    ];
    if !cached.is_empty() {
        let is_cached = |trial: &TrialRecord| cached.contains_key(&trial.trial);
        columns.push(column("", Align::Left, 6, &|trial| if is_cached(trial) { "cached" } else { "" }.into()));
    }
    if has_brackets(spec) {
        columns.push(column("bracket", Align::Right, 10, &|trial| optional(trial.bracket.map(|it| it.to_string()))));
    }
    columns
}

/// Whether trials are of different brackets.
fn has_brackets(spec: &StudySpec) -> bool {
    match &spec.scheduler {
        SchedulerSpec::Fifo | SchedulerSpec::Rl(_) => false,
        SchedulerSpec::Hyperband(hyperband) => hyperband.num_brackets() > 1,
    }
}

/// How a trial stands, in a word or two.
pub(super) fn status(trial: &TrialRecord) -> &'static str {
    match &trial.status {
        TrialStatus::Running => "unfinished",
        TrialStatus::Paused { .. } => "paused",
        TrialStatus::Ended(outcome) if !trial.feasible && !outcome.is_failure() => "infeasible",
        TrialStatus::Ended(outcome) => outcome.name(),
    }
}

fn parameter_columns<'a>(spec: &'a StudySpec, trials: &'a [&TrialRecord]) -> impl Iterator<Item = Column> + 'a {
    searched(spec).map(|(name, align)| {
        let cells = trials.iter().map(|trial| trial.config.get(name).map_or(String::new(), number::value));
        Column::new(&printable(name, PARAMETER_WIDTH_MAX), align, PARAMETER_WIDTH_MAX, cells)
    })
}

/// The parameters that are searched, in order of declaration.
fn searched(spec: &StudySpec) -> impl Iterator<Item = (&str, Align)> {
    spec.space.parameters().iter().filter_map(|parameter| match parameter.domain {
        Domain::Constant(_) => None,
        Domain::Real(_) | Domain::Integer(_) => Some((parameter.name.as_str(), Align::Right)),
        Domain::Boolean | Domain::Choice(_) => Some((parameter.name.as_str(), Align::Left)),
    })
}

fn footer(spec: &StudySpec, shown: usize, all: usize, parameters: usize, width: Option<usize>) -> String {
    let mut text = String::new();
    if shown < all {
        text.push_str(&format!("\n{shown} of {all} trials\n"));
    }
    let hidden: Vec<String> = searched(spec).skip(parameters).map(|(name, _)| printable(name, 40)).collect();
    if !hidden.is_empty() {
        let line = format!("{} more do not fit: {}", hidden.len(), hidden.join(", "));
        text.push_str(&format!("\n{}\n", fit(&line, width.unwrap_or(usize::MAX))));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixture;
    use crate::output::sanitize::{columns, is_printable};
    use crate::study::Outcome;

    #[test]
    fn trials_are_listed_in_every_order() {
        let (spec, state) = fixture::study();
        let all = TrialsView::default();
        let expected = "\
trial        accuracy  status       epoch  fuel  learning_rate  activation
    0             0.8  completed       10  1.0G           0.01  tanh
    1  best    0.9644  completed       10  2.5G           0.05  relu
    2               -  out of fuel      -  1.0T            0.1  relu
    3             0.5  unfinished      10     5           0.02  tanh
";
        assert_eq!(trials(&spec, &state, &BTreeMap::new(), &all), expected);
        let first = |order| {
            let text = trials(&spec, &state, &BTreeMap::new(), &TrialsView { order, ..all });
            text.lines().skip(1).map(|line| line.trim_start()[..1].to_owned()).collect::<String>()
        };
        assert_eq!(first(TrialsOrder::Trial), "0123");
        assert_eq!(first(TrialsOrder::Reward), "1032");
        assert_eq!(first(TrialsOrder::Fuel), "2103");
    }

    #[test]
    fn trials_from_a_cache_are_marked() {
        let (spec, state) = fixture::study();
        let cached = [(TrialId(1), Fuel(5))].into();
        let expected = "\
trial        accuracy  status     epoch  fuel
    0             0.8  completed     10  1.0G
    1  best    0.9644  completed     10  2.5G  cached
";
        let view = TrialsView { limit: Some(2), width: Some(54), ..TrialsView::default() };
        let text = trials(&spec, &state, &cached, &view);
        assert_eq!(text.lines().take(3).map(|line| line.trim_end().to_owned() + "\n").collect::<String>(), expected);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let (spec, state) = fixture::study();
        let view = TrialsView { order: TrialsOrder::Reward, limit: Some(2), width: Some(60) };
        let expected = "\
trial        accuracy  status     epoch  fuel  learning_rate
    1  best    0.9644  completed     10  2.5G           0.05
    0             0.8  completed     10  1.0G           0.01

2 of 4 trials

1 more do not fit: activation
";
        assert_eq!(trials(&spec, &state, &BTreeMap::new(), &view), expected);
        assert_eq!(trials(&spec, &fixture::empty().1, &BTreeMap::new(), &view), "no trial was started\n");
    }

    #[test]
    fn ten_thousand_hostile_trials_fit_any_terminal() {
        let hostile = format!("\u{1b}[2J\n\u{202e}{}", "x".repeat(300));
        let events: Vec<_> = (0..10_000)
            .flat_map(|number: u64| {
                let config = fixture::config(f64::from_bits(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)), &hostile);
                fixture::trial(number, config, Some(number as f64), u64::MAX, Outcome::Completed)
            })
            .collect();
        let mut spec = fixture::spec();
        spec.metrics.reward_attr.clone_from(&hostile);
        let state = fixture::state(&events);
        for width in [None, Some(80), Some(0)] {
            let text = trials(&spec, &state, &BTreeMap::new(), &TrialsView { width, ..TrialsView::default() });
            assert!(text.lines().count() > 10_000);
            assert!(text.chars().all(|character| character == '\n' || is_printable(character)));
            let widest = text.lines().map(columns).max().unwrap();
            assert!(width.is_none_or(|width| widest <= width.max(5 + 15)), "{width:?} {widest}");
        }
    }
}
