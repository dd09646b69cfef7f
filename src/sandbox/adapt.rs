//! From a core module that is a command of WASI 0.1 to a component, by an adapter that is a part of this release.
//!
//! The module is checked before the encoder sees it: it is valid, exports what a command does, and imports what the adapter offers and nothing
//! else. The encoder reads custom sections, and a module could tell it anything there; so none are left but names of functions, which
//! traps are reported with. Equal modules give equal components. The adapter is in the fuel schedule, since it takes fuel.

use std::ops::Range;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
};
use wasmparser::{ExternalKind, Parser, Payload, Validator, WasmFeatures};
use wit_component::ComponentEncoder;

use super::component::{ComponentError, shown};
use super::engine::FEATURES_ON;

/// The encoder's release; a test compares it with the lock file.
pub(super) const ENCODER_RELEASE: &str = "wit-component 0.254.2";
/// The adapter.
pub(super) const ADAPTER: &[u8] = WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER;

/// How many imports and exports a module may have. WASI 0.1 has some 50 functions.
const ITEMS_MAX: u32 = 100_000;
/// What a command exports: where it begins, and its memory.
const EXPORTS: &[(&str, ExternalKind)] = &[("_start", ExternalKind::Func), ("memory", ExternalKind::Memory)];
/// The custom section that is kept.
const NAMES: &str = "name";

/// The component of a command.
///
/// # Errors
/// If the module is no command, or not valid.
pub(super) fn component_of_module(module: &[u8]) -> Result<Vec<u8>, ComponentError> {
    let module = checked(module)?;
    let encode = || {
        let encoder = ComponentEncoder::default().validate(true).module(&module)?;
        encoder.adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, ADAPTER)?.encode()
    };
    encode().map_err(|error| not_a_command(format!("{error:#}")))
}

fn not_a_command(reason: impl AsRef<str>) -> ComponentError {
    ComponentError::NotACommand { reason: shown(reason.as_ref()) }
}

/// Checks the module, and gives it without its custom sections.
fn checked(module: &[u8]) -> Result<Vec<u8>, ComponentError> {
    let invalid = |error: wasmparser::BinaryReaderError| ComponentError::Invalid(shown(&error.to_string()));
    let mut shape = Shape::default();
    // The magic number and the version.
    let mut plain = module.get(..8).unwrap_or_default().to_vec();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.map_err(invalid)?;
        shape.take(&payload)?;
        let is_custom = matches!(&payload, Payload::CustomSection(section) if section.name() != NAMES);
        if let (Some((id, range)), false) = (payload.as_section(), is_custom) {
            append_section(&mut plain, id, module, range);
        }
    }
    shape.check()?;
    Validator::new_with_features(features()).validate_all(&plain).map_err(invalid)?;
    Ok(plain)
}

/// The features that are on for modules.
fn features() -> WasmFeatures {
    let named = |name: &str| WasmFeatures::all().iter_names().find(|(feature, _)| spelt_alike(feature, name));
    let on = FEATURES_ON.iter().filter_map(|(name, _)| Some(named(name)?.1));
    on.fold(WasmFeatures::empty(), WasmFeatures::union) - WasmFeatures::COMPONENT_MODEL
}

/// `bulk-memory` and `BULK_MEMORY`.
fn spelt_alike(constant: &str, name: &str) -> bool {
    constant.len() == name.len()
        && constant.bytes().zip(name.bytes()).all(|(left, right)| match right {
            b'-' => left == b'_',
            letter => left.eq_ignore_ascii_case(&letter),
        })
}

/// What must be known of a module before it is encoded.
#[derive(Default)]
struct Shape {
    /// Which of [`EXPORTS`] are there.
    exports: Vec<&'static str>,
}

