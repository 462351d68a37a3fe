#include "app/runtime_config.h"

#include <arpa/inet.h>

#include <algorithm>

#include "app/nearest.h"
#include "app/value.h"

namespace kt::app {
namespace {

namespace fs = std::filesystem;

/// One table of the file, with what its messages name.
class Section {
 public:
  Section(const Value& table, std::string where, const Document& document)
      : table_(table), where_(std::move(where)), document_(document) {}

  /// Refuses what is no table, and keys that are not known.
  Result<Unit> only(const std::vector<std::string_view>& known) const {
    if (!table_.is(Value::Kind::Table))
      return error(table_.line, where_ + " must be a table");
    return only_members(table_, known, where_, document_);
  }
  Result<std::string> need(std::string_view key) const {
    TRY(auto text, maybe(key));
    if (!text)
      return error(table_.line, "\"" + std::string(key) + "\" is missing (in " + where_ + ")");
    return *std::move(text);
  }
  Result<std::optional<std::string>> maybe(std::string_view key) const {
    std::optional<std::string> out;
    if (table_.find(key) != nullptr) {
      TRY(out, text_member(table_, key, document_));
    }
    return out;
  }
  Result<bool> flag(std::string_view key, bool fallback) const {
    return flag_member(table_, key, document_, fallback);
  }
  Result<std::optional<std::uint64_t>> count(std::string_view key) const {
    std::optional<std::uint64_t> out;
    const Value* value = table_.find(key);
    if (value == nullptr)
      return out;
    if (!value->is(Value::Kind::Integer) || value->integer < 0) {
      return error(value->line, "\"" + std::string(key) + "\" must be a whole number from 0 on, " +
                                    "not " + std::string(describe(value->kind)));
    }
    out = static_cast<std::uint64_t>(value->integer);
    return out;
  }
  /// One of these; where the key is absent the first.
  Result<std::string> choice(std::string_view key,
                             const std::vector<std::string_view>& choices) const {
    TRY(const auto text, maybe(key));
    if (!text)
      return std::string(choices.front());
    if (std::find(choices.begin(), choices.end(), *text) == choices.end())
      return error(line_of(key), "unknown " + std::string(key) + " \"" + text->substr(0, 80) +
                                     "\" in " + where_ + suggestion(*text, choices));
    return *text;
  }
  Result<std::vector<std::string>> texts(std::string_view key) const {
    return text_list_member(table_, key, document_);
  }
  /// A path, from the file's folder on; empty where the key is absent.
  Result<fs::path> path(std::string_view key, const fs::path& folder) const {
    TRY(const auto text, maybe(key));
    return text && !text->empty() ? folder / *text : fs::path();
  }
  int line_of(std::string_view key) const {
    const Value* value = table_.find(key);
    return value == nullptr ? table_.line : value->line;
  }
  tl::unexpected<Error> error(int line, std::string_view what) const {
    return document_.error(line, what);
  }
  const Value& table() const { return table_; }
  const std::string& where() const { return where_; }

