//! What is compared: a searcher with a scheduler, by name.

use trialbox::scheduler::{HyperbandKind, HyperbandSpec, SchedulerSpec};
use trialbox::searcher::{AutoSpec, BayesoptSpec, RandomSpec, SearcherSpec};

/// Those of the page.
pub const NAMES: [&str; 8] = [
    "auto, promotion",
    "auto, stopping",
    "auto, fifo",
    "bayesopt, promotion",
    "bayesopt, stopping",
    "bayesopt, fifo",
    "random, promotion",
    "random, stopping",
];

/// How many full trainings are measured: with `hyperband` there are hundreds of trials for each ten of them, and models take their time.
pub fn budget(name: &str) -> f64 {
    match name.split_once(", ") {
        Some(("bayesopt", "promotion" | "stopping")) => 30.0,
        Some(("auto", "promotion" | "stopping")) => 50.0,
        _ => 100.0,
    }
}

/// The scheduler and the searcher of a name, where trials end after so many epochs.
pub fn method(name: &str, epochs: u64) -> Option<(SchedulerSpec, SearcherSpec)> {
    let (searcher, scheduler) = name.split_once(", ")?;
    let hyperband = |kind| SchedulerSpec::Hyperband(HyperbandSpec::new(kind, epochs));
    let scheduler = match scheduler {
        "fifo" => SchedulerSpec::Fifo,
        "stopping" => hyperband(HyperbandKind::Stopping),
        "promotion" => hyperband(HyperbandKind::Promotion),
        _ => return None,
    };
    let searcher = match searcher {
        "random" => SearcherSpec::Random(RandomSpec::default()),
        "auto" => SearcherSpec::Auto(AutoSpec::default()),
        "bayesopt" => SearcherSpec::Bayesopt(BayesoptSpec::default()),
        _ => return None,
    };
    Some((scheduler, searcher))
}
