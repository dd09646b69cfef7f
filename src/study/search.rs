//! The search itself: a searcher and a scheduler, and what each is told of the other's trials.
//!
//! It knows no slots, no fuel and no log: the machine ([`super::Study`]) puts it under the study's clock. Neither searcher nor
//! scheduler knows that there is another.

use std::collections::{BTreeSet, VecDeque};

use crate::numeric::amount::{TrialId, VirtualTime};
use crate::numeric::by_trial::ByTrial;
use crate::scheduler::{
    Decision, NextJob, Placement, PlacementProblem, Progress, RungSystemState, Scheduler, SearcherData, Verdict,
};
use crate::searcher::{Observation, ObservationKind, Searcher, SuggestContext};
use crate::space::Config;

use super::StudySpec;

/// A searcher and a scheduler at work.
pub(super) struct Search {
    searcher: Box<dyn Searcher>,
    scheduler: Box<dyn Scheduler>,
    feed: Feed,
    delay_get_config: bool,
    /// How many trials were started.
    trials: u64,
    /// How many jobs were started: trials, and promotions of paused ones.
    jobs: u64,
    /// The configurations of the next trials, as far as they were chosen ahead; none where there are no more.
    ahead: VecDeque<Option<Config>>,
    exhausted: bool,
    /// The job of each running trial.
    open: ByTrial<OpenJob>,
    /// The configurations of paused trials.
    paused: ByTrial<Config>,
}

/// A job that is not over.
struct OpenJob {
    config: Config,
    told: Told,
}

/// Which rewards the searcher is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Feed {
    /// The last of each trial, when it has ended.
    AtEnd,
    /// As `searcher_data` says.
    Reports(SearcherData),
}

/// What a searcher was last told of a trial's job.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    /// The level of its latest reward, if that is to be withdrawn for the next.
    provisional: Option<u64>,
    /// A reward that the searcher was not told.
    withheld: Option<Reached>,
}

/// What a report says that a searcher may learn.
#[derive(Clone, Copy, Debug)]
struct Reached {
    level: Option<u64>,
    reward: f64,
    constraint: Option<f64>,
}

impl Reached {
    fn kind(self) -> ObservationKind {
        let Self { level, reward, constraint } = self;
        ObservationKind::Rewarded { level, reward, constraint }
    }
}

/// What a free slot does next.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Assignment {
    /// The trial.
    pub(super) trial: TrialId,
    /// Whether the trial is new, with its configuration, or was paused.
    pub(super) start: Start,
    /// Where it stands among the rungs.
    pub(super) placement: Placement,
}

/// How a job comes about.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Start {
    /// It is the first of a new trial, of this configuration.
    New(Config),
    /// It goes on with a trial that was paused.
    Promoted {
        /// The level at which it was paused.
        resume_from: u64,
    },
}

impl Search {
    /// The search of that specification by that searcher, both at their start.
    pub(super) fn new(spec: &StudySpec, mut searcher: Box<dyn Searcher>) -> Self {
        if spec.allow_duplicates {
            searcher.allow_duplicates();
        }
        let points = first_points(spec);
        points.iter().for_each(|point| searcher.note_point(point));
        Self {
            searcher,
            scheduler: spec.scheduler.build(),
            feed: spec.scheduler.searcher_data().map_or(Feed::AtEnd, Feed::Reports),
            // A configuration chosen ahead would be of the round before.
            delay_get_config: spec.delay_get_config || spec.scheduler.has_rounds(),
            trials: 0,
            jobs: 0,
            ahead: points.into_iter().map(Some).collect(),
            exhausted: false,
            open: ByTrial::default(),
            paused: ByTrial::default(),
        }
    }

    /// What a free slot does at `elapsed`; nothing if the scheduler has it wait, or if every configuration was suggested and no trial
    /// is to be promoted now.
    /// `bracket` forces the draw of a bracket; `more` says whether another job may follow this one.
    pub(super) fn next_job(
        &mut self,
        elapsed: VirtualTime,
        bracket: Option<u32>,
        more: impl FnOnce(u64) -> bool,
    ) -> Option<Assignment> {
        let (trial, start, placement) = match self.scheduler.next_job(bracket) {
            NextJob::Resume { trial, resume_from, placement } => (trial, Start::Promoted { resume_from }, placement),
            NextJob::Wait => return None,
            NextJob::Start(placement) => {
                let trial = TrialId(self.trials);
                let config = self.next_config(trial, elapsed, placement.milestone)?;
                self.trials += 1;
                self.scheduler.on_trial_start(trial, &placement);
                (trial, Start::New(config), placement)
            }
        };
        self.jobs += 1;
        let config = match &start {
            Start::New(config) => config.clone(),
            Start::Promoted { .. } => self.paused.remove(trial).unwrap_or_default(),
        };
        self.open(trial, config, placement.milestone);
        let is_new = matches!(start, Start::New(_));
        if is_new && !self.delay_get_config && self.ahead.is_empty() && more(self.jobs) {
            let context = SuggestContext { trial: TrialId(trial.0 + 1), elapsed, milestone: None };
            self.ahead.push_back(self.searcher.suggest(&context));
        }
        Some(Assignment { trial, start, placement })
    }

