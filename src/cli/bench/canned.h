// cli/bench/canned.h — A service with one answer.
#pragma once

namespace kt::cli {

/// Serves on loopback until the process dies. Writes its port (2 bytes) to `port_to` when it
/// listens. Returns only on failure, with an exit code.
int serve_canned(int port_to);

}  // namespace kt::cli
