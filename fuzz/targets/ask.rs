//! `trialbox ask`: a study file, NUL, and lines. Each line has one answer, which is one JSON object on one line.

#![no_main]

use trialbox::cli::fuzzing;

/// A model of many observations takes its time, and finds nothing new.
const LINES_MAX: usize = 150;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some(end) = bytes.iter().position(|byte| *byte == 0) else { return };
    let (Ok(file), lines) = (std::str::from_utf8(&bytes[..end]), &bytes[end + 1..]) else { return };
    let lines: Vec<&[u8]> = lines.split_inclusive(|byte| *byte == b'\n').take(LINES_MAX).collect();
    let Some(answers) = fuzzing::ask(file, &lines.concat()) else { return };
    let answers = std::str::from_utf8(&answers).expect("answers are text");
    assert_eq!(answers.lines().count(), lines.len(), "{answers}");
    for answer in answers.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(answer).is_ok_and(|answer| answer.is_object()), "{answer}");
    }
});
