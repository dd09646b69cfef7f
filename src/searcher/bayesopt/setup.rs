//! What a searcher knows of its study from the start.
//!
//! Talks to `space`, `kernel` and `spec`.

use super::data::Output;
use super::kernel::Form;
use super::spec::{BayesoptSpec, InitialScoring, ResourceAcq};
use crate::numeric::amount::Seed;
use crate::searcher::ResourceRange;
use crate::space::{Config, Space};

/// How many suggestions come before those of the model, without levels and with.
const NUM_INIT_RANDOM: [u32; 2] = [3, 10];
/// By how much an integer's range is longer at each end in an encoding, as in the original.
const OVERHANG: f64 = 0.49999;

/// What a searcher knows from the start.
pub(super) struct Setup {
    pub(super) space: Space,
    pub(super) seed: Seed,
    pub(super) spec: BayesoptSpec,
    pub(super) form: Form,
    /// The levels, if there are any.
    pub(super) range: Option<ResourceRange>,
    /// What is modelled: the reward first.
    pub(super) outputs: &'static [Output],
}

impl Setup {
    pub(super) fn new(
        space: &Space,
        seed: Seed,
        spec: BayesoptSpec,
        range: Option<ResourceRange>,
        outputs: &'static [Output],
    ) -> Self {
        let kernel = range.map(|_| spec.gp_resource_kernel.unwrap_or_default());
        let form = Form { dimensions: space.encoded_size(), kernel, gamma_max: spec.gamma_max() };
        Self { space: space.clone(), seed, spec, form, range, outputs }
    }

    /// How many suggestions come before those of the model.
    pub(super) fn num_init_random(&self) -> usize {
        let default = NUM_INIT_RANDOM[usize::from(self.range.is_some())];
        self.spec.num_init_random.unwrap_or(default) as usize
    }

    /// How candidates are put in order.
    pub(super) fn initial_scoring(&self) -> InitialScoring {
        let is_constrained = self.outputs.contains(&Output::Slack);
        let default = if is_constrained { InitialScoring::AcqFunc } else { InitialScoring::ThompsonIndep };
        self.spec.initial_scoring.unwrap_or(default)
    }

    /// At which level candidates are looked at.
    pub(super) fn resource_acq(&self) -> ResourceAcq {
        self.spec.resource_acq.unwrap_or_default()
    }

    /// How many rewards of a level are enough to look at candidates there.
    pub(super) fn threshold(&self) -> usize {
        self.spec.resource_acq_bohb_threshold.map_or(self.form.dimensions, |threshold| threshold as usize)
    }

    /// The level as an entry of a point: an integer from 1 to the end of the resource, as such are encoded. None where there are
    /// no levels.
    pub(super) fn encoded_level(&self, level: u64) -> Option<f64> {
        let last = self.range?.last as f64;
        Some((level as f64 - 1.0 + OVERHANG) / (last - 1.0 + 2.0 * OVERHANG))
    }

    /// The point of a configuration. None for one that was forced upon the study from outside the space: it says nothing here.
    pub(super) fn point(&self, config: &Config, resource: Option<f64>) -> Option<Vec<f64>> {
        let mut point = self.space.encode(config).ok()?;
        point.extend(resource);
        Some(point)
    }
}
