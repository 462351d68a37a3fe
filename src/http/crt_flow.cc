#include "http/crt_flow.h"

#include <aws/http/connection.h>

#include <utility>

#include "http/crt_message.h"
#include "http/crt_runtime.h"

namespace kt::http {
namespace {

constexpr std::size_t kWideOpen = std::size_t{1} << 40;

}  // namespace

Flow::Flow(Executor executor, std::shared_ptr<const Request> request, std::string name)
    : executor_(executor), request_(std::move(request)), name_(std::move(name)) {}

Flow::~Flow() {
  aws_http_message_release(message_);
  aws_http_stream_release(stream_);
  aws_http2_stream_manager_release(h2_);
  if (h1_ != nullptr)
    aws_http_connection_manager_release(h1_);
}

void Flow::begin(const std::string& authority) {
  message_ = make_message(*request_, authority);
  self_ = shared_from_this();
}

aws_http_make_request_options Flow::request_options() {
  aws_http_make_request_options options{};
  options.self_size = sizeof(options);
  options.request = message_;
  options.user_data = this;
  options.on_response_headers = on_headers;
  options.on_response_header_block_done = on_headers_done;
  options.on_response_body = on_body;
  options.on_complete = on_complete;
  return options;
}

void Flow::start(aws_http2_stream_manager* manager, const std::string& authority) {
  h2_ = aws_http2_stream_manager_acquire(manager);
  begin(authority);
  const aws_http_make_request_options request = request_options();
  aws_http2_stream_manager_acquire_stream_options options{};
  options.callback = on_stream;
  options.user_data = this;
  options.options = &request;
  aws_http2_stream_manager_acquire_stream(manager, &options);
}

void Flow::start(aws_http_connection_manager* manager, const std::string& authority) {
  aws_http_connection_manager_acquire(manager);
  h1_ = manager;
  begin(authority);
  aws_http_connection_manager_acquire_connection(manager, on_connection, this);
}

// The manager's reference to the stream becomes ours. It may be complete already: then it was
// announced, and cancelling it does nothing.
void Flow::keep_stream(aws_http_stream* stream) {
  const std::lock_guard lock(mutex_);
  connected_ = true;
  stream_ = stream;
  if (abandoned_)
    give_up();
}

// HTTP/1.1: cancelling does nothing once the answer said that its connection will close, and a
// connection does not close while bytes wait for a window.
void Flow::give_up() {
  if (complete_ || stream_ == nullptr)
    return;
  if (connection_ == nullptr)
    return aws_http_stream_cancel_default_error(stream_);
  aws_http_connection_close(connection_);
  aws_http_stream_update_window(stream_, kWideOpen);
}

void Flow::on_stream(aws_http_stream* stream, int error_code, void* user_data) {
  auto* const flow = static_cast<Flow*>(user_data);
  if (stream == nullptr)
    flow->finish(error_code);
  else
    flow->keep_stream(stream);
}

void Flow::on_connection(aws_http_connection* connection, int error_code, void* user_data) {
  auto* const flow = static_cast<Flow*>(user_data);
  if (connection == nullptr)
    return flow->finish(error_code);
  {
    const std::lock_guard lock(flow->mutex_);
    flow->connection_ = connection;
  }
  const aws_http_make_request_options options = flow->request_options();
  aws_http_stream* const stream = aws_http_connection_make_request(connection, &options);
  int failure = stream == nullptr ? aws_last_error() : 0;
  if (stream != nullptr && aws_http_stream_activate(stream) == AWS_OP_SUCCESS)
    return flow->keep_stream(stream);
  if (stream != nullptr) {
    failure = aws_last_error();
    aws_http_stream_release(stream);
  }
  {
    const std::lock_guard lock(flow->mutex_);
    flow->connection_ = nullptr;
  }
  aws_http_connection_manager_release_connection(flow->h1_, connection);
  flow->finish(failure);
}

int Flow::on_headers(aws_http_stream*, aws_http_header_block block, const aws_http_header* headers,
                     std::size_t count, void* user_data) {
  if (block != AWS_HTTP_HEADER_BLOCK_MAIN)
    return AWS_OP_SUCCESS;
  auto* const flow = static_cast<Flow*>(user_data);
  const std::lock_guard lock(flow->mutex_);
  for (std::size_t i = 0; i < count; ++i)
    flow->headers_.emplace_back(std::string(view(headers[i].name)),
                                std::string(view(headers[i].value)));
  return AWS_OP_SUCCESS;
}

int Flow::on_headers_done(aws_http_stream* stream, aws_http_header_block block, void* user_data) {
  if (block != AWS_HTTP_HEADER_BLOCK_MAIN)
    return AWS_OP_SUCCESS;
  auto* const flow = static_cast<Flow*>(user_data);
  const std::lock_guard lock(flow->mutex_);
  aws_http_stream_get_incoming_response_status(stream, &flow->status_);
  flow->has_head_ = true;
  flow->announce();
  return AWS_OP_SUCCESS;
}

int Flow::on_body(aws_http_stream*, const aws_byte_cursor* data, void* user_data) {
  auto* const flow = static_cast<Flow*>(user_data);
  const std::lock_guard lock(flow->mutex_);
  if (!flow->abandoned_ && data->len > 0)
    flow->pieces_.emplace_back(view(*data));
  flow->announce();
  return AWS_OP_SUCCESS;
}

void Flow::on_complete(aws_http_stream*, int error_code, void* user_data) {
  auto* const flow = static_cast<Flow*>(user_data);
  aws_http_connection* connection = nullptr;
  {
    const std::lock_guard lock(flow->mutex_);
    connection = std::exchange(flow->connection_, nullptr);
  }
  if (connection != nullptr)
    aws_http_connection_manager_release_connection(flow->h1_, connection);
  flow->finish(error_code);
}

void Flow::announce() {
  if (abandoned_ || std::exchange(announced_, true))
    return;
  asio::post(executor_, [flow = shared_from_this()] {
    {
      const std::lock_guard lock(flow->mutex_);
      flow->announced_ = false;
    }
    flow->news_.notify_all();
  });
}

void Flow::finish(int error_code) {
  const std::shared_ptr<Flow> keep = std::move(self_);
  const std::lock_guard lock(mutex_);
  complete_ = true;
  error_code_ = error_code;
  announce();
}

void Flow::abandon() {
  const std::lock_guard lock(mutex_);
  abandoned_ = true;
  pieces_.clear();
  give_up();
}

Error Flow::failure() const {
  return Error(ErrorCode::Unavailable,
               name_ + ": " + crt_error_text(error_code_) + advice(error_code_));
}

Task<Result<Unit>> Flow::wait_for_head() {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (has_head_)
        co_return Unit{};
      if (complete_)
        co_return fail(failure());
    }
    co_await news_.wait();
  }
}

void Flow::take_head(OpenResponse& out) {
  const std::lock_guard lock(mutex_);
  out.status = status_;
  out.headers = std::move(headers_);
}

Task<Result<std::string>> Flow::read() {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (!pieces_.empty()) {
        // All that lies ready: one turn of the loop for many small frames.
        std::string out = std::move(pieces_.front());
        for (std::size_t i = 1; i < pieces_.size(); ++i)
          out += pieces_[i];
        pieces_.clear();
        if (!complete_)
          aws_http_stream_update_window(stream_, out.size());
        co_return out;
      }
      if (complete_ && error_code_ != 0)
        co_return fail(failure());
      if (complete_)
        co_return std::string();
    }
    co_await news_.wait();
  }
}

bool Flow::wrong_protocol() {
  const std::lock_guard lock(mutex_);
  return complete_ && error_code_ == AWS_ERROR_HTTP_STREAM_MANAGER_UNEXPECTED_HTTP_VERSION;
}

bool Flow::was_connected() {
  const std::lock_guard lock(mutex_);
  return connected_;
}

}  // namespace kt::http
