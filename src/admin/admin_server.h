// admin/admin_server.h — The admin port: figures and status of a running worker over HTTP.
//
// Why: off unless asked for, on loopback unless told otherwise, read only: whoever reaches it sees
// names of streams and positions, never a record.
#pragma once
#include <memory>
#include <string>

#include "admin/address.h"
#include "admin/site.h"
#include "observability/log.h"
#include "runtime/clock.h"
#include "runtime/loop.h"

namespace kt::admin {

struct AdminOptions {
  Address address;
  /// A port that is taken is replaced by one of the next ten, else by any free one.
  bool next_port_if_taken = false;
  std::string version;
};

/// Lives on: the shard loop. Await stop() before its end.
class AdminServer {
 public:
  /// Listens. InUse when the port is taken, Invalid for an address that is not this machine's.
  static Result<std::unique_ptr<AdminServer>> start(Loop& loop, Clock& clock,
                                                    const Control& control,
                                                    const AdminOptions& options, const Log& log);
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  /// "http://127.0.0.1:9400".
  const std::string& url() const { return url_; }
  Task<void> stop();

 private:
  AdminServer(const Control& control, Site::Options site) : site_(control, std::move(site)) {}
  Task<http::Response> answer(http::ServerRequest request) const;

  Site site_;
  std::string url_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace kt::admin
