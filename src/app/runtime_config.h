// app/runtime_config.h — The file that says what stands behind an app's stores, variables and
// calls.
//
// Why: an app names labels ("default", "audit") and hosts; which database, vault or limit that is
// belongs to the machine it runs on. Spin's file is read here whole and checked once, so that every
// back end gets values and no TOML. Immutable once read.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "app/app.h"

namespace kt::app {

/// `[key_value_store.<label>]` and `[sqlite_database.<label>]` of type "spin": a file.
struct FileStore {
  std::filesystem::path path;      ///< empty: in memory. Relative ones start at the file's folder
  bool allow_attach_file = false;  ///< databases only
};
struct RedisStore {
  std::string url;
};
struct CosmosStore {
  std::string account;
  std::string database;
  std::string container;
  std::optional<std::string> key;  ///< none: the credentials of the surroundings
};
struct DynamoStore {
  std::string region;
  std::string table;
  std::optional<std::string> access_key;  ///< with secret_key, or neither
  std::optional<std::string> secret_key;
  std::optional<std::string> token;
  bool consistent_read = false;
};
struct LibsqlDatabase {
  std::string url;  ///< http: or https:
  std::string token;
};
using KeyValueStore = std::variant<FileStore, RedisStore, CosmosStore, DynamoStore>;
using SqliteDatabase = std::variant<FileStore, LibsqlDatabase>;

/// `[llm_compute]` of type "remote_http".
struct RemoteLlm {
  enum class Api { Default, OpenAi };
  std::string url;
  std::string auth_token;
  Api api = Api::Default;
};

struct EnvironmentProvider {
  std::string prefix = "SPIN_VARIABLE";
  std::filesystem::path dotenv;  ///< empty: none
  Environment dotenv_values;     ///< what was in it
};
struct StaticProvider {
  Environment values;
};
struct VaultProvider {
  std::string url;
  std::string token;
  std::string mount;
  std::string prefix;  ///< empty: none
};
struct AzureKeyVaultProvider {
  struct Principal {
    std::string client_id;
    std::string client_secret;
    std::string tenant_id;
  };
  std::string vault_url;
  std::optional<Principal> principal;  ///< none: the credentials of the surroundings
  /// AzurePublicCloud, AzureChina, AzureGermany or AzureGovernment.
  std::string authority_host = "AzurePublicCloud";
};
/// One `[[variables_provider]]`.
using VariablesProvider =
    std::variant<StaticProvider, EnvironmentProvider, VaultProvider, AzureKeyVaultProvider>;

/// `[outbound_networking]`.
struct OutboundNetworking {
  std::vector<std::string> block_networks;  ///< networks as written: "10.0.0.0/8"
  bool block_private = false;               ///< "private" was among them
  std::optional<std::uint64_t> max_socket_connections;
  std::optional<std::uint64_t> max_total_connections;
};

/// One `[[client_tls]]`. The first whose component and host match counts.
struct ClientTls {
  std::vector<std::string> component_ids;
  std::vector<std::string> hosts;
  bool platform_roots = true;
  bool webpki_roots = false;
  std::filesystem::path ca_roots_file;  ///< empty: none, as with the next two
  std::filesystem::path client_cert_file;
  std::filesystem::path client_private_key_file;
};

/// Most connections at one time, of a kind of call; none: no limit.
struct ConnectionLimits {
  std::optional<std::uint64_t> http;
  std::optional<std::uint64_t> redis;
  std::optional<std::uint64_t> postgres;
  std::optional<std::uint64_t> mysql;
  std::optional<std::uint64_t> mqtt;
};

struct RuntimeConfig {
  std::filesystem::path file;            ///< empty: none was given
  std::optional<std::string> state_dir;  ///< as written; "": none at all
  std::optional<std::string> log_dir;
  std::optional<std::uint64_t> max_instance_memory;
  std::string max_instance_memory_place;                   ///< file and line
  std::map<std::string, KeyValueStore> key_value_stores;   ///< "default" only where it is redefined
  std::map<std::string, SqliteDatabase> sqlite_databases;  ///< the same
  bool llm_configured = false;                             ///< there is an `[llm_compute]`
  std::optional<RemoteLlm> llm;                            ///< none: type "spin", or no section
  std::vector<VariablesProvider> variables_providers;      ///< in the file's order
  OutboundNetworking networking;
  std::vector<ClientTls> client_tls;
  bool http_connection_pooling = true;
  ConnectionLimits max_connections;
  std::optional<std::uint64_t> mqtt_max_payload_bytes;
  /// What the start says of it: "[key_value_store.x: redis], …"; empty: nothing.
  std::string summary;
  std::vector<std::string> warnings;
};

/// Reads the file. Invalid names file, line, section and key; NotFound when there is none.
Result<RuntimeConfig> read_runtime_config(const std::filesystem::path& file);
/// The same from text; relative paths start at the folder of `file`.
Result<RuntimeConfig> parse_runtime_config(std::string_view text,
                                           const std::filesystem::path& file);

/// Every label that a component of the app names stands for something: it is "default" or in the
/// file. Invalid carries Spin's own words. To be called once the app and the file are read.
Result<Unit> check_labels(const App& app, const RuntimeConfig& config);

/// The providers as the templates of an app's own keys ask them.
std::vector<VariableSource> variable_sources(const RuntimeConfig& config);

}  // namespace kt::app
