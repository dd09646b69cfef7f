//! `wasi:filesystem`: handles to the files of a [`tree`] in memory. No file of the machine is behind any of them.
//!
//! A path that leads nowhere, or a file that cannot be written, is an error code for the guest. What ends a trial are the limits, as
//! everywhere, and lines of `/trialbox/report` that are no reports ([`super::lines`]).

mod path;
mod streams;
pub(in crate::sandbox) mod tree;

use wasmtime::StoreContextMut;
use wasmtime::component::{
    ComponentNamedList, ComponentType, Lift, Linker, LinkerInstance, Lower, Resource, ResourceTable,
    ResourceTableError, ResourceType,
};
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode, MetadataHashValue,
    NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream};

use super::lines::settle;
use super::{HostState, Role, TrialState};
use crate::numeric::digest::Digest;
use crate::sandbox::costs::PRICES;
use crate::sandbox::fault::Fault;
use crate::study::Outcome;
use streams::{FileInput, FileOutput};
use tree::{Node, Place};

const TYPES: &str = "wasi:filesystem/types@0.2.12";
const PREOPENS: &str = "wasi:filesystem/preopens@0.2.12";

/// A handle to a file or a folder.
pub(in crate::sandbox) struct Descriptor {
    node: Node,
    flags: DescriptorFlags,
}

/// A folder that is being listed: up to where. It holds no list, so that a listing takes no more memory than a handle.
pub(in crate::sandbox) struct Listing {
    folder: Node,
    last: Option<std::sync::Arc<str>>,
}

/// Why a call gives nothing.
enum FileError {
    /// The guest is told.
    Code(ErrorCode),
    /// The trial ends.
    Fatal(wasmtime::Error),
}

type FileResult<T> = Result<T, FileError>;

impl From<ErrorCode> for FileError {
    fn from(code: ErrorCode) -> Self {
        Self::Code(code)
    }
}

impl From<Outcome> for FileError {
    fn from(outcome: Outcome) -> Self {
        Self::Fatal(Fault::error(outcome))
    }
}

impl From<wasmtime::Error> for FileError {
    fn from(error: wasmtime::Error) -> Self {
        Self::Fatal(error)
    }
}

impl From<ResourceTableError> for FileError {
    fn from(error: ResourceTableError) -> Self {
        Self::Fatal(error.into())
    }
}

/// A result as the guest gets it.
fn answer<T>(result: FileResult<T>) -> wasmtime::Result<(Result<T, ErrorCode>,)> {
    match result {
        Ok(value) => Ok((Ok(value),)),
        Err(FileError::Code(code)) => Ok((Err(code),)),
        Err(FileError::Fatal(error)) => Err(error),
    }
}

/// The trial that has these files, and the handles. Descriptors are given to trials only, so that anybody else has none to come with.
fn parts(state: &mut HostState) -> FileResult<(&mut TrialState, &mut ResourceTable)> {
    match &mut state.role {
        Role::Trial(trial) => Ok((trial, &mut state.table)),
        Role::Describe(_) | Role::Search(_) => Err(ErrorCode::BadDescriptor.into()),
    }
}

fn node(state: &HostState, descriptor: &Resource<Descriptor>) -> FileResult<Node> {
    Ok(state.table.get(descriptor)?.node.clone())
}

/// A file that was opened for that.
fn file(state: &HostState, descriptor: &Resource<Descriptor>, access: DescriptorFlags) -> FileResult<Node> {
    let Descriptor { node, flags } = state.table.get(descriptor)?;
    match node {
        folder if folder.is_folder() => Err(ErrorCode::IsDirectory.into()),
        _ if !flags.contains(access) => Err(ErrorCode::BadDescriptor.into()),
        node => Ok(node.clone()),
    }
}

/// What a path leads to; the path is paid for.
fn found(state: &mut HostState, descriptor: &Resource<Descriptor>, path: &str) -> FileResult<Node> {
    owe_path(state, path);
    let base = node(state, descriptor)?;
    Ok(parts(state)?.0.tree.find(&base, path)?)
}

