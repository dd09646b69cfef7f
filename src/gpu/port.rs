//! A worker's way to its GPU: one [`Port`] for all of its trials, and an [`OpenDevice`] for each that has asked for one.
//!
//! Calls wait for their answers: while one trial of a worker waits for its GPU, the others of that worker do. Waits have deadlines on the
//! wall. Past one, the port is of no use any more; whose fault that is can be told only if no other trial of the worker had anything
//! under way ([`PortError::TimedOut`]).

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::area::{AREA_BYTES, Area, PIECE_BYTES};
use super::line::{Line, LineError, ProcessLine, Start, StartError};
use super::message::{
    Answer, DeviceError, DeviceId, DeviceLimits, EngineKind, Greeting, MapMode, ObjectId, Order, Reply, Request,
};
use crate::study::{GpuAdapter, GpuFeature, GpuLimits};

/// How much longer than a trial's own deadline the server may take to say that it has passed.
const GRACE: Duration = Duration::from_secs(2);
/// How long opening a device may take.
const OPEN_TIME_MAX: Duration = Duration::from_secs(60);
/// How many pieces of a read-back are asked for ahead.
const PIECES_AHEAD: u64 = 8;

/// How many errors of a device are kept until the trial waits for an answer.
const UNCAUGHT_MAX: usize = 64;

/// The port failed under a call.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PortError {
    /// Something took longer than it may.
    #[error("the GPU did not come to an end in time")]
    TimedOut {
        /// Whether the trial that waited is the only one of its worker that had given the GPU anything to do.
        is_alone: bool,
    },
    /// What computes is gone.
    #[error("{0}")]
    Lost(String),
}

/// A worker's way to its GPU.
pub(crate) struct Port {
    grant: Greeting,
    inner: Mutex<Inner>,
}

struct Inner {
    line: Box<dyn Line>,
    area: Area,
    /// Up to where the area is in use.
    used_bytes: u64,
    next_device: u32,
    devices: BTreeMap<DeviceId, Business>,
    /// Whether the port is of no use any more.
    is_dead: bool,
    recorded: VecDeque<Vec<u8>>,
}

/// What is under way of a device.
#[derive(Debug)]
struct Business {
    /// The first device of its trial, which stands for the trial.
    trial: DeviceId,
    /// It was given orders of which it is not known that they were taken.
    has_orders: bool,
    /// It was given work of which it is not known that it is done.
    has_work: bool,
    /// How many submissions that was.
    submissions: u64,
    /// Errors of it that nobody was told of.
    uncaught: Vec<DeviceError>,
}

impl Business {
    /// Nothing yet.
    fn of(trial: DeviceId) -> Self {
        Self { trial, has_orders: false, has_work: false, submissions: 0, uncaught: Vec::new() }
    }
}

impl Port {
    /// Starts what computes, in a process of its own.
    ///
    /// # Errors
    /// If it cannot be started, or finds no adapter that has what is granted.
    pub(crate) fn start(start: &Start<'_>, grant: Greeting) -> Result<(Self, GpuAdapter), StartError> {
        let area = Area::create()?;
        let (line, adapter) = ProcessLine::start(start, &grant, &area)?;
        Ok((Self::over(Box::new(line), area, grant), adapter))
    }

    /// A port over a line to a server that shares the area.
    pub(super) fn over(line: Box<dyn Line>, area: Area, grant: Greeting) -> Self {
        let inner = Inner {
            line,
            area,
            used_bytes: 0,
            next_device: 0,
            devices: BTreeMap::new(),
            is_dead: false,
            recorded: VecDeque::new(),
        };
        Self { grant, inner: Mutex::new(inner) }
    }

    /// The same where a trial reads back what was recorded of it, in that order.
    pub(crate) fn with_recorded(self, recorded: Vec<Vec<u8>>) -> Self {
        self.lock().recorded = recorded.into();
        self
    }

    /// Whether trials read back what was recorded instead of what is computed.
    pub(crate) fn is_recorded(&self) -> bool {
        self.grant.engine == EngineKind::Nothing
    }

