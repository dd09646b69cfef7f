//! The rungs of a study as a table.

use super::number;
use super::sanitize::printable;
use super::table::{Align, Column, fitting, render};
use crate::numeric::float::Rank;
use crate::scheduler::{Comparison, RungEntry, RungState, RungSystemState, SchedulerSpec};
use crate::study::StudySpec;

/// How wide a column of numbers may be.
const WIDTH_MAX: usize = 20;

/// The rungs of each bracket that decide something, the highest first: level, share that goes on, number of rewards, the best, and
/// the rule as it stands.
#[must_use]
pub fn rungs(spec: &StudySpec, systems: &[RungSystemState], width: Option<usize>) -> String {
    let rows = deciding(spec, systems);
    if rows.is_empty() {
        return format!("the scheduler `{}` has no rungs\n", spec.scheduler.name());
    }
    let column = |heading: &str, align, width, cell: &dyn Fn(Option<u32>, &RungState) -> String| {
        Column::new(heading, align, width, rows.iter().map(|(bracket, rung)| cell(*bracket, rung)))
    };
    let time = printable(&spec.metrics.time_attr, WIDTH_MAX);
    let table = vec![
        column("bracket", Align::Right, WIDTH_MAX, &|bracket, _| bracket.map_or("all".into(), |it| it.to_string())),
        column(&time, Align::Right, WIDTH_MAX, &|_, rung| rung.level.to_string()),
        column("share", Align::Right, WIDTH_MAX, &|_, rung| format!("{:.1} %", rung.promotion_quantile * 100.0)),
        column("trials", Align::Right, WIDTH_MAX, &|_, rung| rung.entries.len().to_string()),
        column("promoted", Align::Right, WIDTH_MAX, &|_, rung| promoted(rung)),
        column("best", Align::Left, 3 * WIDTH_MAX, &|_, rung| best(rung)),
        column("the next", Align::Left, 4 * WIDTH_MAX, &|_, rung| rule(rung)),
    ];
    let fitting = fitting(&table, width);
    render(&table[..fitting])
}

/// The rungs that decide something, each with its bracket.
pub(super) fn deciding<'a>(spec: &StudySpec, systems: &'a [RungSystemState]) -> Vec<(Option<u32>, &'a RungState)> {
    let rows = systems.iter().flat_map(|system| system.rungs.iter().map(|rung| (system.bracket, rung)));
    // One at the very end of trials holds nothing.
    let decides = |level: u64| match &spec.scheduler {
        SchedulerSpec::Hyperband(hyperband) => level < hyperband.max_t,
        SchedulerSpec::Fifo | SchedulerSpec::Rl(_) => true,
    };
    rows.filter(|(_, rung)| decides(rung.level)).collect()
}

pub(super) fn promoted(rung: &RungState) -> String {
    match rung.comparison {
        Comparison::Cutoff { .. } => "-".into(),
        Comparison::Top { .. } => rung.entries.iter().filter(|entry| entry.promoted).count().to_string(),
    }
}

/// The greatest reward; of equals the first.
pub(super) fn best(rung: &RungState) -> String {
    let best: Option<&RungEntry> = rung.entries.iter().rev().max_by_key(|entry| Rank::of(entry.reward));
    best.map_or("-".into(), |entry| format!("{}, trial {}", number::real(entry.reward), entry.trial))
}

/// What is decided by as it stands.
pub(super) fn rule(rung: &RungState) -> String {
    match rung.comparison {
        Comparison::Cutoff { cutoff: None, .. } => "goes on in any case".into(),
        Comparison::Cutoff { cutoff: Some(cutoff), .. } => format!("is stopped below {}", number::real(cutoff)),
        Comparison::Top { entries, entries_min, .. } if entries < entries_min => {
            format!("none goes on before there are {entries_min}")
        }
        Comparison::Top { places: 1, .. } => "the best one goes on".into(),
        Comparison::Top { places, .. } => format!("the best {places} go on"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::amount::TrialId;
    use crate::output::fixture;

    #[test]
    fn rungs_are_listed_with_their_rule_as_it_stands() {
        let entry = |trial, reward, promoted| RungEntry { trial: TrialId(trial), reward, promoted };
        let rung = |level, promotion_quantile, entries, comparison| RungState {
            level,
            promotion_quantile,
            entries,
            comparison,
        };
        let top = |entries, entries_min, places| Comparison::Top { entries, entries_min, places };
        let cutoff = |entries, cutoff| Comparison::Cutoff { entries, cutoff };
        let first = vec![entry(0, 0.5, false), entry(1, 0.75, true), entry(2, 0.75, false)];
        let systems = [
            RungSystemState {
                bracket: Some(0),
                rungs: vec![
                    rung(3, 1.0 / 3.0, vec![entry(1, 0.75, false)], top(1, 3, 0)),
                    rung(1, 1.0 / 3.0, first.clone(), top(3, 3, 1)),
                ],
            },
            RungSystemState {
                bracket: None,
                rungs: vec![rung(9, 0.9, Vec::new(), cutoff(0, None)), rung(3, 1.0 / 3.0, first, cutoff(3, Some(0.7)))],
            },
        ];
        let expected = "\
bracket  epoch   share  trials  promoted  best           the next
      0      3  33.3 %       1         0  0.75, trial 1  none goes on before there are 3
      0      1  33.3 %       3         1  0.75, trial 1  the best one goes on
    all      9  90.0 %       0         -  -              goes on in any case
    all      3  33.3 %       3         -  0.75, trial 1  is stopped below 0.7
";
        assert_eq!(rungs(&fixture::spec(), &systems, None), expected);
        assert_eq!(rungs(&fixture::spec(), &[], None), "the scheduler `fifo` has no rungs\n");
    }
}
