//! Why a shader is refused: in words for whoever wrote it, and as the list of messages that the standard's compilation info is.

use thiserror::Error;

use crate::gpu::message::ShaderMessage;

/// The longest text about one shader. A translator quotes the source, and a source may be one line.
const TEXT_BYTES_MAX: usize = 4 << 10;
/// The most messages about one shader.
const MESSAGES_MAX: usize = 16;

/// Why a shader, or an entry point of it, is refused.
#[derive(Debug, Error)]
pub(crate) enum ShaderError {
    /// Something of it is more than what is compiled.
    #[error("{place}{excess}: {have}, at most {max}; {advice}", advice = excess.advice())]
    TooMuch {
        /// What.
        excess: Excess,
        /// How much there is of it; `u64::MAX` stands for more than can be counted.
        have: Amount,
        /// How much may be.
        max: u64,
        /// Where, if one place is to blame.
        place: Place,
    },
    /// It uses what this interface has not.
    #[error("{place}{what} is not available here; {advice}")]
    Unavailable {
        /// What.
        what: String,
        /// What to do instead.
        advice: &'static str,
        /// Where.
        place: Place,
    },
    /// The language has rules that it breaks.
    #[error("{text}")]
    Invalid {
        /// The translator's report, with the lines of the source that it speaks of.
        text: String,
        /// What it consists of.
        messages: Vec<ShaderMessage>,
    },
    /// The translator has a flaw that this source meets.
    #[error(
        "the translator gave up on this shader ({reason}); write the part differently, or without constant expressions"
    )]
    Translator {
        /// What it said.
        reason: String,
    },
    /// There is no such entry point.
    #[error("the shader has no compute entry point named `{name}`; it has {known}")]
    NoEntryPoint {
        /// The name asked for.
        name: String,
        /// Those that it has.
        known: String,
    },
    /// No name was given, and there is not exactly one.
    #[error("the shader has {count} compute entry points, so one must be named; it has {known}")]
    WhichEntryPoint {
        /// How many there are.
        count: usize,
        /// Those that it has.
        known: String,
    },
    /// The values for its overrides do not fit.
    #[error(
        "the constants for entry point `{entry_point}`: {reason}; give each override without a default a value of its type"
    )]
    Constants {
        /// The entry point.
        entry_point: String,
        /// What is wrong.
        reason: String,
    },
}

impl ShaderError {
    /// The error as the standard's compilation info has it: at least one message.
    pub(crate) fn messages(&self) -> Vec<ShaderMessage> {
        match self {
            Self::Invalid { messages, .. } if !messages.is_empty() => messages.clone(),
            Self::TooMuch { place, .. } | Self::Unavailable { place, .. } => vec![place.message(self.to_string())],
            _ => vec![Place::default().message(self.to_string())],
        }
    }

    /// What the translator found wrong: a text, and a message for each place.
    pub(super) fn invalid(source: &str, text: &str, message: &str, spans: &[(std::ops::Range<usize>, String)]) -> Self {
        let mut messages: Vec<_> = spans
            .iter()
            .take(MESSAGES_MAX)
            .map(|(range, label)| {
                let label = if label.is_empty() { message.to_owned() } else { format!("{message}: {label}") };
                Place::of(source, range.clone()).message(shortened(&label))
            })
            .collect();
        if messages.is_empty() {
            messages.push(Place::default().message(shortened(message)));
        }
        Self::Invalid { text: shortened(text), messages }
    }

    /// A flaw of the translator, as far as its panic tells.
    pub(super) fn translator(panic: &(dyn std::any::Any + Send)) -> Self {
        let reason = panic.downcast_ref::<String>().map(String::as_str);
        let reason = reason.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        Self::Translator { reason: shortened(reason) }
    }
}

/// The text, or its beginning if it is too long.
pub(super) fn shortened(text: &str) -> String {
    if text.len() <= TEXT_BYTES_MAX {
        return text.trim_end().to_owned();
    }
    let end = (0..=TEXT_BYTES_MAX).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    format!("{}…", text.get(..end).unwrap_or_default())
}

/// A count that may be past counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Amount(pub(crate) u64);

impl std::fmt::Display for Amount {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            u64::MAX => formatter.write_str("past counting"),
            count => write!(formatter, "{count}"),
        }
    }
}

/// A part of the source, or none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    line: u64,
    column: u64,
    offset: u64,
    length: u64,
}

impl Place {
    /// The place of a range of bytes. The standard counts in code units of UTF-16.
    pub(super) fn of(source: &str, range: std::ops::Range<usize>) -> Self {
        let (Some(before), Some(inside)) = (source.get(..range.start), source.get(range.clone())) else {
            return Self::default();
        };
        let units = |text: &str| text.chars().map(|character| character.len_utf16() as u64).sum::<u64>();
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Self {
            line: before.matches('\n').count() as u64 + 1,
            column: units(before.get(line_start..).unwrap_or_default()) + 1,
            offset: units(before),
            length: units(inside),
        }
    }

