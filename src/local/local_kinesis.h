// local/local_kinesis.h — The embedded Kinesis: the service's API on a loopback port.
//
// Why: the main job runs on a laptop with nothing installed. Stock clients put and read; streams
// survive restarts and kills in `<state directory>/local.db`.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/limits.h"
#include "model/stream_arn.h"
#include "observability/log.h"
#include "runtime/clock.h"
#include "runtime/loop.h"
#include "runtime/task.h"

namespace kt::local {

/// A stream to be there from the start.
struct StreamToCreate {
  StreamArn stream;
  int shards = 0;  ///< 0: shards_per_stream
};

/// Reads `NAME[:SHARDS]` (of the default region and account) or `ARN[:SHARDS]`.
Result<StreamToCreate> parse_stream_to_create(std::string_view text);

struct LocalKinesisOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 4567;           ///< 0: any free one
  bool any_port_if_taken = false;      ///< take a free one rather than fail with InUse
  std::string state_dir;               ///< must exist and be locked by the caller; empty: in memory
  bool limits = true;                  ///< `--limits service`; false: `none`
  int shards_per_stream = 1;           ///< of streams created without a count
  std::vector<StreamToCreate> create;  ///< made when missing
  Duration transition = std::chrono::milliseconds(20);     ///< time in CREATING, UPDATING, DELETING
  Duration subscription_life = limits::kSubscriptionLife;  ///< shorter in tests of renewal
};

/// Lives on: the loop it was given, which must outlive it. Await stop() before its end.
class LocalKinesis {
 public:
  /// Opens the streams, makes the missing ones and listens. Errors: InUse (the port), Invalid (an
  /// address, a stream), StorageFull, ReadOnly, Corrupt (the state directory).
  static Result<std::unique_ptr<LocalKinesis>> start(Loop& loop, Clock& clock,
                                                     LocalKinesisOptions options, Log log);
  virtual ~LocalKinesis() = default;
  /// "http://127.0.0.1:4567": what AWS_ENDPOINT_URL_KINESIS is set to.
  virtual std::string endpoint() const = 0;
  virtual std::uint16_t port() const = 0;
  /// Makes the stream unless it exists; it is ACTIVE and durable then. `shards` 0: as many as the
  /// options say.
  virtual Task<Result<Unit>> create_missing(StreamArn stream, int shards) = 0;
  /// Ends running requests, makes all changes durable, closes.
  virtual Task<void> stop() = 0;
};

}  // namespace kt::local
