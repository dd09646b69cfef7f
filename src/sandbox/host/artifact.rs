//! `trialbox:trial/artifact`: files that a trial leaves behind, kept in memory until it ends.

use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use super::HostState;
use crate::sandbox::fault::Fault;
use crate::study::{Limit, Outcome};

/// How long an artifact's name may be.
const NAME_BYTES_MAX: usize = 64;

pub(super) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    let mut instance = linker.instance("trialbox:trial/artifact@0.1.0")?;
    instance.func_wrap("append", |mut store: StoreContextMut<'_, HostState>, (name, bytes): (String, Vec<u8>)| {
        let state = store.data_mut();
        let limits = state.limits.clone();
        state.owe_call(bytes.len() as u64);
        let trial = state.trial("artifact.append")?;
        check_name(&name)?;
        if !trial.artifacts.contains_key(&name) && trial.artifacts.len() as u64 >= limits.artifacts_max {
            return Err(Fault::error(Outcome::Exceeded { limit: Limit::ArtifactsMax }));
        }
        trial.artifact_bytes = trial.artifact_bytes.saturating_add(bytes.len() as u64);
        if trial.artifact_bytes > limits.artifact_bytes_max {
            return Err(Fault::error(Outcome::Exceeded { limit: Limit::ArtifactBytesMax }));
        }
        trial.gate.set_artifact_bytes(trial.artifact_bytes);
        trial.artifacts.entry(name).or_default().extend_from_slice(&bytes);
        Ok(())
    })?;
    instance.func_wrap("clear", |mut store: StoreContextMut<'_, HostState>, (name,): (String,)| {
        let state = store.data_mut();
        state.owe_call(0);
        let trial = state.trial("artifact.clear")?;
        check_name(&name)?;
        if let Some(bytes) = trial.artifacts.get_mut(&name) {
            trial.artifact_bytes -= bytes.len() as u64;
            *bytes = Vec::new();
            trial.gate.set_artifact_bytes(trial.artifact_bytes);
        }
        Ok(())
    })
}

/// Names become file names on the machine of whoever asks for the artifact.
fn check_name(name: &str) -> wasmtime::Result<()> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.starts_with('.') || !name.bytes().all(allowed) {
        let shown: String = name.chars().take(NAME_BYTES_MAX).flat_map(char::escape_debug).collect();
        return Err(Fault::misuse(format!(
            "`{shown}` is no name for an artifact: 1 to {NAME_BYTES_MAX} of a–z, A–Z, 0–9, `.`, `_`, `-`, not beginning with `.`"
        )));
    }
    Ok(())
}
