//! `trialbox:trial/data`: read access to the study's data sets.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::Arc;

use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use super::artifact::part;
use super::{HostState, check_length};
use crate::numeric::digest::Digest;
use crate::study::{DataId, Limit};

/// The data sets of a study, in memory, by name.
#[derive(Debug, Default)]
pub struct DataSets(BTreeMap<Arc<str>, Arc<Vec<u8>>>);

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
            sets.insert(name.as_str().into(), Arc::new(bytes));
        }
        Ok(Self(sets))
    }

    /// Data sets from memory.
    #[must_use]
    pub fn from_memory(sets: BTreeMap<String, Vec<u8>>) -> Self {
        Self(sets.into_iter().map(|(name, bytes)| (name.into(), Arc::new(bytes))).collect())
    }

    /// A data set, with its name as it is kept.
    pub(super) fn get(&self, name: &str) -> Option<(Arc<str>, Arc<Vec<u8>>)> {
        self.0.get_key_value(name).map(|(name, bytes)| (name.clone(), bytes.clone()))
    }

    /// The names after `name`, or all.
    pub(super) fn names_after<'a>(&'a self, name: Option<&'a str>) -> impl Iterator<Item = &'a Arc<str>> {
        let from = name.map_or(Bound::Unbounded, Bound::Excluded);
        self.0.range::<str, _>((from, Bound::Unbounded)).map(|(name, _)| name)
    }
}

pub(super) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    let mut instance = linker.instance("trialbox:trial/data@0.1.0")?;
    instance.func_wrap("names", |mut store: StoreContextMut<'_, HostState>, (): ()| {
        let names = store.data_mut().trial("data.names")?.data.0.keys();
        let names: Vec<String> = names.map(ToString::to_string).collect();
        store.data_mut().owe_call(names.iter().map(|name| name.len() as u64).sum());
        Ok((names,))
    })?;
    instance.func_wrap("size", |mut store: StoreContextMut<'_, HostState>, (name,): (String,)| {
        let size = store.data_mut().trial("data.size")?.data.0.get(name.as_str()).map(|bytes| bytes.len() as u64);
        store.data_mut().owe_call(name.len() as u64);
        Ok((size,))
    })?;
    instance.func_wrap(
        "read",
        |mut store: StoreContextMut<'_, HostState>, (name, offset, length): (String, u64, u32)| {
            let state = store.data_mut();
            check_length(length as usize, state.limits.host_call_bytes_max, Limit::HostCallBytesMax)?;
            let data = state.trial("data.read")?.data.clone();
            let Some(bytes) = data.0.get(name.as_str()) else {
                state.owe_call(name.len() as u64);
                return Ok((Err::<Vec<u8>, String>("the study names no such data set".into()),));
            };
            let part = part(bytes, offset, length as usize);
            state.owe_call(part.len() as u64);
            Ok((Ok(part.to_vec()),))
        },
    )
}
