//! What several tests and benchmarks need: trial components made from text, and a way to run them without a study.

#![allow(dead_code, reason = "not every test needs every helper")]

pub mod guest;
pub mod hostile;
pub mod imports;
pub mod run;
