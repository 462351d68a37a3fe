#include "otel/sender.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "otel/gzip.h"

namespace kt::otel {
namespace {

constexpr std::size_t kAnswerBytesMax = std::size_t{1} << 20;
constexpr Duration kFirstPause = std::chrono::seconds(1);
constexpr Duration kPauseMax = std::chrono::seconds(8);

/// Whether it is compressed, and its length, in front.
std::string grpc_frame(const std::string& message, bool compressed) {
  std::string out(1, compressed ? '\1' : '\0');
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>(message.size() >> shift);
  return out + message;
}

/// Of the status codes of gRPC those that its documentation, and OTLP's, say may be repeated.
ErrorCode reaction_to_grpc(int status) {
  switch (status) {
    case 8:  // RESOURCE_EXHAUSTED
      return ErrorCode::Throttled;
    case 1:   // CANCELLED
    case 4:   // DEADLINE_EXCEEDED
    case 10:  // ABORTED
    case 11:  // OUT_OF_RANGE
    case 14:  // UNAVAILABLE
    case 15:  // DATA_LOSS
      return ErrorCode::Unavailable;
    case 7:   // PERMISSION_DENIED
    case 16:  // UNAUTHENTICATED
      return ErrorCode::AccessDenied;
    default:
      return ErrorCode::Invalid;
  }
}

ErrorCode reaction_to_http(int status) {
  if (status == 429)
    return ErrorCode::Throttled;
  if (status == 502 || status == 503 || status == 504)
    return ErrorCode::Unavailable;
  return status == 401 || status == 403 ? ErrorCode::AccessDenied : ErrorCode::Invalid;
}

}  // namespace

std::string Sender::body_of(std::string message) const {
  const bool compressed = settings_.compression == Compression::Gzip;
  if (compressed)
    message = gzipped(message);
  return settings_.protocol == Protocol::Grpc ? grpc_frame(message, compressed) : message;
}

http::Request Sender::make_request(std::string body) const {
  const bool is_grpc = settings_.protocol == Protocol::Grpc;
  http::Request request;
  request.path = settings_.path;
  request.headers.emplace_back("content-type",
                               is_grpc ? "application/grpc" : "application/x-protobuf");
  if (is_grpc)
    request.headers.emplace_back("te", "trailers");
  if (settings_.compression == Compression::Gzip)
    request.headers.emplace_back(is_grpc ? "grpc-encoding" : "content-encoding", "gzip");
  request.headers.emplace_back("user-agent", "OTel-OTLP-Exporter-trigger-kinesis/1");
  request.headers.insert(request.headers.end(), settings_.headers.begin(), settings_.headers.end());
  request.body = std::move(body);
  request.answer_bytes_max = kAnswerBytesMax;
  return request;
}

Result<Unit> Sender::judge(const http::Response& response) const {
  const std::string where = settings_.endpoint.url() + ": ";
  if (response.status < 200 || response.status > 299) {
    return fail(reaction_to_http(response.status),
                where + "HTTP status " + std::to_string(response.status));
  }
  if (settings_.protocol != Protocol::Grpc)
    return Unit{};
  const std::string_view text = response.header("grpc-status");
  int status = -1;
  std::from_chars(text.data(), text.data() + text.size(), status);
  if (status == 0)
    return Unit{};
  if (status < 0)
    return fail(ErrorCode::Unavailable, where + "the answer has no grpc-status");
  return fail(reaction_to_grpc(status), where + "gRPC status " + std::to_string(status));
}

Task<Result<Unit>> Sender::send_once(std::string body) {
  http::Request made = make_request(std::move(body));
  auto response = co_await transport_->send(std::move(made), settings_.timeout);
  if (!response)
    co_return fail(response.error());
  co_return judge(*response);
}

Task<Result<Unit>> Sender::send(std::string request, Duration patience) {
  const MonotonicTime until = clock_.now() + patience;
  Duration pause = kFirstPause;
  const std::string body = body_of(std::move(request));
  for (;;) {
    auto sent = co_await send_once(body);
    const Duration wait = random_.between(pause / 2, pause);
    if (sent || !is_transient(sent.error().code) || clock_.now() + wait >= until)
      co_return sent;
    co_await clock_.sleep(wait);
    pause = std::min(2 * pause, kPauseMax);
  }
}

}  // namespace kt::otel
