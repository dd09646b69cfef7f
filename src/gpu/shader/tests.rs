//! Shaders as they are written in earnest pass and cost what they cost; those of an attacker are refused, quickly and in words.
//!
//! Each check runs on a thread with [`STACK_BYTES`] of stack, as the worker's does. A stack that ends would end the test run.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::error::Excess;
use super::limits::{CONSTANT_BYTES_MAX, INVOCATION_BYTES_MAX};
use super::summary::{NESTING_MAX, VARIABLE_BYTES_MAX};
use super::text::{BRACKETS_MAX, DECLARATIONS_MAX, EXPRESSION_TOKENS_MAX};
use super::*;
use crate::study::GpuLimits;

const CAPS: Caps = Caps {
    workgroup_bytes_max: 16 << 10,
    invocations_max: 256,
    workgroup_size_max: [256, 256, 64],
    shader_f16: false,
    subgroups: false,
};

fn on_the_workers_stack<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(std::env::var("STACK").map_or(STACK_BYTES, |s| s.parse::<usize>().unwrap() << 20)).spawn_scoped(scope, run).unwrap();
        thread.join().unwrap()
    })
}

fn check_with(source: &str, limits: &GpuLimits, caps: &Caps) -> Result<Shader, ShaderError> {
    on_the_workers_stack(|| check(source, limits, caps))
}

fn checked(source: &str) -> Result<Shader, ShaderError> {
    check_with(source, &GpuLimits::default(), &CAPS)
}

fn passed(source: &str) -> Shader {
    checked(source).unwrap_or_else(|error| panic!("{error}\n{}", source.get(..2_000).unwrap_or(source)))
}

fn entry(shader: &Shader, constants: &[(&str, f64)]) -> Result<EntryPoint, ShaderError> {
    let constants = constants.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    on_the_workers_stack(|| shader.entry_point(None, &constants))
}

fn cost(source: &str) -> EntryPoint {
    entry(&passed(source), &[]).unwrap()
}

/// What there is too much of in a source.
fn excess(source: &str) -> Excess {
    match checked(source) {
        Err(ShaderError::TooMuch { excess, .. }) => excess,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it passed: {}", source.get(..2_000).unwrap_or(source)),
    }
}

fn refusal(source: &str) -> String {
    checked(source).map(|_| ()).unwrap_err().to_string()
}

/// A kernel that does this with the buffer `x`.
fn kernel(body: &str) -> String {
    format!(
        "@group(0) @binding(0) var<storage, read_write> x: array<f32>;\n\
         @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {{\n    let i = id.x;\n{body}\n}}\n"
    )
}

const MATMUL: &str = "
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;
override size: u32 = 256u;
const TILE = 16u;
var<workgroup> left: array<array<f32, TILE>, TILE>;
var<workgroup> right: array<array<f32, TILE>, TILE>;
@compute @workgroup_size(TILE, TILE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    var sum = 0.0;
    for (var start = 0u; start < size; start += TILE) {
        left[local.y][local.x] = a[id.y * size + start + local.x];
        right[local.y][local.x] = b[(start + local.y) * size + id.x];
        workgroupBarrier();
        for (var k = 0u; k < TILE; k++) {
            sum += left[local.y][k] * right[k][local.x];
        }
        workgroupBarrier();
    }
    c[id.y * size + id.x] = sum;
}";

const REDUCTION: &str = "
@group(0) @binding(0) var<storage, read> values: array<f32>;
@group(0) @binding(1) var<storage, read_write> sums: array<f32>;
var<workgroup> partial: array<f32, 256>;
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32,
        @builtin(workgroup_id) group: vec3<u32>) {
    partial[local] = select(0.0, values[id.x], id.x < arrayLength(&values));
    workgroupBarrier();
    for (var stride = 128u; stride > 0u; stride >>= 1u) {
        if (local < stride) { partial[local] += partial[local + stride]; }
        workgroupBarrier();
    }
    if (local == 0u) { sums[group.x] = partial[0]; }
}";

