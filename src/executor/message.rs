//! The one protocol between the driver and its workers, whether they are threads or processes.
//!
//! Between processes a message is its length as 4 bytes, little endian, and then its Postcard encoding. Both ends are the same
//! program; the first exchange shows it.

use std::fmt;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde::de::{DeserializeOwned, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::computing::GpuAccess;
use super::confinement::Layer;
use super::{Program, SearcherProgram};
use crate::numeric::amount::{Fuel, Slot, TrialId, VirtualTime};
use crate::numeric::digest::Digest;
use crate::sandbox::{Arguments, Artifact, ComponentError, Inspection, SearcherInspection};
use crate::searcher::ObservationKind;
use crate::study::{Attribute, ComponentId, FloatMode, Limits, LogPiece, Outcome, Report};

/// What a worker is for: the first thing that it is told, and the last for which it may read files.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Assignment {
    /// Check and compile a component.
    Compile {
        /// It, as it is in its file.
        component: Vec<u8>,
        /// How NaN is treated.
        float_mode: FloatMode,
    },
    /// Ask a component for its description.
    Inspect {
        /// It.
        component: Compiled,
        /// The bounds in force.
        limits: Limits,
        /// How NaN is treated.
        float_mode: FloatMode,
    },
    /// Run trials.
    Train {
        /// What they are made of.
        program: Box<Program>,
        /// The compiled component.
        code: Code,
        /// How much memory paused trials may keep.
        paused_memory_bytes_max: u64,
        /// How what computes on a GPU is started, if the trials are granted one.
        gpu: Option<GpuAccess>,
    },
    /// Check a component that searches.
    InspectSearcher {
        /// It.
        component: Compiled,
        /// How NaN is treated.
        float_mode: FloatMode,
    },
    /// Have a searcher begin, and call it. The worker runs no trials then.
    Search {
        /// It.
        program: SearcherProgram,
        /// The compiled component.
        code: Code,
    },
}

/// A component that has been compiled.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Compiled {
    /// Which.
    pub(super) id: ComponentId,
    /// What it was compiled to.
    pub(super) code: Code,
}

/// Where a worker finds compiled code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Code {
    /// In a folder of compiled components.
    Cached {
        /// The folder.
        folder: PathBuf,
        /// Its file there.
        file: PathBuf,
    },
    /// Here.
    Given(Vec<u8>),
}

/// How much a worker may say at once besides what a trial does in one step: a batch of happenings, a list of imports.
const ANSWER_BYTES_MAX: u64 = 16 << 20;
/// How many parts a message has at most: happenings, and the attributes in them. A worker gathers some hundred happenings or a megabyte,
/// and then what a trial says for a million units of fuel, in which an attribute costs a hundred.
const PARTS_MAX: usize = 1 << 17;
/// How many attributes a report has at most, whatever the study.
const ATTRIBUTES_MAX: usize = 10_000;
/// How much larger than a component its compiled code may be, at most; adapters between components take the most.
const CODE_GROWTH: u64 = 64;
/// A text is kept in up to three bytes for each that the guest wrote, where that was no UTF-8.
const TEXT_GROWTH: u64 = 3;
/// A line of a replicate's log has its number in front.
const REPLICATE_LOG_GROWTH: u64 = 16;

impl Assignment {
    /// How many bytes a message of a worker with this assignment has at most. Whoever says more has been taken over, and
    /// would fill the driver's memory.
    fn message_bytes_max(&self) -> u64 {
        let answer = match self {
            Self::Compile { component, .. } => (component.len() as u64).saturating_mul(CODE_GROWTH),
            Self::Inspect { limits, .. } => limits.host_call_bytes_max.saturating_mul(TEXT_GROWTH),
            Self::Train { program, .. } => step_bytes_max(program),
            Self::InspectSearcher { .. } => 0,
            Self::Search { program, .. } => program.settings.host_call_bytes_max.saturating_mul(TEXT_GROWTH),
        };
        answer.saturating_add(ANSWER_BYTES_MAX)
    }
}

/// What a worker with some assignment may say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sayable {
    /// How many bytes a message has at most.
    bytes_max: u64,
    /// The numbers of the kinds of messages, as they stand in front of each: those of the assignment, and those that every worker may say.
    kinds: [u8; 5],
}

/// The numbers of kinds of messages, in the order of [`FromWorker`].
mod kind {
    pub(super) const COMPILED: u8 = 0;
    pub(super) const INSPECTED: u8 = 1;
    pub(super) const INSPECTED_SEARCHER: u8 = 2;
    pub(super) const LOADED: u8 = 3;
    pub(super) const CONFINED: u8 = 4;
    pub(super) const ALIVE: u8 = 5;
    pub(super) const HAPPENED: u8 = 6;
    pub(super) const BROKEN: u8 = 7;
    pub(super) const SUGGESTED: u8 = 8;
}

