//! Rust types for `wit/trial.wit`, generated. Imports are bound by hand in `host/`, where the store can be charged.

wasmtime::component::bindgen!({
    path: "wit/trial.wit",
    world: "trial",
    imports: { default: trappable },
    exports: { default: async },
});

pub(super) use self::trialbox::trial::types;
