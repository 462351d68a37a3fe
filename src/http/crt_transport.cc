#include "http/crt_transport.h"

#include <aws/http/connection.h>
#include <aws/http/connection_manager.h>
#include <aws/io/socket.h>
#include <aws/io/tls_channel_handler.h>

#include <algorithm>
#include <charconv>
#include <mutex>
#include <utility>

#include "http/crt_message.h"
#include "runtime/promise.h"
#include "runtime/with_deadline.h"

namespace kt::http {
namespace {

constexpr std::uint32_t kHandshakeMillis = 2000;
/// Four answers of the longest that Kinesis gives.
constexpr std::size_t kKeptBodyBytesMax = 48 * 1024 * 1024;

std::uint64_t to_millis(Duration duration) {
  return static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(duration).count());
}

/// One request and its answer. Shared by the waiting task and the C runtime's callbacks, which hold
/// it through `self_` until the runtime is done with it.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(Executor executor, aws_http_connection_manager* manager, const std::string& name,
           Request request, TextPoolPtr pool)
      : promise_(executor), manager_(manager), name_(name), request_(std::move(request)) {
    response_.pool = std::move(pool);
    aws_http_connection_manager_acquire(manager_);
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() {
    aws_http_message_release(message_);
    aws_http_connection_manager_release(manager_);
  }

  void start(const std::string& authority) {
    message_ = make_message(request_, authority);
    self_ = shared_from_this();
    aws_http_connection_manager_acquire_connection(manager_, on_connection, this);
  }
  /// On the loop: nobody waits any more. Afterwards nothing is posted to the loop.
  void abandon() {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    if (stream_ != nullptr)
      aws_http_stream_cancel_default_error(stream_);
  }
  /// Whether a connection was there to send on.
  bool was_connected() {
    const std::lock_guard lock(mutex_);
    return connected_;
  }
  const Promise<Result<Response>>& promise() const { return promise_; }

 private:
  void begin_request();
  void take_headers(const aws_http_header* headers, std::size_t count);
  void finish(int error_code);

  static void on_connection(aws_http_connection* connection, int error_code, void* user_data);
  static int on_headers(aws_http_stream* stream, aws_http_header_block block,
                        const aws_http_header* headers, std::size_t count, void* user_data);
  static int on_body(aws_http_stream* stream, const aws_byte_cursor* data, void* user_data);
  static void on_complete(aws_http_stream* stream, int error_code, void* user_data);

  Promise<Result<Response>> promise_;
  aws_http_connection_manager* manager_;
  std::string name_;
  Request request_;
  aws_http_message* message_ = nullptr;
  aws_http_connection* connection_ = nullptr;
  Response response_;
  bool too_long_ = false;
  std::shared_ptr<Exchange> self_;

  std::mutex mutex_;
  aws_http_stream* stream_ = nullptr;  // guarded by mutex_; set only while it can be cancelled
  bool abandoned_ = false;             // guarded by mutex_
  bool connected_ = false;             // guarded by mutex_
};

void Exchange::on_connection(aws_http_connection* connection, int error_code, void* user_data) {
  auto* const exchange = static_cast<Exchange*>(user_data);
  exchange->connection_ = connection;
  if (error_code != 0)
    exchange->finish(error_code);
  else
    exchange->begin_request();
}

void Exchange::begin_request() {
  aws_http_make_request_options options{};
  options.self_size = sizeof(options);
  options.request = message_;
  options.user_data = this;
  options.on_response_headers = on_headers;
  options.on_response_body = on_body;
  options.on_complete = on_complete;
  int error_code = AWS_ERROR_HTTP_STREAM_CANCELLED;
  {
    const std::lock_guard lock(mutex_);
    connected_ = true;
    aws_http_stream* const stream =
        abandoned_ ? nullptr : aws_http_connection_make_request(connection_, &options);
    if (stream != nullptr) {
      // Under the lock: a stream can only be cancelled once it was activated.
      if (aws_http_stream_activate(stream) == AWS_OP_SUCCESS) {
        stream_ = stream;
        return;
      }
      error_code = aws_last_error();
      aws_http_stream_release(stream);
    } else if (!abandoned_) {
      error_code = aws_last_error();
    }
  }
  aws_http_connection_manager_release_connection(manager_, connection_);
  finish(error_code);
}

