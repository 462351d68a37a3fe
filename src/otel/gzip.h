// otel/gzip.h — Requests made smaller.
#pragma once
#include <string>
#include <string_view>

namespace kt::otel {

/// `bytes` as a file of gzip (RFC 1952).
std::string gzipped(std::string_view bytes);

}  // namespace kt::otel
