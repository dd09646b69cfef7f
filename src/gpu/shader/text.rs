//! What is bounded before the translator sees a source: small sources make it recurse until its stack ends, or write out more
//! constants than there is memory.
//!
//! naga parses and lowers an expression by recursion over its operators; each of them takes a token, so tokens of one statement bound
//! the depth. It evaluates constant expressions while it lowers: a constant is copied with all of its parts into each function that
//! uses it, its parts are converted one by one, and the zero value `T()` of an array becomes as many handles as it has elements when
//! an operator is applied. [`check_declarations`] bounds all three by what a source is with the names of its constants and types
//! replaced by what they stand for.

use std::collections::BTreeMap;
use std::ops::Range;

use super::error::{Amount, Excess, Place, ShaderError};
use super::length::{Length, Lengths};
use super::lexer::{Kind, Token};

/// The most tokens between two of `;`, `{` and `}`. Each may be a frame or two of recursion.
pub(super) const EXPRESSION_TOKENS_MAX: u64 = 4_096;
/// The deepest nesting of brackets of all kinds, an `else if` counting as one.
pub(super) const BRACKETS_MAX: u64 = 100;
/// The most declarations outside functions. naga visits what they refer to by recursion.
pub(super) const DECLARATIONS_MAX: u64 = 1_024;
/// The most tokens of one function, and of all that is outside functions: naga's time grows with the square of either (30,000
/// expressions of one function take 1.5 s).
pub(super) const FUNCTION_TOKENS_MAX: u64 = 1 << 14;
/// The most tokens that writing out the names of constants and types may add.
pub(super) const WRITTEN_OUT_TOKENS_MAX: u64 = 1 << 16;

/// Refuses a source that is nested too deeply or has too long statements.
pub(super) fn check_nesting(source: &str, tokens: &[Token]) -> Result<(), ShaderError> {
    // For each open bracket: how many `else if` its last statement has so far.
    let mut chains: Vec<u64> = vec![0];
    let (mut depth, mut length) = (0_u64, 0_u64);
    let mut words = ["", ""];
    for (index, token) in tokens.iter().enumerate() {
        let is_end = matches!(token.kind, Kind::Symbol(';' | '{' | '}'));
        length = if is_end { 0 } else { length + 1 };
        if length > EXPRESSION_TOKENS_MAX {
            return Err(too_much(Excess::ExpressionTokens, length, EXPRESSION_TOKENS_MAX, source, *token));
        }
        let word = if token.kind == Kind::Word { token.text(source) } else { "" };
        words = [words[1], word];
        match token.kind {
            Kind::Symbol('(' | '[' | '{') | Kind::TemplateStart { .. } => {
                depth += 1;
                chains.push(0);
            }
            Kind::Symbol(')' | ']' | '}') | Kind::TemplateEnd { .. } => {
                depth = depth.saturating_sub(1 + if chains.len() > 1 { chains.pop().unwrap_or(0) } else { 0 });
                let goes_on = tokens.get(index + 1).is_some_and(|next| next.text(source) == "else");
                if token.is('}') && !goes_on {
                    depth = depth.saturating_sub(chains.last_mut().map_or(0, std::mem::take));
                }
            }
            Kind::Word if words == ["else", "if"] => {
                depth += 1;
                if let Some(chain) = chains.last_mut() {
                    *chain += 1;
                }
            }
            _ => {}
        }
        if depth > BRACKETS_MAX {
            return Err(too_much(Excess::BracketNesting, depth, BRACKETS_MAX, source, *token));
        }
    }
    Ok(())
}

fn too_much(excess: Excess, have: u64, max: u64, source: &str, token: Token) -> ShaderError {
    ShaderError::TooMuch { excess, have: Amount(have), max, place: Place::of(source, token.range()) }
}

/// Refuses a source with too much in it: declarations, tokens of a function, constants and types once they are written out.
pub(super) fn check_declarations(source: &str, tokens: &[Token]) -> Result<(), ShaderError> {
    let declarations = Declarations::of(source, tokens);
    let (have, max, place) = (declarations.all.len() as u64, DECLARATIONS_MAX, Place::default());
    if have > max {
        return Err(ShaderError::TooMuch { excess: Excess::Declarations, have: Amount(have), max, place });
    }
    check_lengths(&declarations)?;
    check_written_out(&declarations)
}