impl Assignment {
    /// What a worker with this assignment may say. Anything else is refused before it is decoded: what is small in a message can be large
    /// in memory, and only what an assignment calls for is counted while it is read.
    pub(super) fn sayable(&self) -> Sayable {
        let [first, second] = match self {
            Self::Compile { .. } => [kind::COMPILED; 2],
            Self::Inspect { .. } => [kind::INSPECTED; 2],
            Self::Train { .. } => [kind::LOADED, kind::HAPPENED],
            Self::InspectSearcher { .. } => [kind::INSPECTED_SEARCHER; 2],
            Self::Search { .. } => [kind::LOADED, kind::SUGGESTED],
        };
        let kinds = [first, second, kind::CONFINED, kind::ALIVE, kind::BROKEN];
        Sayable { bytes_max: self.message_bytes_max(), kinds }
    }
}

/// How much a trial says from one look at it to the next, at most: its whole log, a report, all that is kept of what it reads back from
/// the GPU, and its end with all that it leaves.
fn step_bytes_max(program: &Program) -> u64 {
    let Limits { attributes_max, attribute_name_bytes_max, attribute_text_bytes_max, .. } = program.limits;
    let Limits { log_bytes_max, artifact_bytes_max, failure_bytes_max, .. } = program.limits;
    let attribute = attribute_name_bytes_max.saturating_add(attribute_text_bytes_max).saturating_add(64);
    let replicates = u64::from(program.replication.replicates.count.max(1));
    let recorded = program.gpu.as_ref().map_or(0, |gpu| gpu.grant.limits.recorded_bytes_max);
    let log_growth = if replicates > 1 { TEXT_GROWTH * REPLICATE_LOG_GROWTH } else { TEXT_GROWTH };
    attributes_max
        .saturating_mul(attribute)
        .saturating_add(log_bytes_max.saturating_mul(log_growth).saturating_mul(replicates))
        .saturating_add(recorded.saturating_mul(replicates))
        .saturating_add(artifact_bytes_max)
        .saturating_add(failure_bytes_max)
}

impl Code {
    /// Whether a worker would find it.
    pub(super) fn is_there(&self) -> bool {
        match self {
            Self::Cached { file, .. } => file.exists(),
            Self::Given(_) => true,
        }
    }
}

/// From the driver to a worker that trains or searches.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum ToWorker {
    /// Run a trial.
    Launch(Launch),
    /// Stop running a trial. No more is heard of it.
    Stop(TrialId),
    /// A trial is paused: it need not run on, and is kept as long as there is memory for it.
    Pause(TrialId),
    /// An early trial has run as far as it should before it is started. It is kept if there is memory that no other needs.
    Rest(TrialId),
    /// A trial goes on: past a milestone, from a pause, or as one that was early. If it was dropped, the driver hears of that.
    Continue {
        /// The trial.
        trial: TrialId,
        /// Its place among the others.
        place: Place,
    },
    /// Let a trial that reports faster than it is consumed wait, or go on.
    Hold {
        /// The trial.
        trial: TrialId,
        /// Whether it waits.
        held: bool,
    },
    /// Call the searcher.
    Search(SearcherCall),
}

/// A call of a searcher.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum SearcherCall {
    /// It is asked for the configuration of a trial. The only call that is answered.
    Suggest(TrialId),
    /// It is told of a trial.
    Observe(TrialId, ObservationKind),
}

/// What a searcher suggests, unchecked, none if it has no more; or how it failed.
pub(super) type Suggestion = Result<Option<SuggestedConfig>, String>;

/// A configuration as it was suggested.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SuggestedConfig(#[serde(deserialize_with = "config")] pub(super) Vec<Attribute>);

/// A trial's place among the others of its worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Place {
    /// Its slot and the start of its job, by which the worker knows who is behind.
    pub(super) slot: Slot,
    pub(super) start: VirtualTime,
    /// The fuel that it had used when the job started.
    pub(super) fuel_before: Fuel,
    /// Where it waits to be told to go on; none if it waits nowhere.
    pub(super) milestone: Option<MilestoneAt>,
    /// Whether it is early: the study has not started it, so that it has no slot and no start yet, and others go first.
    pub(super) is_early: bool,
}

impl MilestoneAt {
    /// The level of the resource.
    pub(super) fn level(&self) -> u64 {
        match self {
            Self::Report { level, .. } | Self::Fuel(Fuel(level)) => *level,
        }
    }
}

