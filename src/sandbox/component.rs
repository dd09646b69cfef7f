//! From bytes to a checked component: size, form, world; then compilation.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use super::adapt;
use super::engine::Sandbox;
use super::host::gpu;
use super::instance::Program;
use super::searcher::SearcherProgram;
use crate::study::{ComponentId, Description, Outcome};

/// The largest component that is looked at. Interpreters compiled in take some 40 MB.
pub const COMPONENT_BYTES_MAX: u64 = 128 << 20;
/// How deep components may be nested in each other.
const NESTING_MAX: usize = 16;
/// The most functions that a component may hold, in all of its modules.
const FUNCTIONS_MAX: u64 = 1_000_000;
/// The most instances that a component may come to, components within components multiplied out. The compiler does that before any
/// limit on a trial applies, and a kilobyte can multiply to more than any machine holds.
const INSTANCES_MAX: u64 = 100_000;

/// The export that makes a component a trial.
const TRAIN: &str = "trialbox:trial/train";
/// The export that makes it a command.
const RUN: &str = "wasi:cli/run";
/// The export that makes a component a searcher.
const SEARCH: &str = "trialbox:trial/search";
/// What is offered to trials only.
const FOR_TRIALS: &[&str] = &["trialbox:trial/report", "trialbox:trial/data", "trialbox:trial/artifact"];
/// The imports of our own that are offered, without versions.
const OWN_IMPORTS: &[&str] = &[
    "trialbox:trial/types",
    "trialbox:trial/report",
    "trialbox:trial/data",
    "trialbox:trial/artifact",
    "trialbox:trial/log",
];
/// Their version as far as it matters: what comes after is compatible.
const OWN_VERSION: &str = "0.1.";
/// The interfaces of WASI that are offered, without versions.
const WASI_OFFERED: &[&str] = &[
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];
/// Their version as far as it matters.
const WASI_VERSION: &str = "0.2.";
/// How much of a text that a component brings along is repeated in an error.
const SHOWN_CHARACTERS_MAX: usize = 500;
/// How many of its exports are.
const SHOWN_EXPORTS_MAX: usize = 20;

/// A component is not fit to be run.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize, Deserialize)]
pub enum ComponentError {
    /// The file cannot be read.
    #[error("the component `{path}` cannot be read: {reason}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// It is too large.
    #[error("the component has {bytes} bytes; at most {COMPONENT_BYTES_MAX} are allowed")]
    TooLarge {
        /// Its size.
        bytes: u64,
    },
    /// It is something else.
    #[error("it is {what}, not a WebAssembly component")]
    NotAComponent {
        /// What it looks like.
        what: String,
    },
    /// It is a core module, which only a command may be.
    #[error("it is a core WebAssembly module, but no command of WASI 0.1: {reason}")]
    NotACommand {
        /// What it lacks.
        reason: String,
    },
    /// It is not well formed, or uses something that is off.
    #[error("the component is not valid: {0}")]
    Invalid(String),
    /// It does not export what a trial must.
    #[error("the component exports neither `{TRAIN}` nor, as a command does, `{RUN}`")]
    NotATrial {
        /// The exports that it has.
        exports: Vec<String>,
    },
    /// It does not export what a searcher must.
    #[error("the component does not export `{SEARCH}`, so it is no searcher")]
    NotASearcher {
        /// The exports that it has.
        exports: Vec<String>,
    },
    /// It imports something that is offered by nobody.
    #[error("the component imports `{0}`, which trialbox does not offer")]
    Import(String),
    /// It computes on a GPU through a version of the interface that is not offered.
    #[error("the component imports `{0}`; of that interface trialbox offers `{interface}` alone", interface = gpu::INTERFACE)]
    GpuVersion(String),
    /// An import or export has another type than this world's.
    #[error("the component does not fit its world of `trialbox:trial@0.1.0`: {0}")]
    World(String),
    /// Its `describe` failed.
    #[error("the component's `describe` did not return: {outcome}{log_end}")]
    Describe {
        /// How it ended.
        outcome: Outcome,
        /// What it wrote to its log at the end, if anything, as the message has it.
        log_end: String,
    },
    /// Its description is not well formed.
    #[error("the component's description is not well formed: {0}")]
    Description(String),
    /// The compiler did not come to its end within its bounds.
    #[error("the component cannot be compiled: {0}")]
    Compiler(String),
    /// The machine failed.
    #[error("{0}")]
    Engine(String),
    /// The file is not what the study was begun with.
    #[error("the component has changed: the file is {found}, the study has {expected}")]
    Changed {
        /// The digest of the file.
        found: String,
        /// The digest in the study.
        expected: String,
    },
}

