//! Kernels that misbehave while they run, beside good ones.

use trialbox_guest::{Reporter, report};

use crate::lab::{COPY_DST, ErrorKind, Findings, Lab, MAP_READ, READ};

const PRODUCT: &str = "
    @group(0) @binding(0) var<storage, read> left: array<u32>;
    @group(0) @binding(1) var<storage, read> right: array<u32>;
    @group(0) @binding(2) var<storage, read_write> products: array<u32>;

    @compute @workgroup_size(64)
    fn main(@builtin(global_invocation_id) id: vec3<u32>) {
        if (id.x < arrayLength(&products)) {
            products[id.x] = left[id.x] * right[id.x];
        }
    }";

/// The condition lies in a buffer, so that no compiler can see how it ends.
const ENDLESS: &str = "
    @group(0) @binding(0) var<storage, read_write> words: array<u32>;

    @compute @workgroup_size(1)
    fn main() {
        loop {
            words[1] = words[1] + words[2];
            if (words[0] == 7u) { break; }
        }
    }";

/// 2⁴⁸ turns in two loops that a reader can count.
const LONG: &str = "
    @group(0) @binding(0) var<storage, read_write> words: array<u32>;

    @compute @workgroup_size(1)
    fn main() {
        for (var i = 0u; i < 16777216u; i++) {
            for (var k = 0u; k < 16777216u; k++) {
                words[1] = words[1] * 3u + words[2];
            }
        }
    }";

const COUNT: &str = "
    @group(0) @binding(0) var<storage, read_write> words: array<atomic<u32>>;

    @compute @workgroup_size(1)
    fn main() { atomicAdd(&words[0], 1u); }";

const SUM_TO: u32 = 2_000_000;

const STEADY: &str = "
    @group(0) @binding(0) var<storage, read_write> words: array<u32>;

    @compute @workgroup_size(1)
    fn main() {
        for (var i = 0u; i < words[3]; i++) { words[1] = words[1] + words[2]; }
    }";

/// A small product, read back and compared.
pub fn honest(lab: &Lab, findings: &mut Findings) {
    let left: Vec<u32> = (0..1_000).collect();
    let right: Vec<u32> = left.iter().map(|number| 3 * number + 1).collect();
    let (a, b, products) = (lab.words(&left), lab.words(&right), lab.words(&vec![0; left.len()]));
    let (read, error) = lab.error_of(|| {
        lab.run_groups(PRODUCT, &[&a, &b, &products], [16, 1, 1]);
        lab.read(&products, left.len())
    });
    findings.expect_none("good work makes no error", error);
    let expected: Vec<u32> = left.iter().zip(&right).map(|(left, right)| left * right).collect();
    findings.expect("the product is right", read.is_ok_and(|read| read == expected));
}

/// Many small steps, each read back and reported: there is always some of it under way.
pub fn honest_steps(lab: &Lab, findings: &mut Findings, reporter: &Reporter) {
    const STEPS: u32 = 400;
    let words = lab.words(&[0, 0, 3, 1_000]);
    let pipeline = lab.pipeline(STEADY);
    let group = lab.bind(&pipeline, &[&words]);
    let mut last = Vec::new();
    for step in 1..=STEPS {
        lab.queue.submit(&[&lab.commands(&pipeline, &group, [1, 1, 1])]);
        last = lab.read(&words, 4).unwrap_or_default();
        report!(reporter, step = i64::from(step), reward = f64::from(last.get(1).copied().unwrap_or(0)));
    }
    findings.expect("all steps were done", last == [0, STEPS * 3_000, 3, 1_000]);
}

/// More submissions than may be under way, none of which is waited for.
pub fn honest_backlog(lab: &Lab, findings: &mut Findings) {
    const SUBMISSIONS: u32 = 400;
    let words = lab.words(&[0, 0, 1, SUM_TO]);
    let pipeline = lab.pipeline(STEADY);
    let group = lab.bind(&pipeline, &[&words]);
    for _ in 0..SUBMISSIONS {
        lab.queue.submit(&[&lab.commands(&pipeline, &group, [1, 1, 1])]);
    }
    let read = lab.read(&words, 4).unwrap_or_default();
    findings.expect("all submissions were done", read == [0, SUBMISSIONS.wrapping_mul(SUM_TO), 1, SUM_TO]);
}

