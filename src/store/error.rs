//! What can go wrong with a study file, and what to do about it. Talks to SQLite's error codes and to nobody else.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, ffi};

use super::format::FormatProblem;
use crate::numeric::amount::Sequence;
use crate::numeric::digest::Digest;

/// A study file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such file.
    #[error("there is no study at `{}`", path.display())]
    Missing {
        /// Where it was sought.
        path: PathBuf,
    },
    /// The folder of a new study file is not there.
    #[error("the folder of `{}` does not exist", path.display())]
    MissingFolder {
        /// The file that was to be made.
        path: PathBuf,
    },
    /// A new study would replace a file.
    #[error("`{}` exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The path names a directory.
    #[error("`{}` is a directory, not a study file", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
    },
    /// The file is no study that this release can read.
    #[error("`{}` {problem}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Why not.
        problem: FormatProblem,
    },
    /// Another process of trialbox writes the study.
    #[error("the study `{}` is being run by another trialbox{}", path.display(), shown_process(*process))]
    Locked {
        /// The file.
        path: PathBuf,
        /// The other process, if it left its number.
        process: Option<u32>,
    },
    /// A program other than trialbox holds the file.
    #[error("the study `{}` is held by another program", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The file's content was damaged or changed.
    #[error("the study `{}` is damaged: {problem}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What was found.
        problem: Corruption,
    },
    /// The disk, the quota or the largest file size is used up.
    #[error("there is no space left to write `{}`{}", path.display(), shown_recorded(*recorded))]
    Full {
        /// The file.
        path: PathBuf,
        /// How many events are safely in the file.
        recorded: u64,
    },
    /// The file or its folder can't be written.
    #[error("`{}` is in a place that can't be written", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The system refuses access.
    #[error("`{}` can't be opened: access was refused", path.display())]
    Denied {
        /// The file.
        path: PathBuf,
    },
    /// An event was given that is not the next one. Nothing was written.
    #[error("event {found} can't be put after {expected} events of the study `{}`", path.display())]
    OutOfOrder {
        /// The file.
        path: PathBuf,
        /// The position that comes next.
        expected: Sequence,
        /// The position that was given.
        found: Sequence,
    },
    /// A value could not be read back as it is. Nothing was written.
    #[error("{what} can't be recorded in the study `{}`: it would not read back as it is", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Which value.
        what: String,
    },
    /// An earlier write failed, and what came after the last commit is gone.
    #[error("the study `{}` takes no more events, because an earlier write failed", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// How many events are safely in the file.
        recorded: u64,
    },
    /// The file system failed in another way.
    #[error("could not {doing} `{}`: {source}", path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// SQLite failed in another way.
    #[error("could not {doing} the study `{}`: {source}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// SQLite's error.
        source: rusqlite::Error,
    },
}

/// What is wrong with the content of a study file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Corruption {
    /// SQLite can't make sense of the file.
    Database(String),
    /// A table, view or index is not as this format has it.
    Schema(String),
    /// The study has no first event.
    Empty,
    /// An event is missing although later ones are there.
    Gap {
        /// The event that is missing.
        missing: Sequence,
    },
    /// An event's digest doesn't fit what it and the events before it say.
    Changed {
        /// The event.
        sequence: Sequence,
    },
    /// An event can't be read.
    Unreadable {
        /// The event.
        sequence: Sequence,
        /// Why not.
        reason: String,
    },
    /// An artifact's content doesn't have its digest.
    Artifact(Digest),
    /// A trial's log can't be read.
    Log(String),
}

