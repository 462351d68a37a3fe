// host/postgres/results.h — A value of PostgreSQL's binary format as a guest's.
#pragma once
#include <kt_operations.h>

#include <tl/expected.hpp>

#include "base/bytes.h"
#include "wasm/host_call.h"

namespace kt::host {

/// The payload of a value that is not null. Refused with TYPE: it has no form at the guest (an
/// infinite date, an array of several dimensions, text that is not UTF-8), or is not what the
/// server said that it is.
tl::expected<wasm::HostResult, wasm::HostRefusal> decode_pg_value(kt_sql_type type, ByteView bytes);

}  // namespace kt::host
