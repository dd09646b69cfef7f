//! Begins a project: a folder that builds and runs at once.

use std::path::Path;

use super::{Language, ProjectError, write};

/// Makes a folder with a study file, a training function and a page that says how to go on.
///
/// # Errors
/// If something is there already, or files cannot be written.
pub fn create(folder: &Path, language: Language) -> Result<(), ProjectError> {
    if folder.exists() {
        return Err(ProjectError::Occupied { path: folder.to_owned() });
    }
    let name = folder.file_name().map_or_else(|| "study".into(), |name| name.to_string_lossy().into_owned());
    // It stands in a text of a study file.
    let name: String = name.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' }).collect();
    for (file, content) in language.template() {
        write(&folder.join(file), content.replace("{name}", &name).as_bytes())?;
    }
    write(
        &folder.join(".gitignore"),
        b".trialbox/\n__pycache__/\nnode_modules/\n*.wasm\n*.study\n*.study-wal\n*.study-shm\n*.best/\n",
    )
}
