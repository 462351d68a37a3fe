// local/base64.h — Base64 as JSON bodies and opaque tokens carry bytes.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace kt::local {

/// Appends the standard alphabet's encoding, with padding.
void append_base64(std::string& out, ByteView bytes);
/// Strict: the standard alphabet with padding, nothing else.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace kt::local
