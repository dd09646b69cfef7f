//! Opens study files with SQLite, so that a hostile one can do no harm. Talks to SQLite and the file system.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, ffi};

use super::format::{self, FormatProblem};
use super::lock::beside;
use super::{Corruption, StoreError};

/// The largest text or blob that is read: damaged files can claim more than they have. Artifacts are cut to parts below it.
const VALUE_BYTES_MAX: i32 = 256 << 20;

/// The full path of an existing study file, links followed, since what accompanies the file stands next to the real one.
///
/// It must not open the file: closing it again would drop the locks that SQLite holds on it in this process.
pub(super) fn place_of_existing(path: &Path) -> Result<PathBuf, StoreError> {
    let place = fs::canonicalize(path).map_err(|error| StoreError::from_system(path, "find", error))?;
    let metadata = fs::metadata(&place).map_err(|error| StoreError::from_system(path, "find", error))?;
    if metadata.is_dir() {
        return Err(StoreError::Directory { path: path.to_owned() });
    }
    if !metadata.is_file() {
        return Err(StoreError::Format { path: path.to_owned(), problem: FormatProblem::NotAFile });
    }
    Ok(place)
}

/// The full path of a study file that is to be made.
pub(super) fn place_of_new(path: &Path) -> Result<PathBuf, StoreError> {
    let Some(name) = path.file_name() else { return Err(StoreError::Directory { path: path.to_owned() }) };
    if fs::symlink_metadata(path).is_ok() {
        return Err(StoreError::Exists { path: path.to_owned() });
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = fs::canonicalize(folder).map_err(|error| match StoreError::from_system(path, "find", error) {
        StoreError::Missing { path } => StoreError::MissingFolder { path },
        other => other,
    })?;
    Ok(folder.join(name))
}

/// Opens the file to write it.
pub(super) fn open_writable(place: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(place, place, flags)?;
    let read_only = connection.is_readonly(c"main").map_err(|error| failure(place, &connection, error))?;
    if read_only { Err(StoreError::ReadOnly { path: place.to_owned() }) } else { Ok(connection) }
}

/// Opens the file to read it, and checks its format.
pub(super) fn open_readable(place: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = open(place, place, flags).and_then(|connection| check_format(place, &connection).map(|()| connection));
    match opened {
        // To share a file with a writer SQLite must make files next to it, which it can't where nothing may be written. A
        // study that has no events outside its one file can be read there nevertheless.
        Err(StoreError::ReadOnly { .. } | StoreError::Denied { .. }) if !has_log_beside(place) => open_unshared(place),
        opened => opened,
    }
}

/// Opens the file as one that nobody changes.
fn open_unshared(place: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = open(place, Path::new(&unshared_address(place)), flags)?;
    check_format(place, &connection)?;
    Ok(connection)
}

/// The address under which SQLite opens the file without looking for a writer.
fn unshared_address(place: &Path) -> String {
    let mut address = String::from("file:");
    for &byte in place.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => address.push(char::from(byte)),
            _ => address.extend(['%', hexadecimal(byte >> 4), hexadecimal(byte & 15)]),
        }
    }
    address.push_str("?immutable=1");
    address
}

/// The digit for the lowest four bits.
fn hexadecimal(bits: u8) -> char {
    char::from(b"0123456789abcdef"[usize::from(bits & 15)])
}

fn has_log_beside(place: &Path) -> bool {
    fs::metadata(beside(place, "-wal")).is_ok_and(|metadata| metadata.len() > 0)
}

fn open(place: &Path, address: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(address, flags)
        .map_err(|error| StoreError::from_sqlite(place, None, "open", 0, error))?;
    harden(&connection).map_err(|error| failure(place, &connection, error))?;
    Ok(connection)
}

/// Takes from the file's own definitions what could do harm, and checks pages more closely.
fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    // SAFETY: the handle is that of an open connection, which the borrow keeps open; the function only sets a number in it.
    #[expect(unsafe_code, reason = "rusqlite offers this under a feature that brings more than that")]
    unsafe {
        ffi::sqlite3_limit(connection.handle(), ffi::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX)
    };
    connection.execute_batch("PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY")
}

/// Checks that the file is a study of the current format with nothing added that would run by itself.
pub(super) fn check_format(place: &Path, connection: &Connection) -> Result<(), StoreError> {
    let path = || place.to_owned();
    format::read_version(connection)
        .map_err(|error| failure(place, connection, error))?
        .map_err(|problem| StoreError::Format { path: path(), problem })?;
    match format::schema_difference(connection).map_err(|error| failure(place, connection, error))? {
        None => Ok(()),
        Some(name) => Err(StoreError::Corrupt { path: path(), problem: Corruption::Schema(name) }),
    }
}

fn failure(place: &Path, connection: &Connection, error: rusqlite::Error) -> StoreError {
    StoreError::from_sqlite(place, Some(connection), "open", 0, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_study_can_be_read_where_nothing_can_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ä study?.study");
        crate::store::Store::create(&path).unwrap().close().unwrap();
        let place = place_of_existing(&path).unwrap();
        assert!(open_unshared(&place).is_ok());
        assert!(!has_log_beside(&place));
    }
}
