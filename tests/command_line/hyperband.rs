//! Studies with `hyperband` from the command line: how they are run, warned of, shown and explained.

use serde_json::Value;

use crate::world::{World, example};

/// A study of the toy that pauses trials, with brackets.
const PROMOTION: &str =
    "type = \"hyperband\"\nvariant = \"promotion\"\nnum_trials = 60\nmax_t = 9\nbrackets = 2\n[space]\nepochs = 9\n";
const STOPPING: &str = "type = \"hyperband\"\nnum_trials = 30\n";

/// The decisions that `why --json` gives for a trial.
fn decisions(world: &World, store: &str, trial: usize) -> Vec<Value> {
    let json = world.trialbox(&format!("why {store} {trial} --json")).exits(0).tells_nothing().stdout;
    let mut object: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(object["trial"], trial);
    serde_json::from_value(object["decisions"].take()).unwrap()
}

#[test]
fn the_example_of_the_original_runs_with_both_numbers_of_trials() {
    for (file, trials) in [("stopping.toml", "100"), ("stopping-20.toml", "20")] {
        let world = World::new();
        let path = example("toy").join(file);
        let ran = world.trialbox_with(["run", path.to_str().unwrap(), "--store", "toy.study"]).exits(0);
        assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
        assert_eq!(ran.line("trials").split(':').next(), Some(trials));
        let rungs = world.trialbox("show toy.study --rungs").exits(0).tells_nothing().stdout;
        let rows: Vec<Vec<&str>> = rungs.lines().map(|line| line.split_whitespace().collect()).collect();
        let levels: Vec<&str> = rows[1..].iter().map(|row| row[1]).collect();
        assert_eq!(levels, ["9", "3", "1"], "{rungs}");
        // All tie at epoch 1, so that none is stopped there.
        assert_eq!((rows[3][4], rows[2][4]), (trials, trials), "{rungs}");
    }
}

#[test]
fn how_paused_trials_are_kept_does_not_change_the_log() {
    let world = World::new().toy("toy", PROMOTION);
    let ran = world.trialbox("run toy").exits(0);
    assert!(ran.line("trials").contains(" paused"), "{}", ran.stdout);
    for flags in [
        "--paused-memory-max 0",
        "--paused-memory-max 1MiB -j 1",
        "--speculation on",
        "--speculation off --paused-memory-max 64KiB --isolation thread",
    ] {
        let again = world.trialbox(&format!("run toy --quiet {flags}")).exits(0);
        assert_eq!(again.line("digest"), ran.line("digest"), "{flags}");
    }
    world.trialbox("verify toy.study --paused-memory-max 0").exits(0);
    world.trialbox("run toy --paused-memory-max much").exits(2).tells("write a number of bytes");
    world.trialbox("run toy --speculation maybe").exits(2).tells("[possible values: on, off]");
}

