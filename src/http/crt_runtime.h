// http/crt_runtime.h — The AWS C runtime's own event loop, resolver and TLS contexts.
//
// Why: the runtime's connections live on a thread of theirs. One such thread serves the whole
// program; nothing else of the program runs on it but short callbacks, which post to our loop.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/result.h"
#include "http/tls_files.h"

struct aws_client_bootstrap;
struct aws_event_loop_group;
struct aws_host_resolver;
struct aws_tls_ctx;

namespace kt::http {

struct CrtRuntimeOptions {
  std::string ca_file;  ///< trusted certificates (PEM) instead of the system's; AWS_CA_BUNDLE
};

/// What a TLS handshake offers.
enum class Alpn : std::uint8_t { Http1, Http2 };

/// Owns the C runtime's thread and what connections share. Destroy it after every CrtTransport and
/// credentials source made with it, and before nothing else: no callback outlives the destructor's
/// wait, which is bounded (a peer that never answers may keep a connection closing for ever; such a
/// rest is left to the end of the process).
class CrtRuntime {
 public:
  explicit CrtRuntime(CrtRuntimeOptions options = {});
  CrtRuntime(const CrtRuntime&) = delete;
  CrtRuntime& operator=(const CrtRuntime&) = delete;
  ~CrtRuntime();

  aws_client_bootstrap* bootstrap() const { return bootstrap_; }
  /// The TLS context for that protocol and these files, made at its first use: a program that only
  /// speaks to a plain endpoint never loads certificates. On one thread. Invalid names a file that
  /// cannot be read or used.
  Result<aws_tls_ctx*> tls(Alpn alpn, TlsFiles files = {});

 private:
  /// Outlives the object where the shutdown does.
  struct Ending {
    std::mutex mutex;
    std::condition_variable changed;
    bool over = false;  // guarded by mutex
  };

  CrtRuntimeOptions options_;
  std::shared_ptr<Ending> ending_;
  aws_event_loop_group* loops_ = nullptr;
  aws_host_resolver* resolver_ = nullptr;
  aws_client_bootstrap* bootstrap_ = nullptr;
  std::map<std::pair<Alpn, TlsFiles>, aws_tls_ctx*> tls_;
};

/// Starts the C runtime's libraries, once a process; they are never taken down, because what they
/// hold is shared by all their users.
void ensure_crt_libraries();

/// "AWS_IO_DNS_INVALID_NAME: Host name was invalid for dns resolution.": for messages.
std::string crt_error_text(int code);

}  // namespace kt::http
