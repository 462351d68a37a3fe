#include "http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/event.h"
#include "tests/support/http_server_under_test.h"

namespace kt::http {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string post(std::string_view body, std::string_view more_headers = "") {
  std::string request = "POST /p HTTP/1.1\r\nHost: h\r\n";
  request.append(more_headers);
  request.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n");
  return request.append(body);
}

TEST(HttpServer, AnswersManyRequestsOnOneConnection) {
  ServerUnderTest server;
  RawClient client(server.port());
  for (int i = 0; i < 100; ++i) {
    const std::string body = "body " + std::to_string(i);
    const auto [head, answer] = client.ask(post(body));
    ASSERT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
    ASSERT_THAT(head, HasSubstr("X-Target: POST /p\r\n"));
    ASSERT_THAT(head, HasSubstr("\r\ndate: "));
    ASSERT_EQ(answer, body);
  }
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  ServerUnderTest server;
  RawClient client(server.port());
  std::string all;
  for (int i = 0; i < 50; ++i)
    all += post(std::to_string(i));
  client.send(all);
  for (int i = 0; i < 50; ++i)
    ASSERT_EQ(client.read_answer().second, std::to_string(i));
}

TEST(HttpServer, TellsAWaitingClientToContinueBeforeTheBody) {
  ServerUnderTest server;
  RawClient client(server.port());
  client.send("PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(client.ask("body").second, "body");
}

TEST(HttpServer, RefusesAWaitingClientWhoseBodyIsTooLong) {
  ServerOptions options;
  options.body_bytes_max = 3;
  ServerUnderTest server(options);
  RawClient client(server.port());
  client.send("PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  const std::string all = client.read_to_end();
  EXPECT_THAT(all, StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(all, HasSubstr("connection: close\r\n"));
}

TEST(HttpServer, AssemblesChunkedBodies) {
  ServerUnderTest server;
  RawClient client(server.port());
  client.send("POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
  client.send("lo\r\n6;name=value\r\n world\r\n0\r\nTrailer: x\r\n\r\n");
  EXPECT_EQ(client.read_answer().second, "hello world");
  EXPECT_EQ(client.ask(post("next")).second, "next");
}

TEST(HttpServer, AssemblesAnEmptyChunkedBodyThatComesInSingleBytes) {
  ServerUnderTest server;
  RawClient client(server.port());
  for (char c : std::string("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "0\r\n\r\n"))
    ASSERT_TRUE(client.send(std::string_view(&c, 1)));
  EXPECT_EQ(client.read_answer().second, "");
  EXPECT_EQ(client.ask(post("next")).second, "next");
}

TEST(HttpServer, CutsAChunkedBodyAtTheBound) {
  ServerOptions options;
  options.body_bytes_max = 10;
  ServerUnderTest server(options);
  RawClient client(server.port());
  client.send("POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send("8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n");
  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 413 "));
}

TEST(HttpServer, LetsTheClientReadTheRefusalOfALongBody) {
  ServerOptions options;
  options.body_bytes_max = 1000;
  ServerUnderTest server(options);
  RawClient client(server.port());
  // The client writes all of it before it looks at the answer, as simple clients do.
  client.send(post(std::string(3'000'000, 'x')));
  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 413 "));
}

TEST(HttpServer, CarriesTenMegabytesBothWays) {
  ServerUnderTest server;
  RawClient client(server.port());
  std::string body(10'000'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i)
    body[i] = static_cast<char>(i * 31 >> 3);
  const auto [head, answer] = client.ask(post(body));
  EXPECT_TRUE(answer == body);
  EXPECT_EQ(client.ask(post("small")).second, "small");
}

TEST(HttpServer, RefusesWhatIsNotHttp) {
  ServerUnderTest server;
  for (std::string_view garbage :
       {std::string_view("\x16\x03\x01\x02\x00garbage\r\n\r\n"), std::string_view("GET\r\n\r\n"),
        std::string_view("GET / HTTP/1.1\r\nHost: h\r\nbad header\r\n\r\n"),
        std::string_view("GET nowhere HTTP/1.1\r\nHost: h\r\n\r\n"),
        std::string_view("GET / HTTP/1.1\r\n\r\n"),
        std::string_view("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n"
                         "Transfer-Encoding: chunked\r\n\r\n"),
        std::string_view("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n"),
        std::string_view("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n")}) {
    RawClient client(server.port());
    client.send(garbage);
    EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 400 Bad Request\r\n")) << garbage;
    EXPECT_FALSE(client.timed_out());
  }
}

TEST(HttpServer, BoundsHeadersInBytesAndCount) {
  ServerOptions options;
  options.header_bytes_max = 8192;
  ServerUnderTest server(options);
  std::string many = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 300; ++i)
    many += "a: b\r\n";
  for (const std::string& bytes :
       {"GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(9000, 'x') + "\r\n\r\n",
        "GET /" + std::string(9000, 'x'), many + "\r\n"}) {
    RawClient client(server.port());
    client.send(bytes);
    EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 431 "));
  }
}

TEST(HttpServer, ClosesAfterTheAnswerWhenTheClientAsks) {
  ServerUnderTest server;
  RawClient client(server.port());
  client.send(post("last", "Connection: close\r\n"));
  const std::string all = client.read_to_end();
  EXPECT_THAT(all, HasSubstr("connection: close\r\n"));
  EXPECT_THAT(all, testing::EndsWith("\r\n\r\nlast"));
  EXPECT_FALSE(client.timed_out());
}

TEST(HttpServer, CutsAClientThatSendsTooSlowly) {
  ServerOptions options;
  options.read_timeout = std::chrono::milliseconds(30);
  ServerUnderTest server(options);
  RawClient body(server.port());
  body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n123");
  RawClient head(server.port());
  head.send("POST / HT");
  RawClient preface(server.port());
  preface.send("PRI * HT");
  for (RawClient* client : {&body, &head, &preface}) {
    EXPECT_EQ(client->read_to_end(), "");
    EXPECT_FALSE(client->timed_out());
  }
}

Task<void> wait_for(Clock& clock, std::promise<void>& passed) {
  co_await clock.sleep(std::chrono::milliseconds(200));
  passed.set_value();
}

TEST(HttpServer, CutsAClientThatDoesNotTakeItsAnswer) {
  ServerOptions options;
  options.write_timeout = std::chrono::milliseconds(50);
  options.body_bytes_max = 64 * 1024 * 1024;
  std::promise<void> asked;
  auto handler = [&asked](ServerRequest request) {
    asked.set_value();
    return echo(std::move(request));
  };
  ServerUnderTest server(options, handler);
  RawClient client(server.port());
  const std::string body(60'000'000, 'x');
  client.send(post(body));
  asked.get_future().wait();
  // Nothing is read until the server must have given up: what it had sent by then is all there is.
  std::promise<void> passed;
  server.loop.post([&] {
    asio::co_spawn(server.loop.executor(), wait_for(server.clock, passed),
                   [](std::exception_ptr) {});
  });
  passed.get_future().wait();
  EXPECT_LT(client.read_to_end().size(), body.size());
  EXPECT_FALSE(client.timed_out());
}

TEST(HttpServer, ClosesIdleConnections) {
  ServerOptions options;
  options.idle_timeout = std::chrono::milliseconds(30);
  ServerUnderTest server(options);
  RawClient fresh(server.port());
  EXPECT_EQ(fresh.read_to_end(), "");
  RawClient used(server.port());
  used.ask(post("x"));
  EXPECT_EQ(used.read_to_end(), "");
  EXPECT_FALSE(used.timed_out());
}

TEST(HttpServer, ClosesConnectionsBeyondTheCap) {
  ServerOptions options;
  options.connections_max = 2;
  ServerUnderTest server(options);
  RawClient one(server.port());
  RawClient two(server.port());
  EXPECT_EQ(one.ask(post("1")).second, "1");
  EXPECT_EQ(two.ask(post("2")).second, "2");
  RawClient three(server.port());
  EXPECT_EQ(three.read_to_end(), "");
  EXPECT_EQ(one.ask(post("1")).second, "1");
}

Task<Response> throwing(ServerRequest) {
  throw std::runtime_error("handler broke");
  co_return Response();
}

TEST(HttpServer, AnswersFiveHundredWhenAHandlerThrows) {
  ServerUnderTest server({}, throwing);
  RawClient client(server.port());
  EXPECT_THAT(client.ask(post("x")).first, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(client.ask(post("x")).first, StartsWith("HTTP/1.1 500 "));
}

Task<Response> odd_answer(ServerRequest request) {
  Response response;
  response.status = request.target == "/empty" ? 204 : 200;
  response.headers.emplace_back("x-split", "a\r\nx-injected: b");
  response.headers.emplace_back("Content-Length", "7777");
  response.body = "body";
  co_return response;
}

TEST(HttpServer, WritesNoHeaderThatBreaksTheFraming) {
  ServerUnderTest server({}, odd_answer);
  RawClient client(server.port());
  const auto [head, body] = client.ask(post("x"));
  EXPECT_THAT(head, Not(HasSubstr("injected")));
  EXPECT_THAT(head, Not(HasSubstr("7777")));
  EXPECT_EQ(body, "body");
}

TEST(HttpServer, SendsNoBodyForHeadAndNoContent) {
  ServerUnderTest server({}, odd_answer);
  RawClient client(server.port());
  client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\nGET /empty HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("content-length: 4\r\n"));
  const std::string empty = client.read_until("\r\n\r\n");
  EXPECT_THAT(empty, StartsWith("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(empty, Not(HasSubstr("content-length")));
  EXPECT_EQ(client.ask(post("x")).second, "body");
}

/// Lets its request wait until a test opens the gate.
struct Gate {
  Event changed;
  bool open = false;
  std::promise<void> entered;
};

Task<Response> wait_at(Gate& gate, ServerRequest request) {
  if (!gate.open)
    gate.entered.set_value();
  while (!gate.open)
    co_await gate.changed.wait();
  co_return co_await echo(std::move(request));
}

ServerHandler handler_at(Gate& gate) {
  return [&gate](ServerRequest request) { return wait_at(gate, std::move(request)); };
}

void open_gate(ServerUnderTest& server, Gate& gate) {
  server.loop.post([&gate] {
    gate.open = true;
    gate.changed.notify_all();
  });
}

TEST(HttpServer, LetsRunningRequestsEndWhenItStops) {
  Gate gate;
  ServerUnderTest server({}, handler_at(gate));
  RawClient busy(server.port());
  RawClient idle(server.port());
  busy.send(post("late"));
  gate.entered.get_future().wait();
  server.begin_stop(std::chrono::seconds(60));
  EXPECT_EQ(idle.read_to_end(), "");
  open_gate(server, gate);
  const std::string all = busy.read_to_end();
  EXPECT_THAT(all, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(all, HasSubstr("connection: close\r\n"));
  EXPECT_THAT(all, testing::EndsWith("late"));
  EXPECT_FALSE(RawClient(server.port()).connected());
}

TEST(HttpServer, CancelsRunningRequestsWhenTheGraceHasPassed) {
  Gate gate;
  ServerUnderTest server({}, handler_at(gate));
  RawClient busy(server.port());
  busy.send(post("never"));
  gate.entered.get_future().wait();
  server.begin_stop(std::chrono::milliseconds(20));
  EXPECT_EQ(busy.read_to_end(), "");
  EXPECT_FALSE(busy.timed_out());
}

TEST(HttpServer, FinishesAHandlerWhoseClientLeft) {
  Gate gate;
  ServerUnderTest server({}, handler_at(gate));
  {
    RawClient gone(server.port());
    gone.send(post("x"));
    gate.entered.get_future().wait();
  }
  open_gate(server, gate);
  RawClient next(server.port());
  EXPECT_EQ(next.ask(post("y")).second, "y");
}

TEST(HttpServer, NamesAPortThatIsTakenAndAnAddressThatIsNone) {
  ServerUnderTest server;
  Loop loop;
  SystemClock clock(loop);
  ServerOptions taken;
  taken.port = server.port();
  EXPECT_EQ(Server::listen(loop, clock, taken, echo, Log()).error().code, ErrorCode::InUse);
  ServerOptions bad;
  bad.address = "nowhere";
  const auto refused = Server::listen(loop, clock, bad, echo, Log());
  EXPECT_EQ(refused.error().code, ErrorCode::Invalid);
  EXPECT_THAT(refused.error().what, HasSubstr("nowhere"));
}

}  // namespace
}  // namespace kt::http
