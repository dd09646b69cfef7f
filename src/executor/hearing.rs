//! What a worker can say of its trials, if it is honest. Used by whoever listens to workers: the driver, and `single`.
//!
//! An honest worker passes on what the host functions let through, and they keep to the study's limits. One that was taken over by
//! its guest can say anything. What no honest worker says therefore costs it its life, before it reaches the log, the store or this
//! process's memory: its trials run again, and one that takes over a second worker has `crashed`. What cannot be told from the truth,
//! such as a false reward, harms the trial that it is said of, and those that ran in the same worker.

use std::fmt::{self, Display};

use super::message::Happening;
use crate::numeric::amount::Fuel;
use crate::numeric::digest::{Digest, canonical_bytes};
use crate::sandbox::{Artifact, is_artifact_name};
use crate::space::Value;
use crate::study::{Attribute, GpuLimit, GpuLimits, GpuSpec, Limit, Limits, LogPiece, Outcome, Replicates, Report};

/// Log text is made of the bytes that `log_bytes_max` counts, each three at most where they are no UTF-8, and of one line of the host's.
const LOG_GROWTH: u64 = 3;
const LOG_NOTICE_BYTES_MAX: u64 = 1 << 10;
/// Each line of a replicate has its number in front, up to so many bytes.
const REPLICATE_NUMBER_BYTES_MAX: u64 = 13;
/// An outcome has a text of the guest's, or one of the host's with up to three names in it, each letter of up to ten bytes as shown.
const OUTCOME_BYTES_MAX: u64 = 64 << 10;
const SHOWN_GROWTH: u64 = 30;
/// What the study keeps of a read-back while it waits to be consumed, with some room.
const READ_BACK_BYTES: u64 = 256;

/// How much a worker gathers before it sends it, and how many such batches can be on their way, with a good deal of room.
const BATCH_BYTES: u64 = 1 << 20;
const BATCHES_ON_THE_WAY: u64 = 64;

/// What is heard of a trial's present run, as far as later words are bounded by it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Heard {
    fuel: Fuel,
    /// Only shown, so it need not be true.
    memory_bytes: Option<u64>,
    reports: u64,
    log_pieces: u64,
    log_bytes: u64,
    read_backs: u64,
    /// How much of what it read back was to be kept.
    recorded_bytes: u64,
}

/// What all trials of a study keep to.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    limits: Limits,
    /// How many instances a trial runs.
    replicates: u64,
    /// The limits of the grant of a GPU, if there is one.
    gpu: Option<GpuLimits>,
}

/// What no honest worker says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Impossible {
    /// More than a limit allows.
    Beyond(Limit),
    /// A report or an end at less fuel than an earlier report.
    Backwards,
    /// A piece of a log out of its turn.
    Unordered,
    /// A number that is not one of those that stand for what is no number.
    OddNumber,
    /// An artifact that is not what is said of it, or has a name that none may have.
    FalseArtifact,
    /// An end that is not the worker's to say.
    FalseOutcome,
    /// That it dropped a trial which was neither paused nor at rest.
    FalseDrop,
    /// Reports of a trial that was told to wait, more than could have been on their way.
    NotHeld,
    /// That it was confined, or has loaded, when that was over.
    OutOfPlace,
    /// More than a limit of the grant of a GPU allows.
    BeyondGpu(GpuLimit),
    /// That a trial used a GPU, in a study that grants none.
    NotGranted,
    /// Something read back from the GPU that is not what is said of it.
    FalseReadBack,
}

impl Display for Impossible {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("it said what no worker says, so it is not trusted any more: ")?;
        match self {
            Self::Beyond(limit) => write!(formatter, "more than `{}` allows", limit.name()),
            Self::Backwards => formatter.write_str("a trial that used less fuel than before"),
            Self::Unordered => formatter.write_str("a piece of a log out of its turn"),
            Self::OddNumber => formatter.write_str("a number that is no number of an odd kind"),
            Self::FalseArtifact => formatter.write_str("an artifact that is not what it says of it"),
            Self::FalseOutcome => formatter.write_str("an end that only the study decides on"),
            Self::FalseDrop => formatter.write_str("that it dropped a trial which was neither paused nor at rest"),
            Self::NotHeld => formatter.write_str("reports of a trial that was told to wait"),
            Self::OutOfPlace => formatter.write_str("that it begins, when it had begun"),
            Self::BeyondGpu(limit) => write!(formatter, "more than `{}` allows", limit.name()),
            Self::NotGranted => formatter.write_str("that a trial used a GPU, which none may"),
            Self::FalseReadBack => {
                formatter.write_str("something read back from the GPU that is not what it says of it")
            }
        }
    }
}

