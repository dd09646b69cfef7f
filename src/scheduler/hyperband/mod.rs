//! The scheduler `hyperband`: trials are compared at rungs, levels of the resource, and the worse ones do not go on.
//!
//! Implements [`Scheduler`](super::Scheduler) twice, for the two variants, which share levels and brackets:
//! - `stopping` ends a trial that is below the cut-off of a rung when it gets there;
//! - `promotion` pauses each trial at each rung and resumes the best.
//!
//! Sources: Jamieson & Talwalkar 2016 (arXiv 1502.07943) for successive halving, Li et al. 2018 (arXiv 1810.05934) for its
//! asynchronous form and for brackets. Decisions are those of the original, bit for bit.

mod bracket;
mod ladder;
mod level;
mod outlook;
mod promotion;
mod rung;
mod spec;
mod stopping;

pub use outlook::SparseRung;
pub use promotion::PromotionScheduler;
pub use spec::{HyperbandError, HyperbandKind, HyperbandSpec, RANDOM_SEED_DEFAULT, RUNG_LEVELS_MAX, SearcherData};
pub use stopping::StoppingScheduler;

use super::Scheduler;

impl HyperbandSpec {
    /// The scheduler with these settings, at its start. They must have passed [`HyperbandSpec::check`].
    #[must_use]
    pub fn build(&self) -> Box<dyn Scheduler> {
        match self.kind {
            HyperbandKind::Stopping => Box::new(StoppingScheduler::new(self)),
            HyperbandKind::Promotion => Box::new(PromotionScheduler::new(self)),
        }
    }
}
