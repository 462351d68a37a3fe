// base/percent.h — Percent-encoding, as URLs, forms and their headers have it (RFC 3986).
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace kt {

/// Everything but letters, digits, "-", "_", "." and "~" as %XX; with `Slash::Keep` not "/".
enum class Slash { Encode, Keep };
std::string percent_encoded(std::string_view text, Slash slash = Slash::Encode);

/// Every %XX as its byte, any byte. None: a "%" without two hex digits.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace kt
