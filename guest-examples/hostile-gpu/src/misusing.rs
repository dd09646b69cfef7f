//! Calls in the wrong order, on the wrong objects, or with nonsensical numbers.

use trialbox_gpu::bindings::wasi::webgpu::webgpu::{
    GpuBindGroupDescriptor, GpuBindGroupEntry, GpuBindGroupLayoutDescriptor, GpuBindGroupLayoutEntry, GpuBuffer,
    GpuBufferBindingLayout, GpuBufferBindingType, GpuBufferMapState, GpuComputePipelineDescriptor, GpuLayoutMode,
    GpuPipelineLayoutDescriptor, GpuProgrammableStage,
};
use trialbox_guest::log;

use crate::lab::{
    COPY_DST, COPY_SRC, ErrorKind, Findings, Lab, MAP_READ, MAP_WRITE, READ, STORAGE, UNIFORM, WORK, WRITE, part, whole,
};

const ADD: &str = "
    @group(0) @binding(0) var<storage, read_write> words: array<u32, 4>;
    @group(0) @binding(1) var<storage, read_write> more: array<u32, 4>;
    @compute @workgroup_size(1) fn main() { words[0] += 1u; more[0] += 1u; }";

const COMPUTE: u32 = 4;

/// What lies in a part of a mapped buffer, if it can be read.
fn content(buffer: &GpuBuffer, offset: Option<u64>, size: Option<u64>) -> Option<Vec<u8>> {
    buffer.get_mapped_range_get_with_copy(offset, size).ok()
}

/// A buffer is used in every way after it was destroyed.
pub fn use_after_destroy(lab: &Lab, findings: &mut Findings) {
    let (buffer, other) = (lab.words(&[1; 4]), lab.words(&[2; 4]));
    let mappable = lab.buffer(16, MAP_READ | COPY_DST);
    let pipeline = lab.pipeline(ADD);
    let group = lab.bind(&pipeline, &[&buffer, &other]);
    let recorded = lab.commands(&pipeline, &group, [1, 1, 1]);
    buffer.destroy();
    buffer.destroy();
    mappable.destroy();
    let ((), error) = lab.error_of(|| lab.queue.submit(&[&recorded]));
    findings.expect_error("submitted", ErrorKind::Validation, error);
    let ((), error) = lab.error_of(|| lab.queue.submit(&[&lab.commands(&pipeline, &group, [1, 1, 1])]));
    findings.expect_error("recorded and submitted", ErrorKind::Validation, error);
    let (_, error) = lab.error_of(|| lab.queue.write_buffer_with_copy(&buffer, 0, &[0; 4], None, None));
    findings.expect_error("written", ErrorKind::Validation, error);
    let (mapped, error) = lab.error_of(|| mappable.map_async(READ, None, None));
    findings.expect("not mapped", mapped.is_err() && mappable.map_state() == GpuBufferMapState::Unmapped);
    findings.expect_error("mapped", ErrorKind::Validation, error);
    let (read, _) = lab.error_of(|| lab.read(&buffer, 4));
    findings.expect("nothing of it is read", read.is_err() || read == Ok(vec![0; 4]));
    findings.expect("the other one is as it was", lab.read(&other, 4) == Ok(vec![2; 4]));
    let (_, error) = lab.error_of(|| lab.bind(&pipeline, &[&buffer, &other]));
    log!("bound after it was destroyed: {}", error.map_or("no error".into(), |error| error.message));
}

/// A buffer that is mapped is mapped again.
pub fn map_while_mapped(lab: &Lab, findings: &mut Findings) {
    let buffer = lab.buffer(16, MAP_READ | COPY_DST);
    findings.expect("mapped once", buffer.map_async(READ, None, None).is_ok());
    let (again, error) = lab.error_of(|| buffer.map_async(READ, None, None));
    findings.expect("not twice", again.is_err());
    findings.expect_error("twice", ErrorKind::Validation, error);
    let (write, _) = lab.error_of(|| buffer.map_async(WRITE, None, None));
    findings.expect("not for writing meanwhile", write.is_err());
    let written = buffer.get_mapped_range_set_with_copy(&[1; 16], None, None);
    findings.expect("not written while it is mapped for reading", written.is_err());
    findings.expect("the first mapping holds", content(&buffer, None, None) == Some(vec![0; 16]));
    let fresh = lab.mapped_buffer(16, MAP_WRITE | COPY_SRC);
    let (again, _) = lab.error_of(|| fresh.map_async(WRITE, None, None));
    findings.expect("not one that is mapped from the beginning", again.is_err());
}

