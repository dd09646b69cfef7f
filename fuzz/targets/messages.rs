//! What workers say: any bytes as messages, and any messages in the ear of a driver. See `src/executor/fuzzing.rs`.

#![no_main]

use trialbox::executor::fuzzing;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzzing::decode(bytes);
    let _ = fuzzing::hear(bytes);
});
