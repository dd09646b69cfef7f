//! The summary of a study: how it stands, what is best, and why trials failed.

use std::collections::BTreeMap;

use super::best::best_trial;
use super::number;
use super::sanitize::{fit, printable};
use crate::numeric::amount::{Fuel, TrialId, VirtualTime};
use crate::numeric::digest::Digest;
use crate::scheduler::PlacementProblem;
use crate::space::Domain;
use crate::study::{
    EndReason, Outcome, OutcomeClass, ReportProblem, StudySpec, StudyState, TrapKind, TrialRecord, TrialStatus,
};

/// How many reasons of failures are shown.
pub(super) const REASONS_MAX: usize = 10;
/// How many trials are named for each.
const EXAMPLES_MAX: usize = 3;
/// How much is shown of a text that a guest wrote.
const GUEST_TEXT_MAX: usize = 200;

/// How much is shown of how a searcher failed.
const SEARCHER_TEXT_MAX: usize = 1_000;

/// How many trials stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) completed: u64,
    pub(super) stopped: u64,
    pub(super) failed: u64,
    pub(super) paused: u64,
    pub(super) unfinished: u64,
}

impl Counts {
    pub(super) fn of(state: &StudyState) -> Self {
        let mut counts = Self::default();
        for trial in state.trials() {
            let place = match &trial.status {
                TrialStatus::Running => &mut counts.unfinished,
                TrialStatus::Paused { .. } => &mut counts.paused,
                TrialStatus::Ended(outcome) => match outcome.class() {
                    OutcomeClass::Completed => &mut counts.completed,
                    OutcomeClass::Stopped => &mut counts.stopped,
                    OutcomeClass::Failed => &mut counts.failed,
                },
            };
            *place += 1;
        }
        counts
    }

    /// How many have ended.
    pub(super) fn ended(&self) -> u64 {
        self.completed + self.stopped + self.failed
    }
}

/// What there is to say of a study on a screen. `digest` is that of its log, `cached` tells which trials' results came from a cache,
/// up to which fuel; without a `width` lines are not cut.
#[must_use]
pub fn summary(
    spec: &StudySpec,
    state: &StudyState,
    digest: Digest,
    cached: &BTreeMap<TrialId, Fuel>,
    width: Option<usize>,
) -> String {
    let mut lines = vec![
        format!("study    {}", printable(&spec.name, GUEST_TEXT_MAX)),
        format!("state    {}", ending(state)),
        format!("digest   {digest}"),
        format!("trials   {}", trials_line(state)),
        format!("time     {}", number::virtual_time(state.time().since(VirtualTime(0)))),
        format!("fuel     {} in all trials", number::count(fuel(state).0)),
    ];
    lines.extend(
        spec.gpu.as_ref().map(|gpu| format!("gpu      {}", printable(&gpu.adapter.to_string(), GUEST_TEXT_MAX))),
    );
    lines.extend(cached_line(state, cached));
    let failure = state.searcher_failure().map(|message| format!("searcher {}", printable(message, SEARCHER_TEXT_MAX)));
    lines.extend(failure);
    lines.extend(best_lines(spec, state));
    lines.extend(failure_lines(spec, state));
    let width = width.unwrap_or(usize::MAX);
    // The digest is there to be compared; half of it would be of no use.
    let cut = |line: &String| if line.starts_with("digest") { line.clone() } else { fit(line, width) };
    lines.iter().map(|line| cut(line) + "\n").collect()
}

/// How much of the study came from a cache, if anything did.
fn cached_line(state: &StudyState, cached: &BTreeMap<TrialId, Fuel>) -> Option<String> {
    // Of what a trial would have done after its end nothing counts.
    let used = |(trial, fuel): (&TrialId, &Fuel)| state.trial(*trial).map(|record| record.fuel.min(*fuel));
    let used: Vec<Fuel> = cached.iter().filter_map(used).collect();
    let fuel = used.iter().fold(Fuel(0), |sum, fuel| sum.saturating_add(*fuel));
    let trials = if used.len() == 1 { "trial" } else { "trials" };
    (!used.is_empty())
        .then(|| format!("cached   {} {trials}, {} of fuel: not run here", used.len(), number::count(fuel.0)))
}

/// Whether and why the study has ended.
pub(super) fn ending(state: &StudyState) -> &'static str {
    match state.ended() {
        None => "not finished",
        Some(EndReason::NumTrials) => "finished: `num_trials` trials were started",
        Some(EndReason::TimeOut) => "finished: `time_out` had passed",
        Some(EndReason::MaxReward) => "finished: a trial reached `max_reward`",
        Some(EndReason::Exhausted) => "finished: every configuration of the space was tried",
        Some(EndReason::SearcherFailed) => "finished: the searcher failed, so no more trials were started",
    }
}

