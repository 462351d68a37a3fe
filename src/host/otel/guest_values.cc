#include "host/otel/guest_values.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "aws/base64.h"
#include "otel/encoding.h"
#include "otel/tracer.h"

namespace kt::host {
namespace {

using Json = nlohmann::json;
using otel::bounded;

constexpr std::size_t kJsonBytesMax = std::size_t{64} << 10;
constexpr int kDepthMax = 8;
constexpr std::size_t kStateBytesMax = 512;

std::string text_of(wasm::HostValue value) {
  return bounded(value.text(), kGuestTextBytesMax);
}

std::string text_or_empty(wasm::HostValue value) {
  return value.is_none() ? std::string() : text_of(value);
}

otel::Value text_value(const std::string& text, std::size_t bytes_max) {
  constexpr std::string_view kBytes = "data:application/octet-stream;base64,";
  if (text.starts_with(kBytes)) {
    if (auto bytes = aws::decode_base64(std::string_view(text).substr(kBytes.size()))) {
      otel::ByteString out;
      out.bytes = std::move(*bytes).substr(0, bytes_max);
      return out;
    }
  }
  return bounded(text, bytes_max);
}

otel::Value value_of(const Json& json, std::size_t bytes_max, int depth) {
  if (json.is_string())
    return text_value(json.get_ref<const std::string&>(), bytes_max);
  if (json.is_boolean())
    return json.get<bool>();
  if (json.is_number_float() ||
      (json.is_number_unsigned() &&
       json.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()}))
    return json.get<double>();
  if (json.is_number())
    return json.get<std::int64_t>();
  if (json.is_null() || depth >= kDepthMax)
    return bounded(json.dump(), bytes_max);
  if (json.is_array()) {
    otel::ValueList list;
    for (const Json& item : json) {
      if (list.size() < kGuestItemsMax)
        list.push_back(value_of(item, bytes_max, depth + 1));
    }
    return list;
  }
  otel::Attributes map;
  for (const auto& [key, item] : json.items()) {
    if (map.size() < kGuestItemsMax)
      map.emplace_back(bounded(key, kGuestTextBytesMax), value_of(item, bytes_max, depth + 1));
  }
  return map;
}

std::uint32_t count_of(wasm::HostValue value) {
  return static_cast<std::uint32_t>(value.integer());
}

otel::SpanKind kind_of(wasm::HostValue number) {
  using otel::SpanKind;
  constexpr SpanKind kKinds[] = {SpanKind::Client, SpanKind::Server, SpanKind::Producer,
                                 SpanKind::Consumer, SpanKind::Internal};
  return kKinds[std::clamp<std::int64_t>(number.integer(), 0, 4)];
}

void read_events(wasm::HostValue list, otel::SpanRecord& to) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i >= kGuestItemsMax) {
      ++to.dropped_events;
      continue;
    }
    otel::SpanEvent event;
    event.name = text_of(list[i][0]);
    event.time = read_time(list[i][1]);
    event.attributes = read_attributes(list[i][2]);
    to.events.push_back(std::move(event));
  }
}

void read_links(wasm::HostValue list, otel::SpanRecord& to) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto context = read_context(list[i][0]);
    if (i >= kGuestItemsMax || !context) {
      ++to.dropped_links;
      continue;
    }
    otel::SpanLink link;
    link.context = *std::move(context);
    link.attributes = read_attributes(list[i][1]);
    to.links.push_back(std::move(link));
  }
}

}  // namespace

otel::Value read_value(std::string_view json, std::size_t text_bytes_max) {
  if (json.size() > kJsonBytesMax)
    return bounded(json, text_bytes_max);
  const Json read = Json::parse(json, nullptr, false);
  if (read.is_discarded())
    return bounded(json, text_bytes_max);
  return value_of(read, text_bytes_max, 0);
}

otel::UnixNanos read_time(wasm::HostValue datetime) {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  constexpr std::uint64_t kSecondsMax = std::numeric_limits<std::uint64_t>::max() / kSecond - 5;
  const auto seconds = static_cast<std::uint64_t>(datetime[0].integer());
  return std::min(seconds, kSecondsMax) * kSecond +
         static_cast<std::uint64_t>(datetime[1].integer());
}

