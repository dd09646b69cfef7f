//! Why a trial went on, was paused or ended: the decisions of a log on one trial, each with what it rested on.
//!
//! Runs a log through the machine ([`Study`]) and looks at the rungs where the trial is decided on.

use serde::Serialize;

use super::{Entry, Event, Outcome, SpecError, Study, StudyError, StudySpec, TrialRecord};
use crate::numeric::amount::{TrialId, VirtualTime};
use crate::numeric::float::Rank;
use crate::scheduler::{Comparison, Decision, Milestone, RungEntry, RungState};

/// Something that was decided on a trial.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// When.
    pub time: VirtualTime,
    /// What, and why.
    #[serde(flatten)]
    pub step: Step,
}

/// A step on a trial's way.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// It was started.
    Started {
        /// The bracket that was drawn for it, if there are brackets.
        bracket: Option<u32>,
        /// The level where it is compared first, if it is.
        milestone: Option<u64>,
    },
    /// It was compared at a rung.
    Compared {
        /// What became of it.
        decision: Decision,
        /// Where it goes on to, or would have.
        next_milestone: Option<u64>,
        /// How it stood.
        standing: Standing,
    },
    /// It used all of the resource.
    ReachedMaxT {
        /// How much.
        resource: Option<u64>,
    },
    /// It was paused and goes on.
    Promoted {
        /// The next level where it is compared.
        milestone: Option<u64>,
        /// How it stood where it waited.
        standing: Option<Standing>,
    },
    /// It is paused still.
    Waits {
        /// How it stands where it waits.
        standing: Option<Standing>,
    },
    /// It ended.
    Ended {
        /// How.
        outcome: Outcome,
    },
}

/// How a trial stands among those that have reached a rung.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standing {
    /// The bracket whose rung it is; none for one that all brackets share.
    pub bracket: Option<u32>,
    /// The level of the rung.
    pub level: u64,
    /// The trial's reward there.
    pub reward: f64,
    /// How many of the rung's rewards are greater, plus one; where trials are promoted, of equals the first to come is the
    /// greater.
    pub rank: u64,
    /// How many rewards the rung holds, the trial's included.
    pub entries: u64,
    /// The trial with the greatest of them.
    pub best: RungEntry,
    /// The share of the rung's trials that is to go on.
    pub quantile: f64,
    /// The rule that decided.
    #[serde(flatten)]
    pub rule: Rule,
}

/// A rule that decides at rungs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Rule {
    /// Below the cut-off of the rewards that came before a trial is stopped.
    Cutoff {
        /// The cut-off; none for the first to come.
        cutoff: Option<f64>,
    },
    /// The best so many go on.
    Top {
        /// How many rewards the rung must hold before any goes on.
        entries_min: u64,
        /// How many go on.
        places: u64,
        /// The least reward among them, if there are any.
        least: Option<f64>,
    },
}

/// Follows a log and notes what is decided on one trial.
pub struct Explainer {
    study: Study,
    trial: TrialId,
    explanations: Vec<Explanation>,
}

impl Explainer {
    /// Before the first event of a log of that specification.
    ///
    /// # Errors
    /// If the specification is not well formed.
    pub fn new(spec: StudySpec, trial: TrialId) -> Result<Self, SpecError> {
        Ok(Self::of(Study::new(spec)?, trial))
    }

    /// The same with a study that was just made.
    #[must_use]
    pub fn of(study: Study, trial: TrialId) -> Self {
        Self { study, trial, explanations: Vec::new() }
    }

    /// Takes in the next event of the log.
    ///
    /// # Errors
    /// If this build decides otherwise than the log says.
    pub fn follow(&mut self, logged: &Entry) -> Result<(), StudyError> {
        self.study.reproduce(logged)?;
        let event = &logged.event;
        if event.trial() == Some(self.trial)
            && let Some(step) = self.step(event)
        {
            self.explanations.push(Explanation { time: event.time(), step });
        }
        Ok(())
    }

