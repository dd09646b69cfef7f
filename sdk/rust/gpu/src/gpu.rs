//! The GPU of a trial: where buffers and kernels come from, and where batches go.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::rc::Rc;

use crate::batch::Batch;
use crate::buffer::Buffer;
use crate::device::{Device, DeviceBuffer};
use crate::error::GpuError;
use crate::kernel::Kernel;
use crate::number::{NUMBER_BYTES, Number};
use crate::piece::pieces;
use crate::role::Role;

/// Uniform variables are structs, whose size is a multiple of their alignment; this is that of all of them (WGSL, section 14.4.4).
const UNIFORM_ALIGNMENT_BYTES: usize = 16;

/// A device of its own on the GPU that the study grants. Clones are the same device.
#[derive(Clone)]
pub struct Gpu {
    pub(crate) inner: Rc<Inner>,
}

/// What buffers and kernels hold on to.
pub(crate) struct Inner {
    pub(crate) device: Device,
    /// Where what is read back lands. Kept, and replaced by a larger one where it is needed.
    staging: RefCell<Option<Staging>>,
}

struct Staging {
    buffer: DeviceBuffer,
    bytes: usize,
}

impl Gpu {
    /// Opens a device with all features and the largest buffers that the study grants.
    ///
    /// # Errors
    ///
    /// If the study's adapter is not there, or no device can be had from it; natively always.
    pub fn open() -> Result<Self, GpuError> {
        let device = Device::open()?;
        Ok(Self { inner: Rc::new(Inner { device, staging: RefCell::new(None) }) })
    }

    /// A buffer with these numbers, for kernels to read and write.
    ///
    /// # Errors
    ///
    /// If there is no memory for it, or the study grants no buffers so large.
    pub fn buffer<T: Number>(&self, numbers: &[T]) -> Result<Buffer<T>, GpuError> {
        let buffer = self.zeros(numbers.len())?;
        buffer.write(numbers)?;
        Ok(buffer)
    }

    /// A buffer of that many zeros, for kernels to read and write.
    ///
    /// # Errors
    ///
    /// If there is no memory for it, or the study grants no buffers so large.
    pub fn zeros<T: Number>(&self, length: usize) -> Result<Buffer<T>, GpuError> {
        self.make(length, length, Role::Storage)
    }

    /// A buffer with these numbers for a uniform variable of kernels, such as a struct of sizes. It is filled up with zeros to a whole
    /// number of 16 bytes.
    ///
    /// A struct of mixed numbers is given as `u32`, where [`f32::to_bits`] makes one of a real number.
    ///
    /// # Errors
    ///
    /// If there is no memory for it.
    pub fn uniform<T: Number>(&self, numbers: &[T]) -> Result<Buffer<T>, GpuError> {
        let room = numbers.len().next_multiple_of(UNIFORM_ALIGNMENT_BYTES / NUMBER_BYTES);
        let buffer = self.make(numbers.len(), room, Role::Uniform)?;
        buffer.write(numbers)?;
        Ok(buffer)
    }

    fn make<T: Number>(&self, length: usize, room: usize, role: Role) -> Result<Buffer<T>, GpuError> {
        // A shader sees at least one number of an array, so even an empty buffer has room for one.
        let bytes = (room.max(1) as u64).saturating_mul(NUMBER_BYTES as u64);
        let buffer = self.inner.device.buffer(bytes, role)?;
        Ok(Buffer::new(Rc::clone(&self.inner), buffer, length))
    }

    /// Compiles a kernel: the function of that name in a source in WGSL. Its variables are those of group 0, bound to
    /// buffers in the order of their numbers, which count from 0 without a gap.
    ///
    /// # Errors
    ///
    /// If the source is wrong, has no such function, or breaks a limit; with the line where that is known.
    pub fn kernel(&self, source: &str, entry_point: &str) -> Result<Kernel, GpuError> {
        let kernel = self.inner.device.kernel(source, entry_point)?;
        Ok(Kernel::new(Rc::clone(&self.inner), kernel))
    }

    /// Submits everything that `fill` puts into a batch, in that order. Each dispatch sees what those before it have written.
    ///
    /// Returns as soon as it is submitted; what is read afterwards is what the batch has made.
    ///
    /// # Errors
    ///
    /// If one of the commands breaks a rule or a limit. Nothing of the batch is executed then.
    pub fn batch(&self, fill: impl FnOnce(&mut Batch)) -> Result<(), GpuError> {
        let mut batch = Batch::new(self.inner.device.encoder());
        fill(&mut batch);
        batch.into_encoder()?.submit(&self.inner.device)
    }

    /// Waits until everything that was submitted is done.
    pub fn wait(&self) {
        self.inner.device.wait();
    }
}

impl fmt::Debug for Gpu {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Gpu").finish_non_exhaustive()
    }
}

impl Inner {
    /// Reads a part of a buffer, given in bytes, and hands it on piece by piece.
    pub(crate) fn read(
        &self,
        buffer: &DeviceBuffer,
        range: Range<usize>,
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), GpuError> {
        if range.is_empty() {
            return Ok(());
        }
        let mut kept = self.staging.borrow_mut();
        let staging = match kept.take().filter(|staging| staging.bytes >= range.len()) {
            Some(staging) => staging,
            None => self.staging(range.len())?,
        };
        self.device.copy_and_map(buffer, range.start, &staging.buffer, range.len())?;
        for piece in pieces(range.len()) {
            let bytes = self.device.mapped(&staging.buffer, piece)?;
            take(&bytes);
        }
        self.device.unmap(&staging.buffer)?;
        // One in an unknown state would not be put back.
        *kept = Some(staging);
        Ok(())
    }

    fn staging(&self, bytes: usize) -> Result<Staging, GpuError> {
        // Twice as large each time, so that it is seldom replaced; but not larger than a buffer may be on account of that.
        let roomy = bytes.next_power_of_two();
        match self.device.buffer(roomy as u64, Role::Staging) {
            Ok(buffer) => Ok(Staging { buffer, bytes: roomy }),
            Err(_) => Ok(Staging { buffer: self.device.buffer(bytes as u64, Role::Staging)?, bytes }),
        }
    }
}
