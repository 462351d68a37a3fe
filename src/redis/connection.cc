#include "redis/connection.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace kt::redis {

namespace {

constexpr std::size_t kReadBufferBytes = std::size_t{64} << 10;

}  // namespace

RedisConnection::RedisConnection(Executor executor, Clock& clock, const RedisAddress& address,
                                 const RedisOptions& options)
    : executor_(executor),
      clock_(clock),
      address_(address),
      options_(options),
      resolver_(executor),
      socket_(executor),
      reader_(options.reply_max_bytes),
      read_buffer_(kReadBufferBytes) {}

void RedisConnection::start() {
  arm(clock_.now() + options_.connect_timeout);
  Code not_an_address;
  const auto address = asio::ip::make_address(address_.host, not_an_address);
  if (!not_an_address) {
    resolved({asio::ip::tcp::endpoint(address, address_.port)});
    return;
  }
  auto on_resolved = [self = shared_from_this()](const Code& code, const auto& results) {
    if (self->closed())
      return;
    if (code) {
      self->close(ErrorCode::Unavailable, "its name could not be resolved: " + code.message());
      return;
    }
    std::vector<asio::ip::tcp::endpoint> found;
    for (const auto& result : results)
      found.push_back(result.endpoint());
    self->resolved(found);
  };
  resolver_.async_resolve(address_.host, std::to_string(address_.port),
                          asio::ip::resolver_base::numeric_service, std::move(on_resolved));
}

bool RedisConnection::is_blocked(const asio::ip::address& address) const {
  return options_.is_blocked && options_.is_blocked(address);
}

void RedisConnection::resolved(const std::vector<asio::ip::tcp::endpoint>& found) {
  for (const auto& endpoint : found) {
    if (!is_blocked(endpoint.address()))
      endpoints_.push_back(endpoint);
  }
  if (endpoints_.empty() && !found.empty()) {
    close(ErrorCode::AccessDenied, "its address lies in a network that this host blocks");
    return;
  }
  connect_next(asio::error::host_not_found);
}

void RedisConnection::connect_next(const Code& last) {
  if (next_endpoint_ == endpoints_.size()) {
    close(ErrorCode::Unavailable, "it could not be connected: " + last.message());
    return;
  }
  const auto endpoint = endpoints_[next_endpoint_++];
  Code ignored;
  socket_.close(ignored);
  auto on_connected = [self = shared_from_this()](const Code& code) {
    if (self->closed())
      return;
    if (code)
      self->connect_next(code);
    else if (self->address_.tls)
      self->begin_tls();
    else
      self->greet();
  };
  socket_.async_connect(endpoint, std::move(on_connected));
}

void RedisConnection::begin_tls() {
  tls_.emplace(socket_, *options_.tls);
  Code not_an_address;
  asio::ip::make_address(address_.host, not_an_address);
  if (not_an_address)
    SSL_set_tlsext_host_name(tls_->native_handle(), address_.host.c_str());
  tls_->set_verify_mode(asio::ssl::verify_peer);
  tls_->set_verify_callback(asio::ssl::host_name_verification(address_.host));
  auto on_shaken = [self = shared_from_this()](const Code& code) {
    if (self->closed())
      return;
    if (code)
      self->close(ErrorCode::Unavailable, "the TLS handshake failed: " + code.message());
    else
      self->greet();
  };
  tls_->async_handshake(asio::ssl::stream_base::client, std::move(on_shaken));
}

void RedisConnection::greet() {
  Code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  state_ = State::Greeting;
  // What waits already was queued before; the greeting goes first.
  auto waiting = std::exchange(pending_, {});
  auto encoded = std::exchange(outbox_, {});
  if (!address_.password.empty()) {
    RedisCommand auth("AUTH");
    if (!address_.user.empty())
      auth.add(address_.user);
    auth.add(address_.password);
    queue(std::move(auth), std::make_shared<PendingReply>());
  }
  if (address_.database != 0) {
    RedisCommand select("SELECT");
    select.add_number(address_.database);
    queue(std::move(select), std::make_shared<PendingReply>());
  }
  greetings_ = pending_.size();
  pending_.insert(pending_.end(), waiting.begin(), waiting.end());
  for (std::string& part : encoded)
    outbox_.push_back(std::move(part));
  if (greetings_ == 0)
    became_ready();
  read();
  write();
}

void RedisConnection::became_ready() {
  state_ = State::Ready;
  disarm();
  if (!pending_.empty())
    arm(pending_.front()->deadline);
}

void RedisConnection::send(RedisCommand command, std::shared_ptr<PendingReply> pending) {
  if (outbox_bytes_ > 0 && outbox_bytes_ + command.size() > options_.queue_max_bytes) {
    pending->result =
        fail(ErrorCode::LimitExceeded, "too much waits to be sent to Redis at " + address_.shown());
    pending->done.fire();
    return;
  }
  pending->deadline = clock_.now() + options_.command_timeout;
  if (state_ == State::Ready && !alarm_)
    arm(pending->deadline);
  queue(std::move(command), std::move(pending));
  write();
}

