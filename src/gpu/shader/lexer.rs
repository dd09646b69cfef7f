//! The tokens of WGSL, as far as it takes to bound a source before the real parser sees it.
//!
//! What matters is that no bracket, separator or word that the parser would see is missed: comments and template lists are told apart
//! exactly as naga does (`front/wgsl/parse/lexer.rs`). A source may have fewer tokens there than here, never more.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Word,
    /// A number.
    Number,
    /// One character that stands for itself.
    Symbol(char),
    /// An operator of two characters: `==`, `!=`, `<=`, `<<`, `->`.
    Operator,
    /// `&&` or `||`.
    Lazy,
    /// The `<` of a template list; its end is at that index.
    TemplateStart {
        /// The index of the `>`.
        end: u32,
        /// The index of the first `,` of the list itself, or of its end.
        comma: u32,
    },
    /// The `>` of a template list; its start is at that index.
    TemplateEnd {
        /// The index of the `<`.
        start: u32,
    },
}

/// A piece of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    start: u32,
    end: u32,
}

impl Token {
    pub(super) fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    pub(super) fn text(self, source: &str) -> &str {
        source.get(self.range()).unwrap_or_default()
    }

    pub(super) fn is(self, character: char) -> bool {
        self.kind == Kind::Symbol(character)
    }
}

/// The tokens of a source of less than 4 GiB, up to an open block comment if there is one.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(character) = rest.chars().next() {
        let Some((kind, length)) = next(rest, character) else { break };
        let start = source.len() - rest.len();
        rest = rest.get(length..).unwrap_or_default();
        if let Some(kind) = kind {
            tokens.push(Token { kind, start: start as u32, end: (start + length) as u32 });
        }
    }
    find_templates(&mut tokens);
    tokens
}

/// What stands at the start of `rest` and its bytes: a token, or nothing that counts. None if that goes on to the end of the source.
fn next(rest: &str, character: char) -> Option<(Option<Kind>, usize)> {
    let second = rest.chars().nth(1);
    if is_blank(character) {
        return Some((None, character.len_utf8()));
    }
    Some(match (character, second) {
        ('/', Some('/')) => (None, rest.find(is_line_end).unwrap_or(rest.len())),
        ('/', Some('*')) => (None, block_comment(rest)?),
        ('0'..='9', _) | ('.', Some('0'..='9')) => (Some(Kind::Number), number(rest)),
        ('=' | '!' | '<', Some('=')) | ('<', Some('<')) | ('-', Some('>')) => (Some(Kind::Operator), 2),
        ('&', Some('&')) | ('|', Some('|')) => (Some(Kind::Lazy), 2),
        _ if character.is_ascii_alphabetic() || character == '_' || !character.is_ascii() => {
            (Some(Kind::Word), rest.find(|next| !is_word_part(next)).unwrap_or(rest.len()))
        }
        _ => (Some(Kind::Symbol(character)), 1),
    })
}

fn is_word_part(character: char) -> bool {
    !is_blank(character) && (character.is_ascii_alphanumeric() || character == '_' || !character.is_ascii())
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t'..='\r' | '\u{85}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}')
}