/// Parts that are not aligned, outside, or past counting.
pub fn map_out_of_range(lab: &Lab, findings: &mut Findings) {
    let buffer = lab.buffer(64, MAP_READ | COPY_DST);
    let parts = [
        (Some(1), None),
        (Some(4), None),
        (Some(0), Some(3)),
        (Some(64), Some(4)),
        (Some(72), None),
        (Some(8), Some(60)),
        (Some(u64::MAX), None),
        (Some(u64::MAX - 7), Some(16)),
        (Some(8), Some(u64::MAX)),
        (Some(u64::MAX & !7), Some(u64::MAX & !3)),
    ];
    for (offset, size) in parts {
        let (mapped, error) = lab.error_of(|| buffer.map_async(READ, offset, size));
        findings.expect_error(&format!("{offset:?}, {size:?}"), ErrorKind::Validation, error);
        findings.expect("it is refused", mapped.is_err());
    }
    for mode in [0, 3, 4, u32::MAX] {
        findings.expect("no such mode", lab.error_of(|| buffer.map_async(mode, None, None)).0.is_err());
    }
    findings.expect("a part is mapped", buffer.map_async(READ, Some(16), Some(16)).is_ok());
    for (offset, size) in parts.into_iter().chain([(None, None), (Some(8), Some(16)), (Some(24), Some(16))]) {
        let content = buffer.get_mapped_range_get_with_copy(offset, size);
        findings.expect(&format!("{offset:?}, {size:?} is not read"), content.is_err());
        let written = buffer.get_mapped_range_set_with_copy(&[0; 4], offset, size);
        findings.expect(&format!("{offset:?}, {size:?} is not written"), written.is_err());
    }
    findings.expect("the part is read", content(&buffer, Some(16), Some(16)) == Some(vec![0; 16]));
}

/// Work on a buffer that is mapped.
pub fn submit_while_mapped(lab: &Lab, findings: &mut Findings) {
    let words = lab.words(&[7; 4]);
    let staging = lab.buffer(16, MAP_READ | COPY_DST);
    let copy = || {
        let encoder = lab.device.create_command_encoder(None);
        encoder.copy_buffer_to_buffer(&words, 0, &staging, 0, 16);
        encoder.finish(None)
    };
    let before = copy();
    findings.expect("mapped", staging.map_async(READ, None, None).is_ok());
    let ((), error) = lab.error_of(|| lab.queue.submit(&[&before]));
    findings.expect_error("submitted while mapped", ErrorKind::Validation, error);
    let ((), error) = lab.error_of(|| lab.queue.submit(&[&copy()]));
    findings.expect_error("recorded while mapped", ErrorKind::Validation, error);
    let (_, error) = lab.error_of(|| lab.queue.write_buffer_with_copy(&staging, 0, &[1; 4], None, None));
    findings.expect_error("written while mapped", ErrorKind::Validation, error);
    findings.expect("nothing has come there", content(&staging, None, None) == Some(vec![0; 16]));
    let _ = staging.unmap();
    let ((), error) = lab.error_of(|| lab.queue.submit(&[&copy()]));
    findings.expect_none("once it is unmapped it goes on", error);
}

