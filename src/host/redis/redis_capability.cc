#include "host/redis/redis_capability.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "base/check.h"
#include "base/utf8.h"
#include "host/handles.h"
#include "host/redis/statefulness.h"
#include "host/shared_clients.h"

namespace kt::host {

using redis::RedisClient;
using redis::RedisCommand;
using redis::RedisReply;
using Clients = SharedClients<RedisClient>;

struct RedisCapability::Shared {
  Shared(Deps d, Options o)
      : deps(std::move(d)),
        options(std::move(o)),
        clients(deps.clock, deps.permits, Clients::Options{"redis", options.idle_time}) {}

  Deps deps;
  Options options;
  Clients clients;
};

namespace {

using wasm::HostBuffer;
using wasm::HostValue;

/// The server's own refusal.
tl::unexpected<HostRefusal> refuse_for(const RedisReply& reply) {
  const bool type = reply.is_error("WRONGTYPE") ||
                    reply.text.find("value is not an integer") != std::string::npos;
  if (type)
    return refuse(KT_FAULT_TYPE, reply.text);
  const bool denied = reply.is_error("NOPERM") || reply.is_error("NOAUTH");
  return refuse(denied ? KT_FAULT_ACCESS_DENIED : KT_FAULT_OTHER, reply.text);
}

Answer unexpected_reply() {
  return refuse(KT_FAULT_TYPE, "the server's reply has another type than the command's");
}

Answer to_nothing(const RedisReply&) {
  return HostResult();
}
Answer to_integer(const RedisReply& reply) {
  if (reply.kind != RedisReply::Kind::Integer)
    return unexpected_reply();
  return HostResult(reply.integer);
}
Answer to_bytes(const RedisReply& reply) {
  if (reply.is_nil())
    return HostResult();
  if (reply.kind != RedisReply::Kind::Bulk && reply.kind != RedisReply::Kind::Status)
    return unexpected_reply();
  return HostResult(HostBuffer::copy_of(as_bytes(reply.text)));
}
Answer to_texts(const RedisReply& reply) {
  if (reply.kind != RedisReply::Kind::Array)
    return unexpected_reply();
  HostResult::List texts;
  texts.reserve(reply.items.size());
  for (const RedisReply& item : reply.items) {
    if (!is_utf8(item.text))
      return refuse(KT_FAULT_TYPE, "a member of the set is not UTF-8 text");
    texts.emplace_back(item.text);
  }
  return HostResult(std::move(texts));
}

/// Arrays in arrays become one list, as Spin has it. False at a refusal among the items.
bool flatten(const RedisReply& reply, HostResult::List& out) {
  switch (reply.kind) {
    case RedisReply::Kind::Nil:
      out.emplace_back();
      return true;
    case RedisReply::Kind::Status:
      out.emplace_back(reply.text);
      return true;
    case RedisReply::Kind::Integer:
      out.emplace_back(reply.integer);
      return true;
    case RedisReply::Kind::Bulk:
      out.emplace_back(HostBuffer::copy_of(as_bytes(reply.text)));
      return true;
    case RedisReply::Kind::Error:
      return false;
    case RedisReply::Kind::Array:
      break;
  }
  for (const RedisReply& item : reply.items) {
    if (!flatten(item, out))
      return false;
  }
  return true;
}
Answer to_results(const RedisReply& reply) {
  HostResult::List results;
  if (!flatten(reply, results))
    return refuse(KT_FAULT_OTHER, "the server refused one of the commands of a transaction");
  return HostResult(std::move(results));
}

using Reading = Answer (*)(const RedisReply&);

struct Request {
  Request(RedisCommand c, Reading r) : command(std::move(c)), reading(r) {}
  RedisCommand command;
  Reading reading;
};

Request with_texts(std::string_view name, Reading reading, HostArguments arguments) {
  RedisCommand command(name);
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const HostValue argument = arguments[i];
    if (argument.is_text()) {
      command.add(argument.text());
    } else if (argument.is_bytes()) {
      command.add(argument.bytes());
    } else {
      for (std::size_t item = 0; item < argument.size(); ++item)
        command.add(argument[item].text());
    }
  }
  return {std::move(command), reading};
}

Request executed(HostArguments arguments) {
  RedisCommand command(arguments[1].text());
  const HostValue list = arguments[2];
  for (std::size_t i = 0; i < list.size(); ++i) {
    const HostValue argument = list[i];
    if (argument.is_integer())
      command.add_number(argument.integer());
    else
      command.add(argument.bytes());
  }
  return {std::move(command), to_results};
}

Request request_of(HostOperation operation, HostArguments arguments) {
  switch (operation) {
    case KT_REDIS_PUBLISH:
      return with_texts("PUBLISH", to_nothing, arguments);
    case KT_REDIS_GET:
      return with_texts("GET", to_bytes, arguments);
    case KT_REDIS_SET:
      return with_texts("SET", to_nothing, arguments);
    case KT_REDIS_INCR:
      return with_texts("INCR", to_integer, arguments);
    case KT_REDIS_DEL:
      return with_texts("DEL", to_integer, arguments);
    case KT_REDIS_SADD:
      return with_texts("SADD", to_integer, arguments);
    case KT_REDIS_SMEMBERS:
      return with_texts("SMEMBERS", to_texts, arguments);
    case KT_REDIS_SREM:
      return with_texts("SREM", to_integer, arguments);
    default:
      CHECK(operation == KT_REDIS_EXECUTE, "an operation of another family");
      return executed(arguments);
  }
}

/// What a guest has open: the shared client, or one of its own once it needs that.
struct OpenRedis {
  redis::RedisAddress address;
  std::shared_ptr<Clients::Lease> lease;
  bool moving = false;  // to a connection of its own
  Event moved;
  std::shared_ptr<RedisClient> own;
  ConnectionPermits::Permit own_permit;
};

/// While it lives the handle's other calls wait.
class Moving {
 public:
  explicit Moving(OpenRedis& redis) : redis_(redis) { redis_.moving = true; }
  Moving(const Moving&) = delete;
  Moving& operator=(const Moving&) = delete;
  ~Moving() {
    redis_.moving = false;
    redis_.moved.notify_all();
  }

