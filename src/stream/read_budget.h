// stream/read_budget.h — Keeps all readers of one shard within the service's read limits.
//
// Why: a shard allows 5 reads and 2 MB a second to all its readers together. Triggers of this
// process that read the same shard share one budget, so that they do not throttle each other.
#pragma once
#include <array>
#include <map>
#include <memory>
#include <utility>

#include "model/limits.h"
#include "model/stream_arn.h"
#include "runtime/clock.h"

namespace kt::stream {

enum class Pacing {
  Service,  ///< the documented limits
  Off,      ///< none: for benchmarks and services without limits
};

/// The allowance of one shard. Lives on: the shard loop. Limit: 5 reads within any 1.02 s (the
/// margin absorbs jitter on the way) and 2 MiB a second, with one second's worth of burst; an
/// answer of more than that costs its full time, as the service does.
class ReadBudget {
 public:
  ReadBudget(Clock& clock, Pacing pacing) : clock_(clock), pacing_(pacing) {}

  /// When the next read may go out; the past when it may now.
  MonotonicTime next_read() const;
  /// Waits for that time and books the read.
  Task<void> acquire();
  /// Tells what the read brought.
  void spend(std::size_t bytes);

 private:
  static constexpr Duration kWindow = std::chrono::milliseconds(1020);

  double tokens_at(MonotonicTime now) const;

  Clock& clock_;
  Pacing pacing_;
  std::array<MonotonicTime, limits::kGetRecordsPerSecond> reads_ = never();
  std::size_t oldest_ = 0;
  double tokens_ = static_cast<double>(limits::kReadBytesPerSecond);
  MonotonicTime tokens_time_{};

  static constexpr std::array<MonotonicTime, limits::kGetRecordsPerSecond> never() {
    std::array<MonotonicTime, limits::kGetRecordsPerSecond> times{};
    times.fill(MonotonicTime(Duration(std::chrono::hours(-1))));
    return times;
  }
};

/// The budgets of all shards that this process reads. Lives on: the shard loop.
class ReadBudgets {
 public:
  ReadBudgets(Clock& clock, Pacing pacing) : clock_(clock), pacing_(pacing) {}
  /// The one of this shard at this endpoint; made at first use, gone with its last reader.
  std::shared_ptr<ReadBudget> of(const EndpointName& endpoint, const StreamArn& stream,
                                 const ShardId& shard);

 private:
  using Key = std::tuple<EndpointName, StreamArn, ShardId>;

  Clock& clock_;
  Pacing pacing_;
  std::map<Key, std::weak_ptr<ReadBudget>> budgets_;
};

}  // namespace kt::stream