const MLP: &str = "
struct Params { batch: u32, inputs: u32, outputs: u32, rate: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> inputs: array<f32>;
@group(0) @binding(2) var<storage, read_write> weights: array<f32>;
@group(0) @binding(3) var<storage, read> gradients: array<f32>;
fn relu(x: f32) -> f32 { return max(x, 0.0); }
@compute @workgroup_size(8, 8)
fn step(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= params.outputs || id.y >= params.inputs) { return; }
    var gradient = 0.0;
    for (var row = 0u; row < params.batch; row++) {
        gradient = fma(relu(inputs[row * params.inputs + id.y]), gradients[row * params.outputs + id.x], gradient);
    }
    let at = id.y * params.outputs + id.x;
    weights[at] -= params.rate * gradient / f32(params.batch);
}";

const SOFTMAX: &str = "
const CLASSES = 10;
@group(0) @binding(0) var<storage, read_write> logits: array<array<f32, CLASSES>>;
@compute @workgroup_size(64)
fn softmax(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= arrayLength(&logits)) { return; }
    var row = array<f32, CLASSES>();
    var largest = logits[id.x][0];
    for (var k = 1; k < CLASSES; k++) { largest = max(largest, logits[id.x][k]); }
    var sum = 0.0;
    for (var k = 0; k < CLASSES; k++) {
        row[k] = exp(logits[id.x][k] - largest);
        sum += row[k];
    }
    for (var k = 0; k < CLASSES; k++) { logits[id.x][k] = row[k] / sum; }
}";

const KERNELS: [&str; 4] = [MATMUL, REDUCTION, MLP, SOFTMAX];

#[test]
fn kernels_written_in_earnest_pass() {
    for source in KERNELS {
        passed(source);
    }
    let point = cost(MATMUL);
    assert_eq!((point.name.as_str(), point.workgroup_size, point.workgroup_bytes), ("main", [16, 16, 1], 2_048));
}

#[test]
fn what_known_kernels_cost_is_what_it_was_when_studies_were_recorded() {
    let costs = KERNELS.map(|source| {
        let point = cost(source);
        (point.operations, point.unknown_loops)
    });
    assert_eq!(costs, [(6_734, 0), (345, 0), (44_082, 1), (746, 0)]);
}

#[test]
fn twice_the_turns_cost_about_twice() {
    let of = |size: f64| entry(&passed(MATMUL), &[("size", size)]).unwrap().operations as f64;
    let ratio = of(2_048.0) / of(1_024.0);
    assert!((1.98..2.02).contains(&ratio), "{ratio}");
}

#[test]
fn groups_and_their_sizes_multiply_and_saturate() {
    let point = EntryPoint {
        name: "main".to_owned(),
        workgroup_size: [8, 4, 2],
        operations: 10,
        unknown_loops: 0,
        workgroup_bytes: 0,
    };
    assert_eq!(point.operations([3, 1, 1]), 8 * 4 * 2 * 10 * 3);
    assert_eq!(point.operations([u32::MAX; 3]), u64::MAX);
    assert_eq!(point.operations([u32::MAX, u32::MAX, 0]), 0);
}

#[test]
fn a_kernel_costs_what_is_counted_by_hand() {
    // Two addresses, a read and a write of a buffer, a product, the return at the end.
    assert_eq!(cost(&kernel("x[i] = x[i] * 2.0;")).operations, 2 + 4 + 4 + 1 + 1);
    // A quotient weighs four, a sine eight.
    assert_eq!(cost(&kernel("x[i] = sin(x[i]) / 3.0;")).operations, 2 + 4 + 4 + 8 + 4 + 1);
}

