//! A single value of a configuration or of a report.

use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::numeric::print::Print;

/// A single value. In JSON it stands as itself; reals that JSON cannot write are `{"real": "NaN"}`, `"inf"` and `"-inf"`.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A 64-bit floating-point number, NaN and infinities included.
    Real(f64),
    /// A 64-bit signed integer.
    Integer(i64),
    /// A truth value.
    Boolean(bool),
    /// A text.
    Text(String),
}

impl Value {
    /// The value as a number, if it is one: booleans count as 0 and 1, texts not at all.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match *self {
            Self::Real(real) => Some(real),
            Self::Integer(integer) => Some(integer as f64),
            Self::Boolean(boolean) => Some(f64::from(u8::from(boolean))),
            Self::Text(_) => None,
        }
    }

    /// The kind of value, for messages: "a real number" and so on.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Real(_) => "a real number",
            Self::Integer(_) => "an integer",
            Self::Boolean(_) => "a boolean",
            Self::Text(_) => "a text",
        }
    }

    /// Whether both are the same value of the same kind; unlike `==` this holds for NaN and itself, and tells −0 from 0.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Real(one), Self::Real(two)) => one.to_bits() == two.to_bits(),
            _ => self == other,
        }
    }

    /// Adds kind and content to a print. As in the canonical encoding, every NaN is the same, and −0 is not 0.
    pub(crate) fn add_to(&self, print: &mut Print) {
        let (kind, word) = match self {
            Self::Real(real) if real.is_nan() => (0, f64::NAN.to_bits()),
            Self::Real(real) => (0, real.to_bits()),
            Self::Integer(integer) => (1, integer.cast_unsigned()),
            Self::Boolean(boolean) => (2, u64::from(*boolean)),
            Self::Text(text) => {
                print.word(3);
                return print.bytes(text.as_bytes());
            }
        };
        print.word(kind);
        print.word(word);
    }
}

impl From<f64> for Value {
    fn from(real: f64) -> Self {
        Self::Real(real)
    }
}

impl From<i64> for Value {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<bool> for Value {
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Real(real) if *real != 0.0 && real.is_finite() && !(1e-4..1e9).contains(&real.abs()) => {
                write!(formatter, "{real:e}")
            }
            Self::Real(real) => write!(formatter, "{real:?}"),
            Self::Integer(integer) => integer.fmt(formatter),
            Self::Boolean(boolean) => boolean.fmt(formatter),
            Self::Text(text) => text.fmt(formatter),
        }
    }
}

/// What the canonical encoding of a value is made of: the derived form, which formats that are not self-describing need.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Value")]
enum Tagged<'a> {
    Real(f64),
    Integer(i64),
    Boolean(bool),
    Text(std::borrow::Cow<'a, str>),
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return match self {
                // NaN's bits differ from machine to machine and do not survive JSON: one stands for all.
                Self::Real(real) if real.is_nan() => Tagged::Real(f64::NAN),
                Self::Real(real) => Tagged::Real(*real),
                Self::Integer(integer) => Tagged::Integer(*integer),
                Self::Boolean(boolean) => Tagged::Boolean(*boolean),
                Self::Text(text) => Tagged::Text(text.into()),
            }
            .serialize(serializer);
        }
        match self {
            Self::Real(real) if real.is_finite() => serializer.serialize_f64(*real),
            Self::Real(real) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("real", &format!("{real:?}"))?;
                map.end()
            }
            Self::Integer(integer) => serializer.serialize_i64(*integer),
            Self::Boolean(boolean) => serializer.serialize_bool(*boolean),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(PlainVisitor);
        }
        Ok(match Tagged::deserialize(deserializer)? {
            Tagged::Real(real) => Self::Real(real),
            Tagged::Integer(integer) => Self::Integer(integer),
            Tagged::Boolean(boolean) => Self::Boolean(boolean),
            Tagged::Text(text) => Self::Text(text.into_owned()),
        })
    }
}

struct PlainVisitor;

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number, a boolean, a text or {\"real\": \"NaN\"}")
    }

    fn visit_f64<E: de::Error>(self, real: f64) -> Result<Value, E> {
        Ok(Value::Real(real))
    }

    fn visit_i64<E: de::Error>(self, integer: i64) -> Result<Value, E> {
        Ok(Value::Integer(integer))
    }

    fn visit_u64<E: de::Error>(self, integer: u64) -> Result<Value, E> {
        i64::try_from(integer).map(Value::Integer).map_err(|_| E::custom(format!("the integer {integer} is too large")))
    }

    fn visit_bool<E: de::Error>(self, boolean: bool) -> Result<Value, E> {
        Ok(Value::Boolean(boolean))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let Some((key, text)) = map.next_entry::<String, String>()? else {
            return Err(de::Error::custom("an empty object is no value"));
        };
        if key != "real" || map.next_key::<String>()?.is_some() {
            return Err(de::Error::custom("the only object that is a value is {\"real\": …}"));
        }
        text.parse().map(Value::Real).map_err(|_| de::Error::custom(format!("`{text}` is no real number")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_json_and_the_canonical_encoding() {
        let values = [
            Value::Real(1.0),
            Value::Real(0.1),
            Value::Real(1e300),
            Value::Real(f64::NEG_INFINITY),
            Value::Real(-0.0),
            Value::Integer(1),
            Value::Integer(i64::MIN),
            Value::Boolean(true),
            Value::Text("relu".into()),
        ];
        for value in values {
            let text = serde_json::to_string(&value).unwrap();
            assert!(value.same(&serde_json::from_str(&text).unwrap()), "{text}");
            let bytes = crate::numeric::digest::canonical_bytes(&value);
            assert!(value.same(&postcard::from_bytes(&bytes).unwrap()), "{text}");
        }
    }

    #[test]
    fn nan_stands_in_json_as_an_object() {
        let text = serde_json::to_string(&Value::Real(f64::NAN)).unwrap();
        assert_eq!(text, r#"{"real":"NaN"}"#);
        let odd = Value::Real(f64::from_bits(0xfff8_0000_0000_0001));
        let bytes = crate::numeric::digest::canonical_bytes(&odd);
        assert_eq!(bytes, crate::numeric::digest::canonical_bytes(&Value::Real(f64::NAN)));
        assert!(matches!(serde_json::from_str(&text).unwrap(), Value::Real(real) if real.is_nan()));
    }
}
