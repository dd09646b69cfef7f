//! Studies against tables of learning curves: histories that were computed by hand, look-up, and what is wrong with a table.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a test, no library")]
#![allow(clippy::unwrap_used, reason = "a test, no library")]

use std::convert::Infallible;

use trialbox::numeric::digest::Digest;
use trialbox::scheduler::{HyperbandKind, HyperbandSpec, SchedulerSpec};
use trialbox::searcher::{GridSpec, RandomSpec, SearcherSpec};
use trialbox::simulation::{
    Direction, Lookup, Simulated, SimulationError, Table, TableError, TableOptions, TableReader, run,
};
use trialbox::space::{Condition, Domain, IntegerRange, Parameter, RealRange, Space, Value};
use trialbox::study::{Event, Outcome, StudySpec};

/// The table that the histories by hand are about.
const CURVES: &[&str] = &["x,e1,e2,e3", "1,0.1,0.2,0.3", "2,0.5,0.6,0.7", "3,0.2,0.2,0.1", "4,0.6,0.3,0.2"];

fn read(space: &Space, options: &TableOptions, lines: &[&str]) -> Result<Table, TableError> {
    let mut lines = (1..).zip(lines.iter().map(|line| line.split(',').collect::<Vec<_>>()));
    let mut reader = TableReader::new(space, options, &lines.next().unwrap().1)?;
    for (line, cells) in lines {
        reader.push(line, &cells)?;
    }
    reader.finish()
}

/// One parameter `x`, a choice of these integers. The grid takes the last of a choice first.
fn choices(values: &[i64]) -> Space {
    let values = values.iter().rev().map(|value| Value::Integer(*value)).collect();
    Space::new(vec![Parameter::new("x", Domain::Choice(values))]).unwrap()
}

/// One parameter `x` from 0 to 1 with that default.
fn interval(default: f64) -> Space {
    let domain = Domain::Real(RealRange { lower: 0.0, upper: 1.0, log: false });
    Space::new(vec![Parameter { default: Value::Real(default), ..Parameter::new("x", domain) }]).unwrap()
}

/// A study with one slot that goes through the space in order.
fn study(space: Space, scheduler: SchedulerSpec) -> StudySpec {
    let mut spec = StudySpec::new("by hand", space, Digest::of(b"by hand"));
    spec.capacity.cpus = 1;
    spec.searcher = SearcherSpec::Grid(GridSpec { points: 2 });
    spec.num_trials = Some(100);
    spec.scheduler = scheduler;
    spec
}

fn hyperband(kind: HyperbandKind) -> SchedulerSpec {
    SchedulerSpec::Hyperband(HyperbandSpec { reduction_factor: 2, ..HyperbandSpec::new(kind, 3) })
}

/// The study with its events in short.
fn simulate(spec: StudySpec, table: &Table) -> (Simulated, Vec<String>) {
    let mut history = Vec::new();
    let simulated = run(spec, table, |entry, _| {
        let what = match &entry.event {
            Event::StudyStarted { .. } => return Ok::<(), Infallible>(()),
            Event::TrialStarted { config, .. } => format!("starts, {config}"),
            Event::Reported { report, .. } => {
                let values: Vec<String> = report.attributes.iter().map(|it| it.value.to_string()).collect();
                format!("reports {}", values.join(": "))
            }
            Event::TrialPaused { level, .. } => format!("pauses at {level}"),
            Event::TrialResumed { resume_from, .. } => format!("goes on from {resume_from}"),
            Event::TrialEnded { outcome, .. } => format!("ends: {outcome}"),
            Event::Judged { decision, .. } => format!("is judged: {decision:?}"),
            Event::SearcherFailed { message, .. } => message.clone(),
            Event::StudyEnded { reason, .. } => format!("{reason:?}"),
            Event::ReadBack { .. } => panic!("rows of a table read nothing back"),
        };
        let trial = entry.event.trial().map_or("study".to_owned(), |trial| format!("trial {trial}"));
        history.push(format!("{} {trial} {what}", entry.event.time().seconds()));
        Ok(())
    });
    (simulated.unwrap_or_else(|error| panic!("{error}")), history)
}

