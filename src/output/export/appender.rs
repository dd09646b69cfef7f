//! Writes many files at once, a piece here and a piece there, with bounded memory and one open file at a time.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use super::ExportError;

/// How many bytes wait in memory before they are written.
const WAITING_BYTES_MAX: usize = 32 << 20;
/// What a file costs in memory besides its bytes, about.
const FILE_BYTES: usize = 256;

/// Files that grow at their ends.
#[derive(Debug, Default)]
pub(super) struct Appender {
    waiting: BTreeMap<PathBuf, Vec<u8>>,
    waiting_bytes: usize,
}

impl Appender {
    /// Puts bytes at the end of a file, which is made if it is not there. Its folder must be.
    pub(super) fn put(&mut self, path: PathBuf, bytes: &[u8]) -> Result<(), ExportError> {
        let waiting = self.waiting.entry(path).or_insert_with(|| {
            self.waiting_bytes += FILE_BYTES;
            Vec::new()
        });
        waiting.extend_from_slice(bytes);
        self.waiting_bytes += bytes.len();
        if self.waiting_bytes >= WAITING_BYTES_MAX { self.flush() } else { Ok(()) }
    }

    /// Writes what waits.
    pub(super) fn flush(&mut self) -> Result<(), ExportError> {
        self.waiting_bytes = 0;
        for (path, bytes) in std::mem::take(&mut self.waiting) {
            let written = || File::options().create(true).append(true).open(&path)?.write_all(&bytes);
            written().map_err(|error| ExportError::from_system(&path, error))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_their_pieces_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let mut appender = Appender::default();
        let large = vec![b'x'; WAITING_BYTES_MAX];
        for (name, bytes) in [("a", b"1".as_slice()), ("b", b"2"), ("b", &large), ("a", b"3")] {
            appender.put(folder.path().join(name), bytes).unwrap();
        }
        appender.flush().unwrap();
        assert_eq!(std::fs::read(folder.path().join("a")).unwrap(), b"13");
        assert_eq!(std::fs::read(folder.path().join("b")).unwrap().len(), WAITING_BYTES_MAX + 1);
    }

    #[test]
    fn an_error_names_the_file() {
        let path = tempfile::tempdir().unwrap().path().join("gone/a");
        let mut appender = Appender::default();
        appender.put(path.clone(), b"1").unwrap();
        assert!(appender.flush().unwrap_err().to_string().contains(&path.display().to_string()));
    }
}