 private:
  OpenRedis& redis_;
};

RedisCommandKind kind_of_execute(HostArguments arguments) {
  const HostValue list = arguments[2];
  const bool named = list.size() > 0 && list[0].is_bytes();
  return kind_of_command(arguments[1].text(), named ? as_text(list[0].bytes()) : "");
}

}  // namespace

/// One instance's handles.
class RedisSession final : public CapabilitySession {
 public:
  explicit RedisSession(std::shared_ptr<RedisCapability::Shared> shared)
      : shared_(std::move(shared)), open_(shared_->options.handles_max) {}

  Task<Answer> call(HostOperation operation, HostArguments arguments) override {
    if (operation == KT_REDIS_OPEN)
      co_return co_await open(std::string(arguments[0].text()));
    const std::int64_t handle = arguments[0].integer();
    if (operation == KT_REDIS_CLOSE) {
      open_.close(handle);
      co_return HostResult();
    }
    const std::shared_ptr<OpenRedis> redis = open_.find(handle);
    if (redis == nullptr)
      co_return refuse(KT_FAULT_NOT_FOUND, "the connection is not open");
    auto kind = RedisCommandKind::Shared;
    if (operation == KT_REDIS_EXECUTE)
      kind = kind_of_execute(arguments);
    if (kind == RedisCommandKind::Refused)
      co_return refuse(KT_FAULT_OTHER,
                       "this command cannot be executed here: it does not have one reply");
    while (redis->moving)
      co_await redis->moved.wait();
    if (kind == RedisCommandKind::Own && !redis->own) {
      auto moved = co_await move_to_own(redis);
      if (!moved)
        co_return refuse_for(std::move(moved).error());
    }
    co_return co_await ask(redis, operation, arguments);
  }

 private:
  Task<Answer> open(std::string address) {
    if (open_.full())
      co_return refuse(KT_FAULT_TOO_MANY, "too many Redis connections are open: close some");
    auto parsed = redis::parse_redis_address(address);
    if (!parsed)
      co_return refuse_for(std::move(parsed).error());
    const auto redis = std::make_shared<OpenRedis>();
    redis->address = *std::move(parsed);
    const std::int64_t handle = open_.add(redis);
    auto connected = co_await connect(redis, std::move(address));
    if (connected)
      co_return HostResult(handle);
    open_.close(handle);
    co_return refuse_for(std::move(connected).error());
  }

  Task<Result<Unit>> connect(std::shared_ptr<OpenRedis> redis, std::string key) {
    const redis::RedisAddress& address = redis->address;
    const std::string scheme = address.tls ? "rediss" : "redis";
    CO_TRY(shared_->deps.policy->check(scheme, address.host, address.port));
    auto make = [shared = shared_, redis] { return make_client(*shared, redis->address); };
    redis->lease = co_await shared_->clients.take(std::move(key), std::move(make));
    CO_TRY(redis->lease->client().connect());
    co_return Unit{};
  }

  static std::shared_ptr<RedisClient> make_client(RedisCapability::Shared& shared,
                                                  const redis::RedisAddress& address) {
    redis::RedisOptions options = shared.options.client;
    options.is_blocked = [policy = shared.deps.policy](const asio::ip::address& ip) {
      return policy->is_blocked(ip);
    };
    if (address.tls && !options.tls)
      options.tls = shared.options.client.tls = redis::make_tls_context();
    return std::make_shared<RedisClient>(shared.deps.executor, shared.deps.clock, address,
                                         std::move(options));
  }

  Task<Result<Unit>> move_to_own(std::shared_ptr<OpenRedis> redis) {
    const Moving moving(*redis);
    // Given back first: were connections limited to one, it would wait for itself.
    redis->lease.reset();
    auto permit = co_await shared_->clients.permit();
    auto own = make_client(*shared_, redis->address);
    CO_TRY(own->connect());
    redis->own = std::move(own);
    redis->own_permit = std::move(permit);
    co_return Unit{};
  }

  Task<Answer> ask(std::shared_ptr<OpenRedis> redis, HostOperation operation,
                   HostArguments arguments) {
    // Held here too: the handle may be closed or moved while the command is under way.
    const auto lease = redis->lease;
    const auto own = redis->own;
    if (own ? !own->connected() : lease == nullptr)
      co_return refuse(KT_FAULT_UNAVAILABLE,
                       "the connection was lost with what was set on it (a database, a "
                       "transaction): open another");
    Request request = request_of(operation, arguments);
    RedisClient& client = own ? *own : lease->client();
    auto reply = co_await client.command(std::move(request.command));
    if (!reply)
      co_return refuse_for(std::move(reply).error());
    if (reply->is_error())
      co_return refuse_for(*reply);
    co_return request.reading(*reply);
  }

  std::shared_ptr<RedisCapability::Shared> shared_;
  Handles<OpenRedis> open_;
};

RedisCapability::RedisCapability(Deps deps, Options options)
    : shared_(std::make_shared<Shared>(std::move(deps), std::move(options))) {}

RedisCapability::~RedisCapability() {
  // Its connections belong to the loop.
  const Executor executor = shared_->deps.executor;
  asio::post(executor, [shared = std::move(shared_)] {});
}

std::unique_ptr<CapabilitySession> RedisCapability::begin() {
  return std::make_unique<RedisSession>(shared_);
}

}  // namespace kt::host
