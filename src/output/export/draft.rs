//! Where an export is made: under a name of its own, and moved into place when it is whole, so that whatever ends the process
//! leaves no half export under the final name. Talks to the file system.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use super::ExportError;

/// What the name of an export ends with while it is made.
const DRAFT: &str = "part";
/// What the name of an earlier export ends with while another takes its place.
const REPLACED: &str = "old";
/// How many names are tried before it is given up to find one that is free.
const NAMES_TRIED: u32 = 1_000;
/// The file that tells what a folder is an export of. Only a folder that has it is replaced.
pub(super) const MARK: &str = "trialbox-export.json";
/// What an export that is a database carries in its header: "trbo". Only a file that has it is replaced.
pub(super) const APPLICATION_ID: i32 = 0x7472_626f;

/// Whether an export is one file or a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    File,
    Folder,
}

/// An export that is being made. If it is dropped before it was put into place, it is removed.
#[derive(Debug)]
pub(super) struct Draft {
    /// Where it is to stand.
    to: PathBuf,
    /// Where it is made.
    at: PathBuf,
    shape: Shape,
    replaces: bool,
    is_placed: bool,
}

impl Draft {
    /// Begins an export to `to`; `replaces` allows to put it in the place of an earlier one.
    pub(super) fn begin(to: &Path, shape: Shape, replaces: bool) -> Result<Self, ExportError> {
        let to = full_place(to)?;
        check_free(&to, shape, replaces)?;
        let made = |at: &Path| match shape {
            Shape::File => File::create_new(at).map(|_| ()),
            Shape::Folder => fs::create_dir(at),
        };
        // Nothing that is there is touched: what a killed export has left behind has a name that says so, and harms nobody.
        let at = free_beside(&to, DRAFT, made)?;
        Ok(Self { to, at, shape, replaces, is_placed: false })
    }

    /// Where the export is made.
    pub(super) fn path(&self) -> &Path {
        &self.at
    }

    /// Where it is to stand.
    pub(super) fn place(&self) -> &Path {
        &self.to
    }

    /// Makes a file in a folder that is an export.
    pub(super) fn file(&self, name: &str) -> Result<OutputFile, ExportError> {
        OutputFile::create(self.at.join(name))
    }

    /// Puts the whole export into its place.
    pub(super) fn finish(mut self) -> Result<(), ExportError> {
        let failed = |error| ExportError::from_system(&self.to, error);
        let there = fs::symlink_metadata(&self.to).is_ok();
        if there {
            // Once more: it may have come while this one was made.
            check_free(&self.to, self.shape, self.replaces)?;
        }
        if there && self.shape == Shape::Folder {
            // A folder is not moved over another in one step.
            let old = free_beside(&self.to, REPLACED, |old| fs::create_dir(old))?;
            // Over the empty folder that has just been made.
            fs::rename(&self.to, &old).map_err(failed)?;
            fs::rename(&self.at, &self.to).map_err(failed)?;
            self.is_placed = true;
            return remove(&old).map_err(|error| ExportError::from_system(&old, error));
        }
        fs::rename(&self.at, &self.to).map_err(failed)?;
        self.is_placed = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // What cannot be removed does not matter beside the error that is reported.
        if !self.is_placed {
            let _ = remove(&self.at);
        }
    }
}

/// A file of an export, with its name for errors.
#[derive(Debug)]
pub(super) struct OutputFile {
    path: PathBuf,
    writer: BufWriter<File>,
}

impl OutputFile {
    /// Makes the file, which must not be there.
    pub(super) fn create(path: PathBuf) -> Result<Self, ExportError> {
        let file = File::create_new(&path).map_err(|error| ExportError::from_system(&path, error))?;
        Ok(Self { path, writer: BufWriter::with_capacity(1 << 16, file) })
    }

    /// Its name.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes all of the bytes.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        self.writer.write_all(bytes).map_err(|error| ExportError::from_system(&self.path, error))
    }

    /// Its name, and what to write into.
    pub(super) fn into_parts(self) -> (PathBuf, BufWriter<File>) {
        (self.path, self.writer)
    }

    /// Brings what was written to the disk.
    pub(super) fn close(self) -> Result<(), ExportError> {
        close(&self.path, self.writer)
    }
}

/// Brings what was written to the disk.
pub(super) fn close(path: &Path, writer: BufWriter<File>) -> Result<(), ExportError> {
    let file = writer.into_inner().map_err(|error| ExportError::from_system(path, error.into_error()))?;
    file.sync_all().map_err(|error| ExportError::from_system(path, error))
}

/// The bytes of a file, or of all files in a folder, and how many files they are. Links are not followed.
pub(super) fn size(path: &Path) -> io::Result<(u64, u64)> {
    let mut sum = (0, 0);
    let mut waiting = vec![path.to_owned()];
    while let Some(path) = waiting.pop() {
        let metadata = fs::symlink_metadata(&path)?;
        if metadata.is_dir() {
            for entry in fs::read_dir(&path)? {
                waiting.push(entry?.path());
            }
        } else {
            sum = (sum.0 + metadata.len(), sum.1 + 1);
        }
    }
    Ok(sum)
}

fn full_place(to: &Path) -> Result<PathBuf, ExportError> {
    let missing = || ExportError::MissingFolder { path: to.to_owned() };
    let name = to.file_name().ok_or_else(|| ExportError::NotAnExport { path: to.to_owned() })?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(fs::canonicalize(folder).map_err(|_| missing())?.join(name))
}

