#include "model/trace_context.h"

namespace kt {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

template <std::size_t N>
std::string hex_of(const std::array<std::uint8_t, N>& bytes) {
  std::string out;
  out.reserve(2 * N);
  for (const std::uint8_t byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

/// Lower case only, as the standard has it.
template <std::size_t N>
std::optional<std::array<std::uint8_t, N>> bytes_of(std::string_view hex) {
  std::array<std::uint8_t, N> out{};
  if (hex.size() != 2 * N)
    return std::nullopt;
  for (std::size_t i = 0; i < 2 * N; ++i) {
    const auto digit = kDigits.find(hex[i]);
    if (digit == kDigits.npos)
      return std::nullopt;
    out[i / 2] = static_cast<std::uint8_t>(std::size_t{out[i / 2]} << 4 | digit);
  }
  return out;
}

}  // namespace

std::string to_hex(const TraceContext::TraceId& id) {
  return hex_of(id);
}
std::string to_hex(const TraceContext::SpanId& id) {
  return hex_of(id);
}
std::optional<TraceContext::TraceId> parse_trace_id(std::string_view hex) {
  return bytes_of<16>(hex);
}
std::optional<TraceContext::SpanId> parse_span_id(std::string_view hex) {
  return bytes_of<8>(hex);
}

std::string to_traceparent(const TraceContext& context) {
  if (!context.valid())
    return {};
  return "00-" + to_hex(context.trace_id) + "-" + to_hex(context.span_id) +
         (context.sampled ? "-01" : "-00");
}

std::optional<TraceContext> parse_traceparent(std::string_view text) {
  constexpr std::size_t kLength = 55;
  const bool later_version = text.size() > kLength && text[kLength] == '-';
  if ((text.size() != kLength && !later_version) || text[2] != '-' || text[35] != '-' ||
      text[52] != '-')
    return std::nullopt;
  const auto version = bytes_of<1>(text.substr(0, 2));
  const auto trace = parse_trace_id(text.substr(3, 32));
  const auto span = parse_span_id(text.substr(36, 16));
  const auto flags = bytes_of<1>(text.substr(53, 2));
  if (!version || !trace || !span || !flags || (*version)[0] == 0xFF ||
      ((*version)[0] == 0 && later_version))
    return std::nullopt;
  TraceContext out;
  out.trace_id = *trace;
  out.span_id = *span;
  out.sampled = ((*flags)[0] & 1) != 0;
  if (!out.valid())
    return std::nullopt;
  return out;
}

}  // namespace kt