fn check_lengths(declarations: &Declarations<'_>) -> Result<(), ShaderError> {
    let (mut outside, max) = (0_u64, FUNCTION_TOKENS_MAX);
    for declaration in &declarations.all {
        let tokens = declaration.range.len() as u64;
        let is_function = declaration.subject == Subject::Function;
        outside = outside.saturating_add(if is_function { 0 } else { tokens });
        let have = if is_function { tokens } else { outside };
        if have > max {
            let place = declarations.place(declaration);
            return Err(ShaderError::TooMuch { excess: Excess::FunctionTokens, have: Amount(have), max, place });
        }
    }
    Ok(())
}

fn check_written_out(declarations: &Declarations<'_>) -> Result<(), ShaderError> {
    let max = WRITTEN_OUT_TOKENS_MAX.saturating_add(declarations.tokens.len() as u64);
    let mut written_out = WrittenOut::new(declarations);
    let mut sum = 0_u64;
    for declaration in &declarations.all {
        written_out.note_locals(declaration.range.clone());
        sum = sum.saturating_add(written_out.range(declaration.range.clone(), false));
        if sum > max {
            let place = declarations.place(declaration);
            return Err(ShaderError::TooMuch { excess: Excess::WrittenOutTokens, have: Amount(sum), max, place });
        }
    }
    Ok(())
}

/// What a declaration declares, as far as it matters for writing out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// `const`.
    Constant,
    /// `override`, which has no value yet.
    Override,
    /// `alias` or `struct`.
    Type,
    /// `fn`.
    Function,
    /// `var`, `const_assert`: like functions, naga copies nothing of it.
    Other,
}

/// A declaration outside functions.
#[derive(Clone, Debug)]
pub(super) struct Declaration {
    pub(super) subject: Subject,
    /// The index of the token that names it.
    name: usize,
    /// All of its tokens, with the attributes before it.
    pub(super) range: Range<usize>,
}

/// The declarations of a source.
pub(super) struct Declarations<'source> {
    pub(super) source: &'source str,
    pub(super) tokens: &'source [Token],
    pub(super) all: Vec<Declaration>,
    by_name: BTreeMap<&'source str, usize>,
}

impl<'source> Declarations<'source> {
    pub(super) fn of(source: &'source str, tokens: &'source [Token]) -> Self {
        let mut all = Vec::new();
        let (mut depth, mut start) = (0_usize, 0);
        for (index, token) in tokens.iter().enumerate() {
            match token.kind {
                Kind::Symbol('(' | '[' | '{') => depth += 1,
                Kind::Symbol(')' | ']' | '}') => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 && (token.is(';') || token.is('}')) {
                all.push(Self::declaration(source, tokens, start..index + 1));
                start = index + 1;
            }
        }
        all.push(Self::declaration(source, tokens, start..tokens.len()));
        let by_name = all
            .iter()
            .enumerate()
            .filter(|(_, declaration)| !matches!(declaration.subject, Subject::Function | Subject::Other));
        let by_name =
            by_name.filter_map(|(index, declaration)| Some((tokens.get(declaration.name)?.text(source), index)));
        Self { source, tokens, by_name: by_name.collect(), all }
    }

    fn declaration(source: &str, tokens: &[Token], range: Range<usize>) -> Declaration {
        let subject = |token: &Token| match token.text(source) {
            "const" => Some(Subject::Constant),
            "override" => Some(Subject::Override),
            "alias" | "struct" => Some(Subject::Type),
            "fn" => Some(Subject::Function),
            "var" | "const_assert" => Some(Subject::Other),
            _ => None,
        };
        // Attributes come first, and have no keywords inside.
        for index in range.clone() {
            if let Some(subject) = tokens.get(index).and_then(subject) {
                return Declaration { subject, name: index + 1, range };
            }
        }
        Declaration { subject: Subject::Other, name: range.start, range }
    }

    /// The declaration of a constant, an override or a type of that name.
    pub(super) fn named(&self, name: &str) -> Option<(usize, &Declaration)> {
        let index = *self.by_name.get(name)?;
        Some((index, self.all.get(index)?))
    }

    pub(super) fn text(&self, index: usize) -> &'source str {
        self.tokens.get(index).map_or("", |token| token.text(self.source))
    }