impl Shape {
    fn take(&mut self, payload: &Payload<'_>) -> Result<(), ComponentError> {
        let invalid = |error: wasmparser::BinaryReaderError| ComponentError::Invalid(shown(&error.to_string()));
        match payload {
            Payload::ImportSection(section) => {
                check_count("imports", section.count())?;
                for import in section.clone().into_imports() {
                    let import = import.map_err(invalid)?;
                    if import.module != WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME {
                        return Err(ComponentError::Import(shown(&format!("{}.{}", import.module, import.name))));
                    }
                }
            }
            Payload::ExportSection(section) => {
                check_count("exports", section.count())?;
                for export in section.clone() {
                    let export = export.map_err(invalid)?;
                    let wanted = EXPORTS.iter().find(|wanted| **wanted == (export.name, export.kind));
                    self.exports.extend(wanted.map(|(name, _)| *name));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn check(&self) -> Result<(), ComponentError> {
        match EXPORTS.iter().find(|(name, _)| !self.exports.contains(name)) {
            Some((name, _)) => Err(not_a_command(format!("it does not export `{name}`"))),
            None => Ok(()),
        }
    }
}

fn check_count(what: &str, count: u32) -> Result<(), ComponentError> {
    if count > ITEMS_MAX {
        return Err(ComponentError::Invalid(format!("it has more than {ITEMS_MAX} {what}")));
    }
    Ok(())
}

fn append_section(plain: &mut Vec<u8>, id: u8, module: &[u8], range: Range<usize>) {
    let content = module.get(range).unwrap_or_default();
    plain.push(id);
    // A module has less than 4 GiB, which is checked before.
    let mut rest = content.len();
    while rest >= 0x80 {
        plain.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    plain.push(rest as u8);
    plain.extend_from_slice(content);
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMAND: &str = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func (export "_start") (call $exit (i32.const 0)))
        (@custom "component-type:nonsense" "\00\ff")
        (@custom ".debug_info" "text"))"#;

    fn adapted(text: &str) -> Result<Vec<u8>, ComponentError> {
        component_of_module(&wat::parse_str(text).unwrap())
    }

    #[test]
    fn a_command_becomes_a_component_and_always_the_same() {
        let component = adapted(COMMAND).unwrap();
        assert!(Parser::is_component(&component));
        assert_eq!(component, adapted(COMMAND).unwrap());
    }

    #[test]
    fn of_custom_sections_only_names_are_left() {
        let plain = checked(&wat::parse_str(COMMAND).unwrap()).unwrap();
        let customs: Vec<String> = Parser::new(0)
            .parse_all(&plain)
            .filter_map(|payload| match payload.unwrap() {
                Payload::CustomSection(section) => Some(section.name().to_owned()),
                _ => None,
            })
            .collect();
        assert_eq!(customs, ["name"]);
    }

    #[test]
    fn a_module_that_is_no_command_is_refused_with_the_reason() {
        for (text, message) in [
            ("(module)", "it is a core WebAssembly module, but no command of WASI 0.1: it does not export `_start`"),
            (
                "(module (func (export \"_start\")))",
                "it is a core WebAssembly module, but no command of WASI 0.1: it does not export `memory`",
            ),
            (
                "(module (memory (export \"_start\") 1) (memory (export \"memory\") 1))",
                "it is a core WebAssembly module, but no command of WASI 0.1: it does not export `_start`",
            ),
            (
                "(module (import \"env\" \"f\" (func)) (memory (export \"memory\") 1) (func (export \"_start\")))",
                "the component imports `env.f`, which trialbox does not offer",
            ),
        ] {
            assert_eq!(adapted(text).unwrap_err().to_string(), message);
        }
        // Whatever the encoder has to say of it.
        for text in [
            "(module (import \"wasi_snapshot_preview1\" \"no_such\" (func)) (memory (export \"memory\") 1) (func (export \"_start\")))",
            "(module (memory (export \"memory\") 1) (func (export \"_start\") (param i32)))",
            "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func)) (memory (export \"memory\") 1) (func (export \"_start\")))",
            "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (memory 1)) (memory (export \"memory\") 1) (func (export \"_start\")))",
        ] {
            assert!(matches!(adapted(text), Err(ComponentError::NotACommand { .. })), "{text}");
        }
    }

    #[test]
    fn features_that_are_off_are_off_for_modules() {
        let module = |memory: &str| format!("(module {memory} (func (export \"_start\")))");
        assert!(adapted(&module("(memory (export \"memory\") 1)")).is_ok());
        for memory in ["(memory (export \"memory\") 1 2 shared)", "(memory (export \"memory\") i64 1)"] {
            assert!(matches!(adapted(&module(memory)), Err(ComponentError::Invalid(_))), "{memory}");
        }
        assert!(features().contains(WasmFeatures::SIMD) && !features().contains(WasmFeatures::THREADS));
        assert_eq!(features().iter().count(), FEATURES_ON.len() - 1);
    }

    #[test]
    fn the_encoder_is_the_one_that_is_named() {
        let lock = include_str!("../../Cargo.lock");
        let version = ENCODER_RELEASE.strip_prefix("wit-component ").unwrap();
        assert!(lock.contains(&format!("name = \"wit-component\"\nversion = \"{version}\"")));
    }
}