    /// What the trial reads back next, if that was recorded.
    pub(crate) fn next_recorded(&self) -> Option<Vec<u8>> {
        self.lock().recorded.pop_front()
    }

    /// The bounds on what a trial may use.
    pub(crate) fn limits(&self) -> &GpuLimits {
        &self.grant.limits
    }

    /// The features that a trial may ask for.
    pub(crate) fn features(&self) -> &[GpuFeature] {
        &self.grant.features
    }

    /// Whether it is of no use any more: the worker that has it is lost with it.
    pub(crate) fn is_dead(&self) -> bool {
        self.lock().is_dead
    }

    /// Opens a device of the trial whose first one that is.
    ///
    /// # Errors
    /// If the port fails; inside, if there is no such device, with the reason.
    pub(crate) fn open(
        self: &Arc<Self>,
        first: Option<DeviceId>,
        features: Vec<GpuFeature>,
        limits: DeviceLimits,
    ) -> Result<Result<OpenDevice, String>, PortError> {
        let mut inner = self.lock();
        let id = DeviceId(inner.next_device);
        inner.next_device += 1;
        inner.devices.insert(id, Business::of(first.unwrap_or(id)));
        let answered = inner.ask(id, Order::Open { first, features, limits }, OPEN_TIME_MAX);
        drop(inner);
        let device = OpenDevice { port: self.clone(), id, next_object: Mutex::new(0) };
        Ok(match answered?.reply {
            Reply::Done => Ok(device),
            Reply::Refused(message) => Err(message),
            other => Err(format!("an unexpected answer: {other:?}")),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it holds the lock.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn compile_time(&self) -> Duration {
        Duration::from_millis(self.grant.limits.compile_milliseconds_max)
    }

    fn work_time(&self) -> Duration {
        Duration::from_millis(self.grant.limits.submission_milliseconds_max) + GRACE
    }
}

impl Inner {
    fn tell(&mut self, device: DeviceId, order: Order, patience: Duration) -> Result<(), PortError> {
        if self.is_dead {
            return Err(PortError::Lost("what computes on the GPU has ended".into()));
        }
        let business = self.devices.entry(device).or_insert_with(|| Business::of(device));
        business.has_orders = true;
        let is_work = matches!(order, Order::Submit(_));
        business.has_work |= is_work;
        business.submissions += u64::from(is_work);
        let mut sent = self.line.send(Request { device, order }, patience);
        if is_work && sent.is_ok() {
            // What was submitted begins at once.
            sent = self.line.flush(patience);
        }
        sent.map_err(|error| self.fail(device, error))
    }

    fn ask(&mut self, device: DeviceId, order: Order, patience: Duration) -> Result<Answer, PortError> {
        let is_wait = matches!(order, Order::Wait | Order::Map { .. });
        self.tell(device, order, patience)?;
        self.line.flush(patience).map_err(|error| self.fail(device, error))?;
        let answer = self.hear(device, patience)?;
        let is_done = is_wait && matches!(answer.reply, Reply::Done);
        if let (true, Some(business)) = (is_done, self.devices.get_mut(&device)) {
            (business.has_work, business.submissions) = (false, 0);
        }
        Ok(answer)
    }

    /// The next answer, which tells that all orders before the asking one were taken.
    fn hear(&mut self, device: DeviceId, patience: Duration) -> Result<Answer, PortError> {
        let answer = self.line.receive(patience).map_err(|error| self.fail(device, error))?;
        if matches!(answer.reply, Reply::TimedOut) {
            return Err(self.fail(device, LineError::TimedOut));
        }
        self.devices.values_mut().for_each(|business| business.has_orders = false);
        if let Some(business) = self.devices.get_mut(&device) {
            let room = UNCAUGHT_MAX.saturating_sub(business.uncaught.len());
            business.uncaught.extend(answer.uncaught.iter().take(room).cloned());
        }
        Ok(answer)
    }

    fn fail(&mut self, device: DeviceId, error: LineError) -> PortError {
        self.is_dead = true;
        match error {
            LineError::TimedOut => {
                let trial = self.devices.get(&device).map_or(device, |business| business.trial);
                let mut others = self.devices.values().filter(|business| business.trial != trial);
                let is_alone = others.all(|business| !business.has_orders && !business.has_work);
                PortError::TimedOut { is_alone }
            }
            LineError::Gone(words) => PortError::Lost(words),
        }
    }

    /// Room in the area for so many bytes, which nobody uses.
    fn room(&mut self, device: DeviceId, bytes: u64, patience: Duration) -> Result<u64, PortError> {
        if self.used_bytes + bytes > AREA_BYTES {
            // Once this is answered, everything that was written into the area has been taken out of it.
            self.ask(device, Order::Sync, patience)?;
            self.used_bytes = 0;
        }
        let place = self.used_bytes;
        self.used_bytes += bytes;
        Ok(place)
    }
}

/// A device of a trial. Dropping it closes it, with all of its objects.
pub(crate) struct OpenDevice {
    port: Arc<Port>,
    id: DeviceId,
    next_object: Mutex<u64>,
}

impl OpenDevice {
    /// Its number.
    pub(crate) fn id(&self) -> DeviceId {
        self.id
    }

    /// The port that it belongs to.
    pub(crate) fn port(&self) -> &Arc<Port> {
        &self.port
    }

    /// A number for a new object.
    pub(crate) fn next_object(&self) -> ObjectId {
        let mut next = self.next_object.lock().unwrap_or_else(PoisonError::into_inner);
        *next += 1;
        ObjectId(*next)
    }

    /// Gives an order that is not answered.
    pub(crate) fn tell(&self, order: Order) -> Result<(), PortError> {
        self.port.lock().tell(self.id, order, self.port.work_time())
    }

    /// Has the device have an error.
    pub(crate) fn fail(&self, error: DeviceError) -> Result<(), PortError> {
        self.tell(Order::Fail(error))
    }

    /// Gives an order and waits for its answer.
    pub(crate) fn ask(&self, order: Order) -> Result<Answer, PortError> {
        let patience = match order {
            Order::CreateShader { .. } | Order::CreatePipeline { .. } => self.port.compile_time(),
            _ => self.port.work_time(),
        };
        let mut inner = self.port.lock();
        let answer = inner.ask(self.id, order, patience)?;
        let business = inner.devices.get_mut(&self.id);
        let uncaught = business.map(|business| std::mem::take(&mut business.uncaught)).unwrap_or_default();
        Ok(Answer { uncaught, ..answer })
    }

    /// Submits what was recorded. A submission past `submissions_max` is held up until there are fewer under way.
    pub(crate) fn submit(&self, buffers: Vec<ObjectId>) -> Result<(), PortError> {
        let (patience, most) = (self.port.work_time(), self.port.limits().submissions_max);
        let mut inner = self.port.lock();
        inner.tell(self.id, Order::Submit(buffers), patience)?;
        let is_full = inner.devices.get(&self.id).is_some_and(|business| business.submissions >= most);
        if is_full { inner.ask(self.id, Order::Sync, patience).map(drop) } else { Ok(()) }
    }

    /// Is done with what was submitted.
    pub(crate) fn settle(&self) -> Result<(), PortError> {
        let mut inner = self.port.lock();
        let has_work = inner.devices.get(&self.id).is_some_and(|business| business.has_work);
        if !has_work {
            return Ok(());
        }
        inner.ask(self.id, Order::Wait, self.port.work_time()).map(drop)
    }

    /// The errors that the trial was not told of yet.
    pub(crate) fn take_uncaught(&self) -> Vec<DeviceError> {
        let mut inner = self.port.lock();
        inner.devices.get_mut(&self.id).map(|business| std::mem::take(&mut business.uncaught)).unwrap_or_default()
    }

    /// Has data written to a buffer, before what is submitted later. It must fit.
    pub(crate) fn write(&self, buffer: ObjectId, offset: u64, data: &[u8]) -> Result<(), PortError> {
        self.put(offset, data, |offset, place, bytes| Order::WriteBuffer { buffer, offset, place, bytes })
    }

    /// Has data written to a mapped buffer. It must fit.
    pub(crate) fn write_mapped(&self, buffer: ObjectId, offset: u64, data: &[u8]) -> Result<(), PortError> {
        self.put(offset, data, |offset, place, bytes| Order::WriteMapped { buffer, offset, place, bytes })
    }

    fn put(&self, offset: u64, data: &[u8], order: impl Fn(u64, u64, u64) -> Order) -> Result<(), PortError> {
        let patience = self.port.work_time();
        let mut inner = self.port.lock();
        let mut at = offset;
        for piece in data.chunks(PIECE_BYTES as usize) {
            let bytes = piece.len() as u64;
            let place = inner.room(self.id, bytes, patience)?;
            inner.area.write(place, piece).map_err(|error| PortError::Lost(error.to_string()))?;
            inner.tell(self.id, order(at, place, bytes), patience)?;
            if bytes == PIECE_BYTES {
                // It is taken while the next piece is written.
                let flushed = inner.line.flush(patience);
                flushed.map_err(|error| inner.fail(self.id, error))?;
            }
            at += bytes;
        }
        Ok(())
    }

    /// Maps a part of a buffer, once what was submitted is done. Inside, why it cannot be.
    pub(crate) fn map(
        &self,
        buffer: ObjectId,
        mode: MapMode,
        offset: u64,
        bytes: u64,
    ) -> Result<(Result<(), String>, Vec<DeviceError>), PortError> {
        let answer = self.ask(Order::Map { buffer, mode, offset, bytes })?;
        Ok((done(answer.reply), answer.uncaught))
    }

    /// The content of a part of a mapped buffer. Inside, why there is none.
    pub(crate) fn read_mapped(
        &self,
        buffer: ObjectId,
        offset: u64,
        bytes: u64,
    ) -> Result<Result<Vec<u8>, String>, PortError> {
        let patience = self.port.work_time();
        let mut inner = self.port.lock();
        let mut content = vec![0; bytes as usize];
        let (mut asked, mut got, mut refusal) = (0, 0, None);
        let mut places = VecDeque::new();
        while got < bytes {
            while asked < bytes && asked - got < PIECES_AHEAD * PIECE_BYTES {
                let length = PIECE_BYTES.min(bytes - asked);
                // Answers under way would be taken for that of a `Sync`.
                if inner.used_bytes + length > AREA_BYTES && !places.is_empty() {
                    break;
                }
                let place = inner.room(self.id, length, patience)?;
                let order = Order::ReadMapped { buffer, offset: offset + asked, place, bytes: length };
                inner.tell(self.id, order, patience)?;
                places.push_back((place, length));
                asked += length;
            }
            let flushed = inner.line.flush(patience);
            flushed.map_err(|error| inner.fail(self.id, error))?;
            let Some((place, length)) = places.pop_front() else { break };
            let answer = inner.hear(self.id, patience)?;
            if let Err(message) = done(answer.reply) {
                refusal.get_or_insert(message);
            }
            let part = &mut content[got as usize..(got + length) as usize];
            inner.area.read(place, part).map_err(|error| PortError::Lost(error.to_string()))?;
            got += length;
        }
        Ok(match refusal {
            Some(message) => Err(message),
            None => Ok(content),
        })
    }
}

/// Whether something was done, or why not.
fn done(reply: Reply) -> Result<(), String> {
    match reply {
        Reply::Done => Ok(()),
        Reply::Refused(message) => Err(message),
        other => Err(format!("an unexpected answer: {other:?}")),
    }
}

impl Drop for OpenDevice {
    fn drop(&mut self) {
        // A trial that is stopped may leave work behind. What hangs then is found out here, and the worker is replaced.
        let patience = self.port.work_time();
        let mut inner = self.port.lock();
        if !inner.is_dead {
            let _ = inner.ask(self.id, Order::Close, patience);
        }
        inner.devices.remove(&self.id);
    }
}
