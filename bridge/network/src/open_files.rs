//! Files and sockets of an instance: each is one of the process's, which all components share.
//!
//! The functions of WASI that open one stand here a second time, with a count before them.

use kt_bridge_core::State;
use wasmtime::component::{Linker, Resource, ResourceTable};
use wasmtime::StoreContextMut;
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, ErrorCode as FileError, HostDescriptor, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode as SocketError, IpAddressFamily};
use wasmtime_wasi::p2::bindings::sockets::tcp::TcpSocket;
use wasmtime_wasi::p2::bindings::sockets::udp::UdpSocket;
use wasmtime_wasi::p2::bindings::sockets::{tcp_create_socket, udp_create_socket};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream};
use wasmtime_wasi::sockets::WasiSocketsView;
use wasmtime_wasi::TrappableError;

/// A file stays open for its streams after its handle is dropped, so streams count, but the two of a
/// connection: it is counted itself, and outlives them.
fn open_files(table: &mut ResourceTable) -> usize {
    let (mut files, mut connections, mut streams) = (0, 0, 0);
    for entry in table.iter_mut() {
        if entry.is::<TcpSocket>() {
            connections += 1;
        } else if entry.is::<DynInputStream>() || entry.is::<DynOutputStream>() {
            streams += 1;
        } else if entry.is::<Descriptor>() || entry.is::<UdpSocket>() || is_of_p3(&*entry) {
            files += 1;
        }
    }
    files + connections + usize::saturating_sub(streams, 2 * connections)
}

#[cfg(feature = "p3")]
fn is_of_p3(entry: &dyn std::any::Any) -> bool {
    use wasmtime_wasi::sockets::{TcpSocket, UdpSocket};
    entry.is::<TcpSocket>() || entry.is::<UdpSocket>()
}

#[cfg(not(feature = "p3"))]
fn is_of_p3(_: &dyn std::any::Any) -> bool {
    false
}

/// Whether the instance may open one more; for functions of other interfaces that open one.
pub fn may_open(state: &mut State) -> bool {
    let State { table, open_files: budget, .. } = state;
    budget.admit(1, || open_files(table))
}

/// What a function of WASI ended with, as its caller sees it.
fn answered<T, C>(opened: Result<T, TrappableError<C>>) -> wasmtime::Result<(Result<T, C>,)>
where
    C: std::error::Error + Send + Sync + 'static,
{
    Ok((match opened {
        Ok(one) => Ok(one),
        Err(error) => Err(error.downcast()?),
    },))
}

type OpenAt = (Resource<Descriptor>, PathFlags, String, OpenFlags, DescriptorFlags);

/// After WASI's own; shadowing must be allowed.
pub fn link(linker: &mut Linker<State>, concurrent: bool) -> wasmtime::Result<()> {
    linker.instance("wasi:filesystem/types@0.2.12")?.func_wrap_async(
        "[method]descriptor.open-at",
        |mut store: StoreContextMut<'_, State>, (folder, follow, path, open, flags): OpenAt| {
            Box::new(async move {
                if !may_open(store.data_mut()) {
                    return Ok((Err(FileError::Quota),));
                }
                let mut files = store.data_mut().filesystem();
                let opened = files.open_at(folder, follow, path, open, flags).await;
                answered(opened)
            })
        },
    )?;
    linker.instance("wasi:sockets/tcp-create-socket@0.2.12")?.func_wrap(
        "create-tcp-socket",
        |mut store: StoreContextMut<'_, State>, (family,): (IpAddressFamily,)| {
            if !may_open(store.data_mut()) {
                return Ok((Err(SocketError::NewSocketLimit),));
            }
            let mut sockets = store.data_mut().sockets();
            let opened = tcp_create_socket::Host::create_tcp_socket(&mut sockets, family);
            answered(opened)
        },
    )?;
    linker.instance("wasi:sockets/udp-create-socket@0.2.12")?.func_wrap_async(
        "create-udp-socket",
        |mut store: StoreContextMut<'_, State>, (family,): (IpAddressFamily,)| {
            Box::new(async move {
                if !may_open(store.data_mut()) {
                    return Ok((Err(SocketError::NewSocketLimit),));
                }
                let mut sockets = store.data_mut().sockets();
                let opened = udp_create_socket::Host::create_udp_socket(&mut sockets, family).await;
                answered(opened)
            })
        },
    )?;
    #[cfg(feature = "p3")]
    if concurrent {
        p3::link(linker)?;
    }
    #[cfg(not(feature = "p3"))]
    let _ = concurrent;
    Ok(())
}

#[cfg(feature = "p3")]
mod p3 {
    use wasmtime::component::{Linker, Resource};
    use wasmtime::StoreContextMut;
    use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystem, WasiFilesystemView};
    use wasmtime_wasi::p3::bindings::filesystem::types as files;
    use wasmtime_wasi::p3::bindings::sockets::types as sockets;
    use wasmtime_wasi::sockets::WasiSocketsView;

    use super::{answered, may_open, State};

    type OpenAt =
        (Resource<Descriptor>, files::PathFlags, String, files::OpenFlags, files::DescriptorFlags);

    pub fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        linker.instance("wasi:filesystem/types@0.3.0")?.func_wrap_concurrent(
            "[method]descriptor.open-at",
            |accessor, (folder, follow, path, open, flags): OpenAt| {
                Box::pin(async move {
                    if !accessor.with(|mut access| may_open(access.data_mut())) {
                        return Ok((Err(files::ErrorCode::Quota),));
                    }
                    let accessor = &accessor.with_getter::<WasiFilesystem>(State::filesystem);
                    let opened = <WasiFilesystem as files::HostDescriptorWithStore<State>>::open_at(
                        accessor, folder, follow, path, open, flags,
                    );
                    answered(opened.await)
                })
            },
        )?;
        let mut types = linker.instance("wasi:sockets/types@0.3.0")?;
        types.func_wrap(
            "[static]tcp-socket.create",
            |mut store: StoreContextMut<'_, State>, (family,): (sockets::IpAddressFamily,)| {
                if !may_open(store.data_mut()) {
                    return Ok((Err(too_many()),));
                }
                let mut view = store.data_mut().sockets();
                answered(sockets::HostTcpSocket::create(&mut view, family))
            },
        )?;
        types.func_wrap_async(
            "[static]udp-socket.create",
            |mut store: StoreContextMut<'_, State>, (family,): (sockets::IpAddressFamily,)| {
                Box::new(async move {
                    if !may_open(store.data_mut()) {
                        return Ok((Err(too_many()),));
                    }
                    let mut view = store.data_mut().sockets();
                    answered(sockets::HostUdpSocket::create(&mut view, family).await)
                })
            },
        )
    }

    fn too_many() -> sockets::ErrorCode {
        sockets::ErrorCode::Other(Some("too many files and sockets are open".to_owned()))
    }
}
