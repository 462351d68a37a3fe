// host/sqlite/libsql_database.h — A database of a libSQL server (Turso, sqld), over HTTP.
//
// Why: a statement by itself is one request, on a stream that ends with it. A transaction keeps its
// stream on the server from its BEGIN to its COMMIT; the server ends one that is left alone.
#pragma once
#include <string>

#include "host/sqlite/sql_database.h"
#include "http/endpoint.h"
#include "http/transport.h"
#include "runtime/work_thread.h"

namespace kt::host {

/// Lives on: the host loop. Outlived by the transport and the pool.
class LibsqlDatabase final : public SqlDatabase {
 public:
  struct Deps {
    http::Transport& transport;  ///< to the endpoint
    WorkThread& pool;            ///< reads large answers
  };
  struct Options {
    http::Endpoint endpoint;  ///< of parse_url
    std::string token;        ///< empty: none is sent
    Duration call_timeout = std::chrono::seconds(30);
  };

  LibsqlDatabase(Deps deps, Options options);

  /// Reads `url` of the runtime configuration: http or https only.
  static Result<http::Endpoint> parse_url(std::string_view url);

  std::string summary() const override { return "libSQL at " + options_.endpoint.url(); }
  Task<Connected> connect() override;

 private:
  Deps deps_;
  Options options_;
};

}  // namespace kt::host
