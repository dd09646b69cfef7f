//! Compiled components: what is told while one is made, and `trialbox cache`.

use crate::world::World;

#[test]
fn a_component_that_takes_a_while_to_compile_is_told_of_once_and_not_when_it_is_to_be_quiet() {
    let world = World::new().study("large", "digits-burn-rust/digits-burn-rust.wasm", "[scheduler]\nnum_trials = 1\n");
    let told = "compiling 2.8 MB to native code, once on this machine\n";
    world.trialbox("inspect large/component.wasm").exits(0).tells(told);
    world.trialbox("inspect large/component.wasm").exits(0).tells_nothing();
    world.trialbox("cache --clear").exits(0).prints("removed   1 component, ");
    let ran = world.trialbox("run large --quiet");
    assert!(!ran.stderr.contains("compiling"), "{}", ran.stderr);
}

#[test]
fn compiled_components_are_counted_and_removed() {
    let world = World::with_toy();
    world.trialbox("cache").exits(0).prints("compiled  0 components, 0.0 MB");
    world.trialbox("run toy --quiet").exits(0);
    let shown = world.trialbox("cache").exits(0).prints("compiled  1 component, 0.").tells_nothing();
    assert!(shown.line("folder").ends_with("/cache"), "{}", shown.stdout);
    // Its key, and what others put there, stays.
    let world = world.write("../cache/notes.txt", "mine");
    world.trialbox("cache --clear").exits(0).prints("removed   1 component");
    world.trialbox("cache").exits(0).prints("compiled  0 components");
    assert!(world.path("../cache/notes.txt").exists());
    world.trialbox("run toy --quiet").exits(0);
}

#[test]
fn a_cache_that_is_no_folder_is_told_of() {
    let world = World::new().write("../cache", "a file");
    world.trialbox("cache").exits(70).tells("error: the folder `").tells("cannot be used");
}
