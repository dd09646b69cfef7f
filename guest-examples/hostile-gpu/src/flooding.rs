//! Modes that do something small far too often, or once with far too much.

use trialbox_gpu::bindings::wasi::webgpu::webgpu::{
    GpuBufferDescriptor, GpuCommandBufferDescriptor, GpuCommandEncoderDescriptor, GpuComputePassDescriptor,
    GpuErrorFilter,
};

use crate::lab::{COPY_DST, ErrorKind, Findings, Lab, MAP_READ, READ, WORK};

const MANY: usize = 1_000_000;

const NAMED: &str = "
    @group(0) @binding(0) var<storage, read_write> words: array<u32>;
    @compute @workgroup_size(1) fn main() { words[0] += 1u; }";

/// A million error scopes.
pub fn scopes_million(lab: &Lab, findings: &mut Findings) {
    for _ in 0..MANY {
        lab.device.push_error_scope(GpuErrorFilter::OutOfMemory);
    }
    let mut popped = 0;
    while lab.device.pop_error_scope().is_ok() {
        popped += 1;
    }
    findings.expect("there is an end to it", popped < MANY);
}

/// More scopes closed than opened, and opened and never closed.
pub fn scopes_unbalanced(lab: &Lab, findings: &mut Findings) {
    findings.expect("there is none to close", lab.device.pop_error_scope().is_err());
    lab.device.push_error_scope(GpuErrorFilter::Validation);
    findings.expect("the one is closed", lab.device.pop_error_scope().is_ok_and(|error| error.is_none()));
    findings.expect("there is no second one", lab.device.pop_error_scope().is_err());
    lab.device.push_error_scope(GpuErrorFilter::Validation);
}

/// Labels of a megabyte on everything.
pub fn labels_of_megabytes(lab: &Lab, findings: &mut Findings) {
    let label = "é".repeat(1 << 19);
    let named = || Some(label.clone());
    let ((), error) = lab.error_of(|| {
        for _ in 0..100 {
            let buffer = lab.device.create_buffer(&GpuBufferDescriptor {
                size: 4,
                usage: WORK,
                mapped_at_creation: None,
                label: named(),
            });
            buffer.set_label(&label);
            let encoder = lab.device.create_command_encoder(Some(&GpuCommandEncoderDescriptor { label: named() }));
            let descriptor = GpuComputePassDescriptor { timestamp_writes: None, label: named() };
            let pass = encoder.begin_compute_pass(Some(&descriptor));
            pass.push_debug_group(&label);
            pass.insert_debug_marker(&label);
            pass.pop_debug_group();
            pass.end();
            lab.queue.submit(&[&encoder.finish(Some(&GpuCommandBufferDescriptor { label: named() }))]);
            findings.expect("a label is there as far as it is kept", label.starts_with(&buffer.label()));
        }
        lab.device.set_label(&label);
    });
    findings.expect_none("labels are no errors", error);
}

/// A million errors that nobody catches.
pub fn uncaught_errors(lab: &Lab, findings: &mut Findings) {
    let buffer = lab.buffer(4, MAP_READ | COPY_DST);
    for round in 0..MANY {
        let _ = lab.queue.write_buffer_with_copy(&buffer, 4, &[0; 4], None, None);
        if round % 1_000 == 0 {
            lab.wait();
        }
    }
    lab.wait();
    findings.expect("the host is still there", lab.error_of(|| lab.buffer(4, WORK)).1.is_none());
}

/// 100,000 dispatches in one encoder: more than may wait.
pub fn commands_many(lab: &Lab, findings: &mut Findings) {
    let error = dispatches(lab, 100_000).1;
    findings.expect_error("as many commands", ErrorKind::Validation, error);
}

/// As many dispatches as may wait, twice.
pub fn commands_few(lab: &Lab, findings: &mut Findings) {
    for _ in 0..2 {
        let (read, error) = dispatches(lab, 20_000);
        findings.expect_none("so many commands", error);
        findings.expect("all of them have run", read == [20_000]);
    }
}

fn dispatches(lab: &Lab, count: usize) -> (Vec<u32>, Option<crate::lab::Error>) {
    let words = lab.words(&[0; 4]);
    let pipeline = lab.pipeline(NAMED);
    let group = lab.bind(&pipeline, &[&words]);
    lab.error_of(|| {
        let encoder = lab.device.create_command_encoder(None);
        let pass = encoder.begin_compute_pass(None);
        pass.set_pipeline(&pipeline);
        let _ = pass.set_bind_group(0, Some(&group), None, None, None);
        for _ in 0..count {
            pass.dispatch_workgroups(1, None, None);
        }
        pass.end();
        lab.queue.submit(&[&encoder.finish(None)]);
        lab.read(&words, 1).unwrap_or_default()
    })
}

/// More read-backs than a trial may have.
pub fn read_backs_too_many(lab: &Lab, findings: &mut Findings) {
    let staging = lab.buffer(16, MAP_READ | COPY_DST);
    let is_mapped = staging.map_async(READ, None, None).is_ok();
    for _ in 0..MANY {
        let _ = staging.get_mapped_range_get_with_copy(None, None);
    }
    findings.expect("this is not reached", !is_mapped);
}

/// A read-back of more than a call may carry.
pub fn read_back_too_large(lab: &Lab, findings: &mut Findings) {
    let staging = lab.buffer(64 << 20, MAP_READ | COPY_DST);
    let is_mapped = staging.map_async(READ, None, None).is_ok();
    let _ = staging.get_mapped_range_get_with_copy(None, None);
    findings.expect("this is not reached", !is_mapped);
}
