//! How often a loop runs, where that can be seen: one variable is compared with a constant, and changed by a constant in each turn.

use naga::{
    Arena, BinaryOperator, Block, Expression, Function, Handle, Literal, LocalVariable, Module, Statement, TypeInner,
};

/// More turns of a product, a quotient or a shift are not followed: it does not change any more, or has changed its sign.
const FOLLOWED_TURNS_MAX: u64 = 64;

/// The parts of a loop.
#[derive(Clone, Copy)]
pub(super) struct Loop<'module> {
    pub(super) body: &'module Block,
    pub(super) continuing: &'module Block,
    pub(super) break_if: Option<Handle<Expression>>,
}

/// A function and what stands around a loop in it.
#[derive(Clone, Copy)]
pub(super) struct Scope<'module> {
    pub(super) module: &'module Module,
    pub(super) function: &'module Function,
    /// The statements before it in the same block.
    pub(super) before: &'module [Statement],
}

/// A whole number of 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Whole {
    value: i64,
    is_signed: bool,
}

/// Under which condition a loop goes on.
#[derive(Clone, Copy, Debug)]
struct Condition {
    local: Handle<LocalVariable>,
    operator: BinaryOperator,
    bound: Whole,
    /// Whether it is asked only at the end of each turn.
    at_end: bool,
}

/// The turns of a loop, if they can be seen. It may run less often, by a `break` or `return`; it runs more often only where this is
/// wrong, and a charge is all that depends on it.
pub(super) fn turns(scope: Scope<'_>, looped: Loop<'_>) -> Option<u64> {
    let condition = scope.condition(looped)?;
    if scope.escapes(condition.local) {
        return None;
    }
    let (operator, step) = scope.step(looped, condition.local)?;
    let start = scope.start(condition.local)?;
    if start.is_signed != step.is_signed || start.is_signed != condition.bound.is_signed {
        return None;
    }
    let start = if condition.at_end { apply(operator, start, step)? } else { start };
    let turns = match operator {
        BinaryOperator::Add => linear(condition, start, step.value),
        BinaryOperator::Subtract => linear(condition, start, step.value.checked_neg()?),
        _ => followed(condition, start, operator, step),
    }?;
    turns.checked_add(u64::from(condition.at_end))
}

