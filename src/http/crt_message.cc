#include "http/crt_message.h"

#include <aws/io/io.h>
#include <aws/io/stream.h>

#include <string>

namespace kt::http {
namespace {

void add_header(aws_http_message* message, std::string_view name, std::string_view value) {
  aws_http_header header{};
  header.name = cursor(name);
  header.value = cursor(value);
  aws_http_message_add_header(message, header);
}

}  // namespace

const char* advice(int error_code) {
  const bool handshake = error_code == AWS_IO_TLS_NEGOTIATION_TIMEOUT ||
                         error_code == AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE;
  return handshake ? " Is its certificate one that this machine trusts (AWS_CA_BUNDLE)?" : "";
}

aws_http_message* make_message(const Request& request, std::string_view authority) {
  aws_allocator* const allocator = aws_default_allocator();
  aws_http_message* const message = aws_http_message_new_request(allocator);
  aws_http_message_set_request_method(message, cursor(request.method));
  aws_http_message_set_request_path(message, cursor(request.path));
  bool has_host = false;
  for (const Header& header : request.headers) {
    has_host = has_host || header.name == "Host" || header.name == "host";
    add_header(message, header.name, header.value);
  }
  if (!has_host)
    add_header(message, "Host", authority);
  if (request.body.empty() && request.method == "GET")
    return message;
  add_header(message, "Content-Length", std::to_string(request.body.size()));
  const aws_byte_cursor body = cursor(request.body);
  aws_input_stream* const stream = aws_input_stream_new_from_cursor(allocator, &body);
  aws_http_message_set_body_stream(message, stream);
  aws_input_stream_release(stream);
  return message;
}

}  // namespace kt::http