 private:
  const Value& table_;
  std::string where_;
  const Document& document_;
};

/// Whether it is "10.0.0.0/8" or "fd00::/8".
bool is_network(const std::string& text) {
  const auto slash = text.find('/');
  if (slash == std::string::npos || slash + 1 == text.size() || text.size() - slash > 4)
    return false;
  const std::string address = text.substr(0, slash);
  int bits = 0;
  for (const char c : text.substr(slash + 1)) {
    if (c < '0' || c > '9')
      return false;
    bits = bits * 10 + (c - '0');
  }
  unsigned char bytes[16];
  if (::inet_pton(AF_INET, address.c_str(), bytes) == 1)
    return bits <= 32;
  return ::inet_pton(AF_INET6, address.c_str(), bytes) == 1 && bits <= 128;
}

Result<KeyValueStore> read_key_value_store(const Section& section, const fs::path& folder) {
  TRY(const std::string type, section.need("type"));
  if (type == "spin") {
    FileStore store;
    TRY(section.only({"type", "path"}));
    TRY(store.path, section.path("path", folder));
    return store;
  }
  if (type == "redis") {
    RedisStore store;
    TRY(section.only({"type", "url"}));
    TRY(store.url, section.need("url"));
    return store;
  }
  if (type == "azure_cosmos") {
    CosmosStore store;
    TRY(section.only({"type", "account", "database", "container", "key"}));
    TRY(store.account, section.need("account"));
    TRY(store.database, section.need("database"));
    TRY(store.container, section.need("container"));
    TRY(store.key, section.maybe("key"));
    return store;
  }
  if (type == "aws_dynamo") {
    DynamoStore store;
    TRY(section.only(
        {"type", "region", "table", "access_key", "secret_key", "token", "consistent_read"}));
    TRY(store.region, section.need("region"));
    TRY(store.table, section.need("table"));
    TRY(store.access_key, section.maybe("access_key"));
    TRY(store.secret_key, section.maybe("secret_key"));
    TRY(store.token, section.maybe("token"));
    TRY(store.consistent_read, section.flag("consistent_read", false));
    if (store.access_key.has_value() != store.secret_key.has_value()) {
      return section.error(section.table().line,
                           "access_key and secret_key go together (in " + section.where() +
                               "): give both, or neither for the credentials of the surroundings");
    }
    return store;
  }
  return section.error(section.line_of("type"),
                       "unknown type \"" + type.substr(0, 80) + "\" in " + section.where() +
                           suggestion(type, {"spin", "redis", "azure_cosmos", "aws_dynamo"}));
}

Result<SqliteDatabase> read_sqlite_database(const Section& section, const fs::path& folder) {
  TRY(const std::string type, section.need("type"));
  if (type == "spin") {
    FileStore database;
    TRY(section.only({"type", "path", "allow_attach_file"}));
    TRY(database.path, section.path("path", folder));
    TRY(database.allow_attach_file, section.flag("allow_attach_file", false));
    return database;
  }
  if (type == "libsql") {
    LibsqlDatabase database;
    TRY(section.only({"type", "url", "token"}));
    TRY(database.url, section.need("url"));
    TRY(database.token, section.need("token"));
    if (!database.url.starts_with("http://") && !database.url.starts_with("https://")) {
      return section.error(section.line_of("url"),
                           "the url in " + section.where() +
                               " must start with https:// or http://: libSQL is spoken over HTTP");
    }
    return database;
  }
  return section.error(section.line_of("type"), "unknown type \"" + type.substr(0, 80) + "\" in " +
                                                    section.where() +
                                                    suggestion(type, {"spin", "libsql"}));
}

Result<VariablesProvider> read_environment_provider(const Section& section,
                                                    const fs::path& folder) {
  constexpr std::size_t kBytesMax = std::size_t{1024} * 1024;
  EnvironmentProvider provider;
  TRY(section.only({"type", "prefix", "dotenv_path"}));
  TRY(auto prefix, section.maybe("prefix"));
  provider.prefix = std::move(prefix).value_or(provider.prefix);
  TRY(provider.dotenv, section.path("dotenv_path", folder));
  if (!provider.dotenv.empty()) {
    const auto text = read_file(provider.dotenv, kBytesMax);
    if (!text && text.error().code != ErrorCode::NotFound)
      return section.error(section.line_of("dotenv_path"), text.error().what);
    if (text)
      provider.dotenv_values = parse_dotenv(*text);
  }
  return provider;
}

Result<VariablesProvider> read_azure_provider(const Section& section) {
  AzureKeyVaultProvider provider;
  TRY(section.only(
      {"type", "vault_url", "client_id", "client_secret", "tenant_id", "authority_host"}));
  TRY(provider.vault_url, section.need("vault_url"));
  TRY(provider.authority_host,
      section.choice("authority_host",
                     {"AzurePublicCloud", "AzureChina", "AzureGermany", "AzureGovernment"}));
  TRY(const auto id, section.maybe("client_id"));
  TRY(const auto secret, section.maybe("client_secret"));
  TRY(const auto tenant, section.maybe("tenant_id"));
  if (id && secret && tenant) {
    provider.principal = AzureKeyVaultProvider::Principal{*id, *secret, *tenant};
  } else if (id || secret || tenant) {
    return section.error(section.table().line,
                         "client_id, client_secret and tenant_id go together (in " +
                             section.where() +
                             "): give all, or none for the credentials of the surroundings");
  }
  return provider;
}

Result<VariablesProvider> read_provider(const Section& section, const fs::path& folder,
                                        const Document& document) {
  TRY(const std::string type, section.need("type"));
  if (type == "env")
    return read_environment_provider(section, folder);
  if (type == "azure_key_vault")
    return read_azure_provider(section);
  if (type == "static") {
    StaticProvider provider;
    TRY(section.only({"type", "values"}));
    TRY(const Value* values, table_member(section.table(), "values", document));
    if (values == nullptr)
      return section.error(section.table().line,
                           "\"values\" is missing (in " + section.where() + ")");
    for (const Value& one : values->items) {
      TRY(provider.values[one.key], text_member(*values, one.key, document));
    }
    return provider;
  }
  if (type == "vault") {
    VaultProvider provider;
    TRY(section.only({"type", "url", "token", "mount", "prefix"}));
    TRY(provider.url, section.need("url"));
    TRY(provider.token, section.need("token"));
    TRY(provider.mount, section.need("mount"));
    TRY(auto prefix, section.maybe("prefix"));
    provider.prefix = std::move(prefix).value_or("");
    return provider;
  }
  return section.error(section.line_of("type"),
                       "unknown type \"" + type.substr(0, 80) + "\" in " + section.where() +
                           suggestion(type, {"env", "static", "vault", "azure_key_vault"}));
}

Result<ClientTls> read_client_tls(const Section& section, const fs::path& folder) {
  ClientTls tls;
  TRY(section.only({"component_ids", "hosts", "ca_use_platform_roots", "ca_use_webpki_roots",
                    "ca_roots_file", "client_cert_file", "client_private_key_file"}));
  TRY(tls.component_ids, section.texts("component_ids"));
  TRY(tls.hosts, section.texts("hosts"));
  TRY(tls.ca_roots_file, section.path("ca_roots_file", folder));
  TRY(tls.client_cert_file, section.path("client_cert_file", folder));
  TRY(tls.client_private_key_file, section.path("client_private_key_file", folder));
  for (const std::string_view list : {"component_ids", "hosts"}) {
    if ((list == "hosts" ? tls.hosts : tls.component_ids).empty())
      return section.error(section.line_of(list),
                           "'" + std::string(list) + "' list may not be empty");
  }
  for (const std::string& host : tls.hosts) {
    const bool is_v6 = host.starts_with('[') && host.ends_with(']');
    if (host.empty() || (!is_v6 && host.find_first_of(":/@ ") != std::string::npos)) {
      return section.error(section.line_of("hosts"), "invalid TLS 'host' \"" + host.substr(0, 120) +
                                                         "\": a name or an address, without "
                                                         "scheme and port");
    }
  }
  if (tls.client_cert_file.empty() != tls.client_private_key_file.empty()) {
    return section.error(section.table().line,
                         tls.client_private_key_file.empty()
                             ? "client_cert_file specified without client_private_key_file"
                             : "client_private_key_file specified without client_cert_file");
  }
  // Where one of the two is named, the other counts as false.
  const bool names_webpki = section.table().find("ca_use_webpki_roots") != nullptr;
  const bool platform = !names_webpki && tls.ca_roots_file.empty();
  TRY(tls.platform_roots, section.flag("ca_use_platform_roots", platform));
  TRY(tls.webpki_roots, section.flag("ca_use_webpki_roots", false));
  return tls;
}

class Reader {
 public:
  Reader(const fs::path& file) : document_{file.string()}, folder_(file.parent_path()) {
    config_.file = file;
  }