int Exchange::on_headers(aws_http_stream*, aws_http_header_block block,
                         const aws_http_header* headers, std::size_t count, void* user_data) {
  // Trailers too: an answer is whole when it is handed on, and gRPC says in them how it went.
  if (block != AWS_HTTP_HEADER_BLOCK_INFORMATIONAL)
    static_cast<Exchange*>(user_data)->take_headers(headers, count);
  return AWS_OP_SUCCESS;
}

void Exchange::take_headers(const aws_http_header* headers, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view value = view(headers[i].value);
    response_.headers.emplace_back(std::string(view(headers[i].name)), std::string(value));
    const aws_byte_cursor length_name = aws_byte_cursor_from_c_str("content-length");
    if (!response_.body.empty() || !aws_byte_cursor_eq_ignore_case(&headers[i].name, &length_name))
      continue;
    std::size_t length = 0;
    std::from_chars(value.data(), value.data() + value.size(), length);
    // And room for the padding that a JSON parser wants behind the text.
    response_.body = response_.pool->take(std::min(length, request_.answer_bytes_max) + 64);
  }
}

int Exchange::on_body(aws_http_stream*, const aws_byte_cursor* data, void* user_data) {
  auto* const exchange = static_cast<Exchange*>(user_data);
  std::string& body = exchange->response_.body;
  if (data->len > exchange->request_.answer_bytes_max - body.size()) {
    exchange->too_long_ = true;
    return aws_raise_error(AWS_ERROR_SHORT_BUFFER);
  }
  body.append(view(*data));
  return AWS_OP_SUCCESS;
}

void Exchange::on_complete(aws_http_stream* stream, int error_code, void* user_data) {
  auto* const exchange = static_cast<Exchange*>(user_data);
  {
    const std::lock_guard lock(exchange->mutex_);
    exchange->stream_ = nullptr;
  }
  aws_http_stream_get_incoming_response_status(stream, &exchange->response_.status);
  aws_http_connection_manager_release_connection(exchange->manager_, exchange->connection_);
  aws_http_stream_release(stream);
  exchange->finish(error_code);
}

void Exchange::finish(int error_code) {
  const std::shared_ptr<Exchange> keep = std::move(self_);
  Result<Response> result = std::move(response_);
  if (too_long_) {
    result =
        fail(ErrorCode::LimitExceeded, name_ + ": the answer is longer than " +
                                           std::to_string(request_.answer_bytes_max) + " bytes");
  } else if (error_code != 0) {
    result = fail(ErrorCode::Unavailable,
                  name_ + ": " + crt_error_text(error_code) + advice(error_code));
  }
  const std::lock_guard lock(mutex_);
  if (!abandoned_)
    promise_.set(std::move(result));
}

/// Gives the request up when the task that waits for it is unwound.
class AbandonAtExit {
 public:
  explicit AbandonAtExit(Exchange& exchange) : exchange_(exchange) {}
  AbandonAtExit(const AbandonAtExit&) = delete;
  AbandonAtExit& operator=(const AbandonAtExit&) = delete;
  ~AbandonAtExit() { exchange_.abandon(); }

 private:
  Exchange& exchange_;
};

/// Destroyed with its frame, by an answer or by a cancellation, it leaves nothing behind.
Task<Result<Response>> wait_for_answer(std::shared_ptr<Exchange> exchange,
                                       const std::string& authority) {
  const AbandonAtExit abandon_at_exit(*exchange);
  exchange->start(authority);
  co_return co_await exchange->promise().take();
}

