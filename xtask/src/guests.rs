//! The example guests in Rust: building their components, and checking the committed ones.
//!
//! A guest is a folder of `guest-examples/` whose `Cargo.toml` has a table `[package.metadata.trialbox]`:
//! `target` (default `wasm32-unknown-unknown`), `simd` (default false), `command` (default false: whether it is a program, which stays
//! the core module that it is compiled to), `sources` (folders outside its own that it is built from). Its component lies beside the manifest as `NAME.wasm`, its record as `NAME.wasm.lock`. `setup` gives the compiler.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::ComponentEncoder;

use crate::process;
use crate::record::{self, Record};
use crate::setup::{self, Target};
use crate::workspace::Workspace;

/// What of the SDK goes into a component: no tests, no text.
const SDK_SOURCES: &[&str] = &[
    "sdk/rust/Cargo.toml",
    "sdk/rust/src",
    "sdk/rust/macros/Cargo.toml",
    "sdk/rust/macros/src",
    "wit/trial.wit",
    "wit/searcher.wit",
];

/// A guest that is written in Rust.
#[derive(Debug)]
pub(crate) struct Guest {
    name: String,
    folder: PathBuf,
    package: String,
    target: Target,
    simd: bool,
    command: bool,
    sources: Vec<PathBuf>,
}

impl Guest {
    fn read(folder: PathBuf) -> Result<Option<Self>> {
        let manifest = folder.join("Cargo.toml");
        if !manifest.is_file() {
            return Ok(None);
        }
        let text = fs::read_to_string(&manifest).with_context(|| format!("failed to read `{}`", manifest.display()))?;
        Self::from_manifest(folder, &text).with_context(|| format!("failed to read the guest `{}`", manifest.display()))
    }

    fn from_manifest(folder: PathBuf, text: &str) -> Result<Option<Self>> {
        let manifest: toml::Table = text.parse()?;
        let package = manifest.get("package").context("there is no table `[package]`")?;
        let Some(options) = package.get("metadata").and_then(|metadata| metadata.get("trialbox")) else {
            return Ok(None);
        };
        let options = options.as_table().context("`package.metadata.trialbox` is no table")?;
        let mut guest = Self {
            name: folder.file_name().context("the guest's folder has no name")?.to_string_lossy().into_owned(),
            package: package.get("name").and_then(toml::Value::as_str).context("the package has no name")?.to_owned(),
            target: Target::Unknown,
            simd: false,
            command: false,
            sources: Vec::new(),
            folder,
        };
        for (key, value) in options {
            match key.as_str() {
                "target" => {
                    let name = value.as_str().context("`target` is no text")?;
                    guest.target = Target::from_name(name).with_context(|| {
                        format!(
                            "`target` is `{name}`, but guests are built for {} or {}",
                            Target::Unknown,
                            Target::Wasi
                        )
                    })?;
                }
                "command" => guest.command = value.as_bool().context("`command` is neither true nor false")?,
                "simd" => guest.simd = value.as_bool().context("`simd` is neither true nor false")?,
                "sources" => {
                    for source in value.as_array().context("`sources` is no list")? {
                        guest
                            .sources
                            .push(PathBuf::from(source.as_str().context("`sources` has an item that is no text")?));
                    }
                }
                _ => bail!(
                    "unknown key `{key}` in `package.metadata.trialbox`; keys: `target`, `simd`, `command`, `sources`"
                ),
            }
        }
        Ok(Some(guest))
    }

    /// The name of its folder.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its manifest.
    pub(crate) fn manifest(&self) -> PathBuf {
        self.folder.join("Cargo.toml")
    }

    fn component(&self) -> PathBuf {
        self.folder.join(format!("{}.wasm", self.name))
    }

    fn record(&self) -> PathBuf {
        self.folder.join(format!("{}.wasm.lock", self.name))
    }

    /// The digest of all that the component is built from.
    fn sources_digest(&self, workspace: &Workspace) -> Result<String> {
        let mut places: Vec<PathBuf> =
            ["src", "Cargo.toml", "Cargo.lock"].iter().map(|place| self.folder.join(place)).collect();
        for source in &self.sources {
            let place = self.folder.join(source);
            // Without `..` in it, the path is the same one as that of the guest which owns the sources.
            let place = fs::canonicalize(&place)
                .with_context(|| format!("failed to find the sources `{}`", place.display()))?;
            places.push(place);
        }
        if !self.command {
            places.extend(SDK_SOURCES.iter().map(|place| workspace.root().join(place)));
        }
        record::digest_of_files(workspace.root(), &places)
    }

    /// Whether the committed component is that of the sources; if not, why.
    fn staleness(&self, workspace: &Workspace) -> Result<Option<String>> {
        let (component, record) = (self.component(), self.record());
        for file in [&component, &record] {
            if !file.is_file() {
                return Ok(Some(format!("`{}` is missing", workspace.relative(file))));
            }
        }
        let text = fs::read_to_string(&record).with_context(|| format!("failed to read `{}`", record.display()))?;
        let recorded = Record::from_text(&text).with_context(|| format!("failed to read `{}`", record.display()))?;
        let bytes = fs::read(&component).with_context(|| format!("failed to read `{}`", component.display()))?;
        if record::digest(&bytes) != recorded.component {
            return Ok(Some(format!("`{}` isn't the file that was built", workspace.relative(&component))));
        }
        if self.sources_digest(workspace)? != recorded.sources {
            return Ok(Some("its sources (its own, the SDK's or wit/) have changed since it was built".to_owned()));
        }
        Ok(None)
    }

