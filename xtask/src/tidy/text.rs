//! Rules for a single file: its size, its first line, its words.

use super::Finding;

/// A file beyond this has more than one subject.
const LINES_MAX: usize = 800;

/// Notes to oneself and leftovers of debugging. In pieces, so that this file doesn't break its own rule.
const LEFTOVERS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("HA", "CK"),
    concat!("todo", "!"),
    concat!("unimplemented", "!"),
    concat!("dbg", "!"),
];

/// Words about how a text came to be, which the project doesn't speak of; in lower case.
const FOREIGN: &[&str] = &[concat!("cla", "ude"), concat!("chat", "gpt"), concat!("../", "shared")];

pub(super) fn findings(name: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_rust = name.ends_with(".rs");
    let lines = text.lines().count();
    if is_rust && lines > LINES_MAX {
        let message = format!("the file has {lines} lines; split it by subject, {LINES_MAX} are the most");
        findings.push(Finding { line: LINES_MAX + 1, message });
    }
    if is_rust && is_module(name) && !text.starts_with("//!") {
        let message = "a module begins with `//!`: what it does and whom it talks to".to_owned();
        findings.push(Finding { line: 1, message });
    }
    for (index, line) in text.lines().enumerate() {
        for word in LEFTOVERS.iter().filter(|word| contains_word(line, word)) {
            let message = format!("`{word}` is a note to oneself: do it now, or write down for readers why not");
            findings.push(Finding { line: index + 1, message });
        }
        let lower = line.to_lowercase();
        for word in FOREIGN.iter().filter(|word| lower.contains(**word)) {
            findings.push(Finding {
                line: index + 1,
                message: format!("`{word}` says nothing about the project: leave it out"),
            });
        }
    }
    findings
}

/// Whether a Rust file is a module of a crate, not a test program or a bench.
fn is_module(name: &str) -> bool {
    name.split('/').rev().skip(1).any(|folder| folder == "src")
}

/// Whether a line contains the word, and not only as a part of a longer one.
fn contains_word(line: &str, word: &str) -> bool {
    let is_part =
        |character: Option<char>| character.is_some_and(|character| character.is_alphanumeric() || character == '_');
    line.match_indices(word).any(|(start, _)| {
        let (before, after) = (line[..start].chars().next_back(), line[start + word.len()..].chars().next());
        !is_part(before) && (word.ends_with('!') || !is_part(after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(name: &str, text: &str) -> Vec<String> {
        findings(name, text).into_iter().map(|finding| format!("{}: {}", finding.line, finding.message)).collect()
    }

    #[test]
    fn a_plain_module_breaks_no_rule() {
        assert_eq!(messages("src/study/state.rs", "//! State.\nfn state() {}\n"), [""; 0]);
    }

    #[test]
    fn a_module_begins_with_its_documentation() {
        let expected = ["1: a module begins with `//!`: what it does and whom it talks to"];
        assert_eq!(messages("src/study/state.rs", "use std::fmt;\n"), expected);
        assert_eq!(messages("sdk/rust/macros/src/lib.rs", ""), expected);
        assert_eq!(messages("tests/study.rs", "use std::fmt;\n"), [""; 0]);
    }

    #[test]
    fn a_file_has_at_most_800_lines() {
        assert_eq!(messages("tests/long.rs", &"\n".repeat(800)), [""; 0]);
        assert_eq!(
            messages("tests/long.rs", &"\n".repeat(801)),
            ["801: the file has 801 lines; split it by subject, 800 are the most"]
        );
        assert_eq!(messages("docs/long.md", &"\n".repeat(2000)), [""; 0]);
    }

    #[test]
    fn leftovers_are_found_as_words() {
        for leftover in LEFTOVERS {
            assert_eq!(messages("docs/a.md", &format!("one\n  {leftover}: later")).len(), 1, "{leftover}");
            assert_eq!(messages("docs/a.md", &format!("A{leftover}")).len(), 0, "{leftover}");
        }
        assert_eq!(messages("docs/a.md", &format!("{}S", LEFTOVERS[3])), [""; 0]);
    }

    #[test]
    fn foreign_words_are_found_in_any_case() {
        for word in FOREIGN {
            assert_eq!(messages("docs/a.md", &word.to_uppercase()).len(), 1, "{word}");
        }
    }
}
