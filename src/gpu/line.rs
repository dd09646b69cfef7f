//! The line from a worker to what computes for it: a child process, or the server itself in the same thread, for tests.

#![expect(clippy::disallowed_methods, reason = "wall time bounds how long something may hang, nothing else")]

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::adapter::AdapterError;
use super::area::Area;
use super::encoding;
use super::message::{Answer, Greeting, Request};
use super::server::Ready;
use crate::study::GpuAdapter;

/// How often a wait looks at the clock.
const TICK: Duration = Duration::from_millis(50);
/// How many bytes of orders are gathered before they are sent by themselves.
const GATHERED_BYTES: usize = 32 << 10;
/// How long a server may take to find its adapter. A driver may start up a whole device.
const READY_TIME_MAX: Duration = Duration::from_secs(120);

/// Why nothing more comes over a line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LineError {
    /// What was expected did not come in time.
    #[error("it took longer than it may")]
    TimedOut,
    /// The other side is gone.
    #[error("what computes on the GPU is gone: {0}")]
    Gone(String),
}

impl From<io::Error> for LineError {
    fn from(error: io::Error) -> Self {
        Self::Gone(error.to_string())
    }
}

/// A line to a server.
pub(super) trait Line: Send {
    /// Passes an order on, now or with the next.
    fn send(&mut self, request: Request, patience: Duration) -> Result<(), LineError>;

    /// Sees to it that everything so far was passed on.
    fn flush(&mut self, patience: Duration) -> Result<(), LineError>;

    /// The next answer.
    fn receive(&mut self, patience: Duration) -> Result<Answer, LineError>;
}

/// No server could be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The system refused.
    #[error("the process that computes on the GPU cannot be started: {0}")]
    System(#[from] io::Error),
    /// It was lost before it was ready.
    #[error("the process that computes on the GPU was lost while its driver was loading: {0}")]
    Lost(String),
    /// It has no adapter.
    #[error(transparent)]
    Adapter(#[from] AdapterError),
}

/// How a server is started.
#[derive(Clone, Debug)]
pub(crate) struct Start<'a> {
    /// The program, which serves when it is called with the arguments.
    pub(crate) program: &'a Path,
    pub(crate) arguments: &'a [&'a str],
    /// All of its environment.
    pub(crate) environment: &'a [(String, String)],
}

/// A server in a process of its own, which ends with whoever has started it.
pub(super) struct ProcessLine {
    child: Child,
    /// There until it is dropped.
    socket: Option<File>,
    /// What was not sent yet.
    unsent: Vec<u8>,
    /// What was received of an answer.
    received: Vec<u8>,
}

impl ProcessLine {
    /// Starts a process; gives it with what it has found.
    pub(super) fn start(start: &Start<'_>, greeting: &Greeting, area: &Area) -> Result<(Self, GpuAdapter), StartError> {
        let (ours, theirs) = UnixStream::pair()?;
        let mut command = Command::new(start.program);
        command.args(start.arguments).env_clear().envs(start.environment.iter().map(|(name, value)| (name, value)));
        // Its output is the area: the two descriptors are all that it is given.
        command.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::from(area.share()?)).stderr(Stdio::inherit());
        let child = command.spawn()?;
        // The other ends of what it was given are its own alone.
        drop(command);
        ours.set_read_timeout(Some(TICK))?;
        ours.set_write_timeout(Some(TICK))?;
        let mut line =
            Self { child, socket: Some(File::from(OwnedFd::from(ours))), unsent: Vec::new(), received: Vec::new() };
        encoding::push(&mut line.unsent, greeting)?;
        let lost = |error: LineError| StartError::Lost(error.to_string());
        line.flush(READY_TIME_MAX).map_err(lost)?;
        let ready: Ready = line.take(READY_TIME_MAX).map_err(lost)?;
        Ok((line, ready?))
    }

    fn socket(&mut self) -> Result<&mut File, LineError> {
        self.socket.as_mut().ok_or_else(|| LineError::Gone("it was told to end".into()))
    }

    /// The next message.
    fn take<T: serde::de::DeserializeOwned>(&mut self, patience: Duration) -> Result<T, LineError> {
        let began = Instant::now();
        let mut part = [0; 4 << 10];
        loop {
            if let Some(message) = self.take_received()? {
                return Ok(message);
            }
            match self.socket()?.read(&mut part) {
                Ok(0) => return Err(LineError::Gone("it has ended".into())),
                Ok(length) => self.received.extend_from_slice(&part[..length]),
                Err(error) if is_tick(&error) => {
                    if began.elapsed() > patience {
                        return Err(LineError::TimedOut);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn take_received<T: serde::de::DeserializeOwned>(&mut self) -> Result<Option<T>, LineError> {
        let Some(length) = self.received.first_chunk().map(|length| u32::from_le_bytes(*length) as usize) else {
            return Ok(None);
        };
        if length > encoding::MESSAGE_BYTES_MAX {
            return Err(LineError::Gone(format!("it said something of {length} bytes")));
        }
        if self.received.len() < 4 + length {
            return Ok(None);
        }
        let mut message = self.received.as_slice();
        let read = encoding::read(&mut message, &mut Vec::new())?;
        let rest = message.len();
        self.received.drain(..self.received.len() - rest);
        Ok(read)
    }
}

impl Drop for ProcessLine {
    /// The process ends once nobody is at the other end. One that hangs is killed with the thread that has started it; a confined worker
    /// can do neither more nor less, and is not to wait for it.
    fn drop(&mut self) {
        const ENDING_TICK: Duration = Duration::from_millis(2);
        const ENDING_TICKS: usize = 250;
        self.socket = None;
        for _ in 0..ENDING_TICKS {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(ENDING_TICK);
        }
    }
}

fn is_tick(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
}

impl Line for ProcessLine {
    fn send(&mut self, request: Request, patience: Duration) -> Result<(), LineError> {
        encoding::push(&mut self.unsent, &request)?;
        if self.unsent.len() < GATHERED_BYTES {
            return Ok(());
        }
        self.flush(patience)
    }

    fn flush(&mut self, patience: Duration) -> Result<(), LineError> {
        let (began, mut sent) = (Instant::now(), 0);
        while sent < self.unsent.len() {
            match self.socket.as_mut().map_or(Ok(0), |socket| socket.write(&self.unsent[sent..])) {
                Ok(0) => return Err(LineError::Gone("it hears nothing".into())),
                Ok(length) => sent += length,
                Err(error) if is_tick(&error) => {
                    if began.elapsed() > patience {
                        return Err(LineError::TimedOut);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.unsent.clear();
        Ok(())
    }

    fn receive(&mut self, patience: Duration) -> Result<Answer, LineError> {
        self.take(patience)
    }
}

/// A server that is called directly.
#[cfg(test)]
pub(super) struct LocalLine {
    pub(super) server: super::server::Server,
    pub(super) answers: std::collections::VecDeque<Answer>,
}

#[cfg(test)]
impl Line for LocalLine {
    fn send(&mut self, request: Request, _: Duration) -> Result<(), LineError> {
        self.answers.extend(self.server.take(request));
        Ok(())
    }

    fn flush(&mut self, _: Duration) -> Result<(), LineError> {
        Ok(())
    }

    fn receive(&mut self, _: Duration) -> Result<Answer, LineError> {
        self.answers.pop_front().ok_or(LineError::TimedOut)
    }
}