/// Where a trial waits for the study's decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum MilestoneAt {
    /// At its first report whose attribute of that name is at least `level`.
    Report { attribute: String, level: u64 },
    /// Once it has used more than so much fuel.
    Fuel(Fuel),
}

/// A trial to be run by a worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Launch {
    /// The trial.
    pub(super) trial: TrialId,
    /// Its place among the others.
    pub(super) place: Place,
    /// Its input.
    pub(super) arguments: Arguments,
}

/// From a worker to the driver.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum FromWorker {
    /// The answer to `Compile`: the code.
    Compiled(Result<Vec<u8>, ComponentError>),
    /// The answer to `Inspect`.
    Inspected(Result<Inspection, ComponentError>),
    /// The answer to `InspectSearcher`.
    InspectedSearcher(Result<SearcherInspection, ComponentError>),
    /// The answer to `Train` or `Search`: the worker's fuel schedule, or why it cannot do that.
    Loaded(Result<Digest, LoadError>),
    /// How the process is confined: the layers that the system lacks. Said before any guest runs; a thread does not say it.
    Confined(Vec<Layer>),
    /// The worker is there, and what it runs uses fuel. Said now and then, for whoever watches.
    Alive,
    /// What trials have done, in order.
    Happened(#[serde(deserialize_with = "happenings")] Vec<Happening>),
    /// The worker's machine failed, not a trial.
    Broken(String),
    /// The answer to a `Suggest`.
    Suggested(Suggestion),
}

/// The happenings of a message. In memory small parts take many times what they take in a message, so a flood of them is refused
/// before it is there.
fn happenings<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Happening>, D::Error> {
    deserializer.deserialize_seq(Bounded { parts_max: PARTS_MAX, parts: Happening::parts })
}

/// A report in a message.
fn report<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Report, D::Error> {
    let attributes = deserializer.deserialize_seq(Bounded { parts_max: ATTRIBUTES_MAX, parts: |_: &Attribute| 1 })?;
    Ok(Report { attributes })
}

/// A configuration in a message.
fn config<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Attribute>, D::Error> {
    deserializer.deserialize_seq(Bounded { parts_max: PARTS_MAX, parts: |_: &Attribute| 1 })
}

/// Reads a sequence while its items have few enough parts.
struct Bounded<T> {
    parts_max: usize,
    /// How many parts an item has.
    parts: fn(&T) -> usize,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Bounded<T> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "up to {} parts", self.parts_max)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let (mut items, mut parts) = (Vec::new(), 0_usize);
        while let Some(item) = sequence.next_element()? {
            parts = parts.saturating_add((self.parts)(&item));
            if parts > self.parts_max {
                return Err(A::Error::custom(format!("it has more than {} parts", self.parts_max)));
            }
            items.push(item);
        }
        Ok(items)
    }
}

/// Something that a trial has done.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Happening {
    /// It made its next report.
    Reported {
        trial: TrialId,
        fuel: Fuel,
        #[serde(deserialize_with = "report")]
        report: Report,
    },
    /// It has used at least this much fuel, and has so much memory.
    Advanced { trial: TrialId, fuel: Fuel, memory_bytes: u64 },
    /// It has come to a milestone, and waits to be told to go on.
    Waiting { trial: TrialId, level: u64 },
    /// It wrote to its log.
    Logged { trial: TrialId, piece: LogPiece },
    /// It ended.
    Ended { trial: TrialId, fuel: Fuel, outcome: Outcome, artifacts: Vec<Artifact> },
    /// It was paused or rested, and had to go for want of memory; it can only be run again from its start.
    Dropped { trial: TrialId },
    /// It read `bytes_read` bytes of that digest back from the GPU. They are here, unless it has read back more than
    /// `recorded_bytes_max`: then `content` is empty.
    ReadBack { trial: TrialId, fuel: Fuel, digest: Digest, bytes_read: u64, content: Vec<u8> },
}

impl Happening {
    /// The trial.
    pub(super) fn trial(&self) -> TrialId {
        match self {
            Self::Reported { trial, .. }
            | Self::Advanced { trial, .. }
            | Self::Waiting { trial, .. }
            | Self::Logged { trial, .. }
            | Self::Ended { trial, .. }
            | Self::Dropped { trial }
            | Self::ReadBack { trial, .. } => *trial,
        }
    }

    /// It, and the attributes in it.
    fn parts(&self) -> usize {
        match self {
            Self::Reported { report, .. } => report.attributes.len() + 1,
            _ => 1,
        }
    }

