//! Newtypes for ids, counts and amounts, so that a slot is never taken for a trial nor fuel for bytes.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! newtype {
    ($(#[$attribute:meta])* $name:ident($inner:ty)) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

newtype! {
    /// The number of a trial in its study, from 0 in order of start.
    TrialId(u64)
}

newtype! {
    /// The number of a job, which is one run of a trial between pauses, in its study; from 0 in order of start.
    JobId(u64)
}

newtype! {
    /// One of the study's virtual workers, from 0.
    Slot(u32)
}

newtype! {
    /// The seed from which every random draw of a study, or of a trial, follows.
    Seed(u64)
}

newtype! {
    /// An amount of deterministic work: executed operators by the pinned cost table, plus the prices of host calls.
    Fuel(u64)
}

newtype! {
    /// A moment on the study's clock, in units of fuel since the study's start. 10⁹ units are one virtual second.
    VirtualTime(u64)
}

newtype! {
    /// The position of an event in its study's log, from 0.
    Sequence(u64)
}

/// Units of fuel in one virtual second.
pub const FUEL_PER_VIRTUAL_SECOND: u64 = 1_000_000_000;

impl Fuel {
    /// The sum, or the largest amount where it would overflow.
    #[must_use]
    pub fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl VirtualTime {
    /// The latest moment that a study can reach. It is what SQLite's integers hold, so that a log can record it.
    pub const LAST: Self = Self(i64::MAX as u64);

    /// The moment `fuel` later, at most [`VirtualTime::LAST`].
    #[must_use]
    pub fn after(self, fuel: Fuel) -> Self {
        Self(self.0.saturating_add(fuel.0)).min(Self::LAST)
    }

    /// The work done between `earlier` and this moment; none if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Fuel {
        Fuel(self.0.saturating_sub(earlier.0))
    }

    /// This moment in virtual seconds, for people and for time-outs. Exact below 2⁵³ units.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.0 as f64 / FUEL_PER_VIRTUAL_SECOND as f64
    }

    /// The moment `seconds` after the start, rounded to a unit; negative and NaN count as 0, too large as
    /// [`VirtualTime::LAST`].
    #[must_use]
    pub fn from_seconds(seconds: f64) -> Self {
        let units = libm::rint(seconds * FUEL_PER_VIRTUAL_SECOND as f64);
        // A cast from a float saturates and takes NaN to 0.
        Self(units as u64).min(Self::LAST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_seconds_round_trip_and_saturate() {
        assert_eq!(VirtualTime::from_seconds(1.5), VirtualTime(1_500_000_000));
        assert_eq!(VirtualTime::from_seconds(-1.0), VirtualTime(0));
        assert_eq!(VirtualTime::from_seconds(f64::NAN), VirtualTime(0));
        assert_eq!(VirtualTime::from_seconds(f64::INFINITY), VirtualTime::LAST);
        assert_eq!(VirtualTime(2_500_000_000).seconds(), 2.5);
    }

    #[test]
    fn time_never_passes_its_last_moment() {
        assert_eq!(VirtualTime(5).after(Fuel(u64::MAX)), VirtualTime::LAST);
    }
}
