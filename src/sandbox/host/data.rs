//! `trialbox:trial/data`: read access to the study's data sets.

use std::collections::BTreeMap;
use std::path::PathBuf;

use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use super::{HostState, check_length};
use crate::numeric::digest::Digest;
use crate::study::{DataId, Limit};

/// The data sets of a study, in memory, by name.
#[derive(Debug, Default)]
pub struct DataSets(BTreeMap<String, Vec<u8>>);

/// A data set cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The file cannot be read.
    #[error("the data set `{name}` cannot be read from `{}`", path.display())]
    Read {
        /// The data set.
        name: String,
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The file is not what the study was begun with.
    #[error("the data set `{name}` in `{}` has changed: it is {found}, the study has {expected}", path.display())]
    Changed {
        /// The data set.
        name: String,
        /// The file.
        path: PathBuf,
        /// The digest of the file.
        found: Digest,
        /// The digest in the study.
        expected: Digest,
    },
}

impl DataSets {
    /// Reads the files and checks that they are what the study names.
    ///
    /// # Errors
    /// If a file cannot be read, or has another content.
    pub fn load(files: &BTreeMap<String, (PathBuf, DataId)>) -> Result<Self, DataError> {
        let mut sets = BTreeMap::new();
        for (name, (path, id)) in files {
            let bytes = std::fs::read(path).map_err(|source| DataError::Read {
                name: name.clone(),
                path: path.clone(),
                source,
            })?;
            let found = Digest::of(&bytes);
            if found != id.digest {
                return Err(DataError::Changed { name: name.clone(), path: path.clone(), found, expected: id.digest });
            }
            sets.insert(name.clone(), bytes);
        }
        Ok(Self(sets))
    }

    /// Data sets from memory.
    #[must_use]
    pub fn from_memory(sets: BTreeMap<String, Vec<u8>>) -> Self {
        Self(sets)
    }
}

pub(super) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    let mut instance = linker.instance("trialbox:trial/data@0.1.0")?;
    instance.func_wrap("names", |mut store: StoreContextMut<'_, HostState>, (): ()| {
        let names: Vec<String> = store.data_mut().trial("data.names")?.data.0.keys().cloned().collect();
        store.data_mut().owe_call(names.iter().map(|name| name.len() as u64).sum());
        Ok((names,))
    })?;
    instance.func_wrap("size", |mut store: StoreContextMut<'_, HostState>, (name,): (String,)| {
        let size = store.data_mut().trial("data.size")?.data.0.get(&name).map(|bytes| bytes.len() as u64);
        store.data_mut().owe_call(name.len() as u64);
        Ok((size,))
    })?;
    instance.func_wrap(
        "read",
        |mut store: StoreContextMut<'_, HostState>, (name, offset, length): (String, u64, u32)| {
            let state = store.data_mut();
            check_length(length as usize, state.limits.host_call_bytes_max, Limit::HostCallBytesMax)?;
            let data = state.trial("data.read")?.data.clone();
            let Some(bytes) = data.0.get(&name) else {
                state.owe_call(name.len() as u64);
                return Ok((Err::<Vec<u8>, String>("the study names no such data set".into()),));
            };
            let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
            let end = start.saturating_add(length as usize).min(bytes.len());
            state.owe_call((end - start) as u64);
            Ok((Ok(bytes[start..end].to_vec()),))
        },
    )
}
