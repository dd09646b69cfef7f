//! What a shader may be: the study's limits, the device's, and those that keep translators and drivers from crashing or taking minutes.

use naga::valid::FunctionInfo;
use naga::{AddressSpace, Module, ShaderStage, Span, TypeInner};

use super::error::{Amount, Excess, Place, ShaderError};
use super::sizes::Sizes;
use super::summary::{Summaries, VALUES_PER_STATEMENT, VARIABLE_BYTES_MAX};
use super::{Caps, EntryPoint};
use crate::study::GpuLimits;

/// The most bytes of arrays and structures of one invocation, with calls written out: registers do not hold them.
pub(super) const INVOCATION_BYTES_MAX: u64 = 8 << 10;
/// The most divisions of whole numbers and transcendental functions, calls written out. A driver (Mesa 25.0) takes a second of a
/// processor to compile 500 of them, 15 s for 2,000.
pub(super) const LONG_VALUES_MAX: u64 = 512;
/// The most bytes of one constant. What an index chooses from it becomes a variable, which costs what other variables do.
pub(super) const CONSTANT_BYTES_MAX: u64 = 2 << 10;
/// The most bytes of all constants.
pub(super) const CONSTANTS_BYTES_MAX: u64 = 16 << 10;
/// The deepest nesting of types ([the standard's limit](https://www.w3.org/TR/WGSL/#limits)).
const TYPE_NESTING_MAX: u64 = 15;
/// The most types of a module.
const TYPES_MAX: u64 = 1_024;
/// The most functions of a module.
const FUNCTIONS_MAX: u64 = 512;
/// The most entry points of a module.
const ENTRY_POINTS_MAX: u64 = 64;
/// The most variables of a module.
const GLOBALS_MAX: u64 = 256;
/// The expressions that may be written for each statement that is granted. Most statements have fewer than ten.
const EXPRESSIONS_PER_STATEMENT: u64 = 32;

/// The bounds on a shader.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    source_bytes: u64,
    statements: u64,
    device: Caps,
}

fn at_most(excess: Excess, have: u64, max: u64, place: Place) -> Result<(), ShaderError> {
    if have <= max { Ok(()) } else { Err(ShaderError::TooMuch { excess, have: Amount(have), max, place }) }
}

fn place(source: &str, span: Span) -> Place {
    span.to_range().map(|range| Place::of(source, range)).unwrap_or_default()
}

fn unavailable(what: String, advice: &'static str, place: Place) -> ShaderError {
    ShaderError::Unavailable { what, advice, place }
}

impl Bounds {
    pub(super) fn new(limits: &GpuLimits, device: &Caps) -> Self {
        Self { source_bytes: limits.shader_bytes_max, statements: limits.shader_statements_max, device: *device }
    }

    pub(super) fn check_source(&self, source: &str) -> Result<(), ShaderError> {
        // Places in a source are kept in 32 bits.
        let max = self.source_bytes.min(u64::from(u32::MAX) / 2);
        at_most(Excess::SourceBytes, source.len() as u64, max, Place::default())
    }

    /// Refuses what computing has no use for.
    pub(super) fn check_kinds(&self, source: &str, module: &Module) -> Result<(), ShaderError> {
        for entry_point in &module.entry_points {
            if entry_point.stage != ShaderStage::Compute {
                let what = format!("the {:?} entry point `{}`", entry_point.stage, entry_point.name).to_lowercase();
                return Err(unavailable(what, "make it `@compute`, or leave it out", Place::default()));
            }
        }
        for (handle, ty) in module.types.iter() {
            let kind = match ty.inner {
                TypeInner::Image { .. } => "a texture",
                TypeInner::Sampler { .. } => "a sampler",
                TypeInner::AccelerationStructure { .. } | TypeInner::RayQuery { .. } => "ray tracing",
                TypeInner::BindingArray { .. } => "an array of bindings",
                TypeInner::CooperativeMatrix { .. } => "a cooperative matrix",
                _ => continue,
            };
            let variable = module.global_variables.iter().find(|(_, variable)| variable.ty == handle);
            let name = variable.and_then(|(_, variable)| variable.name.as_deref());
            let what = name.map_or_else(|| kind.to_owned(), |name| format!("{kind} (`{name}`)"));
            let span = variable.map(|(handle, _)| module.global_variables.get_span(handle)).unwrap_or_default();
            return Err(unavailable(what, "use a storage buffer", place(source, span)));
        }
        Ok(())
    }

    pub(super) fn check_counts(&self, module: &Module) -> Result<(), ShaderError> {
        let functions = module.functions.iter().map(|(_, function)| function);
        let functions = functions.chain(module.entry_points.iter().map(|entry_point| &entry_point.function));
        let expressions =
            module.global_expressions.len() + functions.map(|function| function.expressions.len()).sum::<usize>();
        let counts = [
            (Excess::Types, module.types.len(), TYPES_MAX),
            (Excess::Functions, module.functions.len(), FUNCTIONS_MAX),
            (Excess::EntryPoints, module.entry_points.len(), ENTRY_POINTS_MAX),
            (Excess::Globals, module.global_variables.len(), GLOBALS_MAX),
            (Excess::Expressions, expressions, self.statements.saturating_mul(EXPRESSIONS_PER_STATEMENT)),
        ];
        counts.into_iter().try_for_each(|(excess, have, max)| at_most(excess, have as u64, max, Place::default()))
    }