/// Buffers that are not mapped, or cannot be.
pub fn unmap_unmapped(lab: &Lab, findings: &mut Findings) {
    let buffer = lab.buffer(16, MAP_READ | COPY_DST);
    let (unmapped, error) = lab.error_of(|| buffer.unmap());
    findings.expect_none("unmapped without being mapped", error);
    findings.expect("it is no failure", unmapped.is_ok());
    findings.expect("nothing is read", buffer.get_mapped_range_get_with_copy(None, None).is_err());
    let words = lab.words(&[1; 4]);
    let (mapped, error) = lab.error_of(|| words.map_async(READ, None, None));
    findings.expect("what has no such usage is not mapped", mapped.is_err());
    findings.expect_error("without the usage", ErrorKind::Validation, error);
    let (never, error) = lab.error_of(|| lab.mapped_buffer(6, WORK));
    findings.expect_error("mapped from the beginning with 6 bytes", ErrorKind::Validation, error);
    let _ = lab.error_of(|| never.get_mapped_range_set_with_copy(&[0; 4], None, None));
    let (_, error) = lab.error_of(|| never.unmap());
    log!("unmap of what was never made: {}", error.map_or("no error".into(), |error| error.message));
    for usage in [0, MAP_READ | MAP_WRITE, MAP_READ | STORAGE, 1 << 31, u32::MAX, 0x10, 0x100] {
        let (_, error) = lab.error_of(|| lab.buffer(16, usage));
        findings.expect_error(&format!("usage {usage:#x}"), ErrorKind::Validation, error);
    }
}

/// Commands are submitted twice: one after the other, and at once.
pub fn submit_twice(lab: &Lab, findings: &mut Findings) {
    let (words, more) = (lab.words(&[0; 4]), lab.words(&[0; 4]));
    let pipeline = lab.pipeline(ADD);
    let group = lab.bind(&pipeline, &[&words, &more]);
    let commands = lab.commands(&pipeline, &group, [1, 1, 1]);
    lab.queue.submit(&[&commands]);
    let ((), error) = lab.error_of(|| lab.queue.submit(&[&commands]));
    findings.expect_error("one after the other", ErrorKind::Validation, error);
    let commands = lab.commands(&pipeline, &group, [1, 1, 1]);
    let ((), error) = lab.error_of(|| lab.queue.submit(&[&commands, &commands]));
    findings.expect_error("at once", ErrorKind::Validation, error);
    findings.expect("it has run once", lab.read(&words, 1) == Ok(vec![1]));
}

/// Encoders and passes that are used after their end, or at the same time.
pub fn encoder_misuse(lab: &Lab, findings: &mut Findings) {
    let (words, more) = (lab.words(&[0; 4]), lab.words(&[0; 4]));
    let pipeline = lab.pipeline(ADD);
    let group = lab.bind(&pipeline, &[&words, &more]);
    let submitted = |what: &str, findings: &mut Findings, act: &dyn Fn()| {
        let ((), error) = lab.error_of(act);
        findings.expect_error(what, ErrorKind::Validation, error);
    };
    submitted("finished twice", findings, &|| {
        let encoder = lab.device.create_command_encoder(None);
        let _ = (encoder.finish(None), encoder.finish(None));
    });
    submitted("a command after the end", findings, &|| {
        let encoder = lab.device.create_command_encoder(None);
        let _ = encoder.finish(None);
        encoder.clear_buffer(&words, None, None);
    });
    submitted("a pass after the end", findings, &|| {
        let encoder = lab.device.create_command_encoder(None);
        let _ = encoder.finish(None);
        encoder.begin_compute_pass(None).dispatch_workgroups(1, None, None);
    });
    submitted("two passes at a time", findings, &|| {
        let encoder = lab.device.create_command_encoder(None);
        let (first, second) = (encoder.begin_compute_pass(None), encoder.begin_compute_pass(None));
        first.end();
        second.end();
        lab.queue.submit(&[&encoder.finish(None)]);
    });
    submitted("a command beside an open pass", findings, &|| {
        let encoder = lab.device.create_command_encoder(None);
        let pass = encoder.begin_compute_pass(None);
        encoder.clear_buffer(&words, None, None);
        pass.end();
        lab.queue.submit(&[&encoder.finish(None)]);
    });
    submitted("a pass that was never ended", findings, &|| {
        let encoder = lab.device.create_command_encoder(None);
        let _pass = encoder.begin_compute_pass(None);
        lab.queue.submit(&[&encoder.finish(None)]);
    });
    submitted("a pass that was ended twice", findings, &|| {
        let encoder = lab.device.create_command_encoder(None);
        let pass = encoder.begin_compute_pass(None);
        pass.end();
        pass.end();
    });
    submitted("a pass that goes on after its encoder", findings, &|| {
        let encoder = lab.device.create_command_encoder(None);
        let pass = encoder.begin_compute_pass(None);
        let commands = encoder.finish(None);
        pass.set_pipeline(&pipeline);
        let _ = pass.set_bind_group(0, Some(&group), None, None, None);
        pass.dispatch_workgroups(1, None, None);
        pass.end();
        lab.queue.submit(&[&commands]);
    });
    submitted("a dispatch of nothing", findings, &|| {
        let encoder = lab.device.create_command_encoder(None);
        let pass = encoder.begin_compute_pass(None);
        pass.dispatch_workgroups(1, None, None);
        pass.end();
        lab.queue.submit(&[&encoder.finish(None)]);
    });
    let encoder = lab.device.create_command_encoder(None);
    let pass = encoder.begin_compute_pass(None);
    drop(encoder);
    pass.set_pipeline(&pipeline);
    pass.end();
    findings.expect("nothing of all that has run", lab.read(&words, 1) == Ok(vec![0]));
}

