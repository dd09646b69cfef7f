//! Ask and tell: the search for trials that run elsewhere. Requests come in, answers go out.
//!
//! It puts a search ([`Search`]) under the order of the requests, and under nothing else: no clock, no fuel and no log. What it
//! is told and what it answers is an interface for users in JSON, which `docs/ask-tell.md` describes; `cli/commands/ask.rs`
//! reads and writes the lines.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::ending::reason_to_close;
use super::event::{EndReason, Event};
use super::search::{Assignment, JobEnd, Search, Start};
use super::{Attribute, Limit, Metrics, Outcome, Report, ReportProblem, SpecError, StopReason, StudySpec, StudyState};
use crate::numeric::amount::{Fuel, JobId, Seed, Slot, TrialId, VirtualTime};
use crate::scheduler::{Comparison, Decision, HyperbandKind, Milestone, Progress, RungEntry, SchedulerSpec, Verdict};
use crate::searcher::{Searcher, SearcherFailure};
use crate::space::{Config, Value};

/// Nothing moves the clock where trials run elsewhere.
const NOW: VirtualTime = VirtualTime(0);
/// Nor is their work counted.
const NO_FUEL: Fuel = Fuel(0);

/// What is asked or told.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// What is to be run next?
    Ask {
        /// The bracket that the job is to be of; else one is drawn.
        #[serde(default)]
        bracket: Option<u32>,
    },
    /// A running job has come so far.
    Report {
        /// The job.
        job: JobId,
        /// What it says.
        #[serde(deserialize_with = "attributes")]
        attributes: Report,
    },
    /// A job is over, and its trial with it, because the training has come to its end.
    End {
        /// The job.
        job: JobId,
    },
    /// A job is over, and its trial with it, because the training has failed.
    Fail {
        /// The job.
        job: JobId,
        /// Why.
        #[serde(default)]
        error: String,
    },
    /// Which trial is the best so far?
    Best {},
    /// What do the rungs hold?
    State {},
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// A job is to be run.
    Job {
        /// Its number.
        job: JobId,
        /// The trial that it runs.
        trial: TrialId,
        /// Whether the trial is new, or was paused before.
        new: bool,
        /// The trial's configuration.
        config: Config,
        /// The bracket that was drawn for the job.
        bracket: Option<u32>,
        /// The milestone that the job reaches first.
        milestone: Option<u64>,
        /// The level at which the trial was paused.
        resume_from: Option<u64>,
        /// All milestones of the bracket, falling.
        milestones: Vec<u64>,
    },
    /// There is nothing to be run before another job has come further.
    Wait {
        /// Always true.
        wait: bool,
    },
    /// No more jobs are started.
    Done {
        /// Always true.
        done: bool,
        /// Why.
        reason: EndReason,
    },
    /// What follows from a report.
    Decided {
        /// What becomes of the trial. But for `continue`, the job is over.
        decision: Decision,
        /// Whether the report reached a milestone.
        milestone: bool,
        /// The milestone after the one reached, if one was.
        next_milestone: Option<u64>,
        /// The cut-off that the reward was compared with, if it was.
        cutoff: Option<f64>,
        /// Whether the report repeats what was known before a promotion.
        ignore_data: bool,
    },
    /// It was taken note of.
    Noted {},
    /// The best trial that has ended or is paused; nothing in any part if none has a reward.
    Best {
        /// The trial.
        trial: Option<TrialId>,
        /// Its configuration.
        config: Option<Config>,
        /// Its reward.
        reward: Option<f64>,
    },
    /// What the rungs hold.
    State {
        /// The rungs, system by system, the highest first.
        rungs: Vec<RungAnswer>,
    },
}

/// A rung with what it holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RungAnswer {
    /// The bracket that it belongs to; none if all share it.
    pub bracket: Option<u32>,
    /// The level of the resource.
    pub level: u64,
    /// The share of its trials that goes on.
    pub promotion_quantile: f64,
    /// Its rewards, in the order in which they came.
    pub entries: Vec<RungEntry>,
}