fn owe_path(state: &mut HostState, path: &str) {
    state.owe(PRICES.byte.saturating_mul(path.len() as u64));
}

fn kind(node: &Node) -> DescriptorType {
    match node {
        folder if folder.is_folder() => DescriptorType::Directory,
        // What is written to it is gone; there is no place in it.
        Node::Report => DescriptorType::CharacterDevice,
        _ => DescriptorType::RegularFile,
    }
}

fn stat(node: &Node) -> DescriptorStat {
    let zero = Some(Datetime { seconds: 0, nanoseconds: 0 });
    DescriptorStat {
        type_: kind(node),
        link_count: 1,
        size: node.size(),
        data_access_timestamp: zero,
        data_modification_timestamp: zero,
        status_change_timestamp: zero,
    }
}

/// Tells files apart, and is the same in every run.
fn metadata_hash(node: &Node) -> MetadataHashValue {
    let digest = Digest::of(node.path().as_bytes()).0;
    let word = |at: usize| digest[at..at + 8].iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    MetadataHashValue { lower: word(0), upper: word(8) }
}

type OpenAt = (Resource<Descriptor>, PathFlags, String, OpenFlags, DescriptorFlags);

fn open_at(state: &mut HostState, (base, _, path, open, flags): OpenAt) -> FileResult<Resource<Descriptor>> {
    owe_path(state, &path);
    let base = node(state, &base)?;
    let (creates, truncates) = (open.contains(OpenFlags::CREATE), open.contains(OpenFlags::TRUNCATE));
    let wants_folder = open.contains(OpenFlags::DIRECTORY);
    let writes = flags.contains(DescriptorFlags::WRITE);
    if wants_folder && (creates || truncates) || truncates && !writes {
        return Err(ErrorCode::Invalid.into());
    }
    if creates || writes {
        // What comes before the trial leaves nothing behind.
        state.trial("descriptor.open-at")?;
    }
    let (trial, table) = parts(state)?;
    let node = match trial.tree.resolve(&base, &path)? {
        Place::To(_) if creates && open.contains(OpenFlags::EXCLUSIVE) => return Err(ErrorCode::Exist.into()),
        Place::To(node) if wants_folder && !node.is_folder() => return Err(ErrorCode::NotDirectory.into()),
        Place::To(folder) if folder.is_folder() && (creates || writes) => return Err(ErrorCode::IsDirectory.into()),
        Place::To(node) => node,
        Place::Gap { .. } if !creates => return Err(ErrorCode::NoEntry.into()),
        Place::Gap { wants_folder: true, .. } => return Err(ErrorCode::IsDirectory.into()),
        Place::Gap { folder, name, .. } => trial.tree.create(&folder, &name)??,
    };
    let changes = writes || flags.contains(DescriptorFlags::MUTATE_DIRECTORY);
    if changes && !node.is_writable() {
        return Err(ErrorCode::ReadOnly.into());
    }
    if let (Node::Artifact(name, artifacts), true) = (&node, truncates) {
        artifacts.set_size(name, 0)?;
    }
    Ok(table.push(Descriptor { node, flags })?)
}

fn read(state: &mut HostState, (descriptor, length, offset): (Resource<Descriptor>, u64, u64)) -> FileResult<Read> {
    let node = file(state, &descriptor, DescriptorFlags::READ)?;
    // Whoever asks for more than a call may carry gets a part, as with every file.
    let length = usize::try_from(length.min(state.limits.host_call_bytes_max)).unwrap_or(usize::MAX);
    let bytes = node.read(offset, length);
    state.owe(PRICES.byte.saturating_mul(bytes.len() as u64));
    let is_at_end = offset.saturating_add(bytes.len() as u64) >= node.size();
    Ok((bytes, is_at_end))
}

/// What was read, and whether there is no more.
type Read = (Vec<u8>, bool);

