//! WASI's streams: standard output and error go into the trial's log, standard input is empty.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::bindings::io as wasi_io;
use wasmtime_wasi::p2::{DynPollable, OutputStream, Pollable, StreamResult};
use wasmtime_wasi::{WasiCtx, WasiView};

use super::HostState;
use super::log::SharedLog;
use crate::sandbox::costs::PRICES;

/// How much a guest may write in one go.
const WRITE_BYTES_MAX: usize = 64 << 10;

/// What a guest of WASI's sees: no arguments, no environment, no directories, no network, no terminal.
pub(super) fn context(log: Arc<SharedLog>) -> WasiCtx {
    let mut builder = WasiCtx::builder();
    builder.stdout(LogStream(log.clone()));
    builder.stderr(LogStream(log));
    builder.allow_tcp(false);
    builder.allow_udp(false);
    builder.build()
}

/// A stream into the log. It takes everything at once and never fails.
#[derive(Clone)]
struct LogStream(Arc<SharedLog>);

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for LogStream {
    async fn ready(&mut self) {}
}

#[wasmtime_wasi::async_trait]
impl OutputStream for LogStream {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        self.0.write_from_stream(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES_MAX)
    }
}

impl tokio::io::AsyncWrite for LogStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.0.write_from_stream(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

pub(super) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    use wasmtime::component::{HasData, ResourceTable};

    struct HasTable;
    impl HasData for HasTable {
        type Data<'a> = &'a mut ResourceTable;
    }
    fn table(state: &mut HostState) -> &mut ResourceTable {
        // Asked for at every call, which is how the call gets its price.
        state.owe_call(0);
        state.ctx().table
    }
    wasi_io::error::add_to_linker::<_, HasTable>(linker, table)?;
    wasi_io::poll::add_to_linker::<_, HasTable>(linker, table)?;
    wasi_io::streams::add_to_linker::<_, HasTable>(linker, table)?;
    // The same function with a price for each entry: a list may be long.
    linker.allow_shadowing(true);
    let bound = linker.instance("wasi:io/poll@0.2.12")?.func_wrap_async(
        "poll",
        |mut store: StoreContextMut<'_, HostState>, (pollables,): (Vec<Resource<DynPollable>>,)| {
            Box::new(async move {
                let state = store.data_mut();
                state.owe(PRICES.entry.saturating_mul(pollables.len() as u64));
                Ok((wasi_io::poll::Host::poll(table(state), pollables).await?,))
            })
        },
    );
    linker.allow_shadowing(false);
    bound
}
