//! Studies in a folder of their own, and a server of them, for the tests of this module.

use std::path::PathBuf;
use std::time::Duration;

use super::folder::{Folder, StudyName};
use crate::numeric::amount::{Fuel, Seed, Slot, TrialId, VirtualTime};
use crate::numeric::digest::Digest;
use crate::scheduler::Decision;
use crate::space::{Config, Domain, Parameter, RealRange, Space, Value};
use crate::store::Store;
use crate::study::{Attribute, Chain, EndReason, Event, Outcome, Report, StudySpec};

/// A folder for studies.
pub(super) struct Place(tempfile::TempDir);

/// A study that is written bit by bit.
pub(super) struct Writing {
    store: Store,
    chain: Chain,
    step: u64,
}

impl Place {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The folder with the study in it.
    pub(super) fn named(&self, id: &str) -> (Folder, StudyName) {
        let folder = Folder::open(self.0.path()).unwrap();
        let name = folder.named(id).unwrap();
        (folder, name)
    }

    /// The names of the files in it.
    pub(super) fn listing(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// A study that has ended after so many events.
    pub(super) fn ended(&self, name: &str, events: u64) {
        let mut writing = Writing::begin(self, name);
        writing.write(events);
        writing.end();
    }
}

impl Writing {
    pub(super) fn begin(place: &Place, name: &str) -> Self {
        Self::begin_with(place, name, |_| ())
    }

    pub(super) fn begin_with(place: &Place, name: &str, change: impl FnOnce(&mut StudySpec)) -> Self {
        let rate = Domain::Real(RealRange { lower: 1e-4, upper: 1e-1, log: true });
        let space = Space::new(vec![Parameter::new("learning_rate", rate)]).unwrap();
        let mut spec = StudySpec { num_trials: Some(8), ..StudySpec::new("<b>digits</b>", space, Digest::of(b"")) };
        change(&mut spec);
        let store = Store::create(&place.path(name)).unwrap();
        let mut writing = Self { store, chain: Chain::default(), step: 0 };
        writing.append(Event::StudyStarted { spec: Box::new(spec) });
        writing.store.commit().unwrap();
        writing
    }

    /// Writes so many events more: trials that start, report and end, one after the other.
    pub(super) fn write(&mut self, events: u64) {
        for _ in 0..events {
            let (trial, time, fuel) = (TrialId(self.step / 3), VirtualTime(self.step), Fuel(1));
            let attribute = |name: &str, value| Attribute { name: name.into(), value };
            let event = match self.step % 3 {
                0 => {
                    let config: Config = [("learning_rate".to_owned(), Value::Real(0.01))].into_iter().collect();
                    let (slot, seed) = (Slot(0), Seed(1));
                    Event::TrialStarted { trial, slot, time, seed, config, bracket: None, milestone: None }
                }
                1 => {
                    let reward = Value::Real(trial.0 as f64 + 0.5);
                    let attributes = vec![attribute("epoch", Value::Integer(1)), attribute("accuracy", reward)];
                    let (report, decision) = (Report { attributes }, Decision::Continue);
                    Event::Reported { trial, time, fuel, report, searcher_info: Vec::new(), decision }
                }
                _ => Event::TrialEnded { trial, time, fuel, outcome: Outcome::Completed, artifacts: Vec::new() },
            };
            self.append(event);
            self.step += 1;
        }
        self.store.commit().unwrap();
    }

    /// Ends the study, and its run.
    pub(super) fn end(mut self) {
        self.append(Event::StudyEnded { time: VirtualTime(self.step), reason: EndReason::NumTrials });
        self.store.close().unwrap();
    }

    fn append(&mut self, event: Event) {
        self.store.append(&self.chain.push(event), Duration::ZERO).unwrap();
    }
}
