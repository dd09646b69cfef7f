//! Files that are no components, components that are no trials, and components that were tampered with.

use trialbox::numeric::digest::Digest;
use trialbox::numeric::random::{Purpose, Stream};
use trialbox::sandbox::component::{self, COMPONENT_BYTES_MAX, ComponentError, Offer};
use trialbox::study::Outcome;

use super::support::guest::{Guest, empty_one_report, reports, trapping_component_of_world};
use super::support::imports::WORLD;
use super::support::run::{SANDBOX, Setting, describe, run, run_program, run_to_end, try_program};

const TRIAL: &str = include_str!("../../wit/trial.wit");

fn refusal(bytes: &[u8]) -> ComponentError {
    match try_program(bytes) {
        Err(error) => error,
        Ok(_) => panic!("the component was accepted"),
    }
}

#[test]
fn what_is_no_component_is_refused_by_name() {
    let not_a_component = |bytes: &[u8]| match refusal(bytes) {
        ComponentError::NotAComponent { what } => what,
        other => panic!("{other}"),
    };
    assert_eq!(not_a_component(b""), "an empty file");
    assert!(matches!(refusal(&wat::parse_str("(module)").unwrap()), ComponentError::NotACommand { .. }));
    for bytes in [&b"\0"[..], b"\0asm", b"\x7fELF\x02\x01\x01", b"(component)", b"#!/bin/sh\n", &[0xff; 1_000]] {
        assert_eq!(not_a_component(bytes), "some other kind of file", "{bytes:?}");
    }
    let newer = [&b"\0asm"[..], &[0x0e, 0, 1, 0]].concat();
    assert!(try_program(&newer).is_err());
}

#[test]
fn a_component_that_is_cut_off_anywhere_is_refused_or_does_what_the_whole_does() {
    let whole = empty_one_report();
    let ran = run_program(&try_program(&whole).unwrap(), &Setting::default());
    // A cut between sections leaves a component that is well formed. It is no trial, unless it lacks only what is for people.
    let taken: Vec<usize> = (0..whole.len())
        .filter(|&length| {
            let program = try_program(&whole[..length]);
            program.inspect(|program| assert_eq!(run_program(program, &Setting::default()), ran, "{length}")).is_ok()
        })
        .collect();
    assert!(taken.len() <= 2, "{taken:?} of {}", whole.len());
}

#[test]
fn a_component_with_something_after_its_end_is_refused() {
    let whole = empty_one_report();
    for tail in [&b"\0"[..], b"\xff\xff\xff\xff", b"\0asm\x01\0\0\0"] {
        assert!(try_program(&[&whole, tail].concat()).is_err(), "{tail:?}");
    }
}

#[test]
fn a_file_that_is_too_large_is_not_even_looked_at() {
    let bytes = vec![0; usize::try_from(COMPONENT_BYTES_MAX).unwrap() + 1];
    assert_eq!(refusal(&bytes), ComponentError::TooLarge { bytes: COMPONENT_BYTES_MAX + 1 });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.wasm");
    std::fs::File::create(&path).unwrap().set_len(COMPONENT_BYTES_MAX * 4).unwrap();
    assert_eq!(component::read(&path), Err(ComponentError::TooLarge { bytes: COMPONENT_BYTES_MAX + 1 }));
    assert!(matches!(component::read(folder.path()), Err(ComponentError::Read { .. })));
    assert!(matches!(component::read(&folder.path().join("none")), Err(ComponentError::Read { .. })));
}

/// What became of a component that was tampered with.
#[derive(Debug, Default)]
struct Tampered {
    refused: u32,
    failed: u32,
    ran: u32,
}

impl Tampered {
    /// Runs it if it is taken, to an end, however that is.
    fn try_one(&mut self, bytes: &[u8]) {
        let Ok(program) = try_program(bytes) else {
            self.refused += 1;
            return;
        };
        let setting = Setting::default();
        match run_to_end(program.describe(&setting.limits)) {
            Ok(_) => self.ran += 1,
            Err(_) => self.failed += 1,
        }
        let _ = run_program(&program, &setting);
    }

