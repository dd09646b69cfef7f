//! Rust types for `wit/`, generated. Imports are bound by hand in `host/`, where the store can be charged.

wasmtime::component::bindgen!({
    path: "wit/trial.wit",
    world: "trial",
    imports: { default: trappable },
    exports: { default: async },
});

/// The world of searchers, which shares the types.
pub(super) mod searching {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "searcher",
        imports: { default: trappable },
        exports: { default: async },
        with: { "trialbox:trial/types": super::trialbox::trial::types },
    });
}

pub(super) use self::trialbox::trial::types;
