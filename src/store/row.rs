//! How an entry of the log stands in the table `event`. Talks to `study` for events and their chain.

use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::Corruption;
use crate::numeric::amount::Sequence;
use crate::numeric::digest::{Digest, canonical_bytes};
use crate::study::{Chain, Entry, Event};

/// Puts an entry into the log.
pub(super) const INSERT: &str = "INSERT INTO event (sequence, kind, trial, virtual_time, payload, digest, wall_time_ms) \
                                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// The entries from a position on.
pub(super) const SELECT_FROM: &str = "SELECT sequence, kind, trial, virtual_time, payload, digest FROM event \
                                      WHERE sequence >= ?1 ORDER BY sequence";

/// Writes the payload of an event; none if it would not read back as the same event.
pub(super) fn write_payload<'a>(event: &Event, buffer: &'a mut Vec<u8>) -> Option<&'a str> {
    buffer.clear();
    serde_json::to_writer(&mut *buffer, event).ok()?;
    let text = std::str::from_utf8(buffer).ok()?;
    // Reading each back would cost more than writing it. JSON loses only reals that are no number: these have many forms in
    // memory and one in text, or none in a specification.
    let is_exact = !text.contains("\"NaN\"") && !matches!(event, Event::StudyStarted { .. });
    (is_exact || reads_back(event, text)).then_some(text)
}

fn reads_back(event: &Event, text: &str) -> bool {
    serde_json::from_str::<Event>(text).is_ok_and(|read| canonical_bytes(&read) == canonical_bytes(event))
}

/// The number of bytes of a row's payload.
pub(super) fn payload_bytes(row: &Row<'_>) -> usize {
    match row.get_ref(4) {
        Ok(ValueRef::Text(bytes) | ValueRef::Blob(bytes)) => bytes.len(),
        _ => 0,
    }
}

/// Reads the row of [`SELECT_FROM`] that comes next in `chain`.
pub(super) fn read_entry(row: &Row<'_>, chain: &mut Chain) -> Result<Entry, Corruption> {
    let sequence = Sequence(chain.len());
    let unreadable = |reason: String| Corruption::Unreadable { sequence, reason };
    let column = |error: rusqlite::Error| unreadable(error.to_string());
    let found: i64 = row.get(0).map_err(column)?;
    if u64::try_from(found) != Ok(sequence.0) {
        return Err(Corruption::Gap { missing: sequence });
    }
    let ValueRef::Text(payload) = row.get_ref(4).map_err(column)? else {
        return Err(unreadable("its payload is no text".into()));
    };
    let event: Event = serde_json::from_slice(payload).map_err(|error| unreadable(format!("its payload: {error}")))?;
    let is_first = matches!(event, Event::StudyStarted { .. });
    if is_first != (sequence.0 == 0) {
        return Err(unreadable(format!("it is `{}`, which can't stand there", event.kind())));
    }
    for (name, agrees) in [
        ("kind", row.get_ref(1).map_err(column)? == ValueRef::Text(event.kind().as_bytes())),
        ("trial", agrees(row.get_ref(2).map_err(column)?, event.trial().map(|trial| trial.0))),
        ("virtual_time", agrees(row.get_ref(3).map_err(column)?, Some(event.time().0))),
    ] {
        if !agrees {
            return Err(unreadable(format!("its `{name}` is not that of its payload")));
        }
    }
    let digest = Digest(row.get(5).map_err(column)?);
    let entry = chain.push(event);
    if entry.digest == digest { Ok(entry) } else { Err(Corruption::Changed { sequence }) }
}

fn agrees(value: ValueRef<'_>, expected: Option<u64>) -> bool {
    match (value, expected) {
        (ValueRef::Null, None) => true,
        (ValueRef::Integer(found), Some(expected)) => u64::try_from(found) == Ok(expected),
        _ => false,
    }
}
