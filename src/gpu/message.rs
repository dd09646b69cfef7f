//! The protocol between a worker and what computes for it: orders for devices, and answers to those that ask for something.
//!
//! Plain data. Objects have numbers that the asking side chooses and never uses twice on a device. An order is executed in its turn;
//! one that fails is no error of the protocol: the standard has it become an error of the device, or an object that is invalid.
//! Bulk data lies in an area that both sides share ([`super::area`]); an order says where.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::study::{GpuFeature, GpuLimits};

/// The number of a device, one for each trial that has opened one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct DeviceId(pub(crate) u32);

/// The number of an object of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct ObjectId(pub(crate) u64);

/// An order for a device.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) device: DeviceId,
    pub(crate) order: Order,
}

/// What a device is to do.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    /// Become. Asks.
    Open {
        /// The first device of the same trial, if there is one: their memory is counted together.
        first: Option<DeviceId>,
        features: Vec<GpuFeature>,
        limits: DeviceLimits,
    },
    /// Have an error that was found without its help.
    Fail(DeviceError),
    CreateBuffer {
        id: ObjectId,
        bytes: u64,
        usage: u32,
        is_mapped: bool,
        label: Option<String>,
    },
    CreateBindGroupLayout {
        id: ObjectId,
        entries: Vec<LayoutEntry>,
        label: Option<String>,
    },
    CreatePipelineLayout {
        id: ObjectId,
        layouts: Vec<Option<ObjectId>>,
        label: Option<String>,
    },
    CreateBindGroup {
        id: ObjectId,
        layout: ObjectId,
        entries: Vec<BindEntry>,
        label: Option<String>,
    },
    /// Asks.
    CreateShader {
        id: ObjectId,
        source: String,
        label: Option<String>,
    },
    /// Asks.
    CreatePipeline {
        id: ObjectId,
        shader: ObjectId,
        entry_point: Option<String>,
        constants: BTreeMap<String, f64>,
        layout: Option<ObjectId>,
        label: Option<String>,
    },
    /// The layout of a pipeline's bind group.
    TakeLayout {
        id: ObjectId,
        pipeline: ObjectId,
        index: u32,
    },
    /// Make a command buffer of what was recorded, or find out why there can be none.
    Finish {
        id: ObjectId,
        recording: Result<Vec<Command>, String>,
        label: Option<String>,
    },
    Submit(Vec<ObjectId>),
    /// Write what lies in the area at `place` to a buffer, before what is submitted later.
    WriteBuffer {
        buffer: ObjectId,
        offset: u64,
        place: u64,
        bytes: u64,
    },
    /// Map a buffer, once what was submitted is done. Asks.
    Map {
        buffer: ObjectId,
        mode: MapMode,
        offset: u64,
        bytes: u64,
    },
    /// Put a part of a mapped buffer into the area. Asks.
    ReadMapped {
        buffer: ObjectId,
        offset: u64,
        place: u64,
        bytes: u64,
    },
    WriteMapped {
        buffer: ObjectId,
        offset: u64,
        place: u64,
        bytes: u64,
    },
    Unmap(ObjectId),
    /// Give back a buffer's memory; the object stays.
    Destroy(ObjectId),
    /// Forget an object.
    Drop(ObjectId),
    PushScope(ErrorKind),
    /// Asks.
    PopScope,
    /// Be done with what was submitted. Asks.
    Wait,
    /// Say that everything so far was taken note of. Asks.
    Sync,
    /// Be lost.
    DestroyDevice,
    /// Be gone, with all objects. Asks.
    Close,
}

impl Order {
    /// Whether whoever gives it waits for an answer.
    pub(super) fn asks(&self) -> bool {
        match self {
            Self::Open { .. }
            | Self::CreateShader { .. }
            | Self::CreatePipeline { .. }
            | Self::Map { .. }
            | Self::ReadMapped { .. }
            | Self::PopScope
            | Self::Wait
            | Self::Sync
            | Self::Close => true,
            Self::Fail(_)
            | Self::CreateBuffer { .. }
            | Self::CreateBindGroupLayout { .. }
            | Self::CreatePipelineLayout { .. }
            | Self::CreateBindGroup { .. }
            | Self::TakeLayout { .. }
            | Self::Finish { .. }
            | Self::Submit(_)
            | Self::WriteBuffer { .. }
            | Self::WriteMapped { .. }
            | Self::Unmap(_)
            | Self::Destroy(_)
            | Self::Drop(_)
            | Self::PushScope(_)
            | Self::DestroyDevice => false,
        }
    }
}