    /// Compiles the guest and makes a component of it.
    fn compile(&self, workspace: &Workspace) -> Result<(Vec<u8>, String)> {
        let toolchain = setup::toolchain(workspace, self.target)?;
        let target_folder = workspace.target().join("guests");
        let home = process::cargo_home()?;
        // Panic messages name source files; these must not depend on where the folders are.
        let mut flags = vec![
            format!("--remap-path-prefix={}=/trialbox", workspace.root().display()),
            format!("--remap-path-prefix={}=/cargo", home.display()),
        ];
        if self.simd {
            flags.push("-Ctarget-feature=+simd128".to_owned());
        }
        let mut cargo = process::plain_cargo();
        cargo
            .current_dir(&self.folder)
            .args(["build", "--quiet", "--release"])
            .arg(if self.command { "--bins" } else { "--lib" })
            .args(["--target", self.target.name()])
            .arg("--target-dir")
            .arg(&target_folder)
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
        if self.folder.join("Cargo.lock").is_file() {
            cargo.arg("--locked");
        }
        toolchain.apply(&mut cargo);
        process::run(&mut cargo, &format!("compile the guest `{}`", self.name))?;
        let module = target_folder.join(self.target.name()).join("release").join(if self.command {
            format!("{}.wasm", self.package)
        } else {
            format!("{}.wasm", self.package.replace('-', "_"))
        });
        let module = fs::read(&module).with_context(|| format!("failed to read the module `{}`", module.display()))?;
        // A program is run as it is: the sandbox adapts it.
        let bytes = if self.command { module } else { component(&module, self.target)? };
        Ok((bytes, toolchain.version()?))
    }
}

/// Makes a component of a module.
fn component(module: &[u8], target: Target) -> Result<Vec<u8>> {
    let mut encoder =
        ComponentEncoder::default().validate(true).module(module).context("failed to read the module's interface")?;
    if target == Target::Wasi {
        encoder = encoder
            .adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)
            .context("failed to add the adapter to WASI 0.2")?;
    }
    encoder.encode().context("failed to make a component of the module")
}

/// All guests that are written in Rust, by name.
pub(crate) fn all(workspace: &Workspace) -> Result<Vec<Guest>> {
    let folder = workspace.guest_examples();
    let mut guests = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("failed to read the folder `{}`", folder.display()))? {
        let path = entry.with_context(|| format!("failed to read the folder `{}`", folder.display()))?.path();
        guests.extend(Guest::read(path)?);
    }
    guests.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(guests)
}

/// The task: builds all guests, or those named.
pub(crate) fn build(workspace: &Workspace, names: &[&str]) -> Result<()> {
    let guests = all(workspace)?;
    for name in names {
        ensure!(
            guests.iter().any(|guest| guest.name == *name),
            "there is no Rust guest `{name}`; there are: {}",
            guests.iter().map(|guest| guest.name.as_str()).collect::<Vec<_>>().join(", ")
        );
    }
    for guest in guests.iter().filter(|guest| names.is_empty() || names.contains(&guest.name.as_str())) {
        let (bytes, compiler) = guest.compile(workspace)?;
        let component = guest.component();
        let is_new = fs::read(&component).map_or(true, |old| old != bytes);
        if is_new {
            fs::write(&component, &bytes).with_context(|| format!("failed to write `{}`", component.display()))?;
        }
        let record = Record { component: record::digest(&bytes), sources: guest.sources_digest(workspace)?, compiler };
        let place = guest.record();
        fs::write(&place, record.to_text()).with_context(|| format!("failed to write `{}`", place.display()))?;
        let news = if is_new { "written" } else { "unchanged" };
        println!("{}: {} bytes, {news}, {}", workspace.relative(&component), bytes.len(), record.component);
    }
    Ok(())
}

/// The task: checks that the committed components are those of their sources.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let guests = all(workspace)?;
    let mut stale = Vec::new();
    for guest in &guests {
        if let Some(reason) = guest.staleness(workspace)? {
            eprintln!("error: the component of the guest `{}` is stale: {reason}", guest.name);
            stale.push(guest.name.as_str());
        }
    }
    ensure!(
        stale.is_empty(),
        "{} of {} components are stale\nhint: run `cargo xtask guests {}`",
        stale.len(),
        guests.len(),
        stale.join(" ")
    );
    println!("{} components match their sources", guests.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Guest>> {
        Guest::from_manifest(PathBuf::from("/examples/toy"), text)
    }

    #[test]
    fn a_guest_is_read_from_its_manifest() {
        let text = "[package]\nname = \"toy-guest\"\n[package.metadata.trialbox]\ntarget = \"wasm32-wasip1\"\nsimd = true\nsources = [\"../a\"]\n";
        let guest = read(text).unwrap().unwrap();
        assert_eq!((guest.name.as_str(), guest.package.as_str()), ("toy", "toy-guest"));
        assert_eq!((guest.target, guest.simd), (Target::Wasi, true));
        assert_eq!(guest.sources, [PathBuf::from("../a")]);
        assert_eq!(guest.component(), PathBuf::from("/examples/toy/toy.wasm"));
    }

    #[test]
    fn a_package_without_the_table_is_no_guest() {
        assert!(read("[package]\nname = \"helper\"\n").unwrap().is_none());
    }

    #[test]
    fn mistakes_in_the_table_are_named() {
        let message = |options: &str| {
            read(&format!("[package]\nname = \"toy\"\n[package.metadata.trialbox]\n{options}\n"))
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            message("simdd = true"),
            "unknown key `simdd` in `package.metadata.trialbox`; keys: `target`, `simd`, `command`, `sources`"
        );
        assert_eq!(
            message("target = \"wasm64\""),
            "`target` is `wasm64`, but guests are built for wasm32-unknown-unknown or wasm32-wasip1"
        );
        assert_eq!(message("simd = 1"), "`simd` is neither true nor false");
    }
}
