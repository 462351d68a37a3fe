//! What a guest makes the host keep of HTTP: header fields, requests that are not sent yet, chunks of
//! bodies. A guest's own memory has a limit, and these are copies of it that nobody counts.
//!
//! The functions of `wasi:http` that keep more stand here a second time, with a budget before them.

use std::collections::HashSet;

use http::HeaderMap;
use kt_bridge_core::{Budget, State};
use wasmtime::component::{Linker, LinkerInstance, Resource};
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi_http::p2::bindings::http::types as p2;
use wasmtime_wasi_http::p2::bindings::http::types::{
    HostFields, HostOutgoingRequest, HostOutgoingResponse,
};
use wasmtime_wasi_http::FieldMap;

use crate::wasi_http::http;

/// Bytes, of one instance.
const KEPT_MAX: usize = 64 << 20;
/// One write of a guest to a request's body; a body keeps two at most.
pub const CHUNK_MAX: usize = 32 << 10;
/// A method, an authority, a path.
const PART_MAX: usize = 64 << 10;
/// What a resource costs beside its data.
const RESOURCE: usize = 1 << 10;
/// A field, beside its text.
pub const FIELD: usize = 64;

struct Kept(Budget);

/// Maps are shared until one of their owners changes them.
#[derive(Default)]
struct Weights(HashSet<*const HeaderMap>);

impl Weights {
    fn of_fields(&mut self, fields: &FieldMap) -> usize {
        let map: &HeaderMap = fields;
        match self.0.insert(map) {
            true => map.iter().map(|(name, value)| name.as_str().len() + value.len() + FIELD).sum(),
            false => 0,
        }
    }

    fn of(&mut self, entry: &dyn std::any::Any) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        if let Some(fields) = entry.downcast_ref::<FieldMap>() {
            return RESOURCE + self.of_fields(fields);
        }
        if let Some(request) = entry.downcast_ref::<p2::OutgoingRequest>() {
            let method = match &request.method {
                p2::Method::Other(name) => name.len(),
                _ => 0,
            };
            let parts = method + text(&request.authority) + text(&request.path_with_query);
            return RESOURCE + parts + self.of_fields(&request.headers);
        }
        if let Some(response) = entry.downcast_ref::<p2::OutgoingResponse>() {
            return RESOURCE + self.of_fields(&response.headers);
        }
        if entry.is::<p2::OutgoingBody>() {
            return RESOURCE + 2 * CHUNK_MAX;
        }
        #[cfg(feature = "p3")]
        if let Some(request) = entry.downcast_ref::<wasmtime_wasi_http::p3::Request>() {
            let authority = request.authority.as_ref().map_or(0, |a| a.as_str().len());
            let path = request.path_with_query.as_ref().map_or(0, |p| p.as_str().len());
            let parts = request.method.as_str().len() + authority + path;
            return RESOURCE + parts + self.of_fields(&request.headers);
        }
        #[cfg(feature = "p3")]
        if let Some(response) = entry.downcast_ref::<wasmtime_wasi_http::p3::Response>() {
            return RESOURCE + self.of_fields(&response.headers);
        }
        0
    }
}

/// Refusals have no word in the interface: the guest ends.
pub fn keep(state: &mut State, more: usize) -> Result<()> {
    let State { table, extras, .. } = state;
    let Kept(budget) = extras.of(|| Kept(Budget::new(KEPT_MAX)));
    let count = || {
        let mut weights = Weights::default();
        table.iter_mut().map(|entry| weights.of(&*entry)).sum()
    };
    if budget.admit(RESOURCE + more, count) {
        return Ok(());
    }
    let message = "the guest keeps more than 64 MiB of HTTP headers, requests and bodies open";
    Err(wasmtime::Error::msg(message))
}

fn size_of_fields(state: &State, fields: &Resource<FieldMap>) -> usize {
    let weight = |fields| Weights::default().of_fields(fields);
    state.table.get(fields).map_or(0, weight)
}

pub fn sizes<'a>(values: impl IntoIterator<Item = &'a Vec<u8>>) -> usize {
    values.into_iter().map(|value| value.len() + FIELD).sum()
}

type Fields = Resource<FieldMap>;
type Store<'a> = StoreContextMut<'a, State>;

