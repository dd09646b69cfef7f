//! Compute passes.

use wgpu::custom::{
    ComputePassInterface, DispatchBindGroup, DispatchBuffer, DispatchComputePipeline, DispatchQuerySet,
    DispatchTextureView,
};
use wgpu::wgt;

use crate::bindings::wasi::webgpu::webgpu::GpuComputePassEncoder;
use crate::foreign::Own;
use crate::unsupported::{Missing, unsupported};

#[derive(Debug)]
pub(crate) struct ComputePass {
    handle: GpuComputePassEncoder,
}

impl ComputePass {
    pub(crate) fn new(handle: GpuComputePassEncoder) -> Self {
        Self { handle }
    }
}

impl Drop for ComputePass {
    fn drop(&mut self) {
        self.handle.end();
    }
}

impl ComputePassInterface for ComputePass {
    fn set_pipeline(&mut self, pipeline: &DispatchComputePipeline) {
        self.handle.set_pipeline(&pipeline.own().handle);
    }

    fn set_bind_group(&mut self, index: u32, bind_group: Option<&DispatchBindGroup>, offsets: &[wgpu::DynamicOffset]) {
        let group = bind_group.map(|group| &group.own().handle);
        // All of the offsets are passed: no range of them can be out of theirs, which is the one reason to refuse.
        let _ = self.handle.set_bind_group(index, group, (!offsets.is_empty()).then_some(offsets), None, None);
    }

    fn set_immediates(&mut self, _offset: u32, _data: &[u8]) {
        unsupported(Missing::Immediates)
    }

    fn insert_debug_marker(&mut self, label: &str) {
        self.handle.insert_debug_marker(label);
    }

    fn push_debug_group(&mut self, group_label: &str) {
        self.handle.push_debug_group(group_label);
    }

    fn pop_debug_group(&mut self) {
        self.handle.pop_debug_group();
    }

    fn write_timestamp(&mut self, _query_set: &DispatchQuerySet, _query_index: u32) {
        unsupported(Missing::Queries)
    }

    fn begin_pipeline_statistics_query(&mut self, _query_set: &DispatchQuerySet, _query_index: u32) {
        unsupported(Missing::Queries)
    }

    fn end_pipeline_statistics_query(&mut self) {
        unsupported(Missing::Queries)
    }

    fn dispatch_workgroups(&mut self, x: u32, y: u32, z: u32) {
        self.handle.dispatch_workgroups(x, Some(y), Some(z));
    }

    fn dispatch_workgroups_indirect(&mut self, _indirect_buffer: &DispatchBuffer, _indirect_offset: u64) {
        unsupported(Missing::IndirectDispatch)
    }

    // A hint for native programs; the engine finds out by itself.
    fn transition_resources<'a>(
        &mut self,
        _buffer_transitions: &mut dyn Iterator<Item = wgt::BufferTransition<&'a DispatchBuffer>>,
        _texture_transitions: &mut dyn Iterator<Item = wgt::TextureTransition<&'a DispatchTextureView>>,
    ) {
    }
}
