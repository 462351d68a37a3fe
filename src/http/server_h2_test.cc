#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/server.h"
#include "tests/support/http2_client.h"

namespace kt::http {
namespace {

using testing::StartsWith;

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    text[i] = static_cast<char>(i * 31 >> 3);
  return text;
}

TEST(Http2Server, AnswersWithPriorKnowledge) {
  ServerUnderTest server;
  Http2Client client(server.port());
  for (int i = 0; i < 50; ++i) {
    const auto& answer = client.wait(client.submit("POST", "/a?b=c", "hello"));
    ASSERT_EQ(answer.status, 200);
    ASSERT_EQ(answer.body, "hello");
    ASSERT_EQ(answer.headers.at("x-target"), "POST /a?b=c");
    ASSERT_EQ(answer.headers.at("content-length"), "5");
    ASSERT_EQ(answer.error, 0U);
  }
}

TEST(Http2Server, ServesBothProtocolsOnOnePort) {
  ServerUnderTest server;
  Http2Client two(server.port());
  RawClient one(server.port());
  EXPECT_EQ(two.wait(two.submit("GET", "/")).status, 200);
  EXPECT_THAT(one.ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n").first, StartsWith("HTTP/1.1 200"));
}

TEST(Http2Server, FindsThePrefaceInSinglePieces) {
  ServerUnderTest server;
  RawClient client(server.port());
  for (char c : std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
    ASSERT_TRUE(client.send(std::string_view(&c, 1)));
  client.send(std::string_view("\0\0\0\4\0\0\0\0\0", 9));
  const std::string settings = client.read_exactly(9);
  ASSERT_EQ(settings.size(), 9U);
  EXPECT_EQ(settings[3], 4) << "not a SETTINGS frame";
}

/// Meets the other requests: nobody leaves before all have come.
struct Meeting {
  explicit Meeting(std::size_t n) : expected(n) {}
  std::size_t expected;
  std::size_t arrived = 0;
  Event changed;
};

Task<Response> meet(Meeting& meeting, ServerRequest request) {
  ++meeting.arrived;
  meeting.changed.notify_all();
  while (meeting.arrived < meeting.expected)
    co_await meeting.changed.wait();
  co_return co_await echo(std::move(request));
}

TEST(Http2Server, RunsTheStreamsOfAConnectionTogether) {
  Meeting meeting(20);
  ServerUnderTest server({}, [&](ServerRequest r) { return meet(meeting, std::move(r)); });
  Http2Client client(server.port());
  std::vector<std::int32_t> streams;
  for (int i = 0; i < 20; ++i)
    streams.push_back(client.submit("POST", "/", "body " + std::to_string(i)));
  for (std::size_t i = 0; i < streams.size(); ++i)
    EXPECT_EQ(client.wait(streams[i]).body, "body " + std::to_string(i));
}

TEST(Http2Server, CarriesLargeBodiesThroughSmallWindows) {
  ServerUnderTest server;
  Http2Client client(server.port());
  const std::string body = pattern(10'000'000);
  const std::int32_t first = client.submit("POST", "/1", body);
  const std::int32_t second = client.submit("POST", "/2", body);
  EXPECT_TRUE(client.wait(first).body == body);
  EXPECT_TRUE(client.wait(second).body == body);
}

TEST(Http2Server, GoesOnWithMoreUnfinishedBytesThanItBuffers) {
  ServerUnderTest server;
  Http2Client client(server.port(), 16 * 1024 * 1024);
  const std::string body = pattern(8'000'000);
  std::vector<std::int32_t> streams;
  for (int i = 0; i < 16; ++i)  // 128 MB, sent in turns
    streams.push_back(client.submit("PUT", "/", body));
  for (std::int32_t stream : streams) {
    const Http2Answer& answer = client.wait(stream);
    ASSERT_EQ(answer.status, 200);
    ASSERT_TRUE(answer.body == body);
    client.answers.erase(stream);
  }
}

TEST(Http2Server, RefusesALongBodyAndKeepsTheConnection) {
  ServerOptions options;
  options.body_bytes_max = 100'000;
  ServerUnderTest server(options);
  Http2Client client(server.port());
  EXPECT_EQ(client.wait(client.submit("POST", "/", pattern(5'000'000))).status, 413);
  EXPECT_EQ(
      client.wait(client.submit("POST", "/", pattern(100'001), {{"content-length", "100001"}}))
          .status,
      413);
  EXPECT_EQ(client.wait(client.submit("POST", "/", pattern(100'000))).status, 200);
}

TEST(Http2Server, RefusesLongHeaders) {
  ServerOptions options;
  options.header_bytes_max = 4096;
  ServerUnderTest server(options);
  Http2Client client(server.port());
  const Http2Client::Headers headers = {{"long", std::string(5000, 'x')}};
  EXPECT_EQ(client.wait(client.submit("GET", "/", "", headers)).status, 431);
  EXPECT_EQ(client.wait(client.submit("GET", "/")).status, 200);
}

TEST(Http2Server, SendsNoBodyForHead) {
  ServerUnderTest server;
  Http2Client client(server.port());
  const auto& answer = client.wait(client.submit("HEAD", "/", "four"));
  EXPECT_EQ(answer.headers.at("content-length"), "4");
  EXPECT_EQ(answer.body, "");
}

TEST(Http2Server, AcknowledgesPings) {
  ServerUnderTest server;
  Http2Client client(server.port());
  client.ping();
  client.wait(client.submit("GET", "/"));
  EXPECT_EQ(client.pongs, 1);
}

TEST(Http2Server, EndsAConnectionThatOnlyResets) {
  ServerUnderTest server;
  Http2Client client(server.port());
  for (int i = 0; i < 5000; ++i) {
    const std::int32_t stream = client.submit("GET", "/");
    if (!client.send())
      break;
    client.reset(stream);
    if (!client.send())
      break;
  }
  client.wait_end();
  EXPECT_FALSE(client.raw.timed_out());
  Http2Client other(server.port());
  EXPECT_EQ(other.wait(other.submit("GET", "/")).status, 200);
}

struct Hall {
  bool open = false;
  std::size_t inside = 0;
  std::size_t most = 0;
  Event changed;
};

Task<Response> stay(Hall& hall, ServerRequest request) {
  hall.most = std::max(hall.most, ++hall.inside);
  while (!hall.open)
    co_await hall.changed.wait();
  --hall.inside;
  co_return co_await echo(std::move(request));
}

TEST(Http2Server, CountsTheHandlersOfResetStreams) {
  Hall hall;
  ServerOptions options;
  options.streams_max = 5;
  ServerUnderTest server(options, [&](ServerRequest r) { return stay(hall, std::move(r)); });
  Http2Client client(server.port());
  client.ping();
  while (client.pongs == 0 && client.send() && client.receive()) {
  }
  for (int i = 0; i < 100; ++i) {
    const std::int32_t stream = client.submit("GET", "/");
    ASSERT_TRUE(client.send());
    client.reset(stream);
  }
  client.ping();
  while (client.pongs == 1 && client.send() && client.receive()) {
  }
  std::promise<std::size_t> most;
  server.loop.post([&] {
    hall.open = true;
    hall.changed.notify_all();
    most.set_value(hall.most);
  });
  EXPECT_LE(most.get_future().get(), 10U);
  EXPECT_EQ(client.wait(client.submit("GET", "/")).status, 200);
}

TEST(Http2Server, CutsAClientThatNeverOpensItsWindow) {
  ServerOptions options;
  options.write_timeout = std::chrono::milliseconds(50);
  ServerUnderTest server(options);
  Http2Client client(server.port(), 0);
  client.submit("POST", "/", "an answer that cannot be sent");
  client.wait_end();
  EXPECT_FALSE(client.raw.timed_out());
}

TEST(Http2Server, CutsAClientThatDoesNotFinishItsRequest) {
  ServerOptions options;
  options.read_timeout = std::chrono::milliseconds(50);
  ServerUnderTest server(options);
  Http2Client client(server.port());
  client.send();
  // HEADERS of stream 1 (":method POST :path / :scheme http"), without END_STREAM.
  client.raw.send(std::string_view("\0\0\3\1\4\0\0\0\1\x83\x84\x86", 12));
  client.wait_end();
  EXPECT_FALSE(client.raw.timed_out());
}

TEST(Http2Server, ClosesOnGarbageBehindThePreface) {
  ServerUnderTest server;
  RawClient client(server.port());
  client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  client.send(std::string(1000, '\xff'));
  client.read_to_end();
  EXPECT_FALSE(client.timed_out());
}

TEST(Http2Server, GoesAwayWhenItStopsAndFinishesOpenStreams) {
  Hall hall;
  std::promise<void> entered;
  auto handler = [&](ServerRequest request) {
    entered.set_value();
    return stay(hall, std::move(request));
  };
  ServerUnderTest server({}, handler);
  Http2Client client(server.port());
  const std::int32_t stream = client.submit("POST", "/", "late");
  client.send();
  entered.get_future().wait();
  server.begin_stop(std::chrono::seconds(60));
  while (!client.got_goaway && client.send() && client.receive()) {
  }
  EXPECT_TRUE(client.got_goaway);
  EXPECT_EQ(client.goaway_error, 0U);
  server.loop.post([&] {
    hall.open = true;
    hall.changed.notify_all();
  });
  EXPECT_EQ(client.wait(stream).body, "late");
  client.wait_end();
  EXPECT_FALSE(client.raw.timed_out());
}

/// An HTTP/1.1 request that asks for HTTP/2: INITIAL_WINDOW_SIZE 1 MB, base64url "AAQAEAAA".
std::string upgrade_request(std::string_view body) {
  std::string request = "POST /up HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\n";
  request.append("Upgrade: h2c\r\nHTTP2-Settings: AAQAEAAA\r\nContent-Length: ");
  request.append(std::to_string(body.size())).append("\r\n\r\n");
  return request.append(body);
}

TEST(Http2Server, UpgradesAnHttp1Connection) {
  ServerUnderTest server;
  Http2Client client(server.port());
  client.raw.send(upgrade_request("upgraded"));
  EXPECT_THAT(client.raw.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 101 "));
  ASSERT_TRUE(client.continue_upgrade(std::string_view("\0\4\0\x10\0\0", 6)));
  EXPECT_EQ(client.wait(1).body, "upgraded");
  EXPECT_EQ(client.answers[1].headers.at("x-target"), "POST /up");
  const std::string body = pattern(3'000'000);
  EXPECT_TRUE(client.wait(client.submit("POST", "/next", body)).body == body);
}

TEST(Http2Server, RefusesAnUpgradeWithMalformedSettings) {
  ServerUnderTest server;
  RawClient client(server.port());
  client.send(
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\n"
      "Upgrade: h2c\r\nHTTP2-Settings: AAQA\r\n\r\n");
  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 400 "));
}

TEST(Http2Server, IgnoresUpgradesItDoesNotKnow) {
  ServerUnderTest server;
  RawClient client(server.port());
  const auto [head, body] = client.ask(
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n"
      "Upgrade: websocket\r\n\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 "));
}

}  // namespace
}  // namespace kt::http
