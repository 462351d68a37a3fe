// cli/host_stores.h — What the labels and variables of an app stand for: its stores, databases,
// models and providers, as the runtime configuration names them.
#pragma once
#include <memory>
#include <vector>

#include "cli/host_services.h"
#include "host/key_value/key_value_capability.h"
#include "host/key_value/sqlite_store.h"
#include "host/llm/engine.h"
#include "host/sqlite/sqlite_capability.h"
#include "host/variables/resolver.h"
#include "runtime/work_pool.h"

namespace kt::cli {

/// One app's. Made before the host loop is used, destroyed on it; `services` outlive it. Nothing is
/// opened until a component, or a flag, uses it.
class HostStores {
 public:
  /// Invalid: an address or a key of the runtime configuration that cannot be.
  static Result<std::unique_ptr<HostStores>> make(HostServices& services, host::HostLoop& loop,
                                                  const AppSetup& setup);

  const std::shared_ptr<host::KeyValueStores>& key_value() const { return key_value_; }
  const std::shared_ptr<host::SqlDatabases>& databases() const { return databases_; }
  const std::shared_ptr<host::LanguageModels>& models() const { return models_; }
  const std::shared_ptr<host::VariablesResolver>& variables() const { return variables_; }
  /// For what blocks, shortly.
  WorkThread& work() { return work_; }
  /// For logging in where a library waits for it.
  WorkThread& logins() { return logins_; }

 private:
  HostStores(HostServices& services, host::HostLoop& loop)
      : services_(services),
        loop_(loop),
        work_("host", kWorkThreads),
        logins_("login", kLoginThreads),
        key_value_work_("kv") {}
  Result<Unit> add_key_value(const AppSetup& setup);
  Result<std::shared_ptr<host::KeyValueStore>> key_value_store(const std::string& label,
                                                               const app::KeyValueStore& store,
                                                               const app::Environment& environment);
  Result<std::shared_ptr<host::KeyValueStore>> cosmos_store(const app::CosmosStore& from,
                                                            const app::Environment& environment);
  std::shared_ptr<host::KeyValueFile> key_value_file(const std::filesystem::path& path);
  Result<Unit> add_databases(const AppSetup& setup);
  std::shared_ptr<host::SqlDatabase> file_database(const app::FileStore& store);
  Result<std::shared_ptr<host::SqlDatabase>> libsql_database(const app::LibsqlDatabase& from);
  Result<Unit> add_models(const AppSetup& setup);
  Result<Unit> add_variables(const AppSetup& setup);
  Result<std::unique_ptr<host::VariablesProvider>> provider(const app::VariablesProvider& from,
                                                            const app::Outside& outside);

  static constexpr std::size_t kWorkThreads = 8;
  static constexpr std::size_t kLoginThreads = 4;

  HostServices& services_;
  host::HostLoop& loop_;
  WorkPool work_;
  WorkPool logins_;
  DedicatedThread key_value_work_;
  std::map<std::string, std::shared_ptr<host::KeyValueFile>> key_value_files_;
  std::shared_ptr<host::KeyValueStores> key_value_ = std::make_shared<host::KeyValueStores>();
  std::shared_ptr<host::SqlDatabases> databases_ = std::make_shared<host::SqlDatabases>();
  std::shared_ptr<host::LanguageModels> models_;
  std::shared_ptr<host::VariablesResolver> variables_;
};

}  // namespace kt::cli
