//! Devices as trials use them, over a line to a server in the same thread whose engine computes nothing: what is checked, counted and refused.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::area::Area;
use super::line::LocalLine;
use super::message::{
    BindEntry, BindingKind, Command, DeviceError, DeviceLimits, EngineKind, ErrorKind, Greeting, LayoutEntry, MapMode,
    ObjectId, Order, PassCommand, Reply,
};
use super::port::{OpenDevice, Port};
use super::server::Server;
use crate::study::GpuLimits;

const STORAGE: u32 = 0x80;
const COPY_SRC: u32 = 0x4;
const COPY_DST: u32 = 0x8;
const MAP_READ: u32 = 0x1;

const DOUBLE: &str = "
@group(0) @binding(0) var<storage, read_write> values: array<f32>;
@compute @workgroup_size(64)
fn double(@builtin(global_invocation_id) place: vec3<u32>) {
    values[place.x] = 2.0 * values[place.x];
}";

fn port(limits: GpuLimits) -> Arc<Port> {
    let greeting = Greeting { engine: EngineKind::Nothing, limits, features: Vec::new() };
    let area = Area::create().unwrap();
    let server = Server::new(greeting.clone(), Area::of(area.share().unwrap())).unwrap();
    Arc::new(Port::over(Box::new(LocalLine { server, answers: VecDeque::new() }), area, greeting))
}

fn open(port: &Arc<Port>) -> OpenDevice {
    port.open(None, Vec::new(), DeviceLimits::default_within(port.limits())).unwrap().unwrap()
}

fn device(limits: GpuLimits) -> OpenDevice {
    open(&port(limits))
}

fn buffer(device: &OpenDevice, bytes: u64, usage: u32) -> ObjectId {
    let id = device.next_object();
    device.tell(Order::CreateBuffer { id, bytes, usage, is_mapped: false, label: None }).unwrap();
    id
}

/// The error that a device has while something is done with it.
fn error(device: &OpenDevice, kind: ErrorKind, action: impl FnOnce()) -> Option<DeviceError> {
    device.tell(Order::PushScope(kind)).unwrap();
    action();
    match device.ask(Order::PopScope).unwrap().reply {
        Reply::Scope(Some(caught)) => caught,
        other => panic!("{other:?}"),
    }
}

fn message(device: &OpenDevice, kind: ErrorKind, action: impl FnOnce()) -> String {
    error(device, kind, action).map(|error| error.message).unwrap_or_default()
}

/// A pipeline of a shader; the shader's stack is a big one, as in a server.
fn pipeline(device: &OpenDevice, source: &str) -> Result<ObjectId, DeviceError> {
    let shader = device.next_object();
    let order = Order::CreateShader { id: shader, source: source.into(), label: None };
    assert!(matches!(device.ask(order).unwrap().reply, Reply::Shader(_)));
    let id = device.next_object();
    let order =
        Order::CreatePipeline { id, shader, entry_point: None, constants: BTreeMap::new(), layout: None, label: None };
    match device.ask(order).unwrap().reply {
        Reply::Pipeline(made) => made.map(|_| id),
        other => panic!("{other:?}"),
    }
}

fn on_big_stack(test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(super::shader::STACK_BYTES).spawn(test).unwrap().join().unwrap();
}

#[test]
fn what_is_written_to_a_buffer_is_read_back_whatever_its_size() {
    let device = device(GpuLimits::default());
    for bytes in [4, 256 << 10, (40 << 20) + 12] {
        let id = buffer(&device, bytes, COPY_DST | MAP_READ);
        let data: Vec<u8> = (0..bytes).map(|byte| (byte % 251) as u8).collect();
        device.write(id, 0, &data).unwrap();
        assert_eq!(device.map(id, MapMode::Read, 0, bytes).unwrap().0, Ok(()));
        let read = device.read_mapped(id, 0, bytes).unwrap().unwrap();
        assert!(read == data, "{bytes}");
    }
}

#[test]
fn memory_past_the_limit_is_refused_and_given_back_when_a_buffer_goes() {
    let device = device(GpuLimits { memory_bytes_max: 1_000, ..GpuLimits::default() });
    let first = buffer(&device, 600, STORAGE);
    let refused = message(&device, ErrorKind::OutOfMemory, || {
        buffer(&device, 600, STORAGE);
    });
    assert!(refused.contains("1200 bytes; `memory_bytes_max` is 1000"), "{refused}");
    device.tell(Order::Destroy(first)).unwrap();
    assert_eq!(
        error(&device, ErrorKind::OutOfMemory, || {
            buffer(&device, 600, STORAGE);
        }),
        None
    );
    let again = message(&device, ErrorKind::OutOfMemory, || {
        buffer(&device, 600, STORAGE);
    });
    assert!(again.contains("memory_bytes_max"), "destroyed and dropped counts once: {again}");
    device.tell(Order::Drop(first)).unwrap();
    let still = message(&device, ErrorKind::OutOfMemory, || {
        buffer(&device, 600, STORAGE);
    });
    assert!(still.contains("memory_bytes_max"), "{still}");
}