/// Whether an export may take that name.
fn check_free(to: &Path, shape: Shape, replaces: bool) -> Result<(), ExportError> {
    let Ok(metadata) = fs::symlink_metadata(to) else { return Ok(()) };
    let is_export = match shape {
        Shape::File => metadata.is_file() && is_database_of_ours(to),
        Shape::Folder => metadata.is_dir() && to.join(MARK).is_file(),
    };
    match (is_export, replaces) {
        (true, true) => Ok(()),
        (true, false) => Err(ExportError::Exists { path: to.to_owned() }),
        (false, _) => Err(ExportError::NotAnExport { path: to.to_owned() }),
    }
}

/// Whether the file is a SQLite database with the mark of an export in its header
/// (<https://www.sqlite.org/fileformat.html>, section 1.3).
fn is_database_of_ours(path: &Path) -> bool {
    let mut header = [0; 72];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && header.starts_with(b"SQLite format 3\0") && header[68..] == APPLICATION_ID.to_be_bytes()
}

/// A hidden name beside the place that nothing has, taken by making something there.
fn free_beside(to: &Path, ending: &str, make: impl Fn(&Path) -> io::Result<()>) -> Result<PathBuf, ExportError> {
    let process = std::process::id();
    let mut number = 0;
    loop {
        let mut name = std::ffi::OsString::from(".");
        name.push(to.file_name().unwrap_or_default());
        name.push(format!(".{process}-{number}.{ending}"));
        let at = to.with_file_name(name);
        match make(&at) {
            Ok(()) => return Ok(at),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < NAMES_TRIED => number += 1,
            Err(error) => return Err(ExportError::from_system(&at, error)),
        }
    }
}

/// Removes a file or a folder with all that it holds, if it is there.
fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn make(to: &Path, replaces: bool, text: &str) -> Result<(), ExportError> {
        let draft = Draft::begin(to, Shape::Folder, replaces)?;
        for name in [MARK, "a"] {
            let mut file = draft.file(name)?;
            file.put(text.as_bytes())?;
            file.close()?;
        }
        draft.finish()
    }

    #[test]
    fn a_draft_is_moved_into_place_when_it_is_whole_and_is_gone_when_it_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("x.csv");
        let draft = Draft::begin(&to, Shape::Folder, false).unwrap();
        draft.file("a").unwrap().put(b"half").unwrap();
        assert!(
            matches!(names(folder.path()).as_slice(), [name] if name.starts_with(".x.csv.") && name.ends_with("-0.part"))
        );
        drop(draft);
        assert_eq!(names(folder.path()), [""; 0]);
        make(&to, false, "whole").unwrap();
        assert_eq!(names(folder.path()), ["x.csv"]);
        assert_eq!(size(&to).unwrap(), (10, 2));
    }

    #[test]
    fn nothing_that_lies_beside_an_export_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("x");
        let process = std::process::id();
        let beside =
            ["x.draft", "x.replaced", "x.lock", &format!(".x.{process}-0.part"), &format!(".x.{process}-0.old")];
        for name in beside {
            fs::create_dir(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join("precious"), name).unwrap();
        }
        make(&to, false, "whole").unwrap();
        make(&to, true, "again").unwrap();
        for name in beside {
            assert_eq!(fs::read_to_string(folder.path().join(name).join("precious")).unwrap(), name);
        }
        assert_eq!(names(folder.path()).len(), beside.len() + 1);
    }

    #[test]
    fn only_an_export_is_replaced_and_only_if_that_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("x.csv");
        make(&to, false, "old").unwrap();
        assert!(matches!(make(&to, false, "new"), Err(ExportError::Exists { .. })));
        assert_eq!(fs::read_to_string(to.join("a")).unwrap(), "old");
        make(&to, true, "new").unwrap();
        assert_eq!(fs::read_to_string(to.join("a")).unwrap(), "new");
        fs::remove_file(to.join(MARK)).unwrap();
        assert!(matches!(make(&to, true, "newer"), Err(ExportError::NotAnExport { .. })));
        assert_eq!(names(folder.path()), ["x.csv"]);
    }

    #[test]
    fn no_file_that_is_no_export_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.study", "a.db", "thesis.txt"] {
            let to = folder.path().join(name);
            fs::write(&to, "precious".repeat(20)).unwrap();
            assert!(matches!(Draft::begin(&to, Shape::File, true), Err(ExportError::NotAnExport { .. })));
            assert_eq!(fs::read_to_string(&to).unwrap(), "precious".repeat(20));
        }
    }

    #[test]
    fn of_two_exports_to_one_place_the_first_that_is_whole_stays() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("x.db");
        let first = Draft::begin(&to, Shape::File, false).unwrap();
        let second = Draft::begin(&to, Shape::File, false).unwrap();
        assert_ne!(first.path(), second.path());
        first.finish().unwrap();
        assert!(second.finish().is_err());
        assert_eq!(names(folder.path()), ["x.db"]);
    }

    #[test]
    fn a_place_in_a_folder_that_is_not_there_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("no/x.db");
        assert!(
            matches!(Draft::begin(&to, Shape::File, false), Err(ExportError::MissingFolder { path }) if path == to)
        );
    }
}
