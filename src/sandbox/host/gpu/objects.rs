//! The guest's objects of the GPU, as the host keeps them: which object of which device each is, and what the standard has it know itself.

#![expect(unreachable_pub, reason = "the generated bindings re-export the types, inside of this folder")]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use wasmtime::component::Resource;

use super::HostState;
use crate::gpu::OpenDevice;
use crate::gpu::message::{
    Command, DeviceError, DeviceLimits, MapMode, ObjectId, Order, PassCommand, PipelineCost, ShaderMessage,
};
use crate::sandbox::Gate;
use crate::sandbox::bindings::webgpu;
use crate::study::GpuFeature;

/// How much of a label is kept.
const LABEL_BYTES_MAX: usize = 256;

/// The way in.
pub struct Gpu;
/// An adapter; all are the same.
pub struct Adapter;
/// What is told of it, which is the same for all.
pub struct AdapterInfo;
/// What shaders may use beyond the language's first version.
pub struct LanguageFeatures;
/// Of resources that there are no values of.
pub enum Never {}
/// Limits that something has.
pub struct SupportedLimits(pub(super) DeviceLimits);
/// Features that something has.
pub struct SupportedFeatures(pub(super) Vec<GpuFeature>);

/// What all objects of a device share.
pub(super) struct Shared {
    pub(super) open: Arc<OpenDevice>,
    pub(super) limits: DeviceLimits,
    pub(super) features: Vec<GpuFeature>,
    /// Whether it was destroyed.
    pub(super) is_lost: AtomicBool,
    /// How many commands were recorded and not submitted.
    pub(super) commands: AtomicU64,
}

/// A label, cut off.
#[derive(Clone, Debug, Default)]
pub(super) struct Label(String);

impl Label {
    pub(super) fn of(label: Option<String>) -> Self {
        let mut text = label.unwrap_or_default();
        text.truncate(text.floor_char_boundary(LABEL_BYTES_MAX.min(text.len())));
        text.shrink_to_fit();
        Self(text)
    }

    /// As an order has it.
    pub(super) fn told(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.clone())
    }
}

/// An object that the device has, and forgets when the guest drops it.
pub(super) struct Object {
    pub(super) device: Arc<Shared>,
    pub(super) id: ObjectId,
    pub(super) label: Label,
}

impl Object {
    pub(super) fn new(device: &Arc<Shared>, label: Option<String>) -> Self {
        Self { id: device.open.next_object(), device: device.clone(), label: Label::of(label) }
    }

    /// Its number for another object of `device`; none if it belongs to another device.
    pub(super) fn id_for(&self, device: &Arc<Shared>) -> Option<ObjectId> {
        Arc::ptr_eq(&self.device, device).then_some(self.id)
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        // If the port has failed, the device goes as a whole.
        let _ = self.device.open.tell(Order::Drop(self.id));
    }
}

pub struct Device {
    pub(super) shared: Arc<Shared>,
    pub(super) label: Label,
}

pub struct Queue {
    pub(super) shared: Arc<Shared>,
    pub(super) label: Label,
}

pub struct Buffer {
    pub(super) object: Object,
    pub(super) bytes: u64,
    pub(super) usage: u32,
    pub(super) mapping: Option<Mapping>,
    pub(super) is_destroyed: bool,
    /// What it takes on the GPU, as long as it does.
    pub(super) memory: Option<BufferMemory>,
}

/// Memory on the GPU, counted among what the trial keeps.
pub(super) struct BufferMemory {
    gate: Arc<Gate>,
    bytes: u64,
}

impl BufferMemory {
    pub(super) fn new(gate: Arc<Gate>, bytes: u64) -> Self {
        gate.add_gpu_bytes(bytes);
        Self { gate, bytes }
    }
}

impl Drop for BufferMemory {
    fn drop(&mut self) {
        self.gate.take_gpu_bytes(self.bytes);
    }
}

/// How a buffer is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mapping {
    pub(super) mode: MapMode,
    pub(super) offset: u64,
    pub(super) bytes: u64,
    /// Whether it is all zeros: mapped when it was created, and not written since.
    pub(super) is_zero: bool,
}

pub struct BindGroupLayout(pub(super) Object);
pub struct BindGroup(pub(super) Object);
pub struct PipelineLayout(pub(super) Object);

pub struct ShaderModule {
    pub(super) object: Object,
    pub(super) messages: Vec<ShaderMessage>,
}

pub struct CompilationInfo(pub(super) Vec<ShaderMessage>);
pub struct CompilationMessage(pub(super) ShaderMessage);

pub struct ComputePipeline {
    pub(super) object: Object,
    /// What running it is charged by; none if it is invalid.
    pub(super) cost: Option<PipelineCost>,
}

/// Commands that wait to be submitted, counted as long as they do.
pub(super) struct Counted {
    device: Arc<Shared>,
    count: u64,
}

impl Counted {
    pub(super) fn none(device: &Arc<Shared>) -> Self {
        Self { device: device.clone(), count: 0 }
    }

