//! Shaders of strangers, looked at before any compiler or driver is: bounds on what is compiled, and what it costs.
//!
//! A source is bounded as text first ([`text`]), since naga recurses over it and evaluates its constants; then naga parses and validates
//! it with nothing allowed that was not granted; then its representation is walked ([`summary`]), since drivers crash, or compile for
//! minutes, on what naga takes: deep nesting, large arrays, calls that double. What passes is handed to wgpu as that representation, so
//! that it is not parsed again; wgpu validates it once more, and adds its checks at run time as for a source.
//!
//! Nothing here is a bound on how long a shader runs or compiles. That is the wall deadline of the worker.

mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod length;
mod lexer;
mod limits;
mod sizes;
mod summary;
mod text;
mod trips;
mod weights;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{Module, ShaderStage};

pub(crate) use error::ShaderError;

use crate::study::GpuLimits;
use limits::Bounds;
use sizes::Sizes;
use summary::Summaries;

/// The stack that [`check`] and [`Shader::entry_point`] need at most, whatever the source. It is reserved, not used, as a rule.
pub(crate) const STACK_BYTES: usize = 256 << 20;

/// What a device was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caps {
    /// Bytes that the invocations of a work group may share.
    pub(crate) workgroup_bytes_max: u32,
    /// Invocations of a work group.
    pub(crate) invocations_max: u32,
    /// The same along each dimension.
    pub(crate) workgroup_size_max: [u32; 3],
    /// Numbers of 16 bits.
    pub(crate) shader_f16: bool,
    /// Operations across the invocations of a subgroup.
    pub(crate) subgroups: bool,
}

impl Caps {
    fn capabilities(&self) -> Capabilities {
        // Packing numbers of 16 bits into those of 32 is a part of the language itself.
        let mut capabilities = Capabilities::SHADER_FLOAT16_IN_FLOAT32;
        capabilities.set(Capabilities::SHADER_FLOAT16, self.shader_f16);
        capabilities.set(Capabilities::SUBGROUP | Capabilities::SUBGROUP_BARRIER, self.subgroups);
        capabilities
    }
}

/// A shader that may be compiled.
#[derive(Debug)]
pub(crate) struct Shader {
    module: Module,
    info: ModuleInfo,
    bounds: Bounds,
}

/// What an entry point of a shader is and costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntryPoint {
    /// Its name.
    pub(crate) name: String,
    /// The invocations of a work group along each dimension.
    pub(crate) workgroup_size: [u32; 3],
    /// An estimate of the operations of one invocation, in units of an addition.
    pub(crate) operations: u64,
    /// Loops whose turns could not be seen, and were assumed.
    pub(crate) unknown_loops: u32,
    /// Bytes that a work group shares.
    pub(crate) workgroup_bytes: u64,
}

impl EntryPoint {
    /// An estimate of the operations of so many work groups; it saturates.
    pub(crate) fn operations(&self, groups: [u32; 3]) -> u64 {
        let invocations = self.workgroup_size.into_iter().chain(groups).map(u64::from);
        // A product with a zero is none, however large the others are.
        if invocations.clone().any(|count| count == 0) {
            return 0;
        }
        invocations.fold(self.operations, u64::saturating_mul)
    }
}

/// Checks a source against what is granted, and translates it.
///
/// It must be called on a thread with [`STACK_BYTES`] of stack.
///
/// # Errors
///
/// The source is no valid shader, uses what is not granted, or is more than what is compiled.
pub(crate) fn check(source: &str, limits: &GpuLimits, device: &Caps) -> Result<Shader, ShaderError> {
    let bounds = Bounds::new(limits, device);
    bounds.check_source(source)?;
    let tokens = lexer::tokens(source);
    text::check_nesting(source, &tokens)?;
    text::check_declarations(source, &tokens)?;
    drop(tokens);
    // A flaw of the translator is the shader's trouble, not the worker's. What it worked on is gone with it.
    catch_unwind(AssertUnwindSafe(|| translate(source, bounds, device.capabilities())))
        .unwrap_or_else(|panic| Err(ShaderError::translator(panic.as_ref())))
}