    /// About how many bytes it takes to keep what the trial said.
    pub(super) fn bytes(&self) -> u64 {
        let said = match self {
            Self::Reported { report, .. } => report.bytes(),
            Self::Logged { piece, .. } => piece.text.len() as u64,
            Self::Ended { artifacts, .. } => artifacts.iter().map(|artifact| artifact.record.bytes).sum(),
            Self::ReadBack { content, .. } => content.len() as u64,
            Self::Advanced { .. } | Self::Waiting { .. } | Self::Dropped { .. } => 0,
        };
        said.saturating_add(size_of::<Self>() as u64)
    }
}

/// Why a worker cannot run the trials of a study.
#[derive(Clone, Debug, thiserror::Error, Serialize, Deserialize)]
pub enum LoadError {
    /// The component is not fit.
    #[error(transparent)]
    Component(#[from] ComponentError),
    /// A data set cannot be had.
    #[error("{0}")]
    Data(String),
    /// There is no GPU that is fit.
    #[error("{0}")]
    Gpu(String),
    /// What computes on a GPU was lost before it was ready. Another may not be.
    #[error("{0}")]
    GpuLost(String),
}

/// Writes one message.
pub(super) fn write_message<T: Serialize>(writer: &mut impl Write, message: &T) -> io::Result<()> {
    let bytes = postcard::to_stdvec(message).map_err(io::Error::other)?;
    let length = u32::try_from(bytes.len()).map_err(|_| io::Error::other("a message is larger than 4 GiB"))?;
    writer.write_all(&length.to_le_bytes())?;
    writer.write_all(&bytes)?;
    writer.flush()
}

/// Reads one message to a worker; nothing at the end of the stream.
pub(super) fn read_message<T: DeserializeOwned>(reader: &mut impl Read) -> io::Result<Option<T>> {
    read_bytes(reader, u64::MAX)?.map(|bytes| postcard::from_bytes(&bytes).map_err(io::Error::other)).transpose()
}

/// Reads one message of a worker; nothing at the end of the stream.
///
/// # Errors
/// If it is none that such a worker may say.
pub(super) fn hear(reader: &mut impl Read, sayable: Sayable) -> io::Result<Option<FromWorker>> {
    let Some(bytes) = read_bytes(reader, sayable.bytes_max)? else { return Ok(None) };
    match bytes.first() {
        Some(kind) if sayable.kinds.contains(kind) => postcard::from_bytes(&bytes).map(Some).map_err(io::Error::other),
        kind => Err(io::Error::other(format!("it is of the kind {kind:?}, which is not its to say"))),
    }
}

/// Reads the bytes of one message, `bytes_max` at most.
fn read_bytes(reader: &mut impl Read, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match reader.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = u64::from(u32::from_le_bytes(length));
    if length > bytes_max {
        return Err(io::Error::other(format!("it has {length} bytes, more than {bytes_max}")));
    }
    let mut bytes = Vec::new();
    // Grows with what arrives, so that a false length takes no memory.
    reader.take(length).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 == length).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Value;
    use crate::study::Limit;

    #[test]
    fn a_message_comes_back_as_it_was_written_and_one_that_is_cut_off_not_at_all() {
        let mut bytes = Vec::new();
        write_message(&mut bytes, &ToWorker::Stop(TrialId(300))).unwrap();
        let read = |mut bytes: &[u8]| read_message::<ToWorker>(&mut bytes);
        assert!(matches!(read(&bytes), Ok(Some(ToWorker::Stop(TrialId(300))))));
        for length in 0..bytes.len() {
            assert!(matches!(read(&bytes[..length]), Ok(None)), "{length}");
        }
    }

    fn heard(message: &FromWorker, sayable: Sayable) -> io::Result<Option<FromWorker>> {
        let mut bytes = Vec::new();
        write_message(&mut bytes, message).unwrap();
        hear(&mut bytes.as_slice(), sayable)
    }

    #[test]
    fn a_worker_is_heard_of_what_its_assignment_calls_for_and_not_longer_than_that() {
        let kinds = |first, second| [first, second, kind::CONFINED, kind::ALIVE, kind::BROKEN];
        let training = Sayable { bytes_max: 10, kinds: kinds(kind::LOADED, kind::HAPPENED) };
        let searching = Sayable { bytes_max: 10, kinds: kinds(kind::LOADED, kind::SUGGESTED) };
        let happened = || FromWorker::Happened(vec![Happening::Dropped { trial: TrialId(9) }]);
        let suggested = || FromWorker::Suggested(Ok(None));
        for shared in [FromWorker::Alive, FromWorker::Confined(vec![]), FromWorker::Broken("words".into())] {
            assert!(heard(&shared, training).is_ok() && heard(&shared, searching).is_ok());
        }
        assert!(matches!(heard(&happened(), training), Ok(Some(FromWorker::Happened(_)))));
        assert!(matches!(heard(&suggested(), searching), Ok(Some(FromWorker::Suggested(Ok(None))))));
        assert!(heard(&happened(), searching).unwrap_err().to_string().contains("not its to say"));
        assert!(heard(&suggested(), training).unwrap_err().to_string().contains("not its to say"));
        let long = heard(&FromWorker::Broken("more than ten".into()), training).unwrap_err().to_string();
        assert_eq!(long, "it has 15 bytes, more than 10");
        assert!(hear(&mut [0, 0, 0, 0].as_slice(), training).is_err(), "it is empty");
    }

