//! The engine with its deterministic settings, and their digest.
//!
//! Everything that could make one machine's fuel or results differ from another's is fixed here: the operators' costs, the
//! proposals that are on, the processor's feature level, how often a guest yields.

use std::sync::Arc;

use wasmtime::component::Linker;
use wasmtime::{Config, Engine, Inlining, WasmFeatures};

pub(crate) use super::costs::YIELD_INTERVAL;
use super::costs::{self, PRICES};
use super::host::{self, HostState};
use crate::numeric::digest::Digest;
use crate::study::FloatMode;

/// The engine's release; a test compares it with the lock file.
const ENGINE_RELEASE: &str = "wasmtime 48.0.8";

/// Stack that a guest may use. Large, so that fuel or memory usually end a runaway recursion first: they do so at the same
/// place on every machine.
const GUEST_STACK_BYTES: usize = 8 << 20;
/// Stack for a guest and for the host functions that it calls. Overflowing the host's part would abort the process.
pub(super) const FIBER_STACK_BYTES: usize = GUEST_STACK_BYTES + (2 << 20);

/// The proposals beyond the first release that are on. All others are off: threads and relaxed SIMD are not deterministic, and
/// what no toolchain needs only adds surface.
const FEATURES_ON: &[(&str, WasmFeatures)] = &[
    ("floats", WasmFeatures::FLOATS),
    ("mutable-global", WasmFeatures::MUTABLE_GLOBAL),
    ("saturating-float-to-int", WasmFeatures::SATURATING_FLOAT_TO_INT),
    ("sign-extension", WasmFeatures::SIGN_EXTENSION),
    ("reference-types", WasmFeatures::REFERENCE_TYPES),
    ("multi-value", WasmFeatures::MULTI_VALUE),
    ("bulk-memory", WasmFeatures::BULK_MEMORY),
    ("simd", WasmFeatures::SIMD),
    ("tail-call", WasmFeatures::TAIL_CALL),
    ("multi-memory", WasmFeatures::MULTI_MEMORY),
    ("extended-const", WasmFeatures::EXTENDED_CONST),
    ("component-model", WasmFeatures::COMPONENT_MODEL),
];

/// The one level of x86-64 features that code is compiled for: x86-64-v3 (2013 and later), whose three-operand vector
/// instructions carry NaN payloads otherwise than the older ones.
#[cfg(target_arch = "x86_64")]
const PROCESSOR_FLAGS: &[&str] = &[
    "has_sse3",
    "has_ssse3",
    "has_sse41",
    "has_sse42",
    "has_popcnt",
    "has_avx",
    "has_avx2",
    "has_fma",
    "has_bmi1",
    "has_bmi2",
    "has_lzcnt",
];
#[cfg(not(target_arch = "x86_64"))]
const PROCESSOR_FLAGS: &[&str] = &[];

/// The engine cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The processor is too old.
    #[error(
        "this machine's processor lacks `{0}`; trialbox compiles guests for x86-64-v3 (2013 and later), so that all machines give \
         equal bits"
    )]
    Processor(&'static str),
    /// The table of operator costs does not fit the engine.
    #[error("the table of operator costs does not fit the engine")]
    Costs(#[source] serde_json::Error),
    /// The engine refused a setting.
    #[error("the engine refused its settings: {0}")]
    Engine(String),
}

/// The engine for all components of one [`FloatMode`]. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    pub(super) engine: Engine,
    pub(super) linker: Arc<Linker<HostState>>,
    float_mode: FloatMode,
}

impl Sandbox {
    /// Sets the engine up.
    ///
    /// # Errors
    /// If the processor is too old, or the engine refuses a setting.
    pub fn new(float_mode: FloatMode) -> Result<Self, SandboxError> {
        check_processor()?;
        let refused = |error: wasmtime::Error| SandboxError::Engine(format!("{error:#}"));
        let engine = Engine::new(&config(float_mode)?).map_err(refused)?;
        let mut linker = Linker::new(&engine);
        host::add_to_linker(&mut linker).map_err(refused)?;
        Ok(Self { engine, linker: Arc::new(linker), float_mode })
    }

    /// How the engine treats NaN.
    #[must_use]
    pub fn float_mode(&self) -> FloatMode {
        self.float_mode
    }

    /// A digest of everything that compiled code depends on besides the component.
    #[must_use]
    pub fn compatibility(&self) -> Digest {
        compatibility_of(&self.engine, self.float_mode)
    }
}

/// [`Sandbox::compatibility`] without a sandbox.
///
/// # Errors
/// As [`Sandbox::new`].
pub fn compatibility(float_mode: FloatMode) -> Result<Digest, SandboxError> {
    check_processor()?;
    let engine = Engine::new(&config(float_mode)?).map_err(|error| SandboxError::Engine(format!("{error:#}")))?;
    Ok(compatibility_of(&engine, float_mode))
}

