#include "redis/client.h"

#include <gmock/gmock.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "runtime/task_group.h"
#include "tests/support/run_real.h"
#include "tests/support/server_process.h"

namespace kt::redis {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

test::ServerCommand redis_server(std::vector<std::string> more = {}) {
  test::ServerCommand command;
  command.arguments = {"redis-server", "--port", "{port}", "--bind",     "127.0.0.1",
                       "--save",       "",       "--dir",  "{directory}"};
  command.arguments.insert(command.arguments.end(), more.begin(), more.end());
  return command;
}

class ARedisClient : public testing::Test {
 protected:
  RedisAddress here() const {
    RedisAddress address;
    address.host = "127.0.0.1";
    address.port = server.port();
    return address;
  }
  std::unique_ptr<RedisClient> client(RedisOptions options = {}) {
    return client_of(here(), std::move(options));
  }
  std::unique_ptr<RedisClient> client_of(RedisAddress address, RedisOptions options = {}) {
    return std::make_unique<RedisClient>(real.executor(), real.clock(), std::move(address),
                                         std::move(options));
  }
  Result<RedisReply> ask(RedisClient& redis, std::vector<std::string> words) {
    RedisCommand command(words.front());
    for (std::size_t i = 1; i < words.size(); ++i)
      command.add(words[i]);
    return real.run(redis.command(std::move(command)));
  }

