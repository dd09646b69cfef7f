//! Rust: cargo compiles the project's library with the SDK, which is put beside it, to a module in which the interface is described.
//!
//! What `[package.metadata.trialbox]` in the manifest may say: `target`, another than `wasm32-unknown-unknown`, and `simd`.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::tool::Tool;
use super::{COMPONENT, Definition, INTERFACE, MADE, ProjectError, absolute, encoding, made, write};

pub(super) const DEFINITION: Definition = Definition {
    name: "Rust",
    known_by: MANIFEST,
    main_file: "src/lib.rs",
    extensions: &["rs"],
    files: &[MANIFEST, "Cargo.lock"],
    lock_file: Some("Cargo.lock"),
    template: &[(MANIFEST, include_str!("rust/Cargo.toml")), ("src/lib.rs", include_str!("rust/lib.rs"))],
    notes: "`cargo test` tests the training natively. `trialbox build` puts the crate `trialbox-guest` into `.trialbox`, where `Cargo.toml` looks for it.\n\
            Data sets that `study.toml` names under `[data]` are read by `data::read_all(name)`; `log!` writes to the trial's log.",
    make,
};

const MANIFEST: &str = "Cargo.toml";

/// The SDK, where the manifests of projects look for it.
const SDK: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("../../sdk/rust/Cargo.toml")),
    ("README.md", include_str!("../../sdk/rust/README.md")),
    ("src/arguments.rs", include_str!("../../sdk/rust/src/arguments.rs")),
    ("src/artifact.rs", include_str!("../../sdk/rust/src/artifact.rs")),
    ("src/bindings.rs", include_str!("../../sdk/rust/src/bindings.rs")),
    ("src/data.rs", include_str!("../../sdk/rust/src/data.rs")),
    ("src/description.rs", include_str!("../../sdk/rust/src/description.rs")),
    ("src/lib.rs", include_str!("../../sdk/rust/src/lib.rs")),
    ("src/log.rs", include_str!("../../sdk/rust/src/log.rs")),
    ("src/random.rs", include_str!("../../sdk/rust/src/random.rs")),
    ("src/reporter.rs", include_str!("../../sdk/rust/src/reporter.rs")),
    ("src/runtime.rs", include_str!("../../sdk/rust/src/runtime.rs")),
    ("src/searcher/mod.rs", include_str!("../../sdk/rust/src/searcher/mod.rs")),
    ("src/searcher/runtime.rs", include_str!("../../sdk/rust/src/searcher/runtime.rs")),
    ("src/searcher/space.rs", include_str!("../../sdk/rust/src/searcher/space.rs")),
    ("src/value.rs", include_str!("../../sdk/rust/src/value.rs")),
    ("macros/Cargo.toml", include_str!("../../sdk/rust/macros/Cargo.toml")),
    ("macros/src/arguments.rs", include_str!("../../sdk/rust/macros/src/arguments.rs")),
    ("macros/src/choice.rs", include_str!("../../sdk/rust/macros/src/choice.rs")),
    ("macros/src/lib.rs", include_str!("../../sdk/rust/macros/src/lib.rs")),
    ("macros/src/messages.rs", include_str!("../../sdk/rust/macros/src/messages.rs")),
    ("macros/src/parameter.rs", include_str!("../../sdk/rust/macros/src/parameter.rs")),
    ("macros/src/train.rs", include_str!("../../sdk/rust/macros/src/train.rs")),
    // The bindings are made of these, two folders up.
    ("../../wit/trial.wit", INTERFACE),
    ("../../wit/searcher.wit", include_str!("../../wit/searcher.wit")),
];

const CARGO: Tool = Tool {
    name: "cargo",
    variable: "TRIALBOX_CARGO",
    calls: &[&["cargo"]],
    probe: "--help",
    install: "see rust-lang.org/tools/install",
};

/// What the manifest says, as far as it is needed.
struct Manifest {
    /// The name of the library's file.
    library: String,
    target: String,
    simd: bool,
}

fn make(folder: &Path) -> Result<Vec<u8>, ProjectError> {
    let manifest = Manifest::read(&folder.join(MANIFEST))?;
    put_sdk(folder)?;
    let target_folder = absolute(&folder.join(MADE).join("target"))?;
    let mut call = CARGO.call(DEFINITION.name)?;
    call.args(["build", "--quiet", "--release", "--lib", "--target", &manifest.target]);
    call.arg("--target-dir").arg(&target_folder).env("CARGO_ENCODED_RUSTFLAGS", flags(folder, &manifest)?);
    CARGO.run(&mut call, folder).map_err(|error| with_target(error, &manifest.target))?;
    let module = target_folder.join(&manifest.target).join("release").join(format!("{}.wasm", manifest.library));
    let module = std::fs::read(&module).map_err(|source| ProjectError::io("read", &module, source))?;
    let component = encoding::component(&module)?;
    write(&made(folder)?.join(COMPONENT), &component)?;
    Ok(component)
}