#[test]
fn a_buffer_that_is_dropped_counts_as_long_as_a_bind_group_holds_it() {
    let device = device(GpuLimits { memory_bytes_max: 1_000, ..GpuLimits::default() });
    let (layout, group) = (device.next_object(), device.next_object());
    let entry = LayoutEntry {
        binding: 0,
        visibility: 0x4,
        kind: BindingKind::Storage,
        has_dynamic_offset: false,
        bytes_min: 0,
    };
    device.tell(Order::CreateBindGroupLayout { id: layout, entries: vec![entry], label: None }).unwrap();
    let held = buffer(&device, 600, STORAGE);
    let entries = vec![BindEntry { binding: 0, buffer: held, offset: 0, bytes: None }];
    device.tell(Order::CreateBindGroup { id: group, layout, entries, label: None }).unwrap();
    device.tell(Order::Drop(held)).unwrap();
    let another = || {
        message(&device, ErrorKind::OutOfMemory, || {
            buffer(&device, 600, STORAGE);
        })
    };
    assert!(another().contains("memory_bytes_max"));
    device.tell(Order::Drop(group)).unwrap();
    assert_eq!(another(), "");
}

#[test]
fn the_devices_of_a_trial_have_their_memory_counted_together() {
    let port = port(GpuLimits { memory_bytes_max: 1_000, ..GpuLimits::default() });
    let first = open(&port);
    let second = port.open(Some(first.id()), Vec::new(), DeviceLimits::default_within(port.limits())).unwrap().unwrap();
    let other = open(&port);
    buffer(&first, 600, STORAGE);
    let past = |device: &OpenDevice| {
        message(device, ErrorKind::OutOfMemory, || {
            buffer(device, 600, STORAGE);
        })
    };
    assert!(past(&second).contains("1200 bytes"));
    assert_eq!(past(&other), "", "another trial's");
}

#[test]
fn objects_past_the_limit_are_refused_by_kind() {
    let device = device(GpuLimits { objects_max: 2, ..GpuLimits::default() });
    let ids: Vec<ObjectId> = (0..2).map(|_| buffer(&device, 4, STORAGE)).collect();
    let refused = message(&device, ErrorKind::OutOfMemory, || {
        buffer(&device, 4, STORAGE);
    });
    assert!(refused.contains("`objects_max`"), "{refused}");
    device.tell(Order::Drop(ids[0])).unwrap();
    assert_eq!(
        error(&device, ErrorKind::OutOfMemory, || {
            buffer(&device, 4, STORAGE);
        }),
        None
    );
}

#[test]
fn a_kernel_is_bound_dispatched_and_waited_for() {
    on_big_stack(|| {
        let device = device(GpuLimits::default());
        let caught = error(&device, ErrorKind::Validation, || {
            let values = buffer(&device, 1024, STORAGE | COPY_SRC | COPY_DST);
            let double = pipeline(&device, DOUBLE).unwrap();
            let (layout, group, commands) = (device.next_object(), device.next_object(), device.next_object());
            device.tell(Order::TakeLayout { id: layout, pipeline: double, index: 0 }).unwrap();
            let entries = vec![BindEntry { binding: 0, buffer: values, offset: 0, bytes: None }];
            device.tell(Order::CreateBindGroup { id: group, layout, entries, label: None }).unwrap();
            let pass = vec![
                PassCommand::Pipeline(double),
                PassCommand::Bind { index: 0, group: Some(group), offsets: Vec::new() },
                PassCommand::Dispatch([4, 1, 1]),
            ];
            device.tell(Order::Finish { id: commands, recording: Ok(vec![Command::Pass(pass)]), label: None }).unwrap();
            device.tell(Order::Submit(vec![commands])).unwrap();
            assert!(matches!(device.ask(Order::Wait).unwrap().reply, Reply::Done));
        });
        assert_eq!(caught, None);
    });
}

#[test]
fn a_dispatch_of_more_groups_than_the_limit_is_refused_however_it_is_spread() {
    on_big_stack(|| {
        let device = device(GpuLimits::default());
        let double = pipeline(&device, DOUBLE).unwrap();
        let finish = |groups| {
            let pass = vec![PassCommand::Pipeline(double), PassCommand::Dispatch(groups)];
            let (id, recording) = (device.next_object(), Ok(vec![Command::Pass(pass)]));
            message(&device, ErrorKind::Validation, || {
                device.tell(Order::Finish { id, recording, label: None }).unwrap();
            })
        };
        for groups in [[65_535, 65_535, 65_535], [65_535, 257, 1], [u32::MAX, u32::MAX, u32::MAX]] {
            assert!(finish(groups).contains("`workgroups_max`"), "{groups:?}");
        }
    });
}

#[test]
fn what_is_made_of_sources_is_bounded_together_and_given_back() {
    on_big_stack(|| {
        let device = device(GpuLimits { shader_bytes_max: DOUBLE.len() as u64, ..GpuLimits::default() });
        let shader = || {
            let id = device.next_object();
            device.ask(Order::CreateShader { id, source: DOUBLE.into(), label: None }).unwrap();
            id
        };
        let ids: Vec<ObjectId> = (0..32).map(|_| shader()).collect();
        let refused = message(&device, ErrorKind::OutOfMemory, || {
            shader();
        });
        assert!(refused.contains("32 times `shader_bytes_max`"), "{refused}");
        device.tell(Order::Drop(ids[0])).unwrap();
        let caught = error(&device, ErrorKind::OutOfMemory, || {
            shader();
        });
        assert_eq!(caught, None);
    });
}