/// Objects of two devices together.
pub fn foreign_device(lab: &Lab, findings: &mut Findings) {
    let Ok(other) = Lab::open() else {
        findings.expect("there is another device", false);
        return;
    };
    let (own, foreign) = (lab.words(&[1; 4]), other.words(&[2; 4]));
    let (pipeline, foreign_pipeline) = (lab.pipeline(ADD), other.pipeline(ADD));
    let (_, error) = lab.error_of(|| lab.bind(&pipeline, &[&own, &foreign]));
    findings.expect_error("a buffer in a bind group", ErrorKind::Validation, error);
    let foreign_group = other.bind(&foreign_pipeline, &[&foreign, &foreign]);
    let ((), error) = lab.error_of(|| lab.queue.submit(&[&lab.commands(&pipeline, &foreign_group, [1, 1, 1])]));
    findings.expect_error("a bind group in a pass", ErrorKind::Validation, error);
    let group = lab.bind(&pipeline, &[&own, &lab.words(&[0; 4])]);
    let ((), error) = lab.error_of(|| lab.queue.submit(&[&lab.commands(&foreign_pipeline, &group, [1, 1, 1])]));
    findings.expect_error("a pipeline in a pass", ErrorKind::Validation, error);
    let module = other.shader(ADD);
    let (_, error) = lab.error_of(|| lab.pipeline_of(&module, None));
    findings.expect_error("a shader in a pipeline", ErrorKind::Validation, error);
    let encoder = lab.device.create_command_encoder(None);
    encoder.copy_buffer_to_buffer(&foreign, 0, &own, 0, 16);
    let (_, error) = lab.error_of(|| encoder.finish(None));
    findings.expect_error("a copy", ErrorKind::Validation, error);
    let (_, error) = lab.error_of(|| lab.queue.write_buffer_with_copy(&foreign, 0, &[9; 16], None, None));
    findings.expect_error("a write", ErrorKind::Validation, error);
    let commands = other.device.create_command_encoder(None).finish(None);
    let ((), error) = lab.error_of(|| lab.queue.submit(&[&commands]));
    findings.expect_error("a submission", ErrorKind::Validation, error);
    let is_intact = lab.read(&own, 4) == Ok(vec![1; 4]) && other.read(&foreign, 4) == Ok(vec![2; 4]);
    findings.expect("both buffers are as they were", is_intact);
}

/// A device is destroyed and used in every way.
pub fn device_destroyed(lab: &Lab, findings: &mut Findings) {
    let words = lab.words(&[3; 4]);
    let staging = lab.buffer(16, MAP_READ | COPY_DST);
    let pipeline = lab.pipeline(ADD);
    let group = lab.bind(&pipeline, &[&words, &lab.words(&[0; 4])]);
    let commands = lab.commands(&pipeline, &group, [1, 1, 1]);
    lab.device.destroy();
    lab.device.destroy();
    let lost = lab.device.lost();
    log!("lost: {:?}, {}", lost.reason(), lost.message());
    findings.expect("a device that is lost has no errors", lab.error_of(|| lab.queue.submit(&[&commands])).1.is_none());
    let (read, _) = lab.error_of(|| lab.read(&words, 4));
    findings.expect("nothing is read", read.is_err());
    findings.expect("nothing is mapped", lab.error_of(|| staging.map_async(READ, None, None)).0.is_err());
    let _ = lab.error_of(|| lab.run(ADD, &[&words, &lab.words(&[0; 4])]));
    lab.wait();
    words.destroy();
    let _ = staging.unmap();
    let mapped = lab.mapped_buffer(64, COPY_SRC);
    let _ = mapped.get_mapped_range_set_with_copy(&[1; 8], None, Some(8));
    let _ = mapped.unmap();
    let again = Lab::open();
    findings.expect("another device is there", again.is_ok());
    if let Ok(again) = again {
        let words = again.words(&[4; 4]);
        findings.expect("and works", again.read(&words, 4) == Ok(vec![4; 4]));
    }
}

