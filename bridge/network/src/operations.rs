//! The operations of kt_operations.h that this crate asks for.

pub const MAY_REACH: u32 = 0x0900;
pub const MAY_CONNECT: u32 = 0x0901;
pub const IS_BLOCKED: u32 = 0x0902;
pub const ENTER: u32 = 0x0903;
pub const LEAVE: u32 = 0x0904;
pub const TLS: u32 = 0x0905;
pub const BEGIN_REQUEST: u32 = 0x0906;
pub const END_REQUEST: u32 = 0x0907;
