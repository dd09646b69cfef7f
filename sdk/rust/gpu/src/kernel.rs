//! Kernels, and what they work on.

use std::fmt;
use std::rc::Rc;

use crate::buffer::AnyBuffer;
use crate::device::{DeviceBinding, DeviceKernel};
use crate::error::GpuError;
use crate::gpu::Inner;

/// A compiled kernel.
pub struct Kernel {
    gpu: Rc<Inner>,
    kernel: Rc<DeviceKernel>,
}

/// A kernel with the buffers that it works on, ready to be dispatched any number of times.
pub struct Binding {
    pub(crate) kernel: Rc<DeviceKernel>,
    pub(crate) binding: DeviceBinding,
}

impl Kernel {
    pub(crate) fn new(gpu: Rc<Inner>, kernel: DeviceKernel) -> Self {
        Self { gpu, kernel: Rc::new(kernel) }
    }

    /// Binds the kernel's variables to buffers: `@group(0) @binding(0)` to the first, and so on. Variables that the kernel's
    /// function does not use do not count, so they must have the last numbers or not be there.
    ///
    /// # Errors
    ///
    /// If there are more or fewer than the kernel has variables, a uniform variable gets a storage buffer or the other way round, or
    /// a buffer is too small.
    pub fn bind(&self, buffers: &[&dyn AnyBuffer]) -> Result<Binding, GpuError> {
        let buffers: Vec<_> = buffers.iter().map(|buffer| buffer.device_buffer()).collect();
        let binding = self.gpu.device.bind(&self.kernel, &buffers)?;
        Ok(Binding { kernel: Rc::clone(&self.kernel), binding })
    }
}

impl fmt::Debug for Kernel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Kernel").finish_non_exhaustive()
    }
}

impl fmt::Debug for Binding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Binding").finish_non_exhaustive()
    }
}