#[test]
fn a_command_buffer_is_submitted_once() {
    let device = device(GpuLimits::default());
    let id = device.next_object();
    device.tell(Order::Finish { id, recording: Ok(Vec::new()), label: None }).unwrap();
    let submit = || message(&device, ErrorKind::Validation, || device.tell(Order::Submit(vec![id])).unwrap());
    assert_eq!(submit(), "");
    assert!(submit().contains("was submitted before"));
}

#[test]
fn objects_that_never_came_to_be_make_others_invalid_and_nothing_panics() {
    let device = device(GpuLimits::default());
    let none = ObjectId(u64::MAX);
    let orders: Vec<Order> = vec![
        Order::TakeLayout { id: ObjectId(1_000), pipeline: none, index: 0 },
        Order::CreatePipelineLayout { id: ObjectId(1_001), layouts: vec![None, Some(none)], label: None },
        Order::CreateBindGroup { id: ObjectId(1_002), layout: none, entries: Vec::new(), label: None },
        Order::Submit(vec![none]),
        Order::WriteBuffer { buffer: none, offset: 0, place: 0, bytes: 4 },
        Order::WriteMapped { buffer: none, offset: u64::MAX, place: 0, bytes: u64::MAX },
        Order::Unmap(none),
        Order::Finish {
            id: ObjectId(1_003),
            recording: Ok(vec![Command::Clear { buffer: none, offset: 1, bytes: Some(u64::MAX) }]),
            label: None,
        },
        Order::CreateBuffer { id: ObjectId(1_004), bytes: 4, usage: u32::MAX, is_mapped: true, label: None },
        Order::CreateBindGroupLayout {
            id: ObjectId(1_005),
            entries: vec![LayoutEntry {
                binding: u32::MAX,
                visibility: u32::MAX,
                kind: BindingKind::Storage,
                has_dynamic_offset: true,
                bytes_min: u64::MAX,
            }],
            label: None,
        },
    ];
    for order in orders {
        let shown = format!("{order:?}");
        assert_ne!(message(&device, ErrorKind::Validation, || device.tell(order).unwrap()), "", "{shown}");
    }
    let outside = Order::WriteBuffer { buffer: none, offset: 0, place: u64::MAX, bytes: 4 };
    let failed = message(&device, ErrorKind::Internal, || device.tell(outside).unwrap());
    assert_eq!(failed, "it is outside the area");
    device.tell(Order::Destroy(none)).unwrap();
    device.tell(Order::Drop(none)).unwrap();
    let refused = device.map(none, MapMode::Read, u64::MAX, u64::MAX).unwrap().0;
    assert_eq!(refused.unwrap_err(), "the buffer is invalid");
    assert!(matches!(device.ask(Order::Sync).unwrap().reply, Reply::Done));
}

#[test]
fn a_buffer_is_read_only_where_it_is_mapped() {
    let device = device(GpuLimits::default());
    let id = buffer(&device, 64, COPY_DST | MAP_READ);
    assert!(device.read_mapped(id, 0, 64).unwrap().is_err());
    assert!(device.map(id, MapMode::Read, 0, 128).unwrap().0.is_err());
    assert_eq!(device.map(id, MapMode::Read, 0, 32).unwrap().0, Ok(()));
    assert!(device.read_mapped(id, 32, 32).unwrap().is_err());
    assert!(device.read_mapped(id, 0, 32).unwrap().is_ok());
    assert!(device.map(id, MapMode::Read, 0, 32).unwrap().0.is_err(), "it is mapped");
}

#[test]
fn devices_of_one_port_have_errors_and_objects_of_their_own() {
    let port = port(GpuLimits::default());
    let (one, other) = (open(&port), open(&port));
    let theirs = buffer(&other, 64, COPY_DST | MAP_READ);
    let failed = message(&one, ErrorKind::Validation, || {
        other.tell(Order::Submit(vec![ObjectId(77)])).unwrap();
        one.tell(Order::Unmap(theirs)).unwrap();
    });
    assert_eq!(failed, "the buffer is invalid", "that of `one` alone");
    drop(one);
    assert_eq!(other.map(theirs, MapMode::Read, 0, 64).unwrap().0, Ok(()));
}

#[test]
fn a_destroyed_device_has_no_more_errors_and_does_nothing() {
    let device = device(GpuLimits::default());
    let id = buffer(&device, 64, COPY_DST | MAP_READ);
    device.tell(Order::DestroyDevice).unwrap();
    assert!(device.map(id, MapMode::Read, 0, 64).unwrap().0.is_err());
    assert_eq!(
        message(&device, ErrorKind::Validation, || {
            buffer(&device, 3, 0);
        }),
        ""
    );
    assert!(matches!(device.ask(Order::Wait).unwrap().reply, Reply::Done));
}