    /// What was decided, in order; for a trial that is paused at the end of the log, also how it stands.
    #[must_use]
    pub fn finish(mut self) -> Vec<Explanation> {
        let record = self.study.state().trial(self.trial);
        if let Some(level) = record.and_then(TrialRecord::paused_at) {
            let standing = self.standing(level, None);
            self.explanations.push(Explanation { time: self.study.state().time(), step: Step::Waits { standing } });
        }
        self.explanations
    }

    fn step(&self, event: &Event) -> Option<Step> {
        match event {
            Event::TrialStarted { bracket, milestone, .. } => {
                Some(Step::Started { bracket: *bracket, milestone: *milestone })
            }
            // Where fuel is the resource, milestones come between the reports.
            Event::Reported { .. } if self.study.spec().metrics.time_is_fuel() => None,
            Event::Reported { .. } | Event::Judged { .. } => self.judged(),
            Event::TrialResumed { resume_from, milestone, .. } => {
                Some(Step::Promoted { milestone: *milestone, standing: self.standing(*resume_from, None) })
            }
            Event::TrialEnded { outcome, .. } => Some(Step::Ended { outcome: outcome.clone() }),
            Event::TrialPaused { .. }
            | Event::ReadBack { .. }
            | Event::StudyStarted { .. }
            | Event::StudyEnded { .. }
            | Event::SearcherFailed { .. } => None,
        }
    }

    /// What was just decided, if the trial was at a milestone.
    fn judged(&self) -> Option<Step> {
        let judgement = self.study.last_judgement().filter(|it| it.progress.trial == self.trial)?;
        let verdict = judgement.verdict;
        match verdict.milestone? {
            Milestone::MaxT => Some(Step::ReachedMaxT { resource: judgement.progress.time }),
            Milestone::Rung(level) => Some(Step::Compared {
                decision: verdict.decision,
                next_milestone: verdict.next_milestone,
                standing: self.standing(level, verdict.comparison)?,
            }),
        }
    }

    /// How the trial stands at the rung of that level; `comparison` is what was decided by, if not by what the rung holds now.
    fn standing(&self, level: u64, comparison: Option<Comparison>) -> Option<Standing> {
        let systems = self.study.rungs();
        let rungs = systems.iter().flat_map(|system| system.rungs.iter().map(|rung| (system.bracket, rung)));
        let mut of_level = rungs.filter(|(_, rung)| rung.level == level);
        of_level.find_map(|(bracket, rung)| standing(bracket, rung, self.trial, comparison))
    }
}

fn standing(
    bracket: Option<u32>,
    rung: &RungState,
    trial: TrialId,
    comparison: Option<Comparison>,
) -> Option<Standing> {
    let index = rung.entries.iter().position(|entry| entry.trial == trial)?;
    let own = rung.entries[index];
    let comparison = comparison.unwrap_or(rung.comparison);
    let first_is_greater = matches!(comparison, Comparison::Top { .. });
    let is_greater = |(at, entry): &(usize, &RungEntry)| {
        let (theirs, ours) = (Rank::of(entry.reward), Rank::of(own.reward));
        theirs > ours || (theirs == ours && first_is_greater && *at < index)
    };
    let greater = rung.entries.iter().enumerate().filter(is_greater).count();
    let best = rung.entries.iter().rev().max_by_key(|entry| Rank::of(entry.reward))?;
    let rule = match comparison {
        Comparison::Cutoff { cutoff, .. } => Rule::Cutoff { cutoff },
        Comparison::Top { entries_min, places, .. } => {
            Rule::Top { entries_min, places, least: nth_greatest(&rung.entries, places) }
        }
    };
    Some(Standing {
        bracket,
        level: rung.level,
        reward: own.reward,
        rank: greater as u64 + 1,
        entries: rung.entries.len() as u64,
        best: *best,
        quantile: rung.promotion_quantile,
        rule,
    })
}

/// The reward that so many are not less than; none for none.
fn nth_greatest(entries: &[RungEntry], count: u64) -> Option<f64> {
    let mut rewards: Vec<Rank> = entries.iter().map(|entry| Rank::of(entry.reward)).collect();
    rewards.sort_unstable();
    let count = usize::try_from(count).ok().filter(|count| *count > 0)?;
    Some(rewards.get(rewards.len().checked_sub(count)?)?.number())
}
