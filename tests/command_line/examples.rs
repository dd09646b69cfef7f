//! The example guests in Rust whose components are committed, as they lie there: each trains, in the sandbox, on its data.

use std::fs;
use std::path::Path;

use crate::world::{World, example};

/// Copies the files of a folder of examples into the world.
fn copied(world: &World, folder: &str) {
    fs::create_dir_all(world.path(folder)).unwrap();
    for entry in fs::read_dir(example(folder)).unwrap() {
        let from = entry.unwrap().path();
        if from.is_file() {
            fs::copy(&from, world.path(folder).join(from.file_name().unwrap())).unwrap();
        }
    }
}

/// Trains the default configuration, and gives an attribute of the last report.
fn trained(name: &str, attribute: &str) -> f64 {
    let world = World::new();
    for folder in [name, "data", "digits"] {
        copied(&world, folder);
    }
    let ran = world.trialbox(&format!("train {name} --seed 1 --save left")).exits(0).prints("completed, fuel ");
    assert!(fs::read_dir(world.path("left")).unwrap().count() > 0, "it leaves something");
    assert!(!Path::new(&world.path(name)).join(".trialbox").exists(), "nothing is built");
    let last = ran.stdout.lines().rfind(|line| line.starts_with("report ")).unwrap();
    let (_, rest) = last.split_once(&format!("{attribute} = ")).unwrap_or_else(|| panic!("{last}"));
    rest.split(',').next().unwrap().parse().unwrap()
}

#[test]
fn trees_explain_a_third_of_the_variance() {
    assert!(trained("diabetes-rust", "r2") > 0.3);
}

#[test]
fn a_network_with_burn_knows_most_digits() {
    assert!(trained("digits-burn-rust", "accuracy") > 0.95);
}

#[test]
fn a_language_model_makes_text_shorter() {
    assert!(trained("characters-rust", "compression") > 2.5);
}

#[test]
fn regression_tells_most_tumours_apart() {
    assert!(trained("breast-cancer-rust", "accuracy") > 0.97);
}
