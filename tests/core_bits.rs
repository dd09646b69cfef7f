//! What searchers suggest, to the bit: the same on every processor.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a test, no library")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test, no library")]

#[path = "support/asking.rs"]
mod asking;

use std::collections::BTreeMap;
use std::process::Command;

use asking::Run;
use trialbox::numeric::digest::Digest;
use trialbox::searcher::{
    AutoSpec, BayesoptSpec, ControllerSpec, ObservationKind, RandomSpec, ResourceKernel, ResourceRange, SearcherSpec,
};
use trialbox::space::{Condition, Config, Domain, IntegerRange, Parameter, RealRange, Space, Value};

const TRIALS: usize = 36;
const LEVELS: [u64; 3] = [1, 3, 9];
const TEST: &str = "what_searchers_suggest_is_what_is_written_down";

fn space() -> Space {
    let real = |lower, upper, log| Domain::Real(RealRange { lower, upper, log });
    let choice = Domain::Choice(["adam", "sgd"].map(Value::from).to_vec());
    let mut momentum = Parameter::new("momentum", real(0.0, 1.0, false));
    momentum.condition = Some(Condition { parameter: "solver".into(), choice: 1 });
    let integers = IntegerRange { lower: 1, upper: 300, log: true };
    Space::new(vec![
        Parameter::new("rate", real(1e-5, 1.0, true)),
        Parameter::new("solver", choice),
        momentum,
        Parameter::new("units", Domain::Integer(integers)),
        Parameter::new("bias", Domain::Boolean),
    ])
    .unwrap()
}

/// Something that depends on all of it, of sums, products and quotients alone.
fn reward(config: &Config, level: u64) -> f64 {
    let number = |name: &str| config.get(name).and_then(Value::as_number).unwrap_or(0.5);
    let (rate, momentum, units) = (number("rate"), number("momentum"), number("units"));
    let growth = level as f64 / (level as f64 + 2.0 + units / 100.0);
    growth / (1.0 + (rate - 0.02) * (rate - 0.02) * 40.0 + (momentum - 0.8) * (momentum - 0.8))
}

/// Everything that a searcher said: its suggestions, and its model at the end. Of levels each third trial reaches the next.
fn said(spec: &SearcherSpec, range: Option<ResourceRange>) -> Digest {
    let mut run = Run::new(spec, &space(), 5, range);
    for trial in 0..TRIALS {
        if run.suggest().is_none() {
            break;
        }
        let reached = if range.is_none() || trial % 9 == 8 { 3 } else { 1 + usize::from(trial % 3 == 2) };
        let levels = if range.is_some() { &LEVELS[..reached] } else { &LEVELS[2..] };
        for &level in levels {
            let config = run.configs[trial].clone();
            let constraint = Some(0.3 - reward(&config, 9));
            run.tell(
                trial,
                ObservationKind::Rewarded { level: Some(level), reward: reward(&config, level), constraint },
            );
        }
        run.tell(trial, ObservationKind::JobEnded);
    }
    Digest::of_canonical(&(run.configs, run.searcher.model_parameters()))
}

fn all() -> BTreeMap<String, String> {
    let range = Some(ResourceRange { first: LEVELS[0], last: LEVELS[2] });
    let plain = BayesoptSpec::default();
    let mut specs = vec![
        ("random", SearcherSpec::Random(RandomSpec::default()), None),
        ("auto", SearcherSpec::Auto(AutoSpec::default()), None),
        ("auto with levels", SearcherSpec::Auto(AutoSpec::default()), range),
        ("bayesopt", SearcherSpec::Bayesopt(plain), None),
        ("constrained_bayesopt", SearcherSpec::ConstrainedBayesopt(plain), None),
        ("rl", SearcherSpec::Rl(ControllerSpec::default()), None),
    ];
    let kernels = [
        ("matern52", ResourceKernel::Matern52),
        ("matern52-res-warp", ResourceKernel::Matern52ResWarp),
        ("exp-decay-sum", ResourceKernel::ExpDecaySum),
        ("exp-decay-combined", ResourceKernel::ExpDecayCombined),
        ("exp-decay-delta1", ResourceKernel::ExpDecayDelta1),
    ];
    specs.extend(kernels.map(|(name, kernel)| {
        (name, SearcherSpec::Bayesopt(BayesoptSpec { gp_resource_kernel: Some(kernel), ..plain }), range)
    }));
    specs.into_iter().map(|(name, spec, range)| (name.to_owned(), said(&spec, range).to_string())).collect()
}

#[test]
fn what_searchers_suggest_is_what_is_written_down() {
    let written: BTreeMap<String, String> = serde_json::from_str(include_str!("golden/searcher_bits.json")).unwrap();
    assert_eq!(all(), written, "a searcher suggests something else than before; if that is meant, write it down");
}

/// `core2duo` has neither AVX nor fused multiply-add.
#[test]
#[ignore = "needs qemu-x86_64; `cargo xtask test` gets it, and names it by TRIALBOX_EMULATOR"]
fn searchers_suggest_the_same_on_a_processor_without_avx_and_fma() {
    let emulator = std::env::var_os("TRIALBOX_EMULATOR").unwrap_or_else(|| "qemu-x86_64".into());
    let this = std::env::current_exe().unwrap();
    let output = Command::new(emulator).args(["-cpu", "core2duo"]).arg(this).args(["--exact", TEST]).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && shown.contains("1 passed"), "{shown}");
}