/// Waiting for a loss that will never be.
pub fn lost_without_destroy(lab: &Lab, findings: &mut Findings) {
    lab.device.lost();
    findings.expect("this is not reached", false);
}

/// Bind groups that do not fit.
pub fn bind_groups_wrong(lab: &Lab, findings: &mut Findings) {
    let (words, small, uniform) = (lab.words(&[0; 64]), lab.words(&[0; 2]), lab.buffer(256, UNIFORM | COPY_DST));
    let pipeline = lab.pipeline(ADD);
    let layout = pipeline.get_bind_group_layout(0);
    let group = |entries: Vec<GpuBindGroupEntry<'_>>| {
        lab.device.create_bind_group(&GpuBindGroupDescriptor { layout: &layout, entries, label: None })
    };
    let groups: Vec<(&str, Vec<GpuBindGroupEntry<'_>>)> = vec![
        ("no entries", vec![]),
        ("an entry that is missing", vec![whole(0, &words)]),
        ("an entry too many", vec![whole(0, &words), whole(1, &words), whole(2, &words)]),
        ("an entry twice", vec![whole(0, &words), whole(0, &words)]),
        ("a buffer that is too small", vec![whole(0, &words), whole(1, &small)]),
        ("a buffer without the usage", vec![whole(0, &words), whole(1, &uniform)]),
        ("a part of no bytes", vec![whole(0, &words), part(1, &words, Some(0), Some(0))]),
        ("a part outside", vec![whole(0, &words), part(1, &words, Some(256), Some(16))]),
        ("a part past counting", vec![whole(0, &words), part(1, &words, Some(u64::MAX - 255), Some(256))]),
        ("a part as large as can be", vec![whole(0, &words), part(1, &words, Some(256), Some(u64::MAX))]),
        ("a part that is not aligned", vec![whole(0, &words), part(1, &words, Some(4), Some(16))]),
        ("very many entries", (0..5_000).map(|binding| whole(binding, &words)).collect()),
    ];
    for (what, entries) in groups {
        let (_, error) = lab.error_of(|| group(entries));
        findings.expect_error(what, ErrorKind::Validation, error);
    }
    let submitted = |index: u32, entries: Option<Vec<GpuBindGroupEntry<'_>>>| {
        lab.error_of(|| {
            let encoder = lab.device.create_command_encoder(None);
            let pass = encoder.begin_compute_pass(None);
            pass.set_pipeline(&pipeline);
            if let Some(entries) = entries {
                let _ = pass.set_bind_group(index, Some(&group(entries)), None, None, None);
            }
            pass.dispatch_workgroups(1, None, None);
            pass.end();
            lab.queue.submit(&[&encoder.finish(None)]);
        })
        .1
    };
    findings.expect_error("none at all", ErrorKind::Validation, submitted(0, None));
    for index in [1, 4, 8, u32::MAX] {
        let entries = vec![whole(0, &words), part(1, &words, Some(0), Some(16))];
        findings.expect_error(&format!("as number {index}"), ErrorKind::Validation, submitted(index, Some(entries)));
    }
    let overlapping = vec![part(0, &words, Some(0), Some(16)), part(1, &words, Some(0), Some(16))];
    let error = submitted(0, Some(overlapping));
    log!("two writable bindings of one part: {}", error.map_or("no error".into(), |error| error.message));
    let layout = lab.error_of(|| pipeline.get_bind_group_layout(u32::MAX)).1;
    findings.expect_error("a layout that is not there", ErrorKind::Validation, layout);
    findings.expect("the host is still there", lab.read(&words, 64).is_ok());
}