/// The reward that the first trial, of the default configuration, reports first.
fn first_reward(space: &Space, options: &TableOptions, lines: &[&str]) -> Option<f64> {
    let table = read(space, options, lines).unwrap();
    let spec = StudySpec { num_trials: Some(1), ..study(space.clone(), SchedulerSpec::Fifo) };
    let spec = StudySpec { searcher: SearcherSpec::Random(RandomSpec::default()), ..spec };
    simulate(spec, &table).0.improvements.first().map(|first| first.reward)
}

#[test]
fn stopping_gives_the_history_that_was_computed_by_hand() {
    let space = choices(&[1, 2, 3]);
    let table = read(&space, &TableOptions::default(), CURVES).unwrap();
    let (simulated, history) = simulate(study(space, hyperband(HyperbandKind::Stopping)), &table);
    assert_eq!(
        history,
        [
            "0 trial 0 starts, x = 1",
            "1 trial 0 reports 1: 0.1",
            "2 trial 0 reports 2: 0.2",
            "3 trial 0 reports 3: 0.3",
            "3 trial 0 ends: completed",
            "3 trial 1 starts, x = 2",
            "4 trial 1 reports 1: 0.5",
            "5 trial 1 reports 2: 0.6",
            "6 trial 1 reports 3: 0.7",
            "6 trial 1 ends: completed",
            "6 trial 2 starts, x = 3",
            // The cut-off of 0.1 and 0.5 is 0.3.
            "7 trial 2 reports 1: 0.2",
            "7 trial 2 ends: stopped by the scheduler",
            "7 study Exhausted",
        ]
    );
    assert_eq!((simulated.epochs, simulated.best_seen), (7, Some(0.7)));
    let scale = table.scale().unwrap();
    // The ends are 0.1, 0.3 and 0.7; the row of 4 lies outside of the space.
    assert_eq!((scale.best, scale.median, scale.regret(0.5)), (0.7, 0.3, (0.7 - 0.5) / (0.7 - 0.3)));
}

#[test]
fn promotion_gives_the_history_that_was_computed_by_hand() {
    let space = choices(&[1, 2, 3, 4]);
    let table = read(&space, &TableOptions::default(), CURVES).unwrap();
    let (_, history) = simulate(study(space, hyperband(HyperbandKind::Promotion)), &table);
    assert_eq!(
        history,
        [
            "0 trial 0 starts, x = 1",
            "1 trial 0 reports 1: 0.1",
            "1 trial 0 pauses at 1",
            "1 trial 1 starts, x = 2",
            "2 trial 1 reports 1: 0.5",
            "3 trial 1 reports 2: 0.6",
            "3 trial 1 pauses at 2",
            "3 trial 2 starts, x = 3",
            "4 trial 2 reports 1: 0.2",
            "4 trial 2 pauses at 1",
            "4 trial 3 starts, x = 4",
            "5 trial 3 reports 1: 0.6",
            "6 trial 3 reports 2: 0.3",
            "6 trial 3 pauses at 2",
            "6 trial 1 goes on from 2",
            "7 trial 1 reports 3: 0.7",
            "7 trial 1 ends: completed",
            "7 study Exhausted",
        ]
    );
}

#[test]
fn a_study_runs_the_same_twice_and_otherwise_with_another_seed() {
    let space = interval(0.5);
    let options = TableOptions { lookup: Lookup::Nearest, ..TableOptions::default() };
    let table = read(&space, &options, CURVES_OF_REALS).unwrap();
    let digest = |seed: u64| {
        let mut spec = study(space.clone(), hyperband(HyperbandKind::Promotion));
        (spec.searcher, spec.seed.0, spec.capacity.cpus) = (SearcherSpec::Random(RandomSpec::default()), seed, 4);
        simulate(spec, &table).0.study.chain().head()
    };
    assert_eq!(digest(1), digest(1));
    assert_ne!(digest(1), digest(2));
}

