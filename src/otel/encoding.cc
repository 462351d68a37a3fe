#include "otel/encoding.h"

#include <string_view>

namespace kt::otel {
namespace {

template <std::size_t N>
std::string_view view(const std::array<std::uint8_t, N>& id) {
  return std::string_view(reinterpret_cast<const char*>(id.data()), id.size());
}

Message any_value(const Value& value);

struct PutValue {
  void operator()(const std::string& text) { out.bytes(1, text); }
  void operator()(bool flag) { out.varint(2, flag ? 1 : 0); }
  void operator()(std::int64_t number) { out.varint(3, static_cast<std::uint64_t>(number)); }
  void operator()(double number) { out.real(4, number); }
  void operator()(const ValueList& list) {
    Message array;
    for (const Value& item : list)
      array.message(1, any_value(item));
    out.message(5, array);
  }
  void operator()(const ByteString& bytes) { out.bytes(7, bytes.bytes); }
  void operator()(const Attributes& named) {
    Message pairs;
    put_attributes(pairs, 1, named);
    out.message(6, pairs);
  }
  Message& out;
};

Message any_value(const Value& value) {
  Message out;
  std::visit(PutValue{out}, static_cast<const Value::variant&>(value));
  return out;
}

/// Bits of the trace flags, and what OTLP adds: whether the parent was remote is known, and is so.
std::uint32_t flags_of(const TraceContext& context, bool is_remote) {
  constexpr std::uint32_t kKnown = 0x100;
  constexpr std::uint32_t kRemote = 0x200;
  return (context.sampled ? 1U : 0U) | kKnown | (is_remote ? kRemote : 0U);
}

Message event_message(const SpanEvent& event) {
  Message out;
  out.fixed64(1, event.time);
  out.bytes(2, event.name);
  put_attributes(out, 3, event.attributes);
  return out;
}

Message link_message(const SpanLink& link) {
  Message out;
  out.bytes(1, view(link.context.trace_id));
  out.bytes(2, view(link.context.span_id));
  if (!link.context.state.empty())
    out.bytes(3, link.context.state);
  put_attributes(out, 4, link.attributes);
  out.fixed32(6, flags_of(link.context, false));
  return out;
}

const std::string& resource_of(const Item& item, const std::string& usual) {
  return item.resource ? *item.resource : usual;
}

void put_count(Message& out, int field, std::uint32_t count) {
  if (count > 0)
    out.varint(field, count);
}

}  // namespace

void put_attributes(Message& out, int field, const Attributes& attributes) {
  for (const Attribute& attribute : attributes) {
    Message pair;
    pair.bytes(1, attribute.key);
    pair.message(2, any_value(attribute.value));
    out.message(field, pair);
  }
}

std::string encode(const Scope& scope) {
  Message out;
  out.bytes(1, scope.name);
  if (!scope.version.empty())
    out.bytes(2, scope.version);
  put_attributes(out, 3, scope.attributes);
  return out.take();
}

std::string encode_resource(const Attributes& attributes) {
  Message out;
  put_attributes(out, 1, attributes);
  return out.take();
}

std::string encode(const SpanRecord& span) {
  Message out;
  out.bytes(1, view(span.context.trace_id));
  out.bytes(2, view(span.context.span_id));
  if (!span.context.state.empty())
    out.bytes(3, span.context.state);
  if (span.parent != TraceContext::SpanId{})
    out.bytes(4, view(span.parent));
  out.bytes(5, span.name);
  out.varint(6, static_cast<std::uint64_t>(span.kind));
  out.fixed64(7, span.start);
  out.fixed64(8, span.end);
  put_attributes(out, 9, span.attributes);
  put_count(out, 10, span.dropped_attributes);
  for (const SpanEvent& event : span.events)
    out.message(11, event_message(event));
  put_count(out, 12, span.dropped_events);
  for (const SpanLink& link : span.links)
    out.message(13, link_message(link));
  put_count(out, 14, span.dropped_links);
  if (span.status != StatusCode::Unset) {
    Message status;
    if (!span.status_message.empty())
      status.bytes(2, span.status_message);
    status.varint(3, static_cast<std::uint64_t>(span.status));
    out.message(15, status);
  }
  out.fixed32(16, flags_of(span.context, span.parent_is_remote));
  return out.take();
}

std::string encode(const LogRecord& log) {
  Message out;
  if (log.time)
    out.fixed64(1, *log.time);
  put_count(out, 2, log.severity);
  if (!log.severity_text.empty())
    out.bytes(3, log.severity_text);
  if (log.body)
    out.message(5, any_value(*log.body));
  put_attributes(out, 6, log.attributes);
  if (log.context.valid()) {
    out.fixed32(8, log.context.sampled ? 1 : 0);
    out.bytes(9, view(log.context.trace_id));
    out.bytes(10, view(log.context.span_id));
  }
  out.fixed64(11, log.observed);
  if (!log.event_name.empty())
    out.bytes(12, log.event_name);
  return out.take();
}

std::string encode_request(const std::string& resource, const std::vector<Item>& items) {
  Message request;
  for (std::size_t i = 0; i < items.size();) {
    Message of_resource;
    const std::string& owner = resource_of(items[i], resource);
    of_resource.bytes(1, owner);
    while (i < items.size() && resource_of(items[i], resource) == owner) {
      Message of_scope;
      const std::string& scope = *items[i].scope;
      of_scope.bytes(1, scope);
      for (;
           i < items.size() && *items[i].scope == scope && resource_of(items[i], resource) == owner;
           ++i)
        of_scope.bytes(2, items[i].bytes);
      of_resource.message(2, of_scope);
    }
    request.message(1, of_resource);
  }
  return request.take();
}

}  // namespace kt::otel
