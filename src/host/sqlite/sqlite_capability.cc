#include "host/sqlite/sqlite_capability.h"

#include <utility>

#include "base/check.h"
#include "host/handles.h"

namespace kt::host {

namespace {

/// One instance's connections.
class SqliteSession final : public CapabilitySession {
 public:
  SqliteSession(std::shared_ptr<const SqlDatabases> databases,
                std::shared_ptr<const SqliteOptions> options, Log log)
      : databases_(std::move(databases)),
        options_(std::move(options)),
        log_(std::move(log)),
        open_(options_->connections_max) {}

  Task<Answer> call(HostOperation operation, HostArguments arguments) override {
    if (operation == KT_SQLITE_OPEN)
      co_return co_await open(arguments[0].text());
    const std::int64_t handle = arguments[0].integer();
    // Shared: the guest may close it while this call is under way.
    const std::shared_ptr<SqlConnection> connection = open_.find(handle);
    if (connection == nullptr) {
      if (operation == KT_SQLITE_CLOSE)
        co_return HostResult();
      co_return refuse(KT_FAULT_NOT_FOUND, "the connection is not open");
    }
    switch (operation) {
      case KT_SQLITE_CLOSE:
        open_.close(handle);
        co_await connection->close();
        co_return HostResult();
      case KT_SQLITE_EXECUTE:
        co_return co_await execute(*connection, arguments[1].text(), arguments[2]);
      case KT_SQLITE_CHANGES:
        co_return HostResult(connection->changes());
      case KT_SQLITE_LAST_ROWID:
        co_return HostResult(connection->last_rowid());
      default:
        CHECK(false, "no operation of SQLite databases");
    }
  }

 private:
  Task<Answer> open(std::string_view label) {
    if (!options_->allowed.contains(label))
      co_return refuse(KT_FAULT_ACCESS_DENIED, "the component may not use this database: add \"" +
                                                   std::string(label) +
                                                   "\" to its sqlite_databases");
    const auto found = databases_->find(label);
    if (found == databases_->end())
      co_return refuse(KT_FAULT_NOT_FOUND, "no such database");
    // Counted while it is made: a guest may ask for many at once.
    if (open_.full() || connecting_ >= options_->connections_max)
      co_return refuse(KT_FAULT_TOO_MANY, "too many connections opened");
    const Connecting one(connecting_);
    SqlDatabase::Connected connection = co_await found->second->connect();
    if (!connection) {
      log_.warn("a SQLite database can not be opened", {{"label", label},
                                                        {"database", found->second->summary()},
                                                        {"error", connection.error().message}});
      co_return tl::unexpected<HostRefusal>(std::move(connection).error());
    }
    if (open_.full())
      co_return refuse(KT_FAULT_TOO_MANY, "too many connections opened");
    co_return HostResult(open_.add(*std::move(connection)));
  }

  Task<Answer> execute(SqlConnection& connection, std::string_view statement,
                       wasm::HostValue list) {
    SqlParameters parameters;
    parameters.reserve(list.size());
    for (std::size_t i = 0; i < list.size(); ++i)
      parameters.push_back(list[i]);
    co_return co_await connection.execute(statement, std::move(parameters));
  }

  class Connecting {
   public:
    explicit Connecting(std::size_t& count) : count_(count) { ++count_; }
    Connecting(const Connecting&) = delete;
    Connecting& operator=(const Connecting&) = delete;
    ~Connecting() { --count_; }

   private:
    std::size_t& count_;
  };

  std::shared_ptr<const SqlDatabases> databases_;
  std::shared_ptr<const SqliteOptions> options_;
  Log log_;
  std::size_t connecting_ = 0;
  Handles<SqlConnection> open_;
};

}  // namespace

std::unique_ptr<CapabilitySession> SqliteCapability::begin() {
  return std::make_unique<SqliteSession>(databases_, options_, log_);
}

Result<Unit> check_sqlite_labels(const SqlDatabases& databases,
                                 const std::map<std::string, SqlLabels>& components) {
  std::string details;
  for (const auto& [component, labels] : components) {
    for (const std::string& label : labels) {
      if (!databases.contains(label))
        details += "\n- Component " + component + " uses database '" + label + "'";
    }
  }
  if (details.empty())
    return Unit{};
  return fail(ErrorCode::Invalid,
              "One or more components use SQLite databases which are not defined.\n"
              "Check the spelling, or pass a runtime configuration file that defines them "
              "([sqlite_database.<label>]).\nDetails:" +
                  details);
}

}  // namespace kt::host
