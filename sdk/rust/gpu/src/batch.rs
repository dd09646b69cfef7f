//! What is submitted together.

use std::fmt;

use crate::buffer::{AnyBuffer, Buffer};
use crate::device::Encoder;
use crate::error::GpuError;
use crate::kernel::Binding;
use crate::number::{NUMBER_BYTES, Number};

/// Commands that are submitted together, in their order; see [`Gpu::batch`](crate::Gpu::batch).
pub struct Batch {
    encoder: Encoder,
    /// The first thing that was wrong, which keeps the batch from being submitted.
    problem: Option<GpuError>,
}

impl Batch {
    pub(crate) fn new(encoder: Encoder) -> Self {
        Self { encoder, problem: None }
    }

    pub(crate) fn into_encoder(self) -> Result<Encoder, GpuError> {
        match self.problem {
            Some(problem) => Err(problem),
            None => Ok(self.encoder),
        }
    }

    /// Runs a kernel in that many work groups along each axis. How many invocations a group has is in the kernel's source.
    pub fn dispatch(&mut self, binding: &Binding, groups: [u32; 3]) {
        self.encoder.dispatch(&binding.kernel, &binding.binding, groups);
    }

    /// Copies all numbers of a buffer to the beginning of another, which must have room for them.
    pub fn copy<T: Number>(&mut self, source: &Buffer<T>, destination: &Buffer<T>) {
        let count = source.len();
        if count > destination.len() {
            let problem = GpuError::Range { start: 0, count, length: destination.len() };
            self.problem.get_or_insert(problem);
        } else if count > 0 {
            self.encoder.copy(any(source), any(destination), count * NUMBER_BYTES);
        }
    }

    /// Sets all numbers of a buffer to zero.
    pub fn clear<T: Number>(&mut self, buffer: &Buffer<T>) {
        if !buffer.is_empty() {
            self.encoder.clear(any(buffer), buffer.len() * NUMBER_BYTES);
        }
    }
}

fn any(buffer: &dyn AnyBuffer) -> &crate::device::DeviceBuffer {
    buffer.device_buffer()
}

impl fmt::Debug for Batch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Batch").finish_non_exhaustive()
    }
}
