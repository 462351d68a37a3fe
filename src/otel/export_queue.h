// otel/export_queue.h — Spans or log records on their way out.
//
// Why: those who produce telemetry never wait for it. They leave encoded items here, from any
// thread; a task sends them in batches. When a collector is slow or gone the queue fills, and what
// does not fit is dropped and counted.
#pragma once
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "observability/log.h"
#include "otel/encoding.h"
#include "otel/sender.h"
#include "runtime/loop.h"

namespace kt::otel {

/// push() from any thread; all else on the loop of telemetry, which outlives it.
class ExportQueue {
 public:
  struct Deps {
    Loop& loop;
    Clock& clock;
    Log log;
  };

  /// `what`: "spans", for messages.
  ExportQueue(Deps deps, std::string what, BatchSettings settings, std::string resource,
              std::unique_ptr<Sender> sender)
      : deps_(std::move(deps)),
        what_(std::move(what)),
        settings_(settings),
        resource_(std::move(resource)),
        sender_(std::move(sender)) {}

  /// Never waits. Limits: the settings' count, and 16 MiB.
  void push(Item item) noexcept;
  /// Sends a batch when it is full, and what there is every `delay`. Until cancelled.
  Task<Result<Unit>> run();
  /// Sends all that is there. The first batch that cannot be sent within `patience` ends it; what
  /// is behind that stays.
  Task<Result<Unit>> flush(Duration patience);

  std::uint64_t dropped() const;
  std::uint64_t sent() const;

 private:
  class Batch;

  std::vector<Item> take_batch();
  void put_back(std::vector<Item> batch);
  Task<Result<Unit>> wait_for_items();
  Task<Result<Unit>> send_batch(std::vector<Item> batch, Duration patience);
  void tell(const Result<Unit>& sent, std::size_t count);

  Deps deps_;
  std::string what_;
  BatchSettings settings_;
  std::string resource_;
  std::unique_ptr<Sender> sender_;
  OneShot* waiting_ = nullptr;
  bool failing_ = false;

  mutable std::mutex mutex_;
  std::deque<Item> items_;     // guarded by mutex_
  std::size_t bytes_ = 0;      // guarded by mutex_
  bool woken_ = false;         // guarded by mutex_; a wake-up is on its way
  std::uint64_t dropped_ = 0;  // guarded by mutex_
  std::uint64_t sent_ = 0;     // guarded by mutex_
};

}  // namespace kt::otel
