//! The order of events: by (virtual time, slot), a total order that no physical timing can change.
//!
//! Conservative parallel simulation (Chandy and Misra 1979; Bryant 1977): an event may be consumed once no slot can still bring
//! forth an earlier one. Each busy slot therefore stands in the frontier with the earliest moment at which its next event can
//! be: that of the event which waits to be consumed, or else a lower bound, which grows while its trial runs.

use crate::numeric::amount::{Slot, VirtualTime};

/// Later than every moment that a study can reach.
const NEVER: Moment = (VirtualTime(u64::MAX), Slot(u32::MAX));

/// Where a slot's next event stands in the order.
type Moment = (VirtualTime, Slot);

/// For each busy slot the earliest moment of its next event.
#[derive(Debug, Default)]
pub(super) struct Frontier {
    /// A tree as a list: the second half are the slots' own moments, [`NEVER`] of those that are not busy; before that, item n is
    /// the earlier of the items 2n and 2n + 1. Item 1 is the first of all.
    moments: Vec<Moment>,
}

impl Frontier {
    /// The slot becomes busy at `moment`, or its moment moves there.
    pub(super) fn place(&mut self, slot: Slot, moment: VirtualTime) {
        while self.moments.len() / 2 <= slot.0 as usize {
            self.grow();
        }
        self.set(slot, (moment, slot));
    }

    /// The slot is no longer busy.
    pub(super) fn remove(&mut self, slot: Slot) {
        if self.moments.len() / 2 > slot.0 as usize {
            self.set(slot, NEVER);
        }
    }

    /// The slot whose next event comes before all others'.
    pub(super) fn first(&self) -> Option<Slot> {
        self.moments.get(1).filter(|first| **first != NEVER).map(|&(_, slot)| slot)
    }

    fn set(&mut self, slot: Slot, moment: Moment) {
        let mut place = self.moments.len() / 2 + slot.0 as usize;
        self.moments[place] = moment;
        while place > 1 {
            let earlier = self.moments[place].min(self.moments[place ^ 1]);
            place /= 2;
            if self.moments[place] == earlier {
                return;
            }
            self.moments[place] = earlier;
        }
    }

    /// Makes room for twice as many slots.
    fn grow(&mut self) {
        let slots = self.moments.len() / 2;
        let busy = self.moments.split_off(slots);
        self.moments = vec![NEVER; (4 * slots).max(2)];
        for (time, slot) in busy.into_iter().filter(|moment| *moment != NEVER) {
            self.set(slot, (time, slot));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_is_the_earliest_and_of_equals_the_lowest_slot(
            steps in prop::collection::vec((0..20_u32, prop::option::of(0..5_u64)), 0..200),
        ) {
            let (mut frontier, mut moments) = (Frontier::default(), BTreeMap::new());
            for (slot, moment) in steps {
                let slot = Slot(slot);
                match moment.map(VirtualTime) {
                    Some(moment) => {
                        frontier.place(slot, moment);
                        moments.insert(slot, moment);
                    }
                    None => {
                        frontier.remove(slot);
                        moments.remove(&slot);
                    }
                }
                let first = moments.iter().map(|(slot, moment)| (*moment, *slot)).min();
                prop_assert_eq!(frontier.first(), first.map(|(_, slot)| slot));
            }
        }
    }
}