    /// The seed is such that there is some of everything.
    fn check(&self) {
        assert!(self.refused > 30 && self.failed > 0 && self.ran > 30, "{self:?}");
    }
}

#[test]
fn whatever_byte_is_changed_the_host_goes_on() {
    let whole = reports(2);
    let mut stream = Stream::new(trialbox::numeric::amount::Seed(11), Purpose::Guest, 0, 0);
    let mut tampered = Tampered::default();
    for _ in 0..300 {
        let mut bytes = whole.clone();
        let place = usize::try_from(stream.next_u64() % whole.len() as u64).unwrap();
        bytes[place] ^= u8::try_from(stream.next_u64() % 255 + 1).unwrap();
        tampered.try_one(&bytes);
    }
    tampered.check();
}

#[test]
fn whatever_bits_are_flipped_the_host_goes_on() {
    let whole = reports(2);
    let bits = whole.len() as u64 * 8;
    let mut stream = Stream::new(trialbox::numeric::amount::Seed(12), Purpose::Guest, 0, 0);
    let mut tampered = Tampered::default();
    for index in 0..3_000 {
        let mut bytes = whole.clone();
        // One at first, and then up to four.
        for _ in 0..=index / 1_500 * (stream.next_u64() % 4) {
            let bit = stream.next_u64() % bits;
            bytes[usize::try_from(bit / 8).unwrap()] ^= 1 << (bit % 8);
        }
        tampered.try_one(&bytes);
    }
    tampered.check();
}

#[test]
fn components_nested_too_deep_are_refused() {
    let nested = |depth: usize| format!("{}{}", "(component ".repeat(depth), ")".repeat(depth));
    assert_eq!(run(&Guest::new().beside(&nested(10)).component()).outcome, Outcome::Completed);
    for depth in [17, 100] {
        let error = refusal(&Guest::new().beside(&nested(depth)).component());
        assert!(matches!(&error, ComponentError::Invalid(message) if message.contains("deeper")), "{error}");
    }
}

#[test]
fn components_that_multiply_are_refused_before_they_are_compiled() {
    // Each makes two instances of the one before: a kilobyte of text, and 2^40 instances.
    let mut text =
        String::from("(component (core module $m) (component $c0 (core module $m) (core instance (instantiate $m)))");
    for index in 1..=40 {
        let before = index - 1;
        text +=
            &format!("(component $c{index} (instance (instantiate $c{before})) (instance (instantiate $c{before})))");
    }
    text += "(instance (instantiate $c40)))";
    let error = refusal(&Guest::new().beside(&text).component());
    assert!(matches!(&error, ComponentError::Invalid(message) if message.contains("instances")), "{error}");
}

#[test]
fn many_instances_side_by_side_are_no_reason_to_refuse() {
    let shared = "(component (core module $m) (component $c (core module $m) (core instance (instantiate $m)))";
    let text = format!("{shared}{})", "(instance (instantiate $c))".repeat(20));
    assert_eq!(run(&Guest::new().beside(&text).component()).outcome, Outcome::Completed);
}

#[test]
fn a_component_that_exports_no_train_is_no_trial() {
    let bytes = wat::parse_str("(component (core module $m (func (export \"f\"))) (core instance $i (instantiate $m)) (func (export \"train\") (canon lift (core func $i \"f\"))))").unwrap();
    assert_eq!(refusal(&bytes), ComponentError::NotATrial { exports: vec!["train".into()] });
    assert_eq!(refusal(&wat::parse_str("(component)").unwrap()), ComponentError::NotATrial { exports: vec![] });
}

#[test]
fn an_error_does_not_repeat_all_of_ten_thousand_exports() {
    let exports: String = (0..10_000).map(|index| format!("(export \"e{index}\" (type $t))")).collect();
    let error = refusal(&wat::parse_str(format!("(component (type $t u8) {exports})")).unwrap());
    let ComponentError::NotATrial { exports } = error else { panic!("{error}") };
    assert!(exports.len() <= 100, "{}", exports.len());
}

