// observability/metrics.h — What Lambda and the KCL publish, as Prometheus text.
//
// Why: figures are read where people have their dashboards, not at a price per metric. They are
// gathered when somebody scrapes, from the same status that people see: between scrapes they cost
// nothing but the counting. The text format is prometheus-cpp's.
#pragma once
#include <string>
#include <vector>

#include "model/control.h"

namespace kt {

struct MetricsOptions {
  std::string version;
  /// With more shards than this a shard family has one series a trigger, shard="all": sums, and the
  /// worst where a sum means nothing. trigger_kinesis_shards_aggregated says so.
  std::size_t shard_series_max = 1000;
};

/// One scrape, of every family, whether it has a series now or not.
std::string metrics_text(const WorkerStatus& worker, const std::vector<ShardStatus>& shards,
                         const MetricsOptions& options);

}  // namespace kt
