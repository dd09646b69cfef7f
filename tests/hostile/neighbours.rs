//! A good guest among bad ones: it notices nothing of them. And a trial that is run again does the same again.

use trialbox::numeric::digest::Digest;
use trialbox::sandbox::instance::Program;
use trialbox::sandbox::{CompiledCache, Sandbox, component, fuel_schedule};
use trialbox::space::Value;
use trialbox::study::{FloatMode, Outcome};

use super::support::guest::Guest;
use super::support::run::{Ran, SANDBOX, Setting, begin, program, run_program};

/// A guest that uses a little of everything.
fn good() -> Vec<u8> {
    let mut guest = Guest::new();
    let report =
        guest.attributes(&[("accuracy", Value::Real(0.0)), ("n", Value::Integer(0)), ("note", Value::from("ü"))]);
    let (log, name) = (guest.log("step"), guest.text("model"));
    let (accuracy, n) = (report.pointer + 16, report.pointer + 40);
    let body = format!(
        "(local $i i32) (local $sum f64)
         (loop $next
           (local.set $sum (f64.add (local.get $sum) (f64.sqrt (f64.convert_i64_u (call $random_u64)))))
           (f64.store (i32.const {accuracy}) (f64.div (f64.const 1) (local.get $sum)))
           (i64.store (i32.const {n}) (call $monotonic_now))
           (memory.fill (i32.const 64) (i32.const 1) (i32.const 900))
           (drop (memory.grow (i32.const 1)))
           {log}
           (call $report {report})
           (call $artifact_append {name} (i32.const {accuracy}) (i32.const 8))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $next (i32.lt_u (local.get $i) (i32.const 50))))"
    );
    guest.train(body).component()
}

/// Guests that end badly, each in its own way.
fn bad() -> Vec<Program> {
    let bodies = [
        "(loop $for_ever (br $for_ever))",
        "(unreachable)",
        "(call $down (i32.const 0))",
        "(loop $more (drop (memory.grow (i32.const 100))) (br $more))",
        "(loop $more (drop (call $stdout)) (br $more))",
        "(loop $more (call $report (i32.const 0) (i32.const 0)) (br $more))",
        "(loop $more (call $log (i32.const 0) (i32.const 60000)) (br $more))",
        "(call $report (i32.const 0) (i32.const 0x7fffffff))",
        "(call $exit (i32.const 1))",
        "(drop (call $subscribe_duration (i64.const -1)))",
    ];
    let guest = |body: &str| {
        Guest::new()
            .part("(func $down (param i32) (call $down (local.get 0)) (i32.store (i32.const 0) (i32.const 0)))")
            .train(body)
    };
    bodies.map(|body| program(&guest(body).component())).into()
}

#[test]
fn a_good_trial_does_the_same_before_between_and_after_bad_ones() {
    let good = program(&good());
    let alone = run_program(&good, &Setting::default());
    assert_eq!((&alone.outcome, alone.reports.len()), (&Outcome::Completed, 50));
    for bad in bad() {
        assert_ne!(run_program(&bad, &Setting::default()).outcome, Outcome::Completed);
        assert_eq!(run_program(&good, &Setting::default()), alone);
    }
}

#[test]
fn a_good_trial_does_the_same_while_bad_ones_run_beside_it() {
    let good = program(&good());
    let alone = run_program(&good, &Setting::default());
    let bad = bad();
    let mut beside: Vec<_> = bad.iter().map(|bad| Some(begin(bad, &Setting::default()))).collect();
    let mut running = begin(&good, &Setting::default());
    let ended = loop {
        for slot in &mut beside {
            if slot.as_mut().is_some_and(|bad| bad.step().is_ready()) {
                *slot = None;
            }
        }
        if let std::task::Poll::Ready(ended) = running.step() {
            break ended;
        }
    };
    assert_eq!((ended.outcome, ended.fuel.0, ended.artifacts), (alone.outcome, alone.fuel, alone.artifacts));
    assert_eq!(running.heard.lock().unwrap().reports, alone.reports);
}

#[test]
fn trials_of_one_program_on_many_threads_do_the_same() {
    let good = program(&good());
    let alone = run_program(&good, &Setting::default());
    let runs: Vec<Ran> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| run_program(&good, &Setting::default()))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(runs.iter().all(|run| *run == alone));
}

#[test]
fn fuel_and_reports_are_the_same_compiled_anew_or_from_the_cache_and_in_another_engine() {
    let bytes = good();
    let first = run_program(&program(&bytes), &Setting::default());
    let folder = tempfile::tempdir().unwrap();
    let cache = CompiledCache::open(folder.path()).unwrap();
    let engine = Sandbox::new(FloatMode::Native).unwrap();
    for sandbox in [&SANDBOX, &SANDBOX, &engine] {
        let component = cache.get_or_compile(sandbox, Digest::of(&bytes), &bytes).unwrap();
        assert_eq!(run_program(&Program::new(sandbox, &component).unwrap(), &Setting::default()), first);
    }
}

#[test]
fn the_float_mode_changes_no_fuel() {
    let bytes = good();
    let native = run_program(&program(&bytes), &Setting::default());
    let canonical = Sandbox::new(FloatMode::Canonical).unwrap();
    let component = component::compile(&canonical, &bytes).unwrap();
    assert_eq!(run_program(&Program::new(&canonical, &component).unwrap(), &Setting::default()), native);
    assert_ne!(fuel_schedule(FloatMode::Native), fuel_schedule(FloatMode::Canonical));
}
