//! `trialbox ask` for a fuzzer: a study file as text, lines in and lines out.

use std::collections::BTreeMap;

use super::commands::ask::serve;
use crate::config::StudyFile;
use crate::sandbox::fuel_schedule;
use crate::searcher::SearcherSpec;
use crate::study::AskTell;

/// The answers to lines; none if the file is none of a study that can be asked for without a component.
#[must_use]
pub fn ask(file: &str, lines: &[u8]) -> Option<Vec<u8>> {
    let file = StudyFile::parse_open(file, None).ok()?;
    let spec = file.spec("fuzzed", None, None, BTreeMap::new(), fuel_schedule(file.float_mode())).ok()?;
    if let SearcherSpec::Component(_) = spec.searcher {
        return None;
    }
    let mut session = AskTell::new(spec).ok()?;
    let mut answers = Vec::new();
    serve(&mut session, &mut &*lines, &mut answers).ok()?;
    Some(answers)
}
