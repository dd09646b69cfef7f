//! From the objects of `wgpu` to this backend's own.

use wgpu::custom::{
    DispatchBindGroup, DispatchBuffer, DispatchCommandBuffer, DispatchComputePipeline, DispatchQueueWriteBuffer,
};

use crate::binding::{BindGroup, BindGroupLayout, PipelineLayout};
use crate::buffer::Buffer;
use crate::commands::CommandBuffer;
use crate::pipeline::ComputePipeline;
use crate::queue::StagingBuffer;
use crate::shader::ShaderModule;

/// An object that `wgpu` holds for this backend.
pub(crate) trait Own<T> {
    /// The object as this backend made it.
    ///
    /// # Panics
    /// If another backend made it: a program has mixed up two instances.
    fn own(&self) -> &T;
}

macro_rules! own {
    ($($foreign:ty => $own:ty;)+) => {
        $(impl Own<$own> for $foreign {
            #[track_caller]
            fn own(&self) -> &$own {
                self.as_custom().expect("an object of another instance was passed to one of `trialbox_wgpu::instance()`")
            }
        })+
    };
}

own! {
    DispatchBuffer => Buffer;
    DispatchBindGroup => BindGroup;
    DispatchCommandBuffer => CommandBuffer;
    DispatchComputePipeline => ComputePipeline;
    DispatchQueueWriteBuffer => StagingBuffer;
    wgpu::Buffer => Buffer;
    wgpu::BindGroupLayout => BindGroupLayout;
    wgpu::PipelineLayout => PipelineLayout;
    wgpu::ShaderModule => ShaderModule;
}
