//! The queue: writes to buffers, and submissions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wgpu::WriteOnly;
use wgpu::custom::{
    BoxSubmittedWorkDoneCallback, DispatchBlas, DispatchBuffer, DispatchCommandBuffer, DispatchQueueWriteBuffer,
    DispatchSurfaceOutputDetail, QueueInterface, QueueWriteBufferInterface,
};

use crate::buffer::{Buffer, pieces};
use crate::errors::Shared;
use crate::foreign::Own;
use crate::unsupported::{Missing, unsupported};

#[derive(Debug)]
pub(crate) struct Queue {
    device: Arc<Shared>,
    submissions: AtomicU64,
}

impl Queue {
    pub(crate) fn new(device: Arc<Shared>) -> Self {
        Self { device, submissions: AtomicU64::new(0) }
    }

    /// Checks a write as a whole, as the engine sees pieces of it.
    fn check(&self, buffer: &Buffer, offset: u64, bytes: u64) -> Option<()> {
        let problem = if !offset.is_multiple_of(wgpu::COPY_BUFFER_ALIGNMENT)
            || !bytes.is_multiple_of(wgpu::COPY_BUFFER_ALIGNMENT)
        {
            "is not aligned to 4 bytes"
        } else if offset.checked_add(bytes).is_none_or(|end| end > buffer.bytes()) {
            "is out of its bounds"
        } else {
            return Some(());
        };
        let size = buffer.bytes();
        self.device.fail(format!("a write of {bytes} bytes at offset {offset} of a buffer of {size} bytes {problem}"));
        None
    }

    fn write(&self, buffer: &Buffer, start: u64, data: &[u8]) {
        for (offset, length) in pieces(start..start + data.len() as u64) {
            let place = (offset - start) as usize;
            let piece = &data[place..place + length as usize];
            if let Err(error) = self.device.queue.write_buffer_with_copy(buffer.handle(), offset, piece, None, None) {
                self.device.fail(error.message);
                return;
            }
        }
    }
}

impl QueueInterface for Queue {
    fn write_buffer(&self, buffer: &DispatchBuffer, offset: u64, data: &[u8]) {
        let buffer = buffer.own();
        if self.check(buffer, offset, data.len() as u64).is_some() {
            self.write(buffer, offset, data);
        }
    }

    fn create_staging_buffer(&self, size: wgpu::BufferSize) -> Option<DispatchQueueWriteBuffer> {
        let length = usize::try_from(size.get()).ok()?;
        Some(DispatchQueueWriteBuffer::custom(StagingBuffer { bytes: vec![0; length] }))
    }

    fn validate_write_buffer(&self, buffer: &DispatchBuffer, offset: u64, size: wgpu::BufferSize) -> Option<()> {
        self.check(buffer.own(), offset, size.get())
    }

    fn write_staging_buffer(&self, buffer: &DispatchBuffer, offset: u64, staging_buffer: &DispatchQueueWriteBuffer) {
        self.write(buffer.own(), offset, &staging_buffer.own().bytes);
    }

    fn write_texture(
        &self,
        _texture: wgpu::TexelCopyTextureInfo<'_>,
        _data: &[u8],
        _data_layout: wgpu::TexelCopyBufferLayout,
        _size: wgpu::Extent3d,
    ) {
        unsupported(Missing::Textures)
    }

    fn submit(&self, command_buffers: &mut dyn Iterator<Item = DispatchCommandBuffer>) -> u64 {
        let buffers: Vec<DispatchCommandBuffer> = command_buffers.collect();
        let handles: Vec<_> = buffers.iter().map(|buffer| &buffer.own().handle).collect();
        self.device.queue.submit(&handles);
        self.submissions.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn get_timestamp_period(&self) -> f32 {
        0.0
    }

    fn on_submitted_work_done(&self, callback: BoxSubmittedWorkDoneCallback) {
        self.device.wait();
        callback();
    }

    fn compact_blas(&self, _blas: &DispatchBlas) -> (Option<u64>, DispatchBlas) {
        unsupported(Missing::RayTracing)
    }

    fn present(&self, _detail: &DispatchSurfaceOutputDetail) {
        unsupported(Missing::Surfaces)
    }
}

/// Memory of the component, for `write_buffer_with`.
#[derive(Debug)]
pub(crate) struct StagingBuffer {
    bytes: Vec<u8>,
}

impl QueueWriteBufferInterface for StagingBuffer {
    fn len(&self) -> usize {
        self.bytes.len()
    }

    #[allow(unsafe_code, reason = "the trait has it so; the bytes are this object's own")]
    unsafe fn write_slice(&mut self) -> WriteOnly<'_, [u8]> {
        WriteOnly::from_mut(self.bytes.as_mut_slice())
    }
}
