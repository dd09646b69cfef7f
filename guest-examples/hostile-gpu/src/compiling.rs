//! Shaders that a compiler should not see, and one that it will take long for.

use trialbox_gpu::bindings::wasi::webgpu::webgpu::{
    GpuComputePipelineDescriptor, GpuLayoutMode, GpuProgrammableStage, RecordGpuPipelineConstantValue,
};
use trialbox_guest::log;

use crate::lab::{ErrorKind, Findings, Lab};

const WORDS: &str = "@group(0) @binding(0) var<storage, read_write> words: array<f32>;\n";
/// A prime, so that patterns do not repeat soon.
const STRIDE: usize = 7;

/// A kernel with this body.
fn kernel(body: &str) -> String {
    format!("{WORDS}@compute @workgroup_size(1) fn main() {{ {body} }}")
}

/// A source of about so many bytes, in functions none of which is long.
pub fn many_functions(bytes: usize) -> String {
    let mut source = WORDS.to_owned();
    let mut number = 0;
    while source.len() + 600 < bytes {
        let body = (0..10).map(|line| format!("y = y * {line}.5 + x; x = x - y / {}.0;", line + STRIDE));
        source += &format!(
            "fn step{number}(a: f32) -> f32 {{ var x = a; var y = a; {} return x; }}\n",
            body.collect::<String>()
        );
        number += 1;
    }
    let calls: String = (0..number.min(200)).map(|number| format!("words[0] = step{number}(words[0]);")).collect();
    source + &format!("@compute @workgroup_size(1) fn main() {{ {calls} }}")
}

/// Compiles a source and has it run.
fn run(lab: &Lab, source: &str) -> Option<crate::lab::Error> {
    let words = lab.words(&[0; 64]);
    lab.error_of(|| {
        lab.run(source, &[&words]);
        lab.wait();
    })
    .1
}

/// A source of more bytes than the study grants.
pub fn too_long(lab: &Lab, findings: &mut Findings) {
    for bytes in [70_000, 3_000_000] {
        let source = kernel(&"words[0] = words[0] + 1.0;".repeat(bytes / 26));
        let (_, error) = lab.error_of(|| lab.shader(&source));
        findings.expect_error(&format!("a source of {} bytes", source.len()), ErrorKind::Validation, error);
    }
}

/// Sources that are just not too long: one that is compiled, and one of a single expression.
pub fn just_under(lab: &Lab, findings: &mut Findings) {
    let (_, error) = lab.error_of(|| lab.shader(&many_functions(60_000)));
    findings.expect_none("60 KB of functions", error);
    let expression = "+1.0".repeat(15_000);
    let (_, error) = lab.error_of(|| lab.shader(&kernel(&format!("words[0] = 1.0{expression};"))));
    findings.expect_error("60 KB of one expression", ErrorKind::Validation, error);
}

/// Sources that are none.
pub fn invalid(lab: &Lab, findings: &mut Findings) {
    let whole = kernel("words[0] = words[1] * 2.0;");
    let noise: String = (0_u32..4_000)
        .map(|number| char::from_u32(number.wrapping_mul(2_654_435_761) >> 15 & 0x7fff).unwrap_or('\0'))
        .collect();
    let mut sources: Vec<String> = (1..whole.len()).step_by(STRIDE).map(|end| whole[..end].to_owned()).collect();
    sources.extend([noise, "\0".repeat(1_000), whole.replace(' ', "\0"), "/*".repeat(20_000), "\u{feff}}".into()]);
    sources.extend([
        "@".repeat(10_000),
        "<".repeat(10_000),
        "[".repeat(10_000),
        "\u{2028}fn".into(),
        "enable f16;".into(),
    ]);
    let mut refused = 0;
    for source in &sources {
        let (module, error) = lab.error_of(|| lab.shader(source));
        let messages = module.get_compilation_info().messages();
        let is_told = error.as_ref().is_some_and(|error| error.kind == ErrorKind::Validation) && !messages.is_empty();
        // A part of the declarations is a whole shader, too.
        let is_part = error.is_none() && source.len() < whole.len();
        if !is_told && !is_part {
            log!("not told: {:?}", crate::lab::shortened(source));
        }
        refused += usize::from(is_told || is_part);
    }
    findings.expect("each is refused with a message", refused == sources.len());
    let (_, error) = lab.error_of(|| lab.shader(""));
    findings.expect_none("the empty source is a shader", error);
}

