// model/control.h — Steering a running worker.
//
// Why: the admin port must be able to steer the worker without knowing it. `worker` implements this
// interface, `cli` hands it on, `admin` only sees these words.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/ids.h"

namespace kt {

/// One shard as a person sees it.
struct ShardStatus {
  ApplicationName application;
  std::string stream;
  ShardId shard;
  std::string checkpoint;
  std::string state;  ///< reading, waiting for parent, retrying, stopped: data loss, ...
  std::int64_t millis_behind_latest = 0;
  std::uint64_t records_done = 0;
  std::uint64_t batches_done = 0;
  std::uint32_t failing_attempts = 0;  ///< of the batch in flight
};

/// Lives on: the shard loop.
class Control {
 public:
  virtual ~Control() = default;
  virtual std::vector<ShardStatus> status() const = 0;
};

}  // namespace kt
