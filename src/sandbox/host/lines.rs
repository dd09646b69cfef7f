//! `/trialbox/report`: lines of text become reports, one after the other, as if `report` had been called for each.
//!
//! Whatever writes to the file puts bytes here and then calls [`settle`], which has the store: there each whole line is read, checked,
//! paid for and passed on, and there the guest waits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime::StoreContextMut;

use super::json::{self, LineError};
use super::report::make_report;
use super::{HostState, Role};
use crate::sandbox::costs::PRICES;
use crate::sandbox::fault::Fault;
use crate::sandbox::instance::Gate;
use crate::study::{Limit, Limits, Outcome};

/// How much of a line that is no report is shown.
const SHOWN_CHARACTERS_MAX: usize = 60;

/// What was written to the file and is not reported yet.
pub(in crate::sandbox) struct ReportLines {
    /// How long a line may be: as much as a call may carry.
    bytes_max: u64,
    /// Where it is shown how much waits.
    gate: Arc<Gate>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    bytes: Vec<u8>,
    /// Where the next line begins.
    start: usize,
    /// Up to where no end of a line is.
    searched: usize,
    /// How many lines were taken.
    taken: u64,
}

/// A line without its end, and its number from 1.
struct Line {
    number: u64,
    text: Vec<u8>,
}

impl ReportLines {
    pub(in crate::sandbox) fn new(limits: &Limits, gate: Arc<Gate>) -> Self {
        Self { bytes_max: limits.host_call_bytes_max, gate, inner: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it holds the lock.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what is written. A call carries no more than the limit, so no more than twice of it is ever here.
    pub(super) fn push(&self, bytes: &[u8]) {
        self.lock().bytes.extend_from_slice(bytes);
    }

    /// The next whole line, if there is one.
    fn next(&self) -> Result<Option<Line>, Outcome> {
        let mut inner = self.lock();
        let Inner { bytes, start, searched, taken } = &mut *inner;
        let end = bytes[*searched..].iter().position(|byte| *byte == b'\n').map(|length| *searched + length);
        let length = end.unwrap_or(bytes.len()) - *start;
        if length as u64 > self.bytes_max {
            return Err(Outcome::Exceeded { limit: Limit::HostCallBytesMax });
        }
        let line = end.map(|end| {
            let text = bytes[*start..end].to_vec();
            (*start, *searched, *taken) = (end + 1, end + 1, *taken + 1);
            Line { number: *taken, text }
        });
        if line.is_none() {
            bytes.drain(..*start);
            (*start, *searched) = (0, bytes.len());
            // What a long line took is given back.
            if bytes.is_empty() {
                *bytes = Vec::new();
            }
        }
        self.gate.set_line_bytes(bytes.capacity() as u64);
        Ok(line)
    }

    /// Whether nothing was written that may have to be looked at.
    fn is_settled(&self) -> bool {
        let inner = self.lock();
        inner.start == 0 && inner.searched == inner.bytes.len()
    }

    /// What is wrong at the end of a trial: a line that was begun and not ended.
    pub(in crate::sandbox) fn unfinished(&self) -> Option<Outcome> {
        let inner = self.lock();
        let rest = inner.bytes.get(inner.start..).filter(|rest| !rest.is_empty())?;
        let number = inner.taken + 1;
        let message = format!("line {number} of /trialbox/report has no end of line: `{}`", shown(rest));
        Some(Outcome::Misused { message })
    }
}

/// Pays for what files have made of a call, and makes the reports that are due. The guest stays inside the call for all of it.
pub(super) async fn settle(store: &mut StoreContextMut<'_, HostState>) -> wasmtime::Result<()> {
    let state = store.data_mut();
    let Role::Trial(trial) = &mut state.role else { return Ok(()) };
    let (lines, zeros) = (trial.lines.clone(), trial.artifacts.take_unpriced());
    state.owe(PRICES.byte.saturating_mul(zeros));
    if lines.is_settled() {
        return Ok(());
    }
    store.data_mut().trial("/trialbox/report")?;
    while let Some(line) = lines.next().map_err(Fault::error)? {
        let limits = store.data().limits.clone();
        let attributes = json::attributes(&line.text, limits.attributes_max);
        let attributes = attributes.map_err(|error| refused(&line, &error))?;
        make_report(store, attributes).await?;
    }
    Ok(())
}

fn refused(line: &Line, error: &LineError) -> wasmtime::Error {
    match error {
        LineError::TooManyAttributes => Fault::error(Outcome::Exceeded { limit: Limit::AttributesMax }),
        LineError::Malformed { problem, at } => Fault::misuse(format!(
            "line {} of /trialbox/report is no report: {problem}, at byte {at} of `{}`",
            line.number,
            shown(&line.text)
        )),
    }
}

/// The beginning of a line, as a message shows it.
fn shown(line: &[u8]) -> String {
    let start = &line[..line.len().min(4 * SHOWN_CHARACTERS_MAX)];
    let text = String::from_utf8_lossy(start);
    let mut shown: String = text.chars().take(SHOWN_CHARACTERS_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN_CHARACTERS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes_max: u64) -> ReportLines {
        ReportLines::new(&Limits { host_call_bytes_max: bytes_max, ..Limits::default() }, Arc::default())
    }

    fn taken(lines: &ReportLines) -> Vec<(u64, String)> {
        std::iter::from_fn(|| lines.next().unwrap())
            .map(|line| (line.number, String::from_utf8(line.text).unwrap()))
            .collect()
    }

    #[test]
    fn lines_come_whole_and_in_order_however_they_are_written() {
        let lines = lines(1_024);
        assert!(lines.is_settled());
        lines.push(b"one\ntw");
        assert!(!lines.is_settled());
        assert_eq!(taken(&lines), [(1, "one".into())]);
        assert!(lines.is_settled());
        lines.push(b"o");
        assert_eq!(taken(&lines), []);
        lines.push(b"\n\nfour\n");
        assert_eq!(taken(&lines), [(2, "two".into()), (3, String::new()), (4, "four".into())]);
        assert_eq!(lines.unfinished(), None);
        lines.push(b"{\"a\"");
        taken(&lines);
        let message = "line 5 of /trialbox/report has no end of line: `{\\\"a\\\"`".to_owned();
        assert_eq!(lines.unfinished(), Some(Outcome::Misused { message }));
    }

    #[test]
    fn a_line_is_no_longer_than_a_call() {
        let exceeded = Outcome::Exceeded { limit: Limit::HostCallBytesMax };
        let lines = lines(4);
        lines.push(b"1234\n123");
        assert_eq!(taken(&lines), [(1, "1234".into())]);
        lines.push(b"45\n");
        assert_eq!(lines.next().err(), Some(exceeded));
    }

    #[test]
    fn what_waits_is_shown_at_the_gate_and_given_back() {
        let gate = Arc::new(Gate::default());
        let lines = ReportLines::new(&Limits::default(), gate.clone());
        lines.push(&[b'x'; 1_000]);
        taken(&lines);
        assert!(gate.kept_bytes() >= 1_000);
        lines.push(b"\n");
        taken(&lines);
        assert_eq!(gate.kept_bytes(), 0);
    }

    #[test]
    fn of_a_long_line_the_beginning_is_shown() {
        assert_eq!(shown(&[b'x'; 1_000]), format!("{}…", "x".repeat(60)));
        assert_eq!(shown(b"a\x1b\xff"), "a\\u{1b}\u{fffd}");
    }
}