void RedisConnection::queue(RedisCommand command, std::shared_ptr<PendingReply> pending) {
  auto [head, arguments] = command.release();
  outbox_bytes_ += head.size() + arguments.size();
  outbox_.push_back(std::move(head));
  outbox_.push_back(std::move(arguments));
  pending_.push_back(std::move(pending));
}

void RedisConnection::write() {
  if (!writing_.empty() || outbox_.empty() || state_ == State::Connecting || closed())
    return;
  writing_.swap(outbox_);
  std::vector<asio::const_buffer> buffers;
  buffers.reserve(writing_.size());
  for (const std::string& part : writing_)
    buffers.push_back(asio::buffer(part));
  auto on_written = [self = shared_from_this()](const Code& code, std::size_t size) {
    self->writing_.clear();
    self->outbox_bytes_ -= size;
    if (self->closed())
      return;
    if (code)
      self->lost(code);
    else
      self->write();
  };
  if (tls_)
    asio::async_write(*tls_, buffers, std::move(on_written));
  else
    asio::async_write(socket_, buffers, std::move(on_written));
}

void RedisConnection::read() {
  auto on_read = [self = shared_from_this()](const Code& code, std::size_t size) {
    if (self->closed())
      return;
    if (code)
      self->lost(code);
    else
      self->take(size);
  };
  if (tls_)
    tls_->async_read_some(asio::buffer(read_buffer_), std::move(on_read));
  else
    socket_.async_read_some(asio::buffer(read_buffer_), std::move(on_read));
}

void RedisConnection::take(std::size_t size) {
  auto fed = reader_.feed(std::string_view(read_buffer_.data(), size));
  if (!fed) {
    close(fed.error().code, fed.error().what);
    return;
  }
  for (;;) {
    auto reply = reader_.next();
    if (!reply) {
      // The one whose reply it was is told why; the others only that the connection is lost.
      if (!pending_.empty()) {
        pending_.front()->result = fail(reply.error());
        pending_.front()->done.fire();
        pending_.pop_front();
      }
      const bool too_large = reply.error().code == ErrorCode::LimitExceeded;
      close(too_large ? ErrorCode::Unavailable : ErrorCode::Corrupt,
            "the connection was given up: " + reply.error().what);
      return;
    }
    if (!*reply)
      break;
    if (!deliver(**std::move(reply)))
      return;
  }
  read();
}

bool RedisConnection::deliver(RedisReply reply) {
  if (pending_.empty()) {
    close(ErrorCode::Corrupt, "it said something that nobody had asked");
    return false;
  }
  const auto pending = std::move(pending_.front());
  pending_.pop_front();
  if (greetings_ > 0)
    return greeted(reply);
  pending->result = std::move(reply);
  pending->done.fire();
  return true;
}

bool RedisConnection::greeted(const RedisReply& reply) {
  if (reply.is_error()) {
    const bool user = reply.is_error("WRONGPASS") || reply.is_error("NOPERM") ||
                      reply.is_error("NOAUTH") || !address_.password.empty();
    close(user ? ErrorCode::AccessDenied : ErrorCode::Invalid, "it refused: " + reply.text);
    return false;
  }
  if (--greetings_ == 0)
    became_ready();
  return true;
}

void RedisConnection::fire() {
  alarm_.reset();
  if (state_ != State::Ready) {
    close(ErrorCode::TimedOut, "no connection within the deadline");
    return;
  }
  if (pending_.empty())
    return;
  // Deadlines pass in the order of the queue, so the first is the next.
  if (pending_.front()->deadline <= clock_.now())
    close(ErrorCode::TimedOut, "no answer within the deadline");
  else
    arm(pending_.front()->deadline);
}

void RedisConnection::arm(MonotonicTime when) {
  alarm_ = clock_.schedule(when, *this);
}

void RedisConnection::disarm() {
  if (alarm_)
    clock_.cancel(*std::exchange(alarm_, std::nullopt));
}

void RedisConnection::lost(const Code& code) {
  close(ErrorCode::Unavailable, "the connection was lost: " + code.message());
}

void RedisConnection::close(ErrorCode code, const std::string& what) {
  close(Error(code, "Redis at " + address_.shown() + ": " + what));
}

void RedisConnection::close(Error why) {
  if (closed())
    return;
  state_ = State::Closed;
  disarm();
  resolver_.cancel();
  Code ignored;
  socket_.close(ignored);
  outbox_.clear();
  why_ = std::move(why);
  for (const auto& pending : std::exchange(pending_, {})) {
    pending->result = fail(why_);
    pending->done.fire();
  }
}

}  // namespace kt::redis