#[test]
fn the_turns_of_counted_loops_are_seen() {
    let loops = [
        ("", "for (var k = 0u; k < 10u; k++) { BODY }", 10),
        ("", "for (var k = 0; k <= 10; k += 2) { BODY }", 6),
        ("", "for (var k = 9; k >= 0; k--) { BODY }", 10),
        ("", "for (var k = 0u; 10u > k; k = 3u + k) { BODY }", 4),
        ("", "for (var k = 128u; k > 0u; k >>= 1u) { BODY }", 8),
        ("", "for (var k = 1u; k < 100u; k *= 2u) { BODY }", 7),
        ("", "for (var k = 0; k != 12; k += 4) { BODY }", 3),
        ("var k = 2u;", "while (k < 10u) { BODY k += 1u; }", 8),
        ("var k = 2u;", "loop { if (k >= 10u) { break; } BODY continuing { k += 1u; } }", 8),
        ("var k = 2u;", "loop { BODY continuing { k += 1u; break if k == 5u; } }", 3),
        ("var k: i32;", "while (k < 10) { BODY k += 1; }", 10),
        ("", "for (var j = 0u; j < 3u; j++) { for (var k = 0u; k < 5u; k++) { BODY } }", 15),
        ("const n = 7u;", "for (var k = 0u; k < n; k++) { BODY }", 7),
    ];
    for (declared, looped, expected) in loops {
        let source = kernel(&format!("{declared} {}", looped.replace("BODY", "storageBarrier();")));
        let with = cost(&source);
        let without = cost(&kernel(&format!("{declared} {}", looped.replace("BODY", ""))));
        assert_eq!(with.unknown_loops, 0, "{looped}");
        assert_eq!((with.operations - without.operations) / 16, expected, "{looped}");
    }
}

#[test]
fn turns_that_depend_on_what_is_not_seen_are_assumed() {
    let loops = [
        "loop { BODY if (x[i] > 0.0) { break; } }",
        "for (var k = 0u; k < u32(x[0]); k++) { BODY }",
        "for (var k = 0u; k < 10u; k++) { BODY if (x[i] > 0.0) { k = 0u; } }",
        "for (var k = 0u; k < 10u; k += 0u) { BODY }",
        "for (var k = 10u; k >= 0u; k--) { BODY }",
        "for (var k = 0; k < 10; k--) { BODY }",
        "var k = 0u; let old = k; loop { if (k >= 9u) { break; } BODY continuing { k = old + 1u; } }",
        "var k = 0u; while (k < 10u) { BODY if (x[i] > 0.0) { continue; } k += 1u; }",
        "var k = 0u; while (k < 10u) { BODY change(&k); k += 1u; }",
        "var k = 0u; if (x[i] > 0.0) { k = u32(x[i]); } while (k < 10u) { BODY k += 1u; }",
        "for (var k = 1u; k > 0u; k *= 1u) { BODY }",
        "for (var k = 2147483647; k <= 2147483647; k++) { BODY }",
    ];
    for looped in loops {
        let change = "fn change(k: ptr<function, u32>) { *k = 0u; }";
        let with = cost(&format!("{change}{}", kernel(&looped.replace("BODY", "storageBarrier();"))));
        let without = cost(&format!("{change}{}", kernel(&looped.replace("BODY", ""))));
        assert_eq!(with.unknown_loops, 1, "{looped}");
        assert_eq!((with.operations - without.operations) / 16, 1_024, "{looped}");
    }
}

#[test]
fn both_sides_count_where_invocations_may_differ_and_the_dearer_one_where_they_do_not() {
    let sides = "{ storageBarrier(); storageBarrier(); } else { storageBarrier(); }";
    let counted = |condition: &str, uniform: &str| {
        let source = format!("@group(0) @binding(1) var<uniform> n: u32;\n{}", kernel(&format!("_ = n; {condition} {uniform}")));
        cost(&source.replace("storageBarrier();", "x[i] += 1.0;")).operations
    };
    // An address, a read, a sum, a write.
    let each = 1 + 4 + 1 + 4;
    let nothing = counted("if (n == 1u)", "{ } else { }");
    assert_eq!(counted("if (n == 1u)", sides), nothing + 2 * each);
    let nothing = counted("if (x[i] == 1.0)", "{ } else { }");
    assert_eq!(counted("if (x[i] == 1.0)", sides), nothing + 3 * each);
}