  Result<RuntimeConfig> read(std::string_view text) {
    TRY(const Value file, read_toml(text, document_));
    TRY(check_keys(file));
    TRY(read_process(file));
    TRY(read_stores(file));
    TRY(read_llm(file));
    TRY(read_providers(file));
    TRY(read_networking(file));
    TRY(read_limits(file));
    summarize();
    return std::move(config_);
  }

 private:
  Result<Unit> check_keys(const Value& file) {
    static const std::vector<std::string_view> known = {
        "state_dir",           "log_dir",        "max_instance_memory", "key_value_store",
        "sqlite_database",     "llm_compute",    "variables_provider",  "config_provider",
        "outbound_networking", "client_tls",     "outbound_http",       "outbound_redis",
        "outbound_pg",         "outbound_mysql", "outbound_mqtt"};
    std::string unused;
    const Value* first = nullptr;
    for (const Value& item : file.items) {
      if (std::find(known.begin(), known.end(), item.key) != known.end())
        continue;
      unused += (unused.empty() ? "" : ", ") + item.key.substr(0, 80);
      if (first == nullptr || item.line < first->line)
        first = &item;
    }
    if (first == nullptr)
      return Unit{};
    const auto near = nearest(first->key, known);
    return document_.error(
        first->line, "unused runtime config key(s): " + unused +
                         (near.empty() ? "" : "; did you mean \"" + std::string(near) + "\"?"));
  }

  Result<Unit> read_process(const Value& file) {
    const Section section(file, "the runtime configuration", document_);
    TRY(config_.state_dir, section.maybe("state_dir"));
    TRY(config_.log_dir, section.maybe("log_dir"));
    TRY(config_.max_instance_memory, section.count("max_instance_memory"));
    config_.max_instance_memory_place = document_.at(section.line_of("max_instance_memory"));
    return Unit{};
  }

