// aws/base64.h — Base64 by the C runtime's vectorized codec.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace kt::aws {

void append_base64(std::string& out, ByteView bytes);
/// Decodes into `out`, which has room for base64_room(text); returns how much it wrote. Corrupt
/// when it is no base64 with padding.
Result<std::size_t> decode_base64(std::string_view text, char* out);
inline std::size_t base64_room(std::string_view text) {
  return (text.size() / 4 + 1) * 3;
}
Result<std::string> decode_base64(std::string_view text);

}  // namespace kt::aws
