//! Why a trial went on, was paused or ended, in sentences.

use super::number;
use super::sanitize::{printable, printable_json};
use super::trials::status;
use crate::numeric::amount::{TrialId, VirtualTime};
use crate::scheduler::{Decision, SchedulerSpec};
use crate::study::{Explanation, Rule, Standing, Step, StudySpec, StudyState};

/// How much is shown of a name that comes from elsewhere.
const NAME_MAX: usize = 40;
/// How much is shown of a text that a guest wrote.
const GUEST_TEXT_MAX: usize = 200;

/// What was decided on a trial: a line for each decision, and one for what it rested on.
#[must_use]
pub fn why(spec: &StudySpec, state: &StudyState, trial: TrialId, explanations: &[Explanation]) -> String {
    let words = Words {
        reward: printable(&spec.metrics.reward_attr, NAME_MAX),
        time: printable(&spec.metrics.time_attr, NAME_MAX),
    };
    let mut text = format!("trial {trial}: {}\n", state.trial(trial).map_or("unknown", status));
    if matches!(spec.scheduler, SchedulerSpec::Fifo | SchedulerSpec::Rl(_)) {
        let name = spec.scheduler.name();
        text.push_str(&format!("the scheduler `{name}` compares no trials: each runs to its end\n"));
    }
    for Explanation { time, step } in explanations {
        let (what, because) = words.step(step);
        let time = number::virtual_time(time.since(VirtualTime(0)));
        text.push_str(&format!("\n{time:>18}  {what}\n"));
        for line in because {
            text.push_str(&format!("{:>18}  {line}\n", ""));
        }
    }
    text
}

/// What was decided on a trial, as one JSON object.
#[must_use]
pub fn why_json(trial: TrialId, explanations: &[Explanation]) -> String {
    let object = serde_json::json!({ "trial": trial, "decisions": explanations });
    printable_json(&format!("{object:#}")) + "\n"
}

/// How the study calls its reward and its resource.
struct Words {
    reward: String,
    time: String,
}

impl Words {
    /// What was decided, and on what it rested.
    fn step(&self, step: &Step) -> (String, Vec<String>) {
        match step {
            Step::Started { bracket, milestone } => {
                let bracket = bracket.map_or(String::new(), |bracket| format!(" in bracket {bracket}"));
                let milestone = milestone.map(|level| format!("it is first compared at {}", self.level(level)));
                (format!("started{bracket}"), milestone.into_iter().collect())
            }
            Step::Compared { decision, next_milestone, standing } => {
                let here = self.level(standing.level);
                let what = match decision {
                    Decision::Continue => format!("went on from {here}{}", self.on_to(*next_milestone)),
                    Decision::Pause => format!("was paused at {here}"),
                    Decision::Stop => format!("was stopped at {here}"),
                };
                (what, self.because(standing))
            }
            Step::ReachedMaxT { resource } => {
                let level = resource.map_or("`max_t`".into(), |level| format!("{}, `max_t`", self.level(level)));
                (format!("reached {level}: it has used all of the resource"), Vec::new())
            }
            Step::Promoted { milestone, standing } => {
                let from = standing.as_ref().map_or(String::new(), |it| format!(" from {}", self.level(it.level)));
                let because = standing.as_ref().map_or(Vec::new(), |standing| self.because(standing));
                (format!("was promoted{from}{}", self.on_to(*milestone)), because)
            }
            Step::Waits { standing } => {
                let here = standing.as_ref().map_or(String::new(), |it| format!(" at {}", self.level(it.level)));
                let because = standing.as_ref().map_or(Vec::new(), |standing| self.because(standing));
                (format!("waits{here} to be promoted"), because)
            }
            Step::Ended { outcome } => {
                (format!("ended: {}", printable(&outcome.to_string(), GUEST_TEXT_MAX)), Vec::new())
            }
        }
    }

    fn level(&self, level: u64) -> String {
        format!("{} {level}", self.time)
    }