/// Dynamic offsets: too many, too few, not aligned, outside.
pub fn offsets_garbage(lab: &Lab, findings: &mut Findings) {
    let words = lab.words(&[0; 256]);
    let entry = |binding| GpuBindGroupLayoutEntry {
        binding,
        visibility: COMPUTE,
        buffer: Some(GpuBufferBindingLayout {
            type_: Some(GpuBufferBindingType::Storage),
            has_dynamic_offset: Some(true),
            min_binding_size: None,
        }),
        sampler: None,
        texture: None,
        storage_texture: None,
    };
    let layout = lab
        .device
        .create_bind_group_layout(&GpuBindGroupLayoutDescriptor { entries: vec![entry(0), entry(1)], label: None });
    let pipeline_layout = lab
        .device
        .create_pipeline_layout(&GpuPipelineLayoutDescriptor { bind_group_layouts: vec![Some(&layout)], label: None });
    let module = lab.shader(ADD);
    let pipeline = lab.device.create_compute_pipeline(GpuComputePipelineDescriptor {
        compute: GpuProgrammableStage { module: &module, entry_point: None, constants: None },
        layout: GpuLayoutMode::Specific(&pipeline_layout),
        label: None,
    });
    let entries = vec![part(0, &words, Some(0), Some(16)), part(1, &words, Some(0), Some(16))];
    let group = lab.device.create_bind_group(&GpuBindGroupDescriptor { layout: &layout, entries, label: None });
    let submitted = |offsets: &[u32], start: Option<u64>, length: Option<u32>| {
        lab.error_of(|| {
            let encoder = lab.device.create_command_encoder(None);
            let pass = encoder.begin_compute_pass(None);
            pass.set_pipeline(&pipeline);
            let set = pass.set_bind_group(0, Some(&group), Some(offsets), start, length);
            pass.dispatch_workgroups(1, None, None);
            pass.end();
            lab.queue.submit(&[&encoder.finish(None)]);
            set
        })
    };
    findings.expect_none("two that fit", submitted(&[0, 256], None, None).1);
    let many = vec![0; 100_000];
    for offsets in [&[][..], &[0], &[0, 256, 512], &[0, 4], &[0, 1_024], &[0, u32::MAX], &[0, 0xffff_ff00], &many] {
        let what = format!("{} offsets, the last {:?}", offsets.len(), offsets.last());
        findings.expect_error(&what, ErrorKind::Validation, submitted(offsets, None, None).1);
    }
    for (start, length) in [(Some(3), None), (Some(u64::MAX), None), (Some(1), Some(2)), (Some(0), Some(u32::MAX))] {
        let (set, _) = submitted(&[0, 256], start, length);
        findings.expect(&format!("{start:?}, {length:?} is refused"), set.is_err());
    }
    let all = lab.read(&words, 256).unwrap_or_default();
    findings.expect("one of them has run", all.iter().sum::<u32>() == 2);
}