fn trials_line(state: &StudyState) -> String {
    let counts = Counts::of(state);
    let parts = [
        (counts.completed, "completed"),
        (counts.stopped, "stopped"),
        (counts.failed, "failed"),
        (counts.paused, "paused"),
        (counts.unfinished, "unfinished"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect();
    match parts.len() {
        0 => "none".into(),
        _ => format!("{}: {}", state.trials().len(), parts.join(", ")),
    }
}

/// Why no trial is the best.
pub(super) fn why_no_best(state: &StudyState) -> &'static str {
    let ended = state.trials().iter().filter_map(TrialRecord::outcome);
    match (ended.clone().next(), ended.clone().all(Outcome::is_failure)) {
        (None, _) => "no trial has ended",
        (Some(_), true) => "every trial failed",
        (Some(_), false) => "no trial has a reward and satisfies the constraint",
    }
}

fn best_lines(spec: &StudySpec, state: &StudyState) -> Vec<String> {
    let Some(trial) = best_trial(state) else {
        let why = why_no_best(state);
        return vec![format!("best     none: {why}")];
    };
    let reward = state.best().map_or(String::new(), |best| number::real(best.reward));
    let attribute = printable(&spec.metrics.reward_attr, 40);
    let mut lines = vec![format!("best     {attribute} = {reward}, trial {}", trial.trial)];
    if let Some(time) = trial.time {
        lines[0].push_str(&format!(", {} {time}", printable(&spec.metrics.time_attr, 40)));
    }
    for (name, value) in trial.config.iter() {
        let is_constant = spec.space.parameter(name).is_some_and(|it| matches!(it.domain, Domain::Constant(_)));
        if !is_constant {
            lines.push(format!("         {} = {}", printable(name, 40), number::value(value)));
        }
    }
    lines
}

/// The failures of one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Failures {
    /// Why, without what differs from one such failure to the next; printable.
    pub(super) reason: String,
    /// How many trials failed so.
    pub(super) count: u64,
    /// The first of them.
    pub(super) examples: Vec<TrialId>,
    /// What to do, if there is something to say.
    pub(super) hint: Option<String>,
}

/// Why trials failed, the most frequent reason first.
pub(super) fn failures(spec: &StudySpec, state: &StudyState) -> Vec<Failures> {
    let mut reasons: BTreeMap<String, Failures> = BTreeMap::new();
    for trial in state.trials() {
        let Some(outcome) = trial.outcome().filter(|outcome| outcome.is_failure()) else { continue };
        let reason = reason(outcome);
        let failures = reasons.entry(reason.clone()).or_insert_with(|| {
            let hint = Some(hint(spec, outcome)).filter(|hint| !hint.is_empty());
            Failures { reason, hint, ..Failures::default() }
        });
        failures.count += 1;
        if failures.examples.len() < EXAMPLES_MAX {
            failures.examples.push(trial.trial);
        }
    }
    let mut reasons: Vec<Failures> = reasons.into_values().collect();
    reasons.sort_by_key(|failures| (std::cmp::Reverse(failures.count), failures.examples.first().copied()));
    reasons
}

fn failure_lines(spec: &StudySpec, state: &StudyState) -> Vec<String> {
    let reasons = failures(spec, state);
    let mut lines = Vec::new();
    for failures in reasons.iter().take(REASONS_MAX) {
        lines.push(String::new());
        lines.push(format!("{}: {}", failed(failures), failures.reason));
        lines.extend(failures.hint.iter().map(|hint| format!("  hint: {hint}")));
    }
    if reasons.len() > REASONS_MAX {
        lines.extend([String::new(), format!("and {} other reasons", reasons.len() - REASONS_MAX)]);
    }
    lines
}

/// `3 trials failed (0, 4, 7)`
fn failed(failures: &Failures) -> String {
    let examples: Vec<String> = failures.examples.iter().map(TrialId::to_string).collect();
    let more = if failures.count > examples.len() as u64 { ", …" } else { "" };
    match failures.count {
        1 => format!("trial {} failed", examples.join(", ")),
        count => format!("{count} trials failed ({}{more})", examples.join(", ")),
    }
}

