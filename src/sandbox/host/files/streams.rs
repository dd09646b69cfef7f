//! Streams from and into files. They never wait: what a line of reports waits for, [`super::super::lines`] has.

use std::sync::Arc;

use bytes::Bytes;
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

use super::super::artifact::Artifacts;
use super::super::lines::ReportLines;
use super::tree::Node;
use crate::sandbox::fault::Fault;

/// How much is read, or may be written, in one go.
const CHUNK_BYTES: usize = 64 << 10;

/// A stream from a file.
pub(super) struct FileInput {
    pub(super) node: Node,
    pub(super) position: u64,
}

/// A stream into a file.
pub(super) enum FileOutput {
    /// Into an artifact: from there on, or always to its end.
    Artifact { name: Arc<str>, artifacts: Arc<Artifacts>, position: Option<u64> },
    /// Into the report.
    Report(Arc<ReportLines>),
}

#[wasmtime_wasi::async_trait]
impl Pollable for FileInput {
    async fn ready(&mut self) {}
}

impl InputStream for FileInput {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if self.position >= self.node.size() {
            return Err(StreamError::Closed);
        }
        let bytes = self.node.read(self.position, size.min(CHUNK_BYTES));
        self.position = self.position.saturating_add(bytes.len() as u64);
        Ok(bytes.into())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for FileOutput {
    async fn ready(&mut self) {}
}

impl OutputStream for FileOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        match self {
            Self::Report(lines) => lines.push(&bytes),
            Self::Artifact { name, artifacts, position } => {
                artifacts.write(name, *position, &bytes).map_err(|outcome| StreamError::Trap(Fault::error(outcome)))?;
                *position = position.map(|position| position.saturating_add(bytes.len() as u64));
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(CHUNK_BYTES)
    }
}