impl Bounds {
    /// Those of a study with these limits, and with this grant of a GPU if it has one.
    pub(super) fn new(limits: &Limits, replicates: &Replicates, gpu: Option<&GpuSpec>) -> Self {
        let gpu = gpu.map(|gpu| gpu.grant.limits.clone());
        Self { limits: limits.clone(), replicates: u64::from(replicates.count.max(1)), gpu }
    }

    fn get(&self, limit: Limit) -> u64 {
        self.limits.get(limit)
    }

    fn check(&self, amount: u64, limit: Limit) -> Result<(), Impossible> {
        within(amount, self.get(limit), limit)
    }

    fn check_fuel(&self, fuel: Fuel) -> Result<(), Impossible> {
        within(fuel.0, self.get(Limit::FuelMax).saturating_mul(self.replicates), Limit::FuelMax)
    }

    fn log_bytes_max(&self) -> u64 {
        let one = self.get(Limit::LogBytesMax).saturating_mul(LOG_GROWTH).saturating_add(LOG_NOTICE_BYTES_MAX);
        let numbers = if self.replicates > 1 { 1 + REPLICATE_NUMBER_BYTES_MAX } else { 1 };
        one.saturating_mul(self.replicates).saturating_mul(numbers)
    }

    /// How much may be waiting of a trial that was told to wait: what was on its way, in pipes and queues, when it was told.
    pub(super) fn held_bytes_max(&self) -> u64 {
        let name = self.get(Limit::AttributeNameBytesMax).saturating_add(self.get(Limit::AttributeTextBytesMax));
        let report = self.get(Limit::AttributesMax).saturating_mul(name.saturating_add(size_of::<Attribute>() as u64));
        let read_backs = self.gpu.as_ref().map_or(0, |gpu| gpu.read_backs_max.saturating_mul(self.replicates));
        let reports = report.saturating_add(BATCH_BYTES).saturating_mul(BATCHES_ON_THE_WAY);
        // A trial that was told to wait does so in its next report, and may read back until then.
        reports.saturating_add(read_backs.saturating_mul(READ_BACK_BYTES))
    }

    fn check_report(&self, report: &Report) -> Result<(), Impossible> {
        self.check(report.attributes.len() as u64, Limit::AttributesMax)?;
        for Attribute { name, value } in &report.attributes {
            self.check(name.len() as u64, Limit::AttributeNameBytesMax)?;
            match value {
                Value::Text(text) => self.check(text.len() as u64, Limit::AttributeTextBytesMax)?,
                Value::Real(real) if real.is_nan() && real.to_bits() != f64::NAN.to_bits() => {
                    return Err(Impossible::OddNumber);
                }
                Value::Real(_) | Value::Integer(_) | Value::Boolean(_) => {}
            }
        }
        Ok(())
    }

    fn check_outcome(&self, outcome: &Outcome) -> Result<(), Impossible> {
        if matches!(outcome.cause(), Outcome::GpuTimeout) && self.gpu.is_none() {
            return Err(Impossible::NotGranted);
        }
        let is_the_studys = |outcome: &Outcome| match outcome {
            Outcome::Stopped { .. }
            | Outcome::Crashed
            | Outcome::NeverRewarded { .. }
            | Outcome::NeverConstrained { .. } => true,
            Outcome::Completed
            | Outcome::Failed { .. }
            | Outcome::Trapped { .. }
            | Outcome::StackOverflowed
            | Outcome::Exceeded { .. }
            | Outcome::Misused { .. }
            | Outcome::BadReport { .. }
            | Outcome::OfReplicate { .. }
            | Outcome::GpuTimeout => false,
        };
        let is_nested = |outcome: &Outcome| matches!(outcome, Outcome::OfReplicate { .. });
        let is_false = match outcome {
            Outcome::OfReplicate { outcome, .. } => is_the_studys(outcome) || is_nested(outcome),
            outcome => is_the_studys(outcome),
        };
        if is_false {
            return Err(Impossible::FalseOutcome);
        }
        let names = self.get(Limit::AttributeNameBytesMax).saturating_mul(SHOWN_GROWTH);
        let most = self.get(Limit::FailureBytesMax).saturating_add(names).saturating_add(OUTCOME_BYTES_MAX);
        within(canonical_bytes(outcome).len() as u64, most, Limit::FailureBytesMax)
    }