/// Sources that nest: by hand, by calls, by types and by constants.
pub fn deep(lab: &Lab, findings: &mut Findings) {
    let nested = |open: &str, inside: &str, close: &str, depth: usize| {
        format!("{}{inside}{}", open.repeat(depth), close.repeat(depth))
    };
    let doubled = |depth: usize| {
        let levels = (1..=depth).map(|level| format!("fn f{level}() {{ f{0}(); f{0}(); }}\n", level - 1));
        format!("fn f0() {{ words[0] += 1.0; }}\n{}", levels.collect::<String>())
    };
    let structures = (1..=20).map(|level| format!("struct S{level} {{ a: S{0}, b: S{0} }}\n", level - 1));
    let arrays = (1..=14).map(|level| format!("alias A{level} = array<A{}, 4>;\n", level - 1));
    let constants = (1..=40).map(|level| format!("const c{level} = array(c{0}, c{0});\n", level - 1));
    let sources = [
        ("parentheses", kernel(&format!("words[0] = {};", nested("(", "1.0", ")", 20_000)))),
        ("branches", kernel(&nested("if (words[0] > 1.0) {", "words[1] = 2.0;", "}", 100))),
        ("loops", kernel(&nested("loop { if (words[0] > 1.0) { break; }", "", "}", 60))),
        ("a sum", kernel(&format!("words[0] = words[0]{};", "+words[1]".repeat(6_000)))),
        ("signs", kernel(&format!("words[0] = {}1.0;", "- ".repeat(20_000)))),
        ("else if", kernel(&format!("if (words[0] > 1.0) {{}}{}", "else if (words[0] > 1.0) {}".repeat(1_500)))),
        ("members", kernel(&format!("words[0] = words{};", "[0]".repeat(10_000)))),
        ("calls that double", format!("{WORDS}{}@compute @workgroup_size(1) fn main() {{ f30(); }}", doubled(30))),
        (
            "structures that double",
            format!(
                "{WORDS}struct S0 {{ a: f32 }}\n{}@compute @workgroup_size(1) fn main() {{ var s: S20; words[0] = f32(s.a.a.a.b.b.b.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a); }}",
                structures.collect::<String>()
            ),
        ),
        (
            "arrays that double",
            format!(
                "{WORDS}alias A0 = f32;\n{}@compute @workgroup_size(1) fn main() {{ var a: A14; words[0] = f32(a[0][0][0][0][0][0][0][0][0][0][0][0][0][0]); }}",
                arrays.collect::<String>()
            ),
        ),
        (
            "constants that double",
            format!(
                "{WORDS}const c0 = 1.0;\n{}@compute @workgroup_size(1) fn main() {{ words[0] = f32(words[1]); }}",
                constants.collect::<String>()
            ),
        ),
        ("templates", kernel(&format!("var a: {};", nested("array<", "f32", ", 2>", 5_000)))),
        ("blocks", kernel(&nested("{", "words[0] = 1.0;", "}", 10_000))),
        ("a recursion", format!("{WORDS}fn f() {{ g(); }} fn g() {{ f(); }}{}", kernel("f();").replace(WORDS, ""))),
        ("a large array", kernel("var a: array<f32, 100000>; a[u32(words[0])] = 1.0; words[1] = a[u32(words[2])];")),
        ("a large value", kernel("var a = array<f32, 1000000>(); words[1] = a[u32(words[2])];")),
    ];
    for (what, source) in &sources {
        findings.expect_error(what, ErrorKind::Validation, run(lab, source));
    }
}