/// A request that cannot be carried out. Nothing has changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AskError {
    /// The specification is not well formed.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The resource is something that only trialbox counts.
    #[error("`time_attr` is `fuel`, which is counted for components only, not for trials that run elsewhere")]
    TimeIsFuel,
    /// The trials would have replicates.
    #[error("`replicates` is for components only: whoever runs trials elsewhere runs each as often as it should be")]
    Replicates,
    /// The bracket does not exist.
    #[error("there is no bracket {bracket}: the scheduler has {brackets}, counted from 0")]
    NoBracket {
        /// What was asked for.
        bracket: u32,
        /// How many there are.
        brackets: u32,
    },
    /// The searcher has failed, so that no more jobs are started.
    #[error("the searcher has failed: {0}")]
    SearcherFailed(String),
    /// The job was never started.
    #[error("there is no job {job}: {jobs} were started, counted from 0")]
    NoJob {
        /// What was named.
        job: JobId,
        /// How many jobs were started.
        jobs: u64,
    },
    /// The job is over.
    #[error("job {job} (trial {trial}) is over: {over}")]
    JobOver {
        /// The job.
        job: JobId,
        /// Its trial.
        trial: TrialId,
        /// How it came to its end.
        over: JobOver,
    },
    /// The report is too large.
    #[error("report {report} of job {job} (trial {trial}) goes past the limit `{}`, which is {most}", limit.name())]
    TooLarge {
        /// The job.
        job: JobId,
        /// Its trial.
        trial: TrialId,
        /// The number of the report in its job, from 1.
        report: u64,
        /// Which limit.
        limit: Limit,
        /// The limit's value.
        most: u64,
    },
    /// The report says something that the study cannot use.
    #[error("report {report} of job {job} (trial {trial}): {problem}")]
    BadReport {
        /// The job.
        job: JobId,
        /// Its trial.
        trial: TrialId,
        /// The number of the report in its job, from 1.
        report: u64,
        /// What is wrong with it.
        problem: ReportProblem,
    },
}

/// How a job came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobOver {
    /// A report was answered by `stop`.
    Stopped,
    /// A report was answered by `pause`.
    Paused,
    /// It was said to have ended.
    Ended,
    /// It was said to have failed.
    Failed,
}

/// A search for trials that run elsewhere.
pub struct AskTell {
    spec: StudySpec,
    search: Search,
    state: StudyState,
    /// Every job so far; a job's number is its index.
    jobs: Vec<JobRecord>,
    /// How many jobs are not over.
    running: u64,
    /// Why no more jobs are started, once that is so.
    closed: Option<EndReason>,
}

/// What is known of a job.
#[derive(Clone, Copy, Debug)]
struct JobRecord {
    trial: TrialId,
    /// How many of its reports were accepted.
    reports: u64,
    over: Option<JobOver>,
}

impl AskTell {
    /// The search of that specification, at its start.
    ///
    /// # Errors
    /// If the specification is not well formed, or counts fuel.
    pub fn new(spec: StudySpec) -> Result<Self, AskError> {
        let searcher = spec.build_searcher();
        Self::with_searcher(spec, searcher)
    }

    /// The same with a searcher at its start that is the one of the specification.
    ///
    /// # Errors
    /// As [`AskTell::new`].
    pub fn with_searcher(spec: StudySpec, searcher: Box<dyn Searcher>) -> Result<Self, AskError> {
        spec.check()?;
        if spec.metrics.time_is_fuel() {
            return Err(AskError::TimeIsFuel);
        }
        if spec.replicates.count > 1 {
            return Err(AskError::Replicates);
        }
        Ok(Self {
            search: Search::new(&spec, searcher),
            state: StudyState::new(spec.metrics.clone()),
            jobs: Vec::new(),
            running: 0,
            closed: None,
            spec,
        })
    }

