//! What a guest gets of a GPU, beside a program that uses it directly through the `wgpu` crate: `cargo bench --bench gpu`.
//!
//! Prints the table of `docs/benchmarks.md`, or those of its rows whose work contains a word that is named, as in
//! `-- product read`. The guest `gpu-speed` does in a worker what [`native`] does in this process, call by call; its time is that
//! between its two reports. Both take turns, so that what else the machine does hits them alike. All figures are medians, the ratios
//! those of the turns: of products the speed in the box by the native one, of all else the time in the box by the native one.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a bench, no library")]
#![allow(clippy::needless_pass_by_value, clippy::use_self, reason = "brevity")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "a bench, no library")]

mod boxed;
mod native;
mod product;

use std::time::Duration;

use crate::boxed::Boxed;
use crate::native::Native;
use crate::product::Kernel;

/// How often each figure is taken.
const ROUNDS: usize = 9;
/// How long each is to take, as far as it can be chosen.
const ROUND: Duration = Duration::from_millis(400);
/// Of less, the round trip takes more than the bytes do.
const BANDWIDTH_KIB_MIN: usize = 1024;
/// What says which adapter is meant; the software adapter is spared the large matrices.
const MEANT: &str = "TRIALBOX_TEST_ADAPTER";

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// A product of matrices of so many rows.
    Product(Kernel, usize),
    /// A submission of nothing.
    Empty,
    /// So many KiB to the device.
    Upload(usize),
    /// So many KiB from the device.
    ReadBack(usize),
}

/// What a ratio is to be.
#[derive(Clone, Copy, Debug)]
enum Goal {
    /// Of the speed of the native half at least so much.
    Speed(f64),
    /// Of the time of the native half at most so much.
    Time(f64),
    None,
}

impl Work {
    fn name(self) -> &'static str {
        match self {
            Self::Product(Kernel::Tiled, _) => "product, tiles of 16x16",
            Self::Product(Kernel::Registers, _) => "product, blocks of 4x4 in registers",
            Self::Empty => "round trip of an empty submission",
            Self::Upload(_) => "upload",
            Self::ReadBack(_) => "read-back",
        }
    }

    fn size(self) -> String {
        match self {
            Self::Product(_, rows) => format!("{rows} rows"),
            Self::Empty => String::new(),
            Self::Upload(kib) | Self::ReadBack(kib) if kib >= 1024 => format!("{} MiB", kib / 1024),
            Self::Upload(kib) | Self::ReadBack(kib) => format!("{kib} KiB"),
        }
    }

    /// A time of it, with the rate that it makes.
    fn figure(self, time: Duration) -> String {
        let (micros, seconds) = (time.as_secs_f64() * 1e6, time.as_secs_f64());
        let time = if micros < 10_000.0 { format!("{micros:.1} µs") } else { format!("{:.1} ms", micros / 1e3) };
        match self {
            Self::Product(_, rows) => format!("{time}, {:.1} GFLOP/s", 2.0 * (rows as f64).powi(3) / seconds / 1e9),
            Self::Empty => time,
            Self::Upload(kib) | Self::ReadBack(kib) => {
                format!("{time}, {:.2} GiB/s", kib as f64 / (1 << 20) as f64 / seconds)
            }
        }
    }

    fn goal(self, is_software: bool) -> Goal {
        match self {
            Self::Product(_, rows) if is_software && rows >= 128 => Goal::Speed(0.9),
            Self::Product(_, rows) if !is_software && rows >= 1024 => Goal::Speed(0.95),
            Self::Product(..) => Goal::None,
            Self::Empty => Goal::Time(1.3),
            Self::Upload(kib) | Self::ReadBack(kib) if kib >= BANDWIDTH_KIB_MIN => Goal::Time(2.0),
            Self::Upload(_) | Self::ReadBack(_) => Goal::None,
        }
    }
}

fn main() {
    trialbox::executor::run_as_worker_if_asked();
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let Some(native) = Native::open() else {
        println!("there is no adapter; docs/gpu.md says how to get one");
        return;
    };
    let is_software = std::env::var(MEANT).is_ok_and(|meant| meant == "software") || native.is_software();
    println!("Adapter: {}.\n", native.name());
    println!("| work | size | native | in the box | ratio | goal |");
    println!("| --- | --- | --- | --- | --- | --- |");
    let boxed = Boxed::open();
    for work in works(is_software) {
        if asked.is_empty() || asked.iter().any(|word| work.name().contains(word.as_str())) {
            println!("{}", row(&native, &boxed, work, work.goal(is_software)));
        }
    }
}

fn works(is_software: bool) -> Vec<Work> {
    let rows: &[usize] = if is_software { &[128, 256, 512] } else { &[256, 512, 1024, 2048, 4096] };
    let products = [Kernel::Tiled, Kernel::Registers].into_iter();
    let mut works: Vec<Work> =
        products.flat_map(|kernel| rows.iter().map(move |&rows| Work::Product(kernel, rows))).collect();
    works.push(Work::Empty);
    let sizes = [64, 1024, 16 * 1024, 64 * 1024];
    works.extend(sizes.map(Work::Upload));
    works.extend(sizes.map(Work::ReadBack));
    works
}

/// Measures a work, and says what came of it.
fn row(native: &Native, boxed: &Boxed, work: Work, goal: Goal) -> String {
    let figures = match work {
        Work::Product(kernel, rows) => {
            let product = native.product(kernel, rows);
            by_turns(boxed, work, |times| product.run(times))
        }
        Work::Empty => {
            let empty = native.empty();
            by_turns(boxed, work, |times| empty.run(times))
        }
        Work::Upload(kib) => {
            let upload = native.upload(kib * 1024);
            by_turns(boxed, work, |times| upload.run(times))
        }
        Work::ReadBack(kib) => {
            let read_back = native.read_back(kib * 1024);
            by_turns(boxed, work, |times| read_back.run(times))
        }
    };
    let of_time = median(figures.iter().map(|(native, boxed)| boxed.as_secs_f64() / native.as_secs_f64()).collect());
    let ratio = if let Work::Product(..) = work { 1.0 / of_time } else { of_time };
    let goal = match goal {
        Goal::Speed(least) => format!("≥ {least}"),
        Goal::Time(most) => format!("≤ {most}"),
        Goal::None => String::new(),
    };
    let time = |of: fn(&(Duration, Duration)) -> Duration| {
        let times = figures.iter().map(|figures| of(figures).as_secs_f64());
        work.figure(Duration::from_secs_f64(median(times.collect())))
    };
    let (native, boxed) = (time(|(native, _)| *native), time(|(_, boxed)| *boxed));
    format!("| {} | {} | {native} | {boxed} | {ratio:.2} | {goal} |", work.name(), work.size())
}

/// What a work takes natively and in the box, in each of some turns. A first one is not counted.
fn by_turns(boxed: &Boxed, work: Work, native: impl Fn(usize) -> Duration) -> Vec<(Duration, Duration)> {
    native(2);
    let once = native(2).max(Duration::from_nanos(1));
    let times = (ROUND.as_nanos() / once.as_nanos()).clamp(2, 100_000) as usize;
    let mut turns: Vec<(Duration, Duration)> = (0..=ROUNDS).map(|_| (native(times), boxed.run(work, times))).collect();
    turns.remove(0);
    turns
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
