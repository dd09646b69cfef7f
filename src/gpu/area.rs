//! The area of bulk data that a worker and its server share: a file in memory, written and read by place.
//!
//! Calls of the system copy; nothing is mapped, so that no process can be surprised by what the other writes at the same time: it gets
//! some bytes or others.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Its size: little enough that it stays in the processor's caches as it is filled over and over.
pub(super) const AREA_BYTES: u64 = 4 << 20;
/// How much of it one order uses at most, so that one side fills a part while the other empties another.
pub(super) const PIECE_BYTES: u64 = 128 << 10;

/// The area, as one side has it.
#[derive(Debug)]
pub(super) struct Area {
    file: File,
}

impl Area {
    /// A new one.
    ///
    /// # Errors
    /// If the system has none.
    #[cfg(target_os = "linux")]
    pub(super) fn create() -> io::Result<Self> {
        let file: File = rustix::fs::memfd_create("trialbox-gpu", rustix::fs::MemfdFlags::CLOEXEC)?.into();
        file.set_len(AREA_BYTES)?;
        Ok(Self { file })
    }

    /// A new one.
    ///
    /// # Errors
    /// If the system has none.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn create() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("trialbox-gpu-{}", std::process::id()));
        let file = std::fs::OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        std::fs::remove_file(&path)?;
        file.set_len(AREA_BYTES)?;
        Ok(Self { file })
    }

    /// The one that this file is.
    pub(super) fn of(file: File) -> Self {
        Self { file }
    }

    /// The same for another process, or for the other side in this one.
    ///
    /// # Errors
    /// If the system refuses.
    pub(super) fn share(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Writes at a place.
    ///
    /// # Errors
    /// If it does not fit, or the system fails.
    pub(super) fn write(&self, place: u64, bytes: &[u8]) -> io::Result<()> {
        check(place, bytes.len())?;
        self.file.write_all_at(bytes, place)
    }

    /// Reads from a place.
    ///
    /// # Errors
    /// If there is not as much, or the system fails.
    pub(super) fn read(&self, place: u64, bytes: &mut [u8]) -> io::Result<()> {
        check(place, bytes.len())?;
        self.file.read_exact_at(bytes, place)
    }
}

fn check(place: u64, length: usize) -> io::Result<()> {
    let fits = place.checked_add(length as u64).is_some_and(|end| end <= AREA_BYTES);
    if fits { Ok(()) } else { Err(io::Error::other("it is outside the area")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_see_the_same_and_nothing_is_written_outside() {
        let area = Area::create().unwrap();
        let other = Area::of(area.share().unwrap());
        area.write(5, b"bytes").unwrap();
        let mut read = [0; 7];
        other.read(4, &mut read).unwrap();
        assert_eq!(&read, b"\0bytes\0");
        assert!(area.write(AREA_BYTES - 1, b"ab").is_err());
        assert!(area.write(u64::MAX, b"ab").is_err());
        assert!(other.read(AREA_BYTES - 1, &mut read).is_err());
    }
}