    #[test]
    fn kinds_have_the_numbers_that_stand_in_front_of_messages() {
        let refused = || ComponentError::Engine(String::new());
        for (number, message) in [
            (kind::COMPILED, FromWorker::Compiled(Err(refused()))),
            (kind::INSPECTED, FromWorker::Inspected(Err(refused()))),
            (kind::INSPECTED_SEARCHER, FromWorker::InspectedSearcher(Err(refused()))),
            (kind::LOADED, FromWorker::Loaded(Err(LoadError::Data(String::new())))),
            (kind::CONFINED, FromWorker::Confined(vec![])),
            (kind::ALIVE, FromWorker::Alive),
            (kind::HAPPENED, FromWorker::Happened(vec![])),
            (kind::BROKEN, FromWorker::Broken(String::new())),
            (kind::SUGGESTED, FromWorker::Suggested(Ok(None))),
        ] {
            assert_eq!(postcard::to_stdvec(&message).unwrap()[0], number);
        }
    }

    #[test]
    fn messages_that_would_take_all_memory_or_the_stack_are_refused_while_they_are_read() {
        let read = |message: &FromWorker| {
            let bytes = postcard::to_stdvec(message).unwrap();
            postcard::from_bytes::<FromWorker>(&bytes).is_ok()
        };
        let dropped =
            |count| FromWorker::Happened((0..count).map(|_| Happening::Dropped { trial: TrialId(9) }).collect());
        assert!(read(&dropped(PARTS_MAX)));
        assert!(!read(&dropped(PARTS_MAX + 1)));
        let reported = |count, attributes| {
            let attribute = Attribute { name: String::new(), value: Value::Boolean(true) };
            let report = Report { attributes: vec![attribute; attributes] };
            let happening = |report| Happening::Reported { trial: TrialId(0), fuel: Fuel(1), report };
            FromWorker::Happened((0..count).map(|_| happening(report.clone())).collect())
        };
        assert_eq!(*Limit::AttributesMax.range().end(), ATTRIBUTES_MAX as u64);
        assert!(read(&reported(1, ATTRIBUTES_MAX)));
        assert!(!read(&reported(1, ATTRIBUTES_MAX + 1)));
        let suggested = |count| {
            let attribute = Attribute { name: String::new(), value: Value::Boolean(true) };
            FromWorker::Suggested(Ok(Some(SuggestedConfig(vec![attribute; count]))))
        };
        assert!(read(&suggested(PARTS_MAX)));
        assert!(!read(&suggested(PARTS_MAX + 1)));
        assert!(read(&reported(PARTS_MAX / 1024, 1023)));
        assert!(!read(&reported(PARTS_MAX / 1024 + 1, 1023)));
        let ended = |outcome| {
            let end = Happening::Ended { trial: TrialId(0), fuel: Fuel(1), outcome, artifacts: Vec::new() };
            FromWorker::Happened(vec![end])
        };
        let of_replicate = |outcome| Outcome::OfReplicate { number: 1, outcome: Box::new(outcome) };
        assert!(read(&ended(of_replicate(Outcome::Completed))));
        assert!(!read(&ended(of_replicate(of_replicate(Outcome::Completed)))));
        // Written by hand: to make it would take the stack as well.
        let end = postcard::to_stdvec(&ended(of_replicate(Outcome::Completed))).unwrap();
        let level = postcard::to_stdvec(&of_replicate(Outcome::Completed)).unwrap();
        let start = end.windows(level.len()).position(|window| window == level).unwrap();
        let levels = level[..level.len() - 1].repeat(100_000);
        let deep = [&end[..start], &levels, &end[start..]].concat();
        assert!(postcard::from_bytes::<FromWorker>(&deep).is_err());
        // A refusal leaves nothing behind: what comes next on the same thread is read.
        assert!(read(&ended(of_replicate(Outcome::Completed))));
    }
}
