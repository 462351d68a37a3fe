#include "aws/signing.h"

#include <aws/auth/credentials.h>
#include <aws/auth/signable.h>
#include <aws/auth/signing.h>
#include <aws/auth/signing_config.h>
#include <aws/auth/signing_result.h>
#include <aws/common/array_list.h>
#include <aws/common/string.h>
#include <aws/http/request_response.h>
#include <aws/io/stream.h>

#include "base/check.h"
#include "http/crt_runtime.h"

namespace kt::aws {
namespace {

aws_byte_cursor cursor(std::string_view text) {
  return aws_byte_cursor_from_array(text.data(), text.size());
}

template <auto kRelease>
struct Release {
  template <class T>
  void operator()(T* object) const {
    kRelease(object);
  }
};
using Message = std::unique_ptr<aws_http_message, Release<&aws_http_message_release>>;
using Signable = std::unique_ptr<aws_signable, Release<&aws_signable_destroy>>;
using CrtCredentials = std::unique_ptr<aws_credentials, Release<&aws_credentials_release>>;

/// The request as the C runtime wants to see it. Refers to `request`.
Message make_message(const http::Request& request) {
  aws_allocator* const allocator = aws_default_allocator();
  Message message(aws_http_message_new_request(allocator));
  aws_http_message_set_request_method(message.get(), cursor(request.method));
  aws_http_message_set_request_path(message.get(), cursor(request.path));
  for (const http::Header& header : request.headers) {
    aws_http_header entry{};
    entry.name = cursor(header.name);
    entry.value = cursor(header.value);
    aws_http_message_add_header(message.get(), entry);
  }
  const aws_byte_cursor body = cursor(request.body);
  aws_input_stream* const stream = aws_input_stream_new_from_cursor(allocator, &body);
  aws_http_message_set_body_stream(message.get(), stream);
  aws_input_stream_release(stream);
  return message;
}

/// What the signing callback leaves.
struct Outcome {
  bool called = false;
  int error_code = 0;
  std::vector<http::Header> headers;
};

std::string to_std(const aws_string* text) {
  return std::string(aws_string_c_str(text), text->len);
}

void on_signed(aws_signing_result* result, int error_code, void* user_data) {
  auto& outcome = *static_cast<Outcome*>(user_data);
  outcome.called = true;
  outcome.error_code = error_code;
  aws_array_list* added = nullptr;
  if (error_code != 0)
    return;
  aws_signing_result_get_property_list(result, g_aws_http_headers_property_list_name, &added);
  const std::size_t count = added == nullptr ? 0 : aws_array_list_length(added);
  for (std::size_t i = 0; i < count; ++i) {
    aws_signing_result_property pair{};
    aws_array_list_get_at(added, &pair, i);
    outcome.headers.emplace_back(to_std(pair.name), to_std(pair.value));
  }
}

}  // namespace

Result<Unit> sign(http::Request& request, const Credentials& credentials, const SigningScope& scope,
                  WallTime date, std::string_view body_sha256) {
  http::ensure_crt_libraries();
  aws_allocator* const allocator = aws_default_allocator();
  const Message message = make_message(request);
  const Signable signable(aws_signable_new_http_request(allocator, message.get()));
  const CrtCredentials keys(aws_credentials_new(allocator, cursor(credentials.access_key_id),
                                                cursor(credentials.secret_access_key),
                                                cursor(credentials.session_token), UINT64_MAX));
  aws_signing_config_aws config{};
  config.config_type = AWS_SIGNING_CONFIG_AWS;
  config.algorithm = AWS_SIGNING_ALGORITHM_V4;
  config.signature_type = AWS_ST_HTTP_REQUEST_HEADERS;
  config.region = cursor(scope.region);
  config.service = cursor(scope.service);
  config.credentials = keys.get();
  // S3 alone takes a key for what it is, dots, slashes and all.
  const bool is_s3 = scope.service == "s3";
  config.flags.use_double_uri_encode = is_s3 ? 0 : 1;
  config.flags.should_normalize_uri_path = is_s3 ? 0 : 1;
  config.signed_body_header = is_s3 ? AWS_SBHT_X_AMZ_CONTENT_SHA256 : AWS_SBHT_NONE;
  config.signed_body_value = cursor(body_sha256);
  aws_date_time_init_epoch_millis(&config.date,
                                  static_cast<std::uint64_t>(date.time_since_epoch().count()));
  Outcome outcome;
  const int refused = aws_sign_request_aws(allocator, signable.get(),
                                           reinterpret_cast<aws_signing_config_base*>(&config),
                                           on_signed, &outcome);
  if (refused != AWS_OP_SUCCESS || outcome.error_code != 0) {
    const int code = outcome.error_code != 0 ? outcome.error_code : aws_last_error();
    return fail(ErrorCode::Internal,
                "the request could not be signed: " + http::crt_error_text(code));
  }
  CHECK(outcome.called, "with given credentials the runtime signs at once");
  for (http::Header& header : outcome.headers)
    request.headers.push_back(std::move(header));
  return Unit{};
}

}  // namespace kt::aws
