//! Which studies a folder has, and whether one has changed. Talks to the file system only, and opens no study: closing it again would drop
//! the locks that SQLite holds on it in this process.
//!
//! No text of a request ever becomes a path. A study is sought among the names that the folder lists.

use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::ServeError;
use super::problem::Problem;
use crate::output::sanitize::printable;

/// What the name of a study ends with.
const SUFFIX: &[u8] = b".study";
/// How many entries of the folder are looked at.
const ENTRIES_MAX: usize = 100_000;
/// How many studies are shown.
const STUDIES_MAX: usize = 1_000;
/// How much of a name is shown.
const NAME_MAX: usize = 100;

/// A folder with studies, or one study of it.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    /// The full path, without links.
    root: PathBuf,
    /// The one study that is shown; all if there is none.
    only: Option<StudyName>,
}

/// The name of a study's file, as the folder lists it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StudyName(OsString);

/// A study's file as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The full path of the file, without links.
    pub(super) place: PathBuf,
    /// Which file it is.
    pub(super) identity: Identity,
    /// How the file stands.
    pub(super) stamp: Stamp,
}

/// Tells a file from another one that has taken its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    number: u64,
    made: Option<SystemTime>,
}

/// What changes when a study is written to: it goes to the write-ahead log first, and from there to the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    file: FileStamp,
    log: Option<FileStamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct FileStamp {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Folder {
    /// The folder at `path`, or the one study at `path`.
    pub(super) fn open(path: &Path) -> Result<Self, ServeError> {
        let root = fs::canonicalize(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => ServeError::MissingFolder { path: path.to_owned() },
            _ => ServeError::Folder { path: path.to_owned(), source },
        })?;
        if root.is_dir() {
            fs::read_dir(&root).map_err(|source| ServeError::Folder { path: path.to_owned(), source })?;
            return Ok(Self { root, only: None });
        }
        let not_a_study = || ServeError::NotAFolder { path: path.to_owned() };
        let name = root.file_name().and_then(StudyName::of).ok_or_else(not_a_study)?;
        let root = root.parent().ok_or_else(not_a_study)?.to_owned();
        Ok(Self { root, only: Some(name) })
    }

    /// The full path of the folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The one study that is shown, if it is not all of the folder.
    pub(super) fn only(&self) -> Option<&StudyName> {
        self.only.as_ref()
    }

    /// The studies that are there now, by name.
    pub(super) fn names(&self) -> Vec<StudyName> {
        // A folder that is gone has no studies.
        let Ok(entries) = fs::read_dir(&self.root) else { return Vec::new() };
        let entries = entries.take(ENTRIES_MAX).filter_map(Result::ok);
        let mut names: Vec<StudyName> = entries.filter_map(|entry| StudyName::of(&entry.file_name())).collect();
        names.retain(|name| self.only.as_ref().is_none_or(|only| only == name));
        names.sort();
        names.truncate(STUDIES_MAX);
        names
    }

    /// The study with that part of an address, if the folder has it.
    pub(super) fn named(&self, id: &str) -> Option<StudyName> {
        let sought = percent_decoded(id)?;
        self.names().into_iter().find(|name| name.0.as_encoded_bytes() == sought)
    }

    /// How a study's file stands.
    pub(super) fn find(&self, name: &StudyName) -> Result<Found, Problem> {
        let path = self.root.join(&name.0);
        let place = fs::canonicalize(&path).map_err(|_| Problem::Missing)?;
        if !self.holds(&place) {
            return Err(Problem::Outside { name: name.shown() });
        }
        let metadata = fs::metadata(&place).map_err(|_| Problem::Missing)?;
        let mut log = place.clone().into_os_string();
        log.push("-wal");
        let log = fs::metadata(log).ok().map(|metadata| FileStamp::of(&metadata));
        let stamp = Stamp { file: FileStamp::of(&metadata), log };
        Ok(Found { place, identity: Identity::of(&metadata), stamp })
    }

    /// Whether the file lies in the folder. `place` is a full path without links.
    pub(super) fn holds(&self, place: &Path) -> bool {
        place.starts_with(&self.root)
    }
}

impl StudyName {
    /// The name, if it is that of a study which is not hidden.
    fn of(name: &OsStr) -> Option<Self> {
        let bytes = name.as_encoded_bytes();
        let is_study = bytes.ends_with(SUFFIX) && bytes.first() != Some(&b'.');
        is_study.then(|| Self(name.to_owned()))
    }

    /// The name as a part of an address: everything but letters, digits and `-_.~` as `%` and two digits.
    pub(super) fn id(&self) -> String {
        let mut id = String::new();
        for &byte in self.0.as_encoded_bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => id.push(char::from(byte)),
                _ => id.push_str(&format!("%{byte:02X}")),
            }
        }
        id
    }

    /// The name as a text, which may hold anything.
    pub(super) fn text(&self) -> String {
        self.0.to_string_lossy().into_owned()
    }

    /// The name for people.
    pub(super) fn shown(&self) -> String {
        printable(&self.0.to_string_lossy(), NAME_MAX)
    }
}

