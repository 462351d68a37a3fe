// http/endpoint.h — Where a service listens: scheme, host, port, path.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kt::http {

enum class Scheme : std::uint8_t { Http, Https };

/// A parsed endpoint URL. A value.
struct Endpoint {
  /// Reads "http://127.0.0.1:4567" or "https://host/prefix"; Invalid with what is wrong.
  static Result<Endpoint> parse(std::string_view url);

  /// "http://127.0.0.1:4567": without the port where it is the scheme's own.
  std::string url() const;
  /// The `Host` header's value.
  std::string authority() const;
  bool is_tls() const { return scheme == Scheme::Https; }

  Scheme scheme = Scheme::Https;
  std::string host;  ///< without brackets, also for IPv6
  std::uint16_t port = 443;
  std::string path = "/";
};

}  // namespace kt::http