    fn message(self, message: String) -> ShaderMessage {
        ShaderMessage { message, line: self.line, column: self.column, offset: self.offset, length: self.length }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => Ok(()),
            line => write!(formatter, "{line}:{}: ", self.column),
        }
    }
}

/// What there can be too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excess {
    /// Bytes of the source.
    SourceBytes,
    /// Declarations outside functions.
    Declarations,
    /// Brackets inside each other.
    BracketNesting,
    /// Tokens of one expression or statement.
    ExpressionTokens,
    /// Tokens of one function, or of all that is outside functions.
    FunctionTokens,
    /// Tokens once the names of constants and types are written out.
    WrittenOutTokens,
    /// Control flow inside other control flow, calls written out.
    Nesting,
    /// Statements, calls written out.
    Statements,
    /// Numbers that are computed, calls written out.
    Values,
    /// Numbers computed by division or transcendental functions, calls written out.
    LongValues,
    /// Numbers of one value.
    ValueComponents,
    /// Bytes of one variable of an invocation.
    VariableBytes,
    /// Bytes of all such variables of an entry point, calls written out.
    InvocationBytes,
    /// Bytes of one constant.
    ConstantBytes,
    /// Bytes of all constants.
    ConstantsBytes,
    /// Types inside other types.
    TypeNesting,
    /// Types.
    Types,
    /// Functions.
    Functions,
    /// Entry points.
    EntryPoints,
    /// Variables outside functions.
    Globals,
    /// Expressions, written once.
    Expressions,
    /// Bytes that a work group shares.
    WorkgroupBytes,
    /// Invocations of a work group along one dimension.
    WorkgroupSize,
    /// Invocations of a work group.
    Invocations,
}

impl std::fmt::Display for Excess {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::SourceBytes => "bytes of the source (shader_bytes_max)",
            Self::Declarations => "declarations",
            Self::BracketNesting => "brackets and `else if` inside each other",
            Self::ExpressionTokens => "tokens of one statement",
            Self::FunctionTokens => "tokens of one function, or of all that is outside functions",
            Self::WrittenOutTokens => "tokens once constants, types and zero values are written out",
            Self::Nesting => "loops, branches and switches inside each other, with calls written out",
            Self::Statements => "statements, with calls written out (shader_statements_max)",
            Self::Values => "numbers computed by statements, with calls written out",
            Self::LongValues => "divisions of whole numbers and transcendental functions, with calls written out",
            Self::ValueComponents => "numbers of one value",
            Self::VariableBytes => "bytes of one variable of an invocation",
            Self::InvocationBytes => "bytes of arrays and structures of an invocation, with calls written out",
            Self::ConstantBytes => "bytes of one constant",
            Self::ConstantsBytes => "bytes of all constants",
            Self::TypeNesting => "types inside each other",
            Self::Types => "types",
            Self::Functions => "functions",
            Self::EntryPoints => "entry points",
            Self::Globals => "variables outside functions",
            Self::Expressions => "expressions",
            Self::WorkgroupBytes => "bytes that a work group shares",
            Self::WorkgroupSize => "invocations of a work group along one dimension",
            Self::Invocations => "invocations of a work group",
        })
    }
}

impl Excess {
    /// What to do about it.
    fn advice(self) -> &'static str {
        match self {
            Self::SourceBytes | Self::Statements => {
                "shorten it, split it into several shaders, or have the study grant more"
            }
            Self::Declarations | Self::Types | Self::Functions | Self::EntryPoints | Self::Globals => {
                "split it into several shaders"
            }
            Self::BracketNesting | Self::Nesting => "flatten it, or use a `switch`",
            Self::ExpressionTokens | Self::FunctionTokens | Self::Values | Self::LongValues | Self::Expressions => {
                "split it, or use a loop"
            }
            Self::WrittenOutTokens => {
                "let fewer constants consist of others, and leave arrays without `()`: `var a: T;` is zero"
            }
            Self::ValueComponents => "work on elements instead of whole arrays and structures",
            Self::VariableBytes | Self::InvocationBytes => "use `var<workgroup>` or a storage buffer for large arrays",
            Self::ConstantBytes | Self::ConstantsBytes => "put tables into a storage or uniform buffer",
            Self::TypeNesting => "flatten the types",
            Self::WorkgroupBytes | Self::WorkgroupSize | Self::Invocations => "use smaller work groups",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_code_units_of_utf_16() {
        let source = "// 🦀\nlet é = x;";
        let start = source.find('x').unwrap();
        let place = Place::of(source, start..start + 1);
        assert_eq!(place, Place { line: 2, column: 9, offset: 14, length: 1 });
        assert_eq!(place.to_string(), "2:9: ");
    }

    #[test]
    fn a_place_outside_the_source_is_none() {
        assert_eq!(Place::of("é", 1..2), Place::default());
        assert_eq!(Place::of("e", 1..9), Place::default());
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        let text = "é".repeat(TEXT_BYTES_MAX);
        assert!(shortened(&text).len() <= TEXT_BYTES_MAX + '…'.len_utf8());
        assert_eq!(shortened("short\n"), "short");
    }
}
