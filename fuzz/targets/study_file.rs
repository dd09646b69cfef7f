//! Study files: any text is a study or a list of mistakes, and a specification is read back from a store as it was written.

#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use trialbox::config::StudyFile;
use trialbox::numeric::digest::{Digest, canonical_bytes};
use trialbox::sandbox::fuel_schedule;
use trialbox::space::{Condition, Domain, IntegerRange, Parameter, RealRange, Space};
use trialbox::study::{ComponentId, Description, Event, FloatMode};

/// What a component could say of itself.
static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| {
    let texts = |texts: [&str; 2]| Domain::Choice(texts.map(Into::into).to_vec());
    let mut momentum =
        Parameter::new("optimiser.sgd.momentum", Domain::Real(RealRange { lower: 0.0, upper: 0.9, log: false }));
    momentum.condition = Some(Condition { parameter: "optimiser".into(), choice: 1 });
    let space = Space::new(vec![
        Parameter::new("learning_rate", Domain::Real(RealRange { lower: 1e-4, upper: 0.5, log: true })),
        Parameter::new("hidden", Domain::Integer(IntegerRange { lower: 8, upper: 64, log: true })),
        Parameter::new("optimiser", texts(["adam", "sgd"])),
        momentum,
    ]);
    Description {
        space: space.expect("it is well formed"),
        reward_attr: Some("accuracy".into()),
        time_attr: Some("epoch".into()),
        max_t: Some(27),
    }
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for parsed in [StudyFile::parse(text), StudyFile::parse_open(text, None)] {
        let file = match parsed {
            Ok(file) => file,
            Err(error) => {
                assert!(!error.render("study.toml", text, false).is_empty());
                continue;
            }
        };
        read(&file, text, None);
        read(&file, text, Some(&DESCRIPTION));
    }
});

fn read(file: &StudyFile, text: &str, description: Option<&Description>) {
    let component = description.map(|_| ComponentId { digest: Digest::of(b"component"), bytes: 9 });
    let schedule = fuel_schedule(FloatMode::Native);
    let spec = match file.spec("fuzzed", description, component, BTreeMap::new(), schedule) {
        Ok(spec) => spec,
        Err(error) => {
            assert!(!error.render("study.toml", text, false).is_empty());
            return;
        }
    };
    let warnings = file.warnings(&spec, description);
    let _ = warnings.render("study.toml", text, true);
    let begun = Event::StudyStarted { spec: Box::new(spec) };
    let written = serde_json::to_string(&begun).expect("a specification can be written");
    let again: Event = serde_json::from_str(&written).expect("what was written can be read");
    assert_eq!(canonical_bytes(&again), canonical_bytes(&begun), "{written}");
}
