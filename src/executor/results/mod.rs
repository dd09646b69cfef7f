//! What trials did, kept so that an equal trial need not run again. Used by the driver.
//!
//! What a trial does is a function of its component, its data, its limits, its configuration and its seed, under a release and a
//! fuel schedule. The digest of all of these names an entry ([`Function`]); the entry ([`Known`]) is what the driver would hear
//! from a worker. Entries lie in a folder that studies share ([`ResultCache`]), or in memory where equal trials of one study can
//! only meet in it ([`Shelf`]). Nothing of this reaches a log, and nothing depends on whether an entry is there.

mod folder;
mod known;
mod recording;

pub use folder::{ResultCache, ResultCacheError};
pub(super) use known::{Known, KnownEnd, KnownReadBack, Note};
pub(super) use recording::Recordings;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::Serialize;

use super::Reuse;
use crate::numeric::digest::Digest;
use crate::sandbox::Arguments;
use crate::study::{
    ComponentId, DataId, FloatMode, GpuSpec, GuestSettings, Limits, Replication, StudySpec, TrialSeeds,
};

/// How many bytes of entries are kept in memory.
const MEMORY_BYTES_MAX: u64 = 64 << 20;

/// Everything that what a trial of a study does is a function of, besides its arguments.
#[derive(Serialize)]
struct Surroundings<'a> {
    release: &'a str,
    fuel_schedule: Digest,
    component: &'a Option<ComponentId>,
    data: &'a BTreeMap<String, DataId>,
    limits: &'a Limits,
    float_mode: FloatMode,
    /// How trials are made of replicates, where they are.
    replication: Option<Replication>,
    guest: &'a GuestSettings,
    /// What trials may do with a GPU, and with which. Without a grant names are what they were before there were grants.
    #[serde(skip_serializing_if = "Option::is_none")]
    gpu: &'a Option<GpuSpec>,
}

/// Names the function that the trials of a study are: equal names, equal results.
#[derive(Clone, Copy)]
pub(super) struct Function(Digest);

impl Function {
    pub(super) fn of(spec: &StudySpec) -> Self {
        // Without `..`, so that a new part of the specification must be judged here.
        let StudySpec {
            release,
            fuel_schedule,
            name: _,
            seed: _,
            component,
            data,
            space: _,
            metrics: _,
            scheduler: _,
            searcher: _,
            num_trials: _,
            time_out: _,
            stop_jobs_after_time_out: _,
            max_reward: _,
            delay_get_config: _,
            training_history_searcher_info: _,
            resource: _,
            capacity: _,
            limits,
            float_mode,
            clock: _,
            points_to_evaluate: _,
            allow_duplicates: _,
            trial_seeds: _,
            replicates,
            guest,
            gpu,
        } = spec;
        let (fuel_schedule, float_mode) = (*fuel_schedule, *float_mode);
        let replication = (replicates.count > 1).then(|| Replication::of(spec));
        Self(Digest::of_canonical(&Surroundings {
            release,
            fuel_schedule,
            component,
            data,
            limits,
            float_mode,
            replication,
            guest,
            gpu,
        }))
    }

    /// The name of what a trial of these arguments does.
    pub(super) fn at(&self, arguments: &Arguments) -> Digest {
        Digest::of_canonical(&("trialbox result 1", self.0, arguments))
    }
}

/// Where entries are.
pub(super) enum Shelf {
    /// Nowhere.
    None,
    /// In memory: those of this run.
    Memory(Memory),
    /// In a folder that studies share.
    Folder(Arc<ResultCache>),
}

impl Shelf {
    /// Where the entries of a study are kept. Without a folder they are of use only where trials of one study can be equal.
    pub(super) fn of(spec: &StudySpec, reuse: &Reuse) -> Self {
        let can_be_equal = spec.allow_duplicates && spec.trial_seeds == TrialSeeds::PerStudy;
        match reuse {
            Reuse::OfFolder(cache) => Self::Folder(cache.clone()),
            Reuse::OfThisRun if can_be_equal => Self::Memory(Memory::new(MEMORY_BYTES_MAX)),
            Reuse::OfThisRun | Reuse::Never => Self::None,
        }
    }

