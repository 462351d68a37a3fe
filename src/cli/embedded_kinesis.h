// cli/embedded_kinesis.h — The embedded Kinesis on a thread and loop of its own.
//
// Why: beside a consumer it must not share the consumer's loop: the figures and the stalls of one
// would be those of the other.
#pragma once
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/stream_arn.h"
#include "observability/log.h"

namespace kt::cli {

enum class Limits { Service, None };
/// What to do when the port is taken.
enum class PortRule { Exactly, OrAnyFree };

struct EmbeddedOptions {
  std::filesystem::path state_dir;  ///< holds local.db
  std::string address = "127.0.0.1";
  std::uint16_t port = 4567;
  PortRule port_rule = PortRule::Exactly;
  Limits limits = Limits::Service;
  int shards_per_stream = 1;
  std::chrono::milliseconds subscription_life{300'000};
};

/// Serves from start() until it is destroyed.
class EmbeddedKinesis {
 public:
  /// Makes the state directory, takes its lock, listens. InUse: the port or the directory.
  static Result<std::unique_ptr<EmbeddedKinesis>> start(const EmbeddedOptions& options, Log log);
  EmbeddedKinesis(const EmbeddedKinesis&) = delete;
  EmbeddedKinesis& operator=(const EmbeddedKinesis&) = delete;
  /// Ends requests under way, commits, joins the thread.
  ~EmbeddedKinesis();

  std::string url() const;
  /// Makes the stream unless it exists. `shards` 0: as many as the options say.
  Result<Unit> create_missing(const StreamArn& stream, int shards);

 private:
  class Host;
  explicit EmbeddedKinesis(std::unique_ptr<Host> host);
  std::unique_ptr<Host> host_;
};

}  // namespace kt::cli
