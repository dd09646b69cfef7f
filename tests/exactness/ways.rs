//! Studies of many kinds, each run in ways chosen by chance: workers, isolation, memory, speculation. One digest each.

use std::path::Path;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use trialbox::Study;
use trialbox::executor::{Interrupt, Isolation, RunOptions, Speculation, set_worker_program};
use trialbox::numeric::amount::Seed;
use trialbox::numeric::digest::Digest;
use trialbox::scheduler::{HyperbandKind, HyperbandSpec, RlSpec, SchedulerSpec};
use trialbox::searcher::{AutoSpec, BayesoptSpec, ControllerSpec, RandomSpec, SearcherSpec};
use trialbox::session::{Plan, begin};
use trialbox::store::Reader;
use trialbox::study::Capacity;

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/guest-examples");

/// A study by chance: of one of the examples, with either variant, some brackets, and fuel as its resource or a searcher that learns now and then.
fn study(random: &mut StdRng) -> Plan {
    let example = *["toy", "toy-wasi", "digits"].choose(random).unwrap();
    let kind = *[HyperbandKind::Stopping, HyperbandKind::Promotion].choose(random).unwrap();
    let cpus = *[1, 2, 8, 16].choose(random).unwrap();
    let by_fuel = example == "digits" && random.random_bool(0.5);
    let mut hyperband = HyperbandSpec::new(kind, if by_fuel { 90_000_000 } else { 9 });
    hyperband.brackets = *[1, 1, 2, 4].choose(random).unwrap();
    hyperband.rung_levels = by_fuel.then(|| vec![10_000_000, 30_000_000]);
    let trials = if example == "digits" { 20 } else { random.random_range(20..120) };
    let mut builder = Study::builder(format!("{EXAMPLES}/{example}/{example}.wasm")).num_trials(trials);
    if example == "digits" {
        builder = builder.data("digits", format!("{EXAMPLES}/digits/digits.csv"));
    }
    let capacity = Capacity { cpus, ..Capacity::default() };
    let builder =
        builder.capacity(capacity).isolation(Isolation::Thread).scheduler(SchedulerSpec::Hyperband(hyperband));
    let mut plan = builder.plan().unwrap();
    plan.spec.seed = Seed(random.random());
    plan.spec.searcher = searcher(random, trials);
    if matches!(plan.spec.searcher, SearcherSpec::ConstrainedBayesopt(_)) {
        // No example has an attribute that is meant as a constraint. These are above 0: nothing is feasible.
        plan.spec.metrics.constraint_attr = Some(if example == "digits" { "loss" } else { "lr" }.to_owned());
    }
    if by_fuel {
        plan.spec.metrics.time_attr = "fuel".into();
    }
    plan
}

/// One that learns nothing in half of the studies: it allows more to be run ahead. Of `bayesopt` suggestions take long where trials are many.
fn searcher(random: &mut StdRng, trials: u64) -> SearcherSpec {
    let blind = SearcherSpec::Random(RandomSpec::default());
    match random.random_range(0..6) {
        0 | 1 => SearcherSpec::Auto(AutoSpec::default()),
        2 if trials <= 40 => SearcherSpec::Bayesopt(BayesoptSpec::default()),
        3 if trials <= 40 => SearcherSpec::ConstrainedBayesopt(BayesoptSpec::default()),
        _ => blind,
    }
}

/// A study by chance in rounds.
fn study_in_rounds(random: &mut StdRng) -> Plan {
    let mut plan = Study::builder(format!("{EXAMPLES}/toy/toy.wasm"))
        .num_trials(random.random_range(5..60))
        .capacity(Capacity { cpus: *[1, 4, 8].choose(random).unwrap(), ..Capacity::default() })
        .isolation(Isolation::Thread)
        .plan()
        .unwrap();
    let rounds =
        RlSpec { controller_batch_size: random.random_range(1..9), sync: random.random_bool(0.7), ..RlSpec::default() };
    let controller = ControllerSpec { batch: rounds.batch(), ..ControllerSpec::default() };
    plan.spec.seed = Seed(random.random());
    plan.spec.scheduler = SchedulerSpec::Rl(rounds);
    plan.spec.searcher = SearcherSpec::Rl(controller);
    plan
}

/// A way to run it by chance.
fn way(random: &mut StdRng) -> RunOptions {
    RunOptions {
        jobs: random.random_range(1..=5),
        isolation: *[Isolation::Thread, Isolation::Process].choose(random).unwrap(),
        paused_memory_bytes_max: *[0, 300 << 10, 3 << 20, 1 << 30].choose(random).unwrap(),
        speculation: *[Speculation::On, Speculation::On, Speculation::Off].choose(random).unwrap(),
        cache: Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled")),
        ..RunOptions::default()
    }
}

fn digest(plan: &Plan, options: &RunOptions) -> Digest {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.study");
    begin(plan, &path, options, &mut [], &Interrupt::default()).unwrap();
    Reader::open(&path).unwrap().digest().unwrap()
}

#[test]
fn a_study_by_chance_has_one_digest_in_every_way_by_chance() {
    set_worker_program(env!("CARGO_BIN_EXE_trialbox").into());
    let mut random = StdRng::seed_from_u64(3);
    for number in 0..40 {
        let plan = if number % 8 == 7 { study_in_rounds(&mut random) } else { study(&mut random) };
        let plain =
            RunOptions { jobs: 1, speculation: Speculation::Off, isolation: Isolation::Thread, ..way(&mut random) };
        let expected = digest(&plan, &plain);
        for _ in 0..3 {
            let way = way(&mut random);
            assert_eq!(digest(&plan, &way), expected, "study {number}: {:?} {way:?}", plan.spec);
        }
    }
}
