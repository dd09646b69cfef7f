//! Reads a study file, also while another process writes it. Talks to `study`, which folds and checks what is read.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use super::{Corruption, StoreError, connection, row};
use crate::numeric::amount::{Fuel, Sequence, TrialId};
use crate::numeric::digest::Digest;
use crate::study::{Chain, Entry, Event, LogPiece, Metrics, Report, StudySpec, StudyState};

/// How many entries are read at a time.
const BATCH_ENTRIES: usize = 512;
/// How many bytes of payload are read at a time, so that a hostile file can't fill the memory.
const BATCH_BYTES: usize = 4 << 20;

/// Reads a study file.
///
/// Everything that it tells of the log is checked against the hash chain first. A log that was cut at its end can't be told
/// from one of a study that was interrupted; such a study can be resumed, and ends with the same digest.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    path: PathBuf,
}

/// What a trial has read back from the GPU at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadBack {
    /// The trial's fuel until then.
    pub fuel: Fuel,
    /// The digest of what it read.
    pub digest: Digest,
    /// How many bytes it read.
    pub bytes: u64,
    /// What it read, if that was kept. Equal contents are in memory once.
    pub content: Option<Arc<[u8]>>,
}

/// The entries of a log in order, checked.
///
/// After the end it may be asked again: it then gives what was written in the meantime. After an error it gives nothing more.
#[derive(Debug)]
pub struct Entries<'a> {
    reader: &'a Reader,
    /// The log as far as it was read from the file.
    chain: Chain,
    ready: VecDeque<Entry>,
    /// What comes after those that are ready.
    error: Option<StoreError>,
    has_failed: bool,
}