    /// Answers a request.
    ///
    /// # Errors
    /// If the request cannot be carried out; nothing has changed then.
    pub fn handle(&mut self, request: Request) -> Result<Answer, AskError> {
        match request {
            Request::Ask { bracket } => self.ask(bracket),
            Request::Report { job, attributes } => self.report(job, attributes),
            Request::End { job } => self.end(job),
            Request::Fail { job, error } => self.fail(job, &error),
            Request::Best {} => Ok(self.best()),
            Request::State {} => Ok(self.rungs()),
        }
    }

    /// The state after all requests so far.
    #[must_use]
    pub fn state(&self) -> &StudyState {
        &self.state
    }

    fn ask(&mut self, bracket: Option<u32>) -> Result<Answer, AskError> {
        self.check_bracket(bracket)?;
        let (spec, state) = (&self.spec, &self.state);
        let reason = |jobs| reason_to_close(spec, state, NOW, jobs);
        self.closed = self.closed.or_else(|| reason(state.jobs()));
        if let Some(reason) = self.closed {
            return Ok(Answer::Done { done: true, reason });
        }
        let assignment = match self.search.searcher().failure() {
            None => self.search.next_job(NOW, bracket, |jobs| reason(jobs).is_none()),
            Some(_) => None,
        };
        if let (None, Some(SearcherFailure::Fault(message) | SearcherFailure::Lost(message))) =
            (&assignment, self.search.searcher().failure())
        {
            return Err(AskError::SearcherFailed(message.clone()));
        }
        match assignment {
            Some(assignment) => Ok(self.start(assignment)),
            // The scheduler waits for what runs, or that may be paused and promoted yet.
            None if self.running > 0 && (self.has_promotions() || !self.search.is_exhausted()) => {
                Ok(Answer::Wait { wait: true })
            }
            None => {
                let reason = EndReason::Exhausted;
                self.closed = Some(reason);
                Ok(Answer::Done { done: true, reason })
            }
        }
    }

    fn check_bracket(&self, bracket: Option<u32>) -> Result<(), AskError> {
        let brackets = match &self.spec.scheduler {
            SchedulerSpec::Hyperband(hyperband) => hyperband.num_brackets(),
            SchedulerSpec::Fifo | SchedulerSpec::Rl(_) => 0,
        };
        match bracket {
            Some(bracket) if bracket >= brackets => Err(AskError::NoBracket { bracket, brackets }),
            _ => Ok(()),
        }
    }

    fn has_promotions(&self) -> bool {
        match &self.spec.scheduler {
            SchedulerSpec::Hyperband(hyperband) => hyperband.kind == HyperbandKind::Promotion,
            SchedulerSpec::Fifo | SchedulerSpec::Rl(_) => false,
        }
    }

    fn start(&mut self, assignment: Assignment) -> Answer {
        let Assignment { trial, start, placement } = assignment;
        let job = JobId(self.jobs.len() as u64);
        self.jobs.push(JobRecord { trial, reports: 0, over: None });
        self.running += 1;
        let (slot, time, bracket, milestone) = (Slot(0), NOW, placement.bracket, placement.milestone);
        let (config, resume_from) = match start {
            Start::New(config) => {
                // Nobody is given the seed: what trials that run elsewhere draw is their own concern.
                let seed = Seed(0);
                let started =
                    Event::TrialStarted { trial, slot, time, seed, config: config.clone(), bracket, milestone };
                self.state.apply(&started);
                (config, None)
            }
            Start::Promoted { resume_from } => {
                self.state.apply(&Event::TrialResumed { trial, slot, time, resume_from, bracket, milestone });
                let config = self.state.trial(trial).map(|record| record.config.clone()).unwrap_or_default();
                (config, Some(resume_from))
            }
        };
        let new = resume_from.is_none();
        Answer::Job { job, trial, new, config, bracket, milestone, resume_from, milestones: placement.milestones }
    }