/// The functions on fields, of either version of the interface.
macro_rules! link_fields {
    ($name:ident, $host:path) => {
        fn $name(at: &mut LinkerInstance<'_, State>) -> Result<()> {
            use $host as Host;
            at.func_wrap("[constructor]fields", |mut store: Store<'_>, (): ()| {
                keep(store.data_mut(), 0)?;
                Ok((Host::new(&mut http(store.data_mut()))?,))
            })?;
            at.func_wrap(
                "[static]fields.from-list",
                |mut store: Store<'_>, (entries,): (Vec<(String, Vec<u8>)>,)| {
                    let names = entries.iter().map(|(name, _)| name.len()).sum::<usize>();
                    let values = sizes(entries.iter().map(|(_, value)| value));
                    keep(store.data_mut(), names + values)?;
                    Ok((match Host::from_list(&mut http(store.data_mut()), entries) {
                        Ok(fields) => Ok(fields),
                        Err(error) => Err(error.downcast()?),
                    },))
                },
            )?;
            at.func_wrap(
                "[method]fields.append",
                |mut store: Store<'_>, (fields, name, value): (Fields, String, Vec<u8>)| {
                    keep(store.data_mut(), name.len() + value.len() + FIELD)?;
                    Ok((match Host::append(&mut http(store.data_mut()), fields, name, value) {
                        Ok(()) => Ok(()),
                        Err(error) => Err(error.downcast()?),
                    },))
                },
            )?;
            at.func_wrap(
                "[method]fields.set",
                |mut store: Store<'_>, (fields, name, values): (Fields, String, Vec<Vec<u8>>)| {
                    keep(store.data_mut(), name.len() + sizes(&values))?;
                    Ok((match Host::set(&mut http(store.data_mut()), fields, name, values) {
                        Ok(()) => Ok(()),
                        Err(error) => Err(error.downcast()?),
                    },))
                },
            )?;
            // The first change of the copy copies.
            at.func_wrap("[method]fields.clone", |mut store: Store<'_>, (fields,): (Fields,)| {
                let size = size_of_fields(store.data(), &fields);
                keep(store.data_mut(), size)?;
                Ok((Host::clone(&mut http(store.data_mut()), fields)?,))
            })
        }
    };
}

link_fields!(link_fields_2, HostFields);

/// A part of a request's address that is longer is none.
macro_rules! link_part {
    ($at:expr, $name:literal, $request:ty, $value:ty, $host:path, $size:expr) => {
        $at.func_wrap(
            $name,
            |mut store: Store<'_>, (request, part): (Resource<$request>, $value)| {
                let size: fn(&$value) -> usize = $size;
                if size(&part) > PART_MAX {
                    return Ok((Err(()),));
                }
                keep(store.data_mut(), size(&part))?;
                Ok(($host(&mut http(store.data_mut()), request, part)?,))
            },
        )?;
    };
}

fn length(text: &Option<String>) -> usize {
    text.as_ref().map_or(0, String::len)
}

pub fn link_2(at: &mut LinkerInstance<'_, State>) -> Result<()> {
    use p2::{Method, OutgoingRequest, OutgoingResponse};
    link_fields_2(at)?;
    link_part!(
        at,
        "[method]outgoing-request.set-method",
        OutgoingRequest,
        Method,
        HostOutgoingRequest::set_method,
        |method| match method {
            Method::Other(name) => name.len(),
            _ => 0,
        }
    );
    link_part!(
        at,
        "[method]outgoing-request.set-path-with-query",
        OutgoingRequest,
        Option<String>,
        HostOutgoingRequest::set_path_with_query,
        length
    );
    link_part!(
        at,
        "[method]outgoing-request.set-authority",
        OutgoingRequest,
        Option<String>,
        HostOutgoingRequest::set_authority,
        length
    );
    at.func_wrap(
        "[method]outgoing-request.body",
        |mut store: Store<'_>, (request,): (Resource<OutgoingRequest>,)| {
            keep(store.data_mut(), 2 * CHUNK_MAX)?;
            Ok((HostOutgoingRequest::body(&mut http(store.data_mut()), request)?,))
        },
    )?;
    at.func_wrap(
        "[method]outgoing-response.body",
        |mut store: Store<'_>, (response,): (Resource<OutgoingResponse>,)| {
            keep(store.data_mut(), 2 * CHUNK_MAX)?;
            Ok((HostOutgoingResponse::body(&mut http(store.data_mut()), response)?,))
        },
    )
}

#[cfg(feature = "p3")]
mod p3 {
    use super::*;
    use wasmtime_wasi_http::p3::bindings::http::types as p3;
    use wasmtime_wasi_http::p3::bindings::http::types::{HostFields, HostRequest};

    link_fields!(link_fields_3, HostFields);

    pub fn link(at: &mut LinkerInstance<'_, State>) -> Result<()> {
        use p3::{Method, Request};
        link_fields_3(at)?;
        link_part!(
            at,
            "[method]request.set-method",
            Request,
            Method,
            HostRequest::set_method,
            |method| match method {
                Method::Other(name) => name.len(),
                _ => 0,
            }
        );
        link_part!(
            at,
            "[method]request.set-path-with-query",
            Request,
            Option<String>,
            HostRequest::set_path_with_query,
            length
        );
        link_part!(
            at,
            "[method]request.set-authority",
            Request,
            Option<String>,
            HostRequest::set_authority,
            length
        );
        Ok(())
    }
}

/// After the interfaces' own functions.
pub fn link(linker: &mut Linker<State>, concurrent: bool) -> Result<()> {
    linker.allow_shadowing(true);
    link_2(&mut linker.instance("wasi:http/types@0.2.12")?)?;
    #[cfg(feature = "p3")]
    if concurrent {
        p3::link(&mut linker.instance("wasi:http/types@0.3.0")?)?;
    }
    #[cfg(not(feature = "p3"))]
    let _ = concurrent;
    linker.allow_shadowing(false);
    Ok(())
}
