//! Limits, from the engine's names to those of `wgpu` and back.

use crate::bindings::wasi::webgpu::webgpu::{GpuSupportedLimits, RecordOptionGpuSize64};

/// Which of two limits lets more through.
#[derive(Clone, Copy)]
enum Better {
    Larger,
    Smaller,
}

impl Better {
    fn is_beyond(self, wanted: u64, default: u64) -> bool {
        match self {
            Self::Larger => wanted > default,
            Self::Smaller => wanted < default,
        }
    }
}

macro_rules! limits {
    ($($field:ident = $getter:ident, $key:literal, $better:ident;)+) => {
        /// The limits of an adapter or a device. Those that the standard does not have are at their default: none.
        pub(crate) fn read(limits: &GpuSupportedLimits) -> wgpu::Limits {
            wgpu::Limits { $($field: limits.$getter(),)+ ..wgpu::Limits::defaults() }
        }

        /// What a program asks for beyond the standard's default, by the standard's names.
        fn beyond_default(wanted: &wgpu::Limits) -> Vec<(&'static str, u64)> {
            let default = wgpu::Limits::defaults();
            let all = [$(($key, Better::$better, u64::from(wanted.$field), u64::from(default.$field)),)+];
            all.into_iter()
                .filter(|(_, better, wanted, default)| better.is_beyond(*wanted, *default))
                .map(|(key, _, wanted, _)| (key, wanted))
                .collect()
        }

        /// The limits that the standard does not have, as the program wants them; the others as the adapter has them.
        fn others(wanted: &wgpu::Limits, adapter: &wgpu::Limits) -> wgpu::Limits {
            wgpu::Limits { $($field: adapter.$field,)+ ..wanted.clone() }
        }
    };
}

limits! {
    max_texture_dimension_1d = max_texture_dimension1_d, "maxTextureDimension1D", Larger;
    max_texture_dimension_2d = max_texture_dimension2_d, "maxTextureDimension2D", Larger;
    max_texture_dimension_3d = max_texture_dimension3_d, "maxTextureDimension3D", Larger;
    max_texture_array_layers = max_texture_array_layers, "maxTextureArrayLayers", Larger;
    max_bind_groups = max_bind_groups, "maxBindGroups", Larger;
    max_bind_groups_plus_vertex_buffers = max_bind_groups_plus_vertex_buffers, "maxBindGroupsPlusVertexBuffers", Larger;
    max_bindings_per_bind_group = max_bindings_per_bind_group, "maxBindingsPerBindGroup", Larger;
    max_dynamic_uniform_buffers_per_pipeline_layout = max_dynamic_uniform_buffers_per_pipeline_layout,
        "maxDynamicUniformBuffersPerPipelineLayout", Larger;
    max_dynamic_storage_buffers_per_pipeline_layout = max_dynamic_storage_buffers_per_pipeline_layout,
        "maxDynamicStorageBuffersPerPipelineLayout", Larger;
    max_sampled_textures_per_shader_stage = max_sampled_textures_per_shader_stage, "maxSampledTexturesPerShaderStage", Larger;
    max_samplers_per_shader_stage = max_samplers_per_shader_stage, "maxSamplersPerShaderStage", Larger;
    max_storage_buffers_per_shader_stage = max_storage_buffers_per_shader_stage, "maxStorageBuffersPerShaderStage", Larger;
    max_storage_textures_per_shader_stage = max_storage_textures_per_shader_stage, "maxStorageTexturesPerShaderStage", Larger;
    max_uniform_buffers_per_shader_stage = max_uniform_buffers_per_shader_stage, "maxUniformBuffersPerShaderStage", Larger;
    max_uniform_buffer_binding_size = max_uniform_buffer_binding_size, "maxUniformBufferBindingSize", Larger;
    max_storage_buffer_binding_size = max_storage_buffer_binding_size, "maxStorageBufferBindingSize", Larger;
    min_uniform_buffer_offset_alignment = min_uniform_buffer_offset_alignment, "minUniformBufferOffsetAlignment", Smaller;
    min_storage_buffer_offset_alignment = min_storage_buffer_offset_alignment, "minStorageBufferOffsetAlignment", Smaller;
    max_vertex_buffers = max_vertex_buffers, "maxVertexBuffers", Larger;
    max_buffer_size = max_buffer_size, "maxBufferSize", Larger;
    max_vertex_attributes = max_vertex_attributes, "maxVertexAttributes", Larger;
    max_vertex_buffer_array_stride = max_vertex_buffer_array_stride, "maxVertexBufferArrayStride", Larger;
    max_inter_stage_shader_variables = max_inter_stage_shader_variables, "maxInterStageShaderVariables", Larger;
    max_color_attachments = max_color_attachments, "maxColorAttachments", Larger;
    max_color_attachment_bytes_per_sample = max_color_attachment_bytes_per_sample, "maxColorAttachmentBytesPerSample", Larger;
    max_compute_workgroup_storage_size = max_compute_workgroup_storage_size, "maxComputeWorkgroupStorageSize", Larger;
    max_compute_invocations_per_workgroup = max_compute_invocations_per_workgroup, "maxComputeInvocationsPerWorkgroup", Larger;
    max_compute_workgroup_size_x = max_compute_workgroup_size_x, "maxComputeWorkgroupSizeX", Larger;
    max_compute_workgroup_size_y = max_compute_workgroup_size_y, "maxComputeWorkgroupSizeY", Larger;
    max_compute_workgroup_size_z = max_compute_workgroup_size_z, "maxComputeWorkgroupSizeZ", Larger;
    max_compute_workgroups_per_dimension = max_compute_workgroups_per_dimension, "maxComputeWorkgroupsPerDimension", Larger;
}

/// What to ask the engine for. Only what is beyond the standard's default is asked for: a program that wants the default gets what
/// the study grants of it.
///
/// # Errors
/// If the program wants a limit that the standard does not have.
pub(crate) fn ask(wanted: &wgpu::Limits, adapter: &wgpu::Limits) -> Result<Option<RecordOptionGpuSize64>, String> {
    let mut mistakes = Vec::new();
    others(wanted, adapter).check_limits_with_fail_fn(adapter, false, |name, wanted, there| {
        mistakes.push(format!("`{name}` of {wanted} was asked for, but the GPU interface of a trial has {there}"));
    });
    if !mistakes.is_empty() {
        return Err(mistakes.join("; "));
    }
    let asked = beyond_default(wanted);
    if asked.is_empty() {
        return Ok(None);
    }
    let record = RecordOptionGpuSize64::new();
    for (key, value) in asked {
        record.add(key, Some(value));
    }
    Ok(Some(record))
}