const CURVES_OF_REALS: &[&str] = &["x,e1,e2,e3", "0.25,1,1,1", "0.75,2,2,2", "0.25,3,3,3", "7,4,4,4"];

#[test]
fn the_nearest_row_counts_and_of_equals_the_first() {
    let options = TableOptions { lookup: Lookup::Nearest, ..TableOptions::default() };
    // Halfway, near the second, and near the last, which is clipped to the end of the interval.
    for (default, reward) in [(0.25, 1.0), (0.5, 1.0), (0.6, 2.0), (0.9, 4.0)] {
        assert_eq!(first_reward(&interval(default), &options, CURVES_OF_REALS), Some(reward), "{default}");
    }
}

#[test]
fn without_nearest_a_configuration_needs_its_row_and_of_equals_the_first_counts() {
    assert_eq!(first_reward(&interval(0.25), &TableOptions::default(), CURVES_OF_REALS), Some(1.0));
    let space = interval(0.5);
    let table = read(&space, &TableOptions::default(), CURVES_OF_REALS).unwrap();
    let spec = StudySpec { searcher: SearcherSpec::Random(RandomSpec::default()), ..study(space, SchedulerSpec::Fifo) };
    match run(spec, &table, |_, _| Ok::<(), Infallible>(())) {
        Err(SimulationError::NoRow { trial, config }) => {
            assert_eq!((trial.0, config.to_string().as_str()), (0, "x = 0.5"));
        }
        _ => panic!("a row was found"),
    }
}

#[test]
fn a_parameter_under_a_condition_may_have_an_empty_cell_and_a_short_name() {
    let solver = Parameter::new("solver", Domain::Choice(vec![Value::from("adam"), Value::from("sgd")]));
    let momentum = Domain::Choice(vec![Value::Real(0.0), Value::Real(0.9)]);
    let condition = Some(Condition { parameter: "solver".into(), choice: 1 });
    let momentum = Parameter { condition, ..Parameter::new("solver.sgd.momentum", momentum) };
    let space = Space::new(vec![solver, momentum]).unwrap();
    let lines = ["momentum,e1,solver", ",0.1,adam", "0,0.2,sgd", "0.9,0.3,sgd"];
    let table = read(&space, &TableOptions::default(), &lines).unwrap();
    let (simulated, _) = simulate(study(space, SchedulerSpec::Fifo), &table);
    let rewards: Vec<f64> = simulated.study.state().trials().iter().filter_map(|trial| trial.reward).collect();
    assert_eq!(rewards, [0.3, 0.2, 0.1]);
}

#[test]
fn losses_costs_and_cells_without_a_value_count_as_the_options_say() {
    let space = choices(&[1, 2]);
    let lines = ["x,seconds,e1,e2", "1,4,9,0", "2,1,0.5,nan"];
    let cost = Some("seconds".to_owned());
    let options = TableOptions { direction: Direction::Minimise, cost, ..TableOptions::default() };
    let table = read(&space, &options, &lines).unwrap();
    let (_, history) = simulate(study(space.clone(), SchedulerSpec::Fifo), &table);
    let expected = [
        "0 trial 0 starts, x = 1",
        "2 trial 0 reports 1: -9.0",
        "4 trial 0 reports 2: 0.0",
        "4 trial 0 ends: completed",
        "4 trial 1 starts, x = 2",
        "4.5 trial 1 reports 1: -0.5",
        "5 trial 1 ends: failed: the table has no value after epoch 2",
        "5 study Exhausted",
    ];
    assert_eq!(history, expected);
    let table = read(&space, &TableOptions { worst: Some(2.0), ..options }, &lines).unwrap();
    let (_, history) = simulate(study(space, SchedulerSpec::Fifo), &table);
    assert!(history.contains(&"2 trial 0 reports 1: -2.0".to_owned()), "{history:?}");
    assert!(history.contains(&"5 trial 1 reports 2: -2.0".to_owned()), "{history:?}");
}

