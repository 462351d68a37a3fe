//! `wasi:filesystem`: permissions and locks, which the release left out, are not supported here
//! either.

use kt_bridge_core::State;
use wasmtime::component::{flags, ComponentType, Lift, Linker, LinkerInstance, Lower, Resource};
use wasmtime::StoreContextMut;
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::filesystem::types::{
    self, Descriptor, DescriptorFlags, ErrorCode, Host as Types, HostDescriptor, OpenFlags,
    PathFlags,
};

use crate::open_files::may_open;

type Store<'a> = StoreContextMut<'a, State>;
type Nothing = (Result<(), ErrorCode>,);

flags! {
    Modes {
        #[component(name = "readable")]
        const READABLE;
        #[component(name = "writable")]
        const WRITABLE;
        #[component(name = "executable")]
        const EXECUTABLE;
    }
}

#[allow(dead_code)] // What a guest asks is refused unread.
#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum AccessType {
    #[component(name = "access")]
    Access(Modes),
    #[component(name = "exists")]
    Exists,
}

type Open = (Resource<Descriptor>, PathFlags, String, OpenFlags, DescriptorFlags, Modes);

async fn open(
    store: &mut Store<'_>,
    (at, path_flags, path, open_flags, flags, _modes): Open,
) -> wasmtime::Result<(Result<Resource<Descriptor>, ErrorCode>,)> {
    if !may_open(store.data_mut()) {
        return Ok((Err(ErrorCode::Quota),));
    }
    let mut files = store.data_mut().filesystem();
    let opened = HostDescriptor::open_at(&mut files, at, path_flags, path, open_flags, flags).await;
    Ok((match opened {
        Ok(descriptor) => Ok(descriptor),
        Err(error) => Err(Types::convert_error_code(&mut files, error)?),
    },))
}

fn refuse<P>(at: &mut LinkerInstance<'_, State>, name: &str) -> wasmtime::Result<()>
where
    P: wasmtime::component::ComponentNamedList + Lift + Send + Sync + 'static,
{
    at.func_wrap(name, |_: Store<'_>, _: P| -> wasmtime::Result<Nothing> {
        Ok((Err(ErrorCode::Unsupported),))
    })
}

pub fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    type Change = (Resource<Descriptor>, PathFlags, String, Modes);
    type Access = (Resource<Descriptor>, PathFlags, String, AccessType);
    const LOCKS: [&str; 5] =
        ["lock-shared", "lock-exclusive", "try-lock-shared", "try-lock-exclusive", "unlock"];
    let mut at = linker.instance("wasi:filesystem/types@0.2.0-rc-2023-10-18")?;
    types::add_to_linker_instance::<State, WasiFilesystem>(&mut at, State::filesystem)?;
    at.func_wrap_async("[method]descriptor.open-at", |mut store: Store<'_>, asked: Open| {
        Box::new(async move { open(&mut store, asked).await })
    })?;
    refuse::<Access>(&mut at, "[method]descriptor.access-at")?;
    refuse::<Change>(&mut at, "[method]descriptor.change-file-permissions-at")?;
    refuse::<Change>(&mut at, "[method]descriptor.change-directory-permissions-at")?;
    for lock in LOCKS {
        refuse::<(Resource<Descriptor>,)>(&mut at, &format!("[method]descriptor.{lock}"))?;
    }
    Ok(())
}
