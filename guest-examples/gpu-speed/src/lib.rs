//! Does one thing on the GPU many times; the benches run it.
//!
//! It prepares the work and does it some times, so that nothing happens for the first time any more, and reports; then it does it as often
//! as it is told to, and reports again. Whoever runs it measures the time between the two reports, as a guest has no clock.
//! What it does is what `benches/gpu/native.rs` does without a sandbox, call by call.

// It calls the interface itself, which exists in a component only.
#![cfg(target_family = "wasm")]

mod bench;
#[path = "../../../benches/gpu/product.rs"]
#[allow(dead_code, reason = "shared with the native half")]
mod product;

use trialbox_guest::{Arguments, Choice, Reporter, report};

use crate::bench::{Bench, Empty, Product, ReadBack, Upload};
use crate::product::Kernel;

/// What is measured.
#[derive(Arguments)]
struct Training {
    #[choice]
    work: Work,
    /// Rows of a matrix, a multiple of 32, or KiB.
    #[integer(1..=1_048_576, log, default = 256)]
    size: usize,
    #[integer(1..=1_000_000, log, default = 100)]
    times: usize,
}

/// One thing on the GPU.
#[derive(Choice, Clone, Copy)]
enum Work {
    ProductTiled,
    ProductRegisters,
    Empty,
    Upload,
    ReadBack,
}

#[trialbox_guest::train(reward_attr = "reward", time_attr = "step", max_t = 2)]
fn train(arguments: Training, reporter: &Reporter) -> Result<(), String> {
    let bench = Bench::open()?;
    let Training { work, size, times } = arguments;
    match work {
        Work::ProductTiled => product(&bench, Kernel::Tiled, size, times, reporter),
        Work::ProductRegisters => product(&bench, Kernel::Registers, size, times, reporter),
        Work::Empty => {
            let empty = Empty::new(&bench);
            between_reports(reporter, times, || empty.run());
            Ok(())
        }
        Work::Upload => {
            let upload = Upload::new(&bench, size * 1024);
            between_reports(reporter, times, || upload.run());
            upload.check()
        }
        Work::ReadBack => {
            let read_back = ReadBack::new(&bench, size * 1024)?;
            let mut last = Vec::new();
            between_reports(reporter, times, || last = read_back.run());
            read_back.check(&last)
        }
    }?;
    bench.check()
}

/// Multiplies.
fn product(bench: &Bench, kernel: Kernel, rows: usize, times: usize, reporter: &Reporter) -> Result<(), String> {
    let product = Product::new(bench, kernel, rows);
    between_reports(reporter, times, || product.run());
    product.check()
}

/// Does something between two reports, and a tenth as often before them.
fn between_reports(reporter: &Reporter, times: usize, mut work: impl FnMut()) {
    (0..times.div_ceil(10)).for_each(|_| work());
    report!(reporter, step = 1, reward = 0.0);
    (0..times).for_each(|_| work());
    report!(reporter, step = 2, reward = times as f64);
}