    fn report(&mut self, job: JobId, mut report: Report) -> Result<Answer, AskError> {
        let JobRecord { trial, reports, .. } = self.running_job(job)?;
        let number = reports + 1;
        if let Some(limit) = self.exceeded(&report) {
            let most = self.spec.limits.get(limit);
            return Err(AskError::TooLarge { job, trial, report: number, limit, most });
        }
        let bad = |problem| AskError::BadReport { job, trial, report: number, problem };
        let is_at_start = is_at_start(&report, &self.spec.metrics);
        if is_at_start {
            // No time that could be read as one: nothing has been spent.
            report.attributes.retain(|attribute| attribute.name != self.spec.metrics.time_attr);
        }
        let readings = report.read_for(&self.spec, NO_FUEL).map_err(bad)?;
        let progress = Progress { trial, time: readings.time.or(is_at_start.then_some(0)), reward: readings.reward };
        let judged = self.search.on_report(&progress, readings.constraint);
        let verdict = judged.map_err(|problem| bad(ReportProblem::Unplaceable(problem)))?;
        if let Some(record) = self.job_mut(job) {
            record.reports = number;
        }
        // What is repeated before a promotion's new reports must not take the place of what was reached.
        if !verdict.ignore_data {
            let (decision, searcher_info) = (verdict.decision, Vec::new());
            self.state.apply(&Event::Reported { trial, time: NOW, fuel: NO_FUEL, report, searcher_info, decision });
        }
        self.follow(job, trial, &verdict);
        Ok(Answer::Decided {
            decision: verdict.decision,
            milestone: verdict.milestone.is_some(),
            next_milestone: verdict.next_milestone,
            cutoff: cutoff(&verdict),
            ignore_data: verdict.ignore_data,
        })
    }

    /// The limit that the report goes past, if it does.
    fn exceeded(&self, report: &Report) -> Option<Limit> {
        let limits = &self.spec.limits;
        let is_past = |limit: Limit, length: usize| length as u64 > limits.get(limit);
        if is_past(Limit::AttributesMax, report.attributes.len()) {
            return Some(Limit::AttributesMax);
        }
        report.attributes.iter().find_map(|attribute| match &attribute.value {
            _ if is_past(Limit::AttributeNameBytesMax, attribute.name.len()) => Some(Limit::AttributeNameBytesMax),
            Value::Text(text) if is_past(Limit::AttributeTextBytesMax, text.len()) => {
                Some(Limit::AttributeTextBytesMax)
            }
            _ => None,
        })
    }

    /// Does what was decided.
    fn follow(&mut self, job: JobId, trial: TrialId, verdict: &Verdict) {
        match (verdict.decision, verdict.milestone) {
            (Decision::Continue, _) => {}
            (Decision::Pause, milestone) => {
                let level = match milestone {
                    Some(Milestone::Rung(level)) => level,
                    _ => 0,
                };
                self.state.apply(&Event::TrialPaused { trial, time: NOW, fuel: NO_FUEL, level });
                self.leave(job, trial, JobOver::Paused, JobEnd::Paused);
            }
            (Decision::Stop, Some(Milestone::MaxT)) => {
                self.finish(job, trial, JobOver::Stopped, Outcome::Stopped { reason: StopReason::MaxT });
            }
            (Decision::Stop, _) => {
                self.finish(job, trial, JobOver::Stopped, Outcome::Stopped { reason: StopReason::Scheduler });
            }
        }
    }

    fn end(&mut self, job: JobId) -> Result<Answer, AskError> {
        let JobRecord { trial, over, .. } = self.job(job)?;
        match over {
            None => {}
            // It came to its end because it was told to.
            Some(JobOver::Stopped | JobOver::Paused) => return Ok(Answer::Noted {}),
            Some(over) => return Err(AskError::JobOver { job, trial, over }),
        }
        self.finish(job, trial, JobOver::Ended, self.state.outcome_at_end(trial));
        Ok(Answer::Noted {})
    }

