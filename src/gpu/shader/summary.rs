//! A walk over functions in the translator's representation: how large they are with calls written out, how deeply nested, and what
//! one invocation costs.
//!
//! Of a branch whose condition is the same for all invocations the dearer side counts. Where invocations may differ both sides do: the
//! hardware runs them one after the other. A loop counts as often as [`trips`](super::trips) sees, else [`weights::UNKNOWN_TURNS`]
//! times. A function is walked once, whatever calls it. All sums saturate, and nothing but the module decides them.

use std::collections::BTreeSet;

use naga::valid::{FunctionInfo, ModuleInfo};
use naga::{Block, Expression, Function, Handle, Module, Span, Statement, SwitchCase, TypeInner};

use super::error::{Amount, Excess, Place, ShaderError};
use super::sizes::Sizes;
use super::trips::{self, Loop, Scope};
use super::weights;

/// The deepest nesting of control flow. A driver (Mesa 25.0) overflows its stack at about a hundred.
pub(super) const NESTING_MAX: u64 = 32;
/// The most numbers of one value: a whole array that is loaded, passed or returned becomes that many.
pub(super) const VALUE_COMPONENTS_MAX: u64 = 512;
/// The most bytes of one variable of an invocation. A driver (Mesa 25.0) takes about half a second of a processor to compile one of
/// 2 KiB, 2 s for 4 KiB, more than 30 s for 40 KB; and no GPU keeps as much in registers.
pub(super) const VARIABLE_BYTES_MAX: u64 = 2 << 10;
/// The numbers that may be computed for each statement that is granted.
pub(super) const VALUES_PER_STATEMENT: u64 = 16;

/// What a function comes to, with all that it calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    /// Statements.
    pub(super) statements: u64,
    /// Numbers that are computed, each place once.
    pub(super) values: u64,
    /// Those of them that take a driver long to compile.
    pub(super) long_values: u64,
    /// Bytes of arrays and structures of an invocation, each call with its own.
    pub(super) memory_bytes: u64,
    /// The deepest nesting of control flow.
    pub(super) nesting: u64,
    /// Operations of an invocation, in units of an addition.
    pub(super) operations: u64,
    /// Loops whose turns cannot be seen.
    pub(super) unknown_loops: u32,
}

impl Summary {
    fn add(&mut self, other: &Self) {
        self.statements = self.statements.saturating_add(other.statements);
        self.values = self.values.saturating_add(other.values);
        self.long_values = self.long_values.saturating_add(other.long_values);
        self.memory_bytes = self.memory_bytes.saturating_add(other.memory_bytes);
        self.nesting = self.nesting.max(other.nesting);
        self.operations = self.operations.saturating_add(other.operations);
        self.unknown_loops = self.unknown_loops.saturating_add(other.unknown_loops);
    }

    fn charge(&mut self, operations: u64) {
        self.operations = self.operations.saturating_add(operations);
    }

    fn state(&mut self, count: u64) {
        self.statements = self.statements.saturating_add(count);
    }
}

/// The functions of a module, in the order in which they may call each other.
pub(super) struct Summaries<'module> {
    source: &'module str,
    module: &'module Module,
    sizes: &'module Sizes,
    functions: Vec<Summary>,
}

impl<'module> Summaries<'module> {
    /// Walks all functions of a valid module. `source` is quoted by places, and may be empty.
    pub(super) fn of(
        source: &'module str,
        module: &'module Module,
        info: &ModuleInfo,
        sizes: &'module Sizes,
    ) -> Result<Self, ShaderError> {
        let mut summaries = Self { source, module, sizes, functions: Vec::with_capacity(module.functions.len()) };
        for (handle, function) in module.functions.iter() {
            let summary = summaries.function(function, &info[handle])?;
            summaries.functions.push(summary);
        }
        Ok(summaries)
    }

