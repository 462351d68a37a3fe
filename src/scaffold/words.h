// scaffold/words.h — A name in the spellings that languages want.
#pragma once
#include <string>
#include <string_view>

namespace kt::scaffold {

/// "MyHTTPHandler v2" is my-http-handler-v2, my_http_handler_v2, MyHttpHandlerV2: words end at what
/// is no letter or digit, before a capital after a small letter or digit, and before the last
/// capital of several that a small letter follows.
std::string kebab_case(std::string_view name);
std::string snake_case(std::string_view name);
std::string pascal_case(std::string_view name);

}  // namespace kt::scaffold