impl Scope<'_> {
    fn condition(&self, looped: Loop<'_>) -> Option<Condition> {
        if let Some((condition, goes_on)) = first_exit(looped.body) {
            return self.comparison(looped, condition, goes_on, false);
        }
        self.comparison(looped, looped.break_if?, false, true)
    }

    fn comparison(
        &self,
        looped: Loop<'_>,
        condition: Handle<Expression>,
        goes_on: bool,
        at_end: bool,
    ) -> Option<Condition> {
        let Expression::Binary { op, left, right } = self.function.expressions.try_get(condition).ok()? else {
            return None;
        };
        let (local, operator, bound) = match (self.loaded(looped, *left), self.loaded(looped, *right)) {
            (Some(local), None) => (local, *op, self.constant(*right)?),
            (None, Some(local)) => (local, mirrored(*op)?, self.constant(*left)?),
            _ => return None,
        };
        let operator = if goes_on { operator } else { negated(operator)? };
        Some(Condition { local, operator, bound, at_end })
    }

    /// The local variable that an expression loads anew in each turn.
    fn loaded(&self, looped: Loop<'_>, expression: Handle<Expression>) -> Option<Handle<LocalVariable>> {
        let Expression::Load { pointer } = self.function.expressions.try_get(expression).ok()? else { return None };
        let is_inside = emits(looped.body, expression) || emits(looped.continuing, expression);
        if is_inside { self.local(*pointer) } else { None }
    }

    fn local(&self, pointer: Handle<Expression>) -> Option<Handle<LocalVariable>> {
        match self.function.expressions.try_get(pointer).ok()? {
            Expression::LocalVariable(local) => Some(*local),
            _ => None,
        }
    }

    fn constant(&self, expression: Handle<Expression>) -> Option<Whole> {
        match self.function.expressions.try_get(expression).ok()? {
            Expression::Constant(constant) => {
                let constant = self.module.constants.try_get(*constant).ok()?;
                whole(self.module, &self.module.global_expressions, constant.init)
            }
            _ => whole(self.module, &self.function.expressions, expression),
        }
    }

    /// The only change of the variable in the loop, made once in each turn.
    fn step(&self, looped: Loop<'_>, local: Handle<LocalVariable>) -> Option<(BinaryOperator, Whole)> {
        if self.stores(looped.body, local) + self.stores(looped.continuing, local) != 1 {
            return None;
        }
        let value = match self.unconditional_store(looped.continuing, local) {
            Some(value) => value,
            None if continues(looped.body) => return None,
            None => self.unconditional_store(looped.body, local)?,
        };
        let Expression::Binary { op, left, right } = self.function.expressions.try_get(value).ok()? else {
            return None;
        };
        let is_commutative = matches!(op, BinaryOperator::Add | BinaryOperator::Multiply);
        if self.loaded(looped, *left) == Some(local) {
            Some((*op, self.constant(*right)?))
        } else if is_commutative && self.loaded(looped, *right) == Some(local) {
            Some((*op, self.constant(*left)?))
        } else {
            None
        }
    }

    fn stores(&self, block: &Block, local: Handle<LocalVariable>) -> usize {
        let mut count = 0;
        visit(block, &mut |statement| {
            count += usize::from(
                matches!(statement, Statement::Store { pointer, .. } if self.local(*pointer) == Some(local)),
            );
        });
        count
    }

    fn unconditional_store(&self, block: &Block, local: Handle<LocalVariable>) -> Option<Handle<Expression>> {
        block.iter().find_map(|statement| match statement {
            Statement::Store { pointer, value } if self.local(*pointer) == Some(local) => Some(*value),
            Statement::Block(inner) => self.unconditional_store(inner, local),
            _ => None,
        })
    }

    /// The value of the variable as the loop begins.
    fn start(&self, local: Handle<LocalVariable>) -> Option<Whole> {
        for statement in self.before.iter().rev() {
            match statement {
                Statement::Store { pointer, value } if self.local(*pointer) == Some(local) => {
                    return self.constant(*value);
                }
                _ if self.changes(statement, local) => return None,
                _ => {}
            }
        }
        // Nothing but the loop changes it, so it begins as it was declared.
        if self.stores(&self.function.body, local) != 1 {
            return None;
        }
        let variable = self.function.local_variables.try_get(local).ok()?;
        match variable.init {
            Some(init) => self.constant(init),
            None => zero(&self.module.types.get_handle(variable.ty).ok()?.inner),
        }
    }

    fn changes(&self, statement: &Statement, local: Handle<LocalVariable>) -> bool {
        let mut found = false;
        visit_one(statement, &mut |statement| {
            found |= matches!(statement, Statement::Store { pointer, .. } if self.local(*pointer) == Some(local));
        });
        found
    }

    /// Whether a function that is called may change the variable.
    fn escapes(&self, local: Handle<LocalVariable>) -> bool {
        let mut found = false;
        visit(&self.function.body, &mut |statement| {
            if let Statement::Call { arguments, .. } = statement {
                found |= arguments.iter().any(|argument| self.local(*argument) == Some(local));
            }
        });
        found
    }
}

/// The condition that a loop's body begins with, and whether the loop goes on if it is true.
fn first_exit(body: &Block) -> Option<(Handle<Expression>, bool)> {
    let is_break = |block: &Block| matches!(block.first(), Some(Statement::Break)) && block.len() == 1;
    match body.iter().find(|statement| !matches!(statement, Statement::Emit(_)))? {
        Statement::If { condition, accept, reject } if accept.is_empty() && is_break(reject) => {
            Some((*condition, true))
        }
        Statement::If { condition, accept, reject } if is_break(accept) && reject.is_empty() => {
            Some((*condition, false))
        }
        _ => None,
    }
}

fn emits(block: &Block, expression: Handle<Expression>) -> bool {
    let mut found = false;
    visit(block, &mut |statement| {
        if let Statement::Emit(range) = statement {
            found |= range.first_and_last().is_some_and(|(first, last)| (first..=last).contains(&expression));
        }
    });
    found
}

/// Whether a turn may end early: by a `continue` of this loop, not of one inside it.
fn continues(block: &Block) -> bool {
    block.iter().any(|statement| match statement {
        Statement::Continue => true,
        Statement::Block(inner) => continues(inner),
        Statement::If { accept, reject, .. } => continues(accept) || continues(reject),
        Statement::Switch { cases, .. } => cases.iter().any(|case| continues(&case.body)),
        _ => false,
    })
}

/// Shows all statements of a block, those inside others too.
pub(super) fn visit(block: &Block, show: &mut impl FnMut(&Statement)) {
    for statement in block {
        visit_one(statement, show);
    }
}

fn visit_one(statement: &Statement, show: &mut impl FnMut(&Statement)) {
    show(statement);
    match statement {
        Statement::Block(inner) => visit(inner, show),
        Statement::If { accept, reject, .. } => {
            visit(accept, show);
            visit(reject, show);
        }
        Statement::Switch { cases, .. } => cases.iter().for_each(|case| visit(&case.body, show)),
        Statement::Loop { body, continuing, .. } => {
            visit(body, show);
            visit(continuing, show);
        }
        _ => {}
    }
}

