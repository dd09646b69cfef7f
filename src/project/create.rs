//! Begins a project: a folder that builds and runs at once.

use std::path::Path;

use super::{Definition, Language, ProjectError, STUDY_FILE, write};

/// What projects in all languages begin with. In contents `{name}` stands for the project's name, `{main}` for its main file and `{notes}`
/// for what is to be said of the language.
const SHARED: &[(&str, &str)] =
    &[(STUDY_FILE, include_str!("template/study.toml")), ("README.md", include_str!("template/README.md"))];

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
    // At the beginning it would look like a flag, where the name stands in commands.
    let name = match name.trim_start_matches('-') {
        "" => "study",
        name => name,
    };
    let Definition { main_file, template, notes, .. } = language.definition();
    for (file, content) in SHARED.iter().chain(*template) {
        let content = content.replace("{name}", name).replace("{main}", main_file).replace("{notes}", notes);
        write(&folder.join(file), content.as_bytes())?;
    }
    write(
        &folder.join(".gitignore"),
        b".trialbox/\n__pycache__/\nnode_modules/\ntarget/\n*.wasm\n*.study\n*.study-wal\n*.study-shm\n*.best/\n",
    )
}