aws_http_connection_manager* make_manager(CrtRuntime& runtime, const Endpoint& endpoint,
                                          const CrtTransportOptions& options, aws_tls_ctx* tls) {
  aws_allocator* const allocator = aws_default_allocator();
  aws_socket_options socket{};
  socket.type = AWS_SOCKET_STREAM;
  socket.connect_timeout_ms = static_cast<std::uint32_t>(to_millis(options.connect_timeout));
  // A request is written whole: waiting to fill a segment would only delay its tail.
  socket.tcp_nodelay = AWS_SOCKET_TCP_NODELAY_ON;
  aws_tls_connection_options tls_options{};
  if (tls != nullptr) {
    aws_tls_connection_options_init_from_ctx(&tls_options, tls);
    const aws_byte_cursor host = cursor(endpoint.host);
    aws_tls_connection_options_set_server_name(&tls_options, allocator, &host);
    // After a handshake that failed, the TLS library keeps silent for up to half a minute.
    tls_options.timeout_ms = socket.connect_timeout_ms + kHandshakeMillis;
  }
  aws_http_connection_manager_options manager{};
  manager.bootstrap = runtime.bootstrap();
  manager.initial_window_size = SIZE_MAX;
  manager.socket_options = &socket;
  manager.tls_connection_options = tls == nullptr ? nullptr : &tls_options;
  manager.http2_prior_knowledge = tls == nullptr && options.protocol == Alpn::Http2;
  manager.host = cursor(endpoint.host);
  manager.port = endpoint.port;
  manager.max_connections = options.connections_max;
  manager.max_connection_idle_in_milliseconds = to_millis(options.idle_max);
  aws_http_connection_manager* const made = aws_http_connection_manager_new(allocator, &manager);
  if (tls != nullptr)
    aws_tls_connection_options_clean_up(&tls_options);
  return made;
}

}  // namespace

Result<std::unique_ptr<CrtTransport>> CrtTransport::make(CrtRuntime& runtime, Clock& clock,
                                                         Endpoint endpoint,
                                                         CrtTransportOptions options) {
  aws_tls_ctx* tls = nullptr;
  if (endpoint.is_tls()) {
    TRY(tls, runtime.tls(options.protocol, options.tls));
  }
  aws_http_connection_manager* const manager = make_manager(runtime, endpoint, options, tls);
  if (manager == nullptr) {
    return fail(ErrorCode::Invalid, "no connections can be made to " + endpoint.url() + ": " +
                                        crt_error_text(aws_last_error()));
  }
  return std::unique_ptr<CrtTransport>(new CrtTransport(clock, std::move(endpoint), manager));
}

CrtTransport::CrtTransport(Clock& clock, Endpoint endpoint, aws_http_connection_manager* manager)
    : clock_(clock),
      endpoint_(std::move(endpoint)),
      name_(endpoint_.url()),
      authority_(endpoint_.authority()),
      manager_(manager),
      bodies_(std::make_shared<TextPool>(kKeptBodyBytesMax)) {}

CrtTransport::~CrtTransport() {
  // Not awaited: towards a peer that never answers the manager may never be done.
  aws_http_connection_manager_release(manager_);
}

Task<Result<Response>> CrtTransport::send(Request request, Duration timeout) {
  const Executor executor = co_await asio::this_coro::executor;
  const auto exchange =
      std::make_shared<Exchange>(executor, manager_, name_, std::move(request), bodies_);
  Task<Result<Response>> answer = wait_for_answer(exchange, authority_);
  const MonotonicTime deadline = clock_.now() + timeout;
  auto result = co_await with_deadline(clock_, deadline, std::move(answer), name_.c_str());
  const bool late = !result && result.error().code == ErrorCode::TimedOut;
  if (late && !exchange->was_connected()) {
    const int code = endpoint_.is_tls() ? AWS_IO_TLS_NEGOTIATION_TIMEOUT : 0;
    co_return fail(ErrorCode::Unavailable,
                   name_ + ": no connection within the deadline." + advice(code));
  }
  co_return result;
}

}  // namespace kt::http
