//! What people look at: pictures, pages, comparisons, exports, and lines in a pipe.

use std::fs;

use crate::world::World;

/// Commands that show a study in some form, without the study's name in its place.
const LOOKING: [&str; 6] = [
    "plot STUDY -o pictures",
    "report STUDY -o page.html",
    "compare STUDY STUDY -o both.html",
    "export STUDY --to csv -o tables",
    "export STUDY --to optuna -o optuna.db",
    "show STUDY",
];

fn looking(study: &str) -> Vec<String> {
    LOOKING.iter().map(|command| command.replace("STUDY", study)).collect()
}

#[test]
fn every_kind_of_picture_that_shows_something_is_written() {
    let world = World::with_toy_run();
    world.trialbox("plot toy.study --format both").exits(0).tells("wrote toy.plots/curves.svg").prints_nothing();
    let mut names: Vec<String> = fs::read_dir(world.path("toy.plots"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let kinds = ["curves", "history", "importances", "parallel", "slices", "timeline"];
    assert_eq!(names, kinds.map(|kind| [format!("{kind}.png"), format!("{kind}.svg")]).concat());
    let read = |name: &str| fs::read(world.path(&format!("toy.plots/{name}"))).unwrap();
    assert!(read("curves.svg").starts_with(b"<svg ") && read("curves.png").starts_with(b"\x89PNG\r\n"));
}

#[test]
fn a_picture_is_the_same_each_time_and_can_go_to_standard_output() {
    let world = World::with_toy_run();
    let drawn = || world.trialbox("plot toy.study parallel -o -").exits(0).tells_nothing().stdout;
    assert!(drawn().starts_with("<svg ") && drawn() == drawn());
    world.trialbox("plot toy.study parallel history -o one.svg").exits(2).tells("a file takes one picture");
    world.trialbox("plot toy.study rungs -o rungs.svg").exits(0).tells("rungs: ");
}

#[test]
fn a_page_replaces_a_page_and_nothing_else() {
    let world = World::with_toy_run();
    world.trialbox("report toy.study").exits(0).tells("toy.html");
    world.trialbox("report toy.study").exits(0);
    let page = fs::read_to_string(world.path("toy.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("Content-Security-Policy"));
    assert_eq!(world.trialbox("report toy.study -o -").exits(0).stdout, page);
    let world = world.write("mine.html", "my own page");
    world.trialbox("report toy.study -o mine.html").exits(2).tells("mine.html");
    assert_eq!(fs::read_to_string(world.path("mine.html")).unwrap(), "my own page");
    world.trialbox("report toy.study -o mine.html --force").exits(0);
    world.trialbox("report toy.study -o toy.study --force").exits(2).tells("is called like a study");
    world.trialbox("report toy.study -o no/page.html").exits(2).tells("the folder of `no/page.html` does not exist");
    world.trialbox("report toy.study --attribute nope").exits(2).tells("no trial has reported `nope`");
}

#[test]
fn an_export_is_not_written_over_what_is_there() {
    let world = World::with_toy_run();
    world.trialbox("export toy.study --to csv").exits(0).tells("20 trials, 200 reports");
    let trials = fs::read_to_string(world.path("toy.csv/trials.csv")).unwrap();
    assert!(trials.starts_with("trial,") && trials.lines().count() == 21, "{trials}");
    world.trialbox("export toy.study --to csv").exits(2).tells("hint: ");
    world.trialbox("export toy.study --to csv --force").exits(0);
}

#[test]
fn looking_at_a_study_changes_nothing_of_it() {
    let world = World::with_toy_run();
    let before = fs::read(world.path("toy.study")).unwrap();
    for command in looking("toy.study") {
        world.trialbox(&command).exits(0);
    }
    assert_eq!(fs::read(world.path("toy.study")).unwrap(), before);
    assert!(world.names().iter().all(|name| !name.starts_with("toy.study-")), "{:?}", world.names());
}

#[test]
fn what_is_no_study_is_told_and_leaves_nothing_behind() {
    let world = World::with_toy_run().write("foreign.study", "no database at all, but of a certain length ".repeat(50));
    let mut damaged = fs::read(world.path("toy.study")).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle - 20_000..middle + 20_000].fill(0xa5);
    let world = world.write("damaged.study", damaged);
    let names = world.names();
    for study in ["missing.study", "foreign.study", "damaged.study"] {
        for command in looking(study) {
            world.trialbox(&command).exits(6).tells(study).prints_nothing();
        }
    }
    assert_eq!(world.names(), names);
}

#[test]
fn a_study_is_shown_before_its_first_trial_has_ended() {
    let world = World::with_toy();
    world.trialbox("run toy --quiet --wall-time-max 0s").exits(130);
    for command in looking("toy.study") {
        world.trialbox(&command).exits(0);
    }
}

#[test]
fn a_server_says_why_it_cannot_begin() {
    let world = World::new();
    world.trialbox("serve missing").exits(2).tells("missing").tells("hint: ");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    world.trialbox(&format!("serve --port {port}")).exits(70).tells(&port.to_string()).tells("hint: ");
}

#[test]
fn a_pipe_gets_a_line_for_each_event_or_each_trial() {
    let world = World::with_toy();
    let lines = |words: &str| {
        let ran = world.trialbox(&format!("run toy {words}")).exits(0);
        ran.stderr.lines().filter(|line| line.starts_with("trial ")).count()
    };
    assert_eq!((lines(""), lines("--lines trials"), lines("--quiet")), (20 * 12, 20, 0));
}
