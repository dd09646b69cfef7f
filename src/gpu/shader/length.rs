//! The lengths of array types, read from the tokens of a source.
//!
//! Only what lengths usually consist of is understood: whole numbers, constants, arithmetic, parentheses. Of anything else the length
//! is unknown, and unknown is treated as too long where it matters.

use std::collections::BTreeMap;
use std::ops::Range;

use super::lexer::Kind;
use super::text::{Declarations, Subject};

/// The length of an array type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// That many elements.
    Elements(u64),
    /// It has none, or depends on an override: such a type has no zero value that could be written out.
    NoneYet,
    /// It may be anything.
    Unknown,
}

/// Constants whose values are asked for.
pub(super) struct Lengths<'source> {
    declarations: &'source Declarations<'source>,
    /// The constants, those of functions too.
    constants: BTreeMap<&'source str, Constant>,
}

/// What is known of a constant.
#[derive(Clone, Copy, Debug)]
enum Constant {
    /// Its value begins after that token.
    Declared(usize),
    /// It has been evaluated, or is being.
    Known(Length),
}

/// Where in an expression the evaluation is.
struct Cursor {
    at: usize,
    end: usize,
}

impl<'source> Lengths<'source> {
    pub(super) fn new(declarations: &'source Declarations<'source>) -> Self {
        let mut constants = BTreeMap::new();
        for index in 0..declarations.tokens.len() {
            if declarations.text(index) == "const" {
                let name = declarations.text(index + 1);
                // Which of two is meant depends on scopes, which are not followed here.
                let found = if constants.contains_key(name) {
                    Constant::Known(Length::Unknown)
                } else {
                    Constant::Declared(index + 1)
                };
                constants.insert(name, found);
            }
        }
        Self { declarations, constants }
    }

    /// The length that the tokens of that range give, which begins with the `,` before it.
    pub(super) fn of(&mut self, range: Range<usize>) -> Length {
        let mut range = range.start + 1..range.end;
        if range.end.checked_sub(1).is_some_and(|last| self.declarations.text(last) == ",") {
            range.end -= 1;
        }
        match range.is_empty() {
            true => Length::NoneYet,
            false => self.whole(range),
        }
    }

    fn whole(&mut self, range: Range<usize>) -> Length {
        let mut cursor = Cursor { at: range.start, end: range.end };
        match self.expression(&mut cursor, 0) {
            _ if cursor.at != cursor.end => Length::Unknown,
            length => length,
        }
    }

    fn expression(&mut self, cursor: &mut Cursor, least: u8) -> Length {
        let mut left = self.primary(cursor);
        loop {
            let operator = if cursor.at < cursor.end { self.declarations.text(cursor.at) } else { "" };
            let Some(precedence) = precedence(operator).filter(|&precedence| precedence > least) else { return left };
            cursor.at += 1;
            let right = self.expression(cursor, precedence);
            left = combine(operator, left, right);
        }
    }

    fn primary(&mut self, cursor: &mut Cursor) -> Length {
        if cursor.at >= cursor.end {
            return Length::Unknown;
        }
        let text = self.declarations.text(cursor.at);
        let kind = self.declarations.tokens.get(cursor.at).map(|token| token.kind);
        cursor.at += 1;
        match kind {
            Some(Kind::Number) => whole_number(text).map_or(Length::Unknown, Length::Elements),
            Some(Kind::Symbol('(')) => self.parenthesis(cursor),
            Some(Kind::Word) if matches!(text, "u32" | "i32") && self.declarations.text(cursor.at) == "(" => {
                cursor.at += 1;
                self.parenthesis(cursor)
            }
            Some(Kind::Word) => self.constant(text),
            _ => Length::Unknown,
        }
    }

    fn parenthesis(&mut self, cursor: &mut Cursor) -> Length {
        let inside = self.expression(cursor, 0);
        let is_closed = cursor.at < cursor.end && self.declarations.text(cursor.at) == ")";
        cursor.at += 1;
        if is_closed { inside } else { Length::Unknown }
    }

