//! Components: any bytes are refused, or compiled, described and run as a trial, as a command or as a searcher.

#![no_main]

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};

use trialbox::numeric::amount::{Fuel, Seed, TrialId};
use trialbox::numeric::digest::Digest;
use trialbox::sandbox::component::{self, Inspection};
use trialbox::sandbox::instance::Program;
use trialbox::sandbox::searcher::SearcherProgram;
use trialbox::sandbox::{Arguments, DataSets, Gate, Sandbox, TrialSink};
use trialbox::searcher::{ComponentSearcherSpec, ObservationKind};
use trialbox::space::{Domain, Parameter, RealRange, Space};
use trialbox::study::{ComponentId, FloatMode, Limits, LogPiece, Report};

static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| Sandbox::new(FloatMode::Native).expect("the engine starts"));

/// A guest yields every million units of fuel; one that goes on and on finds nothing new.
const POLLS_MAX: usize = 20;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(component) = component::compile(&SANDBOX, bytes) else { return };
    let id = ComponentId { digest: Digest::of(bytes), bytes: bytes.len() as u64 };
    if let Some(Ok((program, inspection))) =
        poll_a_while(component::inspect(&SANDBOX, &component, id.clone(), &limits()))
    {
        train(&program, &inspection);
        if let Ok(program) = Program::for_many(&SANDBOX, &component, bytes) {
            train(&program, &inspection);
        }
    }
    if component::inspect_searcher(&SANDBOX, &component, id).is_ok()
        && let Ok(program) = SearcherProgram::new(&SANDBOX, &component)
    {
        poll_a_while(search(&program));
    }
});

fn limits() -> Limits {
    Limits {
        fuel_max: 5_000_000,
        memory_bytes_max: 64 << 20,
        host_call_bytes_max: 1 << 20,
        reports_max: 1_000,
        artifact_bytes_max: 1 << 20,
        handles_max: 1_000,
        ..Limits::default()
    }
}

fn space() -> Space {
    let unit = RealRange { lower: 0.0, upper: 1.0, log: false };
    Space::new(vec![Parameter::new("x", Domain::Real(unit))]).expect("it is well formed")
}

struct Nobody;

impl TrialSink for Nobody {
    fn report(&mut self, _: Fuel, _: Report) {}

    fn log(&mut self, _: LogPiece) {}
}

fn train(program: &Program, inspection: &Inspection) {
    let space = inspection.description.as_ref().map_or_else(space, |description| description.space.clone());
    let arguments = Arguments::of(&space, &space.default_config(), Seed(7));
    let data = DataSets::from_memory([("digits".to_owned(), b"1,2\n3,4\n".to_vec())].into());
    let (limits, gate) = (Arc::new(limits()), Arc::new(Gate::default()));
    poll_a_while(program.train(arguments, limits, Arc::new(data), Box::new(Nobody), gate));
}

async fn search(program: &SearcherProgram) {
    let usual = ComponentSearcherSpec::new(Digest::of(b""), 0);
    let spec = ComponentSearcherSpec { fuel_max: 5_000_000, memory_bytes_max: 64 << 20, ..usual };
    let Ok(mut searcher) = program.begin(&space(), Seed(7), &spec).await else { return };
    for trial in (0..3).map(TrialId) {
        let _ = searcher.suggest(trial).await;
        let rewarded = ObservationKind::Rewarded { level: Some(1), reward: 0.5, constraint: None };
        for kind in [rewarded, ObservationKind::JobEnded] {
            let _ = searcher.observe(trial, kind).await;
        }
    }
}

/// What comes of a future that is pending only because its guest yields or reports; nothing, if that takes long.
fn poll_a_while<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    (0..POLLS_MAX).find_map(|_| match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    })
}