fn translate(source: &str, bounds: Bounds, capabilities: Capabilities) -> Result<Shader, ShaderError> {
    let mut options = naga::front::wgsl::Options::new();
    options.capabilities = capabilities;
    let module = naga::front::wgsl::Frontend::new_with_options(options).parse(source).map_err(|error| {
        let labels = error.labels().filter_map(|(span, label)| Some((span.to_range()?, label.to_owned())));
        ShaderError::invalid(source, &error.emit_to_string(source), error.message(), &labels.collect::<Vec<_>>())
    })?;
    bounds.check_kinds(source, &module)?;
    bounds.check_counts(&module)?;
    let info = Validator::new(ValidationFlags::all(), capabilities).validate(&module).map_err(|error| {
        let spans = error.spans().filter_map(|(span, label)| Some((span.to_range()?, label.clone())));
        ShaderError::invalid(
            source,
            &error.emit_to_string(source),
            &chain(error.as_inner()),
            &spans.collect::<Vec<_>>(),
        )
    })?;
    let sizes = Sizes::of(&module);
    bounds.check_module(source, &module, &sizes)?;
    let summaries = Summaries::of(source, &module, &info, &sizes)?;
    for (index, entry_point) in module.entry_points.iter().enumerate() {
        bounds.check_entry_point(&module, &sizes, &summaries, entry_point, info.get_entry_point(index))?;
    }
    Ok(Shader { module, info, bounds })
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

impl Shader {
    /// What is handed to wgpu.
    pub(crate) fn module(&self) -> &Module {
        &self.module
    }

    /// What an entry point is and costs once constants replace its overrides, by their names or their `@id` numbers. Without a name
    /// it is the only entry point.
    ///
    /// It must be called on a thread with [`STACK_BYTES`] of stack.
    ///
    /// # Errors
    ///
    /// There is no such entry point, the constants do not fit, or with them it is more than what is granted.
    pub(crate) fn entry_point(
        &self,
        name: Option<&str>,
        constants: &BTreeMap<String, f64>,
    ) -> Result<EntryPoint, ShaderError> {
        let name = self.entry_point_name(name)?;
        catch_unwind(AssertUnwindSafe(|| self.specialised(name, constants)))
            .unwrap_or_else(|panic| Err(ShaderError::translator(panic.as_ref())))
    }

    fn entry_point_name(&self, name: Option<&str>) -> Result<&str, ShaderError> {
        let names = self.module.entry_points.iter().map(|entry_point| entry_point.name.as_str());
        let known = || match names.clone().collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => "none".to_owned(),
            known => error::shortened(&known),
        };
        match name {
            Some(name) => names
                .clone()
                .find(|&known| known == name)
                .ok_or_else(|| ShaderError::NoEntryPoint { name: error::shortened(name), known: known() }),
            None => match self.module.entry_points.as_slice() {
                [only] => Ok(&only.name),
                several => Err(ShaderError::WhichEntryPoint { count: several.len(), known: known() }),
            },
        }
    }

    fn specialised(&self, name: &str, constants: &BTreeMap<String, f64>) -> Result<EntryPoint, ShaderError> {
        let failed = |reason: String| ShaderError::Constants {
            entry_point: error::shortened(name),
            reason: error::shortened(&reason),
        };
        if let Some(unknown) = constants.keys().find(|constant| !self.has_override(constant)) {
            return Err(failed(format!("the shader has no override `{unknown}`")));
        }
        let values = constants.iter().map(|(name, value)| (name.clone(), *value)).collect();
        let stage = Some((ShaderStage::Compute, name));
        let (module, info) =
            naga::back::pipeline_constants::process_overrides(&self.module, &self.info, stage, &values)
                .map_err(|error| failed(chain(&error)))?;
        let position = module.entry_points.iter().position(|entry_point| entry_point.name == name);
        let found = position.and_then(|index| Some((index, module.entry_points.get(index)?)));
        let (index, entry_point) = found.ok_or_else(|| failed("it is gone without them".to_owned()))?;
        let sizes = Sizes::of(&module);
        self.bounds.check_module("", &module, &sizes)?;
        let summaries = Summaries::of("", &module, &info, &sizes)?;
        self.bounds.check_entry_point(&module, &sizes, &summaries, entry_point, info.get_entry_point(index))
    }

    fn has_override(&self, key: &str) -> bool {
        self.module.overrides.iter().any(|(_, found)| match found.id {
            Some(id) => key.parse() == Ok(id),
            None => found.name.as_deref() == Some(key),
        })
    }
}
