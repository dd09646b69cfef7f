//! The trial's log, for people: nothing in it reaches a decision.
//!
//! In a component text goes to the engine, which keeps a bounded amount of it; natively it goes to the standard error.

use std::fmt;

/// Appends text as it is. Mostly used through [`log!`](crate::log!), which ends the line.
pub fn write(text: &str) {
    #[cfg(target_family = "wasm")]
    crate::bindings::trialbox::trial::log::write(text);
    #[cfg(not(target_family = "wasm"))]
    eprint!("{text}");
}

#[doc(hidden)]
pub fn write_line(arguments: fmt::Arguments<'_>) {
    write(&format!("{arguments}\n"));
}
