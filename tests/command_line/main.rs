//! The command line as a user meets it: the built program, run in a folder of its own, by what it prints, writes and exits with.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a test, no library")]
#![allow(clippy::needless_pass_by_value, clippy::use_self, reason = "brevity")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "a test, no library")]
#![cfg(all(feature = "engine", unix))]

mod ask;
mod cached;
mod commands;
mod compiling;
mod damage;
mod examples;
mod help;
mod hooks;
mod hyperband;
mod inputs;
mod interruption;
mod isolation;
mod other_studies;
mod projects;
mod recorded;
mod results;
mod run;
mod searchers;
mod simulate;
mod train;
mod verify;
mod world;