#[test]
fn rungs_by_fuel_cut_epochs_where_they_lie() {
    let space = choices(&[1, 2, 3]);
    let table = read(&space, &TableOptions::default(), CURVES).unwrap();
    let mut options = HyperbandSpec::new(HyperbandKind::Stopping, 3_000_000_000);
    options.rung_levels = Some(vec![1_500_000_000, 2_500_000_000]);
    let mut spec = study(space, SchedulerSpec::Hyperband(options));
    spec.metrics.time_attr = "fuel".into();
    let (simulated, history) = simulate(spec, &table);
    assert!(history.contains(&"7.5 trial 2 is judged: Stop".to_owned()), "{history:#?}");
    let stopped = &simulated.study.state().trials()[2];
    assert!(matches!(stopped.outcome(), Some(Outcome::Stopped { .. })), "{stopped:?}");
}

#[test]
fn a_table_that_makes_no_sense_is_refused_by_line_and_column() {
    let cost = TableOptions { cost: Some("seconds".into()), ..TableOptions::default() };
    let table: &[(&[&str], &TableOptions, &str)] = &[
        (&["y,e1", "1,2"], &TableOptions::default(), "column `x`: the table has no such column"),
        (&["x,loss", "1,2"], &TableOptions::default(), "column `e1`: the table has no such column"),
        (&["x,e1,e3", "1,2,3"], &TableOptions::default(), "column `e2`: the table has no such column, but it has `e3`"),
        (&["x,e1,e1", "1,2,3"], &TableOptions::default(), "column `e1`: the header names it twice"),
        (&["x,e1", "1,2"], &cost, "column `seconds`: the table has no such column"),
        (&["x,e1,seconds", "1,2,0"], &cost, "line 2, column `seconds`: it must be a number of seconds above 0"),
        (&["x,e1", "1,2", "2,high"], &TableOptions::default(), "line 3, column `e1`: `high` is no number"),
        (
            &["x,e1", ",2"],
            &TableOptions::default(),
            "line 2, column `x`: the cell is empty, but the parameter is active in this row",
        ),
        (&["x,e1", "1"], &TableOptions::default(), "line 2: it has 1 cells, the header has 2"),
        (&["x,e1"], &TableOptions::default(), "it has no rows"),
        (&["x,e1", "8,2"], &TableOptions::default(), "none of its 1 rows lies in the space of the study"),
    ];
    for (lines, options, message) in table {
        let error = read(&choices(&[1, 2]), options, lines).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some(*message), "{lines:?}");
    }
    let integer = Domain::Integer(IntegerRange { lower: 1, upper: 9, log: true });
    let space = Space::new(vec![Parameter::new("x", integer), Parameter::new("y", Domain::Boolean)]).unwrap();
    for (row, message) in [
        ("1.5,true,0", "line 2, column `x`: `1.5` is no integer"),
        ("1,yes,0", "line 2, column `y`: `yes` is no boolean: write true or false"),
    ] {
        let error = read(&space, &TableOptions::default(), &["x,y,e1", row]).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some(message));
    }
    assert!(read(&space, &TableOptions::default(), &["x,y,e1", "2.0,False,0"]).is_ok());
}

#[test]
fn a_study_with_a_constraint_is_refused() {
    let space = choices(&[1]);
    let table = read(&space, &TableOptions::default(), CURVES).unwrap();
    let mut spec = study(space, SchedulerSpec::Fifo);
    spec.metrics.constraint_attr = Some("excess".into());
    let refused = run(spec, &table, |_, _| Ok::<(), Infallible>(()));
    assert!(matches!(refused, Err(SimulationError::Constraint(_))));
}