#[test]
fn a_train_of_another_type_is_refused() {
    for (from, to) in [
        ("train: func(arguments: arguments) -> result<_, string>", "train: func() -> result<_, string>"),
        ("train: func(arguments: arguments) -> result<_, string>", "train: func(arguments: arguments)"),
        ("seed: u64,", "seed: s64,"),
        ("integer(s64),", "integer(s32),"),
        ("max-t: option<u64>,", "max-t: option<u64>, more: u64,"),
    ] {
        let world = TRIAL.replace(from, to);
        assert_ne!(world, TRIAL);
        let bytes = trapping_component_of_world(&world, WORLD);
        assert!(matches!(refusal(&bytes), ComponentError::World(_)), "{to}: {}", refusal(&bytes));
    }
}

#[test]
fn a_train_of_another_version_is_refused() {
    for version in ["0.2.0", "1.0.0", "0.1.0-alpha"] {
        let (trial, world) = versioned(version);
        let error = refusal(&trapping_component_of_world(&trial, &world));
        assert!(matches!(error, ComponentError::World(_) | ComponentError::Import(_)), "{version}: {error}");
    }
}

#[test]
fn imports_of_another_version_are_refused() {
    // Of 0.1.0 but for what it imports.
    let mut guest = Guest::new();
    let report = guest.report(&[]);
    let bytes = guest.train(report).component();
    let changed = replace(&bytes, b"trialbox:trial/report@0.1.0", b"trialbox:trial/report@0.9.0");
    let error = refusal(&changed);
    assert!(matches!(&error, ComponentError::Import(name) if name == "trialbox:trial/report@0.9.0"), "{error}");
}

#[test]
fn imports_that_nobody_offers_are_refused() {
    for import in
        ["acme:mining/pool@1.0.0", "trialbox:other/report@0.1.0", "wasix:x/y@0.1.0", "trialbox:trial-x/log@0.1.0"]
    {
        let error = refusal(&importing(import));
        assert!(matches!(&error, ComponentError::Import(name) if name == import), "{import}: {error}");
    }
    let secrets = format!("{TRIAL} interface secrets {{ f: func(); }}");
    let guest = Guest::new().import("(import \"trialbox:trial/secrets@0.1.0\" \"f\" (func))");
    let world = "package trialbox:guest; world guest { include trialbox:trial/trial@0.1.0; import trialbox:trial/secrets@0.1.0; }";
    let error = refusal(&guest.component_of_world(&secrets, world));
    assert!(matches!(&error, ComponentError::Import(name) if name == "trialbox:trial/secrets@0.1.0"), "{error}");
    let guest = Guest::new().import("(import \"$root\" \"run\" (func))");
    let world = "package trialbox:guest; world guest { include trialbox:trial/trial@0.1.0; import run: func(); }";
    let error = refusal(&guest.component_of_world(TRIAL, world));
    assert!(matches!(&error, ComponentError::Import(name) if name == "run"), "{error}");
}

#[test]
fn an_import_that_is_offered_with_another_type_is_refused() {
    let trial = TRIAL.replace("write: func(text: string);", "write: func(text: u32);");
    let guest = Guest::new().import("(import \"trialbox:trial/log@0.1.0\" \"write\" (func (param i32)))");
    assert!(matches!(refusal(&guest.component_of_world(&trial, WORLD)), ComponentError::World(_)));
}

#[test]
fn what_is_offered_of_the_imports_is_told_as_it_is() {
    let offers = [
        ("wasi:cli/stdout@0.2.0", Offer::Offered),
        ("wasi:io/poll@0.2.6", Offer::Offered),
        ("wasi:io/poll@0.3.0", Offer::Trapped),
        ("wasi:cli/run@0.2.0", Offer::Trapped),
        ("wasi:cli/stdout@0.3.0", Offer::Trapped),
        ("wasi:clocks/timezone@0.2.0", Offer::Trapped),
        ("wasi:sockets/tcp@0.2.0", Offer::Offered),
        ("wasi:sockets/tcp@0.2.0-rc1", Offer::Trapped),
        ("wasi:http/types@0.2.0", Offer::Trapped),
    ];
    for (name, offer) in offers {
        let bytes = importing(name);
        let component = component::compile(&SANDBOX, &bytes).unwrap();
        let imports = component::check_world(&SANDBOX, &component).unwrap();
        assert_eq!((imports[0].name.as_str(), imports[0].offer), (name, offer));
    }
}

