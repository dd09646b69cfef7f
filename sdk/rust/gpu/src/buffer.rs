//! Numbers on the GPU.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::rc::Rc;

use crate::device::DeviceBuffer;
use crate::error::GpuError;
use crate::gpu::Inner;
use crate::number::{NUMBER_BYTES, Number, decode, encode};
use crate::piece::{CHUNK_BYTES, pieces};

/// Numbers on the GPU. Its memory is given back when it is dropped.
pub struct Buffer<T> {
    gpu: Rc<Inner>,
    buffer: DeviceBuffer,
    length: usize,
    numbers: PhantomData<T>,
}

impl<T: Number> Buffer<T> {
    pub(crate) fn new(gpu: Rc<Inner>, buffer: DeviceBuffer, length: usize) -> Self {
        Self { gpu, buffer, length, numbers: PhantomData }
    }

    /// How many numbers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Replaces the first numbers by these, before whatever is submitted later and after whatever was before.
    ///
    /// # Errors
    ///
    /// If there are more of them than the buffer has, or the device is lost.
    pub fn write(&self, numbers: &[T]) -> Result<(), GpuError> {
        self.write_at(0, numbers)
    }

    /// Replaces numbers, from number `start` on, as [`write`](Self::write) does.
    ///
    /// # Errors
    ///
    /// If there are more of them than the buffer has from there on, or the device is lost.
    pub fn write_at(&self, start: usize, numbers: &[T]) -> Result<(), GpuError> {
        self.contains(start, numbers.len())?;
        let mut bytes = Vec::with_capacity((numbers.len() * NUMBER_BYTES).min(CHUNK_BYTES));
        for piece in pieces(numbers.len() * NUMBER_BYTES) {
            let Some(numbers) = numbers.get(piece.start / NUMBER_BYTES..piece.end / NUMBER_BYTES) else { break };
            bytes.clear();
            encode(numbers, &mut bytes);
            self.gpu.device.write(&self.buffer, start * NUMBER_BYTES + piece.start, &bytes)?;
        }
        Ok(())
    }

    /// Waits for what was submitted, and reads all numbers.
    ///
    /// # Errors
    ///
    /// If there is no memory for the transfer, or the device is lost.
    pub fn read(&self) -> Result<Vec<T>, GpuError> {
        self.read_range(0..self.length)
    }

    /// Waits for what was submitted, and reads some of the numbers.
    ///
    /// # Errors
    ///
    /// If the buffer does not have them all, there is no memory for the transfer, or the device is lost.
    pub fn read_range(&self, range: Range<usize>) -> Result<Vec<T>, GpuError> {
        self.contains(range.start, range.len())?;
        let mut numbers = Vec::with_capacity(range.len());
        let start = range.start * NUMBER_BYTES;
        let bytes = start..start + range.len() * NUMBER_BYTES;
        self.gpu.read(&self.buffer, bytes, |bytes| decode(bytes, &mut numbers))?;
        Ok(numbers)
    }

    fn contains(&self, start: usize, count: usize) -> Result<(), GpuError> {
        match start.checked_add(count) {
            Some(end) if end <= self.length => Ok(()),
            _ => Err(GpuError::Range { start, count, length: self.length }),
        }
    }
}

impl<T: Number> fmt::Debug for Buffer<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Buffer<{}>({})", T::NAME, self.length)
    }
}

mod sealed {
    use crate::device::DeviceBuffer;

    /// Only this crate's buffers can be bound.
    pub trait Sealed {
        /// The buffer as the device has it.
        fn device_buffer(&self) -> &DeviceBuffer;
    }
}

/// A buffer of whatever numbers.
pub trait AnyBuffer: sealed::Sealed {}

impl<T: Number> AnyBuffer for Buffer<T> {}

impl<T: Number> sealed::Sealed for Buffer<T> {
    fn device_buffer(&self) -> &DeviceBuffer {
        &self.buffer
    }
}
