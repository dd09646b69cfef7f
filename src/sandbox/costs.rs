//! What things cost in fuel: the pinned table of operators, and the price list of host work.
//!
//! Both are part of the fuel schedule. A change of any number here changes every study's virtual time; studies that were begun
//! under another schedule are then refused.

use wasmtime::OperatorCost;

/// The cost of each operator, by name, complete for the pinned engine. Our own copy: the engine's default may change.
pub(super) const OPERATOR_COSTS: &str = include_str!("operator_costs.json");

/// The operators' costs as the engine takes them.
///
/// # Errors
/// If the table does not fit the engine: an operator is missing.
pub(super) fn operator_costs() -> Result<OperatorCost, serde_json::Error> {
    serde_json::from_str(OPERATOR_COSTS)
}

/// The fuel that instantiation may use. It is not charged; what is, is [`Prices::start`].
pub(super) const INSTANTIATION_FUEL_MAX: u64 = 1_000_000_000;

/// The fuel that `describe` may use, instantiation apart.
pub(super) const DESCRIBE_FUEL_MAX: u64 = 3_000_000_000;

/// How often a running guest yields. Fuel after a trap is known to this grain, so it is part of the schedule.
pub(crate) const YIELD_INTERVAL: u64 = 1_000_000;

/// The price list of host work, in units of fuel.
#[derive(Debug, serde::Serialize)]
pub(super) struct Prices {
    /// A trial's start, instantiation included.
    pub(super) start: u64,
    /// A report.
    pub(super) report: u64,
    /// Each attribute of a report.
    pub(super) attribute: u64,
    /// Any other call of the host.
    pub(super) call: u64,
    /// Each entry of a list of handles.
    pub(super) entry: u64,
    /// Each byte that a host call carries.
    pub(super) byte: u64,
}

/// The prices in force.
pub(super) const PRICES: Prices =
    Prices { start: 100_000, report: 1_000, attribute: 100, call: 500, entry: 100, byte: 1 };
