#include "host/mqtt/mqtt_address.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>

#include "base/percent.h"

namespace kt::host {

namespace {

constexpr int kKeepAliveMin = 5;
constexpr int kKeepAliveMax = 65'535;

/// Of the client that Spin uses; what they set here is set by the host, or has no counterpart.
constexpr std::string_view kWithoutEffect[] = {
    "conn_timeout_secs",
    "inflight",
    "max_incoming_packet_size_bytes",
    "max_outgoing_packet_size_bytes",
    "max_request_batch_size",
    "pending_throttle_usecs",
    "request_channel_capacity",
};

tl::unexpected<Error> invalid(const std::string& what) {
  return fail(
      ErrorCode::Invalid,
      "the MQTT address " + what + "; an address looks like mqtt://host[:port][?client_id=name]");
}

template <class T>
std::optional<T> number(std::string_view digits) {
  T value{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.empty())
    return std::nullopt;
  return value;
}

/// The library takes C strings, so none may hold a zero byte.
std::optional<std::string> unescaped(std::string_view text) {
  return text.find("%00") == std::string_view::npos ? percent_decoded(text) : std::nullopt;
}

Result<Unit> read_authority(std::string_view text, MqttAddress& out) {
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    const std::string_view login = text.substr(0, at);
    const std::size_t colon = login.find(':');
    auto user = unescaped(login.substr(0, colon));
    auto password =
        unescaped(colon == std::string_view::npos ? std::string_view() : login.substr(colon + 1));
    if (!user || !password)
      return invalid("has a user or password with a broken %-escape");
    out.user = *std::move(user);
    out.password = *std::move(password);
    text.remove_prefix(at + 1);
  }
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos)
      return invalid("has no closing bracket");
    out.host = text.substr(1, close - 1);
    port = text.substr(close + 1);
  } else {
    const std::size_t colon = text.find(':');
    out.host = text.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  const bool spaced = std::ranges::any_of(out.host, [](char c) { return c <= ' '; });
  if (out.host.empty() || out.host.size() > 255 || spaced)
    return invalid("has no valid host");
  if (port.empty())
    return Unit{};
  const auto value = port.starts_with(':') ? number<std::uint16_t>(port.substr(1)) : std::nullopt;
  if (!value || *value == 0)
    return invalid("has no valid port");
  out.port = *value;
  return Unit{};
}

Result<Unit> read_option(std::string_view name, std::string_view value, MqttAddress& out) {
  if (name == "client_id") {
    auto id = unescaped(value);
    if (!id || id->empty() || id->size() > 1024)
      return invalid("has no valid client_id");
    out.client_id = *std::move(id);
  } else if (name == "clean_session") {
    if (value != "true" && value != "false")
      return invalid("has a clean_session that is neither true nor false");
    out.clean_session = value == "true";
  } else if (name == "keep_alive_secs") {
    const auto seconds = number<std::uint32_t>(value);
    if (!seconds)
      return invalid("has a keep_alive_secs that is no number");
    out.keep_alive_seconds = keep_alive_within_bounds(*seconds);
  } else if (std::ranges::find(kWithoutEffect, name) == std::end(kWithoutEffect)) {
    return invalid("has an unknown option");
  }
  return Unit{};
}

}  // namespace

std::string MqttAddress::shown() const {
  const bool bracketed = host.find(':') != std::string::npos;
  return (bracketed ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

int keep_alive_within_bounds(std::int64_t seconds) {
  if (seconds <= 0)
    return 0;
  return static_cast<int>(std::clamp<std::int64_t>(seconds, kKeepAliveMin, kKeepAliveMax));
}

Result<MqttAddress> parse_mqtt_address(std::string_view text) {
  MqttAddress out;
  out.tls = text.starts_with("mqtts://");
  if (!out.tls && !text.starts_with("mqtt://"))
    return invalid("begins with neither mqtt:// nor mqtts://");
  if (out.tls)
    out.port = 8883;
  text.remove_prefix(text.find("//") + 2);
  if (text.find('#') != std::string_view::npos)
    return invalid("has a fragment (#)");
  const std::size_t question = text.find('?');
  std::string_view authority = text.substr(0, question);
  if (authority.ends_with('/'))
    authority.remove_suffix(1);
  if (authority.find('/') != std::string_view::npos)
    return invalid("has a path");
  TRY(read_authority(authority, out));
  std::string_view options =
      question == std::string_view::npos ? std::string_view() : text.substr(question + 1);
  while (!options.empty()) {
    const std::string_view option = options.substr(0, options.find('&'));
    options.remove_prefix(std::min(option.size() + 1, options.size()));
    const std::size_t equals = option.find('=');
    const bool valued = equals != std::string_view::npos;
    TRY(read_option(option.substr(0, equals), valued ? option.substr(equals + 1) : "", out));
  }
  if (!out.clean_session && out.client_id.empty())
    return invalid("asks for a session that is kept, which needs a client_id");
  return out;
}

}  // namespace kt::host
