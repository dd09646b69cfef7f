//! `trialbox:trial/artifact`, and the artifacts themselves: files that a trial leaves behind, kept in memory until it ends.
//!
//! Commands write them as files ([`super::files`]), through streams that have no access to the store; so they stand apart from it.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use super::HostState;
use crate::sandbox::fault::Fault;
use crate::sandbox::instance::Gate;
use crate::study::{Limit, Limits, Outcome};

/// How long an artifact's name may be.
const NAME_BYTES_MAX: usize = 64;

/// The artifacts of a trial.
pub(in crate::sandbox) struct Artifacts {
    limits: Arc<Limits>,
    /// Where their size is shown.
    gate: Arc<Gate>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    files: BTreeMap<Arc<str>, Vec<u8>>,
    bytes: u64,
    /// Bytes that no call has carried and that were made nevertheless: zeros up to where something was written.
    zeros_unpriced: u64,
}

impl Artifacts {
    pub(in crate::sandbox) fn new(limits: Arc<Limits>, gate: Arc<Gate>) -> Self {
        Self { limits, gate, inner: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it holds the lock.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes an empty one, unless there is one of that name.
    pub(super) fn create(&self, name: &str) -> Result<(), Outcome> {
        let mut inner = self.lock();
        if !inner.files.contains_key(name) {
            if inner.files.len() as u64 >= self.limits.artifacts_max {
                return Err(Outcome::Exceeded { limit: Limit::ArtifactsMax });
            }
            inner.files.insert(name.into(), Vec::new());
        }
        Ok(())
    }

    /// Gives one that many bytes: cuts it, or puts zeros at its end. One that is not there stays away.
    pub(super) fn set_size(&self, name: &str, size: u64) -> Result<(), Outcome> {
        let mut inner = self.lock();
        let Some(before) = inner.files.get(name).map(|bytes| bytes.len() as u64) else { return Ok(()) };
        let total = (inner.bytes - before).saturating_add(size);
        if total > self.limits.artifact_bytes_max {
            return Err(Outcome::Exceeded { limit: Limit::ArtifactBytesMax });
        }
        inner.bytes = total;
        inner.zeros_unpriced = inner.zeros_unpriced.saturating_add(size.saturating_sub(before));
        // The limit is far less than what an address holds.
        let length = usize::try_from(size).unwrap_or(usize::MAX);
        if let Some(bytes) = inner.files.get_mut(name) {
            bytes.resize(length, 0);
            if size == 0 {
                *bytes = Vec::new();
            }
        }
        self.gate.set_artifact_bytes(total);
        Ok(())
    }

    /// Writes to one, from an offset on or else at its end.
    pub(super) fn write(&self, name: &str, offset: Option<u64>, content: &[u8]) -> Result<(), Outcome> {
        let before = self.size(name);
        let offset = offset.unwrap_or(before);
        if offset > before && !content.is_empty() {
            self.set_size(name, offset)?;
        }
        let mut inner = self.lock();
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let total = inner.bytes;
        let Some(bytes) = inner.files.get_mut(name) else { return Ok(()) };
        let overwritten = bytes.len().saturating_sub(start).min(content.len());
        let total = total.saturating_add((content.len() - overwritten) as u64);
        if total > self.limits.artifact_bytes_max {
            return Err(Outcome::Exceeded { limit: Limit::ArtifactBytesMax });
        }
        if let Some(place) = bytes.get_mut(start..start.saturating_add(overwritten)) {
            place.copy_from_slice(&content[..overwritten]);
        }
        bytes.extend_from_slice(&content[overwritten..]);
        inner.bytes = total;
        self.gate.set_artifact_bytes(total);
        Ok(())
    }

    /// How many bytes one has; none if it is not there.
    pub(super) fn size(&self, name: &str) -> u64 {
        self.lock().files.get(name).map_or(0, |bytes| bytes.len() as u64)
    }

    /// Up to so many bytes of one.
    pub(super) fn read(&self, name: &str, offset: u64, length: usize) -> Vec<u8> {
        let inner = self.lock();
        inner.files.get(name).map_or(Vec::new(), |bytes| part(bytes, offset, length).to_vec())
    }

    /// The name, as it is kept, if there is one of it.
    pub(super) fn name(&self, name: &str) -> Option<Arc<str>> {
        self.lock().files.get_key_value(name).map(|(name, _)| name.clone())
    }

    /// The first name after `name`, or of all.
    pub(super) fn name_after(&self, name: Option<&str>) -> Option<Arc<str>> {
        let from = name.map_or(Bound::Unbounded, Bound::Excluded);
        self.lock().files.range::<str, _>((from, Bound::Unbounded)).next().map(|(name, _)| name.clone())
    }

    /// How many bytes were made since somebody last asked, and must be paid for.
    pub(super) fn take_unpriced(&self) -> u64 {
        std::mem::take(&mut self.lock().zeros_unpriced)
    }

    /// All of them, when the trial has ended.
    pub(in crate::sandbox) fn take(&self) -> BTreeMap<Arc<str>, Vec<u8>> {
        std::mem::take(&mut self.lock().files)
    }
}

/// Up to so many bytes from an offset on.
pub(super) fn part(bytes: &[u8], offset: u64, length: usize) -> &[u8] {
    let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
    let end = start.saturating_add(length).min(bytes.len());
    &bytes[start..end]
}

pub(super) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    let mut instance = linker.instance("trialbox:trial/artifact@0.1.0")?;
    instance.func_wrap("append", |mut store: StoreContextMut<'_, HostState>, (name, bytes): (String, Vec<u8>)| {
        let state = store.data_mut();
        state.owe_call(bytes.len() as u64);
        let artifacts = state.trial("artifact.append")?.artifacts.clone();
        check_name(&name)?;
        let appended = artifacts.create(&name).and_then(|()| artifacts.write(&name, None, &bytes));
        appended.map_err(Fault::error)
    })?;
    instance.func_wrap("clear", |mut store: StoreContextMut<'_, HostState>, (name,): (String,)| {
        let state = store.data_mut();
        state.owe_call(0);
        let artifacts = state.trial("artifact.clear")?.artifacts.clone();
        check_name(&name)?;
        artifacts.set_size(&name, 0).map_err(Fault::error)
    })
}

