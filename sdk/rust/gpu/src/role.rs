//! What a buffer is for; the devices make the interface's flags of it.

/// What a buffer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Kernels read it and write it.
    Storage,
    /// Kernels read a few numbers from it, which are the same for all invocations.
    Uniform,
    /// What is read back is copied here first, as only such a buffer can be mapped.
    Staging,
}

impl Role {
    /// The role as the interface's flags, which are those of the standard (WebGPU, section 5.1.2).
    #[cfg(target_family = "wasm")]
    pub(crate) fn usage(self) -> u32 {
        const MAP_READ: u32 = 0x1;
        const COPY_SRC: u32 = 0x4;
        const COPY_DST: u32 = 0x8;
        const UNIFORM: u32 = 0x40;
        const STORAGE: u32 = 0x80;
        match self {
            Self::Storage => STORAGE | COPY_SRC | COPY_DST,
            Self::Uniform => UNIFORM | COPY_SRC | COPY_DST,
            Self::Staging => MAP_READ | COPY_DST,
        }
    }
}
