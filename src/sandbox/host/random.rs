//! `wasi:random` from the trial's own streams: all three interfaces give the same numbers in every run of the trial.

use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use super::{HostState, check_length};
use crate::numeric::random::{Purpose, Stream};
use crate::study::Limit;

/// Which of the streams, as their draw.
const SECURE: u64 = 0;
const INSECURE: u64 = 1;
const INSECURE_SEED: u64 = 2;

/// The streams that were begun.
#[derive(Default)]
pub(super) struct Streams {
    secure: Option<Stream>,
    insecure: Option<Stream>,
}

impl HostState {
    fn stream(&mut self, which: u64) -> &mut Stream {
        let seed = self.seed;
        let place = if which == SECURE { &mut self.random.secure } else { &mut self.random.insecure };
        place.get_or_insert_with(|| Stream::new(seed, Purpose::Guest, 0, which))
    }

    fn random_bytes(&mut self, which: u64, length: u64) -> wasmtime::Result<Vec<u8>> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        check_length(length, self.limits.host_call_bytes_max, Limit::HostCallBytesMax)?;
        self.owe_call(length as u64);
        let mut bytes = vec![0; length];
        self.stream(which).fill(&mut bytes);
        Ok(bytes)
    }

    fn random_u64(&mut self, which: u64) -> u64 {
        self.owe_call(8);
        self.stream(which).next_u64()
    }
}

pub(super) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    let mut secure = linker.instance("wasi:random/random@0.2.12")?;
    secure.func_wrap("get-random-bytes", |mut store: StoreContextMut<'_, HostState>, (length,): (u64,)| {
        Ok((store.data_mut().random_bytes(SECURE, length)?,))
    })?;
    secure.func_wrap("get-random-u64", |mut store: StoreContextMut<'_, HostState>, (): ()| {
        Ok((store.data_mut().random_u64(SECURE),))
    })?;
    let mut insecure = linker.instance("wasi:random/insecure@0.2.12")?;
    insecure.func_wrap(
        "get-insecure-random-bytes",
        |mut store: StoreContextMut<'_, HostState>, (length,): (u64,)| {
            Ok((store.data_mut().random_bytes(INSECURE, length)?,))
        },
    )?;
    insecure.func_wrap("get-insecure-random-u64", |mut store: StoreContextMut<'_, HostState>, (): ()| {
        Ok((store.data_mut().random_u64(INSECURE),))
    })?;
    linker.instance("wasi:random/insecure-seed@0.2.12")?.func_wrap(
        "insecure-seed",
        |mut store: StoreContextMut<'_, HostState>, (): ()| {
            let state = store.data_mut();
            state.owe_call(16);
            let mut stream = Stream::new(state.seed, Purpose::Guest, 0, INSECURE_SEED);
            Ok(((stream.next_u64(), stream.next_u64()),))
        },
    )
}
