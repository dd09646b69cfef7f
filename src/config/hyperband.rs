//! The options of the scheduler `hyperband` in a study file. The end of its rungs, `max_t`, may be known only when the file is
//! joined with its component; until then the largest number stands for it.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::amount;
use super::error::{Problem, Span, shown};
use super::reader::{Item, TableReader, report};
use crate::scheduler::{HyperbandError, HyperbandKind, HyperbandSpec, SearcherData, SparseRung};
use crate::study::{FUEL_ATTRIBUTE, InferredMaxT};

/// The options that only `hyperband` has.
pub(super) const OPTIONS: &[&str] = &[
    "variant",
    "max_t",
    "grace_period",
    "reduction_factor",
    "rung_levels",
    "brackets",
    "rung_system_per_bracket",
    "searcher_data",
    "random_seed",
    "do_snapshots",
];

/// What TOML's integers hold.
const INTEGER_MAX: u64 = i64::MAX as u64;

/// What the file says of `hyperband` besides its options.
#[derive(Clone, Debug)]
pub(super) struct HyperbandPlaces {
    /// The key of the section.
    section: Span,
    /// Where each option stands that is given.
    given: BTreeMap<&'static str, Span>,
    /// The end of the rungs, if the file says.
    max_t: Option<u64>,
}

/// The problem that a variant stands where the scheduler's name belongs, as users of the original may write.
pub(super) fn variant_as_type(item: &Item<'_>) -> Option<Problem> {
    let given = item.value.as_str()?;
    let variant = given.strip_prefix("hyperband_").unwrap_or(given);
    if !["stopping", "promotion"].contains(&variant) {
        return None;
    }
    let problem = item.problem(&format!("cannot be `{given}`, which is a variant of `hyperband`"));
    Some(problem.hint(format!("write `type = \"hyperband\"` and `variant = \"{variant}\"`.")))
}

/// Reads the options; `section` is where the scheduler's section stands.
pub(super) fn read(
    table: &mut TableReader<'_>,
    section: Span,
    problems: &mut Vec<Problem>,
) -> (HyperbandSpec, HyperbandPlaces) {
    let given = table.left(OPTIONS).filter_map(|item| {
        let option = OPTIONS.iter().find(|option| **option == item.key)?;
        Some((*option, item.span.clone()))
    });
    let given = given.collect();
    let mut options = HyperbandSpec::new(HyperbandKind::Stopping, u64::MAX);
    let variant = table.take("variant").and_then(|item| item.one_of(&["stopping", "promotion"], problems));
    if variant == Some("promotion") {
        options.kind = HyperbandKind::Promotion;
    }
    let max_t = table.take("max_t").and_then(|item| item.amount(amount::COUNT, 1..=INTEGER_MAX, problems));
    options.max_t = max_t.unwrap_or(options.max_t);
    if let Some(item) = table.take("grace_period") {
        let level = item.amount(amount::COUNT, 1..=INTEGER_MAX, problems);
        options.grace_period = level.unwrap_or(options.grace_period);
    }
    if let Some(item) = table.take("reduction_factor") {
        let factor = item.integer(2..=INTEGER_MAX, problems);
        options.reduction_factor = factor.unwrap_or(options.reduction_factor);
    }
    options.rung_levels = table.take("rung_levels").and_then(|item| levels(&item, problems));
    if let Some(item) = table.take("brackets") {
        let brackets = item.integer(1..=u64::from(u32::MAX), problems);
        options.brackets = brackets.and_then(|brackets| u32::try_from(brackets).ok()).unwrap_or(options.brackets);
    }
    if let Some(item) = table.take("random_seed") {
        let seed = item.integer(0..=u64::from(u32::MAX), problems);
        options.random_seed = seed.unwrap_or(options.random_seed);
    }
    for (key, place) in
        [("rung_system_per_bracket", &mut options.rung_system_per_bracket), ("do_snapshots", &mut options.do_snapshots)]
    {
        if let Some(boolean) = table.take(key).and_then(|item| item.boolean(problems)) {
            *place = boolean;
        }
    }
    let data = table.take("searcher_data");
    options.searcher_data = match data.and_then(|item| item.one_of(&["rungs", "all", "rungs_and_last"], problems)) {
        Some("all") => SearcherData::All,
        Some("rungs_and_last") => SearcherData::RungsAndLast,
        _ => SearcherData::Rungs,
    };
    (options, HyperbandPlaces { section, given, max_t })
}

/// A list of levels. How many there are and that they rise is checked with all else.
fn levels(item: &Item<'_>, problems: &mut Vec<Problem>) -> Option<Vec<u64>> {
    let DeValue::Array(list) = item.value else {
        return report(problems, item.unfit("a list of integers").hint("write it as `[1, 3, 9]`."));
    };
    let level = |(index, value): (usize, &toml::Spanned<DeValue<'_>>)| {
        let path = format!("{}.{index}", item.path);
        let value = Item { path, value: value.get_ref(), span: value.span(), ..item.clone() };
        value.amount(amount::COUNT, 1..=INTEGER_MAX, problems)
    };
    // Each that is wrong is reported.
    let levels: Vec<Option<u64>> = list.iter().enumerate().map(level).collect();
    levels.into_iter().collect()
}

