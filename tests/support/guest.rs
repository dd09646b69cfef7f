//! Trial components from text, with no toolchain: a template of a core module, and the few lines that a test is about.
//!
//! ```ignore
//! let mut guest = Guest::new();
//! let report = guest.report(&[("accuracy", Value::Real(0.5)), ("epoch", Value::Integer(1))]);
//! let component: Vec<u8> = guest.train(report).component();
//! ```
//!
//! A body is the inside of a function, in the text format; it may begin with `(local …)`. Functions of the host are called
//! by the short names of [`imports`](super::imports), and are imported if they are. The module has a memory, a
//! `cabi_realloc` that never frees, and the global `$heap`. The numbers of the canonical ABI's layouts are written out
//! here and nowhere else.

use std::fmt;

use trialbox::space::{Domain, Value};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, PackageId, Resolve, WorldId};

use super::imports::{IMPORTS, SEARCHER_WORLD, WORLD};

/// Where 960 bytes lie that a body may use as it likes, for results that a host function returns by pointer.
pub const SCRATCH: u32 = 64;
/// Where data is placed from.
const DATA: u32 = 1024;
/// Where a `result` lies that says that all is well.
const OK: u32 = 16;

const ATTRIBUTE_BYTES: u32 = 24;
const VALUE_BYTES: u32 = 16;
const PARAMETER_BYTES: u32 = 80;
const DESCRIPTION_BYTES: u32 = 48;

/// A trial component in the making.
#[derive(Clone)]
pub struct Guest {
    memory: Option<String>,
    imports: String,
    parts: String,
    data: Vec<u8>,
    describe: Option<String>,
    train: String,
    realloc: String,
    beside: Vec<Vec<u8>>,
}

/// Something that was placed in memory: where, and how much of it.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    /// Its address.
    pub pointer: u32,
    /// Its length, in bytes or in elements.
    pub length: u32,
}

/// As the two arguments of a call.
impl fmt::Display for Placed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "(i32.const {}) (i32.const {})", self.pointer, self.length)
    }
}

/// What a guest says of itself, well formed or not.
#[derive(Clone, Debug)]
pub struct Described {
    /// The parameters.
    pub parameters: Vec<Declared>,
    /// The attribute that is to be maximised.
    pub reward_attr: Option<String>,
    /// The attribute that counts the resource.
    pub time_attr: Option<String>,
    /// The most of it.
    pub max_t: Option<u64>,
}

/// A parameter as a guest declares it, well formed or not.
#[derive(Clone, Debug)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// Its domain.
    pub domain: Domain,
    /// Its default, if it declares one.
    pub default: Option<Value>,
    /// The choice, and the index in it, that it depends on.
    pub condition: Option<(String, u32)>,
}

impl Declared {
    /// A parameter that is always active and declares no default.
    #[must_use]
    pub fn new(name: &str, domain: Domain) -> Self {
        Self { name: name.into(), domain, default: None, condition: None }
    }

    /// The same with a condition.
    #[must_use]
    pub fn under(mut self, parameter: &str, choice: u32) -> Self {
        self.condition = Some((parameter.into(), choice));
        self
    }
}

/// One real parameter `x` from [0, 1], `accuracy` and `epoch`.
impl Default for Described {
    fn default() -> Self {
        let unit = trialbox::space::RealRange { lower: 0.0, upper: 1.0, log: false };
        Self {
            parameters: vec![Declared::new("x", Domain::Real(unit))],
            reward_attr: Some("accuracy".into()),
            time_attr: Some("epoch".into()),
            max_t: None,
        }
    }
}

/// A guest that makes one report and returns.
#[must_use]
pub fn empty_one_report() -> Vec<u8> {
    let mut guest = Guest::new();
    let report = guest.report(&[("accuracy", Value::Real(0.5)), ("epoch", Value::Integer(1))]);
    guest.train(report).component()
}

