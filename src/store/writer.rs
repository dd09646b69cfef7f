//! Writes a study file: one writer at a time, events in groups. Talks to `study` for what it writes.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, params};

use super::lock::{WriterLock, beside};
use super::{Corruption, Reader, StoreError, connection, format, row};
use crate::numeric::amount::{Fuel, Sequence, TrialId};
use crate::numeric::digest::Digest;
use crate::study::{Entry, LogPiece};

/// The largest part of an artifact in one row.
const PART_BYTES_MAX: usize = 128 << 20;
/// Who owns the study's inputs, among the numbers of trials.
const INPUT_OWNER: i64 = -1;
/// Who owns what the first trial has read back from the GPU; for later ones one less each. It is no artifact of theirs.
const FIRST_READ_BACK_OWNER: i64 = -2;
/// What the name of a study ends with while it is made.
const DRAFT: &str = ".draft";
/// How long closing waits for readers that keep the write-ahead log in use.
const CLOSE_WAIT: Duration = Duration::from_millis(250);

/// How a writer uses its file. A commit goes to the write-ahead log, so that readers go on meanwhile; it survives the end of the
/// process at once and that of the machine after the next checkpoint. A log that lost its end then is still in order, and
/// resuming the study gives the lost events again.
const SETTINGS: &str = "
    PRAGMA synchronous = NORMAL;
    PRAGMA cache_size = -16384;
    PRAGMA wal_autocheckpoint = 4096;
    PRAGMA foreign_keys = OFF;
";

/// The one writer of a study file.
///
/// What is written becomes readable, and safe from the end of the process, with the next [`Store::commit`]. Once a write has
/// failed, everything after the last commit is gone and nothing more is taken: the log must have no gap.
#[derive(Debug)]
pub struct Store {
    /// Stands before the lock, so that it is closed before that is given up.
    connection: Connection,
    _lock: WriterLock,
    path: PathBuf,
    /// How many events there are, those that are not committed included.
    events: u64,
    /// How many events are committed.
    recorded: u64,
    is_broken: bool,
    /// The greatest number of a trial that may have a log; none if no trial has.
    last_logged: Option<i64>,
    /// Whether any trial's results may have come from a cache.
    has_cached: bool,
    /// Kept for its memory.
    payload: Vec<u8>,
}

