//! What can go wrong with an export, and what to do about it. Talks to the errors of the store, of the system and of the formats'
//! crates.

use std::io;
use std::path::{Path, PathBuf};

use crate::store::StoreError;

/// A study could not be exported. Under the name of the export there is then what was there before.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The study cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something else has the name.
    #[error("`{}` exists already", path.display())]
    Exists {
        /// What has the name.
        path: PathBuf,
    },
    /// What was to be replaced is not an export.
    #[error("`{}` is no export that trialbox made, so it is not replaced", path.display())]
    NotAnExport {
        /// What has the name.
        path: PathBuf,
    },
    /// The folder in which the export was to be made is not there.
    #[error("the folder of `{}` does not exist", path.display())]
    MissingFolder {
        /// The export that was to be made.
        path: PathBuf,
    },
    /// The disk, the quota or the largest file size is used up.
    #[error("there is no space left to write `{}`", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The system refuses to write.
    #[error("could not write `{}`: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// SQLite refuses to write.
    #[error("could not write `{}`: {source}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// SQLite's error.
        source: rusqlite::Error,
    },
    /// The writer of Parquet refuses a value.
    #[error("could not write `{}`: {source}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// The writer's error.
        source: parquet::errors::ParquetError,
    },
}

impl ExportError {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Store(error) => return error.hint(),
            Self::Exists { .. } => "choose another place with `-o`, or replace it with `--force`".into(),
            Self::NotAnExport { .. } => "choose another place with `-o`, or remove it yourself".into(),
            Self::MissingFolder { .. } => "make the folder first".into(),
            Self::Full { .. } => "free space, or choose another place with `-o`".into(),
            Self::Write { .. } | Self::Database { .. } | Self::Parquet { .. } => return None,
        })
    }

    /// What an error of the file system means for the file at `path`.
    pub(super) fn from_system(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::Full { path }
            }
            _ => Self::Write { path, source },
        }
    }

    /// What an error of SQLite means for the file at `path`.
    pub(super) fn from_sqlite(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full { path },
            _ => Self::Database { path, source },
        }
    }

    /// What an error of the writer of Parquet means for the file at `path`.
    pub(super) fn from_parquet(path: &Path, source: parquet::errors::ParquetError) -> Self {
        use parquet::errors::ParquetError;
        match source {
            // The writer keeps the system's error inside its own.
            ParquetError::External(cause) => match cause.downcast::<io::Error>() {
                Ok(error) => Self::from_system(path, *error),
                Err(cause) => Self::Parquet { path: path.to_owned(), source: ParquetError::External(cause) },
            },
            source => Self::Parquet { path: path.to_owned(), source },
        }
    }

    /// What an error of the writer of CSV means for the file at `path`.
    pub(super) fn from_csv(path: &Path, error: csv::Error) -> Self {
        let source = match error.into_kind() {
            csv::ErrorKind::Io(error) => error,
            kind => io::Error::other(format!("{kind:?}")),
        };
        Self::from_system(path, source)
    }
}
