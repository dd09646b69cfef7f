//! `trialbox run --cache`: what is told of trials that did not run, and folders that are of no use. Points and replicates, as a user
//! sets them.

use crate::world::World;

#[test]
fn a_second_run_is_served_and_says_so_everywhere_but_in_the_log() {
    let world = World::with_toy();
    let first = world.trialbox("run toy --cache results").exits(0);
    assert!(!first.stdout.contains("cached") && !first.stderr.contains("cached"), "{first:?}");
    let second =
        world.trialbox("run toy --cache results").exits(0).prints("20 trials, ").prints("of fuel: not run here");
    assert_eq!(second.line("digest"), first.line("digest"));
    assert_eq!(second.stderr.lines().filter(|line| line.contains("  (cached)")).count(), 20);
    let shown = world.trialbox("show toy-2.study").exits(0);
    assert_eq!(shown.line("cached"), second.line("cached"));
    // Of equal trials the fuel is that of all.
    let fuel = shown.line("fuel").split_once(' ').unwrap().0.to_owned();
    assert!(shown.line("cached").contains(&format!("20 trials, {fuel} of fuel")), "{}", shown.stdout);
    let marked = |store: &str| {
        let table = world.trialbox(&format!("trials {store}")).exits(0).stdout;
        table.lines().filter(|line| line.contains("  cached  ")).count()
    };
    assert_eq!((marked("toy.study"), marked("toy-2.study")), (0, 20));
    world.trialbox("verify toy-2.study").exits(0).prints("verified");
}

#[test]
fn another_study_of_the_same_trials_is_served_too_and_one_with_other_limits_is_not() {
    let world = World::with_toy().toy("more", "num_trials = 30\n");
    let limited = "[scheduler]\nnum_trials = 20\n[limits]\nfuel_max = \"100G\"\n";
    let world = world.study("limited", "toy/toy.wasm", limited);
    world.trialbox("run toy --quiet --cache results").exits(0);
    world.trialbox("run more --quiet --cache results").exits(0).prints("cached   20 trials");
    let limited = world.trialbox("run limited --quiet --cache results").exits(0);
    assert!(!limited.stdout.contains("cached"), "{}", limited.stdout);
}

#[test]
fn a_resumed_study_is_served_and_told_how_to_go_on() {
    let world = World::with_toy().digits("digits", 8);
    let cut = world.trialbox("run digits --quiet --cache results --wall-time-max 0.2s");
    if cut.code == Some(130) {
        cut.tells("--resume --store digits.study --cache results");
    }
    world.trialbox("run digits --quiet --resume --store digits.study --cache results").exits(0);
    world.trialbox("run digits --quiet --store whole.study").exits(0);
    assert_eq!(world.digest("digits.study"), world.digest("whole.study"));
}

#[test]
fn what_is_no_folder_is_refused_before_anything_is_written() {
    let world = World::with_toy().write("results", "a file");
    let ran = world.trialbox("run toy --cache results").exits(2).prints_nothing();
    ran.tells("the result cache `results` cannot be used").tells("hint: name a folder after --cache");
    assert_eq!(world.names(), ["results", "toy"]);
    world.trialbox("run toy --cache-bytes-max 1GiB").exits(2).tells("--cache <DIR>");
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_in_which_nothing_can_be_written_costs_a_warning() {
    let world = World::with_toy();
    let ran = world.trialbox("run toy --quiet --cache /proc/self").exits(0);
    assert_eq!(
        ran.tells("warning: not all results could be kept in the cache: ").line("digest"),
        world.digest("toy.study")
    );
}

#[test]
fn a_small_cache_keeps_what_was_used_last() {
    let world = World::with_toy();
    world.trialbox("run toy --quiet --cache results --cache-bytes-max 20kB").exits(0);
    let bytes: u64 =
        std::fs::read_dir(world.path("results")).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert!((1..=20_000).contains(&bytes), "{bytes}");
    let again = world.trialbox("run toy --quiet --cache results --cache-bytes-max 20kB").exits(0);
    assert_eq!(again.line("digest"), world.digest("toy.study"));
}

#[test]
fn points_are_tried_first() {
    let rest = "[scheduler]\nnum_trials = 3\n[searcher]\npoints_to_evaluate = [{ lr = 0.002 }, { wd = 0.004 }]\n";
    let world = World::new().study("points", "toy/toy.wasm", rest);
    world.trialbox("run points --quiet").exits(0);
    let configs: Vec<String> =
        world.trialbox("trials points.study").exits(0).stdout.lines().map(str::to_owned).collect();
    assert!(configs[1].contains("0.002") && configs[2].contains("0.004"), "{configs:#?}");
    let wrong = "[scheduler]\nnum_trials = 3\n[searcher]\npoints_to_evaluate = [{ lr = 200 }]\n";
    let world = world.study("wrong", "toy/toy.wasm", wrong);
    world.trialbox("run wrong").exits(3).tells("`lr` cannot be 200.0").tells("hint: allowed: from ");
}

#[test]
fn replicates_run_as_one_trial_and_are_refused_where_nothing_is_run() {
    let world =
        World::new().write("toy/study.toml", "replicates = 3\ncomponent = \"toy.wasm\"\n[scheduler]\nnum_trials = 4\n");
    std::fs::copy(crate::world::example("toy-wasi/toy-wasi.wasm"), world.path("toy/toy.wasm")).unwrap();
    let ran = world.trialbox("run toy --quiet").exits(0).prints("trials   4: 4 completed");
    assert_eq!(world.trialbox("run toy --quiet --jobs 3 --isolation thread").line("digest"), ran.line("digest"));
    world.trialbox("logs toy.study 1").exits(0).prints("[1] begun").prints("[3] begun");
    world.trialbox("replay toy.study --trial 2").exits(0).prints("as recorded");
    world.trialbox("verify toy.study").exits(0).prints("verified");
    let curves = "replicates = 2\n[scheduler]\nnum_trials = 1\n[space]\nx = { choice = [1, 2] }\n";
    let world = world.write("curves.toml", curves).write("curves.csv", "x,e1\n1,0.1\n2,0.2\n");
    world.trialbox("simulate curves.toml --table curves.csv").exits(3).tells("`replicates`");
    world.trialbox("ask curves.toml").exits(3).tells("`replicates`");
}
