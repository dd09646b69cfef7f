//! Write a searcher as a component: it is told of a study's trials and proposes their configurations.
//!
//! A searcher is a type that implements [`Searcher`], and a line that makes it the component's export:
//!
//! ```
//! use trialbox_guest::searcher::{Assignment, Configuration, Searcher, Space};
//! use trialbox_guest::Random;
//!
//! /// Draws at random; a searcher that learns overrides `observe`, too.
//! struct AtRandom {
//!     space: Space,
//!     random: Random,
//! }
//!
//! impl Searcher for AtRandom {
//!     fn begin(assignment: Assignment) -> Result<Self, String> {
//!         assignment.options.finish()?;
//!         Ok(Self { space: assignment.space, random: Random::new(assignment.seed) })
//!     }
//!
//!     fn suggest(&mut self, _trial: u64) -> Option<Configuration> {
//!         Some(self.space.sample(&mut self.random))
//!     }
//! }
//!
//! trialbox_guest::searcher!(AtRandom);
//! ```
//!
//! One value lives as long as the study, and is called in the order in which things happen there. What it suggests must be a
//! function of what it was told and of its seed. A panic fails the searcher; its message is told with the failure.

mod space;

#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod runtime;

use crate::value::{ParameterValue, Value};

pub use space::{Configuration, Space};

/// A search algorithm.
pub trait Searcher: Sized {
    /// A searcher at its beginning.
    ///
    /// # Errors
    ///
    /// What is wrong with the space or the options. It fails the searcher, with this text.
    fn begin(assignment: Assignment) -> Result<Self, String>;

    /// The configuration of the next trial, or none if there are no more to try. Trials are numbered from 0, in this order.
    fn suggest(&mut self, trial: u64) -> Option<Configuration>;

    /// Takes note of what has become of a trial, known by the number that its configuration was asked for with.
    fn observe(&mut self, _trial: u64, _observation: Observation) {}
}

/// What a searcher is given at its beginning.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// What is searched.
    pub space: Space,
    /// The seed for every random draw.
    pub seed: u64,
    /// What the study file says under `options`.
    pub options: Options,
}

/// What is told of a trial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Observation {
    /// A reward is on its way.
    Pending {
        /// At which level of the resource, if that is known.
        level: Option<u64>,
    },
    /// It has reached a reward.
    Rewarded {
        /// At which level of the resource, such as the epoch, if the report said.
        level: Option<u64>,
        /// The reward, to be maximised.
        reward: f64,
        /// The value of the constraint, which is met where it is not positive.
        constraint: Option<f64>,
    },
    /// The reward at that level no longer counts: a later one stands for it.
    Withdrawn {
        /// The level.
        level: u64,
    },
    /// Its evaluation failed.
    Failed,
    /// Its job is over, for now or for good: what is still pending will not come.
    JobEnded,
}

/// The options of a study file. Each is taken once; what is left at the end is a mistake.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options(Vec<(String, Value)>);

impl Options {
    /// The options with these names and values.
    pub fn new(options: Vec<(String, Value)>) -> Self {
        Self(options)
    }

    /// The option of that name, or `default` if the study file does not give it.
    ///
    /// # Errors
    ///
    /// It is of another type.
    pub fn take<T: ParameterValue>(&mut self, name: &str, default: T) -> Result<T, String> {
        let Some(position) = self.0.iter().position(|(given, _)| given == name) else { return Ok(default) };
        let (_, value) = self.0.remove(position);
        T::from_value(&value).ok_or_else(|| format!("the option `{name}` must be {}, but is {value}", T::KIND))
    }

    /// Ends the taking.
    ///
    /// # Errors
    ///
    /// An option is left.
    pub fn finish(self) -> Result<(), String> {
        match self.0.first() {
            Some((name, _)) => Err(format!("there is no option `{name}`")),
            None => Ok(()),
        }
    }
}

/// Makes a type that implements [`Searcher`](crate::searcher::Searcher) the component's export. A component has one searcher.
#[macro_export]
macro_rules! searcher {
    ($searcher:ty) => {
        const _: () = {
            // Natively, too, so that a mistake shows in a guest's unit tests.
            const fn check<T: $crate::searcher::Searcher>() {}
            check::<$searcher>();

            #[cfg(target_family = "wasm")]
            ::std::thread_local! {
                static LIVE: $crate::searcher::runtime::Live<$searcher> = const { $crate::searcher::runtime::Live::new() };
            }

            #[cfg(target_family = "wasm")]
            struct Component;

            #[cfg(target_family = "wasm")]
            impl $crate::bindings::searching::exports::trialbox::trial::search::Guest for Component {
                fn begin(
                    assignment: $crate::bindings::searching::exports::trialbox::trial::search::Assignment,
                ) -> ::core::result::Result<(), ::std::string::String> {
                    LIVE.with(|live| live.begin(assignment))
                }

                fn suggest(
                    trial: u64,
                ) -> ::core::option::Option<::std::vec::Vec<$crate::bindings::trialbox::trial::types::Attribute>> {
                    LIVE.with(|live| live.suggest(trial))
                }

                fn observe(observation: $crate::bindings::searching::exports::trialbox::trial::search::Observation) {
                    LIVE.with(|live| live.observe(observation));
                }
            }

            #[cfg(target_family = "wasm")]
            $crate::bindings::searching::export_searcher!(Component with_types_in $crate::bindings::searching);
        };
    };
}
