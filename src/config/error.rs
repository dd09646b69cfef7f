//! What is wrong with a study file, with the places in it.

use std::fmt;
use std::ops::Range;

use annotate_snippets::renderer::{DEFAULT_HELP_STYLE, Style};
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::space::SpaceError;

/// How many problems are shown; whoever made more of them wants to see the first ones.
const SHOWN_MAX: usize = 20;
/// How many characters of a name or a value are shown in a message.
const SHOWN_CHARACTERS_MAX: usize = 60;

/// Where something stands in the text of a study file, in bytes.
pub type Span = Range<usize>;

/// A study file is not well formed: at least one problem, in the order of their places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    problems: Vec<Problem>,
}

/// One thing that is wrong with a study file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What stands there; may be empty.
    pub label: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Other places that have to do with it.
    pub related: Vec<(Span, String)>,
}

impl Problem {
    pub(super) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { message: message.into(), span, label: String::new(), hint: None, related: Vec::new() }
    }

    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }

    fn render(&self, level: &Level<'_>, path: &str, source: &str, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let snippet = Snippet::source(source)
            .path(path)
            .annotation(AnnotationKind::Primary.span(within(source, &self.span)).label(self.label.as_str()))
            .annotations(
                self.related
                    .iter()
                    .map(|(span, label)| AnnotationKind::Context.span(within(source, span)).label(label.as_str())),
            );
        let report = [level.clone().primary_title(self.message.as_str()).element(snippet)];
        let mut rendered = renderer.render(&report).trim_end().to_owned();
        if let Some(hint) = &self.hint {
            let style = if colour { DEFAULT_HELP_STYLE } else { Style::new() };
            rendered.push_str(&format!("\n{style}hint{style:#}: {hint}"));
        }
        rendered
    }
}

impl ConfigError {
    /// An error of these problems; none if there are none.
    pub(super) fn of(mut problems: Vec<Problem>) -> Option<Self> {
        // Stable, so that problems of one place stay in the order in which they were found.
        problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
        if problems.is_empty() { None } else { Some(Self { problems }) }
    }

    /// An error of one problem.
    pub(super) fn one(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }

    /// What is wrong; at least one problem, in the order of their places.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The problems for people: each with its lines of the file and a hint. `text` is what was parsed, `path` what the file is
    /// called in messages.
    #[must_use]
    pub fn render(&self, path: &str, text: &str, colour: bool) -> String {
        rendered(&self.problems, &Level::ERROR, path, text, colour)
    }
}

/// What is probably not meant in a study file, though it is well formed; mostly nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigWarnings {
    problems: Vec<Problem>,
}

impl ConfigWarnings {
    pub(super) fn of(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    /// What it is.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The warnings for people, as [`ConfigError::render`] does; empty if there are none.
    #[must_use]
    pub fn render(&self, path: &str, text: &str, colour: bool) -> String {
        if self.problems.is_empty() {
            return String::new();
        }
        rendered(&self.problems, &Level::WARNING, path, text, colour)
    }
}

fn rendered(problems: &[Problem], level: &Level<'_>, path: &str, text: &str, colour: bool) -> String {
    let source = harmless(text);
    let path: String = path.chars().flat_map(shown_character).collect();
    let mut rendered = String::new();
    for problem in problems.iter().take(SHOWN_MAX) {
        rendered.push_str(&problem.render(level, &path, &source, colour));
        rendered.push_str("\n\n");
    }
    if problems.len() > SHOWN_MAX {
        rendered.push_str(&format!("({} more problems)\n\n", problems.len() - SHOWN_MAX));
    }
    // One line's end for the last problem; the empty lines only stand between problems.
    rendered.truncate(rendered.trim_end().len());
    rendered.push('\n');
    rendered
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut problems = self.problems.iter();
        if let Some(first) = problems.next() {
            formatter.write_str(&first.message)?;
        }
        match problems.len() {
            0 => Ok(()),
            1 => formatter.write_str(" (and 1 more problem)"),
            more => write!(formatter, " (and {more} more problems)"),
        }
    }
}

impl std::error::Error for ConfigError {}

/// A name or a value in a message: cut to a bearable length, what is not printable as an escape. Names come from files and from
/// components that nobody trusts.
pub(super) fn shown(text: impl fmt::Display) -> String {
    cut(&text.to_string(), SHOWN_CHARACTERS_MAX)
}

/// What the core says against a parameter; the values in it are cut like any other.
pub(super) fn shown_space_error(error: &SpaceError) -> String {
    format!("parameter `{}`: {}", shown(&error.parameter), cut(&error.problem, 4 * SHOWN_CHARACTERS_MAX))
}

fn cut(text: &str, characters_max: usize) -> String {
    let mut characters = text.chars();
    let mut shown: String = characters.by_ref().take(characters_max).flat_map(shown_character).collect();
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

/// Names in a hint: `a`, `b` and so on, not too many.
pub(super) fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const LISTED_MAX: usize = 20;
    let more = names.len().saturating_sub(LISTED_MAX);
    let listed: Vec<String> = names.take(LISTED_MAX).map(|name| format!("`{}`", shown(name))).collect();
    let listed = listed.join(", ");
    if more == 0 { listed } else { format!("{listed} and {more} more") }
}

fn shown_character(character: char) -> Box<dyn Iterator<Item = char>> {
    match character {
        '\'' | '"' | '\\' => Box::new(std::iter::once(character)),
        _ => Box::new(character.escape_debug()),
    }
}

/// The text with as many bytes, but without the characters that drive terminals and that the renderer lets through.
fn harmless(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\u{80}'..='\u{9f}' | '\u{61c}' => '·',
            '\u{200b}'
            | '\u{200c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' => '\u{fffd}',
            other => other,
        })
        .collect()
}

/// The span cut to the text and to whole characters.
fn within(text: &str, span: &Span) -> Span {
    let floor = |at: usize| (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let start = floor(span.start);
    start..floor(span.end).max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_a_hostile_text_is_short_and_printable() {
        let text = format!("a\u{1b}[31m\u{202e}{}", "x".repeat(1000));
        let shown = shown(&text);
        assert!(shown.starts_with("a\\u{1b}[31m\\u{202e}xxx") && shown.ends_with('…') && shown.len() < 120, "{shown}");
    }

    #[test]
    fn rendering_keeps_to_the_text_whatever_the_spans() {
        let text = "é = \"\u{9b}31m\u{200e}\"\n";
        for start in 0..text.len() + 3 {
            let error = ConfigError::of(vec![Problem::new(start..start + 2, "bad").related(0..900, "here")]).unwrap();
            let rendered = error.render("a\u{1b}.toml", text, true);
            assert!(!rendered.contains('\u{9b}') && !rendered.contains("a\u{1b}.toml"), "{rendered:?}");
        }
    }
}
