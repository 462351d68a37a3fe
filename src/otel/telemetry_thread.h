// otel/telemetry_thread.h — Telemetry of the running program: on a loop and thread of its own.
//
// Why: a collector that is slow must delay neither the shards nor the guests.
#pragma once
#include <future>
#include <memory>

#include "http/crt_runtime.h"
#include "otel/telemetry.h"
#include "runtime/loop_thread.h"
#include "runtime/task_group.h"

namespace kt::otel {

/// Everything that produces telemetry is gone before it is. The destructor sends what there is, for
/// at most five seconds.
class TelemetryThread {
 public:
  /// Errors as Telemetry::make. `runtime` outlives it.
  static Result<std::unique_ptr<TelemetryThread>> start(Settings settings,
                                                        http::CrtRuntime& runtime, Random random,
                                                        Log log);
  TelemetryThread(const TelemetryThread&) = delete;
  TelemetryThread& operator=(const TelemetryThread&) = delete;
  ~TelemetryThread();

  Telemetry& telemetry() { return *telemetry_; }

 private:
  TelemetryThread() : running_(thread_.executor()), ending_(thread_.executor()) {}

  Task<Result<Unit>> finish(std::shared_ptr<std::promise<void>> finished);

  LoopThread thread_;
  std::unique_ptr<Telemetry> telemetry_;
  TaskGroup running_;
  TaskGroup ending_;
};

}  // namespace kt::otel