/// What can be told of a component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// Its digest and size.
    pub id: ComponentId,
    /// The size of its compiled code.
    pub compiled_bytes: u64,
    /// What it imports.
    pub imports: Vec<ImportStatus>,
    /// What it says of itself; nothing, if it is a command.
    pub description: Option<Description>,
}

/// What can be told of a component that searches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearcherInspection {
    /// Its digest and size.
    pub id: ComponentId,
    /// The size of its compiled code.
    pub compiled_bytes: u64,
    /// What it imports.
    pub imports: Vec<ImportStatus>,
}

/// An import of a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportStatus {
    /// The interface's name, with its version.
    pub name: String,
    /// What the component gets for it.
    pub offer: Offer,
}

/// What a component gets for an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Offer {
    /// The interface works.
    Offered,
    /// Calling one of its functions ends the trial.
    Trapped,
}

/// Reads a component's file, no further than is allowed.
///
/// # Errors
/// If it cannot be read or is too large.
pub fn read(path: &Path) -> Result<Vec<u8>, ComponentError> {
    use std::io::Read;
    let failed = |error: std::io::Error| ComponentError::Read { path: path.to_owned(), reason: error.to_string() };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(COMPONENT_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > COMPONENT_BYTES_MAX {
        return Err(ComponentError::TooLarge { bytes: bytes.len() as u64 });
    }
    Ok(bytes)
}

/// Checks the form of a component, or of a core module, before anything is compiled: that it is one, and that it is not built to exhaust
/// the compiler.
///
/// # Errors
/// Says what is wrong.
pub fn check_form(bytes: &[u8]) -> Result<(), ComponentError> {
    use wasmparser::{Parser, Payload};

    if bytes.len() as u64 > COMPONENT_BYTES_MAX {
        return Err(ComponentError::TooLarge { bytes: bytes.len() as u64 });
    }
    if !Parser::is_component(bytes) && !Parser::is_core_wasm(bytes) {
        let what = if bytes.is_empty() { "an empty file" } else { "some other kind of file" };
        return Err(ComponentError::NotAComponent { what: what.into() });
    }
    let (mut nesting, mut functions) = (vec![Nested::default()], 0_u64);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| ComponentError::Invalid(shown(&error.to_string())))? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                let heaviest = nesting.last().map_or(0, |outer| outer.heaviest);
                nesting.push(Nested { instances: 1, heaviest });
            }
            Payload::End(_) => {
                if let (Some(inner), Some(outer)) = (nesting.pop(), nesting.last_mut()) {
                    outer.heaviest = outer.heaviest.max(inner.instances);
                }
            }
            Payload::InstanceSection(section) => add_instances(&mut nesting, section.count(), false),
            Payload::ComponentInstanceSection(section) => add_instances(&mut nesting, section.count(), true),
            Payload::CodeSectionStart { count, .. } => functions += u64::from(count),
            _ => {}
        }
        if nesting.last().is_some_and(|inner| inner.instances > INSTANCES_MAX) {
            return Err(ComponentError::Invalid(format!("it may come to more than {INSTANCES_MAX} instances")));
        }
        if nesting.len() > NESTING_MAX + 1 {
            return Err(ComponentError::Invalid(format!("it nests components deeper than {NESTING_MAX}")));
        }
        if functions > FUNCTIONS_MAX {
            return Err(ComponentError::Invalid(format!("it has more than {FUNCTIONS_MAX} functions")));
        }
    }
    Ok(())
}