/// Writes, but for the reports that are made of it.
fn write(state: &mut HostState, (descriptor, bytes, offset): (Resource<Descriptor>, Vec<u8>, u64)) -> FileResult<u64> {
    let length = bytes.len() as u64;
    state.owe(PRICES.byte.saturating_mul(length));
    match file(state, &descriptor, DescriptorFlags::WRITE)? {
        Node::Artifact(name, artifacts) => artifacts.write(&name, Some(offset), &bytes)?,
        // It has no places, only an order.
        Node::Report => parts(state)?.0.lines.push(&bytes),
        _ => return Err(ErrorCode::ReadOnly.into()),
    }
    Ok(length)
}

fn set_size(state: &mut HostState, (descriptor, size): (Resource<Descriptor>, u64)) -> FileResult<()> {
    match file(state, &descriptor, DescriptorFlags::WRITE)? {
        Node::Artifact(name, artifacts) => {
            artifacts.set_size(&name, size)?;
            state.owe(PRICES.byte.saturating_mul(artifacts.take_unpriced()));
            Ok(())
        }
        _ => Err(ErrorCode::Invalid.into()),
    }
}

fn read_via_stream(
    state: &mut HostState,
    (descriptor, position): (Resource<Descriptor>, u64),
) -> FileResult<Resource<DynInputStream>> {
    let node = file(state, &descriptor, DescriptorFlags::READ)?;
    let stream: DynInputStream = Box::new(FileInput { node, position });
    Ok(state.table.push(stream)?)
}

/// A stream into a file, from `position` on or to its end.
fn output(
    state: &mut HostState,
    descriptor: &Resource<Descriptor>,
    position: Option<u64>,
) -> FileResult<Resource<DynOutputStream>> {
    let output = match file(state, descriptor, DescriptorFlags::WRITE)? {
        Node::Artifact(name, artifacts) => FileOutput::Artifact { name, artifacts, position },
        Node::Report => FileOutput::Report(parts(state)?.0.lines.clone()),
        _ => return Err(ErrorCode::ReadOnly.into()),
    };
    let stream: DynOutputStream = Box::new(output);
    Ok(state.table.push(stream)?)
}

fn read_directory(state: &mut HostState, (descriptor,): (Resource<Descriptor>,)) -> FileResult<Resource<Listing>> {
    match node(state, &descriptor)? {
        folder if folder.is_folder() => Ok(state.table.push(Listing { folder, last: None })?),
        _ => Err(ErrorCode::NotDirectory.into()),
    }
}

fn next_entry(state: &mut HostState, (listing,): (Resource<Listing>,)) -> FileResult<Option<DirectoryEntry>> {
    let (trial, table) = parts(state)?;
    let listing = table.get_mut(&listing)?;
    let Some((name, node)) = trial.tree.entry_after(&listing.folder, listing.last.as_deref()) else { return Ok(None) };
    listing.last = Some(name.clone());
    state.owe(PRICES.byte.saturating_mul(name.len() as u64));
    Ok(Some(DirectoryEntry { type_: kind(&node), name: name.to_string() }))
}

/// Refuses to remove or to move what is at the end of a path, or to make a folder or a link there, as far as the paths are good.
fn refused(state: &mut HostState, base: &Resource<Descriptor>, path: &str) -> FileResult<()> {
    owe_path(state, path);
    let base = node(state, base)?;
    match parts(state)?.0.tree.resolve(&base, path)? {
        Place::To(node) if node.is_writable() => Err(ErrorCode::NotPermitted.into()),
        Place::Gap { folder: Node::Artifacts, .. } => Err(ErrorCode::NotPermitted.into()),
        Place::To(_) | Place::Gap { .. } => Err(ErrorCode::ReadOnly.into()),
    }
}

/// The same for what is to be changed, and must therefore be there.
fn refused_if_there(state: &mut HostState, base: &Resource<Descriptor>, path: &str) -> FileResult<()> {
    found(state, base, path)?;
    refused(state, base, path)
}

