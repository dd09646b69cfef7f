//! Shaders as they are written in earnest pass and cost what they cost; those of an attacker are refused, quickly and in words.
//!
//! Each check runs on a thread with [`STACK_BYTES`] of stack, as the worker's does. A stack that ends would end the test run.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::error::Excess;
use super::limits::{CONSTANT_BYTES_MAX, INVOCATION_BYTES_MAX};
use super::summary::{NESTING_MAX, VARIABLE_BYTES_MAX};
use super::text::{BRACKETS_MAX, EXPRESSION_TOKENS_MAX};
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
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, run).unwrap();
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
        let source =
            format!("@group(0) @binding(1) var<uniform> n: u32;\n{}", kernel(&format!("_ = n; {condition} {uniform}")));
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
    assert!(
        refused(&[]).contains("Missing value for pipeline-overridable constant with identifier string: '7'"),
        "{}",
        refused(&[])
    );
    assert!(refused(&[("width", 32.0)]).contains("no override `width`"), "{}", refused(&[("width", 32.0)]));
    assert!(refused(&[("7", f64::NAN)]).contains("finite"));
    assert!(refused(&[("7", -1.0)]).contains("fit"));
    assert!(refused(&[("7", 0.0)]).contains("positive"));
    assert!(refused(&[("7", 1_000.0)]).contains("invocations of a work group along one dimension"));
    assert!(
        refused(&[("7", 32.0), ("length", 1e6)]).contains("bytes that a work group shares: 4000000, at most 16384")
    );
    assert!(entry(&shader, &[("7", 32.0), ("length", 4e9)]).is_err());
}

#[test]
fn an_entry_point_must_be_named_unless_it_is_the_only_one() {
    let shader = passed("@compute @workgroup_size(1) fn a() {} @compute @workgroup_size(2) fn b() {}");
    let named = |name| on_the_workers_stack(|| shader.entry_point(name, &BTreeMap::new()));
    assert_eq!(named(Some("b")).unwrap().workgroup_size, [2, 1, 1]);
    assert_eq!(
        named(None).unwrap_err().to_string(),
        "the shader has 2 compute entry points, so one must be named; it has a, b"
    );
    assert_eq!(
        named(Some("c")).unwrap_err().to_string(),
        "the shader has no compute entry point named `c`; it has a, b"
    );
    let none = passed("const a = 1;");
    assert!(entry(&none, &[]).unwrap_err().to_string().contains("0 compute entry points"));
}