/// Why a trial failed, without what differs from one such failure to the next.
fn reason(outcome: &Outcome) -> String {
    match outcome.cause() {
        Outcome::Failed { message } => printable(message, GUEST_TEXT_MAX),
        Outcome::BadReport { problem, .. } => {
            let (attribute, what) = match problem {
                ReportProblem::NotFinite { attribute, .. } => (attribute, "not a finite number"),
                ReportProblem::NotAResource { attribute, .. } => (attribute, "not an integer from 1"),
                ReportProblem::ReplicatesDiffer { attribute } => (attribute, "not the same in all replicates"),
                ReportProblem::ReplicateEnded { .. } => {
                    return "bad report: a replicate had ended, and others made another report".into();
                }
                ReportProblem::Unplaceable(problem) => return format!("bad report: {problem}"),
                ReportProblem::NoConstraint { attribute } => (attribute, "missing beside a reward"),
            };
            format!("bad report: `{}` was {what}", printable(attribute, 40))
        }
        other => printable(&other.to_string(), GUEST_TEXT_MAX),
    }
}

fn hint(spec: &StudySpec, outcome: &Outcome) -> String {
    match outcome.cause() {
        Outcome::Exceeded { limit } => {
            let (name, value, most) = (limit.name(), spec.limits.get(*limit), *limit.range().end());
            if value >= most {
                return format!("`{name}` cannot be raised any more; the component has to do with less.");
            }
            format!("raise `{name}` under [limits]; it is {value} {} now.", limit.unit())
        }
        Outcome::NeverRewarded { .. } => {
            "set `reward_attr` under [scheduler] to an attribute that the component reports.".into()
        }
        Outcome::NeverConstrained { .. } | Outcome::BadReport { problem: ReportProblem::NoConstraint { .. }, .. } => {
            "set `constraint_attr` under [scheduler] to an attribute that the component reports, or leave it out."
                .into()
        }
        Outcome::BadReport { problem: ReportProblem::NotFinite { .. }, .. } => {
            "let the training return an error when it diverges, or narrow the space.".into()
        }
        Outcome::BadReport { problem: ReportProblem::NotAResource { .. }, .. } => {
            "set `time_attr` under [scheduler] to the attribute that counts epochs or the like.".into()
        }
        Outcome::BadReport { problem: ReportProblem::Unplaceable(problem), .. } => unplaceable_hint(spec, problem),
        Outcome::BadReport {
            problem: ReportProblem::ReplicatesDiffer { .. } | ReportProblem::ReplicateEnded { .. },
            ..
        } => "let when and how often the training reports not depend on its seed, or set `replicates = 1`.".into(),
        Outcome::Trapped { trap: TrapKind::Unreachable } => "the trial's log may tell where it panicked.".into(),
        Outcome::StackOverflowed => "let the component recurse less; how deep it gets depends on the machine.".into(),
        Outcome::Misused { .. } => "the contract of each import stands in wit/trial.wit.".into(),
        Outcome::GpuTimeout => "let the component give the GPU less at a time, or raise `submission_milliseconds_max`, or for large shaders \
                                `compile_milliseconds_max`, under [gpu] in the study file."
            .into(),
        Outcome::Crashed => "no component should be able to do this; please report it.".into(),
        Outcome::Completed
        | Outcome::Stopped { .. }
        | Outcome::Failed { .. }
        | Outcome::Trapped { .. }
        | Outcome::OfReplicate { .. } => String::new(),
    }
}

fn unplaceable_hint(spec: &StudySpec, problem: &PlacementProblem) -> String {
    let (time, reward) = (printable(&spec.metrics.time_attr, 40), printable(&spec.metrics.reward_attr, 40));
    match problem {
        PlacementProblem::NoTime => format!("let every report carry `{time}`, or set `time_attr` under [scheduler]."),
        PlacementProblem::NotRunning => "no trial should be able to do this; please report it.".into(),
        PlacementProblem::NoReward { .. } => format!("let the report at each rung carry `{reward}`."),
        PlacementProblem::MilestoneSkipped { .. } => {
            format!("let the training report at every `{time}`, or set `rung_levels` to those at which it does.")
        }
    }
}

