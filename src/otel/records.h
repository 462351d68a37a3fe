// otel/records.h — A finished span and a log record, before they are encoded.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/trace_context.h"
#include "otel/attribute.h"

namespace kt::otel {

/// Nanoseconds since 1970.
using UnixNanos = std::uint64_t;

/// The numbers are OTLP's.
enum class SpanKind : std::uint8_t {
  Internal = 1,
  Server = 2,
  Client = 3,
  Producer = 4,
  Consumer = 5
};
enum class StatusCode : std::uint8_t { Unset = 0, Ok = 1, Error = 2 };
enum class Severity : std::uint8_t {
  Unset = 0,
  Trace = 1,
  Debug = 5,
  Info = 9,
  Warn = 13,
  Error = 17
};

struct SpanEvent {
  std::string name;
  UnixNanos time = 0;
  Attributes attributes;
};

struct SpanLink {
  TraceContext context;
  Attributes attributes;
};

struct SpanRecord {
  TraceContext context;
  TraceContext::SpanId parent{};  ///< zeros: a root
  bool parent_is_remote = false;
  std::string name;
  SpanKind kind = SpanKind::Internal;
  UnixNanos start = 0;
  UnixNanos end = 0;
  Attributes attributes;
  std::vector<SpanEvent> events;
  std::vector<SpanLink> links;
  std::uint32_t dropped_attributes = 0;
  std::uint32_t dropped_events = 0;
  std::uint32_t dropped_links = 0;
  StatusCode status = StatusCode::Unset;
  std::string status_message;
};

struct LogRecord {
  std::optional<UnixNanos> time;
  UnixNanos observed = 0;
  std::uint32_t severity = 0;
  std::string severity_text;
  std::string event_name;
  std::optional<Value> body;
  Attributes attributes;
  TraceContext context;  ///< invalid: none
};

/// Who produced it: an InstrumentationScope.
struct Scope {
  std::string name;
  std::string version;
  Attributes attributes;
};

}  // namespace kt::otel
