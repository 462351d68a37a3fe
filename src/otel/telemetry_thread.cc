#include "otel/telemetry_thread.h"

#include <utility>

#include "http/crt_transport.h"
#include "runtime/with_deadline.h"

namespace kt::otel {
namespace {

constexpr Duration kLastFlush = std::chrono::seconds(5);

}  // namespace

Result<std::unique_ptr<TelemetryThread>> TelemetryThread::start(Settings settings,
                                                                http::CrtRuntime& runtime,
                                                                Random random, Log log) {
  std::unique_ptr<TelemetryThread> out(new TelemetryThread());
  Clock& clock = out->thread_.clock();
  const auto transports = [&runtime, &clock](const SignalSettings& signal) {
    http::CrtTransportOptions options;
    options.protocol = signal.protocol == Protocol::Grpc ? http::Alpn::Http2 : http::Alpn::Http1;
    options.tls = signal.tls;
    options.connections_max = 2;
    return http::CrtTransport::make(runtime, clock, signal.endpoint, options).map([](auto made) {
      return std::unique_ptr<http::Transport>(std::move(made));
    });
  };
  Telemetry::Deps deps{out->thread_.loop(), clock, random, transports, std::move(log)};
  TRY(out->telemetry_, Telemetry::make(std::move(settings), std::move(deps)));
  TelemetryThread* const self = out.get();
  self->thread_.loop().post([self] { self->running_.spawn(self->telemetry_->run()); });
  return out;
}

TelemetryThread::~TelemetryThread() {
  if (telemetry_ == nullptr)
    return;
  // Shared: it is still in use for a moment after it was set.
  const auto finished = std::make_shared<std::promise<void>>();
  thread_.loop().post([this, finished] {
    running_.cancel();
    ending_.spawn(finish(finished));
  });
  finished->get_future().wait();
  thread_.stop();
}

Task<Result<Unit>> TelemetryThread::finish(std::shared_ptr<std::promise<void>> finished) {
  [[maybe_unused]] const auto stopped = co_await running_.join();
  Clock& clock = thread_.clock();
  const MonotonicTime until = clock.now() + kLastFlush;
  Task<Result<Unit>> flush = telemetry_->flush();
  [[maybe_unused]] const auto flushed =
      co_await with_deadline(clock, until, std::move(flush), "the last telemetry");
  finished->set_value();
  co_return Unit{};
}

}  // namespace kt::otel
