// http/request_text.h — Texts inside URLs, forms and headers.
#pragma once
#include <string>
#include <string_view>

namespace kt::http {

/// Whether it may be the value of a header: no control characters.
bool is_header_value(std::string_view text);

/// An endpoint's path as a prefix of others: without "/" at its end.
std::string path_prefix(std::string_view path);

}  // namespace kt::http
