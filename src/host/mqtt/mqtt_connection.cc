#include "host/mqtt/mqtt_connection.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace kt::host {

namespace {

// What CONNACK says in MQTT 3.1.1.
constexpr int kIdentifierRejected = 2;
constexpr int kBadUserOrPassword = 4;
constexpr int kNotAuthorized = 5;

constexpr Duration kTickMin = std::chrono::seconds(1);

}  // namespace

/// The library knows only the address that it connects to. The certificate is checked for the name
/// that the component gave, and the broker is told that name.
struct MqttConnection::Tls {
  Tls(const std::string& host, const std::string& roots_file)
      : context(asio::ssl::context::tls_client), name(host) {
    boost::system::error_code ignored;  // without roots every certificate is refused
    if (roots_file.empty())
      context.set_default_verify_paths(ignored);
    else
      context.load_verify_file(roots_file, ignored);
    SSL_CTX* const raw = context.native_handle();
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
    asio::ip::make_address(host, ignored);
    is_address = !ignored;
    X509_VERIFY_PARAM* const check = SSL_CTX_get0_param(raw);
    if (is_address)
      X509_VERIFY_PARAM_set1_ip_asc(check, host.c_str());
    else
      X509_VERIFY_PARAM_set1_host(check, host.c_str(), host.size());
    SSL_CTX_set_ex_data(raw, slot(), this);
    SSL_CTX_set_info_callback(raw, name_server);
  }
  /// Asio keeps its own in the context's usual place.
  static int slot() {
    static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
  }
  static void name_server(const SSL* ssl, int where, int) {
    if ((where & SSL_CB_HANDSHAKE_START) == 0 || SSL_is_init_finished(ssl) != 0)
      return;
    auto* const self = static_cast<Tls*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), slot()));
    char* const name = self->is_address ? nullptr : self->name.data();
    SSL_set_tlsext_host_name(const_cast<SSL*>(ssl), name);
  }

  asio::ssl::context context;
  std::string name;
  bool is_address = false;
};

MqttConnection::MqttConnection(Executor executor, Clock& clock, const MosquittoLibrary& library,
                               const MqttAddress& address, const MqttOptions& options)
    : executor_(executor),
      clock_(clock),
      library_(library),
      address_(address),
      options_(options),
      descriptor_(executor) {}

MqttConnection::~MqttConnection() {
  release();
}

void MqttConnection::start(std::vector<asio::ip::address> addresses) {
  addresses_ = std::move(addresses);
  if (address_.tls)
    tls_ = std::make_unique<Tls>(address_.host, options_.roots_file);
  arm(options_.connect_timeout);
  connect_next();
}

void MqttConnection::on_connect(mosquitto*, void* self, int code) {
  static_cast<MqttConnection*>(self)->greeted_ = code;
}
void MqttConnection::on_publish(mosquitto*, void* self, int message) {
  static_cast<MqttConnection*>(self)->acknowledged_.push_back(message);
}
void MqttConnection::on_log(mosquitto*, void* self, int level, const char* text) {
  if (level == MOSQ_LOG_ERR)
    static_cast<MqttConnection*>(self)->logged_ = text;
}

void MqttConnection::connect_next() {
  while (!closed()) {
    if (next_address_ == addresses_.size()) {
      close(ErrorCode::Unavailable, "it could not be connected: " + logged_);
      return;
    }
    release();
    const int code = begin_connect(addresses_[next_address_++]);
    if (code == MOSQ_ERR_SUCCESS) {
      watch_write();
      return;
    }
    logged_ = text_of(code);
  }
}

int MqttConnection::begin_connect(const asio::ip::address& address) {
  const char* const id = address_.client_id.empty() ? nullptr : address_.client_id.c_str();
  client_ = library_.create(id, address_.clean_session, this);
  if (client_ == nullptr || !configure())
    return MOSQ_ERR_NOMEM;
  int code = library_.connect(client_, address.to_string().c_str(), address_.port,
                              address_.keep_alive_seconds);
  if (code != MOSQ_ERR_SUCCESS)
    return code;
  // Watched through a duplicate: the library closes its own without asking.
  const int watched = ::dup(library_.socket(client_));
  boost::system::error_code error;
  if (watched >= 0)
    descriptor_.assign(watched, error);
  return watched < 0 || error ? MOSQ_ERR_NOMEM : MOSQ_ERR_SUCCESS;
}

bool MqttConnection::configure() {
  library_.on_connect(client_, on_connect);
  library_.on_publish(client_, on_publish);
  library_.on_log(client_, on_log);
  int code = library_.set_option(client_, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V311);
  if (code == MOSQ_ERR_SUCCESS)
    code = library_.set_option(client_, MOSQ_OPT_TCP_NODELAY, 1);
  if (code == MOSQ_ERR_SUCCESS && !address_.user.empty())
    code = library_.set_user(client_, address_.user.c_str(),
                             address_.password.empty() ? nullptr : address_.password.c_str());
  if (code == MOSQ_ERR_SUCCESS && tls_) {
    library_.set_option(client_, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0);
    code = library_.set_pointer(client_, MOSQ_OPT_SSL_CTX, tls_->context.native_handle());
  }
  return code == MOSQ_ERR_SUCCESS;
}

void MqttConnection::watch_read() {
  if (std::exchange(reading_, true))
    return;
  auto on_ready = [self = shared_from_this(), attempt = attempt_](boost::system::error_code code) {
    if (self->closed() || attempt != self->attempt_ || code == asio::error::operation_aborted)
      return;
    self->reading_ = false;
    self->can_read();
  };
  descriptor_.async_wait(Descriptor::wait_read, std::move(on_ready));
}

