//! Bytes of a mapped buffer. They are copied: a view is memory of the component, read when it is taken and written when it is dropped.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use wgpu::WriteOnly;
use wgpu::custom::BufferMappedRangeInterface;

use crate::buffer::{Inner, pieces};

/// What a view may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// How much of a buffer is mapped.
#[derive(Debug)]
pub(crate) enum Mapped {
    No,
    /// The engine refused, with its reason. `wgpu` counts the buffer as mapped.
    Refused(String),
    Part(Access, Range<u64>),
    /// Destroyed: nothing can be written back any more.
    Gone,
}

/// A view of a mapped buffer.
pub(crate) struct MappedRange {
    buffer: Option<Arc<Inner>>,
    start: u64,
    bytes: Vec<u8>,
    is_written: bool,
}

impl fmt::Debug for MappedRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MappedRange").field("start", &self.start).field("bytes", &self.bytes.len()).finish()
    }
}

impl MappedRange {
    /// A view of nothing, for a request that `wgpu` is about to refuse.
    pub(crate) fn nothing() -> Self {
        Self { buffer: None, start: 0, bytes: Vec::new(), is_written: false }
    }

    pub(crate) fn new(buffer: Arc<Inner>, start: u64, bytes: Vec<u8>) -> Self {
        Self { buffer: Some(buffer), start, bytes, is_written: false }
    }
}

impl BufferMappedRangeInterface for MappedRange {
    fn len(&self) -> usize {
        self.bytes.len()
    }

    #[allow(unsafe_code, reason = "the trait has it so; the bytes are this view's own")]
    unsafe fn read_slice(&self) -> &[u8] {
        &self.bytes
    }

    #[allow(unsafe_code, reason = "the trait has it so; the bytes are this view's own")]
    unsafe fn write_slice(&mut self) -> WriteOnly<'_, [u8]> {
        self.is_written = true;
        WriteOnly::from_mut(self.bytes.as_mut_slice())
    }
}

impl Drop for MappedRange {
    fn drop(&mut self) {
        if !self.is_written {
            return;
        }
        if let Some(buffer) = self.buffer.take() {
            buffer.write_back(self.start, std::mem::take(&mut self.bytes));
        }
    }
}

/// Copies a part of a mapped buffer out of the engine.
///
/// # Errors
/// The engine's reason.
pub(crate) fn read(buffer: &Inner, range: Range<u64>) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(usize::try_from(range.end - range.start).unwrap_or(0));
    for (offset, length) in pieces(range) {
        let piece = buffer.handle.get_mapped_range_get_with_copy(Some(offset), Some(length));
        bytes.extend_from_slice(&piece.map_err(|error| error.message)?);
    }
    Ok(bytes)
}

/// Copies bytes into a mapped buffer of the engine's.
///
/// # Errors
/// The engine's reason.
pub(crate) fn write(buffer: &Inner, start: u64, bytes: &[u8]) -> Result<(), String> {
    for (offset, length) in pieces(start..start + bytes.len() as u64) {
        let place = (offset - start) as usize;
        let piece = &bytes[place..place + length as usize];
        let written = buffer.handle.get_mapped_range_set_with_copy(piece, Some(offset), Some(length));
        written.map_err(|error| error.message)?;
    }
    Ok(())
}
