// stream/retention.h — Notices records that the service dropped before they were handled.
//
// Why: a position that retention overtook is read on silently by the service: it just answers with
// the oldest record that is left. Records are then lost, and nobody is told. We tell, with the
// range.
#pragma once
#include <optional>
#include <string>

#include "stream/kinesis_api.h"
#include "stream/read_budget.h"

namespace kt::stream {

/// What happens to a shard whose records were lost (`on_data_loss`).
enum class OnDataLoss {
  Fail,      ///< it stops, and the status says so
  Continue,  ///< it goes on with what is left
};

/// Records of one shard that can not be read any more: those after `after`, before `until`.
struct LostRange {
  ShardId shard;
  std::string after;
  std::string until;
  std::string reason;
};
std::string to_string(const LostRange& range);

/// Up to which date everything before a position is known to be handled: the arrival stored with
/// it, else the date that it names. None: unknown.
std::optional<WallTime> known_until(const Checkpoint& position,
                                    const std::optional<WallTime>& arrival);

/// Whether records may have been dropped between a position and the start of what is kept. Pure.
bool may_be_overtaken(const Checkpoint& position, const std::optional<WallTime>& known,
                      WallTime retention_horizon);

/// How much of the retention has passed since a position was complete, in percent; 0 when unknown.
int retention_used_percent(const std::optional<WallTime>& known, WallTime service_now,
                           std::chrono::hours retention);

/// The oldest record that a shard still has.
struct OldestRecord {
  SequenceNumber sequence;
  WallTime arrival;
};

/// What is missing between a position that may be overtaken and the oldest record left (none: the
/// shard has no record at all). Nothing when the position is still covered. Pure.
std::optional<LostRange> lost_range(const ShardId& shard, const Checkpoint& position,
                                    const std::optional<WallTime>& known,
                                    const std::optional<OldestRecord>& oldest);

/// Reads the oldest record of a shard. Ends at the tip, at the shard's end, or after 200 empty
/// answers (Unavailable). `api` and `budget` must outlive the task.
Task<Result<std::optional<OldestRecord>>> read_oldest(KinesisApi& api, ReadBudget& budget,
                                                      StreamArn stream, ShardId shard);

}  // namespace kt::stream
