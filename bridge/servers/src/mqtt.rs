//! MQTT: `fermyon:spin/mqtt@2.0.0` and `spin:mqtt/mqtt@3.0.0`.

use std::future::Future;

use kt_bridge_core::{Fault, HostError, State, Value};
use wasmtime::component::{Linker, Resource};

use crate::bindings::spin2::fermyon::spin::mqtt as v2;
#[cfg(feature = "p3")]
use crate::bindings::spin3::spin::mqtt::mqtt as v3;
use crate::connection::{Connection, Family};
use crate::operations::{MQTT_CLOSE, MQTT_OPEN, MQTT_PUBLISH};
use crate::Servers;

pub enum Mqtt {}

pub type MqttConnection = Connection<Mqtt>;

impl Family for Mqtt {
    const OPEN: u32 = MQTT_OPEN;
    const CLOSE: u32 = MQTT_CLOSE;
}

pub fn link(linker: &mut Linker<State>, concurrent: bool) -> wasmtime::Result<()> {
    #[cfg(feature = "p3")]
    if concurrent {
        v3::add_to_linker::<State, Servers>(linker, |state| state)?;
    }
    let _ = concurrent;
    v2::add_to_linker::<State, Servers>(linker, |state| state)
}

fn address(address: String, user: String, password: String, keep_alive: u64) -> Vec<Value> {
    let keep_alive = i64::try_from(keep_alive).unwrap_or(i64::MAX);
    vec![address.into(), user.into(), password.into(), keep_alive.into()]
}

fn publish(
    connection: &MqttConnection,
    topic: String,
    payload: Vec<u8>,
    qos: i64,
) -> impl Future<Output = Result<(), HostError>> + Send + use<> {
    let answer = connection.call(MQTT_PUBLISH, [topic.into(), payload.into(), qos.into()]);
    async move { answer.await.map(|_| ()) }
}

macro_rules! types {
    ($version:ident) => {
        impl From<HostError> for $version::Error {
            fn from(error: HostError) -> Self {
                match error.fault {
                    Fault::Invalid => Self::InvalidAddress,
                    Fault::TooMany => Self::TooManyConnections,
                    Fault::AccessDenied | Fault::Unavailable => {
                        Self::ConnectionFailed(error.message)
                    }
                    _ => Self::Other(error.message),
                }
            }
        }

        impl From<$version::Qos> for i64 {
            fn from(qos: $version::Qos) -> i64 {
                match qos {
                    $version::Qos::AtMostOnce => 0,
                    $version::Qos::AtLeastOnce => 1,
                    $version::Qos::ExactlyOnce => 2,
                }
            }
        }

        impl $version::Host for State {}
    };
}

types!(v2);
#[cfg(feature = "p3")]
types!(v3);

impl v2::HostConnection for State {
    async fn open(
        &mut self,
        url: String,
        user: String,
        password: String,
        keep_alive: u64,
    ) -> Result<Resource<MqttConnection>, v2::Error> {
        let opened = Connection::open(self, address(url, user, password, keep_alive)).await?;
        Ok(opened.keep(self)?)
    }

    async fn publish(
        &mut self,
        connection: Resource<MqttConnection>,
        topic: String,
        payload: Vec<u8>,
        qos: v2::Qos,
    ) -> Result<(), v2::Error> {
        let connection = Connection::of(self, &connection)?;
        Ok(publish(connection, topic, payload, qos.into()).await?)
    }

    async fn drop(&mut self, connection: Resource<MqttConnection>) -> wasmtime::Result<()> {
        Connection::drop_of(self, connection)
    }
}

#[cfg(feature = "p3")]
mod concurrent {
    use wasmtime::component::Accessor;

    use super::*;

    impl v3::HostConnection for State {
        async fn drop(&mut self, connection: Resource<MqttConnection>) -> wasmtime::Result<()> {
            Connection::drop_of(self, connection)
        }
    }

    impl<T: Send> v3::HostConnectionWithStore<T> for Servers {
        async fn open(
            accessor: &Accessor<T, Self>,
            url: String,
            user: String,
            password: String,
            keep_alive: u64,
        ) -> Result<Resource<MqttConnection>, v3::Error> {
            let arguments = address(url, user, password, keep_alive);
            let opening = accessor.with(|mut access| Connection::open(access.get(), arguments));
            let opened = opening.await?;
            Ok(accessor.with(|mut access| opened.keep(access.get()))?)
        }

        async fn publish(
            accessor: &Accessor<T, Self>,
            connection: Resource<MqttConnection>,
            topic: String,
            payload: Vec<u8>,
            qos: v3::Qos,
        ) -> Result<(), v3::Error> {
            let publishing = accessor.with(|mut access| {
                let connection = Connection::of(access.get(), &connection)?;
                Ok::<_, HostError>(publish(connection, topic, payload, qos.into()))
            })?;
            Ok(publishing.await?)
        }
    }
}