/// As many costly operations as are granted, and as many statements.
pub fn slow(lab: &Lab, findings: &mut Findings) {
    let lines: String = (0..120).map(|line| format!("x = x * y + {line}.5; y = max(y, x) - x;\n")).collect();
    let costly = "x = sin(x) * cos(y); y = exp(x) + pow(y, x);".repeat(3);
    let calls = "v = f(v);".repeat(30);
    let source = format!(
        "{WORDS}fn f(a: vec4<f32>) -> vec4<f32> {{ var x = a; var y = a; {costly} {lines} return x + y; }}
         @compute @workgroup_size(1) fn main() {{
             var v = vec4<f32>(words[0], words[1], words[2], words[3]); {calls} words[0] = v.x + v.y + v.z + v.w;
         }}"
    );
    came_to_an_end(findings, run(lab, &source));
}

/// Values each of which takes all before it, by indices that are not known.
pub fn slow_chain(lab: &Lab, findings: &mut Findings) {
    let lines: String =
        (0..400).map(|line| format!("a[(k + {line}u) & 511u] += a[u32(a[k & {line}u]) & 511u];\n")).collect();
    let calls = "f(&a, u32(words[0]));".repeat(20);
    let source = format!(
        "{WORDS}fn f(a: ptr<function, array<f32, 512>>, k: u32) {{ {} }}
         @compute @workgroup_size(1) fn main() {{ var a: array<f32, 512>; a[0] = words[1]; {calls} words[0] = a[5]; }}",
        lines.replace("a[", "(*a)[")
    );
    came_to_an_end(findings, run(lab, &source));
}

/// Loops inside each other as deep as may be, many of them, with breaks and continues.
pub fn slow_loops(lab: &Lab, findings: &mut Findings) {
    let mut body = "words[k] += 1.0;".to_owned();
    for level in 0..28 {
        body = format!(
            "for (var i{level} = 0u; i{level} < n; i{level}++) {{ if (words[i{level}] > 1.0) {{ continue; }} \
             if (words[k + i{level}] < 0.0) {{ break; }} {body} }}"
        );
    }
    let source = format!(
        "{WORDS}fn f(k: u32, n: u32) {{ {body} }}
         @compute @workgroup_size(1) fn main() {{ {} }}",
        "f(u32(words[0]), u32(words[1]));".repeat(38)
    );
    came_to_an_end(findings, run(lab, &source));
}

/// Switches of very many cases, each of which jumps.
pub fn slow_switch(lab: &Lab, findings: &mut Findings) {
    let cases: String =
        (0..700).map(|case| format!("case {case}u: {{ x *= words[{case}]; k += {}u; }}\n", case % STRIDE)).collect();
    let source = format!(
        "{WORDS}fn f(a: u32) -> u32 {{ var k = a; var x = words[a]; loop {{ if (k > 1000u) {{ break; }}
             switch (k) {{ {cases} default: {{ k = 2000u; }} }} }} words[a] = x; return k; }}
         @compute @workgroup_size(1) fn main() {{ var k = u32(words[0]); {} words[1] = f32(k); }}",
        "k = f(k);".repeat(4)
    );
    came_to_an_end(findings, run(lab, &source));
}

/// The host may refuse it, compile it in time, or end the trial: all of these are right.
fn came_to_an_end(findings: &mut Findings, error: Option<crate::lab::Error>) {
    if let Some(error) = error {
        log!("{:?} error: {}", error.kind, crate::lab::shortened(&error.message));
    }
    findings.expect("it came to an end", true);
}