/// A guest that makes `count` reports and returns: `epoch` counts from 1, `accuracy` is the share of the reports made.
#[must_use]
pub fn reports(count: u32) -> Vec<u8> {
    let mut guest = Guest::new();
    let report = guest.attributes(&[("accuracy", Value::Real(0.0)), ("epoch", Value::Integer(0))]);
    let (accuracy, epoch) = (report.pointer + 16, report.pointer + ATTRIBUTE_BYTES + 16);
    guest
        .train(format!(
            "(local $epoch i32)
             (block $done (loop $next
               (br_if $done (i32.ge_u (local.get $epoch) (i32.const {count})))
               (local.set $epoch (i32.add (local.get $epoch) (i32.const 1)))
               (i64.store (i32.const {epoch}) (i64.extend_i32_u (local.get $epoch)))
               (f64.store (i32.const {accuracy})
                 (f64.div (f64.convert_i32_u (local.get $epoch)) (f64.const {count})))
               (call $report {report})
               (br $next)))"
        ))
        .component()
}

impl Default for Guest {
    fn default() -> Self {
        Self::new()
    }
}

impl Guest {
    /// A guest that returns at once.
    #[must_use]
    pub fn new() -> Self {
        Self {
            memory: None,
            imports: String::new(),
            parts: String::new(),
            data: Vec::new(),
            describe: None,
            train: String::new(),
            realloc: REALLOC.into(),
            beside: Vec::new(),
        }
    }

    /// Sets what `train` does. It gets `$config` and `$config_length` (i32), and `$seed` (i64), and leaves nothing; then it
    /// returns success.
    #[must_use]
    pub fn train(mut self, body: impl Into<String>) -> Self {
        self.train = body.into();
        self
    }

    /// Sets what `describe` does: it leaves the address of the description.
    #[must_use]
    pub fn describe(mut self, body: impl Into<String>) -> Self {
        self.describe = Some(body.into());
        self
    }

    /// Sets what `describe` returns.
    #[must_use]
    pub fn described(mut self, described: &Described) -> Self {
        let address = self.description(described);
        self.describe(format!("(i32.const {address})"))
    }

    /// Adds fields to the module: functions, globals, tables, a start.
    #[must_use]
    pub fn part(mut self, text: &str) -> Self {
        self.parts.push_str(text);
        self.parts.push('\n');
        self
    }

    /// Adds an import that has no short name.
    #[must_use]
    pub fn import(mut self, text: &str) -> Self {
        self.imports.push_str(text);
        self
    }

    /// Replaces the declaration of the memory, which must export it as `memory`.
    #[must_use]
    pub fn memory(mut self, declaration: &str) -> Self {
        self.memory = Some(declaration.into());
        self
    }

    /// Replaces what `cabi_realloc` does. It gets `$old`, `$old_size`, `$align` and `$size`, and leaves an address.
    #[must_use]
    pub fn realloc(mut self, body: &str) -> Self {
        self.realloc = body.into();
        self
    }

    /// Adds a component that is instantiated, without imports, after the guest's own module.
    #[must_use]
    pub fn beside(mut self, component: &str) -> Self {
        self.beside.push(wat::parse_str(component).expect("the component beside is well formed"));
        self
    }

    /// Places bytes in memory, on an address that is a multiple of 8.
    pub fn place(&mut self, bytes: &[u8]) -> Placed {
        let length = bytes.len();
        self.data.resize(self.data.len().next_multiple_of(8), 0);
        let pointer = DATA + length_of(&self.data);
        self.data.extend_from_slice(bytes);
        Placed { pointer, length: u32::try_from(length).expect("data is small") }
    }

    /// Places a text.
    pub fn text(&mut self, text: &str) -> Placed {
        self.place(text.as_bytes())
    }

    /// Places a list of attributes.
    pub fn attributes(&mut self, attributes: &[(&str, Value)]) -> Placed {
        let mut list = Vec::new();
        for (name, value) in attributes {
            let name = self.text(name);
            put_pair(&mut list, name);
            let value = self.value(value);
            list.extend_from_slice(&value);
        }
        let Placed { pointer, length } = self.place(&list);
        assert_eq!(length, ATTRIBUTE_BYTES * u32::try_from(attributes.len()).unwrap());
        Placed { pointer, length: length / ATTRIBUTE_BYTES }
    }

    /// A call of `report` with these attributes.
    pub fn report(&mut self, attributes: &[(&str, Value)]) -> String {
        format!("(call $report {})", self.attributes(attributes))
    }

    /// A call of `log.write` with this text.
    pub fn log(&mut self, text: &str) -> String {
        format!("(call $log {})", self.text(text))
    }

