//! The way in of `fuzz/targets/shader.rs`.

use std::collections::BTreeMap;

use super::{Caps, STACK_BYTES, ShaderError, check};
use crate::study::GpuLimits;

/// Checks any source as a worker does, with everything granted, and computes what its entry points cost. Whether it passed.
///
/// # Panics
///
/// An error has no message or a long one, or the thread could not be started.
#[must_use]
pub fn shader(source: &str) -> bool {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, || passes(source));
        thread.expect("a thread can be started").join().expect("neither a check nor its errors panic")
    })
}

fn passes(source: &str) -> bool {
    let device = Caps {
        workgroup_bytes_max: 16 << 10,
        invocations_max: 256,
        workgroup_size_max: [256, 256, 64],
        shader_f16: true,
        subgroups: true,
    };
    let shader = match check(source, &GpuLimits::default(), &device) {
        Ok(shader) => shader,
        Err(error) => return refused(&error),
    };
    for point in &shader.module().entry_points {
        if let Err(error) = shader.entry_point(Some(&point.name), &BTreeMap::new()) {
            refused(&error);
        }
    }
    true
}

fn refused(error: &ShaderError) -> bool {
    let messages = error.messages();
    assert!(!messages.is_empty() && messages.iter().all(|message| message.message.len() < 8 << 10));
    assert!(error.to_string().len() < 8 << 10);
    false
}
