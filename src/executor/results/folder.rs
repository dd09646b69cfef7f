//! A folder of entries, one file each, that any number of processes may use at a time. Talks to the file system only.
//!
//! A file is put in place whole, under a name that is the digest of what its content depends on. It begins with the digest of its
//! name and its content: what is damaged or misplaced is as if it were not there. When the folder grows past its bound, the files that were used longest ago
//! go first; using one sets its time.

#![expect(clippy::disallowed_methods, reason = "when a file was used last is for the wall clock to say")]

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::known::Known;
use crate::numeric::digest::Digest;

/// What the file of an entry ends with.
const ENTRY_SUFFIX: &str = "result";
/// What the file of an entry ends with until it is whole.
const DRAFT_SUFFIX: &str = "draft";
/// A draft of that age was left behind.
const DRAFT_AGE_MAX: Duration = Duration::from_secs(3600);
/// An entry may take so much of the folder: one part in so many.
const ENTRY_SHARE: u64 = 4;
/// When room is made, so much of the bound is kept free: one part in so many.
const FREE_SHARE: u64 = 10;

/// A folder of what trials did, which studies share.
#[derive(Debug)]
pub struct ResultCache {
    folder: PathBuf,
    bytes_max: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// How many bytes the folder had when it was last looked at, and what was put there since.
    bytes: u64,
    /// Why an entry could not be kept; none are kept after that.
    trouble: Option<String>,
}

/// A folder cannot be used for results.
#[derive(Debug, thiserror::Error)]
#[error("the result cache `{}` cannot be used: {source}", folder.display())]
pub struct ResultCacheError {
    /// The folder.
    pub folder: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

/// A file of the folder.
struct Held {
    path: PathBuf,
    used: SystemTime,
    bytes: u64,
}

impl ResultCache {
    /// How many bytes a folder may have if nothing else is said.
    pub const BYTES_MAX: u64 = 1 << 30;

    /// Opens the folder, making it if it is not there. It may have `bytes_max` bytes; while several processes write, each bounds it by
    /// what it knows, so that it may have some more for a while.
    ///
    /// # Errors
    /// If it is no folder, cannot be made or cannot be read.
    pub fn open(folder: &Path, bytes_max: u64) -> Result<Self, ResultCacheError> {
        let failed = |source| ResultCacheError { folder: folder.to_owned(), source };
        make_folder(folder).map_err(failed)?;
        let cache =
            Self { folder: fs::canonicalize(folder).map_err(failed)?, bytes_max, state: Mutex::new(State::default()) };
        cache.make_room().map_err(failed)?;
        Ok(cache)
    }

    /// Why entries could not be kept, if so. The study is none the worse for it.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.state().trouble.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, name: Digest) -> PathBuf {
        self.folder.join(format!("{name}.{ENTRY_SUFFIX}"))
    }

    pub(super) fn has(&self, name: Digest) -> bool {
        self.path(name).exists()
    }

    /// The entry of that name, unless it is not there or damaged.
    pub(super) fn get(&self, name: Digest) -> Option<Known> {
        let path = self.path(name);
        if fs::metadata(&path).ok()?.len() > self.bytes_max {
            return None;
        }
        let known = Known::decode(name, &fs::read(&path).ok()?)?;
        // Where the time cannot be set, the entry only goes sooner.
        let _ = File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        Some(known)
    }

    /// Keeps an entry, if it can. A folder that fails is no failure of the study.
    pub(super) fn put(&self, name: Digest, known: &Known) {
        if self.trouble().is_some() {
            return;
        }
        let entry = known.encode(name);
        let bytes = entry.len() as u64;
        if bytes > self.bytes_max / ENTRY_SHARE {
            return;
        }
        if let Err(error) = self.write(name, &entry) {
            self.state().trouble = Some(error.to_string());
            return;
        }
        let total = {
            let mut state = self.state();
            state.bytes = state.bytes.saturating_add(bytes);
            state.bytes
        };
        if total > self.bytes_max {
            // What cannot be read now is tried with the next entry.
            let _ = self.make_room();
        }
    }

    fn write(&self, name: Digest, entry: &[u8]) -> io::Result<()> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let draft = self.folder.join(format!("{name}.{:016x}.{DRAFT_SUFFIX}", u64::from_le_bytes(random)));
        fs::write(&draft, entry).and_then(|()| fs::rename(&draft, self.path(name))).inspect_err(|_| {
            let _ = fs::remove_file(&draft);
        })
    }

    /// Counts what is there, and removes what was used longest ago if that is too much.
    fn make_room(&self) -> io::Result<()> {
        let mut held = Vec::new();
        for file in fs::read_dir(&self.folder)? {
            held.extend(held_in(&file?.path()));
        }
        held.sort_by(|one, two| (one.used, &one.path).cmp(&(two.used, &two.path)));
        let mut bytes: u64 = held.iter().map(|held| held.bytes).sum();
        if bytes > self.bytes_max {
            let enough = self.bytes_max - self.bytes_max / FREE_SHARE;
            for oldest in held {
                if bytes <= enough {
                    break;
                }
                // Another process may have removed it.
                let _ = fs::remove_file(&oldest.path);
                bytes -= oldest.bytes;
            }
        }
        self.state().bytes = bytes;
        Ok(())
    }
}

