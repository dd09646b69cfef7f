//! The contract as generated code, in components only.
//!
//! Generated from `wit/`, the one source for the engine and for every guest. Guests never name this module; the `train`
//! macro and `runtime` do.
#![allow(missing_docs, clippy::all, reason = "generated code")]

wit_bindgen::generate!({
    path: "../../wit",
    world: "trial",
    pub_export_macro: true,
    export_macro_name: "export_trial",
    default_bindings_module: "trialbox_guest::bindings",
});

/// The world of searchers, which shares what trials have, too.
pub mod searching {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "searcher",
        with: {
            "trialbox:trial/types@0.1.0": crate::bindings::trialbox::trial::types,
            "trialbox:trial/log@0.1.0": crate::bindings::trialbox::trial::log,
        },
        pub_export_macro: true,
        export_macro_name: "export_searcher",
        default_bindings_module: "trialbox_guest::bindings::searching",
    });
}