/// Copies and clearings that do not fit.
pub fn copies_garbage(lab: &Lab, findings: &mut Findings) {
    let (from, to) = (lab.words(&[5; 16]), lab.words(&[6; 16]));
    let unusable = lab.buffer(64, STORAGE);
    let copied = |act: &dyn Fn(&trialbox_gpu::bindings::wasi::webgpu::webgpu::GpuCommandEncoder)| {
        lab.error_of(|| {
            let encoder = lab.device.create_command_encoder(None);
            act(&encoder);
            lab.queue.submit(&[&encoder.finish(None)]);
        })
        .1
    };
    for (from_offset, to_offset, bytes) in [
        (0, 0, 68),
        (0, 0, 3),
        (1, 0, 4),
        (0, 2, 4),
        (64, 0, 4),
        (0, 1 << 40, 4),
        (u64::MAX - 3, 0, 8),
        (0, u64::MAX - 3, 4),
        (u64::MAX - 3, u64::MAX - 3, 1 << 30),
    ] {
        let error = copied(&|encoder| encoder.copy_buffer_to_buffer(&from, from_offset, &to, to_offset, bytes));
        findings.expect_error(
            &format!("{bytes} bytes from {from_offset} to {to_offset}"),
            ErrorKind::Validation,
            error,
        );
    }
    let error = copied(&|encoder| encoder.copy_buffer_to_buffer(&from, 0, &from, 0, 16));
    findings.expect_error("to itself", ErrorKind::Validation, error);
    let error = copied(&|encoder| encoder.copy_buffer_to_buffer(&from, 0, &unusable, 0, 16));
    findings.expect_error("without the usage", ErrorKind::Validation, error);
    for (offset, bytes) in [
        (Some(1), None),
        (Some(0), Some(3)),
        (Some(68), None),
        (Some(8), Some(64)),
        (Some(u64::MAX - 3), None),
        (Some(u64::MAX - 3), Some(1 << 30)),
    ] {
        let error = copied(&|encoder| encoder.clear_buffer(&to, offset, bytes));
        findings.expect_error(&format!("clearing {bytes:?} from {offset:?}"), ErrorKind::Validation, error);
    }
    for (offset, data, start, bytes) in
        [(64, 4, None, None), (2, 4, None, None), (u64::MAX - 3, 8, None, None), (60, 8, None, None)]
    {
        let data = vec![1; data];
        let (_, error) = lab.error_of(|| lab.queue.write_buffer_with_copy(&to, offset, &data, start, bytes));
        findings.expect_error(&format!("writing {} at {offset}", data.len()), ErrorKind::Validation, error);
    }
    for (start, bytes) in
        [(Some(9), None), (Some(u64::MAX), Some(4)), (Some(4), Some(8)), (None, Some(u64::MAX)), (Some(0), Some(3))]
    {
        let written = lab.queue.write_buffer_with_copy(&to, 0, &[1; 8], start, bytes);
        findings.expect(&format!("{start:?}, {bytes:?} of 8 bytes is refused"), written.is_err());
    }
    findings.expect("all is as it was", lab.read(&to, 16) == Ok(vec![6; 16]));
}

/// Layouts that cannot be.
pub fn layouts_garbage(lab: &Lab, findings: &mut Findings) {
    let buffer = |kind| {
        Some(GpuBufferBindingLayout { type_: Some(kind), has_dynamic_offset: None, min_binding_size: Some(u64::MAX) })
    };
    let entry = |binding, visibility| GpuBindGroupLayoutEntry {
        binding,
        visibility,
        buffer: buffer(GpuBufferBindingType::Storage),
        sampler: None,
        texture: None,
        storage_texture: None,
    };
    let none = GpuBindGroupLayoutEntry { buffer: None, ..entry(0, COMPUTE) };
    let layouts: Vec<(&str, Vec<GpuBindGroupLayoutEntry>)> = vec![
        ("a number as high as can be", vec![entry(u32::MAX, COMPUTE)]),
        ("the same number twice", vec![entry(0, COMPUTE), entry(0, COMPUTE)]),
        ("more buffers than a stage may have", (0..100).map(|binding| entry(binding, COMPUTE)).collect()),
        ("very many entries", (0..100_000).map(|binding| entry(binding, COMPUTE)).collect()),
        ("a stage that does not exist", vec![entry(0, u32::MAX)]),
        ("nothing that is bound", vec![none]),
    ];
    for (what, entries) in layouts {
        let ((), error) = lab.error_of(|| {
            let layout = lab.device.create_bind_group_layout(&GpuBindGroupLayoutDescriptor { entries, label: None });
            lab.device.create_pipeline_layout(&GpuPipelineLayoutDescriptor {
                bind_group_layouts: vec![Some(&layout)],
                label: None,
            });
        });
        findings.expect_error(what, ErrorKind::Validation, error);
    }
    let layout = lab.device.create_bind_group_layout(&GpuBindGroupLayoutDescriptor { entries: vec![], label: None });
    let (_, error) = lab.error_of(|| {
        lab.device.create_pipeline_layout(&GpuPipelineLayoutDescriptor {
            bind_group_layouts: vec![Some(&layout); 5_000],
            label: None,
        })
    });
    findings.expect_error("very many layouts", ErrorKind::Validation, error);
    let (_, error) = lab.error_of(|| {
        lab.device.create_bind_group(&GpuBindGroupDescriptor { layout: &layout, entries: vec![], label: None })
    });
    findings.expect_none("an empty bind group", error);
}
