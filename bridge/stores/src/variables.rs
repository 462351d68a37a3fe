//! Variables: `fermyon:spin/config`, `fermyon:spin/variables@2.0.0`, `spin:variables/variables@3.0.0`
//! and `wasi:config/store`.

use std::future::Future;

use kt_bridge_core::{Fault, HostError, State, Value};
use wasmtime::component::{ComponentType, Lift, Linker, LinkerInstance, Lower};

use crate::ask::list;
use crate::provide::{function, Form};

const GET: u32 = 0x0100;
const ALL: u32 = 0x0101;

#[derive(ComponentType, Lift, Lower, Clone, Debug)]
#[component(variant)]
enum Error {
    #[component(name = "invalid-name")]
    InvalidName(String),
    #[component(name = "undefined")]
    Undefined(String),
    #[component(name = "provider")]
    Provider(String),
    #[component(name = "other")]
    Other(String),
}

impl From<HostError> for Error {
    fn from(error: HostError) -> Error {
        match error.fault {
            Fault::Invalid => Error::InvalidName(error.message),
            Fault::NotFound => Error::Undefined(error.message),
            Fault::Other | Fault::Unavailable => Error::Provider(error.message),
            _ => Error::Other(error.message),
        }
    }
}

/// Of the oldest version.
#[derive(ComponentType, Lift, Lower, Clone, Debug)]
#[component(variant)]
enum LegacyError {
    #[component(name = "provider")]
    Provider(String),
    #[component(name = "invalid-key")]
    InvalidKey(String),
    #[component(name = "invalid-schema")]
    InvalidSchema(String),
    #[component(name = "other")]
    Other(String),
}

impl From<Error> for LegacyError {
    fn from(error: Error) -> LegacyError {
        match error {
            Error::InvalidName(message) => LegacyError::InvalidKey(message),
            Error::Undefined(message) => LegacyError::Provider(message),
            Error::Provider(message) | Error::Other(message) => LegacyError::Other(message),
        }
    }
}

/// Of wasi:config.
#[derive(ComponentType, Lift, Lower, Clone, Debug)]
#[component(variant)]
enum ConfigError {
    #[component(name = "upstream")]
    Upstream(String),
    #[component(name = "io")]
    Io(String),
}

impl From<Error> for ConfigError {
    fn from(error: Error) -> ConfigError {
        match error {
            Error::Provider(message) => ConfigError::Upstream(message),
            Error::InvalidName(message) | Error::Undefined(message) | Error::Other(message) => {
                ConfigError::Io(message)
            }
        }
    }
}

fn get(
    state: &State,
    name: String,
) -> impl Future<Output = Result<String, Error>> + Send + 'static {
    let answer = state.host.call(GET, vec![name.into()]);
    async move { Ok(answer.await?.text()?) }
}

fn pair(value: Value) -> Result<(String, String), HostError> {
    let [name, value] = value.items()?;
    Ok((name.text()?, value.text()?))
}

fn define(at: &mut LinkerInstance<'_, State>, form: Form) -> wasmtime::Result<()> {
    function(at, form, "get", |state, (name,): (String,)| {
        let answer = get(state, name);
        async move { Ok(answer.await) }
    })
}

fn define_legacy(at: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    function(at, Form::Sync, "get-config", |state, (key,): (String,)| {
        let answer = get(state, key);
        async move { Ok(answer.await.map_err(LegacyError::from)) }
    })
}

fn define_config(at: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    function(at, Form::Sync, "get", |state, (key,): (String,)| {
        let answer = get(state, key);
        async move {
            Ok(match answer.await {
                Ok(value) => Ok(Some(value)),
                // The interface has no other word for either.
                Err(Error::Undefined(_) | Error::InvalidName(_)) => Ok(None),
                Err(error) => Err(ConfigError::from(error)),
            })
        }
    })?;
    function(at, Form::Sync, "get-all", |state, (): ()| {
        let answer = state.host.call(ALL, vec![]);
        async move {
            let all = answer.await.and_then(|all| list(all, pair));
            Ok(all.map_err(|error| ConfigError::from(Error::from(error))))
        }
    })
}

pub fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    define_legacy(&mut linker.instance("fermyon:spin/config")?)?;
    define(&mut linker.instance("fermyon:spin/variables@2.0.0")?, Form::Sync)?;
    define_config(&mut linker.instance("wasi:config/store@0.2.0-draft-2024-09-27")?)
}

#[cfg(feature = "p3")]
pub fn link_async(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    define(&mut linker.instance("spin:variables/variables@3.0.0")?, Form::Async)
}
