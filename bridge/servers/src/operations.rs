//! The numbers of kt_operations.h that this crate asks for.

pub const REDIS_OPEN: u32 = 0x0400;
pub const REDIS_CLOSE: u32 = 0x0401;
pub const REDIS_PUBLISH: u32 = 0x0402;
pub const REDIS_GET: u32 = 0x0403;
pub const REDIS_SET: u32 = 0x0404;
pub const REDIS_INCR: u32 = 0x0405;
pub const REDIS_DEL: u32 = 0x0406;
pub const REDIS_SADD: u32 = 0x0407;
pub const REDIS_SMEMBERS: u32 = 0x0408;
pub const REDIS_SREM: u32 = 0x0409;
pub const REDIS_EXECUTE: u32 = 0x040a;

pub const POSTGRES_OPEN: u32 = 0x0500;
pub const POSTGRES_CLOSE: u32 = 0x0501;
pub const POSTGRES_EXECUTE: u32 = 0x0502;
pub const POSTGRES_QUERY: u32 = 0x0503;
pub const POSTGRES_CHECK_ROOT: u32 = 0x0504;

pub const MYSQL_OPEN: u32 = 0x0600;
pub const MYSQL_CLOSE: u32 = 0x0601;
pub const MYSQL_EXECUTE: u32 = 0x0602;
pub const MYSQL_QUERY: u32 = 0x0603;

pub const MQTT_OPEN: u32 = 0x0700;
pub const MQTT_CLOSE: u32 = 0x0701;
pub const MQTT_PUBLISH: u32 = 0x0702;