    fn constant(&mut self, name: &'source str) -> Length {
        let declared = match self.constants.get(name) {
            Some(Constant::Known(length)) => return *length,
            Some(Constant::Declared(index)) => *index,
            None => {
                let found = self.declarations.named(name);
                let is_override = found.is_some_and(|(_, declaration)| declaration.subject == Subject::Override);
                return if is_override { Length::NoneYet } else { Length::Unknown };
            }
        };
        self.constants.insert(name, Constant::Known(Length::Unknown));
        let length = self.value(declared).map_or(Length::Unknown, |value| self.whole(value));
        self.constants.insert(name, Constant::Known(length));
        length
    }

    /// The tokens of the value of the constant that is named at an index.
    fn value(&self, name: usize) -> Option<Range<usize>> {
        let mut rest = name + 1..self.declarations.tokens.len();
        let is_end = |index: &usize| matches!(self.declarations.text(*index), ";" | "{" | "}");
        let start = rest.find(|index| is_end(index) || self.declarations.text(*index) == "=")? + 1;
        let end = rest.find(is_end)?;
        (start < end).then_some(start..end)
    }
}

fn precedence(operator: &str) -> Option<u8> {
    match operator {
        "|" | "&" | "^" => Some(1),
        "<<" => Some(2),
        "+" | "-" => Some(3),
        "*" | "/" | "%" => Some(4),
        _ => None,
    }
}

fn combine(operator: &str, left: Length, right: Length) -> Length {
    let (left, right) = match (left, right) {
        (Length::Elements(left), Length::Elements(right)) => (left, right),
        (Length::Unknown, _) | (_, Length::Unknown) => return Length::Unknown,
        _ => return Length::NoneYet,
    };
    let value = match operator {
        "|" => Some(left | right),
        "&" => Some(left & right),
        "^" => Some(left ^ right),
        "<<" => (right < 32).then(|| left << right),
        "+" => left.checked_add(right),
        "-" => left.checked_sub(right),
        "*" => left.checked_mul(right),
        "/" => left.checked_div(right),
        "%" => left.checked_rem(right),
        _ => None,
    };
    // Past 32 bits it depends on the type what comes out.
    value.filter(|&value| value <= u64::from(u32::MAX)).map_or(Length::Unknown, Length::Elements)
}

fn whole_number(text: &str) -> Option<u64> {
    let digits = text.strip_suffix(['u', 'i']).unwrap_or(text);
    let value = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok()?,
        None => digits.parse().ok()?,
    };
    (value <= u64::from(u32::MAX)).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::super::lexer;
    use super::*;

    /// The length of the last array type of a source.
    fn length(source: &str) -> Length {
        let tokens = lexer::tokens(source);
        let declarations = Declarations::of(source, &tokens);
        let template = tokens.iter().rev().find_map(|token| match token.kind {
            Kind::TemplateStart { end, comma } => Some(comma as usize..end as usize),
            _ => None,
        });
        Lengths::new(&declarations).of(template.unwrap())
    }

    #[test]
    fn lengths_are_computed_from_constants() {
        assert_eq!(length("var<private> a: array<f32, 0x10u>;"), Length::Elements(16));
        let source = "const N: u32 = (1u << 4u) + 2 * M; const M = u32(7) % 4; fn f() { var a: array<f32, N * N,>; }";
        assert_eq!(length(source), Length::Elements(22 * 22));
        assert_eq!(length("fn f() { const N = 3; var a: array<u32, N + 1>; }"), Length::Elements(4));
    }

    #[test]
    fn what_has_no_length_yet_is_told() {
        assert_eq!(length("@group(0) @binding(0) var<storage> a: array<f32>;"), Length::NoneYet);
        assert_eq!(length("override n: u32 = 4; var<workgroup> a: array<f32, n * 2>;"), Length::NoneYet);
    }

    #[test]
    fn a_length_that_may_be_anything_is_unknown() {
        let sources = [
            "const N = 4; fn f() { const N = 2000000000; var a: array<u32, N>; }",
            "const N = M; const M = N; var<private> a: array<u32, N>;",
            "const N = 0u - 1u; var<private> a: array<u32, N>;",
            "const N = max(1, 2); var<private> a: array<u32, N>;",
            "var<private> a: array<u32, 0xffff * 0xffff * 0xffff>;",
            "var<private> a: array<u32, n>;",
            "var<private> a: array<u32, 1 / 0>;",
        ];
        for source in sources {
            assert_eq!(length(source), Length::Unknown, "{source}");
        }
    }
}
