//! What computes for a worker: takes orders for the devices of its trials, in the order in which they come.
//!
//! Runs in a process of its own ([`serve`]), on a thread whose stack takes what strangers nest deep. It never drops anything of a device
//! that hangs, since that would wait for ever; whoever asked is told that the time is over, and ends the process.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Weak};

use super::adapter::{Adapter, AdapterError};
use super::area::Area;
use super::device::Device;
use super::encoding;
use super::message::{Answer, DeviceId, EngineKind, Greeting, Order, Reply, Request};
use super::shader::STACK_BYTES;
use crate::study::{GpuAdapter, GpuLimits};

/// How many devices may be open at a time: trials that are paused keep theirs.
const DEVICES_MAX: usize = 1_000;

/// The devices of a worker's trials.
pub(super) struct Server {
    adapter: Adapter,
    limits: Arc<GpuLimits>,
    area: Area,
    devices: BTreeMap<DeviceId, Device>,
    /// The memory of each trial that has a device, by the number of its first.
    memories: BTreeMap<DeviceId, Weak<AtomicU64>>,
}

impl Server {
    pub(super) fn new(greeting: Greeting, area: Area) -> Result<Self, AdapterError> {
        let Greeting { engine, limits, features } = greeting;
        let adapter = Adapter::find(engine, &features, &limits)?;
        Ok(Self { adapter, limits: Arc::new(limits), area, devices: BTreeMap::new(), memories: BTreeMap::new() })
    }

    /// What computes.
    pub(super) fn describe(&self) -> GpuAdapter {
        self.adapter.describe()
    }

    /// Opens and closes a device, so that the driver has loaded everything that it needs.
    fn warm_up(&self) -> Result<(), String> {
        self.adapter.open(&[], super::message::DeviceLimits::default_within(&self.limits)).map(drop)
    }

    /// Carries out an order; gives an answer if it asks for one.
    pub(super) fn take(&mut self, request: Request) -> Option<Answer> {
        let Request { device: id, order } = request;
        match order {
            Order::Open { first, features, limits } => {
                let reply = match self.open(id, first.unwrap_or(id), &features, limits) {
                    Ok(()) => Reply::Done,
                    Err(message) => Reply::Refused(message),
                };
                Some(Answer { reply, uncaught: Vec::new() })
            }
            Order::Close => {
                let mut reply = Reply::Done;
                if let Some(mut device) = self.devices.remove(&id)
                    && !device.settle()
                {
                    std::mem::forget(device);
                    reply = Reply::TimedOut;
                }
                Some(Answer { reply, uncaught: Vec::new() })
            }
            order => {
                let Some(device) = self.devices.get_mut(&id) else {
                    let refusal = || Reply::Refused("there is no such device".into());
                    return order.asks().then(|| Answer { reply: refusal(), uncaught: Vec::new() });
                };
                let asks = order.asks();
                let reply = device.carry_out(order, &self.area);
                asks.then(|| Answer {
                    reply: reply.unwrap_or_else(|| Reply::Refused("it could not be done".into())),
                    uncaught: device.take_uncaught(),
                })
            }
        }
    }

    fn open(
        &mut self,
        id: DeviceId,
        first: DeviceId,
        features: &[crate::study::GpuFeature],
        limits: super::message::DeviceLimits,
    ) -> Result<(), String> {
        if self.devices.len() >= DEVICES_MAX {
            return Err("too many devices are open".into());
        }
        let opened = self.adapter.open(features, limits)?;
        self.memories.retain(|_, memory| memory.strong_count() > 0);
        let memory = self.memories.get(&first).and_then(Weak::upgrade).unwrap_or_default();
        self.memories.insert(first, Arc::downgrade(&memory));
        self.devices.insert(id, Device::new(opened, features, limits, self.limits.clone(), memory));
        Ok(())
    }
}

/// What is said when a server is ready.
pub(super) type Ready = Result<GpuAdapter, AdapterError>;

/// Serves whoever is at the other end of `socket`, until it is gone. `confine` is called once nothing more has to be loaded; it is
/// told whether the processor itself computes.
pub(crate) fn serve(socket: File, area: File, confine: impl FnOnce(bool) + Send + 'static) {
    let serving = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
        // That the other end is gone needs no answer.
        let _ = serve_here(socket, area, confine);
    });
    if let Ok(serving) = serving {
        let _ = serving.join();
    }
}

fn serve_here(socket: File, area: File, confine: impl FnOnce(bool)) -> io::Result<()> {
    let mut answers = socket.try_clone()?;
    let (mut requests, mut buffer) = (BufReader::with_capacity(64 << 10, socket), Vec::new());
    let Some(greeting) = encoding::read::<Greeting>(&mut requests, &mut buffer)? else { return Ok(()) };
    let engine = greeting.engine;
    let mut server = match Server::new(greeting, Area::of(area)) {
        Ok(server) => server,
        Err(error) => return say(&mut answers, &Ready::Err(error)),
    };
    if let Err(message) = server.warm_up() {
        return say(&mut answers, &Ready::Err(AdapterError::None(message)));
    }
    let described = server.describe();
    confine(described.is_software || engine == EngineKind::Nothing);
    say(&mut answers, &Ready::Ok(described))?;
    while let Some(request) = encoding::read::<Request>(&mut requests, &mut buffer)? {
        if let Some(answer) = server.take(request) {
            say(&mut answers, &answer)?;
        }
    }
    // Whatever still runs goes with the process; nothing is waited for.
    std::process::exit(0);
}

fn say<T: serde::Serialize>(answers: &mut File, message: &T) -> io::Result<()> {
    let mut bytes = Vec::new();
    encoding::push(&mut bytes, message)?;
    answers.write_all(&bytes)
}
