#include "cli/host_setup.h"

#include <random>

#include "cli/serve.h"
#include "host/allowed_hosts.h"
#include "host/key_value/initial_values.h"
#include "host/llm/capability.h"
#include "host/mqtt/mqtt_capability.h"
#include "host/mysql/mysql_capability.h"
#include "host/network/network_capability.h"
#include "host/otel/guest_telemetry.h"
#include "host/otel/permit_metrics.h"
#include "host/outbound_rules.h"
#include "host/postgres/postgres_capability.h"
#include "host/redis/redis_capability.h"
#include "host/sqlite/initial_statements.h"
#include "host/variables/capability.h"
#include "runtime/promise.h"

namespace kt::cli {
namespace {

using host::CapabilityFamily;

constexpr std::size_t kPemBytesMax = std::size_t{4} << 20;

Result<std::optional<std::string>> read_pem(const std::filesystem::path& file) {
  if (file.empty())
    return std::optional<std::string>();
  TRY(std::string text, app::read_file(file, kPemBytesMax));
  return std::optional<std::string>(std::move(text));
}

template <class Names>
std::set<std::string, std::less<>> set_of(const Names& names) {
  return std::set<std::string, std::less<>>(names.begin(), names.end());
}

}  // namespace

Hosts::Hosts(const AppSetup& setup, const TriggerFlags& flags, const Console& console,
             const Log& log, AppTelemetry* telemetry)
    : setup_(setup),
      wasi_otel_(flags.wasi_otel),
      console_(console),
      log_(log),
      telemetry_(telemetry) {}

Hosts::~Hosts() {
  std::promise<void> closed;
  loop_.loop().post([this, &closed] {
    closing_.emplace(loop_.executor());
    closing_->spawn(close(closed));
  });
  closed.get_future().wait();
  loop_.stop();
}

/// The engine is gone, so no session is begun any more; those that end still use what goes then.
Task<Result<Unit>> Hosts::close(std::promise<void>& closed) {
  [[maybe_unused]] const auto ended = co_await loop_.ending().join();
  hosts_.clear();
  permits_.reset();
  stores_.reset();
  services_.reset();
  closed.set_value();
  co_return Unit{};
}

Result<std::unique_ptr<Hosts>> Hosts::make(const AppSetup& setup, const TriggerFlags& flags,
                                           const Console& console, const Log& log,
                                           AppTelemetry* telemetry) {
  std::unique_ptr<Hosts> made(new Hosts(setup, flags, console, log, telemetry));
  TRY(made->put_together());
  return made;
}

Result<Unit> Hosts::prepare(const TriggerFlags& flags) {
  Loop loop;
  return run_there(loop, apply_flags(flags));
}

Result<Unit> Hosts::put_together() {
  services_ = std::make_unique<HostServices>(loop_, console_.environment, std::random_device{}());
  TRY(stores_, HostStores::make(*services_, loop_, setup_));
  TRY(stores_->variables()->check_required());
  TRY(blocked_, blocked_networks());
  TRY(tls_, client_tls());
  host::ConnectionPermits::Options limits = permits();
  if (telemetry_ != nullptr && telemetry_->is_on()) {
    limits.clock = &services_->clock();
    limits.watcher = std::make_shared<host::PermitMetrics>(*telemetry_->telemetry());
  }
  permits_ = std::make_shared<host::ConnectionPermits>(std::move(limits));
  for (const app::Component& component : setup_.app.components) {
    auto added = add(component);
    if (!added)
      return fail(added.error().within("component \"" + component.id.str() + "\""));
  }
  // Those of other triggers do not run here; what is wrong with them is said all the same.
  for (const app::Component& component : setup_.app.other_components) {
    const auto checked = host::check_allowed_hosts(component.allowed_outbound_hosts);
    if (!checked)
      return fail(checked.error().within("component \"" + component.id.str() + "\""));
  }
  return Unit{};
}

Result<host::BlockedNetworks> Hosts::blocked_networks() const {
  const app::OutboundNetworking& from = setup_.runtime.networking;
  std::vector<std::string> entries = from.block_networks;
  if (from.block_private)
    entries.push_back("private");
  auto parsed = host::BlockedNetworks::parse(entries);
  if (!parsed)
    return fail(parsed.error().within("[outbound_networking]"));
  return parsed;
}

Result<std::shared_ptr<const host::ClientTls>> Hosts::client_tls() const {
  std::vector<host::ClientTlsEntry> entries;
  for (const app::ClientTls& from : setup_.runtime.client_tls) {
    host::ClientTlsEntry entry;
    entry.component_ids = from.component_ids;
    entry.hosts = from.hosts;
    entry.ca_use_platform_roots = from.platform_roots;
    entry.ca_use_webpki_roots = from.webpki_roots;
    TRY(entry.ca_roots_pem, read_pem(from.ca_roots_file));
    TRY(entry.client_cert_pem, read_pem(from.client_cert_file));
    TRY(entry.client_private_key_pem, read_pem(from.client_private_key_file));
    entries.push_back(std::move(entry));
  }
  auto made = host::ClientTls::make(entries);
  if (!made)
    return fail(made.error().within("[[client_tls]]"));
  return std::make_shared<const host::ClientTls>(*std::move(made));
}

host::ConnectionPermits::Options Hosts::permits() const {
  host::ConnectionPermits::Options options;
  const app::ConnectionLimits& limits = setup_.runtime.max_connections;
  const app::OutboundNetworking& networking = setup_.runtime.networking;
  if (networking.max_total_connections)
    options.total_max = static_cast<std::size_t>(*networking.max_total_connections);
  const std::pair<const char*, std::optional<std::uint64_t>> uses[] = {
      {"http", limits.http},         {"redis", limits.redis},
      {"postgres", limits.postgres}, {"mysql", limits.mysql},
      {"mqtt", limits.mqtt},         {"socket", networking.max_socket_connections}};
  for (const auto& [use, max] : uses) {
    if (max)
      options.max_of_use.emplace(use, static_cast<std::size_t>(*max));
  }
  return options;
}

Result<std::shared_ptr<host::OutboundPolicy>> Hosts::policy_of(
    const app::Component& component) const {
  host::OutboundRules::Options options;
  options.component = component.id.str();
  options.allowed = component.allowed_outbound_hosts;
  options.blocked = blocked_;
  const auto resolver = stores_->variables();
  host::OutboundRules::Deps deps{
      services_->clock(),
      [resolver](std::string text) { return resolver->expand_text(std::move(text)); },
      [this](const std::string& text) { warn(text); }};
  TRY(auto rules, host::OutboundRules::make(std::move(options), std::move(deps)));
  return std::shared_ptr<host::OutboundPolicy>(std::move(rules));
}

void Hosts::offer(host::ComponentHost& host, CapabilityFamily family,
                  std::shared_ptr<host::Capability> capability) {
  if (telemetry_ != nullptr)
    capability = telemetry_->seen(std::move(capability));
  host.add(family, std::move(capability));
}

Result<Unit> Hosts::add(const app::Component& component) {
  auto host = std::make_shared<host::ComponentHost>(loop_);
  TRY(add_stores(component, *host));
  TRY(const auto policy, policy_of(component));
  host::NetworkCapability::Deps network;
  network.policy = policy;
  network.permits = permits_;
  network.tls = tls_;
  network.reuses_connections = setup_.runtime.http_connection_pooling;
  network.plain_http2 = console_.variable("SPIN_OUTBOUND_H2C_PRIOR_KNOWLEDGE");
  network.warn = [this](const std::string& text) { warn(text); };
  offer(*host, CapabilityFamily::Network,
        std::make_shared<host::NetworkCapability>(component.id.str(), std::move(network)));
  add_servers(policy, *host);
  if (wasi_otel_) {
    otel::Telemetry* const telemetry = telemetry_ == nullptr ? nullptr : telemetry_->telemetry();
    host->add(CapabilityFamily::Otel,
              std::make_shared<host::GuestTelemetry>(component.id.str(), telemetry, log_));
  }
  hosts_.emplace(component.id, std::move(host));
  return Unit{};
}

Result<Unit> Hosts::add_stores(const app::Component& component, host::ComponentHost& host) {
  host::VariablesCapability::Options variables;
  variables.component = component.id.str();
  variables.config.insert(component.variables.begin(), component.variables.end());
  TRY(auto reader, host::VariablesCapability::make(stores_->variables(), std::move(variables)));
  offer(host, CapabilityFamily::Variables, std::move(reader));
  host::KeyValueOptions key_value;
  key_value.allowed = set_of(component.key_value_stores);
  offer(
      host, CapabilityFamily::KeyValue,
      std::make_shared<host::KeyValueCapability>(stores_->key_value(), std::move(key_value), log_));
  host::SqliteOptions sqlite;
  sqlite.allowed = set_of(component.sqlite_databases);
  offer(host, CapabilityFamily::Sqlite,
        std::make_shared<host::SqliteCapability>(stores_->databases(), std::move(sqlite), log_));
  offer(host, CapabilityFamily::Llm,
        std::make_shared<host::LlmCapability>(stores_->models(), set_of(component.ai_models)));
  return Unit{};
}

void Hosts::add_servers(const std::shared_ptr<host::OutboundPolicy>& policy,
                        host::ComponentHost& host) {
  const app::ConnectionLimits& limits = setup_.runtime.max_connections;
  host::RedisCapability::Options redis;
  if (limits.redis)
    redis.idle_time = Duration(0);
  const host::RedisCapability::Deps to_redis{loop_.executor(), loop_.clock(), policy, permits_};
  offer(host, CapabilityFamily::Redis,
        std::make_shared<host::RedisCapability>(to_redis, std::move(redis)));
  host::MqttCapability::Options mqtt;
  if (limits.mqtt)
    mqtt.idle_time = Duration(0);
  if (setup_.runtime.mqtt_max_payload_bytes)
    mqtt.payload_max_bytes = static_cast<std::size_t>(*setup_.runtime.mqtt_max_payload_bytes);
  const host::MqttCapability::Deps to_mqtt{loop_.executor(), loop_.clock(), policy, permits_};
  offer(host, CapabilityFamily::Mqtt,
        std::make_shared<host::MqttCapability>(to_mqtt, std::move(mqtt)));
  const host::PostgresCapability::Deps to_postgres{loop_.executor(), loop_.clock(), stores_->work(),
                                                   policy, permits_};
  offer(host, CapabilityFamily::Postgres, std::make_shared<host::PostgresCapability>(to_postgres));
  const host::MysqlCapability::Deps to_mysql{loop_.executor(), loop_.clock(), stores_->logins(),
                                             policy, permits_};
  offer(host, CapabilityFamily::Mysql, std::make_shared<host::MysqlCapability>(to_mysql));
}

Result<Unit> Hosts::run_there(Loop& loop, Task<Result<Unit>> task) {
  struct Relay {
    static Task<Result<Unit>> run(Task<Result<Unit>> what, Promise<Result<Unit>> done) {
      done.set(co_await std::move(what));
      co_return Unit{};
    }
  };
  const Promise<Result<Unit>> done(loop);
  loop_.loop().post(
      [this, &task, done] { loop_.ending().spawn(Relay::run(std::move(task), done)); });
  return serve(loop, done.take());
}

/// In Spin's order: statements, then pairs.
Task<Result<Unit>> Hosts::apply_flags(TriggerFlags flags) {
  auto ran = co_await host::run_initial_statements(*stores_->databases(), flags.sqlite);
  if (!ran)
    co_return fail(ran.error().within("--sqlite"));
  const auto values = flags.key_values();
  if (values.empty())
    co_return Unit{};
  const auto store = stores_->key_value()->at("default");
  auto set = co_await host::set_initial_values(*store, values);
  if (!set)
    co_return fail(set.error().within("--key-value"));
  co_return Unit{};
}

void Hosts::warn(const std::string& text) const {
  console_.err << text + "\n" << std::flush;
}

}  // namespace kt::cli
