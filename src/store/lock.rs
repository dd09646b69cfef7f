//! The lock that makes a process the one writer of a study. Talks to the file system only.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::StoreError;

/// How often the lock's file may vanish between opening and locking it, before this is taken for a fault.
const ATTEMPTS: usize = 100;

/// The right to write a study, until it is dropped.
///
/// It is an advisory lock of the system on a file of its own, `NAME.lock`, and so is gone with the process however that ends.
/// It can't be on the study file: closing any descriptor of that file would drop SQLite's own locks in this process, and on
/// some systems both kinds of lock shut each other out, so that nobody could read a study while it runs. It can't be one of
/// SQLite's locks, for these end with each transaction.
#[derive(Debug)]
pub(super) struct WriterLock {
    /// Holds the lock as long as it is open.
    _file: File,
    path: PathBuf,
}

impl WriterLock {
    /// Takes the lock of the study at `study`.
    pub(super) fn take(study: &Path) -> Result<Self, StoreError> {
        let path = beside(study, ".lock");
        for _ in 0..ATTEMPTS {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .map_err(|error| StoreError::from_system(study, "open the lock of", error))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::Locked { path: study.to_owned(), process: holder(&mut file) });
                }
                Err(TryLockError::Error(error)) => {
                    return Err(StoreError::from_system(study, "take the lock of", error));
                }
            }
            // The holder before may have removed the file after it was opened here; others would then lock a new one.
            if stands_at(&file, &path) {
                leave_number(&mut file);
                return Ok(Self { _file: file, path });
            }
        }
        let source = io::Error::other("it is not the file that was opened");
        Err(StoreError::System { path: study.to_owned(), doing: "take the lock of", source })
    }
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        // Removed while it is still locked; see `stands_at`. A file that stays behind locks nothing.
        if cfg!(unix) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The path of a file that accompanies the study file.
pub(super) fn beside(study: &Path, suffix: &str) -> PathBuf {
    let mut path = study.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// Writes the number of this process, for the message to others. Not needed for the lock, so failures are ignored.
fn leave_number(file: &mut File) {
    let _ = file.set_len(0);
    let _ = writeln!(file, "{}", std::process::id());
}

fn holder(file: &mut File) -> Option<u32> {
    /// No process number is longer.
    const DIGITS_MAX: u64 = 12;
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(DIGITS_MAX).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Whether the open file is the one at `path`, and no link was put there to have another file written.
#[cfg(unix)]
fn stands_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(ours), Ok(theirs)) = (file.metadata(), fs::symlink_metadata(path)) else { return false };
    ours.is_file() && (ours.dev(), ours.ino()) == (theirs.dev(), theirs.ino())
}

/// Elsewhere the file is never removed, so it can't have been replaced.
#[cfg(not(unix))]
fn stands_at(file: &File, _path: &Path) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.is_file())
}