/// Binds a function that does not wait.
fn bind<Parameters, Value>(
    instance: &mut LinkerInstance<'_, HostState>,
    name: &str,
    call: impl Fn(&mut HostState, Parameters) -> FileResult<Value> + Send + Sync + 'static,
) -> wasmtime::Result<()>
where
    Parameters: ComponentNamedList + Lift + 'static,
    Value: ComponentType + Lower + Lift + 'static,
{
    instance.func_wrap(name, move |mut store: StoreContextMut<'_, HostState>, parameters: Parameters| {
        let state = store.data_mut();
        state.owe_call(0);
        answer(call(state, parameters))
    })
}

pub(super) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    let mut types = linker.instance(TYPES)?;
    resources(&mut types)?;
    reading(&mut types)?;
    writing(&mut types)?;
    refusing(&mut types)?;
    let mut preopens = linker.instance(PREOPENS)?;
    preopens.func_wrap("get-directories", |mut store: StoreContextMut<'_, HostState>, (): ()| {
        let state = store.data_mut();
        state.owe_call(0);
        let Role::Trial(_) = state.role else { return Ok((Vec::new(),)) };
        let root = Descriptor { node: Node::Root, flags: DescriptorFlags::READ };
        Ok((vec![(state.table.push(root)?, "/".to_owned())],))
    })
}

fn resources(types: &mut LinkerInstance<'_, HostState>) -> wasmtime::Result<()> {
    fn dropped<T: 'static>(mut store: StoreContextMut<'_, HostState>, index: u32) -> wasmtime::Result<()> {
        let state = store.data_mut();
        state.owe_call(0);
        state.table.delete(Resource::<T>::new_own(index))?;
        Ok(())
    }
    types.resource("descriptor", ResourceType::host::<Descriptor>(), dropped::<Descriptor>)?;
    types.resource("directory-entry-stream", ResourceType::host::<Listing>(), dropped::<Listing>)
}

fn reading(types: &mut LinkerInstance<'_, HostState>) -> wasmtime::Result<()> {
    bind(types, "[method]descriptor.open-at", open_at)?;
    bind(types, "[method]descriptor.read", read)?;
    bind(types, "[method]descriptor.read-via-stream", read_via_stream)?;
    bind(types, "[method]descriptor.read-directory", read_directory)?;
    bind(types, "[method]directory-entry-stream.read-directory-entry", next_entry)?;
    bind(types, "[method]descriptor.get-flags", |state, (descriptor,): (Resource<Descriptor>,)| {
        Ok(state.table.get(&descriptor)?.flags)
    })?;
    bind(types, "[method]descriptor.get-type", |state, (descriptor,)| Ok(kind(&node(state, &descriptor)?)))?;
    bind(types, "[method]descriptor.stat", |state, (descriptor,)| Ok(stat(&node(state, &descriptor)?)))?;
    bind(types, "[method]descriptor.metadata-hash", |state, (descriptor,)| {
        Ok(metadata_hash(&node(state, &descriptor)?))
    })?;
    type At = (Resource<Descriptor>, PathFlags, String);
    bind(types, "[method]descriptor.stat-at", |state, (descriptor, _, path): At| {
        Ok(stat(&found(state, &descriptor, &path)?))
    })?;
    bind(types, "[method]descriptor.metadata-hash-at", |state, (descriptor, _, path): At| {
        Ok(metadata_hash(&found(state, &descriptor, &path)?))
    })?;
    type Advised = (Resource<Descriptor>, u64, u64, Advice);
    bind(types, "[method]descriptor.advise", |state, (descriptor, ..): Advised| node(state, &descriptor).map(|_| ()))?;
    types.func_wrap("[method]descriptor.is-same-object", |mut store: StoreContextMut<'_, HostState>, pair| {
        let (one, other): (Resource<Descriptor>, Resource<Descriptor>) = pair;
        let state = store.data_mut();
        state.owe_call(0);
        Ok((state.table.get(&one)?.node.path() == state.table.get(&other)?.node.path(),))
    })?;
    types.func_wrap("filesystem-error-code", |mut store: StoreContextMut<'_, HostState>, (error,)| {
        let error: Resource<wasmtime_wasi::p2::IoError> = error;
        let state = store.data_mut();
        state.owe_call(0);
        // Streams of files end or go on; they have no errors.
        state.table.get(&error)?;
        Ok((None::<ErrorCode>,))
    })
}

