//! The scheduler `hyperband` in a study file. The end of its rungs, `max_t`, may be known only when the file is joined with its
//! component; until then the largest number stands for it.

use toml::de::DeValue;

use super::{Kind, Places};
use crate::config::amount;
use crate::config::error::{Problem, shown};
use crate::config::reader::{Item, TableReader, elements, report};
use crate::config::reference::Row;
use crate::scheduler::{HyperbandError, HyperbandKind, HyperbandSpec, SchedulerSpec, SearcherData, SparseRung};
use crate::study::{Description, FUEL_ATTRIBUTE, InferredMaxT, SpecError, StudySpec};

const OPTIONS: &[Row] = &[
    (
        "variant",
        "`\"stopping\"` or `\"promotion\"`",
        "`\"stopping\"`",
        "`hyperband` only: what becomes of a trial that is not among the best of a rung. `stopping` ends it, `promotion` pauses it until \
         it is. The original's `type`.",
    ),
    (
        "max_t",
        "integer from 1, or text such as `\"1G\"`",
        "the default of the parameter `epochs`, or of `max_t`, or the component's",
        "`hyperband` only: the resource at which every trial ends. Without a default if `time_attr` is `fuel`.",
    ),
    (
        "grace_period",
        "integer from 1, or text such as `\"1M\"`",
        "1",
        "`hyperband` only: the lowest level at which trials are compared.",
    ),
    ("reduction_factor", "integer from 2", "3", "`hyperband` only: the ratio of a level to the one below."),
    (
        "rung_levels",
        "list of at least two rising integers",
        "none",
        "`hyperband` only: the levels, in place of those that `grace_period` and `reduction_factor` give.",
    ),
    (
        "brackets",
        "integer from 1",
        "1",
        "`hyperband` only: how many brackets there are. Bracket 0 begins at the lowest level, bracket 1 at the next; there are no \
         more than levels.",
    ),
    (
        "rung_system_per_bracket",
        "boolean",
        "true",
        "`hyperband` only: whether trials are compared within their bracket only.",
    ),
    (
        "searcher_data",
        "`\"rungs\"`, `\"all\"` or `\"rungs_and_last\"`",
        "`\"rungs\"`",
        "`hyperband` only: which reports the searcher learns from: those at levels, all, or those at levels and each trial's last.",
    ),
    (
        "random_seed",
        "integer from 0 to 4294967295",
        "31415927",
        "`hyperband` only: the seed of the bracket draws, and of nothing else.",
    ),
    (
        "do_snapshots",
        "boolean",
        "false",
        "`hyperband` with `variant = \"stopping\"` only: whether the searcher may look at the rungs and at the running trials.",
    ),
];

/// What TOML's integers hold.
const INTEGER_MAX: u64 = i64::MAX as u64;

/// The scheduler `hyperband`.
#[derive(Debug)]
pub(super) struct Hyperband;

