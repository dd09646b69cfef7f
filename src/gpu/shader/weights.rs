//! What the operations of a shader weigh, in units of one addition of two numbers.
//!
//! Part of the model of costs ([`GPU_COST_MODEL`]): a change of any number here, or of what they are applied to, is a new version of
//! it. The proportions are those of current devices: a division is a handful of additions, a transcendental function about eight, and
//! memory weighs by how far away it is.

use naga::{AddressSpace, BinaryOperator, Expression, MathFunction, ScalarKind, TypeInner};

use crate::study::GPU_COST_MODEL;

// The numbers below are those of this version.
const _: () = assert!(GPU_COST_MODEL == 1);

/// An addition, a comparison, a conversion, a selection, the computing of an address.
const SIMPLE: u64 = 1;
/// A division or a remainder.
const DIVISION: u64 = 4;
/// Sine, exponential, square root and the like.
const TRANSCENDENTAL: u64 = 8;
/// A number of an inverse or a determinant.
const MATRIX: u64 = 32;
/// A branch, a return, a turn of a loop.
pub(super) const BRANCH: u64 = 1;
/// A call, without what is called.
pub(super) const CALL: u64 = 2;
/// A number of a register, an array of an invocation, a constant.
const NEAR: u64 = 1;
/// A number of the memory that a work group shares.
const SHARED: u64 = 2;
/// A number of a buffer.
const FAR: u64 = 4;
/// An atomic operation.
pub(super) const ATOMIC: u64 = 16;
/// A barrier.
pub(super) const BARRIER: u64 = 16;
/// An operation across a subgroup.
pub(super) const SUBGROUP: u64 = 8;
/// The turns of a loop whose number cannot be seen.
pub(super) const UNKNOWN_TURNS: u64 = 1_024;

/// Reading or writing one number there.
pub(super) fn memory(space: AddressSpace) -> u64 {
    match space {
        AddressSpace::Function | AddressSpace::Private => NEAR,
        AddressSpace::WorkGroup => SHARED,
        _ => FAR,
    }
}

/// An operator on operands of these types, with a result of so many numbers.
pub(super) fn binary(operator: BinaryOperator, left: &TypeInner, right: &TypeInner, components: u64) -> u64 {
    let each = match operator {
        BinaryOperator::Divide | BinaryOperator::Modulo => DIVISION,
        BinaryOperator::Multiply => products(left, right),
        _ => SIMPLE,
    };
    components.saturating_mul(each)
}

/// How many products each number of a product is the sum of.
fn products(left: &TypeInner, right: &TypeInner) -> u64 {
    match (left, right) {
        (TypeInner::Matrix { columns, .. }, TypeInner::Matrix { .. } | TypeInner::Vector { .. }) => *columns as u64,
        (TypeInner::Vector { size, .. }, TypeInner::Matrix { .. }) => *size as u64,
        _ => SIMPLE,
    }
}

/// A function of the language on so many numbers, those of its result or of its first argument if that has more.
pub(super) fn math(function: MathFunction, components: u64) -> u64 {
    use MathFunction as F;
    match function {
        F::Abs | F::Min | F::Max | F::Clamp | F::Saturate | F::Sign | F::Step | F::Fma | F::Mix => components,
        F::Radians | F::Degrees | F::Ceil | F::Floor | F::Round | F::Fract | F::Trunc => components,
        F::CountTrailingZeros | F::CountLeadingZeros | F::CountOneBits | F::ReverseBits => components,
        F::ExtractBits | F::InsertBits | F::FirstTrailingBit | F::FirstLeadingBit => components,
        F::Dot | F::Outer | F::Transpose | F::Dot4I8Packed | F::Dot4U8Packed => components,
        F::Cross | F::FaceForward | F::Reflect => components.saturating_mul(DIVISION),
        F::Inverse | F::Determinant => components.saturating_mul(MATRIX),
        _ => components.saturating_mul(TRANSCENDENTAL),
    }
}

/// Whether drivers make many instructions of a function of the language.
pub(super) fn is_long(function: MathFunction) -> bool {
    use MathFunction as F;
    let is_short = matches!(
        function,
        F::Sqrt | F::InverseSqrt | F::Length | F::Distance | F::Normalize | F::Refract | F::SmoothStep
    );
    !is_short && math(function, 1) >= TRANSCENDENTAL
}

/// Whether drivers make many instructions of an operator on such numbers: of a division of whole ones, with its checks.
pub(super) fn is_long_division(operator: BinaryOperator, left: &TypeInner) -> bool {
    let is_whole = left.scalar_kind().is_some_and(|kind| matches!(kind, ScalarKind::Sint | ScalarKind::Uint));
    is_whole && matches!(operator, BinaryOperator::Divide | BinaryOperator::Modulo)
}

/// An expression that is none of the above.
pub(super) fn other(expression: &Expression, components: u64) -> u64 {
    match expression {
        Expression::Access { .. } | Expression::ArrayLength(_) => SIMPLE,
        Expression::Unary { .. }
        | Expression::Select { .. }
        | Expression::As { .. }
        | Expression::Relational { .. } => components.saturating_mul(SIMPLE),
        // Of a vector it is a choice of registers.
        Expression::Compose { components: parts, .. } if parts.len() > 4 => components.saturating_mul(SIMPLE),
        Expression::Derivative { .. } => components.saturating_mul(SIMPLE),
        _ => 0,
    }
}
