//! An entry: what is known of what a trial does, as the driver would hear it from a worker, and its encoding. Talks to nobody.

use serde::{Deserialize, Serialize};

use crate::numeric::amount::Fuel;
use crate::numeric::digest::{Digest, canonical_bytes};
use crate::sandbox::Artifact;
use crate::study::{ArtifactRecord, LogPiece, Outcome, Report};

/// How many bytes of an encoded entry are its digest.
const DIGEST_BYTES: usize = 32;

/// What is known of what a trial does: from its start to its end, or up to some fuel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::executor) struct Known {
    /// What it said, in order.
    pub(in crate::executor) notes: Vec<Note>,
    /// How it ended, if that is known.
    pub(in crate::executor) end: Option<KnownEnd>,
    /// A lower bound of the fuel of whatever comes after the notes; of the end its fuel.
    pub(in crate::executor) bound: Fuel,
}

/// Something that a trial said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::executor) enum Note {
    Reported(Fuel, Report),
    Logged(LogPiece),
    ReadBack(KnownReadBack),
}

/// What a trial read back from the GPU.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::executor) struct KnownReadBack {
    pub(in crate::executor) fuel: Fuel,
    pub(in crate::executor) digest: Digest,
    /// How many bytes it read.
    pub(in crate::executor) bytes: u64,
    /// What it read; nothing, if that was too much to be kept.
    pub(in crate::executor) content: Vec<u8>,
}

/// How a trial ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::executor) struct KnownEnd {
    pub(in crate::executor) outcome: Outcome,
    pub(in crate::executor) artifacts: Vec<ArtifactRecord>,
    /// What is in the artifacts, one by one; none if nobody wanted to keep that.
    pub(in crate::executor) contents: Option<Vec<Vec<u8>>>,
}

impl Known {
    /// The entry of that name, with the digest of both before it.
    pub(super) fn encode(&self, name: Digest) -> Vec<u8> {
        let body = canonical_bytes(self);
        [&digest(name, &body).0, body.as_slice()].concat()
    }

    /// The entry, unless its bytes are damaged, belong to another name or cannot have come from a trial.
    pub(super) fn decode(name: Digest, bytes: &[u8]) -> Option<Self> {
        let (found, body) = bytes.split_at_checked(DIGEST_BYTES)?;
        if digest(name, body).0 != found {
            return None;
        }
        postcard::from_bytes(body).ok().filter(Self::makes_sense)
    }

    /// Whether fuel never falls, and each artifact and read-back is what its record says.
    fn makes_sense(&self) -> bool {
        let fuels = self.notes.iter().filter_map(|note| match note {
            Note::Reported(fuel, _) => Some(*fuel),
            Note::ReadBack(read_back) => Some(read_back.fuel),
            Note::Logged(_) => None,
        });
        let is_true = |note: &Note| match note {
            Note::ReadBack(KnownReadBack { digest, bytes, content, .. }) => {
                let is_whole = content.len() as u64 == *bytes && *digest == Digest::of(content);
                is_whole || (content.is_empty() && *bytes > 0)
            }
            Note::Reported(..) | Note::Logged(_) => true,
        };
        let is_rising = fuels.chain([self.bound]).is_sorted();
        let has_contents = |end: &KnownEnd| match &end.contents {
            None => true,
            Some(contents) => {
                let fits = |(record, content): (&ArtifactRecord, &Vec<u8>)| record.digest == Digest::of(content);
                contents.len() == end.artifacts.len() && end.artifacts.iter().zip(contents).all(fits)
            }
        };
        is_rising && self.notes.iter().all(is_true) && self.end.as_ref().is_none_or(has_contents)
    }
}

fn digest(name: Digest, body: &[u8]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&name.0).update(body);
    Digest(*hasher.finalize().as_bytes())
}

impl KnownEnd {
    pub(in crate::executor) fn of(outcome: &Outcome, artifacts: &[Artifact], keeps_contents: bool) -> Self {
        Self {
            outcome: outcome.clone(),
            artifacts: artifacts.iter().map(|artifact| artifact.record.clone()).collect(),
            contents: keeps_contents.then(|| artifacts.iter().map(|artifact| artifact.bytes.clone()).collect()),
        }
    }

    /// Whether it has what `keeps_contents` asks for.
    pub(in crate::executor) fn suffices(&self, keeps_contents: bool) -> bool {
        !keeps_contents || self.artifacts.is_empty() || self.contents.is_some()
    }

    /// The artifacts whose contents are known.
    pub(in crate::executor) fn contents(self) -> Vec<Artifact> {
        let contents = self.contents.unwrap_or_default();
        self.artifacts.into_iter().zip(contents).map(|(record, bytes)| Artifact { record, bytes }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Value;
    use crate::study::Attribute;

    fn known() -> Known {
        let attribute = Attribute { name: "loss".into(), value: Value::Real(f64::NAN) };
        let report = Report { attributes: vec![attribute] };
        let piece = LogPiece { position: 0, reports: 0, fuel: Fuel(1), text: "begun".into() };
        let bytes = b"weights".to_vec();
        let record = ArtifactRecord { name: "model".into(), digest: Digest::of(&bytes), bytes: 7 };
        Known {
            notes: vec![Note::Logged(piece), Note::Reported(Fuel(2), report)],
            end: Some(KnownEnd::of(&Outcome::Completed, &[Artifact { record, bytes }], true)),
            bound: Fuel(3),
        }
    }

    #[test]
    fn an_entry_reads_back_and_any_damage_makes_it_absent() {
        let name = Digest::of(b"name");
        let bytes = known().encode(name);
        let read = Known::decode(name, &bytes).unwrap();
        // NaN is not equal to itself, so as text.
        assert_eq!(format!("{read:?}"), format!("{:?}", known()));
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1;
            assert!(Known::decode(name, &damaged).is_none(), "{place}");
            assert!(Known::decode(name, &bytes[..place]).is_none(), "{place}");
        }
        assert!(Known::decode(Digest::of(b"another"), &bytes).is_none());
    }

    #[test]
    fn what_cannot_have_come_from_a_trial_is_absent_whatever_its_digest() {
        let name = Digest::of(b"name");
        let falling = Known { bound: Fuel(1), ..known() };
        assert!(Known::decode(name, &falling.encode(name)).is_none());
        let mut foreign = known();
        let end = foreign.end.as_mut().unwrap();
        end.contents = Some(vec![b"others".to_vec()]);
        assert!(Known::decode(name, &foreign.encode(name)).is_none());
    }

    #[test]
    fn an_end_without_contents_suffices_for_who_does_not_keep_them() {
        let end = known().end.unwrap();
        let without = KnownEnd { contents: None, ..end.clone() };
        assert!(end.suffices(true) && without.suffices(false) && !without.suffices(true));
        assert!(KnownEnd { artifacts: Vec::new(), ..without.clone() }.suffices(true));
        assert_eq!(end.contents()[0].bytes, b"weights");
        assert!(without.contents().is_empty());
    }
}
