//! What the operating system denies a worker process, whatever code comes to run in it.
//!
//! The layer behind the engine's sandbox: if a guest breaks out of that one, it finds itself in a process that can compute, and talk to the
//! driver over two pipes, and nothing else. A worker reads what it needs, confines itself for good, and only then lets a guest in; one
//! that compiles confines itself first, since the compiler too is fed by strangers.
//!
//! Three layers, each of use without the others: bounds on what the process may take (`bounds`), no files and no network (`files`), and a list
//! of the system calls that remain (`calls`). A system that lacks one is no error here: the worker says so, and the driver decides.

mod bounds;
#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod files;

use std::fmt;

use serde::{Deserialize, Serialize};

/// A layer of confinement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Layer {
    /// Bounds on memory, files, descriptors and core dumps.
    Bounds,
    /// No access to files and the network.
    Files,
    /// No system calls but those that running guests takes.
    Calls,
}

impl Layer {
    /// How many there are.
    pub(super) const COUNT: usize = 3;
}

impl fmt::Display for Layer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Bounds => "resource limits (rlimits)",
            Self::Files => "file and network rules (Landlock)",
            Self::Calls => "system-call filter (seccomp)",
        })
    }
}

/// What a worker does once it is confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It compiles, on several threads.
    Compiler,
    /// It runs guests, on the threads that there are.
    Guests,
    /// The same, and a GPU worker must end with it: the system kills that in this process's name.
    GuestsOnGpu,
    /// It computes on the processor what others compute on a GPU: compiles kernels and runs them, on several threads.
    SoftwareGpu,
    /// It computes on a GPU, by a driver that talks to the system in ways of its own.
    Gpu,
}

/// Closes every descriptor but the standard streams: whatever the parent's parent left open is no business of a worker's. To be called
/// first thing, before this process has opened any itself.
pub(super) fn close_inherited_descriptors() {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: nothing of this process has a descriptor above the standard streams yet, so nobody's is closed. Where the kernel
        // does not know the call, nothing happens; what the driver itself opens is closed on exec in any case.
        #[expect(unsafe_code, reason = "no safe crate offers the call")]
        unsafe {
            libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, 0_u32);
        }
    }
}

/// A process that has begun to confine itself: this thread, and those that it starts, reach no files any more.
pub(super) struct Confining {
    purpose: Purpose,
    missing: Vec<Layer>,
}

/// Confines this thread and every one that it starts from now on. `memory_bytes_max` bounds what the process may map for writing.
pub(super) fn begin(purpose: Purpose, memory_bytes_max: u64) -> Confining {
    // Asked of the system once and remembered, with all else that it tells a new process; the first to ask must not be confined.
    #[cfg(target_os = "linux")]
    let _ = rustix::param::page_size();
    let mut missing = Vec::new();
    if !bounds::set(purpose, memory_bytes_max) {
        missing.push(Layer::Bounds);
    }
    #[cfg(target_os = "linux")]
    let files_are_denied = files::deny(purpose);
    #[cfg(not(target_os = "linux"))]
    let files_are_denied = false;
    if !files_are_denied {
        missing.push(Layer::Files);
    }
    Confining { purpose, missing }
}

impl Confining {
    /// Confines all threads of this process, for good; gives the layers that this system lacks.
    pub(super) fn finish(mut self) -> Vec<Layer> {
        #[cfg(target_os = "linux")]
        let calls_are_filtered = calls::filter(self.purpose);
        #[cfg(not(target_os = "linux"))]
        let calls_are_filtered = {
            let _ = self.purpose;
            false
        };
        if !calls_are_filtered {
            self.missing.push(Layer::Calls);
        }
        self.missing
    }
}
