// deliver/destination.h — Where records go that a handler never managed.
//
// Why: a record may be given up only when something durable holds it with its data. A destination
// that cannot take a batch says so, and the batch stays where it is.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "model/ids.h"
#include "model/record.h"
#include "model/stream_arn.h"
#include "runtime/task.h"

namespace kt::deliver {

/// Why records were given up. The names are those of Lambda's invocation record where it has one.
enum class Condition {
  RetryAttemptsExhausted,
  RecordAgeExceeded,
  NotJson,  ///< filters are set, on_non_json = "fail"
};
std::string_view name(Condition condition);

/// Records of one shard, in order, that are given up together, with what Lambda's invocation record
/// tells about them.
struct FailedBatch {
  std::shared_ptr<const Batch> batch;  ///< never empty
  Condition condition = Condition::RetryAttemptsExhausted;
  ApplicationName application;
  std::string component;  ///< stands where Lambda names the function
  StreamArn stream;
  WallTime stream_created;
  ShardId shard;
  std::string request_id;          ///< of the last call; a UUID
  std::uint32_t invoke_count = 1;  ///< at least 1, as Lambda counts
  bool invoked = true;             ///< false: no call of it was made; there is no responseContext
  /// "Unhandled" where the handler failed; none where it reported items.
  std::optional<std::string> function_error;
  std::string message;  ///< the handler's text of the last failure
  WallTime time;        ///< of the decision
};

/// Lives on: the shard loop; outlives its calls. One attempt a call, with a deadline of its own:
/// repeating is the caller's. Delivering the same batch twice is harmless (same name or body).
/// Errors: whatever keeps the batch from being held durably; the caller keeps the batch and
/// repeats.
class Destination {
 public:
  virtual ~Destination() = default;
  /// Unit only when the destination durably holds every record with its data.
  virtual Task<Result<Unit>> deliver(FailedBatch failed) = 0;
  /// Whether it exists and can be written at this moment. Leaves nothing behind. For `check`.
  virtual Task<Result<Unit>> check() = 0;
  /// For status and messages: "directory /var/…", "arn:aws:sqs:…".
  virtual std::string describe() const = 0;
};

}  // namespace kt::deliver
