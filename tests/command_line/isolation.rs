//! Where guests run, and within what bounds of the machine: processes of one trial, layers that are required, compilers that take too much.

use std::fmt::Write;

use crate::world::World;

/// A component of one function that the compiler has much to do with: its values all live through a loop of branches.
fn compiler_bomb() -> Vec<u8> {
    let (values, branches) = (4_000, 4_000);
    let mut body = String::from("(loop $again ");
    for value in 0..branches {
        let (one, other) = (value % values, (value * 7 + 1) % values);
        write!(body, "(if (i32.lt_u (local.get {one}) (local.get {other})) (then (local.set {one} (i32.add (local.get {other}) (local.get {one})))))").unwrap();
    }
    body.push_str("(br_if $again (local.get 0)))");
    let text = format!("(component (core module (func (local {}) {body})))", "i32 ".repeat(values));
    wat::parse_str(text).unwrap()
}

#[test]
fn with_a_process_for_each_trial_the_log_is_the_same() {
    let promotion = "type = \"hyperband\"\nvariant = \"promotion\"\nnum_trials = 30\nmax_t = 9\n";
    for settings in ["num_trials = 20\n", promotion] {
        let world = World::new().toy("toy", settings);
        world.trialbox("run toy --quiet").exits(0);
        let apart = world.trialbox("run toy --isolation process-per-trial --store apart.study").exits(0);
        assert_eq!(apart.line("digest"), world.digest("toy.study"));
    }
}

#[test]
fn where_every_layer_is_required_threads_are_refused() {
    let world = World::with_toy();
    let ran = world.trialbox("run toy --require-isolation --isolation thread").exits(70);
    insta::assert_snapshot!(ran.messages(), @r"
    error: workers cannot be isolated as required: without resource limits (rlimits), file and network rules (Landlock), system-call filter (seccomp)
    hint: Linux since 5.13 has all layers, and `--isolation thread` uses none; docs/sealing.md says what each is for
    ");
    assert_eq!(world.names(), ["toy"]);
}

#[cfg(target_os = "linux")]
#[test]
fn where_every_layer_is_required_a_system_that_has_them_runs_the_study() {
    let world = World::with_toy();
    world.trialbox("run toy --quiet --require-isolation").exits(0).tells_nothing();
    world.trialbox("verify toy.study --require-isolation").exits(0);
    world.trialbox("replay toy.study --trial 3 --require-isolation").exits(0);
    world.trialbox("train toy --require-isolation").exits(0);
    world.trialbox("inspect toy/component.wasm --require-isolation").exits(0);
}

#[test]
fn a_component_that_compiles_for_too_long_is_refused() {
    let world = World::new().write("bomb.wasm", compiler_bomb());
    let ran = world.trialbox("inspect bomb.wasm --compile-time-max 1ms").exits(4);
    insta::assert_snapshot!(ran.messages(), @r"
    error: `bomb.wasm`: the component cannot be compiled: it takes more than 0.001 s, which is `compile_time_max`
    hint: --compile-time-max and --compile-memory-max allow more; do that for a component that you trust
    ");
}

#[cfg(target_os = "linux")]
#[test]
fn a_component_that_takes_the_compiler_too_much_memory_is_refused() {
    let world = World::new().write("bomb.wasm", compiler_bomb());
    let ran = world.trialbox("inspect bomb.wasm --compile-memory-max 64MiB").exits(4);
    ran.tells("(`compile_memory_bytes_max`)").tells("--compile-memory-max");
    // It is no harm in itself: with more of both it is compiled, and found to be no trial.
    world.trialbox("inspect bomb.wasm").exits(4).tells("exports neither");
}

#[test]
fn a_bound_on_workers_that_is_too_low_ends_in_an_error() {
    let world = World::with_toy();
    world.trialbox("run toy --worker-memory-max 1MiB").exits(70).tells("a worker was lost while it was loading");
}
