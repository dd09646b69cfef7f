//! The scheduler and the searcher `rl` in a study file. The scheduler's section has the options of both, as in the original, and brings
//! the searcher with it.

use super::{Kind, Places};
use crate::config::error::{Problem, shown};
use crate::config::reader::{Item, TableReader, items};
use crate::config::reference::Row;
use crate::scheduler::{BATCH_SIZE_MAX, ControllerResource, RlSpec, SchedulerSpec};
use crate::searcher::{ControllerError, ControllerSpec, SearcherSpec};
use crate::study::{Description, SpecError, StudySpec};

const OPTIONS: &[Row] = &[
    (
        "controller_lr",
        "real above 0, at most 1",
        "0.001",
        "`rl` only: the learning rate of the controller for one trial; that of an update is as many times it as trials are learnt from.",
    ),
    (
        "controller_batch_size",
        "integer from 1 to 10000",
        "1",
        "`rl` only: how many trials a round has, or how many run at a time with `sync = false`.",
    ),
    (
        "ema_baseline_decay",
        "real from 0 to 1",
        "0.95",
        "`rl` only: how much each reward leaves of the moving average that rewards are compared with.",
    ),
    (
        "controller_resource",
        "table of `num_cpus` and `num_gpus`",
        "`{ num_cpus = 0, num_gpus = 0 }`",
        "`rl` only: what is kept of `capacity` while the study runs, so that fewer trials run at a time.",
    ),
    (
        "sync",
        "boolean",
        "true",
        "`rl` only: whether trials run in rounds: each is drawn from what was learnt from the rounds before. Without, it is learnt \
         from each trial as it ends.",
    ),
];

/// The scheduler `rl`.
#[derive(Debug)]
pub(super) struct Rl;

/// The searcher `rl`.
#[derive(Debug)]
pub(super) struct RlSearcher;

impl Kind for Rl {
    fn name(&self) -> &'static str {
        "rl"
    }

    fn summary(&self) -> &'static str {
        "runs trials in rounds, for the searcher `rl` to learn from"
    }

    fn options(&self) -> &'static [Row] {
        OPTIONS
    }

    fn read(&self, table: &mut TableReader<'_>, spec: &mut StudySpec, problems: &mut Vec<Problem>) {
        let (mut rl, mut controller) = (RlSpec::default(), ControllerSpec::default());
        for (key, place) in [
            ("controller_lr", &mut controller.controller_lr),
            ("ema_baseline_decay", &mut controller.ema_baseline_decay),
        ] {
            *place = table.take(key).and_then(|item| item.real(problems)).unwrap_or(*place);
        }
        let size = table.take("controller_batch_size");
        let size = size.and_then(|item| item.integer(1..=BATCH_SIZE_MAX.into(), problems));
        rl.controller_batch_size = size.and_then(|size| u32::try_from(size).ok()).unwrap_or(rl.controller_batch_size);
        rl.sync = table.take("sync").and_then(|item| item.boolean(problems)).unwrap_or(rl.sync);
        if let Some(item) = table.take("controller_resource") {
            rl.controller_resource = resource(&item, problems);
        }
        controller.batch = rl.batch();
        spec.scheduler = SchedulerSpec::Rl(rl);
        // A section of the searcher comes later and may say otherwise, which is then refused.
        spec.searcher = SearcherSpec::Rl(controller);
    }

    fn problem(&self, error: &SpecError, places: &Places) -> Option<Problem> {
        let at = |option| Problem::new(places.of_first(&[option]), error.to_string());
        match error {
            SpecError::Searcher { .. } => {
                let problem = Problem::new(places.section.clone(), error.to_string());
                Some(problem.hint("write `type = \"rl\"` under [searcher], or leave that section out."))
            }
            SpecError::Controller(ControllerError::Option { option, .. }) => Some(at(option)),
            SpecError::Controller(ControllerError::TooManyOptions { .. }) => {
                Some(at("type").hint("leave values out of the largest choices."))
            }
            SpecError::TooLarge { .. } if places.is_given("controller_resource") => {
                let problem = at("controller_resource");
                Some(
                    problem.hint(
                        "what is there is `capacity` without `controller_resource`; keep less, or raise `capacity`.",
                    ),
                )
            }
            _ => None,
        }
    }

    fn warnings(&self, spec: &StudySpec, places: &Places, _description: Option<&Description>) -> Vec<Problem> {
        let SchedulerSpec::Rl(rl) = &spec.scheduler else { return Vec::new() };
        let is_one_round = spec.num_trials.is_some_and(|num_trials| num_trials <= rl.batch().into());
        if !is_one_round || spec.num_trials == Some(1) {
            return Vec::new();
        }
        let message = "all trials are one round, so that nothing is learnt before the study ends";
        let problem = Problem::new(places.of_first(&["controller_batch_size"]), message);
        vec![problem.hint("lower `controller_batch_size`, or raise `num_trials`.")]
    }
}

fn resource(item: &Item<'_>, problems: &mut Vec<Problem>) -> ControllerResource {
    let mut resource = ControllerResource::default();
    let Some(table) = item.table(problems) else { return resource };
    for part in items(table, &item.path) {
        match part.key.as_ref() {
            "num_cpus" => {
                let count = part.integer(0..=u32::MAX.into(), problems);
                resource.num_cpus = count.and_then(|count| u32::try_from(count).ok()).unwrap_or_default();
            }
            "num_gpus" => resource.num_gpus = part.share(problems).unwrap_or_default(),
            _ => {
                let message = format!("unknown key `{}` in `controller_resource`", shown(&part.key));
                problems.push(Problem::new(part.key_span, message).hint("keys here: `num_cpus`, `num_gpus`."));
            }
        }
    }
    resource
}

impl Kind for RlSearcher {
    fn name(&self) -> &'static str {
        "rl"
    }

    fn summary(&self) -> &'static str {
        "learns from rewards which values to draw"
    }

    fn read(&self, _table: &mut TableReader<'_>, spec: &mut StudySpec, _problems: &mut Vec<Problem>) {
        // The scheduler `rl` has said how, if it is there.
        if !matches!(spec.searcher, SearcherSpec::Rl(_)) {
            spec.searcher = SearcherSpec::Rl(ControllerSpec::default());
        }
    }

    fn problem(&self, error: &SpecError, places: &Places) -> Option<Problem> {
        let problem = Problem::new(places.section.clone(), error.to_string());
        match error {
            SpecError::Searcher { .. } => Some(problem.hint("write `type = \"rl\"` or `\"fifo\"` under [scheduler].")),
            SpecError::Controller(_) => Some(problem.hint("leave values out of the largest choices.")),
            _ => None,
        }
    }
}
