#include "host/key_value/redis_store.h"

#include "tests/contract/key_value_store_contract.h"
#include "tests/support/server_process.h"

namespace kt::host {
namespace {

test::ServerCommand redis_server() {
  test::ServerCommand command;
  command.arguments = {"redis-server", "--port", "{port}", "--bind",     "127.0.0.1",
                       "--save",       "",       "--dir",  "{directory}"};
  return command;
}

class InRedis : public StoreUnderTest {
 public:
  InRedis() {
    if (!server_.start())
      return;
    redis::RedisAddress address;
    address.host = "127.0.0.1";
    address.port = server_.port();
    client_ = std::make_shared<redis::RedisClient>(runner_.executor(), runner_.clock(), address);
    store_.emplace(client_);
  }
  TaskRunner& runner() override { return runner_; }
  KeyValueStore& store() override { return *store_; }
  std::string stored_number(std::int64_t number) override { return std::to_string(number); }
  test::ServerProcess& server() { return server_; }
  redis::RedisClient& client() { return *client_; }

 private:
  test::ServerProcess server_{redis_server()};
  TaskRunner runner_;
  std::shared_ptr<redis::RedisClient> client_;
  std::optional<RedisKeyValueStore> store_;
};
INSTANTIATE_TYPED_TEST_SUITE_P(InRedis, AKeyValueStore, InRedis);

class ARedisKeyValueStore : public ::testing::Test {
 protected:
  redis::RedisReply ask(std::vector<std::string> words) {
    redis::RedisCommand command(words[0]);
    for (std::size_t i = 1; i < words.size(); ++i)
      command.add(words[i]);
    return *redis_.runner().run(redis_.client().command(std::move(command)));
  }

  InRedis redis_;
};

TEST_F(ARedisKeyValueStore, KeepsKeysAndNumbersAsSpinDoes) {
  ASSERT_TRUE(redis_.runner().run(redis_.store().set("k", as_bytes("v"))));
  EXPECT_EQ(ask({"GET", "k"}).text, "v");
  ask({"SET", "n", "41"});
  EXPECT_EQ(redis_.runner().run(redis_.store().increment("n", 1)), 42);
  EXPECT_EQ(ask({"GET", "n"}).text, "42");
}

TEST_F(ARedisKeyValueStore, RefusesAKeyOfAnotherType) {
  ask({"LPUSH", "list", "x"});
  const auto value = redis_.runner().run(redis_.store().get("list"));
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, ErrorCode::Invalid);
}

TEST_F(ARedisKeyValueStore, GoesOnWhenTheServerIsBack) {
  ASSERT_TRUE(redis_.runner().run(redis_.store().set("k", as_bytes("v"))));
  redis_.server().kill();
  const auto lost = redis_.runner().run(redis_.store().get("k"));
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::Unavailable);
  ASSERT_TRUE(redis_.server().start());
  EXPECT_TRUE(redis_.runner().run(redis_.store().set("k", as_bytes("v"))));
}

}  // namespace
}  // namespace kt::host
