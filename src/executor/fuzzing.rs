//! A driver that hears whatever a fuzzer, or a test, says in the place of its workers, as workers that were taken over could.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::driver::hear_anything;
#[cfg(feature = "fuzzing")]
use super::message::{Assignment, ToWorker};
use super::message::{FromWorker, Happening};
use super::{Isolation, Journal, JournalError, KeepArtifacts, Program, RunOptions};
use crate::numeric::amount::{Fuel, TrialId};
use crate::numeric::digest::Digest;
use crate::sandbox::{Artifact, fuel_schedule};
use crate::scheduler::{HyperbandKind, HyperbandSpec, SchedulerSpec};
use crate::space::{Domain, Parameter, RealRange, Space, Value};
use crate::study::{
    ArtifactRecord, Attribute, Chain, ComponentId, Entry, Event, FloatMode, GuestSettings, Limits, LogPiece, Outcome,
    Replication, Report, Study, StudySpec,
};

/// How many trials the studies have, and for how many of them the seeds speak.
const TRIALS: u64 = 9;

/// Runs a study that hears these bytes: the first says which study, and then come the number of a worker and what it says,
/// over and over. Whatever is heard, the log must be one that the same study reproduces. Gives that log.
pub fn hear(bytes: &[u8]) -> Vec<Event> {
    let Some((&kind, mut rest)) = bytes.split_first() else { return Vec::new() };
    let Some(spec) = specification(kind) else { return Vec::new() };
    let said = std::iter::from_fn(move || {
        let (&worker, message) = rest.split_first()?;
        let (said, after) = postcard::take_from_bytes::<FromWorker>(message).ok()?;
        rest = after;
        Some((u64::from(worker), said))
    });
    let mut journal = Log::default();
    let mut study = Study::new(spec.clone()).expect("the specification is well formed");
    hear_anything(&mut study, &program(&spec), &mut journal, &options(), said);
    let mut again = Study::new(spec).expect("as before");
    for entry in &journal.entries {
        again.reproduce(entry).expect("what a study wrote, an equal one reproduces");
    }
    journal.entries.into_iter().map(|entry| entry.event).collect()
}

/// Decodes bytes as each kind of message, and must find in what it encodes to the same again.
#[cfg(feature = "fuzzing")]
pub fn decode(bytes: &[u8]) {
    fn both_ways<T: serde::Serialize + serde::de::DeserializeOwned>(bytes: &[u8]) {
        let Ok(message) = postcard::from_bytes::<T>(bytes) else { return };
        let encoded = postcard::to_stdvec(&message).expect("what was decoded can be encoded");
        let again: T = postcard::from_bytes(&encoded).expect("what was encoded can be decoded");
        assert_eq!(postcard::to_stdvec(&again).expect("as before"), encoded);
    }
    both_ways::<FromWorker>(bytes);
    both_ways::<ToWorker>(bytes);
    both_ways::<Assignment>(bytes);
}

/// What honest workers would say in each study, to begin with.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    (0..=u8::MAX).map_while(|kind| specification(kind).map(|spec| honest(kind, &spec))).collect()
}

fn honest(kind: u8, spec: &StudySpec) -> Vec<u8> {
    let mut bytes = vec![kind];
    let mut say = |worker: u8, message: FromWorker| add_words(&mut bytes, worker, &message);
    say(0, FromWorker::Confined(Vec::new()));
    say(0, FromWorker::Loaded(Ok(spec.fuel_schedule)));
    say(1, FromWorker::Loaded(Ok(spec.fuel_schedule)));
    for trial in (0..TRIALS).map(TrialId) {
        let epochs = (1..=3).map(|epoch| {
            let attributes = [("epoch", Value::Integer(epoch)), ("accuracy", Value::Real(0.1 * trial.0 as f64))];
            let attributes = attributes.map(|(name, value)| Attribute { name: name.into(), value }).into();
            Happening::Reported { trial, fuel: Fuel(100 * epoch as u64), report: Report { attributes } }
        });
        let piece = LogPiece { position: 0, reports: 0, fuel: Fuel(1), text: "begun\n".into() };
        let content = b"a model".to_vec();
        let record = ArtifactRecord { name: "model".into(), digest: Digest::of(&content), bytes: content.len() as u64 };
        let artifacts = vec![Artifact { record, bytes: content }];
        let end = Happening::Ended { trial, fuel: Fuel(400), outcome: Outcome::Completed, artifacts };
        let mut happened = vec![
            Happening::Logged { trial, piece },
            Happening::Advanced { trial, fuel: Fuel(50), memory_bytes: 1 << 16 },
            Happening::Waiting { trial, level: 1 },
        ];
        happened.extend(epochs);
        happened.push(end);
        say((trial.0 % 2) as u8, FromWorker::Happened(happened));
        say((trial.0 % 2) as u8, FromWorker::Alive);
    }
    say(0, FromWorker::Broken("out of memory".into()));
    bytes
}