    pub(super) fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// What is known under that name.
    pub(super) fn get(&self, name: Digest) -> Option<Known> {
        match self {
            Self::None => None,
            Self::Memory(memory) => Known::decode(name, memory.entries.get(&name)?),
            Self::Folder(cache) => cache.get(name),
        }
    }

    /// Whether something seems to be known under that name.
    pub(super) fn has(&self, name: Digest) -> bool {
        match self {
            Self::None => false,
            Self::Memory(memory) => memory.entries.contains_key(&name),
            Self::Folder(cache) => cache.has(name),
        }
    }

    pub(super) fn put(&mut self, name: Digest, known: &Known) {
        match self {
            Self::None => {}
            Self::Memory(memory) => memory.put(name, known.encode(name)),
            Self::Folder(cache) => cache.put(name, known),
        }
    }
}

/// Entries in memory; those that came first go first.
pub(super) struct Memory {
    entries: BTreeMap<Digest, Vec<u8>>,
    order: VecDeque<Digest>,
    bytes: u64,
    bytes_max: u64,
}

impl Memory {
    fn new(bytes_max: u64) -> Self {
        Self { entries: BTreeMap::new(), order: VecDeque::new(), bytes: 0, bytes_max }
    }

    fn put(&mut self, name: Digest, entry: Vec<u8>) {
        self.bytes += entry.len() as u64;
        match self.entries.insert(name, entry) {
            Some(before) => self.bytes -= before.len() as u64,
            None => self.order.push_back(name),
        }
        while self.bytes > self.bytes_max
            && let Some(first) = self.order.pop_front()
        {
            self.bytes -= self.entries.remove(&first).map_or(0, |entry| entry.len() as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::amount::Seed;
    use crate::space::Space;

    fn spec() -> StudySpec {
        StudySpec::new("study", Space::new(Vec::new()).unwrap(), Digest::of(b"schedule"))
    }

    fn name(change: impl FnOnce(&mut StudySpec)) -> Digest {
        let mut spec = spec();
        change(&mut spec);
        Function::of(&spec).at(&Arguments { config: Vec::new(), seed: Seed(1) })
    }

    #[test]
    fn a_result_is_named_by_what_it_depends_on_and_by_nothing_else() {
        let same = name(|_| {});
        assert_eq!(name(|spec| spec.seed = Seed(7)), same);
        assert_eq!(name(|spec| spec.name = "another".into()), same);
        assert_eq!(name(|spec| spec.metrics.reward_attr = "loss".into()), same);
        assert_ne!(name(|spec| spec.limits.fuel_max += 1), same);
        assert_ne!(name(|spec| spec.float_mode = FloatMode::Canonical), same);
        assert_ne!(name(|spec| spec.fuel_schedule = Digest::of(b"another")), same);
        assert_ne!(name(|spec| spec.release = "0.0.0".into()), same);
        assert_ne!(name(|spec| spec.replicates.count = 2), same);
        assert_ne!(name(|spec| spec.guest.arguments.push("--fast".into())), same);
        let data = DataId { digest: Digest::of(b"data"), bytes: 4 };
        assert_ne!(name(|spec| _ = spec.data.insert("digits".into(), data)), same);
        let arguments = Arguments { config: Vec::new(), seed: Seed(2) };
        assert_ne!(Function::of(&spec()).at(&arguments), same);
    }

    #[test]
    fn in_memory_the_entries_that_came_first_go_first() {
        let mut memory = Memory::new(100);
        let names: Vec<Digest> = (0..4_u8).map(|number| Digest::of(&[number])).collect();
        memory.put(names[0], vec![0; 40]);
        memory.put(names[1], vec![0; 40]);
        memory.put(names[0], vec![0; 50]);
        assert_eq!((memory.bytes, memory.entries.len()), (90, 2));
        memory.put(names[2], vec![0; 40]);
        assert_eq!(memory.entries.keys().copied().collect::<Vec<_>>().len(), 2);
        assert!(!memory.entries.contains_key(&names[0]));
        memory.put(names[3], vec![0; 101]);
        assert_eq!((memory.bytes, memory.entries.len()), (0, 0));
    }
}