    /// A return of `train` with an error of this text.
    pub fn failure(&mut self, text: &str) -> String {
        let text = self.text(text);
        self.failure_at(text)
    }

    /// A return of `train` with an error whose text lies there, or is said to.
    pub fn failure_at(&mut self, text: Placed) -> String {
        let mut result = 1_u32.to_le_bytes().to_vec();
        put_pair(&mut result, text);
        format!("(return (i32.const {}))", self.place(&result).pointer)
    }

    /// Places a description.
    pub fn description(&mut self, described: &Described) -> u32 {
        let mut parameters = Vec::new();
        for parameter in &described.parameters {
            let bytes = self.parameter(parameter);
            parameters.extend_from_slice(&bytes);
        }
        let mut parameters = self.place(&parameters);
        parameters.length /= PARAMETER_BYTES;
        let mut bytes = Vec::new();
        put_pair(&mut bytes, parameters);
        for name in [&described.reward_attr, &described.time_attr] {
            let name = name.as_ref().map(|name| self.text(name));
            put_u32(&mut bytes, u32::from(name.is_some()));
            put_pair(&mut bytes, name.unwrap_or(Placed { pointer: 0, length: 0 }));
        }
        bytes.extend_from_slice(&u64::from(described.max_t.is_some()).to_le_bytes());
        bytes.extend_from_slice(&described.max_t.unwrap_or(0).to_le_bytes());
        assert_eq!(length_of(&bytes), DESCRIPTION_BYTES);
        self.place(&bytes).pointer
    }

    /// The module's text.
    #[must_use]
    pub fn module(&self) -> String {
        let mut guest = self.clone();
        let describe = match guest.describe.take() {
            Some(body) => body,
            None => format!("(i32.const {})", guest.description(&Described::default())),
        };
        let train = &guest.train;
        guest.module_of(&format!(
            "(func (export \"trialbox:trial/train@0.1.0#describe\") (result i32)
               {describe})
             (func (export \"trialbox:trial/train@0.1.0#train\")
               (param $config i32) (param $config_length i32) (param $seed i64) (result i32)
               {train}
               (i32.const {OK}))"
        ))
    }

