#include "host/redis/redis_capability.h"

#include <gmock/gmock.h>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <future>

#include "host/host_loop.h"
#include "host/redis/statefulness.h"
#include "runtime/task_group.h"
#include "tests/support/run_real.h"
#include "tests/support/server_process.h"
#include "wasm/host_testing.h"

namespace kt::host {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;
using wasm::HostBuffer;
using wasm::list_of;
using wasm::TestArguments;
using List = HostResult::List;

HostBuffer bytes(std::string_view text) {
  return HostBuffer::copy_of(as_bytes(text));
}

/// A reply in words: "#3" an integer, "+OK" a status, "-" none, else the bytes.
std::string word(const HostResult& value) {
  if (value.is_none())
    return "-";
  if (value.integer() != nullptr)
    return "#" + std::to_string(*value.integer());
  if (value.text() != nullptr)
    return "+" + *value.text();
  return std::string(as_text(value.bytes()->view()));
}

class TestPolicy final : public OutboundPolicy {
 public:
  Task<Result<Unit>> check(std::string scheme, std::string host, std::uint16_t port) override {
    asked.push_back(scheme + "://" + host + ":" + std::to_string(port));
    if (denied)
      co_return fail(ErrorCode::AccessDenied, "not allowed");
    co_return Unit{};
  }
  bool is_blocked(const asio::ip::address&) const override { return blocked; }

  bool denied = false;
  bool blocked = false;
  std::vector<std::string> asked;
};

class ARedisCapability : public testing::Test {
 protected:
  ARedisCapability() {
    test::ServerCommand command;
    command.arguments = {"redis-server", "--port", "{port}", "--bind",     "127.0.0.1",
                         "--save",       "",       "--dir",  "{directory}"};
    server.emplace(command);
    EXPECT_TRUE(server->start());
    begin({}, {});
  }
  ~ARedisCapability() override {
    session.reset();
    capability.reset();
  }

  void begin(RedisCapability::Options options, ConnectionPermits::Options limits) {
    permits = std::make_shared<ConnectionPermits>(std::move(limits));
    RedisCapability::Deps deps{real.executor(), real.clock(), policy, permits};
    session.reset();
    capability = std::make_unique<RedisCapability>(std::move(deps), std::move(options));
    session = capability->begin();
  }
  std::string address() const { return "redis://127.0.0.1:" + std::to_string(server->port()); }

  template <class... Values>
  Answer call(HostOperation operation, Values&&... values) {
    const TestArguments arguments(list_of(std::forward<Values>(values)...));
    return real.run(session->call(operation, arguments.view()));
  }
  std::int64_t open() {
    auto opened = call(KT_REDIS_OPEN, address());
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? *opened->integer() : -1;
  }
  List execute_arguments(std::int64_t handle, std::string name, std::vector<std::string> words) {
    List list;
    for (const std::string& argument : words)
      list.emplace_back(bytes(argument));
    return list_of(handle, std::move(name), std::move(list));
  }
  Answer execute(std::int64_t handle, std::string name, std::vector<std::string> words) {
    const TestArguments arguments(execute_arguments(handle, std::move(name), std::move(words)));
    return real.run(session->call(KT_REDIS_EXECUTE, arguments.view()));
  }
  /// The replies in words, or the message of the refusal.
  std::vector<std::string> executed(std::int64_t handle, std::string name,
                                    std::vector<std::string> words) {
    const auto answer = execute(handle, std::move(name), std::move(words));
    if (!answer)
      return {answer.error().message};
    std::vector<std::string> out;
    for (const HostResult& item : *answer->list())
      out.push_back(word(item));
    return out;
  }
  static List texts(std::vector<std::string> words) {
    List list;
    for (std::string& text : words)
      list.emplace_back(std::move(text));
    return list;
  }
  static HostFault fault(const Answer& answer) {
    EXPECT_FALSE(answer);
    return answer ? HostFault{} : answer.error().fault;
  }

