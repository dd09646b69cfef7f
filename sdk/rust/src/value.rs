//! Single values: of a parameter, of an attribute in a report.
//!
//! `Value` mirrors the contract's variant of that name. `arguments` turns values into Rust's types when a configuration
//! is decoded, `reporter` turns Rust's types into values.

use std::fmt;

/// A value of a configuration or of a report.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A 64-bit floating-point number.
    Real(f64),
    /// A 64-bit signed integer.
    Integer(i64),
    /// A truth value.
    Boolean(bool),
    /// A text.
    Text(String),
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Real(value) => write!(formatter, "real {value:?}"),
            Self::Integer(value) => write!(formatter, "integer {value}"),
            Self::Boolean(value) => write!(formatter, "boolean {value}"),
            Self::Text(value) => write!(formatter, "text {value:?}"),
        }
    }
}

/// What can stand as a value in a report.
///
/// # Panics
///
/// Integers are passed as 64-bit signed integers; one that doesn't fit panics.
pub trait IntoValue {
    /// The value.
    fn into_value(self) -> Value;
}

/// A type that a parameter with listed values (`#[choice(…)]`, `#[constant(…)]`) can have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the type of a parameter",
    note = "parameters are integers, `f64`, `f32`, `bool` or `String`; a `#[choice]` without a list is an enum that derives `Choice`, \
            a `#[nested]` parameter a struct that derives `Arguments`"
)]
pub trait ParameterValue: Sized {
    /// What a decode error calls this type.
    const KIND: &'static str;

    /// The value as this type, if it is one.
    fn from_value(value: &Value) -> Option<Self>;
}

impl IntoValue for Value {
    fn into_value(self) -> Value {
        self
    }
}

impl IntoValue for f64 {
    fn into_value(self) -> Value {
        Value::Real(self)
    }
}

impl IntoValue for f32 {
    fn into_value(self) -> Value {
        Value::Real(f64::from(self))
    }
}

impl IntoValue for bool {
    fn into_value(self) -> Value {
        Value::Boolean(self)
    }
}

impl IntoValue for String {
    fn into_value(self) -> Value {
        Value::Text(self)
    }
}

impl IntoValue for &str {
    fn into_value(self) -> Value {
        Value::Text(self.to_owned())
    }
}

impl<T: IntoValue + Copy> IntoValue for &T {
    fn into_value(self) -> Value {
        (*self).into_value()
    }
}

impl ParameterValue for f64 {
    const KIND: &'static str = "a real number";

    fn from_value(value: &Value) -> Option<Self> {
        match *value {
            Value::Real(value) => Some(value),
            // A study may replace a constant, and write 1 for 1.0. Larger integers aren't exact.
            Value::Integer(value) if value.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS => Some(value as f64),
            _ => None,
        }
    }
}

impl ParameterValue for f32 {
    const KIND: &'static str = "a real number";

    fn from_value(value: &Value) -> Option<Self> {
        // Rounding to the nearest f32 is what the type asks for.
        f64::from_value(value).map(|value| value as Self)
    }
}

impl ParameterValue for bool {
    const KIND: &'static str = "a truth value";

    fn from_value(value: &Value) -> Option<Self> {
        match *value {
            Value::Boolean(value) => Some(value),
            _ => None,
        }
    }
}

impl ParameterValue for String {
    const KIND: &'static str = "a text";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(value) => Some(value.clone()),
            _ => None,
        }
    }
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl IntoValue for $integer {
            fn into_value(self) -> Value {
                match i64::try_from(self) {
                    Ok(value) => Value::Integer(value),
                    Err(_) => panic!("{self} doesn't fit a 64-bit signed integer, which is what a value can hold"),
                }
            }
        }

        impl ParameterValue for $integer {
            const KIND: &'static str = concat!("an integer that fits `", stringify!($integer), "`");

            fn from_value(value: &Value) -> Option<Self> {
                match *value {
                    Value::Integer(value) => Self::try_from(value).ok(),
                    _ => None,
                }
            }
        }
    )*};
}

integers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);