#[test]
fn overrides_are_replaced_by_name_or_number() {
    let source = "
        @id(7) override width: u32;
        override length: u32 = 4u;
        var<workgroup> shared_values: array<f32, length>;
        @compute @workgroup_size(width) fn main() {
            for (var k = 0u; k < length; k++) { shared_values[k] = f32(width); }
        }";
    let shader = passed(source);
    let point = entry(&shader, &[("7", 32.0), ("length", 100.0)]).unwrap();
    assert_eq!((point.workgroup_size, point.workgroup_bytes, point.unknown_loops), ([32, 1, 1], 400, 0));

    let refused = |constants: &[(&str, f64)]| entry(&shader, constants).unwrap_err().to_string();
    assert!(refused(&[]).contains("Missing value for pipeline-overridable constant with identifier string: '7'"), "{}", refused(&[]));
    assert!(refused(&[("width", 32.0)]).contains("no override `width`"), "{}", refused(&[("width", 32.0)]));
    assert!(refused(&[("7", f64::NAN)]).contains("finite"));
    assert!(refused(&[("7", -1.0)]).contains("fit"));
    assert!(refused(&[("7", 0.0)]).contains("positive"));
    assert!(refused(&[("7", 1_000.0)]).contains("invocations of a work group along one dimension"));
    assert!(refused(&[("7", 32.0), ("length", 1e6)]).contains("bytes that a work group shares: 4000000, at most 16384"));
    assert!(refused(&[("7", 32.0), ("length", 4e9)]).contains("bytes that a work group shares"));
}

#[test]
fn an_entry_point_must_be_named_unless_it_is_the_only_one() {
    let shader = passed("@compute @workgroup_size(1) fn a() {} @compute @workgroup_size(2) fn b() {}");
    let named = |name| on_the_workers_stack(|| shader.entry_point(name, &BTreeMap::new()));
    assert_eq!(named(Some("b")).unwrap().workgroup_size, [2, 1, 1]);
    assert_eq!(named(None).unwrap_err().to_string(), "the shader has 2 compute entry points, so one must be named; it has a, b");
    assert_eq!(named(Some("c")).unwrap_err().to_string(), "the shader has no compute entry point named `c`; it has a, b");
    let none = passed("const a = 1;");
    assert!(entry(&none, &[]).unwrap_err().to_string().contains("0 compute entry points"));
}

#[test]
fn what_is_no_computing_is_refused_by_name() {
    assert!(refusal("@fragment fn paint() {}").contains("the fragment entry point `paint` is not available here"));
    let texture = "@group(0) @binding(0) var picture: texture_2d<f32>; @compute @workgroup_size(1) fn main() { _ = textureLoad(picture, vec2(0), 0); }";
    assert!(refusal(texture).contains("a texture (`picture`) is not available here; use a storage buffer"), "{}", refusal(texture));
    assert!(refusal("@group(0) @binding(0) var s: sampler;").contains("a sampler (`s`)"));
}

#[test]
fn what_was_not_granted_is_refused() {
    let half = "enable f16; @compute @workgroup_size(1) fn main() { var a = 1h; a += 1h; }";
    assert!(refusal(half).contains("f16"));
    assert!(check_with(half, &GpuLimits::default(), &Caps { shader_f16: true, ..CAPS }).is_ok());
    let vote = "@compute @workgroup_size(1) fn main() { _ = subgroupAdd(1u); }";
    assert!(checked(vote).is_err());
    check_with(vote, &GpuLimits::default(), &Caps { subgroups: true, ..CAPS }).unwrap();
    for source in ["var<immediate> a: u32;", "var<push_constant> a: u32;", "const a: f64 = 1.0lf;", "enable wgpu_ray_query;"] {
        assert!(checked(source).is_err(), "{source}");
    }
}

#[test]
fn an_error_says_where_it_is() {
    let error = checked("fn é() {\n  let 🦀 = 1;\n}").unwrap_err();
    let [message] = error.messages().try_into().unwrap();
    assert_eq!((message.line, message.column, message.offset, message.length), (2, 7, 15, 2), "{message:?}");
    let error = checked(&kernel("x[i] = 1u;")).unwrap_err();
    assert!(error.to_string().contains("x[i] = 1u;"), "{error}");
    assert_eq!(error.messages()[0].line, 4, "{:?}", error.messages());
    let error = checked(&format!("fn f() {{ {} }}", "if (true) {".repeat(40) + &"}".repeat(40))).unwrap_err();
    assert_eq!((error.messages()[0].line > 0, error.to_string().contains("at most 32")), (true, true), "{error}");
}

