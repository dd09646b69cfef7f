//! Shaders: any text is refused in words, or passes with what its entry points cost. See `src/gpu/shader`.

#![no_main]

use std::panic;
use std::sync::Once;

use trialbox::gpu::fuzzing;

static HOOK: Once = Once::new();

libfuzzer_sys::fuzz_target!(|source: &str| {
    HOOK.call_once(forgive_the_translator);
    let _ = fuzzing::shader(source);
});

/// The translator's panics are caught and told, so they are no findings; the fuzzer would end at each of them.
fn forgive_the_translator() {
    let end = panic::take_hook();
    panic::set_hook(Box::new(move |information| {
        if !information.location().is_some_and(|location| location.file().contains("/naga-")) {
            end(information);
        }
    }));
}
