#include "http/crt_streams.h"

#include <aws/io/socket.h>
#include <aws/io/tls_channel_handler.h>

#include <utility>

#include "http/crt_flow.h"
#include "http/crt_message.h"
#include "runtime/with_deadline.h"

namespace kt::http {
namespace {

constexpr std::uint32_t kHandshakeMillis = 2000;
/// A connection whose other end is gone is found out by these.
constexpr std::size_t kPingPeriodMillis = 15'000;
constexpr std::size_t kPingTimeoutMillis = 10'000;
constexpr std::size_t kStreamsPerConnection = 100;

std::uint32_t to_millis(Duration duration) {
  return static_cast<std::uint32_t>(std::chrono::ceil<std::chrono::milliseconds>(duration).count());
}

/// The socket and TLS options of one endpoint, which both kinds of manager copy.
class Wire {
 public:
  Wire(const Endpoint& endpoint, const CrtStreamsOptions& options, aws_tls_ctx* tls) {
    socket.type = AWS_SOCKET_STREAM;
    socket.connect_timeout_ms = to_millis(options.connect_timeout);
    socket.tcp_nodelay = AWS_SOCKET_TCP_NODELAY_ON;
    if (tls == nullptr)
      return;
    has_tls_ = true;
    aws_tls_connection_options_init_from_ctx(&tls_, tls);
    const aws_byte_cursor host = cursor(endpoint.host);
    aws_tls_connection_options_set_server_name(&tls_, aws_default_allocator(), &host);
    tls_.timeout_ms = socket.connect_timeout_ms + kHandshakeMillis;
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  ~Wire() {
    if (has_tls_)
      aws_tls_connection_options_clean_up(&tls_);
  }
  const aws_tls_connection_options* tls() const { return has_tls_ ? &tls_ : nullptr; }

  aws_socket_options socket{};

 private:
  aws_tls_connection_options tls_{};
  bool has_tls_ = false;
};

aws_http2_stream_manager* make_h2(CrtRuntime& runtime, const Endpoint& endpoint,
                                  const CrtStreamsOptions& options, aws_tls_ctx* tls) {
  Wire wire(endpoint, options, tls);
  aws_http2_stream_manager_options manager{};
  manager.bootstrap = runtime.bootstrap();
  manager.socket_options = &wire.socket;
  manager.tls_connection_options = wire.tls();
  manager.http2_prior_knowledge = tls == nullptr;
  manager.host = cursor(endpoint.host);
  manager.port = endpoint.port;
  manager.enable_read_back_pressure = true;
  manager.initial_window_size = options.window_bytes;
  manager.connection_ping_period_ms = kPingPeriodMillis;
  manager.connection_ping_timeout_ms = kPingTimeoutMillis;
  manager.ideal_concurrent_streams_per_connection = kStreamsPerConnection;
  manager.max_connections = options.connections_max;
  manager.shutdown_complete_callback = [](void*) {};
  return aws_http2_stream_manager_new(aws_default_allocator(), &manager);
}

aws_http_connection_manager* make_h1(CrtRuntime& runtime, const Endpoint& endpoint,
                                     const CrtStreamsOptions& options, aws_tls_ctx* tls) {
  Wire wire(endpoint, options, tls);
  aws_http_connection_manager_options manager{};
  manager.bootstrap = runtime.bootstrap();
  manager.socket_options = &wire.socket;
  manager.tls_connection_options = wire.tls();
  manager.host = cursor(endpoint.host);
  manager.port = endpoint.port;
  manager.enable_read_back_pressure = true;
  manager.initial_window_size = options.window_bytes;
  manager.max_connections = options.connections_max;
  manager.max_connection_idle_in_milliseconds = 5000;
  return aws_http_connection_manager_new(aws_default_allocator(), &manager);
}

/// Gives the answer up with its owner.
class FlowReader final : public BodyReader {
 public:
  explicit FlowReader(std::shared_ptr<Flow> flow) : flow_(std::move(flow)) {}
  ~FlowReader() override { flow_->abandon(); }
  Task<Result<std::string>> read() override { return flow_->read(); }

 private:
  std::shared_ptr<Flow> flow_;
};

}  // namespace

Result<std::unique_ptr<CrtStreams>> CrtStreams::make(CrtRuntime& runtime, Clock& clock,
                                                     Endpoint endpoint, CrtStreamsOptions options) {
  std::unique_ptr<CrtStreams> made(new CrtStreams(runtime, clock, std::move(endpoint), options));
  TRY(made->ensure_managers());
  return made;
}

CrtStreams::CrtStreams(CrtRuntime& runtime, Clock& clock, Endpoint endpoint,
                       CrtStreamsOptions options)
    : runtime_(runtime),
      clock_(clock),
      endpoint_(std::move(endpoint)),
      options_(options),
      name_(endpoint_.url()),
      authority_(endpoint_.authority()),
      multiplexed_(options.protocol == Alpn::Http2) {}

CrtStreams::~CrtStreams() {
  // Not awaited: towards a peer that never answers a manager may never be done.
  aws_http2_stream_manager_release(h2_);
  if (h1_ != nullptr)
    aws_http_connection_manager_release(h1_);
}

Result<Unit> CrtStreams::ensure_managers() {
  aws_tls_ctx* tls = nullptr;
  if (endpoint_.is_tls()) {
    TRY(tls, runtime_.tls(multiplexed_ ? Alpn::Http2 : Alpn::Http1));
  }
  bool made = true;
  if (multiplexed_ && h2_ == nullptr)
    made = (h2_ = make_h2(runtime_, endpoint_, options_, tls)) != nullptr;
  else if (!multiplexed_ && h1_ == nullptr)
    made = (h1_ = make_h1(runtime_, endpoint_, options_, tls)) != nullptr;
  if (made)
    return Unit{};
  return fail(ErrorCode::Invalid,
              "no connections can be made to " + name_ + ": " + crt_error_text(aws_last_error()));
}

Task<Result<OpenResponse>> CrtStreams::open(Request request, Duration timeout) {
  const auto shared = std::make_shared<const Request>(std::move(request));
  bool wrong_protocol = false;
  auto opened = co_await open_once(shared, timeout, wrong_protocol);
  if (opened || !wrong_protocol)
    co_return opened;
  // From now on an HTTP/1.1 connection each.
  multiplexed_ = false;
  const auto ready = ensure_managers();
  if (!ready)
    co_return fail(ready.error());
  co_return co_await open_once(shared, timeout, wrong_protocol);
}

Task<Result<OpenResponse>> CrtStreams::open_once(std::shared_ptr<const Request> request,
                                                 Duration timeout, bool& wrong_protocol) {
  const Executor executor = co_await asio::this_coro::executor;
  const auto flow = std::make_shared<Flow>(executor, std::move(request), name_);
  OpenResponse out;
  out.body = std::make_unique<FlowReader>(flow);
  if (multiplexed_)
    flow->start(h2_, authority_);
  else
    flow->start(h1_, authority_);
  Task<Result<Unit>> head = flow->wait_for_head();
  const MonotonicTime deadline = clock_.now() + timeout;
  auto waited = co_await with_deadline(clock_, deadline, std::move(head), name_.c_str());
  wrong_protocol = flow->wrong_protocol();
  if (!waited && waited.error().code == ErrorCode::TimedOut && !flow->was_connected())
    co_return fail(ErrorCode::Unavailable, name_ + ": no connection within the deadline.");
  if (!waited)
    co_return fail(waited.error());
  flow->take_head(out);
  co_return std::move(out);
}

}  // namespace kt::http
