// observability/metric_tables.h — Each family of metrics: its name, its meaning, where it is read.
//
// Why: one row a family keeps name, unit and help in one place. A name that somebody has a
// dashboard on is not changed.
#pragma once
#include <cmath>
#include <span>

#include "model/control.h"

namespace kt::metric {

enum class Kind { Counter, Gauge };
/// What stands for many shards in one series.
enum class Merge { Sum, Worst };

/// A trigger with what is summed over its shards.
struct TriggerView {
  const TriggerStatus& trigger;
  SourceCounters sources;  ///< of gone and of live ones
  std::int64_t behind_latest_millis = 0;
  std::int64_t iterator_age_millis = 0;
  std::size_t batches_in_flight = 0;
  std::size_t bytes_in_flight = 0;
  std::size_t spilled_records = 0;
};

struct WorkerRow {
  const char* name;
  const char* help;
  Kind kind;
  double (*value)(const WorkerStatus&);
};
struct TriggerRow {
  const char* name;
  const char* help;
  Kind kind;
  double (*value)(const TriggerView&);
};
struct ShardRow {
  const char* name;
  const char* help;
  Kind kind;
  Merge merge;
  double (*value)(const ShardStatus&);  ///< NaN: the shard has none
};

std::span<const WorkerRow> worker_rows();
std::span<const TriggerRow> trigger_rows();
std::span<const ShardRow> shard_rows();

}  // namespace kt::metric
