//! From the engine's errors to outcomes.

use std::fmt;

use wasmtime::Trap;

use crate::study::{Limit, Outcome, TrapKind};

/// A host function's verdict that ends the trial.
#[derive(Debug)]
pub(super) struct Fault(Outcome);

impl Fault {
    /// As an error that a host function can return.
    pub(super) fn error(outcome: Outcome) -> wasmtime::Error {
        wasmtime::Error::new(Self(outcome))
    }

    /// The guest called an import against its contract.
    pub(super) fn misuse(message: impl Into<String>) -> wasmtime::Error {
        Self::error(Outcome::Misused { message: message.into() })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl std::error::Error for Fault {}

/// The engine failed in a way that is not the guest's doing: the run has no outcome and may be tried again elsewhere.
#[derive(Debug, thiserror::Error)]
#[error("the engine failed: {0}")]
pub struct EngineFailure(pub String);

/// What the engine's error says of the trial.
///
/// # Errors
/// If the machine failed, not the guest.
pub(super) fn outcome_of(error: &wasmtime::Error) -> Result<Outcome, EngineFailure> {
    if let Some(Fault(outcome)) = error.downcast_ref::<Fault>() {
        return Ok(outcome.clone());
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return Ok(outcome_of_trap(*trap));
    }
    if let Some(exit) = error.downcast_ref::<wasmtime_wasi::I32Exit>() {
        let message = format!("the guest exited with status {} instead of returning", exit.0);
        return Ok(Outcome::Failed { message });
    }
    if error.downcast_ref::<std::io::Error>().is_some() {
        return Err(EngineFailure(format!("{error:#}")));
    }
    // The cause alone: what stands around it may carry names that the guest has given.
    Ok(outcome_of_text(&error.root_cause().to_string()))
}

fn outcome_of_trap(trap: Trap) -> Outcome {
    let trap = match trap {
        Trap::StackOverflow => return Outcome::StackOverflowed,
        Trap::OutOfFuel => return Outcome::Exceeded { limit: Limit::FuelMax },
        Trap::AllocationTooLarge => return Outcome::Exceeded { limit: Limit::MemoryBytesMax },
        Trap::UnreachableCodeReached => TrapKind::Unreachable,
        Trap::MemoryOutOfBounds | Trap::HeapMisaligned => TrapKind::MemoryOutOfBounds,
        Trap::TableOutOfBounds => TrapKind::TableOutOfBounds,
        Trap::IndirectCallToNull | Trap::BadSignature | Trap::NullReference => TrapKind::BadIndirectCall,
        Trap::IntegerDivisionByZero => TrapKind::DivisionByZero,
        Trap::IntegerOverflow | Trap::BadConversionToInteger => TrapKind::IntegerOverflow,
        Trap::InvalidChar => TrapKind::BadValue,
        _ => TrapKind::Other,
    };
    Outcome::Trapped { trap }
}

/// The engine gives some of its refusals as text only. The texts are those of the pinned release; tests provoke each.
fn outcome_of_text(text: &str) -> Outcome {
    const TEXTS: &[(&str, Limit)] = &[
        ("fuel allocated for hostcalls has been exhausted", Limit::HostCallBytesMax),
        ("store handle limit exceeded", Limit::HandlesMax),
        ("resource limit exceeded", Limit::InstancesMax),
        ("resource table has no free keys", Limit::HandlesMax),
        ("memory minimum size", Limit::MemoryBytesMax),
        ("table minimum size", Limit::MemoryBytesMax),
    ];
    if let Some((_, limit)) = TEXTS.iter().find(|(part, _)| text.contains(part)) {
        return Outcome::Exceeded { limit: *limit };
    }
    if text.contains("unknown import") || text.contains("was not defined") {
        return Outcome::Trapped { trap: TrapKind::MissingImport };
    }
    // What remains are the checks of the component model on values and handles.
    Outcome::Trapped { trap: TrapKind::BadValue }
}
