//! One JSON object for each event: `{"sequence", "digest", "event"}`, and beside a report the `bracket` of its trial, if the
//! scheduler has brackets, and `terminated` if the trial does not go on, as in the original's rows.

use std::io::Write;

use serde::Serialize;

use super::LineWriter;
use crate::numeric::amount::Sequence;
use crate::numeric::digest::Digest;
use crate::output::sanitize::printable_json;
use crate::scheduler::Decision;
use crate::study::{Entry, Event, JobBrackets, Observer, RunProgress, StudyState};

pub(super) struct JsonLines<W: Write> {
    writer: LineWriter<W>,
    brackets: JobBrackets,
}

/// An entry as it is written; another type than the log's, which may change without the output.
#[derive(Serialize)]
struct Line<'entry> {
    sequence: Sequence,
    digest: Digest,
    event: &'entry Event,
    #[serde(skip_serializing_if = "Option::is_none")]
    bracket: Option<u32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    terminated: bool,
}

impl<W: Write> JsonLines<W> {
    pub(super) fn new(writer: W) -> Self {
        Self { writer: LineWriter::new(writer), brackets: JobBrackets::default() }
    }
}

impl<W: Write> Observer for JsonLines<W> {
    fn on_event(&mut self, entry: &Entry, _state: &StudyState) {
        self.brackets.follow(&entry.event);
        let (bracket, terminated) = match &entry.event {
            Event::Reported { trial, decision, .. } => {
                let bracket = self.brackets.of(*trial);
                (bracket, bracket.is_some() && *decision != Decision::Continue)
            }
            _ => (None, false),
        };
        let line = Line { sequence: entry.sequence, digest: entry.digest, event: &entry.event, bracket, terminated };
        // An event is made of what JSON has, texts as keys included.
        if let Ok(json) = serde_json::to_string(&line) {
            self.writer.write(&printable_json(&json));
        }
    }

    fn on_recorded(&mut self, entry: &Entry, _state: &StudyState) {
        self.brackets.follow(&entry.event);
    }

    fn on_tick(&mut self, _progress: &RunProgress, _state: &StudyState) {
        self.writer.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixture;

    #[test]
    fn every_event_is_one_line_that_reads_back() {
        let mut written = Vec::new();
        fixture::replay(&mut JsonLines::new(&mut written));
        let text = String::from_utf8(written).unwrap();
        let entries = fixture::entries();
        assert_eq!(text.lines().count(), entries.len());
        for (line, entry) in text.lines().zip(&entries) {
            let read: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(read["sequence"], entry.sequence.0);
            assert_eq!(read["digest"], entry.digest.to_string());
            assert_eq!(serde_json::from_value::<Event>(read["event"].clone()).unwrap(), entry.event);
            assert!(line.is_ascii() && !line.contains('\u{1b}'), "{line}");
        }
        assert!(text.lines().nth(1).unwrap().contains(r#""event":{"trial_started":{"trial":0,"#), "{text}");
    }
}
