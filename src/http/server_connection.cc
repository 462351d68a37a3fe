#include "http/server_connection.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <utility>

#include "http/body_pipe.h"

namespace kt::http {
namespace {

using boost::system::error_code;

/// Written in one go before other connections get their turn.
constexpr std::size_t kWriteTurnBytes = 1024 * 1024;
/// How long what a client still sends is thrown away after a refusal, so that it reads the answer
/// and not a reset.
constexpr Duration kLinger = std::chrono::seconds(2);

bool is_retry(const error_code& error) {
  return error == asio::error::would_block || error == asio::error::try_again ||
         error == asio::error::interrupted;
}

}  // namespace

Connection::Connection(const ConnectionHost& host, ServerSocket socket, std::string peer)
    : host_(host),
      socket_(std::move(socket)),
      peer_(std::move(peer)),
      dialog_(host.options),
      tasks_(socket_.get_executor()),
      last_read_(host.clock.now()),
      last_progress_(last_read_) {}

Connection::~Connection() {
  if (alarm_)
    host_.clock.cancel(*alarm_);
}

Task<void> Connection::serve() {
  arm();
  tasks_.spawn(read());
  const Result<Unit> ended = co_await tasks_.join();
  static_cast<void>(ended);  // the children only end with Unit
}

Task<Result<Unit>> Connection::read() {
  struct Closing {
    explicit Closing(Connection& c) : connection(c) {}
    ~Closing() { connection.close(); }
    Connection& connection;
  } closing(*this);
  co_await read_requests();
  co_return Unit{};
}

Task<void> Connection::read_requests() {
  while (!closed_) {
    for (auto exchange = dialog_.next(); exchange && !closed_; exchange = dialog_.next()) {
      ++running_;
      if (!dialog_.is_sequential()) {
        tasks_.spawn(answer(std::move(*exchange)));
        continue;
      }
      Task<Result<Unit>> answering = answer(std::move(*exchange));
      co_await std::move(answering);
      while (writing_)
        co_await written_.wait();
    }
    write();
    if (!dialog_.wants_bytes()) {
      while (writing_)
        co_await written_.wait();
      co_await linger();
      co_return;
    }
    const bool goes_on = co_await read_more();
    if (!goes_on)
      co_return;
  }
}

Task<bool> Connection::wait_readable() {
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none)
    throw Cancelled{};
  if (closed_)
    co_return false;
  error_code error;
  co_await socket_.async_wait(ServerSocket::wait_read, asio::redirect_error(use_task, error));
  co_return !error && !closed_;
}

Task<bool> Connection::read_more() {
  for (;;) {
    const bool readable = co_await wait_readable();
    if (!readable)
      co_return false;
    error_code error;
    const std::span<char> buffer = host_.read_buffer;
    const std::size_t size = socket_.read_some(asio::buffer(buffer.data(), buffer.size()), error);
    if (error && is_retry(error))
      continue;
    if (error)
      co_return false;
    last_read_ = host_.clock.now();
    dialog_.receive(std::string_view(buffer.data(), size), last_read_);
    arm();
    co_return true;
  }
}

void Connection::say_goodbye() {
  if (closed_ || writing_ || linger_until_ || dialog_.wants_bytes())
    return;
  error_code error;
  socket_.shutdown(ServerSocket::shutdown_send, error);
  if (error)
    return close();
  linger_until_ = host_.clock.now() + kLinger;
  arm();
}

Task<void> Connection::linger() {
  say_goodbye();
  error_code error;
  for (;;) {
    const bool readable = co_await wait_readable();
    if (!readable)
      co_return;
    const std::span<char> buffer = host_.read_buffer;
    socket_.read_some(asio::buffer(buffer.data(), buffer.size()), error);
    if (error && !is_retry(error))
      co_return;
  }
}

Task<Result<Unit>> Connection::answer(Exchange exchange) {
  const std::uint32_t id = exchange.id;
  exchange.request.peer = peer_;
  Task<Response> handling = run_handler(std::move(exchange.request));
  Response response = co_await std::move(handling);
  --running_;
  last_progress_ = last_read_ = host_.clock.now();
  if (response.header("date").empty())
    response.headers.emplace_back("date", to_http_date(host_.clock.wall_now()));
  if (response.growing && closed_)
    response.growing->abandon();
  else if (response.growing)
    response.growing->attach([this, id] { body_grew(id); });
  dialog_.answer(id, std::move(response));
  write();
  arm();
  // The reader of HTTP/2 waits for bytes that need not come any more.
  say_goodbye();
  co_return Unit{};
}

