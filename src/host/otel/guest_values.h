// host/otel/guest_values.h — The records of wasi:otel, read within bounds.
//
// Why: what a guest reports is as long and as wrong as it likes. Here it becomes our records: cut
// where it is too long, dropped and counted where it is too many.
#pragma once
#include <optional>

#include "otel/records.h"
#include "wasm/host_call.h"

namespace kt::host {

/// Texts are cut to 4 KiB, lists to 128 items.
inline constexpr std::size_t kGuestTextBytesMax = 4096;
inline constexpr std::size_t kGuestItemsMax = 128;

/// A JSON value; text that is none is taken as it stands. Bytes are a data URI.
otel::Value read_value(std::string_view json, std::size_t text_bytes_max = kGuestTextBytesMax);
otel::UnixNanos read_time(wasm::HostValue datetime);
/// `dropped` grows by how many there were too many.
otel::Attributes read_attributes(wasm::HostValue list, std::uint32_t& dropped);
otel::Attributes read_attributes(wasm::HostValue list);
/// Encoded. Schema URLs are not kept.
std::shared_ptr<const std::string> read_scope(wasm::HostValue scope);
/// None: it has no ids.
std::optional<TraceContext> read_context(wasm::HostValue context);
/// None: it has no ids.
std::optional<otel::SpanRecord> read_span(wasm::HostValue span);
otel::LogRecord read_log(wasm::HostValue log, otel::UnixNanos now);

}  // namespace kt::host