#[test]
fn a_module_that_uses_what_is_switched_off_is_refused() {
    for module in [
        "(module (memory 1 1 shared))",
        "(module (memory i64 1))",
        "(module (tag $t) (func (throw $t)))",
        "(module (type (struct)))",
        "(module (func (result v128) (i8x16.relaxed_swizzle (v128.const i64x2 0 0) (v128.const i64x2 0 0))))",
        "(module (memory 1 (pagesize 1)))",
        "(module (func (param i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 0))))",
        "(module (func (atomic.fence)))",
    ] {
        let text = format!("(component (core {})", &module[1..]);
        let bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(matches!(refusal(&bytes), ComponentError::Invalid(_)), "{module}");
    }
}

#[test]
fn a_trial_sees_the_arguments_that_it_was_given() {
    let mut guest = Guest::new();
    let list = guest.attributes(&[("seed", 0_i64.into()), ("x", 0.0.into()), ("parameters", 0_i64.into())]);
    let at = |index: u32| list.pointer + 24 * index + 16;
    let body = format!(
        "(i64.store (i32.const {}) (local.get $seed))
         (f64.store (i32.const {}) (f64.load offset=16 (local.get $config)))
         (i64.store (i32.const {}) (i64.extend_i32_u (local.get $config_length)))
         (call $report {list})",
        at(0),
        at(1),
        at(2)
    );
    let ran = run(&guest.train(body).component());
    let values = ran.reports[0].1.attributes.iter().map(|attribute| attribute.value.clone());
    assert_eq!(values.collect::<Vec<_>>(), [7_i64.into(), 0.25.into(), 1_i64.into()]);
}

#[test]
fn an_inspection_tells_what_a_component_is() {
    let bytes = empty_one_report();
    let component = component::compile(&SANDBOX, &bytes).unwrap();
    let id = trialbox::study::ComponentId { digest: Digest::of(&bytes), bytes: bytes.len() as u64 };
    let limits = Setting::default().limits;
    let (_, inspection) = run_to_end(component::inspect(&SANDBOX, &component, id, &limits)).unwrap();
    assert_eq!(inspection.imports.len(), 2, "{:?}", inspection.imports);
    assert!(inspection.imports.iter().all(|import| import.offer == Offer::Offered));
    assert!(inspection.compiled_bytes > 0);
    assert_eq!(inspection.description, Some(describe(&bytes).unwrap()));
}

#[test]
fn an_import_that_an_offered_interface_does_not_have_is_refused() {
    let trial = TRIAL.replace("write: func(text: string);", "write: func(text: string); erase: func();");
    let part = "(import \"trialbox:trial/log@0.1.0\" \"erase\" (func $erase))";
    let guest = Guest::new().import(part).train("(call $erase)");
    let error = refusal(&guest.component_of_world(&trial, WORLD));
    assert!(matches!(&error, ComponentError::World(message) if message.contains("erase")), "{error}");
}

fn versioned(version: &str) -> (String, String) {
    let change = |text: &str| {
        text.replace("trialbox:trial@0.1.0", &format!("trialbox:trial@{version}"))
            .replace("trialbox:trial/trial@0.1.0", &format!("trialbox:trial/trial@{version}"))
    };
    (change(TRIAL), change(WORLD))
}

/// A trial that imports a function from an interface of that name, and does not call it.
fn importing(name: &str) -> Vec<u8> {
    let (path, version) = name.split_once('@').unwrap();
    let (package, interface) = path.split_once('/').unwrap();
    let world = format!(
        "package trialbox:guest;
         world guest {{ include trialbox:trial/trial@0.1.0; import {name}; }}
         package {package}@{version} {{ interface {interface} {{ f: func(); }} }}"
    );
    Guest::new().import(&format!("(import \"{name}\" \"f\" (func))")).component_of_world(TRIAL, &world)
}

/// All of `from` in the bytes as `to`, which is as long.
fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let places: Vec<usize> = (0..bytes.len() - from.len()).filter(|&at| bytes[at..].starts_with(from)).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}
