//! A study's inputs, the component and the data: kept in the store by content, so that the store alone can be verified.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{Plan, SessionError};
use crate::executor::Program;
use crate::numeric::digest::Digest;
use crate::searcher::SearcherSpec;
use crate::store::{Reader, Store};
use crate::study::{ComponentId, DataId, Replication, StudySpec};

/// Inputs larger than this, all together, are not kept: the store would be mostly them.
const KEPT_BYTES_MAX: u64 = 256 << 20;

/// A component or a data set cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// A file cannot be read or written.
    #[error("`{}` cannot be {doing}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// The store does not hold it.
    #[error("the store does not hold {what} ({}): inputs of more than {KEPT_BYTES_MAX} bytes are not kept", digest.short())]
    NotKept {
        /// Which input.
        what: String,
        /// Its digest.
        digest: Digest,
    },
    /// The study has no component.
    #[error("the study has no component: its trials ran elsewhere")]
    NoComponent,
}

/// Reads a data set's file to identify it.
///
/// # Errors
/// If it cannot be read.
pub fn data_id(path: &Path) -> Result<DataId, InputError> {
    let mut hasher = blake3::Hasher::new();
    let failed = |source| InputError::File { path: path.to_owned(), doing: "read", source };
    let file = std::fs::File::open(path).map_err(failed)?;
    let bytes = std::io::copy(&mut std::io::BufReader::new(file), &mut hasher).map_err(failed)?;
    Ok(DataId { digest: Digest(*hasher.finalize().as_bytes()), bytes })
}

/// Puts the inputs into the store, unless they are too large; what is there already is not written again.
pub(super) fn keep(store: &mut Store, plan: &Plan) -> Result<(), SessionError> {
    let inputs = inputs_of(plan);
    let total: u64 = inputs.iter().map(|(_, _, bytes)| bytes).sum();
    if total > KEPT_BYTES_MAX {
        return Ok(());
    }
    for (path, digest, _) in inputs {
        let bytes =
            std::fs::read(path).map_err(|source| InputError::File { path: path.to_owned(), doing: "read", source })?;
        store.put_input(digest, &bytes)?;
    }
    store.commit()?;
    Ok(())
}

fn inputs_of(plan: &Plan) -> Vec<(&Path, Digest, u64)> {
    let program = &plan.program;
    let searcher = match (&plan.searcher, &plan.spec.searcher) {
        (Some(path), SearcherSpec::Component(settings)) => Some((path.as_path(), settings.component, settings.bytes)),
        _ => None,
    };
    let component = (program.component.as_path(), program.id.digest, program.id.bytes);
    let data = program.data.values().map(|(path, id)| (path.as_path(), id.digest, id.bytes));
    std::iter::once(component).chain(data).chain(searcher).collect()
}

/// Writes a store's inputs into a folder, by digest, and tells where they are.
///
/// # Errors
/// If the store does not hold them, or a file cannot be written.
pub fn materialize(reader: &Reader, spec: &StudySpec, folder: &Path) -> Result<Program, SessionError> {
    let id: ComponentId = spec.component.clone().ok_or(InputError::NoComponent)?;
    let component = write_input(reader, "its component", id.digest, folder)?;
    let mut data = BTreeMap::new();
    for (name, id) in &spec.data {
        let path = write_input(reader, &format!("its data set `{name}`"), id.digest, folder)?;
        data.insert(name.clone(), (path, id.clone()));
    }
    let (limits, float_mode, guest) = (spec.limits.clone(), spec.float_mode, spec.guest.clone());
    let (replication, gpu) = (Replication::of(spec), spec.gpu.clone());
    Ok(Program { component, id, data, limits, float_mode, replication, guest, gpu })
}

/// The same for the component that searches, if one does.
///
/// # Errors
/// As [`materialize`].
pub(super) fn materialize_searcher(
    reader: &Reader,
    spec: &StudySpec,
    folder: &Path,
) -> Result<Option<PathBuf>, SessionError> {
    match &spec.searcher {
        SearcherSpec::Component(settings) => write_input(reader, "its searcher", settings.component, folder).map(Some),
        _ => Ok(None),
    }
}

fn write_input(reader: &Reader, what: &str, digest: Digest, folder: &Path) -> Result<PathBuf, SessionError> {
    let path = folder.join(digest.to_string());
    let Some(bytes) = reader.artifact(digest)? else {
        return Err(InputError::NotKept { what: what.to_owned(), digest }.into());
    };
    let failed = |source| InputError::File { path: path.clone(), doing: "written", source };
    let mut file = std::fs::File::create(&path).map_err(failed)?;
    file.write_all(&bytes).map_err(failed)?;
    Ok(path)
}
