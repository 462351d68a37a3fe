//! What is generated from `wit/`.

/// `fermyon:spin`, without a version.
pub mod spin1 {
    wasmtime::component::bindgen!({
        inline: "
            package kt:servers;
            world imports {
                import fermyon:spin/redis;
                import fermyon:spin/postgres;
                import fermyon:spin/mysql;
            }
        ",
        path: "wit/spin1.wit",
        imports: { default: async },
        with: {
            "fermyon:spin/rdbms-types": crate::bindings::spin2::fermyon::spin::rdbms_types,
        },
    });
}

/// `fermyon:spin@2.0.0`.
pub mod spin2 {
    wasmtime::component::bindgen!({
        inline: "
            package kt:servers;
            world imports {
                import fermyon:spin/redis@2.0.0;
                import fermyon:spin/postgres@2.0.0;
                import fermyon:spin/mysql@2.0.0;
                import fermyon:spin/mqtt@2.0.0;
            }
        ",
        path: "wit/spin2.wit",
        imports: { default: async },
        with: {
            "fermyon:spin/redis.connection": crate::redis::RedisConnection,
            "fermyon:spin/postgres.connection": crate::postgres::PostgresConnection,
            "fermyon:spin/mysql.connection": crate::mysql::MysqlConnection,
            "fermyon:spin/mqtt.connection": crate::mqtt::MqttConnection,
        },
    });
}

/// `spin:postgres@3.0.0`.
pub mod postgres3 {
    wasmtime::component::bindgen!({
        inline: "
            package kt:servers;
            world imports {
                import spin:postgres/postgres@3.0.0;
            }
        ",
        path: "wit/postgres3.wit",
        imports: { default: async },
        with: {
            "spin:postgres/postgres.connection": crate::postgres::PostgresConnection,
        },
    });
}

/// `spin:postgres@4.2.0`, which serves 4.0 and 4.1 too.
pub mod postgres4 {
    #[cfg(feature = "p3")]
    wasmtime::component::bindgen!({
        inline: "
            package kt:servers;
            world imports {
                import spin:postgres/postgres@4.2.0;
            }
        ",
        path: ["wit/postgres4_types.wit", "wit/postgres4.wit"],
        imports: {
            "spin:postgres/postgres.[constructor]connection-builder": async | trappable,
            default: async,
        },
        with: {
            "spin:postgres/postgres.connection": crate::postgres::PostgresConnection,
            "spin:postgres/postgres.connection-builder": crate::postgres::Builder,
        },
    });
    #[cfg(not(feature = "p3"))]
    wasmtime::component::bindgen!({
        inline: "
            package kt:servers;
            world imports {
                import spin:postgres/postgres@4.2.0;
            }
        ",
        path: ["wit/postgres4_types.wit", "wit/postgres4_plain.wit"],
        imports: {
            "spin:postgres/postgres.[constructor]connection-builder": async | trappable,
            default: async,
        },
        with: {
            "spin:postgres/postgres.connection": crate::postgres::PostgresConnection,
            "spin:postgres/postgres.connection-builder": crate::postgres::Builder,
        },
    });
}

/// `spin:redis@3.0.0`, `spin:mysql@3.0.0` and `spin:mqtt@3.0.0`: asynchronous functions.
#[cfg(feature = "p3")]
pub mod spin3 {
    wasmtime::component::bindgen!({
        inline: "
            package kt:servers;
            world imports {
                import spin:redis/redis@3.0.0;
                import spin:mysql/mysql@3.0.0;
                import spin:mqtt/mqtt@3.0.0;
            }
        ",
        path: ["wit/spin2.wit", "wit/redis3.wit", "wit/mysql3.wit", "wit/mqtt3.wit"],
        imports: { default: async },
        with: {
            "fermyon:spin/rdbms-types": crate::bindings::spin2::fermyon::spin::rdbms_types,
            "spin:redis/redis.connection": crate::redis::RedisConnection,
            "spin:mysql/mysql.connection": crate::mysql::MysqlConnection,
            "spin:mqtt/mqtt.connection": crate::mqtt::MqttConnection,
        },
    });
}
