//! Stores: any file, and files with a log of any events under right digests, as a forger would make them. Whoever reads them, shows
//! them or goes on with them gets what is there or an error.

#![no_main]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use tempfile::TempDir;
use trialbox::numeric::amount::{Sequence, TrialId};
use trialbox::numeric::digest::Digest;
use trialbox::output;
use trialbox::session;
use trialbox::store::{Reader, Store};
use trialbox::study::{Chain, Event};

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("there is room for temporary files"));

/// Trials of which everything is read.
const TRIALS_MAX: usize = 4;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let path = FOLDER.path().join("fuzzed.study");
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.clone().into_os_string();
        name.push(suffix);
        let _ = fs::remove_file(name);
    }
    match bytes.split_first() {
        Some((b'{', _)) => forge(&path, bytes),
        Some(_) => fs::write(&path, bytes).expect("it can be written"),
        None => return,
    }
    if let Ok(reader) = Reader::open(&path) {
        read(&reader);
    }
    go_on(&path);
});

/// Makes a store of the events that stand on a line each.
fn forge(path: &Path, lines: &[u8]) {
    let mut store = Store::create(path).expect("there is no store yet");
    let mut chain = Chain::default();
    for line in lines.split(|byte| *byte == b'\n') {
        let Ok(event) = serde_json::from_slice::<Event>(line) else { break };
        let entry = chain.push(event);
        if store.append(&entry, Duration::ZERO).is_err() {
            break;
        }
    }
    let _ = store.close();
}

/// Reads it in every way that the commands do.
fn read(reader: &Reader) {
    let _ = (reader.wall_time(Sequence(0)), reader.artifact(Digest::of(b"model")));
    let cached = reader.cached().unwrap_or_default();
    let (Ok(spec), Ok((state, chain))) = (reader.spec(), reader.state_and_head()) else { return };
    for width in [None, Some(0), Some(80)] {
        let _ = output::summary(&spec, &state, chain.head(), &cached, width);
        for order in [output::TrialsOrder::Trial, output::TrialsOrder::Reward, output::TrialsOrder::Fuel] {
            let _ = output::trials(&spec, &state, &cached, &output::TrialsView { order, limit: None, width });
        }
    }
    for format in [output::ConfigFormat::Text, output::ConfigFormat::Toml, output::ConfigFormat::Json] {
        let _ = output::best(&state, format);
    }
    if let Ok(study) = session::reproduced(reader) {
        let _ = output::rungs(&spec, &study.rungs(), Some(80));
    }
    let trials: Vec<TrialId> = state.trials().iter().take(TRIALS_MAX).map(|record| record.trial).collect();
    for trial in trials {
        let _ = (reader.log(trial), reader.reports(trial));
        if let Ok(explanations) = session::explain(reader, trial) {
            let _ = output::why(&spec, &state, trial, &explanations);
            let _ = output::why_json(trial, &explanations);
        }
    }
}

/// Opens it to write, as a run does that resumes it.
fn go_on(path: &Path) {
    let Ok(mut store) = Store::open(path) else { return };
    let content = b"content";
    let _ = store.put_artifact(Digest::of(content), TrialId(0), content);
    let _ = store.keep_artifacts_of(TrialId(1));
    let _ = store.close();
}
