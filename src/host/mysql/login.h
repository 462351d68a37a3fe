// host/mysql/login.h — Becoming a session of a MySQL server.
//
// Why: the library waits inside a TLS handshake even where it is told not to wait, so connecting
// happens on a thread; everything after it is done on the loop.
#pragma once
#include <atomic>
#include <memory>
#include <string>

#include "host/mysql/libmariadb.h"
#include "runtime/work_thread.h"

namespace kt::host {

struct MysqlLogin {
  std::string ip;  ///< an address, never a name: the host has resolved and checked it
  std::uint16_t port = 0;
  std::string user, password, database;
  /// The one certificate that is taken, which the host has checked; empty: no TLS.
  std::string certificate;
  unsigned timeout_seconds = 10;
  unsigned long packet_max_bytes = 0;
};

struct CloseMysql {
  const Libmariadb* library = nullptr;
  void operator()(MYSQL* connection) const { library->close(connection); }
};
using MysqlHandle = std::unique_ptr<MYSQL, CloseMysql>;

/// Waits: for a thread. Unavailable, in the server's or the library's words.
Result<MysqlHandle> log_in(const Libmariadb& library, const MysqlLogin& login);

/// Has servers give up what nobody waits for any more, on a thread; at most a few at a time, since
/// a server that is gone answers none. Outlived by `work`.
class MysqlCanceller {
 public:
  MysqlCanceller(const Libmariadb& library, WorkThread& work) : library_(library), work_(work) {}
  void cancel(std::shared_ptr<const MysqlLogin> login, unsigned long session);

 private:
  const Libmariadb& library_;
  WorkThread& work_;
  std::shared_ptr<std::atomic<int>> pending_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace kt::host