void Connection::body_grew(std::uint32_t id) {
  if (closed_)
    return;
  dialog_.body_grew(id);
  if (!dialog_.has_unsent())
    last_progress_ = host_.clock.now();  // what comes now was not kept waiting before
  write();
  arm();
  say_goodbye();
}

Task<Response> Connection::run_handler(ServerRequest request) {
  std::optional<Response> response;
  try {
    Task<Response> handling = host_.handler(std::move(request));
    response.emplace(co_await std::move(handling));
  } catch (const std::exception& thrown) {
    host_.log.error("a request handler threw", {{"peer", peer_}, {"what", thrown.what()}});
  }
  if (!response)
    response.emplace(plain_answer(500, "the server failed; its log says why"));
  co_return std::move(*response);
}

void Connection::write() {
  std::size_t left = kWriteTurnBytes;
  while (!writing_ && !closed_) {
    const auto buffers = dialog_.gather(buffers_);
    if (buffers.empty())
      return;
    error_code error;
    const std::size_t size = socket_.write_some(buffers, error);
    if (error && !is_retry(error))
      return close();
    note_sent(size);
    left -= std::min(left, size);
    if (error || left == 0) {
      writing_ = true;
      tasks_.spawn(write_rest());
    }
  }
}

Task<Result<Unit>> Connection::write_rest() {
  while (!closed_) {
    const auto buffers = dialog_.gather(buffers_);
    if (buffers.empty())
      break;
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
      break;
    error_code error;
    const std::size_t size =
        co_await socket_.async_write_some(buffers, asio::redirect_error(use_task, error));
    if (error) {
      close();
      break;
    }
    note_sent(size);
  }
  writing_ = false;
  written_.notify_all();
  say_goodbye();
  co_return Unit{};
}

void Connection::note_sent(std::size_t size) {
  const std::uint64_t before = dialog_.body_bytes_sent();
  dialog_.sent(size);
  // While answers wait, acknowledgements of pings are no progress.
  if (size > 0 &&
      (!dialog_.has_unsent() || dialog_.is_sequential() || dialog_.body_bytes_sent() != before))
    last_progress_ = host_.clock.now();
}

void Connection::drain() {
  dialog_.drain();
  write();
  if (!dialog_.wants_bytes() && !writing_)
    close();
}

void Connection::close() {
  if (std::exchange(closed_, true))
    return;
  error_code ignored;
  socket_.close(ignored);
  dialog_.abandon_bodies();
  written_.notify_all();
}

MonotonicTime Connection::deadline(MonotonicTime now) const {
  const ServerOptions& options = host_.options;
  if (linger_until_)
    return *linger_until_;
  MonotonicTime when = now + options.idle_timeout;
  const std::optional<MonotonicTime> reading = dialog_.reading_since();
  if (reading)
    when = std::min(when, *reading + options.read_timeout);
  if (dialog_.has_unsent())
    when = std::min(when, last_progress_ + options.write_timeout);
  if (!reading && !dialog_.has_unsent() && running_ == 0 && !dialog_.is_growing())
    when = std::max(last_read_, last_progress_) + options.idle_timeout;
  return when;
}

void Connection::arm() {
  if (closed_)
    return;
  const MonotonicTime when = deadline(host_.clock.now());
  // A deadline that moved away is noticed when the alarm rings: it is set anew rarely, not at
  // every request.
  if (alarm_ && alarm_->first <= when)
    return;
  if (alarm_)
    host_.clock.cancel(*alarm_);
  alarm_ = host_.clock.schedule(when, *this);
}

void Connection::fire() {
  alarm_.reset();
  if (closed_)
    return;
  const MonotonicTime now = host_.clock.now();
  if (deadline(now) > now)
    return arm();
  host_.log.debug("a connection's deadline passed", {{"peer", peer_}});
  close();
}

}  // namespace kt::http