/// The fuel of all trials together.
pub(super) fn fuel(state: &StudyState) -> Fuel {
    state.trials().iter().fold(Fuel(0), |sum, trial| sum.saturating_add(trial.fuel))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::amount::VirtualTime;
    use crate::output::fixture;
    use crate::output::sanitize::{columns, is_printable};
    use crate::study::{Event, Limit};

    fn digest() -> Digest {
        Digest([0xab; 32])
    }

    #[test]
    fn a_study_in_progress_is_summed_up() {
        let (spec, state) = fixture::study();
        let expected = "\
study    digits
state    not finished
digest   abababababababababababababababababababababababababababababababab
trials   4: 2 completed, 1 failed, 1 unfinished
time     1000.0 virtual s
fuel     1.0T in all trials
best     accuracy = 0.9644, trial 1, epoch 10
         activation = relu
         learning_rate = 0.05

trial 2 failed: out of fuel: went past the limit `fuel_max`
  hint: raise `fuel_max` under [limits]; it is 1000000000000 units of fuel now.
";
        assert_eq!(summary(&spec, &state, digest(), &none(), None), expected);
    }

    fn none() -> BTreeMap<TrialId, Fuel> {
        BTreeMap::new()
    }

    #[test]
    fn what_came_from_a_cache_is_told_as_far_as_it_was_of_use() {
        let (spec, state) = fixture::study();
        let of = |cached: &[(u64, u64)]| {
            let cached = cached.iter().map(|&(trial, fuel)| (TrialId(trial), Fuel(fuel))).collect();
            let text = summary(&spec, &state, digest(), &cached, None);
            text.lines().find(|line| line.starts_with("cached")).map(str::to_owned)
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[(0, 7)]).unwrap(), "cached   1 trial, 7 of fuel: not run here");
        // Trial 3 has used 5, and there is no trial 99.
        assert_eq!(of(&[(0, 7), (3, 100), (99, 1)]).unwrap(), "cached   2 trials, 12 of fuel: not run here");
    }

    #[test]
    fn a_study_without_trials_is_summed_up() {
        let (spec, state) = fixture::empty();
        let expected = "\
study    digits
state    not finished
digest   abababababababababababababababababababababababababababababababab
trials   none
time     0.0000 virtual s
fuel     0 in all trials
best     none: no trial has ended
";
        assert_eq!(summary(&spec, &state, digest(), &none(), None), expected);
    }

    #[test]
    fn failures_are_grouped_by_reason() {
        let config = || fixture::config(0.1, "relu");
        let outcomes = [
            Outcome::Failed { message: "boom \u{1b}[2J\n\u{202e}".into() },
            Outcome::NeverRewarded { attribute: "accuracy".into() },
            Outcome::Exceeded { limit: Limit::MemoryBytesMax },
            Outcome::Failed { message: "boom \u{1b}[2J\n\u{202e}".into() },
        ];
        let mut events: Vec<Event> = (0..20)
            .flat_map(|number| fixture::trial(number, config(), None, 1, outcomes[number as usize % 4].clone()))
            .collect();
        events.push(Event::StudyEnded { time: VirtualTime(2), reason: EndReason::NumTrials });
        let text = summary(&fixture::spec(), &fixture::state(&events), digest(), &none(), None);
        let expected = "\
best     none: every trial failed

10 trials failed (0, 3, 4, …): boom \\u{1b}[2J\\n\\u{202e}

5 trials failed (1, 5, 9, …): never rewarded: no report carried the study's reward_attr `accuracy`
  hint: set `reward_attr` under [scheduler] to an attribute that the component reports.

5 trials failed (2, 6, 10, …): out of memory: went past the limit `memory_bytes_max`
  hint: raise `memory_bytes_max` under [limits]; it is 1073741824 bytes now.
";
        assert!(text.contains("state    finished: `num_trials` trials were started\n"), "{text}");
        assert_eq!(&text[text.find("best").unwrap()..], expected);
    }

    #[test]
    fn whatever_guests_write_the_summary_stays_short_and_printable() {
        let message = |number: u64| format!("{number}\u{1b}]0;x\u{7}\n{}", "é\u{9b}".repeat(300));
        let failed = |number| Outcome::Failed { message: message(number) };
        let events: Vec<Event> = (0..10_000)
            .flat_map(|number| fixture::trial(number, fixture::config(0.1, &message(7)), Some(0.1), 1, failed(number)))
            .collect();
        let spec = StudySpec { name: message(3), ..fixture::spec() };
        for width in [None, Some(40), Some(0)] {
            let text = summary(&spec, &fixture::state(&events), digest(), &none(), width);
            assert!(text.lines().count() < 50 && text.len() < 50_000);
            assert!(text.chars().all(|character| character == '\n' || is_printable(character)));
            let widest = text.lines().filter(|line| !line.starts_with("digest")).map(columns).max();
            assert!(width.is_none() || widest <= width, "{widest:?}");
        }
    }
}