    fn place(&self, declaration: &Declaration) -> Place {
        self.tokens.get(declaration.name).map(|token| Place::of(self.source, token.range())).unwrap_or_default()
    }

    fn is(&self, index: usize, character: char) -> bool {
        self.tokens.get(index).is_some_and(|token| token.is(character))
    }
}

/// How many tokens there are when names are written out; memoised, saturating.
struct WrittenOut<'source> {
    declarations: &'source Declarations<'source>,
    lengths: Lengths<'source>,
    /// For each declaration: as it is, and with its zero value. None while it is counted, so that a cycle, which naga refuses, ends.
    known: Vec<[Option<u64>; 2]>,
    /// The constants of the functions so far.
    locals: BTreeMap<&'source str, u64>,
}

impl<'source> WrittenOut<'source> {
    fn new(declarations: &'source Declarations<'source>) -> Self {
        let known = vec![[None; 2]; declarations.all.len()];
        Self { declarations, lengths: Lengths::new(declarations), known, locals: BTreeMap::new() }
    }

    /// The size of a declaration; `zeroed` with the elements of its arrays.
    fn declaration(&mut self, index: usize, zeroed: bool) -> u64 {
        let Some(known) = self.known.get_mut(index).and_then(|known| known.get_mut(usize::from(zeroed))) else {
            return 0;
        };
        if let Some(size) = *known {
            return size;
        }
        *known = Some(0);
        let range = self.declarations.all.get(index).map_or(0..0, |declaration| declaration.range.clone());
        let size = self.range(range, zeroed);
        if let Some(known) = self.known.get_mut(index).and_then(|known| known.get_mut(usize::from(zeroed))) {
            *known = Some(size);
        }
        size
    }

    fn range(&mut self, range: Range<usize>, zeroed: bool) -> u64 {
        range.fold(0_u64, |sum, index| sum.saturating_add(self.token(index, zeroed)))
    }

    fn token(&mut self, index: usize, zeroed: bool) -> u64 {
        let Some(token) = self.declarations.tokens.get(index) else { return 0 };
        if token.kind != Kind::Word {
            return 1;
        }
        let word = token.text(self.declarations.source);
        let template = self.declarations.tokens.get(index + 1).map(|token| token.kind);
        if let ("array", Some(Kind::TemplateStart { end, comma })) = (word, template) {
            let is_value = self.is_empty_call(end as usize + 1);
            let elements = if zeroed || is_value { self.elements(comma as usize..end as usize) } else { 0 };
            // Where all is zeroed, what is inside is counted as the next tokens.
            let parts = if is_value && !zeroed { self.range(index + 2..end as usize, true) } else { 0 };
            return 1_u64.saturating_add(elements).saturating_add(parts);
        }
        let local = self.locals.get(word).copied().unwrap_or(0);
        let Some((declaration, found)) = self.declarations.named(word) else { return local.saturating_add(1) };
        if found.range.contains(&index) && found.name == index {
            return 1;
        }
        let is_value = found.subject == Subject::Type && self.is_empty_call(index + 1);
        self.declaration(declaration, zeroed || is_value).saturating_add(local).saturating_add(1)
    }

    fn is_empty_call(&self, index: usize) -> bool {
        self.declarations.is(index, '(') && self.declarations.is(index + 1, ')')
    }

    fn elements(&mut self, range: Range<usize>) -> u64 {
        match self.lengths.of(range) {
            Length::Elements(count) => count,
            Length::NoneYet => 0,
            Length::Unknown => u64::MAX,
        }
    }

    /// Notes the sizes of the constants of a function. Those of the same name, in whatever scope, count as the largest of them.
    fn note_locals(&mut self, range: Range<usize>) {
        let mut index = range.start;
        while index < range.end {
            index += 1;
            let name = index;
            let is_outside =
                self.declarations.named(self.declarations.text(name)).is_some_and(|(_, found)| found.name == name);
            if self.declarations.text(index - 1) != "const" || is_outside {
                continue;
            }
            let is_end = |&index: &usize| [';', '{', '}'].iter().any(|&end| self.declarations.is(index, end));
            let end = (name + 1..range.end).find(is_end).unwrap_or(range.end);
            let size = self.range(name + 1..end, false);
            let known = self.locals.entry(self.declarations.text(name)).or_insert(0);
            *known = size.max(*known);
            index = end;
        }
    }
}
