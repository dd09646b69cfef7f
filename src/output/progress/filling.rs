//! How the rungs of `hyperband` fill, for a line of text: how many trials have come to each level.
//!
//! Counted from the events, report by report. The machine knows the rungs themselves; to copy them several times a second would
//! cost more than to count.

use std::collections::BTreeMap;

use crate::numeric::amount::TrialId;
use crate::output::sanitize::printable;
use crate::scheduler::SchedulerSpec;
use crate::study::{Event, StudySpec, StudyState};

/// How many trials have come to each level.
#[derive(Debug)]
pub(super) struct Filling {
    time_attr: String,
    /// Rising, each with the number of trials that have come to it.
    levels: Vec<(u64, u64)>,
    /// How many levels each open trial has passed.
    passed: BTreeMap<TrialId, usize>,
}

impl Filling {
    /// For a scheduler with rungs; none for another.
    pub(super) fn of(spec: &StudySpec) -> Option<Self> {
        let SchedulerSpec::Hyperband(hyperband) = &spec.scheduler else { return None };
        let levels = hyperband.levels().into_iter().filter(|level| *level < hyperband.max_t);
        let levels = levels.map(|level| (level, 0)).collect();
        Some(Self { time_attr: printable(&spec.metrics.time_attr, 20), levels, passed: BTreeMap::new() })
    }

    /// Takes in the next event; `state` includes it.
    pub(super) fn follow(&mut self, event: &Event, state: &StudyState) {
        let Some(trial) = event.trial() else { return };
        match event {
            Event::TrialStarted { .. } => _ = self.passed.insert(trial, 0),
            Event::TrialEnded { .. } => _ = self.passed.remove(&trial),
            Event::Reported { .. } | Event::Judged { .. } => {
                let Some(passed) = self.passed.get_mut(&trial) else { return };
                let time = state.trial(trial).and_then(|record| record.time).unwrap_or(0);
                while let Some((_, trials)) = self.levels.get_mut(*passed).filter(|(level, _)| *level <= time) {
                    *trials += 1;
                    *passed += 1;
                }
            }
            _ => {}
        }
    }

    /// `rungs epoch 1: 27, 3: 9, 9: 2`
    pub(super) fn line(&self) -> String {
        let levels: Vec<String> = self.levels.iter().map(|(level, trials)| format!("{level}: {trials}")).collect();
        format!("trials at {} {}", self.time_attr, levels.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixture;
    use crate::scheduler::{HyperbandKind, HyperbandSpec};

    #[test]
    fn trials_are_counted_at_the_levels_that_they_have_come_to() {
        let mut spec = fixture::spec();
        assert!(Filling::of(&spec).is_none());
        spec.scheduler = SchedulerSpec::Hyperband(HyperbandSpec::new(HyperbandKind::Stopping, 27));
        let mut filling = Filling::of(&spec).unwrap();
        let mut state = StudyState::new(spec.metrics.clone());
        for event in fixture::events() {
            state.apply(&event);
            filling.follow(&event, &state);
        }
        // Three of the four have reported, all at epoch 10.
        assert_eq!(filling.line(), "trials at epoch 1: 3, 3: 3, 9: 3");
    }
}
