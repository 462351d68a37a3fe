// model/counters.h — What is counted of a consumer, in one place for status, metrics and tests.
//
// Why: counting must cost nothing: plain numbers on the shard loop, raised where the thing happens
// and read when somebody asks. Each name says what Lambda or the KCL call it.
#pragma once
#include <array>
#include <cstdint>

#include "base/time.h"

namespace kt {

/// How long something took: how often it was within each bound, and the sum.
class DurationHistogram {
 public:
  static constexpr std::array<Duration, 12> kBounds = {
      Duration(1'000),     Duration(2'500),      Duration(5'000),      Duration(10'000),
      Duration(25'000),    Duration(100'000),    Duration(250'000),    Duration(1'000'000),
      Duration(2'500'000), Duration(10'000'000), Duration(30'000'000), Duration(60'000'000)};

  void observe(Duration took) {
    std::size_t bucket = 0;
    while (bucket < kBounds.size() && took > kBounds[bucket])
      ++bucket;
    ++counts_[bucket];
    ++count_;
    sum_ += took;
  }
  /// How often it was beyond kBounds[bucket - 1] and within kBounds[bucket]; the last bucket has no
  /// bound.
  std::uint64_t in_bucket(std::size_t bucket) const { return counts_[bucket]; }
  std::uint64_t count() const { return count_; }
  Duration sum() const { return sum_; }

 private:
  std::array<std::uint64_t, kBounds.size() + 1> counts_{};
  std::uint64_t count_ = 0;
  Duration sum_{0};
};

/// What a source did (GetRecords, or pushed events).
struct SourceCounters {
  std::uint64_t reads = 0;  ///< answers, and pushed events (KCL: getRecords.Success)
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::uint64_t throttled = 0;
  std::uint64_t failed = 0;
  std::uint64_t rebuilt = 0;  ///< iterators and subscriptions begun again (KCL: ExpiredIterator)
  Duration read_time{0};      ///< waiting for answers (KCL: getRecords.Time)

  SourceCounters& operator+=(const SourceCounters& other) {
    reads += other.reads;
    records += other.records;
    bytes += other.bytes;
    throttled += other.throttled;
    failed += other.failed;
    rebuilt += other.rebuilt;
    read_time += other.read_time;
    return *this;
  }
};

/// Of one trigger, summed over its shards since the process began. Never falls.
struct TriggerCounters {
  std::uint64_t records_done = 0;  ///< finished: handled, filtered or delivered (RecordsProcessed)
  std::uint64_t bytes_done = 0;    ///< DataBytesProcessed
  std::uint64_t batches_done = 0;
  std::uint64_t calls = 0;
  std::uint64_t failed_calls = 0;  ///< of whatever outcome that is called again or set aside
  std::uint64_t interrupted_calls = 0;
  Duration call_time{0};
  DurationHistogram call_durations;  ///< processRecords.Time

  std::uint64_t polled_records = 0;         ///< after de-aggregation (PolledEventCount)
  std::uint64_t filtered_records = 0;       ///< FilteredOutEventCount
  std::uint64_t invoked_records = 0;        ///< counts retries again (InvokedEventCount)
  std::uint64_t failed_invoke_records = 0;  ///< FailedInvokeEventCount
  std::uint64_t dropped_records = 0;        ///< gave up and nowhere to go (DroppedEventCount)
  std::uint64_t delivered_records = 0;      ///< OnFailureDestinationDeliveredEventCount
  std::uint64_t destination_failures = 0;   ///< attempts (DestinationDeliveryFailures)
  std::uint64_t expired_records = 0;        ///< past maximum_record_age
  std::uint64_t retries = 0;                ///< batches called again
  std::uint64_t bisections = 0;
  std::uint64_t spilled_records = 0;  ///< went to the spill, in all

  std::uint64_t taken_leases = 0;
  std::uint64_t released_leases = 0;
  std::uint64_t lost_leases = 0;
  std::uint64_t beats = 0;  ///< signs of life that were stored (KCL: RenewLease)
  std::uint64_t failed_beats = 0;
  std::uint64_t lost_ranges = 0;
  std::uint64_t shards_finished = 0;
  std::uint64_t stalls = 0;          ///< shards restarted by the watchdog
  std::uint64_t rows_recreated = 0;  ///< leases that somebody deleted

  SourceCounters finished_sources;  ///< of sources that are gone; live ones are in ShardStatus
};

}  // namespace kt