    fn on_to(&self, milestone: Option<u64>) -> String {
        milestone.map_or(String::new(), |level| format!(" to {}", self.level(level)))
    }

    /// How the trial stood, and by which rule it was decided on.
    fn because(&self, standing: &Standing) -> Vec<String> {
        let Standing { reward, rank, entries, best, quantile, rule, .. } = standing;
        let place = format!(
            "its {} is {}, {} of {entries} at the rung; the best is {}, of trial {}",
            self.reward,
            number::real(*reward),
            ordinal(*rank),
            number::real(best.reward),
            best.trial
        );
        let rule = match rule {
            Rule::Cutoff { cutoff: None } => "it was the first there, so it had nothing to be compared with".into(),
            Rule::Cutoff { cutoff: Some(cutoff) } => {
                let (side, cutoff_shown) = (if reward < cutoff { "below" } else { "not below" }, number::real(*cutoff));
                format!(
                    "the cut-off of the {} before it, for the best {:.0} % to go on, was {cutoff_shown}: it is {side}",
                    entries.saturating_sub(1),
                    quantile * 100.0
                )
            }
            Rule::Top { entries_min, least: None, .. } if entries < entries_min => {
                format!("none goes on before the rung holds {entries_min} rewards")
            }
            Rule::Top { least: None, .. } => "none of so few goes on".into(),
            Rule::Top { places: 1, .. } => {
                let side = if *rank == 1 { "it is the best" } else { "it is not the best" };
                format!("only the best of {entries} goes on: {side}")
            }
            Rule::Top { places, least: Some(least), .. } => {
                let side = if rank <= places { "it is one of them" } else { "it is none of them" };
                format!("the best {places} of {entries} go on, from {} up: {side}", number::real(*least))
            }
        };
        vec![place, rule]
    }
}

/// `1st`, `2nd`, `3rd`, `4th`
fn ordinal(number: u64) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::RungEntry;

    fn standing(rank: u64, reward: f64, rule: Rule) -> Standing {
        let best = RungEntry { trial: TrialId(7), reward: 0.9, promoted: false };
        Standing { bracket: Some(0), level: 3, reward, rank, entries: 12, best, quantile: 1.0 / 3.0, rule }
    }

    #[test]
    fn each_rule_is_a_sentence() {
        let words = Words { reward: "accuracy".into(), time: "epoch".into() };
        let rule = |rank, reward, rule| words.because(&standing(rank, reward, rule))[1].clone();
        let cutoff = |cutoff| Rule::Cutoff { cutoff };
        let top = |entries_min, places, least| Rule::Top { entries_min, places, least };
        assert_eq!(
            words.because(&standing(3, 0.8, cutoff(None))),
            [
                "its accuracy is 0.8, 3rd of 12 at the rung; the best is 0.9, of trial 7",
                "it was the first there, so it had nothing to be compared with",
            ]
        );
        let text = "the cut-off of the 11 before it, for the best 33 % to go on, was 0.8: it is";
        assert_eq!(rule(1, 0.8, cutoff(Some(0.8))), format!("{text} not below"));
        assert_eq!(rule(9, 0.7, cutoff(Some(0.8))), format!("{text} below"));
        assert_eq!(rule(1, 0.7, top(13, 0, None)), "none goes on before the rung holds 13 rewards");
        assert_eq!(rule(1, 0.7, top(2, 0, None)), "none of so few goes on");
        assert_eq!(rule(4, 0.7, top(3, 4, Some(0.7))), "the best 4 of 12 go on, from 0.7 up: it is one of them");
        assert_eq!(rule(1, 0.9, top(3, 1, Some(0.9))), "only the best of 12 goes on: it is the best");
        assert_eq!(rule(5, 0.6, top(3, 4, Some(0.7))), "the best 4 of 12 go on, from 0.7 up: it is none of them");
    }

    #[test]
    fn ordinals_are_english() {
        let numbers = [1, 2, 3, 4, 11, 12, 13, 21, 102, 113];
        let expected = ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "113th"];
        assert_eq!(numbers.map(ordinal), expected);
    }
}