fn compatibility_of(engine: &Engine, float_mode: FloatMode) -> Digest {
    use std::hash::{Hash, Hasher};
    /// Feeds what is hashed into BLAKE3.
    struct Feed(blake3::Hasher);
    impl Hasher for Feed {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut feed = Feed(blake3::Hasher::new());
    engine.precompile_compatibility_hash().hash(&mut feed);
    feed.0.update(&fuel_schedule(float_mode).0);
    Digest(*feed.0.finalize().as_bytes())
}

/// The digest of the fuel schedule: the engine's release and settings, the operators' costs and the price list. Studies
/// with another schedule have other virtual times.
#[must_use]
pub fn fuel_schedule(float_mode: FloatMode) -> Digest {
    let features: Vec<&str> = FEATURES_ON.iter().map(|(name, _)| *name).collect();
    Digest::of_canonical(&(
        (ENGINE_RELEASE, costs::OPERATOR_COSTS, features),
        (PROCESSOR_FLAGS, std::env::consts::ARCH, float_mode == FloatMode::Canonical),
        (&PRICES, YIELD_INTERVAL, costs::INSTANTIATION_FUEL_MAX),
        (GUEST_STACK_BYTES as u64, FIBER_STACK_BYTES as u64),
    ))
}

pub(super) fn config(float_mode: FloatMode) -> Result<Config, SandboxError> {
    let mut config = Config::new();
    config.wasm_features(WasmFeatures::all(), false);
    for (_, feature) in FEATURES_ON {
        config.wasm_features(*feature, true);
    }
    config.strategy(wasmtime::Strategy::Cranelift);
    config.cranelift_opt_level(wasmtime::OptLevel::Speed);
    // Keeps what fuel has been written down at a trap independent of the compiler's heuristics.
    config.compiler_inlining(Inlining::No);
    config.cranelift_nan_canonicalization(float_mode == FloatMode::Canonical);
    pin_processor(&mut config)?;
    config.consume_fuel(true);
    config.operator_cost(costs::operator_costs().map_err(SandboxError::Costs)?);
    config.max_wasm_stack(GUEST_STACK_BYTES);
    config.async_stack_size(FIBER_STACK_BYTES);
    // Backtraces go into the trial's log; they never reach a digest.
    config.wasm_backtrace_max_frames(std::num::NonZeroUsize::new(20));
    config.wasm_backtrace_details(wasmtime::WasmBacktraceDetails::Disable);
    Ok(config)
}

/// Without this the engine would use whatever the machine at hand offers.
fn pin_processor(config: &mut Config) -> Result<(), SandboxError> {
    let target = match (std::env::consts::ARCH, std::env::consts::OS) {
        ("x86_64", "linux") => "x86_64-unknown-linux-gnu",
        ("x86_64", "macos") => "x86_64-apple-darwin",
        ("aarch64", "linux") => "aarch64-unknown-linux-gnu",
        ("aarch64", "macos") => "aarch64-apple-darwin",
        (architecture, system) => {
            return Err(SandboxError::Engine(format!("{architecture} on {system} is not supported")));
        }
    };
    config.target(target).map_err(|error| SandboxError::Engine(format!("{error:#}")))?;
    for flag in PROCESSOR_FLAGS {
        // SAFETY: the flags name features that `check_processor` has found on this machine, and the engine checks compiled code
        // against the machine once more when it loads it.
        #[expect(unsafe_code, reason = "the engine offers no safe way to fix the feature level")]
        unsafe {
            config.cranelift_flag_enable(flag);
        }
    }
    Ok(())
}

#[cfg(target_arch = "x86_64")]
fn check_processor() -> Result<(), SandboxError> {
    let features = [
        ("sse3", is_x86_feature_detected!("sse3")),
        ("ssse3", is_x86_feature_detected!("ssse3")),
        ("sse4.1", is_x86_feature_detected!("sse4.1")),
        ("sse4.2", is_x86_feature_detected!("sse4.2")),
        ("popcnt", is_x86_feature_detected!("popcnt")),
        ("avx", is_x86_feature_detected!("avx")),
        ("avx2", is_x86_feature_detected!("avx2")),
        ("fma", is_x86_feature_detected!("fma")),
        ("bmi1", is_x86_feature_detected!("bmi1")),
        ("bmi2", is_x86_feature_detected!("bmi2")),
        ("lzcnt", is_x86_feature_detected!("lzcnt")),
    ];
    match features.iter().find(|(_, there)| !there) {
        Some((name, _)) => Err(SandboxError::Processor(name)),
        None => Ok(()),
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn check_processor() -> Result<(), SandboxError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fuel_schedule_names_the_engine_that_is_built_in() {
        let lock = include_str!("../../Cargo.lock");
        let version = ENGINE_RELEASE.strip_prefix("wasmtime ").unwrap();
        assert!(lock.contains(&format!("name = \"wasmtime\"\nversion = \"{version}\"")));
    }

    #[test]
    fn float_modes_have_different_fuel_schedules() {
        assert_ne!(fuel_schedule(FloatMode::Native), fuel_schedule(FloatMode::Canonical));
    }
}