/// Puts the SDK where the manifest looks for it.
fn put_sdk(folder: &Path) -> Result<(), ProjectError> {
    let sdk = made(folder)?.join("sdk/rust");
    for (name, content) in SDK {
        // Without `..`, since the folder that it leads out of need not be there yet.
        let path = name.strip_prefix("../../").map_or_else(|| sdk.join(name), |name| folder.join(MADE).join(name));
        write(&path, content.as_bytes())?;
    }
    Ok(())
}

/// The compiler's flags. Messages of panics name files, and these must not depend on where the folders are.
fn flags(folder: &Path, manifest: &Manifest) -> Result<String, ProjectError> {
    let mut flags = vec![format!("--remap-path-prefix={}=/project", absolute(folder)?.display())];
    if let Some(home) = cargo_home() {
        flags.push(format!("--remap-path-prefix={}=/cargo", home.display()));
    }
    if manifest.simd {
        flags.push("-Ctarget-feature=+simd128".into());
    }
    Ok(flags.join("\u{1f}"))
}

fn cargo_home() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "cargo itself goes by these")]
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    variable("CARGO_HOME").map(PathBuf::from).or_else(|| Some(PathBuf::from(variable("HOME")?).join(".cargo")))
}

/// What cargo says of a target that is missing, as the one command that adds it.
fn with_target(error: ProjectError, target: &str) -> ProjectError {
    match error {
        ProjectError::Tool { said, .. } if said.contains("target may not be installed") => ProjectError::NoTarget {
            target: target.to_owned(),
            // Without rustup it is a matter of the system's packages.
            has_rustup: Command::new("rustup").arg("--version").output().is_ok_and(|output| output.status.success()),
        },
        error => error,
    }
}

impl Manifest {
    fn read(path: &Path) -> Result<Self, ProjectError> {
        let text = std::fs::read_to_string(path).map_err(|source| ProjectError::io("read", path, source))?;
        Self::from_text(&text).map_err(|reason| ProjectError::Manifest { path: path.to_owned(), reason })
    }

    fn from_text(text: &str) -> Result<Self, String> {
        let manifest: toml::Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
        let table = |table: &toml::Table, key: &str| table.get(key).and_then(toml::Value::as_table).cloned();
        let package = table(&manifest, "package").ok_or("it has no table `[package]`")?;
        let library = table(&manifest, "lib").unwrap_or_default();
        let is_module = |kinds: &toml::Value| {
            kinds.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind.as_str() == Some("cdylib")))
        };
        if !library.get("crate-type").is_some_and(is_module) {
            return Err("a trial is a library: add `crate-type = [\"cdylib\"]` under `[lib]`".into());
        }
        let name = library.get("name").or_else(|| package.get("name")).and_then(toml::Value::as_str);
        let settings =
            table(&package, "metadata").and_then(|metadata| table(&metadata, "trialbox")).unwrap_or_default();
        let target = settings.get("target").and_then(toml::Value::as_str).unwrap_or("wasm32-unknown-unknown");
        Ok(Self {
            library: name.ok_or("its package has no name")?.replace('-', "_"),
            target: target.to_owned(),
            simd: settings.get("simd").and_then(toml::Value::as_bool).unwrap_or(false),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_is_put_whole() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("sdk/rust");
        let mut count = 0;
        let mut folders = vec![root.join("src"), root.join("macros/src")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
                assert!(SDK.iter().any(|(known, _)| *known == name), "`{name}` is missing");
                count += 1;
            }
        }
        assert_eq!(SDK.iter().filter(|(name, _)| name.ends_with(".rs")).count(), count);
    }

    #[test]
    fn a_manifest_says_what_to_compile_for() {
        let read = |text: &str| Manifest::from_text(text).map(|read| (read.library, read.target, read.simd));
        let library = "[package]\nname = \"a-b\"\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n";
        assert_eq!(read(library), Ok(("a_b".into(), "wasm32-unknown-unknown".into(), false)));
        let more = "name = \"c\"\n[package.metadata.trialbox]\ntarget = \"wasm32-wasip1\"\nsimd = true\n";
        assert_eq!(read(&format!("{library}{more}")), Ok(("c".into(), "wasm32-wasip1".into(), true)));
        assert_eq!(read("[workspace]").unwrap_err(), "it has no table `[package]`");
        assert!(read("[package]\nname = \"a\"\n").unwrap_err().contains("cdylib"));
        assert!(read("[package").is_err());
    }
}
