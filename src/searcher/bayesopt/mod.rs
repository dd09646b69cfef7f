//! Bayesian optimisation.

mod acquisition;
mod fit;
#[cfg(test)]
mod golden;
mod kernel;
mod posterior;