    fn fail(&mut self, job: JobId, error: &str) -> Result<Answer, AskError> {
        let JobRecord { trial, .. } = self.running_job(job)?;
        let outcome = Outcome::failed(error, self.spec.limits.failure_bytes_max);
        self.finish(job, trial, JobOver::Failed, outcome);
        Ok(Answer::Noted {})
    }

    /// Ends a running job, and its trial with it.
    fn finish(&mut self, job: JobId, trial: TrialId, over: JobOver, outcome: Outcome) {
        let end = if outcome.is_failure() { JobEnd::Failed } else { JobEnd::Ended };
        let (time, fuel, artifacts) = (NOW, NO_FUEL, Vec::new());
        self.state.apply(&Event::TrialEnded { trial, time, fuel, outcome, artifacts });
        self.leave(job, trial, over, end);
    }

    fn leave(&mut self, job: JobId, trial: TrialId, over: JobOver, end: JobEnd) {
        if let Some(record) = self.job_mut(job) {
            record.over = Some(over);
        }
        self.running -= 1;
        self.search.on_job_end(trial, end);
    }

    fn best(&self) -> Answer {
        let best = self.state.best();
        let record = best.and_then(|best| self.state.trial(best.trial));
        Answer::Best {
            trial: best.map(|best| best.trial),
            config: record.map(|record| record.config.clone()),
            reward: best.map(|best| best.reward),
        }
    }

    fn rungs(&self) -> Answer {
        let rungs = self.search.rungs().into_iter().flat_map(|system| {
            let bracket = system.bracket;
            system.rungs.into_iter().map(move |rung| RungAnswer {
                bracket,
                level: rung.level,
                promotion_quantile: rung.promotion_quantile,
                entries: rung.entries,
            })
        });
        Answer::State { rungs: rungs.collect() }
    }

    fn job(&self, job: JobId) -> Result<JobRecord, AskError> {
        let index = usize::try_from(job.0).ok();
        index.and_then(|index| self.jobs.get(index)).copied().ok_or_else(|| self.no_job(job))
    }

    fn job_mut(&mut self, job: JobId) -> Option<&mut JobRecord> {
        self.jobs.get_mut(usize::try_from(job.0).ok()?)
    }

    fn running_job(&self, job: JobId) -> Result<JobRecord, AskError> {
        let record = self.job(job)?;
        match record.over {
            None => Ok(record),
            Some(over) => Err(AskError::JobOver { job, trial: record.trial, over }),
        }
    }

    fn no_job(&self, job: JobId) -> AskError {
        AskError::NoJob { job, jobs: self.jobs.len() as u64 }
    }
}

fn cutoff(verdict: &Verdict) -> Option<f64> {
    match verdict.comparison {
        Some(Comparison::Cutoff { cutoff, .. }) => cutoff,
        _ => None,
    }
}

/// Whether the report is one from before the first epoch, at 0 of the resource: below every milestone, so that nothing
/// follows from it, as in the original.
fn is_at_start(report: &Report, metrics: &Metrics) -> bool {
    match report.get(&metrics.time_attr) {
        Some(Value::Integer(time)) => *time == 0,
        Some(Value::Real(time)) => *time == 0.0,
        _ => false,
    }
}

/// Reads an object of names and values.
fn attributes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Report, D::Error> {
    deserializer.deserialize_map(AttributesVisitor)
}

struct AttributesVisitor;

impl<'de> Visitor<'de> for AttributesVisitor {
    type Value = Report;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of names and values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Report, A::Error> {
        let mut names = BTreeSet::new();
        let mut attributes = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Option<Value>>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom(format!("the attribute `{name}` is given twice")));
            }
            // What is null is not said.
            attributes.extend(value.map(|value| Attribute { name, value }));
        }
        Ok(Report { attributes })
    }
}

impl fmt::Display for JobOver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Stopped => "it was told to stop",
            Self::Paused => "it was told to pause; if its trial is promoted, that is another job",
            Self::Ended => "it was said to have ended",
            Self::Failed => "it was said to have failed",
        })
    }
}
