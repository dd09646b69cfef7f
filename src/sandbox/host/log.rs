//! `trialbox:trial/log`, and the log itself: text for people, bounded by dropping.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use super::{HostState, fuel_of};

/// A trial's log. Text that WASI's streams write comes in through [`TrialLog::shared`], which has no access to the store; it
/// is priced when the guest gets control back.
pub(in crate::sandbox) struct TrialLog(Arc<SharedLog>);

/// The part of the log that WASI's streams hold too.
pub(in crate::sandbox) struct SharedLog {
    bytes_max: u64,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Text that was not passed on yet.
    pending: Vec<u8>,
    bytes_kept: u64,
    bytes_dropped: u64,
    /// Bytes that came through a stream and were not priced yet.
    bytes_unpriced: u64,
}

impl TrialLog {
    pub(super) fn new(bytes_max: u64) -> Self {
        Self(Arc::new(SharedLog { bytes_max, inner: Mutex::default() }))
    }

    pub(super) fn shared(&self) -> Arc<SharedLog> {
        self.0.clone()
    }

    pub(super) fn write(&self, bytes: &[u8]) {
        self.0.lock().write(bytes, self.0.bytes_max);
    }

    pub(super) fn has_unpriced(&self) -> bool {
        self.0.lock().bytes_unpriced > 0
    }

    pub(super) fn take_unpriced(&self) -> u64 {
        std::mem::take(&mut self.0.lock().bytes_unpriced)
    }

    /// What was written since the last time, as text; what is no UTF-8 is replaced. A character that is cut in the middle
    /// waits for its rest.
    pub(super) fn take(&self) -> Option<String> {
        let mut inner = self.0.lock();
        let whole = inner.pending.len() - cut_character_bytes(&inner.pending);
        if whole == 0 {
            return None;
        }
        let rest = inner.pending.split_off(whole);
        let bytes = std::mem::replace(&mut inner.pending, rest);
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Ends the log: what was begun and cannot be finished any more, as text, and how many bytes were dropped. A character of
    /// which a part was dropped is dropped.
    pub(in crate::sandbox) fn close(&self) -> (String, u64) {
        let mut inner = self.0.lock();
        let rest = std::mem::take(&mut inner.pending);
        if inner.bytes_dropped > 0 {
            return (String::new(), inner.bytes_dropped.saturating_add(rest.len() as u64));
        }
        (String::from_utf8_lossy(&rest).into_owned(), 0)
    }
}

impl SharedLog {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it holds the lock, and the state would be whole even then.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what a stream writes.
    pub(super) fn write_from_stream(&self, bytes: &[u8]) {
        let mut inner = self.lock();
        inner.bytes_unpriced = inner.bytes_unpriced.saturating_add(bytes.len() as u64);
        inner.write(bytes, self.bytes_max);
    }
}

impl Inner {
    fn write(&mut self, bytes: &[u8], bytes_max: u64) {
        let room = usize::try_from(bytes_max - self.bytes_kept).unwrap_or(usize::MAX);
        let kept = &bytes[..bytes.len().min(room)];
        self.bytes_kept += kept.len() as u64;
        self.bytes_dropped = self.bytes_dropped.saturating_add((bytes.len() - kept.len()) as u64);
        self.pending.extend_from_slice(kept);
    }
}

/// How many bytes at the end are the beginning of a character that is not whole yet.
fn cut_character_bytes(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => bytes.len() - error.valid_up_to(),
        _ => 0,
    }
}

pub(super) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    linker.instance("trialbox:trial/log@0.1.0")?.func_wrap(
        "write",
        |mut store: StoreContextMut<'_, HostState>, (text,): (String,)| {
            let state = store.data_mut();
            state.owe_call(text.len() as u64);
            let fuel = fuel_of(&store);
            let state = store.data_mut();
            state.write_log(fuel, text.as_bytes());
            state.write_log(fuel, b"\n");
            #[cfg(feature = "broken-host")]
            if let Some(told) = super::broken::act(&text) {
                store.data_mut().write_log(fuel, format!("{told}\n").as_bytes());
            }
            Ok(())
        },
    )
}