#[test]
fn what_is_no_computing_is_refused_by_name() {
    assert!(refusal("@fragment fn paint() {}").contains("the fragment entry point `paint` is not available here"));
    let texture = "@group(0) @binding(0) var picture: texture_2d<f32>;
        @compute @workgroup_size(1) fn main() { _ = textureLoad(picture, vec2(0), 0); }";
    assert!(
        refusal(texture).contains("a texture (`picture`) is not available here; use a storage buffer"),
        "{}",
        refusal(texture)
    );
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
    for source in
        ["var<immediate> a: u32;", "var<push_constant> a: u32;", "const a: f64 = 1.0lf;", "enable wgpu_ray_query;"]
    {
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

/// Repeats a text with its number in place of each `#`, and the one before in place of each `~`.
fn numbered(numbers: std::ops::Range<usize>, text: &str) -> String {
    numbers.fold(String::new(), |mut all, number| {
        let before = number.saturating_sub(1).to_string();
        let _ = write!(all, "{}", text.replace('~', &before).replace('#', &number.to_string()));
        all
    })
}

/// Control flow inside other control flow; `depth` levels of it.
fn nested(depth: u64) -> String {
    kernel(&format!("{}{}", "if (x[i] > 0.0) {".repeat(depth as usize), "}".repeat(depth as usize)))
}

/// What is just inside each bound and just outside of it.
fn edges() -> Vec<(Excess, String, String)> {
    let line = |count: u64| kernel(&format!("x[i] = x[i]{};", "+x[i]".repeat(count as usize)));
    let brackets =
        |count: u64| kernel(&format!("x[i] = {}1.0{};", "(".repeat(count as usize), ")".repeat(count as usize)));
    let private =
        |bytes: u64| kernel("p[i] = x[i]; x[0] = p[1];") + &format!("var<private> p: array<f32, {}>;", bytes / 4);
    let local = |bytes: u64| kernel(&format!("var a: array<f32, {}>; a[i] = x[i]; x[0] = a[1];", bytes / 4));
    let locals = |count: u64| {
        let used = numbered(0..count as usize, "var a#: array<f32, 512>; a#[i] = x[i]; x[#] = a#[1];");
        kernel(&used)
    };
    let called = |count: usize| {
        let f = "fn f() -> f32 { var a: array<f32, 512>; a[1] = x[0]; return a[u32(x[1])]; }";
        kernel(&"x[i] = f();".repeat(count)) + f
    };
    let table = |count: u64| {
        let numbers = "1.5,".repeat(count as usize);
        kernel("x[i] = table[i];") + &format!("const table = array<f32, {count}>({numbers});")
    };
    let sines = |count: usize| kernel(&"x[i] = sin(x[i]);".repeat(count));
    let quotients = |count: usize| kernel(&"x[i] = f32(i / u32(x[i]));".repeat(count));
    let mentioned = |count: usize| {
        kernel(&"x[i] = table[i];".repeat(count)) + &format!("const table = array<f32, 512>({});", "1,".repeat(512))
    };
    let tables = |count: usize| numbered(0..count, &format!("const t# = array<f32, 512>({});", "1,".repeat(512)));
    let value = |count: u64| {
        kernel("let whole = y; x[i] = whole[1];")
            + &format!("@group(0) @binding(1) var<storage> y: array<f32, {count}>;")
    };
    let shared =
        |bytes: u64| kernel("w[i] = x[i]; x[0] = w[1];") + &format!("var<workgroup> w: array<f32, {}>;", bytes / 4);
    let sized = |size: &str| format!("@compute @workgroup_size({size}) fn main() {{}}");
    let doubling = |depth: usize| {
        let calls = numbered(1..depth, "fn f#() { f~(); f~(); }");
        format!("fn f0() {{ x[0] += 1.0; }} {calls} {}", kernel(&format!("f{}();", depth - 1)))
    };
    let types = |depth: usize| {
        kernel("x[i] = y.a;")
            + "struct T0 { a: f32 }"
            + &numbered(1..depth, "struct T# { a: T~ }")
            + &format!(
                "@group(0) @binding(1) var<storage> y: T0; @group(0) @binding(2) var<storage> z: T{};",
                depth - 1
            )
    };
    let functions = |count: usize| numbered(0..count, "fn f#() {}");
    let globals = |count: usize| numbered(0..count, "var<private> v#: u32;");
    let points = |count: usize| numbered(0..count, "@compute @workgroup_size(1) fn p#() {}");
    let statements = |count: usize| {
        kernel(&"storageBarrier();".repeat(100))
            + &numbered(0..count, "")
            + &format!(
                "@compute @workgroup_size(1) fn more() {{ {} }} fn ten() {{ {} }}",
                "ten();".repeat(count),
                "storageBarrier();".repeat(9)
            )
    };
    let written = |count: usize| {
        format!("const t = array({}); {}", "1,".repeat(1_000), kernel(&"x[i] = f32(t[1]);".repeat(count)))
    };
    let long = |count: usize| format!("fn f() {{ {} }}", ";".repeat(count));
    let bytes = |count: usize| format!("//{}", "x".repeat(count - 2));
    vec![
        (Excess::SourceBytes, bytes(65_536), bytes(65_537)),
        (Excess::Declarations, numbered(0..1_000, "const c# = 1;"), numbered(0..1_030, "const c# = 1;")),
        (Excess::BracketNesting, brackets(BRACKETS_MAX - 1), brackets(BRACKETS_MAX)),
        (Excess::ExpressionTokens, line(EXPRESSION_TOKENS_MAX / 5 - 2), line(EXPRESSION_TOKENS_MAX / 5)),
        (Excess::FunctionTokens, long(16_300), long(16_400)),
        (Excess::WrittenOutTokens, written(30), written(40)),
        (Excess::Nesting, nested(NESTING_MAX), nested(NESTING_MAX + 1)),
        (Excess::Statements, statements(360), statements(370)),
        (Excess::Statements, doubling(8), doubling(16)),
        (Excess::LongValues, sines(500), sines(513)),
        (Excess::LongValues, quotients(500), quotients(513)),
        (Excess::ValueComponents, value(512), value(513)),
        (Excess::VariableBytes, local(VARIABLE_BYTES_MAX), local(VARIABLE_BYTES_MAX + 4)),
        (Excess::VariableBytes, private(VARIABLE_BYTES_MAX), private(VARIABLE_BYTES_MAX + 4)),
        (
            Excess::InvocationBytes,
            locals(INVOCATION_BYTES_MAX / VARIABLE_BYTES_MAX),
            locals(INVOCATION_BYTES_MAX / VARIABLE_BYTES_MAX + 1),
        ),
        (Excess::InvocationBytes, called(4), called(5)),
        (Excess::ConstantBytes, table(CONSTANT_BYTES_MAX / 4), table(CONSTANT_BYTES_MAX / 4 + 1)),
        (Excess::InvocationBytes, mentioned(4), mentioned(5)),
        (Excess::ConstantsBytes, tables(8), tables(9)),
        (Excess::TypeNesting, types(14), types(15)),
        (Excess::Functions, functions(512), functions(513)),
        (Excess::EntryPoints, points(64), points(65)),
        (Excess::Globals, globals(256), globals(257)),
        (Excess::WorkgroupBytes, shared(16 << 10), shared((16 << 10) + 4)),
        (Excess::WorkgroupSize, sized("1, 1, 64"), sized("1, 1, 65")),
        (Excess::Invocations, sized("16, 16"), sized("16, 17")),
    ]
}

#[test]
fn each_bound_lets_through_what_is_just_inside_it() {
    for (excess, inside, _) in edges() {
        if let Err(error) = checked(&inside) {
            panic!("{excess:?}: {error}");
        }
    }
}

#[test]
fn each_bound_refuses_what_is_just_outside_it() {
    for (expected, _, outside) in edges() {
        assert_eq!(excess(&outside), expected, "{}", outside.get(..300).unwrap_or(&outside));
    }
}

#[test]
fn work_group_memory_counts_where_it_is_used_and_all_of_it() {
    let two = "var<workgroup> a: array<f32, 3000>; var<workgroup> b: array<f32, 3000>;";
    assert_eq!(excess(&(kernel("a[i] = x[i]; b[i] = x[i];") + two)), Excess::WorkgroupBytes);
    passed(&(kernel("a[i] = x[i];") + two));
    let large = "var<workgroup> a: array<f32, 10000000>;";
    assert_eq!(excess(&(kernel("a[i] = x[i];") + large)), Excess::WorkgroupBytes);
}

#[test]
fn sources_that_make_the_translator_recurse_are_refused_in_words() {
    let sources = [
        kernel(&format!("x[i] = 1.0{};", "+x[1]".repeat(12_000))),
        kernel(&format!("x[i] = {}1.0{};", "(".repeat(1_000), ")".repeat(1_000))),
        kernel(&format!("{}{}", "{".repeat(128), "}".repeat(128))),
        kernel(&format!("{} {{}}", "if (x[i] > 1.0) {} else ".repeat(2_000))),
        kernel(&format!("x[i] = {}x[i];", "- ".repeat(30_000))),
        kernel(&format!("x[i] = x{};", "[0]".repeat(20_000))),
        kernel(&format!("x[i] = 1.0{};", ".x".repeat(30_000))),
        format!("alias T = {}f32{};", "array<".repeat(5_000), ",2>".repeat(5_000)),
        format!("struct T0 {{ a: f32 }} {}", numbered(1..2_000, "struct T# { a: T~ }")),
        format!("fn f0() {{}} {}", numbered(1..2_000, "fn f#() { f~(); }")),
        format!("const c0 = 1; {}", numbered(1..3_000, "const c# = c~;")),
        "fn a() { b(); } fn b() { a(); } @compute @workgroup_size(1) fn main() { a(); }".to_owned(),
        "const a = b; const b = a; struct S { s: S } alias T = T;".to_owned(),
    ];
    for source in &sources {
        assert!(checked(source).is_err(), "{}", source.get(..300).unwrap_or(source));
    }
}

#[test]
fn the_deepest_expressions_that_pass_fit_on_the_stack() {
    let tokens = EXPRESSION_TOKENS_MAX as usize - 20;
    let sources = [
        kernel(&format!("x[i] = f32(i{});", "+i".repeat(tokens / 2))),
        kernel(&format!("const c = 1{};", "+1".repeat(tokens / 2))),
        kernel(&format!("let b = {}true;", "!".repeat(tokens))),
        kernel(&format!("x[i] = {}x[0];", "*&".repeat(tokens / 2))),
        kernel(&format!("let v = vec4(1.0){};", ".xyzw".repeat(tokens / 2))),
        kernel(&format!("let b = (x[0] > 1.0){};", "||(x[0]>1.0)".repeat(tokens / 9))),
        kernel(&format!(
            "x[i] = f32({}i{});",
            "(".repeat(97),
            format!("{})", "+i".repeat(tokens / 97 / 2 - 1)).repeat(97)
        )),
        format!("const c = 1{};", "+1".repeat(tokens / 2)),
        format!("alias T = vec2<f32{}>;", "+1".repeat(tokens / 2)),
    ];
    for source in &sources {
        if let Err(ShaderError::TooMuch { excess, .. }) = checked(source) {
            assert_ne!(excess, Excess::ExpressionTokens, "{}", source.get(..300).unwrap_or(source));
        }
    }
}

#[test]
fn constants_that_double_are_refused_before_they_are_evaluated() {
    let chain = |first: &str, next: &str, last: &str| format!("{first} {} {last}", numbered(1..25, next));
    let sources = [
        chain("const a0 = array(1, 1);", "const a# = array(a~, a~);", &kernel("let q = a24;")),
        kernel(&chain("const a0 = array(1, 1);", "const a# = array(a~, a~);", "let q = a24;")),
        chain("struct S0 { a: u32, b: u32 }", "struct S# { a: S~, b: S~ }", &kernel("let q = S24();")),
        "const a = -array<u32, 2000000000>();".to_owned(),
        kernel("let a = array<u32, 500000000>() + array<u32, 500000000>();"),
        kernel("let a = A() + A();") + "alias A = array<u32, N>; const N = 20000u * 20000u;",
        kernel("const N = 400000000; let a = array<u32, N>() + 1;") + "const N = 4;",
        kernel("const N = 0u - 1u; let a = array<u32, N>() + 1;"),
        kernel("let a = array<array<u32, 90000>, 2>() + 1;"),
    ];
    for source in &sources {
        assert_eq!(excess(source), Excess::WrittenOutTokens, "{source}");
    }
    assert_eq!(
        excess(&kernel(&chain("let a0 = array(1, 1);", "let a# = array(a~, a~);", "let q = a24;"))),
        Excess::TypeNesting
    );
}

#[test]
fn long_arrays_without_a_zero_value_are_no_matter() {
    passed(&(kernel("x[i] = y[i];") + "const N = 1u << 24u; @group(0) @binding(1) var<storage> y: array<f32, N>;"));
    passed(&kernel("var a = array<f32, 64>(); a[i] = x[i]; var b = vec4<f32>(); x[i] = a[1] + b.x;"));
}

#[test]
fn what_drivers_crash_on_or_compile_for_minutes_is_refused() {
    let sources = [
        (nested(100), Excess::BracketNesting),
        (nested(90), Excess::Nesting),
        (kernel("var a: array<f32, 10000>; a[i] = 1.0;"), Excess::VariableBytes),
        (kernel("var a: array<f32, 100000>; a[i] = 1.0;"), Excess::VariableBytes),
        (kernel("x[i] = a[i];") + "const a = array<f32, 20000>();", Excess::ConstantBytes),
        (kernel("let a = array<f32, 20000>(); x[i] = a[i];"), Excess::ValueComponents),
        (kernel("w[i] = 1.0;") + "var<workgroup> w: array<f32, 10000000>;", Excess::WorkgroupBytes),
    ];
    for (source, expected) in sources {
        assert_eq!(excess(&source), expected, "{}", source.get(..300).unwrap_or(&source));
    }
    for depth in [16, 18, 30] {
        let calls = numbered(1..depth, "fn f#() { f~(); f~(); }");
        let last = kernel(&format!("f{}();", depth - 1));
        assert_eq!(excess(&format!("fn f0() {{ x[0] += 1.0; }} {calls} {last}")), Excess::Statements);
    }
    let structs = numbered(1..21, "struct S# { a: S~, b: S~ }");
    assert!(checked(&format!("struct S0 {{ a: u32, b: u32 }} {structs} {}", kernel("var s: S20;"))).is_err());
}

/// Numbers that look like chance: xorshift, as in Marsaglia's "Xorshift RNGs" (2003).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

/// Checks a source, and its entry points if it passes.
fn try_all(source: &str) {
    match check(source, &GpuLimits::default(), &CAPS) {
        Ok(shader) => {
            for point in &shader.module().entry_points {
                let _ = shader.entry_point(Some(&point.name), &BTreeMap::new());
            }
        }
        Err(error) => assert!(!error.messages().is_empty() && error.to_string().len() < 5_000),
    }
}

#[test]
fn sources_that_are_cut_short_are_refused_or_pass_but_never_panic() {
    on_the_workers_stack(|| {
        for source in KERNELS {
            (0..source.len()).step_by(7).filter_map(|end| source.get(..end)).for_each(try_all);
        }
    });
}

#[test]
fn sources_that_are_mangled_are_refused_or_pass_but_never_panic() {
    let pieces = [
        "{",
        "}",
        "(",
        ")",
        "<",
        ">",
        ";",
        ",",
        "&&",
        "*&",
        "/*",
        "*/",
        "//",
        "@",
        "-",
        "0x",
        "1e9",
        "4294967295u",
        "array<",
        "array(",
        "select(",
        "const ",
        "let ",
        "override ",
        "fn ",
        "var<workgroup> ",
        "loop {",
        "switch i {",
        "case ",
        "break;",
        "\u{2028}",
        "é",
        "ptr<function, f32>",
        "vec4()",
        "atomic<u32>",
        "TILE",
        "id",
        "= 1;",
        ".xyz",
        "[1]",
        "_",
        "$",
        "\0",
    ];
    on_the_workers_stack(|| {
        let mut chance = Chance(7);
        for round in 0..1_500 {
            let mut source: Vec<char> = KERNELS[round % KERNELS.len()].chars().collect();
            for _ in 0..=chance.below(4) {
                let (at, length) = (chance.below(source.len()), chance.below(12));
                let end = (at + length).min(source.len());
                match chance.below(3) {
                    0 => drop(source.drain(at..end)),
                    1 => {
                        let copied: Vec<char> = source.get(at..end).unwrap_or_default().to_vec();
                        let to = chance.below(source.len());
                        drop(source.splice(to..to, copied));
                    }
                    _ => drop(source.splice(at..at, pieces[chance.below(pieces.len())].chars())),
                }
            }
            try_all(&source.into_iter().collect::<String>());
        }
        for _ in 0..500 {
            let bytes: Vec<u8> = (0..chance.below(400)).map(|_| chance.below(256) as u8).collect();
            try_all(&String::from_utf8_lossy(&bytes));
            let words: String = (0..chance.below(200)).map(|_| pieces[chance.below(pieces.len())]).collect();
            try_all(&words);
        }
    });
}

#[test]
fn the_same_source_costs_the_same_each_time() {
    for source in KERNELS {
        assert_eq!(cost(source), cost(source));
    }
}

#[test]
fn a_flaw_of_the_translator_is_told_and_ends_nothing() {
    // naga 30 panics on a vector inside a vector here.
    let source = "const a = select(vec3(vec2(1, 2), 3), vec3(4, 5, 6), true);";
    assert!(refusal(source).contains("the translator gave up on this shader"), "{}", refusal(source));
    passed(MATMUL);
}