    /// The text of the module with these functions.
    fn module_of(&self, functions: &str) -> String {
        let guest = self;
        let (parts, realloc) = (&guest.parts, &guest.realloc);
        let bodies = [parts.as_str(), functions, realloc].join("\n");
        let words: std::collections::BTreeSet<&str> =
            bodies.split(|letter: char| letter.is_whitespace() || "()\"".contains(letter)).collect();
        let imports: String =
            IMPORTS.iter().filter(|import| words.contains(import.name)).map(super::imports::Import::text).collect();
        let others = &guest.imports;
        let heap = (DATA + length_of(&guest.data)).next_multiple_of(16);
        // Two pages, or as many as the data takes and one more.
        let memory =
            guest.memory.clone().unwrap_or_else(|| format!("(memory (export \"memory\") {})", heap / 65_536 + 2));
        let data: String = guest.data.iter().map(|byte| format!("\\{byte:02x}")).collect();
        format!(
            "(module
             {imports} {others}
             {memory}
             (global $heap (mut i32) (i32.const {heap}))
             (data (i32.const {DATA}) \"{data}\")
             {parts}
             (func $realloc (export \"cabi_realloc\")
               (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
               {realloc})
             {functions})"
        )
    }

    /// The component.
    #[must_use]
    pub fn component(&self) -> Vec<u8> {
        self.component_of_world(include_str!("../../wit/trial.wit"), WORLD)
    }

    /// The component of a command, which may import what trials may. The body gets nothing, and leaves nothing; then it returns success.
    #[must_use]
    pub fn command(&self, body: &str) -> Vec<u8> {
        let text = self.module_of(&format!(
            "(func (export \"wasi:cli/run@0.2.3#run\") (result i32)
               {body}
               (i32.const 0))"
        ));
        let module = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let command = "import trialbox:trial/report@0.1.0;\nexport wasi:cli/run@0.2.3;";
        let world = WORLD.replace("include trialbox:trial/trial@0.1.0;", command);
        let (resolve, world) = resolved(include_str!("../../wit/trial.wit"), &world);
        encoded(module, &resolve, world)
    }

    /// The component, of another world than the guests' own.
    #[must_use]
    pub fn component_of_world(&self, trial: &str, world: &str) -> Vec<u8> {
        let text = self.module();
        let module = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let (resolve, world) = resolved(trial, world);
        let mut component = encoded(module, &resolve, world);
        for beside in &self.beside {
            append_component(&mut component, beside);
        }
        component
    }

    /// The component of a searcher. `begin` leaves nothing and then succeeds, `suggest` gets `$trial` (i64) and leaves the address
    /// of its answer, `observe` gets `$trial`, and `$kind` (i32) which says what is told, and leaves nothing.
    #[must_use]
    pub fn searcher(&self, begin: &str, suggest: &str, observe: &str) -> Vec<u8> {
        let text = self.module_of(&format!(
            "(func (export \"trialbox:trial/search@0.1.0#begin\")
               (param $parameters i32) (param i32) (param $seed i64) (param $options i32) (param i32) (result i32)
               {begin}
               (i32.const {OK}))
             (func (export \"trialbox:trial/search@0.1.0#suggest\") (param $trial i64) (result i32)
               {suggest})
             (func (export \"trialbox:trial/search@0.1.0#observe\")
               (param $trial i64) (param $kind i32) (param i64 i64 f64 i32 f64)
               {observe})"
        ));
        let module = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let (trial, searcher) = (include_str!("../../wit/trial.wit"), include_str!("../../wit/searcher.wit"));
        let searcher = searcher.strip_prefix("package trialbox:trial@0.1.0;").expect("it is of the same package");
        let (resolve, world) = resolved(&format!("{trial}{searcher}"), SEARCHER_WORLD);
        encoded(module, &resolve, world)
    }

    /// Places what `suggest` answers: a configuration.
    pub fn suggestion(&mut self, config: &[(&str, Value)]) -> u32 {
        let list = self.attributes(config);
        self.suggestion_at(list)
    }

    /// Places what `suggest` answers: a configuration that lies there, or is said to.
    pub fn suggestion_at(&mut self, list: Placed) -> u32 {
        let mut bytes = 1_u32.to_le_bytes().to_vec();
        put_pair(&mut bytes, list);
        self.place(&bytes).pointer
    }

    fn parameter(&mut self, parameter: &Declared) -> Vec<u8> {
        let mut bytes = Vec::new();
        let name = self.text(&parameter.name);
        put_pair(&mut bytes, name);
        let (case, mut payload) = match &parameter.domain {
            Domain::Real(range) => (
                0_u64,
                [range.lower.to_le_bytes(), range.upper.to_le_bytes(), u64::from(range.log).to_le_bytes()].concat(),
            ),
            Domain::Integer(range) => {
                (1, [range.lower.to_le_bytes(), range.upper.to_le_bytes(), u64::from(range.log).to_le_bytes()].concat())
            }
            Domain::Boolean => (2, Vec::new()),
            Domain::Choice(values) => {
                let list: Vec<u8> = values.iter().flat_map(|value| self.value(value)).collect();
                let mut list = self.place(&list);
                list.length /= VALUE_BYTES;
                let mut payload = Vec::new();
                put_pair(&mut payload, list);
                (3, payload)
            }
            Domain::Constant(value) => (4, self.value(value).to_vec()),
        };
        payload.resize(24, 0);
        bytes.extend_from_slice(&case.to_le_bytes());
        bytes.extend_from_slice(&payload);
        bytes.extend_from_slice(&u64::from(parameter.default.is_some()).to_le_bytes());
        let default = self.value(parameter.default.as_ref().unwrap_or(&Value::Boolean(false)));
        bytes.extend_from_slice(&default);
        let condition = parameter.condition.as_ref().map(|(name, choice)| (self.text(name), *choice));
        put_u32(&mut bytes, u32::from(condition.is_some()));
        let (name, choice) = condition.unwrap_or((Placed { pointer: 0, length: 0 }, 0));
        put_pair(&mut bytes, name);
        put_u32(&mut bytes, choice);
        assert_eq!(length_of(&bytes), PARAMETER_BYTES);
        bytes
    }

    fn value(&mut self, value: &Value) -> [u8; 16] {
        let (case, payload) = match value {
            Value::Real(real) => (0_u64, real.to_le_bytes()),
            Value::Integer(integer) => (1, integer.to_le_bytes()),
            Value::Boolean(boolean) => (2, u64::from(*boolean).to_le_bytes()),
            Value::Text(text) => {
                let Placed { pointer, length } = self.text(text);
                (3, (u64::from(pointer) | u64::from(length) << 32).to_le_bytes())
            }
        };
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&case.to_le_bytes());
        bytes[8..].copy_from_slice(&payload);
        bytes
    }
}

/// A component of any world, whose functions have the right types and only trap.
#[must_use]
pub fn trapping_component_of_world(trial: &str, world: &str) -> Vec<u8> {
    let (resolve, world) = resolved(trial, world);
    let module = wit_component::dummy_module(&resolve, world, ManglingAndAbi::Legacy(LiftLowerAbi::Sync));
    encoded(module, &resolve, world)
}

fn resolved(trial: &str, world: &str) -> (Resolve, WorldId) {
    let mut resolve = Resolve::default();
    let mut push = |name: &str, text: &str| -> PackageId {
        resolve.push_str(name, text).unwrap_or_else(|error| panic!("{error:#}\n{text}"))
    };
    push("trial.wit", trial);
    let package = push("guest.wit", world);
    let world = resolve.select_world(&[package], Some("guest")).expect("the world is there");
    (resolve, world)
}

fn encoded(mut module: Vec<u8>, resolve: &Resolve, world: WorldId) -> Vec<u8> {
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8).expect("the world can be embedded");
    let encoder = ComponentEncoder::default().validate(false).module(&module);
    encoder.and_then(|mut encoder| encoder.encode()).unwrap_or_else(|error| panic!("{error:#}"))
}