impl Kind for Hyperband {
    fn name(&self) -> &'static str {
        "hyperband"
    }

    fn summary(&self) -> &'static str {
        "compares trials on their way and goes on with the better ones"
    }

    fn options(&self) -> &'static [Row] {
        OPTIONS
    }

    fn read(&self, table: &mut TableReader<'_>, spec: &mut StudySpec, problems: &mut Vec<Problem>) {
        let mut options = HyperbandSpec::new(HyperbandKind::Stopping, u64::MAX);
        read_names(table, &mut options, problems);
        read_levels(table, &mut options, problems);
        read_brackets(table, &mut options, problems);
        spec.scheduler = SchedulerSpec::Hyperband(options);
    }

    /// A variant, as users of the original may write.
    fn mistaken(&self, item: &Item<'_>) -> Option<Problem> {
        let given = item.value.as_str()?;
        let variant = given.strip_prefix("hyperband_").unwrap_or(given);
        if !["stopping", "promotion"].contains(&variant) {
            return None;
        }
        let problem = item.problem(&format!("cannot be `{given}`, which is a variant of `hyperband`"));
        Some(problem.hint(format!("write `type = \"hyperband\"` and `variant = \"{variant}\"`.")))
    }

    fn complete(
        &self,
        spec: &mut StudySpec,
        places: &Places,
        description: Option<&Description>,
    ) -> Result<(), Problem> {
        let StudySpec { scheduler: SchedulerSpec::Hyperband(options), space, metrics, .. } = spec else {
            return Ok(());
        };
        let is_bounded_below = places.is_given("grace_period") || places.is_given("rung_levels");
        if places.is_given("max_t") {
            let by_fuel = metrics.time_is_fuel();
            return if by_fuel && !is_bounded_below { Err(no_grace_period(places)) } else { Ok(()) };
        }
        let inferred = InferredMaxT::of(space, metrics, description);
        options.max_t = inferred.ok_or_else(|| no_end(&metrics.time_attr, places))?.max_t;
        Ok(())
    }

    fn problem(&self, error: &SpecError, places: &Places) -> Option<Problem> {
        let SpecError::Hyperband(error) = error else { return None };
        let problem = Problem::new(places.of_first(options_of(error)), error.to_string());
        Some(match error {
            _ if places.is_given("max_t") => problem,
            HyperbandError::GracePeriodTooLong { .. }
            | HyperbandError::OneRung { .. }
            | HyperbandError::LevelBeyondEnd { .. } => {
                problem.hint("the file gives no `max_t`: it is where the component's trials end by themselves.")
            }
            _ => problem,
        })
    }

    fn warnings(&self, spec: &StudySpec, places: &Places, description: Option<&Description>) -> Vec<Problem> {
        let SchedulerSpec::Hyperband(options) = &spec.scheduler else { return Vec::new() };
        let inferred = InferredMaxT::of(&spec.space, &spec.metrics, description);
        let mut warnings = Vec::new();
        if let Some(inferred) = inferred.filter(|it| places.is_given("max_t") && it.max_t != options.max_t) {
            warnings.push(other_end(options.max_t, &inferred, &spec.metrics.time_attr, places));
        }
        warnings.extend(without_effect(places));
        let rung = spec.num_trials.and_then(|num_trials| options.sparse_rung(num_trials));
        warnings.extend(rung.map(|rung| sparse(options, &rung, places)));
        warnings
    }
}

fn read_names(table: &mut TableReader<'_>, options: &mut HyperbandSpec, problems: &mut Vec<Problem>) {
    let variant = table.take("variant").and_then(|item| item.one_of(&["stopping", "promotion"], problems));
    if variant == Some("promotion") {
        options.kind = HyperbandKind::Promotion;
    }
    let data = table.take("searcher_data");
    options.searcher_data = match data.and_then(|item| item.one_of(&["rungs", "all", "rungs_and_last"], problems)) {
        Some("all") => SearcherData::All,
        Some("rungs_and_last") => SearcherData::RungsAndLast,
        _ => SearcherData::Rungs,
    };
}

fn read_levels(table: &mut TableReader<'_>, options: &mut HyperbandSpec, problems: &mut Vec<Problem>) {
    for (key, place) in [("max_t", &mut options.max_t), ("grace_period", &mut options.grace_period)] {
        let level = table.take(key).and_then(|item| item.amount(amount::COUNT, 1..=INTEGER_MAX, problems));
        *place = level.unwrap_or(*place);
    }
    let factor = table.take("reduction_factor").and_then(|item| item.integer(2..=INTEGER_MAX, problems));
    options.reduction_factor = factor.unwrap_or(options.reduction_factor);
    options.rung_levels = table.take("rung_levels").and_then(|item| levels(&item, problems));
}

fn read_brackets(table: &mut TableReader<'_>, options: &mut HyperbandSpec, problems: &mut Vec<Problem>) {
    let brackets = table.take("brackets").and_then(|item| item.integer(1..=u64::from(u32::MAX), problems));
    options.brackets = brackets.and_then(|brackets| u32::try_from(brackets).ok()).unwrap_or(options.brackets);
    let seed = table.take("random_seed").and_then(|item| item.integer(0..=u64::from(u32::MAX), problems));
    options.random_seed = seed.unwrap_or(options.random_seed);
    for (key, place) in
        [("rung_system_per_bracket", &mut options.rung_system_per_bracket), ("do_snapshots", &mut options.do_snapshots)]
    {
        let boolean = table.take(key).and_then(|item| item.boolean(problems));
        *place = boolean.unwrap_or(*place);
    }
}