fn whole(module: &Module, expressions: &Arena<Expression>, expression: Handle<Expression>) -> Option<Whole> {
    match expressions.try_get(expression).ok()? {
        Expression::Literal(Literal::I32(value)) => Some(Whole { value: i64::from(*value), is_signed: true }),
        Expression::Literal(Literal::U32(value)) => Some(Whole { value: i64::from(*value), is_signed: false }),
        Expression::ZeroValue(ty) => zero(&module.types.get_handle(*ty).ok()?.inner),
        _ => None,
    }
}

fn zero(inner: &TypeInner) -> Option<Whole> {
    match inner {
        TypeInner::Scalar(naga::Scalar::I32) => Some(Whole { value: 0, is_signed: true }),
        TypeInner::Scalar(naga::Scalar::U32) => Some(Whole { value: 0, is_signed: false }),
        _ => None,
    }
}

fn mirrored(operator: BinaryOperator) -> Option<BinaryOperator> {
    Some(match operator {
        BinaryOperator::Less => BinaryOperator::Greater,
        BinaryOperator::LessEqual => BinaryOperator::GreaterEqual,
        BinaryOperator::Greater => BinaryOperator::Less,
        BinaryOperator::GreaterEqual => BinaryOperator::LessEqual,
        BinaryOperator::Equal | BinaryOperator::NotEqual => operator,
        _ => return None,
    })
}

fn negated(operator: BinaryOperator) -> Option<BinaryOperator> {
    Some(match operator {
        BinaryOperator::Less => BinaryOperator::GreaterEqual,
        BinaryOperator::LessEqual => BinaryOperator::Greater,
        BinaryOperator::Greater => BinaryOperator::LessEqual,
        BinaryOperator::GreaterEqual => BinaryOperator::Less,
        BinaryOperator::Equal => BinaryOperator::NotEqual,
        BinaryOperator::NotEqual => BinaryOperator::Equal,
        _ => return None,
    })
}

/// The turns until a variable that changes by `step` no longer satisfies the condition; none if it wraps around before.
fn linear(condition: Condition, start: Whole, step: i64) -> Option<u64> {
    let (start, bound) = (start, condition.bound.value);
    let distance = match condition.operator {
        BinaryOperator::Less if step > 0 => bound - start.value,
        BinaryOperator::LessEqual if step > 0 => bound - start.value + 1,
        BinaryOperator::Greater if step < 0 => start.value - bound,
        BinaryOperator::GreaterEqual if step < 0 => start.value - bound + 1,
        BinaryOperator::NotEqual
            if step != 0 && (bound - start.value) % step == 0 && (bound - start.value) / step >= 0 =>
        {
            return Some((bound - start.value).unsigned_abs() / step.unsigned_abs());
        }
        _ => return (!holds(condition, start.value)).then_some(0),
    };
    let turns = u64::try_from(distance).unwrap_or(0).div_ceil(step.unsigned_abs());
    let last = i128::from(start.value) + i128::from(step) * i128::from(turns);
    i64::try_from(last).is_ok_and(|last| fits(last, start.is_signed)).then_some(turns)
}

/// The turns of a variable that is multiplied, divided or shifted.
fn followed(condition: Condition, start: Whole, operator: BinaryOperator, step: Whole) -> Option<u64> {
    let mut current = start;
    for turn in 0..=FOLLOWED_TURNS_MAX {
        if !holds(condition, current.value) {
            return Some(turn);
        }
        current = apply(operator, current, step)?;
    }
    None
}

fn holds(condition: Condition, value: i64) -> bool {
    let bound = condition.bound.value;
    match condition.operator {
        BinaryOperator::Less => value < bound,
        BinaryOperator::LessEqual => value <= bound,
        BinaryOperator::Greater => value > bound,
        BinaryOperator::GreaterEqual => value >= bound,
        BinaryOperator::Equal => value == bound,
        _ => value != bound,
    }
}

/// The next value, unless it wraps around or cannot be said.
fn apply(operator: BinaryOperator, current: Whole, step: Whole) -> Option<Whole> {
    let (left, right) = (current.value, step.value);
    let value = match operator {
        BinaryOperator::Add => left.checked_add(right),
        BinaryOperator::Subtract => left.checked_sub(right),
        BinaryOperator::Multiply => left.checked_mul(right),
        BinaryOperator::Divide => left.checked_div(right),
        BinaryOperator::ShiftLeft if (0..32).contains(&right) => left.checked_mul(1 << right),
        BinaryOperator::ShiftRight if (0..32).contains(&right) => Some(left >> right),
        _ => None,
    };
    value.filter(|&value| fits(value, current.is_signed)).map(|value| Whole { value, ..current })
}

fn fits(value: i64, is_signed: bool) -> bool {
    if is_signed { i32::try_from(value).is_ok() } else { u32::try_from(value).is_ok() }
}