fn is_line_end(character: char) -> bool {
    matches!(character, '\n'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// The bytes of a block comment, in which others may be nested.
fn block_comment(rest: &str) -> Option<usize> {
    let mut characters = rest.char_indices().skip(2);
    let mut before = characters.next().map(|(_, character)| character);
    let mut depth = 1_usize;
    for (at, character) in characters {
        match (before, character) {
            (Some('*'), '/') => {
                before = None;
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            (Some('/'), '*') => {
                before = None;
                depth += 1;
            }
            _ => before = Some(character),
        }
    }
    None
}

/// The bytes of a number. A sign in its exponent is a token of its own here; a second point never belongs to it.
fn number(rest: &str) -> usize {
    let mut points = 0;
    let end = rest.find(|character: char| {
        points += usize::from(character == '.');
        points > 1 || !(character == '.' || character.is_ascii_alphanumeric() || character == '_')
    });
    end.unwrap_or(rest.len())
}

/// A `<` that may turn out to begin a template list.
struct Candidate {
    index: usize,
    depth: usize,
    comma: Option<usize>,
}

/// Finds out which `<` and `>` are brackets ([template list discovery](https://www.w3.org/TR/WGSL/#template-lists-sec)).
fn find_templates(tokens: &mut [Token]) {
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut depth = 0_usize;
    let mut after_word = false;
    let mut index = 0;
    while let Some(&token) = tokens.get(index) {
        let was_after_word = std::mem::replace(&mut after_word, token.kind == Kind::Word);
        let waiting = candidates.last().is_some_and(|candidate| candidate.depth == depth);
        match token.kind {
            Kind::Symbol('<') if was_after_word => candidates.push(Candidate { index, depth, comma: None }),
            Kind::Symbol(',') if waiting => {
                if let Some(candidate) = candidates.last_mut() {
                    candidate.comma.get_or_insert(index);
                }
            }
            Kind::Symbol('>') if waiting => {
                if let Some(candidate) = candidates.pop() {
                    close(tokens, &candidate, index);
                }
            }
            // `>=` and `>>=` are operators: their `=` is none.
            Kind::Symbol('>') => {
                let is_next = |next: &&Token| next.is('=') && next.start == token.end;
                index += usize::from(tokens.get(index + 1).as_ref().is_some_and(is_next));
            }
            Kind::Symbol('(' | '[') => depth += 1,
            Kind::Symbol(')' | ']') => {
                forget(&mut candidates, depth);
                depth = depth.saturating_sub(1);
            }
            Kind::Symbol('=') if is_compound(tokens, index) => {}
            Kind::Symbol('=' | ':' | ';' | '{') => {
                candidates.clear();
                depth = 0;
            }
            Kind::Lazy => forget(&mut candidates, depth),
            _ => {}
        }
        index += 1;
    }
}

fn close(tokens: &mut [Token], candidate: &Candidate, end: usize) {
    let comma = candidate.comma.unwrap_or(end) as u32;
    if let Some(token) = tokens.get_mut(candidate.index) {
        token.kind = Kind::TemplateStart { end: end as u32, comma };
    }
    if let Some(token) = tokens.get_mut(end) {
        token.kind = Kind::TemplateEnd { start: candidate.index as u32 };
    }
}

fn forget(candidates: &mut Vec<Candidate>, depth: usize) {
    while candidates.last().is_some_and(|candidate| candidate.depth >= depth) {
        candidates.pop();
    }
}

/// Whether an `=` ends an operator such as `+=` or `<<=`, which is no assignment to the discovery of templates.
fn is_compound(tokens: &[Token], index: usize) -> bool {
    let (Some(token), Some(before)) = (tokens.get(index), index.checked_sub(1).and_then(|before| tokens.get(before)))
    else {
        return false;
    };
    before.end == token.start
        && matches!(before.kind, Kind::Operator | Kind::Symbol('+' | '-' | '*' | '/' | '%' | '&' | '|' | '^'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        tokens(source).into_iter().map(|token| token.text(source)).collect()
    }

    fn templates(source: &str) -> Vec<&str> {
        let tokens = tokens(source);
        let inside = |token: &Token| match token.kind {
            Kind::TemplateStart { end, .. } => source.get(token.range().start..tokens.get(end as usize)?.range().end),
            _ => None,
        };
        tokens.iter().filter_map(inside).collect()
    }

    #[test]
    fn comments_are_no_tokens_even_inside_each_other() {
        assert_eq!(texts("a /* b /* { */ } */ c // ( \n d /**/ e /***/ f"), ["a", "c", "d", "e", "f"]);
        assert_eq!(texts("a // b\u{2028}c"), ["a", "c"]);
        assert_eq!(texts("a /*/ b */ c"), ["a", "c"]);
    }

    #[test]
    fn an_open_comment_ends_the_source() {
        assert_eq!(texts("a /* b /* c */ d"), ["a"]);
        assert_eq!(texts("a /*"), ["a"]);
    }

    #[test]
    fn members_of_a_number_are_tokens_of_their_own() {
        assert_eq!(texts("1.0.x.x 0x1.fp3+.5f"), ["1.0", ".", "x", ".", "x", "0x1.fp3", "+", ".5f"]);
    }

    #[test]
    fn template_lists_are_told_from_comparisons() {
        assert_eq!(
            templates("var<storage, read> x: array<vec4<f32>, 4>;"),
            ["<storage, read>", "<vec4<f32>, 4>", "<f32>"]
        );
        assert!(templates("if (a < b && c > d) { }").is_empty());
        assert!(templates("x = a < b; y = c > d;").is_empty());
        assert_eq!(templates("array<f32, (a<b)>()"), ["<f32, (a<b)>"]);
        assert_eq!(templates("array<f32, 1 << 4>=x"), ["<f32, 1 << 4>"]);
    }
}
