#include "host/mqtt/mqtt_capability.h"

#include <gmock/gmock.h>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "runtime/task_group.h"
#include "tests/support/run_real.h"
#include "tests/support/server_process.h"
#include "wasm/host_testing.h"

namespace kt::host {
namespace {

using testing::HasSubstr;
using testing::Not;
using wasm::HostBuffer;
using wasm::list_of;
using wasm::TestArguments;

HostBuffer bytes(std::string_view text) {
  return HostBuffer::copy_of(as_bytes(text));
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

/// Mosquitto with a configuration of the test's.
class Broker {
 public:
  Broker() {
    test::ServerCommand command;
    command.arguments = {"mosquitto", "-c", "{directory}/conf"};
    server_.emplace(command);
  }
  bool start(const std::string& more = "allow_anonymous true\n") {
    server_->write_file("conf", "listener " + std::to_string(server_->port()) +
                                    " 127.0.0.1\nuser root\npersistence false\n"
                                    "log_dest stderr\nlog_type all\n" +
                                    more);
    return server_->start();
  }
  test::ServerProcess& process() { return *server_; }
  std::string address(const std::string& options = "?client_id=guest") const {
    return "mqtt://127.0.0.1:" + std::to_string(server_->port()) + options;
  }

 private:
  std::optional<test::ServerProcess> server_;
};

/// Hears one topic, over the bare protocol.
class Subscriber {
 public:
  Subscriber(test::RealLoop& real, std::uint16_t port, std::string_view topic)
      : socket_(real.executor()) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    say(std::string_view("\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00", 14));
    hear(4);
    std::string subscribe("\x82");
    subscribe.push_back(static_cast<char>(topic.size() + 5));
    subscribe.append(std::string_view("\x00\x01\x00", 3));
    subscribe.push_back(static_cast<char>(topic.size()));
    subscribe.append(topic);
    subscribe.push_back('\0');
    say(subscribe);
    EXPECT_EQ(hear(5).substr(0, 1), "\x90");
  }
  /// The next message's payload.
  std::string next() {
    EXPECT_EQ(hear(1)[0] & 0xf0, 0x30);
    std::size_t size = 0;
    unsigned char byte = 0x80;
    for (int shift = 0; (byte & 0x80) != 0; shift += 7) {
      byte = static_cast<unsigned char>(hear(1)[0]);
      size |= static_cast<std::size_t>(byte & 0x7f) << shift;
    }
    const std::string body = hear(size);
    const auto topic = static_cast<std::size_t>(static_cast<unsigned char>(body[1]));
    return body.substr(2 + topic);
  }

 private:
  void say(std::string_view text) { asio::write(socket_, asio::buffer(text)); }
  std::string hear(std::size_t size) {
    std::string text(size, '\0');
    asio::read(socket_, asio::buffer(text));
    return text;
  }

  asio::basic_stream_socket<asio::ip::tcp, Executor> socket_;
};

class AnMqttCapability : public testing::Test {
 protected:
  AnMqttCapability() { begin({}, {}); }
  ~AnMqttCapability() override {
    session.reset();
    capability.reset();
  }
  void begin(MqttCapability::Options options, ConnectionPermits::Options limits) {
    permits = std::make_shared<ConnectionPermits>(std::move(limits));
    MqttCapability::Deps deps{real.executor(), real.clock(), policy, permits};
    session.reset();
    capability = std::make_unique<MqttCapability>(std::move(deps), std::move(options));
    session = capability->begin();
  }
  template <class... Values>
  Answer call(HostOperation operation, Values&&... values) {
    const TestArguments arguments(list_of(std::forward<Values>(values)...));
    return real.run(session->call(operation, arguments.view()));
  }
  Answer try_open(std::string address, std::string user = "", std::string password = "") {
    return call(KT_MQTT_OPEN, std::move(address), std::move(user), std::move(password),
                std::int64_t{30});
  }
  std::int64_t open(std::string address, std::string user = "", std::string password = "") {
    const auto opened = try_open(std::move(address), std::move(user), std::move(password));
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? *opened->integer() : -1;
  }
  Answer publish(std::int64_t handle, std::string topic, std::string_view payload,
                 std::int64_t quality) {
    return call(KT_MQTT_PUBLISH, handle, std::move(topic), bytes(payload), quality);
  }
  static std::string message(const Answer& answer) {
    EXPECT_FALSE(answer);
    return answer ? "" : answer.error().message;
  }
  static HostFault fault(const Answer& answer) {
    EXPECT_FALSE(answer);
    return answer ? HostFault{} : answer.error().fault;
  }

