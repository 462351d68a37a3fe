#include "host/otel/traced_capability.h"

#include <map>
#include <string_view>
#include <utility>

#include "host/trace_headers.h"

namespace kt::host {
namespace {

using otel::Span;

/// How an operation is shown; without a name it is not.
struct Shown {
  std::string_view name;
  std::string_view system;     ///< db.system; empty: none
  bool has_statement = false;  ///< its second argument is one
};

Shown shown_database(HostOperation operation) {
  switch (operation) {
    case KT_SQLITE_OPEN:
      return {"spin_sqlite.open", "sqlite"};
    case KT_SQLITE_EXECUTE:
      return {"spin_sqlite.execute", "sqlite", true};
    case KT_POSTGRES_OPEN:
      return {"spin_outbound_pg.open", "postgresql"};
    case KT_POSTGRES_EXECUTE:
      return {"spin_outbound_pg.execute", "postgresql", true};
    case KT_POSTGRES_QUERY:
      return {"spin_outbound_pg.query", "postgresql", true};
    case KT_MYSQL_OPEN:
      return {"spin_outbound_mysql.open", "mysql"};
    case KT_MYSQL_EXECUTE:
      return {"spin_outbound_mysql.execute", "mysql", true};
    case KT_MYSQL_QUERY:
      return {"spin_outbound_mysql.query", "mysql", true};
    default:
      return {};
  }
}

Shown shown_redis(HostOperation operation) {
  switch (operation) {
    case KT_REDIS_OPEN:
      return {"spin_outbound_redis.establish_connection", "redis"};
    case KT_REDIS_PUBLISH:
      return {"spin_outbound_redis.publish", "redis"};
    case KT_REDIS_GET:
      return {"spin_outbound_redis.get", "redis"};
    case KT_REDIS_SET:
      return {"spin_outbound_redis.set", "redis"};
    case KT_REDIS_INCR:
      return {"spin_outbound_redis.incr", "redis"};
    case KT_REDIS_DEL:
      return {"spin_outbound_redis.del", "redis"};
    case KT_REDIS_SADD:
      return {"spin_outbound_redis.sadd", "redis"};
    case KT_REDIS_SMEMBERS:
      return {"spin_outbound_redis.smembers", "redis"};
    case KT_REDIS_SREM:
      return {"spin_outbound_redis.srem", "redis"};
    case KT_REDIS_EXECUTE:
      return {"spin_outbound_redis.execute", "redis"};
    default:
      return {};
  }
}

Shown shown_key_value(HostOperation operation) {
  switch (operation) {
    case KT_KEY_VALUE_OPEN:
      return {"spin_key_value.open", ""};
    case KT_KEY_VALUE_GET:
      return {"spin_key_value.get", ""};
    case KT_KEY_VALUE_SET:
      return {"spin_key_value.set", ""};
    case KT_KEY_VALUE_DELETE:
      return {"spin_key_value.delete", ""};
    case KT_KEY_VALUE_EXISTS:
      return {"spin_key_value.exists", ""};
    case KT_KEY_VALUE_KEYS:
      return {"spin_key_value.get_keys", ""};
    case KT_KEY_VALUE_GET_MANY:
      return {"spin_key_value.get_many", ""};
    case KT_KEY_VALUE_SET_MANY:
      return {"spin_key_value.set_many", ""};
    case KT_KEY_VALUE_DELETE_MANY:
      return {"spin_key_value.delete_many", ""};
    case KT_KEY_VALUE_INCREMENT:
      return {"spin_key_value.increment", ""};
    case KT_KEY_VALUE_SWAP:
      return {"spin_key_value.swap", ""};
    default:
      return {};
  }
}

Shown shown(HostOperation operation) {
  switch (family_of(operation)) {
    case CapabilityFamily::Variables:
      return {operation == KT_VARIABLES_GET ? "spin_variables.get" : "wasi_config.get_all", ""};
    case CapabilityFamily::KeyValue:
      return shown_key_value(operation);
    case CapabilityFamily::Sqlite:
    case CapabilityFamily::Postgres:
    case CapabilityFamily::Mysql:
      return shown_database(operation);
    case CapabilityFamily::Redis:
      return shown_redis(operation);
    case CapabilityFamily::Mqtt:
      if (operation == KT_MQTT_OPEN)
        return {"spin_outbound_mqtt.open_connection", ""};
      return operation == KT_MQTT_PUBLISH ? Shown{"spin_outbound_mqtt.publish", ""} : Shown{};
    case CapabilityFamily::Llm:
      return {operation == KT_LLM_INFER ? "spin_llm.infer" : "spin_llm.generate_embeddings", ""};
    case CapabilityFamily::Network:
    case CapabilityFamily::Otel:
      return {};
  }
  return {};
}

Span::Blame blame(HostFault fault) {
  switch (fault) {
    case KT_FAULT_ACCESS_DENIED:
    case KT_FAULT_NOT_FOUND:
    case KT_FAULT_INVALID:
    case KT_FAULT_TOO_MANY:
    case KT_FAULT_TYPE:
    case KT_FAULT_QUERY:
      return Span::Blame::Guest;
    default:
      return Span::Blame::Host;
  }
}

class TracedSession final : public CapabilitySession {
 public:
  TracedSession(std::unique_ptr<CapabilitySession> session,
                std::shared_ptr<const InstanceTrace> trace, otel::Telemetry& telemetry)
      : session_(std::move(session)), trace_(std::move(trace)), telemetry_(telemetry) {
    inferences_.name = "spin.llm_infer";
  }

