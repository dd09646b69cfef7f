//! What a cell of a table says: a number, or a value of a parameter.

use crate::space::{Domain, Value};

/// A number; NaN for a cell that is empty or says so, and for what is not finite.
pub(super) fn number(cell: &str) -> Result<f64, String> {
    let cell = cell.trim();
    if cell.is_empty() {
        return Ok(f64::NAN);
    }
    let number: f64 = cell.parse().map_err(|_| format!("`{}` is no number", shown(cell)))?;
    Ok(if number.is_finite() { number } else { f64::NAN })
}

/// The value of a parameter; none if it lies outside of the domain. With `clip`, intervals take what lies outside to their ends.
pub(super) fn value(cell: &str, domain: &Domain, clip: bool) -> Result<Option<Value>, String> {
    let cell = cell.trim();
    if cell.is_empty() {
        return Err("the cell is empty, but the parameter is active in this row".into());
    }
    let value = match domain {
        Domain::Real(range) => {
            let real = finite(cell)?;
            Value::Real(if clip { real.clamp(range.lower, range.upper) } else { real })
        }
        Domain::Integer(range) => {
            let integer = integer(cell).ok_or_else(|| format!("`{}` is no integer", shown(cell)))?;
            Value::Integer(if clip { integer.clamp(range.lower, range.upper) } else { integer })
        }
        Domain::Boolean => Value::Boolean(
            boolean(cell).ok_or_else(|| format!("`{}` is no boolean: write true or false", shown(cell)))?,
        ),
        Domain::Choice(values) => return Ok(values.iter().find(|value| says(cell, value)).cloned()),
        Domain::Constant(value) => value.clone(),
    };
    Ok(Some(value).filter(|value| domain.contains(value)))
}

/// Whether the cell stands for that value.
fn says(cell: &str, value: &Value) -> bool {
    match value {
        Value::Real(real) => cell.parse() == Ok(*real),
        Value::Integer(wanted) => integer(cell) == Some(*wanted),
        Value::Boolean(wanted) => boolean(cell) == Some(*wanted),
        Value::Text(text) => cell == text,
    }
}

fn finite(cell: &str) -> Result<f64, String> {
    match number(cell)? {
        number if number.is_nan() => Err(format!("`{}` is no finite number", shown(cell))),
        number => Ok(number),
    }
}

/// An integer, also if it is written as a real number without a fraction.
fn integer(cell: &str) -> Option<i64> {
    /// Reals count integers exactly up to here.
    const REAL_MAX: f64 = (1_u64 << 53) as f64;
    if let Ok(integer) = cell.parse() {
        return Some(integer);
    }
    let real: f64 = cell.parse().ok()?;
    (real.fract() == 0.0 && real.abs() <= REAL_MAX).then_some(real as i64)
}

fn boolean(cell: &str) -> Option<bool> {
    match cell {
        "true" | "True" | "TRUE" | "1" => Some(true),
        "false" | "False" | "FALSE" | "0" => Some(false),
        _ => None,
    }
}

/// A cell in a message, cut to a bearable length.
pub(super) fn shown(cell: &str) -> String {
    const CHARACTERS_MAX: usize = 40;
    match cell.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &cell[..end]),
        None => cell.to_owned(),
    }
}
