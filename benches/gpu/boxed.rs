//! The guest's half: trials of `gpu-speed` in a worker, as `trialbox train` runs them, timed from outside.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use trialbox::executor::{self, Interrupt, Program, ReadBacks, RunOptions, TrialProgress};
use trialbox::numeric::amount::Seed;
use trialbox::sandbox::Arguments;
use trialbox::space::Value;
use trialbox::study::{
    Attribute, FloatMode, GpuGrant, GpuLimit, GpuLimits, GuestSettings, Limits, Outcome, Replication,
};

use crate::Work;
use crate::product::Kernel;

/// The guest with a GPU.
pub struct Boxed {
    program: Program,
    options: RunOptions,
    /// Keeps the compiled component.
    _cache: tempfile::TempDir,
}

impl Boxed {
    /// Looks at the guest and at the adapter.
    pub fn open() -> Self {
        let component = Path::new(env!("CARGO_MANIFEST_DIR")).join("guest-examples/gpu-speed/gpu-speed.wasm");
        let cache = tempfile::tempdir().unwrap();
        let options = RunOptions { cache: Some(cache.path().to_owned()), ..RunOptions::default() };
        // Room for matrices of 4096 rows and for what checks them.
        let limits = Limits {
            fuel_max: 1_000_000_000_000_000,
            memory_bytes_max: 4 << 30,
            host_call_bytes_max: 256 << 20,
            ..Limits::default()
        };
        let grant = GpuGrant { limits: gpu_limits(), ..GpuGrant::default() };
        grant.check().unwrap();
        let adapter = executor::gpu_adapter(&grant, &options).unwrap();
        let inspected = executor::inspect(&component, &limits, FloatMode::default(), &options, &Interrupt::default());
        let program = Program {
            component,
            id: inspected.unwrap().id,
            data: BTreeMap::new(),
            limits,
            float_mode: FloatMode::default(),
            replication: Replication::default(),
            guest: GuestSettings::default(),
            gpu: Some(grant.of(adapter)),
        };
        Self { program, options, _cache: cache }
    }

    /// How long each of so many runs of a work takes in a trial.
    ///
    /// # Panics
    /// If the trial fails: it checks what it has computed.
    pub fn run(&self, work: Work, times: usize) -> Duration {
        let (name, size) = match work {
            Work::Product(Kernel::Tiled, rows) => ("product_tiled", rows),
            Work::Product(Kernel::Registers, rows) => ("product_registers", rows),
            Work::Empty => ("empty", 1),
            Work::Upload(kib) => ("upload", kib),
            Work::ReadBack(kib) => ("read_back", kib),
        };
        let attribute = |name: &str, value| Attribute { name: name.to_owned(), value };
        let config = vec![
            attribute("work", Value::Text(name.to_owned())),
            attribute("size", Value::Integer(size as i64)),
            attribute("times", Value::Integer(times as i64)),
        ];
        let mut reports = Vec::new();
        let result = executor::run_trial(
            &self.program,
            Arguments { config, seed: Seed(1) },
            ReadBacks::Computed,
            &self.options,
            &Interrupt::default(),
            |progress| {
                if let TrialProgress::Reported(..) = progress {
                    reports.push(Instant::now());
                }
            },
        );
        assert_eq!(result.unwrap().outcome, Outcome::Completed, "{name} of {size}");
        let [begin, end] = reports[..] else { panic!("{} reports instead of two", reports.len()) };
        (end - begin) / times as u32
    }
}

/// What is measured is not to end at a limit.
fn gpu_limits() -> GpuLimits {
    let mut limits = GpuLimits { memory_bytes_max: 4 << 30, recorded_bytes_max: 0, ..GpuLimits::default() };
    for limit in [GpuLimit::ReadBacksMax, GpuLimit::SubmissionMillisecondsMax] {
        limits.set(limit, *limit.range().end());
    }
    limits
}
