//! `trialbox simulate`: tables in files, gzipped or not, and what is printed and recorded.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use trialbox::store::Reader;

use crate::world::World;

const STUDY: &str = "\
name = \"curves\"
[space]
x = { choice = [3, 2, 1] }
[searcher]
type = \"grid\"
[scheduler]
type = \"hyperband\"
variant = \"stopping\"
max_t = 3
reduction_factor = 2
num_trials = 100
reward_attr = \"score\"
[capacity]
cpus = 1
";

const CURVES: &str = "x,e1,e2,e3\n1,0.1,0.2,0.3\n2,0.5,0.6,0.7\n3,0.2,0.2,0.1\n";

fn gzipped(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn world() -> World {
    World::new().write("study.toml", STUDY).write("curves.csv", CURVES).write("curves.csv.gz", gzipped(CURVES))
}

#[test]
fn a_study_runs_against_a_table_without_a_component() {
    let ran = world().trialbox("simulate study.toml --table curves.csv").exits(0).tells_nothing();
    insta::assert_snapshot!(ran.output(), @r#"
    study    curves
    state    finished: every configuration of the space was tried
    digest   [digest]
    trials   3: 2 completed, 1 stopped
    time     […]
    fuel     […]
    best     score = 0.7, trial 1, epoch 3
             x = 2
    table    3 rows of 3 epochs; 7 epochs were trained
    regret   0.0000: 0 is the best value of the table, 1 that of the median row at its end
    "#);
}

#[test]
fn a_table_is_the_same_gzipped_but_for_its_digest() {
    let world = world();
    let json = |table: &str| -> serde_json::Value {
        let ran = world.trialbox(&format!("simulate study.toml --table {table} --json")).exits(0);
        serde_json::from_str(&ran.stdout).unwrap()
    };
    let (plain, again, gzipped) = (json("curves.csv"), json("curves.csv"), json("curves.csv.gz"));
    assert_eq!(plain, again);
    assert_ne!(plain["digest"], gzipped["digest"]);
    for part in ["study", "trials", "jobs", "epochs", "virtual_seconds", "best", "best_seen", "regret", "improvements"]
    {
        assert_eq!(plain[part], gzipped[part], "{part}");
    }
    assert_eq!(plain["best"], serde_json::json!({ "trial": 1, "reward": 0.7, "config": { "x": 2 } }));
    assert_eq!((&plain["epochs"], &plain["virtual_seconds"]), (&7.into(), &7.0.into()));
    assert_eq!(plain["improvements"].as_array().map(Vec::len), Some(6));
}

#[test]
fn a_recorded_simulation_can_be_looked_at() {
    let world = world();
    let ran = world.trialbox("simulate study.toml --table curves.csv --store curves.study").exits(0);
    let digest = ran.line("digest").to_owned();
    assert_eq!(world.digest("curves.study"), digest);
    world.trialbox("show curves.study").exits(0).prints(&digest);
    world.trialbox("trials curves.study").exits(0).prints("0.7");
    world.trialbox("best curves.study").exits(0).prints("2");
    assert_eq!(Reader::open(&world.path("curves.study")).unwrap().state().unwrap().trials().len(), 3);
    world.trialbox("simulate study.toml --table curves.csv --store curves.study").exits(6).prints_nothing();
}

#[test]
fn what_is_wrong_with_a_table_is_told_with_its_place() {
    let mut damaged = gzipped(CURVES);
    damaged.truncate(30);
    let world = world()
        .write("damaged.csv.gz", damaged)
        .write("empty.csv", "")
        .write("bytes.csv", b"x,e1\n\xff,2\n")
        .write("word.csv", "x,e1\n1,2\n2,high\n")
        .write("ragged.csv", "x,e1\n1,2,3\n")
        .write("wide.csv.gz", gzipped(&format!("x,e1\n{}\n", ",".repeat(9 << 20))))
        .write("open.csv", format!("x,e1\n\"{}\n", "1,2\n".repeat(3 << 20)))
        .write("other.csv", "y,e1\n1,2\n");
    let too_long = "a line has more than 4194304 bytes, or a quote is not closed";
    for (table, code, words) in [
        ("none.csv", 4, "the table `none.csv`: cannot be read: "),
        ("damaged.csv.gz", 4, "the table `damaged.csv.gz`: it is damaged: "),
        ("empty.csv", 4, "the table `empty.csv`: it is empty"),
        ("bytes.csv", 4, "the table `bytes.csv`: line 2: it is not UTF-8"),
        ("word.csv", 4, "the table `word.csv`: line 3, column `e1`: `high` is no number"),
        ("wide.csv.gz", 4, &format!("the table `wide.csv.gz`: {too_long}")),
        ("open.csv", 4, &format!("the table `open.csv`: {too_long}")),
        ("ragged.csv", 4, "the table `ragged.csv`: line 2: it has 3 cells, the header has 2"),
        (
            "other.csv",
            4,
            "the table `other.csv`: column `x`: the table has no such column\nhint: it has the columns y, e1",
        ),
    ] {
        let ran = world.trialbox(&format!("simulate study.toml --table {table}"));
        ran.exits(code).prints_nothing().tells(words);
    }
    world.trialbox("simulate study.toml --table curves.csv --worst inf").exits(2).tells("it must be a finite number");
}

#[test]
fn a_configuration_without_a_row_ends_the_simulation_with_a_hint() {
    let world = world().write("short.csv", "x,e1,e2,e3\n1,0.1,0.2,0.3\n");
    let ran = world.trialbox("simulate study.toml --table short.csv").exits(4).prints_nothing();
    insta::assert_snapshot!(ran.messages(), @r"
    error: the table has no row for trial 1: x = 2
    hint: `--nearest` takes the nearest row; a table that is a grid needs its values as choices in [space]
    ");
    world.trialbox("simulate study.toml --table short.csv --nearest --minimise").exits(0).prints("score = -0.3");
}
