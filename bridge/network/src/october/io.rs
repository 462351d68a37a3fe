//! `wasi:io`, `wasi:clocks` and name lookup.

use kt_bridge_core::State;
use wasmtime::component::{
    ComponentType, HasData, Lift, Linker, Lower, Resource, ResourceTable, ResourceType,
};
use wasmtime::StoreContextMut;
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock::{self, Host as MonotonicClock};
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;
use wasmtime_wasi::p2::bindings::io::error::HostError;
use wasmtime_wasi::p2::bindings::io::poll::{self, Host as Poll, HostPollable, Pollable};
use wasmtime_wasi::p2::bindings::io::streams::{
    self, Host as Streams, HostInputStream, HostOutputStream, InputStream, OutputStream,
};
use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup::{self, ResolveAddressStream};
use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode, IpAddressFamily, Network};
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView};

type Store<'a> = StoreContextMut<'a, State>;

struct Table;

impl HasData for Table {
    type Data<'a> = &'a mut ResourceTable;
}

fn table(state: &mut State) -> &mut ResourceTable {
    &mut state.table
}

pub fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    link_poll(linker)?;
    link_streams(linker)?;
    link_clocks(linker)?;
    link_name_lookup(linker)
}

fn link_poll(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut at = linker.instance("wasi:io/poll@0.2.0-rc-2023-10-18")?;
    poll::add_to_linker_instance::<State, Table>(&mut at, table)?;
    at.func_wrap_async(
        "poll-list",
        |mut store: Store<'_>, (list,): (Vec<Resource<Pollable>>,)| {
            Box::new(async move { Ok((Poll::poll(table(store.data_mut()), list).await?,)) })
        },
    )?;
    at.func_wrap_async("poll-one", |mut store: Store<'_>, (one,): (Resource<Pollable>,)| {
        Box::new(async move { HostPollable::block(table(store.data_mut()), one).await })
    })
}

/// What comes of `splice`, whose source was given away in the snapshot.
async fn spliced(
    table: &mut ResourceTable,
    to: Resource<OutputStream>,
    from: Resource<InputStream>,
    length: u64,
    waits: bool,
) -> wasmtime::Result<(Result<u64, streams::StreamError>,)> {
    let source = Resource::new_borrow(from.rep());
    let moved = match waits {
        true => HostOutputStream::blocking_splice(table, to, source, length).await,
        false => HostOutputStream::splice(table, to, source, length),
    };
    HostInputStream::drop(table, from).await?;
    Ok((match moved {
        Ok(count) => Ok(count),
        Err(error) => Err(table.convert_stream_error(error)?),
    },))
}

fn link_streams(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    type Splice = (Resource<OutputStream>, Resource<InputStream>, u64);
    let mut at = linker.instance("wasi:io/streams@0.2.0-rc-2023-10-18")?;
    streams::add_to_linker_instance::<State, Table>(&mut at, table)?;
    // The release has it in an interface of its own.
    at.resource("error", ResourceType::host::<streams::Error>(), |mut store, rep| {
        HostError::drop(table(store.data_mut()), Resource::new_own(rep))
    })?;
    at.func_wrap(
        "[method]error.to-debug-string",
        |mut store: Store<'_>, (error,): (Resource<streams::Error>,)| {
            Ok((HostError::to_debug_string(table(store.data_mut()), error)?,))
        },
    )?;
    at.func_wrap_async(
        "[method]output-stream.splice",
        |mut store: Store<'_>, (to, from, length): Splice| {
            Box::new(async move { spliced(table(store.data_mut()), to, from, length, false).await })
        },
    )?;
    at.func_wrap_async(
        "[method]output-stream.blocking-splice",
        |mut store: Store<'_>, (to, from, length): Splice| {
            Box::new(async move { spliced(table(store.data_mut()), to, from, length, true).await })
        },
    )?;
    at.func_wrap(
        "[method]output-stream.forward",
        |_: Store<'_>, _: (Resource<OutputStream>, Resource<InputStream>)| {
            let what = "`forward` of wasi:io@0.2.0-rc-2023-10-18 is not provided: use `splice`";
            Err::<(Result<u64, streams::StreamError>,), _>(wasmtime::Error::msg(what))
        },
    )
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
struct TimezoneDisplay {
    #[component(name = "utc-offset")]
    utc_offset: i32,
    #[component(name = "name")]
    name: String,
    #[component(name = "in-daylight-saving-time")]
    in_daylight_saving_time: bool,
}

fn link_clocks(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut at = linker.instance("wasi:clocks/monotonic-clock@0.2.0-rc-2023-10-18")?;
    monotonic_clock::add_to_linker_instance::<State, WasiClocks>(&mut at, State::clocks)?;
    at.func_wrap("subscribe", |mut store: Store<'_>, (when, absolute): (u64, bool)| {
        let mut clocks = store.data_mut().clocks();
        Ok((match absolute {
            true => MonotonicClock::subscribe_instant(&mut clocks, when)?,
            false => MonotonicClock::subscribe_duration(&mut clocks, when)?,
        },))
    })?;
    // A guest's time is that of UTC.
    let mut at = linker.instance("wasi:clocks/timezone@0.2.0-rc-2023-10-18")?;
    at.func_wrap("display", |_: Store<'_>, _: (Datetime,)| {
        let name = "UTC".to_owned();
        Ok((TimezoneDisplay { utc_offset: 0, name, in_daylight_saving_time: false },))
    })?;
    at.func_wrap("utc-offset", |_: Store<'_>, _: (Datetime,)| Ok((0i32,)))
}

fn link_name_lookup(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    type Lookup = (Resource<Network>, String, Option<IpAddressFamily>, bool);
    let mut at = linker.instance("wasi:sockets/ip-name-lookup@0.2.0-rc-2023-10-18")?;
    ip_name_lookup::add_to_linker_instance::<State, WasiSockets>(&mut at, State::sockets)?;
    at.func_wrap("resolve-addresses", |_: Store<'_>, _: Lookup| {
        // As the release answers: names are not resolved for guests.
        let refused = ErrorCode::PermanentResolverFailure;
        Ok((Err::<Resource<ResolveAddressStream>, _>(refused),))
    })
}
