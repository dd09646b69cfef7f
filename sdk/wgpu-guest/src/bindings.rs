//! The interface as generated code, from the one source for the engine and for every guest.
#![allow(missing_docs, unreachable_pub, unsafe_code, clippy::all, clippy::pedantic, reason = "generated code")]

wit_bindgen::generate!({
    path: "../../wit/webgpu",
    world: "compute",
});
