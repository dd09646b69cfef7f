//! Progress of a running study: live on a terminal, line by line in a pipe, as JSON for programs, or not at all.
//!
//! Implements [`Observer`]; a failure to write is no failure of the study, and ends only the showing.

#![expect(clippy::disallowed_methods, reason = "what the terminal can do is written in the environment")]

mod json;
mod lines;
mod live;

use std::io::{IsTerminal, Write};

use indicatif::ProgressDrawTarget;

use crate::study::Observer;
use crate::study::StudySpec;

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressMode {
    /// A few lines on the terminal of the standard error that are drawn anew. `colour` says whether they may be coloured; the
    /// colours mean nothing that the words do not.
    Live {
        /// Whether there may be colours.
        colour: bool,
    },
    /// A line for each trial that ends.
    Lines,
    /// A JSON object on one line for each event.
    Json,
    /// Nothing.
    Quiet,
}

impl ProgressMode {
    /// What suits the standard error as it is: live on a terminal, lines elsewhere. `NO_COLOR` and its kin are heeded.
    #[must_use]
    pub fn detect() -> Self {
        let stderr = std::io::stderr();
        let can_draw = stderr.is_terminal() && std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb");
        if !can_draw {
            return Self::Lines;
        }
        Self::Live { colour: anstream::AutoStream::choice(&stderr) != anstream::ColorChoice::Never }
    }
}

/// An observer that shows the study's progress. `writer` is written to by [`ProgressMode::Lines`] and [`ProgressMode::Json`] only.
pub fn progress<'writer>(
    mode: ProgressMode,
    spec: &StudySpec,
    writer: impl Write + 'writer,
) -> Box<dyn Observer + 'writer> {
    match mode {
        ProgressMode::Live { colour } => Box::new(live::Live::new(spec, ProgressDrawTarget::stderr(), colour)),
        ProgressMode::Lines => Box::new(lines::Lines::new(spec, writer)),
        ProgressMode::Json => Box::new(json::JsonLines::new(writer)),
        ProgressMode::Quiet => Box::new(Quiet),
    }
}

struct Quiet;

impl Observer for Quiet {
    fn on_event(&mut self, _entry: &crate::study::Entry, _state: &crate::study::StudyState) {}
}

/// Writes lines until the first failure. Whoever closed the pipe wants no more of them.
struct LineWriter<W> {
    writer: Option<W>,
}

impl<W: Write> LineWriter<W> {
    fn new(writer: W) -> Self {
        Self { writer: Some(writer) }
    }

    fn write(&mut self, line: &str) {
        let Some(writer) = &mut self.writer else { return };
        // In one piece, so that lines of several processes do not mix, and flushed, so that they can be followed.
        let written = writer.write_all(format!("{line}\n").as_bytes()).and_then(|()| writer.flush());
        if written.is_err() {
            self.writer = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixture;

    struct Broken;

    impl Write for Broken {
        fn write(&mut self, _bytes: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_broken_pipe_ends_the_showing_and_nothing_else() {
        for mode in [ProgressMode::Lines, ProgressMode::Json, ProgressMode::Quiet] {
            let (spec, _) = fixture::study();
            let mut observer = progress(mode, &spec, Broken);
            fixture::replay(observer.as_mut());
        }
    }

    #[test]
    fn quiet_writes_nothing() {
        let mut written = Vec::new();
        fixture::replay(progress(ProgressMode::Quiet, &fixture::study().0, &mut written).as_mut());
        assert!(written.is_empty());
    }
}
