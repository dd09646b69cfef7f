//! What is compared, by name.

use trialbox::scheduler::{HyperbandKind, HyperbandSpec, SchedulerSpec};
use trialbox::searcher::{AutoSpec, BayesoptSpec, RandomSpec, SearcherSpec};

/// The scheduler and searcher of `searcher/scheduler`.
pub fn method(name: &str, epochs: u64) -> (SchedulerSpec, SearcherSpec) {
    let (searcher, scheduler) = name.split_once('/').unwrap();
    let hyperband = |kind| SchedulerSpec::Hyperband(HyperbandSpec::new(kind, epochs));
    let scheduler = match scheduler {
        "fifo" => SchedulerSpec::Fifo,
        "stopping" => hyperband(HyperbandKind::Stopping),
        "promotion" => hyperband(HyperbandKind::Promotion),
        other => panic!("no scheduler {other}"),
    };
    let searcher = match searcher {
        "random" => SearcherSpec::Random(RandomSpec::default()),
        "auto" => SearcherSpec::Auto(AutoSpec::default()),
        "bayesopt" => SearcherSpec::Bayesopt(BayesoptSpec::default()),
        other => panic!("no searcher {other}"),
    };
    (scheduler, searcher)
}