void MqttConnection::watch_write() {
  if (std::exchange(writing_, true))
    return;
  auto on_ready = [self = shared_from_this(), attempt = attempt_](boost::system::error_code code) {
    if (self->closed() || attempt != self->attempt_ || code == asio::error::operation_aborted)
      return;
    self->writing_ = false;
    self->can_write();
  };
  descriptor_.async_wait(Descriptor::wait_write, std::move(on_ready));
}

void MqttConnection::can_write() {
  if (!reached_) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(descriptor_.native_handle(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      logged_ = std::strerror(error);
      connect_next();
      return;
    }
    reached_ = true;
    if (tls_) {
      // Reading is what goes on with a handshake.
      settle(library_.loop_read(client_, 1));
      return;
    }
  }
  settle(library_.loop_write(client_, 1));
}

void MqttConnection::can_read() {
  if (state_ == State::Connecting) {
    // While it shakes hands the library does not tell the end of the stream from patience.
    char byte = 0;
    if (::recv(descriptor_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) {
      close(ErrorCode::Unavailable, "the broker closed the connection");
      return;
    }
  }
  settle(library_.loop_read(client_, 1));
}

void MqttConnection::settle(int code) {
  if (greeted_)
    connected(*std::exchange(greeted_, std::nullopt));
  acknowledge();
  if (closed())
    return;
  if (code != MOSQ_ERR_SUCCESS) {
    lost(text_of(code));
    return;
  }
  if (library_.socket(client_) < 0) {
    lost("it closed the connection");
    return;
  }
  watch_read();
  if (library_.want_write(client_))
    watch_write();
}

void MqttConnection::connected(int code) {
  if (code == 0) {
    state_ = State::Ready;
    if (alarm_)
      clock_.cancel(*std::exchange(alarm_, std::nullopt));
    if (address_.keep_alive_seconds > 0)
      arm(std::max<Duration>(kTickMin, std::chrono::seconds(address_.keep_alive_seconds) / 4));
    changed_.notify_all();
    return;
  }
  if (code == kBadUserOrPassword || code == kNotAuthorized)
    close(ErrorCode::AccessDenied, "it refused the user or the password");
  else if (code == kIdentifierRejected)
    close(ErrorCode::Unavailable, "it refused the client_id");
  else
    close(ErrorCode::Unavailable, "it refused the connection, code " + std::to_string(code));
}

void MqttConnection::acknowledge() {
  for (const int message : std::exchange(acknowledged_, {})) {
    const auto found = publishing_.find(message);
    if (found == publishing_.end())
      continue;
    found->second->result = Unit{};
    found->second->done.fire();
    publishing_.erase(found);
  }
}

Task<Result<Unit>> MqttConnection::ready() {
  while (state_ == State::Connecting)
    co_await changed_.wait();
  if (closed())
    co_return fail(why_);
  co_return Unit{};
}

Task<Result<Unit>> MqttConnection::publish(std::string topic, ByteView payload, int quality) {
  if (closed())
    co_return fail(why_);
  int message = 0;
  const int code =
      library_.publish(client_, &message, topic.c_str(), static_cast<int>(payload.size()),
                       payload.data(), quality, false);
  if (code == MOSQ_ERR_INVAL || code == MOSQ_ERR_MALFORMED_UTF8)
    co_return fail(ErrorCode::Internal,
                   "the topic cannot be published to: it is empty, too long, "
                   "no UTF-8, or has a wildcard");
  if (code == MOSQ_ERR_PAYLOAD_SIZE || code == MOSQ_ERR_OVERSIZE_PACKET)
    co_return fail(ErrorCode::Internal, "the payload is larger than the protocol allows");
  const auto publishing = std::make_shared<Publishing>();
  publishing_.insert_or_assign(message, publishing);
  settle(code);
  co_await publishing->done.wait();
  co_return *publishing->result;
}

std::string MqttConnection::text_of(int code) const {
  if (code == MOSQ_ERR_ERRNO)
    return std::strerror(errno);
  if (code == MOSQ_ERR_TLS && !logged_.empty())
    return "TLS: " + logged_;
  return library_.error_text(code);
}

void MqttConnection::lost(const std::string& what) {
  close(ErrorCode::Unavailable, state_ == State::Ready ? "the connection was lost: " + what
                                                       : "it could not be connected: " + what);
}

void MqttConnection::fire() {
  alarm_.reset();
  if (state_ == State::Connecting) {
    close(ErrorCode::TimedOut, "no connection within the deadline");
    return;
  }
  settle(library_.loop_misc(client_));
  if (!closed())
    arm(std::max<Duration>(kTickMin, std::chrono::seconds(address_.keep_alive_seconds) / 4));
}

void MqttConnection::arm(Duration after) {
  alarm_ = clock_.schedule(clock_.now() + after, *this);
}

void MqttConnection::close(ErrorCode code, const std::string& what) {
  close(Error(code, "MQTT broker at " + address_.shown() + ": " + what));
}

void MqttConnection::close(Error why) {
  if (closed())
    return;
  if (state_ == State::Ready)
    library_.disconnect(client_);
  state_ = State::Closed;
  why_ = std::move(why);
  if (alarm_)
    clock_.cancel(*std::exchange(alarm_, std::nullopt));
  release();
  acknowledge();
  for (const auto& [message, publishing] : std::exchange(publishing_, {})) {
    publishing->result = fail(why_);
    publishing->done.fire();
  }
  changed_.notify_all();
}

void MqttConnection::release() {
  ++attempt_;
  reading_ = writing_ = reached_ = false;
  boost::system::error_code ignored;
  descriptor_.close(ignored);
  if (client_ != nullptr)
    library_.destroy(std::exchange(client_, nullptr));
}

}  // namespace kt::host
