// cli/consumer.h — Wires everything that runs an app, and runs it until it ends.
//
// Why: the one place where the parts of a real process meet; every part below gets what it needs by
// constructor.
#pragma once
#include <string>

#include "cli/app_setup.h"
#include "observability/log.h"
#include "stream/read_budget.h"

namespace kt::cli {

class EmbeddedKinesis;
struct DevOptions;

struct ConsumerOptions {
  Start start = Start::ByHand;
  stream::Pacing pacing = stream::Pacing::Service;
  /// Set: an embedded Kinesis serves the app. Owned by the caller, made in the state directory.
  EmbeddedKinesis* embedded = nullptr;
  const DevOptions* dev = nullptr;  ///< set: changed components take over (cli/dev_loop.h)
};

struct ConsumerEnd {
  int code = 0;
  bool restart = false;  ///< the app's settings changed: it is to be started again
};

/// Makes the state directory and takes its lock, loads the components, consumes until a signal or
/// a failure, and returns the exit code. Prints one message for an error.
ConsumerEnd run_consumer(AppSetup& setup, const TriggerFlags& flags, const Console& console,
                         const ConsumerOptions& options);

/// The log of this process: level from --log-level, else RUST_LOG where it is a plain level.
Log make_log(const TriggerFlags& flags, const Console& console, Start start);

}  // namespace kt::cli
