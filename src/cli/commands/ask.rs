//! `trialbox ask`: a search for trials that run elsewhere. The search is [`AskTell`]; here are the lines of JSON.

use std::io::{self, BufRead, Read, Write};
use std::path::PathBuf;

use serde::Serialize;
use serde_json::error::Category;

use crate::cli::error::CommandError;
use crate::cli::plan::{PlaceFlags, ReadFile};
use crate::cli::{exit_code, terminal};
use crate::executor::Interrupt;
use crate::numeric::amount::Seed;
use crate::output::sanitize::{printable, printable_json};
use crate::session;
use crate::study::{AskTell, Request};

/// How long a line may be, its end excluded.
const LINE_BYTES_MAX: u64 = 1 << 20;
/// How much is told of what is wrong with a line.
const ERROR_CHARACTERS_MAX: usize = 1_000;

/// Search for trials that you run yourself, in any language
///
/// Reads one JSON object a line from standard input and answers each by one line on standard output: what to run next,
/// and whether to go on with it. What is searched is what the study file's table [space] declares, or its component.
/// Nothing is recorded.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLE)]
pub(in crate::cli) struct AskArguments {
    /// The study file, or a folder with a study.toml; it need not name a component
    file: PathBuf,
    #[command(flatten)]
    flags: PlaceFlags,
    /// Another seed than the study file's
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
    /// Another number of jobs than the study file's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    num_trials: Option<u64>,
}

/// The smallest file and session.
const EXAMPLE: &str = r#"A study file without a component:

  [scheduler]
  type = "hyperband"
  max_t = 9

  [space]
  learning_rate = { real = [0.001, 1.0], log = true }

A session; each answer is there before the next line is read:

  {"op":"ask"}
  {"op":"report","job":0,"attributes":{"epoch":1,"accuracy":0.5}}
  {"op":"end","job":0}
  {"op":"best"}"#;

/// Runs the command.
pub(in crate::cli) fn ask(arguments: &AskArguments) -> Result<u8, CommandError> {
    let mut read = ReadFile::read_open(&arguments.file, arguments.num_trials)?;
    if let Some(seed) = arguments.seed {
        read.file.set_seed(Seed(seed));
    }
    // A request to stop ends the program at once: there is nothing to be saved.
    let (options, interrupt) = (arguments.flags.options(), Interrupt::default());
    let (spec, warnings) = read.spec_for_asking(&options, &interrupt)?;
    terminal::tell(&warnings);
    if spec.time_out.is_some() {
        terminal::tell("note: `time_out` has no effect on trials that run elsewhere: stop asking when it is time\n");
    }
    let searcher = session::searcher(&spec, read.searcher().as_deref(), &options, &interrupt)?;
    let mut session = AskTell::with_searcher(spec, searcher)
        .map_err(|error| CommandError::new(exit_code::STUDY_FILE, error.to_string()))?;
    match serve(&mut session, &mut io::stdin().lock(), &mut io::stdout().lock()) {
        // Whoever asked has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(exit_code::DONE),
        Err(error) => {
            let message =
                format!("the lines cannot be read from standard input or written to standard output: {error}");
            Err(CommandError::new(exit_code::FAILURE, message))
        }
        Ok(()) => Ok(exit_code::DONE),
    }
}

/// Answers line by line until there are no more.
pub(in crate::cli) fn serve(
    session: &mut AskTell,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> io::Result<()> {
    let mut line = Vec::new();
    while let Some(is_whole) = read_line(input, &mut line)? {
        let answer = match is_whole {
            true => answer(session, &line),
            false => refusal(&format!("the line is longer than {LINE_BYTES_MAX} bytes")),
        };
        output.write_all(answer.as_bytes())?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
    Ok(())
}

/// Reads the next line, if there is one: whole, or as much of it as a line may have.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    line.clear();
    // One more than it may have, to tell whether it has more; and its end.
    if input.take(LINE_BYTES_MAX + 1).read_until(b'\n', line)? == 0 {
        return Ok(None);
    }
    if line.len() as u64 <= LINE_BYTES_MAX || line.ends_with(b"\n") {
        return Ok(Some(true));
    }
    loop {
        line.clear();
        if input.take(LINE_BYTES_MAX).read_until(b'\n', line)? == 0 || line.ends_with(b"\n") {
            return Ok(Some(false));
        }
    }
}

/// The answer to a line, in JSON on one line.
fn answer(session: &mut AskTell, line: &[u8]) -> String {
    let request: Request = match serde_json::from_slice(line) {
        Ok(request) => request,
        Err(error) => {
            let what = match error.classify() {
                Category::Data => "the line is no request",
                Category::Io | Category::Syntax | Category::Eof => "the line is not one JSON object",
            };
            return refusal(&format!("{what}: {error}"));
        }
    };
    match session.handle(request) {
        Ok(answer) => json(&answer),
        Err(error) => refusal(&error.to_string()),
    }
}

fn refusal(error: &str) -> String {
    #[derive(Serialize)]
    struct Refusal {
        error: String,
    }
    json(&Refusal { error: printable(error, ERROR_CHARACTERS_MAX) })
}

fn json(value: &impl Serialize) -> String {
    // Plain values under names; nothing in it can fail to be written.
    printable_json(&serde_json::to_string(value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines that are read, each with whether it is whole; of those that are not, nothing is kept.
    fn lines(text: &[u8]) -> Vec<(bool, usize)> {
        let (mut input, mut line, mut lines) = (text, Vec::new(), Vec::new());
        while let Some(is_whole) = read_line(&mut input, &mut line).unwrap() {
            lines.push((is_whole, line.iter().filter(|byte| **byte != b'\n').count()));
        }
        lines
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over_and_the_next_one_read() {
        let most = LINE_BYTES_MAX as usize;
        let long = |bytes: usize| [vec![b'x'; bytes], b"\nab\n".to_vec()].concat();
        assert_eq!(lines(b"\na\nbc"), [(true, 0), (true, 1), (true, 2)]);
        assert_eq!(lines(&long(most)), [(true, most), (true, 2)]);
        for more in [most + 1, 2 * most, 2 * most + 1, 3 * most + 7] {
            let read = lines(&long(more));
            assert_eq!((read.len(), read[0].0, read[1]), (2, false, (true, 2)), "{more}");
        }
        assert!(!lines(&vec![b'x'; most + 1])[0].0);
        assert_eq!(lines(&vec![b'x'; most]), [(true, most)]);
        assert!(lines(b"").is_empty());
    }
}
