//! Progress of a running study: live on a terminal, line by line in a pipe, as JSON for programs, or not at all.
//!
//! Implements [`Observer`]; a failure to write is no failure of the study, and ends only the showing.

#![expect(clippy::disallowed_methods, reason = "what the terminal can do is written in the environment")]

mod filling;
mod json;
mod lines;
mod live;
mod sparkline;

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
    /// A line for each event, or for fewer.
    Lines(LinesOf),
    /// A JSON object on one line for each event.
    Json,
    /// Nothing.
    Quiet,
}

/// What there is a line for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinesOf {
    /// Each event: starts, reports, pauses, promotions, ends.
    #[default]
    Events,
    /// Each trial that ends or is paused.
    Trials,
}

impl ProgressMode {
    /// What suits the standard error as it is: live on a terminal, lines elsewhere. `NO_COLOR` and its kin are heeded.
    #[must_use]
    pub fn detect() -> Self {
        let stderr = std::io::stderr();
        let can_draw = stderr.is_terminal() && std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb");
        if !can_draw {
            return Self::Lines(LinesOf::Events);
        }
        Self::Live { colour: anstream::AutoStream::choice(&stderr) != anstream::ColorChoice::Never }
    }
}

/// What the terminal of the standard error can show.
fn terminal(colour: bool) -> live::Terminal {
    // By the first of these that is set, as the C library does it.
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(std::env::var_os).find(|value| !value.is_empty());
    let locale = locale.map(|value| value.to_string_lossy().to_lowercase()).unwrap_or_default();
    let size = rustix::termios::tcgetwinsize(std::io::stderr()).ok();
    live::Terminal {
        colour,
        unicode: locale.contains("utf-8") || locale.contains("utf8"),
        rows: size.map(|size| usize::from(size.ws_row)).filter(|&rows| rows > 0),
    }
}

/// An observer that shows the study's progress. `writer` is written to by [`ProgressMode::Lines`] and [`ProgressMode::Json`] only.
pub fn progress<'writer>(
    mode: ProgressMode,
    spec: &StudySpec,
    writer: impl Write + 'writer,
) -> Box<dyn Observer + 'writer> {
    match mode {
        ProgressMode::Live { colour } => {
            Box::new(live::Live::new(spec, ProgressDrawTarget::stderr(), terminal(colour)))
        }
        ProgressMode::Lines(of) => Box::new(lines::Lines::new(spec, of, writer)),
        ProgressMode::Json => Box::new(json::JsonLines::new(writer)),
        ProgressMode::Quiet => Box::new(Quiet),
    }
}

struct Quiet;

impl Observer for Quiet {
    fn on_event(&mut self, _entry: &crate::study::Entry, _state: &crate::study::StudyState) {}
}

/// Writes lines until the first failure. Whoever closed the pipe wants no more of them.
///
/// Lines are gathered, because a study may have a hundred thousand events a second; whoever has such a writer flushes it at every
/// tick, so that they can be followed.
struct LineWriter<W: Write> {
    writer: Option<W>,
    gathered: Vec<u8>,
}

/// How much is gathered before it is written in any case.
const GATHERED_BYTES_MAX: usize = 1 << 16;

impl<W: Write> LineWriter<W> {
    fn new(writer: W) -> Self {
        Self { writer: Some(writer), gathered: Vec::new() }
    }

    fn write(&mut self, line: &str) {
        self.gathered.extend_from_slice(line.as_bytes());
        self.gathered.push(b'\n');
        if self.gathered.len() >= GATHERED_BYTES_MAX {
            self.flush();
        }
    }

    fn flush(&mut self) {
        // Whole lines in one piece, so that those of several processes do not mix.
        if let Some(writer) = self.writer.as_mut().filter(|_| !self.gathered.is_empty())
            && writer.write_all(&self.gathered).and_then(|()| writer.flush()).is_err()
        {
            self.writer = None;
        }
        self.gathered.clear();
    }
}

impl<W: Write> Drop for LineWriter<W> {
    fn drop(&mut self) {
        self.flush();
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
        for mode in [ProgressMode::Lines(LinesOf::Events), ProgressMode::Json, ProgressMode::Quiet] {
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
