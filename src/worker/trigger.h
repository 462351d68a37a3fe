// worker/trigger.h — What one `[[trigger.kinesis]]` asks of the worker.
#pragma once
#include "batch/batcher.h"
#include "invoke/guest.h"
#include "model/control.h"
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
