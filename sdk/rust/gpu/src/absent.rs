//! The device outside a component: there is none.
//!
//! The types have no values, so nothing but [`Device::open`] can be called, and what is built on them needs no second form.

use std::convert::Infallible;
use std::ops::Range;

use crate::error::GpuError;
use crate::role::Role;

pub(crate) struct Device(Infallible);
// Public, in a module that is not, as the trait of all buffers names it.
pub struct DeviceBuffer(Infallible);
pub(crate) struct DeviceKernel(Infallible);
pub(crate) struct DeviceBinding(Infallible);
pub(crate) struct Encoder(Infallible);

impl Device {
    pub(crate) fn open() -> Result<Self, GpuError> {
        Err(GpuError::Absent { reason: "only a component that runs as a trial has one".to_owned() })
    }

    pub(crate) fn buffer(&self, _bytes: u64, _role: Role) -> Result<DeviceBuffer, GpuError> {
        match self.0 {}
    }

    pub(crate) fn write(&self, _buffer: &DeviceBuffer, _offset: usize, _bytes: &[u8]) -> Result<(), GpuError> {
        match self.0 {}
    }

    pub(crate) fn kernel(&self, _source: &str, _entry_point: &str) -> Result<DeviceKernel, GpuError> {
        match self.0 {}
    }

    pub(crate) fn bind(&self, _kernel: &DeviceKernel, _buffers: &[&DeviceBuffer]) -> Result<DeviceBinding, GpuError> {
        match self.0 {}
    }

    pub(crate) fn encoder(&self) -> Encoder {
        match self.0 {}
    }

    pub(crate) fn wait(&self) {
        match self.0 {}
    }

    pub(crate) fn copy_and_map(
        &self,
        buffer: &DeviceBuffer,
        _start: usize,
        _staging: &DeviceBuffer,
        _bytes: usize,
    ) -> Result<(), GpuError> {
        match buffer.0 {}
    }

    pub(crate) fn mapped(&self, _staging: &DeviceBuffer, _range: Range<usize>) -> Result<Vec<u8>, GpuError> {
        match self.0 {}
    }

    pub(crate) fn unmap(&self, _staging: &DeviceBuffer) -> Result<(), GpuError> {
        match self.0 {}
    }
}

impl Encoder {
    pub(crate) fn dispatch(&mut self, kernel: &DeviceKernel, binding: &DeviceBinding, _groups: [u32; 3]) {
        match (kernel.0, binding.0) {}
    }

    pub(crate) fn copy(&mut self, _source: &DeviceBuffer, _destination: &DeviceBuffer, _bytes: usize) {
        match self.0 {}
    }

    pub(crate) fn clear(&mut self, _buffer: &DeviceBuffer, _bytes: usize) {
        match self.0 {}
    }

    pub(crate) fn submit(self, _device: &Device) -> Result<(), GpuError> {
        match self.0 {}
    }
}
