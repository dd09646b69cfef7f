//! What a worker process may take of the machine: limits of the system that it sets for itself and cannot raise again.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::Purpose;

/// The largest file that can be written. None can be opened; but the engine keeps a component's initial memory in one that has no name.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// How many descriptors can be open. The engine has one for each of a component's initial memories.
const DESCRIPTORS_MAX: u64 = 1 << 10;

/// Sets the bounds; false if one could not be set. The driver of a GPU maps what the device has as well, so its memory cannot be told apart.
pub(super) fn set(purpose: Purpose, memory_bytes_max: u64) -> bool {
    // What computes keeps the memory of devices in files without names.
    let file_bytes_max = match purpose {
        Purpose::SoftwareGpu | Purpose::Gpu => memory_bytes_max.max(FILE_BYTES_MAX),
        Purpose::Compiler | Purpose::Guests | Purpose::GuestsOnGpu => FILE_BYTES_MAX,
    };
    let mut bounds = vec![(Resource::Core, 0), (Resource::Fsize, file_bytes_max), (Resource::Nofile, DESCRIPTORS_MAX)];
    #[cfg(target_os = "linux")]
    if purpose != Purpose::Gpu {
        bounds.extend([(Resource::Data, memory_bytes_max), (Resource::Memlock, 0), (Resource::Msgqueue, 0)]);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (purpose, memory_bytes_max);
    // All of them are tried, whatever becomes of the others.
    let failures = bounds.into_iter().filter(|(resource, most)| !lower(*resource, *most)).count();
    failures == 0
}

/// Lowers a bound; one that is lower already stays.
fn lower(resource: Resource, most: u64) -> bool {
    let now = getrlimit(resource);
    let bound = |now: Option<u64>| Some(now.map_or(most, |now| now.min(most)));
    setrlimit(resource, Rlimit { current: bound(now.current), maximum: bound(now.maximum) }).is_ok()
}