  std::optional<test::ServerProcess> server;
  test::RealLoop real;
  std::shared_ptr<TestPolicy> policy = std::make_shared<TestPolicy>();
  std::shared_ptr<ConnectionPermits> permits;
  std::unique_ptr<RedisCapability> capability;
  std::unique_ptr<CapabilitySession> session;
};

const std::string kBinary("\0\xff\r\n+OK", 7);

TEST_F(ARedisCapability, AnswersEveryOperation) {
  const auto redis = open();
  EXPECT_TRUE(call(KT_REDIS_GET, redis, std::string("key"))->is_none());
  EXPECT_TRUE(call(KT_REDIS_SET, redis, std::string("key"), bytes(kBinary))->is_none());
  EXPECT_EQ(word(*call(KT_REDIS_GET, redis, std::string("key"))), kBinary);
  EXPECT_TRUE(call(KT_REDIS_SET, redis, std::string("empty"), bytes(""))->is_none());
  EXPECT_EQ(word(*call(KT_REDIS_GET, redis, std::string("empty"))), "");
  EXPECT_EQ(word(*call(KT_REDIS_INCR, redis, std::string("count"))), "#1");
  EXPECT_EQ(word(*call(KT_REDIS_INCR, redis, std::string("count"))), "#2");
  EXPECT_EQ(word(*call(KT_REDIS_SADD, redis, std::string("set"), texts({"b", "a", "c"}))), "#3");
  EXPECT_EQ(word(*call(KT_REDIS_SREM, redis, std::string("set"), texts({"b", "x"}))), "#1");
  const auto members = call(KT_REDIS_SMEMBERS, redis, std::string("set"));
  std::vector<std::string> names;
  for (const HostResult& member : *members->list())
    names.push_back(*member.text());
  EXPECT_THAT(names, UnorderedElementsAre("a", "c"));
  EXPECT_TRUE(call(KT_REDIS_SMEMBERS, redis, std::string("none"))->list()->empty());
  EXPECT_EQ(word(*call(KT_REDIS_DEL, redis, texts({"key", "set", "none"}))), "#2");
  EXPECT_TRUE(call(KT_REDIS_PUBLISH, redis, std::string("channel"), bytes(kBinary))->is_none());
  EXPECT_TRUE(call(KT_REDIS_CLOSE, redis)->is_none());
  EXPECT_EQ(fault(call(KT_REDIS_GET, redis, std::string("key"))), KT_FAULT_NOT_FOUND);
}

TEST_F(ARedisCapability, PublishesToWhoeverSubscribed) {
  const auto redis = open();
  asio::basic_stream_socket<asio::ip::tcp, Executor> subscriber(real.executor());
  subscriber.connect({asio::ip::address_v4::loopback(), server->port()});
  asio::write(subscriber, asio::buffer(std::string_view("SUBSCRIBE news\r\n")));
  std::string heard;
  asio::read_until(subscriber, asio::dynamic_buffer(heard), ":1\r\n");
  EXPECT_TRUE(call(KT_REDIS_PUBLISH, redis, std::string("news"), bytes(kBinary)));
  asio::read_until(subscriber, asio::dynamic_buffer(heard), "$7\r\n" + kBinary + "\r\n");
  EXPECT_THAT(heard, HasSubstr("message\r\n$4\r\nnews"));
}

TEST_F(ARedisCapability, ExecutesAnyCommandAndFlattensItsReply) {
  const auto redis = open();
  EXPECT_THAT(executed(redis, "PING", {}), testing::ElementsAre("+PONG"));
  EXPECT_THAT(executed(redis, "GET", {"none"}), testing::ElementsAre("-"));
  EXPECT_THAT(executed(redis, "EVAL", {"return {1,{'a',{2,false}},'b'}", "0"}),
              testing::ElementsAre("#1", "a", "#2", "-", "b"));
  const TestArguments mixed(
      list_of(redis, std::string("INCRBY"), list_of(bytes("n"), std::int64_t{-5})));
  EXPECT_EQ(word((*real.run(session->call(KT_REDIS_EXECUTE, mixed.view()))->list())[0]), "#-5");
  const auto unknown = execute(redis, "NOSUCHCOMMAND", {});
  EXPECT_EQ(fault(unknown), KT_FAULT_OTHER);
  EXPECT_THAT(unknown.error().message, HasSubstr("unknown command"));
}

TEST_F(ARedisCapability, SaysThatATypeIsWrong) {
  const auto redis = open();
  EXPECT_EQ(word(*call(KT_REDIS_SADD, redis, std::string("set"), texts({"a"}))), "#1");
  EXPECT_EQ(fault(call(KT_REDIS_GET, redis, std::string("set"))), KT_FAULT_TYPE);
  EXPECT_EQ(fault(call(KT_REDIS_INCR, redis, std::string("set"))), KT_FAULT_TYPE);
  EXPECT_TRUE(call(KT_REDIS_SET, redis, std::string("text"), bytes("words")));
  EXPECT_EQ(fault(call(KT_REDIS_INCR, redis, std::string("text"))), KT_FAULT_TYPE);
  EXPECT_EQ(fault(call(KT_REDIS_SADD, redis, std::string("text"), texts({"a"}))), KT_FAULT_TYPE);
  EXPECT_EQ(fault(call(KT_REDIS_SREM, redis, std::string("text"), texts({"a"}))), KT_FAULT_TYPE);
  EXPECT_EQ(fault(call(KT_REDIS_SMEMBERS, redis, std::string("text"))), KT_FAULT_TYPE);
  executed(redis, "SADD", {"binary", "\xff\xfe"});
  EXPECT_EQ(fault(call(KT_REDIS_SMEMBERS, redis, std::string("binary"))), KT_FAULT_TYPE);
}

TEST_F(ARedisCapability, CarriesLargeValuesWithinItsBound) {
  RedisCapability::Options options;
  options.client.reply_max_bytes = 5'000'000;
  begin(options, {});
  const auto redis = open();
  const std::string large(4'900'000, 'v');
  EXPECT_TRUE(call(KT_REDIS_SET, redis, std::string("k"), bytes(large)));
  EXPECT_EQ(word(*call(KT_REDIS_GET, redis, std::string("k"))), large);
  executed(redis, "APPEND", {"k", large});
  const auto refused = call(KT_REDIS_GET, redis, std::string("k"));
  EXPECT_EQ(fault(refused), KT_FAULT_OTHER);
  EXPECT_EQ(refused.error().message, "query result exceeds limit of 5000000 bytes");
  EXPECT_THAT(executed(redis, "STRLEN", {"k"}), testing::ElementsAre("#9800000"));
}

TEST_F(ARedisCapability, AsksThePolicyByNameAndByAddress) {
  EXPECT_EQ(fault(call(KT_REDIS_OPEN, std::string("localhost:6379"))), KT_FAULT_INVALID);
  EXPECT_TRUE(policy->asked.empty());
  policy->denied = true;
  EXPECT_EQ(fault(call(KT_REDIS_OPEN, std::string("rediss://user:pw@cache.internal"))),
            KT_FAULT_ACCESS_DENIED);
  EXPECT_EQ(policy->asked.at(0), "rediss://cache.internal:6379");
  policy->denied = false;
  policy->blocked = true;
  const auto blocked = call(KT_REDIS_OPEN, address());
  EXPECT_EQ(fault(blocked), KT_FAULT_ACCESS_DENIED);
  EXPECT_THAT(blocked.error().message, HasSubstr("blocks"));
}

TEST_F(ARedisCapability, IsDeniedAgainAtEachOpenOfASharedConnection) {
  open();
  policy->denied = true;
  EXPECT_EQ(fault(call(KT_REDIS_OPEN, address())), KT_FAULT_ACCESS_DENIED);
}

TEST_F(ARedisCapability, SaysWhenTheServerCannotBeReachedAndReachesItAgain) {
  const auto redis = open();
  server->kill();
  const auto lost = call(KT_REDIS_GET, redis, std::string("k"));
  EXPECT_EQ(fault(lost), KT_FAULT_UNAVAILABLE);
  EXPECT_EQ(fault(call(KT_REDIS_OPEN, address())), KT_FAULT_UNAVAILABLE);
  ASSERT_TRUE(server->start());
  EXPECT_TRUE(call(KT_REDIS_GET, redis, std::string("k")));
}

TEST_F(ARedisCapability, EndsACallThatIsNeverAnswered) {
  RedisCapability::Options options;
  options.client.command_timeout = std::chrono::milliseconds(200);
  begin(options, {});
  const auto redis = open();
  server->pause();
  const auto late = call(KT_REDIS_GET, redis, std::string("k"));
  server->resume();
  EXPECT_EQ(fault(late), KT_FAULT_UNAVAILABLE);
  EXPECT_THAT(late.error().message, HasSubstr("deadline"));
}

TEST_F(ARedisCapability, BoundsTheHandlesOfAnInstance) {
  RedisCapability::Options options;
  options.handles_max = 3;
  begin(options, {});
  const auto first = open();
  open();
  open();
  EXPECT_EQ(fault(call(KT_REDIS_OPEN, address())), KT_FAULT_TOO_MANY);
  call(KT_REDIS_CLOSE, first);
  open();
  EXPECT_EQ(permits->held(), 1u) << "all of them share one connection";
}

TEST_F(ARedisCapability, GivesAHandleItsOwnConnectionForWhatOthersMustNotSee) {
  const auto shared = open();
  const auto own = open();
  EXPECT_THAT(executed(own, "SELECT", {"5"}), testing::ElementsAre("+OK"));
  EXPECT_EQ(permits->held(), 2u);
  EXPECT_TRUE(call(KT_REDIS_SET, own, std::string("k"), bytes("five")));
  EXPECT_TRUE(call(KT_REDIS_GET, shared, std::string("k"))->is_none());
  EXPECT_THAT(executed(own, "MULTI", {}), testing::ElementsAre("+OK"));
  EXPECT_THAT(executed(own, "GET", {"k"}), testing::ElementsAre("+QUEUED"));
  EXPECT_TRUE(call(KT_REDIS_SET, shared, std::string("k"), bytes("zero")));
  EXPECT_THAT(executed(own, "exec", {}), testing::ElementsAre("five"));
  server->kill();
  EXPECT_EQ(fault(call(KT_REDIS_GET, shared, std::string("k"))), KT_FAULT_UNAVAILABLE);
  ASSERT_TRUE(server->start());
  EXPECT_TRUE(call(KT_REDIS_GET, shared, std::string("k")));
  const auto forgotten = call(KT_REDIS_GET, own, std::string("k"));
  EXPECT_EQ(fault(forgotten), KT_FAULT_UNAVAILABLE) << "database 5 is not selected any more";
  call(KT_REDIS_CLOSE, own);
  EXPECT_EQ(permits->held(), 1u);
}

TEST_F(ARedisCapability, HoldsNobodyUpWithABlockingCommand) {
  const auto waiting = open();
  const auto pushing = open();
  const TestArguments pop(execute_arguments(waiting, "BLPOP", {"queue", "0"}));
  std::optional<Answer> popped;
  struct Popping {
    static Task<Result<Unit>> run(CapabilitySession& session, HostArguments arguments,
                                  std::optional<Answer>& out) {
      out.emplace(co_await session.call(KT_REDIS_EXECUTE, arguments));
      co_return Unit{};
    }
  };
  TaskGroup tasks(real.loop());
  tasks.spawn(Popping::run(*session, pop.view(), popped));
  EXPECT_THAT(executed(pushing, "PING", {}), testing::ElementsAre("+PONG"));
  EXPECT_THAT(executed(pushing, "RPUSH", {"queue", "item"}), testing::ElementsAre("#1"));
  real.run_until([&] { return tasks.empty(); });
  EXPECT_EQ(word((*(*popped)->list())[1]), "item");
}

TEST_F(ARedisCapability, RefusesCommandsWithoutOneReply) {
  const auto redis = open();
  for (const char* name : {"SUBSCRIBE", "subscribe", "MONITOR", "HELLO", "Quit", "RESET"})
    EXPECT_EQ(fault(execute(redis, name, {"x"})), KT_FAULT_OTHER) << name;
  EXPECT_EQ(fault(execute(redis, "CLIENT", {"reply", "OFF"})), KT_FAULT_OTHER);
  EXPECT_THAT(executed(redis, "PING", {}), testing::ElementsAre("+PONG"));
}

TEST_F(ARedisCapability, WaitsForAPermitAndNeverForItself) {
  RedisCapability::Options options;
  ConnectionPermits::Options limits;
  limits.max_of_use["redis"] = 1;
  begin(options, limits);
  const auto redis = open();
  EXPECT_THAT(executed(redis, "SELECT", {"1"}), testing::ElementsAre("+OK"));
  EXPECT_EQ(permits->held(), 1u);
  const TestArguments arguments(list_of(address()));
  std::optional<Answer> opened;
  struct Opening {
    static Task<Result<Unit>> run(CapabilitySession& session, HostArguments at,
                                  std::optional<Answer>& out) {
      out.emplace(co_await session.call(KT_REDIS_OPEN, at));
      co_return Unit{};
    }
  };
  TaskGroup tasks(real.loop());
  tasks.spawn(Opening::run(*session, arguments.view(), opened));
  EXPECT_THAT(executed(redis, "PING", {}), testing::ElementsAre("+PONG"));
  EXPECT_FALSE(opened.has_value());
  call(KT_REDIS_CLOSE, redis);
  real.run_until([&] { return tasks.empty(); });
  EXPECT_TRUE(*opened);
}

TEST_F(ARedisCapability, KeepsAConnectionForTheNextInstanceAndNotForEver) {
  RedisCapability::Options options;
  options.idle_time = std::chrono::milliseconds(100);
  begin(options, {});
  open();
  session = capability->begin();
  EXPECT_EQ(permits->held(), 1u);
  const auto redis = open();
  EXPECT_THAT(executed(redis, "CLIENT", {"NO-EVICT", "off"}), testing::ElementsAre("+OK"));
  session.reset();
  real.run_until([&] { return permits->held() == 0; });
}

Task<Result<Unit>> increment(CapabilitySession& session, HostArguments arguments, int times,
                             std::int64_t& sum) {
  for (int i = 0; i < times; ++i) {
    const Answer answer = co_await session.call(KT_REDIS_INCR, arguments);
    if (!answer)
      co_return fail(ErrorCode::Unavailable, answer.error().message);
    sum = std::max(sum, *answer->integer());
  }
  co_return Unit{};
}

TEST_F(ARedisCapability, AnswersManyCallsAtATime) {
  const auto redis = open();
  const TestArguments arguments(list_of(redis, std::string("count")));
  std::int64_t sum = 0;
  TaskGroup tasks(real.loop());
  for (int i = 0; i < 200; ++i)
    tasks.spawn(increment(*session, arguments.view(), 10, sum));
  const auto done = real.run(tasks.join());
  EXPECT_TRUE(done) << done.error().what;
  EXPECT_EQ(sum, 2000);
}

TEST(ARedisCapabilityOnAHostLoop, GoesWithItsConnectionsWhileTheLoopRuns) {
  test::ServerCommand command;
  command.arguments = {"redis-server", "--port", "{port}", "--bind", "127.0.0.1", "--save", ""};
  test::ServerProcess server(command);
  ASSERT_TRUE(server.start());
  HostLoop loop;
  const auto permits = std::make_shared<ConnectionPermits>(ConnectionPermits::Options{});
  RedisCapability::Deps deps{loop.executor(), loop.clock(), std::make_shared<TestPolicy>(),
                             permits};
  std::unique_ptr<RedisCapability> other =
      std::make_unique<RedisCapability>(deps, RedisCapability::Options{});
  const TestArguments arguments(list_of("redis://127.0.0.1:" + std::to_string(server.port())));
  std::promise<bool> opened;
  struct Using {
    static Task<Result<Unit>> run(RedisCapability& redis, HostArguments at,
                                  std::promise<bool>& out) {
      const auto session = redis.begin();
      const Answer answer = co_await session->call(KT_REDIS_OPEN, at);
      out.set_value(answer.has_value());
      co_return Unit{};
    }
  };
  loop.loop().post([&] { loop.ending().spawn(Using::run(*other, arguments.view(), opened)); });
  EXPECT_TRUE(opened.get_future().get());
  other.reset();  // its connection lies idle on the loop
}

TEST(ARedisCommand, IsKnownByNameInAnyCase) {
  EXPECT_EQ(kind_of_command("get", ""), RedisCommandKind::Shared);
  EXPECT_EQ(kind_of_command("bLpOp", ""), RedisCommandKind::Own);
  EXPECT_EQ(kind_of_command("CLIENT", "ID"), RedisCommandKind::Own);
  EXPECT_EQ(kind_of_command("client", "Reply"), RedisCommandKind::Refused);
  EXPECT_EQ(kind_of_command(std::string(1000, 'x'), ""), RedisCommandKind::Shared);
}

}  // namespace
}  // namespace kt::host