#[test]
fn texts_about_a_source_stay_short() {
    for source in ["let ".repeat(10_000), format!("fn f() {{ {} }}", "x".repeat(60_000)), "é".repeat(20_000)] {
        let error = checked(&source).unwrap_err();
        let longest = error.messages().iter().map(|message| message.message.len()).max().unwrap();
        assert!(error.to_string().len() < 5_000 && longest < 5_000);
    }
}

/// What the largest source is that a test makes: the limits that studies may set allow this much.
fn generous() -> GpuLimits {
    GpuLimits { shader_bytes_max: 1 << 20, shader_statements_max: 100_000, ..GpuLimits::default() }
}

/// Repeats a text with its number in place of each `#`.
fn numbered(count: usize, text: &str) -> String {
    (0..count).fold(String::new(), |mut all, number| {
        let _ = write!(all, "{}", text.replace("#-", &number.saturating_sub(1).to_string()).replace('#', &number.to_string()));
        all
    })
}

#[test]
fn probe_stack() {
    let d: usize = std::env::var("DEPTH").map(|d| d.parse().unwrap()).unwrap_or(4000);
    let which = std::env::var("WHICH").unwrap_or_default();
    let deep = 99;
    let sources: Vec<(&str, String)> = vec![
        ("plus", kernel(&format!("x[i] = x[0]{};", "+x[1]".repeat(d / 5)))),
        ("plus1", kernel(&format!("x[i] = f32(i{});", "+i".repeat(d / 2)))),
        ("const", kernel(&format!("const q = 1{};", "+1".repeat(d / 2)))),
        ("gconst", format!("const q = 1{};", "+1".repeat(d / 2))),
        ("minus", kernel(&format!("x[i] = {}x[0];", "-".repeat(d)))),
        ("deref", kernel(&format!("x[i] = {}x[0];", "*&".repeat(d / 2)))),
        ("not", kernel(&format!("let b = {}true;", "!".repeat(d)))),
        ("index", kernel(&format!("x[i] = x{};", "[0]".repeat(d / 3)))),
        ("member", kernel(&format!("x[i] = x{};", ".x".repeat(d / 2)))),
        ("swizzle", kernel(&format!("let v = vec4(1.0){};", ".xyzw".repeat(d / 2)))),
        ("parens", kernel(&format!("x[i] = {}1.0{};", "(".repeat(deep), ")".repeat(deep)))),
        ("calls", kernel(&format!("x[i] = {}1.0{};", "abs(".repeat(deep), ")".repeat(deep)))),
        ("mixed", kernel(&format!("x[i] = {}x[0]{};", "-abs(".repeat(deep), format!("){}", "+x[1]".repeat(6)).repeat(deep)))),
        ("lazy", kernel(&format!("let b = true{};", "&&true".repeat(d / 2)))),
        ("lazy_run", kernel(&format!("let b = (x[0]>1){};", "||(x[0]>1)".repeat(d / 11)))),
        ("lazy_call", kernel(&format!("let b = f(){};", "||f()".repeat(d / 4))) + "fn f() -> bool { return true; }"),
        ("lazy_nest", kernel(&format!("let b = {}true{};", "f()&&(".repeat(97), ")".repeat(97))) + "fn f() -> bool { return true; }"),
        ("plusplus", kernel(&format!("x[i] = f32({}i{});", "(".repeat(97), format!("{})", "+i".repeat(d/97/2 - 1)).repeat(97)))),
        ("callplus", kernel(&format!("x[i] = ({}x[0]{});", "abs(".repeat(97), format!("{})", "+x[i]".repeat(d/97/5 - 1)).repeat(97)))),
        ("right", kernel(&format!("x[i] = ({}x[0]{});", "x[0]+x[0]*x[0]+abs(".repeat(97), ")".repeat(97)))),
        ("idx", kernel(&format!("x[i] = ({}0{});", "x[u32(".repeat(48), ")]".repeat(48)))),
        ("lhs", kernel(&format!("{}x[0] = 1.0;", "*&".repeat(d / 2)))),
        ("template", format!("alias T = {}f32{};", "array<".repeat(deep), ",2>".repeat(deep))),
        ("templates", format!("alias T = vec2<f32{}>;", "+1".repeat(d / 2))),
        ("types", format!("struct T0 {{ a: f32 }} {}", numbered(1000, "struct T# { a: T#- }").replacen("struct T0 { a: T0 }", "", 1))),
        ("fns", format!("fn f0() {{}} {}", numbered(1000, "fn f#() { f#-(); }").replacen("fn f0() { f0(); }", "", 1))),
        ("consts", format!("const c0 = 1; {}", numbered(1000, "const c# = c#-;").replacen("const c0 = c0;", "", 1))),
        ("elseif", kernel(&format!("{} {{}}", "if x[0] > 1 {} else ".repeat(90)))),
        ("ifs", kernel(&format!("{}{}", "if (true) {".repeat(95), "}".repeat(95)))),
        ("blocks", kernel(&format!("{}{}", "{".repeat(97), "}".repeat(97)))),
        ("loops", kernel(&format!("{}{}", "loop {".repeat(95), "break;}".repeat(95)))),
        ("consta", kernel(&format!("const q = {}1{};", "array(".repeat(deep - 2), ")".repeat(deep - 2)))),
    ];
    for (name, source) in sources {
        if !which.is_empty() && which != name { continue; }
        let start = std::time::SystemTime::now();
        let result = check_with(&source, &generous(), &CAPS);
        let text = match result { Ok(_) => "OK".to_owned(), Err(e) => e.to_string() };
        println!("{name} {:?} {}", start.elapsed().unwrap(), text.lines().next().unwrap_or_default());
    }
}

