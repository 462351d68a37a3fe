#include "cli/host_stores.h"

#include "host/key_value/cosmos_store.h"
#include "host/key_value/dynamodb_store.h"
#include "host/key_value/redis_store.h"
#include "host/llm/remote_models.h"
#include "host/sqlite/file_database.h"
#include "host/sqlite/libsql_database.h"
#include "host/variables/azure_key_vault.h"
#include "host/variables/local_providers.h"
#include "host/variables/vault.h"

namespace kt::cli {
namespace {

constexpr const char* kDefaultLabel = "default";

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

}  // namespace

Result<std::unique_ptr<HostStores>> HostStores::make(HostServices& services, host::HostLoop& loop,
                                                     const AppSetup& setup) {
  std::unique_ptr<HostStores> stores(new HostStores(services, loop));
  TRY(stores->add_variables(setup));
  TRY(stores->add_key_value(setup));
  TRY(stores->add_databases(setup));
  TRY(stores->add_models(setup));
  return stores;
}

Result<Unit> HostStores::add_key_value(const AppSetup& setup) {
  std::map<std::string, app::KeyValueStore> configured = setup.runtime.key_value_stores;
  configured.emplace(kDefaultLabel, default_key_value_store(setup));
  for (const auto& [label, store] : configured) {
    auto made = key_value_store(label, store, setup.outside.environment);
    if (!made)
      return fail(made.error().within("[key_value_store." + label + "]"));
    key_value_->emplace(label, *std::move(made));
  }
  return Unit{};
}

/// Stores of one file share it.
std::shared_ptr<host::KeyValueFile> HostStores::key_value_file(const std::filesystem::path& path) {
  host::KeyValueFileOptions options;
  options.path = path.string();
  if (options.path.empty())
    return std::make_shared<host::KeyValueFile>(key_value_work_, std::move(options));
  auto& known = key_value_files_[options.path];
  if (!known)
    known = std::make_shared<host::KeyValueFile>(key_value_work_, std::move(options));
  return known;
}

/// By the account's key; without one as whoever the environment says that we are.
Result<std::shared_ptr<host::KeyValueStore>> HostStores::cosmos_store(
    const app::CosmosStore& from, const app::Environment& environment) {
  const std::string url = host::CosmosKeyValueStore::url_of(from.account);
  std::optional<host::CosmosCredentials> who;
  if (from.key) {
    TRY(who, host::CosmosKey::parse(*from.key));
  } else {
    TRY(who, azure::Tokens::make(azure::Identity::ambient(environment), url, services_.clock(),
                                 services_.transports()));
  }
  TRY(const http::Endpoint endpoint, http::Endpoint::parse(url));
  TRY(http::Transport * transport, services_.kept_transport(endpoint));
  host::CosmosKeyValueStore::Options options;
  options.database = from.database;
  options.container = from.container;
  const host::CosmosKeyValueStore::Deps deps{*transport, services_.clock(), services_.random()};
  return std::make_shared<host::CosmosKeyValueStore>(deps, *std::move(who), std::move(options));
}

Result<std::shared_ptr<host::KeyValueStore>> HostStores::key_value_store(
    const std::string& label, const app::KeyValueStore& store,
    const app::Environment& environment) {
  using Made = Result<std::shared_ptr<host::KeyValueStore>>;
  const auto file = [&](const app::FileStore& from) -> Made {
    return std::make_shared<host::SqliteKeyValueStore>(key_value_file(from.path), label);
  };
  const auto redis = [&](const app::RedisStore& from) -> Made {
    TRY(auto address, redis::parse_redis_address(from.url));
    return std::make_shared<host::RedisKeyValueStore>(
        std::make_shared<redis::RedisClient>(loop_.executor(), loop_.clock(), std::move(address)));
  };
  const auto cosmos = [&](const app::CosmosStore& from) -> Made {
    return cosmos_store(from, environment);
  };
  const auto dynamo = [&](const app::DynamoStore& from) -> Made {
    TRY(aws::DynamoDbApi * api, services_.dynamodb(from));
    host::DynamoDbKeyValueStore::Options options;
    options.table = from.table;
    options.region = from.region;
    options.consistent_read = from.consistent_read;
    const host::DynamoDbKeyValueStore::Deps deps{*api, services_.clock(), services_.random()};
    return std::make_shared<host::DynamoDbKeyValueStore>(deps, std::move(options));
  };
  return std::visit(Overloaded{file, redis, cosmos, dynamo}, store);
}

std::shared_ptr<host::SqlDatabase> HostStores::file_database(const app::FileStore& store) {
  host::FileDatabase::Options options;
  options.connection.path = store.path.string();
  options.connection.allow_attach_file = store.allow_attach_file;
  const host::FileDatabase::Deps deps{work_, services_.clock()};
  return std::make_shared<host::FileDatabase>(deps, std::move(options));
}

Result<std::shared_ptr<host::SqlDatabase>> HostStores::libsql_database(
    const app::LibsqlDatabase& from) {
  host::LibsqlDatabase::Options options;
  TRY(options.endpoint, host::LibsqlDatabase::parse_url(from.url));
  options.token = from.token;
  TRY(http::Transport * transport, services_.kept_transport(options.endpoint));
  const host::LibsqlDatabase::Deps deps{*transport, work_};
  return std::make_shared<host::LibsqlDatabase>(deps, std::move(options));
}

Result<Unit> HostStores::add_databases(const AppSetup& setup) {
  std::map<std::string, app::SqliteDatabase> configured = setup.runtime.sqlite_databases;
  configured.emplace(kDefaultLabel, default_database(setup));
  for (const auto& [label, database] : configured) {
    if (const auto* file = std::get_if<app::FileStore>(&database)) {
      databases_->emplace(label, file_database(*file));
      continue;
    }
    auto made = libsql_database(std::get<app::LibsqlDatabase>(database));
    if (!made)
      return fail(made.error().within("[sqlite_database." + label + "]"));
    databases_->emplace(label, *std::move(made));
  }
  return Unit{};
}

Result<Unit> HostStores::add_models(const AppSetup& setup) {
  if (!setup.runtime.llm) {
    models_ = std::make_shared<host::NoLanguageModels>();
    return Unit{};
  }
  const app::RemoteLlm& from = *setup.runtime.llm;
  host::RemoteLanguageModels::Options options;
  TRY(options.url, http::Endpoint::parse(from.url));
  options.auth_token = from.auth_token;
  options.api =
      from.api == app::RemoteLlm::Api::OpenAi ? host::LlmApi::OpenAi : host::LlmApi::Default;
  TRY(auto transport, services_.transport(options.url));
  TRY(models_, host::RemoteLanguageModels::make(std::move(options), std::move(transport)));
  return Unit{};
}

Result<std::unique_ptr<host::VariablesProvider>> HostStores::provider(
    const app::VariablesProvider& from, const app::Outside& outside) {
  using Made = Result<std::unique_ptr<host::VariablesProvider>>;
  const auto fixed = [](const app::StaticProvider& p) -> Made {
    return std::make_unique<host::StaticVariables>(p.values);
  };
  const auto environment = [&](const app::EnvironmentProvider& p) -> Made {
    host::EnvironmentVariables::Options options;
    options.environment = outside.environment;
    options.prefix = p.prefix;
    options.dotenv_path = p.dotenv.string();
    return std::make_unique<host::EnvironmentVariables>(std::move(options));
  };
  const auto vault = [&](const app::VaultProvider& p) -> Made {
    host::VaultVariables::Options options{p.url, p.token, p.mount, p.prefix};
    return host::VaultVariables::make(std::move(options), services_.transports());
  };
  const auto azure = [&](const app::AzureKeyVaultProvider& p) -> Made {
    host::AzureKeyVaultVariables::Options options;
    options.vault_url = p.vault_url;
    if (p.principal) {
      options.client_id = p.principal->client_id;
      options.client_secret = p.principal->client_secret;
      options.tenant_id = p.principal->tenant_id;
    }
    options.authority_host = p.authority_host;
    options.environment = outside.environment;
    return host::AzureKeyVaultVariables::make(std::move(options), services_.clock(),
                                              services_.transports());
  };
  return std::visit(Overloaded{fixed, environment, vault, azure}, from);
}

/// Spin's order: flags, then the file's providers, then the environment with ./.env.
Result<Unit> HostStores::add_variables(const AppSetup& setup) {
  host::VariablesResolver::Variables variables;
  for (const auto& [name, variable] : setup.app.variables)
    variables.emplace(name, host::AppVariable{variable.fallback, variable.secret});
  host::VariablesResolver::Providers providers;
  providers.push_back(std::make_unique<host::StaticVariables>(setup.outside.variables));
  for (const app::VariablesProvider& from : setup.runtime.variables_providers) {
    auto made = provider(from, setup.outside);
    if (!made)
      return fail(made.error().within("[[variables_provider]]"));
    providers.push_back(*std::move(made));
  }
  host::EnvironmentVariables::Options last;
  last.environment = setup.outside.environment;
  last.dotenv_path = ".env";
  providers.push_back(std::make_unique<host::EnvironmentVariables>(std::move(last)));
  TRY(variables_, host::VariablesResolver::make(std::move(variables), std::move(providers)));
  return Unit{};
}

}  // namespace kt::cli