impl StoreError {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing { .. } => "check the path; `trialbox run` makes a new study".into(),
            Self::MissingFolder { .. } => "make the folder first".into(),
            Self::Exists { .. } => "choose another file, or go on with this study with --resume".into(),
            Self::Directory { .. } => "name the file in it".into(),
            Self::Format { problem, .. } => problem.hint().into(),
            Self::Locked { .. } => "wait until it has ended, or end it; a study can be read while it runs".into(),
            Self::Busy { .. } => "end transactions of other programs on it (such as `sqlite3`), then try again".into(),
            Self::Corrupt { problem, .. } => problem.hint().into(),
            Self::Full { recorded: 0, .. } => "free space, then run again with --resume".into(),
            Self::Full { recorded, .. } => {
                format!("free space, then run again with --resume; nothing was lost up to event {}", recorded - 1)
            }
            Self::ReadOnly { .. } => {
                "copy the study, with its -wal file if there is one, to a place that can be written".into()
            }
            Self::Denied { .. } => "check the permissions of the file and of its folder".into(),
            Self::Broken { .. } => "run again with --resume".into(),
            Self::OutOfOrder { .. } | Self::Unwritable { .. } => "this is a flaw of trialbox; please report it".into(),
            Self::System { .. } | Self::Database { .. } => return None,
        })
    }

    /// What an error of SQLite means for the file at `path`. `connection` is the one that failed, if it is still there.
    pub(super) fn from_sqlite(
        path: &Path,
        connection: Option<&Connection>,
        doing: &'static str,
        recorded: u64,
        source: rusqlite::Error,
    ) -> Self {
        let path = path.to_owned();
        let Some(code) = source.sqlite_error_code() else {
            // What is left are values of a type or an encoding that this crate never writes.
            let problem = Corruption::Database(source.to_string());
            return Self::Corrupt { path, problem };
        };
        let system = connection.and_then(system_error).map(|error| error.kind());
        match (code, system) {
            (ErrorCode::NotADatabase, _) => Self::Format { path, problem: FormatProblem::NotADatabase },
            (ErrorCode::DatabaseCorrupt | ErrorCode::TooBig | ErrorCode::TypeMismatch, _) => {
                let problem = Corruption::Database(source.to_string());
                Self::Corrupt { path, problem }
            }
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed, _) => {
                Self::Busy { path }
            }
            (ErrorCode::DiskFull, _) => Self::Full { path, recorded },
            (
                ErrorCode::SystemIoFailure,
                Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge),
            ) => Self::Full { path, recorded },
            (ErrorCode::SystemIoFailure, _) if is_short_read(&source) => {
                let problem = Corruption::Database("the file ends too early".into());
                Self::Corrupt { path, problem }
            }
            (ErrorCode::ReadOnly, _)
            | (ErrorCode::SystemIoFailure | ErrorCode::CannotOpen, Some(io::ErrorKind::ReadOnlyFilesystem)) => {
                Self::ReadOnly { path }
            }
            (ErrorCode::PermissionDenied | ErrorCode::CannotOpen, _) => Self::Denied { path },
            _ => Self::Database { path, doing, source },
        }
    }

    /// What an error of the file system means for the file at `path`.
    pub(super) fn from_system(path: &Path, doing: &'static str, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Self::Missing { path },
            io::ErrorKind::AlreadyExists => Self::Exists { path },
            io::ErrorKind::PermissionDenied => Self::Denied { path },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path, recorded: 0 },
            _ => Self::System { path, doing, source },
        }
    }
}

impl Corruption {
    fn hint(&self) -> &'static str {
        match self {
            Self::Empty => "its run ended before its first event; delete the file and run again",
            Self::Artifact(_) | Self::Log(_) => "the event log is not affected; run the trial again to get it back",
            Self::Database(_) | Self::Schema(_) | Self::Gap { .. } | Self::Changed { .. } | Self::Unreadable { .. } => {
                "restore the file from a copy, or run the study again: the same study gives the same log"
            }
        }
    }
}

impl fmt::Display for Corruption {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(message) => formatter.write_str(message),
            Self::Schema(name) => write!(formatter, "its `{name}` is not as trialbox makes it"),
            Self::Empty => formatter.write_str("it holds no event that starts it"),
            Self::Gap { missing } => write!(formatter, "event {missing} is missing"),
            Self::Changed { sequence } => {
                write!(formatter, "event {sequence} was changed after it was written: its digest does not match")
            }
            Self::Unreadable { sequence, reason } => {
                write!(formatter, "event {sequence} was changed after it was written: {reason}")
            }
            Self::Artifact(digest) => {
                write!(formatter, "the content of artifact {} was changed after it was written", digest.short())
            }
            Self::Log(reason) => write!(formatter, "a trial's log can't be read: {reason}"),
        }
    }
}

/// The system's error behind the last failure of a connection. SQLite has codes for "disk full" only where the system says
/// exactly that; a quota, or the largest size of a file, come as general failures.
fn system_error(connection: &Connection) -> Option<io::Error> {
    // SAFETY: the handle is that of an open connection, which the borrow keeps open, and the function only reads a field.
    #[expect(unsafe_code, reason = "rusqlite has no way to ask for the system's error")]
    let number = unsafe { ffi::sqlite3_system_errno(connection.handle()) };
    (number != 0).then(|| io::Error::from_raw_os_error(number))
}

fn is_short_read(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| {
        matches!(
            error.extended_code,
            ffi::SQLITE_IOERR_SHORT_READ | ffi::SQLITE_IOERR_CORRUPTFS | ffi::SQLITE_IOERR_DATA
        )
    })
}

fn shown_process(process: Option<u32>) -> String {
    process.map_or_else(String::new, |process| format!(" (process {process})"))
}

fn shown_recorded(recorded: u64) -> String {
    if recorded == 0 { String::new() } else { format!(" after event {}", recorded - 1) }
}