/// Reads far outside: what comes is of the same buffer, or zero.
pub fn out_of_bounds_read(lab: &Lab, findings: &mut Findings) {
    const SECRET: u32 = 0xdead_beef;
    let source = "
        @group(0) @binding(0) var<storage, read> own: array<u32>;
        @group(0) @binding(1) var<storage, read> where_to: array<u32>;
        @group(0) @binding(2) var<storage, read_write> found: array<u32>;

        @compute @workgroup_size(8)
        fn main(@builtin(local_invocation_index) i: u32) { found[i] = own[where_to[i]]; }";
    let own = lab.words(&[11, 12, 13, 14]);
    let neighbours: Vec<_> = (0..16).map(|_| lab.words(&vec![SECRET; 4_096])).collect();
    let where_to = lab.words(&[0, 4, 64, 5_000, 0x3fff_ffff, 0x4000_0000, 0x8000_0000, u32::MAX]);
    let found = lab.words(&[99; 8]);
    lab.run(source, &[&own, &where_to, &found]);
    let read = lab.read(&found, 8).unwrap_or_default();
    trialbox_guest::log!("found {read:x?} beside {} neighbours", neighbours.len());
    findings.expect("what is inside is read", read.first() == Some(&11));
    findings.expect(
        "what is outside is nothing of others",
        read.len() == 8 && read.iter().all(|word| [0, 11, 12, 13, 14].contains(word)),
    );
}

/// Writes far outside: the buffers beside it stay as they were.
pub fn out_of_bounds_write(lab: &Lab, findings: &mut Findings) {
    let source = "
        @group(0) @binding(0) var<storage, read_write> own: array<u32>;
        @group(0) @binding(1) var<storage, read> where_to: array<u32>;

        @compute @workgroup_size(8)
        fn main(@builtin(local_invocation_index) i: u32) { own[where_to[i]] = 666u; }";
    let neighbours: Vec<_> = (0..8).map(|_| lab.words(&[5; 1_024])).collect();
    let own = lab.words(&[1; 4]);
    let later: Vec<_> = (0..8).map(|_| lab.words(&[5; 1_024])).collect();
    let where_to = lab.words(&[4, 16, 1_024, 5_000, 0x3fff_ffff, 0x4000_0000, 0x8000_0000, u32::MAX]);
    lab.run(source, &[&own, &where_to]);
    lab.wait();
    let is_intact =
        neighbours.iter().chain(&later).all(|buffer| lab.read(buffer, 1_024).is_ok_and(|read| read == [5; 1_024]));
    findings.expect("buffers beside it are as they were", is_intact);
    let read = lab.read(&own, 4).unwrap_or_default();
    findings.expect("its own has what was written or what was there", read.iter().all(|word| [1, 666].contains(word)));
}

/// A loop without end, which is waited for.
pub fn endless(lab: &Lab, findings: &mut Findings) {
    let words = lab.words(&[0, 0, 1, 0]);
    lab.run(ENDLESS, &[&words]);
    lab.wait();
    findings.expect("this is not reached", false);
}

/// Loops of known counts that take years.
pub fn long_loop(lab: &Lab, findings: &mut Findings) {
    let words = lab.words(&[0, 0, 1, 0]);
    lab.run(LONG, &[&words]);
    let _ = lab.read(&words, 4);
    findings.expect("this is not reached", false);
}

/// A loop without end that is left behind.
pub fn endless_unawaited(lab: &Lab, findings: &mut Findings) {
    let words = lab.words(&[0, 0, 1, 0]);
    lab.run(ENDLESS, &[&words]);
    findings.expect("it may go on for now", true);
}

/// A loop without end on a device all of whose objects are dropped.
pub fn endless_dropped(_: &Lab, findings: &mut Findings) {
    let other = Lab::open();
    findings.expect("there is another device", other.is_ok());
    if let Ok(other) = other {
        let words = other.words(&[0, 0, 1, 0]);
        other.run(ENDLESS, &[&words]);
    }
}

/// The same, and then good work on the first device.
pub fn endless_dropped_then_good(lab: &Lab, findings: &mut Findings) {
    endless_dropped(lab, findings);
    honest(lab, findings);
}

/// A loop without end, then a map of a buffer that could not be made: its refusal says nothing of the loop.
pub fn endless_behind_refusal(lab: &Lab, findings: &mut Findings) {
    let words = lab.words(&[0, 0, 1, 0]);
    // Of as many work groups that nothing of the device is left for others.
    lab.run_groups(ENDLESS, &[&words], [256, 1, 1]);
    let never_made = lab.buffer(1 << 34, MAP_READ | COPY_DST);
    let mapped = never_made.map_async(READ, Some(0), Some(8));
    findings.expect("what was not made cannot be mapped", mapped.is_err());
}

