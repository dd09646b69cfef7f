//! What the terminal can do, messages to people, and the request to stop.

#![expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]

use std::io::{IsTerminal, Write};

use crate::executor::{Compiling, Interrupt};
use crate::output::sanitize::printable;

/// Whether standard error may be coloured.
pub(super) fn has_colour() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The width of standard output, if it is a terminal.
pub(super) fn width() -> Option<usize> {
    let stdout = std::io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(&stdout).ok()?;
    Some(usize::from(size.ws_col)).filter(|&columns| columns > 0)
}

/// Tells a person something. If nobody listens there is nothing to be done.
pub(super) fn tell(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Tells of a component that takes a while to be compiled: on a terminal for how long it has, elsewhere that it does.
pub(super) fn tell_of_compiling(compiling: Compiling) {
    let told = |bytes: u64| format!("compiling {:.1} MB to native code, once on this machine", bytes as f64 / 1e6);
    match (compiling, std::io::stderr().is_terminal()) {
        (Compiling::Began { bytes }, false) => tell(&format!("{}\n", told(bytes))),
        (Compiling::GoesOn { bytes, elapsed }, true) => {
            tell(&format!("\r{}: {} s\u{1b}[K", told(bytes), elapsed.as_secs()));
        }
        (Compiling::Ended, true) => tell("\r\u{1b}[K"),
        (Compiling::Began { .. }, true) | (Compiling::GoesOn { .. } | Compiling::Ended, false) => {}
    }
}

/// Shows what a trial writes to its log as it comes, line by line: a program may write a line in pieces.
#[derive(Default)]
pub(super) struct LogLines {
    /// The beginning of a line.
    begun: String,
}

impl LogLines {
    pub(super) fn tell(&mut self, text: &str) {
        self.begun.push_str(text);
        while let Some(end) = self.begun.find('\n') {
            let line: String = self.begun.drain(..=end).collect();
            tell_line(&line);
        }
    }
}

impl Drop for LogLines {
    fn drop(&mut self) {
        if !self.begun.is_empty() {
            tell_line(&self.begun);
        }
    }
}

fn tell_line(line: &str) {
    tell(&format!("log: {}\n", printable(line.trim_end_matches('\n'), 1_000)));
}

/// The request to stop that the keyboard's interrupt and the system's termination make.
pub(super) fn interrupt_on_signal() -> Interrupt {
    let interrupt = Interrupt::default();
    let shared = interrupt.clone();
    std::thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
        runtime.block_on(async {
            wait_for_signal().await;
            shared.request();
            tell("\nstopping; once more to stop at once\n");
            wait_for_signal().await;
            std::process::exit(i32::from(super::exit_code::INTERRUPTED));
        });
    });
    interrupt
}

/// Ends when the keyboard's interrupt comes, or the system's termination.
#[cfg(unix)]
pub(super) async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminated) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated.recv() => {}
    }
}

/// Ends when the keyboard's interrupt comes.
#[cfg(not(unix))]
pub(super) async fn wait_for_signal() {
    let _ = tokio::signal::ctrl_c().await;
}
