//! From a core module that a compiler made to a component, for the languages whose tools stop there.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::{INTERFACE, ProjectError, WORLD};

/// The component of a module that follows the interface without saying so.
///
/// # Errors
/// If its imports and exports are not those of a trial and of WASI 0.1.
pub(super) fn component_of_plain(mut module: Vec<u8>) -> Result<Vec<u8>, ProjectError> {
    let embed = |module: &mut Vec<u8>| {
        let mut interface = Resolve::default();
        let package = interface.push_str("trial.wit", INTERFACE)?;
        let world = interface.select_world(&[package], Some(WORLD))?;
        embed_component_metadata(module, &interface, world, StringEncoding::UTF8)
    };
    embed(&mut module).map_err(|error| ProjectError::Encoding(format!("{error:#}")))?;
    component(&module)
}

/// The component of a module in which the interface is described.
///
/// # Errors
/// If its imports and exports are not those of the interface and of WASI 0.1.
pub(super) fn component(module: &[u8]) -> Result<Vec<u8>, ProjectError> {
    let encode = || {
        let encoder = ComponentEncoder::default().validate(true).module(module)?;
        encoder.adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)?.encode()
    };
    encode().map_err(|error| ProjectError::Encoding(format!("{error:#}")))
}
