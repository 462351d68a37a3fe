#include "http/request_text.h"

#include <algorithm>

namespace kt::http {

bool is_header_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

std::string path_prefix(std::string_view path) {
  while (!path.empty() && path.back() == '/')
    path.remove_suffix(1);
  return std::string(path);
}

}  // namespace kt::http