  Task<Answer> call(HostOperation operation, HostArguments arguments) override {
    if (family_of(operation) == CapabilityFamily::Network)
      return network(operation, arguments);
    const Shown how = shown(operation);
    if (how.name.empty())
      return session_->call(operation, arguments);
    return traced(how, operation, arguments);
  }

 private:
  Task<Answer> traced(Shown how, HostOperation operation, HostArguments arguments) {
    constexpr std::size_t kStatementBytesMax = 1024;
    otel::SpanStart start(std::string(how.name), otel::SpanKind::Client);
    start.parent = trace_->current();
    if (!how.system.empty())
      start.attributes.emplace_back("db.system", std::string(how.system));
    if (how.has_statement)
      start.attributes.emplace_back("db.query.text",
                                    otel::bounded(arguments[1].text(), kStatementBytesMax));
    Span span = telemetry_.tracer().start(std::move(start));
    Answer answer = co_await session_->call(operation, arguments);
    if (operation == KT_LLM_INFER)
      count_inference(arguments, answer);
    // That another writer was faster is an answer too.
    if (!answer && answer.error().fault != KT_FAULT_CONFLICT)
      span.fail(answer.error().message, blame(answer.error().fault));
    co_return answer;
  }

  /// Of the models that the component may use: others are any text a guest thinks of.
  void count_inference(HostArguments arguments, const Answer& answer) {
    if (!answer && answer.error().fault == KT_FAULT_INVALID)
      return;
    otel::Attributes model;
    model.emplace_back("model_name", std::string(arguments[0].text()));
    telemetry_.meter().add(inferences_, model);
  }

  Task<Answer> network(HostOperation operation, HostArguments arguments) {
    if (operation == KT_NETWORK_END_REQUEST)
      end_request(arguments);
    Answer answer = co_await session_->call(operation, arguments);
    if (operation != KT_NETWORK_BEGIN_REQUEST || !answer || requests_.size() >= kRequestsMax)
      co_return answer;
    co_return begin_request(*answer->list(), arguments);
  }

  /// The same answer with a number and the headers of the request's own span.
  Answer begin_request(const HostResult::List& plain, HostArguments arguments) {
    otel::SpanStart start("spin_outbound_http.send_request", otel::SpanKind::Client);
    start.parent = trace_->current();
    start.attributes.emplace_back("http.request.method", std::string(arguments[0].text()));
    start.attributes.emplace_back("url.scheme", std::string(arguments[1].text()));
    start.attributes.emplace_back("server.address", std::string(arguments[2].text()));
    start.attributes.emplace_back("server.port", arguments[3].integer());
    Span span = telemetry_.tracer().start(std::move(start));
    HostResult::List parts;
    parts.emplace_back(++last_request_);
    parts.push_back(trace_headers(span.context()));
    parts.emplace_back(*plain[2].boolean());
    parts.emplace_back(*plain[3].boolean());
    requests_.emplace(last_request_, std::move(span));
    return HostResult(std::move(parts));
  }

  void end_request(HostArguments arguments) {
    const auto found = requests_.find(arguments[0].integer());
    if (found == requests_.end())
      return;
    if (arguments[1].is_integer())
      found->second.set("http.response.status_code", arguments[1].integer());
    if (arguments[2].is_text())
      found->second.fail(std::string(arguments[2].text()), Span::Blame::Host);
    requests_.erase(found);
  }

  static constexpr std::size_t kRequestsMax = 4096;

  std::unique_ptr<CapabilitySession> session_;
  std::shared_ptr<const InstanceTrace> trace_;
  otel::Telemetry& telemetry_;
  otel::Instrument inferences_;
  std::int64_t last_request_ = 0;
  std::map<std::int64_t, Span> requests_;
};

}  // namespace

std::unique_ptr<CapabilitySession> TracedCapability::begin_traced(
    std::shared_ptr<InstanceTrace> trace) {
  auto session = capability_->begin_traced(trace);
  return std::make_unique<TracedSession>(std::move(session), std::move(trace), telemetry_);
}

}  // namespace kt::host