impl Store {
    /// Makes a new study file without events.
    ///
    /// # Errors
    /// If there is a file at `path`, or none can be made.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        let place = connection::place_of_new(path)?;
        let lock = WriterLock::take(&place)?;
        // Under a name of its own until it is a study: whatever ends the process meanwhile leaves no half of one at `path`.
        let draft = beside(&place, DRAFT);
        remove_with_logs(&draft);
        // The log of a study that was removed without it would be taken for the new one's.
        remove_logs(&place);
        let made = write_draft(&draft)
            .and_then(|()| move_new(&draft, &place).map_err(|error| StoreError::from_system(path, "make", error)));
        // What can't be removed doesn't matter beside the error that is reported.
        made.inspect_err(|_| remove_with_logs(&draft))?;
        Self::prepare(&place, lock)
    }

    /// Opens the study at `path` to go on with it.
    ///
    /// The log is not checked here: the caller reads it with [`Store::reader`], which does.
    ///
    /// # Errors
    /// If there is none that this release can write, or another process writes it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let place = connection::place_of_existing(path)?;
        // Before anything is made next to a file that is no study.
        drop(connection::open_readable(&place)?);
        let lock = WriterLock::take(&place)?;
        // Where a study can't be moved to its place in one step, its draft may be left beside it.
        remove_with_logs(&beside(&place, DRAFT));
        Self::prepare(&place, lock)
    }

    fn prepare(place: &Path, lock: WriterLock) -> Result<Self, StoreError> {
        let connection = connection::open_writable(place)?;
        let prepared = || -> rusqlite::Result<()> {
            // Where the file system can't share memory SQLite stays with its rollback journal, which is slower and correct.
            connection.query_row("PRAGMA journal_mode = WAL", (), |_| Ok(()))?;
            connection.execute_batch(SETTINGS)
        }();
        prepared.map_err(|error| StoreError::from_sqlite(place, Some(&connection), "open", 0, error))?;
        connection::check_format(place, &connection)?;
        let greatest = |sql: &str| -> Result<Option<i64>, StoreError> {
            let found = connection.query_row(sql, (), |row| row.get(0));
            found.map_err(|error| StoreError::from_sqlite(place, Some(&connection), "read", 0, error))
        };
        let last = greatest("SELECT max(sequence) FROM event")?;
        let has_cached = greatest("SELECT max(trial) FROM cached")?.is_some();
        let last_logged = greatest("SELECT max(trial) FROM log")?;
        let events = match last.map(u64::try_from) {
            None => 0,
            Some(Ok(last)) => last + 1,
            Some(Err(_)) => {
                let problem = Corruption::Gap { missing: Sequence(0) };
                return Err(StoreError::Corrupt { path: place.to_owned(), problem });
            }
        };
        let path = place.to_owned();
        Ok(Self {
            connection,
            _lock: lock,
            path,
            events,
            recorded: events,
            is_broken: false,
            last_logged,
            has_cached,
            payload: Vec::new(),
        })
    }

    /// The full path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many events there are, those that are not committed included.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// A reader of the same file. It sees what was committed.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn reader(&self) -> Result<Reader, StoreError> {
        Reader::open(&self.path)
    }

    /// Puts `entry` at the end of the log. `wall_time` is when it came about, since 1970.
    ///
    /// # Errors
    /// If it is not the next entry or can't be written.
    pub fn append(&mut self, entry: &Entry, wall_time: Duration) -> Result<(), StoreError> {
        if entry.sequence.0 != self.events {
            let path = self.path.clone();
            return Err(StoreError::OutOfOrder { path, expected: Sequence(self.events), found: entry.sequence });
        }
        let mut payload = std::mem::take(&mut self.payload);
        let written = self.append_with(entry, wall_time, &mut payload);
        self.payload = payload;
        written?;
        self.events += 1;
        Ok(())
    }

    fn append_with(&mut self, entry: &Entry, wall_time: Duration, payload: &mut Vec<u8>) -> Result<(), StoreError> {
        let event = &entry.event;
        let unwritable = |path: &Path| StoreError::Unwritable {
            path: path.to_owned(),
            what: format!("event {} (`{}`)", entry.sequence, event.kind()),
        };
        let integers = (
            i64::try_from(entry.sequence.0),
            event.trial().map(|trial| i64::try_from(trial.0)).transpose(),
            i64::try_from(event.time().0),
        );
        let (Ok(sequence), Ok(trial), Ok(time)) = integers else { return Err(unwritable(&self.path)) };
        let Some(payload) = row::write_payload(event, payload) else { return Err(unwritable(&self.path)) };
        let wall_time = i64::try_from(wall_time.as_millis()).unwrap_or(i64::MAX);
        self.write("append to", |connection| {
            connection
                .prepare_cached(row::INSERT)?
                .execute(params![sequence, event.kind(), trial, time, payload, entry.digest.0, wall_time])
                .map(|_| ())
        })
    }

    /// Puts a piece into a trial's log. One that is there already stays as it is: a trial that is run again writes its log again.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn append_log(&mut self, trial: TrialId, piece: &LogPiece) -> Result<(), StoreError> {
        let trial = self.number(trial)?;
        let report = i64::try_from(piece.reports).unwrap_or(i64::MAX);
        let fuel = i64::try_from(piece.fuel.0).unwrap_or(i64::MAX);
        let position = i64::try_from(piece.position).unwrap_or(i64::MAX);
        self.last_logged = self.last_logged.max(Some(trial));
        self.write("append to", |connection| {
            let sql = "INSERT OR IGNORE INTO log (trial, report, fuel, position, text) VALUES (?1, ?2, ?3, ?4, ?5)";
            connection.prepare_cached(sql)?.execute(params![trial, report, fuel, position, piece.text]).map(|_| ())
        })
    }

    /// Forgets what a trial logged with more than `fuel`, because it had run ahead of its end or its pause.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn cut_log(&mut self, trial: TrialId, fuel: Fuel) -> Result<(), StoreError> {
        let trial = self.number(trial)?;
        let fuel = i64::try_from(fuel.0).unwrap_or(i64::MAX);
        if self.has_no_log(trial) {
            return Ok(());
        }
        self.write("change", |connection| {
            let sql = "DELETE FROM log WHERE trial = ?1 AND fuel > ?2";
            connection.prepare_cached(sql)?.execute([trial, fuel]).map(|_| ())
        })
    }

    /// Takes note that a trial's results came from a cache, up to that fuel; with none that they did not.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn mark_cached(&mut self, trial: TrialId, fuel: Option<Fuel>) -> Result<(), StoreError> {
        let trial = self.number(trial)?;
        let Some(fuel) = fuel else {
            if !self.has_cached {
                return Ok(());
            }
            return self.write("change", |connection| {
                connection.prepare_cached("DELETE FROM cached WHERE trial = ?1")?.execute([trial]).map(|_| ())
            });
        };
        let fuel = i64::try_from(fuel.0).unwrap_or(i64::MAX);
        self.has_cached = true;
        self.write("change", |connection| {
            let sql = "INSERT OR REPLACE INTO cached (trial, fuel) VALUES (?1, ?2)";
            connection.prepare_cached(sql)?.execute([trial, fuel]).map(|_| ())
        })
    }

    /// Keeps an input of the study: its component or one of its data sets. `digest` is that of `bytes`.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn put_input(&mut self, digest: Digest, bytes: &[u8]) -> Result<(), StoreError> {
        self.put_content(digest, INPUT_OWNER, bytes)
    }

    /// Keeps the content of an artifact of a trial. `digest` is that of `bytes`; who reads it checks that.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn put_artifact(&mut self, digest: Digest, trial: TrialId, bytes: &[u8]) -> Result<(), StoreError> {
        let trial = self.number(trial)?;
        self.put_content(digest, trial, bytes)
    }

    /// Keeps the content of what a trial has read back from the GPU. `digest` is that of `bytes`; who reads it checks that.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn put_read_back(&mut self, digest: Digest, trial: TrialId, bytes: &[u8]) -> Result<(), StoreError> {
        let trial = self.number(trial)?;
        self.put_content(digest, FIRST_READ_BACK_OWNER.saturating_sub(trial), bytes)
    }

    /// Drops the contents of read-backs that no event tells of: what trials read back ahead of their ends or their pauses.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn cut_read_backs(&mut self) -> Result<(), StoreError> {
        self.write("change", |connection| {
            // Digests are text in payloads, in small letters.
            let untold = "DELETE FROM artifact_owner WHERE trial <= ?1 AND (trial, lower(hex(digest))) NOT IN (
                    SELECT ?1 - trial, payload ->> '$.read_back.digest' FROM event WHERE kind = 'read_back'
                )";
            connection.prepare_cached(untold)?.execute([FIRST_READ_BACK_OWNER])?;
            remove_orphans(connection)
        })
    }

    fn put_content(&mut self, digest: Digest, owner: i64, bytes: &[u8]) -> Result<(), StoreError> {
        self.write("write an artifact to", |connection| {
            let own = "INSERT OR IGNORE INTO artifact_owner (trial, digest) VALUES (?1, ?2)";
            connection.prepare_cached(own)?.execute(params![owner, digest.0])?;
            let is_there: bool = connection
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM artifact WHERE digest = ?1)")?
                .query_row([digest.0], |row| row.get(0))?;
            if is_there {
                return Ok(());
            }
            let mut insert =
                connection.prepare_cached("INSERT INTO artifact (digest, part, bytes) VALUES (?1, ?2, ?3)")?;
            // An empty artifact has one part too, so that it is there.
            let count = bytes.len().div_ceil(PART_BYTES_MAX).max(1);
            for part in 0..count {
                let start = part * PART_BYTES_MAX;
                let end = bytes.len().min(start + PART_BYTES_MAX);
                insert.execute(params![digest.0, part as i64, &bytes[start..end]])?;
            }
            Ok(())
        })
    }

    /// Drops the contents of artifacts that belong to other trials only. What the log says of them stays.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn keep_artifacts_of(&mut self, trial: TrialId) -> Result<(), StoreError> {
        let trial = self.number(trial)?;
        self.write("change", |connection| {
            connection
                .prepare_cached("DELETE FROM artifact_owner WHERE trial <> ?1 AND trial >= 0")?
                .execute([trial])?;
            remove_orphans(connection)
        })
    }

    /// Makes what was written readable for others, and safe from the end of this process.
    ///
    /// # Errors
    /// If it can't be written; everything after the last commit is then gone.
    pub fn commit(&mut self) -> Result<(), StoreError> {
        if self.is_broken {
            return Err(self.broken());
        }
        if !self.connection.is_autocommit() {
            let done = self.connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute(()));
            done.map_err(|error| self.fail("commit to", error))?;
        }
        self.recorded = self.events;
        Ok(())
    }

    /// Commits and leaves the study in its one file.
    ///
    /// While others read the file, a write-ahead log stays next to it; the last of them that may write removes it.
    ///
    /// # Errors
    /// If it can't be written; [`StoreError::Full`] after the commit loses nothing.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.commit()?;
        let moved = || -> rusqlite::Result<()> {
            self.connection.busy_timeout(CLOSE_WAIT)?;
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))?;
            // With a rollback journal the file can be read where nothing can be written, and copied alone.
            self.connection.query_row("PRAGMA journal_mode = DELETE", (), |_| Ok(()))
        }();
        match moved.map_err(|error| self.failure("close", error)) {
            Ok(()) | Err(StoreError::Busy { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Writes something in the open transaction, or in a new one.
    fn write(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        if self.is_broken {
            return Err(self.broken());
        }
        if self.connection.is_autocommit() {
            let begun = self.connection.prepare_cached("BEGIN IMMEDIATE").and_then(|mut begin| begin.execute(()));
            // Nothing is lost where no transaction could be begun; it may be tried again.
            begun.map_err(|error| self.failure(doing, error))?;
        }
        work(&self.connection).map_err(|error| self.fail(doing, error))
    }

    /// Takes note of a failure in a transaction: SQLite may have dropped all of it, so that going on would leave a gap.
    fn fail(&mut self, doing: &'static str, error: rusqlite::Error) -> StoreError {
        let failure = self.failure(doing, error);
        if !self.connection.is_autocommit() {
            // If even this fails, closing the connection drops the transaction.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        self.is_broken = true;
        self.events = self.recorded;
        failure
    }

    fn failure(&self, doing: &'static str, error: rusqlite::Error) -> StoreError {
        StoreError::from_sqlite(&self.path, Some(&self.connection), doing, self.recorded, error)
    }

    fn broken(&self) -> StoreError {
        StoreError::Broken { path: self.path.clone(), recorded: self.recorded }
    }

    /// Whether it is known that a trial has no log. Most trials never write one, and a search for it costs more than their events.
    fn has_no_log(&self, trial: i64) -> bool {
        self.last_logged < Some(trial)
    }

    fn number(&self, trial: TrialId) -> Result<i64, StoreError> {
        i64::try_from(trial.0).map_err(|_| StoreError::Unwritable {
            path: self.path.clone(),
            what: format!("the number of trial {trial}"),
        })
    }
}

/// Drops the contents that belong to nobody.
fn remove_orphans(connection: &Connection) -> rusqlite::Result<()> {
    let orphans = "DELETE FROM artifact WHERE digest NOT IN (SELECT digest FROM artifact_owner)";
    connection.prepare_cached(orphans)?.execute(()).map(|_| ())
}

/// Makes a study without events, in one file that is safe on disk.
fn write_draft(draft: &Path) -> Result<(), StoreError> {
    File::create_new(draft).map_err(|error| StoreError::from_system(draft, "make", error))?;
    let connection = connection::open_writable(draft)?;
    let written = format::write_schema(&connection);
    written.map_err(|error| StoreError::from_sqlite(draft, Some(&connection), "make", 0, error))?;
    connection
        .close()
        .map_err(|(connection, error)| StoreError::from_sqlite(draft, Some(&connection), "make", 0, error))
}

/// Moves a file to a name that no file has; never over one that somebody else has made since.
fn move_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // Not every file system can; then in two steps.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {}
            moved => return moved.map_err(io::Error::from),
        }
    }
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists || to.try_exists()? => Err(error),
        // No links either. All who make studies hold the lock, and this one has looked.
        Err(_) => fs::rename(from, to),
    }
}

