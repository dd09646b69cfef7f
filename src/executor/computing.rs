//! GPU workers: processes that compute on the GPU for a worker that trains, one for each, and the question which GPU that would be.
//!
//! A worker starts its own before it is confined, and the two live and die together: the system kills a GPU worker with who has started
//! it. Used by `worker` and `pool`; what a GPU worker does is [`crate::gpu`]'s.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::confinement::{self, Purpose};
use super::message::LoadError;
use super::pool::worker_program;
use super::{ExecutorError, Program, RunOptions};
use crate::gpu::message::{EngineKind, Greeting};
use crate::gpu::{Port, Start, StartError, server};
use crate::study::{GpuAdapter, GpuGrant, GpuLimits};

/// The first argument by which a program is told to be a GPU worker.
pub(super) const GPU_ARGUMENT: &str = "__gpu";

/// What of this process's environment a driver of the system may need to be found, and nothing else of it.
const ENVIRONMENT: &[&str] = &[
    "LD_LIBRARY_PATH",
    "VK_DRIVER_FILES",
    "VK_ICD_FILENAMES",
    "VK_ADD_DRIVER_FILES",
    "XDG_DATA_DIRS",
    "NVIDIA_VISIBLE_DEVICES",
    "NVIDIA_DRIVER_CAPABILITIES",
];
/// What it is told besides: no caches on the disk, where one trial would find what another has left.
const ENVIRONMENT_OF_ITS_OWN: &[(&str, &str)] =
    &[("MESA_SHADER_CACHE_DISABLE", "true"), ("__GL_SHADER_DISK_CACHE", "0"), ("MESA_VK_ABORT_ON_DEVICE_LOSS", "1")];

/// How a worker that trains starts its GPU worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct GpuAccess {
    environment: Vec<(String, String)>,
    memory_bytes_max: u64,
    /// What the one trial of the worker reads back, in that order, instead of what would be computed.
    recorded: Option<Vec<Vec<u8>>>,
}

impl GpuAccess {
    /// That of the trials of a program, if they are granted a GPU.
    pub(super) fn of(program: &Program, options: &RunOptions) -> Option<Self> {
        program.gpu.as_ref().map(|_| Self::new(options))
    }

    fn new(options: &RunOptions) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "where drivers are is the machine's to say, and no setting of a study"
        )]
        let named = |name: &&str| Some(((*name).to_owned(), std::env::var(name).ok()?));
        let own = ENVIRONMENT_OF_ITS_OWN.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self {
            environment: ENVIRONMENT.iter().filter_map(named).chain(own).collect(),
            memory_bytes_max: options.worker_memory_bytes_max,
            recorded: None,
        }
    }

    /// The same for a trial that reads back what was recorded of it.
    pub(super) fn recorded(self, recorded: Vec<Vec<u8>>) -> Self {
        Self { recorded: Some(recorded), ..self }
    }

    fn start(self, program: &Path, grant: &GpuGrant) -> Result<(Port, GpuAdapter), StartError> {
        let memory = self.memory_bytes_max.to_string();
        let start = Start { program, arguments: &[GPU_ARGUMENT, &memory], environment: &self.environment };
        let engine = if self.recorded.is_some() { EngineKind::Nothing } else { EngineKind::Adapter };
        let greeting = Greeting { engine, limits: grant.limits.clone(), features: grant.features.clone() };
        let (port, adapter) = Port::start(&start, greeting)?;
        Ok((port.with_recorded(self.recorded.unwrap_or_default()), adapter))
    }
}

/// Starts the GPU worker of a worker that trains, if its trials are granted a GPU.
pub(super) fn port(program: &Program, access: Option<GpuAccess>) -> Result<Option<Arc<Port>>, LoadError> {
    let (Some(spec), Some(access)) = (&program.gpu, access) else { return Ok(None) };
    let own = worker_program().or_else(|_| std::env::current_exe());
    let own = own.map_err(|error| LoadError::GpuLost(error.to_string()))?;
    let started = access.start(&own, &spec.grant);
    let (port, _) = started.map_err(|error| match error {
        StartError::Adapter(error) => LoadError::Gpu(error.to_string()),
        StartError::System(_) | StartError::Lost(_) => LoadError::GpuLost(error.to_string()),
    })?;
    Ok(Some(Arc::new(port)))
}

/// The GPU that trials with such a grant would compute on: it is a part of their study.
///
/// # Errors
/// [`ExecutorError::Gpu`] if this machine has none, or one that lacks what is granted.
pub fn gpu_adapter(grant: &GpuGrant, options: &RunOptions) -> Result<GpuAdapter, ExecutorError> {
    let program = worker_program()?;
    let (_, adapter) = GpuAccess::new(options).start(&program, grant)?;
    Ok(adapter)
}

/// How long a worker may be silent for its GPU, besides.
pub(super) fn patience(program: &Program) -> Duration {
    /// A device is opened, and what is waited for is first told to be over.
    const BESIDES: Duration = Duration::from_secs(90);
    let Some(spec) = &program.gpu else { return Duration::ZERO };
    let GpuLimits { submission_milliseconds_max, compile_milliseconds_max, .. } = spec.grant.limits;
    BESIDES + Duration::from_millis(submission_milliseconds_max.saturating_add(compile_milliseconds_max))
}

/// Computes for the worker at the other end of standard input; the standard output is the area that both share.
pub(super) fn serve() -> ! {
    confinement::close_inherited_descriptors();
    end_with_parent();
    let memory_bytes_max = std::env::args().nth(2).and_then(|number| number.parse().ok()).unwrap_or(u64::MAX);
    let own = |descriptor: std::os::fd::BorrowedFd<'_>| descriptor.try_clone_to_owned().map(File::from);
    if let (Ok(socket), Ok(area)) = (own(std::io::stdin().as_fd()), own(std::io::stdout().as_fd())) {
        watch_parent();
        server::serve(socket, area, move |is_software| {
            let purpose = if is_software { Purpose::SoftwareGpu } else { Purpose::Gpu };
            // What the system lacks was told by the worker that this one belongs to.
            confinement::begin(purpose, memory_bytes_max).finish();
        });
    }
    std::process::exit(0);
}

/// Ends this process soon after who has started it, should the system not do that at once.
fn watch_parent() {
    const LOOK_INTERVAL: Duration = Duration::from_millis(250);
    let parent = rustix::process::getppid();
    std::thread::spawn(move || {
        while rustix::process::getppid() == parent {
            #[expect(clippy::disallowed_methods, reason = "a watch over a process, which no study sees")]
            std::thread::sleep(LOOK_INTERVAL);
        }
        // What runs may never end, and would be waited for by anything gentler.
        std::process::abort();
    });
}

/// Has this process killed when who has started it ends, whatever it is doing then.
fn end_with_parent() {
    #[cfg(target_os = "linux")]
    {
        let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
        // Should it have ended before, the socket says so.
    }
}