/// Gives out memory upwards and never takes it back; grows the memory when it must.
const REALLOC: &str = "
    (local $address i32) (local $end i32)
    (local.set $address (i32.and (i32.add (global.get $heap) (i32.sub (local.get $align) (i32.const 1)))
                                 (i32.sub (i32.const 0) (local.get $align))))
    (local.set $end (i32.add (local.get $address) (local.get $size)))
    (if (i32.gt_u (local.get $end) (i32.mul (memory.size) (i32.const 65536)))
      (then (drop (memory.grow (i32.add (i32.shr_u (i32.sub (local.get $end)
                                                             (i32.mul (memory.size) (i32.const 65536)))
                                                    (i32.const 16))
                                        (i32.const 1))))))
    (global.set $heap (local.get $end))
    (memory.copy (local.get $address) (local.get $old) (local.get $old_size))
    (local.get $address)";

fn length_of(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("a guest's data is small")
}

fn put_u32(bytes: &mut Vec<u8>, number: u32) {
    bytes.extend_from_slice(&number.to_le_bytes());
}

fn put_pair(bytes: &mut Vec<u8>, placed: Placed) {
    put_u32(bytes, placed.pointer);
    put_u32(bytes, placed.length);
}

/// Appends a section that holds a component, and one that makes an instance of it.
fn append_component(component: &mut Vec<u8>, beside: &[u8]) {
    use wasmparser::{ComponentExternalKind, Parser, Payload};
    let (mut depth, mut index) = (0_u32, 0_u32);
    for payload in Parser::new(0).parse_all(component) {
        match payload.expect("the component is well formed") {
            Payload::ComponentSection { .. } => {
                index += u32::from(depth == 0);
                depth += 1;
            }
            Payload::ModuleSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            // An export gives what it exports a second index.
            Payload::ComponentExportSection(exports) if depth == 0 => {
                let exported = |kind: ComponentExternalKind| u32::from(kind == ComponentExternalKind::Component);
                index += exports.into_iter().map(|export| exported(export.unwrap().kind)).sum::<u32>();
            }
            _ => {}
        }
    }
    section(component, 4, beside);
    let mut instance = vec![1, 0];
    leb128(&mut instance, index);
    instance.push(0);
    section(component, 5, &instance);
}

fn section(component: &mut Vec<u8>, id: u8, content: &[u8]) {
    component.push(id);
    leb128(component, length_of(content));
    component.extend_from_slice(content);
}

fn leb128(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 128 {
        bytes.push((number as u8 & 127) | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
}
