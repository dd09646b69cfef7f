//! Modes that take more memory than they may: of the device, of its driver, or of the host.

use trialbox_gpu::bindings::wasi::webgpu::webgpu::{GpuErrorFilter, GpuErrorKind, get_gpu};
use trialbox_guest::log;

use crate::lab::{COPY_SRC, ErrorKind, Findings, Lab, MAP_WRITE, WORK};

const MIB: u64 = 1 << 20;
/// More than any study grants.
const MANY: usize = 1_000_000;

const NAMED: &str = "
    @group(0) @binding(0) var<storage, read_write> words: array<u32>;
    @compute @workgroup_size(1) fn main() { words[0] += 1u; }";

/// Buffers of 100 GiB and more, and one of nothing.
pub fn buffer_too_large(lab: &Lab, findings: &mut Findings) {
    for bytes in [100 << 30, 1 << 33] {
        let (_, error) = lab.error_of(|| lab.buffer(bytes, WORK));
        findings.expect_error(&format!("a buffer of {bytes} bytes"), ErrorKind::OutOfMemory, error);
    }
    let (buffer, error) = lab.error_of(|| lab.buffer(0, WORK));
    findings.expect_none("a buffer of no bytes", error);
    findings.expect("it has no bytes", buffer.size() == 0);
}

/// Buffers of 128 MiB, as many as there may be and more.
pub fn buffers_until_memory(lab: &Lab, findings: &mut Findings) {
    let mut kept = Vec::new();
    let mut refused = 0;
    for _ in 0..1_000 {
        match lab.error_of(|| lab.buffer(128 * MIB, WORK)) {
            (buffer, None) => kept.push(buffer),
            (_, Some(error)) => refused += u32::from(error.kind == ErrorKind::OutOfMemory),
        }
    }
    log!("{} buffers were made, {refused} refused", kept.len());
    findings.expect("some are made, and the others refused", !kept.is_empty() && kept.len() as u32 + refused == 1_000);
    drop(kept);
    let (_, error) = lab.error_of(|| lab.buffer(128 * MIB, WORK));
    findings.expect_none("once they are dropped there is room again", error);
}

/// Buffers that are dropped while bind groups hold them: their memory is still in use.
pub fn buffers_bound_and_dropped(lab: &Lab, findings: &mut Findings) {
    let pipeline = lab.pipeline(NAMED);
    let mut groups = Vec::new();
    let mut refused = 0;
    for _ in 0..64 {
        let (group, error) = lab.error_of(|| {
            let buffer = lab.buffer(32 * MIB, WORK);
            let group = lab.bind(&pipeline, &[&buffer]);
            // It is touched, so that it has to be there.
            lab.queue.submit(&[&lab.commands(&pipeline, &group, [1, 1, 1])]);
            group
        });
        groups.push(group);
        refused += u32::from(error.is_some());
        lab.wait();
    }
    log!("{refused} of 64 buffers of 32 MiB were refused");
    findings.expect("what bind groups hold counts", refused > 0);
}

/// As much memory as there may be, on each of many devices.
pub fn buffers_of_many_devices(_: &Lab, findings: &mut Findings) {
    let mut kept = Vec::new();
    let mut devices = Vec::new();
    while let Ok(lab) = Lab::open() {
        while let (buffer, None) = lab.error_of(|| lab.buffer(64 * MIB, WORK)) {
            kept.push(buffer);
        }
        devices.push(lab);
    }
    log!("{} devices have {} buffers of 64 MiB", devices.len(), kept.len());
    findings.expect("the memory of a trial is that of all its devices", (1..=16).contains(&kept.len()));
}

/// A million small buffers, none of which is dropped.
pub fn buffers_kept(lab: &Lab, findings: &mut Findings) {
    let kept: Vec<_> = (0..MANY).map(|_| lab.buffer(4, WORK)).collect();
    findings.expect("this is not reached", kept.is_empty());
}

/// A million small buffers, one after the other.
pub fn buffers_dropped(lab: &Lab, findings: &mut Findings) {
    let ((), error) = lab.error_of(|| {
        for _ in 0..MANY {
            drop(lab.buffer(4, WORK));
        }
    });
    findings.expect_none("there is always room for one", error);
}

/// Buffers that are mapped from the beginning, and written.
pub fn buffers_mapped(lab: &Lab, findings: &mut Findings) {
    let mut kept = Vec::new();
    let mut refused = 0;
    for _ in 0..64 {
        let (buffer, error) = lab.error_of(|| {
            let buffer = lab.mapped_buffer(32 * MIB, MAP_WRITE | COPY_SRC);
            let _ = buffer.get_mapped_range_set_with_copy(&[1; 4_096], Some(0), None);
            buffer
        });
        refused += u32::from(error.is_some());
        kept.push(buffer);
    }
    findings.expect("there is an end to it", refused > 0);
}