/// What is known of a component, or module, whose inside is being looked at.
#[derive(Default)]
struct Nested {
    /// The most instances that it can come to.
    instances: u64,
    /// The same of the heaviest component that it could make an instance of: one that stands earlier in it or around it.
    heaviest: u64,
}

fn add_instances(nesting: &mut [Nested], count: u32, of_components: bool) {
    if let Some(inner) = nesting.last_mut() {
        let each = if of_components { inner.heaviest.max(1) } else { 1 };
        inner.instances = inner.instances.saturating_add(each.saturating_mul(u64::from(count)));
    }
}

/// A text that a component brings along, as an error shows it: short, and without control characters.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::new();
    for (index, letter) in text.chars().enumerate() {
        if index == SHOWN_CHARACTERS_MAX {
            shown.push('…');
            break;
        }
        match letter {
            '\n' => shown.push(' '),
            letter if letter.is_control() => shown.extend(letter.escape_default()),
            letter => shown.push(letter),
        }
    }
    shown
}

/// Checks and compiles a component, or a core module that is a command of WASI 0.1, which becomes one.
///
/// # Errors
/// Says what is wrong with it.
pub fn compile(sandbox: &Sandbox, bytes: &[u8]) -> Result<Component, ComponentError> {
    check_form(bytes)?;
    let adapted;
    let bytes = match wasmparser::Parser::is_core_wasm(bytes) {
        true => {
            adapted = adapt::component_of_module(bytes)?;
            check_form(&adapted)?;
            adapted.as_slice()
        }
        false => bytes,
    };
    Component::new(&sandbox.engine, bytes).map_err(|error| ComponentError::Invalid(shown(&format!("{error:#}"))))
}

/// A component out of its compiled code. The engine checks that it fits its release and settings, nothing else, so `code` must be
/// what [`compile`] made, in this process, in a worker of it, or earlier and authenticated since.
///
/// # Errors
/// If the engine does not take it.
pub(crate) fn from_code(sandbox: &Sandbox, code: &[u8]) -> Result<Component, ComponentError> {
    // SAFETY: the bytes came out of `Component::serialize`, as the contract above asks. A worker whose compiler was taken over by what it
    // compiled can make false ones; they are run in workers alone, which are confined as that one was.
    #[expect(unsafe_code, reason = "loading compiled code is trusting it; the proof is above")]
    let component = unsafe { Component::deserialize(&sandbox.engine, code) };
    component.map_err(|error| ComponentError::Engine(shown(&format!("{error:#}"))))
}

/// How a component is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// By `train`, with its configuration.
    Train,
    /// As a command, by `run`.
    Run,
}

/// How a component is entered. One that could be either is called with its configuration.
///
/// # Errors
/// If it is neither.
pub(super) fn entry(sandbox: &Sandbox, component: &Component) -> Result<Entry, ComponentError> {
    let is_command = |(name, _): (&str, _)| unversioned(name) == RUN && is_version(name, WASI_VERSION);
    if exports(sandbox, component, TRAIN) {
        Ok(Entry::Train)
    } else if component.component_type().exports(&sandbox.engine).any(is_command) {
        Ok(Entry::Run)
    } else {
        Err(ComponentError::NotATrial { exports: shown_exports(sandbox, component) })
    }
}

/// Checks that a component is a trial or a command, and lists its imports.
///
/// # Errors
/// If it is neither, or imports what nobody offers.
pub fn check_world(sandbox: &Sandbox, component: &Component) -> Result<Vec<ImportStatus>, ComponentError> {
    entry(sandbox, component)?;
    imports(sandbox, component, &[])
}

/// Checks that a component is a searcher, and lists its imports.
///
/// # Errors
/// If it exports no `search`, or imports what nobody offers.
pub fn check_searcher_world(sandbox: &Sandbox, component: &Component) -> Result<Vec<ImportStatus>, ComponentError> {
    if !exports(sandbox, component, SEARCH) {
        return Err(ComponentError::NotASearcher { exports: shown_exports(sandbox, component) });
    }
    imports(sandbox, component, FOR_TRIALS)
}

