//! Where a page is written: to standard output, or to a file as a whole or not at all, and over no file that is no page of ours.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use crate::cli::error::CommandError;
use crate::cli::{exit_code, paths, print, terminal};

/// By what a page of trialbox is known; every page has it in its title.
const MARK: &str = "· trialbox</title>";
/// How far into a file the mark is looked for.
const MARK_WITHIN_BYTES: u64 = 4_096;

/// Where a page goes.
#[derive(Debug)]
pub(super) enum Place {
    /// Standard output.
    Output,
    /// A file, which may be there and may be replaced.
    File(PathBuf),
}

impl Place {
    /// The place of that name; `-` is standard output. With `force` any file may be replaced.
    pub(super) fn of(path: PathBuf, force: bool) -> Result<Self, CommandError> {
        if path.as_os_str() == "-" {
            return Ok(Self::Output);
        }
        if path.is_dir() {
            let message = format!("`{}` is a folder", path.display());
            return Err(CommandError::new(exit_code::USAGE, message).hint("name a file in it after `-o`"));
        }
        // A slip of the pen must not cost a study, whatever was said besides.
        if path.extension().is_some_and(|ending| ending == "study") {
            let message = format!("`{}` is called like a study, so no page is written there", path.display());
            return Err(
                CommandError::new(exit_code::USAGE, message).hint("name another file after `-o`, such as NAME.html")
            );
        }
        if !force && is_something_else(&path).map_err(|error| failed(&path, &error))? {
            let message = format!("`{}` is there and is no page of trialbox, so it is left as it is", path.display());
            return Err(CommandError::new(exit_code::USAGE, message)
                .hint("`-o` names another file; `--force` replaces this one"));
        }
        Ok(Self::File(path))
    }
}

/// Writes a page and says where it is.
pub(super) fn write(place: &Place, html: &str) -> Result<(), CommandError> {
    let path = match place {
        Place::Output => return print(html),
        Place::File(path) => path,
    };
    replace(path, html.as_bytes()).map_err(|error| failed(path, &error))?;
    terminal::tell(&format!(
        "wrote {} ({:.1} MB); open it in a browser\n",
        paths::quoted(path),
        html.len() as f64 / 1e6
    ));
    Ok(())
}

/// Whether there is something at the path that is no page of ours.
fn is_something_else(path: &Path) -> std::io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    if !file.metadata()?.is_file() {
        return Ok(true);
    }
    let mut begin = Vec::new();
    file.take(MARK_WITHIN_BYTES).read_to_end(&mut begin)?;
    Ok(!begin.is_empty() && !String::from_utf8_lossy(&begin).contains(MARK))
}

/// Puts a file with that content in the place of the one at the path, if there is one. Who opens it sees the old or the new one.
pub(super) fn replace(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let name =
        path.file_name().ok_or_else(|| std::io::Error::new(ErrorKind::InvalidInput, "this is no name of a file"))?;
    let beside = path.with_file_name(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
    let written =
        File::create_new(&beside).and_then(|mut file| file.write_all(content)).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // Nobody misses it, and the first error is the one to be told.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Why nothing could be written there.
pub(super) fn failed(path: &Path, error: &std::io::Error) -> CommandError {
    let unwritten = |code| CommandError::new(code, format!("`{}` cannot be written: {error}", path.display()));
    match error.kind() {
        ErrorKind::NotFound => {
            let message = format!("the folder of `{}` does not exist", path.display());
            CommandError::new(exit_code::USAGE, message).hint("make the folder first")
        }
        ErrorKind::PermissionDenied => {
            unwritten(exit_code::FAILURE).hint("check the permissions of the file and of its folder")
        }
        _ => unwritten(exit_code::FAILURE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<!doctype html><title>digits · trialbox</title>";

    #[test]
    fn a_page_replaces_only_a_page_unless_forced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("digits.html");
        let place = Place::of(path.clone(), false).unwrap();
        write(&place, PAGE).unwrap();
        write(&Place::of(path.clone(), false).unwrap(), &format!("{PAGE}again")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{PAGE}again"));
        fs::write(&path, "<title>my own page</title>").unwrap();
        assert!(Place::of(path.clone(), false).is_err());
        assert!(Place::of(folder.path().to_owned(), true).is_err());
        assert!(Place::of(folder.path().join("digits.study"), true).is_err());
        write(&Place::of(path.clone(), true).unwrap(), PAGE).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
