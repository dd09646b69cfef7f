//! `wasi:webgpu/webgpu`, as far as it computes: objects of the guest's become orders for its device in [`crate::gpu`].
//!
//! What the standard says of errors holds: a call that cannot be done makes an invalid object and an error of the device, and the guest
//! asks for errors when it likes. Here are the state that a trial has, the prices, and what becomes of a port that fails; beside it are
//! one file for what the guest asks of the adapter and the device, one for buffers, and one for pipelines and commands.

mod buffers;
mod commands;
mod devices;
mod entries;
mod objects;

use std::sync::Arc;

use wasmtime::component::{HasSelf, Linker, Resource};

use super::{HostState, Role};
use crate::gpu::message::{DeviceError, DeviceId};
use crate::gpu::{OpenDevice, Port, PortError};
use crate::numeric::amount::Fuel;
use crate::numeric::digest::Digest;
use crate::sandbox::bindings::webgpu;
use crate::sandbox::component::shown;
use crate::sandbox::fault::Fault;
use crate::study::Outcome;

#[expect(unreachable_pub, reason = "the generated bindings re-export them")]
pub use entries::{ConstantEntries, LimitEntries};
#[expect(unreachable_pub, reason = "the generated bindings re-export them")]
pub use objects::{
    Adapter, AdapterInfo, BindGroup, BindGroupLayout, Buffer, CommandBuffer, CommandEncoder, CompilationInfo,
    CompilationMessage, ComputePassEncoder, ComputePipeline, Device, DeviceLostInfo, Error, Gpu, LanguageFeatures,
    Never, PipelineLayout, Queue, ShaderModule, SupportedFeatures, SupportedLimits,
};

/// The interface with its version, which is the only one that is offered.
pub(in crate::sandbox) const INTERFACE: &str = "wasi:webgpu/webgpu@0.2.0-rc.1";

/// What the host keeps of a trial's GPU.
pub(in crate::sandbox) struct TrialGpu {
    port: Option<Arc<Port>>,
    /// The devices that the trial has opened, and the number of the first. They stay until its end: what a trial has left running when it
    /// dropped a device is a matter of its own.
    devices: Vec<Arc<OpenDevice>>,
    first: Option<DeviceId>,
    read_backs: u64,
    recorded_bytes: u64,
}

/// How many devices a trial may have opened.
const DEVICES_MAX: usize = 16;

impl TrialGpu {
    /// That of a trial whose study grants one by this port, or none.
    pub(in crate::sandbox) fn new(port: Option<Arc<Port>>) -> Self {
        Self { port, devices: Vec::new(), first: None, read_backs: 0, recorded_bytes: 0 }
    }

    /// Is done with what the trial has submitted. Its end must not leave work behind that its neighbours would wait for.
    pub(in crate::sandbox) fn settle(&self) -> wasmtime::Result<()> {
        self.devices.iter().try_for_each(|device| device.settle().map_err(port_error))
    }

    /// The errors of its devices that the trial was not told of yet.
    fn take_uncaught(&self) -> Vec<DeviceError> {
        self.devices.iter().flat_map(|device| device.take_uncaught()).collect()
    }
}

/// Something that a trial has read back from the GPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadBack {
    /// The trial's fuel until then.
    pub fuel: Fuel,
    /// The digest of what it read.
    pub digest: Digest,
    /// How many bytes it read.
    pub bytes: u64,
    /// What it read; empty where more was recorded than `recorded_bytes_max` allows for.
    pub content: Vec<u8>,
}

/// What a port's failure means for the trial that met it.
fn port_error(error: PortError) -> wasmtime::Error {
    match error {
        PortError::TimedOut { is_alone: true } => Fault::error(Outcome::GpuTimeout),
        // Whose doing it is shows when each of them runs alone.
        error => std::io::Error::other(error.to_string()).into(),
    }
}

impl HostState {
    /// The trial's GPU, for a call that costs so much besides.
    fn gpu(&mut self, fuel: u64) -> wasmtime::Result<&mut TrialGpu> {
        self.owe_call(0);
        self.owe(fuel);
        Ok(&mut self.trial(INTERFACE)?.gpu)
    }

    /// A resource of the guest's, for a call that costs so much besides.
    fn gpu_object<T: Send + 'static>(&mut self, object: &Resource<T>, fuel: u64) -> wasmtime::Result<&mut T> {
        self.gpu(fuel)?;
        Ok(self.table.get_mut(object)?)
    }

    fn gpu_push<T: Send + 'static>(&mut self, object: T) -> wasmtime::Result<Resource<T>> {
        Ok(self.table.push(object)?)
    }

    fn gpu_drop<T: Send + 'static>(&mut self, object: Resource<T>) -> wasmtime::Result<()> {
        self.owe_call(0);
        self.table.delete(object)?;
        Ok(())
    }

    /// The same at the trial's end.
    pub(in crate::sandbox) fn gpu_tell_rest(&mut self) {
        let errors = match &self.role {
            Role::Trial(trial) => trial.gpu.take_uncaught(),
            Role::Describe(_) | Role::Search(_) => return,
        };
        self.gpu_tell_uncaught(&errors);
    }

    /// Tells the trial's log of errors that no scope has caught: nobody else would.
    fn gpu_tell_uncaught(&mut self, errors: &[DeviceError]) {
        for error in errors {
            let line = format!("GPU error that no error scope has caught: {}\n", shown(&error.message));
            self.log.write(line.as_bytes());
        }
    }
}

/// Binds the interface.
pub(super) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    webgpu::add_to_linker::<HostState, HasSelf<HostState>>(linker, |state| state)?;
    // What is read back has a moment, so that these see the store.
    linker.allow_shadowing(true);
    let bound = buffers::add_reading(linker);
    linker.allow_shadowing(false);
    bound
}

impl webgpu::Host for HostState {
    fn get_gpu(&mut self) -> wasmtime::Result<Resource<Gpu>> {
        self.gpu(0)?;
        self.gpu_push(Gpu)
    }
}
