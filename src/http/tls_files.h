// http/tls_files.h — Which files a TLS client trusts and shows.
#pragma once
#include <compare>
#include <string>

namespace kt::http {

/// Paths of PEM files; empty: none. A value.
struct TlsFiles {
  std::string ca;           ///< trusted certificates; none: what the runtime was told to trust
  std::string certificate;  ///< the client's own, with those that vouch for it
  std::string key;          ///< of that certificate; never one without the other
  auto operator<=>(const TlsFiles&) const = default;
};

}  // namespace kt::http
