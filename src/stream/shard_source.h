// stream/shard_source.h — Where the records of one shard come from.
//
// Why: a consumer must not care whether its shard is polled or pushed. Every source tells the same
// story in the same words: pages in the order of the shard without a gap, the tip now and then, and
// one last word.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "model/reason.h"
#include "model/record.h"
#include "runtime/bounded_queue.h"
#include "stream/retention.h"

namespace kt::stream {

/// Records `first` and on of a page are new.
struct FetchedPage {
  std::shared_ptr<const RecordPage> page;
  std::size_t first = 0;
  std::chrono::milliseconds behind_latest{0};
};
/// Nothing was left to read at `time` (the service's clock): said now and then while idle.
struct TipReached {
  WallTime time;
  bool worth_storing = true;  ///< false: said because SourceOptions::tell_every_tip asks for it
};
/// The shard is closed and everything in it was handed on.
struct ShardClosed {
  std::vector<Shard> children;
};
/// Records are gone for good. With OnDataLoss::Fail this is the last that is said.
struct DataLost {
  LostRange range;
};
/// The service refuses for good: stream or shard do not exist.
struct PollFailed {
  Error error;
};
/// What a source hands on, in the order of the shard.
using Fetched = std::variant<FetchedPage, TipReached, ShardClosed, DataLost, PollFailed>;

/// What a status or a test reads of a source.
struct SourceProbe {
  std::uint64_t read_count = 0;  ///< answers of GetRecords, and pushed events
  std::uint64_t record_count = 0;
  std::uint64_t byte_count = 0;
  std::uint64_t throttled_count = 0;
  std::uint64_t failed_count = 0;
  std::uint64_t rebuilt_count = 0;  ///< iterators made anew, subscriptions begun again
  std::chrono::milliseconds behind_latest{0};
  std::string trouble;  ///< the failure being waited out; empty when the last read succeeded
  /// Why, in the words of status; ServiceUnreachable where nobody said more.
  Reason reason = Reason::None;
  std::optional<MonotonicTime> trouble_since;
  bool asking = false;        ///< an answer of the service is waited for
  bool wants_memory = false;  ///< room for the next answer is waited for
  Duration read_time{0};      ///< waited for answers, in all
  std::string remark;         ///< what a status says beside: "polled, because …"; mostly empty

  void note_trouble(const Error& error, MonotonicTime now) {
    if (trouble.empty())
      trouble_since = now;
    trouble = error.what;
    reason = reason_of(error);
  }
  void clear_trouble() {
    trouble.clear();
    reason = Reason::None;
    trouble_since.reset();
  }
};

/// Reads one shard from a position to its end, ahead of the handler within byte limits.
/// Lives on: the shard loop. Lifetime: outlives run(). Cancellation: run() unwinds at its next
/// wait. Errors: none leave run(); what can not be repeated arrives as the last thing handed on.
/// Guarantee: no record is skipped; one may come twice only across a restart.
class ShardSource {
 public:
  ShardSource() = default;
  ShardSource(const ShardSource&) = delete;
  ShardSource& operator=(const ShardSource&) = delete;
  virtual ~ShardSource() = default;

  virtual Task<Result<Unit>> run() = 0;
  /// Closing it ends the reading.
  virtual BoundedQueue<Fetched>& out() = 0;
  virtual const SourceProbe& probe() const = 0;
};

}  // namespace kt::stream
