//! Where a run's events go: into a store, or against the log of an earlier run.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Interrupt, Journal, JournalError};
use crate::numeric::amount::{Fuel, Sequence, TrialId};
use crate::numeric::digest::Digest;
use crate::sandbox::Artifact;
use crate::store::{Entries, Store};
use crate::study::{Entry, LogPiece};

/// Writes a run into a store.
pub struct StoreJournal<'a> {
    store: &'a mut Store,
}

/// Compares a run with the log of an earlier one, event by event. Nothing is written.
pub struct VerifyingJournal<'a> {
    log: Entries<'a>,
    /// Requested when the log is at its end.
    at_end: Interrupt,
    compared: u64,
}

/// A run gave another event than the log holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the runs differ at event {sequence}: the log holds {logged}, this run gives {ours}")]
pub struct Difference {
    /// The position.
    pub sequence: Sequence,
    /// The log's event, in short.
    pub logged: String,
    /// This run's event, in short.
    pub ours: String,
}

impl<'a> StoreJournal<'a> {
    /// A journal that writes into `store`.
    pub fn new(store: &'a mut Store) -> Self {
        Self { store }
    }
}

fn since_1970() -> Duration {
    // The wall clock is written beside the events for people; it is in no digest.
    #[expect(clippy::disallowed_methods, reason = "at the edge, for people only")]
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

impl Journal for StoreJournal<'_> {
    fn append(&mut self, entry: &Entry) -> Result<(), JournalError> {
        Ok(self.store.append(entry, since_1970())?)
    }

    fn append_log(&mut self, trial: TrialId, piece: &LogPiece) -> Result<(), JournalError> {
        Ok(self.store.append_log(trial, piece)?)
    }

    fn cut_log(&mut self, trial: TrialId, fuel: Fuel) -> Result<(), JournalError> {
        Ok(self.store.cut_log(trial, fuel)?)
    }

    fn put_artifact(&mut self, trial: TrialId, artifact: &Artifact) -> Result<(), JournalError> {
        Ok(self.store.put_artifact(artifact.record.digest, trial, &artifact.bytes)?)
    }

    fn drop_artifacts_except(&mut self, trial: TrialId) -> Result<(), JournalError> {
        Ok(self.store.keep_artifacts_of(trial)?)
    }

    fn put_read_back(&mut self, trial: TrialId, digest: Digest, content: &[u8]) -> Result<(), JournalError> {
        Ok(self.store.put_read_back(digest, trial, content)?)
    }

    fn cut_read_backs(&mut self) -> Result<(), JournalError> {
        Ok(self.store.cut_read_backs()?)
    }

    fn mark_cached(&mut self, trial: TrialId, fuel: Option<Fuel>) -> Result<(), JournalError> {
        Ok(self.store.mark_cached(trial, fuel)?)
    }

    fn commit(&mut self) -> Result<(), JournalError> {
        Ok(self.store.commit()?)
    }
}

impl<'a> VerifyingJournal<'a> {
    /// A journal that compares with `log`, and requests `at_end` when there is no more of it.
    pub fn new(log: Entries<'a>, at_end: Interrupt) -> Self {
        Self { log, at_end, compared: 0 }
    }

    /// How many events were found equal.
    #[must_use]
    pub fn compared(&self) -> u64 {
        self.compared
    }
}

impl Journal for VerifyingJournal<'_> {
    fn append(&mut self, entry: &Entry) -> Result<(), JournalError> {
        if self.at_end.is_requested() {
            return Ok(());
        }
        let Some(logged) = self.log.next().transpose()? else {
            self.at_end.request();
            return Ok(());
        };
        if logged.digest != entry.digest {
            let (logged, ours) = (logged.event.in_short(), entry.event.in_short());
            return Err(Difference { sequence: entry.sequence, logged, ours }.into());
        }
        self.compared += 1;
        Ok(())
    }

    fn append_log(&mut self, _: TrialId, _: &LogPiece) -> Result<(), JournalError> {
        Ok(())
    }

    fn cut_log(&mut self, _: TrialId, _: Fuel) -> Result<(), JournalError> {
        Ok(())
    }

    fn put_artifact(&mut self, _: TrialId, _: &Artifact) -> Result<(), JournalError> {
        Ok(())
    }

    fn drop_artifacts_except(&mut self, _: TrialId) -> Result<(), JournalError> {
        Ok(())
    }

    fn put_read_back(&mut self, _: TrialId, _: Digest, _: &[u8]) -> Result<(), JournalError> {
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
