// Bodies that grow while they are sent, over both protocols.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/body_pipe.h"
#include "http/server.h"
#include "tests/support/http2_client.h"
#include "tests/support/http_server_under_test.h"

namespace kt::http {
namespace {

using testing::HasSubstr;

/// Answers with a growing body, and lets a test write into it from its own thread.
class Stage {
 public:
  explicit Stage(std::size_t bytes_max = 64 * 1024, ServerOptions options = {})
      : bytes_max_(bytes_max), server(std::move(options), [this](ServerRequest request) {
          return answer(std::move(request));
        }) {}

  Task<Response> answer(ServerRequest request) {
    Response response;
    response.status = 200;
    if (request.target != "/plain") {
      pipe_ = std::make_shared<BodyPipe>(bytes_max_);
      response.growing = pipe_;
    } else {
      response.body = "plain";
    }
    co_return response;
  }
  template <class F>
  auto on_loop(F f) {
    std::promise<decltype(f(*pipe_))> done;
    server.loop.post([&] { done.set_value(f(*pipe_)); });
    return done.get_future().get();
  }
  void write(std::string piece) {
    on_loop([&](BodyPipe& pipe) {
      pipe.write(piece);
      return 0;
    });
  }
  BodyPipe* pipe() { return pipe_.get(); }
  void end() {
    on_loop([](BodyPipe& pipe) {
      pipe.end();
      return 0;
    });
  }
  void wait_until_abandoned() {
    bool abandoned = false;
    for (int turns = 0; turns < 200'000 && !abandoned; ++turns)
      abandoned = on_loop([](BodyPipe& p) { return p.abandoned(); });
    EXPECT_TRUE(abandoned);
  }

 private:
  std::size_t bytes_max_;
  std::shared_ptr<BodyPipe> pipe_;

 public:
  ServerUnderTest server;
};

constexpr std::string_view kGet = "GET /grow HTTP/1.1\r\nHost: h\r\n\r\n";

TEST(GrowingBody, IsSentInChunksAsItIsWritten) {
  Stage stage;
  RawClient client(stage.server.port());
  client.send(kGet);
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("transfer-encoding: chunked\r\n"));
  stage.write("first piece");
  EXPECT_EQ(client.read_until("piece\r\n"), "b\r\nfirst piece\r\n");
  stage.write("second");
  EXPECT_EQ(client.read_until("second\r\n"), "6\r\nsecond\r\n");
  stage.end();
  EXPECT_EQ(client.read_to_end(), "0\r\n\r\n");
}

TEST(GrowingBody, ThatBreaksOffLacksItsLastChunk) {
  Stage stage;
  RawClient client(stage.server.port());
  client.send(kGet);
  client.read_until("\r\n\r\n");
  stage.on_loop([](BodyPipe& pipe) {
    pipe.write("half");
    pipe.cut();
    return 0;
  });
  EXPECT_EQ(client.read_to_end(), "4\r\nhalf\r\n");
}

TEST(GrowingBody, LearnsThatItsClientLeft) {
  Stage stage;
  {
    RawClient client(stage.server.port());
    client.send(kGet);
    client.read_until("\r\n\r\n");
    stage.write("x");
    client.read_until("x\r\n");
  }
  stage.wait_until_abandoned();
}

/// Writes once the server's timeouts have passed several times over.
struct LateWriter final : Alarm {
  explicit LateWriter(Stage& s) : stage(s) {
    stage.server.loop.post([this] {
      stage.server.clock.schedule(stage.server.clock.now() + std::chrono::milliseconds(100), *this);
    });
  }
  void fire() override { stage.pipe()->write("late"); }
  Stage& stage;
};

TEST(GrowingBody, OutlivesTheIdleTimeout) {
  ServerOptions options;
  options.idle_timeout = std::chrono::milliseconds(20);
  options.write_timeout = std::chrono::milliseconds(20);
  Stage stage(1024, options);
  RawClient client(stage.server.port());
  client.send(kGet);
  client.read_until("\r\n\r\n");
  LateWriter late(stage);
  EXPECT_EQ(client.read_until("late\r\n"), "4\r\nlate\r\n");
}

TEST(GrowingBody, SharesAnHttp2ConnectionWithOtherAnswers) {
  Stage stage;
  Http2Client client(stage.server.port());
  const auto id = client.submit("GET", "/grow");
  ASSERT_TRUE(client.run_until([&] { return client.answers[id].status == 200; }));
  stage.write("one");
  ASSERT_TRUE(client.run_until([&] { return client.answers[id].body == "one"; }));
  const auto other = client.submit("GET", "/plain");
  ASSERT_TRUE(client.run_until([&] { return client.answers[other].ended; }));
  EXPECT_EQ(client.answers[other].body, "plain");
  stage.write("two");
  ASSERT_TRUE(client.run_until([&] { return client.answers[id].body == "onetwo"; }));
  EXPECT_FALSE(client.answers[id].ended);
  stage.end();
  ASSERT_TRUE(client.run_until([&] { return client.answers[id].ended; }));
}

TEST(GrowingBody, ThatBreaksOffIsAResetStream) {
  Stage stage;
  Http2Client client(stage.server.port());
  const auto id = client.submit("GET", "/grow");
  ASSERT_TRUE(client.run_until([&] { return client.answers[id].status == 200; }));
  stage.on_loop([](BodyPipe& pipe) {
    pipe.write("half");
    pipe.cut();
    return 0;
  });
  ASSERT_TRUE(client.run_until([&] { return client.answers[id].closed; }));
  EXPECT_FALSE(client.answers[id].ended);
  EXPECT_EQ(client.answers[id].body, "half");
}

TEST(GrowingBody, LearnsThatItsStreamWasReset) {
  Stage stage;
  Http2Client client(stage.server.port());
  const auto id = client.submit("GET", "/grow");
  ASSERT_TRUE(client.run_until([&] { return client.answers[id].status == 200; }));
  client.reset(id);
  const auto other = client.submit("GET", "/plain");
  ASSERT_TRUE(client.run_until([&] { return client.answers[other].ended; }));
  stage.wait_until_abandoned();
}

TEST(GrowingBody, IsNotTakenFasterThanItsClientReads) {
  Stage stage(64 * 1024);
  Http2Client client(stage.server.port(), 65535);
  const auto id = client.submit("GET", "/grow");
  ASSERT_TRUE(client.run_until([&] { return client.answers[id].status == 200; }));
  // The client reads nothing from here on: its window lets one piece through.
  int written = 0;
  while (written < 100 && stage.on_loop([](BodyPipe& p) { return p.has_room(); })) {
    stage.write(std::string(40'000, 'x'));
    ++written;
  }
  EXPECT_LT(written, 10);
  EXPECT_LT(stage.on_loop([](BodyPipe& p) { return p.bytes_taken(); }), 200'000u);
  const std::size_t all = static_cast<std::size_t>(written) * 40'000;
  ASSERT_TRUE(client.run_until([&] { return client.answers[id].body.size() == all; }));
  EXPECT_TRUE(stage.on_loop([](BodyPipe& p) { return p.has_room(); }));
}

}  // namespace
}  // namespace kt::http