/// Removes a draft and what SQLite may have left beside it. The caller holds the lock of the study, so that nobody writes it.
fn remove_with_logs(path: &Path) {
    // There is none but after a crash; and if one stays, making the next says why.
    let _ = fs::remove_file(path);
    remove_logs(path);
}

/// Removes what SQLite may have left beside a file that is gone.
fn remove_logs(path: &Path) {
    for suffix in ["-wal", "-shm", "-journal"] {
        let _ = fs::remove_file(beside(path, suffix));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::amount::{Seed, Slot, VirtualTime};
    use crate::space::{Config, Space, Value};
    use crate::study::{Chain, Event, StudySpec};

    fn first() -> Event {
        let space = Space::new(Vec::new()).unwrap();
        Event::StudyStarted { spec: Box::new(StudySpec::new("full", space, Digest::of(b"prices"))) }
    }

    fn started(trial: u64) -> Event {
        let config: Config = [("text".to_owned(), Value::Text("x".repeat(1000)))].into_iter().collect();
        Event::TrialStarted {
            trial: TrialId(trial),
            slot: Slot(0),
            time: VirtualTime(trial),
            seed: Seed(trial),
            config,
            bracket: None,
            milestone: None,
        }
    }

    fn names_in(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    #[test]
    fn a_draft_that_was_left_behind_is_replaced_and_nothing_stays_beside_the_study() {
        let whole = {
            let folder = tempfile::tempdir().unwrap();
            let draft = folder.path().join("a.draft");
            write_draft(&draft).unwrap();
            fs::read(draft).unwrap()
        };
        // As a process leaves them that ends at once: nothing yet, a part, and the whole with its journal.
        for content in [&b""[..], &whole[..whole.len() / 2], &whole] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.study");
            fs::write(folder.path().join("a.study.draft"), content).unwrap();
            fs::write(folder.path().join("a.study.draft-journal"), &whole[..content.len() / 3]).unwrap();
            let mut store = Store::create(&path).unwrap();
            store.append(&Chain::default().push(first()), Duration::ZERO).unwrap();
            store.close().unwrap();
            assert_eq!(names_in(folder.path()), ["a.study"]);
            assert_eq!(Reader::open(&path).unwrap().head().unwrap().len(), 1);
        }
    }

    #[test]
    fn a_study_is_never_moved_over_a_file_that_somebody_else_has_made() {
        let folder = tempfile::tempdir().unwrap();
        let (draft, path) = (folder.path().join("a.study.draft"), folder.path().join("a.study"));
        write_draft(&draft).unwrap();
        fs::write(&path, b"theirs").unwrap();
        assert_eq!(move_new(&draft, &path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"theirs");
        assert!(matches!(Store::create(&path), Err(StoreError::Exists { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"theirs");
    }

    #[test]
    fn opening_a_study_removes_the_draft_that_it_was_made_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.study");
        Store::create(&path).unwrap().close().unwrap();
        fs::hard_link(&path, folder.path().join("a.study.draft")).unwrap();
        Store::open(&path).unwrap().close().unwrap();
        assert_eq!(names_in(folder.path()), ["a.study"]);
    }

    #[test]
    fn a_full_disk_loses_nothing_that_was_committed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.study");
        let mut store = Store::create(&path).unwrap();
        let mut chain = Chain::default();
        store.append(&chain.push(first()), Duration::ZERO).unwrap();
        store.commit().unwrap();
        store.connection.query_row("PRAGMA max_page_count = 60", (), |_| Ok(())).unwrap();
        let mut whole = chain.clone();
        let failure = (0..1000)
            .find_map(|trial| {
                store.append(&chain.push(started(trial)), Duration::ZERO).and_then(|()| store.commit()).err().or_else(
                    || {
                        whole = chain.clone();
                        None
                    },
                )
            })
            .unwrap();
        let recorded = whole.len();
        assert!(matches!(failure, StoreError::Full { recorded: found, .. } if found == recorded), "{failure:?}");
        assert!(failure.hint().unwrap().ends_with(&format!("up to event {}", recorded - 1)));
        assert!(matches!(store.append(&chain.push(started(2000)), Duration::ZERO), Err(StoreError::OutOfOrder { .. })));
        assert!(matches!(store.commit(), Err(StoreError::Broken { .. })));
        drop(store);
        assert_eq!(Reader::open(&path).unwrap().head().unwrap(), whole);
    }
}