/// Writes to a buffer without a submission that would carry them out: 8 GiB in all.
pub fn writes_unsubmitted(lab: &Lab, findings: &mut Findings) {
    let buffer = lab.buffer(MIB, WORK);
    let data = vec![7; MIB as usize];
    for _ in 0..8 << 10 {
        let _ = lab.queue.write_buffer_with_copy(&buffer, 0, &data, None, None);
    }
    findings.expect("the last of them is there", lab.read(&buffer, 1).is_ok_and(|read| read == [0x0707_0707]));
}

/// What is wrong with a shader, asked for again and again.
pub fn messages_kept(lab: &Lab, findings: &mut Findings) {
    let name = "x".repeat(15_000);
    let module = lab.shader(&format!("fn {name}() {{ }} fn {name}() {{ }} fn {name}() {{ }}"));
    let kept: Vec<_> = (0..9_000).map(|_| module.get_compilation_info()).collect();
    findings.expect("they are all there", kept.iter().all(|info| !info.messages().is_empty()));
}

/// Commands in passes whose encoders were finished too early: nothing will ever submit them.
pub fn passes_kept(lab: &Lab, findings: &mut Findings) {
    const PASSES: usize = 40;
    let offsets = [0; 64];
    let mut kept = Vec::new();
    for _ in 0..PASSES {
        let encoder = lab.device.create_command_encoder(None);
        let pass = encoder.begin_compute_pass(None);
        for _ in 0..60_000 {
            let _ = pass.set_bind_group(0, None, Some(&offsets), None, None);
        }
        let (_, error) = lab.error_of(|| encoder.finish(None));
        if error.is_none() {
            findings.expect("a pass was open", false);
        }
        kept.push((encoder, pass));
    }
    findings.expect("they are all there", kept.len() == PASSES);
}

/// As many large shaders as there may be.
pub fn shaders_kept(lab: &Lab, findings: &mut Findings) {
    let source = crate::compiling::many_functions(60_000);
    let mut kept = Vec::new();
    loop {
        let (module, error) = lab.error_of(|| lab.shader(&source));
        if let Some(error) = error {
            log!("{} shaders, then: {}", kept.len(), crate::lab::shortened(&error.message));
            break;
        }
        kept.push(module);
    }
    findings.expect("there is an end to it", true);
}

/// As many pipelines as there may be, all used.
pub fn pipelines_kept(lab: &Lab, findings: &mut Findings) {
    let words = lab.words(&[0; 4]);
    let mut kept = Vec::new();
    for number in 0..6_000 {
        let source = NAMED.replace("1u", &format!("{number}u"));
        let (pipeline, error) = lab.error_of(|| {
            let pipeline = lab.pipeline(&source);
            let group = lab.bind(&pipeline, &[&words]);
            lab.queue.submit(&[&lab.commands(&pipeline, &group, [1, 1, 1])]);
            pipeline
        });
        if let Some(error) = error {
            log!("{} pipelines, then: {}", kept.len(), crate::lab::shortened(&error.message));
            break;
        }
        kept.push(pipeline);
    }
    findings.expect("there is an end to it", kept.len() < 6_000);
}

/// Errors with long texts, none of which is dropped.
pub fn errors_kept(lab: &Lab, findings: &mut Findings) {
    let source = "!".repeat(1_000);
    let mut kept = Vec::new();
    for _ in 0..9_000 {
        lab.device.push_error_scope(GpuErrorFilter::Validation);
        lab.shader(&source);
        if let Ok(Some(error)) = lab.device.pop_error_scope() {
            kept.push(error);
        }
    }
    findings.expect("they are all there", kept.len() == 9_000);
    findings.expect(
        "they are what they were",
        kept.iter().all(|error| matches!(error.kind(), GpuErrorKind::ValidationError)),
    );
}

/// A million encoders that are never finished.
pub fn encoders_kept(lab: &Lab, findings: &mut Findings) {
    let kept: Vec<_> = (0..MANY).map(|_| lab.device.create_command_encoder(None)).collect();
    findings.expect("this is not reached", kept.is_empty());
}

/// A million devices, one after the other.
pub fn devices_many(_: &Lab, findings: &mut Findings) {
    let mut opened = 1;
    let Some(adapter) = get_gpu().request_adapter(None) else { return };
    for _ in 0..MANY {
        match adapter.request_device(None) {
            Ok(_) => opened += 1,
            Err(error) => {
                log!("after {opened}: {}", error.message);
                break;
            }
        }
    }
    findings.expect("there is an end to it", opened <= 16);
}
