//! Compiled components on disk, so that a component is compiled once on a machine.
//!
//! Loading compiled code is trusting it. The folder is the user's alone (mode 0700), each file carries a message authentication
//! code under a key that lies in the folder, and both are checked before anything is loaded. A file is named by the
//! component's digest and by everything else that the code depends on.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use wasmtime::component::Component;

use super::component::{self, ComponentError};
use super::engine::Sandbox;
use crate::numeric::digest::Digest;

const KEY_FILE: &str = "key";
const MAC_BYTES: usize = 32;
/// What the name of a compiled component ends with.
const COMPILED_SUFFIX: &str = "compiled";
/// What the name of a file ends with until it is whole.
const DRAFT_SUFFIX: &str = "draft";
/// A draft of that age was left behind, by a process that ended while it wrote.
const DRAFT_AGE_MAX: Duration = Duration::from_secs(3600);

/// A folder of compiled components.
#[derive(Clone, Debug)]
pub struct CompiledCache {
    folder: PathBuf,
    key: [u8; 32],
}

/// What lies in a folder of compiled components.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheContent {
    /// How many there are, of this release and of others.
    pub components: u64,
    /// The size of their files, in bytes.
    pub bytes: u64,
}

impl CompiledCache {
    /// Opens the folder, making it and its key if they are not there.
    ///
    /// # Errors
    /// If the folder cannot be made or belongs to somebody else.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let key_file = folder.join(KEY_FILE);
        if make_private_folder(folder)? {
            // Others may have read the key or left one of theirs. Under a new one, nothing that lies here is loaded.
            remove_if_there(&key_file)?;
        }
        // What cannot be removed takes room, and harms nobody.
        let _ = remove_old_drafts(folder);
        let key = read_or_make_key(&key_file)?;
        Ok(Self { folder: folder.to_owned(), key })
    }

    /// The compiled component, from the folder if it is there; else it is compiled, in this process, and kept. A folder that fails to
    /// keep it is no error.
    ///
    /// # Errors
    /// If the component does not compile.
    pub fn get_or_compile(&self, sandbox: &Sandbox, digest: Digest, bytes: &[u8]) -> Result<Component, ComponentError> {
        if let Some(component) = self.get(sandbox, digest) {
            return Ok(component);
        }
        let component = component::compile(sandbox, bytes)?;
        if let Ok(code) = component.serialize() {
            // What cannot be kept is compiled again next time.
            let _ = self.keep(sandbox.compatibility(), digest, &code);
        }
        Ok(component)
    }

    /// The compiled component, if it is in the folder as it was put there, and the engine takes it.
    #[must_use]
    pub fn get(&self, sandbox: &Sandbox, digest: Digest) -> Option<Component> {
        let path = self.path(sandbox.compatibility(), digest);
        let file = fs::read(&path).ok()?;
        component::from_code(sandbox, self.authentic(&path, &file)?).ok()
    }

    /// Whether the component is in the folder as it was put there, compiled for an engine of that compatibility.
    #[must_use]
    pub fn contains(&self, compatibility: Digest, digest: Digest) -> bool {
        let path = self.path(compatibility, digest);
        fs::read(&path).is_ok_and(|file| self.authentic(&path, &file).is_some())
    }

    /// The file of a component compiled for an engine of that compatibility.
    #[must_use]
    pub fn path(&self, compatibility: Digest, digest: Digest) -> PathBuf {
        let name = Digest::of_canonical(&(compatibility, digest));
        self.folder.join(format!("{name}.{COMPILED_SUFFIX}"))
    }

    /// The code of a file, if its authentication code shows that it came here through [`CompiledCache::keep`], under this name, by
    /// somebody who can read the key: this user.
    fn authentic<'file>(&self, path: &Path, file: &'file [u8]) -> Option<&'file [u8]> {
        let (mac, code) = file.split_at_checked(MAC_BYTES)?;
        // Comparing hashes takes the same time wherever they differ.
        (blake3::Hash::from_slice(mac).ok()? == self.mac(path, code)).then_some(code)
    }

    fn mac(&self, path: &Path, code: &[u8]) -> blake3::Hash {
        let name = path.file_name().unwrap_or_default();
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(Digest::of(name.as_encoded_bytes()).0.as_slice());
        hasher.update(code);
        hasher.finalize()
    }

    /// What lies in the folder.
    ///
    /// # Errors
    /// If it cannot be looked into.
    pub fn content(&self) -> io::Result<CacheContent> {
        let mut content = CacheContent::default();
        for path in self.compiled_files()? {
            content.bytes = content.bytes.saturating_add(fs::symlink_metadata(path)?.len());
            content.components += 1;
        }
        Ok(content)
    }

    /// Removes all compiled components. Whoever has one open keeps it.
    ///
    /// # Errors
    /// If one cannot be removed.
    pub fn clear(&self) -> io::Result<()> {
        self.compiled_files()?.iter().try_for_each(|path| remove_if_there(path))
    }

    fn compiled_files(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|suffix| suffix == COMPILED_SUFFIX) {
                files.push(path);
            }
        }
        Ok(files)
    }

    /// Keeps the code of a component, compiled for an engine of that compatibility.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&self, compatibility: Digest, digest: Digest, code: &[u8]) -> io::Result<()> {
        let path = &self.path(compatibility, digest);
        // Under a name of its own first: others may read while this writes.
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let draft = path.with_extension(format!("{:016x}.{DRAFT_SUFFIX}", u64::from_le_bytes(random)));
        let write = || {
            let mut file = create_private(&draft)?;
            file.write_all(self.mac(path, code).as_bytes())?;
            file.write_all(code)?;
            fs::rename(&draft, path)
        };
        write().inspect_err(|_| {
            let _ = fs::remove_file(&draft);
        })
    }
}

/// Makes the folder, or closes it to others; says whether it was open to them.
fn make_private_folder(folder: &Path) -> io::Result<bool> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
        if !folder.exists() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let metadata = fs::metadata(folder)?;
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the folder belongs to somebody else"));
        }
        let was_open = metadata.permissions().mode() & 0o077 != 0;
        if was_open {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        }
        Ok(was_open)
    }
    #[cfg(not(unix))]
    fs::create_dir_all(folder).map(|()| false)
}

/// Removes what was begun long ago and never finished. It could not be loaded, but nobody would ever remove it.
fn remove_old_drafts(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|suffix| suffix != DRAFT_SUFFIX) {
            continue;
        }
        let modified = fs::symlink_metadata(&path)?.modified()?;
        if modified.elapsed().is_ok_and(|age| age > DRAFT_AGE_MAX) {
            remove_if_there(&path)?;
        }
    }
    Ok(())
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn create_private(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The folder's key. Whoever comes first makes it; the others read it.
fn read_or_make_key(path: &Path) -> io::Result<[u8; 32]> {
    if let Some(key) = read_key(path)? {
        return Ok(key);
    }
    // It is not there, or it is damaged: keys are put in place whole.
    remove_if_there(path)?;
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    let draft = path.with_extension(format!("{}.{DRAFT_SUFFIX}", blake3::hash(&key).to_hex()));
    create_private(&draft)?.write_all(&key)?;
    // A link fails if the key is there by now, and never shows half a key.
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            read_key(path)?.ok_or_else(|| io::Error::other("the key of the folder is damaged"))
        }
        Err(error) => Err(error),
    }
}

fn read_key(path: &Path) -> io::Result<Option<[u8; 32]>> {
    match fs::read(path) {
        Ok(bytes) => Ok(bytes.try_into().ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