/// What becomes of an order that asks.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) reply: Reply,
    /// Errors of the device that no scope has caught, as far as there was room for them.
    pub(crate) uncaught: Vec<DeviceError>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// It is done.
    Done,
    /// It cannot be done, for a reason that the asking side passes on.
    Refused(String),
    /// What was submitted is not done within its time.
    TimedOut,
    /// What is known of a shader: nothing is wrong with it, or this.
    Shader(Vec<ShaderMessage>),
    /// A pipeline, with the number of operations of one work group and the size of its entry point's group; or why there is none.
    Pipeline(Result<PipelineCost, DeviceError>),
    /// What a scope has caught; none inside if it has caught nothing, none outside if there was no scope.
    Scope(Option<Option<DeviceError>>),
}

/// What running a pipeline is charged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PipelineCost {
    /// The operations of one work group, as estimated from the shader alone.
    pub(crate) operations_per_group: u64,
}

/// Something that is wrong with a shader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShaderMessage {
    pub(crate) message: String,
    /// The line, from 1; 0 if there is none.
    pub(crate) line: u64,
    /// The place in the line, from 1, in UTF-16 code units as the standard counts; 0 if there is none.
    pub(crate) column: u64,
    /// The place in the source, in UTF-16 code units.
    pub(crate) offset: u64,
    /// Its length, in UTF-16 code units.
    pub(crate) length: u64,
}

/// An error of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeviceError {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
}

/// The kinds of errors, which are also what scopes look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ErrorKind {
    Validation,
    OutOfMemory,
    Internal,
}

/// How a buffer is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MapMode {
    Read,
    Write,
}

/// The limits of a device that a guest can ask to be higher than the standard's default; all others are at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeviceLimits {
    pub(crate) buffer_bytes_max: u64,
    pub(crate) storage_binding_bytes_max: u64,
}

impl DeviceLimits {
    /// The standard's default, as far as the study allows for it.
    pub(crate) fn default_within(limits: &GpuLimits) -> Self {
        let defaults = wgpu::Limits::default();
        let offered = Self::offered(limits);
        Self {
            buffer_bytes_max: defaults.max_buffer_size.min(offered.buffer_bytes_max),
            storage_binding_bytes_max: defaults.max_storage_buffer_binding_size.min(offered.storage_binding_bytes_max),
        }
    }

    /// The most that a trial can ask for: it follows from the study alone, so that a guest cannot tell adapters apart by it.
    pub(crate) fn offered(limits: &GpuLimits) -> Self {
        // Alignment of what a shader sees is 4.
        let half = (limits.buffer_bytes_max / 2) & !3;
        Self {
            buffer_bytes_max: limits.buffer_bytes_max,
            storage_binding_bytes_max: half.max(128 << 20).min(limits.buffer_bytes_max & !3),
        }
    }

    /// As the library has them.
    pub(crate) fn to_wgpu(self) -> wgpu::Limits {
        wgpu::Limits {
            max_buffer_size: self.buffer_bytes_max,
            max_storage_buffer_binding_size: self.storage_binding_bytes_max,
            ..wgpu::Limits::default()
        }
    }
}

/// A binding in a bind group layout; only buffers can be bound.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LayoutEntry {
    pub(crate) binding: u32,
    pub(crate) visibility: u32,
    pub(crate) kind: BindingKind,
    pub(crate) has_dynamic_offset: bool,
    pub(crate) bytes_min: u64,
}

/// How a shader uses a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum BindingKind {
    Uniform,
    Storage,
    ReadOnlyStorage,
}

/// A part of a buffer bound in a bind group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct BindEntry {
    pub(crate) binding: u32,
    pub(crate) buffer: ObjectId,
    pub(crate) offset: u64,
    /// None for the rest of the buffer.
    pub(crate) bytes: Option<u64>,
}

/// What was recorded into a command buffer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Command {
    Copy { source: ObjectId, source_offset: u64, destination: ObjectId, destination_offset: u64, bytes: u64 },
    Clear { buffer: ObjectId, offset: u64, bytes: Option<u64> },
    Pass(Vec<PassCommand>),
}

/// What was recorded into a compute pass.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum PassCommand {
    Pipeline(ObjectId),
    Bind { index: u32, group: Option<ObjectId>, offsets: Vec<u32> },
    Dispatch([u32; 3]),
}

/// What a server is told first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Greeting {
    /// What computes.
    pub(crate) engine: EngineKind,
    /// What each trial may use.
    pub(crate) limits: GpuLimits,
    /// What may be asked for of it beyond what every adapter has.
    pub(crate) features: Vec<GpuFeature>,
}

/// What computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum EngineKind {
    /// The adapter of this machine.
    Adapter,
    /// Nothing: everything is checked and counted, and no kernel runs. What is read back is what was recorded earlier.
    Nothing,
}