    /// The summary of a function that calls none but those before it.
    pub(super) fn function(&self, function: &Function, info: &FunctionInfo) -> Result<Summary, ShaderError> {
        let mut memory_bytes = 0_u64;
        for (handle, variable) in function.local_variables.iter() {
            let size = self.sizes.get(variable.ty);
            let span = function.local_variables.get_span(handle);
            self.at_most(Excess::VariableBytes, size.bytes, VARIABLE_BYTES_MAX, span)?;
            memory_bytes = memory_bytes.saturating_add(if size.is_memory { size.bytes } else { 0 });
        }
        for (handle, _) in function.expressions.iter() {
            let components = self.sizes.resolved(&info[handle].ty, self.module).components;
            let span = function.expressions.get_span(handle);
            self.at_most(Excess::ValueComponents, components, VALUE_COMPONENTS_MAX, span)?;
        }
        memory_bytes = memory_bytes.saturating_add(self.spilled_bytes(function, info));
        let walk = Walk { summaries: self, function, info };
        let mut summary = walk.block(&function.body, 0)?;
        summary.memory_bytes = summary.memory_bytes.saturating_add(memory_bytes);
        Ok(summary)
    }

    /// Bytes of values that become variables, so that an element of them can be chosen by an index: each mention of a constant does.
    fn spilled_bytes(&self, function: &Function, info: &FunctionInfo) -> u64 {
        let bases = function.expressions.iter().filter_map(|(_, expression)| match expression {
            Expression::Access { base, .. } => Some(*base),
            _ => None,
        });
        let bases = bases.collect::<BTreeSet<_>>();
        let sizes = bases.into_iter().map(|base| self.sizes.resolved(&info[base].ty, self.module));
        sizes.filter(|size| size.is_memory).fold(0, |sum, size| sum.saturating_add(size.bytes))
    }

    fn at_most(&self, excess: Excess, have: u64, max: u64, span: Span) -> Result<(), ShaderError> {
        if have <= max {
            return Ok(());
        }
        let place = span.to_range().map(|range| Place::of(self.source, range)).unwrap_or_default();
        Err(ShaderError::TooMuch { excess, have: Amount(have), max, place })
    }
}

/// The walk over one function.
struct Walk<'walk> {
    summaries: &'walk Summaries<'walk>,
    function: &'walk Function,
    info: &'walk FunctionInfo,
}

