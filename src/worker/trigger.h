// worker/trigger.h — What one `[[trigger.kinesis]]` asks of the worker.
#pragma once
#include "batch/batcher.h"
#include "invoke/guest.h"
#include "lease/lease_coordinator.h"
#include "model/control.h"
#include "runtime/backoff.h"
#include "stream/read_budget.h"
#include "stream/retention.h"

namespace kt::worker {

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
};

/// A trigger with what serves it. Both outlive the Worker.
struct Trigger {
  TriggerOptions options;
  stream::KinesisApi& api;
  invoke::Guest& guest;
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
  Backoff retry;  ///< of failed batches
};

/// Counters of one trigger, summed over its shards.
struct ConsumerProbe {
  std::uint64_t records_done = 0;
  std::uint64_t bytes_done = 0;
  std::uint64_t batches_done = 0;
  std::uint64_t calls = 0;
  std::uint64_t failed_calls = 0;
  std::uint64_t interrupted_calls = 0;
  std::uint64_t lost_leases = 0;
  std::uint64_t lost_ranges = 0;
  std::uint64_t shards_finished = 0;
  Duration call_time{0};
};

}  // namespace kt::worker
