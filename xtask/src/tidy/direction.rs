//! The direction of use between the folders of `src/`.
//!
//! `cli → {config, output, executor} → {store, simulation, sandbox → gpu} → study → {scheduler, searcher} → space →
//! numeric`: left may use right, never back, and what stands side by side doesn't know each other; `session`, between `cli`
//! and `executor`, joins the parts of a whole study. All is one package, so cargo can't see to it; this does, by the paths
//! `crate::…` in each file. `lib.rs` and `main.rs` stand outside: they only name the parts.

use super::Finding;

/// Each folder with those that it may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("numeric", &[]),
    ("space", &["numeric"]),
    ("searcher", &["space", "numeric"]),
    ("scheduler", &["space", "numeric"]),
    ("study", &["scheduler", "searcher", "space", "numeric"]),
    ("simulation", &["study", "scheduler", "searcher", "space", "numeric"]),
    ("gpu", &["study", "scheduler", "searcher", "space", "numeric"]),
    ("sandbox", &["gpu", "study", "scheduler", "searcher", "space", "numeric"]),
    ("store", &["study", "scheduler", "searcher", "space", "numeric"]),
    ("executor", &["store", "sandbox", "gpu", "study", "scheduler", "searcher", "space", "numeric"]),
    ("session", &["executor", "store", "sandbox", "gpu", "study", "scheduler", "searcher", "space", "numeric"]),
    ("config", &["study", "scheduler", "searcher", "space", "numeric"]),
    ("project", &["numeric"]),
    ("serving", &["output", "store", "study", "scheduler", "searcher", "space", "numeric"]),
    ("output", &["store", "study", "scheduler", "searcher", "space", "numeric"]),
    (
        "cli",
        &[
            "session",
            "project",
            "config",
            "serving",
            "output",
            "executor",
            "store",
            "simulation",
            "sandbox",
            "gpu",
            "study",
            "scheduler",
            "searcher",
            "space",
            "numeric",
        ],
    ),
];

pub(super) fn findings(name: &str, text: &str) -> Vec<Finding> {
    let Some(inner) = name.strip_prefix("src/") else { return Vec::new() };
    let Some(folder) = folder(inner) else { return Vec::new() };
    let Some((_, allowed)) = MAY_USE.iter().find(|(candidate, _)| *candidate == folder) else {
        let message =
            format!("`src/{folder}` has no place in the direction of use: give it one in xtask/src/tidy/direction.rs");
        return vec![Finding { line: 1, message }];
    };
    let mut findings = Vec::new();
    for (line, used) in used(text) {
        if used.starts_with(|first: char| first.is_ascii_uppercase()) {
            let message = format!("`crate::{used}` hides which folder is used: name it by its own path");
            findings.push(Finding { line, message });
        }
        let is_known = MAY_USE.iter().any(|(candidate, _)| *candidate == used);
        if is_known && used != folder && !allowed.contains(&used.as_str()) {
            let message = if allowed.is_empty() {
                format!("`{folder}` may use no other folder, but uses `{used}`")
            } else {
                format!("`{folder}` may not use `{used}`; it may use: {}", allowed.join(", "))
            };
            findings.push(Finding { line, message });
        }
    }
    findings
}

/// The folder of `src/` that a file belongs to; `gpu.rs` belongs to `gpu`, too.
fn folder(inner: &str) -> Option<&str> {
    match inner.split_once('/') {
        // Further programs of the package are as free as `main.rs`.
        Some(("bin", _)) => None,
        Some((folder, _)) => Some(folder),
        None => inner.strip_suffix(".rs").filter(|file| *file != "lib" && *file != "main"),
    }
}

