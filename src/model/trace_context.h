// model/trace_context.h — Which trace something belongs to, in the form of W3C Trace Context.
//
// Why: an invocation's trace travels from the worker through the sandbox to what a guest asks of
// the host and of others; each passes it on, only telemetry looks into it.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kt {

/// A span, as others may refer to it. Without ids: there is no trace.
struct TraceContext {
  using TraceId = std::array<std::uint8_t, 16>;
  using SpanId = std::array<std::uint8_t, 8>;

  bool valid() const { return trace_id != TraceId{} && span_id != SpanId{}; }
  friend bool operator==(const TraceContext&, const TraceContext&) = default;

  TraceId trace_id{};
  SpanId span_id{};
  bool sampled = false;
  std::string state;  ///< the header `tracestate`; empty: none
};

/// The header `traceparent`; empty without a trace.
std::string to_traceparent(const TraceContext& context);
/// None: not of that form.
std::optional<TraceContext> parse_traceparent(std::string_view text);

std::string to_hex(const TraceContext::TraceId& id);
std::string to_hex(const TraceContext::SpanId& id);
std::optional<TraceContext::TraceId> parse_trace_id(std::string_view hex);
std::optional<TraceContext::SpanId> parse_span_id(std::string_view hex);

}  // namespace kt