#[test]
fn a_run_warns_of_rungs_that_too_few_trials_will_reach() {
    let world = World::new().toy("few", "type = \"hyperband\"\nnum_trials = 5\n");
    let ran = world.trialbox("run few").exits(0);
    let warning: Vec<&str> = ran.stderr.lines().take_while(|line| !line.is_empty()).collect();
    insta::assert_snapshot!(warning[..6].join("\n"), @r"
    warning: about 0.6 trials will reach the rung 9, too few to compare: it takes 2 to tell one from the others
     --> few/study.toml:2:2
      |
    2 | [scheduler]
      |  ^^^^^^^^^
    hint: raise `num_trials` to about 18, or have fewer rungs: raise `grace_period`.
    ");
    world.trialbox("run few --quiet").exits(0).tells_nothing();
    world.trialbox("run few --num-trials 60 --json").exits(0).tells_nothing();
}

#[test]
fn a_run_warns_of_settings_that_were_probably_not_meant() {
    let settings = "type = \"hyperband\"\nnum_trials = 60\nmax_t = 9\nrung_levels = [1, 3]\ngrace_period = 1\n";
    let world = World::new().toy("toy", settings);
    let ran = world.trialbox("run toy").exits(0);
    let ran = ran.tells("warning: `max_t` is 9, but the default of the parameter `epochs` is 10");
    ran.tells("warning: `grace_period` has no effect beside `rung_levels`");
    let world = World::new().toy("toy", "type = \"hyperband\"\nnum_trials = 60\nmax_t = 27\n");
    world.trialbox("run toy").exits(0).tells("hint: `max_t` is what holds: trials may end before");
}

#[test]
fn why_tells_every_decision_on_a_trial() {
    let world = World::new().toy("stopping", STOPPING).toy("promotion", PROMOTION);
    for name in ["stopping", "promotion"] {
        world.trialbox(&format!("run {name} --quiet")).exits(0);
        let store = format!("{name}.study");
        let trials = world.trialbox(&format!("trials {store}")).exits(0).stdout.lines().count() - 1;
        let (mut stopped, mut paused, mut promoted) = (0, 0, 0);
        for trial in 0..trials {
            let decisions = decisions(&world, &store, trial);
            assert_eq!(decisions[0]["step"], "started");
            let mut milestone = decisions[0]["milestone"].clone();
            for decision in &decisions[1..] {
                match decision["step"].as_str().unwrap() {
                    "compared" => {
                        let standing = &decision["standing"];
                        assert_eq!(standing["level"], milestone, "{decision}");
                        let (rank, reward) = (standing["rank"].as_u64().unwrap(), standing["reward"].as_f64().unwrap());
                        let goes_on = match standing["rule"].as_str().unwrap() {
                            "cutoff" => standing["cutoff"].as_f64().is_none_or(|cutoff| reward >= cutoff),
                            _ => rank <= standing["places"].as_u64().unwrap(),
                        };
                        assert_eq!(decision["decision"] == "continue", goes_on, "{decision}");
                        stopped += u32::from(decision["decision"] == "stop");
                        paused += u32::from(decision["decision"] == "pause");
                        milestone = decision["next_milestone"].clone();
                    }
                    "promoted" => {
                        let standing = &decision["standing"];
                        assert!(standing["rank"].as_u64().unwrap() <= standing["places"].as_u64().unwrap());
                        assert!(decision["milestone"].as_u64().unwrap() > standing["level"].as_u64().unwrap());
                        promoted += 1;
                    }
                    "waits" => assert_eq!(decision, decisions.last().unwrap()),
                    "reached_max_t" | "ended" => {}
                    step => panic!("{step}"),
                }
            }
            let text = world.trialbox(&format!("why {store} {trial}")).exits(0).tells_nothing().stdout;
            assert!(text.starts_with(&format!("trial {trial}: ")), "{text}");
        }
        let is_promotion = name == "promotion";
        assert_eq!((stopped == 0, paused > 0, promoted > 0), (is_promotion, is_promotion, is_promotion));
    }
    world.trialbox("why stopping.study 30").exits(2).tells("its trials are 0 to 29");
}

#[test]
fn why_speaks_in_sentences() {
    let world = World::new().toy("stopping", STOPPING);
    world.trialbox("run stopping --quiet").exits(0);
    let stopped =
        (0..30).find(|trial| decisions(&world, "stopping.study", *trial).last().unwrap()["outcome"].is_object());
    let text = world.trialbox(&format!("why stopping.study {}", stopped.unwrap())).exits(0).stdout;
    for words in ["started in bracket 0", "went on from epoch 1 to epoch 3", "for the best 33 % to go on, was"] {
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn a_study_without_rungs_says_so() {
    let world = World::with_toy_run();
    let ran = world.trialbox("show toy.study --rungs").exits(0).tells_nothing();
    assert_eq!(ran.stdout, "the scheduler `fifo` has no rungs\n");
    world
        .trialbox("why toy.study 3")
        .exits(0)
        .prints("the scheduler `fifo` compares no trials")
        .prints("ended: completed");
}

#[test]
fn json_says_the_bracket_of_each_report_and_whether_the_trial_went_on() {
    let world = World::new().toy("toy", PROMOTION);
    let ran = world.trialbox("run toy --json").exits(0);
    let lines: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut brackets = [0, 0];
    for line in &lines {
        let report = &line["event"]["reported"];
        let terminated = report.is_object() && report["decision"] != "continue";
        assert_eq!(line["terminated"].as_bool().unwrap_or(false), terminated, "{line}");
        assert_eq!(line["bracket"].is_u64(), report.is_object(), "{line}");
        if let Some(bracket) = line["bracket"].as_u64() {
            brackets[bracket as usize] += 1;
        }
    }
    assert!(brackets.iter().all(|count| *count > 0), "{brackets:?}");
    world.trialbox("trials toy.study").exits(0).prints("bracket");
}

#[test]
fn a_study_that_decides_as_reports_come_in_runs_but_is_not_verified() {
    let world = World::new().study("wall", "toy/toy.wasm", &format!("clock = \"wall\"\n[scheduler]\n{STOPPING}"));
    world.trialbox("run wall --quiet").exits(0);
    world.trialbox("verify wall.study").exits(7).tells("clock = \"wall\"");
    world.trialbox("why wall.study 0").exits(0).prints("started in bracket 0");
}