/// The file, if it is an entry. What was never finished is removed. Files of others are left alone.
fn held_in(path: &Path) -> Option<Held> {
    let suffix = path.extension()?.to_str()?;
    let name = path.file_name()?.to_str()?.split('.').next()?;
    name.parse::<Digest>().ok()?;
    // It may be gone by now.
    let metadata = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file)?;
    let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    if suffix == DRAFT_SUFFIX && used.elapsed().is_ok_and(|age| age > DRAFT_AGE_MAX) {
        let _ = fs::remove_file(path);
    }
    (suffix == ENTRY_SUFFIX).then(|| Held { path: path.to_owned(), used, bytes: metadata.len() })
}

/// Makes the folder if it is not there; what trials did is then for this user's eyes.
fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::results::Note;
    use crate::numeric::amount::Fuel;
    use crate::study::LogPiece;

    fn name(number: u8) -> Digest {
        Digest::of(&[number])
    }

    fn entry(bytes: usize) -> Known {
        let piece = LogPiece { position: 0, reports: 0, fuel: Fuel(0), text: "x".repeat(bytes) };
        Known { notes: vec![Note::Logged(piece)], end: None, bound: Fuel(1) }
    }

    fn set_age(cache: &ResultCache, number: u8, seconds: u64) {
        let file = File::options().append(true).open(cache.path(name(number))).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
    }

    #[test]
    fn an_entry_is_there_for_every_process_and_gone_when_it_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a/b");
        let (one, two) = (ResultCache::open(&place, 1 << 20).unwrap(), ResultCache::open(&place, 1 << 20).unwrap());
        assert_eq!((one.has(name(1)), one.get(name(1))), (false, None));
        one.put(name(1), &entry(10));
        assert_eq!((two.has(name(1)), two.get(name(1))), (true, Some(entry(10))));
        fs::write(two.path(name(1)), b"damaged").unwrap();
        assert_eq!(one.get(name(1)), None);
        two.put(name(1), &entry(20));
        assert_eq!((one.get(name(1)), one.trouble()), (Some(entry(20)), None));
    }

    #[test]
    fn the_entries_that_were_used_longest_ago_go_first_and_other_files_stay() {
        let folder = tempfile::tempdir().unwrap();
        let cache = ResultCache::open(folder.path(), 10_000).unwrap();
        fs::write(folder.path().join("notes.txt"), vec![0; 20_000]).unwrap();
        for number in 0..4 {
            cache.put(name(number), &entry(2_000));
            set_age(&cache, number, 100 - u64::from(number));
        }
        // The oldest, but used just now.
        assert!(cache.get(name(0)).is_some());
        cache.put(name(4), &entry(2_000));
        let there: Vec<u8> = (0..5).filter(|&number| cache.has(name(number))).collect();
        assert_eq!(there, [0, 2, 3, 4]);
        assert!(folder.path().join("notes.txt").exists());
        // A smaller bound is kept from the start.
        ResultCache::open(folder.path(), 5_000).unwrap();
        assert_eq!((0..5).filter(|&number| cache.has(name(number))).count(), 2);
    }

    #[test]
    fn an_entry_that_would_take_most_of_the_folder_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let cache = ResultCache::open(folder.path(), 10_000).unwrap();
        cache.put(name(1), &entry(2_600));
        assert!(!cache.has(name(1)));
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_noted_once_and_costs_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("gone");
        let cache = ResultCache::open(&place, 10_000).unwrap();
        fs::remove_dir(&place).unwrap();
        cache.put(name(1), &entry(10));
        assert!(cache.trouble().is_some());
        assert_eq!(cache.get(name(1)), None);
    }

    #[test]
    fn what_is_no_folder_cannot_be_opened() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, b"").unwrap();
        for place in [file.clone(), file.join("inside")] {
            let error = ResultCache::open(&place, 10_000).unwrap_err().to_string();
            assert!(error.contains(&place.display().to_string()), "{error}");
        }
    }

    #[test]
    fn drafts_that_were_left_behind_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let draft = |number: u8| folder.path().join(format!("{}.0000000000000000.{DRAFT_SUFFIX}", name(number)));
        for number in [1, 2] {
            fs::write(draft(number), b"half").unwrap();
        }
        let old = SystemTime::now() - Duration::from_secs(7200);
        File::options().append(true).open(draft(1)).unwrap().set_modified(old).unwrap();
        ResultCache::open(folder.path(), 10_000).unwrap();
        assert_eq!((draft(1).exists(), draft(2).exists()), (false, true));
    }
}
