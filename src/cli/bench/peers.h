// cli/bench/peers.h — The other processes of a measurement.
//
// Why: what a consumer costs is only seen when the service runs in another process.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace kt::cli {

/// A child process; killed and reaped when this dies, and by the kernel when we die.
class Peer {
 public:
  Peer() = default;
  explicit Peer(pid_t pid) : pid_(pid) {}
  Peer(Peer&& other) noexcept;
  Peer& operator=(Peer&& other) noexcept;
  ~Peer();

  pid_t pid() const { return pid_; }
  /// Asks it to stop (SIGTERM) and waits; its exit code, or -1 when a signal ended it.
  int stop();

 private:
  pid_t pid_ = 0;
};

/// Both ends of a pipe; closed when this dies.
class Pipe {
 public:
  Pipe();
  Pipe(Pipe&& other) noexcept;
  Pipe& operator=(Pipe&& other) noexcept;
  ~Pipe();
  int read_end() const { return ends_[0]; }
  int write_end() const { return ends_[1]; }
  void close_write_end();

 private:
  int ends_[2] = {-1, -1};
};

/// Runs this very program with `arguments`; what it says goes to `log_file`, its standard output to
/// `out` unless that is -1.
Result<Peer> start_self(const std::vector<std::string>& arguments,
                        const std::vector<std::string>& environment, const std::string& log_file,
                        int out = -1);

/// An embedded Kinesis without limits or (`service`) with them, with its state in `dir`. Returns
/// when it answers.
struct ServicePeer {
  Pipe output;  ///< stays open as long as the process may print
  Peer process;
  std::uint16_t port = 0;
};
Result<ServicePeer> start_service(const std::string& dir, bool service_limits);

/// A service that answers every GetRecords with the same prepared bytes: the iterator
/// "canned/<records>/<bytes>" says which. Forks: call it before the first thread is started.
Result<ServicePeer> start_canned_service();

}  // namespace kt::cli
