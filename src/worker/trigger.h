// worker/trigger.h — What one `[[trigger.kinesis]]` asks of the worker.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "batch/batcher.h"
#include "deliver/destination.h"
#include "filter/filter_set.h"
#include "invoke/failure_limits.h"
#include "invoke/guest.h"
#include "lease/lease_coordinator.h"
#include "model/control.h"
#include "runtime/backoff.h"
#include "spill/spill_store.h"
#include "stream/read_budget.h"
#include "stream/retention.h"
#include "worker/quarantine_limits.h"

namespace kt::worker {

/// What waits while a record keeps failing.
enum class OnPoison {
  Shard,  ///< the lane it came in, as with Lambda
  Key,    ///< only its partition key: the key's records go to the spill
};

/// The values of one trigger. The defaults are those of the manifest.
struct TriggerOptions {
  ApplicationName application;  ///< whose positions; unique in the worker
  EndpointName endpoint;
  StreamArn stream;
  StartingPosition start = Latest();
  batch::Batcher::Options batch;
  Duration idle_wait = std::chrono::seconds(1);
  Duration detector_poll = std::chrono::seconds(30);
  Duration handler_timeout = std::chrono::seconds(60);
  bool enabled = true;  ///< false: hold the leases, read nothing

  std::string component;         ///< its name, for invocation records and messages
  std::size_t lanes = 1;         ///< `parallelization_factor`
  invoke::FailureLimits limits;  ///< attempts, age, bisect
  /// The error text of a 2.0.0 handler is read as Lambda's batchItemFailures.
  bool report_item_failures = false;
  OnPoison on_poison = OnPoison::Shard;
  QuarantineLimits quarantine;  ///< with OnPoison::Key
  /// With its `on_non_json`; null: every record passes.
  std::shared_ptr<const filter::FilterSet> filters;
  bool deaggregate = true;       ///< KPL aggregates are taken apart
  Duration tumbling_window{0};   ///< 0: none
  std::string enhanced_fan_out;  ///< consumer name or ARN; empty: polling
};

/// A trigger with what serves it. All of it outlives the Worker.
struct Trigger {
  TriggerOptions options;
  stream::KinesisApi& api;
  invoke::Guest& guest;
  deliver::Destination* destination = nullptr;  ///< required once attempts or age are limited
  spill::SpillStore* spill = nullptr;           ///< required with OnPoison::Key
};

/// What all triggers of a process share.
struct WorkerOptions {
  WorkerId worker;  ///< unique among the workers of the table, new with every start
  lease::LeaseMode lease_mode = lease::LeaseMode::Exclusive;
  Duration failover = std::chrono::seconds(3);
  Duration drain_timeout = std::chrono::seconds(4);
  Duration checkpoint_interval{0};
  stream::OnDataLoss on_data_loss = stream::OnDataLoss::Fail;
  std::size_t memory_budget_bytes = 256 * 1024 * 1024;
  std::size_t prefetch_bytes_max = 4 * 1024 * 1024;  ///< a shard
  stream::Pacing pacing = stream::Pacing::Service;
  /// A shard that does not move for so long, for no known reason, is begun again from its
  /// checkpoint. None: twice the trigger's handler_timeout and a minute. 0: never.
  std::optional<Duration> stall_timeout;
  Backoff retry;  ///< of failed batches
};

/// Counters of one trigger, summed over its shards.
using ConsumerProbe = TriggerCounters;

}  // namespace kt::worker