    fn check_artifacts(&self, outcome: &Outcome, artifacts: &[Artifact]) -> Result<(), Impossible> {
        self.check(artifacts.len() as u64, Limit::ArtifactsMax)?;
        let bytes = artifacts.iter().fold(0_u64, |sum, artifact| sum.saturating_add(artifact.bytes.len() as u64));
        self.check(bytes, Limit::ArtifactBytesMax)?;
        let is_what_it_says = |Artifact { record, bytes }: &Artifact| {
            is_artifact_name(&record.name)
                && record.bytes == bytes.len() as u64
                && record.digest == Digest::of(bytes.as_slice())
        };
        let is_in_order = artifacts.is_sorted_by(|one, next| one.record.name < next.record.name);
        let may_be = *outcome == Outcome::Completed || artifacts.is_empty();
        match may_be && is_in_order && artifacts.iter().all(is_what_it_says) {
            true => Ok(()),
            false => Err(Impossible::FalseArtifact),
        }
    }
}

fn within(amount: u64, most: u64, limit: Limit) -> Result<(), Impossible> {
    if amount > most { Err(Impossible::Beyond(limit)) } else { Ok(()) }
}

impl Heard {
    /// How much fuel it has used, as far as is known.
    pub(super) fn fuel(&self) -> Fuel {
        self.fuel
    }

    /// How much memory it has, if it has said so.
    pub(super) fn memory_bytes(&self) -> Option<u64> {
        self.memory_bytes
    }

    /// Takes note of what is said next, if an honest worker could say it.
    pub(super) fn take(&mut self, happening: &Happening, bounds: &Bounds) -> Result<(), Impossible> {
        match happening {
            Happening::Reported { fuel, report, .. } => self.take_report(*fuel, report, bounds),
            Happening::Logged { piece, .. } => self.take_log(piece, bounds),
            Happening::Ended { fuel, outcome, artifacts, .. } => {
                bounds.check_fuel(*fuel)?;
                if *fuel < self.fuel && outcome.has_exact_fuel() {
                    return Err(Impossible::Backwards);
                }
                bounds.check_outcome(outcome)?;
                bounds.check_artifacts(outcome, artifacts)
            }
            // A lower bound of what comes next; it may be past a trap that comes instead.
            Happening::Advanced { fuel, memory_bytes, .. } => {
                bounds.check_fuel(*fuel)?;
                self.fuel = self.fuel.max(*fuel);
                self.memory_bytes = Some(*memory_bytes);
                Ok(())
            }
            Happening::ReadBack { fuel, digest, bytes_read, content, .. } => {
                self.take_read_back(*fuel, *digest, *bytes_read, content, bounds)
            }
            Happening::Waiting { .. } | Happening::Dropped { .. } => Ok(()),
        }
    }

    fn take_read_back(
        &mut self,
        fuel: Fuel,
        digest: Digest,
        bytes_read: u64,
        content: &[u8],
        bounds: &Bounds,
    ) -> Result<(), Impossible> {
        let Some(gpu) = &bounds.gpu else { return Err(Impossible::NotGranted) };
        let within = |amount: u64, limit: GpuLimit, times: u64| match amount > gpu.get(limit).saturating_mul(times) {
            true => Err(Impossible::BeyondGpu(limit)),
            false => Ok(()),
        };
        bounds.check_fuel(fuel)?;
        if fuel < self.fuel {
            return Err(Impossible::Backwards);
        }
        self.fuel = fuel;
        self.read_backs += 1;
        self.recorded_bytes = self.recorded_bytes.saturating_add(content.len() as u64);
        within(self.read_backs, GpuLimit::ReadBacksMax, bounds.replicates)?;
        within(self.recorded_bytes, GpuLimit::RecordedBytesMax, bounds.replicates)?;
        within(bytes_read, GpuLimit::BufferBytesMax, 1)?;
        let is_whole = content.len() as u64 == bytes_read;
        // Where there is no content, nothing tells of the digest, unless nothing was read.
        let is_true = if is_whole { digest == Digest::of(content) } else { content.is_empty() };
        if is_true { Ok(()) } else { Err(Impossible::FalseReadBack) }
    }