/// Whether an artifact may have that name. Names become file names on the machine of whoever asks for the artifact.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && !name.starts_with('.') && name.bytes().all(allowed)
}

fn check_name(name: &str) -> wasmtime::Result<()> {
    if is_name(name) {
        return Ok(());
    }
    let shown: String = name.chars().take(NAME_BYTES_MAX).flat_map(char::escape_debug).collect();
    Err(Fault::misuse(format!(
        "`{shown}` is no name for an artifact: 1 to {NAME_BYTES_MAX} of a–z, A–Z, 0–9, `.`, `_`, `-`, not beginning with `.`"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifacts(bytes_max: u64) -> (Artifacts, Arc<Gate>) {
        let gate = Arc::new(Gate::default());
        let limits = Limits { artifact_bytes_max: bytes_max, artifacts_max: 2, ..Limits::default() };
        (Artifacts::new(Arc::new(limits), gate.clone()), gate)
    }

    #[test]
    fn what_is_written_anywhere_is_read_there() {
        let (artifacts, gate) = artifacts(20);
        artifacts.create("a").unwrap();
        artifacts.write("a", None, b"abc").unwrap();
        artifacts.write("a", Some(1), b"XYZ").unwrap();
        assert_eq!(artifacts.read("a", 0, 10), b"aXYZ");
        artifacts.write("a", Some(6), b"!").unwrap();
        assert_eq!(artifacts.read("a", 0, 10), b"aXYZ\0\0!");
        assert_eq!((artifacts.take_unpriced(), artifacts.take_unpriced()), (2, 0));
        artifacts.write("a", Some(u64::MAX), b"").unwrap();
        assert_eq!((artifacts.size("a"), gate.kept_bytes()), (7, 7));
        assert_eq!((artifacts.read("a", 6, 9), artifacts.read("a", u64::MAX, 9)), (b"!".to_vec(), Vec::new()));
        artifacts.set_size("a", 2).unwrap();
        assert_eq!((artifacts.read("a", 0, 10), gate.kept_bytes()), (b"aX".to_vec(), 2));
    }

    #[test]
    fn no_way_of_writing_gets_past_the_limits() {
        let exceeded = |limit| Err(Outcome::Exceeded { limit });
        let (artifacts, _) = artifacts(8);
        artifacts.create("a").unwrap();
        artifacts.create("b").unwrap();
        artifacts.create("a").unwrap();
        assert_eq!(artifacts.create("c"), exceeded(Limit::ArtifactsMax));
        artifacts.write("a", None, b"12345").unwrap();
        assert_eq!(artifacts.write("b", None, b"1234"), exceeded(Limit::ArtifactBytesMax));
        assert_eq!(artifacts.write("b", Some(3), b"1"), exceeded(Limit::ArtifactBytesMax));
        assert_eq!(artifacts.write("b", Some(u64::MAX), b"1"), exceeded(Limit::ArtifactBytesMax));
        assert_eq!(artifacts.set_size("b", 9), exceeded(Limit::ArtifactBytesMax));
        assert_eq!(artifacts.set_size("b", u64::MAX), exceeded(Limit::ArtifactBytesMax));
        artifacts.write("a", Some(0), b"12345").unwrap();
        artifacts.set_size("a", 0).unwrap();
        artifacts.set_size("b", 8).unwrap();
    }

    #[test]
    fn names_come_in_order() {
        let (artifacts, _) = artifacts(8);
        artifacts.create("b").unwrap();
        artifacts.create("a").unwrap();
        let after = |name| artifacts.name_after(name).map(|name| name.to_string());
        assert_eq!((after(None), after(Some("a")), after(Some("b"))), (Some("a".into()), Some("b".into()), None));
    }
}