/// Whether a component with these exports, as in [`ComponentError::NotATrial`], is a searcher.
#[must_use]
pub fn is_searcher(exports: &[String]) -> bool {
    exports.iter().any(|name| unversioned(name) == SEARCH)
}

/// Whether a component with these exports, as in [`ComponentError::NotASearcher`], is a trial.
#[must_use]
pub fn is_trial(exports: &[String]) -> bool {
    exports.iter().any(|name| unversioned(name) == TRAIN)
}

fn exports(sandbox: &Sandbox, component: &Component, interface: &str) -> bool {
    component.component_type().exports(&sandbox.engine).any(|(name, _)| unversioned(name) == interface)
}

fn shown_exports(sandbox: &Sandbox, component: &Component) -> Vec<String> {
    let component_type = component.component_type();
    let exports = component_type.exports(&sandbox.engine).take(SHOWN_EXPORTS_MAX);
    exports.map(|(name, _)| shown(name)).collect()
}

/// What a component imports; calling one of `refused` ends it.
fn imports(sandbox: &Sandbox, component: &Component, refused: &[&str]) -> Result<Vec<ImportStatus>, ComponentError> {
    component
        .component_type()
        .imports(&sandbox.engine)
        .map(|(name, item)| {
            let is_interface = matches!(item.ty, ComponentItem::ComponentInstance(_));
            let offer = match name {
                _ if !is_interface => return Err(ComponentError::Import(shown(name))),
                _ if refused.contains(&unversioned(name)) && is_offered(name) => Offer::Trapped,
                _ if is_offered(name) => Offer::Offered,
                other if unversioned(other) == unversioned(gpu::INTERFACE) => {
                    return Err(ComponentError::GpuVersion(shown(other)));
                }
                wasi if wasi.starts_with("wasi:") => Offer::Trapped,
                _ => return Err(ComponentError::Import(shown(name))),
            };
            Ok(ImportStatus { name: name.to_owned(), offer })
        })
        .collect()
}

/// Whether an import is that of a GPU.
#[must_use]
pub fn is_gpu(import: &str) -> bool {
    import == gpu::INTERFACE
}

/// Whether the interface of that name, in that version, works for a component.
pub(super) fn is_offered(name: &str) -> bool {
    let interface = unversioned(name);
    name == gpu::INTERFACE
        || (OWN_IMPORTS.contains(&interface) && is_version(name, OWN_VERSION))
        || (WASI_OFFERED.contains(&interface) && is_version(name, WASI_VERSION))
}

/// Whether a name is of a version that begins like this, and goes on with a number.
fn is_version(name: &str, beginning: &str) -> bool {
    let version = name.split_once('@').map_or("", |(_, version)| version);
    let patch = version.strip_prefix(beginning).unwrap_or("");
    !patch.is_empty() && patch.bytes().all(|byte| byte.is_ascii_digit())
}

fn unversioned(name: &str) -> &str {
    name.split_once('@').map_or(name, |(interface, _)| interface)
}

/// Binds a component's imports and asks for its description.
///
/// # Errors
/// Says what is wrong with it.
pub async fn inspect(
    sandbox: &Sandbox,
    component: &Component,
    id: ComponentId,
    limits: &crate::study::Limits,
) -> Result<(Program, Inspection), ComponentError> {
    let imports = check_world(sandbox, component)?;
    let program = Program::new(sandbox, component)?;
    let description = program.describe(limits).await?;
    Ok((program, Inspection { id, compiled_bytes: compiled_bytes(component), imports, description }))
}

/// Binds a searcher's imports.
///
/// # Errors
/// Says what is wrong with it.
pub fn inspect_searcher(
    sandbox: &Sandbox,
    component: &Component,
    id: ComponentId,
) -> Result<SearcherInspection, ComponentError> {
    let imports = check_searcher_world(sandbox, component)?;
    SearcherProgram::new(sandbox, component)?;
    Ok(SearcherInspection { id, compiled_bytes: compiled_bytes(component), imports })
}

fn compiled_bytes(component: &Component) -> u64 {
    let range = component.image_range();
    (range.end as usize - range.start as usize) as u64
}