impl Reader {
    /// Opens the study at `path`.
    ///
    /// # Errors
    /// If there is none that this release can read.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let place = connection::place_of_existing(path)?;
        let connection = connection::open_readable(&place)?;
        Ok(Self { connection, path: place })
    }

    /// The full path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the study is a function of.
    ///
    /// # Errors
    /// If the file can't be read, or was changed there.
    pub fn spec(&self) -> Result<StudySpec, StoreError> {
        match self.entries().next().transpose()?.map(|entry| entry.event) {
            Some(Event::StudyStarted { spec }) => Ok(*spec),
            _ => Err(self.corrupt(Corruption::Empty)),
        }
    }

    /// The entries of the log from the first on.
    #[must_use]
    pub fn entries(&self) -> Entries<'_> {
        self.entries_after(Chain::default())
    }

    /// The entries of the log that come after those of `chain`.
    #[must_use]
    pub fn entries_after(&self, chain: Chain) -> Entries<'_> {
        Entries { reader: self, chain, ready: VecDeque::new(), error: None, has_failed: false }
    }

    /// The state of the study after all of its events.
    ///
    /// # Errors
    /// If the file can't be read, or was changed.
    pub fn state(&self) -> Result<StudyState, StoreError> {
        Ok(self.state_and_head()?.0)
    }

    /// The state with the hash chain, for who wants both of a long log.
    ///
    /// # Errors
    /// If the file can't be read, or was changed.
    pub fn state_and_head(&self) -> Result<(StudyState, Chain), StoreError> {
        let mut state = StudyState::new(Metrics::default());
        let mut entries = self.entries();
        for entry in &mut entries {
            state.apply(&entry?.event);
        }
        if entries.chain.is_empty() { Err(self.corrupt(Corruption::Empty)) } else { Ok((state, entries.chain)) }
    }

    /// The digest of the study: that of all of its events.
    ///
    /// # Errors
    /// If the file can't be read, or was changed.
    pub fn digest(&self) -> Result<Digest, StoreError> {
        Ok(self.head()?.head())
    }

    /// The hash chain over all events.
    ///
    /// # Errors
    /// If the file can't be read, or was changed.
    pub fn head(&self) -> Result<Chain, StoreError> {
        let mut entries = self.entries();
        for entry in &mut entries {
            entry?;
        }
        Ok(entries.chain)
    }

    /// The accepted reports of a trial in order.
    ///
    /// # Errors
    /// If the file can't be read, or was changed: the whole log is read, since nothing less can be checked.
    pub fn reports(&self, trial: TrialId) -> Result<Vec<Report>, StoreError> {
        let mut reports = Vec::new();
        for entry in self.entries() {
            match entry?.event {
                Event::Reported { trial: reported, report, .. } if reported == trial => reports.push(report),
                _ => {}
            }
        }
        Ok(reports)
    }

    /// What a trial has read back from the GPU, in order.
    ///
    /// # Errors
    /// If the file can't be read, or was changed: the whole log is read, since nothing less can be checked.
    pub fn read_backs(&self, trial: TrialId) -> Result<Vec<ReadBack>, StoreError> {
        let (mut read_backs, mut contents) = (Vec::new(), BTreeMap::new());
        for entry in self.entries() {
            let Event::ReadBack { trial: reader, fuel, digest, bytes, .. } = entry?.event else { continue };
            if reader != trial {
                continue;
            }
            let content = match contents.get(&digest) {
                // Of nothing nothing needs to be kept.
                _ if bytes == 0 => Some(Arc::from([])),
                Some(content) => Option::clone(content),
                None => {
                    let content = self.artifact(digest)?.map(Arc::from);
                    contents.insert(digest, content.clone());
                    content
                }
            };
            if content.as_ref().is_some_and(|content: &Arc<[u8]>| content.len() as u64 != bytes) {
                return Err(self.corrupt(Corruption::Artifact(digest)));
            }
            read_backs.push(ReadBack { fuel, digest, bytes, content });
        }
        Ok(read_backs)
    }

    /// What a trial wrote to its log.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn log(&self, trial: TrialId) -> Result<Vec<LogPiece>, StoreError> {
        let Ok(trial) = i64::try_from(trial.0) else { return Ok(Vec::new()) };
        self.ask(|connection| {
            let sql = "SELECT position, report, fuel, text FROM log WHERE trial = ?1 ORDER BY position";
            let mut statement = connection.prepare_cached(sql)?;
            let rows =
                statement.query_map([trial], |row| Ok(([row.get(0)?, row.get(1)?, row.get(2)?], row.get(3)?)))?;
            rows.collect::<Result<Vec<_>, _>>()
        })?
        .into_iter()
        .map(|(numbers, text): ([i64; 3], String)| {
            let corrupt = |_| self.corrupt(Corruption::Log(format!("{numbers:?} are no numbers of a piece of a log")));
            let [position, reports, fuel] = numbers.map(u64::try_from);
            let (position, reports) = (position.map_err(corrupt)?, reports.map_err(corrupt)?);
            Ok(LogPiece { position, reports, fuel: Fuel(fuel.map_err(corrupt)?), text })
        })
        .collect()
    }

    /// The trials whose results came from a cache, each up to its fuel. Nothing proves it, and nothing rests on it.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn cached(&self) -> Result<BTreeMap<TrialId, Fuel>, StoreError> {
        let rows: Vec<(i64, i64)> = self.ask(|connection| {
            let mut statement = connection.prepare_cached("SELECT trial, fuel FROM cached")?;
            statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })?;
        let number = |number: i64| u64::try_from(number).ok();
        Ok(rows.into_iter().filter_map(|(trial, fuel)| Some((TrialId(number(trial)?), Fuel(number(fuel)?)))).collect())
    }

    /// The content of an artifact, if it was kept.
    ///
    /// # Errors
    /// If the file can't be read, or the content was changed.
    pub fn artifact(&self, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let parts = self.ask(|connection| {
            // A damaged file can claim more bytes than it has, many times over.
            let file_bytes: i64 = connection.query_row(
                "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
                (),
                |row| row.get(0),
            )?;
            let mut statement =
                connection.prepare_cached("SELECT bytes FROM artifact WHERE digest = ?1 ORDER BY part")?;
            let mut rows = statement.query([digest.0])?;
            let mut content: Option<Vec<u8>> = None;
            while let Some(row) = rows.next()? {
                let part = row.get_ref(0)?.as_blob()?;
                let content = content.get_or_insert_default();
                if content.len() as u64 + part.len() as u64 > file_bytes.unsigned_abs() {
                    content.clear();
                    break;
                }
                content.extend_from_slice(part);
            }
            Ok(content)
        })?;
        match parts {
            Some(content) if Digest::of(&content) != digest => Err(self.corrupt(Corruption::Artifact(digest))),
            parts => Ok(parts),
        }
    }

    /// When an event was recorded, on the clock of the machine that ran the study, since 1970. Nothing proves it.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn wall_time(&self, sequence: Sequence) -> Result<Option<Duration>, StoreError> {
        let Ok(sequence) = i64::try_from(sequence.0) else { return Ok(None) };
        let milliseconds: Option<i64> = self.ask(|connection| {
            connection
                .prepare_cached("SELECT wall_time_ms FROM event WHERE sequence = ?1")?
                .query_row([sequence], |row| row.get(0))
                .optional()
        })?;
        Ok(milliseconds.and_then(|milliseconds| u64::try_from(milliseconds).ok()).map(Duration::from_millis))
    }

    fn ask<T>(&self, question: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        question(&self.connection)
            .map_err(|error| StoreError::from_sqlite(&self.path, Some(&self.connection), "read", 0, error))
    }

    fn corrupt(&self, problem: Corruption) -> StoreError {
        StoreError::Corrupt { path: self.path.clone(), problem }
    }
}

impl Entries<'_> {
    /// Reads the next entries into `ready`, and what went wrong after them into `error`.
    ///
    /// Each batch is a query of its own. A log only grows, so that they fit together, and a reader that takes its time doesn't
    /// keep the writer from clearing its write-ahead log.
    fn fill(&mut self) {
        let Self { reader, chain, ready, error, .. } = self;
        // Past what SQLite can count there is no entry.
        let Ok(from) = i64::try_from(chain.len()) else { return };
        let outcome = reader.ask(|connection| {
            let mut statement = connection.prepare_cached(row::SELECT_FROM)?;
            let mut rows = statement.query([from])?;
            let mut bytes = 0;
            while ready.len() < BATCH_ENTRIES
                && bytes < BATCH_BYTES
                && let Some(row) = rows.next()?
            {
                bytes += row::payload_bytes(row);
                match row::read_entry(row, chain) {
                    Ok(entry) => ready.push_back(entry),
                    Err(problem) => return Ok(Err(problem)),
                }
            }
            Ok(Ok(()))
        });
        *error = match outcome {
            Ok(Ok(())) => None,
            Ok(Err(problem)) => Some(reader.corrupt(problem)),
            Err(problem) => Some(problem),
        };
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<Entry, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty() && self.error.is_none() && !self.has_failed {
            self.fill();
        }
        if let Some(entry) = self.ready.pop_front() {
            return Some(Ok(entry));
        }
        let error = self.error.take()?;
        self.has_failed = true;
        Some(Err(error))
    }
}