  test::ServerProcess server{redis_server()};
  test::RealLoop real;
};

TEST_F(ARedisClient, ReadsEveryKindOfReply) {
  ASSERT_TRUE(server.start());
  const auto redis = client();
  const std::string binary("\0\r\n\xff$5\r\n", 9);
  EXPECT_EQ(ask(*redis, {"SET", "key", binary})->text, "OK");
  const auto bulk = ask(*redis, {"GET", "key"});
  EXPECT_EQ(bulk->kind, RedisReply::Kind::Bulk);
  EXPECT_EQ(bulk->text, binary);
  EXPECT_TRUE(ask(*redis, {"GET", "absent"})->is_nil());
  EXPECT_EQ(ask(*redis, {"INCRBY", "count", "-7"})->integer, -7);
  EXPECT_TRUE(ask(*redis, {"LPUSH", "key", "x"})->is_error("WRONGTYPE"));
  const auto nested = ask(*redis, {"EVAL", "return {1,{'a',false,{}},'z'}", "0"});
  ASSERT_EQ(nested->items.size(), 3u);
  EXPECT_EQ(nested->items[1].items[0].text, "a");
  EXPECT_TRUE(nested->items[1].items[1].is_nil());
  EXPECT_EQ(nested->items[1].items[2].kind, RedisReply::Kind::Array);
  EXPECT_EQ(nested->items[2].text, "z");
  EXPECT_EQ(redis->connection_count(), 1u);
}

TEST_F(ARedisClient, CarriesLargeValuesAndRefusesAReplyOverItsBound) {
  ASSERT_TRUE(server.start());
  RedisOptions options;
  options.reply_max_bytes = std::size_t{8} << 20;
  const auto redis = client(options);
  const std::string large(8'000'000, 'v');
  EXPECT_EQ(ask(*redis, {"SET", "large", large})->text, "OK");
  EXPECT_EQ(ask(*redis, {"GET", "large"})->text, large);
  EXPECT_EQ(ask(*redis, {"APPEND", "large", std::string(1'000'000, 'w')})->integer, 9'000'000);
  const auto refused = ask(*redis, {"GET", "large"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::LimitExceeded);
  EXPECT_EQ(refused.error().what, "query result exceeds limit of 8388608 bytes");
  EXPECT_EQ(ask(*redis, {"STRLEN", "large"})->integer, 9'000'000);
}

Task<Result<Unit>> count_up(RedisClient& redis, std::string key, int times) {
  for (int i = 0; i < times; ++i) {
    RedisCommand increment("INCR");
    increment.add(key);
    CO_TRY(const RedisReply reply, redis.command(std::move(increment)));
    if (reply.integer != i + 1)
      co_return fail(ErrorCode::Corrupt, key + " got the reply of another");
  }
  co_return Unit{};
}

TEST_F(ARedisClient, AnswersEachOfManyTasksWithItsOwnReply) {
  ASSERT_TRUE(server.start());
  const auto redis = client();
  TaskGroup tasks(real.loop());
  for (int i = 0; i < 100; ++i)
    tasks.spawn(count_up(*redis, "key-" + std::to_string(i), 20));
  const auto done = real.run(tasks.join());
  EXPECT_TRUE(done) << done.error().what;
  EXPECT_EQ(redis->connection_count(), 1u);
}

TEST_F(ARedisClient, DropsTheReplyOfATaskThatWasCancelled) {
  ASSERT_TRUE(server.start());
  const auto redis = client();
  ASSERT_TRUE(real.run(redis->connect()));
  TaskGroup tasks(real.loop());
  tasks.spawn(count_up(*redis, "a", 1'000'000));
  EXPECT_EQ(ask(*redis, {"ECHO", "first"})->text, "first");
  tasks.cancel();
  EXPECT_EQ(ask(*redis, {"ECHO", "second"})->text, "second");
  real.run_until([&] { return tasks.empty(); });
  EXPECT_EQ(ask(*redis, {"ECHO", "third"})->text, "third");
  EXPECT_EQ(redis->connection_count(), 1u);
}

TEST_F(ARedisClient, ConnectsAgainWhenTheServerIsBack) {
  const auto redis = client();
  const auto refused = ask(*redis, {"PING"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Unavailable);
  EXPECT_THAT(refused.error().what, HasSubstr(here().shown()));
  ASSERT_TRUE(server.start());
  EXPECT_EQ(ask(*redis, {"PING"})->text, "PONG");
  server.kill();
  real.run_until([&] { return !redis->connected(); });
  EXPECT_FALSE(ask(*redis, {"PING"}));
  ASSERT_TRUE(server.start());
  EXPECT_EQ(ask(*redis, {"PING"})->text, "PONG");
}

TEST_F(ARedisClient, FailsWhatWaitsWhenTheServerDies) {
  ASSERT_TRUE(server.start());
  const auto redis = client();
  ASSERT_TRUE(real.run(redis->connect()));
  TaskGroup tasks(real.loop());
  tasks.spawn(count_up(*redis, "a", 1'000'000'000));
  server.kill();
  const auto lost = real.run(tasks.join());
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::Unavailable);
}

TEST_F(ARedisClient, GivesUpAServerThatNeverAnswers) {
  ASSERT_TRUE(server.start());
  RedisOptions options;
  options.command_timeout = milliseconds(200);
  const auto redis = client(options);
  ASSERT_TRUE(real.run(redis->connect()));
  server.pause();
  const auto late = ask(*redis, {"PING"});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::TimedOut);
  server.resume();
  EXPECT_EQ(ask(*redis, {"PING"})->text, "PONG");
  EXPECT_EQ(redis->connection_count(), 2u);
}

TEST_F(ARedisClient, ConnectsOnlyToAddressesThatAreNotBlocked) {
  ASSERT_TRUE(server.start());
  RedisOptions options;
  std::vector<std::string> asked;
  options.is_blocked = [&](const asio::ip::address& address) {
    asked.push_back(address.to_string());
    return address.is_loopback();
  };
  RedisAddress named = here();
  named.host = "localhost";
  for (const RedisAddress& address : {here(), named}) {
    const auto redis = client_of(address, options);
    const auto refused = ask(*redis, {"PING"});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::AccessDenied);
  }
  EXPECT_THAT(asked, testing::Contains("127.0.0.1"));
  options.is_blocked = [](const asio::ip::address& address) { return address.is_v6(); };
  EXPECT_EQ(ask(*client_of(named, options), {"PING"})->text, "PONG");
}

TEST_F(ARedisClient, SaysWhoItIsAndChoosesTheDatabase) {
  test::ServerProcess locked(redis_server({"--requirepass", "se:cret"}));
  ASSERT_TRUE(locked.start());
  const std::string at = "@127.0.0.1:" + std::to_string(locked.port());
  const auto right = client_of(*parse_redis_address("redis://:se%3Acret" + at + "/3"));
  EXPECT_EQ(ask(*right, {"SET", "k", "v"})->text, "OK");
  EXPECT_THAT(ask(*right, {"CLIENT", "INFO"})->text, HasSubstr(" db=3 "));
  const auto named = client_of(*parse_redis_address("redis://default:se%3Acret" + at));
  EXPECT_EQ(ask(*named, {"PING"})->text, "PONG");
  const auto wrong = ask(*client_of(*parse_redis_address("redis://:wrong" + at)), {"PING"});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::AccessDenied);
  EXPECT_THAT(wrong.error().what, Not(HasSubstr("wrong@")));
  const auto none = client_of(*parse_redis_address("redis://:se%3Acret" + at + "/99"));
  EXPECT_FALSE(ask(*none, {"PING"}));
}

TEST_F(ARedisClient, SpeaksTlsAndChecksWhoAnswers) {
  test::ServerCommand command;
  command.arguments = {"redis-server",
                       "--port",
                       "0",
                       "--tls-port",
                       "{port}",
                       "--bind",
                       "127.0.0.1",
                       "--save",
                       "",
                       "--tls-cert-file",
                       "{directory}/tls.pem",
                       "--tls-key-file",
                       "{directory}/tls.key",
                       "--tls-auth-clients",
                       "no"};
  test::ServerProcess secure(command);
  ASSERT_TRUE(secure.make_certificate("localhost"));
  ASSERT_TRUE(secure.start());
  RedisAddress address = *parse_redis_address("rediss://localhost");
  address.port = secure.port();
  RedisOptions options;
  options.tls = make_tls_context();
  options.tls->load_verify_file((secure.directory() / "tls.pem").string());
  const auto trusting = client_of(address, options);
  const std::string large(3'000'000, 's');
  EXPECT_EQ(ask(*trusting, {"SET", "k", large})->text, "OK");
  EXPECT_EQ(ask(*trusting, {"GET", "k"})->text, large);
  const auto unknown = ask(*client_of(address), {"PING"});
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().what, HasSubstr("TLS handshake failed"));
  address.host = "127.0.0.1";  // not the name in the certificate
  EXPECT_FALSE(ask(*client_of(address, options), {"PING"}));
}