    fn take_report(&mut self, fuel: Fuel, report: &Report, bounds: &Bounds) -> Result<(), Impossible> {
        bounds.check_fuel(fuel)?;
        if fuel < self.fuel {
            return Err(Impossible::Backwards);
        }
        self.fuel = fuel;
        self.reports += 1;
        bounds.check(self.reports, Limit::ReportsMax)?;
        bounds.check_report(report)
    }

    fn take_log(&mut self, piece: &LogPiece, bounds: &Bounds) -> Result<(), Impossible> {
        if piece.position != self.log_pieces {
            return Err(Impossible::Unordered);
        }
        self.log_pieces += 1;
        self.log_bytes = self.log_bytes.saturating_add(piece.text.len() as u64);
        within(self.log_bytes, bounds.log_bytes_max(), Limit::LogBytesMax)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::amount::TrialId;
    use crate::study::{ArtifactRecord, StopReason, TrapKind};

    const TRIAL: TrialId = TrialId(0);

    fn bounds() -> Bounds {
        let limits = Limits {
            fuel_max: 100,
            reports_max: 2,
            attributes_max: 2,
            attribute_name_bytes_max: 8,
            attribute_text_bytes_max: 4,
            artifacts_max: 1,
            artifact_bytes_max: 5,
            log_bytes_max: 10,
            ..Limits::default()
        };
        let gpu = GpuLimits { read_backs_max: 2, recorded_bytes_max: 5, buffer_bytes_max: 256, ..GpuLimits::default() };
        Bounds { limits, replicates: 1, gpu: Some(gpu) }
    }

    fn read_back(fuel: u64, content: &[u8]) -> Happening {
        let (digest, bytes_read) = (Digest::of(content), content.len() as u64);
        Happening::ReadBack { trial: TRIAL, fuel: Fuel(fuel), digest, bytes_read, content: content.to_vec() }
    }

    /// One of which only the digest is told.
    fn unrecorded(fuel: u64, bytes_read: u64) -> Happening {
        let digest = Digest::of(b"a content");
        Happening::ReadBack { trial: TRIAL, fuel: Fuel(fuel), digest, bytes_read, content: Vec::new() }
    }

    fn reported(fuel: u64, attributes: &[(&str, Value)]) -> Happening {
        let attribute = |(name, value): &(&str, Value)| Attribute { name: (*name).into(), value: value.clone() };
        let report = Report { attributes: attributes.iter().map(attribute).collect() };
        Happening::Reported { trial: TRIAL, fuel: Fuel(fuel), report }
    }

    fn logged(position: u64, text: &str) -> Happening {
        let piece = LogPiece { position, reports: 0, fuel: Fuel(0), text: text.into() };
        Happening::Logged { trial: TRIAL, piece }
    }

    fn ended(outcome: Outcome, artifacts: Vec<Artifact>) -> Happening {
        Happening::Ended { trial: TRIAL, fuel: Fuel(100), outcome, artifacts }
    }

    fn artifact(name: &str, bytes: &[u8]) -> Artifact {
        let record = ArtifactRecord { name: name.into(), digest: Digest::of(bytes), bytes: bytes.len() as u64 };
        Artifact { record, bytes: bytes.to_vec() }
    }

    fn completed(artifacts: Vec<Artifact>) -> Happening {
        ended(Outcome::Completed, artifacts)
    }

    /// What is found in the last of these, when the others were taken.
    fn last(happenings: &[Happening]) -> Result<(), Impossible> {
        let mut heard = Heard::default();
        let (last, others) = happenings.split_last().unwrap();
        for happening in others {
            heard.take(happening, &bounds()).unwrap();
        }
        heard.take(last, &bounds())
    }

    #[test]
    fn what_keeps_to_the_limits_is_taken() {
        let most = [("accuracy", Value::Real(f64::NAN)), ("note", Value::from("four"))];
        let all = [
            logged(0, "ten bytes"),
            reported(10, &most),
            Happening::Advanced { trial: TRIAL, fuel: Fuel(60), memory_bytes: 0 },
            logged(1, &"\u{fffd}".repeat(10)),
            reported(60, &most),
            completed(vec![artifact("model.bin", b"12345")]),
        ];
        for length in 1..=all.len() {
            assert_eq!(last(&all[..length]), Ok(()), "{length}");
        }
        let of_replicate = Outcome::OfReplicate { number: 2, outcome: Box::new(Outcome::failed("no luck", 100)) };
        assert_eq!(last(&[ended(of_replicate, Vec::new())]), Ok(()));
        // What the engine had last written down at a trap may be less than what was known.
        let trapped = Outcome::Trapped { trap: TrapKind::Unreachable };
        let end = Happening::Ended { trial: TRIAL, fuel: Fuel(10), outcome: trapped, artifacts: Vec::new() };
        assert_eq!(last(&[reported(60, &[]), end]), Ok(()));
    }

    #[test]
    fn what_no_honest_worker_says_is_refused() {
        let odd = f64::from_bits(f64::NAN.to_bits() ^ 1);
        let beyond = |limit| Err(Impossible::Beyond(limit));
        let one = |name| ("accuracy", Value::from(name));
        let false_digest = Artifact { bytes: b"abcd".into(), ..artifact("a", b"abcx") };
        let false_size = Artifact { bytes: b"abc".into(), ..artifact("a", b"abcd") };
        let nested = Outcome::OfReplicate { number: 1, outcome: Box::new(Outcome::Crashed) };
        let nested_twice = Outcome::OfReplicate { number: 1, outcome: Box::new(nested.clone()) };
        let cases = [
            (vec![reported(101, &[])], beyond(Limit::FuelMax)),
            (vec![reported(u64::MAX, &[])], beyond(Limit::FuelMax)),
            (vec![reported(50, &[]), reported(49, &[])], Err(Impossible::Backwards)),
            (vec![reported(1, &[]), reported(2, &[]), reported(3, &[])], beyond(Limit::ReportsMax)),
            (vec![reported(1, &[one("a"), one("b"), one("c")])], beyond(Limit::AttributesMax)),
            (vec![reported(1, &[("long_name", 1_i64.into())])], beyond(Limit::AttributeNameBytesMax)),
            (vec![reported(1, &[one("false")])], beyond(Limit::AttributeTextBytesMax)),
            (vec![reported(1, &[("loss", Value::Real(odd))])], Err(Impossible::OddNumber)),
            (vec![logged(1, "")], Err(Impossible::Unordered)),
            (vec![logged(0, ""), logged(0, "")], Err(Impossible::Unordered)),
            (vec![logged(0, &"x".repeat(2_000))], beyond(Limit::LogBytesMax)),
            (vec![logged(0, &"x".repeat(1_000)), logged(1, &"x".repeat(55))], beyond(Limit::LogBytesMax)),
            (vec![completed(vec![artifact("a", b"123456")])], beyond(Limit::ArtifactBytesMax)),
            (vec![completed(vec![artifact("a", b""), artifact("b", b"")])], beyond(Limit::ArtifactsMax)),
            (vec![completed(vec![artifact("../a", b"")])], Err(Impossible::FalseArtifact)),
            (vec![completed(vec![artifact("a/b", b"")])], Err(Impossible::FalseArtifact)),
            (vec![completed(vec![false_digest])], Err(Impossible::FalseArtifact)),
            (vec![completed(vec![false_size])], Err(Impossible::FalseArtifact)),
            (vec![ended(Outcome::StackOverflowed, vec![artifact("a", b"")])], Err(Impossible::FalseArtifact)),
            (vec![ended(Outcome::Stopped { reason: StopReason::MaxT }, vec![])], Err(Impossible::FalseOutcome)),
            (vec![ended(Outcome::Crashed, vec![])], Err(Impossible::FalseOutcome)),
            (vec![ended(nested, vec![])], Err(Impossible::FalseOutcome)),
            (vec![ended(nested_twice, vec![])], Err(Impossible::FalseOutcome)),
            (vec![ended(Outcome::Misused { message: "x".repeat(100_000) }, vec![])], beyond(Limit::FailureBytesMax)),
        ];
        for (happenings, expected) in cases {
            assert_eq!(last(&happenings), expected, "{happenings:?}");
        }
    }

    #[test]
    fn artifacts_come_in_the_order_of_their_names_and_each_once() {
        let bounds = Bounds { limits: Limits::default(), replicates: 1, gpu: None };
        let check = |names: &[&str]| {
            let artifacts = names.iter().map(|name| artifact(name, b"")).collect();
            Heard::default().take(&completed(artifacts), &bounds)
        };
        assert_eq!(check(&["a", "b"]), Ok(()));
        assert_eq!(check(&["b", "a"]), Err(Impossible::FalseArtifact));
        assert_eq!(check(&["a", "a"]), Err(Impossible::FalseArtifact));
    }

    #[test]
    fn an_end_is_not_before_what_was_known_unless_the_engine_broke_off() {
        let end = |outcome| Happening::Ended { trial: TRIAL, fuel: Fuel(10), outcome, artifacts: Vec::new() };
        let advanced = |fuel| Happening::Advanced { trial: TRIAL, fuel: Fuel(fuel), memory_bytes: 0 };
        assert_eq!(last(&[reported(60, &[]), end(Outcome::Completed)]), Err(Impossible::Backwards));
        assert_eq!(last(&[advanced(60), end(Outcome::failed("no luck", 100))]), Err(Impossible::Backwards));
        assert_eq!(last(&[advanced(60), end(Outcome::StackOverflowed)]), Ok(()));
        assert_eq!(last(&[advanced(60), end(Outcome::GpuTimeout)]), Ok(()));
        assert_eq!(last(&[advanced(101)]), Err(Impossible::Beyond(Limit::FuelMax)));
    }

    #[test]
    fn replicates_may_use_and_write_as_much_as_they_are() {
        let bounds = Bounds { replicates: 3, ..bounds() };
        let take = |happening| Heard::default().take(&happening, &bounds);
        assert_eq!(take(reported(300, &[])), Ok(()));
        assert_eq!(take(reported(301, &[])), Err(Impossible::Beyond(Limit::FuelMax)));
        assert_eq!(take(logged(0, &"[1] \n".repeat(30))), Ok(()));
        assert_eq!(take(read_back(1, &[0; 15])), Ok(()));
        assert_eq!(take(read_back(1, &[0; 16])), Err(Impossible::BeyondGpu(GpuLimit::RecordedBytesMax)));
    }

    #[test]
    fn what_is_read_back_keeps_to_the_limits_of_the_grant_and_is_what_is_said_of_it() {
        use GpuLimit::{BufferBytesMax, ReadBacksMax, RecordedBytesMax};
        let beyond = |limit| Err(Impossible::BeyondGpu(limit));
        let of_other_digest = Happening::ReadBack {
            trial: TRIAL,
            fuel: Fuel(1),
            digest: Digest::of(b"another"),
            bytes_read: 4,
            content: b"four".to_vec(),
        };
        let of_other_size = Happening::ReadBack {
            trial: TRIAL,
            fuel: Fuel(1),
            digest: Digest::of(b"four"),
            bytes_read: 5,
            content: b"four".to_vec(),
        };
        let nothing = Happening::ReadBack {
            trial: TRIAL,
            fuel: Fuel(1),
            digest: Digest::of(b"something"),
            bytes_read: 0,
            content: Vec::new(),
        };
        let cases = [
            (vec![read_back(1, b"12345"), unrecorded(1, 256), completed(Vec::new())], Ok(())),
            (vec![read_back(1, b"")], Ok(())),
            (vec![read_back(1, b"123456")], beyond(RecordedBytesMax)),
            (vec![read_back(1, b"123"), read_back(2, b"123")], beyond(RecordedBytesMax)),
            (vec![unrecorded(1, 4), unrecorded(2, 4), unrecorded(3, 4)], beyond(ReadBacksMax)),
            (vec![unrecorded(1, 257)], beyond(BufferBytesMax)),
            (vec![reported(50, &[]), read_back(49, b"")], Err(Impossible::Backwards)),
            (vec![read_back(50, b""), reported(49, &[])], Err(Impossible::Backwards)),
            (vec![read_back(101, b"")], Err(Impossible::Beyond(Limit::FuelMax))),
            (vec![of_other_digest], Err(Impossible::FalseReadBack)),
            (vec![of_other_size], Err(Impossible::FalseReadBack)),
            (vec![nothing], Err(Impossible::FalseReadBack)),
        ];
        for (happenings, expected) in cases {
            assert_eq!(last(&happenings), expected, "{happenings:?}");
        }
    }

    #[test]
    fn a_gpu_is_not_heard_of_in_a_study_that_grants_none() {
        let timed_out = || ended(Outcome::GpuTimeout, Vec::new());
        let of_replicate = Outcome::OfReplicate { number: 1, outcome: Box::new(Outcome::GpuTimeout) };
        assert_eq!((last(&[timed_out()]), last(&[ended(of_replicate.clone(), Vec::new())])), (Ok(()), Ok(())));
        let bounds = Bounds { gpu: None, ..bounds() };
        for happening in [timed_out(), ended(of_replicate, Vec::new()), read_back(1, b"")] {
            assert_eq!(Heard::default().take(&happening, &bounds), Err(Impossible::NotGranted));
        }
    }
}
