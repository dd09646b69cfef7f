//! Searchers from outside: what a study does when one fails, and when what runs one is lost.

use trialbox::numeric::amount::TrialId;
use trialbox::numeric::digest::Digest;
use trialbox::searcher::{
    ComponentSearcherSpec, Observation, RecordedSearcher, Searcher, SearcherFailure, SearcherSpec, SuggestContext,
};
use trialbox::space::Config;
use trialbox::study::{
    AskError, AskTell, EndReason, Entry, Event, Job, Request, SpecError, Study, StudyError, StudySpec,
};

use crate::world::{Disorder, Executor, anything};
use crate::{assert_same_log, outcomes, study_of};

/// Suggests the default configuration until it fails, at its suggestion or its observation of a number.
struct Failing {
    space: trialbox::space::Space,
    suggestions: u64,
    observations: u64,
    failure: SearcherFailure,
    fails_at: At,
    has_failed: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum At {
    Suggestion(u64),
    Observation(u64),
}

impl Searcher for Failing {
    fn suggest(&mut self, _: &SuggestContext) -> Option<Config> {
        self.suggestions += 1;
        self.has_failed |= self.fails_at == At::Suggestion(self.suggestions);
        (!self.has_failed).then(|| self.space.default_config())
    }

    fn observe(&mut self, _: &Observation<'_>) {
        self.observations += 1;
        self.has_failed |= self.fails_at == At::Observation(self.observations);
    }

    fn failure(&self) -> Option<&SearcherFailure> {
        self.has_failed.then_some(&self.failure)
    }
}

fn spec() -> StudySpec {
    let component = ComponentSearcherSpec::new(Digest::of(b"searcher"), 8);
    StudySpec { searcher: SearcherSpec::Component(component), ..study_of(3, 12) }
}

fn searcher(fails_at: At, failure: SearcherFailure) -> Box<dyn Searcher> {
    let space = spec().space;
    Box::new(Failing { space, suggestions: 0, observations: 0, failure, fails_at, has_failed: false })
}

fn study(fails_at: At) -> Study {
    Study::with_searcher(spec(), searcher(fails_at, SearcherFailure::Fault("out of ideas".into()))).unwrap()
}

fn script(job: &Job) -> crate::world::Behaviour {
    anything(5, job)
}

fn log(fails_at: At, disorder: Disorder) -> Vec<Entry> {
    let mut executor = Executor::of(study(fails_at), &script, disorder);
    executor.run();
    executor.log
}

/// The number of trials that were started, and of those that were before the failure.
fn starts(log: &[Entry]) -> (usize, usize) {
    let is_start = |entry: &&Entry| matches!(entry.event, Event::TrialStarted { .. });
    let failure = log.iter().position(|entry| matches!(entry.event, Event::SearcherFailed { .. })).unwrap();
    (log.iter().filter(is_start).count(), log[..failure].iter().filter(is_start).count())
}

const MOMENTS: [(At, usize); 5] = [
    (At::Suggestion(1), 0),
    (At::Suggestion(2), 1),
    (At::Suggestion(7), 6),
    (At::Observation(1), 1),
    (At::Observation(9), 4),
];

#[test]
fn once_the_searcher_has_failed_no_trial_starts_and_those_that_run_go_on_to_their_ends() {
    for (moment, started) in MOMENTS {
        let log = log(moment, Disorder::none());
        let (all, before) = starts(&log);
        assert_eq!((all, outcomes(&log).len()), (before, all), "trials run on");
        assert!(started <= all, "{all} trials for {started}");
        let Event::StudyEnded { reason, .. } = log.last().unwrap().event else { panic!("the study has not ended") };
        assert_eq!(reason, EndReason::SearcherFailed);
        let failures = log.iter().filter(|entry| matches!(entry.event, Event::SearcherFailed { .. })).count();
        assert_eq!(failures, 1);
    }
}

#[test]
fn a_failure_of_the_searcher_stands_at_one_place_of_the_log_in_every_order_and_from_every_prefix() {
    for (moment, _) in MOMENTS {
        let expected = log(moment, Disorder::none());
        for seed in 0..10 {
            assert_same_log(&log(moment, Disorder { kills: 0, ..Disorder::of_seed(seed) }), &expected);
        }
        for kept in 0..=expected.len() {
            let disorder = Disorder { kills: 0, ..Disorder::of_seed(kept as u64) };
            let mut executor = Executor::resumed_of(study(moment), &script, &expected[..kept], disorder);
            executor.run();
            assert_same_log(&executor.log, &expected);
        }
    }
}

#[test]
fn a_log_is_reproduced_by_what_it_says_was_suggested() {
    let expected = log(At::Suggestion(7), Disorder::none());
    let configs = expected.iter().filter_map(|entry| match &entry.event {
        Event::TrialStarted { config, .. } => Some(config.clone()),
        _ => None,
    });
    let recorded = RecordedSearcher::new(configs.collect(), Some("out of ideas".into()));
    let mut study = Study::with_searcher(spec(), Box::new(recorded)).unwrap();
    expected.iter().for_each(|entry| study.reproduce(entry).unwrap());
    assert!(study.is_finished());
    assert_eq!(study.state().searcher_failure(), Some("out of ideas"));
}

#[test]
fn nothing_is_done_after_what_runs_the_searcher_was_lost() {
    for moment in [At::Suggestion(1), At::Suggestion(3), At::Observation(2)] {
        let lost = searcher(moment, SearcherFailure::Lost("it is gone".into()));
        let mut study = Study::with_searcher(spec(), lost).unwrap();
        assert_eq!(study.poll_action(), None);
        let error = StudyError::SearcherLost { message: "it is gone".into() };
        assert_eq!(study.check_searcher(), Err(error.clone()));
        let log = log(At::Suggestion(9), Disorder::none());
        assert_eq!(study.reproduce(&log[0]), Err(error));
    }
}

#[test]
fn a_study_whose_searcher_is_a_component_is_not_made_without_it() {
    let refused = |result: Result<Study, SpecError>| result.err().unwrap().to_string();
    assert!(refused(Study::new(spec())).contains("Study::with_searcher"));
}

#[test]
fn asking_after_the_searcher_has_failed_tells_how() {
    let failing = searcher(At::Suggestion(2), SearcherFailure::Fault("out of ideas".into()));
    let mut session = AskTell::with_searcher(spec(), failing).unwrap();
    session.handle(Request::Ask { bracket: None }).unwrap();
    for _ in 0..2 {
        let refused = session.handle(Request::Ask { bracket: None });
        assert_eq!(refused, Err(AskError::SearcherFailed("out of ideas".into())));
    }
    assert_eq!(session.state().trials().last().map(|trial| trial.trial), Some(TrialId(0)));
}
