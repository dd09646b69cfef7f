//! The search space, as plain data.
//!
//! Mirrors the contract's records, so that the description can be made and tested without a component. `arguments` makes
//! it; `runtime` hands it to the engine.

use crate::value::Value;

/// An interval of real numbers, both ends included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RealRange {
    /// The smallest value.
    pub lower: f64,
    /// The largest value.
    pub upper: f64,
    /// Whether values are drawn, and distances measured, on the logarithm.
    pub log: bool,
}

/// An interval of integers, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntegerRange {
    /// The smallest value.
    pub lower: i64,
    /// The largest value.
    pub upper: i64,
    /// Whether values are drawn, and distances measured, on the logarithm.
    pub log: bool,
}

/// The values that a parameter may take.
#[derive(Debug, Clone, PartialEq)]
pub enum Domain {
    /// A real number from an interval.
    Real(RealRange),
    /// An integer from an interval.
    Integer(IntegerRange),
    /// False or true.
    Boolean,
    /// One of these values.
    Choice(Vec<Value>),
    /// Always this value.
    Constant(Value),
}

/// When a parameter is part of a configuration: if another, a choice, has taken a certain value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The name of the choice.
    pub parameter: String,
    /// The index, from 0, of its value.
    pub choice: u32,
}

/// One dimension of the search space.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// The full name, parts joined by `.`.
    pub name: String,
    /// The values it may take.
    pub domain: Domain,
    /// The value of the default configuration, if another than the middle, false or the first choice.
    pub default: Option<Value>,
    /// If absent, the parameter is always part of the configuration.
    pub condition: Option<Condition>,
}