  Result<Unit> read_stores(const Value& file) {
    TRY(const Value* stores, table_member(file, "key_value_store", document_));
    if (stores != nullptr) {
      for (const Value& one : stores->items) {
        const Section section(one, "[key_value_store." + one.key + "]", document_);
        TRY(KeyValueStore store, read_key_value_store(section, folder_));
        config_.key_value_stores.emplace(one.key, std::move(store));
        say("key_value_store." + one.key + ": " + one.find("type")->text);
      }
    }
    TRY(const Value* databases, table_member(file, "sqlite_database", document_));
    if (databases != nullptr) {
      for (const Value& one : databases->items) {
        const Section section(one, "[sqlite_database." + one.key + "]", document_);
        TRY(SqliteDatabase database, read_sqlite_database(section, folder_));
        config_.sqlite_databases.emplace(one.key, std::move(database));
        say("sqlite_database." + one.key + ": " + one.find("type")->text);
      }
    }
    return Unit{};
  }

  Result<Unit> read_llm(const Value& file) {
    TRY(const Value* table, table_member(file, "llm_compute", document_));
    if (table == nullptr)
      return Unit{};
    const Section section(*table, "[llm_compute]", document_);
    TRY(const std::string type, section.need("type"));
    config_.llm_configured = true;
    say("llm_compute: " + type);
    if (type == "spin")
      return section.only({"type"});
    if (type != "remote_http") {
      return document_.error(section.line_of("type"),
                             "unknown type \"" + type.substr(0, 80) + "\" in [llm_compute]" +
                                 suggestion(type, {"spin", "remote_http"}));
    }
    RemoteLlm llm;
    TRY(section.only({"type", "url", "auth_token", "api_type"}));
    TRY(llm.url, section.need("url"));
    TRY(llm.auth_token, section.need("auth_token"));
    TRY(const std::string api, section.choice("api_type", {"default", "open_ai"}));
    if (api == "open_ai")
      llm.api = RemoteLlm::Api::OpenAi;
    config_.llm = std::move(llm);
    return Unit{};
  }

  Result<Unit> read_providers(const Value& file) {
    const bool is_new = file.find("variables_provider") != nullptr;
    const std::string_view key = is_new ? "variables_provider" : "config_provider";
    if (is_new && file.find("config_provider") != nullptr) {
      return document_.error(file.find("config_provider")->line,
                             "config_provider is the older name of variables_provider: use one");
    }
    TRY(const Value* list, array_member(file, key, document_));
    if (list == nullptr)
      return Unit{};
    for (const Value& one : list->items) {
      const Section section(one, "[[" + std::string(key) + "]]", document_);
      TRY(VariablesProvider provider, read_provider(section, folder_, document_));
      config_.variables_providers.push_back(std::move(provider));
    }
    return Unit{};
  }

  Result<Unit> read_networking(const Value& file) {
    TRY(const Value* table, table_member(file, "outbound_networking", document_));
    if (table != nullptr) {
      const Section section(*table, "[outbound_networking]", document_);
      TRY(section.only({"block_networks", "max_socket_connections", "max_total_connections"}));
      TRY(const auto networks, section.texts("block_networks"));
      for (const std::string& network : networks) {
        if (network == "private") {
          config_.networking.block_private = true;
        } else if (is_network(network)) {
          config_.networking.block_networks.push_back(network);
        } else {
          return document_.error(section.line_of("block_networks"),
                                 "\"" + network.substr(0, 80) +
                                     "\" in block_networks is no IP network in CIDR notation and "
                                     "not the keyword 'private'");
        }
      }
      TRY(config_.networking.max_socket_connections, section.count("max_socket_connections"));
      TRY(config_.networking.max_total_connections, section.count("max_total_connections"));
      if (const auto most = config_.networking.max_total_connections)
        say("outbound_networking: max_total_connections=" + std::to_string(*most));
    }
    TRY(const Value* list, array_member(file, "client_tls", document_));
    if (list == nullptr)
      return Unit{};
    for (const Value& one : list->items) {
      TRY(ClientTls tls, read_client_tls(Section(one, "[[client_tls]]", document_), folder_));
      config_.client_tls.push_back(std::move(tls));
    }
    return Unit{};
  }

