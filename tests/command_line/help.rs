//! What the program says of itself.

use crate::world::World;

const COMMANDS: &[&str] = &[
    "run", "show", "trials", "why", "logs", "best", "train", "inspect", "verify", "simulate", "replay", "ask", "limits",
];

#[test]
fn the_help_tells_how_to_begin_and_lists_commands_and_exit_codes() {
    let ran = World::new().trialbox("--help").exits(0).tells_nothing();
    insta::assert_snapshot!(ran.output(), @r#"
    Hyperparameter search over training code that nobody has to trust: sealed, exact, fast

    Usage: trialbox <COMMAND>

    Commands:
      new       Begin a project: a folder with a training function and a study file, which builds and
                runs at once
      build     Build the component of a project: find its language, use its tools, and show what came
                of it
      run       Run a study: a search over the configurations of a component
      show      Show a study: its best trial, its outcomes, its failures with reasons. Also while it
                runs
      trials    List a study's trials
      why       Tell why a trial went on, was paused, promoted or stopped: its rank, and what it was
                compared with
      logs      Show what a trial wrote to its log, standard output and standard error included
      best      Print a study's best configuration, or save what its trial left behind
      plot      Draw a study: training curves, history, rungs, parameters, slots. Also while it runs
      report    Make a page of a study: one HTML file with its plots and tables, which needs no network.
                Also while it runs
      compare   Compare studies on one page: what each came to, how fast, and in what they differ. Also
                while they run
      serve     Show the studies of a folder in a browser, live, also while they run. Nothing is changed
      export    Write a study for other tools: tables, Optuna, TensorBoard, MLflow. Also while it runs
      train     Train once with a given configuration, and save what the trial leaves behind
      inspect   Show what a component imports, what it searches, and how large it is
      verify    Run a recorded study anew, from the component and data in its store, and compare every
                event
      simulate  Run a study against a table of learning curves: in virtual time, without a component
      replay    Run one trial of a recorded study anew, show it, and compare it with the log
      ask       Search for trials that you run yourself, in any language
      limits    List the limits on a trial, with their defaults and ranges
      cache     Show where compiled components are kept and how much they take, or remove them
      help      Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

    To begin: `trialbox new` makes a project; or write a study file (see `trialbox run --help`). Then
      trialbox run study.toml      runs the study and records it in NAME.study
      trialbox best NAME.study     prints the best configuration
      trialbox verify NAME.study   proves that it can be reproduced

    Exit codes:
        0  everything went well
        2  the command line is wrong
        3  the study file is wrong
        4  the component or a data set is missing, wrong or refused
        5  the study ended and no trial has a reward
        6  the store is missing, locked, damaged, of a newer format, or cannot be written
        7  a run differs from the recorded one, or the store holds another study
        8  the trial that was asked for failed
        9  the study ended because its searcher failed
       70  something else failed, on this machine or in trialbox
      130  the run was interrupted and can be resumed
    "#);
    for command in COMMANDS {
        assert!(ran.stdout.lines().any(|line| line.starts_with(&format!("  {command} "))), "{command}");
    }
}

#[test]
fn the_help_of_run_shows_a_study_file_that_works() {
    let ran = World::new().trialbox("run --help").exits(0).tells_nothing();
    insta::assert_snapshot!(ran.output(), @r#"
    Run a study: a search over the configurations of a component

    The log of the study goes into a store, NAME.study in the current folder; if that exists,
    NAME-2.study and so on. The log is the same on every machine and for any number of workers: its
    digest is printed at the end.

    Usage: trialbox run [OPTIONS] [FILE]

    Arguments:
      [FILE]
              The study file, or a folder with a study.toml. If that folder has the source of its
              component, as `trialbox new` makes it, the component is built first when a source has
              changed
              
              [default: .]

    Options:
      -j, --jobs <N>
              How many workers run at a time [default: the number of processors]. The log is the same
              for any number

          --paused-memory-max <BYTES>
              How much memory paused trials may keep, such as 512MiB [default: 1GiB]. A promoted trial
              that was dropped for want of it is run again from its start; the log is the same for any
              amount

          --speculation <SPECULATION>
              Whether processors that would wait run on with trials ahead of the study's decisions. The
              log is the same

              Possible values:
              - on:  Likely work is done ahead: trials that will probably go on, and the next ones. What
                is not needed is discarded
              - off: Nothing is run before it is known to be needed
              
              [default: on]

          --isolation <ISOLATION>
              Where guest code runs

              Possible values:
              - process:           In child processes, each with many trials
              - process-per-trial: In child processes, each with one trial
              - thread:            In threads of this process: for guests that are trusted
              
              [default: process]

          --require-isolation
              Refuse to run guest code where the system lacks a layer that confines it: resource limits,
              file rules, a system-call filter

          --stall-time-max <TIME>
              How long a trial may use no fuel before its worker is ended, such as 10s [default: 60s]

          --compile-time-max <TIME>
              How long a component may be compiled, such as 90s [default: 5m]

          --compile-memory-max <BYTES>
              How much memory compiling a component may take, such as 2GiB [default: 4GiB]

          --worker-memory-max <BYTES>
              How much memory a worker process may take, such as 8GiB [default: the machine's and 4GiB
              more]

      -s, --store <STUDY>
              The store to begin, in place of NAME.study, or with --resume to go on with

      -r, --resume
              Go on with the newest store of this study, or begin it if there is none

          --seed <SEED>
              Another seed than the study file's

          --num-trials <N>
              Another number of trials than the study file's

          --wall-time-max <TIME>
              Cut the run off after this time, such as 90s, 10m or 2h; it can be resumed

          --keep-artifacts <KEEP_ARTIFACTS>
              Whose artifacts are kept with their content

              Possible values:
              - best: Those of the best trial
              - all:  Those of every trial
              - none: None: running a trial again gives them back
              
              [default: best]

          --cache <DIR>
              Keep what trials do in this folder, and look there before one is run: a trial that any
              study has run before costs no time. The log is the same with it and without

          --cache-bytes-max <BYTES>
              How large that folder may become, such as 10GiB [default: 1GiB]. What was used longest ago
              goes first

          --hooks
              Run the commands that the study file names under [hooks]. A study file from somebody else
              may name any

          --json
              Print a JSON object for each event

          --lines [<OF>]
              Print lines, as in a pipe, also on a terminal: nothing is drawn anew, so that it can be
              read out

              Possible values:
              - events: Each event: starts, reports, pauses, promotions, ends
              - trials: Each trial that ends or is paused

      -q, --quiet
              Print nothing but the result

      -h, --help
              Print help (see a summary with '-h')

    A study file names a component, and says when the study ends:

      component = "train.wasm"

      [data]
      digits = "digits.csv"

      [scheduler]
      num_trials = 60

    What is searched is what the component declares (`trialbox inspect train.wasm`); the table [space]
    changes it. Paths are
    relative to the study file.
    "#);
    let shown = ran.stdout.lines().skip_while(|line| !line.starts_with("  component = "));
    let file: String =
        shown.take_while(|line| line.is_empty() || line.starts_with("  ")).map(|it| it.to_owned() + "\n").collect();
    let world = World::new().digits("example", 1).write("example/study.toml", file.replace("60", "1"));
    std::fs::rename(world.path("example/component.wasm"), world.path("example/train.wasm")).unwrap();
    world.trialbox("run example").exits(0);
}

#[test]
fn each_command_has_a_help_with_its_usage_and_no_flag_without_a_meaning() {
    let world = World::new();
    for command in COMMANDS {
        let ran = world.trialbox(&format!("{command} --help")).exits(0).tells_nothing();
        assert!(ran.stdout.contains(&format!("Usage: trialbox {command}")), "{}", ran.stdout);
        // One trial, or a look at a component, takes one worker.
        let takes_jobs = ["run", "verify"].contains(command);
        assert_eq!(ran.stdout.contains("--jobs"), takes_jobs, "{command}");
        let takes_isolation = takes_jobs || ["train", "inspect", "replay", "ask"].contains(command);
        assert_eq!(ran.stdout.contains("--isolation"), takes_isolation, "{command}");
        world.trialbox(&format!("help {command}")).exits(0);
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    for flag in ["--version", "-V"] {
        let ran = World::new().trialbox(flag).exits(0).tells_nothing();
        assert_eq!(ran.stdout, format!("trialbox {}\n", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn a_wrong_command_line_is_told_on_standard_error_with_what_was_meant() {
    let world = World::with_toy();
    world.trialbox("").exits(2).prints_nothing().tells("Usage: trialbox <COMMAND>");
    world.trialbox("veryfi x").exits(2).prints_nothing().tells("a similar subcommand exists: 'verify'");
    world.trialbox("run").exits(3).tells("the study file `./study.toml` cannot be read");
    world.trialbox("show").exits(2).tells("<STUDY>");
    world.trialbox("run toy --num-trails 5").exits(2).tells("'--num-trials'");
    world.trialbox("run toy -j 0").exits(2).tells("'--jobs <N>'");
    world.trialbox("run toy --num-trials 0").exits(2).tells("'--num-trials <N>'");
    world.trialbox("run toy --seed -1").exits(2);
    world.trialbox("run toy --wall-time-max 3x").exits(2).tells("`x` is no unit of time: use ms, s, m or h");
    world.trialbox("run toy --wall-time-max soon").exits(2);
    world.trialbox("run toy --wall-time-max -3s").exits(2);
    world.trialbox("run toy --wall-time-max=-3s").exits(2);
    world.trialbox("run toy --wall-time-max 1e300h").exits(2);
    world.trialbox("run toy --json --quiet").exits(2).tells("cannot be used with");
    world.trialbox("run toy --isolation none").exits(2).tells("[possible values: process, process-per-trial, thread]");
    assert_eq!(world.names(), ["toy"]);
}

#[test]
fn the_limits_are_listed_with_their_defaults_as_a_study_file_has_them() {
    let ran = World::new().trialbox("limits").exits(0).tells_nothing();
    assert!(ran.stdout.contains("fuel_max = 1000000000000  # units of fuel"), "{}", ran.stdout);
    let toml: String =
        ran.stdout.lines().filter(|line| !line.starts_with(' ')).map(|it| it.to_owned() + "\n").collect();
    let (toml, gpu) = toml.split_once("\n[gpu]").unwrap();
    let world = World::new().toy("toy", &format!("num_trials = 1\n{toml}"));
    world.trialbox("run toy --quiet").exits(0);
    let with_gpu = format!("component = \"toy.wasm\"\n[scheduler]\nnum_trials = 1\n{toml}\n[gpu]{gpu}");
    let file = trialbox::config::StudyFile::parse(&with_gpu).unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(file.gpu(), Some(&trialbox::study::GpuGrant::default()));
}
