//! What workers say of their trials, told to the machine and the journal once it was found that it can be true.

use super::{Doing, Driver, HOLD_ABOVE_BYTES, bytes_of};
use crate::executor::early_notes::EarlyNote;
use crate::executor::hearing::Impossible;
use crate::executor::message::Happening;
use crate::executor::pool::WorkerId;
use crate::executor::{ExecutorError, KeepArtifacts};
use crate::numeric::amount::{Fuel, TrialId};
use crate::numeric::digest::Digest;
use crate::sandbox::Artifact;
use crate::study::Input;

impl Driver<'_, '_> {
    /// Takes in what a worker says of its trials, up to what cannot be true.
    pub(super) fn take_happenings(
        &mut self,
        worker: WorkerId,
        happenings: Vec<Happening>,
    ) -> Result<(), ExecutorError> {
        for happening in happenings {
            let trial = happening.trial();
            // What a trial did past its end, or on a worker that it was taken from, is not of interest.
            let Some(placed) = self.trials.get_mut(&trial).filter(|placed| placed.worker == worker) else { continue };
            let before = placed.heard.fuel();
            let mut found = placed.heard.take(&happening, &self.bounds);
            if matches!(happening, Happening::Dropped { .. }) && !placed.may_be_dropped {
                found = Err(Impossible::FalseDrop);
            }
            if let Err(impossible) = found {
                return self.lose_worker(worker, impossible.to_string());
            }
            let used = placed.heard.fuel().0.saturating_sub(before.0);
            self.progress.fuel = self.progress.fuel.saturating_add(Fuel(used));
            self.take_happening(happening)?;
            let waiting = self.study.bytes_waiting(trial).saturating_sub(HOLD_ABOVE_BYTES);
            if self.held.contains(&trial) && waiting > self.bounds.held_bytes_max() {
                return self.lose_worker(worker, Impossible::NotHeld.to_string());
            }
        }
        Ok(())
    }

    fn take_happening(&mut self, happening: Happening) -> Result<(), ExecutorError> {
        let trial = happening.trial();
        let doing = self.trials.get(&trial).map(|placed| placed.doing);
        let is_early = matches!(doing, Some(Doing::Early | Doing::Resting));
        let keeps_contents = self.options.keep_artifacts != KeepArtifacts::None;
        if let Some((name, known)) = self.recordings.note(&happening, keeps_contents) {
            self.shelf.put(name, &known);
        }
        match happening {
            Happening::Reported { fuel, report, .. } => {
                self.study.handle(Input::Reported { trial, fuel, report })?;
                self.hold_if_ahead(trial);
                self.rest_if_full(trial);
            }
            Happening::Advanced { fuel, .. } => self.study.handle(Input::Advanced { trial, fuel })?,
            Happening::Waiting { level, .. } => self.speculate(trial, level),
            Happening::Dropped { .. } => self.relaunch_dropped(trial)?,
            Happening::Logged { piece, .. } if is_early => {
                self.early_notes.keep(trial, EarlyNote::Logged(piece));
                self.rest_if_full(trial);
            }
            Happening::Logged { piece, .. } => self.journal.append_log(trial, &piece)?,
            Happening::ReadBack { fuel, digest, bytes_read: bytes, content, .. } => {
                match is_early {
                    true if content.is_empty() => {}
                    true => self.early_notes.keep(trial, EarlyNote::ReadBack(digest, content)),
                    false => self.put_read_back(trial, digest, &content)?,
                }
                self.study.handle(Input::ReadBack { trial, fuel, digest, bytes })?;
                self.hold_if_ahead(trial);
                self.rest_if_full(trial);
            }
            Happening::Ended { fuel, outcome, artifacts, .. } => {
                if let Some(placed) = self.trials.remove(&trial) {
                    self.release_place(&placed)?;
                }
                let records = artifacts.iter().map(|artifact| artifact.record.clone()).collect();
                self.put_aside(trial, artifacts);
                self.study.handle(Input::Ended { trial, fuel, outcome, artifacts: records })?;
            }
        }
        Ok(())
    }

    /// Keeps what a trial has read back from the GPU, unless it is nothing, or was too much to be kept.
    pub(super) fn put_read_back(
        &mut self,
        trial: TrialId,
        digest: Digest,
        content: &[u8],
    ) -> Result<(), ExecutorError> {
        if content.is_empty() {
            return Ok(());
        }
        Ok(self.journal.put_read_back(trial, digest, content)?)
    }

    /// What a trial left behind is kept until its end is in the log.
    pub(super) fn put_aside(&mut self, trial: TrialId, artifacts: Vec<Artifact>) {
        if !artifacts.is_empty() {
            self.artifact_bytes = self.artifact_bytes.saturating_add(bytes_of(&artifacts));
            self.artifacts.insert(trial, artifacts);
        }
    }
}
