// host/sqlite/file_database.h — SQLite databases of components, in a file or in memory.
//
// Why: statements run on the threads of a pool, never on the host loop. A connection that finds
// another one writing gives its thread back and asks again a little later: the one it waits for may
// need that thread.
#pragma once
#include <memory>
#include <string>

#include "host/sqlite/guest_connection.h"
#include "runtime/clock.h"
#include "runtime/work_thread.h"

namespace kt::host {

/// Lives on: the host loop. Outlived by the pool and the clock.
class FileDatabase final : public SqlDatabase {
 public:
  struct Deps {
    WorkThread& pool;
    Clock& clock;
  };
  struct Options {
    GuestConnectionOptions connection;
    Duration busy_timeout = std::chrono::seconds(5);
  };

  FileDatabase(Deps deps, Options options) : deps_(deps), options_(std::move(options)) {}

  std::string summary() const override {
    const std::string& path = options_.connection.path;
    return path.empty() ? "a temporary in-memory database" : '"' + path + '"';
  }
  Task<Connected> connect() override;

 private:
  Deps deps_;
  Options options_;
};

}  // namespace kt::host
