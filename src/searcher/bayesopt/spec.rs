//! The options of `bayesopt`, with the names and defaults of the original (`autogluon.core`).
//!
//! Talks to nobody.

use serde::{Deserialize, Serialize};

/// How the candidates for a trial are put in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InitialScoring {
    /// By a draw from each candidate's own predicted distribution.
    #[default]
    ThompsonIndep,
    /// By expected improvement.
    AcqFunc,
}

/// The options of `bayesopt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BayesoptSpec {
    /// Whether the first suggestion is the default configuration.
    pub first_is_default: bool,
    /// How many configurations are suggested before the model is asked; drawn at random, but for the default.
    pub num_init_random: u32,
    /// How many random configurations are scored for each trial.
    pub num_init_candidates: u32,
    /// How often rewards are made up for what is pending.
    pub num_fantasy_samples: u32,
    /// How the candidates are put in order.
    pub initial_scoring: InitialScoring,
    /// From how many starts the model's parameters are fitted.
    pub opt_nstarts: u32,
    /// How many steps are made from each.
    pub opt_maxiter: u32,
    /// Whether the first start is the last fit, not the initial values.
    pub opt_warmstart: bool,
    /// Up to how many rewards the model is fitted whenever there is news. Beyond, it is fitted from the last fit alone, once the
    /// rewards have become a sixteenth more, or 128.
    pub opt_skip_init_length: u32,
    /// Beyond `opt_skip_init_length`, how many new rewards there must be at least.
    pub opt_skip_period: u32,
}

/// An option of `bayesopt` makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{option}` is {value}; it must be from {least} to {most}")]
pub struct BayesoptError {
    /// Which.
    pub option: &'static str,
    /// Its value.
    pub value: u32,
    /// The smallest that it may be.
    pub least: u32,
    /// The largest that it may be.
    pub most: u32,
}

impl Default for BayesoptSpec {
    fn default() -> Self {
        Self {
            first_is_default: true,
            num_init_random: 3,
            num_init_candidates: 250,
            num_fantasy_samples: 20,
            initial_scoring: InitialScoring::default(),
            opt_nstarts: 2,
            opt_maxiter: 50,
            opt_warmstart: false,
            opt_skip_init_length: 150,
            opt_skip_period: 1,
        }
    }
}

impl BayesoptSpec {
    /// Whether the options make sense.
    ///
    /// # Errors
    /// The first that does not. The upper ends bound what one suggestion costs.
    pub fn check(&self) -> Result<(), BayesoptError> {
        let mut copy = *self;
        match copy.numbers().into_iter().find(|(_, value, least, most)| !(*least..=*most).contains(*value)) {
            Some((option, value, least, most)) => Err(BayesoptError { option, value: *value, least, most }),
            None => Ok(()),
        }
    }

    /// The options that are numbers: name, value, the smallest and the largest that it may be.
    pub(crate) fn numbers(&mut self) -> [(&'static str, &mut u32, u32, u32); 7] {
        [
            ("num_init_random", &mut self.num_init_random, 1, 1_000_000),
            ("num_init_candidates", &mut self.num_init_candidates, 5, 10_000),
            ("num_fantasy_samples", &mut self.num_fantasy_samples, 1, 1_000),
            ("opt_nstarts", &mut self.opt_nstarts, 1, 100),
            ("opt_maxiter", &mut self.opt_maxiter, 1, 1_000),
            ("opt_skip_init_length", &mut self.opt_skip_init_length, 0, 1_000_000),
            ("opt_skip_period", &mut self.opt_skip_period, 1, 1_000),
        ]
    }
}