    /// How many trials were started.
    pub(super) fn trials(&self) -> u64 {
        self.trials
    }

    /// The configuration of the trial that is started after so many others, if that can be told now.
    pub(super) fn foresee(&mut self, others: u64) -> Option<Config> {
        if self.exhausted {
            return None;
        }
        let others = usize::try_from(others).ok()?;
        while self.searcher.is_oblivious() && self.ahead.len() <= others && self.ahead.back() != Some(&None) {
            let trial = TrialId(self.trials + self.ahead.len() as u64);
            let context = SuggestContext { trial, elapsed: VirtualTime(0), milestone: None };
            let suggestion = self.searcher.suggest(&context);
            self.ahead.push_back(suggestion);
        }
        self.ahead.get(others)?.clone()
    }

    /// Decides on a report of a running trial. `constraint` is by how much it goes past the study's constraint, if it says.
    ///
    /// # Errors
    /// If the report cannot be placed; nothing has changed then.
    pub(super) fn on_report(
        &mut self,
        progress: &Progress,
        constraint: Option<f64>,
    ) -> Result<Verdict, PlacementProblem> {
        let verdict = self.scheduler.on_report(progress)?;
        if let Some(reward) = progress.reward {
            self.feed(progress.trial, Reached { level: progress.time, reward, constraint }, &verdict);
        }
        Ok(verdict)
    }

    /// The milestone to which the trial would go on if that report were decided on now.
    pub(super) fn forecast(&self, progress: &Progress) -> Option<u64> {
        self.scheduler.forecast(progress)
    }

    /// Takes note that a trial's job is over: paused, stopped or ended by itself, then with its last reward.
    pub(super) fn on_job_end(&mut self, trial: TrialId, end: JobEnd) {
        self.scheduler.on_job_end(trial);
        let Some(OpenJob { config, told }) = self.open.remove(trial) else { return };
        let mut tell = |kind| self.searcher.observe(&Observation { trial, config: &config, kind });
        if end == JobEnd::Failed {
            tell(ObservationKind::Failed);
        }
        if let Some(reached) = told.withheld.filter(|_| end != JobEnd::Paused) {
            tell(reached.kind());
        }
        tell(ObservationKind::JobEnded);
        if end == JobEnd::Paused {
            self.paused.insert(trial, config);
        }
    }

    /// Whether every configuration of the space was suggested.
    pub(super) fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    /// The rungs, one item a system; empty where there are none.
    pub(super) fn rungs(&self) -> Vec<RungSystemState> {
        self.scheduler.rungs()
    }

    /// The searcher, to ask about its model.
    pub(super) fn searcher(&self) -> &dyn Searcher {
        self.searcher.as_ref()
    }

    fn next_config(&mut self, trial: TrialId, elapsed: VirtualTime, milestone: Option<u64>) -> Option<Config> {
        if self.exhausted {
            return None;
        }
        let config = match self.ahead.pop_front() {
            Some(suggestion) => suggestion,
            None => self.searcher.suggest(&SuggestContext { trial, elapsed, milestone }),
        };
        self.exhausted = config.is_none();
        config
    }

    /// Takes note of a new job, at the end of which or at whose `level` a reward is to come.
    fn open(&mut self, trial: TrialId, config: Config, level: Option<u64>) {
        self.searcher.observe(&Observation { trial, config: &config, kind: ObservationKind::Pending { level } });
        self.open.insert(trial, OpenJob { config, told: Told::default() });
    }

    /// Passes a reward on to the searcher, now or later, as `searcher_data` says.
    fn feed(&mut self, trial: TrialId, reached: Reached, verdict: &Verdict) {
        if verdict.ignore_data {
            return;
        }
        let level = reached.level;
        let Some(OpenJob { config, told }) = self.open.get_mut(trial) else { return };
        let mut tell = |kind| self.searcher.observe(&Observation { trial, config, kind });
        let at_milestone = verdict.milestone.is_some();
        let next = match self.feed {
            Feed::AtEnd => {
                told.withheld = Some(reached);
                return;
            }
            // Nothing was spent, so there is nothing to learn from.
            Feed::Reports(_) if level == Some(0) => return,
            Feed::Reports(SearcherData::Rungs) if !at_milestone => {
                told.withheld = Some(reached);
                return;
            }
            Feed::Reports(SearcherData::Rungs) => verdict.next_milestone,
            Feed::Reports(_) => level.map(|level| level.saturating_add(1)),
        };
        let earlier = std::mem::take(told);
        if self.feed == Feed::Reports(SearcherData::RungsAndLast) {
            if let Some(level) = earlier.provisional {
                tell(ObservationKind::Withdrawn { level });
            }
            told.provisional = level.filter(|_| !at_milestone);
        }
        tell(reached.kind());
        if verdict.decision == Decision::Continue && next.is_some() {
            tell(ObservationKind::Pending { level: next });
        }
    }
}