#[test]
fn probe_blow() {
    let which = std::env::var("WHICH").unwrap_or_default();
    let fill = |unit: &str, max: usize| numbered(max / unit.len(), unit);
    let k = 62_000;
    let body = |unit: &str| format!("fn g() -> bool {{ return true; }} {}", kernel(&fill(unit, k)));
    let lazy = format!("let b# = true{};", "&&true".repeat(2000));
    let lazy2 = format!("let b# = f(){};", "||f()".repeat(1000));
    let plus = format!("x[#] = f32(i{});", "+i".repeat(2000));
    let constplus = format!("const c# = 1{};", "+1".repeat(2000));
    let vecplus = format!("const c# = vec4(1){};", "+vec4(1)".repeat(600));
    let mat = format!("const c# = mat4x4f(){};", "+mat4x4f()".repeat(600));
    let matm = format!("const c# = mat4x4f(){};", "*mat4x4f()".repeat(600));
    let swz = format!("let c# = vec4(1){};", ".xyzw".repeat(1900));
    let sources: Vec<(&str, String)> = vec![
        ("convdouble", format!("const a0 = array(1,1); {} @compute @workgroup_size(1) fn main() {{ let q = a24; }}", numbered(25, "const a# = array(a#-,a#-);").replacen("const a0 = array(a0,a0);", "", 1))),
        ("localdouble", kernel(&format!("const a0 = array(1,1); {} let q = a24;", numbered(25, "const a# = array(a#-,a#-);").replacen("const a0 = array(a0,a0);", "", 1)))),
        ("letdouble", kernel(&format!("let a0 = array(1,1); {} let q = a24;", numbered(25, "let a# = array(a#-,a#-);").replacen("let a0 = array(a0,a0);", "", 1)))),
        ("vardouble", kernel(&format!("var a0 = array(1,1); {} let q = a24;", numbered(25, "var a# = array(a#-,a#-);").replacen("var a0 = array(a0,a0);", "", 1)))),
        ("structdouble", format!("struct S0 {{ a: u32, b: u32 }} {} @compute @workgroup_size(1) fn main() {{ var a: S20; let b = S20(); }}", numbered(21, "struct S# { a: S#-, b: S#- }").replacen("struct S0 { a: S0, b: S0 }", "", 1))),
        ("zeroneg", "const a = -array<u32, 2000000000>();".to_owned()),
        ("zeroadd", kernel("let a = array<u32, 500000000>() + array<u32, 500000000>();")),
        ("zeroalias", kernel("let a = A() + A();") + "alias A = array<u32, N>; const N = 20000u * 20000u;"),
        ("zeroshadow", kernel("const N = 400000000; let a = array<u32, N>() + 1;") + "const N = 4;"),
        ("selectarr", "const a = select(array(1,2), array(3,4), true);".to_owned()),
        ("table", format!("const t = array({}); {}", "1,".repeat(1000), kernel(&fill("x[#] = f32(t[#%1000]);", k - 5000)))),
        ("tabledyn", format!("const t = array({}); {}", "1,".repeat(1000), kernel(&fill("x[#] = f32(t[i]);", 5000)))),
        ("lazy", body(&lazy)), ("lazy2", body(&lazy2)), ("plus", body(&plus)), ("constplus", body(&constplus)), ("vecplus", body(&vecplus)),
        ("mat", body(&mat)), ("matm", body(&matm)), ("swz", body(&swz)),
        ("stores", body("x[0]=1;")), ("semis", body(";")), ("empty", body("{}")), ("fns", fill("fn f#(){}", 12_000)), ("lets", body("let a#=i;")), ("vars", body("var a#=i;")),
        ("consts", body("const a#=1;")), ("gconsts", fill("const a#=1;", 13_000)), ("casts", format!("fn f() {{ switch 1 {{ default {{}} {} }} }}", fill("case #: {}", k))),
        ("caselist", format!("fn f() {{ switch 1 {{ default {{}} case {} {{}} }} }}", fill("#,", 5_000))),
        ("members", format!("struct S {{ {} }}", fill("m#: u32,", 7_000))),
        ("calls", format!("fn f0(){{}} {} @compute @workgroup_size(1) fn main() {{ f30(); }}", numbered(31, "fn f#() { f#-(); f#-(); }").replacen("fn f0() { f0(); f0(); }", "", 1))),
        ("params", format!("fn f({}) {{}}", fill("p#: u32,", 7_000))),
        ("args", format!("fn f() {{ let a = vec4({}); }}", "1,".repeat(2_000))),
        ("name", format!("const {} = 1;", "n".repeat(60_000))),
        ("digits", format!("const a = {}; const b = 0.{}; const c = 1e{}; const d = 0x{}p1;", "9".repeat(20_000), "1".repeat(20_000), "9".repeat(1000), "f".repeat(10_000))),
        ("templ", fill("const a#=a<b", k)),
        ("templ2", "a<".repeat(30_000)),
        ("constconst", "const ".repeat(10_000)),
        ("nestedarr", format!("const z = {}f32{};", "array<".repeat(98), ",2>()[0]".repeat(98))),
        ("diag", fill("diagnostic(off, foo.a#);", k)),
        ("asserts", fill("const_assert true;", 18_000)),
        ("comments", "/*".repeat(31_000)), ("comments2", "/**/".repeat(15_000)), ("line", "//\n".repeat(20_000)),
        ("unknown", "$".repeat(60_000)), ("unclosed", "(".repeat(60_000)),
        ("loops", body("loop { break; }")), ("nest30", body(&format!("{}{}", "if i == 1 {".repeat(30), "}".repeat(30)))),
        ("globals", fill("var<private> a#: u32;", 20_000)),
    ];
    for (name, source) in sources {
        if !which.is_empty() && which != name { continue; }
        let start = std::time::SystemTime::now();
        let result = check_with(&source, &GpuLimits::default(), &CAPS);
        let text = match result { Ok(_) => "OK".to_owned(), Err(e) => e.to_string() };
        println!("{name} {} {:?} {}", source.len(), start.elapsed().unwrap(), text.lines().next().unwrap_or_default().chars().take(120).collect::<String>());
    }
}