fn add_words(bytes: &mut Vec<u8>, worker: u8, message: &FromWorker) {
    bytes.push(worker);
    bytes.extend(postcard::to_stdvec(message).expect("a message can be encoded"));
}

fn specification(kind: u8) -> Option<StudySpec> {
    let rate = RealRange { lower: 1e-3, upper: 1.0, log: true };
    let space = Space::new(vec![Parameter::new("rate", Domain::Real(rate))]).expect("the space is well formed");
    let mut spec = StudySpec::new("fuzzed", space, fuel_schedule(FloatMode::default()));
    spec.num_trials = Some(TRIALS);
    spec.capacity.cpus = 3;
    let hyperband = |kind, max_t| SchedulerSpec::Hyperband(HyperbandSpec::new(kind, max_t));
    match kind {
        0 => {}
        1 => spec.scheduler = hyperband(HyperbandKind::Stopping, 9),
        2 => spec.scheduler = hyperband(HyperbandKind::Promotion, 9),
        3 => {
            spec.scheduler = hyperband(HyperbandKind::Stopping, 300);
            spec.metrics.time_attr = "fuel".into();
        }
        4 => spec.replicates.count = 2,
        _ => return None,
    }
    spec.limits = Limits { fuel_max: 10_000, reports_max: 20, log_bytes_max: 1_000, ..Limits::default() };
    Some(spec)
}

fn program(spec: &StudySpec) -> Program {
    Program {
        component: PathBuf::new(),
        id: ComponentId { digest: Digest::of(b""), bytes: 0 },
        data: BTreeMap::new(),
        limits: spec.limits.clone(),
        float_mode: FloatMode::default(),
        replication: Replication::of(spec),
        guest: GuestSettings::default(),
        gpu: spec.gpu.clone(),
    }
}

fn options() -> RunOptions {
    RunOptions { jobs: 2, isolation: Isolation::Process, keep_artifacts: KeepArtifacts::All, ..RunOptions::default() }
}

/// A journal in memory, which demands of the log what a store does.
#[derive(Default)]
struct Log {
    chain: Chain,
    entries: Vec<Entry>,
}

impl Journal for Log {
    fn append(&mut self, entry: &Entry) -> Result<(), JournalError> {
        assert_eq!(self.chain.push(entry.event.clone()).digest, entry.digest);
        let text = serde_json::to_string(&entry.event)?;
        assert!(serde_json::from_str::<Event>(&text).is_ok(), "it cannot be read back: {text}");
        self.entries.push(entry.clone());
        Ok(())
    }

    fn append_log(&mut self, _: TrialId, _: &LogPiece) -> Result<(), JournalError> {
        Ok(())
    }

    fn cut_log(&mut self, _: TrialId, _: Fuel) -> Result<(), JournalError> {
        Ok(())
    }

    fn put_artifact(&mut self, _: TrialId, artifact: &Artifact) -> Result<(), JournalError> {
        assert_eq!(artifact.record.digest, Digest::of(&artifact.bytes), "content under a false name");
        Ok(())
    }

    fn drop_artifacts_except(&mut self, _: TrialId) -> Result<(), JournalError> {
        Ok(())
    }

    fn put_read_back(&mut self, _: TrialId, digest: Digest, content: &[u8]) -> Result<(), JournalError> {
        assert_eq!(digest, Digest::of(content), "content under a false name");
        Ok(())
    }

    fn cut_read_backs(&mut self) -> Result<(), JournalError> {
        Ok(())
    }

