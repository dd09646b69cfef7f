//! The exactness gate: a study has one digest, whatever runs it.
//!
//! One worker or four, threads or processes, killed and resumed, with workers that die: the log is the same, event by event.
//! The digests are also written down, so that another machine can differ from this one.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a test, no library")]
#![allow(clippy::needless_pass_by_value, clippy::use_self, reason = "brevity")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "a test, no library")]

mod caching;
mod killing;
#[cfg(target_os = "linux")]
mod kills;
mod pausing;
mod ways;
mod world;

use std::collections::BTreeMap;

use world::{STUDIES, World};

#[test]
fn any_number_of_workers_gives_the_same_digest() {
    for study in STUDIES {
        let world = World::new();
        let digests: BTreeMap<String, &str> = [
            ("1 worker", vec!["--jobs", "1"]),
            ("4 workers", vec!["--jobs", "4"]),
            ("1 thread", vec!["--jobs", "1", "--isolation", "thread"]),
            ("4 threads", vec!["--jobs", "4", "--isolation", "thread"]),
            ("more workers than slots", vec!["--jobs", "12"]),
        ]
        .into_iter()
        .map(|(name, flags)| (world.run(study, name, &flags), name))
        .collect();
        assert_eq!(digests.len(), 1, "{study}: {digests:#?}");
    }
}

#[test]
fn the_digests_are_those_that_other_machines_gave() {
    let written: BTreeMap<String, String> = serde_json::from_str(include_str!("../golden/study_digests.json")).unwrap();
    let world = World::new();
    let found: BTreeMap<String, String> =
        STUDIES.iter().map(|study| ((*study).to_owned(), world.run(study, study, &[]))).collect();
    assert_eq!(
        found, written,
        "the release, the fuel schedule, a component or a decision has changed; if that is meant, write the digests down"
    );
}

#[test]
fn another_seed_gives_another_digest() {
    let world = World::new();
    assert_ne!(world.run("toy", "a", &["--seed", "1"]), world.run("toy", "b", &["--seed", "2"]));
}

#[test]
fn a_verification_finds_every_event_equal() {
    let world = World::new();
    for study in ["toy", "evolution"] {
        let digest = world.run(study, study, &["--jobs", "3"]);
        let output = world.trialbox(&["verify", &format!("{study}.study"), "--jobs", "1"]);
        assert!(output.contains(&digest) && output.contains("verified"), "{output}");
    }
}