/// Memory that a work group shares: 40 MB, at once, in parts, or by a constant that comes later.
pub fn workgroup_memory(lab: &Lab, findings: &mut Findings) {
    let shared = |declarations: &str, body: &str| {
        format!("{WORDS}{declarations}\n@compute @workgroup_size(1) fn main() {{ {body} }}")
    };
    let parts: String = (0..200).map(|part| format!("var<workgroup> a{part}: array<f32, 50>;\n")).collect();
    let uses: String = (0..200).map(|part| format!("a{part}[0] = words[0]; words[1] += a{part}[1];")).collect();
    for (what, source) in [
        ("at once", shared("var<workgroup> a: array<f32, 10000000>;", "a[u32(words[0])] = 1.0;")),
        ("in parts", shared(&parts, &uses)),
        ("by one number too many", shared("var<workgroup> a: array<f32, 4097>;", "a[u32(words[0])] = 1.0;")),
    ] {
        findings.expect_error(what, ErrorKind::Validation, run(lab, &source));
    }
    let later = shared("override n: u32; var<workgroup> a: array<f32, n>;", "a[u32(words[0])] = 1.0;");
    for count in [10_000_000.0, 4_097.0, 4_294_967_295.0, 0.0, -1.0] {
        let error = specialised(lab, &later, &[("n", count)]);
        findings.expect_error(&format!("{count} by a constant"), ErrorKind::Validation, error);
    }
    let group = "override n: u32; @compute @workgroup_size(n, n, n) fn main() { }";
    for count in [257.0, 17.0, 0.0, 4_294_967_295.0] {
        let error = specialised(lab, group, &[("n", count)]);
        findings.expect_error(&format!("a work group of {count}³"), ErrorKind::Validation, error);
    }
}

/// Makes a pipeline with constants.
fn specialised(lab: &Lab, source: &str, values: &[(&str, f64)]) -> Option<crate::lab::Error> {
    let constants = RecordGpuPipelineConstantValue::new();
    for (name, value) in values {
        constants.add(name, *value);
    }
    lab.error_of(|| {
        let module = lab.shader(source);
        lab.device.create_compute_pipeline(GpuComputePipelineDescriptor {
            compute: GpuProgrammableStage {
                module: &module,
                entry_point: Some("main".to_owned()),
                constants: Some(constants),
            },
            layout: GpuLayoutMode::Auto,
            label: None,
        })
    })
    .1
}

/// Entry points that are not there, and names that are none.
pub fn entry_point_missing(lab: &Lab, findings: &mut Findings) {
    let module = lab.shader(&kernel("words[0] = 1.0;"));
    for name in ["", "Main", "main\0", "\u{2028}", &"m".repeat(100_000)] {
        let (_, error) = lab.error_of(|| lab.pipeline_of(&module, Some(name)));
        findings.expect_error("an entry point that is not there", ErrorKind::Validation, error);
    }
    let (_, error) = lab.error_of(|| lab.pipeline_of(&module, None));
    findings.expect_none("the only one needs no name", error);
    let none = lab.shader("fn f() {}");
    let (_, error) = lab.error_of(|| lab.pipeline_of(&none, None));
    findings.expect_error("there is none", ErrorKind::Validation, error);
    let broken = lab.error_of(|| lab.shader("broken")).0;
    let (pipeline, error) = lab.error_of(|| lab.pipeline_of(&broken, None));
    findings.expect_error("of a shader that is none", ErrorKind::Validation, error);
    let words = lab.words(&[0; 4]);
    let (_, error) = lab.error_of(|| lab.bind(&pipeline, &[&words]));
    findings.expect_error("the layout of a pipeline that is none", ErrorKind::Validation, error);
}

/// Constants that do not fit.
pub fn constants_garbage(lab: &Lab, findings: &mut Findings) {
    let source = format!(
        "{WORDS}override whole: i32 = 1; override real: f32 = 1.0; override flag: bool = true; @id(7) override seven: u32 = 7;
         override derived: i32 = 100 / whole;
         @compute @workgroup_size(1) fn main() {{ words[0] = f32(whole) + real + f32(flag) + f32(seven) + f32(derived); }}"
    );
    for (name, value) in [
        ("whole", f64::NAN),
        ("whole", f64::INFINITY),
        ("whole", 1e300),
        ("whole", 0.0),
        ("real", f64::NAN),
        ("real", f64::NEG_INFINITY),
        ("real", 1e300),
        ("seven", -1.0),
        ("7", 4_294_967_296.0),
        ("unknown", 1.0),
        ("", 1.0),
        ("8", 1.0),
    ] {
        let error = specialised(lab, &source, &[(name, value)]);
        findings.expect_error(&format!("`{name}` = {value}"), ErrorKind::Validation, error);
    }
    findings.expect_none("those that fit", specialised(lab, &source, &[("whole", 5.0), ("7", 8.0), ("flag", 3.0)]));
}
