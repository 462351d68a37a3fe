// http/crt_message.h — Requests in the C runtime's form, and its byte cursors as text.
#pragma once
#include <aws/common/byte_buf.h>
#include <aws/http/request_response.h>

#include <string_view>

#include "http/transport.h"

namespace kt::http {

inline aws_byte_cursor cursor(std::string_view text) {
  return aws_byte_cursor_from_array(text.data(), text.size());
}
inline std::string_view view(aws_byte_cursor bytes) {
  return std::string_view(reinterpret_cast<const char*>(bytes.ptr), bytes.len);
}

/// The caller releases it; `request` outlives it, because its body is not copied.
aws_http_message* make_message(const Request& request, std::string_view authority);

/// What to look at when a handshake fails; else empty.
const char* advice(int error_code);

}  // namespace kt::http