    fn mark_cached(&mut self, _: TrialId, _: Option<Fuel>) -> Result<(), JournalError> {
        Ok(())
    }

    fn commit(&mut self) -> Result<(), JournalError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::confinement::Layer;

    /// The log of a `fifo` study in which worker 0, which has trial 0, begins as it should, says this, and then that the trial has ended.
    fn hear_from_first(said: impl IntoIterator<Item = FromWorker>) -> Vec<Event> {
        let schedule = specification(0).unwrap().fuel_schedule;
        let mut bytes = vec![0];
        let end = Happening::Ended {
            trial: TrialId(0),
            fuel: Fuel(5_000),
            outcome: Outcome::failed("no luck", 100),
            artifacts: Vec::new(),
        };
        let begun = [FromWorker::Confined(Vec::new()), FromWorker::Loaded(Ok(schedule))];
        for word in begun.into_iter().chain(said).chain([FromWorker::Happened(vec![end])]) {
            add_words(&mut bytes, 0, &word);
        }
        // Nothing is earlier than the end of trial 0 once the others are known to be past it.
        let advanced = |trial| Happening::Advanced { trial: TrialId(trial), fuel: Fuel(9_000), memory_bytes: 0 };
        for (worker, trial) in [(1, 1), (0, 2)] {
            add_words(&mut bytes, worker, &FromWorker::Happened(vec![advanced(trial)]));
        }
        hear(&bytes)
    }

    fn has_ended(log: &[Event]) -> bool {
        log.iter().any(|event| matches!(event, Event::TrialEnded { .. }))
    }

    #[test]
    fn what_honest_workers_say_counts() {
        for seed in seeds() {
            // With promotion a trial that stands at a rung has paused.
            let came_somewhere = |event: &Event| matches!(event, Event::TrialEnded { .. } | Event::TrialPaused { .. });
            assert!(hear(&seed).iter().any(came_somewhere), "study {}", seed[0]);
        }
    }

    #[test]
    fn a_worker_that_says_what_none_would_is_heard_no_more() {
        assert!(has_ended(&hear_from_first([FromWorker::Alive])), "it is heard as long as it is honest");
        let schedule = specification(0).unwrap().fuel_schedule;
        let happened = |happening| FromWorker::Happened(vec![happening]);
        for word in [
            FromWorker::Loaded(Ok(schedule)),
            FromWorker::Confined(Vec::new()),
            FromWorker::Confined(vec![Layer::Calls; Layer::COUNT + 1]),
            happened(Happening::Dropped { trial: TrialId(0) }),
            happened(Happening::Advanced { trial: TrialId(0), fuel: Fuel(u64::MAX), memory_bytes: 0 }),
            FromWorker::Broken("out of memory".into()),
        ] {
            let shown = format!("{word:?}");
            assert!(!has_ended(&hear_from_first([word])), "{shown}");
        }
    }

    #[test]
    fn who_does_not_wait_when_it_is_told_to_is_ended() {
        // Trial 1 is silent, so that none of these is consumed.
        let report = |number: u64| {
            let attribute = |index: u64| Attribute { name: format!("n{index}"), value: Value::Text("x".repeat(4_000)) };
            let report = Report { attributes: (0..64).map(attribute).collect() };
            Happening::Reported { trial: TrialId(2), fuel: Fuel(number), report }
        };
        let mut spec = specification(0).unwrap();
        spec.limits.reports_max = 100_000;
        let mut study = Study::new(spec.clone()).unwrap();
        let mut journal = Log::default();
        let (mut heard, mut bytes) = (0_u64, 0_u64);
        let said = (1..1_000).map(|number| {
            let happening = report(number);
            (heard, bytes) = (number, bytes + happening.bytes());
            (0, FromWorker::Happened(vec![happening]))
        });
        let loaded = [0, 1].map(|worker| (worker, FromWorker::Loaded(Ok(spec.fuel_schedule))));
        hear_anything(&mut study, &program(&spec), &mut journal, &options(), loaded.into_iter().chain(said));
        assert_eq!(heard, 999);
        assert!(study.bytes_waiting_in_all() < bytes / 2, "{bytes} bytes were said");
    }
}