fn writing(types: &mut LinkerInstance<'_, HostState>) -> wasmtime::Result<()> {
    types.func_wrap_async("[method]descriptor.write", |mut store: StoreContextMut<'_, HostState>, parameters| {
        Box::new(async move {
            let state = store.data_mut();
            state.owe_call(0);
            let written = answer(write(state, parameters))?;
            settle(&mut store).await?;
            Ok(written)
        })
    })?;
    bind(
        types,
        "[method]descriptor.write-via-stream",
        |state, (descriptor, position): (Resource<Descriptor>, u64)| output(state, &descriptor, Some(position)),
    )?;
    bind(types, "[method]descriptor.append-via-stream", |state, (descriptor,)| output(state, &descriptor, None))?;
    bind(types, "[method]descriptor.set-size", set_size)?;
    // All is written when it is written.
    for name in ["[method]descriptor.sync", "[method]descriptor.sync-data"] {
        bind(types, name, |state, (descriptor,): (Resource<Descriptor>,)| node(state, &descriptor).map(|_| ()))?;
    }
    Ok(())
}

fn refusing(types: &mut LinkerInstance<'_, HostState>) -> wasmtime::Result<()> {
    type At = (Resource<Descriptor>, String);
    type From = (Resource<Descriptor>, String, Resource<Descriptor>, String);
    bind(types, "[method]descriptor.create-directory-at", |state, (base, path): At| {
        match found(state, &base, &path) {
            Ok(_) => Err::<(), _>(ErrorCode::Exist.into()),
            Err(FileError::Code(ErrorCode::NoEntry)) => refused(state, &base, &path),
            Err(error) => Err(error),
        }
    })?;
    bind(types, "[method]descriptor.remove-directory-at", |state, (base, path): At| {
        refused_if_there(state, &base, &path)
    })?;
    bind(types, "[method]descriptor.unlink-file-at", |state, (base, path): At| refused_if_there(state, &base, &path))?;
    bind(types, "[method]descriptor.rename-at", |state, (base, path, other, new): From| {
        found(state, &base, &path)?;
        refused(state, &other, &new)
    })?;
    type Link = (Resource<Descriptor>, PathFlags, String, Resource<Descriptor>, String);
    bind(types, "[method]descriptor.link-at", |state, (base, _, path, other, new): Link| {
        found(state, &base, &path)?;
        refused(state, &other, &new)
    })?;
    // A link may say what it likes, so only its own place is looked at.
    bind(
        types,
        "[method]descriptor.symlink-at",
        |state, (base, target, path): (Resource<Descriptor>, String, String)| {
            owe_path(state, &target);
            refused(state, &base, &path)
        },
    )?;
    // There are no links.
    bind(types, "[method]descriptor.readlink-at", |state, (base, path): At| {
        found(state, &base, &path)?;
        Err::<String, _>(ErrorCode::Invalid.into())
    })?;
    // Times are 0 whatever happens.
    type Times = (Resource<Descriptor>, NewTimestamp, NewTimestamp);
    bind(types, "[method]descriptor.set-times", |state, (descriptor, ..): Times| {
        node(state, &descriptor)?;
        Err::<(), _>(ErrorCode::NotPermitted.into())
    })?;
    type TimesAt = (Resource<Descriptor>, PathFlags, String, NewTimestamp, NewTimestamp);
    bind(types, "[method]descriptor.set-times-at", |state, (descriptor, _, path, ..): TimesAt| {
        found(state, &descriptor, &path)?;
        Err::<(), _>(ErrorCode::NotPermitted.into())
    })
}