/// A loop without end on a device that is destroyed meanwhile.
pub fn endless_destroyed(lab: &Lab, findings: &mut Findings) {
    let words = lab.words(&[0, 0, 1, 0]);
    lab.run(ENDLESS, &[&words]);
    lab.device.destroy();
    findings.expect("this is not reached", false);
}

/// More loops without end than may be under way.
pub fn endless_many(lab: &Lab, findings: &mut Findings) {
    let words = lab.words(&[0, 0, 1, 0]);
    let pipeline = lab.pipeline(ENDLESS);
    let group = lab.bind(&pipeline, &[&words]);
    for _ in 0..100 {
        lab.queue.submit(&[&lab.commands(&pipeline, &group, [1, 1, 1])]);
    }
    let _ = lab.read(&words, 4);
    findings.expect("this is not reached", false);
}

/// Barriers that not all invocations reach. A compiler may refuse them; a kernel with one comes to an end, or the trial does.
pub fn divergent_barrier(lab: &Lab, findings: &mut Findings) {
    let conditions = [
        ("an invocation's number", "i == 3u"),
        ("what lies in a buffer that is written", "words[0] == 3u"),
        ("what each invocation finds elsewhere", "words[i] == 3u"),
    ];
    for (what, condition) in conditions {
        for barrier in ["workgroupBarrier()", "storageBarrier()"] {
            ends(
                lab,
                findings,
                &format!("{barrier} if {what}"),
                &format!("if ({condition}) {{ {barrier}; }} words[i] = i;"),
            );
        }
    }
}

/// Barriers that some invocations leave a loop before. Whether a compiler sees it or not, it comes to an end.
pub fn divergent_exit(lab: &Lab, findings: &mut Findings) {
    let bodies = [
        "loop { if (i == 3u) { break; } workgroupBarrier(); words[i] += 1u; if (words[i] > 10u) { break; } }",
        "for (var k = 0u; k < i; k++) { workgroupBarrier(); words[i] += 1u; }",
        "if (i == 3u) { return; } workgroupBarrier(); words[i] = 1u;",
        "for (var k = 0u; k < 9u; k++) { if (k == i) { continue; } workgroupBarrier(); words[i] += 1u; }",
    ];
    for body in bodies {
        ends(lab, findings, body, body);
    }
}

/// Expects that a kernel with this body is refused, or comes to an end.
fn ends(lab: &Lab, findings: &mut Findings, what: &str, body: &str) {
    let source = format!(
        "@group(0) @binding(0) var<storage, read_write> words: array<u32>;
         @compute @workgroup_size(8) fn main(@builtin(local_invocation_index) i: u32) {{ {body} }}"
    );
    let words = lab.words(&[0; 8]);
    let (read, error) = lab.error_of(|| {
        lab.run(&source, &[&words]);
        lab.read(&words, 8)
    });
    trialbox_guest::log!("{read:?}");
    findings.expect(what, error.is_some() || read.is_ok());
}

/// More work groups than there can be: refused, since drivers run some of them and say nothing.
pub fn dispatch_cubed(lab: &Lab, findings: &mut Findings) {
    dispatch_refused(lab, findings, [65_535; 3]);
}

/// More work groups along one dimension than the limit.
pub fn dispatch_past_dimension(lab: &Lab, findings: &mut Findings) {
    for dimension in 0..3 {
        for count in [65_536, u32::MAX] {
            let mut groups = [1; 3];
            groups[dimension] = count;
            dispatch_refused(lab, findings, groups);
        }
    }
}

fn dispatch_refused(lab: &Lab, findings: &mut Findings, groups: [u32; 3]) {
    let words = lab.words(&[0; 4]);
    let ((), error) = lab.error_of(|| lab.run_groups(COUNT, &[&words], groups));
    findings.expect_error(&format!("{groups:?} work groups"), ErrorKind::Validation, error);
    findings.expect("none of them has run", lab.read(&words, 1).is_ok_and(|read| read == [0]));
}

/// Reading without end whether anything has changed.
pub fn spin_read(lab: &Lab, findings: &mut Findings) {
    let words = lab.words(&[0; 4]);
    let encoder = lab.device.create_command_encoder(None);
    let staging = lab.buffer(16, MAP_READ | COPY_DST);
    encoder.copy_buffer_to_buffer(&words, 0, &staging, 0, 16);
    lab.queue.submit(&[&encoder.finish(None)]);
    loop {
        if staging.map_async(READ, None, None).is_err() {
            break;
        }
        let content = staging.get_mapped_range_get_with_copy(None, None);
        if content.is_ok_and(|content| content.iter().any(|byte| *byte != 0)) || staging.unmap().is_err() {
            break;
        }
    }
    findings.expect("this is not reached", false);
}
