//! JSON as far as files of a command need it: flat objects of numbers, booleans and texts. Without recursion, in one pass.
//!
//! `NaN`, `Infinity` and `-Infinity` are numbers here, though not in JSON: they are what programs write when a number is none, and the study says
//! what becomes of them.

use crate::sandbox::bindings::types::{Attribute, Value as GuestValue};
use crate::space::Value;
use crate::study::Attribute as StudyAttribute;

/// Numbers that JSON does not have.
const NAMED_NUMBERS: &[(&str, f64)] =
    &[("NaN", f64::NAN), ("Infinity", f64::INFINITY), ("-Infinity", f64::NEG_INFINITY)];

/// A line is no flat object.
#[derive(Debug, PartialEq)]
pub(super) enum LineError {
    /// It has more attributes than are allowed.
    TooManyAttributes,
    /// It is not well formed.
    Malformed {
        /// What is wrong.
        problem: &'static str,
        /// At which of its bytes.
        at: usize,
    },
}

/// A configuration as a flat object, in its order.
pub(in crate::sandbox) fn object(config: &[StudyAttribute]) -> String {
    let entry = |attribute: &StudyAttribute| format!("  {}: {}", text(&attribute.name), value(&attribute.value));
    let entries: Vec<String> = config.iter().map(entry).collect();
    if entries.is_empty() { "{}\n".into() } else { format!("{{\n{}\n}}\n", entries.join(",\n")) }
}

fn value(value: &Value) -> String {
    match value {
        Value::Real(real) => real_text(*real),
        Value::Integer(integer) => integer.to_string(),
        Value::Boolean(boolean) => boolean.to_string(),
        Value::Text(letters) => text(letters),
    }
}

/// The shortest number that is this one when it is read, with a point or an exponent.
pub(in crate::sandbox) fn real_text(real: f64) -> String {
    match NAMED_NUMBERS.iter().find(|(_, named)| named.to_bits() == real.to_bits() || named.is_nan() && real.is_nan()) {
        Some((name, _)) => (*name).to_owned(),
        None => format!("{real:?}"),
    }
}

fn text(letters: &str) -> String {
    // A text can always be written.
    serde_json::to_string(letters).unwrap_or_default()
}

/// The attributes of a line.
pub(super) fn attributes(line: &[u8], attributes_max: u64) -> Result<Vec<Attribute>, LineError> {
    let line = std::str::from_utf8(line)
        .map_err(|error| LineError::Malformed { problem: "it is not UTF-8", at: error.valid_up_to() })?;
    let mut reader = Reader { line, at: 0 };
    reader.expect(b'{', "an object, `{…}`, must stand here")?;
    let mut attributes = Vec::new();
    if !reader.takes(b'}') {
        loop {
            if attributes.len() as u64 >= attributes_max {
                return Err(LineError::TooManyAttributes);
            }
            attributes.push(reader.attribute()?);
            if reader.takes(b'}') {
                break;
            }
            reader.expect(b',', "`,` or `}` must stand here")?;
        }
    }
    reader.skip_space();
    if reader.at < line.len() {
        return Err(reader.malformed("nothing may stand after the object"));
    }
    Ok(attributes)
}

