// cli/stream_session.h — What every command that talks to a stream needs: a loop, a client, an end.
#pragma once
#include <CLI/App.hpp>
#include <functional>
#include <memory>
#include <string>

#include "cli/console.h"
#include "cli/service_access.h"
#include "runtime/random.h"
#include "runtime/system_clock.h"

namespace kt::cli {

struct StreamOptions {
  std::string stream;  ///< name or ARN
  std::string endpoint_url;
  std::string region;
};

void declare_stream_options(CLI::App& command, StreamOptions& options);

/// A loop and the service, for the time of one command.
class StreamSession {
 public:
  StreamSession(const StreamOptions& options, const Console& console);

  using Work = std::function<Task<Result<Unit>>(StreamSession&, stream::KinesisClient&, StreamArn)>;
  /// Finds the stream, runs `work` until it ends or a signal comes, and returns the exit code.
  int run(const Work& work);

  Loop& loop() { return loop_; }
  Clock& clock() { return clock_; }
  Random& random() { return random_; }
  const Console& console() const { return console_; }
  bool stopped() const { return stopped_; }

 private:
  Task<Result<Unit>> run_task(Work work, bool& found);

  const StreamOptions& options_;
  const Console& console_;
  Loop loop_;
  SystemClock clock_;
  Random random_;
  std::unique_ptr<ServiceAccess> service_;
  bool stopped_ = false;
};

/// A seed from the system, different at every start.
std::uint64_t fresh_seed();

}  // namespace kt::cli
