//! The house rules, as checks: sizes of files, module docs, words, and the direction of `use`.
//!
//! Reads every text file of the project that people write. `text` holds the rules for a single file, `direction` those for
//! the edges between the folders of `src/`. A finding names the file, the line and what to do.

mod direction;
mod text;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;

/// Folders that hold nothing written by hand, by name.
const SKIPPED_FOLDERS: &[&str] = &["target", "node_modules", "__pycache__"];

/// Files that people write, by the ends of their names.
const WRITTEN: &[&str] =
    &["rs", "toml", "md", "wit", "yml", "yaml", "py", "c", "h", "js", "mjs", "css", "html", "go", "sh"];

/// A rule that a file breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    /// The line, from 1.
    line: usize,
    message: String,
}

/// The task.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut files = Vec::new();
    collect(workspace.root(), &mut files)?;
    files.sort();
    let mut count = 0;
    for path in &files {
        let name = workspace.relative(path);
        let text = fs::read_to_string(path).with_context(|| format!("failed to read `{name}` as text"))?;
        for finding in findings(&name, &text) {
            eprintln!("{name}:{}: {}", finding.line, finding.message);
            count += 1;
        }
    }
    if count > 0 {
        bail!("{count} house rules are broken (listed above)");
    }
    println!("{} files keep the house rules", files.len());
    Ok(())
}

/// What is wrong with a file, by its path from the root.
fn findings(name: &str, text: &str) -> Vec<Finding> {
    let mut findings = text::findings(name, text);
    findings.extend(direction::findings(name, text));
    findings.sort_by_key(|finding| finding.line);
    findings
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("failed to read the folder `{}`", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("failed to read the folder `{}`", folder.display()))?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let kind = entry.file_type().with_context(|| format!("failed to look at `{}`", path.display()))?;
        if kind.is_dir() {
            if !SKIPPED_FOLDERS.contains(&name.as_str()) && name != ".git" {
                collect(&path, files)?;
            }
        } else if kind.is_file() && path.extension().is_some_and(|end| WRITTEN.iter().any(|written| end == *written)) {
            files.push(path);
        }
    }
    Ok(())
}
