//! Where things are: stores by default, the cache of compiled components, artifacts.

#![expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]

use std::path::{Path, PathBuf};

use super::error::CommandError;
use super::exit_code;

/// What the file of a store ends with.
const STORE_SUFFIX: &str = "study";

/// The folder of compiled components: `$TRIALBOX_CACHE_DIR`, else `trialbox/compiled` in the user's cache folder.
pub(super) fn cache() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = set("TRIALBOX_CACHE_DIR") {
        return std::path::absolute(folder).ok();
    }
    let user = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
    std::path::absolute(user.join("trialbox/compiled")).ok()
}

/// The stores of a study in the current folder, in order: `NAME.study`, `NAME-2.study`, `NAME-3.study` and so on, as far as
/// they exist; and the first that does not.
pub(super) fn stores(name: &str) -> (Vec<PathBuf>, PathBuf) {
    let stem: String = name
        .chars()
        .map(|letter| if letter.is_alphanumeric() || "-_.".contains(letter) { letter } else { '-' })
        .collect();
    let path = |number: u64| match number {
        1 => PathBuf::from(format!("{stem}.{STORE_SUFFIX}")),
        _ => PathBuf::from(format!("{stem}-{number}.{STORE_SUFFIX}")),
    };
    let mut there = Vec::new();
    for number in 1.. {
        let store = path(number);
        if !store.exists() {
            return (there, store);
        }
        there.push(store);
    }
    (there, path(1))
}

/// The folder for the best trial's artifacts: beside the store, with `.best` in place of the store's ending.
pub(super) fn best_folder(store: &Path) -> PathBuf {
    store.with_extension("best")
}

/// A path as it can be pasted into a shell.
pub(super) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |letter: char| letter.is_alphanumeric() || "/._-+,:@%".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", crate::output::sanitize::printable(&text, usize::MAX).replace('\'', "'\\''"))
}

/// Writes files into a folder, which is made if it is not there.
pub(super) fn write_files<'a>(
    folder: &Path,
    files: impl IntoIterator<Item = (&'a str, Vec<u8>)>,
) -> Result<Vec<PathBuf>, CommandError> {
    let failed = |path: &Path, error: std::io::Error| {
        CommandError::new(exit_code::FAILURE, format!("`{}` cannot be written: {error}", path.display()))
    };
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    files
        .into_iter()
        .map(|(name, bytes)| {
            // The sandbox lets no other name through; but a worker that was taken over could say one, and so could a store from elsewhere.
            if Path::new(name).file_name() != Some(std::ffi::OsStr::new(name)) {
                let shown = crate::output::sanitize::printable(name, 200);
                let message = format!("the artifact `{shown}` is not saved: its name is more than the name of a file");
                return Err(CommandError::new(exit_code::FAILURE, message));
            }
            let path = folder.join(name);
            std::fs::write(&path, bytes).map_err(|error| failed(&path, error))?;
            Ok(path)
        })
        .collect()
}
