//! Shader modules, and what the engine says of them.

use std::future::ready;
use std::pin::Pin;

use wgpu::custom::{ShaderCompilationInfoFuture, ShaderModuleInterface};

use crate::bindings::wasi::webgpu::webgpu::{
    GpuCompilationMessage, GpuCompilationMessageType, GpuShaderModule, GpuShaderModuleDescriptor,
};
use crate::errors::Shared;
use crate::unsupported::{Missing, unsupported};

#[derive(Debug)]
pub(crate) struct ShaderModule {
    /// The engine's module.
    pub(crate) handle: GpuShaderModule,
    source: String,
}

impl ShaderModule {
    pub(crate) fn new(device: &Shared, desc: wgpu::ShaderModuleDescriptor<'_>) -> Self {
        let source = match desc.source {
            wgpu::ShaderSource::Wgsl(source) => source.into_owned(),
            // Which there are depends on the features that others ask of `wgpu`.
            _ => unsupported(Missing::OtherShaders),
        };
        let handle = device.handle.create_shader_module(&GpuShaderModuleDescriptor {
            code: source.clone(),
            compilation_hints: None,
            label: desc.label.map(str::to_owned),
        });
        Self { handle, source }
    }

    fn message(&self, message: &GpuCompilationMessage) -> wgpu::CompilationMessage {
        wgpu::CompilationMessage {
            message: message.message(),
            message_type: match message.type_() {
                GpuCompilationMessageType::Error => wgpu::CompilationMessageType::Error,
                GpuCompilationMessageType::Warning => wgpu::CompilationMessageType::Warning,
                GpuCompilationMessageType::Info => wgpu::CompilationMessageType::Info,
            },
            location: location(&self.source, message.line_num(), message.offset(), message.length()),
        }
    }
}

/// A place in a source, in bytes as `wgpu` counts; the engine counts in UTF-16 code units, as the standard does. None if there is none.
fn location(source: &str, line: u64, offset_units: u64, length_units: u64) -> Option<wgpu::SourceLocation> {
    if line == 0 {
        return None;
    }
    let start = byte_of_unit(source, offset_units);
    let end = byte_of_unit(source, offset_units.saturating_add(length_units));
    let line_start = source[..start].rfind('\n').map_or(0, |end_of_line| end_of_line + 1);
    Some(wgpu::SourceLocation {
        line_number: u32::try_from(line).ok()?,
        line_position: u32::try_from(start - line_start + 1).ok()?,
        offset: u32::try_from(start).ok()?,
        length: u32::try_from(end.saturating_sub(start)).ok()?,
    })
}

/// Where a UTF-16 code unit lies in a text, in bytes; its end if it lies beyond.
fn byte_of_unit(text: &str, unit: u64) -> usize {
    let mut units = 0;
    for (place, character) in text.char_indices() {
        if units >= unit {
            return place;
        }
        units += character.len_utf16() as u64;
    }
    text.len()
}

impl ShaderModuleInterface for ShaderModule {
    fn get_compilation_info(&self) -> Pin<Box<dyn ShaderCompilationInfoFuture>> {
        let messages = self.handle.get_compilation_info().messages();
        let messages = messages.iter().map(|message| self.message(message)).collect();
        Box::pin(ready(wgpu::CompilationInfo { messages }))
    }
}