/// Says the same to everybody who asks something.
class CannedServer {
 public:
  CannedServer(test::RealLoop& real, std::string answer)
      : answer_(std::move(answer)),
        acceptor_(real.executor(), {asio::ip::address_v4::loopback(), 0}),
        socket_(real.executor()) {
    acceptor_.async_accept(socket_, [this](boost::system::error_code code) {
      if (!code)
        serve();
    });
  }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  using Tcp = asio::ip::tcp;

  void serve() {
    socket_.async_read_some(asio::buffer(read_), [this](auto code, std::size_t) {
      if (!code)
        asio::write(socket_, asio::buffer(answer_), code);
    });
  }

  std::string answer_;
  std::array<char, 1000> read_{};
  asio::basic_socket_acceptor<Tcp, Executor> acceptor_;
  asio::basic_stream_socket<Tcp, Executor> socket_;
};

TEST_F(ARedisClient, TakesNothingFromAServerThatIsNotRedisOrSaysTooMuch) {
  const std::pair<std::string, ErrorCode> cases[] = {
      {"HTTP/1.1 400 Bad Request\r\n\r\n", ErrorCode::Corrupt},
      {"*2000000000\r\n", ErrorCode::LimitExceeded},
      {"*1000\r\n*1000000\r\n", ErrorCode::LimitExceeded},
      {"*3\r\n*-7\r\n", ErrorCode::Corrupt},
      {"$9999999999999\r\n" + std::string(2'000'000, 'x'), ErrorCode::LimitExceeded},
  };
  RedisOptions options;
  options.reply_max_bytes = 1'000'000;
  for (const auto& [answer, code] : cases) {
    CannedServer canned(real, answer);
    RedisAddress address = here();
    address.port = canned.port();
    const auto redis = client_of(address, options);
    const auto refused = ask(*redis, {"PING"});
    ASSERT_FALSE(refused) << answer.substr(0, 40);
    EXPECT_EQ(refused.error().code, code) << answer.substr(0, 40) << refused.error().what;
    EXPECT_FALSE(redis->connected());
    real.settle();
  }
}

TEST_F(ARedisClient, IsClosedWithItsConnectionWhenItGoes) {
  ASSERT_TRUE(server.start());
  RedisOptions options;
  auto redis = client(options);
  ASSERT_TRUE(real.run(redis->connect()));
  server.pause();
  TaskGroup tasks(real.loop());
  tasks.spawn(count_up(*redis, "a", 1));
  real.settle();
  redis.reset();
  const auto closed = real.run(tasks.join());
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().code, ErrorCode::Closed);
}

TEST(RedisAddress, IsReadWithEverythingThatItMayHold) {
  const auto full = parse_redis_address("rediss://us%40er:p%25w@[::1]:7000/12");
  ASSERT_TRUE(full) << full.error().what;
  EXPECT_TRUE(full->tls);
  EXPECT_EQ(full->user, "us@er");
  EXPECT_EQ(full->password, "p%w");
  EXPECT_EQ(full->host, "::1");
  EXPECT_EQ(full->port, 7000);
  EXPECT_EQ(full->database, 12);
  EXPECT_EQ(full->shown(), "[::1]:7000");
  const auto bare = parse_redis_address("redis://cache.internal/");
  ASSERT_TRUE(bare) << bare.error().what;
  EXPECT_EQ(bare->shown(), "cache.internal:6379");
  EXPECT_EQ(bare->database, 0);
}

TEST(RedisAddress, IsRefusedWithoutItsSecretsWhenItIsWrong) {
  for (const char* wrong :
       {"", "localhost:6379", "http://localhost", "redis://", "redis://:pw@", "redis://h:0",
        "redis://h:70000", "redis://h:x", "redis://h/one", "redis://h/-1", "redis://h?a=b",
        "redis://us%4:pw@h", "redis://[::1", "redis://[::1]x", "redis://user@h",
        "redis+unix:///run/redis.sock", "redis://a b", "redis://h:1:2"}) {
    const auto read = parse_redis_address(wrong);
    ASSERT_FALSE(read) << wrong;
    EXPECT_EQ(read.error().code, ErrorCode::Invalid);
    EXPECT_THAT(read.error().what, Not(HasSubstr("pw@"))) << wrong;
  }
}

}  // namespace
}  // namespace kt::redis
