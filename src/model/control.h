// model/control.h — Looking at a running worker, and steering it.
//
// Why: the admin port must see and steer the worker without knowing it. `worker` implements this
// interface, `cli` hands it on, `admin` only sees these words. Everything is a value: a status can
// be kept, compared and printed after the worker has gone on.
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/counters.h"
#include "model/ids.h"
#include "model/reason.h"

namespace kt {

/// How the records of a shard come.
enum class SourceKind : std::uint8_t { None, Polling, Push };

/// One shard as a person sees it. Without a shard id: its trigger as a whole, which is starting,
/// stopped, or holds no lease.
struct ShardStatus {
  ApplicationName application;
  std::string stream;
  ShardId shard;
  std::string checkpoint;
  std::string state;  ///< reading, waiting for parent, retrying, stopped: data loss, ...
  std::int64_t millis_behind_latest = 0;
  std::uint64_t records_done = 0;
  std::uint64_t batches_done = 0;
  std::uint32_t failing_attempts = 0;  ///< of the batch in flight that failed most often

  Reason reason = Reason::None;
  std::string detail;                  ///< what exactly: the error, the parent, the lost range
  std::optional<Duration> reason_for;  ///< how long it has been so
  /// Nothing but a human helps, or soon (80 % of the retention): readiness fails.
  bool needs_help = false;

  bool held = false;  ///< by this worker: the figures below are only of held ones
  std::string owner;  ///< the worker that holds the lease; empty: nobody
  std::uint64_t lease_counter = 0;
  SourceKind source = SourceKind::None;
  SourceCounters source_counters;
  /// Age of the last record finished, when it was (Lambda: IteratorAge); none before the first.
  std::optional<std::int64_t> iterator_age_millis;
  /// Age of the oldest record that is being worked on: rises while a handler keeps failing.
  std::optional<std::int64_t> unfinished_age_millis;
  std::optional<Duration> progress_ago;  ///< since the checkpoint moved, or the tip was seen
  int retention_used_percent = 0;

  std::uint64_t bytes_done = 0;
  std::size_t lanes = 1;
  std::size_t batches_in_flight = 0;
  std::size_t records_in_flight = 0;
  std::size_t bytes_in_flight = 0;
  std::size_t bytes_queued = 0;  ///< read ahead, not yet in a batch
  std::uint64_t retries = 0;
  std::size_t spilled_keys = 0;
  std::size_t spilled_records = 0;
  std::uint32_t stalls = 0;  ///< restarts by the watchdog under this lease
};

/// How far a shard is behind, for people: reading, or finishing what was read.
inline std::int64_t lag_millis(const ShardStatus& shard) {
  return std::max(shard.millis_behind_latest, shard.unfinished_age_millis.value_or(0));
}

/// One `[[trigger.kinesis]]`.
struct TriggerStatus {
  ApplicationName application;
  std::string stream;
  std::string component;
  bool enabled = true;
  Reason reason = Reason::None;  ///< of the trigger as a whole: it can not start, no credentials
  std::string detail;
  std::size_t leases_held = 0;    ///< by this worker (KCL: CurrentLeases)
  std::size_t leases_total = 0;   ///< rows that are not at their shard's end (KCL: TotalLeases)
  std::size_t workers_alive = 1;  ///< as far as this one sees (KCL: NumWorkers)
  TriggerCounters counters;
};

/// The process.
struct WorkerStatus {
  WorkerId worker;
  Duration uptime{0};
  bool draining = false;
  std::size_t memory_used_bytes = 0;
  std::size_t memory_budget_bytes = 0;
  std::uint64_t checkpoint_commits = 0;
  std::string checkpoint_trouble;  ///< empty: none
  std::vector<TriggerStatus> triggers;
};

/// Lives on: the shard loop.
class Control {
 public:
  virtual ~Control() = default;
  virtual std::vector<ShardStatus> status() const = 0;
  virtual WorkerStatus worker_status() const { return {}; }
};

}  // namespace kt
