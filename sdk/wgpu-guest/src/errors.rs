//! A device as all of its objects share it: its handle, and what becomes of its errors.
//!
//! The interface has scopes, but no way to tell of an error that no scope has caught. So three scopes of this backend, one for each
//! kind of error, lie under those of the program. They are looked into where the program waits for the GPU anyhow ([`Shared::look`]),
//! and what they have caught goes to the program's handler or, as in `wgpu`, to a panic.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wgpu::custom::BoxDeviceLostCallback;
use wgpu::{DeviceLostReason, ErrorFilter, UncapturedErrorHandler};

use crate::bindings::wasi::webgpu::webgpu::{GpuDevice, GpuError, GpuErrorFilter, GpuErrorKind, GpuQueue};

/// The scopes that lie under the program's.
const BASE: [GpuErrorFilter; 3] = [GpuErrorFilter::Internal, GpuErrorFilter::OutOfMemory, GpuErrorFilter::Validation];

/// A device, shared by its objects.
pub(crate) struct Shared {
    /// The engine's device.
    pub(crate) handle: GpuDevice,
    /// Its queue.
    pub(crate) queue: GpuQueue,
    state: Mutex<State>,
}

struct State {
    /// The program's scopes, the innermost last.
    open: Vec<Scope>,
    handler: Option<Arc<dyn UncapturedErrorHandler>>,
    lost: Lost,
}

/// A scope of the program's, with what this backend has found itself.
struct Scope {
    filter: ErrorFilter,
    found: Option<wgpu::Error>,
}

/// Whether the program has destroyed the device. It is not lost otherwise: whatever else loses it ends the trial.
enum Lost {
    No(Option<BoxDeviceLostCallback>),
    Yes,
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Shared").field(&self.handle).finish()
    }
}

impl Shared {
    pub(crate) fn new(handle: GpuDevice) -> Self {
        push_base(&handle);
        let state = Mutex::new(State { open: Vec::new(), handler: None, lost: Lost::No(None) });
        Self { queue: handle.queue(), handle, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a scope of the program's; gives its place.
    pub(crate) fn push(&self, filter: ErrorFilter) -> u32 {
        self.handle.push_error_scope(match filter {
            ErrorFilter::Validation => GpuErrorFilter::Validation,
            ErrorFilter::OutOfMemory => GpuErrorFilter::OutOfMemory,
            ErrorFilter::Internal => GpuErrorFilter::Internal,
        });
        let mut state = self.state();
        state.open.push(Scope { filter, found: None });
        (state.open.len() - 1) as u32
    }

    /// Closes the innermost scope of the program's; gives what it has caught.
    ///
    /// # Panics
    /// If `place` is not that of the innermost one, as with other backends.
    #[track_caller]
    pub(crate) fn pop(&self, place: u32) -> Option<wgpu::Error> {
        let scope = {
            let mut state = self.state();
            assert!(
                place as usize + 1 == state.open.len(),
                "Mismatched pop_error_scope call: error scopes must be popped in reverse order."
            );
            state.open.pop()
        };
        let found = scope.and_then(|scope| scope.found);
        found.or(self.handle.pop_error_scope().ok().flatten().map(|error| from_engine(&error)))
    }

    /// An error that this backend has found: to the innermost scope that looks for its kind, as if the engine had found it.
    #[track_caller]
    pub(crate) fn fail(&self, message: String) {
        let error = validation(message);
        let mut state = self.state();
        match state.open.iter_mut().rev().find(|scope| scope.filter == ErrorFilter::Validation) {
            Some(scope) => {
                scope.found.get_or_insert(error);
            }
            None => {
                drop(state);
                self.tell(error);
            }
        }
    }

    /// Waits until the device is done with what was submitted, and looks for errors.
    #[track_caller]
    pub(crate) fn wait(&self) {
        self.queue.on_submitted_work_done();
        self.look();
    }

    /// Looks for errors that no scope of the program's has caught, and tells of them. While the program has scopes open this waits.
    ///
    /// # Panics
    /// If there is one, and the program has set no handler.
    #[track_caller]
    pub(crate) fn look(&self) {
        {
            let state = self.state();
            if !state.open.is_empty() || matches!(state.lost, Lost::Yes) {
                return;
            }
        }
        let found: Vec<wgpu::Error> = BASE
            .iter()
            .filter_map(|_| self.handle.pop_error_scope().ok().flatten())
            .map(|error| from_engine(&error))
            .collect();
        push_base(&self.handle);
        for error in found {
            self.tell(error);
        }
    }

    #[track_caller]
    fn tell(&self, error: wgpu::Error) {
        let handler = self.state().handler.clone();
        match handler {
            Some(handler) => handler(error),
            None => panic!("wgpu error: {error}"),
        }
    }

    /// Who is told of errors that no scope has caught.
    pub(crate) fn set_handler(&self, handler: Arc<dyn UncapturedErrorHandler>) {
        self.state().handler = Some(handler);
    }

    /// Who is told that the device is lost.
    pub(crate) fn set_lost_callback(&self, callback: BoxDeviceLostCallback) {
        let mut state = self.state();
        if matches!(state.lost, Lost::Yes) {
            drop(state);
            callback(DeviceLostReason::Destroyed, String::new());
        } else {
            state.lost = Lost::No(Some(callback));
        }
    }

    /// Destroys the device.
    pub(crate) fn destroy(&self) {
        let before = std::mem::replace(&mut self.state().lost, Lost::Yes);
        if let Lost::No(callback) = before {
            self.handle.destroy();
            if let Some(callback) = callback {
                callback(DeviceLostReason::Destroyed, String::new());
            }
        }
    }
}

fn push_base(device: &GpuDevice) {
    for filter in BASE {
        device.push_error_scope(filter);
    }
}

/// What went wrong, in the words of who found it.
#[derive(Debug)]
struct Reason(String);

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Error for Reason {}

fn validation(description: String) -> wgpu::Error {
    wgpu::Error::Validation { source: Box::new(Reason(description.clone())), description }
}

fn from_engine(error: &GpuError) -> wgpu::Error {
    let description = error.message();
    match error.kind() {
        GpuErrorKind::ValidationError => validation(description),
        GpuErrorKind::OutOfMemoryError => wgpu::Error::OutOfMemory { source: Box::new(Reason(description)) },
        GpuErrorKind::InternalError => {
            wgpu::Error::Internal { source: Box::new(Reason(description.clone())), description }
        }
    }
}