/// The configurations that are tried before the searcher is asked.
fn first_points(spec: &StudySpec) -> Vec<Config> {
    let mut seen = BTreeSet::new();
    let points = spec.points_to_evaluate.iter();
    points.filter(|point| spec.allow_duplicates || seen.insert(point.key())).cloned().collect()
}

/// How a trial's job came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobEnd {
    /// The trial is paused and may be promoted.
    Paused,
    /// The trial has ended.
    Ended,
    /// The trial has failed.
    Failed,
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::numeric::digest::Digest;
    use crate::scheduler::{HyperbandKind, HyperbandSpec, SchedulerSpec};
    use crate::space::Space;

    /// Notes down what it is told.
    struct Listener(Arc<Mutex<Vec<ObservationKind>>>);

    impl Searcher for Listener {
        fn suggest(&mut self, _: &SuggestContext) -> Option<Config> {
            Some(Config::default())
        }

        fn observe(&mut self, observation: &Observation<'_>) {
            self.0.lock().unwrap().push(observation.kind);
        }
    }

    /// What a searcher is told of a trial that reports rewards 0.1, 0.2, … with constraints 1, 2, … and then ends so.
    fn told(scheduler: SchedulerSpec, reports: u64, end: JobEnd) -> Vec<ObservationKind> {
        let space = Space::new(Vec::new()).unwrap();
        let spec = StudySpec { scheduler, ..StudySpec::new("told", space, Digest::of(b"")) };
        let heard = Arc::new(Mutex::new(Vec::new()));
        let mut search = Search::new(&spec, Box::new(Listener(heard.clone())));
        let job = search.next_job(VirtualTime(0), None, |_| true).unwrap();
        for time in 1..=reports {
            let reward = Some(time as f64 / 10.0);
            search.on_report(&Progress { trial: job.trial, time: Some(time), reward }, Some(time as f64)).unwrap();
        }
        search.on_job_end(job.trial, end);
        std::mem::take(&mut *heard.lock().unwrap())
    }

    fn stopping(searcher_data: SearcherData) -> SchedulerSpec {
        SchedulerSpec::Hyperband(HyperbandSpec { searcher_data, ..HyperbandSpec::new(HyperbandKind::Stopping, 9) })
    }

    const fn pending(level: u64) -> ObservationKind {
        ObservationKind::Pending { level: Some(level) }
    }

    const fn rewarded(level: u64, reward: f64) -> ObservationKind {
        ObservationKind::Rewarded { level: Some(level), reward, constraint: Some(level as f64) }
    }

    #[test]
    fn with_fifo_the_last_reward_is_told_when_the_trial_has_ended() {
        let start = ObservationKind::Pending { level: None };
        let expected = [start, rewarded(2, 0.2), ObservationKind::JobEnded];
        assert_eq!(told(SchedulerSpec::Fifo, 2, JobEnd::Ended), expected);
        let failed = [start, ObservationKind::Failed, rewarded(2, 0.2), ObservationKind::JobEnded];
        assert_eq!(told(SchedulerSpec::Fifo, 2, JobEnd::Failed), failed);
    }

    #[test]
    fn rewards_at_rungs_are_told_and_that_of_an_early_end() {
        let rungs = vec![pending(1), rewarded(1, 0.1), pending(3), rewarded(3, 0.3), pending(9)];
        let ended = [rungs.clone(), vec![rewarded(4, 0.4), ObservationKind::JobEnded]].concat();
        assert_eq!(told(stopping(SearcherData::Rungs), 4, JobEnd::Ended), ended);
        let paused = [rungs, vec![ObservationKind::JobEnded]].concat();
        assert_eq!(told(stopping(SearcherData::Rungs), 4, JobEnd::Paused), paused);
    }

    #[test]
    fn all_rewards_are_told_each_with_the_next_to_come() {
        let expected =
            [pending(1), rewarded(1, 0.1), pending(2), rewarded(2, 0.2), pending(3), ObservationKind::JobEnded];
        assert_eq!(told(stopping(SearcherData::All), 2, JobEnd::Ended), expected);
    }

    #[test]
    fn a_reward_between_rungs_is_withdrawn_for_the_next() {
        let withdrawn = |level| ObservationKind::Withdrawn { level };
        let expected = [
            vec![pending(1), rewarded(1, 0.1), pending(2), rewarded(2, 0.2), pending(3)],
            vec![withdrawn(2), rewarded(3, 0.3), pending(4), rewarded(4, 0.4), pending(5)],
            vec![withdrawn(4), rewarded(5, 0.5), pending(6), ObservationKind::JobEnded],
        ];
        assert_eq!(told(stopping(SearcherData::RungsAndLast), 5, JobEnd::Ended), expected.concat());
    }
}