  Result<Unit> read_limits(const Value& file) {
    const struct {
      std::string_view key;
      std::optional<std::uint64_t>& most;
    } simple[] = {{"outbound_redis", config_.max_connections.redis},
                  {"outbound_pg", config_.max_connections.postgres},
                  {"outbound_mysql", config_.max_connections.mysql},
                  {"outbound_mqtt", config_.max_connections.mqtt}};
    for (const auto& [key, most] : simple) {
      TRY(const Value* table, table_member(file, key, document_));
      if (table == nullptr)
        continue;
      const Section section(*table, "[" + std::string(key) + "]", document_);
      std::vector<std::string_view> known = {"max_connections"};
      if (key == "outbound_mqtt")
        known.push_back("max_payload_size_bytes");
      TRY(section.only(known));
      TRY(most, section.count("max_connections"));
      if (key == "outbound_mqtt") {
        TRY(config_.mqtt_max_payload_bytes, section.count("max_payload_size_bytes"));
      }
      if (most)
        say(std::string(key) + ": max_connections=" + std::to_string(*most));
    }
    return read_http(file);
  }

  Result<Unit> read_http(const Value& file) {
    TRY(const Value* table, table_member(file, "outbound_http", document_));
    if (table == nullptr)
      return Unit{};
    const Section section(*table, "[outbound_http]", document_);
    TRY(section.only({"connection_pooling", "max_connections", "max_concurrent_requests"}));
    TRY(config_.http_connection_pooling, section.flag("connection_pooling", true));
    TRY(config_.max_connections.http, section.count("max_connections"));
    TRY(const auto older, section.count("max_concurrent_requests"));
    if (older && config_.max_connections.http) {
      return document_.error(section.line_of("max_concurrent_requests"),
                             "cannot set both `max_connections` and `max_concurrent_requests` in "
                             "`[outbound_http]`; use `max_connections` only");
    }
    if (config_.max_connections.http) {
      say("outbound_http: max_connections=" + std::to_string(*config_.max_connections.http));
    } else if (older) {
      config_.max_connections.http = *older + 1;  // that key allowed one more than it said
      say("outbound_http: max_concurrent_requests=" + std::to_string(*older) +
          " (deprecated, use max_connections)");
      config_.warnings.push_back(document_.at(section.line_of("max_concurrent_requests")) +
                                 ": `max_concurrent_requests` in `[outbound_http]` is deprecated; "
                                 "write max_connections = " +
                                 std::to_string(*older + 1));
    }
    return Unit{};
  }

  void say(const std::string& what) { said_.push_back("[" + what + "]"); }

  void summarize() {
    for (const std::string& one : said_)
      config_.summary += (config_.summary.empty() ? "" : ", ") + one;
  }

  Document document_;
  fs::path folder_;
  RuntimeConfig config_;
  std::vector<std::string> said_;
};

}  // namespace

Result<RuntimeConfig> parse_runtime_config(std::string_view text, const fs::path& file) {
  return Reader(file).read(text);
}

Result<RuntimeConfig> read_runtime_config(const fs::path& file) {
  constexpr std::size_t kBytesMax = std::size_t{1024} * 1024;
  auto text = read_file(file, kBytesMax);
  if (!text)
    return fail(text.error().within("reading the runtime configuration"));
  return parse_runtime_config(*text, file);
}

Result<Unit> check_labels(const App& app, const RuntimeConfig& config) {
  std::string databases;
  for (const auto* list : {&app.components, &app.other_components}) {
    for (const Component& component : *list) {
      for (const std::string& label : component.key_value_stores) {
        if (label != "default" && !config.key_value_stores.contains(label)) {
          return fail(ErrorCode::Invalid, "unknown key_value_stores label \"" + label +
                                              "\" for component \"" + component.id.str() + "\"");
        }
      }
      for (const std::string& label : component.sqlite_databases) {
        if (label != "default" && !config.sqlite_databases.contains(label))
          databases += "\n- Component " + component.id.str() + " uses database '" + label + "'";
      }
    }
  }
  if (databases.empty())
    return Unit{};
  return fail(
      ErrorCode::Invalid,
      "One or more components use SQLite databases which are not defined.\n"
      "Check the spelling, or pass a runtime configuration file that defines these stores.\n"
      "See https://spinframework.dev/dynamic-configuration"
      "#sqlite-storage-runtime-configuration\n"
      "Details:" +
          databases);
}

std::vector<VariableSource> variable_sources(const RuntimeConfig& config) {
  std::vector<VariableSource> out;
  for (const VariablesProvider& provider : config.variables_providers) {
    VariableSource source;
    source.kind = VariableSource::Kind::Remote;
    if (const auto* fixed = std::get_if<StaticProvider>(&provider)) {
      source.kind = VariableSource::Kind::Static;
      source.values = fixed->values;
    } else if (const auto* environment = std::get_if<EnvironmentProvider>(&provider)) {
      source.kind = VariableSource::Kind::OfEnvironment;
      source.prefix = environment->prefix;
      source.values = environment->dotenv_values;
    }
    out.push_back(std::move(source));
  }
  return out;
}

}  // namespace kt::app