/// What follows `crate::` in the code, with its line; `crate::{a, b::c}` counts as both.
fn used(text: &str) -> Vec<(usize, String)> {
    let code = without_comments(text);
    let mut used = Vec::new();
    for (start, _) in code.match_indices("crate::") {
        // `$crate::` in a macro is the same crate; `some_crate::` is another word.
        let before = code[..start].chars().next_back();
        if before.is_some_and(|character| character.is_alphanumeric() || character == '_') {
            continue;
        }
        let rest = &code[start + "crate::".len()..];
        let line = code[..start].matches('\n').count() + 1;
        match rest.strip_prefix('{') {
            Some(group) => used.extend(heads(group).into_iter().map(|head| (line, head))),
            None => used.push((line, identifier(rest))),
        }
    }
    used
}

/// The first name of each item of a group, up to the group's end.
fn heads(group: &str) -> Vec<String> {
    let mut heads = Vec::new();
    let mut depth = 0_usize;
    let mut begins = true;
    for (index, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            _ if begins && !character.is_whitespace() => {
                heads.push(identifier(&group[index..]));
                begins = false;
            }
            _ => {}
        }
    }
    heads
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect()
}

/// The text with line comments emptied, so that links in documentation are no use. Lines keep their numbers.
fn without_comments(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    for line in text.lines() {
        code.push_str(if line.trim_start().starts_with("//") { "" } else { line });
        code.push('\n');
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(name: &str, text: &str) -> Vec<String> {
        findings(name, text).into_iter().map(|finding| format!("{}: {}", finding.line, finding.message)).collect()
    }

    #[test]
    fn the_table_has_no_circle_and_no_shortcut() {
        for (folder, allowed) in MAY_USE {
            for lower in *allowed {
                let (_, below) =
                    MAY_USE.iter().find(|(candidate, _)| candidate == lower).expect("every folder has a row");
                assert!(!below.contains(folder), "`{folder}` and `{lower}` may use each other");
                assert!(below.iter().all(|lowest| allowed.contains(lowest)), "`{folder}` may use less than `{lower}`");
            }
        }
    }

    #[test]
    fn downward_and_inner_use_is_fine() {
        assert_eq!(messages("src/study/state.rs", "use crate::space::Config;\nuse crate::study::Event;\n"), [""; 0]);
        assert_eq!(messages("src/cli/run.rs", "use crate::{config, executor::Driver};\n"), [""; 0]);
        assert_eq!(messages("src/lib.rs", "pub use crate::study::Study;\n"), [""; 0]);
    }

    #[test]
    fn upward_use_is_found_in_every_form() {
        let expected = ["2: `space` may not use `study`; it may use: numeric"];
        assert_eq!(messages("src/space/domain.rs", "//! Domains.\nuse crate::study::Study;\n"), expected);
        assert_eq!(messages("src/space/domain.rs", "\nfn f(s: crate::study::Study) {}\n"), expected);
        assert_eq!(messages("src/space/domain.rs", "\nuse crate::{numeric::{x, y}, study};\n"), expected);
        assert_eq!(messages("src/space.rs", "\npub use crate::study::Study;\n"), expected);
    }

    #[test]
    fn neighbours_do_not_know_each_other() {
        assert_eq!(
            messages("src/searcher/mod.rs", "use crate::scheduler::Scheduler;\n"),
            ["1: `searcher` may not use `scheduler`; it may use: space, numeric"]
        );
        assert_eq!(messages("src/output/plot/mod.rs", "use crate::sandbox::Engine;\n").len(), 1);
        assert_eq!(messages("src/config/mod.rs", "use crate::store::Store;\n").len(), 1);
    }

    #[test]
    fn the_facade_is_for_others() {
        assert_eq!(
            messages("src/space/domain.rs", "use crate::Study;\n"),
            ["1: `crate::Study` hides which folder is used: name it by its own path"]
        );
    }

    #[test]
    fn documentation_and_other_crates_are_no_use() {
        assert_eq!(
            messages("src/space/domain.rs", "/// See [`crate::study::Study`].\nuse my_crate::study;\n"),
            [""; 0]
        );
    }

    #[test]
    fn a_new_folder_needs_a_place() {
        assert_eq!(
            messages("src/misc/mod.rs", ""),
            ["1: `src/misc` has no place in the direction of use: give it one in xtask/src/tidy/direction.rs"]
        );
    }
}