    /// Counts one more; false if there are as many as there may be.
    pub(super) fn add(&mut self) -> bool {
        let most = self.device.open.port().limits().commands_max;
        if self.device.commands.load(Ordering::Relaxed) >= most {
            return false;
        }
        self.device.commands.fetch_add(1, Ordering::Relaxed);
        self.count += 1;
        true
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.device.commands.fetch_sub(self.count, Ordering::Relaxed);
    }
}

pub struct CommandBuffer {
    pub(super) object: Object,
    pub(super) counted: Option<Counted>,
}

/// What an encoder and its pass write to.
pub(super) struct Recording {
    pub(super) commands: Vec<Command>,
    pub(super) has_open_pass: bool,
    pub(super) is_finished: bool,
    /// What was wrong first.
    pub(super) error: Option<String>,
    pub(super) counted: Option<Counted>,
}

impl Recording {
    /// Something was wrong; it is told when the recording is finished.
    pub(super) fn spoil(&mut self, message: impl Into<String>) {
        self.error.get_or_insert_with(|| message.into());
    }

    /// Room for one more command, if there is.
    pub(super) fn count(&mut self) -> bool {
        if self.counted.as_mut().is_some_and(Counted::add) {
            return true;
        }
        self.spoil("more commands wait to be submitted than `commands_max` allows for");
        false
    }
}

pub struct CommandEncoder {
    pub(super) device: Arc<Shared>,
    pub(super) recording: Arc<Mutex<Recording>>,
    pub(super) label: Label,
}

pub struct ComputePassEncoder {
    pub(super) device: Arc<Shared>,
    pub(super) recording: Arc<Mutex<Recording>>,
    pub(super) commands: Vec<PassCommand>,
    pub(super) cost: Option<PipelineCost>,
    pub(super) is_ended: bool,
    pub(super) label: Label,
}

pub struct DeviceLostInfo;
pub struct Error(pub(super) DeviceError);

/// An object with a label.
pub(super) trait Labelled: Send + 'static {
    fn label(&mut self) -> &mut Label;
}

macro_rules! labelled {
    ($($kind:ident => $label:expr;)+) => {
        $(impl Labelled for $kind {
            fn label(&mut self) -> &mut Label {
                let of: fn(&mut Self) -> &mut Label = $label;
                of(self)
            }
        })+
    };
}

labelled! {
    Device => |it| &mut it.label;
    Queue => |it| &mut it.label;
    Buffer => |it| &mut it.object.label;
    BindGroupLayout => |it| &mut it.0.label;
    BindGroup => |it| &mut it.0.label;
    PipelineLayout => |it| &mut it.0.label;
    ShaderModule => |it| &mut it.object.label;
    ComputePipeline => |it| &mut it.object.label;
    CommandBuffer => |it| &mut it.object.label;
    CommandEncoder => |it| &mut it.label;
    ComputePassEncoder => |it| &mut it.label;
}

impl HostState {
    pub(super) fn gpu_label<T: Labelled>(&mut self, object: &Resource<T>) -> wasmtime::Result<String> {
        Ok(self.gpu_object(object, LABEL_BYTES_MAX as u64)?.label().0.clone())
    }

    pub(super) fn gpu_set_label<T: Labelled>(&mut self, object: &Resource<T>, label: String) -> wasmtime::Result<()> {
        let price = label.len() as u64;
        *self.gpu_object(object, price)?.label() = Label::of(Some(label));
        Ok(())
    }
}

/// The functions of an object that has a label and nothing else.
macro_rules! only_labelled {
    ($interface:ident, $kind:ident) => {
        impl webgpu::$interface for HostState {
            fn label(&mut self, object: Resource<$kind>) -> wasmtime::Result<String> {
                self.gpu_label(&object)
            }

            fn set_label(&mut self, object: Resource<$kind>, label: String) -> wasmtime::Result<()> {
                self.gpu_set_label(&object, label)
            }

            fn drop(&mut self, object: Resource<$kind>) -> wasmtime::Result<()> {
                self.gpu_drop(object)
            }
        }
    };
}

only_labelled!(HostGpuBindGroupLayout, BindGroupLayout);
only_labelled!(HostGpuBindGroup, BindGroup);
only_labelled!(HostGpuPipelineLayout, PipelineLayout);
only_labelled!(HostGpuCommandBuffer, CommandBuffer);

/// The functions of a resource that there are no values of.
macro_rules! never {
    ($($interface:ident),+) => {
        $(impl webgpu::$interface for HostState {
            fn drop(&mut self, object: Resource<Never>) -> wasmtime::Result<()> {
                self.gpu_drop(object)
            }
        })+
    };
}

never!(HostGpuTextureView, HostGpuSampler, HostGpuQuerySet);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_cut_off_between_characters() {
        let label = Label::of(Some("é".repeat(LABEL_BYTES_MAX)));
        assert_eq!(label.told().unwrap(), "é".repeat(LABEL_BYTES_MAX / 2));
        assert_eq!(Label::of(None).told(), None);
    }
}