/// A list of levels. How many there are and that they rise is checked with all else.
fn levels(item: &Item<'_>, problems: &mut Vec<Problem>) -> Option<Vec<u64>> {
    let DeValue::Array(list) = item.value else {
        return report(problems, item.unfit("a list of integers").hint("write it as `[1, 3, 9]`."));
    };
    // Each that is wrong is reported.
    let level = |element: Item<'_>| element.amount(amount::COUNT, 1..=INTEGER_MAX, problems);
    let levels: Vec<Option<u64>> = elements(list, &item.path).map(level).collect();
    levels.into_iter().collect()
}

/// The options that the error is about.
fn options_of(error: &HyperbandError) -> &[&'static str] {
    match error {
        HyperbandError::TooSmall { key, .. } => std::slice::from_ref(key),
        HyperbandError::GracePeriodTooLong { .. } => &["grace_period", "max_t"],
        HyperbandError::OneRung { .. } => &["reduction_factor", "grace_period", "max_t"],
        HyperbandError::SeedTooLarge(_) => &["random_seed"],
        HyperbandError::SnapshotsOfPromotion => &["do_snapshots"],
        HyperbandError::LevelCount(_)
        | HyperbandError::LevelZero
        | HyperbandError::LevelsNotRising { .. }
        | HyperbandError::LevelBeyondEnd { .. } => &["rung_levels"],
    }
}

/// The problem that neither the file nor anything else tells where trials end.
fn no_end(time_attr: &str, places: &Places) -> Problem {
    let problem = |message: &str| Problem::new(places.section.clone(), message);
    if time_attr == FUEL_ATTRIBUTE {
        return problem("`max_t` is missing, and nothing tells how much fuel a trial takes")
            .hint("add one, such as `max_t = \"1G\"`; the fuel of each trial is in `trialbox trials`.");
    }
    let hint = format!(
        "add `max_t`, the largest `{}` that a trial reports; a parameter `epochs` or `max_t` with an integer would tell, too.",
        shown(time_attr)
    );
    problem("`max_t` is missing, and nothing tells at which value of `time_attr` trials end").hint(hint)
}

/// The problem that trials would be compared as soon as they have begun.
fn no_grace_period(places: &Places) -> Problem {
    let message = "`grace_period` is missing: by fuel, trials would be compared before they can report";
    Problem::new(places.section.clone(), message)
        .hint("add one, such as `grace_period = \"100M\"`; the fuel of each trial is in `trialbox trials`.")
}

/// The warning that trials end by themselves elsewhere than at `max_t`.
fn other_end(max_t: u64, inferred: &InferredMaxT, time_attr: &str, places: &Places) -> Problem {
    let source = match inferred.parameter {
        Some(name) => format!("the default of the parameter `{name}` is {}", inferred.max_t),
        None => format!("the component says that its trials end at {}", inferred.max_t),
    };
    let what = if max_t < inferred.max_t {
        format!("trials end at the `{}` {max_t}", shown(time_attr))
    } else {
        "trials may end before, and those that do are in no rung above".to_owned()
    };
    let problem = Problem::new(places.of_first(&["max_t"]), format!("`max_t` is {max_t}, but {source}"));
    problem.hint(format!("`max_t` is what holds: {what}."))
}

/// The warnings that options have no effect beside `rung_levels`.
fn without_effect(places: &Places) -> impl Iterator<Item = Problem> {
    let keys = ["grace_period", "reduction_factor"].into_iter();
    let idle = keys.filter(|key| places.is_given("rung_levels") && places.is_given(key));
    idle.map(|key| {
        let message = format!("`{key}` has no effect beside `rung_levels`");
        Problem::new(places.of_first(&[key]), message).hint("leave one of the two out.")
    })
}

/// The warning that a rung can expect too few trials.
fn sparse(options: &HyperbandSpec, rung: &SparseRung, places: &Places) -> Problem {
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
    Problem::new(places.section.clone(), message).hint(hint)
}