impl HyperbandPlaces {
    /// The end of the rungs: what the file says, or what follows from the study's space and its component.
    pub(super) fn max_t(&self, time_attr: &str, inferred: Option<&InferredMaxT>) -> Result<u64, Problem> {
        if let Some(max_t) = self.max_t {
            return Ok(max_t);
        }
        if time_attr == FUEL_ATTRIBUTE {
            let problem =
                Problem::new(self.section.clone(), "`max_t` is missing, and nothing tells how much fuel a trial takes");
            return Err(
                problem.hint("add one, such as `max_t = \"1G\"`; the fuel of each trial is in `trialbox trials`.")
            );
        }
        let Some(inferred) = inferred else {
            let message = "`max_t` is missing, and nothing tells at which value of `time_attr` trials end";
            let problem = Problem::new(self.section.clone(), message);
            let hint = format!(
                "add `max_t`, the largest `{}` that a trial reports; a parameter `epochs` or `max_t` with an integer would tell, too.",
                shown(time_attr)
            );
            return Err(problem.hint(hint));
        };
        Ok(inferred.max_t)
    }

    /// What is well formed, but probably not meant.
    pub(super) fn warnings(&self, time_attr: &str, inferred: Option<&InferredMaxT>) -> Vec<Problem> {
        let mut warnings = Vec::new();
        if let (Some(max_t), Some(inferred)) = (self.max_t, inferred.filter(|it| Some(it.max_t) != self.max_t)) {
            let span = self.given.get("max_t").unwrap_or(&self.section).clone();
            let source = match inferred.parameter {
                Some(name) => format!("the default of the parameter `{name}` is {}", inferred.max_t),
                None => format!("the component says that its trials end at {}", inferred.max_t),
            };
            let what = if max_t < inferred.max_t {
                format!("trials end at the `{}` {max_t}", shown(time_attr))
            } else {
                "trials may end before, and those that do are in no rung above".to_owned()
            };
            let problem = Problem::new(span, format!("`max_t` is {max_t}, but {source}"));
            warnings.push(problem.hint(format!("`max_t` is what holds: {what}.")));
        }
        if self.given.contains_key("rung_levels") {
            for key in ["grace_period", "reduction_factor"] {
                if let Some(span) = self.given.get(key) {
                    let problem = Problem::new(span.clone(), format!("`{key}` has no effect beside `rung_levels`"));
                    warnings.push(problem.hint("leave one of the two out."));
                }
            }
        }
        warnings
    }

    /// The warning that a rung can expect too few trials.
    pub(super) fn sparse(&self, options: &HyperbandSpec, rung: &SparseRung) -> Problem {
        let SparseRung { bracket, level, expected, needed, num_trials } = rung;
        let bracket = match bracket {
            Some(bracket) if options.num_brackets() > 1 => format!(" of bracket {bracket}"),
            _ => String::new(),
        };
        let message = format!(
            "about {expected:.1} trials will reach the rung {level}{bracket}, too few to compare: it takes {needed} to tell one from \
             the others"
        );
        let brackets = if options.num_brackets() > 1 { "lower `brackets`, " } else { "" };
        let hint =
            format!("raise `num_trials` to about {num_trials}, {brackets}or have fewer rungs: raise `grace_period`.");
        Problem::new(self.section.clone(), message).hint(hint)
    }

    /// The error with its place.
    pub(super) fn problem(&self, error: &HyperbandError) -> Problem {
        let keys: &[&str] = match error {
            HyperbandError::TooSmall { key, .. } => &[key],
            HyperbandError::GracePeriodTooLong { .. } => &["grace_period", "max_t"],
            HyperbandError::OneRung { .. } => &["reduction_factor", "grace_period", "max_t"],
            HyperbandError::SeedTooLarge(_) => &["random_seed"],
            HyperbandError::SnapshotsOfPromotion => &["do_snapshots"],
            HyperbandError::LevelCount(_)
            | HyperbandError::LevelZero
            | HyperbandError::LevelsNotRising { .. }
            | HyperbandError::LevelBeyondEnd { .. } => &["rung_levels"],
        };
        let span = keys.iter().find_map(|key| self.given.get(key)).unwrap_or(&self.section);
        let problem = Problem::new(span.clone(), error.to_string());
        match error {
            _ if self.max_t.is_some() => problem,
            HyperbandError::GracePeriodTooLong { .. }
            | HyperbandError::OneRung { .. }
            | HyperbandError::LevelBeyondEnd { .. } => {
                problem.hint("the file gives no `max_t`: it is where the component's trials end by themselves.")
            }
            _ => problem,
        }
    }
}
