//! Builds a project's component, where that is needed, and remembers from what.

use std::fs;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{COMPONENT, Language, MADE, ProjectError, STUDY_FILE, language, made, sources, write};
use crate::numeric::digest::Digest;

/// Where it stands from what the component was made.
const RECORD: &str = "built.json";

/// A component that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// Its file.
    pub component: PathBuf,
    /// The language that it was written in.
    pub language: Language,
}

/// From what a component was made.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    sources: Digest,
    component: Digest,
}

/// Builds the component of the project in a folder.
///
/// # Errors
/// If there is no source, a tool is missing, or the tool finds something wrong.
pub fn build(folder: &Path) -> Result<Built, ProjectError> {
    let Some(language) = language(folder) else { return Err(ProjectError::NoSource { folder: folder.to_owned() }) };
    let component = component_of(folder)?;
    let had_lock = has_lock(folder, language);
    let before = sources::digest(folder, language)?;
    let bytes = (language.definition().make)(folder)?;
    write(&component, &bytes)?;
    // A tool's own lock file is made by the first build. What else has changed meanwhile is not in the component.
    let made_lock = !had_lock && has_lock(folder, language);
    let sources = if made_lock { sources::digest(folder, language)? } else { before };
    let record = Record { sources, component: Digest::of(&bytes) };
    // Plain values under names; nothing in it can fail to be written.
    write(&made(folder)?.join(RECORD), &serde_json::to_vec(&record).unwrap_or_default())?;
    Ok(Built { component, language })
}

fn has_lock(folder: &Path, language: Language) -> bool {
    language.definition().lock_file.is_some_and(|name| folder.join(name).exists())
}

/// Builds the component of a folder if it is this one and its sources have changed since, or if it is not there. Gives nothing where there was nothing to
/// be done: a component that came from elsewhere is left as it is. `on_build` is told before something is built.
///
/// # Errors
/// As [`build`].
pub fn freshen(
    folder: &Path,
    component: &Path,
    on_build: impl FnOnce(Language),
) -> Result<Option<Built>, ProjectError> {
    let Some(language) = language(folder) else { return Ok(None) };
    // A study of a component that lies elsewhere is no project's.
    let Some(component) = component_of(folder).ok().filter(|of_project| is_same(of_project, component)) else {
        return Ok(None);
    };
    if is_fresh(folder, language, &component)? {
        return Ok(None);
    }
    on_build(language);
    build(folder).map(Some)
}

/// Whether two paths are the same but for how they are written.
fn is_same(left: &Path, right: &Path) -> bool {
    let plain = |path: &Path| path.components().filter(|part| *part != Component::CurDir).collect::<PathBuf>();
    plain(left) == plain(right)
}

fn is_fresh(folder: &Path, language: Language, component: &Path) -> Result<bool, ProjectError> {
    let Ok(there) = fs::read(component) else { return Ok(false) };
    let there = Digest::of(&there);
    match record(folder) {
        Some(record) if record.component == there => Ok(record.sources == sources::digest(folder, language)?),
        // It came from elsewhere, unless a build ended between putting it there and its record.
        _ => Ok(fs::read(folder.join(MADE).join(COMPONENT)).map_or(true, |made| Digest::of(&made) != there)),
    }
}

fn record(folder: &Path) -> Option<Record> {
    serde_json::from_slice(&fs::read(folder.join(MADE).join(RECORD)).ok()?).ok()
}

/// The file of the component: the one that the study file names, which lies in the folder.
fn component_of(folder: &Path) -> Result<PathBuf, ProjectError> {
    let path = folder.join(STUDY_FILE);
    let wrong = |reason: String| ProjectError::StudyFile { path: path.clone(), reason };
    let text = fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
    let file: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
        wrong(format!("line {line}: {}", error.message()))
    })?;
    let component = file.get("component").and_then(toml::Value::as_str);
    let component = Path::new(component.ok_or_else(|| wrong("it has no `component`".into()))?);
    let stays_inside = component.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !stays_inside {
        return Err(wrong(format!("`{}` lies outside the folder", component.display())));
    }
    if component.extension().is_none_or(|extension| extension != "wasm") {
        return Err(wrong(format!("`{}` does not end in `.wasm`, as what is built does", component.display())));
    }
    Ok(folder.join(component))
}
