//! The order of events: by (virtual time, slot), a total order that no physical timing can change.
//!
//! Conservative parallel simulation (Chandy and Misra 1979; Bryant 1977): an event may be consumed once no slot can still bring
//! forth an earlier one. Each busy slot therefore stands in the frontier with the earliest moment at which its next event can
//! be: that of the event which waits to be consumed, or else a lower bound, which grows while its trial runs.

use std::collections::BTreeSet;

use crate::numeric::amount::{Slot, VirtualTime};

/// For each busy slot the earliest moment of its next event.
#[derive(Debug, Default)]
pub(super) struct Frontier {
    moments: BTreeSet<(VirtualTime, Slot)>,
}

impl Frontier {
    /// The slot becomes busy at `moment`, or its moment moves from `before` to `moment`.
    pub(super) fn place(&mut self, slot: Slot, before: Option<VirtualTime>, moment: VirtualTime) {
        if let Some(before) = before {
            self.moments.remove(&(before, slot));
        }
        self.moments.insert((moment, slot));
    }

    /// The slot is no longer busy; its moment was `moment`.
    pub(super) fn remove(&mut self, slot: Slot, moment: VirtualTime) {
        self.moments.remove(&(moment, slot));
    }

    /// The slot whose next event comes before all others'.
    pub(super) fn first(&self) -> Option<Slot> {
        self.moments.first().map(|&(_, slot)| slot)
    }
}
