// base/utf8.h — Tells whether bytes are UTF-8.
//
// Why: the wire formats carry text that nobody checked; a guest and a JSON answer may only get
// text that is.
#pragma once
#include <string_view>

namespace kt {

/// As RFC 3629 has it: the shortest form only, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view bytes);

}  // namespace kt
