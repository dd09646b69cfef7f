//! From a component's file to its compiled code: out of the user's cache, or by a worker that does nothing else.
//!
//! Compiling is fed by strangers and has no fuel, so it happens in a process of its own, with a bound on its time and its memory, that reaches
//! nothing ([`super::confinement`]). What it made is kept under an authentication code by this process, under the name of this
//! component: a compiler that was taken over can make false code for what it was given, and for nothing else.

#![expect(clippy::disallowed_methods, reason = "wall time bounds the compiler; none of it reaches the log")]

use std::path::Path;
use std::time::{Duration, Instant};

use super::message::{Assignment, Code, Compiled, FromWorker};
use super::single::Only;
use super::{Compiling, ExecutorError, Interrupt, RunOptions};
use crate::numeric::digest::Digest;
use crate::sandbox::{CompiledCache, ComponentError, component, engine};
use crate::study::{ComponentId, FloatMode};

/// How often it is looked whether the compiler is late or somebody asks to stop.
const POLL: Duration = Duration::from_millis(50);

/// From this size on a component is compiled for longer than people wait without asking: some half a second for a mebibyte.
const TOLD_BYTES_MIN: u64 = 1 << 20;

/// The compiled component of a file.
///
/// # Errors
/// If the file cannot be read, is no component, or is not compiled within the bounds.
pub(super) fn compiled(
    path: &Path,
    float_mode: FloatMode,
    options: &RunOptions,
    interrupt: &Interrupt,
) -> Result<Compiled, ExecutorError> {
    let bytes = component::read(path)?;
    let id = ComponentId { digest: Digest::of(&bytes), bytes: bytes.len() as u64 };
    let compatibility = engine::compatibility(float_mode).map_err(|error| ComponentError::Engine(error.to_string()))?;
    // A cache that cannot be used costs time, nothing else.
    let folder = options.cache.as_ref();
    let cache = folder.and_then(|folder| Some((folder, CompiledCache::open(folder).ok()?)));
    let Some((folder, cache)) = cache else {
        return Ok(Compiled { id, code: Code::Given(compile(bytes, float_mode, options, interrupt)?) });
    };
    let cached = || Code::Cached { folder: folder.clone(), file: cache.path(compatibility, id.digest) };
    if cache.contains(compatibility, id.digest) {
        let code = cached();
        return Ok(Compiled { id, code });
    }
    let code = compile(bytes, float_mode, options, interrupt)?;
    let code = if cache.keep(compatibility, id.digest, &code).is_ok() { cached() } else { Code::Given(code) };
    Ok(Compiled { id, code })
}

/// Has a worker compile, and tells of it if it will take a while.
fn compile(
    component: Vec<u8>,
    float_mode: FloatMode,
    options: &RunOptions,
    interrupt: &Interrupt,
) -> Result<Vec<u8>, ExecutorError> {
    let bytes = component.len() as u64;
    let tell = options.on_compiling.filter(|_| bytes >= TOLD_BYTES_MIN).unwrap_or(|_| ());
    tell(Compiling::Began { bytes });
    let compiled = compile_telling(component, float_mode, options, interrupt, tell);
    tell(Compiling::Ended);
    compiled
}

fn compile_telling(
    component: Vec<u8>,
    float_mode: FloatMode,
    options: &RunOptions,
    interrupt: &Interrupt,
    tell: fn(Compiling),
) -> Result<Vec<u8>, ExecutorError> {
    let (began, bytes) = (Instant::now(), component.len() as u64);
    let mut only = Only::new(options, interrupt, Assignment::Compile { component, float_mode })?;
    loop {
        let left = options.compile_time_max.saturating_sub(began.elapsed());
        if left.is_zero() {
            let seconds = options.compile_time_max.as_secs_f64();
            let reason = format!("it takes more than {seconds} s, which is `compile_time_max`");
            return Err(ComponentError::Compiler(reason).into());
        }
        match only.next_until(left.min(POLL)) {
            Ok(Some(FromWorker::Compiled(code))) => return code.map_err(ExecutorError::Component),
            Ok(_) => tell(Compiling::GoesOn { bytes, elapsed: began.elapsed() }),
            Err(ExecutorError::WorkerLost { words }) => {
                return Err(ComponentError::Compiler(lost(&words, options)).into());
            }
            Err(error) => return Err(error),
        }
    }
}

fn lost(words: &str, options: &RunOptions) -> String {
    let memory = options.compile_memory_bytes_max;
    let words = if words.is_empty() { String::new() } else { format!(": {}", component::shown(words)) };
    format!(
        "the compiler ended by itself, as it does past {memory} bytes of memory (`compile_memory_bytes_max`){words}"
    )
}
