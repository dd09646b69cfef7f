//! Studies that are killed: the program at random moments, its workers while they work.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use trialbox::store::Reader;

use crate::world::{World, digest_in};

/// How many events of a study can be read; none if there is no study yet.
fn events(store: &Path) -> u64 {
    Reader::open(store).and_then(|reader| reader.head()).map_or(0, |chain| chain.len())
}

/// Waits until the store has that many events, or the program has ended; says whether it runs still.
fn wait_for_events(child: &mut Child, store: &Path, wanted: u64) -> bool {
    loop {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if events(store) >= wanted {
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn resume(world: &World, study: &str, jobs: &str) -> Child {
    resume_with(world, study, jobs, &[])
}

fn resume_with(world: &World, study: &str, jobs: &str, flags: &[&str]) -> Child {
    let arguments = World::arguments(study, "killed", &[&["--resume", "--jobs", jobs], flags].concat());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    world.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn a_study_killed_at_twenty_five_random_moments_ends_with_the_same_digest() {
    let world = World::new();
    let whole = world.run("digits", "whole", &[]);
    let total = events(&world.path("whole.study"));
    let store = world.path("killed.study");
    let mut random = StdRng::seed_from_u64(20);
    // Ascending, so that each run gets somewhere; the first ones before anything is written.
    let mut moments: Vec<u64> = (0..22).map(|_| random.random_range(1..total)).chain([0, 0, 1]).collect();
    moments.sort_unstable();
    let mut killed = 0;
    for (index, moment) in moments.into_iter().enumerate() {
        let mut child = resume(&world, "digits", ["1", "2", "3"][index % 3]);
        if wait_for_events(&mut child, &store, moment) {
            killed += 1;
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(killed >= 20, "only {killed} of 25 runs were killed before their end");
    let output = resume(&world, "digits", "2").wait_with_output().unwrap();
    assert_eq!(digest_in(&String::from_utf8_lossy(&output.stdout)), whole);
}

#[test]
fn a_study_with_a_cache_killed_at_random_moments_ends_with_the_same_digest() {
    let world = World::new();
    let whole = world.run("digits", "whole", &[]);
    let total = events(&world.path("whole.study"));
    let store = world.path("killed.study");
    let mut random = StdRng::seed_from_u64(21);
    // Ever another store, so that trials are served that a killed run has put there; then one to its end.
    for _ in 0..6 {
        let moment = random.random_range(1..total);
        let mut child = resume_with(&world, "digits", "2", &["--cache", "results"]);
        wait_for_events(&mut child, &store, moment);
        child.kill().unwrap();
        child.wait().unwrap();
        if random.random_bool(0.5) {
            // The lock of a killed writer, if it is left, goes with it.
            for file in std::fs::read_dir(store.parent().unwrap()).unwrap() {
                let path = file.unwrap().path();
                if path.file_name().unwrap().to_string_lossy().starts_with("killed") {
                    std::fs::remove_file(path).unwrap();
                }
            }
        }
    }
    let output = resume_with(&world, "digits", "2", &["--cache", "results"]).wait_with_output().unwrap();
    assert_eq!(digest_in(&String::from_utf8_lossy(&output.stdout)), whole);
    assert_eq!(world.run("digits", "warm", &["--cache", "results"]), whole);
    assert_eq!(Reader::open(&world.path("warm.study")).unwrap().cached().unwrap().len(), 60);
}

#[test]
fn a_study_whose_searcher_is_a_component_is_killed_and_ends_with_the_same_digest() {
    let world = World::new();
    let whole = world.run("evolution", "whole", &[]);
    let total = events(&world.path("whole.study"));
    let store = world.path("killed.study");
    let mut killed = 0;
    for step in 1..=6 {
        let mut child = resume(&world, "evolution", ["1", "2"][step as usize % 2]);
        killed += u32::from(wait_for_events(&mut child, &store, total * step / 8));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(killed >= 3, "only {killed} of 6 runs were killed before their end");
    let output = resume(&world, "evolution", "2").wait_with_output().unwrap();
    assert_eq!(digest_in(&String::from_utf8_lossy(&output.stdout)), whole);
}

/// The searcher's worker is the first that is started.
#[cfg(target_os = "linux")]
#[test]
fn a_searcher_whose_worker_is_killed_goes_on_as_if_nothing_had_happened() {
    let world = World::new();
    let whole = world.run("evolution", "whole", &[]);
    let total = events(&world.path("whole.study"));
    let store = world.path("killed.study");
    let mut child = resume(&world, "evolution", "2");
    let mut killed = 0;
    for step in 1..=2 {
        if wait_for_events(&mut child, &store, total * step / 4) {
            killed += kill_a_worker(child.id());
        }
    }
    let output = child.wait_with_output().unwrap();
    assert!(killed > 0, "no worker was killed");
    assert_eq!(digest_in(&String::from_utf8_lossy(&output.stdout)), whole);
}

#[cfg(target_os = "linux")]
#[test]
fn workers_that_are_killed_cost_nothing_but_time() {
    let world = World::new();
    let whole = world.run("digits", "whole", &[]);
    let total = events(&world.path("whole.study"));
    let store = world.path("killed.study");
    let mut child = resume(&world, "digits", "2");
    let mut killed = 0;
    for step in 1..=4 {
        if wait_for_events(&mut child, &store, total * step / 6) {
            killed += kill_a_worker(child.id());
        }
    }
    let output = child.wait_with_output().unwrap();
    assert!(killed > 0, "no worker was killed");
    assert_eq!(digest_in(&String::from_utf8_lossy(&output.stdout)), whole);
}

/// Kills the oldest worker of a running study; says how many it killed.
#[cfg(target_os = "linux")]
fn kill_a_worker(parent: u32) -> u32 {
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    let Some(worker) = children.split_whitespace().next() else { return 0 };
    let killed = std::process::Command::new("kill").args(["-9", worker]).status().unwrap();
    u32::from(killed.success())
}
