//! `wasi:io`: what streams carry is paid for by the byte, and reports that come out of a stream are made before its call returns.
//!
//! The functions are the engine's own; those that carry something are wrapped.

use std::future::Future;
use std::pin::Pin;

use wasi_io::streams::{Host, HostInputStream, HostOutputStream, StreamError};
use wasmtime::StoreContextMut;
use wasmtime::component::{HasData, Linker, LinkerInstance, Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::io as wasi_io;
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, StreamResult};

use super::lines::settle;
use super::{HostState, fuel_of};
use crate::sandbox::costs::PRICES;

type Store<'a> = StoreContextMut<'a, HostState>;
type Input = Resource<DynInputStream>;
type Output = Resource<DynOutputStream>;
/// A call of the engine's that may wait.
type Waiting<'a, T> = Pin<Box<dyn Future<Output = StreamResult<T>> + Send + 'a>>;

pub(super) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    struct HasTable;
    impl HasData for HasTable {
        type Data<'a> = &'a mut ResourceTable;
    }
    fn table(state: &mut HostState) -> &mut ResourceTable {
        // Asked for at every call, which is how the call gets its price.
        state.owe_call(0);
        &mut state.table
    }
    wasi_io::error::add_to_linker::<_, HasTable>(linker, table)?;
    wasi_io::poll::add_to_linker::<_, HasTable>(linker, table)?;
    wasi_io::streams::add_to_linker::<_, HasTable>(linker, table)?;
    linker.allow_shadowing(true);
    let bound = polling(linker).and_then(|()| {
        let mut streams = linker.instance("wasi:io/streams@0.2.12")?;
        reading(&mut streams)?;
        writing(&mut streams)
    });
    linker.allow_shadowing(false);
    bound
}

/// Polling, with a price for each entry: a list may be long.
fn polling(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    linker.instance("wasi:io/poll@0.2.12")?.func_wrap_async(
        "poll",
        |mut store: Store<'_>, (pollables,): (Vec<Resource<DynPollable>>,)| {
            Box::new(async move {
                let state = store.data_mut();
                state.owe_call(0);
                state.owe(PRICES.entry.saturating_mul(pollables.len() as u64));
                Ok((wasi_io::poll::Host::poll(&mut state.table, pollables).await?,))
            })
        },
    )
}

fn reading(streams: &mut LinkerInstance<'_, HostState>) -> wasmtime::Result<()> {
    fn paid(state: &mut HostState, read: StreamResult<Vec<u8>>) -> wasmtime::Result<(Result<Vec<u8>, StreamError>,)> {
        state.owe_call(read.as_ref().map_or(0, |bytes| bytes.len() as u64));
        told(state, read)
    }
    streams.func_wrap("[method]input-stream.read", |mut store: Store<'_>, (stream, length): (Input, u64)| {
        let state = store.data_mut();
        let read = HostInputStream::read(&mut state.table, stream, length);
        paid(state, read)
    })?;
    streams.func_wrap_async(
        "[method]input-stream.blocking-read",
        |mut store: Store<'_>, (stream, length): (Input, u64)| {
            Box::new(async move {
                let state = store.data_mut();
                let read = HostInputStream::blocking_read(&mut state.table, stream, length).await;
                paid(state, read)
            })
        },
    )
}

fn writing(streams: &mut LinkerInstance<'_, HostState>) -> wasmtime::Result<()> {
    streams.func_wrap_async(
        "[method]output-stream.write",
        |store: Store<'_>, (stream, bytes): (Output, Vec<u8>)| {
            let length = bytes.len() as u64;
            carry(store, move |table| {
                Box::pin(async move { HostOutputStream::write(table, stream, bytes).map(|()| ((), length)) })
            })
        },
    )?;
    streams.func_wrap_async(
        "[method]output-stream.blocking-write-and-flush",
        |store: Store<'_>, (stream, bytes): (Output, Vec<u8>)| {
            let length = bytes.len() as u64;
            carry(store, move |table| {
                let writing = HostOutputStream::blocking_write_and_flush(table, stream, bytes);
                Box::pin(async move { writing.await.map(|()| ((), length)) })
            })
        },
    )?;
    streams.func_wrap_async(
        "[method]output-stream.write-zeroes",
        |store: Store<'_>, (stream, length): (Output, u64)| {
            carry(store, move |table| {
                Box::pin(async move { HostOutputStream::write_zeroes(table, stream, length).map(|()| ((), length)) })
            })
        },
    )?;
    streams.func_wrap_async(
        "[method]output-stream.blocking-write-zeroes-and-flush",
        |store: Store<'_>, (stream, length): (Output, u64)| {
            carry(store, move |table| {
                let writing = HostOutputStream::blocking_write_zeroes_and_flush(table, stream, length);
                Box::pin(async move { writing.await.map(|()| ((), length)) })
            })
        },
    )?;
    streams.func_wrap_async(
        "[method]output-stream.splice",
        |store: Store<'_>, (to, from, length): (Output, Input, u64)| {
            carry(store, move |table| {
                Box::pin(async move { HostOutputStream::splice(table, to, from, length).map(|moved| (moved, moved)) })
            })
        },
    )?;
    streams.func_wrap_async(
        "[method]output-stream.blocking-splice",
        |store: Store<'_>, (to, from, length): (Output, Input, u64)| {
            carry(store, move |table| {
                let moving = HostOutputStream::blocking_splice(table, to, from, length);
                Box::pin(async move { moving.await.map(|moved| (moved, moved)) })
            })
        },
    )
}

/// Makes a call that writes, which gives its result and how many bytes it carried; then pays for them, and sees to what has become of them:
/// pieces of the log, and reports.
fn carry<'a, T: Send + 'static>(
    mut store: Store<'a>,
    call: impl FnOnce(&mut ResourceTable) -> Waiting<'_, (T, u64)> + Send + 'a,
) -> Box<dyn Future<Output = wasmtime::Result<(Result<T, StreamError>,)>> + Send + 'a> {
    Box::new(async move {
        let state = store.data_mut();
        let written = call(&mut state.table).await;
        state.owe_call(written.as_ref().map_or(0, |(_, length)| *length));
        let answer = told(state, written.map(|(value, _)| value))?;
        let fuel = fuel_of(&store);
        store.data_mut().flush_log(fuel);
        settle(&mut store).await?;
        Ok(answer)
    })
}

/// A result as the guest gets it.
fn told<T>(state: &mut HostState, result: StreamResult<T>) -> wasmtime::Result<(Result<T, StreamError>,)> {
    match result {
        Ok(value) => Ok((Ok(value),)),
        Err(error) => Ok((Err(state.table.convert_stream_error(error)?),)),
    }
}
