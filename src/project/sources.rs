//! Which files a component is made from, and a digest of them, by which it is known whether it is up to date.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Language, ProjectError};
use crate::numeric::digest::{Digest, canonical_bytes};

/// More files than this are no project's sources: somebody named the wrong folder.
const FILES_MAX: usize = 10_000;
/// Folders in which no sources of the project's own lie; and those with this file, which are environments of Python's.
const FOREIGN: &[&str] = &["node_modules", "__pycache__", "target"];
const ENVIRONMENT: &str = "pyvenv.cfg";

/// The digest of the sources, their names and what is made along with them in this release.
///
/// # Errors
/// If they cannot be read.
pub(super) fn digest(folder: &Path, language: Language) -> Result<Digest, ProjectError> {
    let mut contents = Vec::new();
    for file in files(folder, language)? {
        let path = folder.join(&file);
        let bytes = fs::read(&path).map_err(|source| ProjectError::io("read", &path, source))?;
        contents.push((file.to_string_lossy().into_owned(), Digest::of(&bytes)));
    }
    Ok(Digest::of(&canonical_bytes(&(env!("CARGO_PKG_VERSION"), super::INTERFACE, contents))))
}

/// The sources, by their paths in the folder, in order.
///
/// # Errors
/// If the folder cannot be read, or has too many.
pub(super) fn files(folder: &Path, language: Language) -> Result<Vec<PathBuf>, ProjectError> {
    let mut files = Vec::new();
    collect(folder, folder, language, &mut files)?;
    files.sort();
    Ok(files)
}

fn collect(root: &Path, folder: &Path, language: Language, files: &mut Vec<PathBuf>) -> Result<(), ProjectError> {
    let failed = |source| ProjectError::io("look into", folder, source);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (path, name) = (entry.path(), entry.file_name());
        let is_hidden = name.as_encoded_bytes().starts_with(b".");
        // Links to folders are not followed: they may lead round in a circle.
        let kind = entry.file_type().map_err(failed)?;
        let is_foreign = || FOREIGN.iter().any(|foreign| name == *foreign) || path.join(ENVIRONMENT).exists();
        if kind.is_dir() && !is_hidden && !is_foreign() {
            collect(root, &path, language, files)?;
        } else if path.is_file() && language.is_source(&path) {
            files.push(path.strip_prefix(root).unwrap_or(&path).to_owned());
        }
        if files.len() > FILES_MAX {
            return Err(ProjectError::TooManySources { folder: root.to_owned(), files_max: FILES_MAX });
        }
    }
    Ok(())
}
