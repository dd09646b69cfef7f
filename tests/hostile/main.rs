//! Hostile guests: for each limit and each way to end, a component that goes for it. The host, and the trials that come
//! after, must not notice.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a test, no library")]
#![allow(clippy::needless_pass_by_value, clippy::use_self, reason = "brevity")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "a test, no library")]
#![cfg(feature = "engine")]

#[path = "../support/mod.rs"]
mod support;

mod cache;
mod commands;
mod components;
mod descriptions;
mod files;
mod fuel;
mod imports;
mod memory;
mod neighbours;
mod outcomes;
mod random_calls;
mod replicates;
mod reports;
mod searchers;
mod studies;
mod traps;
mod wasi;

use trialbox::study::{Limit, Outcome, TrapKind};

use support::guest::Guest;
use support::run::{Ran, Setting, run};

/// Runs a guest that does nothing but this.
fn train(body: &str) -> Ran {
    run(&Guest::new().train(body).component())
}

fn trapped(trap: TrapKind) -> Outcome {
    Outcome::Trapped { trap }
}

fn exceeded(limit: Limit) -> Outcome {
    Outcome::Exceeded { limit }
}

/// The usual setting with one limit changed.
fn limited(limit: Limit, value: u64) -> Setting {
    let mut setting = Setting::default();
    setting.limits.set(limit, value);
    setting
}

/// The message of a trial that misused an import.
fn misuse(ran: &Ran) -> &str {
    match &ran.outcome {
        Outcome::Misused { message } => message,
        other => panic!("{other}"),
    }
}
