//! The record beside a committed component: which bytes it has, and which sources they were built from.
//!
//! A component is built with a toolchain that not every machine has, so it is committed; the record lets `guests --check`
//! see without the toolchain that component and sources still belong together.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The content of `NAME.wasm.lock`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// BLAKE3 of the component.
    pub(crate) component: String,
    /// BLAKE3 over all sources.
    pub(crate) sources: String,
    /// The compiler's version line, for people.
    pub(crate) compiler: String,
}

impl Record {
    /// The record as text.
    pub(crate) fn to_text(&self) -> String {
        format!(
            "# Written by `cargo xtask guests`: the component's digest, and that of the sources it was built from.\n\
             component = \"{}\"\nsources = \"{}\"\ncompiler = \"{}\"\n",
            self.component, self.sources, self.compiler
        )
    }

    /// Reads a record from its text.
    pub(crate) fn from_text(text: &str) -> Result<Self> {
        let table: toml::Table = text.parse().context("the record is no TOML")?;
        let field = |name: &str| {
            let value = table.get(name).and_then(toml::Value::as_str);
            Ok::<_, anyhow::Error>(value.with_context(|| format!("the record has no text `{name}`"))?.to_owned())
        };
        Ok(Self { component: field("component")?, sources: field("sources")?, compiler: field("compiler")? })
    }
}

/// The digest of some bytes.
pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("blake3:{}", blake3::hash(bytes).to_hex())
}

/// The digest of files and folders with all that is in them, by their paths relative to `root` and their contents.
pub(crate) fn digest_of_files(root: &Path, places: &[PathBuf]) -> Result<String> {
    let mut files = Vec::new();
    for place in places {
        collect(place, &mut files)?;
    }
    let mut named: Vec<(String, PathBuf)> = files
        .into_iter()
        .map(|file| (file.strip_prefix(root).unwrap_or(&file).to_string_lossy().replace('\\', "/"), file))
        .collect();
    named.sort();
    named.dedup();
    let mut hasher = blake3::Hasher::new();
    for (name, file) in named {
        let content = fs::read(&file).with_context(|| format!("failed to read `{}`", file.display()))?;
        // Lengths first, so that no two sets of files give the same bytes.
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
        hasher.update(&(content.len() as u64).to_le_bytes());
        hasher.update(&content);
    }
    Ok(format!("blake3:{}", hasher.finalize().to_hex()))
}

/// The files in a folder and its folders, or the file itself.
pub(crate) fn collect(place: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !place.is_dir() {
        files.push(place.to_path_buf());
        return Ok(());
    }
    let entries = fs::read_dir(place).with_context(|| format!("failed to read the folder `{}`", place.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("failed to read the folder `{}`", place.display()))?.path();
        collect(&path, files)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let record = Record {
            component: digest(b"component"),
            sources: digest(b"sources"),
            compiler: "rustc 1.96.0".to_owned(),
        };
        assert_eq!(Record::from_text(&record.to_text()).unwrap(), record);
    }

    #[test]
    fn a_record_without_a_field_is_refused_by_name() {
        let error = Record::from_text("component = \"x\"\n").unwrap_err();
        assert_eq!(error.to_string(), "the record has no text `sources`");
    }

    #[test]
    fn the_digest_of_files_sees_names_and_contents_and_no_place() {
        let folder = std::env::temp_dir().join(format!("trialbox-record-{}", std::process::id()));
        let write = |place: &str, text: &str| {
            let path = folder.join(place);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        for copy in ["one", "two"] {
            write(&format!("{copy}/src/lib.rs"), "text");
            write(&format!("{copy}/Cargo.toml"), "manifest");
        }
        let digest = |copy: &str| {
            let root = folder.join(copy);
            digest_of_files(&root, &[root.join("src"), root.join("Cargo.toml")]).unwrap()
        };
        let first = digest("one");
        assert_eq!(first, digest("two"));
        write("two/src/lib.rs", "texts");
        assert_ne!(first, digest("two"));
        fs::rename(folder.join("one/src/lib.rs"), folder.join("one/src/main.rs")).unwrap();
        assert_ne!(first, digest("one"));
        fs::remove_dir_all(folder).unwrap();
    }
}