impl Identity {
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self { device: metadata.dev(), number: metadata.ino(), made: metadata.created().ok() }
    }

    #[cfg(not(unix))]
    fn of(metadata: &Metadata) -> Self {
        Self { device: 0, number: 0, made: metadata.created().ok() }
    }
}

impl Stamp {
    /// How large the file is.
    pub(super) fn file_bytes(&self) -> u64 {
        self.file.bytes
    }

    /// When the study was last written to, in milliseconds since 1970.
    pub(super) fn changed_milliseconds(&self) -> Option<u64> {
        let log = self.log.as_ref().filter(|log| log.bytes > 0).and_then(|log| log.modified);
        let changed = self.file.modified.max(log)?;
        u64::try_from(changed.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
    }
}

impl FileStamp {
    fn of(metadata: &Metadata) -> Self {
        Self { bytes: metadata.len(), modified: metadata.modified().ok() }
    }
}

/// The bytes that a part of an address stands for; none if it is not well formed.
fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || u8::try_from(char::from(rest.next()?).to_digit(16)?).ok();
        bytes.push(digit()? << 4 | digit()?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(folder: &Folder) -> Vec<String> {
        folder.names().iter().map(StudyName::id).collect()
    }

    #[test]
    fn a_folder_has_the_files_that_end_as_studies_do() {
        let place = tempfile::tempdir().unwrap();
        for name in
            ["b.study", "a b%ä.study", "..study", ".hidden.study", "c.study-wal", "d.study.lock", "study", "e.txt"]
        {
            fs::write(place.path().join(name), "").unwrap();
        }
        let folder = Folder::open(place.path()).unwrap();
        assert_eq!(ids(&folder), ["a%20b%25%C3%A4.study", "b.study"]);
        assert_eq!(folder.named("a%20b%25%c3%a4.study").unwrap().shown(), "a b%ä.study");
        fs::remove_file(place.path().join("b.study")).unwrap();
        assert_eq!(ids(&folder), ["a%20b%25%C3%A4.study"]);
    }

    #[test]
    fn a_name_that_the_folder_does_not_list_is_no_study() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("inner")).unwrap();
        for path in ["a.study", "inner/b.study"] {
            fs::write(place.path().join(path), "").unwrap();
        }
        let folder = Folder::open(&place.path().join("inner")).unwrap();
        for id in [
            "a.study",
            "../a.study",
            "..%2Fa.study",
            "%2e%2e%2fa.study",
            "%2e%2e",
            "",
            "b.study%00",
            "b",
            "%",
            "%b",
            "%zz",
            "B.study",
        ] {
            assert_eq!(folder.named(id), None, "{id}");
        }
        assert!(folder.named("b.study").is_some());
    }

    #[test]
    fn a_folder_may_be_narrowed_to_one_study() {
        let place = tempfile::tempdir().unwrap();
        for name in ["a.study", "b.study", "c.txt"] {
            fs::write(place.path().join(name), "").unwrap();
        }
        let folder = Folder::open(&place.path().join("b.study")).unwrap();
        assert_eq!(ids(&folder), ["b.study"]);
        assert_eq!(folder.named("a.study"), None);
        let open = |name: &str| Folder::open(&place.path().join(name)).unwrap_err();
        assert!(matches!(open("c.txt"), ServeError::NotAFolder { .. }));
        assert!(matches!(open("none"), ServeError::MissingFolder { .. }));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_within_the_folder_only() {
        let place = tempfile::tempdir().unwrap();
        let inner = place.path().join("inner");
        fs::create_dir(&inner).unwrap();
        fs::write(place.path().join("out.study"), "").unwrap();
        fs::write(inner.join("in.study"), "").unwrap();
        for (target, link) in
            [("../out.study", "a.study"), ("in.study", "b.study"), ("nowhere", "c.study"), ("d.study", "d.study")]
        {
            std::os::unix::fs::symlink(target, inner.join(link)).unwrap();
        }
        let folder = Folder::open(&inner).unwrap();
        let find = |id: &str| folder.find(&folder.named(id).unwrap());
        assert!(matches!(find("a.study"), Err(Problem::Outside { .. })));
        assert_eq!(find("b.study").unwrap(), find("in.study").unwrap());
        assert!(matches!(find("c.study"), Err(Problem::Missing)));
        assert!(matches!(find("d.study"), Err(Problem::Missing)));
    }

    #[test]
    fn a_stamp_tells_of_writing_and_an_identity_of_another_file() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a.study");
        fs::write(&path, "1").unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let find = || folder.find(&folder.named("a.study").unwrap()).unwrap();
        let first = find();
        assert_eq!(first, find());
        fs::write(place.path().join("a.study-wal"), "1").unwrap();
        let second = find();
        assert!(second.identity == first.identity && second.stamp != first.stamp);
        fs::rename(&path, place.path().join("old")).unwrap();
        fs::write(&path, "1").unwrap();
        assert_ne!(find().identity, first.identity);
        assert!(first.stamp.changed_milliseconds().is_some());
    }
}
