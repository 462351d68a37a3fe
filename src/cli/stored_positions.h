// cli/stored_positions.h — How far a stream's shards are done, as the state directory says.
//
// Why: `shards` shows it while a worker runs, so it only reads, beside the worker's connection.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/checkpoint.h"
#include "model/ids.h"
#include "model/stream_arn.h"

namespace kt::cli {

struct StoredPosition {
  ApplicationName application;
  std::string endpoint;
  WallTime stream_created;
  ShardId shard;
  std::string owner;  ///< empty: nobody works on it
  Checkpoint checkpoint;
};

/// Every position of that stream, of whatever application and incarnation, ordered by application
/// and shard. None when nothing is stored there. Errors: as sqlite::Database.
Result<std::vector<StoredPosition>> read_positions(const std::filesystem::path& state_dir,
                                                   const StreamArn& stream);

}  // namespace kt::cli
