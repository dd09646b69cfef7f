//! Write a training function as a trialbox component.
//!
//! A trial component declares its search space and trains one configuration of it, reporting its progress. With this crate
//! the search space is a struct and the training a function:
//!
//! ```
//! use trialbox_guest::{Arguments, Choice, Reporter, report};
//!
//! #[derive(Arguments)]
//! struct Training {
//!     /// Step size of the optimiser.
//!     #[real(1e-4..=1e-1, log, default = 1e-2)]
//!     learning_rate: f64,
//!     #[integer(8..=128, log)]
//!     hidden_units: u32,
//!     #[boolean(default = true)]
//!     shuffle: bool,
//!     #[choice]
//!     optimiser: Optimiser,
//!     #[choice(32, 64, 128, default = 64)]
//!     batch_size: usize,
//!     #[nested]
//!     layers: [Layer; 2],
//!     #[constant(10)]
//!     epochs: u64,
//! }
//!
//! /// A parameter of a variant exists only where the variant is chosen.
//! #[derive(Choice)]
//! enum Optimiser {
//!     Adam,
//!     Sgd {
//!         /// Named `optimiser.sgd.momentum`.
//!         #[real(0.0..=0.99)]
//!         momentum: f64,
//!     },
//! }
//!
//! #[derive(Arguments)]
//! struct Layer {
//!     /// Named `layers.0.units` and `layers.1.units`.
//!     #[integer(8..=64)]
//!     units: usize,
//! }
//!
//! #[trialbox_guest::train(reward_attr = "accuracy", time_attr = "epoch", max_t = 10)]
//! fn train(arguments: Training, reporter: &Reporter) -> Result<(), String> {
//!     let mut random = reporter.random("weights");
//!     let mut accuracy = 0.0;
//!     for epoch in 1..=arguments.epochs {
//!         accuracy += (1.0 - accuracy) * arguments.learning_rate * random.uniform();
//!         report!(reporter, epoch = epoch, accuracy = accuracy);
//!     }
//!     Ok(())
//! }
//! # let reporter = Reporter::recording(7);
//! # let training = Training { learning_rate: 0.01, hidden_units: 8, shuffle: true, optimiser: Optimiser::Sgd { momentum: 0.9 },
//! #     batch_size: 32, layers: [Layer { units: 8 }, Layer { units: 8 }], epochs: 10 };
//! # train(training, &reporter).unwrap();
//! # assert_eq!(reporter.reports().len(), 10);
//! ```
//!
//! The crate type is `cdylib`. Compiled for `wasm32-wasip2` it is a component at once; compiled for
//! `wasm32-unknown-unknown`, which needs no system interface at all, a module that `wasm-tools component new` makes one.
//! See [`Arguments`](derive@Arguments) for the attributes of parameters, [`train`](macro@train) for the function.
//!
//! A trial is a pure function of its arguments, its seed and the study's data. Draw all randomness from
//! [`Reporter::random`]; read data through [`data`], leave files through [`artifact`], write to the trial's log with
//! [`log!`]. A panic ends the trial; its message and place go to the trial's log.
//!
//! The other kind of component is a searcher, which proposes the configurations of a study: see [`searcher`].
//!
//! # Testing without a sandbox
//!
//! The crate compiles natively, too, where a unit test of a guest calls its functions directly:
//! [`Reporter::recording`] keeps the reports, `data::provide` supplies a data set, `artifact::saved` shows a saved file,
//! and [`describe`] and [`decode`] show the search space and fill it.

// The macros name this crate; so do the tests in it.
extern crate self as trialbox_guest;

mod arguments;
pub mod artifact;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod bindings;
pub mod data;
mod description;
pub mod log;
mod random;
mod reporter;
#[doc(hidden)]
pub mod runtime;
pub mod searcher;
mod value;

pub use crate::arguments::{
    Arguments, BooleanParameter, Choice, Config, DecodeError, IntegerParameter, RealParameter, Scope, decode, describe,
};
pub use crate::description::{Condition, Domain, IntegerRange, Parameter, RealRange};
pub use crate::random::Random;
pub use crate::reporter::{Attributes, Report, Reporter};
pub use crate::value::{IntoValue, ParameterValue, Value};

pub use trialbox_guest_macros::{Arguments, Choice, train};

/// Reports the state of the training, in one line: `report!(reporter, epoch = 3, accuracy = 0.93)`.
///
/// Names are identifiers, values anything that [`IntoValue`] accepts. For names that are no identifiers use
/// [`Reporter::report`].
#[macro_export]
macro_rules! report {
    ($reporter:expr $(, $name:ident = $value:expr)* $(,)?) => {
        $reporter.report()$(.with(::core::stringify!($name), $value))*.send()
    };
}

/// Writes a line to the trial's log, formatted as by [`format!`].
#[macro_export]
macro_rules! log {
    ($($argument:tt)*) => {
        $crate::log::write_line(::core::format_args!($($argument)*))
    };
}