  Broker broker;
  test::RealLoop real;
  std::shared_ptr<TestPolicy> policy = std::make_shared<TestPolicy>();
  std::shared_ptr<ConnectionPermits> permits;
  std::unique_ptr<MqttCapability> capability;
  std::unique_ptr<CapabilitySession> session;
};

TEST_F(AnMqttCapability, PublishesWithEveryQualityOfService) {
  ASSERT_TRUE(broker.start());
  Subscriber subscriber(real, broker.process().port(), "t/one");
  const auto mqtt = open(broker.address());
  const std::string binary("\0\xff\n", 3);
  for (const std::int64_t quality : {0, 1, 2}) {
    const auto published = publish(mqtt, "t/one", binary + std::to_string(quality), quality);
    EXPECT_TRUE(published) << published.error().message;
    EXPECT_EQ(subscriber.next(), binary + std::to_string(quality));
  }
  EXPECT_TRUE(publish(mqtt, "t/one", "", 1));
  EXPECT_EQ(subscriber.next(), "");
  EXPECT_TRUE(publish(mqtt, "t/nobody", "unheard", 2));
  EXPECT_TRUE(call(KT_MQTT_CLOSE, mqtt));
  EXPECT_EQ(fault(publish(mqtt, "t/one", "late", 0)), KT_FAULT_NOT_FOUND);
}

TEST_F(AnMqttCapability, WaitsForTheAckThatTheQualityAsks) {
  ASSERT_TRUE(broker.start());
  const auto mqtt = open(broker.address());
  for (const std::int64_t quality : {1, 2})
    ASSERT_TRUE(publish(mqtt, "t", "x", quality));
  const std::string log = broker.process().output();
  EXPECT_THAT(log, HasSubstr("Sending PUBACK to guest"));
  EXPECT_THAT(log, HasSubstr("Sending PUBCOMP to guest"));
}

TEST_F(AnMqttCapability, CarriesLargePayloadsUpToTheOperatorsBound) {
  ASSERT_TRUE(broker.start());
  MqttCapability::Options options;
  options.payload_max_bytes = 5'000'000;
  begin(options, {});
  Subscriber subscriber(real, broker.process().port(), "large");
  const auto mqtt = open(broker.address());
  const std::string large(5'000'000, 'p');
  ASSERT_TRUE(publish(mqtt, "large", large, 2));
  EXPECT_EQ(subscriber.next(), large);
  EXPECT_EQ(message(publish(mqtt, "large", large + "p", 0)),
            "payload size 5000001 exceeds the maximum allowed size of 5000000 bytes");
}

TEST_F(AnMqttCapability, RefusesTopicsThatCannotBePublishedTo) {
  ASSERT_TRUE(broker.start());
  const auto mqtt = open(broker.address());
  for (const std::string& topic : {std::string(), std::string("a/#"), std::string("a/+/b"),
                                   std::string("a\0b", 3), std::string(70'000, 't')})
    EXPECT_EQ(fault(publish(mqtt, topic, "x", 1)), KT_FAULT_OTHER) << topic.substr(0, 20);
  EXPECT_EQ(fault(publish(mqtt, "t", "x", 3)), KT_FAULT_OTHER);
  EXPECT_TRUE(publish(mqtt, "t", "x", 1));
}

TEST_F(AnMqttCapability, SaysWhoItIs) {
  ASSERT_TRUE(broker.process().run_first(
      {"mosquitto_passwd", "-b", "-c", "{directory}/passwords", "ann", "s3cret word"}));
  ASSERT_TRUE(broker.start("allow_anonymous false\npassword_file " +
                           (broker.process().directory() / "passwords").string() + "\n"));
  EXPECT_TRUE(publish(open(broker.address(), "ann", "s3cret word"), "t", "x", 1));
  const auto wrong = publish(open(broker.address("?client_id=b"), "ann", "wrong!"), "t", "x", 1);
  EXPECT_EQ(fault(wrong), KT_FAULT_ACCESS_DENIED);
  EXPECT_THAT(wrong.error().message, Not(HasSubstr("wrong!")));
  EXPECT_EQ(fault(publish(open(broker.address("?client_id=c")), "t", "x", 1)),
            KT_FAULT_ACCESS_DENIED);
}

TEST_F(AnMqttCapability, AsksThePolicyByNameAndByAddress) {
  EXPECT_EQ(fault(try_open("localhost:1883")), KT_FAULT_INVALID);
  EXPECT_EQ(fault(try_open("mqtt://")), KT_FAULT_INVALID);
  EXPECT_TRUE(policy->asked.empty());
  policy->denied = true;
  EXPECT_EQ(fault(try_open("mqtts://broker.internal?client_id=a")), KT_FAULT_ACCESS_DENIED);
  EXPECT_EQ(policy->asked.at(0), "mqtts://broker.internal:8883");
  policy->denied = false;
  policy->blocked = true;
  ASSERT_TRUE(broker.start());
  EXPECT_EQ(fault(publish(open(broker.address()), "t", "x", 0)), KT_FAULT_ACCESS_DENIED);
  EXPECT_THAT(broker.process().output(), Not(HasSubstr("guest")));
}

TEST_F(AnMqttCapability, ConnectsAgainWhenTheBrokerIsBack) {
  const auto mqtt = open(broker.address());
  const auto refused = publish(mqtt, "t", "x", 1);
  EXPECT_EQ(fault(refused), KT_FAULT_UNAVAILABLE);
  EXPECT_THAT(refused.error().message, HasSubstr("refused"));
  ASSERT_TRUE(broker.start());
  EXPECT_TRUE(publish(mqtt, "t", "x", 1));
  broker.process().kill();
  EXPECT_EQ(fault(publish(mqtt, "t", "x", 1)), KT_FAULT_UNAVAILABLE);
  ASSERT_TRUE(broker.start());
  EXPECT_TRUE(publish(mqtt, "t", "x", 2));
}

TEST_F(AnMqttCapability, EndsAPublishingThatIsNeverAcknowledged) {
  ASSERT_TRUE(broker.start());
  MqttCapability::Options options;
  options.client.publish_timeout = std::chrono::milliseconds(300);
  begin(options, {});
  const auto mqtt = open(broker.address());
  ASSERT_TRUE(publish(mqtt, "t", "x", 1));
  broker.process().pause();
  const auto late = publish(mqtt, "t", "x", 1);
  EXPECT_EQ(fault(late), KT_FAULT_UNAVAILABLE);
  EXPECT_THAT(late.error().message, HasSubstr("deadline"));
  const auto never = publish(mqtt, "t", "x", 1);  // accepted by the kernel, never greeted
  EXPECT_EQ(fault(never), KT_FAULT_UNAVAILABLE);
  broker.process().resume();
  EXPECT_TRUE(publish(mqtt, "t", "x", 1));
}

TEST_F(AnMqttCapability, BoundsTheHandlesOfAnInstanceWhichShareAConnection) {
  ASSERT_TRUE(broker.start());
  MqttCapability::Options options;
  options.handles_max = 2;
  begin(options, {});
  const auto first = open(broker.address());
  const auto second = open(broker.address());
  EXPECT_EQ(fault(try_open(broker.address())), KT_FAULT_TOO_MANY);
  EXPECT_TRUE(publish(first, "t", "x", 1));
  EXPECT_TRUE(publish(second, "t", "x", 1));
  EXPECT_EQ(permits->held(), 1u);
  call(KT_MQTT_CLOSE, first);
  open(broker.address());
}

TEST_F(AnMqttCapability, LeavesTheBrokerPolitelyWhenNobodyNeedsItAnyMore) {
  ASSERT_TRUE(broker.start());
  MqttCapability::Options options;
  options.idle_time = std::chrono::milliseconds(50);
  begin(options, {});
  EXPECT_TRUE(publish(open(broker.address()), "t", "x", 1));
  session.reset();
  real.run_until([&] { return permits->held() == 0; });
  const auto left = [&] {
    return broker.process().output().find("Received DISCONNECT from guest") != std::string::npos;
  };
  for (int tries = 0; tries < 500 && !left(); ++tries)
    ::poll(nullptr, 0, 10);
  EXPECT_TRUE(left());
}

Task<Result<Unit>> publish_often(CapabilitySession& session, HostArguments arguments, int times) {
  for (int i = 0; i < times; ++i) {
    const Answer answer = co_await session.call(KT_MQTT_PUBLISH, arguments);
    if (!answer)
      co_return fail(ErrorCode::Unavailable, answer.error().message);
  }
  co_return Unit{};
}

TEST_F(AnMqttCapability, PublishesForManyAtATime) {
  ASSERT_TRUE(broker.start());
  const auto mqtt = open(broker.address());
  std::vector<std::unique_ptr<TestArguments>> arguments;
  TaskGroup tasks(real.loop());
  for (int i = 0; i < 100; ++i) {
    arguments.push_back(std::make_unique<TestArguments>(
        list_of(mqtt, std::string("t"), bytes("x"), std::int64_t{i % 3})));
    tasks.spawn(publish_often(*session, arguments.back()->view(), 10));
  }
  const auto done = real.run(tasks.join());
  EXPECT_TRUE(done) << done.error().what;
}

TEST_F(AnMqttCapability, IsNotHurtByACallThatIsCancelled) {
  ASSERT_TRUE(broker.start());
  const auto mqtt = open(broker.address());
  ASSERT_TRUE(publish(mqtt, "t", "x", 1));
  const TestArguments arguments(list_of(mqtt, std::string("t"), bytes("x"), std::int64_t{2}));
  TaskGroup tasks(real.loop());
  tasks.spawn(publish_often(*session, arguments.view(), 1'000'000));
  EXPECT_TRUE(publish(mqtt, "t", "y", 2));
  tasks.cancel();
  real.run_until([&] { return tasks.empty(); });
  EXPECT_TRUE(publish(mqtt, "t", "z", 2));
}

TEST_F(AnMqttCapability, SpeaksTlsAndChecksWhoAnswers) {
  ASSERT_TRUE(broker.process().make_certificate("localhost"));
  const std::string folder = broker.process().directory().string();
  ASSERT_TRUE(broker.start("allow_anonymous true\ncertfile " + folder + "/tls.pem\nkeyfile " +
                           folder + "/tls.key\n"));
  const std::string port = std::to_string(broker.process().port());
  MqttCapability::Options options;
  options.client.publish_timeout = std::chrono::seconds(5);
  const auto unknown = [&](const std::string& host) {
    begin(options, {});
    return publish(open("mqtts://" + host + ":" + port + "?client_id=tls"), "t", "x", 1);
  };
  EXPECT_THAT(message(unknown("localhost")), HasSubstr("certificate verify failed"));
  options.client.roots_file = folder + "/tls.pem";
  EXPECT_THAT(message(unknown("127.0.0.1")), HasSubstr("TLS")) << "not the certificate's name";
  begin(options, {});
  const auto mqtt = open("mqtts://localhost:" + port + "?client_id=tls");
  const auto published = publish(mqtt, "t", std::string(1'000'000, 's'), 2);
  EXPECT_TRUE(published) << published.error().message;
  // Plain words to a port that expects TLS.
  EXPECT_EQ(fault(publish(open(broker.address()), "t", "x", 1)), KT_FAULT_UNAVAILABLE);
}

TEST(AnMqttAddress, IsReadWithItsOptions) {
  const auto full = parse_mqtt_address(
      "mqtts://u%40:p%3a@[::1]:99/?client_id=a%20b&clean_session=false&inflight=3");
  ASSERT_TRUE(full) << full.error().what;
  EXPECT_TRUE(full->tls);
  EXPECT_EQ(full->shown(), "[::1]:99");
  EXPECT_EQ(full->user, "u@");
  EXPECT_EQ(full->password, "p:");
  EXPECT_EQ(full->client_id, "a b");
  EXPECT_FALSE(full->clean_session);
  EXPECT_EQ(parse_mqtt_address("mqtt://host")->port, 1883);
  EXPECT_EQ(parse_mqtt_address("mqtts://host")->port, 8883);
  EXPECT_EQ(keep_alive_within_bounds(0), 0);
  EXPECT_EQ(keep_alive_within_bounds(1), 5);
  EXPECT_EQ(keep_alive_within_bounds(1'000'000), 65'535);
}

TEST(AnMqttAddress, IsRefusedWithoutItsSecretsWhenItIsWrong) {
  for (const char* wrong :
       {"", "host", "http://h", "mqtt://", "mqtt://:1", "mqtt://h:0", "mqtt://h:x", "mqtt://h/path",
        "mqtt://h?x=1", "mqtt://h?client_id=", "mqtt://h?client_id=%zz",
        "mqtt://h?clean_session=no", "mqtt://h?clean_session=false", "mqtt://h#f", "mqtt://[::1",
        "mqtt://u:pw%@h", "mqtt://a b", "mqtt://h?keep_alive_secs=-1"}) {
    const auto read = parse_mqtt_address(wrong);
    ASSERT_FALSE(read) << wrong;
    EXPECT_EQ(read.error().code, ErrorCode::Invalid);
    EXPECT_THAT(read.error().what, Not(HasSubstr("pw%"))) << wrong;
  }
}

}  // namespace
}  // namespace kt::host
