//! What is to be done, in order, until the driver asks for it. Talks to nobody.

use std::collections::{BTreeSet, VecDeque};

use super::{Action, Job};
use crate::numeric::amount::TrialId;
use crate::study::event::Entry;

/// The actions that the driver was not given yet.
#[derive(Default)]
pub(super) struct Actions {
    waiting: VecDeque<Action>,
    /// The trials whose launch is among them: to look for one that is not there would take time with every action.
    launches: BTreeSet<TrialId>,
}

impl Actions {
    pub(super) fn push(&mut self, action: Action) {
        if let Action::Launch(job) = &action {
            self.launches.insert(job.trial);
        }
        self.waiting.push_back(action);
    }

    /// Takes the first.
    pub(super) fn pop(&mut self) -> Option<Action> {
        let action = self.waiting.pop_front();
        if let Some(Action::Launch(job)) = &action {
            self.launches.remove(&job.trial);
        }
        action
    }

    /// Whether an event waits to be appended.
    pub(super) fn has_event(&self) -> bool {
        self.waiting.iter().any(|action| matches!(action, Action::Append(_)))
    }

    /// Takes the first event, and drops what stands before it; all if there is none.
    pub(super) fn pop_event(&mut self) -> Option<Entry> {
        loop {
            if let Action::Append(entry) = self.pop()? {
                return Some(entry);
            }
        }
    }

    /// Drops everything but events.
    pub(super) fn keep_events(&mut self) {
        self.launches.clear();
        self.waiting.retain(|action| matches!(action, Action::Append(_)));
    }

    /// Takes back the trial's launch, if it waits, with what followed from it.
    pub(super) fn withdraw_launch(&mut self, trial: TrialId) {
        if !self.launches.remove(&trial) {
            return;
        }
        self.waiting.retain(|action| match action {
            Action::Launch(Job { trial: other, .. }) | Action::Continue { trial: other, .. } | Action::Pause(other) => {
                *other != trial
            }
            Action::Append(_) | Action::Stop(_) => true,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::amount::{Fuel, Seed, Slot, VirtualTime};
    use crate::space::Config;
    use crate::study::Chain;
    use crate::study::event::{EndReason, Event};

    fn launch(trial: u64) -> Action {
        let (trial, slot, start, seed) = (TrialId(trial), Slot(0), VirtualTime(0), Seed(0));
        Action::Launch(Job {
            trial,
            slot,
            start,
            fuel_before: Fuel(0),
            milestone: None,
            seed,
            config: Config::default(),
        })
    }

    fn go_on(trial: u64) -> Action {
        Action::Continue { trial: TrialId(trial), milestone: None }
    }

    fn pause(trial: u64) -> Action {
        Action::Pause(TrialId(trial))
    }

    fn stop(trial: u64) -> Action {
        Action::Stop(TrialId(trial))
    }

    fn event() -> Entry {
        Chain::default().push(Event::StudyEnded { time: VirtualTime(0), reason: EndReason::TimeOut })
    }

    fn append() -> Action {
        Action::Append(event())
    }

    fn of(actions: impl IntoIterator<Item = Action>) -> Actions {
        let mut all = Actions::default();
        actions.into_iter().for_each(|action| all.push(action));
        all
    }

    fn rest(mut actions: Actions) -> Vec<Action> {
        std::iter::from_fn(|| actions.pop()).collect()
    }

    #[test]
    fn a_launch_is_withdrawn_with_what_followed_from_it_but_events_and_stops_are_not() {
        let mut actions = of([append(), launch(1), go_on(1), launch(2), go_on(2), append(), pause(1), stop(1)]);
        actions.withdraw_launch(TrialId(1));
        assert_eq!(rest(actions), [append(), launch(2), go_on(2), append(), stop(1)]);
    }

    #[test]
    fn what_follows_from_a_launch_that_was_carried_out_is_not_withdrawn() {
        let mut actions = of([launch(1), go_on(1), pause(1)]);
        assert_eq!(actions.pop(), Some(launch(1)));
        actions.withdraw_launch(TrialId(1));
        assert_eq!(rest(actions), [go_on(1), pause(1)]);
    }

    #[test]
    fn while_a_log_is_reproduced_events_are_taken_and_the_rest_is_dropped() {
        let mut actions = of([launch(1), append(), launch(2), append(), go_on(2)]);
        assert_eq!(actions.pop_event(), Some(event()));
        actions.keep_events();
        assert!(actions.has_event());
        actions.push(go_on(2));
        actions.withdraw_launch(TrialId(2));
        assert_eq!(rest(actions), [append(), go_on(2)]);
        assert_eq!(of([launch(1)]).pop_event(), None);
    }
}
