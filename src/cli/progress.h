// cli/progress.h — How the work goes, a line a second.
#pragma once
#include <ostream>

#include "runtime/clock.h"
#include "worker/worker.h"

namespace kt::cli {

/// Lives on: the worker's loop. One line that is written over, or a line each second.
class Progress {
 public:
  Progress(const worker::Worker& worker, Clock& clock, std::ostream& out, bool in_place)
      : worker_(worker), clock_(clock), out_(out), in_place_(in_place) {}

  /// Until cancelled.
  Task<Result<Unit>> run();

  /// The line: rate since the last one, totals, lag, and the position of each shard.
  static std::string line(std::chrono::seconds running, double rate, std::uint64_t records,
                          const std::vector<ShardStatus>& shards);

 private:
  const worker::Worker& worker_;
  Clock& clock_;
  std::ostream& out_;
  bool in_place_;
};

}  // namespace kt::cli