    /// Bounds the types, the constants and the variables outside functions.
    pub(super) fn check_module(&self, source: &str, module: &Module, sizes: &Sizes) -> Result<(), ShaderError> {
        for (handle, _) in module.types.iter() {
            let place = place(source, module.types.get_span(handle));
            at_most(Excess::TypeNesting, sizes.get(handle).nesting, TYPE_NESTING_MAX, place)?;
        }
        let mut bytes = 0_u64;
        for (handle, constant) in module.constants.iter() {
            let place = place(source, module.constants.get_span(handle));
            let size = sizes.get(constant.ty).bytes;
            at_most(Excess::ConstantBytes, size, CONSTANT_BYTES_MAX, place)?;
            bytes = bytes.saturating_add(size);
            at_most(Excess::ConstantsBytes, bytes, CONSTANTS_BYTES_MAX, place)?;
        }
        for (handle, variable) in module.global_variables.iter() {
            let place = place(source, module.global_variables.get_span(handle));
            let bytes = sizes.get(variable.ty).bytes;
            match variable.space {
                AddressSpace::Private => at_most(Excess::VariableBytes, bytes, VARIABLE_BYTES_MAX, place)?,
                AddressSpace::WorkGroup => {
                    at_most(Excess::WorkgroupBytes, bytes, u64::from(self.device.workgroup_bytes_max), place)?;
                }
                AddressSpace::Uniform | AddressSpace::Storage { .. } => {}
                _ => {
                    return Err(unavailable(
                        format!("{:?} memory", variable.space).to_lowercase(),
                        "use a uniform buffer",
                        place,
                    ));
                }
            }
        }
        Ok(())
    }

    /// Bounds an entry point with all that it calls and uses.
    pub(super) fn check_entry_point(
        &self,
        module: &Module,
        sizes: &Sizes,
        summaries: &Summaries<'_>,
        entry_point: &naga::EntryPoint,
        info: &FunctionInfo,
    ) -> Result<EntryPoint, ShaderError> {
        let summary = summaries.function(&entry_point.function, info)?;
        let (mut workgroup_bytes, mut memory_bytes) = (0_u64, summary.memory_bytes);
        for (handle, variable) in module.global_variables.iter().filter(|(handle, _)| !info[*handle].is_empty()) {
            let size = sizes.get(variable.ty);
            match variable.space {
                // Alignment takes up to 16 bytes between two variables.
                AddressSpace::WorkGroup => {
                    workgroup_bytes = workgroup_bytes.saturating_add(size.bytes.next_multiple_of(16));
                }
                AddressSpace::Private if size.is_memory => memory_bytes = memory_bytes.saturating_add(size.bytes),
                _ => {}
            }
            let place = place("", module.global_variables.get_span(handle));
            at_most(Excess::WorkgroupBytes, workgroup_bytes, u64::from(self.device.workgroup_bytes_max), place)?;
        }
        let nowhere = Place::default();
        at_most(Excess::Statements, summary.statements, self.statements, nowhere)?;
        at_most(Excess::Values, summary.values, self.statements.saturating_mul(VALUES_PER_STATEMENT), nowhere)?;
        at_most(Excess::LongValues, summary.long_values, LONG_VALUES_MAX, nowhere)?;
        at_most(Excess::InvocationBytes, memory_bytes, INVOCATION_BYTES_MAX, nowhere)?;
        // What depends on overrides is not known yet.
        if entry_point.workgroup_size_overrides.is_none() {
            self.check_workgroup_size(entry_point.workgroup_size)?;
        }
        Ok(EntryPoint {
            name: entry_point.name.clone(),
            workgroup_size: entry_point.workgroup_size,
            operations: summary.operations.saturating_add(zeroing(workgroup_bytes, entry_point.workgroup_size)),
            unknown_loops: summary.unknown_loops,
            workgroup_bytes,
        })
    }

    fn check_workgroup_size(&self, size: [u32; 3]) -> Result<(), ShaderError> {
        for (have, max) in size.into_iter().zip(self.device.workgroup_size_max) {
            at_most(Excess::WorkgroupSize, u64::from(have), u64::from(max), Place::default())?;
        }
        let invocations = size.into_iter().map(u64::from).fold(1, u64::saturating_mul);
        at_most(Excess::Invocations, invocations, u64::from(self.device.invocations_max), Place::default())
    }
}

/// The share of an invocation in setting a work group's memory to zero, which is done before it runs.
fn zeroing(workgroup_bytes: u64, size: [u32; 3]) -> u64 {
    let invocations = size.into_iter().map(u64::from).fold(1, u64::saturating_mul).max(1);
    (workgroup_bytes / 4).saturating_mul(super::weights::memory(AddressSpace::WorkGroup)).div_ceil(invocations)
}