otel::Attributes read_attributes(wasm::HostValue list, std::uint32_t& dropped) {
  otel::Attributes out;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i < kGuestItemsMax)
      out.emplace_back(text_of(list[i][0]), read_value(list[i][1].text()));
    else
      ++dropped;
  }
  return out;
}

otel::Attributes read_attributes(wasm::HostValue list) {
  std::uint32_t dropped = 0;
  return read_attributes(list, dropped);
}

std::shared_ptr<const std::string> read_scope(wasm::HostValue scope) {
  otel::Scope out;
  if (!scope.is_none()) {
    out.name = text_of(scope[0]);
    out.version = text_or_empty(scope[1]);
    out.attributes = read_attributes(scope[3]);
  }
  return std::make_shared<const std::string>(encode(out));
}

std::optional<TraceContext> read_context(wasm::HostValue context) {
  const auto trace = parse_trace_id(context[0].text());
  const auto span = parse_span_id(context[1].text());
  if (!trace || !span)
    return std::nullopt;
  TraceContext out;
  out.trace_id = *trace;
  out.span_id = *span;
  out.sampled = context[2].boolean();
  const wasm::HostValue state = context[4];
  for (std::size_t i = 0; i < state.size(); ++i) {
    std::string member = text_of(state[i][0]) + "=" + text_of(state[i][1]);
    // It becomes a header: what cannot be one is left out, as the standard has it.
    const bool plain = std::all_of(member.begin(), member.end(),
                                   [](char c) { return c >= 0x20 && c < 0x7F && c != ','; });
    if (plain && out.state.size() + 1 + member.size() <= kStateBytesMax)
      out.state += (out.state.empty() ? "" : ",") + std::move(member);
  }
  if (!out.valid())
    return std::nullopt;
  return out;
}

std::optional<otel::SpanRecord> read_span(wasm::HostValue span) {
  auto context = read_context(span[0]);
  if (!context)
    return std::nullopt;
  otel::SpanRecord out;
  out.context = *std::move(context);
  out.parent = parse_span_id(span[1].text()).value_or(TraceContext::SpanId{});
  out.kind = kind_of(span[2]);
  out.name = text_of(span[3]);
  out.start = read_time(span[4]);
  out.end = read_time(span[5]);
  out.dropped_attributes = count_of(span[11]);
  out.dropped_events = count_of(span[12]);
  out.dropped_links = count_of(span[13]);
  out.attributes = read_attributes(span[6], out.dropped_attributes);
  read_events(span[7], out);
  read_links(span[8], out);
  out.status = static_cast<otel::StatusCode>(std::clamp<std::int64_t>(span[9][0].integer(), 0, 2));
  out.status_message = text_or_empty(span[9][1]);
  return out;
}

otel::LogRecord read_log(wasm::HostValue log, otel::UnixNanos now) {
  constexpr std::int64_t kSeverityMax = 24;
  otel::LogRecord out;
  if (!log[0].is_none())
    out.time = read_time(log[0]);
  out.observed = log[1].is_none() ? now : read_time(log[1]);
  out.severity_text = text_or_empty(log[2]);
  if (!log[3].is_none() && log[3].integer() <= kSeverityMax)
    out.severity = static_cast<std::uint32_t>(log[3].integer());
  if (!log[4].is_none())
    out.body = read_value(log[4].text(), kJsonBytesMax);
  if (!log[5].is_none())
    out.attributes = read_attributes(log[5]);
  out.event_name = text_or_empty(log[6]);
  if (!log[9].is_none() && !log[10].is_none()) {
    const auto trace = parse_trace_id(log[9].text());
    const auto span = parse_span_id(log[10].text());
    out.context.trace_id = trace.value_or(TraceContext::TraceId{});
    out.context.span_id = span.value_or(TraceContext::SpanId{});
    out.context.sampled = !log[11].is_none() && log[11].boolean();
  }
  return out;
}

}  // namespace kt::host
