// host/sqlite/sqlite_capability.h — What a component may do with SQLite databases.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>

#include "host/sqlite/sql_database.h"
#include "observability/log.h"

namespace kt::host {

/// The databases of an app by label: those of the runtime configuration, and `default`.
using SqlDatabases = std::map<std::string, std::shared_ptr<SqlDatabase>, std::less<>>;
using SqlLabels = std::set<std::string, std::less<>>;

struct SqliteOptions {
  SqlLabels allowed;                  ///< labels that the component names in sqlite_databases
  std::size_t connections_max = 256;  ///< of one instance
};

/// One component's. Lives on: the host loop, as its sessions do.
class SqliteCapability final : public Capability {
 public:
  SqliteCapability(std::shared_ptr<const SqlDatabases> databases, SqliteOptions options, Log log)
      : databases_(std::move(databases)),
        options_(std::make_shared<const SqliteOptions>(std::move(options))),
        log_(std::move(log)) {}

  std::unique_ptr<CapabilitySession> begin() override;

 private:
  std::shared_ptr<const SqlDatabases> databases_;
  std::shared_ptr<const SqliteOptions> options_;
  Log log_;
};

/// Invalid where a component (by name, with its labels) uses a label that no database has, with
/// all of them: checked at the start.
Result<Unit> check_sqlite_labels(const SqlDatabases& databases,
                                 const std::map<std::string, SqlLabels>& components);

}  // namespace kt::host