impl Walk<'_> {
    fn block(&self, block: &Block, nesting: u64) -> Result<Summary, ShaderError> {
        let mut summary = Summary { nesting, ..Summary::default() };
        for (index, (statement, span)) in block.span_iter().enumerate() {
            self.summaries.at_most(Excess::Nesting, nesting, NESTING_MAX, *span)?;
            let before = block.get(..index).unwrap_or_default();
            let part = self.statement(statement, before, nesting)?;
            self.summaries.at_most(Excess::Nesting, part.nesting, NESTING_MAX, *span)?;
            summary.add(&part);
        }
        Ok(summary)
    }

    fn statement(&self, statement: &Statement, before: &[Statement], nesting: u64) -> Result<Summary, ShaderError> {
        let mut summary = Summary { nesting, ..Summary::default() };
        match statement {
            Statement::Emit(range) => {
                for handle in range.clone() {
                    summary.values = summary.values.saturating_add(self.components(handle).max(1));
                    summary.long_values = summary.long_values.saturating_add(self.long_values(handle));
                    summary.charge(self.expression(handle));
                }
                return Ok(summary);
            }
            Statement::Block(inner) => return self.block(inner, nesting),
            Statement::If { condition, accept, reject } => {
                let sides = [self.block(accept, nesting + 1)?, self.block(reject, nesting + 1)?];
                self.branch(&mut summary, *condition, &sides);
            }
            Statement::Switch { selector, cases } => {
                let body = |case: &SwitchCase| self.block(&case.body, nesting + 1);
                let sides = cases.iter().map(body).collect::<Result<Vec<_>, _>>()?;
                summary.state(sides.len() as u64);
                self.branch(&mut summary, *selector, &sides);
            }
            Statement::Loop { body, continuing, break_if } => {
                let parts = Loop { body, continuing, break_if: *break_if };
                self.repeat(&mut summary, parts, before, nesting + 1)?;
            }
            Statement::Call { function, .. } => {
                let called = self.summaries.functions.get(function.index()).copied().unwrap_or_default();
                summary.add(&Summary { nesting: nesting + called.nesting, ..called });
                summary.charge(weights::CALL);
            }
            _ => summary.charge(self.plain(statement)),
        }
        summary.state(1);
        Ok(summary)
    }

    fn branch(&self, summary: &mut Summary, condition: Handle<Expression>, sides: &[Summary]) {
        let is_uniform = self.info[condition].uniformity.non_uniform_result.is_none();
        let operations = sides.iter().map(|side| side.operations);
        let operations =
            if is_uniform { operations.max().unwrap_or(0) } else { operations.fold(0, u64::saturating_add) };
        for side in sides {
            summary.add(&Summary { operations: 0, ..*side });
        }
        summary.charge(operations.saturating_add(weights::BRANCH));
    }

    fn repeat(
        &self,
        summary: &mut Summary,
        parts: Loop<'_>,
        before: &[Statement],
        nesting: u64,
    ) -> Result<(), ShaderError> {
        let mut turn = self.block(parts.body, nesting)?;
        turn.add(&self.block(parts.continuing, nesting)?);
        turn.charge(weights::BRANCH);
        let scope = Scope { module: self.summaries.module, function: self.function, before };
        let turns = trips::turns(scope, parts);
        if turns.is_none() {
            turn.unknown_loops = turn.unknown_loops.saturating_add(1);
        }
        // A loop that is not entered is asked, and a last time when it ends.
        let turns = turns.unwrap_or(weights::UNKNOWN_TURNS).max(1);
        turn.operations = turn.operations.saturating_mul(turns).saturating_add(weights::BRANCH);
        summary.add(&turn);
        Ok(())
    }

    /// What a statement without others inside costs.
    fn plain(&self, statement: &Statement) -> u64 {
        match statement {
            Statement::Store { pointer, value } => self.access(*pointer, *value),
            Statement::Atomic { .. } => weights::ATOMIC,
            Statement::ControlBarrier(_) | Statement::MemoryBarrier(_) => weights::BARRIER,
            Statement::WorkGroupUniformLoad { pointer, result } => {
                self.access(*pointer, *result).saturating_add(2 * weights::BARRIER)
            }
            Statement::SubgroupBallot { .. }
            | Statement::SubgroupGather { .. }
            | Statement::SubgroupCollectiveOperation { .. } => weights::SUBGROUP,
            _ => weights::BRANCH,
        }
    }

    fn expression(&self, handle: Handle<Expression>) -> u64 {
        let Ok(expression) = self.function.expressions.try_get(handle) else { return 0 };
        let components = self.components(handle);
        match expression {
            Expression::Load { pointer } => self.access(*pointer, handle),
            Expression::Binary { op, left, right } => {
                weights::binary(*op, self.inner(*left), self.inner(*right), components.max(self.components(*left)))
            }
            Expression::Math { fun, arg, .. } => weights::math(*fun, components.max(self.components(*arg))),
            Expression::Relational { argument, .. } => weights::other(expression, self.components(*argument)),
            _ => weights::other(expression, components),
        }
    }

    /// The numbers of a result that take a driver long to compile.
    fn long_values(&self, handle: Handle<Expression>) -> u64 {
        let is_long = match self.function.expressions.try_get(handle) {
            Ok(Expression::Math { fun, .. }) => weights::is_long(*fun),
            Ok(Expression::Binary { op, left, .. }) => weights::is_long_division(*op, self.inner(*left)),
            _ => false,
        };
        if is_long { self.components(handle).max(1) } else { 0 }
    }

    /// Reading or writing a value at an address.
    fn access(&self, pointer: Handle<Expression>, value: Handle<Expression>) -> u64 {
        let space = match self.inner(pointer) {
            TypeInner::Pointer { space, .. } | TypeInner::ValuePointer { space, .. } => *space,
            _ => naga::AddressSpace::Handle,
        };
        self.components(value).max(1).saturating_mul(weights::memory(space))
    }

    fn inner(&self, handle: Handle<Expression>) -> &TypeInner {
        self.info[handle].ty.inner_with(&self.summaries.module.types)
    }

    fn components(&self, handle: Handle<Expression>) -> u64 {
        self.summaries.sizes.resolved(&self.info[handle].ty, self.summaries.module).components
    }
}
