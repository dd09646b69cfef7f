//! What the interface does not have. The traits of `wgpu` have no way to refuse, so it ends the program, and says what is missing.

/// Something of `wgpu` that a component cannot use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Windows, canvases, and what is shown in them.
    Surfaces,
    /// Textures, their views, and copies from and to them.
    Textures,
    /// Samplers of textures.
    Samplers,
    /// Render passes, pipelines and bundles.
    Rendering,
    /// Query sets: timestamps and statistics.
    Queries,
    /// Dispatches whose size lies in a buffer: what they cost cannot be known before.
    IndirectDispatch,
    /// Small data that is passed without a buffer, once known as push constants.
    Immediates,
    /// Several buffers or textures in one binding.
    BindingArrays,
    /// Acceleration structures and what traces rays in them.
    RayTracing,
    /// Shaders in another language than WGSL, among them those that are passed through unchecked.
    OtherShaders,
    /// Compiled pipelines to keep.
    PipelineCaches,
}

impl Missing {
    fn text(self) -> &'static str {
        match self {
            Self::Surfaces => "surfaces: there is no window and no canvas",
            Self::Textures => "textures: put the data into storage buffers",
            Self::Samplers => "samplers: put the data into storage buffers, and interpolate in the shader",
            Self::Rendering => "render passes, pipelines and bundles: only compute passes are offered",
            Self::Queries => "query sets: nothing in a trial can measure time",
            Self::IndirectDispatch => {
                "indirect dispatch: what it costs can't be known before; read the size back and call `dispatch_workgroups`"
            }
            Self::Immediates => "immediates (push constants): put the data into a uniform buffer",
            Self::BindingArrays => "arrays of buffers, samplers or textures in one binding",
            Self::RayTracing => "acceleration structures and ray tracing",
            Self::OtherShaders => "shaders in another language than WGSL, or unchecked ones",
            Self::PipelineCaches => "pipeline caches",
        }
    }
}

/// Ends the program with a text that names what is missing.
///
/// # Panics
/// Always.
#[track_caller]
pub(crate) fn unsupported(missing: Missing) -> ! {
    panic!("the GPU interface of a trial has no {}", missing.text());
}
