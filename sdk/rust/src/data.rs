//! Read access to the study's data sets.
//!
//! A study names its data sets, each fixed by digest; a guest reads them by name. In a component the bytes come from the
//! engine in chunks, as a single call is bounded; natively from what a test has provided with `provide`.

use std::fmt;
use std::io;

/// The most bytes that one call to the engine asks for.
pub(crate) const CHUNK_BYTES: u32 = 1 << 20;

/// Why data can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataError {
    name: String,
    reason: String,
}

impl DataError {
    fn new(name: &str, reason: impl Into<String>) -> Self {
        Self { name: name.to_owned(), reason: reason.into() }
    }

    fn missing(name: &str) -> Self {
        let known = names();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Self::new(name, format!("the study names no such data set (it names: {known})"))
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "failed to read the data set `{}`: {}", self.name, self.reason)
    }
}

impl std::error::Error for DataError {}

impl From<DataError> for String {
    fn from(error: DataError) -> Self {
        error.to_string()
    }
}

/// The names of the data sets, in ascending order.
pub fn names() -> Vec<String> {
    source::names()
}

/// The size of a data set in bytes, or nothing if the study names no such data set.
pub fn size(name: &str) -> Option<u64> {
    source::size(name)
}

/// The whole of a data set.
///
/// # Errors
///
/// The study names no such data set, or it doesn't fit into memory.
pub fn read_all(name: &str) -> Result<Vec<u8>, DataError> {
    let size = size(name).ok_or_else(|| DataError::missing(name))?;
    let capacity =
        usize::try_from(size).map_err(|_| DataError::new(name, format!("its {size} bytes don't fit into memory")))?;
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(capacity)
        .map_err(|_| DataError::new(name, format!("there is no memory for its {size} bytes")))?;
    while (bytes.len() as u64) < size {
        let chunk = read(name, bytes.len() as u64, CHUNK_BYTES)?;
        if chunk.is_empty() {
            return Err(DataError::new(name, format!("it ended after {} of {size} bytes", bytes.len())));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The bytes from `offset` on: `length` of them, fewer at the end of the data set. One call reads at most a mebibyte;
/// a larger `length` is cut to that.
///
/// # Errors
///
/// The study names no such data set.
pub fn read(name: &str, offset: u64, length: u32) -> Result<Vec<u8>, DataError> {
    source::read(name, offset, length.min(CHUNK_BYTES)).map_err(|reason| DataError::new(name, reason))
}

/// A data set as a stream, for readers that take one.
///
/// # Errors
///
/// The study names no such data set.
pub fn open(name: &str) -> Result<io::BufReader<DataReader>, DataError> {
    let size = size(name).ok_or_else(|| DataError::missing(name))?;
    let reader = DataReader { name: name.to_owned(), position: 0, size };
    Ok(io::BufReader::with_capacity((CHUNK_BYTES / 16) as usize, reader))
}

/// Reads a data set from its begin to its end; made by [`open`].
#[derive(Debug)]
pub struct DataReader {
    name: String,
    position: u64,
    size: u64,
}

impl io::Read for DataReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = u32::try_from(buffer.len()).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
        if length == 0 || self.position >= self.size {
            return Ok(0);
        }
        let chunk = read(&self.name, self.position, length).map_err(io::Error::other)?;
        // The engine never gives more than was asked for; if it did, the rest would be read again.
        let count = chunk.len().min(buffer.len());
        buffer[..count].copy_from_slice(&chunk[..count]);
        self.position += count as u64;
        Ok(count)
    }
}

#[cfg(target_family = "wasm")]
mod source {
    pub(super) use crate::bindings::trialbox::trial::data::{names, read, size};
}

#[cfg(not(target_family = "wasm"))]
pub use source::provide;

#[cfg(not(target_family = "wasm"))]
mod source {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    thread_local! {
        static PROVIDED: RefCell<BTreeMap<String, Vec<u8>>> = const { RefCell::new(BTreeMap::new()) };
    }

    /// Supplies a data set to this thread, for tests.
    pub fn provide(name: &str, bytes: impl Into<Vec<u8>>) {
        PROVIDED.with_borrow_mut(|sets| sets.insert(name.to_owned(), bytes.into()));
    }

    pub(super) fn names() -> Vec<String> {
        PROVIDED.with_borrow(|sets| sets.keys().cloned().collect())
    }

    pub(super) fn size(name: &str) -> Option<u64> {
        PROVIDED.with_borrow(|sets| sets.get(name).map(|bytes| bytes.len() as u64))
    }

    pub(super) fn read(name: &str, offset: u64, length: u32) -> Result<Vec<u8>, String> {
        PROVIDED.with_borrow(|sets| {
            let bytes = sets.get(name).ok_or("no test has provided it")?;
            let from = usize::try_from(offset).map_or(bytes.len(), |offset| offset.min(bytes.len()));
            let to = bytes.len().min(from + length as usize);
            Ok(bytes[from..to].to_vec())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn reads_a_large_data_set_in_chunks() {
        let bytes: Vec<u8> = (0..2_500_000_u32).map(|index| (index % 251) as u8).collect();
        provide("large", bytes.clone());
        assert_eq!(size("large"), Some(2_500_000));
        assert_eq!(read("large", 0, u32::MAX).unwrap().len(), CHUNK_BYTES as usize);
        assert_eq!(read("large", 2_499_999, 10).unwrap(), bytes[2_499_999..]);
        assert_eq!(read_all("large").unwrap(), bytes);
        let mut streamed = Vec::new();
        open("large").unwrap().read_to_end(&mut streamed).unwrap();
        assert_eq!(streamed, bytes);
    }

    #[test]
    fn names_what_there_is_when_a_data_set_is_missing() {
        provide("digits", "1");
        let error = read_all("digit").unwrap_err();
        assert_eq!(
            error.to_string(),
            "failed to read the data set `digit`: the study names no such data set (it names: digits)"
        );
    }
}