struct Reader<'a> {
    line: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn malformed(&self, problem: &'static str) -> LineError {
        LineError::Malformed { problem, at: self.at }
    }

    fn rest(&self) -> &'a str {
        self.line.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<u8> {
        self.line.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    /// Takes a mark, after space, if it is there.
    fn takes(&mut self, mark: u8) -> bool {
        self.skip_space();
        let is_there = self.peek() == Some(mark);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, mark: u8, problem: &'static str) -> Result<(), LineError> {
        if self.takes(mark) { Ok(()) } else { Err(self.malformed(problem)) }
    }

    fn attribute(&mut self) -> Result<Attribute, LineError> {
        self.expect(b'"', "a name in `\"` must stand here")?;
        let name = self.text()?;
        self.expect(b':', "`:` must stand here")?;
        self.skip_space();
        Ok(Attribute { name, value: self.value()? })
    }

    fn value(&mut self) -> Result<GuestValue, LineError> {
        if self.takes(b'"') {
            return self.text().map(GuestValue::Text);
        }
        let named = NAMED_NUMBERS.iter().map(|(word, real)| (*word, GuestValue::Real(*real)));
        let words = [("true", GuestValue::Boolean(true)), ("false", GuestValue::Boolean(false))];
        for (word, value) in words.into_iter().chain(named) {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        match self.peek() {
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'{' | b'[') => Err(self.malformed("a value is a number, a boolean or a text, no object and no list")),
            _ => Err(self.malformed("a number, a boolean or a text must stand here")),
        }
    }

    /// A number without a fraction and an exponent is an integer, unless 64 bits do not hold it.
    fn number(&mut self) -> Result<GuestValue, LineError> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let leading_zero = self.peek() == Some(b'0');
        let whole_digits = self.digits()?;
        if leading_zero && whole_digits > 1 {
            return Err(self.malformed("a number must not begin with 0"));
        }
        let mut is_integer = true;
        if self.peek() == Some(b'.') {
            (self.at, is_integer) = (self.at + 1, false);
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            (self.at, is_integer) = (self.at + 1, false);
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        let number = self.line.get(start..self.at).unwrap_or("");
        if let (true, Ok(integer)) = (is_integer, number.parse()) {
            return Ok(GuestValue::Integer(integer));
        }
        match number.parse::<f64>() {
            Ok(real) if real.is_finite() => Ok(GuestValue::Real(real)),
            _ => Err(self.malformed("the number is beyond what 64 bits hold")),
        }
    }

    fn digits(&mut self) -> Result<usize, LineError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at > start { Ok(self.at - start) } else { Err(self.malformed("a digit must stand here")) }
    }

    /// A text after its first `"`.
    fn text(&mut self) -> Result<String, LineError> {
        let mut text = String::new();
        loop {
            let plain = self.rest().bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
            let Some(length) = plain else {
                self.at = self.line.len();
                return Err(self.malformed("the text has no end"));
            };
            text.push_str(self.rest().get(..length).unwrap_or(""));
            self.at += length;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => {
                    self.at += 1;
                    text.push(self.escape()?);
                }
                _ => return Err(self.malformed("a text has no control characters; write `\\n`, `\\t` or `\\u…`")),
            }
        }
    }

    /// A character after its `\`.
    fn escape(&mut self) -> Result<char, LineError> {
        let kind = self.peek();
        self.at += 1;
        Ok(match kind {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(mark @ (b'"' | b'\\' | b'/')) => char::from(mark),
            Some(b'u') => return self.code_point(),
            _ => {
                self.at -= 1;
                return Err(self.malformed("JSON knows no such escape"));
            }
        })
    }

    fn code_point(&mut self) -> Result<char, LineError> {
        let first = self.code_unit()?;
        let mut units = [first, 0];
        let mut length = 1;
        if (0xd800..0xdc00).contains(&first) && self.rest().starts_with("\\u") {
            self.at += 2;
            units[1] = self.code_unit()?;
            length = 2;
        }
        let mut characters = char::decode_utf16(units.into_iter().take(length));
        match (characters.next(), characters.next()) {
            (Some(Ok(character)), None) => Ok(character),
            _ => Err(self.malformed("half a character is none")),
        }
    }

    fn code_unit(&mut self) -> Result<u16, LineError> {
        let digits = self.rest().get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.malformed("four hexadecimal digits must stand here"))?;
        self.at += 4;
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::host::report::value_of;

    fn read(line: &str) -> Result<Vec<(String, Value)>, LineError> {
        let attributes = attributes(line.as_bytes(), 64)?;
        Ok(attributes.into_iter().map(|attribute| (attribute.name, value_of(attribute.value))).collect())
    }

    #[test]
    fn flat_objects_are_read() {
        let table: &[(&str, &[(&str, Value)])] = &[
            ("{}", &[]),
            (" { } \r", &[]),
            (r#"{"a":1}"#, &[("a", Value::Integer(1))]),
            (
                r#"{ "a" : -0.5e1 , "b" : true, "c": false }"#,
                &[("a", Value::Real(-5.0)), ("b", true.into()), ("c", false.into())],
            ),
            (r#"{"a":0,"b":-0,"c":-0.0}"#, &[("a", 0.into()), ("b", 0.into()), ("c", Value::Real(-0.0))]),
            (r#"{"":"","ü":"😀"}"#, &[("", "".into()), ("ü", "😀".into())]),
            (r#"{"\u00e4\n":"\ud83d\ude00\"\\\/"}"#, &[("ä\n", "😀\"\\/".into())]),
            (r#"{"a":9223372036854775807}"#, &[("a", Value::Integer(i64::MAX))]),
            (r#"{"a":9223372036854775808}"#, &[("a", Value::Real(9_223_372_036_854_775_808.0))]),
            (r#"{"a":Infinity,"b":-Infinity}"#, &[("a", f64::INFINITY.into()), ("b", f64::NEG_INFINITY.into())]),
            (r#"{"a":1E+2,"b":1e-400}"#, &[("a", Value::Real(100.0)), ("b", Value::Real(0.0))]),
            (r#"{"a":1,"a":2}"#, &[("a", Value::Integer(1)), ("a", Value::Integer(2))]),
        ];
        for (line, expected) in table {
            let expected: Vec<(String, Value)> =
                expected.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            assert_eq!(read(line), Ok(expected), "{line}");
        }
        assert!(matches!(&read(r#"{"a":NaN}"#).unwrap()[..], [(_, Value::Real(real))] if real.is_nan()));
    }

    #[test]
    fn whatever_else_stands_in_a_line_is_refused_where_it_stands() {
        for (line, at) in [
            ("", 0),
            ("1", 0),
            ("[]", 0),
            ("{", 1),
            ("{}{}", 2),
            ("{} x", 3),
            (r#"{"a"}"#, 4),
            (r#"{"a":}"#, 5),
            (r#"{"a":1,}"#, 7),
            (r#"{"a":1 "b":2}"#, 7),
            (r#"{a:1}"#, 1),
            (r#"{'a':1}"#, 1),
            (r#"{"a":null}"#, 5),
            (r#"{"a":{"b":1}}"#, 5),
            (r#"{"a":[1]}"#, 5),
            (r#"{"a":01}"#, 7),
            (r#"{"a":+1}"#, 5),
            (r#"{"a":.5}"#, 5),
            (r#"{"a":1.}"#, 7),
            (r#"{"a":1e}"#, 7),
            (r#"{"a":-}"#, 6),
            (r#"{"a":0x10}"#, 6),
            (r#"{"a":1e999}"#, 10),
            (r#"{"a":trueish}"#, 9),
            (r#"{"a":"b"#, 7),
            ("{\"a\tb\":1}", 3),
            (r#"{"\x":1}"#, 3),
            (r#"{"\u12":1}"#, 4),
            (r#"{"\u+123":1}"#, 4),
            (r#"{"\ud800":1}"#, 8),
            (r#"{"\ud800\u0041":1}"#, 14),
            (r#"{"\udc00":1}"#, 8),
            (r#"{"\"#, 3),
            ("\u{feff}{}", 0),
        ] {
            match read(line) {
                Err(LineError::Malformed { at: place, .. }) => assert_eq!(place, at, "{line}"),
                other => panic!("{line}: {other:?}"),
            }
        }
        let not_utf8 = LineError::Malformed { problem: "it is not UTF-8", at: 2 };
        assert_eq!(attributes(b"{\"\xff\":1}", 64).err(), Some(not_utf8));
    }

    #[test]
    fn deep_nesting_is_refused_at_its_first_step() {
        let line = format!("{{\"a\":{}", "[".repeat(1 << 20));
        assert!(matches!(read(&line), Err(LineError::Malformed { at: 5, .. })));
    }

    #[test]
    fn no_more_attributes_are_read_than_allowed() {
        let line = |count: usize| format!("{{{}}}", vec!["\"a\":1"; count].join(","));
        assert_eq!(read(&line(64)).map(|attributes| attributes.len()), Ok(64));
        assert_eq!(read(&line(65)), Err(LineError::TooManyAttributes));
        assert_eq!(read(&line(100_000)), Err(LineError::TooManyAttributes));
    }

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let values = [
            Value::Real(0.1 + 0.2),
            Value::Real(1.0),
            Value::Real(-0.0),
            Value::Real(5e-324),
            Value::Real(f64::MAX),
            Value::Real(f64::NEG_INFINITY),
            Value::Integer(i64::MIN),
            Value::Boolean(true),
            Value::Text("ä\"\\\n\u{1}😀".into()),
        ];
        let named = |value: &Value| StudyAttribute { name: "a.\"b".into(), value: value.clone() };
        for value in &values {
            let line = object(&[named(value)]).replace('\n', " ");
            assert_eq!(read(&line), Ok(vec![("a.\"b".to_owned(), value.clone())]), "{line}");
        }
        assert_eq!(object(&[]), "{}\n");
        assert_eq!(object(&values.each_ref().map(named)[1..3]), "{\n  \"a.\\\"b\": 1.0,\n  \"a.\\\"b\": -0.0\n}\n");
        assert!(object(&[named(&Value::Real(f64::NAN))]).contains(": NaN"));
    }
}
