//! What a study tries first, and whether it tries a configuration again, with each searcher.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a test, no library")]
#![allow(clippy::needless_pass_by_value, clippy::use_self, reason = "brevity")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "a test, no library")]

use std::collections::BTreeSet;

use trialbox::numeric::amount::{Seed, TrialId};
use trialbox::numeric::digest::Digest;
use trialbox::searcher::{BayesoptSpec, GridSpec, RandomSpec, SearcherSpec};
use trialbox::space::{Condition, Config, Domain, IntegerRange, Parameter, Space, Value};
use trialbox::study::{Answer, AskTell, Attribute, Report, Request, SpecError, Study, StudySpec, TrialSeeds};

/// Twelve configurations: depth 1 to 4, and a width under one of two kinds.
fn space() -> Space {
    let depth = Domain::Integer(IntegerRange { lower: 1, upper: 4, log: false });
    let width = Domain::Integer(IntegerRange { lower: 1, upper: 2, log: false });
    let kind = Domain::Choice(vec![Value::from("plain"), Value::from("wide")]);
    let under_wide = Some(Condition { parameter: "kind".into(), choice: 1 });
    let width = Parameter { condition: under_wide, ..Parameter::new("width", width) };
    Space::new(vec![Parameter::new("depth", depth), Parameter::new("kind", kind), width]).unwrap()
}

fn partial(pairs: &[(&str, Value)]) -> Config {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn point(depth: i64, kind: &str) -> Config {
    space().completed(&partial(&[("depth", Value::Integer(depth)), ("kind", Value::from(kind))])).unwrap()
}

fn searchers() -> [SearcherSpec; 3] {
    [
        SearcherSpec::Random(RandomSpec::default()),
        SearcherSpec::Grid(GridSpec { points: 5 }),
        SearcherSpec::Bayesopt(BayesoptSpec::default()),
    ]
}

fn study(searcher: SearcherSpec, points_to_evaluate: Vec<Config>) -> StudySpec {
    let spec = StudySpec::new("points", space(), Digest::of(b""));
    StudySpec { searcher, points_to_evaluate, num_trials: Some(40), ..spec }
}

/// The configurations of a study's trials, each of which has a reward.
fn configs(spec: StudySpec) -> Vec<Config> {
    let mut asked = AskTell::new(spec).unwrap();
    let mut configs = Vec::new();
    while let Answer::Job { job, config, .. } = asked.handle(Request::Ask { bracket: None }).unwrap() {
        let reward = config.get("depth").and_then(Value::as_number).unwrap() / 10.0;
        let attribute = |name: &str, value| Attribute { name: name.into(), value };
        let attributes = vec![attribute("epoch", Value::Integer(1)), attribute("accuracy", Value::Real(reward))];
        asked.handle(Request::Report { job, attributes: Report { attributes } }).unwrap();
        asked.handle(Request::End { job }).unwrap();
        configs.push(config);
    }
    configs
}

fn distinct(configs: &[Config]) -> usize {
    configs.iter().map(Config::to_string).collect::<BTreeSet<_>>().len()
}

#[test]
fn points_come_first_and_no_searcher_suggests_them_again() {
    let points = vec![point(3, "wide"), point(1, "plain"), point(3, "wide"), point(4, "plain")];
    for searcher in searchers() {
        let configs = configs(study(searcher.clone(), points.clone()));
        let expected = [&points[0], &points[1], &points[3]];
        assert_eq!(configs.iter().take(3).collect::<Vec<_>>(), expected, "{searcher:?}");
        // To the last configuration, each once.
        assert_eq!((configs.len(), distinct(&configs)), (12, 12), "{searcher:?}");
    }
}

#[test]
fn with_points_the_default_configuration_is_not_first_unless_it_is_one() {
    let default = space().default_config();
    for searcher in searchers().into_iter().filter(SearcherSpec::can_repeat) {
        assert_eq!(configs(study(searcher.clone(), Vec::new()))[0], default);
        let first = configs(study(searcher.clone(), vec![point(4, "wide")]));
        assert_eq!(first[0], point(4, "wide"));
        assert_ne!(first[1], default, "{searcher:?}");
        assert_eq!(configs(study(searcher, vec![default.clone()]))[0], default);
    }
}

#[test]
fn where_duplicates_are_allowed_a_small_space_is_never_exhausted() {
    let points = vec![point(3, "wide"), point(3, "wide")];
    for searcher in searchers().into_iter().filter(SearcherSpec::can_repeat) {
        let spec = StudySpec { allow_duplicates: true, ..study(searcher.clone(), points.clone()) };
        let configs = configs(spec);
        assert_eq!(configs[..2], points);
        assert_eq!(configs.len(), 40);
        assert!(distinct(&configs) > 2, "{searcher:?}");
    }
}

#[test]
fn points_are_known_ahead_also_where_the_searcher_learns() {
    let points = vec![point(3, "wide"), point(1, "plain"), point(2, "plain")];
    let mut spec = study(SearcherSpec::Bayesopt(BayesoptSpec::default()), points.clone());
    spec.capacity.cpus = 1;
    let mut study = Study::new(spec).unwrap();
    let early: Vec<(TrialId, Config)> =
        std::iter::from_fn(|| study.start_early()).map(|job| (job.trial, job.config)).collect();
    assert_eq!(early, [(TrialId(1), points[1].clone()), (TrialId(2), points[2].clone())]);
}

#[test]
fn a_partial_configuration_is_completed_by_defaults() {
    let space = space();
    assert_eq!(space.completed(&Config::default()).unwrap(), space.default_config());
    let wide = space.completed(&partial(&[("kind", Value::from("wide"))])).unwrap();
    assert_eq!(wide.to_string(), "depth = 2, kind = wide, width = 2");
    for (given, parameter) in [
        (vec![("depth", Value::Integer(5))], "depth"),
        (vec![("depth", Value::Real(1.0))], "depth"),
        (vec![("height", Value::Integer(1))], "height"),
        (vec![("width", Value::Integer(1))], "width"),
        (vec![("kind", Value::from("plain")), ("width", Value::Integer(1))], "width"),
    ] {
        assert_eq!(space.completed(&partial(&given)).unwrap_err().parameter, parameter);
    }
}

#[test]
fn points_that_are_none_of_the_space_are_refused_by_number() {
    let foreign = partial(&[("height", Value::Integer(1))]);
    let spec = study(SearcherSpec::default(), vec![point(1, "plain"), foreign]);
    assert!(matches!(spec.check(), Err(SpecError::Point { number: 2, .. })));
    let many = vec![point(1, "plain"); trialbox::study::POINTS_MAX + 1];
    assert!(matches!(study(SearcherSpec::default(), many).check(), Err(SpecError::TooManyPoints(10_001))));
    let grid = SearcherSpec::Grid(GridSpec { points: 5 });
    let spec = StudySpec { allow_duplicates: true, ..study(grid, Vec::new()) };
    assert_eq!(spec.check(), Err(SpecError::NoDuplicates("grid")));
}

#[test]
fn trials_have_seeds_of_their_own_or_one_for_all() {
    let seeds = |trial_seeds| -> Vec<Seed> {
        let study = Study::new(StudySpec { trial_seeds, ..study(SearcherSpec::default(), Vec::new()) }).unwrap();
        study.running().map(|job| job.seed).collect()
    };
    let (own, common) = (seeds(TrialSeeds::PerTrial), seeds(TrialSeeds::PerStudy));
    assert_eq!(own.iter().collect::<BTreeSet<_>>().len(), 8);
    // The first trial is the same in both.
    assert_eq!(common, [own[0]; 8]);
}
