#include "http/crt_streams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "http/body_pipe.h"
#include "http/server.h"
#include "runtime/system_clock.h"
#include "runtime/task_group.h"

namespace kt::http {
namespace {

/// Server and client on one loop; every answer grows, but those of "/plain".
class Streams : public testing::TestWithParam<Alpn> {
 protected:
  Streams() {
    ServerHandler handler = [this](ServerRequest request) { return answer(std::move(request)); };
    server = *Server::listen(loop, clock, ServerOptions(), handler, Log());
    const auto endpoint = Endpoint::parse("http://127.0.0.1:" + std::to_string(server->port()));
    CrtStreamsOptions options;
    options.protocol = GetParam();
    options.window_bytes = 256 * 1024;
    streams = *CrtStreams::make(runtime, clock, *endpoint, options);
  }
  ~Streams() override {
    streams.reset();
    run(stop());
  }
  Task<Result<Unit>> stop() {
    co_await server->stop(std::chrono::milliseconds(10));
    co_return Unit{};
  }
  Task<Response> answer(ServerRequest request) {
    Response response;
    response.status = request.target == "/refused" ? 400 : 200;
    response.body = request.body;
    peers.insert(request.peer);
    if (request.target == "/grow") {
      pipes.push_back(std::make_shared<BodyPipe>(64 * 1024));
      response.growing = pipes.back();
    }
    co_return response;
  }
  static Request request(std::string path) {
    Request made;
    made.path = std::move(path);
    made.body = "hello";
    return made;
  }
  /// Runs `task` to its end on the loop.
  void run(Task<Result<Unit>> task) {
    TaskGroup group(loop);
    group.spawn(std::move(task));
    loop.context().restart();
    auto guard = asio::make_work_guard(loop.context());
    while (!group.empty())
      loop.context().run_one();
  }
  Task<Result<Unit>> open(std::string path, std::optional<Result<OpenResponse>>& out) {
    Request made = request(std::move(path));
    out.emplace(co_await streams->open(std::move(made), std::chrono::seconds(5)));
    co_return Unit{};
  }
  OpenResponse opened(std::string path) {
    std::optional<Result<OpenResponse>> out;
    run(open(std::move(path), out));
    EXPECT_TRUE(*out) << out->error().what;
    return *out ? std::move(**out) : OpenResponse();
  }
  Task<Result<Unit>> read_into(BodyReader& reader, Result<std::string>& out) {
    out = co_await reader.read();
    co_return Unit{};
  }
  Result<std::string> read(BodyReader& reader) {
    Result<std::string> out;
    run(read_into(reader, out));
    return out;
  }
  std::string read_up_to(BodyReader& reader, std::size_t size) {
    std::string all;
    while (all.size() < size) {
      const auto piece = read(reader);
      if (!piece || piece->empty())
        break;
      all += *piece;
    }
    return all;
  }
  /// Lets both sides work until `done()`.
  template <class Done>
  bool turn_until(Done done) {
    const MonotonicTime limit = clock.now() + std::chrono::seconds(5);
    loop.context().restart();
    auto guard = asio::make_work_guard(loop.context());
    while (!done() && clock.now() < limit)
      loop.context().run_one_for(std::chrono::milliseconds(10));
    return done();
  }

  Loop loop;
  SystemClock clock{loop};
  CrtRuntime runtime;
  std::unique_ptr<Server> server;
  std::unique_ptr<CrtStreams> streams;
  std::vector<std::shared_ptr<BodyPipe>> pipes;
  std::set<std::string> peers;
};
INSTANTIATE_TEST_SUITE_P(BothProtocols, Streams, testing::Values(Alpn::Http1, Alpn::Http2),
                         [](const auto& one) {
                           return one.param == Alpn::Http1 ? "Http1" : "Http2";
                         });

TEST_P(Streams, HandOnTheBodyAsItArrives) {
  OpenResponse answer = opened("/grow");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(read_up_to(*answer.body, 5), "hello");
  pipes[0]->write("one");
  EXPECT_EQ(read_up_to(*answer.body, 3), "one");
  pipes[0]->write("two");
  pipes[0]->end();
  EXPECT_EQ(read_up_to(*answer.body, 3), "two");
  const auto end = read(*answer.body);
  ASSERT_TRUE(end) << end.error().what;
  EXPECT_EQ(*end, "");
}

TEST_P(Streams, GiveTheBodyOfARefusalToo) {
  OpenResponse answer = opened("/refused");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(read_up_to(*answer.body, 100), "hello");
}

TEST_P(Streams, TellABodyThatBrokeOff) {
  OpenResponse answer = opened("/grow");
  pipes[0]->write("half");
  pipes[0]->cut();
  std::string all;
  Result<std::string> piece = read(*answer.body);
  for (; piece && !piece->empty(); piece = read(*answer.body))
    all += *piece;
  EXPECT_EQ(all, "hellohalf");
  ASSERT_FALSE(piece);
  EXPECT_EQ(piece.error().code, ErrorCode::Unavailable);
}

TEST_P(Streams, ThatAreGivenUpAreResetAtTheServer) {
  {
    OpenResponse answer = opened("/grow");
    read_up_to(*answer.body, 5);
  }
  EXPECT_TRUE(turn_until([&] { return pipes[0]->abandoned(); }));
}

TEST_P(Streams, HoldTheServerBackWhenNobodyReads) {
  OpenResponse answer = opened("/grow");
  std::size_t written = 0;
  const auto fill = [&] {
    while (pipes[0]->has_room()) {
      pipes[0]->write(std::string(32 * 1024, 'x'));
      written += 32 * 1024;
    }
    return written > 64 * 1024 * 1024;
  };
  const MonotonicTime limit = clock.now() + std::chrono::milliseconds(500);
  turn_until([&] { return fill() || clock.now() > limit; });
  // A window, what the sockets hold, and the server's own buffers.
  EXPECT_LT(written, 24u * 1024 * 1024);
  pipes[0]->end();
  EXPECT_EQ(read_up_to(*answer.body, written + 100).size(), written + 5);
}

TEST_P(Streams, ShareOneConnectionWhereTheProtocolCan) {
  std::vector<OpenResponse> answers;
  for (int i = 0; i < 40; ++i)
    answers.push_back(opened("/grow"));
  EXPECT_EQ(peers.size(), GetParam() == Alpn::Http2 ? 1u : 40u);
  // One that nobody reads does not hold the others back.
  for (int i = 0; i < 100; ++i)
    pipes[0]->write(std::string(100'000, 'x'));
  for (std::size_t i = 1; i < 40; ++i) {
    pipes[i]->write("news");
    ASSERT_EQ(read_up_to(*answers[i].body, 9), "hellonews");
  }
}

TEST_P(Streams, NameAnEndpointThatIsNotThere) {
  run(stop());
  std::optional<Result<OpenResponse>> out;
  run(open("/grow", out));
  ASSERT_FALSE(*out);
  EXPECT_EQ(out->error().code, ErrorCode::Unavailable);
  EXPECT_THAT(out->error().what, testing::HasSubstr("127.0.0.1"));
}

}  // namespace
}  // namespace kt::http
